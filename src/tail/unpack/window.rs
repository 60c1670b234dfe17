//! The unpacked bytes that can still be asked for.
//!
//! Promises: the first bytes of the stream stay; of the others those from the kept place on. Does not: unpack.

use crate::tail::identity::HEAD_BYTES;

/// Bytes before the place that was asked for which stay: what readers compare before they read on.
const LOOK_BACK: u64 = 4 << 10;

#[derive(Debug, Default)]
pub(super) struct Window {
    /// The stream's first bytes: readers compare them again and again.
    head: Vec<u8>,
    /// Bytes from `start` to the end of what is unpacked.
    bytes: Vec<u8>,
    start: u64,
    /// What comes before is not wanted.
    keep_from: u64,
}

impl Window {
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Bytes unpacked so far.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// So many bytes from a place, if the head has them all.
    pub(super) fn head(&self, from: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(from).ok()?;
        self.head.get(from..from.checked_add(len)?)
    }

    /// All there are from a place on; none of what was dropped.
    pub(super) fn from(&self, place: u64) -> &[u8] {
        let at = place.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.bytes.get(at..)).unwrap_or_default()
    }

    /// Bytes far before a place need not be kept.
    pub(super) fn keep_from(&mut self, place: u64) {
        self.keep_from = place.saturating_sub(LOOK_BACK);
        let unwanted = self.keep_from.saturating_sub(self.start).min(self.bytes.len() as u64);
        self.bytes.drain(..unwanted as usize);
        self.start += unwanted;
    }

    pub(super) fn append(&mut self, unpacked: &[u8]) {
        let wanted = (HEAD_BYTES as usize).saturating_sub(self.head.len()).min(unpacked.len());
        self.head.extend_from_slice(&unpacked[..wanted]);
        let unwanted = self.keep_from.saturating_sub(self.end()).min(unpacked.len() as u64);
        if unwanted > 0 {
            // Then there is nothing before it either.
            self.start = self.end() + unwanted;
            self.bytes.clear();
        }
        self.bytes.extend_from_slice(&unpacked[unwanted as usize..]);
    }

    pub(super) fn restart(&mut self) {
        self.head.clear();
        self.bytes.clear();
        self.start = 0;
    }
}
