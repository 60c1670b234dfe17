//! Groups of open windows, stored in parts.
//!
//! A window's groups are numbered in order of arrival; 1,024 of them are a segment. A commit appends, per segment that
//! changed, one part with the keys of new groups and one with the states of changed groups: cost follows what changed,
//! and one row holds up to 1,024 groups. Later parts win. A part of states that covers its whole segment replaces the
//! earlier ones; otherwise parts are merged when they outgrow the segment.
//!
//! A part: format byte (1), XXH3-64 of the rest (8 bytes, little-endian), then entries of ordinal, length (LEB128 each)
//! and bytes, in order of ordinal. Promises: a flipped bit is found. Does not: know what keys and states mean.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};
use xxhash_rust::xxh3::xxh3_64;

use super::WindowRow;

/// Groups per segment: a part of 1,024 groups is some 50 KiB, large enough that rows cost little, small enough that
/// merging one never shows in a commit's time.
pub const SEGMENT_GROUPS: u32 = 1024;

/// Parts of one segment beyond which they are merged, however small they are: reading back must stay cheap.
const MOST_PARTS: u32 = 32;

const FORMAT: u8 = 1;

/// The ordinal of a window's overflow group, which has its segment to itself.
pub const OVERFLOW: u32 = u32::MAX;

/// A group as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    pub ordinal: u32,
    pub key: Vec<u8>,
    pub state: Vec<u8>,
}

/// What is stored of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    next_seq: i64,
    groups: u32,
    key_parts: u32,
    state_parts: u32,
    state_bytes: u64,
}

#[derive(Clone, Copy)]
enum Table {
    Keys,
    States,
}

impl Table {
    const fn insert(self) -> &'static str {
        match self {
            Self::Keys => "INSERT INTO group_keys (window, segment, seq, body) VALUES (?1, ?2, ?3, ?4)",
            Self::States => "INSERT INTO group_states (window, segment, seq, body) VALUES (?1, ?2, ?3, ?4)",
        }
    }

    const fn delete_segment(self) -> &'static str {
        match self {
            Self::Keys => "DELETE FROM group_keys WHERE window = ?1 AND segment = ?2",
            Self::States => "DELETE FROM group_states WHERE window = ?1 AND segment = ?2",
        }
    }

    const fn select_segment(self) -> &'static str {
        match self {
            Self::Keys => "SELECT body FROM group_keys WHERE window = ?1 AND segment = ?2 ORDER BY seq",
            Self::States => "SELECT body FROM group_states WHERE window = ?1 AND segment = ?2 ORDER BY seq",
        }
    }

    const fn select_window(self) -> &'static str {
        match self {
            Self::Keys => "SELECT body FROM group_keys WHERE window = ?1 ORDER BY segment, seq",
            Self::States => "SELECT body FROM group_states WHERE window = ?1 ORDER BY segment, seq",
        }
    }
}

/// Writes one window's changed groups, given in order of ordinal.
pub struct PartWriter<'a> {
    connection: &'a Connection,
    segments: &'a mut HashMap<(WindowRow, u32), Segment>,
    pending: &'a mut PendingSegments,
    window: WindowRow,
    current: Option<u32>,
    keys: Entries,
    states: Entries,
}

/// Segments as they were before this transaction, to put back when it fails.
#[derive(Debug, Default)]
pub(super) struct PendingSegments(HashMap<(WindowRow, u32), Option<Segment>>);

impl PendingSegments {
    pub(super) fn remember(&mut self, segments: &HashMap<(WindowRow, u32), Segment>, id: (WindowRow, u32)) {
        self.0.entry(id).or_insert_with(|| segments.get(&id).copied());
    }

    pub(super) fn undo(&mut self, segments: &mut HashMap<(WindowRow, u32), Segment>) {
        for (id, before) in self.0.drain() {
            match before {
                Some(segment) => segments.insert(id, segment),
                None => segments.remove(&id),
            };
        }
    }
}

impl<'a> PartWriter<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        segments: &'a mut HashMap<(WindowRow, u32), Segment>,
        pending: &'a mut PendingSegments,
        window: WindowRow,
    ) -> Self {
        let (keys, states) = (Entries::new(), Entries::new());
        Self { connection, segments, pending, window, current: None, keys, states }
    }

    /// Adds one group; `key` only when the group was not in the ledger before.
    pub fn group(&mut self, ordinal: u32, key: Option<&[u8]>, state: &[u8]) -> rusqlite::Result<()> {
        let segment = ordinal / SEGMENT_GROUPS;
        if self.current != Some(segment) {
            self.flush()?;
            self.current = Some(segment);
        }
        if let Some(key) = key {
            self.keys.push(ordinal, key);
        }
        self.states.push(ordinal, state);
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn flush(&mut self) -> rusqlite::Result<()> {
        let Some(number) = self.current.take() else { return Ok(()) };
        let id = (self.window, number);
        self.pending.remember(self.segments, id);
        let mut segment = self.segments.get(&id).copied().unwrap_or_default();
        if self.keys.count > 0 {
            segment.groups += self.keys.count;
            segment.key_parts += 1;
            self.insert(Table::Keys, number, &mut segment.next_seq, &self.keys.body())?;
        }
        if self.states.count == segment.groups && segment.state_parts > 0 {
            self.delete(Table::States, number)?;
            segment.state_parts = 0;
            segment.state_bytes = 0;
        }
        let body = self.states.body();
        let whole = u64::from(segment.groups) * (body.len() as u64).div_ceil(u64::from(self.states.count.max(1)));
        segment.state_parts += 1;
        segment.state_bytes += body.len() as u64;
        self.insert(Table::States, number, &mut segment.next_seq, &body)?;
        if segment.state_parts > MOST_PARTS || segment.state_bytes > 3 * whole.max(4096) {
            segment.state_bytes = self.merge(Table::States, number, &mut segment.next_seq)?;
            segment.state_parts = 1;
        }
        if segment.key_parts > MOST_PARTS {
            self.merge(Table::Keys, number, &mut segment.next_seq)?;
            segment.key_parts = 1;
        }
        self.segments.insert(id, segment);
        self.keys.clear();
        self.states.clear();
        Ok(())
    }

    fn insert(&self, table: Table, segment: u32, seq: &mut i64, body: &[u8]) -> rusqlite::Result<()> {
        self.connection.prepare_cached(table.insert())?.execute(params![self.window.0, segment, *seq, body])?;
        *seq += 1;
        Ok(())
    }

    fn delete(&self, table: Table, segment: u32) -> rusqlite::Result<()> {
        self.connection.prepare_cached(table.delete_segment())?.execute(params![self.window.0, segment])?;
        Ok(())
    }

    /// Puts all parts of a segment together into one; gives its size.
    fn merge(&self, table: Table, segment: u32, seq: &mut i64) -> rusqlite::Result<u64> {
        let mut merged = BTreeMap::new();
        let mut statement = self.connection.prepare_cached(table.select_segment())?;
        let mut rows = statement.query(params![self.window.0, segment])?;
        while let Some(row) = rows.next()? {
            read_part(row.get_ref(0)?.as_blob()?, &mut merged).ok_or_else(damaged)?;
        }
        drop(rows);
        let mut entries = Entries::new();
        for (ordinal, bytes) in &merged {
            entries.push(*ordinal, bytes);
        }
        self.delete(table, segment)?;
        let body = entries.body();
        let size = body.len() as u64;
        self.insert(table, segment, seq, &body)?;
        Ok(size)
    }
}

fn damaged() -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, "a part's checksum does not agree".into())
}

/// What is stored of every segment.
pub(super) fn load_segments(connection: &Connection) -> rusqlite::Result<HashMap<(WindowRow, u32), Segment>> {
    let mut segments: HashMap<(WindowRow, u32), Segment> = HashMap::new();
    let mut statement = connection.prepare("SELECT window, segment, seq, body FROM group_keys")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let segment = segments.entry((WindowRow(row.get(0)?), row.get(1)?)).or_default();
        let mut keys = BTreeMap::new();
        read_part(row.get_ref(3)?.as_blob()?, &mut keys).ok_or_else(damaged)?;
        segment.groups += keys.len() as u32;
        segment.key_parts += 1;
        segment.next_seq = segment.next_seq.max(row.get::<_, i64>(2)? + 1);
    }
    let mut statement = connection.prepare("SELECT window, segment, seq, length(body) FROM group_states")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let segment = segments.entry((WindowRow(row.get(0)?), row.get(1)?)).or_default();
        segment.state_parts += 1;
        segment.state_bytes += row.get::<_, i64>(3)? as u64;
        segment.next_seq = segment.next_seq.max(row.get::<_, i64>(2)? + 1);
    }
    Ok(segments)
}

/// The groups of a window; `None` when parts are damaged or do not belong together.
pub(super) fn read_groups(connection: &Connection, window: WindowRow) -> rusqlite::Result<Option<Vec<StoredGroup>>> {
    let (Some(keys), Some(mut states)) =
        (read_all(connection, Table::Keys, window)?, read_all(connection, Table::States, window)?)
    else {
        return Ok(None);
    };
    if keys.len() != states.len() {
        return Ok(None);
    }
    let mut groups = Vec::with_capacity(keys.len());
    for (expected, (ordinal, key)) in (0_u32..).zip(keys) {
        let in_place = ordinal == expected || ordinal == OVERFLOW;
        let Some(state) = states.remove(&ordinal).filter(|_| in_place) else { return Ok(None) };
        groups.push(StoredGroup { ordinal, key, state });
    }
    Ok(Some(groups))
}

fn read_all(
    connection: &Connection,
    table: Table,
    window: WindowRow,
) -> rusqlite::Result<Option<BTreeMap<u32, Vec<u8>>>> {
    let mut entries = BTreeMap::new();
    let mut statement = connection.prepare_cached(table.select_window())?;
    let mut rows = statement.query([window.0])?;
    while let Some(row) = rows.next()? {
        if read_part(row.get_ref(0)?.as_blob()?, &mut entries).is_none() {
            return Ok(None);
        }
    }
    Ok(Some(entries))
}

/// A part being written.
struct Entries {
    payload: Vec<u8>,
    count: u32,
}

impl Entries {
    const fn new() -> Self {
        Self { payload: Vec::new(), count: 0 }
    }

    fn push(&mut self, ordinal: u32, bytes: &[u8]) {
        write_number(&mut self.payload, u64::from(ordinal));
        write_number(&mut self.payload, bytes.len() as u64);
        self.payload.extend_from_slice(bytes);
        self.count += 1;
    }

    fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.payload.len() + 9);
        body.push(FORMAT);
        body.extend_from_slice(&xxh3_64(&self.payload).to_le_bytes());
        body.extend_from_slice(&self.payload);
        body
    }

    fn clear(&mut self) {
        self.payload.clear();
        self.count = 0;
    }
}

/// Adds a part's entries, over those that are there. `None` when it is damaged.
fn read_part(body: &[u8], entries: &mut BTreeMap<u32, Vec<u8>>) -> Option<()> {
    let (&format, rest) = body.split_first()?;
    let (checksum, mut payload) = rest.split_first_chunk::<8>()?;
    if format != FORMAT || xxh3_64(payload) != u64::from_le_bytes(*checksum) {
        return None;
    }
    while !payload.is_empty() {
        let ordinal = u32::try_from(read_number(&mut payload)?).ok()?;
        let len = usize::try_from(read_number(&mut payload)?).ok()?;
        let (bytes, rest) = payload.split_at_checked(len)?;
        entries.insert(ordinal, bytes.to_vec());
        payload = rest;
    }
    Some(())
}

fn write_number(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn read_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
