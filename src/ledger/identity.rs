//! Who this agent is: an id made once, bound to the machine.
//!
//! Promises: the id survives restarts; a ledger that was copied to another machine gets a new id, and what the copy still
//! had to send is parked, because the original sends it too. Does not: keep the machine's raw id, only a hash made for
//! this purpose.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::LedgerError;
use crate::model::event::AgentId;
use crate::model::time::UnixMicros;

/// Makes the hash ours: no other program's hash of the same machine id is equal.
const PURPOSE: &[u8] = b"pxtail ledger binding v1\0";

/// This agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub agent: AgentId,
    /// Set when the ledger does not know all that was sent.
    pub adopted: Option<Adopted>,
    /// Events parked because the ledger was just found to come from another machine.
    pub newly_parked: Option<u64>,
}

/// The ledger does not know all that was sent up to a moment: windows that began before it are sealed, but parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    pub at: UnixMicros,
    pub cause: Cause,
    /// What happened, in words for a person; empty where only the cause is known.
    pub story: String,
}

/// Why it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It came from another machine, which may still send.
    Moved,
    /// It was damaged or lost, and is an older copy, or new.
    Mended,
}

impl Cause {
    /// The name in the ledger and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Mended => "mended",
        }
    }

    /// By its name. Before there was another cause, none was written.
    pub(super) fn of(name: &str) -> Self {
        if name == Self::Mended.name() { Self::Mended } else { Self::Moved }
    }

    /// Why an event is parked.
    #[must_use]
    pub const fn why_parked(self) -> &'static str {
        match self {
            Self::Moved => "its window began when this ledger was on another machine, which may have sent it",
            Self::Mended => "its window began before the ledger was damaged or lost, and it may have been sent then",
        }
    }
}

/// Reads who the agent is, or decides it.
pub(super) fn bind(
    connection: &mut Connection,
    path: &Path,
    machine: Option<&str>,
    now: UnixMicros,
) -> Result<Identity, LedgerError> {
    bind_to(connection, machine, now)
        .map_err(|source| LedgerError::Sqlite { path: path.to_owned(), operation: "read the agent's id", source })?
        .ok_or_else(|| LedgerError::Damaged { path: path.to_owned(), what: "the agent's id".to_owned() })
}

/// A machine without an id (`None`), now or when the ledger was made, is taken for the same one: an id that appears late
/// at first boot must not look like a copy.
fn bind_to(connection: &mut Connection, machine: Option<&str>, now: UnixMicros) -> rusqlite::Result<Option<Identity>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let stored = read_meta(&transaction, "agent_id")?;
    let bound = read_meta(&transaction, "machine")?;
    let adopted = read_adopted(&transaction)?;
    let moved = matches!((&bound, machine), (Some(bound), Some(machine)) if bound != machine);
    let identity = match stored {
        Some(text) if !moved => {
            Uuid::parse_str(&text).ok().map(|id| Identity { agent: AgentId(id), adopted, newly_parked: None })
        }
        Some(_) => {
            let parked = super::outbox::park_waiting(
                &transaction,
                Cause::Moved,
                "this ledger was made on another machine, which may have sent the event",
            )?;
            let at = adopted.map_or(now, |adopted| adopted.at.max(now));
            let adopted = Adopted { at, cause: Cause::Moved, story: String::new() };
            write_adopted(&transaction, &adopted)?;
            Some(Identity { agent: new_agent(&transaction)?, adopted: Some(adopted), newly_parked: Some(parked) })
        }
        None => Some(Identity { agent: new_agent(&transaction)?, adopted: None, newly_parked: None }),
    };
    if let Some(machine) = machine {
        write_meta(&transaction, "machine", machine)?;
    }
    transaction.commit()?;
    Ok(identity)
}

fn new_agent(connection: &Connection) -> rusqlite::Result<AgentId> {
    let agent = AgentId(Uuid::new_v4());
    write_meta(connection, "agent_id", &agent.to_string())?;
    Ok(agent)
}

fn read_adopted(connection: &Connection) -> rusqlite::Result<Option<Adopted>> {
    let Some(at) = read_meta(connection, "adopted_us")?.and_then(|text| text.parse().ok()).map(UnixMicros) else {
        return Ok(None);
    };
    let cause = Cause::of(&read_meta(connection, "adopted_cause")?.unwrap_or_default());
    Ok(Some(Adopted { at, cause, story: read_meta(connection, "adopted_story")?.unwrap_or_default() }))
}

pub(super) fn write_adopted(connection: &Connection, adopted: &Adopted) -> rusqlite::Result<()> {
    write_meta(connection, "adopted_us", &adopted.at.0.to_string())?;
    write_meta(connection, "adopted_cause", adopted.cause.name())?;
    write_meta(connection, "adopted_story", &adopted.story)
}

pub(super) fn machine_hash() -> Option<String> {
    let id = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .find(|id| !id.trim().is_empty())?;
    let mut hasher = Sha256::new();
    hasher.update(PURPOSE);
    hasher.update(id.trim().as_bytes());
    Some(hasher.finalize().iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}

pub(super) fn read_meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

pub(super) fn write_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key, value],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Adopted, Cause, bind_to};
    use crate::ledger::schema;
    use crate::model::time::UnixMicros;

    #[test]
    fn the_id_stays_on_its_machine_and_changes_on_another() {
        let directory = tempfile::tempdir().unwrap();
        let mut connection = schema::open(&directory.path().join("ledger.sqlite3")).unwrap();
        let first = bind_to(&mut connection, None, UnixMicros(1)).unwrap().unwrap();
        let named = bind_to(&mut connection, Some("a"), UnixMicros(2)).unwrap().unwrap();
        assert_eq!(first, named, "an id that appears late is not another machine");
        assert_eq!(bind_to(&mut connection, Some("a"), UnixMicros(3)).unwrap().unwrap(), first);
        assert_eq!(bind_to(&mut connection, None, UnixMicros(3)).unwrap().unwrap(), first);
        let copied = bind_to(&mut connection, Some("b"), UnixMicros(4)).unwrap().unwrap();
        assert_ne!(copied.agent, first.agent);
        let adopted = Adopted { at: UnixMicros(4), cause: Cause::Moved, story: String::new() };
        assert_eq!((copied.adopted.as_ref(), copied.newly_parked), (Some(&adopted), Some(0)));
        let again = bind_to(&mut connection, Some("b"), UnixMicros(5)).unwrap().unwrap();
        assert_eq!((again.agent, again.adopted, again.newly_parked), (copied.agent, copied.adopted, None));
    }
}
