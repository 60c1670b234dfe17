//! Seconds, milliseconds or microseconds since 1970 in decimal.
//!
//! Promises: exact, rounded down. Does not: take exponents, nor instants beyond the year 9999.

use crate::model::time::UnixMicros;

/// 9999-12-31T23:59:59.999999Z: beyond it nothing can be shown as a date.
const LAST: i64 = 253_402_300_799_999_999;

/// `power`: how many decimal places one unit is above a microsecond (seconds: 6).
pub(super) fn read(text: &[u8], power: usize) -> Option<UnixMicros> {
    let (negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let point = text.iter().position(|&byte| byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    if whole.is_empty() || (point.is_some() && fraction.is_empty()) || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut micros = 0_i64;
    for &byte in whole.iter().chain(fraction.iter().take(power)) {
        micros = append(micros, byte)?;
    }
    for _ in fraction.len().min(power)..power {
        micros = append(micros, b'0')?;
    }
    // Digits below a microsecond: a negative instant lies under the truncated one.
    let below = fraction.iter().skip(power).any(|&byte| byte != b'0');
    let micros = if negative { -micros - i64::from(below) } else { micros };
    (micros.abs() <= LAST).then_some(UnixMicros(micros))
}

fn append(number: i64, byte: u8) -> Option<i64> {
    let digit = byte.wrapping_sub(b'0');
    if digit > 9 { None } else { number.checked_mul(10)?.checked_add(i64::from(digit)) }
}
