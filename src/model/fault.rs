//! A fault in what a person wrote: where, which, what was expected, and what to do.
//!
//! Promises: one shape for every configuration and pattern error, so that all are gathered and shown together.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place in a file that a person wrote. `line` counts from 1; 0 when the fault concerns the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub file: Arc<Path>,
    pub line: u32,
}

impl Location {
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, line: u32) -> Self {
        Self { file: Arc::from(file.into()), line }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 { write!(f, ":{}", self.line) } else { Ok(()) }
    }
}

/// A value with the place it was written at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    pub value: T,
    pub at: Location,
}

impl<T> Located<T> {
    pub const fn new(value: T, at: Location) -> Self {
        Self { value, at }
    }
}

/// One fault. Shown as `file:line: message`, then `help: …` on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: Location,
    /// Which thing (its name in backticks) and what was expected.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    pub fn new(at: Location, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)?;
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

/// Every fault found, in the order of the files. Never empty as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}
