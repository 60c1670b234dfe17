//! Generated lists of actions against a naive model: the list of lines that were accepted.
//!
//! The number that a line carries is its own time, so that a window's smallest and largest say whether the lines in it
//! belong there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::super::{Added, Aggregator, Rule};
use super::support::*;
use crate::model::decimal::Decimal;
use crate::model::event::{AttributeValue, SealedEvent, WindowId};
use crate::model::record::MetricIndex;
use crate::model::spec::{Late, WindowLength};
use crate::model::time::UnixMicros;

const USERS: [&str; 5] = ["ada", "bob", "eve", "dan", "zoe"];

#[derive(Clone, Copy, Debug)]
enum Action {
    Add {
        metric: u32,
        second: i64,
        user: usize,
    },
    Advance(i64),
    /// Files are read up to so many seconds ago; at most so many windows seal.
    Commit {
        behind: i64,
        seal: usize,
    },
    /// The transaction fails.
    FailToCommit {
        behind: i64,
    },
    /// All that no commit confirmed is gone; the agent starts again with these rules.
    Crash {
        rules: usize,
    },
    /// The agent takes these rules while it runs.
    Reload {
        rules: usize,
    },
}

fn any_action() -> impl Strategy<Value = Action> {
    let behind = || prop_oneof![Just(0), 0..3 * HOUR];
    prop_oneof![
        12 => (0..2_u32, 0..2 * DAY, 0..USERS.len()).prop_map(|(metric, second, user)| Action::Add { metric, second, user }),
        4 => (0..4 * HOUR).prop_map(Action::Advance),
        3 => (behind(), 0..6_usize).prop_map(|(behind, seal)| Action::Commit { behind, seal }),
        1 => behind().prop_map(|behind| Action::FailToCommit { behind }),
        1 => (0..5_usize).prop_map(|rules| Action::Crash { rules }),
        1 => (0..5_usize).prop_map(|rules| Action::Reload { rules }),
    ]
}

/// Two metrics; what changes is the first one.
fn rules_of(version: usize) -> Vec<Arc<Rule>> {
    let mut views = hour_spec();
    views.name = "views".to_owned();
    let mut hits = hour_spec();
    match version {
        0 => {}
        1 => {
            hits.window = WindowLength::Day;
            hits.max_groups = 2;
        }
        2 => {
            hits.window = WindowLength::Part(Duration::from_mins(15));
            hits.late = Late::Drop;
            hits.max_groups = 2;
        }
        3 => drop(hits.properties.insert("kind".to_owned(), hits.properties["category"].clone())),
        _ => return vec![Arc::new(Rule::new(&views))],
    }
    vec![Arc::new(Rule::new(&hits)), Arc::new(Rule::new(&views))]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    is_hit: bool,
    user: usize,
    second: i64,
}

struct World {
    now: i64,
    rules: Vec<Arc<Rule>>,
    aggregator: Aggregator,
    store: Store,
    committed: Vec<Line>,
    pending: Vec<Line>,
}

impl World {
    fn new() -> Self {
        let rules = rules_of(0);
        let aggregator = Aggregator::new(AGENT, rules.clone());
        Self { now: DAY / 2, rules, aggregator, store: Store::default(), committed: Vec::new(), pending: Vec::new() }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Add { metric, second, user } => self.add(metric, second, user),
            Action::Advance(seconds) => self.now += seconds,
            Action::Commit { behind, seal } => {
                let mut due = self.sealable(behind);
                due.truncate(seal);
                self.store.commit(&mut self.aggregator, &due);
                self.committed.append(&mut self.pending);
                assert_eq!(self.store.lines(), self.committed.len() as u64, "the books of the ledger");
            }
            Action::FailToCommit { behind } => {
                let due = self.sealable(behind);
                self.store.clone().commit_unconfirmed(&mut self.aggregator, &due);
            }
            Action::Crash { rules } => {
                self.rules = rules_of(rules);
                self.aggregator = self.store.restore(self.rules.clone());
                self.pending.clear();
            }
            Action::Reload { rules } => {
                self.rules = rules_of(rules);
                self.aggregator.set_rules(self.rules.clone());
            }
        }
        let accepted = self.committed.len() + self.pending.len();
        let sent: u64 = self.store.outbox.iter().map(|event| event.lines).sum();
        assert_eq!(sent + self.aggregator.open_lines(), accepted as u64, "accepted = sealed + open");
        self.store.check_ids();
    }

    fn add(&mut self, metric: u32, second: i64, user: usize) {
        if metric as usize >= self.rules.len() {
            return;
        }
        let rule = self.aggregator.rule_at(MetricIndex(metric), at(second));
        let number = second.to_string();
        let added = add_under(&mut self.aggregator, rule, metric, second, USERS[user], "", Some(&number), self.now);
        assert_eq!(added == Added::TooFarAhead, second > self.now + AHEAD);
        if added.is_counted() {
            let is_hit = self.rules[metric as usize].spec.name == "hits";
            self.pending.push(Line { is_hit, user, second });
        } else {
            assert!(matches!(added, Added::TooFarAhead | Added::LateDropped), "{added:?}");
        }
    }

    fn sealable(&mut self, behind: i64) -> Vec<WindowId> {
        let complete = self.now - behind;
        let due = self.aggregator.sealable(at(self.now), |_, _| at(complete));
        let configured = |name: &str| self.rules.iter().any(|rule| rule.spec.name == name);
        for id in self.aggregator.commit(&[]).changed().map(|window| window.id().clone()).chain(self.store.open()) {
            if id.is_late() {
                continue;
            }
            let from = id.window.end.plus(Duration::from_secs(GRACE as u64));
            let read = if configured(&id.metric) { at(complete) } else { UnixMicros::MAX };
            assert_eq!(due.contains(&id), from <= at(self.now) && from <= read, "{id:?}");
        }
        due
    }

    /// Until nothing is open.
    fn finish(&mut self) {
        self.now += 10 * DAY;
        for _ in 0..2 {
            let due = self.sealable(0);
            self.store.commit(&mut self.aggregator, &due);
            self.committed.append(&mut self.pending);
            self.now += LATE_EVERY;
        }
        assert_eq!(self.aggregator.open_windows(), 0);
        assert_eq!(self.store.open().count(), 0);
    }
}

fn number(event: &SealedEvent, name: &str) -> Option<Decimal> {
    event.attributes.iter().find_map(|(found, value)| match value {
        AttributeValue::Number(number) if found == name => Some(*number),
        _ => None,
    })
}

/// Lines and the sum of their numbers, by metric and user; users of the overflow group count as one.
fn totals_of_events(events: &[SealedEvent]) -> BTreeMap<(bool, String), (u64, Decimal)> {
    let mut totals = BTreeMap::new();
    for event in events {
        let seconds = |time: UnixMicros| Decimal::from(time.0 / 1_000_000);
        if event.revision == 1 {
            assert!(number(event, "smallest").unwrap() >= seconds(event.window.start), "{event:?}");
            assert!(number(event, "largest").unwrap() < seconds(event.window.end), "{event:?}");
        }
        assert_eq!(number(event, "count"), Some(Decimal::from(event.lines)));
        let key = (event.metric == "hits", event.identify_id.clone().unwrap());
        let total = totals.entry(key).or_insert((0, Decimal::ZERO));
        total.0 += event.lines;
        total.1 = total.1.checked_add(number(event, "bytes").unwrap()).unwrap();
    }
    totals
}

/// The same, from the lines. `overflowed` takes whole users' lines out of the comparison.
fn totals_of_lines(lines: &[Line]) -> BTreeMap<(bool, String), (u64, Decimal)> {
    let mut totals = BTreeMap::new();
    for line in lines {
        let total = totals.entry((line.is_hit, USERS[line.user].to_owned())).or_insert((0, Decimal::ZERO));
        total.0 += 1;
        total.1 = total.1.checked_add(Decimal::from(line.second)).unwrap();
    }
    totals
}

/// Adds all users of a metric up.
fn by_metric(totals: &BTreeMap<(bool, String), (u64, Decimal)>) -> BTreeMap<bool, (u64, Decimal)> {
    let mut sums = BTreeMap::new();
    for ((is_hit, _), (lines, sum)) in totals {
        let total = sums.entry(*is_hit).or_insert((0, Decimal::ZERO));
        *total = (total.0 + lines, total.1.checked_add(*sum).unwrap());
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_every_accepted_line_is_in_one_event(actions in prop::collection::vec(any_action(), 1..80)) {
        let mut world = World::new();
        for action in actions {
            world.act(action);
        }
        world.finish();
        world.store.check_ids();
        let (sent, accepted) = (totals_of_events(&world.store.outbox), totals_of_lines(&world.committed));
        prop_assert_eq!(by_metric(&sent), by_metric(&accepted));
        if !sent.keys().any(|(_, user)| user == "service") {
            prop_assert_eq!(sent, accepted);
        }
    }

    /// Lines in any order, with commits and crashes between them (what was lost is read again), give the same events.
    #[test]
    fn the_order_of_lines_and_crashes_do_not_change_the_events(
        lines in prop::collection::vec((0..DAY, 0..USERS.len()), 1..60).prop_shuffle(),
        stops in prop::collection::vec((1..60_usize, any::<bool>()), 0..12),
    ) {
        let read = |lines: &[(i64, usize)], stops: &[(usize, bool)]| {
            let mut store = Store::default();
            let mut aggregator = Aggregator::new(AGENT, rules_of(0));
            let (mut cursor, mut committed) = (0, 0);
            let mut stops = stops.iter();
            while cursor < lines.len() {
                let stop = stops.next().copied();
                let until = lines.len().min(stop.map_or(lines.len(), |(lines, _)| cursor + lines));
                for (second, user) in &lines[cursor..until] {
                    let number = second.to_string();
                    let added = add(&mut aggregator, 0, *second, USERS[*user], "", Some(&number), DAY);
                    assert_eq!(added, Added::Counted);
                }
                cursor = until;
                if stop.is_some_and(|(_, crashes)| crashes) {
                    aggregator = store.restore(rules_of(0));
                    cursor = committed;
                } else {
                    store.commit(&mut aggregator, &[]);
                    committed = cursor;
                }
            }
            let due = aggregator.sealable(at(2 * DAY), |_, _| UnixMicros::MAX);
            store.commit(&mut aggregator, &due);
            store.outbox.sort_by_key(|event| event.id);
            store.outbox
        };
        let mut in_order = lines.clone();
        in_order.sort_unstable();
        prop_assert_eq!(read(&lines, &stops), read(&in_order, &[]));
    }
}
