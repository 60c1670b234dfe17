//! A new pattern file: its text, its types, and cases out of the log.
//!
//! Promises: a file that is given out is read, compiles, and passes its cases. Does not: write it anywhere.

use std::collections::{BTreeMap, BTreeSet};
// Writing into a String cannot fail: what it returns is not looked at.
use std::fmt::Write as _;
use std::path::Path;

use jiff::tz::TimeZone;

use super::{infer, redact, toml_text};
use crate::config::pattern_file;
use crate::explain::{FieldValue, LineReader, Matched, Reading};
use crate::model::decimal::Decimal;
use crate::model::fault::{Fault, Location};
use crate::model::fields::FieldType;
use crate::model::spec::PatternSpec;
use crate::parse::run_cases;

/// A pattern as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    pub about: String,
    /// Lines of comment.
    pub comments: Vec<String>,
    /// The keys that say how a line is read, as they stand in the file.
    pub engine: String,
    /// Field to type, as it stands in the file.
    pub types: BTreeMap<String, String>,
    /// Whether the writer of the log escapes what it puts into texts.
    pub is_escaped: bool,
    /// What has to be said about it beside its comments.
    pub warnings: Vec<String>,
    /// The file's lines before a case's own that say how it is read.
    pub after: Vec<String>,
}

/// Whether cases hold the log's own addresses and names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cases {
    AsLogged,
    Redacted,
}

/// A pattern file that passes its cases.
#[derive(Clone, Debug)]
pub struct Finished {
    pub text: String,
    pub spec: PatternSpec,
    pub cases: usize,
    /// Whether its lines can have a time: metrics need one.
    pub has_time: bool,
}

/// Matching lines in cases: enough for each kind of line, and few enough to be read.
const MATCHING_CASES: usize = 5;
/// Longer lines make no good cases.
const CASE_BYTES: usize = 4_000;
/// Lines that are looked at for names of fields.
const WARNED_LINES: usize = 50;
/// Lines that are looked at for types and cases.
const LINES: usize = 2_000;

impl Draft {
    /// The file's text without cases.
    #[must_use]
    pub fn head(&self) -> String {
        let mut text = String::new();
        for comment in &self.comments {
            text.push_str(format!("# {comment}").trim_end());
            text.push('\n');
        }
        let _ = writeln!(text, "name = {}", toml_text::quoted(&self.name));
        let _ = writeln!(text, "about = {}", toml_text::quoted(&self.about));
        text.push_str(self.engine.trim_end());
        text.push('\n');
        if !self.types.is_empty() {
            text.push_str("\n[types]\n");
            for (field, kind) in &self.types {
                let _ = writeln!(text, "{} = {kind}", toml_text::key(field));
            }
        }
        text
    }

    fn read(&self, text: &str) -> Result<PatternSpec, Vec<Fault>> {
        pattern_file::read(text, Path::new(&format!("{}.toml", self.name)))
    }

    /// As it is now, without cases. `Err`: what is wrong with its text.
    pub fn spec(&self) -> Result<PatternSpec, Vec<Fault>> {
        self.read(&self.head())
    }

    /// Its lines, as they are read now. `Err`: what is wrong with the engine or the types.
    pub fn reader(&self) -> Result<LineReader, Vec<Fault>> {
        LineReader::new(&self.spec()?, &TimeZone::UTC, pattern_file::READ_AT)
    }

    /// Types for what the lines show, where nothing was said yet; what does not go together is left out again.
    pub fn infer_types(&mut self, lines: &[&[u8]]) {
        // Columns that the file names have their types: here they would come again as they are written there.
        if !self.after.is_empty() {
            return;
        }
        let Ok(mut reader) = self.reader() else { return };
        let matched: Vec<Matched> = matched(&mut reader, lines).map(|(_, matched)| matched).collect();
        for (field, kind) in infer::types(&reader.pattern, &matched) {
            if self.types.contains_key(&field) {
                continue;
            }
            self.types.insert(field.clone(), kind);
            if self.reader().is_err() {
                self.types.remove(&field);
            }
        }
        if self.is_escaped {
            self.decode();
        }
    }

    /// The user and the account as they are, where the writer escapes them.
    fn decode(&mut self) {
        for wanted in ["user", "account"] {
            let before = self.types.get(wanted).cloned();
            let decoded = match before.as_deref().map(|kind| kind.strip_suffix(" }")) {
                None => "{ decode = \"escapes\" }".to_owned(),
                Some(Some(kind)) if !kind.contains("decode") => format!("{kind}, decode = \"escapes\" }}"),
                Some(_) => continue,
            };
            self.types.insert(wanted.to_owned(), decoded);
            if self.reader().is_err() {
                self.types.remove(wanted);
                self.types.extend(before.map(|kind| (wanted.to_owned(), kind)));
            }
        }
    }

    /// Says of fields that look like the user or the account that the client chooses them, and what to log instead.
    pub fn warn_of_clients_fields(&mut self, lines: &[&[u8]]) {
        let Ok(mut reader) = self.reader() else { return };
        let mut names: BTreeSet<String> = reader.pattern.field_names().into_iter().map(str::to_owned).collect();
        let lines = &lines[..lines.len().min(WARNED_LINES)];
        let found = matched(&mut reader, lines).flat_map(|(_, matched)| matched.fields);
        names.extend(found.flat_map(|field| field.names));
        for name in names {
            let called = ["user", "account"].into_iter().find(|wanted| infer::is_called(&name, wanted));
            let Some(wanted) = called.filter(|wanted| infer::is_clients(&name) && name != *wanted) else { continue };
            let warning = format!(
                "`{name}` is not taken as `{wanted}`: the client chooses it, and can count for somebody else. Let the \
                 application answer with a header and log that: nginx `$sent_http_x_{wanted}`, Apache `%{{X-{wanted}}}o`, \
                 HAProxy `%[res.hdr(X-{wanted})]`, Envoy `%RESP(X-{wanted})%`."
            );
            if !self.warnings.contains(&warning) {
                self.comments.push(warning.clone());
                self.warnings.push(warning);
            }
        }
    }

    /// The whole file, with cases from the lines.
    ///
    /// # Errors
    /// The pattern does not compile.
    pub fn finish(&self, lines: &[&[u8]], cases: Cases) -> Result<Finished, Vec<Fault>> {
        let mut reader = self.reader()?;
        let head = self.head();
        let mut parts = matching_cases(&mut reader, lines, cases);
        for line in &self.after {
            reader.pass(line.as_bytes());
        }
        let mut others: Vec<String> = Vec::new();
        // Made up: a line of the log that is not read is what the next version of the pattern is to read.
        for line in ["not a line of this log", "", "\x01"] {
            if matches!(reader.read(line.as_bytes(), &[]), Reading::Stopped(stop) if stop.at.is_some()) {
                others.push(format!("[[case]]\nline = {}\nexpect = \"no match\"\n", toml_text::text(line)));
                break;
            }
        }
        parts.append(&mut others);
        if !self.after.is_empty() {
            let after: Vec<String> = self.after.iter().map(|line| toml_text::text(line)).collect();
            let after = format!("[[case]]\nafter = [{}]\n", after.join(", "));
            for part in &mut parts {
                *part = part.replacen("[[case]]\n", &after, 1);
            }
        }
        // What a case says was read from its line; if one fails all the same, it is better left out than written.
        let holds = |part: &String| {
            let spec = self.read(&format!("{head}\n{part}"));
            spec.is_ok_and(|spec| run_cases(&spec).is_ok())
        };
        parts.retain(holds);
        let text = format!("{head}\n{}", parts.join("\n"));
        let spec = self.read(&text)?;
        match run_cases(&spec) {
            Ok(cases) => Ok(Finished { text, spec, cases, has_time: reader.pattern.has_time() }),
            Err(failures) => Err(failures
                .into_iter()
                .map(|failure| {
                    Fault::new(Location { line: failure.at.line, ..failure.at.clone() }, failure.to_string())
                })
                .collect()),
        }
    }
}

/// Cases of lines that have different fields, as few as show all of them.
fn matching_cases(reader: &mut LineReader, lines: &[&[u8]], cases: Cases) -> Vec<String> {
    let mut parts = Vec::new();
    let mut shapes = BTreeSet::new();
    let short = |line: &&&[u8]| line.len() <= CASE_BYTES && std::str::from_utf8(line).is_ok();
    let lines: Vec<&[u8]> = lines.iter().filter(short).copied().collect();
    let found: Vec<(usize, Matched)> = matched(reader, &lines).collect();
    for (place, matched) in &found {
        if parts.len() == MATCHING_CASES || !shapes.insert(shape(matched)) {
            continue;
        }
        let line = String::from_utf8_lossy(lines[*place]).into_owned();
        if cases == Cases::AsLogged {
            parts.push(case(&line, matched));
            continue;
        }
        let line = redact::line(&line, &matched.fields);
        if let Reading::Matched(matched) = reader.read(line.as_bytes(), &[]) {
            parts.push(case(&line, &matched));
        }
    }
    parts
}

/// Lines that match, by place; evenly chosen where there are many.
fn matched<'a>(reader: &'a mut LineReader, lines: &'a [&'a [u8]]) -> impl Iterator<Item = (usize, Matched)> + 'a {
    let step = (lines.len() / LINES).max(1);
    lines.iter().enumerate().filter_map(move |(place, line)| {
        // The file's own lines are always read: they say what the others mean.
        if place % step != 0 && !line.starts_with(b"#") {
            return None;
        }
        match reader.read(line, &[]) {
            Reading::Matched(matched) => Some((place, matched)),
            Reading::Stopped(_) => None,
        }
    })
}

/// Which fields a line has, and of what kind.
fn shape(matched: &Matched) -> String {
    let field = |field: &FieldValue| {
        let kind = match (field.misfit, field.text.is_empty()) {
            (true, _) => "!",
            (_, true) => "0",
            _ => "",
        };
        format!("{}{kind}", field.names.join(","))
    };
    matched.fields.iter().map(field).collect::<Vec<_>>().join(";")
}

/// Fields of a case: more would not be read.
const CASE_FIELDS: usize = 16;

/// The names that every pattern uses for the same things.
const CANONICAL: [&str; 16] = [
    "time",
    "client",
    "ident",
    "user",
    "account",
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
    "duration",
];

fn case(line: &str, matched: &Matched) -> String {
    let mut text = format!("[[case]]\nline = {}\n", toml_text::text(line));
    let absent: Vec<String> = matched
        .absent
        .iter()
        .map(String::as_str)
        .chain(
            matched.fields.iter().filter(|field| field.misfit).flat_map(|field| field.names.iter().map(String::as_str)),
        )
        .filter(|name| CANONICAL.contains(name) || matched.absent.len() <= 4)
        .map(toml_text::quoted)
        .collect();
    if !absent.is_empty() {
        let _ = writeln!(text, "absent = [{}]", absent.join(", "));
    }
    let mut fields: Vec<(&str, String)> = Vec::new();
    for field in matched.fields.iter().filter(|field| !field.misfit) {
        let canonical = |name: &&String| CANONICAL.contains(&name.as_str());
        let Some(name) = field.names.iter().find(canonical).or(field.names.first()) else { continue };
        fields.extend(value(field).map(|value| (name.as_str(), value)));
    }
    fields.sort_by_key(|(name, _)| CANONICAL.iter().position(|known| known == name).unwrap_or(CANONICAL.len()));
    fields.truncate(CASE_FIELDS);
    if fields.is_empty() {
        text.push_str("expect = {}\n");
        return text;
    }
    text.push_str("\n[case.expect]\n");
    for (name, value) in fields {
        let _ = writeln!(text, "{} = {value}", toml_text::key(name));
    }
    text
}

/// A field's value as a case has it; `None` for one that TOML cannot hold.
fn value(field: &FieldValue) -> Option<String> {
    let text = std::str::from_utf8(&field.text).ok()?;
    Some(match (field.kind, field.instant) {
        (_, Some(instant)) => {
            let stamp = jiff::Timestamp::from_microsecond(instant.0).ok()?;
            format!("\"{stamp}\"")
        }
        // Other times stand as they are written, which no case can hold by value.
        (FieldType::Time, None) => return None,
        (FieldType::Integer | FieldType::Number, _) => {
            match Decimal::parse(&field.text).map(|number| number.to_string()) {
                Some(number) if number.len() <= 15 => number,
                _ => toml_text::text(text),
            }
        }
        (FieldType::Boolean, _) if matches!(text, "true" | "false") => text.to_owned(),
        _ => toml_text::text(text),
    })
}
