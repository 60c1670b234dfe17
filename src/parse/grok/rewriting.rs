//! Fields whose text is not written as a number of this project's: `0x1F` typed `int`, `5.432µs` typed `duration`.
//!
//! Promises: a text that cannot be written anew stays as it is, and then does not fit its type. Does not: round: parts
//! of a nanosecond are cut off.

use crate::parse::capture::{Capture, Form};
use crate::parse::expression::ExpressionReader;
use crate::parse::mismatch::{Mismatch, Stop};

/// How a captured text is written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rewriting {
    /// `0x…` in decimal digits.
    Hexadecimal,
    /// A duration as Go writes it (`1h2m3.5s`, `5.432µs`) in nanoseconds.
    Nanoseconds,
}

/// Reads lines, and writes such fields anew.
#[derive(Clone, Debug)]
pub(in crate::parse) struct GrokReader {
    expression: ExpressionReader,
    rewritings: Vec<(usize, Rewriting)>,
    built: Vec<u8>,
}

impl GrokReader {
    pub(super) const fn new(expression: ExpressionReader, rewritings: Vec<(usize, Rewriting)>) -> Self {
        Self { expression, rewritings, built: Vec::new() }
    }

    #[inline]
    pub(in crate::parse) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        self.expression.read(line, captures)?;
        self.built.clear();
        for &(capture, rewriting) in &self.rewritings {
            let found = &mut captures[capture];
            if found.form != Form::Plain {
                continue;
            }
            let text = found.bytes(line);
            let number = match rewriting {
                Rewriting::Hexadecimal => hexadecimal(text),
                Rewriting::Nanoseconds => nanoseconds(text),
            };
            if let Some(number) = number {
                let start = self.built.len();
                write_decimal(number, &mut self.built);
                *found = Capture::built(start, self.built.len());
            }
        }
        Ok(())
    }

    pub(in crate::parse) fn built(&self) -> &[u8] {
        &self.built
    }

    pub(in crate::parse) fn stop(&mut self, line: &[u8]) -> Stop {
        self.expression.stop(line)
    }
}

fn hexadecimal(text: &[u8]) -> Option<i64> {
    let (negative, text) = signed(text);
    let digits = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X"))?;
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_i64;
    for &digit in digits {
        let digit = char::from(digit).to_digit(16)?;
        number = number.checked_mul(16)?.checked_add(digit.into())?;
    }
    Some(if negative { -number } else { number })
}

/// Units of Go's durations in nanoseconds, longer names before those that they begin with.
const UNITS: [(&[u8], i128); 8] = [
    (b"ns", 1),
    (b"us", 1_000),
    // The micro sign, and the Greek letter.
    ("\u{b5}s".as_bytes(), 1_000),
    ("\u{3bc}s".as_bytes(), 1_000),
    (b"ms", 1_000_000),
    (b"s", 1_000_000_000),
    (b"m", 60_000_000_000),
    (b"h", 3_600_000_000_000),
];

/// More digits than this do not fit beside the longest unit.
const MOST_DIGITS: usize = 18;

fn nanoseconds(text: &[u8]) -> Option<i64> {
    let (negative, mut text) = signed(text);
    if text == b"0" {
        return Some(0);
    }
    let mut all = 0_i128;
    let mut any = false;
    while !text.is_empty() {
        let length = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(text.len());
        let (number, rest) = text.split_at(length);
        let (unit, nanoseconds) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        all = all.checked_add(part(number, *nanoseconds)?)?;
        any = true;
        text = &rest[unit.len()..];
    }
    let all = i64::try_from(all).ok().filter(|_| any)?;
    Some(if negative { -all } else { all })
}

/// A number with or without a fraction, of a unit.
fn part(number: &[u8], unit: i128) -> Option<i128> {
    let dot = number.iter().position(|&byte| byte == b'.');
    let (whole, fraction) = dot.map_or((number, &b""[..]), |dot| (&number[..dot], &number[dot + 1..]));
    let all_digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
    if !all_digits || whole.len() + fraction.len() == 0 || whole.len() > MOST_DIGITS {
        return None;
    }
    let digits = |text: &[u8]| text.iter().fold(0_i128, |number, digit| number * 10 + i128::from(digit - b'0'));
    let fraction = &fraction[..fraction.len().min(MOST_DIGITS)];
    Some(digits(whole) * unit + digits(fraction) * unit / 10_i128.pow(fraction.len() as u32))
}

fn signed(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// Longest decimal text of such a number, with its sign.
const DECIMAL_LEN: usize = 20;

fn write_decimal(number: i64, built: &mut Vec<u8>) {
    let mut digits = [0_u8; DECIMAL_LEN];
    let mut at = DECIMAL_LEN;
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        built.push(b'-');
    }
    built.extend_from_slice(&digits[at..]);
}
