//! Syslog as RFC 3164 describes it, and as files of syslog daemons have it.
//!
//! ```text
//! line    = ["<" PRI ">"] [DEVICE] TIME [":"] " " [HOST " "] [TAG " "] MESSAGE
//! TIME    = "Nov 23 10:00:00" with or without a fraction, a year or a zone | ISO 8601 (rsyslog's file format)
//! TAG     = APP ":" | APP "[" PROCID "]" [":"]
//! DEVICE  = [sequence ": "] [HOST ": "] ["*" | "."]      as Cisco's devices write it
//! ```
//!
//! Source: RFC 3164, section 4; the file formats of rsyslog, syslog-ng and sysklogd; Cisco's system message guides.
//!
//! Promises: the first word is the host, unless it is a tag. A tag is a word that ends with a colon or with an id in
//! brackets; also a plain name before text in brackets. The tag may hold any character but a space. One space after the tag
//! is left out, all others are the message's own. `last message repeated …` has no tag. An ISO time may also be followed by
//! what RFC 5424 has from the host on. Does not: know zones by letters beside UTC and GMT: such a time is in the source's
//! zone.

use super::found::Found;
use super::rfc5424;
use super::syslog::{APP, FIELDS, HOST, MESSAGE, PROCID, TIME, keep_pri, pri};
use super::token::{Read, expected, word};
use crate::parse::mismatch::Mismatch;
use crate::parse::time::{bsd_len, iso_len};

/// `keys`: see [`rfc5424::read`].
pub(super) fn read(found: &mut Found<'_, '_>, keys: &[Vec<u8>]) -> Result<(), Mismatch> {
    line(found.line(), found, keys).map(|_| ()).map_err(|err| found.mismatch(&err))
}

fn line<'l>(input: &'l [u8], found: &mut Found<'_, 'l>, keys: &[Vec<u8>]) -> Read<'l, ()> {
    let mut rest = input;
    if input.first() == Some(&b'<') {
        let (after, number) = pri(input)?;
        keep_pri(found, number);
        rest = after;
    }
    let (rest, stamp) = stamp(rest)?;
    found.keep(TIME, stamp.time);
    let (rest, _) = separator(rest)?;
    if let Some(host) = stamp.host {
        found.keep(HOST, host);
        tagged(rest, found);
    } else if !(stamp.is_iso && is_rfc5424_tail(rest, found, keys)) {
        host_and_rest(rest, found)?;
    }
    Ok((&[], ()))
}

/// A time, and what devices write before it.
struct Stamp<'l> {
    time: &'l [u8],
    host: Option<&'l [u8]>,
    is_iso: bool,
}

fn stamp(input: &[u8]) -> Read<'_, Stamp<'_>> {
    let what = "a time such as `Nov 23 10:00:00` or 2026-11-23T10:00:00Z";
    if let Some((rest, time, is_iso)) = time(input) {
        return Ok((rest, Stamp { time, host: None, is_iso }));
    }
    let (mut rest, mut host) = (input, None);
    // A sequence number and a name, each with a colon and a space.
    for _ in 0..2 {
        let Ok((after, text)) = word(rest, what) else { break };
        let Some(text) = text.strip_suffix(b":").filter(|text| !text.is_empty()) else { break };
        if !text.iter().all(u8::is_ascii_digit) {
            host = Some(text);
        }
        rest = after.strip_prefix(b" ").unwrap_or(after);
    }
    // Whether the device's clock is set.
    rest = rest.strip_prefix(b"*").or_else(|| rest.strip_prefix(b".")).unwrap_or(rest);
    match time(rest) {
        Some((rest, time, is_iso)) => Ok((rest, Stamp { time, host, is_iso })),
        None => Err(expected(input, what)),
    }
}

fn time(input: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    let is_iso = input.get(4) == Some(&b'-');
    let (time, rest) = input.split_at_checked(if is_iso { iso_len(input) } else { bsd_len(input) }?)?;
    Some((rest, time, is_iso))
}

/// A colon, with a zone's letters before it or without, and spaces.
fn separator(input: &[u8]) -> Read<'_> {
    let letters = input.strip_prefix(b" ").unwrap_or_default();
    let zone = letters.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let rest = match letters.get(zone) {
        Some(b':') if (3..=5).contains(&zone) => &letters[zone + 1..],
        _ => input.strip_prefix(b":").unwrap_or(input),
    };
    let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
    if spaces == 0 || spaces == rest.len() {
        return Err(expected(rest, "a space and a host name or a tag"));
    }
    Ok((&rest[spaces..], &rest[..spaces]))
}

/// Whether this is `HOST APP PROCID MSGID DATA MESSAGE`, with a number or nothing for the process: then it is kept.
fn is_rfc5424_tail<'l>(input: &'l [u8], found: &mut Found<'_, 'l>, keys: &[Vec<u8>]) -> bool {
    let mut words = input.splitn(4, |&byte| byte == b' ');
    let (Some(host), Some(app), Some(procid)) = (words.next(), words.next(), words.next()) else { return false };
    let is_id = procid == b"-" || (!procid.is_empty() && procid.iter().all(u8::is_ascii_digit));
    if !is_id || app.ends_with(b":") || host.ends_with(b":") {
        return false;
    }
    let matches = rfc5424::after_host(&input[host.len() + 1..], found, keys).is_ok();
    if matches {
        found.keep(HOST, host);
    } else {
        found.forget_keys(FIELDS.len());
    }
    matches
}

fn host_and_rest<'l>(whole: &'l [u8], found: &mut Found<'_, 'l>) -> Result<(), nom::Err<super::token::Wrong>> {
    let repeated: [&[u8]; 3] = [b"last message repeated ", b"message repeated ", b"--- last message repeated "];
    if repeated.iter().any(|beginning| whole.starts_with(beginning)) {
        found.keep(MESSAGE, whole);
        return Ok(());
    }
    // AIX names the host so.
    let input = whole.strip_prefix(b"Message forwarded from ").unwrap_or(whole);
    let is_forwarded = input.len() < whole.len();
    let (rest, first) = word(input, "a host name or a tag")?;
    let after = rest.strip_prefix(b" ").unwrap_or(rest);
    // Cisco's firewalls write a colon after their name, some with a space before it.
    let firewall =
        first.strip_suffix(b":").filter(|_| is_forwarded || (after.starts_with(b"%") && !first.starts_with(b"%")));
    let after_colon = after.strip_prefix(b": ").filter(|rest| rest.starts_with(b"%"));
    match (firewall, after_colon) {
        (Some(host), _) => {
            found.keep(HOST, host);
            tagged(after, found);
        }
        (None, Some(after)) => {
            found.keep(HOST, first);
            tagged(after, found);
        }
        (None, None) => {
            if let Some(tag) = tag(input).filter(|tag| tag.is_certain) {
                keep_tag(&tag, found);
            } else {
                found.keep(HOST, first);
                tagged(after, found);
            }
        }
    }
    Ok(())
}

/// A tag, where there is one, and the message.
fn tagged<'l>(input: &'l [u8], found: &mut Found<'_, 'l>) {
    match tag(input) {
        Some(tag) => keep_tag(&tag, found),
        None => found.keep(MESSAGE, input),
    }
}

struct Tag<'l> {
    app: &'l [u8],
    procid: Option<&'l [u8]>,
    message: &'l [u8],
    /// It cannot be a host name.
    is_certain: bool,
}

fn keep_tag<'l>(tag: &Tag<'l>, found: &mut Found<'_, 'l>) {
    found.keep(APP, tag.app);
    if let Some(procid) = tag.procid {
        found.keep(PROCID, procid);
    }
    found.keep(MESSAGE, tag.message);
}

fn tag(input: &[u8]) -> Option<Tag<'_>> {
    let end = memchr::memchr(b' ', input).unwrap_or(input.len());
    let (word, rest) = input.split_at_checked(end)?;
    let after = rest.strip_prefix(b" ").unwrap_or(rest);
    let body = word.strip_suffix(b":").filter(|body| !body.is_empty());
    if let Some((app, procid)) = id_at_end(body.unwrap_or(word)) {
        return Some(Tag { app, procid: Some(procid), message: after, is_certain: true });
    }
    if let Some(app) = body {
        return Some(Tag { app, procid: None, message: after, is_certain: true });
    }
    // No space after the colon.
    if let Some(colon) = memchr::memmem::find(word, b"]:")
        && let Some((app, procid)) = id_at_end(&word[..=colon])
    {
        return Some(Tag { app, procid: Some(procid), message: &input[colon + 2..], is_certain: true });
    }
    let plain = word.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(byte)).count();
    let begins_a_name = word.first().is_some_and(u8::is_ascii_alphabetic);
    match word.get(plain) {
        Some(b':') if begins_a_name && !matches!(word.get(plain + 1), None | Some(b'/' | b':')) => {
            Some(Tag { app: &word[..plain], procid: None, message: &input[plain + 1..], is_certain: false })
        }
        None if begins_a_name && after.starts_with(b"[") => {
            Some(Tag { app: word, procid: None, message: after, is_certain: false })
        }
        _ => None,
    }
}

/// `app[id]`.
fn id_at_end(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_suffix(b"]")?;
    let open = memchr::memrchr(b'[', inside).filter(|open| *open > 0 && open + 1 < inside.len())?;
    Some((&inside[..open], &inside[open + 1..]))
}
