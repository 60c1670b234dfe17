//! The ledger: one SQLite file with the cursors, the open windows and the outbox.
//!
//! Promises: one transaction per commit, durable when it returns (WAL, `synchronous=FULL`); after a crash the state is
//! exactly "after commit n". One agent at a time: the state directory is locked. The file is readable by its owner only.
//! Does not: know PX or logs; keys, states and bodies are bytes to it.

pub mod commit;
mod cursors;
pub mod identity;
pub mod lock;
pub mod outbox;
pub mod parts;
pub mod rule;
pub mod schema;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::model::event::Window;
use crate::model::file::{Cursor, FileId};
use crate::model::spec::MetricSpec;
use crate::model::time::UnixMicros;

pub use commit::Commit;
pub use identity::Identity;
pub use parts::StoredGroup;

/// The file's name in the state directory.
pub const FILE_NAME: &str = "ledger.sqlite3";

/// What can go wrong with the ledger. The agent stops reading until it is mended; nothing committed is lost.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(
        "{path}: the state directory cannot be made or used: {source}\nhelp: it must be a directory on a local disk that user `{user}` may write to"
    )]
    Directory { path: PathBuf, user: String, source: std::io::Error },
    #[error(
        "{path}: another pxtail is using this state directory\nhelp: stop it first, or give this one its own `state_dir`"
    )]
    Locked { path: PathBuf },
    #[error("{path}: cannot lock the state directory: {source}")]
    Lock { path: PathBuf, source: std::io::Error },
    #[error("{path}: cannot {operation}: {source}{}", help_for(source))]
    Sqlite { path: PathBuf, operation: &'static str, source: rusqlite::Error },
    #[error(
        "{path}: the ledger has version {found}, this pxtail knows versions up to {known}\nhelp: it was written by a newer pxtail: install that version again"
    )]
    Newer { path: PathBuf, found: u32, known: u32 },
    #[error(
        "{path}: {what} is damaged\nhelp: keep a copy of the file; restore it from a backup, or move it away to begin with an empty ledger"
    )]
    Damaged { path: PathBuf, what: String },
}

fn help_for(source: &rusqlite::Error) -> &'static str {
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => {
            "\nhelp: the disk under the state directory is full; free some space, pxtail goes on by itself"
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            "\nhelp: keep a copy of the file; restore it from a backup, or move it away to begin with an empty ledger"
        }
        Some(
            rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::PermissionDenied | rusqlite::ErrorCode::CannotOpen,
        ) => "\nhelp: check that the state directory and its files belong to the user that pxtail runs as",
        _ => "",
    }
}

/// A window's number in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowRow(pub i64);

/// An open window (revision 1) or a batch of late lines for a sealed one (revision 2, 3, …).
#[derive(Clone, Debug)]
pub struct StoredWindow {
    pub id: WindowRow,
    pub metric: String,
    pub window: Window,
    pub revision: u32,
    /// When its first line was counted.
    pub opened: UnixMicros,
    /// The metric as it was configured when the window opened.
    pub rule: MetricSpec,
}

/// What is known of a file beside its cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNote {
    pub file: FileId,
    pub name: String,
    pub body: Vec<u8>,
}

/// How far a window's revisions have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRevision {
    pub metric: String,
    pub window: Window,
    pub last: u32,
    pub sealed: UnixMicros,
}

/// The ledger, open and locked.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    path: PathBuf,
    identity: Identity,
    /// What is stored of each window's segments: decides when parts are compacted.
    segments: HashMap<(WindowRow, u32), parts::Segment>,
    _lock: lock::DirectoryLock,
}

impl Ledger {
    /// Opens the ledger of a state directory, making both where they are missing, and binds it to this machine.
    pub fn open(state_dir: &Path, now: UnixMicros) -> Result<Self, LedgerError> {
        let lock = lock::DirectoryLock::take(state_dir)?;
        let path = state_dir.join(FILE_NAME);
        let mut connection = schema::open(&path)?;
        let identity = identity::bind(&mut connection, &path, now)?;
        outbox::interrupted_attempts_are_unknown(&connection).map_err(|source| LedgerError::Sqlite {
            path: path.clone(),
            operation: "mark interrupted attempts",
            source,
        })?;
        let segments = parts::load_segments(&connection).map_err(|source| LedgerError::Sqlite {
            path: path.clone(),
            operation: "read the open windows",
            source,
        })?;
        Ok(Self { connection, path, identity, segments, _lock: lock })
    }

    /// Who this agent is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The SQLite file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn sqlite(&self, operation: &'static str) -> impl Fn(rusqlite::Error) -> LedgerError {
        let path = self.path.clone();
        move |source| LedgerError::Sqlite { path: path.clone(), operation, source }
    }

    /// Every cursor, and the first number that was never given to a file.
    pub fn cursors(&self) -> Result<(Vec<Cursor>, FileId), LedgerError> {
        let cursors = cursors::read_all(&self.connection).map_err(self.sqlite("read the cursors"))?;
        let next = cursors::next_file(&self.connection).map_err(self.sqlite("read the cursors"))?;
        Ok((cursors, next))
    }

    /// What is known of files beside their cursors.
    pub fn file_notes(&self) -> Result<Vec<StoredNote>, LedgerError> {
        commit::read_file_notes(&self.connection).map_err(self.sqlite("read what is known of files"))
    }

    /// That something stored cannot be read.
    #[must_use]
    pub fn damaged(&self, what: String) -> LedgerError {
        LedgerError::Damaged { path: self.path.clone(), what }
    }

    /// Every open window and late batch, in the order in which they were opened.
    pub fn windows(&self) -> Result<Vec<StoredWindow>, LedgerError> {
        let rows = commit::read_windows(&self.connection).map_err(self.sqlite("read the open windows"))?;
        rows.into_iter()
            .map(|(id, metric, window, revision, opened, text)| {
                let rule = rule::read(&text).map_err(|err| LedgerError::Damaged {
                    path: self.path.clone(),
                    what: format!("the rule of a window of metric `{metric}` ({err})"),
                })?;
                Ok(StoredWindow { id, metric, window, revision, opened, rule })
            })
            .collect()
    }

    /// The groups of one window, in order of their ordinals, without gaps.
    pub fn groups(&self, window: WindowRow) -> Result<Vec<StoredGroup>, LedgerError> {
        parts::read_groups(&self.connection, window)
            .map_err(self.sqlite("read a window's groups"))?
            .ok_or_else(|| LedgerError::Damaged { path: self.path.clone(), what: format!("window {}", window.0) })
    }

    /// The revision counters of sealed windows.
    pub fn revisions(&self) -> Result<Vec<StoredRevision>, LedgerError> {
        commit::read_revisions(&self.connection).map_err(self.sqlite("read the revisions"))
    }

    /// Totals that were committed, by name.
    pub fn counters(&self) -> Result<HashMap<String, u64>, LedgerError> {
        commit::read_counters(&self.connection).map_err(self.sqlite("read the counters"))
    }

    /// Begins a commit. Dropped without [`Commit::finish`], it leaves nothing behind.
    pub fn begin(&mut self) -> Result<Commit<'_>, LedgerError> {
        Commit::begin(&mut self.connection, &self.path, &mut self.segments)
    }

    /// Events that wait (ready, held, under way or unknown): what the outbox limit counts.
    pub fn waiting_events(&self) -> Result<u64, LedgerError> {
        outbox::waiting(&self.connection).map_err(self.sqlite("count the outbox"))
    }
}
