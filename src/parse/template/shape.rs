//! Fields whose text is more, or less, than what stands between two literals.
//!
//! Promises: each has one possible end, which is found in one pass. Does not: look at what follows the field's own bytes.

use super::class::Class;
use crate::parse::capture::Capture;

/// How such a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
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
    pub(super) fn of(class: Class, before: &[u8], after: &[u8]) -> Option<Self> {
        match class {
            Class::Braces if before.ends_with(b" ") && after.starts_with(b" ") => Some(Self::BracesOrLess),
            Class::Braces => Some(Self::Braces),
            Class::Count => Some(Self::Count),
            Class::Host => Some(Self::Host),
            Class::Port => Some(Self::Port),
            _ => None,
        }
    }

    /// Where the field ends, and what is captured. `Err`: the place where it is seen that there is none.
    pub(super) fn read(self, line: &[u8], start: usize) -> Result<(usize, Capture), usize> {
        let rest = line.get(start..).ok_or(start)?;
        match self {
            Self::Braces | Self::BracesOrLess => braces(rest, start, self),
            Self::Count => count(rest, start),
            Self::Host => Ok(host(rest, start)),
            Self::Port => Ok(port(rest, start)),
        }
    }
}

fn braces(rest: &[u8], start: usize, shape: Shape) -> Result<(usize, Capture), usize> {
    if rest.first() != Some(&b'{') {
        // The space before is taken as the one after: it is looked at once more.
        let end = if shape == Shape::BracesOrLess { start - 1 } else { start };
        return Ok((end, Capture::ABSENT));
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
