//! Seconds, milliseconds, microseconds or nanoseconds since 1970 in decimal.
//!
//! Promises: exact, rounded down. Does not: take exponents, nor instants beyond the year 9999.

use crate::model::time::UnixMicros;

/// 9999-12-31T23:59:59.999999Z: beyond it nothing can be shown as a date.
const LAST: i128 = 253_402_300_799_999_999;

/// More digits than this are beyond [`LAST`] in every unit, unless they are zeros in front: no log writes those.
const MOST_DIGITS: usize = 24;

/// What one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    const fn nanos(self) -> i128 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }

    /// By the digits before the point, as loggers of today write times: seconds have 10 digits since 2001 and 11 from 2286
    /// on, milliseconds 13, microseconds 16, nanoseconds 19.
    const fn of_digits(count: usize) -> Option<Self> {
        match count {
            9..=11 => Some(Self::Seconds),
            12..=14 => Some(Self::Millis),
            15..=17 => Some(Self::Micros),
            18..=20 => Some(Self::Nanos),
            _ => None,
        }
    }
}

/// In a unit that the number of digits tells: from 9 digits on, without a sign.
pub(super) fn read_auto(text: &[u8]) -> Option<UnixMicros> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    read(text, Unit::of_digits(digits)?)
}

pub(super) fn read(text: &[u8], unit: Unit) -> Option<UnixMicros> {
    let (negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let point = text.iter().position(|&byte| byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    if whole.is_empty() || whole.len() > MOST_DIGITS || (point.is_some() && fraction.is_empty()) {
        return None;
    }
    let mut nanos = number(whole)?.checked_mul(unit.nanos())?;
    let mut place = unit.nanos();
    let mut below = false;
    for &byte in fraction {
        place /= 10;
        let digit = digit(byte)?;
        nanos += place * digit;
        // Digits below a nanosecond: a negative instant lies under the truncated one.
        below |= place == 0 && digit != 0;
    }
    let micros = if negative { (-nanos - i128::from(below)).div_euclid(1_000) } else { nanos / 1_000 };
    if micros.abs() <= LAST { i64::try_from(micros).ok().map(UnixMicros) } else { None }
}

fn number(text: &[u8]) -> Option<i128> {
    text.iter().try_fold(0_i128, |number, &byte| Some(number * 10 + digit(byte)?))
}

fn digit(byte: u8) -> Option<i128> {
    byte.is_ascii_digit().then(|| i128::from(byte - b'0'))
}
