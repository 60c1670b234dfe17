//! What the sandbox holds: events in the order of arrival, and everything that was noted about them.
//!
//! Promises: an event that was answered with 201 is here once for each time it was sent, for PX has no idempotency;
//! sums are exact decimals. Does not: decide whether a call may be made.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::value::RawValue;

use super::attributes::{Catalogue, Model};
use super::event::{IncomingEvent, StoredEvent};
use super::filter::{Filter, Value, folded};
use super::limits::{Limits, OverUserDay, RequestMeter};
use super::profiles::Profiles;
use super::query::{Direction, ListQuery, Snapshot};
use super::refusal::{Reason, Refusal};
use crate::model::decimal::Decimal;
use crate::model::time::UnixMicros;

/// Notes of requests that are kept: some hours of a busy agent, and at most some tens of megabytes.
const NOTES_KEPT: usize = 200_000;

/// What happened to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestNote {
    /// When it was noted, by the sandbox's clock.
    pub at: UnixMicros,
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// The status answered; `None` when the connection was closed without an answer.
    pub status: Option<u16>,
    /// The event's place in the order of arrival, when the request stored one.
    pub stored: Option<u64>,
    pub refused: Option<Reason>,
    /// The name of the fault that the request met.
    pub fault: Option<&'static str>,
}

/// Events and exact sums of one event name, account and day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub events: u64,
    /// Sum of each numeric attribute; `None` when it is too large to be exact.
    pub sums: BTreeMap<String, Option<Decimal>>,
}

/// What a [`Total`] is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TotalKey {
    pub event_name: Arc<str>,
    pub account_id: Option<Arc<str>>,
    /// The day of the event's `date` in the subscription's time zone.
    pub day: Date,
}

/// Counters of things that are no fault of a request, but that a client wants to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oddities {
    /// Events of a user that PX does not know.
    pub unknown_users: u64,
    /// Events beyond a user's limit of one day.
    pub over_user_day: u64,
    /// Values for custom attributes that are unknown or disabled.
    pub dropped_attributes: u64,
    /// Requests whose notes had to make room.
    pub notes_dropped: u64,
}

#[derive(Debug, Default)]
struct UserEvents {
    places: Vec<u32>,
    in_day: HashMap<Date, u32>,
}

/// Everything that the sandbox holds.
#[derive(Debug)]
pub(super) struct Books {
    pub events: Vec<StoredEvent>,
    pub notes: VecDeque<RequestNote>,
    pub refusals: BTreeMap<Reason, u64>,
    pub totals: BTreeMap<TotalKey, Total>,
    pub oddities: Oddities,
    pub users: Profiles,
    pub accounts: Profiles,
    pub catalogue: Catalogue,
    pub meter: RequestMeter,
    /// How often each `eventId` was stored.
    event_ids: HashMap<Arc<str>, u32>,
    event_names: HashSet<Arc<str>>,
    account_ids: HashSet<Arc<str>>,
    property_keys: HashSet<Arc<str>>,
    /// By the user's id in lower case.
    by_user: HashMap<String, UserEvents>,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            notes: VecDeque::new(),
            refusals: BTreeMap::new(),
            totals: BTreeMap::new(),
            oddities: Oddities::default(),
            users: Profiles::new(Model::User),
            accounts: Profiles::new(Model::Account),
            catalogue: Catalogue::default(),
            meter: RequestMeter::default(),
            event_ids: HashMap::new(),
            event_names: HashSet::new(),
            account_ids: HashSet::new(),
            property_keys: HashSet::new(),
            by_user: HashMap::new(),
        }
    }
}

/// What storing an event depends on.
pub(super) struct StoreRules<'a> {
    pub limits: &'a Limits,
    pub time_zone: &'a TimeZone,
    pub now: UnixMicros,
    pub read_lag: Duration,
}

impl Books {
    /// Stores an event, repeated or not; gives its place in the order of arrival.
    pub(super) fn store(&mut self, event: IncomingEvent, rules: &StoreRules<'_>) -> Result<u64, Refusal> {
        let date = event.date.unwrap_or_else(|| rules.now.millis());
        let day = day_of(date, rules.time_zone);
        self.check_names(&event.event_name, rules.limits)?;
        self.check_user_day(&event.identify_id, day, rules.limits)?;
        let sequence = self.events.len() as u64;
        let stored = StoredEvent {
            sequence,
            arrived: rules.now,
            readable: rules.now.plus(rules.read_lag),
            event_id: event.event_id.map(Arc::from),
            identify_id: event.identify_id.into(),
            account_id: event.account_id.map(|id| interned(&mut self.account_ids, id)),
            event_name: interned(&mut self.event_names, event.event_name),
            property_key: interned(&mut self.property_keys, event.property_key),
            user_type: event.user_type,
            date,
            attributes: event.attributes.into(),
            other: event.other.map(Arc::<RawValue>::from),
        };
        self.note_event(&stored, day, event.numbers);
        self.events.push(stored);
        Ok(sequence)
    }

    fn check_names(&self, name: &str, limits: &Limits) -> Result<(), Refusal> {
        match limits.event_names {
            Some(most) if self.event_names.len() >= most && !self.event_names.contains(name) => {
                let message = format!("the subscription has {most} event names already");
                Err(Refusal::new(Reason::TooManyEventNames, message))
            }
            _ => Ok(()),
        }
    }

    fn check_user_day(&mut self, user: &str, day: Date, limits: &Limits) -> Result<(), Refusal> {
        let known = self.by_user.get(&*folded(user)).and_then(|events| events.in_day.get(&day));
        let count = known.copied().unwrap_or(0);
        if limits.events_per_user_day.is_none_or(|most| count < most) {
            return Ok(());
        }
        self.oddities.over_user_day += 1;
        match limits.over_user_day {
            OverUserDay::Count => Ok(()),
            OverUserDay::Refuse => Err(Refusal::new(Reason::UserDayLimit, "the user's events of this day are used up")),
        }
    }

    fn note_event(&mut self, event: &StoredEvent, day: Date, numbers: Vec<(String, Option<Decimal>)>) {
        let of_user = self.by_user.entry(folded(&event.identify_id).into_owned()).or_default();
        of_user.places.push(event.sequence as u32);
        *of_user.in_day.entry(day).or_default() += 1;
        if let Some(id) = &event.event_id {
            *self.event_ids.entry(Arc::clone(id)).or_default() += 1;
        }
        self.oddities.unknown_users += u64::from(!self.users.contains(&event.identify_id));
        let key = TotalKey { event_name: Arc::clone(&event.event_name), account_id: event.account_id.clone(), day };
        let total = self.totals.entry(key).or_default();
        total.events += 1;
        for (name, number) in numbers {
            let sum = total.sums.entry(name).or_insert(Some(Decimal::ZERO));
            *sum = sum.zip(number).and_then(|(sum, number)| sum.checked_add(number));
        }
    }

    /// Event ids that were stored more than once, with how often.
    pub(super) fn repeated(&self) -> Vec<(String, u32)> {
        let repeated = self.event_ids.iter().filter(|(_, times)| **times > 1);
        let mut repeated: Vec<(String, u32)> = repeated.map(|(id, times)| (id.to_string(), *times)).collect();
        repeated.sort_unstable();
        repeated
    }

    /// The moment that a query beginning now sees.
    pub(super) fn snapshot(&self, now: UnixMicros) -> Snapshot {
        Snapshot { before_sequence: self.events.len() as u64, as_of_micros: now.0, range: (i64::MIN, i64::MAX) }
    }

    /// The events that a query sees, in its order.
    pub(super) fn matching(&self, query: &ListQuery) -> Vec<&StoredEvent> {
        let Snapshot { before_sequence, as_of_micros, range: (start, end) } = query.snapshot;
        let sees = |event: &&StoredEvent| {
            event.sequence < before_sequence
                && event.readable.0 <= as_of_micros
                && (start..end).contains(&event.date)
                && accepts(&query.filter, event)
        };
        let mut matched: Vec<&StoredEvent> = match query.filter.named_ids("identifyId") {
            None => self.events.iter().filter(sees).collect(),
            Some(ids) => {
                let ids: HashSet<&str> = ids.into_iter().collect();
                let places = ids.iter().filter_map(|id| self.by_user.get(*id)).flat_map(|events| &events.places);
                places.filter_map(|place| self.events.get(*place as usize)).filter(sees).collect()
            }
        };
        matched.sort_by_key(|event| event.sequence);
        if let Some((field, direction)) = &query.sort {
            match field.as_str() {
                "date" => matched.sort_by_key(|event| event.date),
                _ => matched.sort_by(|left, right| left.account_id.cmp(&right.account_id)),
            }
            if *direction == Direction::Down {
                matched.reverse();
            }
        }
        matched
    }

    /// Forgets all but the catalogue of attributes, which a person made.
    pub(super) fn reset(&mut self) {
        *self = Self { catalogue: std::mem::take(&mut self.catalogue), ..Self::default() };
    }

    pub(super) fn refused(&mut self, reason: Reason) {
        *self.refusals.entry(reason).or_default() += 1;
    }

    pub(super) fn note(&mut self, note: RequestNote) {
        if self.notes.len() >= NOTES_KEPT {
            self.notes.pop_front();
            self.oddities.notes_dropped += 1;
        }
        self.notes.push_back(note);
    }

    pub(super) fn profiles(&self, model: Model) -> &Profiles {
        match model {
            Model::User => &self.users,
            Model::Account => &self.accounts,
        }
    }
}

fn accepts(filter: &Filter, event: &StoredEvent) -> bool {
    filter.accepts(|field| match field {
        "identifyId" => Value::Text(&event.identify_id),
        "eventName" => Value::Text(&event.event_name),
        _ => Value::Instant(event.date),
    })
}

/// One copy of a text that comes again and again.
fn interned(known: &mut HashSet<Arc<str>>, text: String) -> Arc<str> {
    if let Some(same) = known.get(text.as_str()) {
        return Arc::clone(same);
    }
    let new: Arc<str> = text.into();
    known.insert(Arc::clone(&new));
    new
}

/// The day that a time falls on. Times were checked when the event was read; the epoch stands for what cannot be.
fn day_of(date_millis: i64, time_zone: &TimeZone) -> Date {
    let instant = jiff::Timestamp::from_millisecond(date_millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time_zone.to_datetime(instant).date()
}
