//! The times of syslog: RFC 3164's, which have no year and no zone, RFC 5424's, and what devices write beside them.
//!
//! ```text
//! time   = [year " "] month " " day " " [year " "] clock [fraction] [" " year] [" " zone]
//! month  = "Jan" … "Dec"          day  = one or two digits, or a space and one digit
//! clock  = hh:mm:ss               zone = "UTC" | "GMT" | "Z" | ("+" | "-") hh [":"] mm
//! ```
//!
//! Promises: a text without a year gets the last year in which it lies at most [`MAX_AHEAD_MICROS`] after the moment when
//! it is read: a line is written before it is read, and clocks differ a little. So December's lines read in January are
//! last year's, January's lines read in December are next year's, and a 29th of February is of the last leap year. Does
//! not: know that moment by itself; without one, such a text is no time.

use jiff::tz::TimeZone;

use super::civil::{Civil, digits, offset};
use super::{clf, iso};
use crate::model::time::UnixMicros;

/// How far after the moment of reading a text without a year may lie. Far more than clocks differ, and it leaves eleven
/// months for lines that are read late.
const MAX_AHEAD_MICROS: i64 = 31 * 86_400 * 1_000_000;

/// Two leap years are at most so many years apart (1896 and 1904, 2096 and 2104).
const LEAP_YEARS_APART: i16 = 8;

/// A time of this grammar.
struct Written {
    /// Its year is 0 where there is none.
    civil: Civil,
    has_year: bool,
    /// Seconds east of UTC.
    offset: Option<i64>,
    len: usize,
}

/// How many bytes of the text are a time, from its beginning.
pub(in crate::parse) fn bsd_len(text: &[u8]) -> Option<usize> {
    written(text).map(|written| written.len)
}

/// A time of RFC 3164 or like RFC 3339. `reference`: the moment when it is read.
pub(super) fn read(text: &[u8], zone: &TimeZone, reference: Option<UnixMicros>) -> Option<UnixMicros> {
    if text.get(4) == Some(&b'-') {
        return iso::read(text, zone);
    }
    let Written { civil, has_year, offset, len } = written(text)?;
    if len != text.len() {
        return None;
    }
    let instant = |civil: Civil| match offset {
        Some(offset) => civil.at_offset(offset),
        None => civil.in_zone(zone),
    };
    if has_year {
        return instant(civil);
    }
    in_last_year(reference?, |year| instant(Civil { year: u32::from(year.unsigned_abs()), ..civil }))
}

/// The instant in the last year in which it lies not too far after `reference`.
pub(super) fn in_last_year(reference: UnixMicros, instant: impl Fn(i16) -> Option<UnixMicros>) -> Option<UnixMicros> {
    let now = jiff::Timestamp::from_microsecond(reference.0).ok()?.to_zoned_datetime(TimeZone::UTC).year();
    let years = (now.checked_sub(LEAP_YEARS_APART)?.max(1)..=now.checked_add(1)?).rev();
    let latest = reference.0.saturating_add(MAX_AHEAD_MICROS);
    years.filter_map(instant).find(|instant| instant.0 <= latest)
}

fn written(text: &[u8]) -> Option<Written> {
    let (before, rest) = match year(text) {
        Some((year, [b' ', rest @ ..])) => (Some(year), rest),
        _ => (None, text),
    };
    let (name, rest) = rest.split_first_chunk::<3>()?;
    let month = clf::month(*name)?;
    let (day, rest) = match rest {
        [b' ', b' ', day @ b'1'..=b'9', b' ', rest @ ..] | [b' ', day @ b'1'..=b'9', b' ', rest @ ..] => {
            (u32::from(day - b'0'), rest)
        }
        [b' ', tens @ b'0'..=b'3', ones @ b'0'..=b'9', b' ', rest @ ..] => {
            (u32::from(tens - b'0') * 10 + u32::from(ones - b'0'), rest)
        }
        _ => return None,
    };
    let (before, rest) = match year(rest) {
        Some((year, [b' ', rest @ ..])) if before.is_none() => (Some(year), rest),
        _ => (before, rest),
    };
    let (clock, rest) = rest.split_first_chunk::<8>()?;
    if clock[2] != b':' || clock[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (digits(&clock[..2])?, digits(&clock[3..5])?, digits(&clock[6..])?);
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (micros, rest) = iso::fraction(rest)?;
    let (after, rest) = match rest.split_first() {
        Some((b' ', text)) if before.is_none() => year(text).map_or((None, rest), |(year, rest)| (Some(year), rest)),
        _ => (None, rest),
    };
    let (offset, rest) = zone(rest).map_or((None, rest), |(offset, rest)| (Some(offset), rest));
    let year = before.or(after);
    let civil = Civil { year: year.unwrap_or(0), month, day, hour, minute, second, micros };
    Some(Written { civil, has_year: year.is_some(), offset, len: text.len() - rest.len() })
}

/// Four digits of this century or the last, with nothing of a word after them.
fn year(text: &[u8]) -> Option<(u32, &[u8])> {
    let (year, rest) = text.split_first_chunk::<4>()?;
    let year = digits(year).filter(|year| (1_900..2_100).contains(year))?;
    ends_a_word(rest).then_some((year, rest))
}

/// A space and a zone that has one meaning only.
fn zone(text: &[u8]) -> Option<(i64, &[u8])> {
    let (seconds, rest) = match text {
        [b' ', b'U', b'T', b'C', rest @ ..] | [b' ', b'G', b'M', b'T', rest @ ..] | [b'Z', rest @ ..] => (0, rest),
        [b' ', sign @ (b'+' | b'-'), rest @ ..] => {
            let (hours, rest) = rest.split_first_chunk::<2>()?;
            let (minutes, rest) = rest.strip_prefix(b":").unwrap_or(rest).split_first_chunk::<2>()?;
            (offset(*sign, digits(hours)?, digits(minutes)?)?, rest)
        }
        _ => return None,
    };
    ends_a_word(rest).then_some((seconds, rest))
}

const fn ends_a_word(rest: &[u8]) -> bool {
    matches!(rest, [] | [b' ', ..] | [b':'] | [b':', b' ', ..])
}

/// How many bytes of the text are a date and a time as ISO 8601 has them, with `T` or a space between them, and with or
/// without a zone.
pub(in crate::parse) fn iso_len(text: &[u8]) -> Option<usize> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    if !iso::has_head_shape(head, b"T ") {
        return None;
    }
    let (_, rest) = iso::fraction(rest)?;
    let offset = [6, 5, 3].into_iter().find_map(|len| {
        let (offset, rest) = rest.split_at_checked(len)?;
        iso::numeric_offset(offset).filter(|_| ends_a_word(rest)).map(|_| rest)
    });
    let rest = offset.or_else(|| rest.strip_prefix(b"Z")).unwrap_or(rest);
    ends_a_word(rest).then_some(text.len() - rest.len())
}

/// Whether this is a time of RFC 5424: with `T`, at most six digits of a second, and `Z` or an offset below a day. Its
/// day exists; a 60th second is allowed, since clocks show it.
pub(in crate::parse) fn is_rfc5424(text: &[u8]) -> bool {
    let Some((head, rest)) = text.split_first_chunk::<19>() else { return false };
    if !iso::has_head_shape(head, b"T") {
        return false;
    }
    let rest = match rest {
        [b'.', rest @ ..] => {
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=6).contains(&len) {
                return false;
            }
            &rest[len..]
        }
        rest => rest,
    };
    let in_a_day = match rest {
        [b'Z'] => true,
        [b'+' | b'-', hours @ .., b':', _, _] => digits(hours).is_some_and(|hours| hours < 24),
        _ => false,
    };
    in_a_day && iso::read(text, &TimeZone::UTC).is_some()
}
