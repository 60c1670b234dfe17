//! How many events stand where, and how many lines were counted in them.
//!
//! Does not: count what was removed; `removal` does.

use rusqlite::{Connection, ToSql, params};

use super::{EventState, OutboxStore, StateTotal};
use crate::ledger::LedgerError;

impl OutboxStore {
    /// How many events and lines stand in each state.
    pub fn totals(&self) -> Result<Vec<(EventState, StateTotal)>, LedgerError> {
        self.totals_of(None)
    }

    /// The same, of one metric.
    pub fn totals_of(&self, metric: Option<&str>) -> Result<Vec<(EventState, StateTotal)>, LedgerError> {
        let add = |state| {
            let which = "state = ?1 AND metric = coalesce(?2, metric)";
            Ok((state, total(&self.connection, which, params![state as i64, metric])?))
        };
        EventState::ALL.into_iter().map(add).collect::<rusqlite::Result<_>>().map_err(self.fail("add up the outbox"))
    }

    /// Parked events that another ledger may have sent, of one metric or of all.
    pub fn adopted(&self, metric: Option<&str>) -> Result<StateTotal, LedgerError> {
        let which = "state = ?1 AND metric = coalesce(?2, metric) AND adopted IS NOT NULL";
        let added = total(&self.connection, which, params![EventState::Parked as i64, metric]);
        added.map_err(self.fail("add up the outbox"))
    }

    /// Events that wait for another address than this one: nothing is sent there before it is configured again. Reads all that
    /// wait.
    pub fn elsewhere(&self, base_url: &str, metric: Option<&str>) -> Result<StateTotal, LedgerError> {
        let which = "state IN (0, 1, 3) AND base_url <> ?1 AND metric = coalesce(?2, metric)";
        let added = total(&self.connection, which, params![base_url, metric]);
        added.map_err(self.fail("add up the outbox"))
    }
}

fn total(connection: &Connection, which: &str, values: &[&dyn ToSql]) -> rusqlite::Result<StateTotal> {
    let text = format!("SELECT count(*), coalesce(sum(lines), 0) FROM outbox WHERE {which}");
    connection.prepare_cached(&text)?.query_row(values, |row| {
        Ok(StateTotal { events: row.get::<_, i64>(0)? as u64, lines: row.get::<_, i64>(1)? as u64 })
    })
}
