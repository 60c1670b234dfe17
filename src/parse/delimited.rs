//! Comma- and tab-separated values.
//!
//! Promises: values are separated and put in quotes as RFC 4180 says; a quote in one is written twice. A line has exactly
//! as many values as there are columns; a longer one only where the columns end with `*`. Columns named by a file's first
//! line are part of the file's state, and that line coming again is no record. With backslash escapes (TSV) values are as
//! they are written, and `\N` is absent. Does not: trim spaces; join lines of a value that has line breaks.

use super::capture::Capture;
use super::catalogue::{Given, Known, Names, Origin};
use super::columns::{Split, TooMany, column_name};
use super::mismatch::Mismatch;
use super::template::Problem;
use crate::model::fields::FieldType;
use crate::model::spec::{Columns, DelimitedSpec, Quoting};

/// Longest line of columns that is taken and kept with a file's cursor.
const MOST_HEADER_BYTES: usize = 16 * 1024;

/// The first byte of a state: its version.
const STATE_VERSION: u8 = 1;

#[derive(Clone, Debug)]
pub(super) struct Delimited {
    separator: u8,
    quoting: Quoting,
    /// `None`: the first line of each file.
    columns: Option<Table>,
}

/// Columns by name.
#[derive(Clone, Debug)]
struct Table {
    names: Vec<String>,
    /// Any more columns may follow.
    open: bool,
}

impl Delimited {
    pub(super) fn compile(spec: &DelimitedSpec) -> Result<Self, Problem> {
        let separator = spec.separator;
        if separator.is_ascii_alphanumeric() || !separator.is_ascii() || matches!(separator, b'"' | b'\n' | b'\r') {
            let message = format!("`separator` is the byte {separator}, which cannot separate values");
            return Err((message, "use a character such as `,`, `;`, `|` or a tab".to_owned()));
        }
        let columns = match &spec.columns {
            Columns::Header => None,
            Columns::Named(names) => Some(Table::of(names)?),
        };
        Ok(Self { separator, quoting: spec.quoting, columns })
    }

    pub(super) fn given(&self) -> Given {
        let Some(table) = &self.columns else { return Given { listed: Vec::new(), names: Names::AnyKey } };
        let listed = table.names.iter().filter(|name| is_named(name)).map(|name| {
            let known = Known { name: name.clone(), kind: FieldType::Text, time: None };
            (known, Origin::Key(name.clone()))
        });
        Given { listed: listed.collect(), names: Names::Listed }
    }

    /// Key `n` is captured as capture `n`.
    pub(super) fn reader(&self, keys: &[String]) -> DelimitedReader {
        let mut reader = DelimitedReader {
            separator: self.separator,
            quoting: self.quoting,
            has_header: self.columns.is_none(),
            keys: keys.to_vec(),
            table: None,
            wanted: Vec::new(),
            state: Vec::new(),
            split: Split::default(),
        };
        if let Some(table) = &self.columns {
            reader.use_table(table.clone());
        }
        reader
    }
}

const fn is_named(name: &str) -> bool {
    !matches!(name.as_bytes(), b"" | b"_")
}

impl Table {
    fn of(names: &[String]) -> Result<Self, Problem> {
        let (names, open) = match names {
            [names @ .., last] if last == "*" => (names, true),
            _ => (names, false),
        };
        let help = || "name the columns in their order; `_` is one that is not wanted, `*` at the end is any more";
        if !names.iter().any(|name| is_named(name)) {
            return Err(("`columns` names no column".to_owned(), help().to_owned()));
        }
        for (index, name) in names.iter().enumerate() {
            if name == "*" || (is_named(name) && names[..index].contains(name)) {
                return Err((format!("`columns` has `{name}` in the wrong place or twice"), help().to_owned()));
            }
        }
        Ok(Self { names: names.to_vec(), open })
    }
}

#[derive(Clone, Debug)]
pub(super) struct DelimitedReader {
    separator: u8,
    quoting: Quoting,
    has_header: bool,
    keys: Vec<String>,
    table: Option<Table>,
    /// Column by capture.
    wanted: Vec<Option<usize>>,
    /// The version and the header line, once it was seen.
    state: Vec<u8>,
    split: Split,
}

impl DelimitedReader {
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        captures.fill(Capture::ABSENT);
        self.split.begin();
        if line.is_empty() {
            return Err(Mismatch::said(0, "values"));
        }
        let header = self.state.get(1..).filter(|header| !header.is_empty());
        if self.has_header && (header == Some(line) || self.table.is_none()) {
            return Err(self.header(line));
        }
        let Some(table) = &self.table else { return Err(Mismatch::said(0, "a first line with names of columns")) };
        let (columns, open) = (table.names.len(), table.open);
        let most = if open { TooMany::Rest(columns) } else { TooMany::Refused(columns) };
        match self.quoting {
            Quoting::Doubled => self.split.quoted(line, self.separator, most)?,
            Quoting::Backslash => self.split.plain(line, self.separator, most)?,
        }
        if self.split.len() < columns {
            return Err(Mismatch::said(line.len(), "more columns"));
        }
        for (capture, column) in captures.iter_mut().zip(&self.wanted) {
            let Some(column) = column else { continue };
            *capture = self.split.capture(*column, line);
            if self.quoting == Quoting::Backslash && capture.bytes(line) == br"\N" {
                *capture = Capture::ABSENT;
            }
        }
        Ok(())
    }

    /// Takes the names of columns from a file's first line, or sees them once more.
    fn header(&mut self, line: &[u8]) -> Mismatch {
        if self.table.is_some() {
            return Mismatch::directive();
        }
        if line.len() > MOST_HEADER_BYTES {
            return Mismatch::said(MOST_HEADER_BYTES, "no more than 16 KiB of names of columns");
        }
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let read = match self.quoting {
            Quoting::Doubled => self.split.quoted(text, self.separator, TooMany::Taken),
            Quoting::Backslash => self.split.plain(text, self.separator, TooMany::Taken),
        };
        if let Err(mismatch) = read {
            return mismatch;
        }
        let names: Vec<String> = (0..self.split.len())
            .map(|column| String::from_utf8_lossy(self.split.bytes(column, text)).trim().to_owned())
            .collect();
        // A number is a value: the file has no header, and its records must not be read by one of them.
        let is_value = |name: &String| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if names.iter().any(is_value) || !names.iter().any(|name| is_named(name)) {
            return Mismatch::said(0, "a first line with names of columns");
        }
        self.state.clear();
        self.state.push(STATE_VERSION);
        self.state.extend_from_slice(line);
        self.use_table(Table { names, open: false });
        Mismatch::directive()
    }

    fn use_table(&mut self, table: Table) {
        let column = |key: &String| {
            let written = table.names.iter().position(|name| name == key);
            written.or_else(|| table.names.iter().position(|name| column_name(name) == column_name(key)))
        };
        self.wanted = self.keys.iter().map(column).collect();
        self.table = Some(table);
    }

    pub(super) fn built(&self) -> &[u8] {
        self.split.built()
    }

    pub(super) fn file_state(&self) -> &[u8] {
        &self.state
    }

    /// A state that cannot be read is none: the file's lines do not match then, which is counted.
    pub(super) fn set_file_state(&mut self, state: &[u8]) {
        if !self.has_header || state == self.state {
            return;
        }
        self.state.clear();
        self.table = None;
        self.wanted.clear();
        if let [STATE_VERSION, header @ ..] = state {
            self.header(header);
        }
    }
}

#[cfg(test)]
mod tests;
