//! What the nom parsers of formats with a fixed grammar share: their error.

use nom::IResult;
use nom::error::{ErrorKind, ParseError};

use super::mismatch::Mismatch;

/// What was expected where a line stops matching; `left` bytes of it are left there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrong {
    pub(super) left: usize,
    pub(super) what: &'static str,
}

impl ParseError<&[u8]> for Wrong {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self { left: input.len(), what: "another text" }
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// A piece of a line.
pub(super) type Read<'a> = IResult<&'a [u8], &'a [u8], Wrong>;

pub(super) const fn expected(input: &[u8], what: &'static str) -> nom::Err<Wrong> {
    nom::Err::Error(Wrong { left: input.len(), what })
}

/// For a line of so many bytes.
pub(super) fn mismatch(line_len: usize, err: &nom::Err<Wrong>) -> Mismatch {
    match err {
        nom::Err::Error(wrong) | nom::Err::Failure(wrong) => Mismatch::said(line_len - wrong.left, wrong.what),
        nom::Err::Incomplete(_) => Mismatch::said(line_len, "more of the line"),
    }
}
