//! Spans of time to seconds, sizes to bytes.
//!
//! Promises: exact up to 15 decimals, rounded half up beyond; the text is written as a decimal number. Does not: guess: a text
//! in no known form is refused as a whole, and a bare number has the unit that the pattern says, or is refused.

mod duration;
mod size;

use std::io::Write as _;

pub(super) use duration::seconds;
pub(super) use size::bytes;

/// A number of 10^-15, as many decimals as [`crate::model::decimal::Decimal`] keeps.
type Femto = i128;

/// One.
const ONE: Femto = 1_000_000_000_000_000;

/// A decimal number without sign and exponent times `unit`; `None` where it is none, or too large.
fn product(number: &[u8], unit: Femto) -> Option<Femto> {
    let point = number.iter().position(|&byte| matches!(byte, b'.' | b','));
    let (whole, fraction) = match point {
        Some(at) => (&number[..at], &number[at + 1..]),
        None => (number, &[][..]),
    };
    if whole.is_empty() || (point.is_some() && fraction.is_empty()) {
        return None;
    }
    let total = digits(whole)?.checked_mul(unit)?;
    // Decimals past these are under half of 10^-15 in the largest unit.
    let kept = &fraction[..fraction.len().min(MOST_DECIMALS)];
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let scale = 10_i128.pow(kept.len() as u32);
    let part = digits(kept)?;
    let (high, low) = (unit / scale, unit % scale);
    let below = (part * low + scale / 2) / scale;
    total.checked_add(part.checked_mul(high)?)?.checked_add(below)
}

/// So many that `part * low` fits: 10^18 twice.
const MOST_DECIMALS: usize = 18;

/// Digits alone, or nothing at all for 0; so many that products with [`ONE`] may fit.
fn digits(text: &[u8]) -> Option<i128> {
    let significant = text.iter().skip_while(|&&byte| byte == b'0').count();
    if significant > 24 {
        return None;
    }
    text.iter().try_fold(0_i128, |number, &byte| byte.is_ascii_digit().then(|| number * 10 + i128::from(byte - b'0')))
}

/// As a decimal number in plain notation.
fn write(value: Femto, sign: &str, out: &mut Vec<u8>) -> Option<()> {
    let (whole, mut fraction) = (value / ONE, value % ONE);
    let sign = if value == 0 { "" } else { sign };
    write!(out, "{sign}{whole}").ok()?;
    if fraction > 0 {
        let mut width = 15;
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        write!(out, ".{fraction:0width$}").ok()?;
    }
    Some(())
}

/// How many bytes at the beginning make a number: digits, with separators among them.
fn number_len(text: &[u8], separators: &[u8]) -> usize {
    text.iter().take_while(|&byte| byte.is_ascii_digit() || separators.contains(byte)).count()
}
