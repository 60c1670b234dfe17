//! The machine: what to send next, and what an answer means for the event, the pace and the pauses.
//!
//! Promises: driven by time and answers alone; a request is handed out only after the outbox has written it down; an
//! outcome is kept until the outbox has it. Does not: touch the network, a clock or a task.

mod answers;
mod health;
mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::gate::{Failure, Gate, Pass};
use super::observe::{Call, Health, PushObserver, Trouble};
use super::outbox::{Batch, Doubt, EventKey, Outbox, OutboxError, Outcome, UtcDay, WaitingEvent};
use super::pace::Pace;
use super::settings::PushSettings;
use super::settle::Settling;
use crate::model::time::UnixMicros;

use reading::Reading;

/// An empty outbox is looked at so often: one indexed query, and a sealed event waits no longer than this.
const IDLE_POLL: Duration = Duration::from_secs(1);

/// Answers without meaning that may come one after the other before sending pauses: a single lost answer must not stop
/// what else is under way.
const TOLERATED_LOSSES: u32 = 2;

/// The same instant on two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What the world calls it: for what is written down and for the UTC day. May jump.
    pub wall: UnixMicros,
    /// Time since some fixed moment, which never jumps: for pauses and waits.
    pub steady: Duration,
}

/// A request to make now. The outbox knows of it already.
#[derive(Debug)]
pub struct Request {
    pub ticket: Ticket,
    pub url: String,
    /// Present for a POST.
    pub body: Option<Arc<str>>,
}

/// Comes back with the answer, once.
#[derive(Debug)]
pub struct Ticket {
    call: Call,
    row: i64,
    shared: Pass,
    own: Pass,
}

impl Ticket {
    #[must_use]
    pub const fn call(&self) -> Call {
        self.call
    }
}

/// What to do next.
#[derive(Debug)]
pub struct Turn {
    pub requests: Vec<Request>,
    /// Ask again after this, or as soon as an answer comes.
    pub wake_in: Duration,
}

/// Decides.
pub struct Pusher<O> {
    outbox: O,
    settings: PushSettings,
    observer: Arc<dyn PushObserver>,
    rng: fastrand::Rng,
    pace: Pace,
    /// For all calls: 401, 429, no connection.
    shared: Gate,
    sending: Gate,
    looking: Gate,
    /// For the ledger itself.
    writing: Gate,
    no_key: Option<String>,
    /// Events under way, by row.
    under_way: BTreeMap<i64, EventKey>,
    looks_under_way: usize,
    settling: Settling,
    /// When the outbox is asked next for unknown events that are not in `settling`.
    ask_unknown_at: Duration,
    reading: Reading,
    /// Outcomes that the outbox does not have yet, in order.
    outcomes: Vec<(i64, Outcome)>,
    starts_at: Duration,
    /// What was told last.
    health: Health,
}

impl<O: Outbox> Pusher<O> {
    pub fn new(outbox: O, settings: PushSettings, observer: Arc<dyn PushObserver>, mut rng: fastrand::Rng) -> Self {
        let starts_at = settings.pauses.start.mul_f64(rng.f64());
        Self {
            outbox,
            observer,
            pace: Pace::new(settings.requests_per_second, settings.requests_per_day),
            shared: Gate::new(0),
            sending: Gate::new(TOLERATED_LOSSES),
            looking: Gate::new(TOLERATED_LOSSES),
            writing: Gate::new(0),
            no_key: None,
            under_way: BTreeMap::new(),
            looks_under_way: 0,
            settling: Settling::new(settings.request_timeout, settings.settle_wait, settings.pauses.look),
            ask_unknown_at: Duration::ZERO,
            reading: Reading::default(),
            outcomes: Vec::new(),
            starts_at,
            health: Health::Good,
            rng,
            settings,
        }
    }

    /// Writes down what is known, and says which requests to make now.
    pub fn turn(&mut self, now: Moment) -> Turn {
        let mut turn = Turn { requests: Vec::new(), wake_in: IDLE_POLL };
        if self.writing.room(now.steady) > 0 {
            let pass = self.writing.pass();
            match self.try_turn(now, &mut turn) {
                Ok(()) => self.writing.succeeded(pass),
                Err(err) => self.outbox_failed(pass, now, &err),
            }
        }
        self.tell_health();
        turn.wake_in = turn.wake_in.min(self.next_change(now));
        turn
    }

    /// Writes down what is known, without asking for more.
    pub fn flush(&mut self, now: Moment) -> Result<(), OutboxError> {
        self.write(now, Vec::new(), 0).map(|_| ())
    }

    /// Requests that have not been answered.
    #[must_use]
    pub fn requests_under_way(&self) -> usize {
        self.under_way.len() + self.looks_under_way
    }

    /// There is no API key: nothing goes.
    pub fn key_is_missing(&mut self, reason: String) {
        self.no_key = Some(reason);
        self.tell_health();
    }

    /// There is an API key, a new one: whatever was refused for the old one is tried at once.
    pub fn key_has_changed(&mut self, now: Moment) {
        self.no_key = None;
        self.reading.may_have_changed();
        for gate in [&mut self.shared, &mut self.sending, &mut self.looking] {
            if matches!(gate.trouble(), Some((Trouble::NotAllowed | Trouble::NotReadable, _))) {
                gate.retry_now(now.steady);
            }
        }
        self.tell_health();
    }

    fn try_turn(&mut self, now: Moment, turn: &mut Turn) -> Result<(), OutboxError> {
        self.start_day(now)?;
        self.give_up_looking(now);
        if self.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Ready { .. })) {
            // They can be begun by the turn after the one that writes them.
            turn.wake_in = Duration::ZERO;
        }
        let room = if self.no_key.is_none() && now.steady >= self.starts_at { self.room(now) } else { 0 };
        if room == 0 {
            return self.write(now, Vec::new(), 0).map(|_| ());
        }
        self.take_up_parked(now)?;
        self.take_up_unknown(now)?;
        let look_room = self.looking.room(now.steady).min(self.spare_looks()).min(room);
        let due = self.settling.due(now.steady, look_room);
        let post_room = self.sending.room(now.steady).min(room - due.len());
        let mut events = self.next_events(post_room)?;
        let taken_back = self.write(now, events.iter().map(|event| event.row).collect(), due.len())?;
        events.retain(|event| !taken_back.contains(&event.row));
        for row in due {
            turn.requests.extend(self.look_for(row, now));
        }
        turn.requests.extend(events.into_iter().map(|event| self.send(event)));
        Ok(())
    }

    /// The day's count is the outbox's: it holds across restarts, and when the clock steps back.
    fn start_day(&mut self, now: Moment) -> Result<(), OutboxError> {
        let day = UtcDay::of(now.wall);
        if !self.pace.knows(day) {
            let used = self.outbox.requests_on(day)?;
            self.pace.start_day(day, used);
        }
        Ok(())
    }

    /// Requests that may be begun now, of both kinds together.
    fn room(&mut self, now: Moment) -> usize {
        let slots = self.settings.concurrency.max(1).saturating_sub(self.requests_under_way());
        slots.min(self.pace.room(now.steady)).min(self.shared.room(now.steady))
    }

    /// Looks take at most half of the slots, so that a heap of unknown outcomes does not stop what is new.
    fn spare_looks(&self) -> usize {
        (self.settings.concurrency / 2).max(1).saturating_sub(self.looks_under_way)
    }

    fn next_events(&mut self, limit: usize) -> Result<Vec<WaitingEvent>, OutboxError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut events = self.outbox.ready(&self.settings.base_url, limit)?;
        events.truncate(limit);
        events.retain(|event| !self.is_busy(event.row));
        Ok(events)
    }

    /// Whether this row is under way in any sense: it must not be begun.
    fn is_busy(&self, row: i64) -> bool {
        self.under_way.contains_key(&row)
            || self.settling.is_looking(row)
            || self.outcomes.iter().any(|(unwritten, _)| *unwritten == row)
    }

    fn send(&mut self, event: WaitingEvent) -> Request {
        // The outbox calls it ready: an operator decided what a look would have.
        self.settling.forget(event.row);
        self.under_way.insert(event.row, event.key);
        let ticket =
            Ticket { call: Call::SendEvent, row: event.row, shared: self.shared.pass(), own: self.sending.pass() };
        Request { ticket, url: format!("{}/events/custom", self.settings.base_url), body: Some(event.body) }
    }

    fn look_for(&mut self, row: i64, now: Moment) -> Option<Request> {
        let url = self.settling.begin(row, &self.settings.base_url, now.steady)?;
        self.looks_under_way += 1;
        let ticket = Ticket { call: Call::FindEvent, row, shared: self.shared.pass(), own: self.looking.pass() };
        Some(Request { ticket, url, body: None })
    }

    /// One durable write. Gives the rows of `begun` that must not be sent.
    fn write(&mut self, now: Moment, begun: Vec<i64>, looks: usize) -> Result<Vec<i64>, OutboxError> {
        let requests = begun.len() + looks;
        let batch =
            Batch { at: now.wall, finished: std::mem::take(&mut self.outcomes), begun, requests: requests as u64 };
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        match self.outbox.write(&batch) {
            Ok(taken_back) => {
                self.pace.take(requests);
                Ok(taken_back)
            }
            Err(err) => {
                self.outcomes = batch.finished;
                // It may be written all the same, and then they would stay under way for ever: nothing of them was sent.
                let note = "it was not sent: the attempt could not be noted";
                let not_sent = |row| (row, Outcome::Ready { note: note.to_owned(), doubt: Doubt::None });
                self.outcomes.extend(batch.begun.into_iter().map(not_sent));
                Err(err)
            }
        }
    }

    fn outbox_failed(&mut self, pass: Pass, now: Moment, err: &OutboxError) {
        let reason = std::error::Error::source(err).map(ToString::to_string).unwrap_or_default();
        let failure = Failure {
            trouble: Trouble::NoOutbox,
            message: format!("{err}: {reason}"),
            pause: self.settings.pauses.trouble,
            at_least: Duration::ZERO,
        };
        self.writing.failed(pass, now.steady, failure, &mut self.rng);
    }

    /// How long nothing changes by itself.
    fn next_change(&self, now: Moment) -> Duration {
        let until = |at: Duration| at.saturating_sub(now.steady);
        let mut next = IDLE_POLL;
        if self.requests_under_way() < self.settings.concurrency {
            next = self.pace.next_token().filter(|wait| *wait < next).unwrap_or(next);
        }
        let gates = [&self.shared, &self.sending, &self.looking, &self.writing];
        let openings = gates.iter().filter_map(|gate| gate.opens_at()).chain(self.settling.next_due());
        let openings = openings.chain([self.starts_at]);
        openings.map(until).filter(|wait| !wait.is_zero()).fold(next, Duration::min)
    }
}

#[cfg(test)]
mod tests;
