//! The plan of one source: its patterns' parsers, what stands around their lines, and its metrics' readers.
//!
//! Promises: every fault at its place. Does not: compile patterns.

use std::collections::{BTreeMap, BTreeSet};

use super::{MetricEntry, Named, PathPlan, PatternPlan, SourcePlan};
use crate::aggregate::OtherRule;
use crate::model::fault::Fault;
use crate::model::fields::{FieldType, Fields};
use crate::model::record::MetricIndex;
use crate::model::spec::{Configuration, MetricSpec, SourceSpec};
use crate::parse::LineTime;
use crate::parse::record::Records;
use crate::tail::captures::PathCaptures;
use crate::usage::{Giver, MetricReader};

fn counts(metric: &MetricSpec, source: &SourceSpec) -> bool {
    metric.sources.iter().any(|named| named.value == source.name)
}

/// A pattern as one source's metrics see it.
struct View<'a> {
    named: &'a Named<'a>,
    /// Slot `i` is `wanted[i]`; after them come the slots of `outer`, then those of `path`.
    wanted: Vec<&'a str>,
    /// Places in the wrappers' wanted fields, and in the path's.
    outer: Vec<(usize, &'a str)>,
    path: Vec<(usize, &'a str)>,
    around: &'a Around<'a>,
}

/// What a source's lines have beside what a pattern gives.
struct Around<'a> {
    records: Option<&'a Records>,
    outer: &'a [&'a str],
    path: &'a [&'a str],
    /// Names in the path, wanted or not.
    path_names: &'a BTreeSet<&'a str>,
}

impl<'a> View<'a> {
    fn new(named: &'a Named<'a>, read: &BTreeSet<&'a str>, around: &'a Around<'a>) -> Self {
        let pattern = named.pattern;
        let place = |names: &[&'a str], field: &str| names.iter().position(|name| *name == field);
        let (mut wanted, mut outer, mut path) = (Vec::new(), Vec::new(), Vec::new());
        for field in read.iter().copied() {
            let of_wrapper = place(around.outer, field).filter(|_| field != "time" || !pattern.has_time());
            if let Some(place) = place(around.path, field) {
                path.push((place, field));
            } else if let Some(place) = of_wrapper {
                outer.push((place, field));
            } else if pattern.field_type(field).is_some() {
                wanted.push(field);
            }
        }
        Self { named, wanted, outer, path, around }
    }

    fn has_time(&self) -> bool {
        self.named.pattern.has_time() || self.around.records.is_some_and(Records::has_time)
    }

    fn slot_of(&self, name: &str) -> Option<(usize, FieldType)> {
        if let Ok(slot) = self.wanted.binary_search(&name) {
            return Some((slot, self.named.pattern.field_type(name)?));
        }
        if let Some(at) = self.outer.iter().position(|(_, field)| *field == name) {
            return Some((self.wanted.len() + at, self.around.records?.field_type(name)?));
        }
        let at = self.path.iter().position(|(_, field)| *field == name)?;
        Some((self.wanted.len() + self.outer.len() + at, FieldType::Text))
    }

    /// What a metric can name.
    fn given(&self) -> Vec<&str> {
        let around = self.around.outer.iter().chain(self.around.path_names).copied();
        self.named.pattern.field_names().into_iter().chain(around).collect()
    }

    fn slots(&self) -> usize {
        self.wanted.len() + self.outer.len() + self.path.len()
    }
}

pub(super) fn plan(
    configuration: &Configuration,
    source: &SourceSpec,
    patterns: &[Named<'_>],
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
    let records = compile_records(configuration, source, patterns, faults)?;
    let records = records.as_ref();
    let has_time = |named: &Named<'_>| named.pattern.has_time() || records.is_some_and(Records::has_time);
    if !metrics.is_empty() && !patterns.iter().any(has_time) {
        faults.push(no_time(source, patterns));
        return None;
    }
    let specs = metrics.iter().map(|(_, spec)| *spec).chain(others.iter().map(|(_, _, spec)| *spec));
    let read: BTreeSet<&str> = specs.flat_map(MetricReader::wanted).collect();
    let path_names = path_names(source, patterns, records, faults)?;
    let path: Vec<&str> = read.iter().copied().filter(|field| path_names.contains(field)).collect();
    let some_need_time = patterns.iter().any(|named| !named.pattern.has_time());
    let is_outer = |field: &&str| {
        records.is_some_and(|records| records.field_type(field).is_some()) && (*field != "time" || some_need_time)
    };
    let outer: Vec<&str> = read.iter().copied().filter(is_outer).collect();
    let around = Around { records, outer: &outer, path: &path, path_names: &path_names };
    let views: Vec<View<'_>> = patterns.iter().map(|named| View::new(named, &read, &around)).collect();
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
    // Sources are found by their place: one must never be left out in silence.
    let plans: Vec<_> =
        views.iter().zip(entries).map(|(view, entries)| plan_pattern(source, view, entries, faults)).collect();
    let reader = records.map(|records| records.reader(&outer, &source.time_zone, LineTime::Taken)).transpose();
    let reader = reader.map_err(|names| faults.push(no_field(source, &names))).ok()?;
    let captures = PathCaptures::new(&source.path_fields).map_err(|found| faults.extend(found)).ok()?;
    Some(SourcePlan {
        name: source.name.clone(),
        records: reader.map(Box::new),
        path: (!path.is_empty())
            .then(|| PathPlan { captures, names: path.iter().map(|&name| name.to_owned()).collect() }),
        patterns: plans.into_iter().collect::<Option<_>>()?,
        max_ahead: metrics.iter().map(|(_, spec)| spec.max_ahead).min().unwrap_or_default(),
    })
}

/// What the source says of its lines, and its patterns inside of that: they must agree, since a line becomes a record before
/// it is known which of them reads it.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether there is a fault, the inner one whether there is work"
)]
fn compile_records(
    configuration: &Configuration,
    source: &SourceSpec,
    patterns: &[Named<'_>],
    faults: &mut Vec<Fault>,
) -> Option<Option<Records>> {
    let first = patterns.first()?;
    let wrappers = |named: &Named<'_>| named.spec.records.unwrap.iter().map(|layer| layer.value).collect::<Vec<_>>();
    let rule = |named: &Named<'_>| named.spec.records.multiline.as_ref().map(|multiline| multiline.value.clone());
    let mut disagree = |other: &Named<'_>, key: &str, help: &str| {
        let message = format!(
            "source `{}`: patterns `{}` and `{}` have different `{key}`, so which lines are records is not known",
            source.name, first.name.value, other.name.value
        );
        faults.push(Fault::new(other.name.at.clone(), message).help(help));
    };
    if let Some(other) = patterns.iter().find(|named| wrappers(named) != wrappers(first)) {
        disagree(other, "unwrap", "leave it out of the pattern files, and write `unwrap = […]` on the source");
        return None;
    }
    let own_rule = source.records.multiline.is_some();
    if let Some(other) = patterns.iter().find(|named| !own_rule && rule(named) != rule(first)) {
        disagree(other, "multiline", "write `multiline = …` on the source: it is used for all of its patterns");
        return None;
    }
    let records = source.records.around(&first.spec.records);
    Records::compile(&records, configuration.tail.max_line_bytes).map_err(|found| faults.extend(found)).ok()
}

/// The fields of the source's paths. One that a pattern or a wrapper gives too would be one or the other.
fn path_names<'a>(
    source: &'a SourceSpec,
    patterns: &[Named<'_>],
    records: Option<&Records>,
    faults: &mut Vec<Fault>,
) -> Option<BTreeSet<&'a str>> {
    let mut names = BTreeSet::new();
    let before = faults.len();
    for glob in &source.path_fields {
        for name in glob.names() {
            let given_by = patterns.iter().find(|named| named.pattern.field_names().contains(&name));
            let given_by = given_by.map(|named| format!("pattern `{}`", named.name.value));
            let wrapper = || records?.field_type(name).map(|_| "`unwrap`".to_owned());
            if let Some(by) = given_by.or_else(wrapper) {
                let message =
                    format!("source `{}` takes field `{name}` from the path, and {by} gives it too", source.name);
                faults.push(Fault::new(glob.at.clone(), message).help("give the one in the path another name"));
            }
            names.insert(name);
        }
    }
    (faults.len() == before).then_some(names)
}

/// Readers of a metric for each pattern. One pattern with a time has to give all that the metric reads; in the others,
/// what they lack is absent. `Err`: what the pattern that is nearest to it lacks.
fn compile_for_all(spec: &MetricSpec, index: MetricIndex, views: &[View<'_>]) -> Result<Vec<MetricReader>, Vec<Fault>> {
    let mut readers = Vec::with_capacity(views.len());
    let mut is_served = false;
    let mut nearest: Option<Vec<Fault>> = None;
    for view in views {
        let slot_of = |name: &str| view.slot_of(name);
        let fields = view.given();
        let giver = Giver { pattern: &view.named.name.value, fields: &fields };
        match MetricReader::compile(spec, index, giver, slot_of) {
            Ok(reader) => {
                is_served |= view.has_time();
                readers.push(reader);
            }
            Err(faults) => {
                readers.push(MetricReader::compile_lenient(spec, index, slot_of));
                let is_nearest = nearest.as_ref().is_none_or(|nearest| faults.len() < nearest.len());
                if view.has_time() && is_nearest {
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
    let View { named, wanted, outer, path, .. } = view;
    let parser = named.pattern.line_parser(wanted, &source.time_zone);
    let parser = parser.map_err(|names| faults.push(no_field(source, &names))).ok()?;
    let slots_from = |first: usize, places: &[(usize, &str)]| {
        places.iter().enumerate().map(|(at, (place, _))| (*place, first + at)).collect()
    };
    Some(PatternPlan {
        name: named.name.value.clone(),
        parser,
        fields: Fields::with_slots(view.slots()),
        outer: slots_from(wanted.len(), outer),
        path: slots_from(wanted.len() + outer.len(), path),
        metrics: entries.into_values().collect(),
    })
}

fn no_field(source: &SourceSpec, names: &[String]) -> Fault {
    Fault::new(source.at.clone(), format!("source `{}`: nothing gives {}", source.name, names.join(", ")))
}

fn entry(entries: &mut BTreeMap<MetricIndex, MetricEntry>, metric: MetricIndex) -> &mut MetricEntry {
    entries.entry(metric).or_insert_with(|| MetricEntry { metric, current: None, others: Vec::new() })
}

fn no_time(source: &SourceSpec, patterns: &[Named<'_>]) -> Fault {
    let names: Vec<String> = patterns.iter().map(|named| format!("`{}`", named.name.value)).collect();
    let (what, give) = if names.len() == 1 { ("pattern", "gives") } else { ("patterns", "give") };
    let message = format!(
        "source `{}` uses {what} {}, which {give} no `time`: a line's own time chooses its window",
        source.name,
        names.join(", ")
    );
    let at = patterns.first().map_or_else(|| source.at.clone(), |named| named.name.at.clone());
    Fault::new(at, message)
        .help("say in the pattern file which field holds it: `[types]` with `time = { from = \"…\", type = \"time\", format = \"rfc3339\" }`")
}
