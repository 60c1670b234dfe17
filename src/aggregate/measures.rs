//! The state of one group: how many lines, and what its measures hold.
//!
//! Promises: a state is a few words in a row, with no pointer; adding and merging are exact, associative and commutative; an
//! addition that cannot be made changes nothing. The stored form is read back to the same values, or refused.
//! Does not: know groups or keys.

use crate::model::decimal::Decimal;
use crate::model::record::Input;
use crate::model::spec::Measure;

/// With it a sum would pass what a decimal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SumTooLarge;

/// Both words of a number that no line has given yet. No decimal packs to them: their scale is out of range.
const NOTHING: u64 = u64::MAX;

/// Where lines are counted. A `count` measure is the same number and takes no space of its own.
const LINES: usize = 0;

/// What a measure with a number of its own keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    Sum,
    Smallest,
    Largest,
}

/// A measure that has a number: two words of the state.
#[derive(Clone, Copy, Debug)]
struct Number {
    keep: Keep,
    /// The measure's place in the rule, which is its place in a record's inputs.
    measure: usize,
    /// The first of its two words.
    word: usize,
}

/// A measure's value in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Count(u64),
    /// `None` when no line had a number for it.
    Number(Option<Decimal>),
}

/// How the state of a rule's groups lies in words.
#[derive(Debug)]
pub(super) struct Layout {
    numbers: Vec<Number>,
    sums: usize,
    measures: usize,
}

impl Layout {
    pub(super) fn new<'a>(measures: impl Iterator<Item = &'a Measure>) -> Self {
        let mut layout = Self { numbers: Vec::new(), sums: 0, measures: 0 };
        for (index, measure) in measures.enumerate() {
            let keep = match measure {
                Measure::Count => None,
                Measure::Sum { .. } => Some(Keep::Sum),
                Measure::Min { .. } => Some(Keep::Smallest),
                Measure::Max { .. } => Some(Keep::Largest),
            };
            if let Some(keep) = keep {
                layout.numbers.push(Number { keep, measure: index, word: 1 + 2 * layout.numbers.len() });
            }
            layout.sums += usize::from(keep == Some(Keep::Sum));
            layout.measures = index + 1;
        }
        // Sums first: where there is only one, nothing is changed yet when it turns out too large.
        layout.numbers.sort_by_key(|number| number.keep != Keep::Sum);
        layout
    }

    /// Words of one state.
    pub(super) fn words(&self) -> usize {
        1 + 2 * self.numbers.len()
    }

    /// Appends a state that counts nothing.
    pub(super) fn push_empty(&self, words: &mut Vec<u64>) {
        words.push(0);
        words.extend(std::iter::repeat_n(NOTHING, 2 * self.numbers.len()));
    }

    /// Adds one line.
    #[inline]
    pub(super) fn add(&self, state: &mut [u64], inputs: &[Input]) -> Result<(), SumTooLarge> {
        let value = |number: &Number| match inputs.get(number.measure) {
            Some(Input::Number(value)) => Some(*value),
            _ => None,
        };
        self.apply(state, value)?;
        state[LINES] += 1;
        Ok(())
    }

    /// Adds all that another state counts: sums do not hang on the order of lines, nor on how they are parted.
    #[cfg(test)]
    pub(super) fn merge(&self, state: &mut [u64], other: &[u64]) -> Result<(), SumTooLarge> {
        self.apply(state, |number| load(other, number.word))?;
        state[LINES] = state[LINES].saturating_add(other[LINES]);
        Ok(())
    }

    #[inline]
    fn apply(&self, state: &mut [u64], value: impl Fn(&Number) -> Option<Decimal>) -> Result<(), SumTooLarge> {
        if self.sums > 1 {
            for number in &self.numbers[..self.sums] {
                if let (Some(kept), Some(value)) = (load(state, number.word), value(number)) {
                    kept.checked_add(value).ok_or(SumTooLarge)?;
                }
            }
        }
        for number in &self.numbers {
            let Some(value) = value(number) else { continue };
            let next = match load(state, number.word) {
                None => value,
                Some(kept) => match number.keep {
                    Keep::Sum => kept.checked_add(value).ok_or(SumTooLarge)?,
                    Keep::Smallest => kept.min(value),
                    Keep::Largest => kept.max(value),
                },
            };
            store(state, number.word, next);
        }
        Ok(())
    }

    pub(super) fn lines(state: &[u64]) -> u64 {
        state[LINES]
    }

    /// One value per measure, in the rule's order.
    pub(super) fn values(&self, state: &[u64]) -> Vec<Value> {
        let mut values = vec![Value::Count(state[LINES]); self.measures];
        for number in &self.numbers {
            values[number.measure] = Value::Number(load(state, number.word));
        }
        values
    }

    /// Appends the stored form: lines (LEB128), then for each number a length and so many bytes of its packed form,
    /// lowest first; length 0 is "nothing yet". Numbers lie in the order of [`Layout::numbers`]: sums, then the others,
    /// each in the rule's order. The ledger keeps this: it may not change without a new version of the ledger's format.
    pub(super) fn encode(&self, state: &[u64], out: &mut Vec<u8>) {
        let mut lines = state[LINES];
        while lines >= 0x80 {
            out.push(lines as u8 | 0x80);
            lines >>= 7;
        }
        out.push(lines as u8);
        for number in &self.numbers {
            let bytes = load(state, number.word).map(|value| value.normalized().to_bytes());
            let bytes = bytes.as_ref().map_or(&[][..], |bytes| trimmed(bytes));
            out.push(bytes.len() as u8);
            out.extend_from_slice(bytes);
        }
    }

    /// Appends the state that the stored form tells; `None` when it is damaged, then nothing is appended.
    pub(super) fn decode(&self, mut stored: &[u8], words: &mut Vec<u64>) -> Option<()> {
        let before = words.len();
        self.push_empty(words);
        let decoded = self.decode_into(&mut stored, &mut words[before..]).filter(|()| stored.is_empty());
        if decoded.is_none() {
            words.truncate(before);
        }
        decoded
    }

    fn decode_into(&self, stored: &mut &[u8], state: &mut [u64]) -> Option<()> {
        state[LINES] = take_number(stored)?;
        for number in &self.numbers {
            let (&len, rest) = stored.split_first()?;
            let (bytes, rest) = rest.split_at_checked(usize::from(len))?;
            *stored = rest;
            if let Some(&top) = bytes.last() {
                store(state, number.word, untrimmed(bytes, top)?);
            }
        }
        Some(())
    }
}

#[inline]
fn load(state: &[u64], word: usize) -> Option<Decimal> {
    let (low, high) = (state[word], state[word + 1]);
    if (low, high) == (NOTHING, NOTHING) {
        return None;
    }
    Decimal::from_bytes((u128::from(high) << 64 | u128::from(low)).to_le_bytes())
}

#[inline]
fn store(state: &mut [u64], word: usize, value: Decimal) {
    let packed = u128::from_le_bytes(value.to_bytes());
    state[word] = packed as u64;
    state[word + 1] = (packed >> 64) as u64;
}

fn take_number(stored: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = stored.split_first()?;
        *stored = rest;
        let part = u64::from(byte & 0x7f);
        if part << shift >> shift != part {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The bytes without those at the top that only repeat the sign.
fn trimmed(bytes: &[u8; 16]) -> &[u8] {
    let sign = if bytes[15] & 0x80 == 0 { 0 } else { 0xff };
    let mut len = bytes.len();
    while len > 1 && bytes[len - 1] == sign && (bytes[len - 2] ^ sign) & 0x80 == 0 {
        len -= 1;
    }
    &bytes[..len]
}

/// The inverse of [`trimmed`]; `top` is the last byte. `None` for bytes that no decimal packs to.
fn untrimmed(bytes: &[u8], top: u8) -> Option<Decimal> {
    let mut packed = [if top & 0x80 == 0 { 0 } else { 0xff }; 16];
    packed.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Decimal::from_bytes(packed)
}

#[cfg(test)]
mod tests;
