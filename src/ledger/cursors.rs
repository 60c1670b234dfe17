//! Cursors as rows of the table `file`.
//!
//! Promises: what is written is read again as it was; a row of an older version reads as one that knows less. Does not:
//! know when to write.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::sums::Sum;
use crate::model::file::{Cursor, FileId, Fingerprint, Inode, Marks, Packing, ReadLook, Standing};
use crate::model::time::UnixMicros;

pub(super) fn put(connection: &Connection, cursor: &Cursor) -> rusqlite::Result<()> {
    let (standing, copy_of) = standing_numbers(cursor.standing);
    let packing = packing_number(cursor.packing);
    let marks: Vec<u8> = cursor.marks.0.iter().flat_map(|mark| mark.to_le_bytes()).collect();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO file (id, source, path, device, inode, head_len, head_hash, before_len, before_hash,
                                          offset, seen_us, finished, real_path, packing, standing, copy_of, marks,
                                          look_size, look_ctime_ns, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        )?
        .execute(params![
            cursor.file.0,
            cursor.source,
            cursor.path.as_os_str().as_bytes(),
            cursor.inode.device as i64,
            cursor.inode.inode as i64,
            cursor.head.len,
            cursor.head.hash.to_le_bytes(),
            cursor.before.len,
            cursor.before.hash.to_le_bytes(),
            cursor.offset as i64,
            cursor.seen.0,
            cursor.finished,
            cursor.real_path.as_ref().map(|path| path.as_os_str().as_bytes()),
            packing,
            standing,
            copy_of,
            marks,
            cursor.look.map(|look| look.size as i64),
            cursor.look.map(|look| look.changed_nanos),
            sum(cursor).value(),
        ])?;
    Ok(())
}

/// Of everything that a row holds.
fn sum(cursor: &Cursor) -> Sum {
    let (standing, copy_of) = standing_numbers(cursor.standing);
    let fingerprint = |sum: Sum, print: Fingerprint| sum.number(i64::from(print.len)).bytes(&print.hash.to_le_bytes());
    let sum = Sum::new()
        .number(cursor.file.0)
        .bytes(cursor.source.as_bytes())
        .bytes(cursor.path.as_os_str().as_bytes())
        .bytes(cursor.real_path.as_ref().map_or(&[], |path| path.as_os_str().as_bytes()))
        .number(cursor.inode.device as i64)
        .number(cursor.inode.inode as i64)
        .number(packing_number(cursor.packing))
        .number(standing)
        .number(copy_of.unwrap_or(0))
        .number(cursor.offset as i64)
        .number(cursor.seen.0)
        .number(i64::from(cursor.finished))
        .number(cursor.look.map_or(-1, |look| look.size as i64))
        .number(cursor.look.map_or(-1, |look| look.changed_nanos));
    let sum = fingerprint(fingerprint(sum, cursor.head), cursor.before);
    cursor.marks.0.iter().fold(sum, |sum, mark| sum.number(i64::from(*mark)))
}

const fn standing_numbers(standing: Standing) -> (i64, Option<i64>) {
    match standing {
        Standing::Own => (0, None),
        Standing::Copy { of } => (1, Some(of.0)),
        Standing::Foreign => (2, None),
    }
}

const fn packing_number(packing: Packing) -> i64 {
    match packing {
        Packing::Plain => 0,
        Packing::Gzip => 1,
        Packing::Zstd => 2,
    }
}

pub(super) fn read_all(connection: &Connection) -> rusqlite::Result<Vec<Cursor>> {
    let mut statement = connection.prepare(
        "SELECT id, source, path, device, inode, head_len, head_hash, before_len, before_hash, offset, seen_us, finished,
                real_path, packing, standing, copy_of, marks, look_size, look_ctime_ns, sum
         FROM file ORDER BY id",
    )?;
    let rows = statement.query_map([], read)?;
    rows.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    let path = |blob: &[u8]| PathBuf::from(OsStr::from_bytes(blob));
    let cursor = Cursor {
        file: FileId(row.get(0)?),
        source: row.get(1)?,
        path: path(row.get_ref(2)?.as_blob()?),
        real_path: row.get_ref(12)?.as_blob_or_null()?.map(path),
        inode: Inode { device: row.get::<_, i64>(3)? as u64, inode: row.get::<_, i64>(4)? as u64 },
        packing: packing(row.get_ref(13)?)?,
        standing: standing(row.get_ref(14)?, row.get(15)?)?,
        head: Fingerprint { len: row.get(5)?, hash: u128::from_le_bytes(row.get(6)?) },
        before: Fingerprint { len: row.get(7)?, hash: u128::from_le_bytes(row.get(8)?) },
        marks: marks(row.get_ref(16)?.as_blob()?),
        offset: row.get::<_, i64>(9)? as u64,
        seen: UnixMicros(row.get(10)?),
        finished: row.get(11)?,
        look: match (row.get::<_, Option<i64>>(17)?, row.get(18)?) {
            (Some(size), Some(changed_nanos)) => Some(ReadLook { size: size as u64, changed_nanos }),
            _ => None,
        },
    };
    sum(&cursor).agree(row.get(19)?, "a file's cursor")?;
    Ok(cursor)
}

fn packing(value: ValueRef<'_>) -> rusqlite::Result<Packing> {
    match value.as_i64()? {
        0 => Ok(Packing::Plain),
        1 => Ok(Packing::Gzip),
        2 => Ok(Packing::Zstd),
        other => Err(FromSqlError::OutOfRange(other).into()),
    }
}

fn standing(value: ValueRef<'_>, copy_of: Option<i64>) -> rusqlite::Result<Standing> {
    match (value.as_i64()?, copy_of) {
        (0, _) => Ok(Standing::Own),
        (1, Some(of)) => Ok(Standing::Copy { of: FileId(of) }),
        (2, _) => Ok(Standing::Foreign),
        (other, _) => Err(FromSqlError::OutOfRange(other).into()),
    }
}

fn marks(blob: &[u8]) -> Marks {
    let (whole, _) = blob.as_chunks::<4>();
    Marks(whole.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
}

/// The first number that was never saved: `AUTOINCREMENT` remembers the highest, also after its file was forgotten.
pub(super) fn next_file(connection: &Connection) -> rusqlite::Result<FileId> {
    let highest: Option<i64> =
        connection.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'file'", [], |row| row.get(0)).optional()?;
    Ok(FileId(highest.unwrap_or(0) + 1))
}
