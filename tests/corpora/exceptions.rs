//! The lines that do not agree, each with its reason: `exceptions.toml` beside this file.
//!
//! Promises: an exception names one value of one line; one that is needed no longer is told. Does not: hold any line: a
//! fingerprint of it stands for it.

use serde::Deserialize;

use crate::case::Case;

#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Exception {
    /// The case's `source`, or its beginning.
    pub source: String,
    /// [`Case::hash`].
    pub line: String,
    /// The value that does not agree; `match` where the line itself is refused.
    pub field: String,
    pub reason: String,
}

pub struct Exceptions(Vec<(Exception, std::cell::Cell<bool>)>);

impl Exceptions {
    pub fn read() -> Self {
        let file: File = toml::from_str(include_str!("exceptions.toml")).unwrap();
        Self(file.exception.into_iter().map(|exception| (exception, false.into())).collect())
    }

    /// The reason, where this value of this line may differ.
    pub fn reason(&self, case: &Case, field: &str) -> Option<&str> {
        let is_it = |exception: &Exception| {
            exception.line == case.hash() && exception.field == field && case.source().starts_with(&exception.source)
        };
        let (exception, used) = self.0.iter().find(|(exception, _)| is_it(exception))?;
        used.set(true);
        Some(&exception.reason)
    }

    /// Those whose line was seen and agrees.
    pub fn unneeded<'a>(&'a self, seen: &'a std::collections::BTreeSet<String>) -> impl Iterator<Item = &'a Exception> {
        let unneeded = |(exception, used): &&(Exception, _)| {
            let used: &std::cell::Cell<bool> = used;
            !used.get() && seen.contains(&exception.line)
        };
        self.0.iter().filter(unneeded).map(|(exception, _)| exception)
    }
}
