//! An outbox in memory, with a crash and failing writes, for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use uuid::Uuid;

use super::outbox::{Batch, EventKey, Outbox, OutboxError, Outcome, UnknownEvent, UtcDay, WaitingEvent};
use crate::model::event::EventId;
use crate::model::time::UnixMicros;

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
    pub(super) attempted_at: UnixMicros,
    pub(super) attempts: u32,
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
}

/// Clones share the books: one stays with the test.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryOutbox {
    books: Arc<Mutex<Books>>,
}

impl MemoryOutbox {
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    pub(super) fn add(&self, base_url: &str, identify_id: &str) -> i64 {
        let mut books = self.books();
        let row = books.rows.len() as i64 + 1;
        let id = EventId(Uuid::from_u128(row as u128));
        let digest = format!("digest-{row}");
        let date = UnixMicros::from_millis(1_763_917_200_000);
        let body = format!(
            r#"{{"eventId":"{id}","identifyId":"{identify_id}","propertyKey":"AP-TEST-2","userType":"USER","eventName":"API","date":{},"attributes":{{"usageDigest":"{digest}","usageId":"{id}"}}}}"#,
            date.millis()
        );
        let key = EventKey { id, identify_id: identify_id.to_owned(), event_name: "API".to_owned(), date, digest };
        let event = WaitingEvent { row, body: body.into(), key };
        let base_url = base_url.to_owned();
        let attempted_at = UnixMicros::MIN;
        books.rows.insert(row, Row { event, base_url, state: State::Ready, attempted_at, attempts: 0 });
        row
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
    fn apply(&mut self, batch: &Batch) {
        for (row, outcome) in &batch.finished {
            let Some(row) = self.rows.get_mut(row) else { continue };
            let is_open = row.state == State::Sending || matches!(row.state, State::Done(Outcome::Unknown { .. }));
            if is_open {
                row.state = match outcome {
                    Outcome::Ready { .. } => State::Ready,
                    other => State::Done(other.clone()),
                };
            }
        }
        for row in &batch.begun {
            assert!(batch.finished.iter().all(|(finished, _)| finished != row), "{row} is in both lists");
            let row = self.rows.get_mut(row).unwrap();
            assert_eq!(row.state, State::Ready, "{} was begun", row.event.row);
            row.state = State::Sending;
            row.attempted_at = batch.at;
            row.attempts += 1;
        }
        *self.requests.entry(UtcDay::of(batch.at)).or_default() += batch.requests;
        self.writes += 1;
    }
}

impl Outbox for MemoryOutbox {
    fn ready(&mut self, base_url: &str, limit: usize) -> Result<Vec<WaitingEvent>, OutboxError> {
        let books = self.books();
        let ready = books.rows.values().filter(|row| row.state == State::Ready && row.base_url == base_url);
        Ok(ready.take(limit).map(|row| row.event.clone()).collect())
    }

    fn unknown(&mut self, base_url: &str, limit: usize) -> Result<Vec<UnknownEvent>, OutboxError> {
        let books = self.books();
        let mut unknown: Vec<&Row> = books
            .rows
            .values()
            .filter(|row| matches!(row.state, State::Done(Outcome::Unknown { .. })) && row.base_url == base_url)
            .collect();
        unknown.sort_by_key(|row| row.attempted_at);
        let event = |row: &&Row| UnknownEvent {
            row: row.event.row,
            key: row.event.key.clone(),
            attempted_at: row.attempted_at,
        };
        Ok(unknown.iter().take(limit).map(event).collect())
    }

    fn requests_on(&mut self, day: UtcDay) -> Result<u64, OutboxError> {
        Ok(self.books().requests.get(&day).copied().unwrap_or_default())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), OutboxError> {
        let mut books = self.books();
        let fault = books.faults.pop();
        if fault != Some(WriteFault::Before) {
            books.apply(batch);
        }
        match fault {
            None => Ok(()),
            Some(_) => Err(OutboxError { operation: "written", source: "the disk is full".into() }),
        }
    }
}
