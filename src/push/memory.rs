//! An outbox in memory, with a crash and failing writes, for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use uuid::Uuid;

use super::outbox::{
    Batch, Doubt, EventKey, Outbox, OutboxError, Outcome, ParkCause, UnknownEvent, UtcDay, WaitingEvent,
};
use super::wire::{self, RenderedEvent};
use crate::model::decimal::Decimal;
use crate::model::event::{AttributeValue, EventId, SealedEvent, Window};
use crate::model::time::UnixMicros;

/// The sandbox's own.
const PRODUCT_KEY: &str = "AP-SANDBOX00000-2";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    Sending,
    Done(Outcome),
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) event: WaitingEvent,
    pub(super) base_url: String,
    pub(super) state: State,
    pub(super) attempts: u32,
    pub(super) doubt: Doubt,
}

/// How the next writes fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteFault {
    /// Nothing is written.
    Before,
    /// Everything is written, and an error comes back.
    After,
}

#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) rows: BTreeMap<i64, Row>,
    pub(super) requests: BTreeMap<UtcDay, u64>,
    pub(super) faults: Vec<WriteFault>,
    pub(super) writes: u64,
    pub(super) reads: u64,
    /// A person's decision that comes between a look at the outbox and the write.
    pub(super) take_back_before_the_next_write: Option<(i64, State)>,
}

/// Clones share the books: one stays with the test.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryOutbox {
    books: Arc<Mutex<Books>>,
    written: Arc<Condvar>,
}

impl MemoryOutbox {
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    pub(super) fn add(&self, base_url: &str, identify_id: &str) -> i64 {
        let mut books = self.books();
        let row = books.rows.len() as i64 + 1;
        let event = Self::event(row, identify_id);
        let base_url = base_url.to_owned();
        books.rows.insert(row, Row { event, base_url, state: State::Ready, attempts: 0, doubt: Doubt::None });
        row
    }

    fn event(row: i64, identify_id: &str) -> WaitingEvent {
        let id = EventId(Uuid::from_u128(row as u128));
        let date = UnixMicros::from_seconds(1_763_917_200);
        let event = SealedEvent {
            id,
            metric: "api".to_owned(),
            name: "API".to_owned(),
            identify_id: Some(identify_id.to_owned()),
            account: Some("acme".to_owned()),
            window: Window { start: date, end: date.plus(Duration::from_hours(1)) },
            revision: 1,
            date,
            attributes: vec![("calls".to_owned(), AttributeValue::Number(Decimal::from(row)))],
            parked: None,
            lines: 1,
        };
        let RenderedEvent { body, digest, .. } = wire::custom_event(&event, PRODUCT_KEY);
        let key = EventKey { id, identify_id: identify_id.to_owned(), event_name: event.name, date, digest };
        WaitingEvent { row, body: body.into(), key }
    }

    /// Waits until the books are so; says whether that came within half a minute.
    pub(super) fn wait_until(&self, reached: impl Fn(&Books) -> bool) -> bool {
        let patience = Duration::from_secs(30);
        let waited = self.written.wait_timeout_while(self.books(), patience, |books| !reached(books));
        !waited.unwrap().1.timed_out()
    }

    pub(super) fn state(&self, row: i64) -> State {
        self.books().rows[&row].state.clone()
    }

    /// What the ledger does when the process starts.
    pub(super) fn restart(&self) {
        for row in self.books().rows.values_mut() {
            if row.state == State::Sending {
                row.state = State::Done(Outcome::Unknown { note: "the process ended".to_owned() });
            }
        }
    }
}

impl Books {
    /// Whether every event is sent or parked.
    pub(super) fn is_empty(&self) -> bool {
        let ended = |row: &Row| matches!(row.state, State::Done(Outcome::Sent { .. } | Outcome::Parked(_)));
        self.rows.values().all(ended)
    }

    fn apply(&mut self, batch: &Batch) -> Vec<i64> {
        for (row, outcome) in &batch.finished {
            let Some(row) = self.rows.get_mut(row) else { continue };
            if !matches!(row.state, State::Done(Outcome::Sent { .. } | Outcome::Parked(_))) {
                row.state = match outcome {
                    Outcome::Ready { doubt, .. } => {
                        row.doubt = row.doubt.max(*doubt);
                        State::Ready
                    }
                    other => State::Done(other.clone()),
                };
            }
        }
        let mut taken_back = Vec::new();
        for row in &batch.begun {
            assert!(batch.finished.iter().all(|(finished, _)| finished != row), "{row} is in both lists");
            let row = self.rows.get_mut(row).unwrap();
            if row.state != State::Ready {
                taken_back.push(row.event.row);
                continue;
            }
            row.state = State::Sending;
            row.attempts += 1;
        }
        *self.requests.entry(UtcDay::of(batch.at)).or_default() += batch.requests;
        self.writes += 1;
        taken_back
    }
}

impl Outbox for MemoryOutbox {
    fn ready(&mut self, base_url: &str, limit: usize) -> Result<Vec<WaitingEvent>, OutboxError> {
        let mut books = self.books();
        books.reads += 1;
        let ready = books.rows.values().filter(|row| row.state == State::Ready && row.base_url == base_url);
        Ok(ready.take(limit).map(|row| row.event.clone()).collect())
    }

    fn unknown(&mut self, base_url: &str, limit: usize) -> Result<Vec<UnknownEvent>, OutboxError> {
        let books = self.books();
        let is_unknown =
            |row: &&Row| matches!(row.state, State::Done(Outcome::Unknown { .. })) && row.base_url == base_url;
        let event = |row: &Row| UnknownEvent { row: row.event.row, key: row.event.key.clone() };
        Ok(books.rows.values().filter(is_unknown).take(limit).map(event).collect())
    }

    fn requests_on(&mut self, day: UtcDay) -> Result<u64, OutboxError> {
        Ok(self.books().requests.get(&day).copied().unwrap_or_default())
    }

    fn look_again(&mut self, base_url: &str, limit: usize) -> Result<usize, OutboxError> {
        let is_wanted = |row: &&mut Row| {
            let is_parked =
                matches!(&row.state, State::Done(Outcome::Parked(parked)) if parked.cause == ParkCause::NotReadable);
            is_parked && row.base_url == base_url
        };
        let unknown = || State::Done(Outcome::Unknown { note: String::new() });
        let mut books = self.books();
        Ok(books.rows.values_mut().filter(is_wanted).take(limit).map(|row| row.state = unknown()).count())
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<i64>, OutboxError> {
        let mut books = self.books();
        if let Some((row, state)) = books.take_back_before_the_next_write.take() {
            books.rows.get_mut(&row).unwrap().state = state;
        }
        let fault = books.faults.pop();
        let mut taken_back = Vec::new();
        if fault != Some(WriteFault::Before) {
            taken_back = books.apply(batch);
        }
        self.written.notify_all();
        match fault {
            None => Ok(taken_back),
            Some(_) => Err(OutboxError { operation: "written", source: "the disk is full".into() }),
        }
    }
}
