//! Hashes of short pieces of a file's prefix, at places that grow apart: what tells copies from files that only begin alike.
//!
//! Promises: two files whose marks agree up to the shorter one's length are alike at every place; between two places lies
//! an eighth of what comes before them, at least [`FIRST`]` / 2` bytes. Does not: prove that what lies between is the same.
//!
//! A copy that is shorter than what was counted (it was made before the last lines were written) cannot be known by the
//! bytes before the cursor alone: it does not reach there. It reaches some marks.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::Range;

use super::identity;
use crate::model::file::Marks;

/// The first place: a file of fewer bytes is too short to be known. Less than one access line.
pub(super) const FIRST: u64 = 64;

/// Bytes before a place that its mark covers: as many as the tail has at hand before the cursor at each read.
pub(super) const SPAN: u64 = identity::BEFORE_BYTES;

/// Enough for files of 10^17 bytes.
const COUNT: usize = 300;

/// Where the marks are.
static PLACES: [u64; COUNT] = places();

const fn places() -> [u64; COUNT] {
    let mut places = [FIRST; COUNT];
    let mut at = 1;
    while at < COUNT {
        let last = places[at - 1];
        let step = if last / 8 > FIRST / 2 { last / 8 } else { FIRST / 2 };
        places[at] = last + step;
        at += 1;
    }
    places
}

/// The place of a mark.
pub(super) fn place(index: usize) -> Option<u64> {
    PLACES.get(index).copied()
}

/// How many places a prefix of so many bytes has.
pub(super) fn count(len: u64) -> usize {
    PLACES.partition_point(|place| *place <= len)
}

/// The mark of a piece that ends at its place.
pub(super) fn of_piece(piece: &[u8]) -> u32 {
    xxhash_rust::xxh3::xxh3_64(piece) as u32
}

/// Adds the marks up to where `window` ends. It begins at byte `from` of the file, at most [`SPAN`] bytes before `offset`, up
/// to which the marks were complete; incomplete ones stay as they are. Behind the window, up to `end`, there are NULs.
pub(super) fn extend(marks: &mut Marks, offset: u64, window: &[u8], from: u64, end: u64) {
    if marks.0.len() != count(offset) {
        return;
    }
    for &place in PLACES.iter().skip(marks.0.len()).take_while(|place| **place <= end) {
        let upto = (place - from) as usize;
        marks.0.push(of_piece(&padded(window, upto.saturating_sub(SPAN as usize)..upto)));
    }
}

/// A part of the window, and of NULs behind it.
pub(super) fn padded(window: &[u8], range: Range<usize>) -> Cow<'_, [u8]> {
    if let Some(bytes) = window.get(range.clone()) {
        return Cow::Borrowed(bytes);
    }
    let mut bytes = window.get(range.start..).unwrap_or_default().to_vec();
    bytes.resize(range.len(), 0);
    Cow::Owned(bytes)
}

/// The marks of an open file's prefix.
pub(super) fn measure(handle: &File, len: u64) -> io::Result<Marks> {
    let mut marks = Vec::with_capacity(count(len));
    let mut piece = [0; SPAN as usize];
    for &place in &PLACES[..count(len)] {
        let span = place.min(SPAN);
        let found = identity::read_at(handle, &mut piece[..span as usize], place - span)?;
        if found < span as usize {
            break;
        }
        marks.push(of_piece(&piece[..found]));
    }
    Ok(Marks(marks))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_grow_by_an_eighth() {
        assert!(PLACES.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= (pair[0] / 8).max(FIRST / 2)));
        assert!(PLACES[COUNT - 1] > 1 << 56);
        for (len, expected) in [(0, 0), (63, 0), (64, 1), (95, 1), (96, 2), (u64::MAX, COUNT)] {
            assert_eq!(count(len), expected, "{len}");
        }
    }

    proptest! {
        #[test]
        fn marks_made_on_the_way_are_those_of_the_file(lens in prop::collection::vec(1..700_usize, 1..20), zeros in 0..3_000_usize) {
            let total: usize = lens.iter().sum();
            let bytes: Vec<u8> = (0..total).map(|at| (at * 7 % 251) as u8).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let mut marks = Marks::default();
            let mut offset = 0;
            for len in lens {
                let from = offset - offset.min(SPAN as usize);
                extend(&mut marks, offset as u64, &bytes[from..offset + len], from as u64, (offset + len) as u64);
                offset += len;
                prop_assert_eq!(&marks, &measure(&file, offset as u64).unwrap());
            }
            // A jump over NULs is as if they had been read.
            let end = (offset + zeros) as u64;
            file.set_len(end).unwrap();
            let from = offset - offset.min(SPAN as usize);
            extend(&mut marks, offset as u64, &bytes[from..], from as u64, end);
            prop_assert_eq!(&marks, &measure(&file, end).unwrap());
        }
    }
}
