//! What Traefik writes after the bytes of an access line.
//!
//! ```text
//!  "referrer" "user agent" 271 "router" "http://172.19.0.3:5601" 3ms
//! ```
//!
//! Traefik 1 writes a bare `-` for a referrer or user agent that is absent, and the names of its routers, which are rules,
//! without escapes. Where they hold quotes, they are left out: what a client sends is all before them. The other texts in
//! quotes have Go's escapes.

use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::{Field, digits, space, text};
use crate::model::fields::FieldType;
use crate::parse::grammar::{Wrong, expected};

/// After the shared fields, of which the referrer and the user agent are read here too.
pub(super) const FIELDS: [Field; 4] = [
    ("request_count", FieldType::Integer),
    ("router", FieldType::Text),
    ("server_url", FieldType::Text),
    ("duration_ms", FieldType::Integer),
];

/// The last six fields, to the end of the line; `None`: it does not have it.
#[inline]
pub(super) fn read(input: &[u8]) -> IResult<&[u8], [Option<&[u8]>; 6], Wrong> {
    let (rest, referrer) = text(input)?;
    let (rest, agent) = text(rest)?;
    let (rest, count) = preceded(space, digits).parse(rest)?;
    let (rest, (router, server, duration)) = match servers(rest) {
        Ok((rest, [router, server, duration])) => (rest, (Some(router), Some(server), duration)),
        Err(err) => (&[][..], (None, None, duration_alone(rest).ok_or(err)?)),
    };
    Ok((rest, [Some(referrer), Some(agent), Some(count), router, server, Some(duration)]))
}

/// The milliseconds at the line's end, after texts in quotes that cannot be told apart.
fn duration_alone(input: &[u8]) -> Option<&[u8]> {
    let before = input.strip_prefix(b" \"")?.strip_suffix(b"ms")?;
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, digits) = before.split_at(before.len() - digits);
    (before.ends_with(b" ") && !digits.is_empty()).then_some(digits)
}

/// The router, the server and the duration.
#[inline]
fn servers(input: &[u8]) -> IResult<&[u8], [&[u8]; 3], Wrong> {
    let (rest, router) = text(input)?;
    let (rest, server) = text(rest)?;
    let (rest, duration) = preceded(space, digits).parse(rest)?;
    let rest = rest.strip_prefix(b"ms").ok_or_else(|| expected(rest, "`ms`"))?;
    Ok((rest, [router, server, duration]))
}
