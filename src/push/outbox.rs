//! What push needs of the ledger: waiting events in, notes of what became of them out.
//!
//! Promises: every change goes through [`Outbox::write`], one durable transaction each, and an event's attempt is written
//! before its first byte is sent. Does not: say how rows are stored.

use std::sync::Arc;

use crate::model::event::EventId;
use crate::model::time::UnixMicros;

/// Where sealed events wait. The agent implements it over its ledger, tests over memory.
///
/// The states of a row and who changes them:
///
/// ```text
/// Ready ──begun──▶ Sending ──┬─▶ Sent
///   ▲                        ├─▶ Parked
///   ├────────────────────────┤
///   └──────── Unknown ◀──────┘        Unknown ──▶ Sent | Parked | Ready
/// ```
///
/// When the process starts, the implementation turns every `Sending` into `Unknown` before push sees it: nobody knows
/// how those attempts ended. While sending is held back by the operator, [`Outbox::ready`] gives nothing.
pub trait Outbox: Send {
    /// Events in state Ready whose stored base URL is `base_url`, oldest first, at most `limit`. Events for another base
    /// URL are never redirected: they wait until it is configured again.
    fn ready(&mut self, base_url: &str, limit: usize) -> Result<Vec<WaitingEvent>, OutboxError>;

    /// Events in state Unknown for `base_url`, oldest first, at most `limit`.
    fn unknown(&mut self, base_url: &str, limit: usize) -> Result<Vec<UnknownEvent>, OutboxError>;

    /// Requests of all kinds that were made on `day`: the daily budget holds across restarts.
    fn requests_on(&mut self, day: UtcDay) -> Result<u64, OutboxError>;

    /// Parked for [`ParkCause::NotReadable`] becomes Unknown again, oldest first, at most `limit`: durably. Gives how many.
    fn look_again(&mut self, base_url: &str, limit: usize) -> Result<usize, OutboxError>;

    /// Writes the batch, whole and durably, before it returns. After an error push calls again with the same outcomes,
    /// so writing an outcome twice must do no harm; nothing of `begun` is sent after an error.
    ///
    /// Gives the rows of `begun` that are not Ready any more, because an operator took them back: they stay as they are, and
    /// must not be sent.
    ///
    /// An outcome applies to a row that is Sending, Unknown or Ready (an operator may have put an unknown event back while
    /// a look for it was under way: what the look found counts). A row that is Sent, Parked or gone stays as it is.
    fn write(&mut self, batch: &Batch) -> Result<Vec<i64>, OutboxError>;
}

/// One transaction's worth of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The wall clock: the time of the attempts in `begun` and of the outcomes in `finished`.
    pub at: UnixMicros,
    /// Rows and what became of them. Never holds a row that is in `begun` too.
    pub finished: Vec<(i64, Outcome)>,
    /// Rows that are about to be sent: state Sending, time of last attempt `at`, attempts + 1.
    pub begun: Vec<i64>,
    /// Requests about to be made, to add to those of the day of `at`.
    pub requests: u64,
}

impl Batch {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.finished.is_empty() && self.begun.is_empty() && self.requests == 0
    }
}

/// An event that may be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingEvent {
    pub row: i64,
    /// The POST body as it was fixed when the window sealed.
    pub body: Arc<str>,
    pub key: EventKey,
}

/// By what an event is found again in PX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventKey {
    pub id: EventId,
    pub identify_id: String,
    pub event_name: String,
    /// PX's `date`.
    pub date: UnixMicros,
    /// The attribute `usageDigest`, as [`super::wire::custom_event`] gave it.
    pub digest: String,
}

/// An event of which nobody knows whether PX has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEvent {
    pub row: i64,
    pub key: EventKey,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// PX has it. `copies` is more than 1 when a look-up found it repeatedly.
    Sent { copies: u32 },
    /// It is to be sent (again). The note says why, for the operator.
    Ready { note: String, doubt: Doubt },
    /// Nobody knows. The note says how the attempt ended.
    Unknown { note: String },
    /// It is not to be sent again by itself.
    Parked(Parked),
}

/// Whether an event may come to be in PX twice when it is sent (again).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// It certainly is not there.
    None,
    /// PX did not show it: it is there all the same only where PX shows events later than `settle_wait`.
    NotShown,
    /// PX could not be asked, and the configuration says `on_unknown = "resend"`: it may be there.
    NotAsked,
}

/// Why an event is parked, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub cause: ParkCause,
    /// PX's HTTP status, where an answer was the reason.
    pub status: Option<u16>,
    /// The answer's body, cut and made printable; or the reason in words.
    pub body: String,
}

/// Kinds of parked events: a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkCause {
    /// PX answered 400.
    Refused,
    /// PX holds an event with this id and another digest.
    DigestMismatch,
    /// Its outcome is unknown, and the API key is not allowed to look it up. Looked up when that changes.
    NotReadable,
    /// Its outcome is unknown, and its own look-up never comes to an end: PX refuses it, or shows too many events around it.
    NotFindable,
}

impl ParkCause {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::DigestMismatch => "digest_mismatch",
            Self::NotReadable => "not_readable",
            Self::NotFindable => "not_findable",
        }
    }
}

/// A calendar day in UTC: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcDay(pub i64);

const MICROS_PER_DAY: i64 = 86_400_000_000;

impl UtcDay {
    #[must_use]
    pub const fn of(time: UnixMicros) -> Self {
        Self(time.0.div_euclid(MICROS_PER_DAY))
    }

    /// The first instant of the day after.
    #[must_use]
    pub const fn end(self) -> UnixMicros {
        UnixMicros(self.0.saturating_add(1).saturating_mul(MICROS_PER_DAY))
    }
}

/// The outbox could not be read or written. Push keeps what it knows and tries again.
#[derive(Debug, thiserror::Error)]
#[error("the outbox could not be {operation}")]
pub struct OutboxError {
    /// "read" or "written".
    pub operation: &'static str,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
