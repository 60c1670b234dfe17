//! The lines of a file before a place, for a reader that begins inside of it.
//!
//! Promises: the same lines as those that are handed out, but for those longer than a block. Does not: move a cursor.

use std::fs::File;
use std::io::{self, Read};

use super::identity;
use super::lines;
use super::log_reader::{LogReader, Part};
use super::unpack::Unpacked;
use crate::model::encoding::TextEncoding;
use crate::model::file::Packing;

/// Bytes that are looked through for a file's last header: a second of work, once, for a file that is begun inside.
pub(super) const MOST_BYTES: u64 = 1 << 30;

/// The first block of a longer file; and no header is longer.
const BLOCK: u64 = 1 << 20;

/// A file's bytes from its beginning to `end`, without those of a gap.
struct Bytes<'a> {
    handle: &'a File,
    /// Of an archive.
    unpacked: Option<Unpacked>,
    at: u64,
    end: u64,
    gap: Option<(u64, u64)>,
}

impl Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let upto = match self.gap {
            Some((from, to)) if self.at == from => {
                (self.at, self.gap) = (to, None);
                self.end
            }
            Some((from, _)) => from,
            None => self.end,
        };
        let len = upto.saturating_sub(self.at).min(into.len() as u64) as usize;
        let found = match &mut self.unpacked {
            Some(unpacked) => unpacked.fill(self.handle, &mut into[..len], self.at)?.0,
            None => identity::read_at(self.handle, &mut into[..len], self.at)?,
        };
        self.at += found as u64;
        Ok(found)
    }
}

/// Gives every line that ends before `end`.
pub(super) fn lines(handle: &File, packing: Packing, encoding: TextEncoding, end: u64, mut read: impl FnMut(&[u8])) {
    // An even place, for units of two bytes. The line at the seam is two halves of others: no header looks like that.
    let gap = (end > MOST_BYTES + BLOCK).then(|| (BLOCK, (end - MOST_BYTES) & !1));
    let mut parts = LogReader::new(
        Bytes { handle, unpacked: Unpacked::new(packing), at: 0, end, gap },
        Some(encoding),
        BLOCK as usize,
    );
    while let Ok(Some(part)) = parts.next_part() {
        if let Part::Lines(text) = part {
            lines::each(text).for_each(&mut read);
        }
    }
}
