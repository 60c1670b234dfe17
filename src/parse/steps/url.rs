//! Pieces of URLs and of requests' targets: parts, query parameters, segments.
//!
//! Promises: spans of the text as it stands, cut before anything is decoded, so that `%26` in a value never begins a
//! parameter; parameters' names are compared decoded, as applications do. A fragment (`#…`) is never part of anything.
//! Source: RFC 3986; RFC 9112, section 3.2, for the forms of a target. Does not: check that a host or port is a good one.

use memchr::{memchr, memchr_iter, memrchr};

use super::TextOf;
use super::forwarded::{trimmed, unquoted};
use super::percent::Decoded;
use crate::model::step::{Position, UrlPart};
use crate::parse::request::{Span, scheme_end};

/// Where the parts of a URL or target are.
#[derive(Clone, Copy, Debug)]
struct Url {
    /// Of `scheme://`.
    scheme: Option<Span>,
    host: Option<Span>,
    port: Option<Span>,
    path: Span,
    query: Option<Span>,
}

impl Url {
    /// Any text: `https://host:1/p?q#f`, `/p?q`, `host:443` (of CONNECT), `p`.
    fn read(text: &[u8]) -> Self {
        let end = memchr(b'#', text).unwrap_or(text.len());
        let text = &text[..end];
        let question = memchr(b'?', text);
        let query = question.map(|at| (at + 1, end));
        let before_query = &text[..question.unwrap_or(end)];
        if let Some(scheme_end) = scheme_end(before_query) {
            let authority = scheme_end + 3;
            let len = memchr(b'/', &before_query[authority..]).unwrap_or(before_query.len() - authority);
            let (host, port) = host_and_port(before_query, (authority, authority + len));
            let path = (authority + len, before_query.len());
            return Self { scheme: Some((0, scheme_end)), host, port, path, query };
        }
        if is_authority(before_query) && query.is_none() {
            let (host, port) = host_and_port(before_query, (0, end));
            return Self { scheme: None, host, port, path: (end, end), query };
        }
        Self { scheme: None, host: None, port: None, path: (0, before_query.len()), query }
    }

    const fn part(&self, part: UrlPart) -> Option<Span> {
        match part {
            UrlPart::Scheme => self.scheme,
            UrlPart::Host => self.host,
            UrlPart::Port => self.port,
            UrlPart::Path if self.path.0 == self.path.1 => None,
            UrlPart::Path => Some(self.path),
            UrlPart::Query => self.query,
        }
    }
}

/// `host:443`, `[::1]:443`: what CONNECT has for a target.
fn is_authority(text: &[u8]) -> bool {
    let Some(colon) = memrchr(b':', text) else { return false };
    let port = &text[colon + 1..];
    colon > 0 && !port.is_empty() && port.iter().all(u8::is_ascii_digit) && memchr(b'/', text).is_none()
}

/// Of `user:password@host:port`; none of either where it has no good form.
fn host_and_port(text: &[u8], (start, end): Span) -> (Option<Span>, Option<Span>) {
    let start = memrchr(b'@', &text[start..end]).map_or(start, |at| start + at + 1);
    let authority = &text[start..end];
    let (host, rest) = if authority.first() == Some(&b'[') {
        let Some(close) = memchr(b']', authority) else { return (None, None) };
        ((start + 1, start + close), start + close + 1)
    } else {
        let colon = memchr(b':', authority).unwrap_or(authority.len());
        ((start, start + colon), start + colon)
    };
    let port = match &text[rest..end] {
        [] | [b':'] => None,
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => Some((rest + 1, end)),
        _ => return (None, None),
    };
    ((host.0 < host.1).then_some(host), port)
}

pub(super) fn part(text: &[u8], part: UrlPart) -> Option<Span> {
    Url::read(text).part(part)
}

/// The value of the first parameter of this name; empty where it has none.
pub(super) fn parameter(text: &[u8], of: TextOf, name: &[u8]) -> Option<Span> {
    let (start, end) = query(text, of)?;
    let mut at = start;
    for pair_end in memchr_iter(b'&', &text[start..end]).map(|found| start + found).chain([end]) {
        let key_end = memchr(b'=', &text[at..pair_end]).map_or(pair_end, |equals| at + equals);
        if Decoded::form(&text[at..key_end]).eq(name.iter().copied()) {
            return Some(((key_end + 1).min(pair_end), pair_end));
        }
        at = pair_end + 1;
    }
    None
}

/// Where the parameters are. Text that begins like a target or URL has them behind its first `?`.
fn query(text: &[u8], of: TextOf) -> Option<Span> {
    let target = text.first() == Some(&b'/') || scheme_end(text).is_some();
    if of == TextOf::Anything && target {
        return Url::read(text).query;
    }
    let end = memchr(b'#', text).unwrap_or(text.len());
    // Apache writes a query with its `?`.
    Some((usize::from(end > 0 && text[0] == b'?'), end))
}

/// The segment at a position; empty ones are not counted, so that `//` moves nothing.
pub(super) fn segment(text: &[u8], position: Position) -> Option<Span> {
    let path = Url::read(text).path;
    let count = position.0.unsigned_abs() as usize;
    let index = if position.0 > 0 { count } else { (segments(text, path).count() + 1).checked_sub(count)? };
    segments(text, path).nth(index.checked_sub(1)?)
}

fn segments(text: &[u8], (start, end): Span) -> impl Iterator<Item = Span> {
    let mut at = start;
    let next = move || {
        at += text[at..end].iter().take_while(|&&byte| byte == b'/').count();
        let from = at;
        at = memchr(b'/', &text[at..end]).map_or(end, |slash| from + slash);
        (from < at).then_some((from, at))
    };
    std::iter::from_fn(next)
}

/// The value of the first cookie of this name in a `Cookie` header, without quotes around it. Source: RFC 6265, section 4.2.
pub(super) fn cookie(text: &[u8], name: &[u8]) -> Option<Span> {
    let mut at = 0;
    for end in memchr_iter(b';', text).chain([text.len()]) {
        let skipped = text[at..end].iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
        let start = at + skipped;
        at = end + 1;
        let Some(equals) = memchr(b'=', &text[start..end]).map(|found| start + found) else { continue };
        if text[start..equals].trim_ascii_end() == name {
            return Some(unquoted(text, trimmed(text, (equals + 1, end))));
        }
    }
    None
}

#[cfg(test)]
mod tests;
