//! The plan: a checked configuration, compiled so that lines can be counted.
//!
//! Promises: every fault of every pattern and metric at once; only fields that some metric reads are taken out of a line.
//! Does not: read logs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::aggregate::OtherRule;
use crate::model::fault::{Fault, Faults};
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
    /// The pattern's name, for messages.
    pub pattern: String,
    pub parser: LineParser,
    pub fields: Fields,
    pub metrics: Vec<MetricEntry>,
    /// The least that any of its metrics lets a time be ahead of the clock: later times say nothing about the file.
    pub max_ahead: Duration,
}

/// What one metric does with the lines of one source.
pub struct MetricEntry {
    pub metric: MetricIndex,
    /// `None` when the metric does not count this source any more, but a window still open does.
    pub current: Option<MetricReader>,
    /// Readers for rules that open windows were opened with, by place in `Aggregator::other_rules`.
    pub others: Vec<(u32, MetricReader)>,
}

/// Compiles everything. `others` are the rules of windows that are open under an earlier configuration.
pub fn build(configuration: &Configuration, others: &[OtherRule]) -> Result<Plan, Faults> {
    let mut faults = Vec::new();
    let mut patterns: HashMap<&str, Option<Pattern>> = HashMap::new();
    let mut sources = Vec::new();
    for source in &configuration.sources {
        let name = source.pattern.value.as_str();
        let Some(spec) = configuration.patterns.get(name) else { continue };
        let pattern = patterns.entry(name).or_insert_with(|| compile_pattern(spec, &mut faults));
        if let Some(pattern) = pattern {
            sources.extend(plan_source(configuration, source, pattern, others, &mut faults));
        }
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

fn plan_source(
    configuration: &Configuration,
    source: &SourceSpec,
    pattern: &Pattern,
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
    if !metrics.is_empty() && !pattern.has_time() {
        faults.push(no_time(source));
        return None;
    }
    let wanted: BTreeSet<&str> = metrics
        .iter()
        .map(|(_, spec)| *spec)
        .chain(others.iter().map(|(_, _, spec)| *spec))
        .flat_map(MetricReader::wanted)
        .filter(|field| pattern.field_type(field).is_some())
        .collect();
    let wanted: Vec<&str> = wanted.into_iter().collect();
    let slots: HashMap<&str, usize> = wanted.iter().enumerate().map(|(slot, name)| (*name, slot)).collect();
    let slot_of = |name: &str| -> Option<(usize, FieldType)> { Some((*slots.get(name)?, pattern.field_type(name)?)) };
    let mut entries: BTreeMap<MetricIndex, MetricEntry> = BTreeMap::new();
    for (index, spec) in &metrics {
        match MetricReader::compile(spec, *index, &source.pattern.value, slot_of) {
            Ok(reader) => entry(&mut entries, *index).current = Some(reader),
            Err(found) => faults.extend(found),
        }
    }
    for (place, index, spec) in &others {
        let reader = MetricReader::compile_lenient(spec, *index, slot_of);
        entry(&mut entries, *index).others.push((*place, reader));
    }
    let parser = match pattern.line_parser(&wanted, &source.time_zone) {
        Ok(parser) => parser,
        // Sources are found by their place: one must never be left out in silence.
        Err(names) => {
            let message =
                format!("source `{}`: pattern `{}` gives no {}", source.name, source.pattern.value, names.join(", "));
            faults.push(Fault::new(source.pattern.at.clone(), message));
            return None;
        }
    };
    let max_ahead = metrics.iter().map(|(_, spec)| spec.max_ahead).min().unwrap_or_default();
    Some(SourcePlan {
        name: source.name.clone(),
        pattern: source.pattern.value.clone(),
        parser,
        fields: Fields::with_slots(wanted.len()),
        metrics: entries.into_values().collect(),
        max_ahead,
    })
}

fn entry(entries: &mut BTreeMap<MetricIndex, MetricEntry>, metric: MetricIndex) -> &mut MetricEntry {
    entries.entry(metric).or_insert_with(|| MetricEntry { metric, current: None, others: Vec::new() })
}

fn no_time(source: &SourceSpec) -> Fault {
    let message = format!(
        "source `{}` uses pattern `{}`, which gives no `time`: a line's own time chooses its window",
        source.name, source.pattern.value
    );
    Fault::new(source.pattern.at.clone(), message)
        .help("say in the pattern file which field holds it: `[types]` with `time = { from = \"…\", type = \"time\", format = \"rfc3339\" }`")
}
