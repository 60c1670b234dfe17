//! Finding events for people: page by page, or by how an id begins.
//!
//! Promises: a page is one short read, so that a long list holds up nobody. Does not: change anything.

use rusqlite::params;

use super::{EventState, OutboxRow, OutboxStore, row};
use crate::ledger::LedgerError;

/// Which events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter<'a> {
    pub state: EventState,
    pub metric: Option<&'a str>,
}

impl OutboxStore {
    /// The next events of a kind, oldest first: those whose row comes after `after`, 0 for the first page.
    pub fn page(&self, filter: Filter<'_>, after: i64, limit: usize) -> Result<Vec<OutboxRow>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<OutboxRow>> {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {} FROM outbox WHERE state = ?1 AND id > ?2 AND metric = coalesce(?3, metric)
                 ORDER BY id LIMIT ?4",
                row::COLUMNS
            ))?;
            let rows =
                statement.query_map(params![filter.state as i64, after, filter.metric, limit as i64], row::read)?;
            rows.collect()
        };
        read().map_err(self.fail("read the outbox"))
    }

    /// Events in a state whose id begins so, oldest first. Reads all that are in that state: ids have no index.
    pub fn beginning_with(&self, prefix: &str, state: EventState, limit: usize) -> Result<Vec<OutboxRow>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<OutboxRow>> {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {} FROM outbox WHERE state = ?1 AND substr(event_id, 1, length(?2)) = ?2 ORDER BY id LIMIT ?3",
                row::COLUMNS
            ))?;
            let rows = statement.query_map(params![state as i64, prefix, limit as i64], row::read)?;
            rows.collect()
        };
        read().map_err(self.fail("read the outbox"))
    }

    /// The event of a row.
    pub fn row(&self, number: i64) -> Result<Option<OutboxRow>, LedgerError> {
        row_of(&self.connection, number).map_err(self.fail("read the outbox"))
    }
}

pub(super) fn row_of(connection: &rusqlite::Connection, number: i64) -> rusqlite::Result<Option<OutboxRow>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {} FROM outbox WHERE id = ?1", row::COLUMNS))?;
    let mut rows = statement.query_map([number], row::read)?;
    rows.next().transpose()
}
