//! `[[source]]`: which files are followed and how their lines are read.
//!
//! Promises: every glob is absolute and compiles. Does not: look for files.

use globset::GlobBuilder;
use jiff::tz::TimeZone;

use super::files::Patterns;
use super::references::Named;
use super::section::Section;
use super::value::Value;
use super::words::shown;
use super::{names, references, time_zone};
use crate::model::fault::Located;
use crate::model::spec::{SourceSpec, StartAt};

/// Reads one `[[source]]`; its name also where the rest has faults.
pub(super) fn read(mut section: Section<'_>, patterns: &Patterns) -> Named<SourceSpec> {
    let name = section.require("name", "write name = \"web\": it stands in the ledger and in messages");
    let name = name.and_then(|value| names::read(&value));
    if let Some(name) = &name {
        section.title = format!("source `{}`", name.value);
    }
    let paths = section.require("paths", "write paths = [\"/var/log/nginx/*access.log\"]");
    let paths = paths.and_then(|value| read_paths(&value));
    let exclude = section.get("exclude").and_then(|value| read_globs(&value, Below::NameOrRoot)).unwrap_or_default();
    let help = "write pattern = \"combined\", or the name of a file in patterns.d";
    let patterns = section.require("pattern", help).and_then(|value| read_patterns(&value, patterns));
    let starts = [("beginning", StartAt::Beginning), ("end", StartAt::End)];
    // What is in the files on day one was used too: `end` would leave it out without a word.
    let start_at = section.get("start_at").and_then(|value| value.choice(&starts)).unwrap_or(StartAt::Beginning);
    let time_zone = section.get("time_zone").and_then(|value| time_zone::read(&value)).unwrap_or(TimeZone::UTC);
    let at = section.at.clone();
    section.finish();
    let spec = if let (Some(name), Some(paths), Some(patterns)) = (&name, paths, patterns) {
        Some(SourceSpec { at, name: name.value.clone(), paths, exclude, patterns, start_at, time_zone })
    } else {
        None
    };
    Named { name, spec }
}

/// More patterns than any file has formats: each is tried on a line that none before it matches.
const MOST_PATTERNS: usize = 50;

/// One name, or a list of names that are tried in order.
fn read_patterns(value: &Value<'_>, known: &Patterns) -> Option<Vec<Located<String>>> {
    let read = |value: &Value<'_>| {
        let pattern = names::read(value)?;
        references::check_pattern(value, &pattern.value, known);
        Some(pattern)
    };
    if !value.node.is_array() {
        return Some(vec![read(value)?]);
    }
    let listed = value.list()?;
    if listed.is_empty() || listed.len() > MOST_PATTERNS {
        let message = format!("{} has {} names; expected 1 to {MOST_PATTERNS}", value.title, listed.len());
        value.fault(&message, "name the patterns in the order in which they are tried: [\"first\", \"second\"]");
        return None;
    }
    let mut patterns: Vec<Located<String>> = Vec::new();
    for value in &listed {
        let pattern = read(value)?;
        if patterns.iter().any(|earlier| earlier.value == pattern.value) {
            let message = format!("{} names pattern `{}` twice", value.title, pattern.value);
            value.fault(
                &message,
                "leave the second one out: a line that the first did not match is not matched by it either",
            );
            return None;
        }
        patterns.push(pattern);
    }
    Some(patterns)
}

fn read_paths(value: &Value<'_>) -> Option<Vec<Located<String>>> {
    let paths = read_globs(value, Below::Root)?;
    if value.list()?.is_empty() {
        value.fault(&format!("{} is empty", value.title), "name at least one file: [\"/var/log/nginx/*access.log\"]");
    }
    Some(paths)
}

/// What a glob may begin with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Root,
    /// Or it is a name alone, in whichever directory.
    NameOrRoot,
}

fn read_globs(value: &Value<'_>, below: Below) -> Option<Vec<Located<String>>> {
    let globs = value.list()?;
    Some(globs.iter().filter_map(|value| read_glob(value, below)).collect())
}

fn read_glob(value: &Value<'_>, below: Below) -> Option<Located<String>> {
    let glob = value.filled_text()?;
    let written = shown(&glob.value);
    let is_name = below == Below::NameOrRoot && !glob.value.contains('/');
    if glob.value.contains('\0') {
        value.fault(
            &format!("{} holds `{written}`, with a zero byte in it", value.title),
            "no file's name has one: take it out",
        );
        return None;
    }
    if !(glob.value.starts_with('/') || is_name) {
        let message = format!("{} holds `{written}`, which is not absolute", value.title);
        value.fault(&message, "begin it with /: a service has no working directory of its own");
        return None;
    }
    if glob.value.ends_with('/') {
        let message = format!("{} holds `{written}`, which is a directory; expected files", value.title);
        value.fault(&message, &format!("name the files in it: \"{written}*.log\""));
        return None;
    }
    // Name by name, as directories are listed: a choice or class cannot reach over a slash.
    for name in glob.value.split('/') {
        if let Err(err) = GlobBuilder::new(name).literal_separator(true).backslash_escape(true).build() {
            let message = format!("{} holds `{written}`, which is no glob: {}", value.title, err.kind());
            let help = "known are *, ?, [a-z], {one,other} and ** for directories; a sign itself is [*]";
            value.fault(&message, help);
            return None;
        }
    }
    Some(glob)
}
