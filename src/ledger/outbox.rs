//! The outbox: sealed events on their way to PX.
//!
//! Promises: an attempt is durable before it is made; what was under way when the agent died is unknown at the next
//! start, never ready. Does not: decide anything; `push` does.

mod errand;
mod find;
pub(super) mod removal;
mod row;
#[cfg(test)]
mod tests;
mod totals;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::identity::Cause;
use super::witness::{Witness, Writer};
use super::{LedgerError, commit, schema};
use crate::model::event::{EventId, Window};
use crate::model::time::UnixMicros;

pub use errand::{Assertion, Errand, Refusal, Refused, Targets};
pub use find::Filter;

/// Where an event stands. The numbers are stored: they may grow, never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventState {
    /// Sealed, not to be sent before `outbox release`.
    Held = 0,
    Ready = 1,
    /// An attempt is under way.
    Sending = 2,
    /// An attempt was made and its outcome is not known: never sent again before PX was asked.
    Unknown = 3,
    Sent = 4,
    /// Can or must not be sent as it is; waits for a person.
    Parked = 5,
    /// An operator decided that it is never sent.
    Dropped = 6,
}

impl EventState {
    pub const ALL: [Self; 7] =
        [Self::Held, Self::Ready, Self::Sending, Self::Unknown, Self::Sent, Self::Parked, Self::Dropped];

    /// The name shown to people and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Ready => "ready",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Parked => "parked",
            Self::Dropped => "dropped",
        }
    }
}

/// Whether PX may hold an event more than once. It only grows; the numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    #[default]
    None = 0,
    /// It was sent again after PX did not show it.
    NotShown = 1,
    /// It was sent again although PX could not be asked.
    NotAsked = 2,
    /// PX showed it more than once.
    Repeated = 3,
}

impl Doubt {
    const ALL: [Self; 4] = [Self::None, Self::NotShown, Self::NotAsked, Self::Repeated];

    /// In words for people; `None` where nothing is doubted.
    #[must_use]
    pub const fn text(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::NotShown => Some("it was sent again after PX did not show it"),
            Self::NotAsked => Some("it was sent again although PX could not be asked: PX may hold it twice"),
            Self::Repeated => Some("PX showed it more than once"),
        }
    }
}

/// A sealed event to put in.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    pub id: EventId,
    pub metric: &'a str,
    pub name: &'a str,
    /// Empty for a parked event that has nobody.
    pub identify_id: &'a str,
    pub date: UnixMicros,
    pub window: Window,
    pub revision: u32,
    pub lines: u64,
    pub base_url: &'a str,
    pub body: &'a [u8],
    pub digest: &'a str,
    pub state: EventState,
    pub cause: Option<&'a str>,
    /// Why it may have been sent by a ledger that is not this one: it is parked for that alone.
    pub adopted: Option<Cause>,
    pub sealed: UnixMicros,
}

/// An event in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    pub row: i64,
    pub event_id: String,
    pub metric: String,
    pub name: String,
    pub identify_id: String,
    pub date: UnixMicros,
    pub window: Window,
    pub revision: u32,
    pub lines: u64,
    pub base_url: String,
    pub body: Vec<u8>,
    pub digest: String,
    pub state: EventState,
    pub sealed: UnixMicros,
    pub attempts: u32,
    /// Attempts whose answer never came; `None` where an older version did not count them.
    pub unanswered: Option<u32>,
    pub attempted: Option<UnixMicros>,
    /// When its state was noted last.
    pub settled: Option<UnixMicros>,
    pub status: Option<u16>,
    pub cause: Option<String>,
    pub answer: Option<String>,
    pub adopted: Option<Cause>,
    pub doubt: Doubt,
    /// What of the row is not as it was written. What cannot be read stands here empty, or as far as it can.
    pub damage: Option<&'static str>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub row: i64,
    pub state: EventState,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    pub cause: Option<String>,
    /// The answer's body, shortened and printable.
    pub answer: Option<String>,
    pub doubt: Doubt,
}

/// What [`OutboxStore::write`] writes at once.
#[derive(Clone, Copy, Debug)]
pub struct OutboxBatch<'a> {
    pub at: UnixMicros,
    pub notes: &'a [Note],
    /// Rows that are about to be sent.
    pub begun: &'a [i64],
    /// Requests that are about to be made.
    pub requests: u64,
}

/// How many events and lines stand in one state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateTotal {
    pub events: u64,
    pub lines: u64,
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// How the cause of an event begins whose row is damaged.
pub const DAMAGED: &str = "damaged";

/// Events that may be in PX more than once: sent again without a look, or seen there so.
pub const POSSIBLY_REPEATED: &str = "outbox_possibly_repeated";

/// The outbox over a connection of its own, so that pushing never waits for counting to finish a read.
#[derive(Debug)]
pub struct OutboxStore {
    connection: Connection,
    path: PathBuf,
    witness: Witness,
}

impl OutboxStore {
    /// Opens the outbox of a ledger that exists.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let witness = Witness::of(path, Writer::Sending);
        Ok(Self { connection: schema::connect(path)?, path: path.to_owned(), witness })
    }

    /// Opens the outbox to look at it: an older ledger gets what it lacks only from who holds the lock, so it is refused.
    pub fn open_current(path: &Path) -> Result<Self, LedgerError> {
        let found = schema::version(path)?;
        if found < schema::VERSION {
            return Err(LedgerError::Older { path: path.to_owned(), found, known: schema::VERSION });
        }
        Self::open(path)
    }

    fn fail(&self, operation: &'static str) -> impl Fn(rusqlite::Error) -> LedgerError + use<> {
        let path = self.path.clone();
        move |source| LedgerError::Sqlite { path: path.clone(), operation, source }
    }

    /// Events in a state, oldest first, of one destination or of all. Those whose row is damaged say so.
    pub fn in_state(
        &self,
        state: EventState,
        base_url: Option<&str>,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<OutboxRow>> {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {} FROM outbox WHERE state = ?1 AND base_url = coalesce(?2, base_url) ORDER BY id LIMIT ?3",
                row::COLUMNS
            ))?;
            let rows = statement.query_map(params![state as i64, base_url, limit as i64], row::read)?;
            rows.collect()
        };
        read().map_err(self.fail("read the outbox"))
    }

    /// Notes outcomes, attempts that are about to be made and requests of a UTC day: one durable transaction. Gives the rows of
    /// `begun` that are not ready any more.
    ///
    /// A person may have decided about a row in between: what is parked, sent or gone stays so.
    pub fn write(&mut self, batch: &OutboxBatch<'_>) -> Result<Vec<i64>, LedgerError> {
        let fail = self.fail("note attempts and outcomes");
        let mut write = || -> rusqlite::Result<(Vec<i64>, u64)> {
            let mut refused = Vec::new();
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for note in batch.notes {
                write_note(&transaction, note, batch.at)?;
            }
            for row in batch.begun {
                if begin(&transaction, *row, batch.at)? == 0 {
                    refused.push(*row);
                }
            }
            if batch.requests > 0 {
                add_requests(&transaction, batch.at, batch.requests)?;
            }
            let number = commit::next_number(&transaction)?;
            transaction.commit()?;
            Ok((refused, number))
        };
        let (refused, number) = write().map_err(fail)?;
        self.witness.note(number);
        Ok(refused)
    }

    /// Sets events aside whose rows are damaged: each with what is wrong with it. Gives how many it could.
    pub fn park_damaged(&mut self, damaged: &[(i64, String)], at: UnixMicros) -> Result<usize, LedgerError> {
        let fail = self.fail("park damaged events");
        let mut park = || -> rusqlite::Result<(usize, u64)> {
            let mut parked = 0;
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (row, what) in damaged {
                parked += transaction.execute(
                    "UPDATE outbox SET state = ?2, cause = ?3, settled_us = ?4 WHERE id = ?1 AND state IN (0, 1, 2, 3)",
                    params![row, EventState::Parked as i64, format!("{DAMAGED}: {what}"), at.0],
                )?;
            }
            let number = commit::next_number(&transaction)?;
            transaction.commit()?;
            Ok((parked, number))
        };
        let (parked, number) = park().map_err(fail)?;
        self.witness.note(number);
        Ok(parked)
    }

    /// Events that were parked for this cause are unknown again, oldest first. Gives how many.
    pub fn look_again(&mut self, cause: &str, base_url: &str, limit: usize) -> Result<usize, LedgerError> {
        let fail = self.fail("take up parked events");
        let mut take_up = || -> rusqlite::Result<(usize, u64)> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let changed = transaction.execute(
                "UPDATE outbox SET state = ?1, cause = 'PX is asked again' WHERE id IN (
                     SELECT id FROM outbox WHERE state = ?2 AND cause = ?3 AND base_url = ?4 ORDER BY id LIMIT ?5)",
                params![
                    EventState::Unknown as i64,
                    EventState::Parked as i64,
                    cause,
                    base_url,
                    i64::try_from(limit).unwrap_or(i64::MAX)
                ],
            )?;
            let number = commit::next_number(&transaction)?;
            transaction.commit()?;
            Ok((changed, number))
        };
        let (changed, number) = take_up().map_err(fail)?;
        self.witness.note(number);
        Ok(changed)
    }

    /// Events that may be in PX more than once, newest doubt first, and how many there are.
    pub fn doubtful(&self, least: Doubt, limit: usize) -> Result<(Vec<OutboxRow>, u64), LedgerError> {
        let read = || -> rusqlite::Result<(Vec<OutboxRow>, u64)> {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {} FROM outbox WHERE doubt > 0 AND doubt >= ?1 ORDER BY id LIMIT ?2",
                row::COLUMNS
            ))?;
            let rows = statement.query_map(params![least as i64, limit as i64], row::read)?;
            let rows = rows.collect::<rusqlite::Result<_>>()?;
            let mut statement =
                self.connection.prepare_cached("SELECT count(*) FROM outbox WHERE doubt > 0 AND doubt >= ?1")?;
            let count = statement.query_row([least as i64], |row| row.get::<_, i64>(0))?;
            Ok((rows, count as u64))
        };
        read().map_err(self.fail("read the outbox"))
    }

    /// Lets held events go. Gives how many there were.
    pub fn release(&mut self) -> Result<u64, LedgerError> {
        let fail = self.fail("release the outbox");
        let mut release = || -> rusqlite::Result<(usize, u64)> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let states = params![EventState::Held as i64, EventState::Ready as i64];
            let changed = transaction.execute("UPDATE outbox SET state = ?2 WHERE state = ?1", states)?;
            let number = commit::next_number(&transaction)?;
            transaction.commit()?;
            Ok((changed, number))
        };
        let (changed, number) = release().map_err(fail)?;
        self.witness.note(number);
        Ok(changed as u64)
    }

    /// Requests made on a UTC day (days since 1970).
    pub fn requests_on(&self, day: i64) -> Result<u64, LedgerError> {
        self.connection
            .query_row("SELECT count FROM request_day WHERE day = ?1", [day], |row| row.get::<_, i64>(0))
            .optional()
            .map(|count| count.unwrap_or(0) as u64)
            .map_err(self.fail("read the request budget"))
    }

    /// Events that push has still to do something about: ready, sending or unknown.
    pub fn under_way(&self) -> Result<u64, LedgerError> {
        let states = [EventState::Ready, EventState::Sending, EventState::Unknown];
        Ok(self.totals()?.iter().filter(|(state, _)| states.contains(state)).map(|(_, total)| total.events).sum())
    }
}

/// Gives how many rows it changed.
fn begin(connection: &Connection, row: i64, at: UnixMicros) -> rusqlite::Result<usize> {
    let states = (EventState::Ready as i64, EventState::Sending as i64);
    connection
        .prepare_cached(
            "UPDATE outbox SET state = ?3, attempts = attempts + 1, attempted_us = ?4 WHERE id = ?1 AND state = ?2",
        )?
        .execute(params![row, states.0, states.1, at.0])
}

/// What was sent, parked or dropped stays so, whatever a look finds later.
fn write_note(connection: &Connection, note: &Note, at: UnixMicros) -> rusqlite::Result<()> {
    if note.doubt >= Doubt::NotAsked {
        // Counted once for each event, also where the same note is written twice.
        let newly = "SELECT count(*) FROM outbox WHERE id = ?1 AND state IN (1, 2, 3) AND doubt < ?2";
        let newly = connection
            .prepare_cached(newly)?
            .query_row(params![note.row, Doubt::NotAsked as i64], |row| row.get::<_, i64>(0))?;
        if newly > 0 {
            commit::add_counter(connection, POSSIBLY_REPEATED, newly as u64)?;
        }
    }
    connection
        .prepare_cached(
            "UPDATE outbox SET state = ?2, status = ?3, cause = ?4, answer = ?5, settled_us = ?6,
                               unanswered = unanswered + (state = 2 AND ?2 = 3), doubt = max(doubt, ?7)
             WHERE id = ?1 AND state IN (1, 2, 3)",
        )?
        .execute(params![note.row, note.state as i64, note.status, note.cause, note.answer, at.0, note.doubt as i64])?;
    Ok(())
}

/// Days more than a week back are forgotten.
fn add_requests(connection: &Connection, at: UnixMicros, count: u64) -> rusqlite::Result<()> {
    let day = at.0.div_euclid(MICROS_PER_DAY);
    connection
        .prepare_cached(
            "INSERT INTO request_day (day, count) VALUES (?1, ?2)
             ON CONFLICT (day) DO UPDATE SET count = count + excluded.count",
        )?
        .execute(params![day, count as i64])?;
    connection.prepare_cached("DELETE FROM request_day WHERE day < ?1")?.execute([day - 7])?;
    Ok(())
}

/// Everything that may still be sent by itself.
pub(super) fn waiting(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT count(*) FROM outbox WHERE state IN (0, 1, 2, 3)", [], |row| row.get::<_, i64>(0))
        .map(|count| count as u64)
}

pub(super) fn insert(connection: &Connection, event: &NewEvent<'_>) -> rusqlite::Result<()> {
    let id = event.id.to_string();
    let sum = row::sum(&id, event.identify_id, event.date.millis(), event.base_url, event.body, event.digest);
    connection
        .prepare_cached(
            "INSERT INTO outbox (event_id, metric, event_name, identify_id, date_ms, start_us, end_us, revision, lines,
                                 base_url, body, digest, state, cause, sealed_us, sum, unanswered, adopted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0, ?17)",
        )?
        .execute(params![
            id,
            event.metric,
            event.name,
            event.identify_id,
            event.date.millis(),
            event.window.start.0,
            event.window.end.0,
            event.revision,
            event.lines as i64,
            event.base_url,
            event.body,
            event.digest,
            event.state as i64,
            event.cause,
            event.sealed.0,
            sum.value(),
            event.adopted.map(Cause::name),
        ])?;
    Ok(())
}

/// An attempt that was under way when the agent died may have reached PX.
pub(super) fn interrupted_attempts_are_unknown(connection: &Connection) -> rusqlite::Result<usize> {
    connection.execute(
        "UPDATE outbox SET state = ?2, cause = 'the agent stopped before the answer came', unanswered = unanswered + 1
         WHERE state = ?1",
        params![EventState::Sending as i64, EventState::Unknown as i64],
    )
}

/// Parks what waits, because a ledger that is not this one may have sent it.
pub(super) fn park_waiting(connection: &Connection, adopted: Cause, cause: &str) -> rusqlite::Result<u64> {
    connection
        .execute(
            "UPDATE outbox SET state = ?1, cause = ?2, adopted = ?3, unanswered = unanswered + (state = 2)
             WHERE state IN (0, 1, 2, 3)",
            params![EventState::Parked as i64, cause, adopted.name()],
        )
        .map(|changed| changed as u64)
}

/// Parks rows that are in no state at all: nobody would find them. Gives how many there were.
pub(super) fn park_stateless(connection: &Connection) -> rusqlite::Result<usize> {
    connection.execute(
        "UPDATE outbox SET state = ?1, cause = ?2 || ': its state was ' || state WHERE state < 0 OR state > ?3",
        params![EventState::Parked as i64, DAMAGED, EventState::Dropped as i64],
    )
}
