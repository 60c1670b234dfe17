//! `key=value` pairs: logfmt, and pairs in loose text.
//!
//! Promises: of a key that comes twice the last counts; a line without any pair does not match; what stands in quotes is
//! never taken for a pair. A value in quotes has its escapes undone, as its writer put them in. Does not: take a line's
//! free text as a field.

mod logfmt;
mod loose;
mod unquote;

use super::capture::Capture;
use super::keys::Keys;
use super::mismatch::Mismatch;
use super::template::Problem;
use crate::model::spec::{KeyValueDialect, KeyValueSpec};

use loose::Separators;

#[derive(Clone, Debug)]
pub(super) struct KeyValue(Dialect);

#[derive(Clone, Debug)]
enum Dialect {
    Logfmt,
    Loose(Box<Separators>),
}

impl KeyValue {
    pub(super) fn compile(spec: &KeyValueSpec) -> Result<Self, Problem> {
        Ok(Self(match spec.dialect {
            KeyValueDialect::Logfmt => Dialect::Logfmt,
            KeyValueDialect::Loose => {
                Dialect::Loose(Box::new(Separators::compile(&spec.between_pairs, &spec.between_key_and_value)?))
            }
        }))
    }

    /// Capture `n` is the first of `keys[n]` that a line has.
    pub(super) fn reader(&self, keys: &[Vec<String>]) -> KeyValueReader {
        KeyValueReader { dialect: self.0.clone(), taken: Taken { keys: Keys::new(keys), built: Vec::new() } }
    }
}

/// The keys that are wanted, and the values that had to be built.
#[derive(Clone, Debug)]
struct Taken {
    keys: Keys,
    built: Vec<u8>,
}

impl Taken {
    /// Notes the value `start..end` of a key, where somebody wants it.
    #[inline]
    fn plain(&mut self, key: &[u8], (start, end): (usize, usize), captures: &mut [Capture]) {
        if let Some(found) = self.keys.find(key) {
            self.keys.put(found, Capture::plain(start, end), captures);
        }
    }

    /// The same for the inside of a value in quotes.
    #[inline]
    fn quoted(&mut self, line: &[u8], key: &[u8], (start, end): (usize, usize), captures: &mut [Capture]) {
        let Some(found) = self.keys.find(key) else { return };
        let inside = line.get(start..end).unwrap_or_default();
        let capture = if memchr::memchr(b'\\', inside).is_some() {
            let start = self.built.len();
            unquote::unquote(inside, &mut self.built);
            Capture::built(start, self.built.len())
        } else {
            Capture::plain(start, end)
        };
        self.keys.put(found, capture, captures);
    }
}

#[derive(Clone, Debug)]
pub(super) struct KeyValueReader {
    dialect: Dialect,
    taken: Taken,
}

impl KeyValueReader {
    #[inline]
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        captures.fill(Capture::ABSENT);
        self.taken.built.clear();
        match &self.dialect {
            Dialect::Logfmt => logfmt::read(&mut self.taken, line, captures),
            Dialect::Loose(separators) => loose::read(separators, &mut self.taken, line, captures),
        }
    }

    pub(super) fn built(&self) -> &[u8] {
        &self.taken.built
    }
}

#[cfg(test)]
mod tests;
