//! Columns between spaces, some of them in quotes or brackets, as the logs of AWS have them.
//!
//! Promises: a quote inside a text in quotes has a backslash before it or is written `\x22`, so that no client can end the
//! text; where a writer escapes nothing (S3), the text ends as what follows it says. Columns that are missing at the end are absent, as far as the format's oldest lines lack them; columns behind the
//! last that is known are passed over, as AWS asks of readers.

use super::found::Found;
use super::token::{Read, Wrong, digits, expected, space, word};
use super::{Field, Kind};
use crate::parse::mismatch::Mismatch;
use crate::parse::quote::closing_quote;
use crate::parse::request::{Part, Request};
use crate::parse::time::{CLF_LEN, has_clf_shape, has_iso_shape};
use crate::parse::url::Target;

/// How one column is written. Each may be `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Without spaces, or in quotes.
    Text,
    /// Digits.
    Number,
    /// A time as RFC 3339 has it.
    Time,
    /// A time in brackets, as the common log format has it.
    Bracketed,
    /// Seconds; -1 where there were none.
    Seconds,
    /// An address, a colon and a port, which goes to this field.
    Address { port: usize },
    /// A request in quotes; the parts of its URL go to the five fields from this one on: scheme, host, port, path, query.
    Request { parts: usize },
    /// Always in quotes, but a quote inside may stand as it is: the text ends where the next column follows its quote.
    Quoted { next: Next },
    /// The same, but the last text in quotes: it ends at the line's last quote.
    LastQuoted,
}

/// What comes after a text in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A status of three digits.
    Status,
    /// Another text in quotes.
    Quoted,
}

impl Next {
    /// Whether the next column begins here, or there is a dash for it.
    const fn begins(self, rest: &[u8]) -> bool {
        match (self, rest) {
            (_, [b' ', b'-', b' ', ..]) | (Self::Quoted, [b' ', b'"', ..]) => true,
            (Self::Status, [b' ', a, b, c, b' ', ..]) => a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit(),
            _ => false,
        }
    }
}

/// The names of the fields that [`Column::Request`] fills.
pub(super) const URL_PARTS: [Field; 5] = [
    ("scheme", Kind::Text),
    ("host", Kind::Text),
    ("port", Kind::Integer),
    ("path", Kind::Text),
    ("query", Kind::Text),
];

/// Reads a line: column `n` is field `n`. `required`: how many columns the oldest lines have.
pub(super) fn read(found: &mut Found<'_, '_>, columns: &[Column], required: usize) -> Result<(), Mismatch> {
    line(found.line(), found, columns, required).map(|_| ()).map_err(|err| found.mismatch(&err))
}

fn line<'l>(input: &'l [u8], found: &mut Found<'_, 'l>, columns: &[Column], required: usize) -> Read<'l, ()> {
    let mut rest = input;
    for (field, column) in columns.iter().enumerate() {
        if field > 0 {
            if rest.is_empty() && field >= required {
                return Ok((rest, ()));
            }
            rest = space(rest)?.0;
        }
        rest = column.read(rest, field, found)?;
    }
    match rest {
        [] | [b' ', ..] => Ok((&[], ())),
        _ => Err(expected(rest, "a space or the end of the line")),
    }
}

impl Column {
    /// Keeps the column; gives what follows it.
    fn read<'l>(self, input: &'l [u8], field: usize, found: &mut Found<'_, 'l>) -> Result<&'l [u8], nom::Err<Wrong>> {
        let (rest, text) = match self {
            Self::Text if input.first() == Some(&b'"') => quoted(input, closing_quote(input, 1))?,
            Self::Text => word(input, "a text without spaces, or `-`")?,
            Self::Number => number(input)?,
            Self::Time => time(input)?,
            Self::Bracketed => bracketed(input)?,
            Self::Seconds => seconds(input)?,
            Self::Address { port } => return address(input, field, port, found),
            Self::Request { parts } => return request(input, field, parts, found),
            Self::Quoted { .. } | Self::LastQuoted if is_dash(input) => word(input, "a text in quotes, or `-`")?,
            Self::Quoted { next } => quoted(input, quote_before(input, next))?,
            Self::LastQuoted => quoted(input, memchr::memrchr(b'"', input))?,
        };
        if self != Self::Seconds || text != b"-1" {
            found.keep(field, text);
        }
        Ok(rest)
    }
}

fn is_dash(input: &[u8]) -> bool {
    matches!(input, [b'-'] | [b'-', b' ', ..])
}

/// `input` begins with a quote, `end` is where the text's other one is.
fn quoted(input: &[u8], end: Option<usize>) -> Read<'_> {
    let what = "a text in quotes";
    let end = end.filter(|end| *end > 0 && input.first() == Some(&b'"')).ok_or_else(|| expected(input, what))?;
    Ok((&input[end + 1..], &input[1..end]))
}

/// The first quote, behind the one at the beginning, after which the next column follows.
fn quote_before(input: &[u8], next: Next) -> Option<usize> {
    memchr::memchr_iter(b'"', input).skip(1).find(|at| next.begins(&input[at + 1..]))
}

fn number(input: &[u8]) -> Read<'_> {
    let what = "a number, or `-`";
    if is_dash(input) { word(input, what) } else { digits(input, what) }
}

fn time(input: &[u8]) -> Read<'_> {
    let what = "a time as RFC 3339 writes it, or `-`";
    let (rest, text) = word(input, what)?;
    if text == b"-" || has_iso_shape(text) { Ok((rest, text)) } else { Err(expected(input, what)) }
}

fn bracketed(input: &[u8]) -> Read<'_> {
    let what = "a time in brackets";
    let text = input.strip_prefix(b"[").and_then(|inside| inside.get(..CLF_LEN)).filter(|text| has_clf_shape(text));
    let text = text.ok_or_else(|| expected(input, what))?;
    let rest = input[1 + CLF_LEN..].strip_prefix(b"]").ok_or_else(|| expected(input, what))?;
    Ok((rest, text))
}

fn seconds(input: &[u8]) -> Read<'_> {
    let what = "a number of seconds, `-1` or `-`";
    let (rest, text) = word(input, what)?;
    let is_number = text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') && text[0] != b'.';
    if is_number || text == b"-" || text == b"-1" { Ok((rest, text)) } else { Err(expected(input, what)) }
}

/// An IPv6 address may be in brackets, which are left out.
fn address<'l>(
    input: &'l [u8],
    field: usize,
    port: usize,
    found: &mut Found<'_, 'l>,
) -> Result<&'l [u8], nom::Err<Wrong>> {
    let what = "an address and a port, or `-`";
    let (rest, text) = word(input, what)?;
    if text.starts_with(b"\"") {
        return Err(expected(input, what));
    }
    let is_port = |colon: &usize| text[colon + 1..].iter().all(u8::is_ascii_digit);
    let (host, port_text) = match memchr::memrchr(b':', text).filter(is_port) {
        Some(colon) => (&text[..colon], Some(&text[colon + 1..])),
        None => (text, None),
    };
    let inside = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
    found.keep(field, inside.unwrap_or(host));
    if let Some(text) = port_text {
        found.keep(port, text);
    }
    Ok(rest)
}

fn request<'l>(
    input: &'l [u8],
    field: usize,
    parts: usize,
    found: &mut Found<'_, 'l>,
) -> Result<&'l [u8], nom::Err<Wrong>> {
    if is_dash(input) {
        return Ok(&input[1..]);
    }
    let (rest, request) = quoted(input, closing_quote(input, 1))?;
    // `- - - ` where there was no request that could be read, or none at all (TCP).
    if request.iter().all(|byte| matches!(byte, b'-' | b' ')) {
        return Ok(rest);
    }
    found.keep(field, request);
    if found.is_any_wanted(parts, URL_PARTS.len())
        && let Some((start, end)) = Request::read(request).and_then(|request| request.part(Part::Target))
    {
        keep_target(Target::read(&request[start..end]), &request[start..end], parts, found);
    }
    Ok(rest)
}

/// Keeps the parts of a target in the five fields from `parts` on.
pub(super) fn keep_target(target: Target, text: &[u8], parts: usize, found: &mut Found<'_, '_>) {
    let Target { scheme, host, port, path, query } = target;
    for (part, span) in [scheme, host, port, path, query].into_iter().enumerate() {
        if let Some((start, end)) = span {
            found.keep(parts + part, &text[start..end]);
        }
    }
}
