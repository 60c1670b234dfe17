//! A line's columns: where each value is, and what it is without its quotes.
//!
//! Promises: the buffers are reused from line to line; a value with doubled quotes is built only when it is asked for.
//! Does not: know names of columns beyond how they are compared.

use super::capture::{Capture, Form};
use super::mismatch::Mismatch;
use super::nearby;

/// What is done with columns past those that are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooMany {
    /// The line does not match.
    Refused(usize),
    /// They are not looked at.
    Rest(usize),
    /// They are columns like the others.
    Taken,
}

/// Where a value is in its line.
#[derive(Clone, Copy, Debug)]
struct Value {
    start: u32,
    end: u32,
    quotes: Quotes,
}

/// What is known of the quotes in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    /// Nothing was done about any.
    Raw,
    /// Those around it are taken off, and there are none in it that stand for others.
    Done,
    /// Those around it are taken off; in it they are doubled.
    Doubled,
}

impl Value {
    fn new(start: usize, end: usize, quotes: Quotes) -> Self {
        Self { start: start as u32, end: end as u32, quotes }
    }

    fn bytes(self, line: &[u8]) -> &[u8] {
        line.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Without the quotes around it.
    #[inline]
    fn unquoted(self, line: &[u8]) -> Self {
        if self.quotes == Quotes::Raw
            && let [b'"', inside @ .., b'"'] = self.bytes(line)
        {
            let doubled = memchr::memmem::find(inside, b"\"\"").is_some();
            let quotes = if doubled { Quotes::Doubled } else { Quotes::Done };
            return Self { start: self.start + 1, end: self.end - 1, quotes };
        }
        self
    }
}

/// The columns of one line.
#[derive(Clone, Debug, Default)]
pub(super) struct Split {
    values: Vec<Value>,
    built: Vec<u8>,
}

impl Split {
    /// Forgets the last line.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.values.clear();
        self.built.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Splits at every separator. What [`TooMany::Rest`] leaves is not looked at.
    #[inline]
    pub(super) fn plain(&mut self, line: &[u8], separator: u8, most: TooMany) -> Result<(), Mismatch> {
        self.values.clear();
        let mut start = 0;
        while self.has_room(start, most)? {
            let rest = line.get(start..).unwrap_or_default();
            let Some(len) = nearby::find(separator, rest) else {
                self.values.push(Value::new(start, line.len(), Quotes::Raw));
                break;
            };
            self.values.push(Value::new(start, start + len, Quotes::Raw));
            start += len + 1;
        }
        Ok(())
    }

    /// Splits at every separator that is not in quotes. A value is in quotes when it begins with one; a quote in another
    /// is a letter.
    #[inline]
    pub(super) fn quoted(&mut self, line: &[u8], separator: u8, most: TooMany) -> Result<(), Mismatch> {
        self.values.clear();
        let mut start = 0;
        loop {
            if !self.has_room(start, most)? {
                return Ok(());
            }
            let (value, end) = if line.get(start) == Some(&b'"') {
                quoted_value(line, start + 1)?
            } else {
                let rest = line.get(start..).unwrap_or_default();
                let end = start + nearby::find(separator, rest).unwrap_or(rest.len());
                (Value::new(start, end, Quotes::Done), end)
            };
            self.values.push(value);
            match line.get(end) {
                None => return Ok(()),
                Some(&byte) if byte == separator => start = end + 1,
                Some(_) => return Err(Mismatch::said(end, "a separator after the closing quote")),
            }
        }
    }

    /// Whether one more value is to be taken.
    #[inline]
    const fn has_room(&self, at: usize, most: TooMany) -> Result<bool, Mismatch> {
        match most {
            TooMany::Refused(columns) if self.values.len() == columns => {
                Err(Mismatch::said(at, "no more columns than there are names"))
            }
            TooMany::Rest(columns) => Ok(self.values.len() < columns),
            TooMany::Refused(_) | TooMany::Taken => Ok(true),
        }
    }

    /// The value as it stands in the line: without the quotes that the split took off, with doubled ones in it.
    #[inline]
    pub(super) fn bytes<'l>(&self, column: usize, line: &'l [u8]) -> &'l [u8] {
        self.values.get(column).map_or(&[], |value| value.bytes(line))
    }

    /// The value without quotes around it, doubled ones in it as they are.
    #[inline]
    pub(super) fn unquoted<'l>(&self, column: usize, line: &'l [u8]) -> &'l [u8] {
        self.values.get(column).map_or(&[], |value| value.unquoted(line).bytes(line))
    }

    /// The value, built where it has doubled quotes.
    #[inline]
    pub(super) fn capture(&mut self, column: usize, line: &[u8]) -> Capture {
        self.values.get(column).copied().map_or(Capture::ABSENT, |value| self.captured(value, line))
    }

    /// The same of the value without quotes around it.
    #[inline]
    pub(super) fn unquoted_capture(&mut self, column: usize, line: &[u8]) -> Capture {
        self.values.get(column).copied().map_or(Capture::ABSENT, |value| self.captured(value.unquoted(line), line))
    }

    #[inline]
    fn captured(&mut self, value: Value, line: &[u8]) -> Capture {
        if value.quotes != Quotes::Doubled {
            return Capture::plain(value.start as usize, value.end as usize);
        }
        let start = self.built.len();
        let mut rest = value.bytes(line);
        while let Some(at) = memchr::memchr(b'"', rest) {
            self.built.extend_from_slice(&rest[..=at]);
            rest = &rest[at + 1..];
            rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        }
        self.built.extend_from_slice(rest);
        Capture::built(start, self.built.len())
    }

    /// The text of a capture of this line.
    #[inline]
    pub(super) fn text<'a>(&'a self, capture: &Capture, line: &'a [u8]) -> &'a [u8] {
        capture.bytes(if capture.form == Form::Built { &self.built } else { line })
    }

    /// Appends a capture's text to what is built; gives where it begins there.
    pub(super) fn append(&mut self, capture: &Capture, line: &[u8]) -> usize {
        let start = self.built.len();
        if capture.form == Form::Built {
            let end = (capture.end as usize).min(start);
            self.built.extend_from_within((capture.start as usize).min(end)..end);
        } else {
            self.built.extend_from_slice(capture.bytes(line));
        }
        start
    }

    /// What captures of this line were built of, to be added to.
    pub(super) const fn building(&mut self) -> &mut Vec<u8> {
        &mut self.built
    }

    pub(super) fn built(&self) -> &[u8] {
        &self.built
    }
}

/// A value whose opening quote is before `start`, and what follows its closing quote.
fn quoted_value(line: &[u8], start: usize) -> Result<(Value, usize), Mismatch> {
    let mut at = start;
    let mut quotes = Quotes::Done;
    loop {
        let Some(quote) = memchr::memchr(b'"', line.get(at..).unwrap_or_default()) else {
            return Err(Mismatch::said(line.len(), "a closing quote"));
        };
        let end = at + quote;
        if line.get(end + 1) != Some(&b'"') {
            return Ok((Value::new(start, end, quotes), end + 1));
        }
        quotes = Quotes::Doubled;
        at = end + 2;
    }
}

/// A column's name as a field's: `cs(User-Agent)` is `cs_user_agent`.
pub(super) fn column_name(written: &str) -> String {
    let mut name = String::with_capacity(written.len());
    for letter in written.trim().chars() {
        if letter.is_alphanumeric() {
            name.extend(letter.to_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    while name.ends_with('_') {
        name.pop();
    }
    name
}
