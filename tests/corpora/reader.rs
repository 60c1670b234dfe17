//! Reads a line as a user's source would: with one pattern or several in order, some of them inside a wrapper.
//!
//! Promises: only what the program's own pattern files and engines give. Does not: choose.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;

use pxtail::config::{pattern_file, shipped};
use pxtail::model::fields::Fields;
use pxtail::model::spec::PatternSpec;
use pxtail::model::time::UnixMicros;
use pxtail::parse::Pattern;

/// Every name that a case may state something about; slot `n` is `NAMES[n]` where the pattern gives it.
pub const NAMES: [&str; 27] = [
    "client",
    "ident",
    "user",
    "time",
    "request",
    "method",
    "target",
    "path",
    "query",
    "protocol",
    "status",
    "bytes",
    "referrer",
    "user_agent",
    "host",
    "app",
    "procid",
    "msgid",
    "pri",
    "message",
    "stream",
    "partial",
    "tag",
    "level",
    "request_creation_time",
    "client_port",
    "thread",
];

/// A pattern, by itself or inside wrappers.
#[derive(Clone, Debug)]
pub struct Way {
    /// Patterns whose `message` holds the next one, from the outside in.
    pub wrappers: Vec<String>,
    pub pattern: Chosen,
    /// Lines of the format itself that come before in the file.
    pub before: Option<String>,
}

#[derive(Clone, Debug)]
pub enum Chosen {
    Shipped(String),
    /// Text of a pattern file, as a user would write it around a format that the server's configuration has.
    Pasted(String),
}

impl Way {
    pub fn shipped(name: &str) -> Self {
        Self { wrappers: Vec::new(), pattern: Chosen::Shipped(name.to_owned()), before: None }
    }

    pub fn pasted(text: String) -> Self {
        Self { wrappers: Vec::new(), pattern: Chosen::Pasted(text), before: None }
    }

    pub fn inside(mut self, wrapper: &str) -> Self {
        self.wrappers.insert(0, wrapper.to_owned());
        self
    }

    pub fn after(mut self, line: &str) -> Self {
        self.before = Some(line.to_owned());
        self
    }
}

/// What a line holds.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub by: String,
    pub fields: BTreeMap<&'static str, Vec<u8>>,
    pub time: Option<UnixMicros>,
}

impl Found {
    pub fn text(&self, name: &str) -> Option<String> {
        self.fields.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

/// The program's patterns by name.
pub struct Shipped(BTreeMap<&'static str, Pattern>);

impl Shipped {
    pub fn compile() -> Self {
        let compiled = |&(name, text): &(&'static str, &str)| (name, compile(text).unwrap());
        Self(shipped::PATTERNS.iter().map(compiled).collect())
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// `Err`: why no way fits; one line for each.
    pub fn read(&self, ways: &[Way], line: &[u8], zone: &TimeZone) -> Result<Found, String> {
        let mut reasons = Vec::new();
        for way in ways {
            match self.read_one(way, line, zone) {
                Ok(found) => return Ok(found),
                Err(reason) => reasons.push(reason),
            }
        }
        Err(reasons.join("\n    "))
    }

    fn read_one(&self, way: &Way, line: &[u8], zone: &TimeZone) -> Result<Found, String> {
        let mut record = line.to_vec();
        for wrapper in &way.wrappers {
            let found = read(self.pattern(wrapper)?, wrapper, &record, zone, None)?;
            record = found.fields.get("message").cloned().ok_or_else(|| format!("{wrapper}: no message"))?;
        }
        let before = way.before.as_deref();
        match &way.pattern {
            Chosen::Shipped(name) => read(self.pattern(name)?, name, &record, zone, before),
            Chosen::Pasted(text) => read(&compile(text)?, "pasted", &record, zone, before),
        }
    }

    fn pattern(&self, name: &str) -> Result<&Pattern, String> {
        self.0.get(name).ok_or_else(|| format!("{name}: not shipped"))
    }
}

/// `Err`: the faults.
pub fn specification(text: &str) -> Result<PatternSpec, String> {
    pattern_file::read(text, Path::new("pasted.toml"))
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n    "))
}

fn compile(text: &str) -> Result<Pattern, String> {
    Pattern::compile(&specification(text)?)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n    "))
}

fn read(pattern: &Pattern, by: &str, line: &[u8], zone: &TimeZone, before: Option<&str>) -> Result<Found, String> {
    let given: Vec<&'static str> =
        NAMES.into_iter().filter(|name| pattern.field_type(name).is_some() || pattern.gives_any_name()).collect();
    let mut parser = pattern.line_parser(&given, zone).map_err(|names| format!("{by}: no {names:?}"))?;
    let mut fields = Fields::with_slots(given.len());
    for line in before.iter().flat_map(|lines| lines.lines()) {
        if parser.parse(line.as_bytes(), &mut fields).is_err_and(|mismatch| !mismatch.is_directive()) {
            return Err(format!("{by}: the line before: {}", parser.explain(line.as_bytes())));
        }
    }
    if parser.parse(line, &mut fields).is_err() {
        return Err(format!("{by}: {}", parser.explain(line)));
    }
    let value = |(slot, name): (usize, &&'static str)| fields.get(line, slot).map(|bytes| (*name, bytes.to_vec()));
    let found = given.iter().enumerate().filter_map(value).collect();
    Ok(Found { by: by.to_owned(), fields: found, time: fields.time })
}
