//! What the agent says that it counted, read from its ledger.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::disk::Disk;
use crate::line;

/// The metrics of the run: lines by block, and by user and account.
pub const BLOCKS: &str = "blocks";
pub const PEOPLE: &str = "people";

/// How far the agent is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lines in events.
    pub lines: u64,
    pub open_windows: u64,
    /// Bytes, by the cursors.
    pub counted_bytes: u64,
}

/// Everything in events.
#[derive(Default)]
pub struct Counted {
    /// How often each line was counted, by number.
    pub times: Vec<u8>,
    /// Lines by the count of lines in the events.
    pub lines: u64,
    /// Lines, and the sum of their numbers, by user and account.
    pub people: BTreeMap<(String, String), (u64, u64)>,
}

fn connect(ledger: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(60))?;
    Ok(connection)
}

/// True when the ledger knows a file; false also while there is no ledger.
pub fn knows_a_file(ledger: &Path) -> bool {
    let ask = || connect(ledger)?.query_row("SELECT count(*) FROM file", [], |row| row.get::<_, i64>(0));
    ask().is_ok_and(|files| files > 0)
}

/// True when the file is counted to its last newline, or further: nothing of it is needed any more.
pub fn is_counted(ledger: &Path, path: &Path, inode: u64) -> bool {
    let contents = std::fs::read(path).unwrap();
    let size = contents.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let connection = connect(ledger).unwrap();
    let mut rows = connection
        .prepare("SELECT head_len, head_hash FROM file WHERE inode = ?1 AND offset >= ?2 AND head_len > 0")
        .unwrap();
    let heads = rows.query_map([inode as i64, size as i64], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let heads: Vec<(i64, Vec<u8>)> = heads.map(Result::unwrap).collect();
    heads.into_iter().any(|(len, hash)| {
        // The inode may have been another file's.
        let head = contents.get(..len as usize);
        head.is_some_and(|head| xxhash_rust::xxh3::xxh3_128(head).to_le_bytes()[..] == hash[..])
    })
}

pub fn progress(ledger: &Path) -> Progress {
    let connection = connect(ledger).unwrap();
    let ask = |query| connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
    Progress {
        open_windows: ask("SELECT count(*) FROM window"),
        counted_bytes: ask("SELECT coalesce(sum(offset), 0) FROM file"),
        lines: ask("SELECT coalesce(sum(lines), 0) FROM outbox WHERE metric = 'blocks'"),
    }
}

impl Counted {
    pub fn read(ledger: &Path) -> Self {
        let connection = connect(ledger).unwrap();
        let mut statement = connection.prepare("SELECT metric, body, lines FROM outbox").unwrap();
        let mut counted = Self::default();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (metric, body, lines): (String, Vec<u8>, i64) =
                (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
            let body: Value = serde_json::from_slice(&body).unwrap();
            match metric.as_str() {
                BLOCKS => counted.add_block(&body, lines as u64),
                PEOPLE => counted.add_person(&body, lines as u64),
                other => panic!("{other}"),
            }
        }
        counted
    }

    fn add_block(&mut self, body: &Value, lines: u64) {
        let block: usize = text(body, "identifyId")[1..].parse().unwrap();
        let times = line::times_counted(number(body, "low"), number(body, "high"));
        let first = block * times.len();
        self.times.resize(self.times.len().max(first + times.len()), 0);
        for (at, times) in times.into_iter().enumerate() {
            self.times[first + at] += times;
        }
        assert_eq!(number(body, "lines"), lines, "{body}");
        self.lines += lines;
    }

    fn add_person(&mut self, body: &Value, lines: u64) {
        let key = (text(body, "identifyId").to_owned(), text(body, "accountId").to_owned());
        let sums = self.people.entry(key).or_default();
        sums.0 += lines;
        sums.1 += number(body, "numbers");
    }

    pub fn has_all(&self, disk: &Disk) -> bool {
        disk.numbers().all(|number| self.times_of(number) > 0 || disk.halves.contains(&number))
    }

    pub fn times_of(&self, number: u64) -> u8 {
        self.times.get(number as usize).copied().unwrap_or(0)
    }
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"))
}

fn number(body: &Value, name: &str) -> u64 {
    body["attributes"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {body}"))
}

/// The ledger's files, for a person.
pub fn files(ledger: &Path) -> String {
    let connection = connect(ledger).unwrap();
    let query = "SELECT id, path, inode, offset, finished, standing, copy_of, packing FROM file ORDER BY id";
    let mut statement = connection.prepare(query).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut shown = String::new();
    while let Some(row) = rows.next().unwrap() {
        let path: Vec<u8> = row.get(1).unwrap();
        let path = String::from_utf8_lossy(&path).into_owned();
        let name = path.rsplit('/').next().unwrap_or_default();
        let number = |at: usize| row.get::<_, Option<i64>>(at).unwrap().unwrap_or(-1);
        let _ = writeln!(
            shown,
            "    file {} {name} inode {} offset {} finished {} standing {} copy of {} packing {}",
            number(0),
            number(2),
            number(3),
            number(4),
            number(5),
            number(6),
            number(7)
        );
    }
    shown
}
