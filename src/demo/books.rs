//! Two sets of books: what was written, and what PX holds.

use std::collections::BTreeMap;

use super::agent::DemoAgent;
use super::script::Script;
use super::traffic::Hit;
use crate::model::decimal::Decimal;
use crate::model::time::UnixMicros;
use crate::sandbox::{Sandbox, StoredEvent};

/// The events of the demo's configuration.
pub const API_USAGE: &str = "API Usage";
pub const REPORT_EXPORT: &str = "Report Export";

/// What is added up for one event name, user, account and day (its first instant).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    event: String,
    account: String,
    user: String,
    day: String,
}

/// Usage: lines and the bytes in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub calls: u64,
    pub bytes: u64,
}

impl Usage {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.bytes += other.bytes;
    }
}

/// What was written: the generator's own account.
#[derive(Debug, Default)]
pub struct Truth {
    usage: BTreeMap<Key, Usage>,
}

impl Truth {
    /// Books a written line.
    pub fn book(&mut self, hit: &Hit, day: UnixMicros) {
        let mut add = |event: &str| {
            let key =
                Key { event: event.to_owned(), account: hit.account_id(), user: hit.user_id(), day: day.to_string() };
            self.usage.entry(key).or_default().add(Usage { calls: 1, bytes: u64::from(hit.bytes) });
        };
        if hit.path.starts_with("/api/") && hit.status == 200 {
            add(API_USAGE);
        }
        if hit.path.ends_with("/export") && hit.status == 200 {
            add(REPORT_EXPORT);
        }
    }

    /// Whether PX holds exactly this.
    pub fn agrees_with(&self, sandbox: &Sandbox) -> bool {
        self.usage == held(&sandbox.events())
    }
}

/// What PX holds, added up the same way.
fn held(events: &[StoredEvent]) -> BTreeMap<Key, Usage> {
    let mut usage: BTreeMap<Key, Usage> = BTreeMap::new();
    for event in events {
        let number = |name: &str| event.number(name).and_then(whole).unwrap_or(0);
        let key = Key {
            event: event.event_name().to_owned(),
            account: event.account_id().unwrap_or_default().to_owned(),
            user: event.identify_id().to_owned(),
            day: event.text("windowStart").unwrap_or_default(),
        };
        usage.entry(key).or_default().add(Usage { calls: number("calls"), bytes: number("bytes") });
    }
    usage
}

fn whole(number: Decimal) -> Option<u64> {
    number.to_string().parse().ok()
}

/// One account's line on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRow {
    pub account: String,
    pub written: Usage,
    pub held: Usage,
}

/// Truth beside what PX holds.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// API usage by account, most calls first.
    pub accounts: Vec<AccountRow>,
    /// Keys (event, user, account, day) in the truth.
    pub keys: usize,
    /// Of these, keys where PX holds something else, and keys that only PX has.
    pub differing: usize,
    pub lines: u64,
    pub late_lines: u64,
    pub events: usize,
    pub revisions: usize,
    /// Event ids that PX holds more than once.
    pub repeated: usize,
    pub rotations: u32,
    pub kills: u32,
    pub days: [String; 2],
    pub zone: &'static str,
    /// What the agent logged, for when something differs.
    pub agent_log: String,
}

impl Comparison {
    pub(super) fn new(truth: &Truth, sandbox: &Sandbox, script: &Script, agent: &DemoAgent) -> Self {
        let events = sandbox.events();
        let held = held(&events);
        let keys: std::collections::BTreeSet<&Key> = truth.usage.keys().chain(held.keys()).collect();
        let differing = keys.iter().filter(|key| truth.usage.get(**key) != held.get(**key)).count();
        Self {
            accounts: accounts(&truth.usage, &held),
            keys: truth.usage.len(),
            differing,
            lines: script.lines(),
            late_lines: script.late_lines(),
            events: events.len(),
            revisions: events.iter().filter(|event| event.number("revision") > Some(Decimal::ONE)).count(),
            repeated: sandbox.repeated().len(),
            rotations: script.rotations(),
            kills: agent.kills(),
            days: script.days(),
            zone: super::script::ZONE,
            agent_log: agent.log(),
        }
    }

    /// Every number agrees and nothing is there twice.
    #[must_use]
    pub const fn agrees(&self) -> bool {
        self.differing == 0 && self.repeated == 0 && self.keys > 0
    }
}

fn accounts(truth: &BTreeMap<Key, Usage>, held: &BTreeMap<Key, Usage>) -> Vec<AccountRow> {
    let mut rows: BTreeMap<&str, AccountRow> = BTreeMap::new();
    for (usage, side) in [(truth, Side::Written), (held, Side::Held)] {
        for (key, usage) in usage.iter().filter(|(key, _)| key.event == API_USAGE) {
            let row = rows
                .entry(&key.account)
                .or_insert_with(|| AccountRow { account: key.account.clone(), ..AccountRow::default() });
            match side {
                Side::Written => row.written.add(*usage),
                Side::Held => row.held.add(*usage),
            }
        }
    }
    let mut rows: Vec<AccountRow> = rows.into_values().collect();
    rows.sort_by(|one, other| {
        other.written.calls.cmp(&one.written.calls).then_with(|| one.account.cmp(&other.account))
    });
    rows
}

#[derive(Clone, Copy)]
enum Side {
    Written,
    Held,
}
