//! HAProxy's own formats for HTTP and TCP: what `option httplog`, `option httpslog` and `option tcplog` write.
//!
//! ```text
//! http  client:port [time] frontend backend/server 0/1/2/3/6 200 512 - - ---- 1/1/0/0/0 0/0 {request headers} {response headers} "request"
//! https the same, and then: 0/0000000000000000/0/0/0 name/TLSv1.3/TLS_AES_256_GCM_SHA384
//! tcp   client:port [time] frontend backend/server 1/2/6 512 -- 1/1/0/0/0 0/0
//! ```
//!
//! Source: the configuration manual of HAProxy, chapter 8.2. Field names are those of templates, see
//! `parse::template::haproxy`.
//!
//! Promises: a syslog header in front is read over (its host and process are fields), also when only the process name is
//! there. What HAProxy writes for "none" is absent: a time of `-1`, a status of `-1`, the server `<NOSRV>`. The `+` of a number
//! that is not final is no part of it. A request that syslog cut off, without its closing quote at the line's end, is
//! given as it stands. One word more between the server and the times is read over. HAProxy encodes quotes in requests and quotes, braces and bars in headers: these cannot be forged.
//!
//! Does not: read lines of connections that failed before a request (`Connect from …`, `… SSL handshake failure`), or other
//! formats; for these there are templates.

mod header;

use nom::bytes::complete::{tag, take_while1};
use nom::combinator::opt;
use nom::sequence::terminated;
use nom::{Offset, Parser};

use super::capture::Capture;
use super::catalogue::Known;
use super::grammar::{Read, Wrong, expected, mismatch};
use super::mismatch::Mismatch;
use super::time::TimeFormat;
use crate::model::fields::FieldType;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haproxy {
    Http,
    Tcp,
}

type Field = (&'static str, FieldType);

use FieldType::{Integer, Text};

/// What both begin with.
const FIRST: [Field; 10] = [
    ("hostname", Text),
    ("process_name", Text),
    ("pid", Integer),
    ("remote_addr", Text),
    ("remote_port", Integer),
    ("time", FieldType::Time),
    ("frontend_name_transport", Text),
    ("frontend_name", Text),
    ("backend_name", Text),
    ("server_name", Text),
];

const HTTP_TIMES: [Field; 5] = [
    ("time_receive_ms", Integer),
    ("time_queue_ms", Integer),
    ("time_connect_ms", Integer),
    ("time_response_ms", Integer),
    ("time_active_ms", Integer),
];
const TCP_TIMES: [Field; 3] = [("time_queue_ms", Integer), ("time_connect_ms", Integer), ("time_total_ms", Integer)];

const HTTP_COOKIES: [Field; 2] = [("captured_request_cookie", Text), ("captured_response_cookie", Text)];

const COUNTS: [Field; 7] = [
    ("actconn", Integer),
    ("feconn", Integer),
    ("beconn", Integer),
    ("srv_conn", Integer),
    ("retries", Integer),
    ("srv_queue", Integer),
    ("backend_queue", Integer),
];

const HTTP_LAST: [Field; 9] = [
    ("request", Text),
    ("fc_err", Text),
    ("ssl_fc_err", Text),
    ("ssl_c_err", Text),
    ("ssl_c_ca_err", Text),
    ("ssl_fc_is_resumed", Text),
    ("ssl_fc_sni", Text),
    ("ssl_version", Text),
    ("ssl_ciphers", Text),
];

/// Captured headers that have a field of their own, of the request and of the response. They are given by their place:
/// a line does not name them.
const HEADERS: usize = 8;

const fn kept(name: &'static str) -> Field {
    (name, Text)
}

impl Haproxy {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        match name {
            "haproxy_http" => Some(Self::Http),
            "haproxy_tcp" => Some(Self::Tcp),
            _ => None,
        }
    }

    pub(super) fn known(self) -> Vec<Known> {
        let fields: Vec<Field> = match self {
            Self::Http => [
                &FIRST[..],
                &HTTP_TIMES,
                &[("status", Integer), ("bytes_sent", Integer)],
                &HTTP_COOKIES,
                &[kept("termination_state")],
                &COUNTS,
                &HTTP_LAST,
                &[kept("captured_request_headers"), kept("captured_response_headers")],
            ]
            .concat(),
            Self::Tcp => {
                [&FIRST[..], &TCP_TIMES, &[("bytes_sent", Integer), kept("termination_state")], &COUNTS].concat()
            }
        };
        let known = |(name, kind): Field| {
            let time = (kind == FieldType::Time).then_some(TimeFormat::ClfLocal);
            Known { name: name.to_owned(), kind, time }
        };
        let mut known: Vec<Known> = fields.into_iter().map(known).collect();
        if self == Self::Http {
            for of in ["request", "response"] {
                known.extend((1..=HEADERS).map(|number| {
                    let name = format!("captured_{of}_header_{number}");
                    Known { name, kind: Text, time: None }
                }));
            }
        }
        known
    }

    pub(super) fn read(self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        let mut kept = Kept { line, captures, next: 0 };
        let rest = match self {
            Self::Http => http(line, &mut kept),
            Self::Tcp => tcp(line, &mut kept),
        };
        match rest.map_err(|err| mismatch(line.len(), &err))? {
            [] => Ok(()),
            rest => Err(Mismatch::said(line.len() - rest.len(), "the end of the line")),
        }
    }
}

/// Captures in the order of the fields.
struct Kept<'c, 'l> {
    line: &'l [u8],
    captures: &'c mut [Capture],
    next: usize,
}

impl Kept<'_, '_> {
    /// The next field; `None`: the line does not have it.
    fn keep(&mut self, text: Option<&[u8]>) {
        let capture = text.map_or(Capture::ABSENT, |text| {
            let start = self.line.offset(text);
            Capture::plain(start, start + text.len())
        });
        if let Some(slot) = self.captures.get_mut(self.next) {
            *slot = capture;
        }
        self.next += 1;
    }
}

type Rest<'a> = Result<&'a [u8], nom::Err<Wrong>>;

/// Up to the server.
fn first<'l>(line: &'l [u8], kept: &mut Kept<'_, 'l>) -> Rest<'l> {
    let (rest, header) = header::read(line)?;
    kept.keep(header.hostname);
    kept.keep(header.process);
    kept.keep(header.pid);
    let (rest, address) = terminated(word, tag(&b" ["[..])).parse(rest)?;
    let colon = memchr::memrchr(b':', address).ok_or_else(|| expected(rest, "an address and a port"))?;
    kept.keep(Some(&address[..colon]));
    kept.keep(Some(&address[colon + 1..]));
    let (rest, time) = take_while1(|byte| !matches!(byte, b']' | b' ' | b'"')).parse(rest)?;
    kept.keep(Some(time));
    let (rest, _) = said(b"] ", "`] ` after the time", rest)?;
    let (rest, frontend) = terminated(word, space).parse(rest)?;
    kept.keep(Some(frontend));
    kept.keep(Some(frontend.strip_suffix(b"~").unwrap_or(frontend)));
    let (rest, both) = terminated(word, space).parse(rest)?;
    let slash = memchr::memchr(b'/', both).ok_or_else(|| expected(rest, "a backend and a server"))?;
    kept.keep(Some(&both[..slash]));
    kept.keep(Some(&both[slash + 1..]).filter(|server| server != b"<NOSRV>"));
    Ok(rest)
}

fn http<'l>(line: &'l [u8], kept: &mut Kept<'_, 'l>) -> Rest<'l> {
    let rest = first(line, kept)?;
    let rest = numbers(after_host(rest)?, HTTP_TIMES.len(), kept)?;
    let rest = number(space(rest)?.0, kept)?;
    let rest = number(space(rest)?.0, kept)?;
    let (rest, _) = space(rest)?;
    let mut rest = rest;
    // Two cookies and how the session ended.
    for _ in 0..=HTTP_COOKIES.len() {
        let (after, text) = terminated(word, space).parse(rest)?;
        kept.keep(Some(text));
        rest = after;
    }
    let rest = counts(rest, kept)?;
    let (rest, request_headers) = opt(captured).parse(rest)?;
    let (rest, response_headers) = opt(captured).parse(rest)?;
    let (rest, _) = said(b" \"", "captured headers in braces, or the request in quotes", rest)?;
    let rest = request(rest, kept)?;
    kept.keep(request_headers);
    kept.keep(response_headers);
    for headers in [request_headers, response_headers] {
        let mut each = headers.into_iter().flat_map(|headers| headers.split(|&byte| byte == b'|'));
        for _ in 0..HEADERS {
            kept.keep(each.next().filter(|header| !header.is_empty()));
        }
    }
    Ok(rest)
}

/// Reads over the one word that some sites put between the server and the times: the host that was asked for.
fn after_host(input: &[u8]) -> Rest<'_> {
    let (rest, text) = word(input)?;
    let is_times = text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'/' | b'-' | b'+'));
    if is_times { Ok(input) } else { Ok(space(rest)?.0) }
}

fn tcp<'l>(line: &'l [u8], kept: &mut Kept<'_, 'l>) -> Rest<'l> {
    let rest = first(line, kept)?;
    let rest = numbers(rest, TCP_TIMES.len(), kept)?;
    let rest = number(space(rest)?.0, kept)?;
    let (rest, state) = terminated(word, space).parse(space(rest)?.0)?;
    kept.keep(Some(state));
    counts(rest, kept)
}

/// Connections and retries, and the two queues.
fn counts<'l>(input: &'l [u8], kept: &mut Kept<'_, 'l>) -> Rest<'l> {
    let rest = numbers(input, 5, kept)?;
    numbers(space(rest)?.0, 2, kept)
}

/// The request to its quote, or to the line's end where syslog cut it off; and what `option httpslog` writes after it.
fn request<'l>(input: &'l [u8], kept: &mut Kept<'_, 'l>) -> Rest<'l> {
    let Some(end) = memchr::memchr(b'"', input) else {
        kept.keep(Some(input));
        (0..8).for_each(|_| kept.keep(None));
        return Ok(&[]);
    };
    kept.keep(Some(&input[..end]));
    let rest = &input[end + 1..];
    if rest.is_empty() {
        (0..8).for_each(|_| kept.keep(None));
        return Ok(rest);
    }
    let (rest, _) = space(rest)?;
    let (after, errors) = terminated(word, space).parse(rest)?;
    let mut errors = errors.split(|&byte| byte == b'/');
    for _ in 0..5 {
        kept.keep(Some(errors.next().ok_or_else(|| expected(rest, "five texts with slashes between them"))?));
    }
    // The name is the client's: it is what stands before the last two slashes.
    let mut parts = after.rsplitn(3, |&byte| byte == b'/');
    let (Some(ciphers), Some(version), Some(name), None) = (parts.next(), parts.next(), parts.next(), errors.next())
    else {
        return Err(expected(after, "a server name, a TLS version and ciphers"));
    };
    if after.iter().any(|byte| matches!(byte, b' ' | b'"')) {
        return Err(expected(after, "a server name, a TLS version and ciphers"));
    }
    kept.keep(Some(name));
    kept.keep(Some(version));
    kept.keep(Some(ciphers));
    Ok(&[])
}

fn said<'a>(text: &'static [u8], what: &'static str, input: &'a [u8]) -> Read<'a> {
    tag(text).parse(input).map_err(|_: nom::Err<Wrong>| expected(input, what))
}

fn space(input: &[u8]) -> Read<'_> {
    said(b" ", "a space", input)
}

fn word(input: &[u8]) -> Read<'_> {
    take_while1(|byte| !matches!(byte, b' ' | b'"'))
        .parse(input)
        .map_err(|_: nom::Err<Wrong>| expected(input, "a text without spaces and quotes"))
}

/// ` {a|b}`: headers; braces inside are encoded, spaces are not.
fn captured(input: &[u8]) -> Read<'_> {
    let (inside, _) = said(b" {", "captured headers", input)?;
    match memchr::memchr2(b'}', b'"', inside) {
        Some(end) if inside[end] == b'}' => Ok((&inside[end + 1..], &inside[..end])),
        _ => Err(expected(inside, "the closing brace of captured headers")),
    }
}

/// So many numbers with slashes between them.
fn numbers<'l>(input: &'l [u8], count: usize, kept: &mut Kept<'_, 'l>) -> Rest<'l> {
    let mut rest = number(input, kept)?;
    for _ in 1..count {
        let (after, _) = said(b"/", "`/` between two numbers", rest)?;
        rest = number(after, kept)?;
    }
    Ok(rest)
}

/// Digits, perhaps after a `+`; `-1` and `-` are none.
fn number<'l>(input: &'l [u8], kept: &mut Kept<'_, 'l>) -> Rest<'l> {
    if let Some(rest) = input.strip_prefix(b"-") {
        kept.keep(None);
        return Ok(rest.strip_prefix(b"1").unwrap_or(rest));
    }
    let digits: Read<'_> =
        take_while1(|byte: u8| byte.is_ascii_digit()).parse(input.strip_prefix(b"+").unwrap_or(input));
    let (rest, digits) = digits.map_err(|_| expected(input, "a number or `-1`"))?;
    kept.keep(Some(digits));
    Ok(rest)
}

#[cfg(test)]
mod tests;
