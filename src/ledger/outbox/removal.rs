//! Removal of what needs no more attention: sent and dropped events after the time they are kept for audits.
//!
//! Promises: what is removed stays in the totals, by state, in the same transaction; one call removes few, so that nobody
//! waits for it. Does not: say how long they are kept.

use rusqlite::{Connection, OptionalExtension, params};

use super::{EventState, OutboxStore, StateTotal};
use crate::ledger::{LedgerError, commit};
use crate::model::time::UnixMicros;

/// Names of the totals: events, lines.
const TOTALS: [(EventState, &str, &str); 2] = [
    (EventState::Sent, "outbox_forgotten_events", "outbox_forgotten_lines"),
    (EventState::Dropped, "outbox_forgotten_dropped_events", "outbox_forgotten_dropped_lines"),
];

/// Removes events that were settled before `before`, the oldest first, at most `limit`. Gives how many.
pub(in crate::ledger) fn remove_settled(
    connection: &Connection,
    before: UnixMicros,
    limit: usize,
) -> rusqlite::Result<usize> {
    // The index holds settled events alone: without it, each look would pass over all of them.
    let mut statement = connection.prepare_cached(
        "SELECT id, state, lines FROM outbox INDEXED BY outbox_by_settled
         WHERE state IN (4, 6) AND settled_us < ?1 ORDER BY settled_us LIMIT ?2",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let rows = statement.query_map(params![before.0, limit as i64], read)?;
    let rows: Vec<(i64, i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut delete = connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
    for (id, ..) in &rows {
        delete.execute([id])?;
    }
    for (state, events, lines) in TOTALS {
        let of_state = || rows.iter().filter(|(_, stored, _)| *stored == state as i64);
        let count = of_state().count() as u64;
        if count > 0 {
            commit::add_counter(connection, events, count)?;
            commit::add_counter(connection, lines, of_state().map(|(.., lines)| *lines as u64).sum())?;
        }
    }
    Ok(rows.len())
}

impl OutboxStore {
    /// What was removed of each state in which events are removed. Of ledgers before version 4, the lines alone.
    pub fn removed(&self) -> Result<Vec<(EventState, StateTotal)>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<(EventState, StateTotal)>> {
            let mut statement = self.connection.prepare_cached("SELECT value FROM counter WHERE name = ?1")?;
            let mut total = |name: &str| -> rusqlite::Result<u64> {
                let value = statement.query_row([name], |row| row.get::<_, i64>(0)).optional()?;
                Ok(value.unwrap_or(0) as u64)
            };
            TOTALS
                .into_iter()
                .map(|(state, events, lines)| Ok((state, StateTotal { events: total(events)?, lines: total(lines)? })))
                .collect()
        };
        read().map_err(self.fail("read what was removed from the outbox"))
    }
}
