//! The syslog header in front of HAProxy's lines, where there is one.
//!
//! ```text
//! Dec  9 13:01:26 host haproxy[28029]: …          <134>Dec  9 13:01:26 haproxy[28029]: …
//! 2026-11-23T10:00:00.123+00:00 host haproxy[6]: …   <134>1 2026-11-23T10:00:00+00:00 host haproxy 6 - - …
//! haproxy[6]: …
//! ```
//!
//! Does not: give its time; the line itself has one that is exact.

use nom::Parser;
use nom::bytes::complete::{take, take_while1};
use nom::character::complete::digit1;
use nom::combinator::{opt, verify};
use nom::sequence::{delimited, terminated};
use nom::{IResult, bytes::complete::tag};

use super::{Read, space, word};
use crate::parse::grammar::{Wrong, expected};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) hostname: Option<&'a [u8]>,
    pub(super) process: Option<&'a [u8]>,
    pub(super) pid: Option<&'a [u8]>,
}

/// What follows the header. HAProxy's own text begins with a word before ` [`.
pub(super) fn read(line: &[u8]) -> IResult<&[u8], Header<'_>, Wrong> {
    if memchr::memchr(b' ', line).is_some_and(|at| line[at..].starts_with(b" [")) {
        return Ok((line, Header::default()));
    }
    let (rest, _) = opt(delimited(tag(&b"<"[..]), digit1, tag(&b">"[..]))).parse(line)?;
    if let Some(rest) = rest.strip_prefix(b"1 ") {
        return structured(rest);
    }
    let (rest, has_time) = opt(terminated(time, space)).parse(rest)?;
    let (after, first) = terminated(word, space).parse(rest)?;
    if first.ends_with(b":") || has_time.is_none() {
        return process(first, rest).map(|header| (after, header));
    }
    let (after, second) = terminated(word, space).parse(after)?;
    let header = process(second, rest)?;
    Ok((after, Header { hostname: Some(first), ..header }))
}

/// RFC 5424 after its version: time, host, name, process, message and data.
fn structured(input: &[u8]) -> IResult<&[u8], Header<'_>, Wrong> {
    let piece = || terminated(word, space);
    let (rest, (_, host, name, pid, _)) = (piece(), piece(), piece(), piece(), piece()).parse(input)?;
    let (rest, _) = terminated(tag(&b"-"[..]), space).parse(rest)?;
    Ok((rest, Header { hostname: Some(host), process: Some(name), pid: Some(pid) }))
}

/// `name[12]:` or `name:`.
fn process<'a>(tag: &'a [u8], at: &[u8]) -> Result<Header<'a>, nom::Err<Wrong>> {
    let wrong = || expected(at, "a client's address, or the process name of a syslog header");
    let name = tag.strip_suffix(b":").ok_or_else(wrong)?;
    let Some(before) = name.strip_suffix(b"]") else {
        return Ok(Header { process: Some(name), ..Header::default() });
    };
    let bracket = memchr::memrchr(b'[', before).ok_or_else(wrong)?;
    Ok(Header { process: Some(&name[..bracket]), pid: Some(&before[bracket + 1..]), ..Header::default() })
}

/// `Dec  9 13:01:26`, or one word that begins as an ISO date.
fn time(input: &[u8]) -> Read<'_> {
    let short = verify(take(15_usize), |text: &[u8]| {
        text[..3].iter().all(u8::is_ascii_alphabetic) && [text[3], text[6], text[9], text[12]] == *b"  ::"
    });
    let iso = verify(take_while1(|byte| byte != b' '), |text: &[u8]| {
        text.len() >= 19 && [text[4], text[7], text[13], text[16]] == *b"--::"
    });
    nom::branch::alt((short, iso)).parse(input)
}
