//! What a metric makes of a line that matches.

use jiff::tz::TimeZone;

use super::Matched;
use crate::aggregate::{KEEP_REVISIONS, window_of};
use crate::model::event::Window;
use crate::model::fault::{Fault, Located};
use crate::model::fields::FieldType;
use crate::model::record::{Input, KeyPart, MetricIndex, read_key};
use crate::model::spec::{Condition, Late, MetricSpec};
use crate::model::time::UnixMicros;
use crate::usage::{self, Discard, Giver, MetricReader};

/// One metric and a line.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    pub metric: &'a MetricSpec,
    pub judgement: Judgement<'a>,
}

/// What becomes of the line there.
#[derive(Clone, Debug)]
pub enum Judgement<'a> {
    /// The metric does not name the source.
    OtherSource,
    /// It cannot read lines of this pattern.
    Faults(Vec<Fault>),
    /// These conditions do not hold; with each what the line has.
    Conditions(Vec<(&'a Located<Condition>, Option<Vec<u8>>)>),
    /// Anything else that is wrong with the line.
    Refused(Discard),
    Counts(Record),
}

/// What the line adds.
#[derive(Clone, Debug)]
pub struct Record {
    pub user: KeyPart,
    pub account: KeyPart,
    /// By name.
    pub properties: Vec<(String, KeyPart)>,
    /// By name.
    pub measures: Vec<(String, Input)>,
    pub window: Option<Window>,
    pub zone: TimeZone,
    pub timeliness: Timeliness,
}

/// How the line's time stands to the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeliness {
    InTime,
    /// Its window seals before a line that comes now.
    Late(Late),
    /// Its window is older than revisions are remembered.
    TooOld,
    TooFarAhead,
}

/// Whether other patterns of the source may give what this one lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    None,
    SomePattern,
}

/// `source` is the name of the line's source, `pattern` that of the one which read it.
#[must_use]
pub fn judge<'a>(
    metric: &'a MetricSpec,
    source: &str,
    (pattern, others): (&str, Others),
    line: &[u8],
    matched: &Matched,
    now: UnixMicros,
) -> Judged<'a> {
    let judgement = |judgement| Judged { metric, judgement };
    if !metric.sources.iter().any(|named| named.value == source) {
        return judgement(Judgement::OtherSource);
    }
    let slot_of = |field: &str| -> Option<(usize, FieldType)> {
        let slot = matched.slots.iter().position(|(slot, _)| slot == field)?;
        Some((slot, matched.slots.get(slot)?.1))
    };
    let fields: Vec<&str> = matched.slots.iter().map(|(name, _)| name.as_str()).collect();
    let giver = Giver { pattern, fields: &fields };
    let mut reader = match MetricReader::compile(metric, MetricIndex(0), giver, slot_of) {
        Ok(reader) => reader,
        Err(_) if others == Others::SomePattern => MetricReader::compile_lenient(metric, MetricIndex(0), slot_of),
        Err(faults) => return judgement(Judgement::Faults(faults)),
    };
    judgement(match reader.read(line, &matched.values) {
        Err(Discard::Condition) => {
            let refusing = usage::refusing(metric, slot_of, line, &matched.values);
            let found = |condition: &Located<Condition>| {
                let (slot, _) = slot_of(&condition.value.field)?;
                matched.values.get(line, slot).map(<[u8]>::to_vec)
            };
            Judgement::Conditions(refusing.into_iter().map(|condition| (condition, found(condition))).collect())
        }
        Err(discard) => Judgement::Refused(discard),
        Ok(record) => {
            let mut parts = read_key(record.key).unwrap_or_default().into_iter();
            let mut next = || parts.next().unwrap_or(KeyPart::Absent);
            let (user, account) = (next(), next());
            let properties = metric.properties.keys().map(|name| (name.clone(), next())).collect();
            let measures = metric.measures.keys().cloned().zip(record.inputs.iter().copied()).collect();
            let window = window_of(metric, record.time);
            let timeliness = timeliness(metric, window, record.time, now);
            Judgement::Counts(Record {
                user,
                account,
                properties,
                measures,
                window,
                zone: metric.time_zone.clone(),
                timeliness,
            })
        }
    })
}

fn timeliness(metric: &MetricSpec, window: Option<Window>, time: UnixMicros, now: UnixMicros) -> Timeliness {
    let Some(window) = window else { return Timeliness::TooOld };
    if time > now.plus(metric.max_ahead) {
        Timeliness::TooFarAhead
    } else if window.end.plus(KEEP_REVISIONS) <= now {
        Timeliness::TooOld
    } else if window.end.plus(metric.grace) <= now {
        Timeliness::Late(metric.late)
    } else {
        Timeliness::InTime
    }
}
