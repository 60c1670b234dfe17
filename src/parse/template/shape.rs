//! Fields whose text is more, or less, than what stands between two literals.
//!
//! Promises: each has one possible end, which is found in one pass. Does not: look at what follows the field's own bytes.

use std::sync::Arc;

use super::Variable;
use super::class::Class;
use crate::parse::capture::Capture;
use crate::parse::time::Strftime;

/// How such a field is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A time; `-` for none.
    Clock(Arc<Strftime>),
    /// Digits or `-`, perhaps after a space.
    Elapsed,
    /// `{…}`; where it is not there, what stands before and after it is one space.
    BracesOrLess,
    /// `{…}` or nothing.
    Braces,
    /// Digits, perhaps after `+`; `-1` and `-` are none.
    Count,
    /// An address to its port's colon, or a whole word; brackets around it are no part of it.
    Host,
    /// `:` and digits, or nothing.
    Port,
}

impl Shape {
    pub(super) fn of(variable: &Variable, before: &[u8], after: &[u8]) -> Option<Self> {
        match variable.class {
            Class::Clock => variable.clock.clone().map(Self::Clock),
            Class::Elapsed => Some(Self::Elapsed),
            Class::Braces if before.ends_with(b" ") && after.starts_with(b" ") => Some(Self::BracesOrLess),
            Class::Braces => Some(Self::Braces),
            Class::Count => Some(Self::Count),
            Class::Host => Some(Self::Host),
            Class::Port => Some(Self::Port),
            _ => None,
        }
    }

    /// Where the field ends, and what is captured. `Err`: the place where it is seen that there is none.
    pub(super) fn read(&self, line: &[u8], start: usize) -> Result<(usize, Capture), usize> {
        let rest = line.get(start..).ok_or(start)?;
        match self {
            Self::Clock(_) | Self::Elapsed if rest.first() == Some(&b'-') => Ok((start + 1, Capture::ABSENT)),
            Self::Clock(format) => {
                let end = start + format.len(rest).ok_or(start)?;
                Ok((end, Capture::plain(start, end)))
            }
            Self::Elapsed => elapsed(rest, start),
            Self::Braces => braces(rest, start, start),
            // The space before is taken as the one after: it is looked at once more.
            Self::BracesOrLess => braces(rest, start, start - 1),
            Self::Count => count(rest, start),
            Self::Host => Ok(host(rest, start)),
            Self::Port => Ok(port(rest, start)),
        }
    }
}

fn elapsed(rest: &[u8], start: usize) -> Result<(usize, Capture), usize> {
    let space = usize::from(rest.first() == Some(&b' '));
    match rest[space..].iter().take_while(|byte| byte.is_ascii_digit()).count() {
        0 => Err(start),
        digits => Ok((start + space + digits, Capture::plain(start + space, start + space + digits))),
    }
}

/// Without braces the field ends at `end_without`.
fn braces(rest: &[u8], start: usize, end_without: usize) -> Result<(usize, Capture), usize> {
    if rest.first() != Some(&b'{') {
        return Ok((end_without, Capture::ABSENT));
    }
    match memchr::memchr2(b'}', b'"', rest) {
        Some(len) if rest[len] == b'}' => Ok((start + len + 1, Capture::plain(start + 1, start + len))),
        len => Err(start + len.unwrap_or(rest.len())),
    }
}

fn count(rest: &[u8], start: usize) -> Result<(usize, Capture), usize> {
    if rest.first() == Some(&b'-') {
        let len = if rest.get(1) == Some(&b'1') { 2 } else { 1 };
        return Ok((start + len, Capture::ABSENT));
    }
    let sign = usize::from(rest.first() == Some(&b'+'));
    match rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count() {
        0 => Err(start),
        digits => Ok((start + sign + digits, Capture::plain(start + sign, start + sign + digits))),
    }
}

fn host(rest: &[u8], start: usize) -> (usize, Capture) {
    let len = rest.iter().position(|&byte| matches!(byte, b' ' | b'"')).unwrap_or(rest.len());
    let word = &rest[..len];
    if word.first() == Some(&b'[')
        && let Some(close) = memchr::memchr(b']', word)
    {
        return (start + close + 1, Capture::plain(start + 1, start + close));
    }
    let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let end = match word[..len - digits].split_last() {
        Some((&b':', name)) if digits > 0 && !name.contains(&b':') => name.len(),
        _ => len,
    };
    (start + end, Capture::plain(start, start + end))
}

fn port(rest: &[u8], start: usize) -> (usize, Capture) {
    if rest.first() != Some(&b':') {
        return (start, Capture::ABSENT);
    }
    let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    (start + 1 + digits, Capture::plain(start + 1, start + 1 + digits))
}
