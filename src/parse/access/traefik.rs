//! What Traefik writes after the bytes of an access line.
//!
//! ```text
//!  "referrer" "user agent" 271 "router" "http://172.19.0.3:5601" 3ms
//! ```
//!
//! Traefik 1 writes a bare `-` for a referrer or user agent that is absent. Texts in quotes have Go's escapes.

use nom::sequence::preceded;
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

/// The last six fields, to the end of the line.
#[inline]
pub(super) fn read(input: &[u8]) -> IResult<&[u8], [&[u8]; 6], Wrong> {
    let (rest, referrer) = text(input)?;
    let (rest, agent) = text(rest)?;
    let (rest, count) = preceded(space, digits).parse(rest)?;
    let (rest, router) = text(rest)?;
    let (rest, server) = text(rest)?;
    let (rest, duration) = preceded(space, digits).parse(rest)?;
    let rest = rest.strip_prefix(b"ms").ok_or_else(|| expected(rest, "`ms`"))?;
    Ok((rest, [referrer, agent, count, router, server, duration]))
}

/// A text in quotes, or a bare `-`.
#[inline]
fn text(input: &[u8]) -> Read<'_> {
    let (rest, _) = space(input)?;
    match rest.split_first() {
        Some((b'-', after)) => Ok((after, &rest[..1])),
        Some((b'"', inside)) => quoted(inside),
        _ => Err(expected(rest, "a text in quotes, or `-`")),
    }
}
