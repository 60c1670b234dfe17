//! Whether PX lets unknown outcomes be looked up, and what becomes of them where it does not.
//!
//! Promises: one refusal decides nothing; what was parked because PX could not be asked is looked up when it can be. Does not:
//! look.

use std::time::Duration;

use super::{Moment, Pusher};
use crate::model::spec::OnUnknown;
use crate::push::observe::Settled;
use crate::push::outbox::{Doubt, Outbox, OutboxError, Outcome, ParkCause, Parked};
use crate::push::settle::{ENOUGH_REFUSALS, MAX_UNDER_LOOK};

/// Unknown events come from this process, which knows them, or from a person who puts parked ones back: for them, one
/// indexed query so often.
const ASK_UNKNOWN_EVERY: Duration = Duration::from_secs(10);

/// What is known of the permission to read.
#[derive(Debug)]
pub(super) struct Reading {
    /// Since when looks were refused, with not one answered in between, and how many.
    refused: Option<(Duration, u32)>,
    /// That went on for long enough.
    is_refused: bool,
    parked: ParkedEvents,
}

/// Which of the events that were parked as not readable are taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParkedEvents {
    /// None are left.
    Rest,
    All,
    /// One, from then on (steady clock), to see whether reading is permitted by now.
    OneAt(Duration),
}

impl Default for Reading {
    fn default() -> Self {
        // A person may have changed something while this process was not running.
        Self { refused: None, is_refused: false, parked: ParkedEvents::All }
    }
}

impl Reading {
    /// A look was answered. Says whether that is news.
    pub(super) fn permitted(&mut self) -> bool {
        let was_refused = std::mem::take(&mut self.is_refused);
        self.refused = None;
        if was_refused {
            self.parked = ParkedEvents::All;
        }
        was_refused
    }

    /// A look was refused. Says whether that was long enough, for the first time.
    pub(super) fn refused(&mut self, now: Duration, patience: Duration) -> bool {
        let (since, count) = self.refused.map_or((now, 1), |(since, count)| (since, count.saturating_add(1)));
        self.refused = Some((since, count));
        let was_refused = self.is_refused;
        self.is_refused |= count >= ENOUGH_REFUSALS && now.saturating_sub(since) >= patience;
        self.is_refused && !was_refused
    }

    /// There is another key: what was known was of the old one.
    pub(super) fn may_have_changed(&mut self) {
        *self = Self::default();
    }
}

impl<O: Outbox> Pusher<O> {
    /// A look was refused for want of permission.
    pub(super) fn reading_refused(&mut self, now: Moment) {
        if !self.reading.refused(now.steady, self.settings.pauses.unreadable) {
            return;
        }
        match self.settings.on_unknown {
            OnUnknown::Park => {
                self.reading.parked = ParkedEvents::OneAt(now.steady + self.settings.pauses.retry_unreadable);
                tracing::error!(
                    "PX does not let unknown outcomes be looked up: their events are parked as `not_readable`, since they may be \
                     there already. They are looked up when the API key has the Read permission"
                );
            }
            OnUnknown::Resend => tracing::error!(
                "PX does not let unknown outcomes be looked up: their events are sent again (`on_unknown = \"resend\"`), and \
                 may be there twice. Give the API key the Read permission"
            ),
        }
    }

    /// A look was answered with a page.
    pub(super) fn reading_permitted(&mut self) {
        if self.reading.permitted() {
            tracing::info!(
                "PX lets unknown outcomes be looked up again: so are those that were parked as `not_readable`"
            );
        }
    }

    /// Decides about events that PX cannot be asked about.
    pub(super) fn give_up_looking(&mut self, now: Moment) {
        let (rows, cause) = if self.reading.is_refused {
            (self.settling.overdue(now.steady), ParkCause::NotReadable)
        } else {
            (self.settling.hopeless(now.steady, self.settings.pauses.unreadable), ParkCause::NotFindable)
        };
        for row in rows {
            self.settling.forget(row);
            let (how, outcome) = match self.settings.on_unknown {
                OnUnknown::Park => {
                    self.observer.parked(cause);
                    (Settled::Parked, Outcome::Parked(Parked { cause, status: None, body: String::new() }))
                }
                OnUnknown::Resend => {
                    let note = "sent again without a look: it may be in PX twice".to_owned();
                    (Settled::PossiblyRepeated, Outcome::Ready { note, doubt: Doubt::NotAsked })
                }
            };
            if cause == ParkCause::NotFindable {
                tracing::warn!(row, ?how, "an event cannot be found in PX or missed there: its look-up never ends");
            }
            self.observer.settled(how);
            self.outcomes.push((row, outcome));
        }
    }

    /// Events that were parked because PX could not be asked: all when it can, now and then one to see whether it can.
    pub(super) fn take_up_parked(&mut self, now: Moment) -> Result<(), OutboxError> {
        let limit = match self.reading.parked {
            ParkedEvents::All if self.settling.len() <= MAX_UNDER_LOOK / 2 => MAX_UNDER_LOOK / 2,
            ParkedEvents::OneAt(at) if at <= now.steady => 1,
            _ => return Ok(()),
        };
        let taken_up = self.outbox.look_again(&self.settings.base_url, limit)?;
        self.reading.parked = match self.reading.parked {
            ParkedEvents::OneAt(_) => ParkedEvents::OneAt(now.steady + self.settings.pauses.retry_unreadable),
            _ if taken_up < limit => ParkedEvents::Rest,
            same => same,
        };
        if taken_up > 0 {
            self.ask_unknown_at = now.steady;
        }
        Ok(())
    }

    pub(super) fn take_up_unknown(&mut self, now: Moment) -> Result<(), OutboxError> {
        if now.steady < self.ask_unknown_at || self.settling.len() > MAX_UNDER_LOOK / 2 {
            return Ok(());
        }
        let events = self.outbox.unknown(&self.settings.base_url, MAX_UNDER_LOOK)?;
        // Where there may be more than these, they are asked for as soon as there is room.
        let is_all = events.len() < MAX_UNDER_LOOK && events.len() + self.settling.len() < MAX_UNDER_LOOK;
        self.ask_unknown_at = if is_all { now.steady + ASK_UNKNOWN_EVERY } else { now.steady };
        for event in events {
            // An outcome that is not written yet is newer than what the outbox says.
            if self.is_busy(event.row) || self.settling.len() >= MAX_UNDER_LOOK {
                continue;
            }
            self.settling.take_up(event.row, event.key, now.steady);
        }
        Ok(())
    }
}
