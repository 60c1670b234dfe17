//! Delivery: push on a thread of its own, fed from the ledger's outbox.
//!
//! Promises: counting never waits for PX. A row that is damaged is parked alone and said, and keeps nothing back. Does not:
//! decide what to send; `push` does.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde::de::IgnoredAny;
use tokio::sync::watch;
use uuid::Uuid;

use super::AgentError;
use crate::ledger::LedgerError;
use crate::ledger::outbox::{self, EventState, Note, OutboxBatch, OutboxRow, OutboxStore};
use crate::model::event::EventId;
use crate::model::time::Clock;
use crate::push::outbox::{
    Batch, Doubt, EventKey, Outbox, OutboxError, Outcome, ParkCause, UnknownEvent, UtcDay, WaitingEvent,
};
use crate::push::{self, PushError, PushObserver, PushSettings};

/// Push, running.
pub struct Delivery {
    stop: watch::Sender<bool>,
    thread: JoinHandle<Result<(), PushError>>,
    damage: Arc<Mutex<Option<LedgerError>>>,
}

impl Delivery {
    /// Starts sending what the outbox holds.
    pub fn start(
        outbox: OutboxStore,
        settings: PushSettings,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn PushObserver>,
    ) -> Result<Self, AgentError> {
        let (stop, stopped) = watch::channel(false);
        let damage = Arc::new(Mutex::new(None));
        let outbox = LedgerOutbox { store: outbox, clock: Arc::clone(&clock), damage: Arc::clone(&damage) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AgentError::Thread)?;
        let thread = std::thread::Builder::new()
            .name("push".to_owned())
            .spawn(move || runtime.block_on(push::run(outbox, settings, clock, stopped, observer)))
            .map_err(AgentError::Thread)?;
        Ok(Self { stop, thread, damage })
    }

    /// Damage of the ledger that push met.
    #[must_use]
    pub fn damage(&self) -> Option<LedgerError> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether push ended by itself, which it does only when it cannot start.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Asks it to end, and waits: at most 5 s, which is `push`'s promise.
    pub fn stop(self) -> Result<(), AgentError> {
        // It may have ended already, and then nobody listens.
        let _ = self.stop.send(true);
        match self.thread.join() {
            Ok(result) => result.map_err(AgentError::Push),
            Err(_) => Err(AgentError::Panicked("push")),
        }
    }
}

/// The ledger's outbox as `push` asks for it.
struct LedgerOutbox {
    store: OutboxStore,
    clock: Arc<dyn Clock>,
    /// Push goes on asking whatever happens; the agent's loop ends the run.
    damage: Arc<Mutex<Option<LedgerError>>>,
}

impl LedgerOutbox {
    fn failed(&self, operation: &'static str) -> impl Fn(LedgerError) -> OutboxError + use<> {
        let damage = Arc::clone(&self.damage);
        move |source| {
            let text = source.to_string();
            if source.is_damage() {
                *damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(source);
            }
            OutboxError { operation, source: text.into() }
        }
    }
}

/// What is wrong with a row.
type Damage = &'static str;

/// Events in a state, without those whose rows are damaged: they are parked first, so that they stand before nobody.
fn sound<T>(
    outbox: &mut LedgerOutbox,
    state: EventState,
    base_url: &str,
    limit: usize,
    read: impl Fn(&OutboxRow) -> Result<T, Damage>,
) -> Result<Vec<T>, OutboxError> {
    loop {
        let rows = outbox.store.in_state(state, Some(base_url), limit).map_err(outbox.failed("read"))?;
        let mut events = Vec::with_capacity(rows.len());
        let mut damaged = Vec::new();
        for row in &rows {
            match read(row) {
                Ok(event) => events.push(event),
                Err(what) => {
                    let (row, id, metric) = (row.row, &row.event_id, &row.metric);
                    tracing::error!(row, ?id, ?metric, "an event's row is damaged, {what}: it is parked");
                    damaged.push((row, what.to_owned()));
                }
            }
        }
        if damaged.is_empty() {
            return Ok(events);
        }
        if outbox.store.park_damaged(&damaged, outbox.clock.now()).map_err(outbox.failed("written"))? == 0 {
            // An operator was faster, or the index is damaged as well: this must not turn in a circle.
            let source = "a damaged row is not in the state that the index says".into();
            return Err(OutboxError { operation: "read", source });
        }
    }
}

/// Hex digits of a digest.
const DIGEST_LEN: usize = 32;

fn key(row: &OutboxRow) -> Result<EventKey, Damage> {
    if let Some(damage) = row.damage {
        return Err(damage);
    }
    let is_hex = row.digest.len() == DIGEST_LEN && row.digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(EventKey {
        id: EventId(Uuid::parse_str(&row.event_id).map_err(|_| "its id is no event id")?),
        identify_id: row.identify_id.clone(),
        event_name: row.name.clone(),
        date: row.date,
        digest: if is_hex { row.digest.clone() } else { return Err("its digest is none") },
    })
}

fn waiting(row: &OutboxRow) -> Result<WaitingEvent, Damage> {
    let key = key(row)?;
    // Rows of the first versions have no sum.
    let is_object = row.body.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(&row.body).is_ok();
    let body = std::str::from_utf8(&row.body).ok().filter(|_| is_object).ok_or("its body is no JSON")?;
    Ok(WaitingEvent { row: row.row, body: Arc::from(body), key })
}

fn unknown(row: &OutboxRow) -> Result<UnknownEvent, Damage> {
    Ok(UnknownEvent { row: row.row, key: key(row)? })
}

impl Outbox for LedgerOutbox {
    fn ready(&mut self, base_url: &str, limit: usize) -> Result<Vec<WaitingEvent>, OutboxError> {
        sound(self, EventState::Ready, base_url, limit, waiting)
    }

    fn unknown(&mut self, base_url: &str, limit: usize) -> Result<Vec<UnknownEvent>, OutboxError> {
        sound(self, EventState::Unknown, base_url, limit, unknown)
    }

    fn requests_on(&mut self, day: UtcDay) -> Result<u64, OutboxError> {
        self.store.requests_on(day.0).map_err(self.failed("read"))
    }

    fn look_again(&mut self, base_url: &str, limit: usize) -> Result<usize, OutboxError> {
        let cause = ParkCause::NotReadable.as_str();
        self.store.look_again(cause, base_url, limit).map_err(self.failed("written"))
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<i64>, OutboxError> {
        let notes: Vec<Note> = batch.finished.iter().map(|(row, outcome)| note(*row, outcome)).collect();
        let batch = OutboxBatch { at: batch.at, notes: &notes, begun: &batch.begun, requests: batch.requests };
        self.store.write(&batch).map_err(self.failed("written"))
    }
}

fn note(row: i64, outcome: &Outcome) -> Note {
    let plain = |state, cause: Option<String>| {
        let doubt = outbox::Doubt::None;
        Note { row, state, status: None, cause, answer: None, doubt }
    };
    match outcome {
        Outcome::Sent { copies: 0 | 1 } => Note { status: Some(201), ..plain(EventState::Sent, None) },
        Outcome::Sent { copies } => {
            let cause = format!("PX holds it {copies} times");
            Note { doubt: outbox::Doubt::Repeated, ..plain(EventState::Sent, Some(cause)) }
        }
        Outcome::Ready { note, doubt } => {
            let doubt = match doubt {
                Doubt::None => outbox::Doubt::None,
                Doubt::NotShown => outbox::Doubt::NotShown,
                Doubt::NotAsked => outbox::Doubt::NotAsked,
            };
            Note { doubt, ..plain(EventState::Ready, Some(note.clone())) }
        }
        Outcome::Unknown { note } => plain(EventState::Unknown, Some(note.clone())),
        Outcome::Parked(parked) => Note {
            status: parked.status,
            answer: Some(parked.body.clone()),
            ..plain(EventState::Parked, Some(parked.cause.as_str().to_owned()))
        },
    }
}

#[cfg(test)]
mod tests;
