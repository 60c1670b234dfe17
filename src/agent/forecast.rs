//! How many events a log makes: a day, a user, and with fewer properties.
//!
//! Promises: counted from the very events that the agent would make of the same lines. Does not: guess what a day would be
//! that is not in the log.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use crate::model::event::{AttributeValue, SealedEvent};
use crate::model::spec::{Configuration, MetricSpec, WindowLength};
use crate::model::time::UnixMicros;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// A UTC day of events' dates: days since 1970-01-01.
pub type Day = i64;

/// Events by day, user and metric.
#[derive(Debug)]
pub struct Forecast {
    pub metrics: Vec<MetricForecast>,
    /// Events of all metrics by day, and of each user on it: PX's limits are of both.
    users: BTreeMap<Day, HashMap<String, u64>>,
    /// Events that could never be sent.
    pub parked: u64,
}

#[derive(Debug)]
pub struct MetricForecast {
    pub name: String,
    pub event: String,
    /// Events a day.
    pub days: BTreeMap<Day, u64>,
    /// How many events there would be without a property, by its name.
    without: BTreeMap<String, HashSet<u64>>,
    /// How many there would be with windows of a day; none where they are.
    daily: Option<HashSet<u64>>,
}

/// The most that one user has on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Most {
    pub user: String,
    pub day: Day,
    pub events: u64,
}

impl Forecast {
    #[must_use]
    pub fn new(configuration: &Configuration) -> Self {
        let metrics = configuration.metrics.iter().map(MetricForecast::new).collect();
        Self { metrics, users: BTreeMap::new(), parked: 0 }
    }

    /// An event that would be sent.
    pub fn add(&mut self, event: &SealedEvent) {
        let Some(metric) = self.metrics.iter_mut().find(|metric| metric.name == event.metric) else { return };
        let Some(user) = event.identify_id.clone().filter(|_| event.parked.is_none()) else {
            self.parked += 1;
            return;
        };
        metric.add(event);
        *self.users.entry(day_of(event.date)).or_default().entry(user).or_default() += 1;
    }

    /// Events of all metrics a day.
    #[must_use]
    pub fn days(&self) -> BTreeMap<Day, u64> {
        self.users.iter().map(|(day, users)| (*day, users.values().sum())).collect()
    }

    /// How many users have an event on the day that has most of them.
    #[must_use]
    pub fn most_users(&self) -> usize {
        self.users.values().map(HashMap::len).max().unwrap_or_default()
    }

    /// Who has most events on one day; the first by name, where several have.
    #[must_use]
    pub fn most_of_a_user(&self) -> Option<Most> {
        let all =
            self.users.iter().flat_map(|(day, users)| users.iter().map(move |(user, events)| (events, day, user)));
        let (events, day, user) = all.max_by(|a, b| a.0.cmp(b.0).then_with(|| (b.1, b.2).cmp(&(a.1, a.2))))?;
        Some(Most { user: user.clone(), day: *day, events: *events })
    }

    /// Users with more than so many events on a day.
    #[must_use]
    pub fn users_beyond(&self, limit: u64) -> usize {
        let beyond = self.users.values().flatten().filter(|(_, events)| **events > limit);
        beyond.map(|(user, _)| user).collect::<HashSet<_>>().len()
    }
}

impl MetricForecast {
    fn new(metric: &MetricSpec) -> Self {
        let is_daily = metric.window == WindowLength::Day;
        Self {
            name: metric.name.clone(),
            event: metric.event.value.clone(),
            days: BTreeMap::new(),
            without: metric.properties.keys().map(|name| (name.clone(), HashSet::new())).collect(),
            daily: (!is_daily).then(HashSet::new),
        }
    }

    fn add(&mut self, event: &SealedEvent) {
        let day = day_of(event.date);
        *self.days.entry(day).or_default() += 1;
        let names: Vec<String> = self.without.keys().cloned().collect();
        let group = |start: i64, left_out: Option<&str>| {
            let mut hasher = DefaultHasher::new();
            (start, &event.identify_id, &event.account).hash(&mut hasher);
            for (name, value) in &event.attributes {
                if names.contains(name) && Some(name.as_str()) != left_out {
                    (name, in_text(value)).hash(&mut hasher);
                }
            }
            hasher.finish()
        };
        for (name, groups) in &mut self.without {
            groups.insert(group(event.window.start.0, Some(name)));
        }
        if let Some(daily) = &mut self.daily {
            daily.insert(group(day, None));
        }
    }

    #[must_use]
    pub fn events(&self) -> u64 {
        self.days.values().sum()
    }

    /// How many events there would be without each property, fewest first. What has one value for each group saves nothing,
    /// and is not told.
    #[must_use]
    pub fn savings(&self) -> Vec<(&str, u64)> {
        let all = self.events();
        let mut savings: Vec<(&str, u64)> =
            self.without.iter().map(|(name, groups)| (name.as_str(), groups.len() as u64)).collect();
        savings.retain(|(_, events)| *events < all);
        savings.sort_by_key(|(name, events)| (*events, *name));
        savings
    }

    /// How many events there would be with windows of a day, where that is fewer.
    #[must_use]
    pub fn with_daily_windows(&self) -> Option<u64> {
        let daily = self.daily.as_ref()?.len() as u64;
        (daily < self.events()).then_some(daily)
    }
}

const fn day_of(date: UnixMicros) -> Day {
    date.0.div_euclid(MICROS_A_DAY)
}

fn in_text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Number(number) => number.to_string(),
        AttributeValue::Boolean(yes) => yes.to_string(),
        AttributeValue::Time(time) => time.to_string(),
    }
}
