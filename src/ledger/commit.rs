//! One commit: everything that changed since the last one, in one transaction.
//!
//! Promises: all of it or none; dropped unfinished, it is rolled back, in the file and in memory. Does not: decide what
//! belongs together; the agent does.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::parts::{PartWriter, PendingSegments, Segment};
use super::sums::Sum;
use super::witness::Witness;
use super::{LedgerError, StoredNote, StoredRevision, WindowRow, cursors, outbox, rule};
use crate::model::event::Window;
use crate::model::file::{Cursor, FileId};
use crate::model::spec::MetricSpec;
use crate::model::time::UnixMicros;

/// A transaction under way.
pub struct Commit<'a> {
    /// `None` only once it is finished.
    transaction: Transaction<'a>,
    path: &'a Path,
    witness: &'a Witness,
    segments: &'a mut HashMap<(WindowRow, u32), Segment>,
    pending: PendingSegments,
    /// Segments of windows that this transaction takes away.
    removed: Vec<WindowRow>,
    finished: Finished,
}

#[derive(PartialEq, Eq)]
enum Finished {
    No,
    Yes,
}

impl<'a> Commit<'a> {
    pub(super) fn begin(
        connection: &'a mut Connection,
        path: &'a Path,
        witness: &'a Witness,
        segments: &'a mut HashMap<(WindowRow, u32), Segment>,
    ) -> Result<Self, LedgerError> {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| LedgerError::Sqlite { path: path.to_owned(), operation: "begin a commit", source })?;
        let (pending, removed) = (PendingSegments::default(), Vec::new());
        Ok(Self { transaction, path, witness, segments, pending, removed, finished: Finished::No })
    }

    fn fail(&self, operation: &'static str) -> impl Fn(rusqlite::Error) -> LedgerError + use<> {
        let path = self.path.to_owned();
        move |source| LedgerError::Sqlite { path: path.clone(), operation, source }
    }

    /// Saves a cursor.
    pub fn put_cursor(&mut self, cursor: &Cursor) -> Result<(), LedgerError> {
        cursors::put(&self.transaction, cursor).map_err(self.fail("save a cursor"))
    }

    /// Forgets a file that is gone for good.
    pub fn forget_file(&mut self, file: FileId) -> Result<(), LedgerError> {
        self.transaction
            .prepare_cached("DELETE FROM file WHERE id = ?1")
            .and_then(|mut statement| statement.execute([file.0]))
            .map_err(self.fail("forget a file"))?;
        self.transaction
            .prepare_cached("DELETE FROM file_note WHERE file = ?1")
            .and_then(|mut statement| statement.execute([file.0]))
            .map_err(self.fail("forget a file"))?;
        Ok(())
    }

    /// Saves what is known of a file under a name; an empty body takes it away.
    pub fn put_file_note(&mut self, file: FileId, name: &str, body: &[u8]) -> Result<(), LedgerError> {
        let put = || {
            if body.is_empty() {
                let mut statement =
                    self.transaction.prepare_cached("DELETE FROM file_note WHERE file = ?1 AND name = ?2")?;
                return statement.execute(params![file.0, name]);
            }
            let mut statement = self
                .transaction
                .prepare_cached("INSERT OR REPLACE INTO file_note (file, name, body) VALUES (?1, ?2, ?3)")?;
            statement.execute(params![file.0, name, body])
        };
        put().map_err(self.fail("save what is known of a file"))?;
        Ok(())
    }

    /// Saves that a window opened.
    pub fn open_window(
        &mut self,
        metric: &MetricSpec,
        window: Window,
        revision: u32,
        opened: UnixMicros,
    ) -> Result<WindowRow, LedgerError> {
        open_window(&self.transaction, metric, window, revision, opened).map_err(self.fail("save a window"))
    }

    /// Saves changed groups of a window: `write` gives them to the writer in order of ordinal.
    pub fn put_groups(
        &mut self,
        window: WindowRow,
        write: impl FnOnce(&mut PartWriter<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), LedgerError> {
        let fail = self.fail("save a window's groups");
        let mut writer = PartWriter::new(&self.transaction, self.segments, &mut self.pending, window);
        write(&mut writer).and_then(|()| writer.flush()).map_err(fail)
    }

    /// Takes a sealed window away.
    pub fn remove_window(&mut self, window: WindowRow) -> Result<(), LedgerError> {
        for table in ["group_keys", "group_states"] {
            self.transaction
                .execute(&format!("DELETE FROM {table} WHERE window = ?1"), [window.0])
                .map_err(self.fail("close a window"))?;
        }
        self.transaction
            .execute("DELETE FROM window WHERE id = ?1", [window.0])
            .map_err(self.fail("close a window"))?;
        self.removed.push(window);
        Ok(())
    }

    /// Saves the last revision of a sealed window. Refuses one that was sealed before: its events have their ids already.
    pub fn put_revision(&mut self, revision: &StoredRevision) -> Result<(), LedgerError> {
        let changed = self
            .transaction
            .prepare_cached(
                "INSERT INTO revision (metric, start_us, end_us, last, sealed_us, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (metric, start_us, end_us)
                 DO UPDATE SET last = excluded.last, sealed_us = excluded.sealed_us, sum = excluded.sum
                 WHERE excluded.last > last",
            )
            .and_then(|mut statement| {
                let Window { start, end } = revision.window;
                let sum = revision_sum(revision).value();
                statement.execute(params![revision.metric, start.0, end.0, revision.last, revision.sealed.0, sum])
            })
            .map_err(self.fail("save a revision"))?;
        if changed == 0 {
            let (metric, revision) = (revision.metric.clone(), revision.last);
            return Err(LedgerError::SealedTwice { path: self.path.to_owned(), metric, revision });
        }
        Ok(())
    }

    /// Forgets the revisions of windows that ended `keep` before now, and `keep` before the newest one's end: a clock that
    /// jumped ahead must not make sealed windows open again under ids that were given out.
    pub fn forget_revisions(&mut self, now: UnixMicros, keep: Duration) -> Result<(), LedgerError> {
        self.transaction
            .execute(
                "DELETE FROM revision WHERE end_us < min(?1, (SELECT max(end_us) FROM revision) - ?2)",
                [now.minus(keep).0, i64::try_from(keep.as_micros()).unwrap_or(i64::MAX)],
            )
            .map_err(self.fail("forget old revisions"))?;
        Ok(())
    }

    /// Puts a sealed event into the outbox.
    pub fn put_event(&mut self, event: &outbox::NewEvent<'_>) -> Result<(), LedgerError> {
        outbox::insert(&self.transaction, event).map_err(self.fail("save a sealed event"))
    }

    /// Removes at most `limit` sent and dropped events that were settled before `before`; their lines stay in the books.
    /// Gives how many there were.
    pub fn remove_settled(&mut self, before: UnixMicros, limit: usize) -> Result<usize, LedgerError> {
        let removed = outbox::removal::remove_settled(&self.transaction, before, limit);
        removed.map_err(self.fail("remove old events"))
    }

    /// Adds to a total.
    pub fn add_counter(&mut self, name: &str, by: u64) -> Result<(), LedgerError> {
        add_counter(&self.transaction, name, by).map_err(self.fail("save a counter"))
    }

    /// Makes all of it durable.
    pub fn finish(mut self) -> Result<(), LedgerError> {
        let number = next_number(&self.transaction).map_err(self.fail("commit"))?;
        // `Transaction::commit` takes it by value, which a type with `Drop` cannot give.
        self.transaction.execute_batch("COMMIT").map_err(self.fail("commit"))?;
        self.witness.note(number);
        self.finished = Finished::Yes;
        Ok(())
    }
}

impl Drop for Commit<'_> {
    fn drop(&mut self) {
        match self.finished {
            // The transaction rolls itself back as it is dropped after this.
            Finished::No => self.pending.undo(self.segments),
            Finished::Yes => self.segments.retain(|(window, _), _| !self.removed.contains(window)),
        }
    }
}

pub(super) fn add_counter(connection: &Connection, name: &str, by: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO counter (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        )?
        .execute(params![name, by as i64])?;
    Ok(())
}

/// The total that numbers commits, of cursors and windows as well as of attempts and outcomes.
const COMMITS: &str = "commits";

/// Numbers the commit that a transaction makes.
pub(super) fn next_number(connection: &Connection) -> rusqlite::Result<u64> {
    add_counter(connection, COMMITS, 1)?;
    count(connection)
}

/// How many commits there were.
pub(super) fn count(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT value FROM counter WHERE name = ?1")?;
    let count = statement.query_row([COMMITS], |row| row.get::<_, i64>(0)).optional()?;
    Ok(count.unwrap_or(0) as u64)
}

/// Goes on numbering after `least`.
pub(super) fn count_at_least(connection: &Connection, least: u64) -> rusqlite::Result<()> {
    let missing = least.saturating_sub(count(connection)?);
    add_counter(connection, COMMITS, missing.saturating_add(1))
}

pub(super) fn read_file_notes(connection: &Connection) -> rusqlite::Result<Vec<StoredNote>> {
    let mut statement = connection.prepare("SELECT file, name, body FROM file_note ORDER BY file, name")?;
    let rows = statement
        .query_map([], |row| Ok(StoredNote { file: FileId(row.get(0)?), name: row.get(1)?, body: row.get(2)? }))?;
    rows.collect()
}

fn open_window(
    connection: &Connection,
    metric: &MetricSpec,
    window: Window,
    revision: u32,
    opened: UnixMicros,
) -> rusqlite::Result<WindowRow> {
    let body = rule::write(metric);
    connection.prepare_cached("INSERT OR IGNORE INTO rule (body) VALUES (?1)")?.execute([&body])?;
    connection
        .prepare_cached(
            "INSERT INTO window (metric, start_us, end_us, revision, opened_us, rule, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, (SELECT id FROM rule WHERE body = ?6), ?7)",
        )?
        .execute(params![
            metric.name,
            window.start.0,
            window.end.0,
            revision,
            opened.0,
            body,
            window_sum(&metric.name, window, revision, opened, &body).value(),
        ])?;
    Ok(WindowRow(connection.last_insert_rowid()))
}

/// Of a window and the rule that it names.
fn window_sum(metric: &str, window: Window, revision: u32, opened: UnixMicros, rule: &str) -> Sum {
    let sum = Sum::new().bytes(metric.as_bytes()).number(window.start.0).number(window.end.0);
    sum.number(i64::from(revision)).number(opened.0).bytes(rule.as_bytes())
}

fn revision_sum(revision: &StoredRevision) -> Sum {
    let StoredRevision { metric, window, last, sealed } = revision;
    let sum = Sum::new().bytes(metric.as_bytes()).number(window.start.0).number(window.end.0);
    sum.number(i64::from(*last)).number(sealed.0)
}

type WindowColumns = (WindowRow, String, Window, u32, UnixMicros, String);

pub(super) fn read_windows(connection: &Connection) -> rusqlite::Result<Vec<WindowColumns>> {
    let mut statement = connection.prepare(
        "SELECT window.id, metric, start_us, end_us, revision, opened_us, body, sum
         FROM window JOIN rule ON rule.id = window.rule ORDER BY window.id",
    )?;
    let rows = statement.query_map([], |row| {
        let window = Window { start: UnixMicros(row.get(2)?), end: UnixMicros(row.get(3)?) };
        let (metric, revision, opened): (String, u32, _) = (row.get(1)?, row.get(4)?, UnixMicros(row.get(5)?));
        let rule: String = row.get(6)?;
        window_sum(&metric, window, revision, opened, &rule).agree(row.get(7)?, "an open window")?;
        Ok((WindowRow(row.get(0)?), metric, window, revision, opened, rule))
    })?;
    rows.collect()
}

pub(super) fn read_revisions(connection: &Connection) -> rusqlite::Result<Vec<StoredRevision>> {
    let mut statement = connection.prepare("SELECT metric, start_us, end_us, last, sealed_us, sum FROM revision")?;
    let rows = statement.query_map([], |row| {
        let revision = StoredRevision {
            metric: row.get(0)?,
            window: Window { start: UnixMicros(row.get(1)?), end: UnixMicros(row.get(2)?) },
            last: row.get(3)?,
            sealed: UnixMicros(row.get(4)?),
        };
        revision_sum(&revision).agree(row.get(5)?, "a sealed window's number")?;
        Ok(revision)
    })?;
    rows.collect()
}

pub(super) fn read_counters(connection: &Connection) -> rusqlite::Result<HashMap<String, u64>> {
    let mut statement = connection.prepare("SELECT name, value FROM counter")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
    rows.collect()
}
