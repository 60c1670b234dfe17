//! Copies of the ledger beside it, to go on from when it is damaged.
//!
//! Promises: a copy is of one moment, whole and on the disk before it takes the place of the one before, which is kept as
//! well; making one takes a reader's place and stops nobody. A copy is not made where it could fill the disk. Does not: say
//! when.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{LedgerError, schema};
use crate::model::time::UnixMicros;

/// The newest copy, and the one before it.
const NEWEST: &str = "sqlite3.copy";
const OLDER: &str = "sqlite3.copy-older";
/// One that is being made.
const GROWING: &str = "sqlite3.copy-new";

/// What stays free on the disk beside a copy: the ledger, logs and others need room too.
const LEAVE_FREE: u64 = 64 << 20;

/// A copy that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    pub bytes: u64,
}

/// What can be gone on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) path: PathBuf,
    pub(super) made: UnixMicros,
}

/// Copies the ledger at `ledger`, as it is after some commit. Reading every page, it finds damage that nobody met yet.
/// Meant for a thread of its own: some 2 ms of processor time per MB.
pub fn make(ledger: &Path) -> Result<Copied, LedgerError> {
    let failed = |source| LedgerError::Copy { path: ledger.to_owned(), source };
    let (growing, newest, older) =
        (ledger.with_extension(GROWING), ledger.with_extension(NEWEST), ledger.with_extension(OLDER));
    let needed = ledger.metadata().map_err(failed)?.len().saturating_mul(2).saturating_add(LEAVE_FREE);
    let free = free_bytes(ledger).map_err(failed)?;
    if free < needed {
        return Err(LedgerError::NoRoomForCopy { path: ledger.to_owned(), needed, free });
    }
    let connection = schema::connect(ledger)?;
    remove(&growing).map_err(failed)?;
    // It holds usage of named people: nobody else reads it, from its first byte on.
    let target = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&growing).map_err(failed)?;
    let made = connection.execute("VACUUM INTO ?1", [growing.to_string_lossy()]);
    made.map_err(|source| LedgerError::Sqlite { path: ledger.to_owned(), operation: "copy the ledger", source })?;
    target.sync_all().map_err(failed)?;
    let bytes = target.metadata().map_err(failed)?.len();
    if newest.exists() {
        std::fs::rename(&newest, &older).map_err(failed)?;
    }
    std::fs::rename(&growing, &newest).map_err(failed)?;
    sync_directory(ledger).map_err(failed)?;
    Ok(Copied { bytes })
}

/// The copies there are, newest first.
pub(super) fn newest_first(ledger: &Path) -> Vec<Copy> {
    [NEWEST, OLDER].into_iter().filter_map(|name| look(ledger.with_extension(name))).collect()
}

/// When the newest copy was made.
#[must_use]
pub fn newest_made(ledger: &Path) -> Option<UnixMicros> {
    newest_first(ledger).first().map(|copy| copy.made)
}

/// Whether the ledger was written after the newest copy was made, or there is none.
#[must_use]
pub fn is_outdated(ledger: &Path) -> bool {
    let wal = ledger.with_extension("sqlite3-wal");
    let Some(made) = newest_made(ledger) else { return true };
    [ledger, wal.as_path()].into_iter().filter_map(|path| look(path.to_owned())).any(|file| file.made >= made)
}

fn look(path: PathBuf) -> Option<Copy> {
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Some(Copy { path, made: UnixMicros(0).plus(since) })
}

fn free_bytes(path: &Path) -> io::Result<u64> {
    let room = rustix::fs::statvfs(path)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
        _ => Ok(()),
    }
}

/// Makes renames in the ledger's directory durable.
pub(super) fn sync_directory(ledger: &Path) -> io::Result<()> {
    File::open(ledger.parent().unwrap_or(Path::new(".")))?.sync_all()
}
