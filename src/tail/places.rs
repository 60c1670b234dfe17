//! Looks for places in an open file: where text begins behind NULs, where its last line begins.
//!
//! Promises: bounded memory; holes of the file system cost nothing, and NULs that are really there are read in bounded
//! steps. Does not: know cursors.

use std::fs::File;
use std::io;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::framing::{Framing, Unit, leading_zeros};
use super::identity;

/// Bytes of one step.
const STEP: usize = 64 << 10;

/// NULs that are looked through in one turn: some hundredths of a second.
pub(super) const TURN_ZEROS: u64 = 64 << 20;

/// What is behind NULs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// The first byte of it that is not zero.
    Text(u64),
    /// Nothing: the file ends here.
    End(u64),
    /// NULs up to here; there is more.
    NotYet(u64),
}

/// Looks for the first byte from `from` on that is not zero. `sparse` is the file, where its holes are those of the bytes
/// that `read_at` reads: it fills a buffer from a place, less only at the end.
pub(super) fn text_behind(
    from: u64,
    sparse: Option<&File>,
    mut read_at: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<Behind> {
    let mut block = vec![0; STEP];
    let mut at = from;
    let mut left = TURN_ZEROS;
    loop {
        if let Some(file) = sparse {
            // Before the search: what is written meanwhile is not behind it.
            let size = identity::look(file)?.size;
            match rustix::fs::seek(file, SeekFrom::Data(at)) {
                Ok(data) => at = data.max(at),
                Err(Errno::NXIO) => return Ok(Behind::End(size.max(at))),
                // A file system that does not know: every byte is looked at.
                Err(_) => {}
            }
        }
        let found = read_at(&mut block, at)?;
        let zeros = leading_zeros(&block[..found]);
        at += zeros as u64;
        if zeros < found {
            return Ok(Behind::Text(at));
        }
        if found < block.len() {
            return Ok(Behind::End(at));
        }
        left = left.saturating_sub(found as u64);
        if left == 0 {
            return Ok(Behind::NotYet(at));
        }
    }
}

/// True when the file system has a hole that begins in this part of the file.
pub(super) fn has_hole(handle: &File, from: u64, to: u64) -> bool {
    rustix::fs::seek(handle, SeekFrom::Hole(from)).is_ok_and(|at| at < to)
}

/// Just past the last newline in the bytes before `end`, looking back at most `most` bytes; `end` when there is none. NULs
/// before `end` are room for later text.
pub(super) fn line_start(handle: &File, unit: Unit, end: u64, most: u64) -> io::Result<u64> {
    let mut bytes = vec![0; STEP];
    let end = match unit {
        Unit::Byte => text_end(handle, end, &mut bytes)?,
        // The second half of the last character may be zero.
        Unit::Pair(_) => text_end(handle, end, &mut bytes)?.next_multiple_of(2).min(end),
    };
    let floor = end.saturating_sub(most);
    let mut upper = end;
    while upper > floor {
        let lower = upper.saturating_sub(STEP as u64).max(floor);
        let found = identity::read_at(handle, &mut bytes[..(upper - lower) as usize], lower)?;
        if let Some(at) = Framing::at(unit, lower).last_newline(&bytes[..found]) {
            return Ok(lower + at as u64);
        }
        if lower == floor {
            break;
        }
        // A newline of two bytes may stand across.
        upper = lower + 1;
    }
    Ok(if floor == 0 { 0 } else { end })
}

/// Where the NULs before `end` begin: up to there a line may have been written.
fn text_end(handle: &File, end: u64, bytes: &mut [u8]) -> io::Result<u64> {
    let mut upper = end;
    while upper > 0 {
        let lower = upper.saturating_sub(STEP as u64);
        let found = identity::read_at(handle, &mut bytes[..(upper - lower) as usize], lower)?;
        if let Some(at) = bytes[..found].iter().rposition(|byte| *byte != 0) {
            return Ok(lower + at as u64 + 1);
        }
        upper = lower;
    }
    Ok(0)
}
