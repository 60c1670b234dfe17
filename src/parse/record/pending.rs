//! What of a file's lines is no whole record yet, by stream; and its form at rest.
//!
//! Promises: bounded by the reader's limits times [`MOST_STREAMS`]; buffers are used again. What is encoded can be decoded
//! by a reader that wants other fields: values have names.
//!
//! ```text
//! kept   = 1 (format) count:u8 stream*
//! stream = name:text parts:joined record:joined          text = len:u32 bytes, numbers little-endian
//! joined = state:u8 lines:u32 since:i64 has_time:u8 time:i64 bytes:text count:u16 (name:text value:text)*
//! ```

use std::time::Duration;

use super::{Piece, RecordCounts, Seen};
use crate::model::fields::Fields;
use crate::model::time::UnixMicros;

/// Runtimes have two.
const MOST_STREAMS: usize = 16;

/// A buffer that grew beyond this is given back when its record is out: most files never need it again.
const KEPT_CAPACITY: usize = 64 << 10;

const FORMAT: u8 = 1;

/// Of one file.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    streams: Vec<Stream>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    name: Vec<u8>,
    /// Parts of one line.
    pub(super) parts: Joined,
    /// Lines of one record.
    pub(super) record: Joined,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Empty,
    /// There may come more.
    Open,
    /// It is out; more of it would be too much.
    Full,
    /// It is out, and more of it was dropped.
    Dropping,
}

const STATES: [State; 4] = [State::Empty, State::Open, State::Full, State::Dropping];

#[derive(Clone, Debug, Default)]
pub(super) struct Joined {
    pub(super) state: State,
    pub(super) bytes: Vec<u8>,
    pub(super) lines: u32,
    /// The wrappers' fields of the first line.
    pub(super) outer: Fields,
    /// The first line's.
    pub(super) number: u64,
    /// When the last line came.
    pub(super) since: UnixMicros,
    /// Of the first line's [`Seen`]: what is known to be complete while this is not.
    pub(super) complete_until: UnixMicros,
}

impl Joined {
    pub(super) fn begin(&mut self, text: &[u8], outer: &Fields, number: u64, seen: Seen) {
        self.state = State::Open;
        self.bytes.clear();
        self.bytes.extend_from_slice(text);
        self.lines = 1;
        self.outer.copy_from(outer);
        self.number = number;
        self.since = seen.now;
        self.complete_until = seen.complete_until;
    }

    pub(super) fn append_line(&mut self, text: &[u8], seen: Seen) {
        self.bytes.push(b'\n');
        self.bytes.extend_from_slice(text);
        self.lines += 1;
        self.since = seen.now;
    }

    /// Adds a part of a line. False when it is dropped because the line is too long already.
    pub(super) fn add_part(
        &mut self,
        text: &[u8],
        outer: &Fields,
        number: u64,
        seen: Seen,
        most: usize,
        counts: &mut RecordCounts,
    ) -> bool {
        match self.state {
            State::Empty => self.begin(text, outer, number, seen),
            State::Open if self.bytes.len() + text.len() <= most => {
                self.bytes.extend_from_slice(text);
                self.since = seen.now;
                counts.joined += 1;
            }
            State::Open | State::Full => {
                self.state = State::Full;
                counts.cut += 1;
                counts.dropped += 1;
            }
            State::Dropping => {
                counts.dropped += 1;
                return false;
            }
        }
        self.state == State::Full
    }

    pub(super) fn emit(&mut self, take: &mut impl FnMut(Piece<'_>)) {
        take(Piece::Record { line: &self.bytes, outer: &self.outer, number: self.number });
        self.clear();
    }

    pub(super) fn clear(&mut self) {
        self.state = State::Empty;
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_CAPACITY);
        self.lines = 0;
    }

    /// Whether a read that began at `read_at` and found nothing more came late enough. A clock that was set back begins
    /// the wait again.
    pub(super) fn is_due(&mut self, read_at: UnixMicros, now: UnixMicros, timeout: Duration) -> bool {
        self.since = self.since.min(now);
        read_at.since(self.since) >= timeout
    }
}

impl Stream {
    fn is_empty(&self) -> bool {
        self.parts.state == State::Empty && self.record.state == State::Empty
    }

    /// Hands the joined parts on as a line. `more`: further parts of it come, and will be dropped.
    pub(super) fn parts_to_line(&mut self, more_comes: bool, line: impl FnOnce(&mut Joined, &mut Joined)) {
        let Self { parts, record, .. } = self;
        if parts.state != State::Dropping {
            line(parts, record);
        }
        parts.clear();
        if more_comes {
            parts.state = State::Dropping;
        }
    }
}

impl Pending {
    /// Whether nothing is kept, neither lines nor that lines are to be dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.streams.iter().all(Stream::is_empty)
    }

    /// What lets go of lines whose source joins none any more: each as a record of what there is.
    pub fn let_go(&mut self, take: &mut impl FnMut(Piece<'_>)) {
        for stream in &mut self.streams {
            for joined in [&mut stream.record, &mut stream.parts] {
                if joined.state == State::Open {
                    joined.emit(take);
                }
            }
        }
        self.streams.clear();
    }

    /// What was kept for a source that joins no lines any more. `None` when it is damaged.
    #[must_use]
    pub fn decode_any(bytes: &[u8]) -> Option<Self> {
        Self::decode(bytes, &[])
    }

    /// The instant before which nothing of the file is missing, if lines wait here: theirs are missing.
    #[must_use]
    pub fn complete_until(&self) -> Option<UnixMicros> {
        let joined = self.streams.iter().flat_map(|stream| [&stream.parts, &stream.record]);
        joined.filter(|joined| joined.state == State::Open).map(|joined| joined.complete_until).min()
    }

    #[inline]
    pub(super) fn place_of(&self, name: &[u8]) -> Option<usize> {
        self.streams.iter().position(|stream| stream.name == name)
    }

    #[inline]
    pub(super) fn has_parts(&self, place: usize) -> bool {
        self.streams.get(place).is_some_and(|stream| stream.parts.state != State::Empty)
    }

    pub(super) fn is_full(&self) -> bool {
        self.streams.len() >= MOST_STREAMS
    }

    pub(super) fn let_go_of_first(&mut self, flush: &mut impl FnMut(&mut Stream)) {
        flush(&mut self.streams[0]);
        self.streams.remove(0);
    }

    pub(super) fn add(&mut self, name: &[u8]) -> usize {
        self.streams.push(Stream { name: name.to_owned(), ..Stream::default() });
        self.streams.len() - 1
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Stream> {
        self.streams.get_mut(place)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.streams.iter_mut()
    }

    pub(super) fn clear(&mut self) {
        self.streams.clear();
    }

    pub(super) fn encode(&self, names: &[String], into: &mut Vec<u8>) {
        into.clear();
        let streams: Vec<&Stream> = self.streams.iter().filter(|stream| !stream.is_empty()).collect();
        if streams.is_empty() {
            return;
        }
        into.extend([FORMAT, streams.len() as u8]);
        for stream in streams {
            put_text(&stream.name, into);
            put_joined(&stream.parts, names, into);
            put_joined(&stream.record, names, into);
        }
    }

    pub(super) fn decode(bytes: &[u8], names: &[String]) -> Option<Self> {
        let mut rest = bytes;
        if bytes.is_empty() {
            return Some(Self::default());
        }
        if take::<1>(&mut rest)? != [FORMAT] {
            return None;
        }
        let [count] = take::<1>(&mut rest)?;
        let mut streams = Vec::new();
        for _ in 0..count {
            let name = take_text(&mut rest)?.to_owned();
            let parts = take_joined(&mut rest, names)?;
            streams.push(Stream { name, parts, record: take_joined(&mut rest, names)? });
        }
        (rest.is_empty() && streams.len() <= MOST_STREAMS).then_some(Self { streams })
    }
}

fn put_text(text: &[u8], into: &mut Vec<u8>) {
    into.extend((text.len() as u32).to_le_bytes());
    into.extend_from_slice(text);
}

fn put_joined(joined: &Joined, names: &[String], into: &mut Vec<u8>) {
    let Joined { state, bytes, lines, outer, since, .. } = joined;
    into.push(STATES.iter().position(|known| known == state).unwrap_or(0) as u8);
    into.extend(lines.to_le_bytes());
    into.extend(since.0.to_le_bytes());
    into.push(u8::from(outer.time.is_some()));
    into.extend(outer.time.unwrap_or_default().0.to_le_bytes());
    put_text(bytes, into);
    let values = || names.iter().enumerate().filter_map(|(slot, name)| Some((name, outer.get(b"", slot)?)));
    let is_open = *state == State::Open;
    into.extend((if is_open { values().count() as u16 } else { 0 }).to_le_bytes());
    for (name, value) in values().filter(|_| is_open) {
        put_text(name.as_bytes(), into);
        put_text(value, into);
    }
}

fn take_joined(rest: &mut &[u8], names: &[String]) -> Option<Joined> {
    let [state] = take::<1>(rest)?;
    let state = *STATES.get(usize::from(state))?;
    let lines = u32::from_le_bytes(take(rest)?);
    let since = UnixMicros(i64::from_le_bytes(take(rest)?));
    let [has_time] = take::<1>(rest)?;
    let time = UnixMicros(i64::from_le_bytes(take(rest)?));
    let bytes = take_text(rest)?.to_owned();
    let mut outer = Fields::with_slots(names.len());
    for _ in 0..u16::from_le_bytes(take(rest)?) {
        let name = take_text(rest)?;
        let value = take_text(rest)?;
        if let Some(slot) = names.iter().position(|known| known.as_bytes() == name) {
            outer.set_decoded(slot, value);
        }
    }
    outer.time = (has_time == 1).then_some(time);
    // What was complete before it began is not known any more.
    Some(Joined { state, bytes, lines, outer, number: 0, since, complete_until: UnixMicros::MIN })
}

fn take<const LEN: usize>(rest: &mut &[u8]) -> Option<[u8; LEN]> {
    let (taken, after) = rest.split_first_chunk::<LEN>()?;
    *rest = after;
    Some(*taken)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u32::from_le_bytes(take(rest)?) as usize;
    let (text, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(text)
}
