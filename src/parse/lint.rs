//! Warnings about patterns that compile, but read lines slowly, or let what a client writes become other fields.
//!
//! Promises: a warning says what can happen and what to write instead; a pattern without any of these has none. Does not:
//! refuse anything, or know lines.

use super::Pattern;
use crate::model::fault::Fault;
use crate::model::spec::PatternSpec;

/// What is to be said about the pattern's text, in its order. Nothing about one that does not compile: that has faults.
#[must_use]
pub fn lint(_spec: &PatternSpec) -> Vec<Fault> {
    Vec::new()
}

/// Fields that the pattern's text captures, but that no metric of those which gave `wanted` uses: each costs time on every
/// line. `wanted` are all names that are taken from the pattern; `pattern` is `spec` compiled.
#[must_use]
pub fn unused_captures(_spec: &PatternSpec, _pattern: &Pattern, _wanted: &[&str]) -> Option<Fault> {
    None
}
