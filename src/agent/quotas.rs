//! How many messages of a kind the log takes.
//!
//! Promises: the first ones of a minute are said, and of the rest how many they were: a directory of 20,000 files that loses a
//! permission is a few lines. Does not: write the log.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Messages of a kind in a minute.
const MOST: u64 = 20;

/// Held back so many, nobody should have to wait a minute to see that: a first start with thousands of files.
const MANY: u64 = 100;

const MINUTE: Duration = Duration::from_secs(60);

/// What was held back of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub count: u64,
    pub last: String,
}

#[derive(Debug)]
struct Quota {
    since: Instant,
    said: u64,
    held: Option<Held>,
    /// How many there are was said once before the minute is over.
    is_summed: bool,
}

/// By kind.
#[derive(Debug, Default)]
pub struct Quotas(BTreeMap<&'static str, Quota>);

impl Quotas {
    /// Whether one more of the kind may be said; where it may not, it is counted, and the last one is kept.
    pub fn allows(&mut self, kind: &'static str, now: Instant, text: impl FnOnce() -> String) -> bool {
        let quota = self.0.entry(kind).or_insert(Quota { since: now, said: 0, held: None, is_summed: false });
        if quota.said < MOST {
            quota.said += 1;
            return true;
        }
        let held = quota.held.get_or_insert(Held { count: 0, last: String::new() });
        held.count += 1;
        held.last = text();
        false
    }

    /// What was held back so far of kinds of which there are many: once a minute.
    pub fn many(&mut self) -> Vec<(&'static str, Held)> {
        let mut many = Vec::new();
        for (kind, quota) in &mut self.0 {
            if !quota.is_summed && quota.held.as_ref().is_some_and(|held| held.count >= MANY) {
                quota.is_summed = true;
                many.extend(quota.held.take().map(|held| (*kind, held)));
            }
        }
        many
    }

    /// What was held back in minutes that are over; these kinds may be said again.
    pub fn due(&mut self, now: Instant) -> Vec<(&'static str, Held)> {
        let mut due = Vec::new();
        self.0.retain(|kind, quota| {
            let is_over = now.saturating_duration_since(quota.since) >= MINUTE;
            if is_over {
                due.extend(quota.held.take().map(|held| (*kind, held)));
            }
            !is_over
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_alike_a_few_are_said_and_the_rest_is_counted() {
        let mut quotas = Quotas::default();
        let began = Instant::now();
        let said = (0..20_000).filter(|number| quotas.allows("files", began, || number.to_string())).count();
        assert_eq!(said, 20);
        assert!(quotas.allows("directories", began, String::new), "another kind has its own");
        assert_eq!(quotas.due(began + Duration::from_secs(59)), []);
        let held = Held { count: 19_980, last: "19999".to_owned() };
        assert_eq!(quotas.due(began + MINUTE), [("files", held)]);
        assert!(quotas.allows("files", began + MINUTE, String::new));
        assert_eq!(quotas.due(began + MINUTE * 2), []);
    }

    #[test]
    fn that_there_are_many_is_said_at_once_and_once_a_minute() {
        let mut quotas = Quotas::default();
        let began = Instant::now();
        let say = |quotas: &mut Quotas, count: u64, at: Instant| {
            for number in 1..=count {
                quotas.allows("files", at, || number.to_string());
            }
            quotas.many()
        };
        let held = |count: u64, last: u64| [("files", Held { count, last: last.to_string() })];
        assert_eq!(say(&mut quotas, 119, began), []);
        assert_eq!(say(&mut quotas, 881, began), held(980, 881));
        assert_eq!(say(&mut quotas, 1_000, began), []);
        assert_eq!(quotas.due(began + MINUTE), held(1_000, 1_000));
        assert_eq!(say(&mut quotas, 1_020, began + MINUTE), held(1_000, 1_020));
    }
}
