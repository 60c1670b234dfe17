//! Whose turn it is to be read.
//!
//! Promises: a file with little to read waits for one turn of a file with much at most, and for others with little; both
//! kinds go on, whatever the other has. Does not: read.

use std::collections::VecDeque;

use crate::model::file::FileId;

/// Bytes of one turn: enough that opening a file and fetching its head cost little beside it, a few milliseconds of
/// counting.
const TURN_BYTES: usize = 1 << 20;

/// A file with no more than this to read is done within a read or two.
const LITTLE_BYTES: u64 = 256 << 10;

/// Files with something to read.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Those that have little to read.
    short: VecDeque<FileId>,
    /// Those that have much, or had more than a turn's worth.
    long: VecDeque<FileId>,
    current: Kind,
    /// Bytes of this turn so far; of the short ones together.
    bytes: usize,
}

/// Which files have their turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Short,
    Long,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.short.is_empty() && self.long.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// Puts a file at the end of those that have as much to read.
    pub(super) fn push(&mut self, id: FileId, unread_bytes: u64) {
        if unread_bytes <= LITTLE_BYTES {
            self.short.push_back(id);
        } else {
            self.long.push_back(id);
        }
    }

    /// The file whose turn it is.
    pub(super) fn front(&mut self) -> Option<FileId> {
        if self.of_current().is_empty() {
            self.pass();
        }
        self.of_current().front().copied()
    }

    /// So many bytes of the file whose turn it is were read, and there is more.
    pub(super) fn took(&mut self, len: usize) {
        self.bytes += len;
        if self.bytes < TURN_BYTES {
            return;
        }
        let passed = self.of_current().pop_front();
        self.long.extend(passed);
        self.pass();
    }

    /// The file whose turn it is cannot be read before others are.
    pub(super) fn postpone(&mut self) {
        self.bytes = TURN_BYTES;
        self.took(0);
    }

    /// Takes a file out of the queue, if it is its turn.
    pub(super) fn leave(&mut self, id: FileId, len: usize) {
        if self.of_current().front() != Some(&id) {
            return;
        }
        self.of_current().pop_front();
        self.bytes += len;
        if self.current == Kind::Long || self.bytes >= TURN_BYTES {
            self.pass();
        }
    }

    fn of_current(&mut self) -> &mut VecDeque<FileId> {
        match self.current {
            Kind::Short => &mut self.short,
            Kind::Long => &mut self.long,
        }
    }

    fn pass(&mut self) {
        self.bytes = 0;
        self.current = match self.current {
            Kind::Short => Kind::Long,
            Kind::Long => Kind::Short,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Reads all there is by turns of reads, and gives what was read before each file was at its end.
    fn run(unread: &[u64]) -> BTreeMap<i64, u64> {
        let mut turns = Turns::default();
        let mut left: Vec<u64> = unread.to_vec();
        for (id, unread) in (0..).zip(unread) {
            turns.push(FileId(id), *unread);
        }
        let mut read = 0;
        let mut ended = BTreeMap::new();
        while let Some(id) = turns.front() {
            let rest = &mut left[id.0 as usize];
            let len = (*rest).min(256 << 10);
            *rest -= len;
            read += len;
            if *rest == 0 {
                ended.insert(id.0, read);
                turns.leave(id, len as usize);
            } else {
                turns.took(len as usize);
            }
        }
        assert!(turns.is_empty());
        ended
    }

    #[test]
    fn a_file_with_little_to_read_waits_for_one_long_turn_at_most() {
        for busy in [1, 10, 1_000] {
            let mut unread = vec![5 << 20; busy];
            unread.push(100);
            assert!(run(&unread)[&(busy as i64)] <= 100 + TURN_BYTES as u64, "{busy}");
        }
    }

    #[test]
    fn a_file_with_much_to_read_goes_on_beside_many_with_little() {
        let mut unread = vec![LITTLE_BYTES; 10_000];
        unread.push(10 << 20);
        let all: u64 = unread.iter().sum();
        assert!(run(&unread)[&10_000] < 20 * TURN_BYTES as u64 + all / 100);
    }

    #[test]
    fn a_file_that_gets_more_than_was_seen_joins_those_with_much() {
        let mut turns = Turns::default();
        turns.push(FileId(1), 10);
        turns.push(FileId(2), 10);
        for _ in 0..4 {
            assert_eq!(turns.front(), Some(FileId(1)));
            turns.took(256 << 10);
        }
        // Its next turn comes now, since a turn of the others is over; then the other file's.
        assert_eq!(turns.front(), Some(FileId(1)));
        turns.leave(FileId(1), 1);
        assert_eq!(turns.front(), Some(FileId(2)));
        turns.leave(FileId(2), 1);
        assert_eq!(turns.front(), None);
    }
}
