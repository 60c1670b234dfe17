//! A usage record: what one line adds to one metric.
//!
//! Promises: borrowed, no allocation. The group a record belongs to is one byte string in a canonical encoding, so that
//! grouping is one hash of raw bytes; equal groups have equal keys. Does not: know what the parts mean; the rule does.

use super::decimal::Decimal;
use super::time::UnixMicros;

/// A metric's place in the plan's order. Stays the same until the plan changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricIndex(pub u32);

/// What a line gives to one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The line has nothing for it.
    Absent,
    /// The line counts.
    One,
    /// The line has this number for it.
    Number(Decimal),
}

/// What one line adds to one metric.
#[derive(Clone, Copy, Debug)]
pub struct UsageRecord<'a> {
    pub metric: MetricIndex,
    /// The line's own time: it chooses the window.
    pub time: UnixMicros,
    /// User, account, and property values in the order of the rule's property names, written by [`KeyWriter`].
    pub key: &'a [u8],
    /// One per measure, in the rule's order.
    pub inputs: &'a [Input],
}

/// One part of a group's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyPart {
    Absent,
    Text(String),
    Number(Decimal),
    Boolean(bool),
}

const TAG_ABSENT: u8 = 0;
const TAG_TEXT: u8 = 1;
const TAG_NUMBER: u8 = 2;
const TAG_FALSE: u8 = 3;
const TAG_TRUE: u8 = 4;

/// Writes keys: each part is a tag, then for text a length (LEB128) and UTF-8 bytes, for a number its 16 packed bytes
/// in normal form. The encoding is stored in the ledger: it may grow new tags, never change one.
#[derive(Debug)]
pub struct KeyWriter<'a>(pub &'a mut Vec<u8>);

impl KeyWriter<'_> {
    #[inline]
    pub fn absent(&mut self) {
        self.0.push(TAG_ABSENT);
    }

    #[inline]
    pub fn text(&mut self, text: &str) {
        self.0.push(TAG_TEXT);
        let mut len = text.len();
        while len >= 0x80 {
            self.0.push(len as u8 | 0x80);
            len >>= 7;
        }
        self.0.push(len as u8);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub fn number(&mut self, number: Decimal) {
        self.0.push(TAG_NUMBER);
        self.0.extend_from_slice(&number.normalized().to_bytes());
    }

    pub fn boolean(&mut self, value: bool) {
        self.0.push(if value { TAG_TRUE } else { TAG_FALSE });
    }

    pub fn part(&mut self, part: &KeyPart) {
        match part {
            KeyPart::Absent => self.absent(),
            KeyPart::Text(text) => self.text(text),
            KeyPart::Number(number) => self.number(*number),
            KeyPart::Boolean(value) => self.boolean(*value),
        }
    }
}

/// Reads a key back into its parts; `None` when the bytes are no key (a damaged ledger).
#[must_use]
pub fn read_key(mut key: &[u8]) -> Option<Vec<KeyPart>> {
    let mut parts = Vec::new();
    while let Some((&tag, rest)) = key.split_first() {
        key = rest;
        parts.push(match tag {
            TAG_ABSENT => KeyPart::Absent,
            TAG_TEXT => {
                let text = take_text(&mut key)?;
                KeyPart::Text(std::str::from_utf8(text).ok()?.to_owned())
            }
            TAG_NUMBER => {
                let (bytes, rest) = key.split_first_chunk::<16>()?;
                key = rest;
                KeyPart::Number(Decimal::from_bytes(*bytes)?)
            }
            TAG_FALSE => KeyPart::Boolean(false),
            TAG_TRUE => KeyPart::Boolean(true),
            _ => return None,
        });
    }
    Some(parts)
}

fn take_text<'a>(key: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut len = 0_usize;
    let mut shift = 0_u32;
    loop {
        let (&byte, rest) = key.split_first()?;
        *key = rest;
        len |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
    let (text, rest) = key.split_at_checked(len)?;
    *key = rest;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{KeyPart, KeyWriter, read_key};
    use crate::model::decimal::Decimal;
    use proptest::prelude::*;

    fn any_part() -> impl Strategy<Value = KeyPart> {
        prop_oneof![
            Just(KeyPart::Absent),
            any::<bool>().prop_map(KeyPart::Boolean),
            any::<i64>().prop_map(|number| KeyPart::Number(Decimal::from(number))),
            "\\PC{0,200}".prop_map(KeyPart::Text),
        ]
    }

    fn write(parts: &[KeyPart]) -> Vec<u8> {
        let mut key = Vec::new();
        let mut writer = KeyWriter(&mut key);
        for part in parts {
            writer.part(part);
        }
        key
    }

    proptest! {
        #[test]
        fn a_key_is_read_back_as_written(parts in prop::collection::vec(any_part(), 0..6)) {
            prop_assert_eq!(read_key(&write(&parts)), Some(parts));
        }

        #[test]
        fn different_parts_have_different_keys(one in prop::collection::vec(any_part(), 0..4), other in prop::collection::vec(any_part(), 0..4)) {
            prop_assert_eq!(one == other, write(&one) == write(&other));
        }

        #[test]
        fn damaged_keys_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = read_key(&bytes);
        }
    }
}
