//! Squid's native access log.
//!
//! ```text
//! line = time SP elapsed SP client SP result "/" status SP bytes SP method SP URL SP user SP hierarchy "/" peer SP type
//!        [SP "[" request headers "]" SP "[" reply headers "]"]
//! time = seconds since 1970, mostly with milliseconds          SP = one or more spaces
//! ```
//!
//! Source: `logformat squid` in Squid's configuration reference, and `log_mime_hdrs`. Promises: the URL may hold spaces
//! (`uri_whitespace allow`): what follows it is found from the line's end, where one word more may stand. A URL gives its parts as fields: `path` and
//! `query` are those of the server that was asked; CONNECT has a host and a port. Does not: read the formats `common` and
//! `combined` that Squid can write too; those are patterns of their own.

use super::columns::{URL_PARTS, keep_target};
use super::found::Found;
use super::token::{Read, Wrong, digits, expected, word};
use super::{Field, Kind};
use crate::parse::mismatch::Mismatch;
use crate::parse::url::Target;

const TIME: usize = 0;
const ELAPSED: usize = 1;
const CLIENT: usize = 2;
const RESULT: usize = 3;
const STATUS: usize = 4;
const BYTES: usize = 5;
const METHOD: usize = 6;
const TARGET: usize = 7;
const USER: usize = 8;
const HIERARCHY: usize = 9;
const PEER: usize = 10;
const CONTENT_TYPE: usize = 11;
const REQUEST_HEADERS: usize = 12;
const REPLY_HEADERS: usize = 13;
const PARTS: usize = 14;

pub(super) const FIELDS: [Field; 19] = [
    ("time", Kind::Unix),
    ("elapsed_ms", Kind::Integer),
    ("client", Kind::Text),
    ("result_code", Kind::Text),
    ("status", Kind::Integer),
    ("bytes", Kind::Integer),
    ("method", Kind::Text),
    ("target", Kind::Text),
    ("user", Kind::Text),
    ("hierarchy", Kind::Text),
    ("peer", Kind::Text),
    ("content_type", Kind::Text),
    ("request_headers", Kind::Text),
    ("reply_headers", Kind::Text),
    URL_PARTS[0],
    URL_PARTS[1],
    URL_PARTS[2],
    URL_PARTS[3],
    URL_PARTS[4],
];

pub(super) fn read(found: &mut Found<'_, '_>) -> Result<(), Mismatch> {
    line(found.line(), found).map(|_| ()).map_err(|err| found.mismatch(&err))
}

fn line<'l>(input: &'l [u8], found: &mut Found<'_, 'l>) -> Read<'l, ()> {
    let (rest, time) = time(input)?;
    found.keep(TIME, time);
    let (rest, elapsed) = elapsed(spaces(rest)?)?;
    found.keep(ELAPSED, elapsed);
    let (rest, client) = word(spaces(rest)?, "a client's address")?;
    found.keep(CLIENT, client);
    let (rest, (result, status)) = result(spaces(rest)?)?;
    found.keep(RESULT, result);
    found.keep(STATUS, status);
    let (rest, bytes) = digits(spaces(rest)?, "a number of bytes")?;
    found.keep(BYTES, bytes);
    let (rest, method) = word(spaces(rest)?, "a method")?;
    found.keep(METHOD, method);
    let rest = headers(spaces(rest)?, found);
    let target = after_target(rest, found)?;
    found.keep(TARGET, target);
    if found.is_any_wanted(PARTS, URL_PARTS.len()) {
        let parts = if method == b"CONNECT" { Target::read_authority(target) } else { Target::read(target) };
        keep_target(parts, target, PARTS, found);
    }
    Ok((&[], ()))
}

fn spaces(input: &[u8]) -> Result<&[u8], nom::Err<Wrong>> {
    let count = input.iter().take_while(|&&byte| byte == b' ').count();
    if count == 0 { Err(expected(input, "a space")) } else { Ok(&input[count..]) }
}

fn time(input: &[u8]) -> Read<'_> {
    let what = "seconds since 1970, with milliseconds or without";
    let (rest, text) = word(input, what)?;
    let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let fraction = match text.get(whole) {
        None => true,
        Some(b'.') => whole + 1 < text.len() && text[whole + 1..].iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    if whole > 0 && fraction { Ok((rest, text)) } else { Err(expected(input, what)) }
}

fn elapsed(input: &[u8]) -> Read<'_> {
    let sign = usize::from(input.first() == Some(&b'-'));
    let (rest, number) = digits(&input[sign..], "a number of milliseconds")?;
    Ok((rest, &input[..sign + number.len()]))
}

/// `TCP_MISS/200`: the result and the status.
fn result(input: &[u8]) -> Read<'_, (&[u8], &[u8])> {
    let what = "a result code and a status, such as TCP_MISS/200";
    let (rest, text) = word(input, what)?;
    let slash = memchr::memchr(b'/', text).filter(|at| *at > 0).ok_or_else(|| expected(input, what))?;
    let (result, status) = (&text[..slash], &text[slash + 1..]);
    let is_status = status == b"-" || (!status.is_empty() && status.iter().all(u8::is_ascii_digit));
    if is_status { Ok((rest, (result, status))) } else { Err(expected(input, what)) }
}

/// Keeps the headers that `log_mime_hdrs` adds, which have their brackets and line ends escaped; gives what comes before.
fn headers<'l>(input: &'l [u8], found: &mut Found<'_, 'l>) -> &'l [u8] {
    let pair = input.strip_suffix(b"]").and_then(|inside| {
        let middle = memchr::memmem::rfind(inside, b"] [")?;
        let open = memchr::memmem::rfind(&inside[..middle], b" [")?;
        Some((&inside[..open], &inside[open + 2..middle], &inside[middle + 3..]))
    });
    let Some((before, request, reply)) = pair else { return input };
    found.keep(REQUEST_HEADERS, request);
    found.keep(REPLY_HEADERS, reply);
    before
}

/// Keeps what follows the URL, read from the end; gives the URL.
fn after_target<'l>(input: &'l [u8], found: &mut Found<'_, 'l>) -> Result<&'l [u8], nom::Err<Wrong>> {
    let missing = |rest: &[u8], what| expected(&input[rest.len()..], what);
    let (mut rest, mut content_type) = last_word(input).ok_or_else(|| missing(input, "a URL and what follows it"))?;
    let mut server = last_word(rest).ok_or_else(|| missing(rest, "a content type, or `-`"))?;
    if hierarchy(server.1).is_none() {
        // One word more at the end.
        (rest, content_type) = server;
        server = last_word(rest).ok_or_else(|| missing(rest, "a content type, or `-`"))?;
    }
    let (rest, server) = server;
    let (target, user) = last_word(rest).ok_or_else(|| missing(rest, "a user, or `-`"))?;
    let slash = hierarchy(server).filter(|_| !target.is_empty());
    let slash = slash.ok_or_else(|| missing(rest, "a hierarchy code and a peer, such as HIER_DIRECT/192.0.2.1"))?;
    found.keep(USER, user);
    found.keep(HIERARCHY, &server[..slash]);
    found.keep(PEER, &server[slash + 1..]);
    found.keep(CONTENT_TYPE, content_type);
    Ok(target)
}

/// Where the slash is between a hierarchy code, which is in capitals, and a peer.
fn hierarchy(text: &[u8]) -> Option<usize> {
    let code =
        text.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_').count();
    (code > 0 && text.get(code) == Some(&b'/')).then_some(code)
}

/// The last word, and what comes before the spaces before it.
fn last_word(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memrchr(b' ', input).filter(|at| at + 1 < input.len())?;
    let before = input[..space].iter().rev().take_while(|&&byte| byte == b' ').count();
    Some((&input[..space - before], &input[space + 1..]))
}
