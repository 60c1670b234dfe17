//! What Traefik writes after the bytes of an access line.
//!
//! ```text
//!  "referrer" "user agent" 271 "router" "http://172.19.0.3:5601" 3ms
//! ```
//!
//! Traefik 1 writes a bare `-` for a referrer or user agent that is absent. Texts in quotes have Go's escapes.

use nom::bytes::complete::tag;
use nom::{IResult, Parser};

use super::{Field, digits, quoted, space};
use crate::model::fields::FieldType;
use crate::parse::grammar::{Read, Wrong, expected};

/// After the shared fields, of which the referrer and the user agent are read here too.
pub(super) const FIELDS: [Field; 4] = [
    ("request_count", FieldType::Integer),
    ("router", FieldType::Text),
    ("server_url", FieldType::Text),
    ("duration_ms", FieldType::Integer),
];

/// A text, and how many bytes of the line are left after it.
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) left: usize,
}

/// The last six fields, to the end of the line.
#[inline]
pub(super) fn read(input: &[u8]) -> Result<[Text<'_>; 6], nom::Err<Wrong>> {
    let (rest, referrer) = text(input)?;
    let (rest, agent) = text(rest)?;
    let (rest, _) = space(rest)?;
    let (rest, count) = digits(rest)?;
    let count = Text { bytes: count, left: rest.len() };
    let (rest, router) = text(rest)?;
    let (rest, server) = text(rest)?;
    let (rest, _) = space(rest)?;
    let (rest, duration) = digits(rest)?;
    let duration = Text { bytes: duration, left: rest.len() };
    if rest != b"ms" {
        return Err(expected(rest, "`ms` and the end of the line"));
    }
    Ok([referrer, agent, count, router, server, duration])
}

/// A text in quotes, or a bare `-`.
#[inline]
fn text(input: &[u8]) -> IResult<&[u8], Text<'_>, Wrong> {
    let (rest, _) = space(input)?;
    let dash: Read<'_> = tag(&b"-"[..]).parse(rest);
    if let Ok((rest, bytes)) = dash {
        return Ok((rest, Text { bytes, left: rest.len() }));
    }
    let Some(inside) = rest.strip_prefix(b"\"") else { return Err(expected(rest, "a text in quotes, or `-`")) };
    let (rest, bytes) = quoted(inside)?;
    Ok((rest, Text { bytes, left: rest.len() + 1 }))
}
