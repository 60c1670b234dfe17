//! Where lines end in a file's own bytes: newlines and NULs, as units of one byte or two.
//!
//! Promises: pure; in UTF-16 only units count, which stand at even places of the file: half of one character is never
//! taken for a newline. Does not: decide what becomes of a line.

use crate::model::encoding::ByteOrder;

/// What one unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Byte,
    Pair(ByteOrder),
}

/// How some bytes of a file are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    unit: Unit,
    /// How many of the first bytes are the rest of a unit that began before them: 0, or 1 of a pair.
    skew: usize,
}

const PAIR_OF_ZEROS: &[u8] = &[0, 0];

impl Framing {
    /// For bytes that begin at `offset` of their file.
    pub(super) const fn at(unit: Unit, offset: u64) -> Self {
        let skew = match unit {
            Unit::Byte => 0,
            Unit::Pair(_) => (offset % 2) as usize,
        };
        Self { unit, skew }
    }

    pub(super) const fn size(self) -> usize {
        match self.unit {
            Unit::Byte => 1,
            Unit::Pair(_) => 2,
        }
    }

    /// Without the unit at the end that is not all there.
    pub(super) const fn whole(self, data: &[u8]) -> &[u8] {
        data.split_at(self.whole_len(data.len())).0
    }

    const fn whole_len(self, len: usize) -> usize {
        match self.unit {
            Unit::Byte => len,
            Unit::Pair(_) if len < self.skew => 0,
            Unit::Pair(_) => len - (len - self.skew) % 2,
        }
    }

    /// The end of the first newline in `data`; looked for from `from` on.
    pub(super) fn newline(self, data: &[u8], from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            let at = from + memchr::memchr(b'\n', data.get(from..)?)?;
            if let Some(end) = self.newline_end(data, at) {
                return Some(end);
            }
            from = at + 1;
        }
    }

    /// The end of the last newline in `data`.
    pub(super) fn last_newline(self, data: &[u8]) -> Option<usize> {
        let mut upto = data.len();
        loop {
            let at = memchr::memrchr(b'\n', data.get(..upto)?)?;
            if let Some(end) = self.newline_end(data, at) {
                return Some(end);
            }
            upto = at;
        }
    }

    /// The end of the newline of which the byte at `at` is the 0x0A; `None` where it is half of another character.
    fn newline_end(self, data: &[u8], at: usize) -> Option<usize> {
        let is_first = (at + self.skew).is_multiple_of(2);
        match self.unit {
            Unit::Byte => Some(at + 1),
            Unit::Pair(ByteOrder::Little) => (is_first && data.get(at + 1) == Some(&0)).then_some(at + 2),
            Unit::Pair(ByteOrder::Big) => (!is_first && data.get(at.checked_sub(1)?) == Some(&0)).then_some(at + 1),
        }
    }

    /// Where the first NUL in `data` is; looked for from `from` on.
    pub(super) fn zero(self, data: &[u8], from: usize) -> Option<usize> {
        let rest = data.get(from..)?;
        match self.unit {
            Unit::Byte => memchr::memchr(0, rest).map(|at| from + at),
            Unit::Pair(_) => {
                let is_unit = |at: &usize| (from + at + self.skew).is_multiple_of(2);
                // Finds do not overlap: the second of three zeros in a row may begin a unit.
                memchr::memmem::find_iter(rest, PAIR_OF_ZEROS).find_map(|at| {
                    let next = || rest.get(at + 1..at + 3) == Some(PAIR_OF_ZEROS);
                    if is_unit(&at) { Some(from + at) } else { next().then_some(from + at + 1) }
                })
            }
        }
    }

    /// How many bytes of NULs are at `at`.
    pub(super) fn zeros(self, data: &[u8], at: usize) -> usize {
        let zeros = leading_zeros(data.get(at..).unwrap_or_default());
        match self.unit {
            Unit::Byte => zeros,
            Unit::Pair(_) if !(at + self.skew).is_multiple_of(2) => 0,
            // The first half of a character may be zero.
            Unit::Pair(_) => zeros - zeros % 2,
        }
    }

    /// True where a line may begin behind these bytes: they end with a newline or a NUL.
    pub(super) fn ends_line(self, data: &[u8]) -> bool {
        let Some(last) = data.len().checked_sub(self.size()) else { return false };
        if self.whole_len(data.len()) < data.len() {
            return false;
        }
        matches!(
            (self.unit, &data[last..]),
            (Unit::Byte, [b'\n' | 0])
                | (Unit::Pair(_), [0, 0])
                | (Unit::Pair(ByteOrder::Little), [b'\n', 0])
                | (Unit::Pair(ByteOrder::Big), [0, b'\n'])
        )
    }
}

/// How many zero bytes `data` begins with.
pub(super) fn leading_zeros(data: &[u8]) -> usize {
    // Blocks without a branch inside: the compiler makes wide compares of them.
    const BLOCK: usize = 64;
    let is_zero = |block: &&[u8]| block.iter().fold(0, |any, byte| any | byte) == 0;
    let skipped = data.chunks_exact(BLOCK).take_while(is_zero).count() * BLOCK;
    skipped + data[skipped..].iter().take_while(|byte| **byte == 0).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: Unit = Unit::Pair(ByteOrder::Little);
    const BIG: Unit = Unit::Pair(ByteOrder::Big);

    /// Unit by unit.
    fn units(unit: Unit, offset: u64, data: &[u8]) -> Vec<(usize, Option<u16>)> {
        let skew = if unit == Unit::Byte { 0 } else { (offset % 2) as usize };
        let size = if unit == Unit::Byte { 1 } else { 2 };
        let mut units = Vec::new();
        let mut at = skew;
        while at < data.len() {
            let value = match (unit, data.get(at..at + size)) {
                (_, None) => None,
                (Unit::Byte, Some(bytes)) => Some(u16::from(bytes[0])),
                (LITTLE, Some(bytes)) => Some(u16::from_le_bytes([bytes[0], bytes[1]])),
                (_, Some(bytes)) => Some(u16::from_be_bytes([bytes[0], bytes[1]])),
            };
            units.push((at, value));
            at += size;
        }
        units
    }

    #[track_caller]
    fn check(unit: Unit, offset: u64, data: &[u8]) {
        let framing = Framing::at(unit, offset);
        let units = units(unit, offset, data);
        let size = framing.size();
        let is = |wanted: u16| move |(_, value): &&(usize, Option<u16>)| *value == Some(wanted);
        let whole = units.iter().rfind(|(_, value)| value.is_some()).map_or(0, |(at, _)| at + size);
        let said = format!("{unit:?} from {offset}: {}", data.escape_ascii());
        assert_eq!(framing.newline(data, 0), units.iter().find(is(10)).map(|(at, _)| at + size), "{said}");
        assert_eq!(framing.last_newline(data), units.iter().rfind(is(10)).map(|(at, _)| at + size), "{said}");
        assert_eq!(framing.zero(data, 0), units.iter().find(is(0)).map(|(at, _)| *at), "{said}");
        assert_eq!(framing.whole(data).len(), whole.max((offset as usize % 2 * (size - 1)).min(data.len())), "{said}");
        if offset.is_multiple_of(2) || unit == Unit::Byte {
            let zeros = units.iter().take_while(|(_, value)| *value == Some(0)).count() * size;
            assert_eq!(framing.zeros(data, 0), zeros, "{said}");
            let ends = units.last().is_some_and(|(_, value)| matches!(value, Some(0 | 10)));
            assert_eq!(framing.ends_line(data), ends, "{said}");
        }
    }

    #[test]
    fn newlines_and_nuls_are_those_of_a_look_at_each_unit() {
        for unit in [Unit::Byte, LITTLE, BIG] {
            for offset in [0, 1] {
                // Every text of up to six of the bytes that matter.
                let bytes = [0, b'\n', b'x'];
                for len in 0..=6_u32 {
                    for number in 0..3_usize.pow(len) {
                        let data: Vec<u8> = (0..len).map(|place| bytes[number / 3_usize.pow(place) % 3]).collect();
                        check(unit, offset, &data);
                    }
                }
            }
        }
    }

    #[test]
    fn zeros_are_counted_across_blocks() {
        for len in [0, 1, 63, 64, 65, 1_000] {
            let mut data = vec![0; len];
            assert_eq!(leading_zeros(&data), len);
            data.extend([1, 0, 0]);
            assert_eq!(leading_zeros(&data), len);
        }
    }
}
