//! What push tells whoever watches: counters and health.
//!
//! Promises: no ids, names or keys in what is told. Does not: keep or decide anything.

use super::outbox::ParkCause;

/// Watches push. Calls come from push's own task and must return at once.
pub trait PushObserver: Send + Sync {
    /// A request ended.
    fn request(&self, call: Call, code: Code);
    /// PX took an event (201).
    fn sent(&self);
    fn parked(&self, cause: ParkCause);
    /// An attempt ended without a known outcome.
    fn unknown(&self);
    /// An unknown outcome became known.
    fn settled(&self, how: Settled);
    /// Health changed.
    fn health(&self, health: &Health);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl PushObserver for NoObserver {
    fn request(&self, _: Call, _: Code) {}
    fn sent(&self) {}
    fn parked(&self, _: ParkCause) {}
    fn unknown(&self) {}
    fn settled(&self, _: Settled) {}
    fn health(&self, _: &Health) {}
}

/// The calls that push makes: a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `POST /v1/events/custom`
    SendEvent,
    /// `GET /v1/events/custom`
    FindEvent,
}

impl Call {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendEvent => "send_event",
            Self::FindEvent => "find_event",
        }
    }
}

/// How a request ended: a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    Status(u16),
    /// No connection was made: nothing of the request was sent.
    NotConnected,
    /// The connection was lost, or no answer came in time.
    Lost,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::NotConnected => f.write_str("not_connected"),
            Self::Lost => f.write_str("lost"),
        }
    }
}

/// How an unknown outcome was settled: a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settled {
    /// PX has it, once.
    Found,
    /// PX has it more than once.
    FoundRepeated,
    /// PX has an event with this id and another digest.
    Mismatch,
    /// PX does not have it: it is sent again.
    NotFound,
    /// PX cannot be asked: it is parked.
    Parked,
    /// PX cannot be asked: it is sent again, and may be there twice.
    PossiblyRepeated,
}

impl Settled {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::FoundRepeated => "found_repeated",
            Self::Mismatch => "mismatch",
            Self::NotFound => "not_found",
            Self::Parked => "parked",
            Self::PossiblyRepeated => "possibly_repeated",
        }
    }
}

/// Whether events flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Good,
    Failing {
        trouble: Trouble,
        /// What happened, on one line, and what to do.
        message: String,
    },
}

/// Kinds of trouble: a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The API key cannot be read.
    NoKey,
    /// 401, 403 or 404 to sending: a person has to change something.
    NotAllowed,
    /// 401, 403, 404 or 400 to looking up: unknown outcomes stay unknown.
    NotReadable,
    /// 429.
    TooFast,
    /// No connection.
    NotConnected,
    /// Answers that nobody can read as yes or no: 5xx, redirects, losses.
    NoAnswer,
    /// The day's requests are used up.
    OverBudget,
    /// The ledger cannot be read or written.
    NoOutbox,
}

impl Trouble {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::NotAllowed => "not_allowed",
            Self::NotReadable => "not_readable",
            Self::TooFast => "too_fast",
            Self::NotConnected => "not_connected",
            Self::NoAnswer => "no_answer",
            Self::OverBudget => "over_budget",
            Self::NoOutbox => "no_outbox",
        }
    }
}
