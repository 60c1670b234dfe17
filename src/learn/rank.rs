//! Which known pattern reads a log best.
//!
//! Promises: a pattern that reads everything and names little ranks below one that reads as much and names more. Does not:
//! look at names of files.

use jiff::tz::TimeZone;

use super::shape;
use crate::config::pattern_file::READ_AT;
use crate::model::fields::Fields;
use crate::model::spec::{Engine, PatternSpec};
use crate::parse::{LineParser, Pattern, Stop};

/// What came of one pattern and a sample.
#[derive(Clone, Debug)]
pub struct Ranked<'a> {
    pub spec: &'a PatternSpec,
    /// Lines that are records: those of the format's own (headers, comments) apart.
    pub lines: usize,
    pub matched: usize,
    /// Texts of a line that have a name of the pattern's, on average.
    pub fields: f64,
    /// Which part of the names that the pattern lists a line has, on average.
    pub coverage: f64,
    /// Which part of the lines have a time.
    pub timed: f64,
    /// Places of lines that do not match, and where they stop.
    pub missed: Vec<(usize, Stop)>,
    /// Which lines match, by place.
    pub matches: Vec<bool>,
}

impl Ranked<'_> {
    #[must_use]
    pub fn rate(&self) -> f64 {
        if self.lines == 0 { 0.0 } else { self.matched as f64 / self.lines as f64 }
    }

    /// More is better. The rate counts most: a pattern that misses lines loses counts.
    #[must_use]
    pub fn score(&self) -> f64 {
        let time = if self.timed >= 0.5 { 1.0 } else { 0.5 };
        self.rate().powi(3) * (1.0 + self.fields) * (0.3 + 0.7 * self.coverage) * time
    }

    /// Whether it says so much about the lines that nobody would write one of their own.
    #[must_use]
    pub fn is_specific(&self) -> bool {
        self.fields >= 3.0 && self.coverage >= 0.4
    }
}

/// Lines that do not match, kept for showing.
const MOST_MISSED: usize = 5;

/// Every pattern that reads some line, the best first.
#[must_use]
pub fn rank<'a>(specs: impl IntoIterator<Item = &'a PatternSpec>, lines: &[&[u8]]) -> Vec<Ranked<'a>> {
    let named = lines.iter().any(|line| line.starts_with(b"#Fields:"));
    // Where the log names its columns, a guess at them is worse even if it fits.
    let guesses = |spec: &&PatternSpec| matches!(&spec.engine.value, Engine::W3c { columns } if !columns.is_empty());
    let specs = specs.into_iter().filter(|spec| !(named && guesses(spec)));
    let mut ranked: Vec<Ranked<'a>> = specs.filter_map(|spec| judge(spec, lines)).collect();
    ranked.retain(|ranked| ranked.matched > 0);
    ranked
        .sort_by(|one, other| other.score().total_cmp(&one.score()).then_with(|| one.spec.name.cmp(&other.spec.name)));
    ranked
}

fn judge<'a>(spec: &'a PatternSpec, lines: &[&[u8]]) -> Option<Ranked<'a>> {
    let pattern = Pattern::compile(spec).ok()?;
    let names: Vec<&str> = pattern.field_names();
    let mut parser = pattern.line_parser(&names, &TimeZone::UTC).ok()?;
    parser.set_reference_time(READ_AT);
    let mut fields = Fields::with_slots(names.len());
    let mut ranked = Ranked {
        spec,
        lines: 0,
        matched: 0,
        fields: 0.0,
        coverage: 0.0,
        timed: 0.0,
        missed: Vec::new(),
        matches: Vec::with_capacity(lines.len()),
    };
    let (mut texts, mut values, mut with_time) = (0, 0, 0);
    // A pattern that says itself which lines belong together reads them so.
    let joined = shape::joined(&spec.records, lines);
    let records: Option<Vec<&[u8]>> = joined.as_ref().map(|(records, _)| records.iter().map(Vec::as_slice).collect());
    let lines = records.as_deref().unwrap_or(lines);
    for (place, line) in lines.iter().enumerate() {
        let found = parser.parse(line, &mut fields);
        ranked.matches.push(found.is_ok());
        match found {
            Err(mismatch) if mismatch.is_directive() => continue,
            // The place of a record is not that of a line.
            Err(_) if joined.is_some() => {}
            Err(_) => ranked.miss(&mut parser, place, line),
            Ok(()) => {
                ranked.matched += 1;
                let (distinct, present) = present(line, &fields);
                texts += distinct;
                values += present;
                with_time += usize::from(fields.time.is_some());
            }
        }
        ranked.lines += 1;
    }
    let matched = ranked.matched.max(1) as f64;
    ranked.fields = texts as f64 / matched;
    ranked.coverage = if names.is_empty() { 0.0 } else { values as f64 / matched / names.len() as f64 };
    ranked.timed = with_time as f64 / matched;
    Some(ranked)
}

impl Ranked<'_> {
    fn miss(&mut self, parser: &mut LineParser, place: usize, line: &[u8]) {
        if self.missed.len() < MOST_MISSED
            && let Some(stop) = parser.stop(line)
        {
            self.missed.push((place, stop));
        }
    }
}

/// Texts of the line that have names, and names that have a text.
fn present(line: &[u8], fields: &Fields) -> (usize, usize) {
    let values = (0..fields.slots()).filter_map(|slot| fields.get(line, slot));
    // What a step made of a text counts with the text, wherever it stands.
    let mut texts: Vec<&[u8]> = values.collect();
    let present = texts.len();
    texts.sort_unstable();
    texts.dedup();
    (texts.len(), present)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::rank;
    use crate::config::pattern_file;

    #[test]
    fn columns_that_the_log_names_are_not_guessed() {
        let pattern = |name: &str, engine: &str| {
            let text =
                format!("name = \"{name}\"\nabout = \"x\"\n{engine}\n[[case]]\nline = \"\"\nexpect = \"no match\"\n");
            pattern_file::read(&text, Path::new(&format!("{name}.toml"))).expect("a pattern")
        };
        let specs = [
            pattern("guessing", "w3c = { columns = [\"date\", \"time\", \"c-ip\"] }"),
            pattern("reading", "w3c = true"),
        ];
        let header = &b"#Fields: date time c-ip"[..];
        let line = &b"2026-11-23 10:00:00 10.0.0.1"[..];
        let names =
            |lines: &[&[u8]]| rank(&specs, lines).iter().map(|ranked| ranked.spec.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&[header, line]), ["reading"]);
        assert_eq!(names(&[line]), ["guessing"]);
    }
}
