//! RFC 3339 and what logs write beside it.
//!
//! Promises: `2026-11-23T10:00:00`, with `T`, `t` or one space between date and time, a fraction after `.` or `,`, and
//! `Z`, `z`, `+01:00`, `+0100`, `+01` (also after one space) or nothing. Does not: take dates alone, week dates, or
//! names of zones.

use jiff::tz::TimeZone;

use super::civil::{Civil, digits, offset};
use crate::model::time::UnixMicros;

pub(super) fn read(text: &[u8], zone: &TimeZone) -> Option<UnixMicros> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let separators = [head[4], head[7], head[13], head[16]];
    if separators != *b"--::" || !matches!(head[10], b'T' | b't' | b' ') {
        return None;
    }
    let (micros, rest) = fraction(rest)?;
    let civil = Civil {
        year: digits(&head[0..4])?,
        month: digits(&head[5..7])?,
        day: digits(&head[8..10])?,
        hour: digits(&head[11..13])?,
        minute: digits(&head[14..16])?,
        second: digits(&head[17..19])?,
        micros,
    };
    match rest {
        [] => civil.in_zone(zone),
        [b'Z' | b'z'] => civil.at_offset(0),
        [b' ', rest @ ..] | rest => civil.at_offset(numeric_offset(rest)?),
    }
}

/// Whether the text has the form of a date and time with `T` between them and a zone; it may still name a day that does
/// not exist.
#[inline]
pub(in crate::parse) fn has_iso_shape(text: &[u8]) -> bool {
    let Some((head, rest)) = text.split_first_chunk::<19>() else { return false };
    if !has_head_shape(head, b"T") {
        return false;
    }
    let Some((_, rest)) = fraction(rest) else { return false };
    matches!(rest, [b'Z']) || numeric_offset(rest).is_some()
}

/// The same for the date and the time of day, with one of `separators` between them.
#[inline]
pub(super) fn has_head_shape(head: &[u8; 19], separators: &[u8]) -> bool {
    let mut wrong = 0_u8;
    for at in [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18] {
        wrong |= u8::from(head[at].wrapping_sub(b'0') > 9);
    }
    for (at, byte) in [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')] {
        wrong |= head[at] ^ byte;
    }
    wrong == 0 && separators.contains(&head[10])
}

/// Microseconds, rounded down, and what follows the digits.
pub(super) fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some((b'.' | b',', rest)) = text.split_first() else { return Some((0, text)) };
    let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (written, rest) = rest.split_at(len);
    let kept = digits(&written[..len.min(6)])?;
    (len > 0).then(|| (kept * 10_u32.pow(6 - len.min(6) as u32), rest))
}

pub(super) fn numeric_offset(text: &[u8]) -> Option<i64> {
    let (&sign, rest) = text.split_first()?;
    let (hours, minutes) = match rest {
        [_, _] => (rest, &b"00"[..]),
        [_, _, _, _] => rest.split_at(2),
        [_, _, b':', _, _] => (&rest[..2], &rest[3..]),
        _ => return None,
    };
    offset(sign, digits(hours)?, digits(minutes)?)
}
