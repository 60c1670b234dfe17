//! The client's address out of the list that proxies write.
//!
//! Promises: read from the right, where one's own proxies write: what a client sent itself stands to the left of the first
//! address that is not trusted, and is never looked at. Takes `X-Forwarded-For` (addresses with and without ports) and
//! `Forwarded` (RFC 7239: `for=192.0.2.1;proto=https, for="[2001:db8::1]:4711"`). A name is no trusted proxy, and is given as it
//! stands; a hop that is not known (`unknown`, no `for`, neither address nor name) ends the search with nothing. Does not: know who wrote the last entry: the list must come from one's
//! own proxy.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::step::Network;
use crate::parse::request::Span;

/// From the right the first address that is in none of the networks; the leftmost where all are.
pub(super) fn client(text: &[u8], trusted: &[Network]) -> Option<Span> {
    let mut leftmost = None;
    let mut rest = text;
    loop {
        let start = last_entry(rest);
        let entry = trimmed(text, (start, rest.len()));
        if entry.0 < entry.1 {
            let (span, node) = node(text, entry)?;
            match node {
                Node::Address(address) if trusted.iter().any(|network| network.contains(address)) => {
                    leftmost = Some(span);
                }
                Node::Address(_) | Node::Name => return Some(span),
            }
        }
        if start == 0 {
            return leftmost;
        }
        rest = &text[..start - 1];
    }
}

/// Where the last entry begins: behind the last comma outside of quotes. Found from the right, so that a quote which a
/// client left open further left hides nothing.
fn last_entry(text: &[u8]) -> usize {
    let mut quoted = false;
    for (at, &byte) in text.iter().enumerate().rev() {
        match byte {
            b'"' if !is_escaped(text, at) => quoted = !quoted,
            b',' if !quoted => return at + 1,
            _ => {}
        }
    }
    0
}

/// Whether an odd number of backslashes stands before it.
fn is_escaped(text: &[u8], at: usize) -> bool {
    text[..at].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// Where the pair that begins here ends: at the first `;` outside of quotes.
fn pair_end(text: &[u8], (start, end): Span) -> usize {
    let mut quoted = false;
    for at in start..end {
        match text[at] {
            b'"' if !is_escaped(text, at) => quoted = !quoted,
            b';' if !quoted => return at,
            _ => {}
        }
    }
    end
}

enum Node {
    Address(IpAddr),
    /// A host's, `unix:`, or `_name`, which RFC 7239 has for proxies that do not tell.
    Name,
}

/// What one entry names, without quotes, brackets and port.
fn node(text: &[u8], (start, end): Span) -> Option<(Span, Node)> {
    if !text[start..end].contains(&b'=') {
        return address_or_name(text, (start, end));
    }
    let mut at = start;
    while at < end {
        let pair_end = pair_end(text, (at, end));
        let (from, to) = trimmed(text, (at, pair_end));
        at = pair_end + 1;
        let Some((name, _)) = text[from..to].split_first_chunk::<4>() else { continue };
        if !name.eq_ignore_ascii_case(b"for=") {
            continue;
        }
        let value = unquoted(text, (from + 4, to));
        return address_or_name(text, value);
    }
    None
}

fn address_or_name(text: &[u8], span: Span) -> Option<(Span, Node)> {
    match address(text, span) {
        Some((span, address)) => Some((span, Node::Address(address))),
        None => name(text, span).map(|span| (span, Node::Name)),
    }
}

/// Letters, digits, `.`, `_` and `-`, without the port; not `unknown`, and no address that went wrong.
fn name(text: &[u8], (start, end): Span) -> Option<Span> {
    let written = &text[start..end];
    if written == b"unix:" {
        return Some((start, end));
    }
    let colon = written.iter().position(|&byte| byte == b':').unwrap_or(written.len());
    let (name, port) = written.split_at(colon);
    let good = name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    let number = name.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let is_name = good && !number && !name.eq_ignore_ascii_case(b"unknown");
    (is_name && (port.is_empty() || is_port(&port[1..]))).then_some((start, start + colon))
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &[u8], (start, end): Span) -> Option<(Span, IpAddr)> {
    let written = &text[start..end];
    if let [b'[', inside @ ..] = written {
        let close = inside.iter().position(|&byte| byte == b']')?;
        let rest = &inside[close + 1..];
        let is_port = matches!(rest, [b':', port @ ..] if is_port(port));
        let span = (start + 1, start + 1 + close);
        return (rest.is_empty() || is_port)
            .then_some(())
            .and_then(|()| Some((span, IpAddr::V6(parsed::<Ipv6Addr>(&inside[..close])?))));
    }
    let mut colons = written.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at);
    let (span, port) = match (colons.next(), colons.next()) {
        (None, _) => ((start, end), None),
        (Some(colon), None) => ((start, start + colon), Some(&written[colon + 1..])),
        _ => return Some(((start, end), IpAddr::V6(parsed::<Ipv6Addr>(written)?))),
    };
    let address = parsed::<Ipv4Addr>(&text[span.0..span.1])?;
    port.is_none_or(is_port).then_some((span, IpAddr::V4(address)))
}

/// Digits, or an obfuscated one.
fn is_port(text: &[u8]) -> bool {
    let obfuscated = text.first() == Some(&b'_');
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_digit() || (obfuscated && !byte.is_ascii_control()))
}

fn parsed<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

pub(super) fn trimmed(text: &[u8], (start, end): Span) -> Span {
    let written = &text[start..end];
    let start = end - written.trim_ascii_start().len();
    (start, start + text[start..end].trim_ascii_end().len())
}

pub(super) fn unquoted(text: &[u8], (start, end): Span) -> Span {
    match &text[start..end] {
        [b'"', .., b'"'] => (start + 1, end - 1),
        _ => (start, end),
    }
}

#[cfg(test)]
mod tests;
