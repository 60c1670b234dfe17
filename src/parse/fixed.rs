//! Formats with a fixed grammar, each with a parser of its own.
//!
//! Promises: every field has one capture, whatever is wanted; what must be built (joined, named) is built only where it is
//! wanted. A line that is not of the format is refused with what was expected there. Does not: know types beyond those
//! that a format's own document states.

mod cri;
mod docker;
mod found;
mod token;

use super::capture::Capture;
use super::catalogue::{Given, Known};
use super::mismatch::Mismatch;
use super::time::TimeFormat;
use crate::model::fields::FieldType;

use found::Found;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fixed {
    Cri,
    Docker,
}

/// What a field's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Boolean,
    /// RFC 3339 with a zone.
    Rfc3339,
}

/// A field's name, and what its text is.
type Field = (&'static str, Kind);

impl Fixed {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "cri" => Self::Cri,
            "docker" => Self::Docker,
            _ => return None,
        })
    }

    const fn fields(self) -> &'static [Field] {
        match self {
            Self::Cri => &cri::FIELDS,
            Self::Docker => &docker::FIELDS,
        }
    }

    pub(super) fn given(self) -> Given {
        Given::captures(self.fields().iter().map(|&(name, kind)| known(name, kind)).collect())
    }

    /// The capture that holds a field.
    pub(super) fn capture_named(self, name: &str) -> Option<usize> {
        self.fields().iter().position(|(field, _)| *field == name)
    }

    /// How many captures [`FixedReader::read`] sets, beside those for keys.
    pub(super) const fn captures(self) -> usize {
        self.fields().len()
    }

    /// A reader of lines; `wanted` are the captures that are wanted.
    pub(super) fn reader(self, _keys: &[String], wanted: impl Iterator<Item = usize>) -> FixedReader {
        let wanted = wanted.filter(|capture| *capture < 64).fold(0, |mask, capture| mask | 1 << capture);
        let docker = (self == Self::Docker).then(docker::DockerReader::new);
        FixedReader { format: self, wanted, built: Vec::new(), docker: docker.map(Box::new) }
    }
}

fn known(name: &str, kind: Kind) -> Known {
    let (kind, time) = match kind {
        Kind::Text => (FieldType::Text, None),
        Kind::Boolean => (FieldType::Boolean, None),
        Kind::Rfc3339 => (FieldType::Time, Some(TimeFormat::Rfc3339)),
    };
    Known { name: name.to_owned(), kind, time }
}

/// Reads lines of one of these formats.
#[derive(Clone, Debug)]
pub(super) struct FixedReader {
    format: Fixed,
    /// A bit for each capture that is wanted.
    wanted: u64,
    built: Vec<u8>,
    docker: Option<Box<docker::DockerReader>>,
}

impl FixedReader {
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        captures.fill(Capture::ABSENT);
        self.built.clear();
        let mut found = Found::new(line, captures, &mut self.built, self.wanted);
        match (self.format, &mut self.docker) {
            (Fixed::Docker, Some(docker)) => docker.read(&mut found),
            (Fixed::Cri | Fixed::Docker, _) => cri::read(&mut found),
        }
    }

    pub(super) fn built(&self) -> &[u8] {
        &self.built
    }
}

#[cfg(test)]
mod tests;
