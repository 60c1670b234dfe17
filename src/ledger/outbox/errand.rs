//! What operators do to events: try parked ones again, drop some for ever.
//!
//! Promises: an event that may have landed is never made ready, only unknown, so that PX is asked first; one that another
//! ledger may have sent is tried again only when the operator says that it sent nothing; what was dropped stays a row.
//! Many events are changed in short transactions: what is changed stays so when a later one fails. Does not: send.

use rusqlite::{Connection, TransactionBehavior, params};

use super::{DAMAGED, EventState, Filter, OutboxRow, OutboxStore, StateTotal, find};
use crate::ledger::identity::Cause;
use crate::ledger::{LedgerError, commit};
use crate::model::time::UnixMicros;

/// Events changed in one transaction: some 10 ms, in which nobody else can write.
const BATCH: usize = 500;

/// Refusals are told one by one, so many at most.
const TOLD: usize = 20;

/// The HTTP status of a request that PX refused for what it is: nothing of it was stored.
const BAD_REQUEST: u16 = 400;

/// Which events an errand is about.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a> {
    /// By row and event id: where they do not belong together any more, nothing is changed.
    Events(&'a [(i64, String)]),
    All(Filter<'a>),
}

/// What the operator vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assertion {
    Nothing,
    /// The ledger that may have sent what was parked at an adoption sent nothing of it.
    OtherLedgerSentNothing,
}

/// Why an event is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Gone,
    NotParked(EventState),
    Adopted(Cause),
    Damaged,
    NoUser,
    UnderWay,
    Sent,
    Dropped,
}

impl Refused {
    /// In words, and what to do.
    #[must_use]
    pub const fn text(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Gone => ("it is not in the outbox any more", None),
            Self::NotParked(EventState::Held) => ("it is held", Some("`pxtail outbox release` lets held events go")),
            Self::NotParked(EventState::Sent) | Self::Sent => ("PX has it already", None),
            Self::NotParked(EventState::Dropped) | Self::Dropped => ("it was dropped, which is for ever", None),
            Self::NotParked(_) => ("it is on its way by itself", None),
            Self::Adopted(cause) => (cause.why_parked(), Some(ADOPTED_HELP)),
            Self::Damaged => {
                ("its row is damaged", Some("what it says cannot be trusted: `pxtail outbox drop` ends it"))
            }
            Self::NoUser => (
                "it has no user, and PX would count it for nobody",
                Some("set `service_user` on the metric for later windows; `pxtail outbox drop` ends this event"),
            ),
            Self::UnderWay => ("an attempt is under way", Some("try again when its outcome is known")),
        }
    }
}

const ADOPTED_HELP: &str = "another ledger may have sent it, under another event id: sent again, it would count twice for ever. \
    Look in PX; when you know that nothing of it was sent, add --sent-nothing, else drop it";

/// An event that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub event_id: String,
    pub why: Refused,
}

/// What an errand did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errand {
    pub ready: StateTotal,
    pub unknown: StateTotal,
    pub dropped: StateTotal,
    /// The first of those that were left as they are, and how many there were.
    pub refused: Vec<Refusal>,
    pub refused_events: u64,
}

impl Errand {
    fn refuse(&mut self, event_id: &str, why: Refused) {
        self.refused_events += 1;
        if self.refused.len() < TOLD {
            self.refused.push(Refusal { event_id: event_id.to_owned(), why });
        }
    }

    fn changed(&mut self, state: EventState, lines: u64) {
        let total = match state {
            EventState::Unknown => &mut self.unknown,
            EventState::Dropped => &mut self.dropped,
            _ => &mut self.ready,
        };
        total.events += 1;
        total.lines += lines;
    }
}

/// Whether an attempt may have reached PX without anybody knowing.
fn may_have_landed(row: &OutboxRow) -> bool {
    match row.unanswered {
        Some(unanswered) => unanswered > 0,
        // Of an older version: only a single attempt says how all of them ended.
        None => row.attempts > 1 || (row.attempts == 1 && row.status != Some(BAD_REQUEST)),
    }
}

/// What a parked event becomes.
pub(super) fn retried(row: &OutboxRow, assertion: Assertion) -> Result<EventState, Refused> {
    let is_damaged = row.damage.is_some() || row.cause.as_deref().is_some_and(|cause| cause.starts_with(DAMAGED));
    match (row.state, row.adopted) {
        (EventState::Parked, _) if is_damaged => Err(Refused::Damaged),
        (EventState::Parked, _) if row.identify_id.is_empty() => Err(Refused::NoUser),
        (EventState::Parked, Some(cause)) if assertion == Assertion::Nothing => Err(Refused::Adopted(cause)),
        (EventState::Parked, _) if may_have_landed(row) => Ok(EventState::Unknown),
        (EventState::Parked, _) => Ok(EventState::Ready),
        (other, _) => Err(Refused::NotParked(other)),
    }
}

/// Whether an event can be dropped.
pub(super) const fn dropped(row: &OutboxRow) -> Result<EventState, Refused> {
    match row.state {
        EventState::Sending => Err(Refused::UnderWay),
        EventState::Sent => Err(Refused::Sent),
        EventState::Dropped => Err(Refused::Dropped),
        EventState::Held | EventState::Ready | EventState::Unknown | EventState::Parked => Ok(EventState::Dropped),
    }
}

impl OutboxStore {
    /// Tries parked events again. `by`: who says so, for the row.
    pub fn retry(
        &mut self,
        targets: Targets<'_>,
        assertion: Assertion,
        by: &str,
        at: UnixMicros,
    ) -> Result<Errand, LedgerError> {
        let words = match assertion {
            Assertion::Nothing => format!("tried again by {by}"),
            Assertion::OtherLedgerSentNothing => {
                format!("tried again by {by}, who says that the other ledger sent nothing")
            }
        };
        self.errand(targets, &words, at, |row| retried(row, assertion))
    }

    /// Drops events for ever. `by`: who says so, and why.
    pub fn discard(&mut self, targets: Targets<'_>, by: &str, at: UnixMicros) -> Result<Errand, LedgerError> {
        self.errand(targets, &format!("dropped by {by}"), at, dropped)
    }

    fn errand(
        &mut self,
        targets: Targets<'_>,
        words: &str,
        at: UnixMicros,
        decide: impl Fn(&OutboxRow) -> Result<EventState, Refused>,
    ) -> Result<Errand, LedgerError> {
        let mut errand = Errand::default();
        match targets {
            Targets::Events(events) => {
                for batch in events.chunks(BATCH) {
                    self.change(batch, words, at, &decide, &mut errand)?;
                }
            }
            Targets::All(filter) => {
                let mut after = 0;
                loop {
                    let page = self.page(filter, after, BATCH)?;
                    let Some(last) = page.last() else { break };
                    after = last.row;
                    let batch: Vec<_> = page.into_iter().map(|row| (row.row, row.event_id)).collect();
                    self.change(&batch, words, at, &decide, &mut errand)?;
                }
            }
        }
        Ok(errand)
    }

    /// One transaction. Every row is read again in it: push may have changed it since it was found.
    fn change(
        &mut self,
        batch: &[(i64, String)],
        words: &str,
        at: UnixMicros,
        decide: impl Fn(&OutboxRow) -> Result<EventState, Refused>,
        errand: &mut Errand,
    ) -> Result<(), LedgerError> {
        let fail = self.fail("change the outbox");
        let mut done = errand.clone();
        let mut change = || -> rusqlite::Result<u64> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (number, event_id) in batch {
                let row = find::row_of(&transaction, *number)?.filter(|row| row.event_id == *event_id);
                match row.as_ref().ok_or(Refused::Gone).and_then(|row| Ok((row, decide(row)?))) {
                    Ok((row, state)) => {
                        put(&transaction, row, state, words, at)?;
                        done.changed(state, row.lines);
                    }
                    Err(why) => done.refuse(event_id, why),
                }
            }
            let number = commit::next_number(&transaction)?;
            transaction.commit()?;
            Ok(number)
        };
        self.witness.note(change().map_err(fail)?);
        *errand = done;
        Ok(())
    }
}

/// What the row said before stays behind what is said now.
fn put(
    connection: &Connection,
    row: &OutboxRow,
    state: EventState,
    words: &str,
    at: UnixMicros,
) -> rusqlite::Result<()> {
    let before = row.cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default();
    let cause = format!("{words}; it was {}{before}", row.state.name());
    let adopted = row.adopted.filter(|_| state == EventState::Dropped).map(Cause::name);
    connection
        .prepare_cached("UPDATE outbox SET state = ?2, cause = ?3, settled_us = ?4, adopted = ?5 WHERE id = ?1")?
        .execute(params![row.row, state as i64, cause, at.0, adopted])?;
    Ok(())
}
