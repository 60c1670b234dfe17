//! The small parsers that the formats share.

use nom::bytes::complete::{tag, take_while1};
use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Parser};

use crate::parse::mismatch::Mismatch;

/// What was expected where a line stops matching; `left` bytes of it are left there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrong {
    left: usize,
    what: &'static str,
}

impl Wrong {
    /// `len`: the line's.
    pub(super) const fn mismatch(self, len: usize) -> Mismatch {
        Mismatch::said(len.saturating_sub(self.left), self.what)
    }
}

impl ParseError<&[u8]> for Wrong {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self { left: input.len(), what: "more of the line" }
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// The text that was found; what follows it is left.
pub(super) type Read<'l, T = &'l [u8]> = IResult<&'l [u8], T, Wrong>;

/// At the beginning of `input` stands something else than `what`.
pub(super) const fn expected(input: &[u8], what: &'static str) -> nom::Err<Wrong> {
    nom::Err::Error(Wrong { left: input.len(), what })
}

pub(super) fn space(input: &[u8]) -> Read<'_> {
    tag(&b" "[..]).parse(input).map_err(|_: nom::Err<Wrong>| expected(input, "a space"))
}

/// Up to a space or the end; not empty.
#[inline]
pub(super) fn word<'l>(input: &'l [u8], what: &'static str) -> Read<'l> {
    let end = memchr::memchr(b' ', input).unwrap_or(input.len());
    if end == 0 { Err(expected(input, what)) } else { Ok((&input[end..], &input[..end])) }
}

pub(super) fn digits<'l>(input: &'l [u8], what: &'static str) -> Read<'l> {
    take_while1(|byte: u8| byte.is_ascii_digit()).parse(input).map_err(|_: nom::Err<Wrong>| expected(input, what))
}
