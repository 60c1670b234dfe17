//! The tables, and how the file is opened.
//!
//! Promises: a version in the file; an older program refuses a newer file instead of guessing; an older file is brought up
//! to date when it is opened.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::LedgerError;

/// The layout below. Grows by one with each change of it.
///
/// 2: the table `file_note`. An older ledger gets it when it is opened: it has no notes.
/// 3: more columns of `file`, and sums of rows. Rows of an older ledger get empty ones: they are known by what they have.
/// 4: what operators need to know of events, and `outbox.doubt`. Rows of an older ledger do not say how many attempts had no
/// answer; which of them were parked at an adoption is taken from their causes. Nothing of them is doubted: they were not
/// sent again without a look.
pub const VERSION: u32 = 4;

/// No version of this program writes a higher one: what says so is damaged, and not of a newer program.
const MOST_PLAUSIBLE: u32 = 1_000;

/// Every table below.
const NAMES: [&str; 11] = [
    "meta",
    "file",
    "rule",
    "window",
    "group_keys",
    "group_states",
    "revision",
    "outbox",
    "request_day",
    "counter",
    "file_note",
];

/// How long a writer waits for the other one (counting and pushing have a connection each). A seal of a million events
/// is one transaction of some seconds.
const BUSY: Duration = Duration::from_secs(60);

const TABLES: &str = "
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Followed files and how far they are counted. 128-bit hashes as 16 bytes, little-endian.
CREATE TABLE file (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      TEXT NOT NULL,
    path        BLOB NOT NULL,
    device      INTEGER NOT NULL,
    inode       INTEGER NOT NULL,
    head_len    INTEGER NOT NULL,
    head_hash   BLOB NOT NULL,
    before_len  INTEGER NOT NULL,
    before_hash BLOB NOT NULL,
    offset      INTEGER NOT NULL,
    seen_us     INTEGER NOT NULL,
    finished    INTEGER NOT NULL
) STRICT;

-- Metrics as they were configured when a window opened: JSON, see rule.rs.
CREATE TABLE rule (
    id   INTEGER PRIMARY KEY,
    body TEXT NOT NULL UNIQUE
) STRICT;

-- Open windows (revision 1) and batches of late lines for sealed ones (2, 3, …). Times in microseconds since 1970.
CREATE TABLE window (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    metric    TEXT NOT NULL,
    start_us  INTEGER NOT NULL,
    end_us    INTEGER NOT NULL,
    revision  INTEGER NOT NULL,
    opened_us INTEGER NOT NULL,
    rule      INTEGER NOT NULL REFERENCES rule (id),
    UNIQUE (metric, start_us, end_us, revision)
) STRICT;

-- Groups of open windows in parts: see parts.rs.
CREATE TABLE group_keys (
    window  INTEGER NOT NULL REFERENCES window (id),
    segment INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    body    BLOB NOT NULL,
    UNIQUE (window, segment, seq)
) STRICT;
CREATE TABLE group_states (
    window  INTEGER NOT NULL REFERENCES window (id),
    segment INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    body    BLOB NOT NULL,
    UNIQUE (window, segment, seq)
) STRICT;

-- Sealed windows: the number of their last revision. It only grows: an event id is made once, without an index of ids.
CREATE TABLE revision (
    metric    TEXT NOT NULL,
    start_us  INTEGER NOT NULL,
    end_us    INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    sealed_us INTEGER NOT NULL,
    PRIMARY KEY (metric, start_us, end_us)
) STRICT, WITHOUT ROWID;

-- Sealed events. state: see outbox.rs. The body is the exact POST body.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id     TEXT NOT NULL,
    metric       TEXT NOT NULL,
    event_name   TEXT NOT NULL,
    identify_id  TEXT NOT NULL,
    date_ms      INTEGER NOT NULL,
    start_us     INTEGER NOT NULL,
    end_us       INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    lines        INTEGER NOT NULL,
    base_url     TEXT NOT NULL,
    body         BLOB NOT NULL,
    digest       TEXT NOT NULL,
    state        INTEGER NOT NULL,
    sealed_us    INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    attempted_us INTEGER,
    settled_us   INTEGER,
    status       INTEGER,
    cause        TEXT,
    answer       TEXT
) STRICT;
CREATE INDEX outbox_by_state ON outbox (state, id);

-- Requests made, by UTC day since 1970: the daily budget survives a restart.
CREATE TABLE request_day (
    day   INTEGER PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT;

-- Totals, committed with the cursors that they belong to.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What version 2 brought.
const FILE_NOTES: &str = "
-- What is known of a file beside its cursor: lines of a record that is not complete, columns that its header named, fields
-- of its path. `name` says which; the body is of whoever wrote it, its format in its first byte.
CREATE TABLE file_note (
    file INTEGER NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (file, name)
) STRICT;
";

/// What version 3 brought. standing: 0 own, 1 copy of the file `copy_of`, 2 foreign; packing: 0 plain, 1 gzip, 2 zstd;
/// marks: 32-bit hashes, little-endian; look: of the read that found the end. sum: of the row, see sums.rs.
const FILE_INVENTORY: &str = "
ALTER TABLE file ADD COLUMN real_path BLOB;
ALTER TABLE file ADD COLUMN packing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE file ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE file ADD COLUMN copy_of INTEGER;
ALTER TABLE file ADD COLUMN marks BLOB NOT NULL DEFAULT x'';
ALTER TABLE file ADD COLUMN look_size INTEGER;
ALTER TABLE file ADD COLUMN look_ctime_ns INTEGER;
ALTER TABLE file ADD COLUMN sum INTEGER;
ALTER TABLE window ADD COLUMN sum INTEGER;
ALTER TABLE revision ADD COLUMN sum INTEGER;
ALTER TABLE outbox ADD COLUMN sum INTEGER;
";

/// What version 4 brought. unanswered: attempts whose answer never came. adopted: `moved` or `mended` where the event is
/// parked because another ledger may have sent it; the four texts are all that version 3 wrote.
const OUTBOX_ERRANDS: &str = "
ALTER TABLE outbox ADD COLUMN unanswered INTEGER;
ALTER TABLE outbox ADD COLUMN adopted TEXT;
CREATE INDEX outbox_by_settled ON outbox (settled_us) WHERE state IN (4, 6);
UPDATE outbox SET adopted = 'moved' WHERE state = 5 AND cause IN (
    'this ledger was made on another machine, which may have sent the event',
    'its window began when this ledger was on another machine, which may have sent it');
UPDATE outbox SET adopted = 'mended' WHERE state = 5 AND cause IN (
    'the ledger was damaged or lost, and is an older copy: the event may have been sent since',
    'its window began before the ledger was damaged or lost, and it may have been sent then');
";

/// And: doubt, see outbox.rs.
const DOUBTS: &str = "
ALTER TABLE outbox ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_by_doubt ON outbox (doubt) WHERE doubt > 0;
";

/// Opens the file, private to its owner, and makes the tables where it is new.
pub fn open(path: &Path) -> Result<Connection, LedgerError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| LedgerError::Directory { path: path.to_owned(), user: super::user(), source })?;
    let mut connection = connect(path)?;
    let fail = |operation| move |source| LedgerError::Sqlite { path: path.to_owned(), operation, source };
    let found = version_of(&connection).map_err(fail("open the ledger"))?;
    if found > MOST_PLAUSIBLE {
        return Err(LedgerError::Damaged { path: path.to_owned(), what: format!("its version ({found})") });
    }
    if found > VERSION {
        return Err(LedgerError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    if found < VERSION {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail("make the ledger"))?;
        if found == 0 {
            transaction.execute_batch(TABLES).map_err(fail("make the ledger"))?;
        }
        for (version, tables) in [(2, FILE_NOTES), (3, FILE_INVENTORY), (4, OUTBOX_ERRANDS), (4, DOUBTS)] {
            if found < version {
                transaction.execute_batch(tables).map_err(fail("make the ledger"))?;
            }
        }
        transaction.pragma_update(None, "user_version", VERSION).map_err(fail("make the ledger"))?;
        transaction.commit().map_err(fail("make the ledger"))?;
    }
    Ok(connection)
}

fn version_of(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))
}

/// The version of a ledger that is there; 0 for a database without our tables.
pub(super) fn version(path: &Path) -> Result<u32, LedgerError> {
    let fail = |source| LedgerError::Sqlite { path: path.to_owned(), operation: "open the ledger", source };
    version_of(&connect(path)?).map_err(fail)
}

/// A table of ours that cannot be found under its name.
pub(super) fn missing_table(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let found: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let missing = NAMES.iter().find(|name| !found.iter().any(|found| found == *name));
    Ok(missing.map(|name| format!("the table `{name}` is gone")))
}

/// Another connection to a ledger that is there.
pub fn connect(path: &Path) -> Result<Connection, LedgerError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // The WAL is cut back to this after a checkpoint: one large seal must not keep its size for ever.
        connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    open().map_err(|source| LedgerError::Sqlite { path: path.to_owned(), operation: "open the ledger", source })
}
