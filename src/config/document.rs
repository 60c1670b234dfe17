//! One TOML file: its tree with a place for each key.
//!
//! Promises: every syntax fault is reported with its line and column; what could be read is there all the same.
//! Does not: know any key.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::report::{Report, Unread};
use super::section::Section;
use super::variables::Environment;
use crate::model::fault::{Fault, Location};

/// Syntax faults shown of one file: after an unclosed quote each further line would be one.
const SYNTAX_FAULTS: usize = 5;

/// What every part of one file needs while it is read.
pub(super) struct Reading<'a> {
    pub(super) file: Arc<Path>,
    /// Where `${VAR}` finds its value; `None` where variables are not put in.
    pub(super) environment: Option<&'a Environment>,
    pub(super) report: &'a Report,
    /// Byte offsets at which lines begin.
    lines: Vec<usize>,
}

impl Reading<'_> {
    /// The place of a span of the text.
    pub(super) fn at(&self, span: &Range<usize>) -> Location {
        let line = self.lines.partition_point(|start| *start <= span.start);
        Location { file: Arc::clone(&self.file), line: u32::try_from(line).unwrap_or(u32::MAX) }
    }

    /// The file as a whole.
    pub(super) fn whole(&self) -> Location {
        Location { file: Arc::clone(&self.file), line: 0 }
    }
}

/// A file's text as a tree.
pub(super) struct Document<'a> {
    reading: Reading<'a>,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// Reads the text of `file`; syntax faults go to the report.
    pub(super) fn parse(
        text: &'a str,
        file: &Arc<Path>,
        environment: Option<&'a Environment>,
        report: &'a Report,
    ) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let reading = Reading { file: Arc::clone(file), environment, report, lines };
        report.begin(file);
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut last_line = 0;
        for err in errors.iter().take(SYNTAX_FAULTS) {
            let span = err.span().unwrap_or(0..0);
            let at = reading.at(&span);
            // The parser stumbles more than once over the same mistake; the first time says where it is.
            if at.line == last_line {
                continue;
            }
            last_line = at.line;
            let (help, unread) = advice(err.message());
            let column = column(text, span.start);
            let message = format!("not valid TOML at column {column}: {}", err.message().replace('\n', ", "));
            report.add_unreadable(Fault::new(at, message).help(help), unread);
            if unread == Unread::Rest {
                break;
            }
        }
        Self { reading, root }
    }

    /// The file's top level.
    pub(super) fn root(&self, title: &str) -> Section<'_> {
        Section::new(title.to_owned(), self.reading.whole(), self.root.get_ref(), &self.reading)
    }
}

/// The column of a byte, in characters, from 1.
fn column(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.rsplit('\n').next().unwrap_or(before).chars().count() + 1
}

fn advice(message: &str) -> (&'static str, Unread) {
    if message.contains("duplicate key") {
        ("keep one of the two", Unread::Line)
    } else if message.contains("string values must be quoted") {
        ("put the text in quotes: key = \"text\"", Unread::Line)
    } else if message.contains("array") || message.contains("inline table") {
        ("a list or table before it may be left open: look for a missing ] or }", Unread::Rest)
    } else {
        ("a key and its value are written key = value, texts in quotes; see https://toml.io", Unread::Line)
    }
}
