//! The plan: a checked configuration, compiled so that lines can be counted.
//!
//! Promises: every fault of every pattern and metric at once; only fields that some metric reads are taken out of a line.
//! Does not: read logs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::count::UnmatchedLine;
use crate::aggregate::OtherRule;
use crate::model::fault::{Fault, Faults, Located};
use crate::model::fields::{FieldType, Fields};
use crate::model::record::MetricIndex;
use crate::model::spec::{Configuration, MetricSpec, PatternSpec, SourceSpec};
use crate::parse::{LineParser, Pattern};
use crate::usage::MetricReader;

/// How each source's lines are read and counted.
pub struct Plan {
    /// In the configuration's order.
    pub sources: Vec<SourcePlan>,
}

/// One source.
pub struct SourcePlan {
    pub name: String,
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
    /// Every metric that counts the source, whichever pattern reads the line.
    pub metrics: Vec<MetricEntry>,
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

    /// The same without anything of the line: for logs.
    pub fn explain_discreetly(&mut self, found: &UnmatchedLine<'_>) -> String {
        self.explained(found, LineParser::explain_discreetly)
    }

    fn explained(&mut self, found: &UnmatchedLine<'_>, explain: fn(&mut LineParser, &[u8]) -> String) -> String {
        let is_one_of_many = self.patterns.len() > 1;
        let Some(pattern) = self.patterns.get_mut(found.pattern) else { return found.mismatch.to_string() };
        let why = explain(&mut pattern.parser, found.line);
        if is_one_of_many { format!("nearest is `{}`: {why}", pattern.name) } else { why }
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
        let patterns = source.patterns.iter().map(|name| Some((name, compiled.get(name.value.as_str())?.as_ref()?)));
        let Some(patterns) = patterns.collect::<Option<Vec<_>>>() else { continue };
        sources.extend(plan_source(configuration, source, &patterns, others, &mut faults));
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

fn counts(metric: &MetricSpec, source: &SourceSpec) -> bool {
    metric.sources.iter().any(|named| named.value == source.name)
}

/// A pattern as one source's metrics see it.
struct View<'a> {
    name: &'a Located<String>,
    pattern: &'a Pattern,
    /// Slot `i` is `wanted[i]`.
    wanted: Vec<&'a str>,
}

impl<'a> View<'a> {
    fn new(name: &'a Located<String>, pattern: &'a Pattern, read: &BTreeSet<&'a str>) -> Self {
        let wanted = read.iter().copied().filter(|field| pattern.field_type(field).is_some()).collect();
        Self { name, pattern, wanted }
    }

    fn slot_of(&self, name: &str) -> Option<(usize, FieldType)> {
        let slot = self.wanted.binary_search(&name).ok()?;
        Some((slot, self.pattern.field_type(name)?))
    }
}

fn plan_source(
    configuration: &Configuration,
    source: &SourceSpec,
    patterns: &[(&Located<String>, &Pattern)],
    others: &[OtherRule],
    faults: &mut Vec<Fault>,
) -> Option<SourcePlan> {
    let metrics: Vec<(MetricIndex, &MetricSpec)> =
        (0..).map(MetricIndex).zip(&configuration.metrics).filter(|(_, metric)| counts(metric, source)).collect();
    let others: Vec<(u32, MetricIndex, &MetricSpec)> = (0..)
        .zip(others)
        .filter_map(|(place, other)| Some((place, other.metric?, &other.rule.spec)))
        .filter(|(_, _, spec)| counts(spec, source))
        .collect();
    if !metrics.is_empty() && !patterns.iter().any(|(_, pattern)| pattern.has_time()) {
        faults.push(no_time(source, patterns));
        return None;
    }
    let specs = metrics.iter().map(|(_, spec)| *spec).chain(others.iter().map(|(_, _, spec)| *spec));
    let read: BTreeSet<&str> = specs.flat_map(MetricReader::wanted).collect();
    let views: Vec<View<'_>> = patterns.iter().map(|(name, pattern)| View::new(name, pattern, &read)).collect();
    let mut entries: Vec<BTreeMap<MetricIndex, MetricEntry>> = views.iter().map(|_| BTreeMap::new()).collect();
    for (index, spec) in &metrics {
        match compile_for_all(spec, *index, &views) {
            Ok(readers) => {
                for (entries, reader) in entries.iter_mut().zip(readers) {
                    entry(entries, *index).current = Some(reader);
                }
            }
            Err(found) => faults.extend(found),
        }
    }
    for (place, index, spec) in &others {
        for (entries, view) in entries.iter_mut().zip(&views) {
            let reader = MetricReader::compile_lenient(spec, *index, |name| view.slot_of(name));
            entry(entries, *index).others.push((*place, reader));
        }
    }
    let patterns = views.iter().zip(entries).map(|(view, entries)| plan_pattern(source, view, entries, faults));
    // Sources are found by their place: one must never be left out in silence.
    let patterns = patterns.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
    let max_ahead = metrics.iter().map(|(_, spec)| spec.max_ahead).min().unwrap_or_default();
    Some(SourcePlan { name: source.name.clone(), patterns, max_ahead })
}

/// Readers of a metric for each pattern. One pattern with a time has to give all that the metric reads; in the others,
/// what they lack is absent. `Err`: what the pattern that is nearest to it lacks.
fn compile_for_all(spec: &MetricSpec, index: MetricIndex, views: &[View<'_>]) -> Result<Vec<MetricReader>, Vec<Fault>> {
    let mut readers = Vec::with_capacity(views.len());
    let mut is_served = false;
    let mut nearest: Option<Vec<Fault>> = None;
    for view in views {
        let slot_of = |name: &str| view.slot_of(name);
        match MetricReader::compile(spec, index, &view.name.value, slot_of) {
            Ok(reader) => {
                is_served |= view.pattern.has_time();
                readers.push(reader);
            }
            Err(faults) => {
                readers.push(MetricReader::compile_lenient(spec, index, slot_of));
                let is_nearest = nearest.as_ref().is_none_or(|nearest| faults.len() < nearest.len());
                if view.pattern.has_time() && is_nearest {
                    nearest = Some(faults);
                }
            }
        }
    }
    match nearest {
        Some(faults) if !is_served => Err(faults),
        _ => Ok(readers),
    }
}

fn plan_pattern(
    source: &SourceSpec,
    view: &View<'_>,
    entries: BTreeMap<MetricIndex, MetricEntry>,
    faults: &mut Vec<Fault>,
) -> Option<PatternPlan> {
    let View { name, pattern, wanted } = view;
    match pattern.line_parser(wanted, &source.time_zone) {
        Ok(parser) => Some(PatternPlan {
            name: name.value.clone(),
            parser,
            fields: Fields::with_slots(wanted.len()),
            metrics: entries.into_values().collect(),
        }),
        Err(names) => {
            let message = format!("source `{}`: pattern `{}` gives no {}", source.name, name.value, names.join(", "));
            faults.push(Fault::new(name.at.clone(), message));
            None
        }
    }
}

fn entry(entries: &mut BTreeMap<MetricIndex, MetricEntry>, metric: MetricIndex) -> &mut MetricEntry {
    entries.entry(metric).or_insert_with(|| MetricEntry { metric, current: None, others: Vec::new() })
}

fn no_time(source: &SourceSpec, patterns: &[(&Located<String>, &Pattern)]) -> Fault {
    let names: Vec<String> = patterns.iter().map(|(name, _)| format!("`{}`", name.value)).collect();
    let (what, give) = if names.len() == 1 { ("pattern", "gives") } else { ("patterns", "give") };
    let message = format!(
        "source `{}` uses {what} {}, which {give} no `time`: a line's own time chooses its window",
        source.name,
        names.join(", ")
    );
    let at = patterns.first().map_or_else(|| source.at.clone(), |(name, _)| name.at.clone());
    Fault::new(at, message)
        .help("say in the pattern file which field holds it: `[types]` with `time = { from = \"…\", type = \"time\", format = \"rfc3339\" }`")
}

#[cfg(test)]
mod tests;
