//! The virtual host in front of an access line: `www.example.com:443` or `www.example.com`.
//!
//! Promises: `[2001:db8::1]:443` is a host in brackets and a port; an address with several colons and no brackets has no
//! port. Does not: check that the host is one.

use nom::Parser;
use nom::sequence::terminated;

use super::{Field, space, word};
use crate::model::fields::FieldType;
use crate::parse::capture::Capture;
use crate::parse::grammar::{Wrong, expected};

pub(super) const FIELDS: [Field; 2] = [("server_name", FieldType::Text), ("server_port", FieldType::Integer)];

/// Sets the two captures; gives what follows the space after the host.
#[inline]
pub(super) fn read<'l>(line: &'l [u8], captures: &mut [Capture]) -> Result<&'l [u8], nom::Err<Wrong>> {
    let (rest, host) = terminated(word, space).parse(line)?;
    if rest.starts_with(b"- ") {
        return Err(expected(rest, "a client after the virtual host"));
    }
    let (name_len, port) = split_port(host);
    if let [name_capture, port_capture, ..] = captures {
        *name_capture = Capture::plain(0, name_len);
        *port_capture = if port { Capture::plain(name_len + 1, host.len()) } else { Capture::ABSENT };
    }
    Ok(rest)
}

/// How long the host is, and whether a port follows it.
#[inline]
fn split_port(host: &[u8]) -> (usize, bool) {
    let digits = host.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = host.len() - digits;
    let Some((&b':', name)) = host[..before].split_last() else { return (host.len(), false) };
    let has_port = digits > 0 && (name.last() == Some(&b']') || !name.contains(&b':'));
    if has_port && !name.is_empty() { (name.len(), true) } else { (host.len(), false) }
}
