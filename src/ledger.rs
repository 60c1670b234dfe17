//! The ledger: one SQLite file with the cursors, the open windows and the outbox.
//!
//! Promises: one transaction per commit, durable when it returns (WAL, `synchronous=FULL`); after a crash the state is
//! exactly "after commit n". One agent at a time: the state directory is locked. The file is readable by its owner only.
//! Does not: know PX or logs; keys, states and bodies are bytes to it.

pub mod commit;
pub mod copies;
mod cursors;
pub mod identity;
pub mod lock;
pub mod mending;
pub mod outbox;
pub mod parts;
pub mod rule;
pub mod schema;
mod sums;
#[cfg(test)]
mod tests;
mod witness;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use witness::{Witness, Writer};

use crate::model::event::Window;
use crate::model::file::{Cursor, FileId};
use crate::model::spec::MetricSpec;
use crate::model::time::UnixMicros;

pub use commit::Commit;
pub use identity::Identity;
pub use mending::Mended;
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
        "{path}: the ledger has version {found}, this pxtail knows version {known}\nhelp: it was written by an older pxtail: restart the agent with this one first"
    )]
    Older { path: PathBuf, found: u32, known: u32 },
    #[error("{path}: {what} is damaged{DAMAGE_HELP}")]
    Damaged { path: PathBuf, what: String },
    #[error(
        "{path}: damaged again, {times} times in a day\nhelp: check the disk and the memory of this host; the damaged files are kept beside it, move them away to go on"
    )]
    DamagedAgain { path: PathBuf, times: usize },
    #[error(
        "{path}: revision {revision} of a window of metric `{metric}` was sealed before\nhelp: restart pxtail, and report this"
    )]
    SealedTwice { path: PathBuf, metric: String, revision: u32 },
    #[error("{path}: cannot be copied: {source}")]
    Copy { path: PathBuf, source: std::io::Error },
    #[error(
        "{path}: no copy is made of it: {free} bytes are free on the disk, and a copy wants {needed}\nhelp: free some space"
    )]
    NoRoomForCopy { path: PathBuf, needed: u64, free: u64 },
}

/// What becomes of a damaged ledger.
const DAMAGE_HELP: &str = "\nhelp: `pxtail run` keeps the damaged file beside it and goes on from its newest copy";

impl LedgerError {
    /// True where what is stored cannot be right; a disk that is full, slow or not writable is no damage.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Sqlite { source, .. } => match source.sqlite_error_code() {
                Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase),
                None => matches!(
                    source,
                    rusqlite::Error::FromSqlConversionFailure(..)
                        | rusqlite::Error::IntegralValueOutOfRange(..)
                        | rusqlite::Error::InvalidColumnType(..)
                        | rusqlite::Error::Utf8Error(..)
                ),
            },
            _ => false,
        }
    }
}

/// Who this process is, for messages.
fn user() -> String {
    rustix::process::geteuid().as_raw().to_string()
}

fn help_for(source: &rusqlite::Error) -> &'static str {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "\nhelp: the disk under the state directory is full; free some space, pxtail goes on by itself"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DAMAGE_HELP,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "\nhelp: check that the state directory and its files belong to the user that pxtail runs as"
        }
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
    witness: Witness,
    mended: Option<Mended>,
    _lock: lock::DirectoryLock,
}

impl Ledger {
    /// Opens the ledger of a state directory, making both where they are missing, and binds it to this machine. One that is
    /// damaged or gone is replaced by a copy: [`Ledger::mended`] tells.
    pub fn open(state_dir: &Path, now: UnixMicros) -> Result<Self, LedgerError> {
        Self::open_after(None, state_dir, now)
    }

    /// As [`Ledger::open`], after a ledger that was open failed with damage.
    pub fn open_after(damage: Option<&str>, state_dir: &Path, now: UnixMicros) -> Result<Self, LedgerError> {
        let lock = lock::DirectoryLock::take(state_dir)?;
        let path = state_dir.join(FILE_NAME);
        let (mut connection, mended) = mending::open(&path, damage, now)?;
        let machine = identity::machine_hash();
        let identity = identity::bind(&mut connection, &path, machine.as_deref(), now)?;
        let failed = |operation| {
            let path = path.clone();
            move |source| LedgerError::Sqlite { path, operation, source }
        };
        outbox::interrupted_attempts_are_unknown(&connection).map_err(failed("mark interrupted attempts"))?;
        let stateless = outbox::park_stateless(&connection).map_err(failed("look for damaged events"))?;
        if stateless > 0 {
            tracing::error!(stateless, "events in the outbox were in no state: they are damaged, and parked");
        }
        let segments = parts::load_segments(&connection).map_err(failed("read the open windows"))?;
        let commits = commit::count(&connection).map_err(failed("read the number of commits"))?;
        let mut witness = Witness::of(&path, Writer::Counting);
        if let Err(err) = witness.swear(identity.agent, machine.as_deref(), commits) {
            tracing::warn!("{}: what tells a lost ledger cannot be written: {err}", state_dir.display());
        }
        Ok(Self { connection, path, identity, segments, witness, mended, _lock: lock })
    }

    /// What was done to the ledger when it was opened, if anything was.
    #[must_use]
    pub const fn mended(&self) -> Option<&Mended> {
        self.mended.as_ref()
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
        Commit::begin(&mut self.connection, &self.path, &self.witness, &mut self.segments)
    }

    /// Events that wait (ready, held, under way or unknown): what the outbox limit counts.
    pub fn waiting_events(&self) -> Result<u64, LedgerError> {
        outbox::waiting(&self.connection).map_err(self.sqlite("count the outbox"))
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.witness.close();
    }
}
