//! The truth, and what was counted: lines on disk, whatever name and packing they have by now, and the agent's outbox.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::{Connection, OpenFlags};

/// Ids of all whole lines in those files below a directory.
pub fn on_disk(directory: &Path, wanted: impl Fn(u64) -> bool) -> BTreeSet<String> {
    let files = files(directory).into_iter().filter(|path| wanted(fs::metadata(path).unwrap().ino()));
    let ids_in = |path: PathBuf| -> Vec<String> {
        unpacked(&path).split_inclusive(|byte| *byte == b'\n').filter_map(id_of).collect()
    };
    files.flat_map(ids_in).collect()
}

/// Inodes of all files below a directory.
pub fn inodes(directory: &Path) -> BTreeSet<u64> {
    files(directory).iter().map(|path| fs::metadata(path).unwrap().ino()).collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if kind.is_file() {
            files.push(path);
        }
    }
    files
}

fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let program = match bytes.get(..2) {
        Some(b"\x1f\x8b") => "gzip",
        Some(b"\x28\xb5") => "zstd",
        _ => return bytes,
    };
    let output = Command::new(program).arg("-dcq").arg(path).output().unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn id_of(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line).ok()?;
    let (id, rest) = text.split_once("\"id\":\"")?.1.split_once('"')?;
    rest.ends_with("}\n").then(|| id.to_owned())
}

/// Lines that make one group: an event for each line would be most of the work here.
const BLOCK: u32 = 12;

/// How often a line of a block was counted is a digit of the sum of marks. Twelve of them are exact in a JSON number.
const BASE: u64 = 16;

pub fn id(scenario: &str, number: u32) -> String {
    format!("{scenario}/{number:05}")
}

/// The user of a line.
pub fn block_of(scenario: &str, number: u32) -> String {
    format!("{scenario}/{}", number / BLOCK)
}

pub fn mark(number: u32) -> u64 {
    BASE.pow(number % BLOCK)
}

/// How often each line is counted, as far as windows are sealed. Lines that are not wanted at all are one, `…/foreign`.
pub fn counted(state: &Path) -> BTreeMap<String, u64> {
    let ledger = state.join("ledger.sqlite3");
    let Ok(connection) = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return BTreeMap::new();
    };
    connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    let query =
        "SELECT identify_id, sum(json_extract(CAST(body AS TEXT), '$.attributes.marks')) FROM outbox GROUP BY 1";
    // Without a table, it has only begun.
    let Ok(mut statement) = connection.prepare(query) else { return BTreeMap::new() };
    let rows = statement.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as u64))).unwrap();
    let mut counted = BTreeMap::new();
    for (user, marks) in rows.map(Result::unwrap) {
        let (scenario, block) = user.split_once('/').unwrap();
        let Ok(block) = block.parse::<u32>() else {
            counted.insert(user, marks);
            continue;
        };
        let lines = (block * BLOCK..).zip((0..BLOCK).map(|at| marks / BASE.pow(at) % BASE));
        counted.extend(lines.filter(|(_, times)| *times > 0).map(|(number, times)| (id(scenario, number), times)));
    }
    counted
}
