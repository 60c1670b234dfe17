//! What an engine found in a line, before types are looked at.
//!
//! Promises: a capture is a span of the line itself, or of what the reader built from it. Does not: know names or slots.

/// Where a captured text is in the line, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capture {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The line does not have it.
    Absent,
    /// The bytes as they stand.
    Plain,
    /// Inside of a JSON string that has escapes.
    Escaped,
    /// Not in the line as it is: a span of the bytes that the reader built (joined, unquoted).
    Built,
}

impl Capture {
    pub(super) const ABSENT: Self = Self { start: 0, end: 0, form: Form::Absent };

    /// Lines are capped far below 4 GiB, so offsets fit.
    #[inline]
    pub(super) const fn plain(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, form: Form::Plain }
    }

    pub(super) const fn escaped(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, form: Form::Escaped }
    }

    /// A span of what the reader built.
    pub(super) const fn built(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, form: Form::Built }
    }

    /// The bytes in the line, or in what was built.
    #[inline]
    pub(super) fn bytes<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        line.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}
