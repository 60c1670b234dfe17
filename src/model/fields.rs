//! The fields of one line: what `parse` fills and `usage` reads.
//!
//! Promises: no allocation per line in the steady state: a field is a span of the line itself, or of a scratch buffer
//! where its text had to be decoded (a JSON string with escapes). Does not: know names; a reader and its writer agree
//! on slots when the plan is made.

use super::time::UnixMicros;

/// What a field's text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Bytes as they stand in the line.
    Text,
    /// Decimal digits with an optional sign.
    Integer,
    /// A decimal number, with optional fraction and exponent.
    Number,
    /// An instant; its text is still there as a field, the instant itself in [`Fields::time`].
    Time,
    /// `true` or `false`.
    Boolean,
}

impl FieldType {
    /// The name used in pattern files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Time => "time",
            Self::Boolean => "boolean",
        }
    }
}

/// Where a field's bytes are. `start` has its top bit set when they are in the scratch buffer. Lines are capped far
/// below 2 GiB (configuration refuses more), so offsets fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

const IN_SCRATCH: u32 = 1 << 31;
const ABSENT: Span = Span { start: u32::MAX, end: u32::MAX };

/// The fields of one line by slot. Reused from line to line: call [`Fields::clear`] first.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    spans: Vec<Span>,
    scratch: Vec<u8>,
    /// What [`Fields::clear`] brings back: values that are the same for every line of a file, at the beginning of `scratch`.
    base: Vec<Span>,
    base_len: usize,
    /// The line's own time, where the parser was asked for it and the line has one that can be read.
    pub time: Option<UnixMicros>,
}

impl Fields {
    /// Space for `slots` fields, all absent.
    #[must_use]
    pub fn with_slots(slots: usize) -> Self {
        Self { spans: vec![ABSENT; slots], scratch: Vec::new(), base: vec![ABSENT; slots], base_len: 0, time: None }
    }

    /// How many slots there are.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.spans.len()
    }

    /// Makes every field absent but those of the base, for the next line.
    #[inline]
    pub fn clear(&mut self) {
        self.spans.copy_from_slice(&self.base);
        self.scratch.truncate(self.base_len);
        self.time = None;
    }

    /// Values that every line has from now on, unless something else is put into their slots. What was in any slot is gone.
    pub fn set_base<'a>(&mut self, values: impl IntoIterator<Item = (usize, &'a [u8])>) {
        self.spans.fill(ABSENT);
        self.scratch.clear();
        for (slot, value) in values {
            self.set_decoded(slot, value);
        }
        self.base.copy_from_slice(&self.spans);
        self.base_len = self.scratch.len();
        self.time = None;
    }

    /// Becomes a copy of another line's fields, without a new allocation where there is room.
    pub fn copy_from(&mut self, other: &Self) {
        self.spans.clone_from(&other.spans);
        self.scratch.clone_from(&other.scratch);
        self.base.clone_from(&other.base);
        self.base_len = other.base_len;
        self.time = other.time;
    }

    /// Sets a field to the bytes `start..end` of the line.
    #[inline]
    pub fn set(&mut self, slot: usize, start: usize, end: usize) {
        self.spans[slot] = Span { start: start as u32, end: end as u32 };
    }

    /// Sets a field to bytes that are not in the line as they are (decoded, joined).
    pub fn set_decoded(&mut self, slot: usize, bytes: &[u8]) {
        let start = self.scratch.len() as u32;
        self.scratch.extend_from_slice(bytes);
        self.spans[slot] = Span { start: start | IN_SCRATCH, end: self.scratch.len() as u32 };
    }

    /// Makes one field absent again.
    #[inline]
    pub fn unset(&mut self, slot: usize) {
        self.spans[slot] = ABSENT;
    }

    /// The bytes of a field; `None` where the line does not have it. `line` must be the line that was parsed.
    #[inline]
    #[must_use]
    pub fn get<'a>(&'a self, line: &'a [u8], slot: usize) -> Option<&'a [u8]> {
        let span = *self.spans.get(slot)?;
        if span == ABSENT {
            None
        } else if span.start & IN_SCRATCH == 0 {
            line.get(span.start as usize..span.end as usize)
        } else {
            self.scratch.get((span.start & !IN_SCRATCH) as usize..span.end as usize)
        }
    }
}
