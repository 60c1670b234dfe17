//! How lines become records, and what a file's path says of them.
//!
//! Does not: say how it is written; that is `config`'s.

use std::time::Duration;

use crate::model::fault::{Located, Location};

/// A glob of `paths`, cut at the names in it: `/var/log/{tenant}/*.log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathGlob {
    pub at: Location,
    pub pieces: Vec<PathPiece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPiece {
    Glob(String),
    /// A field: at least one byte, none of them `/`.
    Name(String),
}

impl PathGlob {
    /// The names in it, from left to right.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            PathPiece::Name(name) => Some(name.as_str()),
            PathPiece::Glob(_) => None,
        })
    }
}

/// How lines become records: what is taken off each line, and which lines belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordSpec {
    /// Outermost first.
    pub unwrap: Vec<Located<Wrapper>>,
    pub multiline: Option<Located<MultilineSpec>>,
}

impl RecordSpec {
    /// A source's own, around what a pattern of it says: its wrappers come first, its multi-line rule wins.
    #[must_use]
    pub fn around(&self, inner: &Self) -> Self {
        Self {
            unwrap: self.unwrap.iter().chain(&inner.unwrap).cloned().collect(),
            multiline: self.multiline.clone().or_else(|| inner.multiline.clone()),
        }
    }
}

/// A format that carries lines of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// Kubernetes' container logs; partial lines are joined.
    Cri,
    /// Docker's `json-file`; partial lines are joined.
    Docker,
    /// RFC 3164 or RFC 5424, as each line is.
    Syslog,
    SyslogRfc3164,
    SyslogRfc5424,
}

impl Wrapper {
    pub const ALL: [Self; 5] = [Self::Cri, Self::Docker, Self::Syslog, Self::SyslogRfc3164, Self::SyslogRfc5424];

    /// The name in configurations, which is that of the built-in format too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cri => "cri",
            Self::Docker => "docker",
            Self::Syslog => "syslog",
            Self::SyslogRfc3164 => "syslog_rfc3164",
            Self::SyslogRfc5424 => "syslog_rfc5424",
        }
    }

    /// What its fields' names begin with: `cri_time`.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Cri => "cri",
            Self::Docker => "docker",
            Self::Syslog | Self::SyslogRfc3164 | Self::SyslogRfc5424 => "syslog",
        }
    }

    /// Whether it has streams, and lines in parts.
    #[must_use]
    pub const fn is_container(self) -> bool {
        matches!(self, Self::Cri | Self::Docker)
    }
}

/// Which lines belong to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultilineSpec {
    pub rule: MultilineRule,
    /// A record that gets no more lines for so long is complete.
    pub timeout: Duration,
    /// A record is cut before the line that would go beyond one of these.
    pub max_lines: u32,
    pub max_bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultilineRule {
    Preset(MultilinePreset),
    /// Regular expressions, found anywhere in a line unless they are anchored; at least one is given. A line that matches
    /// `continuation` belongs to the record before it; one that matches `start` begins a record; one that matches `end` is
    /// the last of its record. What matches none belongs to the record before it, but where there is a `continuation`.
    Lines {
        start: Option<String>,
        continuation: Option<String>,
        end: Option<String>,
    },
}

/// How languages write stack traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultilinePreset {
    Java,
    Python,
    Go,
    Ruby,
    /// A line that begins with a space or a tab belongs to the one before it.
    Indented,
}
