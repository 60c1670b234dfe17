//! A metric, records for it, and a store that holds what confirmed commits wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::aggregate::{Added, Aggregator, Commit, Rule, RuleRef};
use crate::model::decimal::Decimal;
use crate::model::event::{AgentId, SealedEvent, Window, WindowId};
use crate::model::fault::{Located, Location};
use crate::model::record::{Input, KeyPart, KeyWriter, MetricIndex, UsageRecord};
use crate::model::spec::{Condition, DateOf, Late, Measure, MetricSpec, Template, TemplatePart, Test, WindowLength};
use crate::model::time::UnixMicros;

/// In seconds.
pub(super) const HOUR: i64 = 3_600;
pub(super) const DAY: i64 = 24 * HOUR;
pub(super) const GRACE: i64 = 60;
pub(super) const AHEAD: i64 = 600;
pub(super) const LATE_EVERY: i64 = 1_000;

pub(super) const AGENT: AgentId = AgentId(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));

pub(super) fn at(second: i64) -> UnixMicros {
    UnixMicros::from_seconds(second)
}

fn located<T>(value: T) -> Located<T> {
    Located::new(value, Location::new("pxtail.toml", 1))
}

fn template(field: &str) -> Located<Template> {
    located(Template { parts: vec![TemplatePart::Field { name: field.to_owned(), default: None }] })
}

/// One property, every measure; the hour in UTC.
pub(super) fn hour_spec() -> MetricSpec {
    let field = || "bytes".to_owned();
    MetricSpec {
        at: Location::new("pxtail.toml", 1),
        name: "hits".to_owned(),
        sources: vec![located("web".to_owned())],
        event: located("Hits".to_owned()),
        window: WindowLength::Part(Duration::from_hours(1)),
        time_zone: jiff::tz::TimeZone::UTC,
        date: DateOf::Noon,
        grace: Duration::from_secs(GRACE as u64),
        seal_wait: Duration::from_hours(6),
        late: Late::Delta,
        late_every: Duration::from_secs(LATE_EVERY as u64),
        max_ahead: Duration::from_secs(AHEAD as u64),
        user: Some(template("user")),
        account: Some(template("account")),
        service_user: Some("service".to_owned()),
        conditions: vec![located(Condition { field: "path".to_owned(), test: Test::Exists(true) })],
        properties: BTreeMap::from([("category".to_owned(), template("category"))]),
        measures: BTreeMap::from([
            ("bytes".to_owned(), located(Measure::Sum { field: field() })),
            ("count".to_owned(), located(Measure::Count)),
            ("largest".to_owned(), located(Measure::Max { field: field() })),
            ("smallest".to_owned(), located(Measure::Min { field: field() })),
        ]),
        max_groups: 1_000_000,
    }
}

pub(super) fn hourly(spec: &MetricSpec) -> Aggregator {
    Aggregator::new(AGENT, vec![Arc::new(Rule::new(spec))])
}

/// A user without account, and a category ("" for none).
pub(super) fn key_of(user: &str, category: &str) -> Vec<u8> {
    key_from(&[
        if user.is_empty() { KeyPart::Absent } else { KeyPart::Text(user.to_owned()) },
        KeyPart::Absent,
        if category.is_empty() { KeyPart::Absent } else { KeyPart::Text(category.to_owned()) },
    ])
}

pub(super) fn key_from(parts: &[KeyPart]) -> Vec<u8> {
    let mut key = Vec::new();
    let mut writer = KeyWriter(&mut key);
    for part in parts {
        writer.part(part);
    }
    key
}

#[expect(clippy::too_many_arguments, reason = "a line of a table")]
pub(super) fn add_under(
    aggregator: &mut Aggregator,
    by: RuleRef,
    metric: u32,
    second: i64,
    user: &str,
    category: &str,
    bytes: Option<&str>,
    now: i64,
) -> Added {
    let bytes = bytes.map_or(Input::Absent, |bytes| Input::Number(Decimal::parse(bytes.as_bytes()).unwrap()));
    let rule = match by {
        RuleRef::Current => aggregator.rule(MetricIndex(metric)).unwrap(),
        RuleRef::Other(other) => &aggregator.other_rules()[other as usize].rule,
    };
    let properties = rule.spec.properties.len();
    let measures = rule.spec.measures.values();
    let inputs: Vec<Input> =
        measures.map(|measure| if measure.value.field().is_some() { bytes } else { Input::One }).collect();
    let mut key = key_of(user, category);
    for _ in 1..properties {
        KeyWriter(&mut key).absent();
    }
    let record = UsageRecord { metric: MetricIndex(metric), time: at(second), key: &key, inputs: &inputs };
    aggregator.add_under(by, &record, at(now))
}

pub(super) fn add(
    aggregator: &mut Aggregator,
    metric: u32,
    second: i64,
    user: &str,
    category: &str,
    bytes: Option<&str>,
    now: i64,
) -> Added {
    add_under(aggregator, RuleRef::Current, metric, second, user, category, bytes, now)
}

#[derive(Clone, Debug)]
struct StoredWindow {
    rule: Arc<Rule>,
    opened_at: UnixMicros,
    lines: u64,
    groups: BTreeMap<u32, (Vec<u8>, Vec<u8>)>,
}

/// What a ledger would hold: only confirmed commits reach it.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    windows: BTreeMap<WindowId, StoredWindow>,
    sealed: BTreeMap<(Arc<str>, Window), u32>,
    pub(super) outbox: Vec<SealedEvent>,
}

impl Store {
    /// Writes one commit, and confirms it.
    pub(super) fn commit(&mut self, aggregator: &mut Aggregator, seal: &[WindowId]) {
        let commit = aggregator.commit(seal);
        self.write(&commit);
        commit.confirm();
    }

    fn write(&mut self, commit: &Commit<'_>) {
        for window in commit.changed() {
            assert_eq!(window.is_new(), !self.windows.contains_key(window.id()), "a window is new once");
            let stored = self.windows.entry(window.id().clone()).or_insert_with(|| StoredWindow {
                rule: Arc::clone(window.rule()),
                opened_at: window.opened_at(),
                lines: 0,
                groups: BTreeMap::new(),
            });
            stored.lines = window.lines();
            for group in window.groups() {
                let mut state = Vec::new();
                group.encode_state(&mut state);
                assert_eq!(group.key.is_some(), !stored.groups.contains_key(&group.ordinal), "a key is written once");
                let place = stored.groups.entry(group.ordinal).or_default();
                place.0.extend_from_slice(group.key.unwrap_or_default());
                place.1 = state;
            }
        }
        for window in commit.sealing() {
            assert_eq!(window.is_new(), !self.windows.contains_key(window.id()), "a window is new once");
            self.windows.remove(window.id());
            self.sealed.insert((Arc::clone(&window.id().metric), window.id().window), window.id().revision);
            let before = self.outbox.len();
            self.outbox.extend(window.events());
            assert_eq!(self.outbox.len() - before, window.event_count());
            let lines: u64 = self.outbox[before..].iter().map(|event| event.lines).sum();
            assert_eq!(lines, window.lines(), "a window's lines are those of its events");
        }
    }

    /// Writes one commit that fails: this store is a copy, to be thrown away.
    pub(super) fn commit_unconfirmed(mut self, aggregator: &mut Aggregator, seal: &[WindowId]) {
        let commit = aggregator.commit(seal);
        self.write(&commit);
    }

    /// What a start after a crash finds.
    pub(super) fn restore(&self, rules: Vec<Arc<Rule>>) -> Aggregator {
        let mut aggregator = Aggregator::new(AGENT, rules);
        for ((metric, window), revision) in &self.sealed {
            aggregator.restore_sealed(metric, *window, *revision);
        }
        for (id, stored) in &self.windows {
            // A rule that comes from the ledger is never the one that is configured, only equal to it.
            let rule = Arc::new(Rule::new(&stored.rule.spec));
            let mut window = aggregator.restore_window(id.clone(), rule, stored.opened_at).unwrap();
            for (ordinal, (key, state)) in &stored.groups {
                window.group(*ordinal, key, state).unwrap();
            }
            window.finish();
        }
        aggregator
    }

    /// Lines in the outbox and in open windows: what the books say.
    pub(super) fn lines(&self) -> u64 {
        let sealed: u64 = self.outbox.iter().map(|event| event.lines).sum();
        sealed + self.windows.values().map(|window| window.lines).sum::<u64>()
    }

    /// Windows that are open, by the ledger.
    pub(super) fn open(&self) -> impl Iterator<Item = WindowId> {
        self.windows.keys().cloned()
    }

    pub(super) fn check_ids(&self) {
        let ids: BTreeSet<_> = self.outbox.iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), self.outbox.len(), "each event has an id of its own");
    }
}
