//! The plan: a checked configuration, compiled so that lines can be counted.
//!
//! Promises: every fault of every pattern and metric at once; only fields that some metric reads are taken out of a line.
//! Does not: read logs.

mod source;

use std::collections::HashMap;
use std::time::Duration;

use super::count::UnmatchedLine;
use crate::aggregate::OtherRule;
use crate::model::fault::{Fault, Faults, Located};
use crate::model::fields::Fields;
use crate::model::record::MetricIndex;
use crate::model::spec::{Configuration, PatternSpec};
use crate::model::time::UnixMicros;
use crate::parse::record::RecordReader;
use crate::parse::{LineParser, Pattern, Stop};
use crate::tail::captures::PathCaptures;
use crate::usage::MetricReader;

/// A pattern as a source names it.
struct Named<'a> {
    name: &'a Located<String>,
    spec: &'a PatternSpec,
    pattern: &'a Pattern,
}

/// How each source's lines are read and counted.
pub struct Plan {
    /// In the configuration's order.
    pub sources: Vec<SourcePlan>,
}

/// One source.
pub struct SourcePlan {
    pub name: String,
    /// `None` where each line is a record.
    pub records: Option<Box<RecordReader>>,
    /// Fields of files' paths; `None` where none is read.
    pub path: Option<PathPlan>,
    /// In the order in which they are tried: the first that matches a line reads it. Not empty.
    pub patterns: Vec<PatternPlan>,
    /// The least that any of its metrics lets a time be ahead of the clock: later times say nothing about the file.
    pub max_ahead: Duration,
}

/// One of a source's patterns.
pub struct PatternPlan {
    pub name: String,
    pub parser: LineParser,
    pub fields: Fields,
    /// Slots of wrappers' fields: where they are in the record's, and where in `fields`.
    pub outer: Vec<(usize, usize)>,
    /// Slots of the path's fields, by their place in [`PathPlan::names`].
    pub path: Vec<(usize, usize)>,
    /// Every metric that counts the source, whichever pattern reads the line.
    pub metrics: Vec<MetricEntry>,
}

impl PatternPlan {
    /// Takes the wrappers' fields of a record that the pattern has read, and the innermost one's time where the record has
    /// none of its own.
    #[inline]
    pub fn take_outer(&mut self, outer: &Fields) {
        for (place, slot) in &self.outer {
            if let Some(value) = outer.get(b"", *place) {
                self.fields.set_decoded(*slot, value);
            }
        }
        self.fields.time = self.fields.time.or(outer.time);
    }
}

/// Fields that a source's files have from their paths.
pub struct PathPlan {
    pub captures: PathCaptures,
    /// Those that a metric reads.
    pub names: Vec<String>,
}

impl SourcePlan {
    /// Says at which moment the lines that follow are read: for times without a year.
    pub fn set_reference_time(&mut self, at: UnixMicros) {
        for pattern in &mut self.patterns {
            pattern.parser.set_reference_time(at);
        }
        if let Some(records) = &mut self.records {
            records.set_reference_time(at);
        }
    }
}

/// What one metric does with the lines that one pattern of one source reads.
pub struct MetricEntry {
    pub metric: MetricIndex,
    /// `None` when the metric does not count this source any more, but a window still open does.
    pub current: Option<MetricReader>,
    /// Readers for rules that open windows were opened with, by place in `Aggregator::other_rules`.
    pub others: Vec<(u32, MetricReader)>,
}

impl SourcePlan {
    /// For messages: `pattern `a``, or `patterns `a`, `b``.
    pub fn pattern_names(&self) -> String {
        let names: Vec<String> = self.patterns.iter().map(|pattern| format!("`{}`", pattern.name)).collect();
        format!("{} {}", if names.len() == 1 { "pattern" } else { "patterns" }, names.join(", "))
    }

    /// How far the line matches the pattern that came farthest, and what stands there instead: for the line's owner.
    pub fn explain(&mut self, found: &UnmatchedLine<'_>) -> String {
        self.explained(found, LineParser::explain)
    }

    /// Where the line stops matching the pattern that came farthest.
    pub fn stop(&mut self, found: &UnmatchedLine<'_>) -> Stop {
        let is_one_of_many = self.patterns.len() > 1;
        let of_mismatch = || {
            let Stop { at, expected } = found.mismatch.stop();
            Stop { at: at.map(|at| at.min(found.line.len())), expected }
        };
        if let Some(wrapper) = found.wrapper {
            let Stop { at, expected } = of_mismatch();
            return Stop { at, expected: format!("{expected} (no `{}` line)", wrapper.name()) };
        }
        let Some(pattern) = self.patterns.get_mut(found.pattern) else { return of_mismatch() };
        let Stop { at, expected } = pattern.parser.stop(found.line).unwrap_or_else(of_mismatch);
        let expected = if is_one_of_many { format!("{expected} (nearest is `{}`)", pattern.name) } else { expected };
        Stop { at, expected }
    }

    /// The same without anything of the line: for logs.
    pub fn explain_discreetly(&mut self, found: &UnmatchedLine<'_>) -> String {
        self.explained(found, LineParser::explain_discreetly)
    }

    fn explained(&mut self, found: &UnmatchedLine<'_>, explain: fn(&mut LineParser, &[u8]) -> String) -> String {
        let is_one_of_many = self.patterns.len() > 1;
        let Some(pattern) = self.patterns.get_mut(found.pattern) else { return found.mismatch.to_string() };
        if let Some(wrapper) = found.wrapper {
            return format!("no `{}` line: {}", wrapper.name(), found.mismatch);
        }
        let why = explain(&mut pattern.parser, found.line);
        if is_one_of_many { format!("nearest is `{}`: {why}", pattern.name) } else { why }
    }

    /// Whether anything of a file is to be kept beside its cursor.
    pub fn keeps_memory(&self) -> bool {
        self.records.is_some() || self.path.is_some() || self.keeps_file_state()
    }

    /// Whether a pattern's lines depend on earlier ones.
    pub fn keeps_file_state(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.parser.keeps_file_state())
    }

    /// How often a field's text did not fit its type: pattern, field, count.
    pub fn invalid_fields(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.patterns.iter().flat_map(|pattern| {
            pattern.parser.invalid_fields().map(|(field, count)| (pattern.name.as_str(), field, count))
        })
    }
}

/// Compiles everything. `others` are the rules of windows that are open under an earlier configuration.
pub fn build(configuration: &Configuration, others: &[OtherRule]) -> Result<Plan, Faults> {
    let mut faults = Vec::new();
    let mut compiled: HashMap<&str, Option<Pattern>> = HashMap::new();
    let named = configuration.sources.iter().flat_map(|source| &source.patterns);
    for spec in named.filter_map(|name| configuration.patterns.get(&name.value)) {
        compiled.entry(&spec.name).or_insert_with(|| compile_pattern(spec, &mut faults));
    }
    let mut sources = Vec::new();
    for source in &configuration.sources {
        let patterns = source.patterns.iter().map(|name| {
            let pattern = compiled.get(name.value.as_str())?.as_ref()?;
            Some(Named { name, spec: configuration.patterns.get(&name.value)?, pattern })
        });
        let Some(patterns) = patterns.collect::<Option<Vec<_>>>() else { continue };
        sources.extend(source::plan(configuration, source, &patterns, others, &mut faults));
    }
    faults.dedup();
    if faults.is_empty() { Ok(Plan { sources }) } else { Err(Faults(faults)) }
}

fn compile_pattern(spec: &PatternSpec, faults: &mut Vec<Fault>) -> Option<Pattern> {
    match Pattern::compile(spec) {
        Ok(pattern) => Some(pattern),
        Err(found) => {
            faults.extend(found);
            None
        }
    }
}

#[cfg(test)]
mod tests;
