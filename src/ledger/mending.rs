//! A ledger that is damaged, gone, or not as far as it was: set aside, and gone on from the newest good copy.
//!
//! Promises: what was counted or sent since that copy is not known any more, so nothing is sent that could have been sent
//! already: waiting events are parked, and so are windows that began before the damage, when they seal. The damaged files
//! are kept under another name. A fault of the disk or of permissions is no damage, and changes nothing. Does not: look into
//! PX for what is there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::copies::{self, Copy};
use super::identity::{self, Adopted, Cause};
use super::witness::{self, Testimony};
use super::{LedgerError, commit, cursors, outbox, parts, schema};
use crate::model::time::UnixMicros;

/// What a ledger's files are called: SQLite's own names.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// In the name of what is set aside.
const DAMAGED: &str = "damaged";

/// So many in a day, and the disk or the memory is broken: going on would only fill it.
const MOST_A_DAY: usize = 5;
const DAY: Duration = Duration::from_hours(24);

/// A larger ledger that was closed in order is not looked through at the start: at 1 ms per MB, this is the time that an
/// agent may take to start. Damage there is met when it is read, at the latest by the next copy.
const ALWAYS_CHECKED: u64 = 256 << 20;

/// A page of the smallest kind. SQLite takes less for an empty database, and would delete the `-wal` beside it.
const SMALLEST: u64 = 512;

/// A time stamp of the damaged files that is ahead of the clock counts, up to this: beyond it, it is wrong.
const CLOCK_BEHIND: Duration = DAY;

/// What was done to a ledger when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// What was wrong.
    pub damage: String,
    /// What stands for it now, and what was parked.
    pub story: String,
    /// Events that waited and are parked.
    pub parked: u64,
}

/// How a ledger was found.
enum Found {
    /// There was none.
    New,
    Sound(Connection),
    /// Whole, but it had more commits once.
    Behind(Connection, u64),
    Damaged(String),
}

/// Opens the ledger at `path`, or what can stand for it. `damage`: what was met in it while it was in use.
pub(super) fn open(
    path: &Path,
    damage: Option<&str>,
    now: UnixMicros,
) -> Result<(Connection, Option<Mended>), LedgerError> {
    let state_dir = path.parent().unwrap_or(Path::new("."));
    let testimony = witness::ask(state_dir).map_err(|source| LedgerError::Directory {
        path: state_dir.to_owned(),
        user: super::user(),
        source,
    })?;
    let found = match damage {
        Some(damage) => Found::Damaged(damage.to_owned()),
        None => inspect(path, testimony.as_ref())?,
    };
    let testimony = testimony.unwrap_or_default();
    match found {
        Found::New => Ok((schema::open(path)?, None)),
        Found::Sound(connection) => Ok((connection, None)),
        Found::Behind(mut connection, commits) => {
            let damage = format!("it holds {commits} commits, and had {}", testimony.commits);
            let story = "the ledger itself, as it was earlier".to_owned();
            let mended = Mended { damage, story, parked: 0 };
            let mended = adopt(&mut connection, path, mended, &testimony, now)?;
            Ok((connection, Some(mended)))
        }
        Found::Damaged(damage) => replace(path, &damage, &testimony, now),
    }
}

fn inspect(path: &Path, testimony: Option<&Testimony>) -> Result<Found, LedgerError> {
    let had_ledger = testimony.is_some() || !copies::newest_first(path).is_empty();
    for suffix in FILES {
        if with_suffix(path, suffix).metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(Found::Damaged(format!("`{}` is not a file", with_suffix(path, suffix).display())));
        }
    }
    let size = match path.metadata() {
        Ok(metadata) => metadata.len(),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => 0,
        Err(source) => return Err(LedgerError::Directory { path: path.to_owned(), user: super::user(), source }),
    };
    if size == 0 {
        return Ok(if had_ledger { Found::Damaged("it is gone, or empty".to_owned()) } else { Found::New });
    }
    if size < SMALLEST {
        return Ok(Found::Damaged(format!("it has {size} bytes")));
    }
    let is_closed = testimony.is_some_and(|testimony| testimony.closed);
    let opened = schema::version(path).and_then(|version| {
        if version == 0 && had_ledger {
            return Ok(Err("its tables are gone".to_owned()));
        }
        let connection = schema::open(path)?;
        let check = if is_closed && size > ALWAYS_CHECKED { None } else { check(&connection, path)? };
        Ok(check.map_or(Ok(connection), Err))
    });
    let connection = match opened {
        Ok(Ok(connection)) => connection,
        Ok(Err(damage)) => return Ok(Found::Damaged(damage)),
        Err(err) if err.is_damage() => return Ok(Found::Damaged(err.to_string())),
        Err(err) => return Err(err),
    };
    let commits = commit::count(&connection).map_err(failed(path, "read the number of commits"))?;
    let had = testimony.map_or(0, |testimony| testimony.commits);
    Ok(if commits < had { Found::Behind(connection, commits) } else { Found::Sound(connection) })
}

/// What is wrong with the file; `None` for a good one.
fn check(connection: &Connection, path: &Path) -> Result<Option<String>, LedgerError> {
    let answer = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        .map_err(failed(path, "check the ledger"))?;
    if answer != "ok" {
        return Ok(Some(answer));
    }
    // A damaged name of a table is no damage to SQLite.
    schema::missing_table(connection).map_err(failed(path, "check the ledger"))
}

/// Sets the damaged files aside and puts the newest good copy in their place, or a new ledger.
fn replace(
    path: &Path,
    damage: &str,
    testimony: &Testimony,
    now: UnixMicros,
) -> Result<(Connection, Option<Mended>), LedgerError> {
    let at = now.max(last_written(path).min(now.plus(CLOCK_BEHIND)));
    let kept = set_aside(path, now)?;
    let kept = kept.map_or_else(String::new, |kept| format!("; the damaged one is kept as {}", kept.display()));
    let new = path.with_extension("sqlite3.new");
    for copy in copies::newest_first(path) {
        let story = format!("a copy of {}{kept}", copy.made);
        let mended = Mended { damage: damage.to_owned(), story, parked: 0 };
        match prepare(&new, Some(&copy), mended, testimony, at) {
            Ok(mended) => return put_in_place(&new, path, mended),
            Err(err) if err.is_damage() || matches!(err, LedgerError::Newer { .. }) => {
                tracing::warn!("{}: this copy of the ledger cannot be used: {err}", copy.path.display());
            }
            Err(err) => return Err(err),
        }
    }
    let story = format!("a new ledger, since there is no good copy{kept}");
    let mended = prepare(&new, None, Mended { damage: damage.to_owned(), story, parked: 0 }, testimony, at)?;
    put_in_place(&new, path, mended)
}

/// Makes at `new` what will stand for the ledger: whole, marked, closed and on the disk before it gets its name.
fn prepare(
    new: &Path,
    copy: Option<&Copy>,
    mended: Mended,
    testimony: &Testimony,
    at: UnixMicros,
) -> Result<Mended, LedgerError> {
    let io = |source| LedgerError::Directory { path: new.to_owned(), user: super::user(), source };
    for suffix in FILES {
        copies::remove(&with_suffix(new, suffix)).map_err(io)?;
    }
    if let Some(copy) = copy {
        std::fs::copy(&copy.path, new).map_err(io)?;
    }
    let mut connection = schema::open(new)?;
    if let Some(damage) = check(&connection, new)? {
        return Err(LedgerError::Damaged { path: new.to_owned(), what: damage });
    }
    read_through(&connection, new)?;
    let mended = adopt(&mut connection, new, mended, testimony, at)?;
    connection.close().map_err(|(_, source)| failed(new, "close the ledger")(source))?;
    std::fs::File::open(new).and_then(|file| file.sync_all()).map_err(io)?;
    Ok(mended)
}

/// Reads all that counting begins from: a copy that is whole to SQLite may hold rows that are not.
fn read_through(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let failed = failed(path, "read the copy");
    cursors::read_all(connection).map_err(&failed)?;
    commit::read_revisions(connection).map_err(&failed)?;
    for (window, ..) in commit::read_windows(connection).map_err(&failed)? {
        if parts::read_groups(connection, window).map_err(&failed)?.is_none() {
            return Err(LedgerError::Damaged { path: path.to_owned(), what: format!("window {}", window.0) });
        }
    }
    Ok(())
}

fn put_in_place(new: &Path, path: &Path, mended: Mended) -> Result<(Connection, Option<Mended>), LedgerError> {
    std::fs::rename(new, path)
        .and_then(|()| copies::sync_directory(path))
        .map_err(|source| LedgerError::Directory { path: path.to_owned(), user: super::user(), source })?;
    Ok((schema::open(path)?, Some(mended)))
}

/// Notes that the ledger does not know all that was sent before `at`, and parks what waits in it.
fn adopt(
    connection: &mut Connection,
    path: &Path,
    mended: Mended,
    testimony: &Testimony,
    at: UnixMicros,
) -> Result<Mended, LedgerError> {
    let mut note = || -> rusqlite::Result<u64> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let why = "the ledger was damaged or lost, and is an older copy: the event may have been sent since";
        let parked = outbox::park_waiting(&transaction, Cause::Mended, why)?;
        let story = format!("{}. In its place: {}", mended.damage, mended.story);
        identity::write_adopted(&transaction, &Adopted { at, cause: Cause::Mended, story })?;
        if identity::read_meta(&transaction, "agent_id")?.is_none()
            && let Some(agent) = testimony.agent
        {
            identity::write_meta(&transaction, "agent_id", &agent.to_string())?;
            if let Some(machine) = &testimony.machine {
                identity::write_meta(&transaction, "machine", machine)?;
            }
        }
        // Or it would be found behind at each start from now on.
        commit::count_at_least(&transaction, testimony.commits)?;
        transaction.commit()?;
        Ok(parked)
    };
    let parked = note().map_err(failed(path, "mark what may have been sent"))?;
    Ok(Mended { parked, ..mended })
}

/// When the files were written last.
fn last_written(path: &Path) -> UnixMicros {
    let written = |suffix| {
        let modified = with_suffix(path, suffix).metadata().ok()?.modified().ok()?;
        Some(UnixMicros(0).plus(modified.duration_since(std::time::UNIX_EPOCH).ok()?))
    };
    FILES.into_iter().filter_map(written).max().unwrap_or(UnixMicros::MIN)
}

/// Renames what there is of the ledger; gives the new name of its main file, or of what there was.
fn set_aside(path: &Path, now: UnixMicros) -> Result<Option<PathBuf>, LedgerError> {
    let io = |source| LedgerError::Directory { path: path.to_owned(), user: super::user(), source };
    if set_aside_lately(path, now).map_err(io)? >= MOST_A_DAY {
        return Err(LedgerError::DamagedAgain { path: path.to_owned(), times: MOST_A_DAY });
    }
    let mut name = format!("{DAMAGED}-{}", compact(now));
    let mut number = 1;
    let target = |name: &str, suffix| with_suffix(&with_suffix(path, &format!(".{name}")), suffix);
    while FILES.into_iter().any(|suffix| target(&name, suffix).symlink_metadata().is_ok()) {
        number += 1;
        name = format!("{DAMAGED}-{}-{number}", compact(now));
    }
    let mut kept = None;
    for suffix in FILES {
        match std::fs::rename(with_suffix(path, suffix), target(&name, suffix)) {
            Ok(()) => kept = kept.or_else(|| Some(target(&name, suffix))),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => {}
            Err(err) => return Err(io(err)),
        }
    }
    copies::sync_directory(path).map_err(io)?;
    Ok(kept)
}

/// How many damaged ledgers were set aside in the last day: their names tell.
fn set_aside_lately(path: &Path, now: UnixMicros) -> std::io::Result<usize> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let oldest = format!("{name}.{DAMAGED}-{}", compact(now.minus(DAY)));
    let latest = format!("{name}.{DAMAGED}-{}", compact(now.plus(DAY)));
    let mut count = 0;
    for entry in std::fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        count += usize::from((oldest.as_str()..latest.as_str()).contains(&&*name) && is_main(&name));
    }
    Ok(count)
}

/// Not one of the two files beside it.
fn is_main(name: &str) -> bool {
    !FILES.iter().any(|suffix| !suffix.is_empty() && name.ends_with(suffix))
}

/// `20261123T170000Z`: sorts, and needs no quotes in a shell.
fn compact(now: UnixMicros) -> String {
    let text = now.to_string();
    let (date_time, _) = text.split_once('.').unwrap_or((&text, ""));
    date_time.chars().filter(char::is_ascii_alphanumeric).chain(std::iter::once('Z')).collect()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn failed(path: &Path, operation: &'static str) -> impl Fn(rusqlite::Error) -> LedgerError {
    let path = path.to_owned();
    move |source| LedgerError::Sqlite { path: path.clone(), operation, source }
}

#[cfg(test)]
mod tests;
