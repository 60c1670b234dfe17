//! `[[source]]`: which files are followed and how their lines are read.
//!
//! Does not: look for files, or compile patterns.

use jiff::tz::TimeZone;

use super::files::Patterns;
use super::references::Named;
use super::section::Section;
use super::value::{Limits, Value};
use super::{encoding, names, paths, records, references, time_zone};
use crate::model::fault::Located;
use crate::model::spec::{SourceSpec, StartAt};

/// When most lines are not what the patterns say, the log is another one than the configuration means. A log of which
/// only some lines are wanted has a lower rate by nature, and its owner says so.
const MIN_MATCH_RATE: f64 = 0.5;
const MATCH_RATE_LIMITS: Limits<f64> =
    Limits { least: 0.0, most: 1.0, reason: "it is a part of the lines: 0.5 is half of them, 0 says nothing ever" };

/// Reads one `[[source]]`; its name also where the rest has faults.
pub(super) fn read(mut section: Section<'_>, patterns: &Patterns) -> Named<SourceSpec> {
    let name = section.require("name", "write name = \"web\": it stands in the ledger and in messages");
    let name = name.and_then(|value| names::read(&value));
    if let Some(name) = &name {
        section.title = format!("source `{}`", name.value);
    }
    let paths = section.require("paths", "write paths = [\"/var/log/nginx/*access.log\"]");
    let paths = paths.and_then(|value| paths::read_paths(&value));
    let exclude = section.get("exclude").and_then(|value| paths::read_exclude(&value)).unwrap_or_default();
    let records = records::read(&mut section);
    let help = "write pattern = \"combined\", or the name of a file in patterns.d";
    let patterns = section.require("pattern", help).and_then(|value| read_patterns(&value, patterns));
    let starts = [("beginning", StartAt::Beginning), ("end", StartAt::End)];
    // What is in the files on day one was used too: `end` would leave it out without a word.
    let start_at = section.get("start_at").and_then(|value| value.choice(&starts)).unwrap_or(StartAt::Beginning);
    let encoding = section.get("encoding").and_then(|value| encoding::read(&value)).unwrap_or_default();
    let time_zone = section.get("time_zone").and_then(|value| time_zone::read(&value)).unwrap_or(TimeZone::UTC);
    let min_match_rate = section.number("min_match_rate", MIN_MATCH_RATE, MATCH_RATE_LIMITS);
    let at = section.at.clone();
    section.finish();
    let spec = if let (Some(name), Some(paths), Some(patterns)) = (&name, paths, patterns) {
        Some(SourceSpec {
            at,
            name: name.value.clone(),
            paths: paths.globs,
            exclude,
            records,
            path_fields: paths.fields,
            patterns,
            start_at,
            encoding,
            time_zone,
            min_match_rate,
        })
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
