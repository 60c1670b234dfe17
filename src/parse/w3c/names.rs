//! Columns of the extended log format by the names that all formats share.
//!
//! | field | columns, the first that there is |
//! | --- | --- |
//! | `client` | `c-ip` |
//! | `user` | `cs-username`, `cs-auth-user` |
//! | `method` | `cs-method` |
//! | `path`, `query` | `cs-uri-stem`, `cs-uri-path` and `cs-uri-query`; or taken from `cs-uri` |
//! | `target` | `cs-uri`; or joined of `cs-uri-stem` and `cs-uri-query` |
//! | `protocol` | `cs-version`, `cs-protocol-version` |
//! | `scheme`, `host` | `cs-protocol`, `cs-uri-scheme`; `cs-host`, `cs(Host)` |
//! | `status`, `bytes`, `request_length` | `sc-status`, `sc-bytes`, `cs-bytes` |
//! | `referrer`, `user_agent` | `cs(Referer)`, `cs(User-Agent)`, `c-user-agent` |
//! | `time` | `date` and `time`; `time` with the date of the last `#Date:` line; `date-time`, `datetime`, `timestamp` |
//!
//! Does not: read values.

use crate::model::fields::FieldType;
use crate::parse::capture::Capture;
use crate::parse::columns::{Split, column_name};

/// The names that files may have.
pub(super) const CANONICAL: [&str; 15] = [
    "bytes",
    "client",
    "host",
    "method",
    "path",
    "protocol",
    "query",
    "referrer",
    "request_length",
    "scheme",
    "status",
    "target",
    "time",
    "user",
    "user_agent",
];

/// Columns for each name, but those that are made of others.
const COLUMNS: [(&str, &[&str]); 14] = [
    ("bytes", &["sc_bytes"]),
    ("client", &["c_ip"]),
    ("host", &["cs_host"]),
    ("method", &["cs_method"]),
    ("path", &["cs_uri_stem", "cs_uri_path"]),
    ("protocol", &["cs_version", "cs_protocol_version"]),
    ("query", &["cs_uri_query"]),
    ("referrer", &["cs_referer", "cs_referrer"]),
    ("request_length", &["cs_bytes"]),
    ("scheme", &["cs_protocol", "cs_uri_scheme"]),
    ("status", &["sc_status"]),
    ("target", &["cs_uri"]),
    ("user", &["cs_username", "cs_auth_user"]),
    ("user_agent", &["cs_user_agent", "c_user_agent"]),
];

/// Columns that hold a whole moment.
const MOMENTS: [&str; 3] = ["date_time", "datetime", "timestamp"];

/// The type of a field.
pub(super) fn typed(name: &str) -> FieldType {
    match name {
        "bytes" | "request_length" | "status" | "cs_bytes" | "sc_bytes" | "sc_status" | "sc_substatus"
        | "sc_win32_status" | "c_port" | "s_port" => FieldType::Integer,
        "time_taken" => FieldType::Number,
        "time" => FieldType::Time,
        _ => FieldType::Text,
    }
}

/// Where a field is in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Column(usize),
    /// The column holds a target; what comes before its first `?`.
    PathOf(usize),
    /// What comes after it.
    QueryOf(usize),
    /// A path and a query, joined by `?`.
    Joined(usize, usize),
    /// The line's time, see [`TimeSource`].
    Time,
}

/// Where a line's time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeSource {
    Nowhere,
    DateAndTime(usize, usize),
    /// The date is that of the last `#Date:` line.
    TimeAlone(usize),
    Whole(usize),
}

/// A list of columns.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    names: Vec<String>,
    commas: bool,
}

impl Layout {
    /// From names as a `#Fields:` line has them.
    pub(super) fn of<'n>(written: impl Iterator<Item = &'n str>) -> Self {
        Self { names: written.map(column_name).collect(), commas: false }
    }

    /// From the text after `#Fields:`. Some servers (Exchange) separate names and values by commas.
    pub(super) fn of_line(text: &str) -> Self {
        if text.contains(char::is_whitespace) || !text.contains(',') {
            return Self::of(text.split_ascii_whitespace());
        }
        Self { commas: true, ..Self::of(text.split(',')) }
    }

    /// Whether values are separated by commas.
    pub(super) const fn has_commas(&self) -> bool {
        self.commas
    }

    pub(super) fn columns(&self) -> usize {
        self.names.len()
    }

    /// The columns' own names.
    pub(super) fn named(&self) -> Vec<String> {
        self.names.iter().filter(|name| !name.is_empty()).cloned().collect()
    }

    /// Where a field is: its own column, or the first that stands for it.
    pub(super) fn find(&self, key: &str) -> Option<Source> {
        if key == "time" {
            return (self.time() != TimeSource::Nowhere).then_some(Source::Time);
        }
        if let Some(column) = self.column(&column_name(key)) {
            return Some(Source::Column(column));
        }
        let (_, columns) = COLUMNS.iter().find(|(name, _)| *name == key)?;
        if let Some(column) = columns.iter().find_map(|name| self.column(name)) {
            return Some(Source::Column(column));
        }
        let target = self.column("cs_uri");
        match key {
            "path" => target.map(Source::PathOf),
            "query" => target.map(Source::QueryOf),
            "target" => {
                let path = self.column("cs_uri_stem").or_else(|| self.column("cs_uri_path"))?;
                Some(self.column("cs_uri_query").map_or(Source::Column(path), |query| Source::Joined(path, query)))
            }
            _ => None,
        }
    }

    pub(super) fn time(&self) -> TimeSource {
        match (self.column("date"), self.column("time")) {
            (Some(date), Some(time)) => TimeSource::DateAndTime(date, time),
            (None, Some(time)) => TimeSource::TimeAlone(time),
            (_, None) => {
                MOMENTS.into_iter().find_map(|name| self.column(name)).map_or(TimeSource::Nowhere, TimeSource::Whole)
            }
        }
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }
}

/// A field that is no time.
#[inline]
pub(super) fn capture(source: &Source, split: &mut Split, line: &[u8]) -> Capture {
    match *source {
        Source::Column(column) => split.unquoted_capture(column, line),
        Source::PathOf(column) => {
            let target = split.unquoted_capture(column, line);
            match question_mark(&target, split, line) {
                Some(at) => Capture { end: target.start + at as u32, ..target },
                None => target,
            }
        }
        Source::QueryOf(column) => {
            let target = split.unquoted_capture(column, line);
            match question_mark(&target, split, line) {
                Some(at) => Capture { start: target.start + at as u32 + 1, ..target },
                None => Capture::ABSENT,
            }
        }
        Source::Joined(path, query) => {
            let path = split.unquoted_capture(path, line);
            let query = split.unquoted(query, line);
            if query == b"-" || split.text(&path, line) == b"-" {
                return path;
            }
            let start = split.append(&path, line);
            let built = split.building();
            built.push(b'?');
            built.extend_from_slice(query);
            Capture::built(start, built.len())
        }
        Source::Time => Capture::ABSENT,
    }
}

fn question_mark(target: &Capture, split: &Split, line: &[u8]) -> Option<usize> {
    memchr::memchr(b'?', split.text(target, line))
}
