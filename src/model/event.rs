//! A sealed event: one group of one closed window, as it will be sent, once.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::decimal::Decimal;
use super::time::UnixMicros;

/// An event's own id: a UUIDv5 fixed when its window seals, before the first attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub Uuid);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// The agent's id: made once, kept in the ledger; a part of every event id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(pub Uuid);

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// A half-open span of event time: `start` is inside, `end` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    pub start: UnixMicros,
    pub end: UnixMicros,
}

impl Window {
    #[inline]
    #[must_use]
    pub fn contains(&self, time: UnixMicros) -> bool {
        self.start <= time && time < self.end
    }
}

/// Which window of which metric, and which revision of it: unique among all that one agent ever opens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowId {
    pub metric: Arc<str>,
    pub window: Window,
    /// 1 for the window itself; 2, 3, … for batches of late lines.
    pub revision: u32,
}

impl WindowId {
    /// Whether it gathers lines that came after the window was sealed.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        self.revision > 1
    }
}

/// A value of an event's attribute, as PX types them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    Text(String),
    Number(Decimal),
    Boolean(bool),
    Time(UnixMicros),
}

/// One event, complete: nothing is added to it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEvent {
    pub id: EventId,
    pub metric: String,
    /// PX's `eventName`.
    pub name: String,
    /// PX's `identifyId`: the group's user, or the service user for groups that have none.
    /// `None` only with `parked`: there is nobody to send it for.
    pub identify_id: Option<String>,
    pub account: Option<String>,
    pub window: Window,
    /// 1 for the window itself; 2, 3, … for batches of late lines.
    pub revision: u32,
    /// PX's `date`.
    pub date: UnixMicros,
    /// Properties and measures by name, in order of name. Names are unique.
    pub attributes: Vec<(String, AttributeValue)>,
    /// Why it can never be sent as it is; it goes to the outbox parked.
    pub parked: Option<String>,
    /// Lines that this event counts: the books add these up.
    pub lines: u64,
}
