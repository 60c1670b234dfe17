//! Labelled tab-separated values: `host:192.0.2.1<tab>status:200`, see ltsv.org.
//!
//! Promises: a label ends at its first colon and has only letters, digits, `_`, `.` and `-`, as the format asks; a value may
//! hold anything but a tab. Of a label that comes twice the last counts. A time in brackets (Apache's `%t`) is given
//! without them. Does not: take a line in which any piece has no label.

use super::capture::Capture;
use super::keys::Keys;
use super::mismatch::Mismatch;
use super::nearby;

#[derive(Clone, Debug)]
pub(super) struct LtsvReader {
    keys: Keys,
}

impl LtsvReader {
    /// Capture `n` is the first of `keys[n]` that a line has.
    pub(super) fn new(keys: &[Vec<String>]) -> Self {
        Self { keys: Keys::new(keys) }
    }

    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        captures.fill(Capture::ABSENT);
        let mut start = 0;
        let mut labels = 0_usize;
        while start < line.len() {
            let rest = &line[start..];
            let len = nearby::find(b'\t', rest).unwrap_or(rest.len());
            if len > 0 {
                self.piece(line, (start, start + len), captures)?;
                labels += 1;
            }
            start += len + 1;
        }
        if labels == 0 { Err(Mismatch::said(line.len(), "a label with its value")) } else { Ok(()) }
    }

    #[inline]
    fn piece(&mut self, line: &[u8], (start, end): (usize, usize), captures: &mut [Capture]) -> Result<(), Mismatch> {
        let piece = &line[start..end];
        let is_label = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let label = piece.iter().position(|byte| !is_label(byte)).unwrap_or(piece.len());
        if label == 0 || piece.get(label) != Some(&b':') {
            return Err(Mismatch::said(start + label, "a label (letters, digits, `_`, `.`, `-`) and a colon"));
        }
        let Some(found) = self.keys.find(&piece[..label]) else { return Ok(()) };
        let mut value = (start + label + 1, end);
        if let (b"time", [b'[', .., b']']) = (&piece[..label], &piece[label + 1..]) {
            value = (value.0 + 1, end - 1);
        }
        self.keys.put(found, Capture::plain(value.0, value.1), captures);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
