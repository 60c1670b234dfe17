//! Syslog as RFC 5424 writes it.
//!
//! ```text
//! line    = "<" PRI ">" VERSION " " TIME " " HOST " " APP " " PROCID " " MSGID " " DATA [" " MESSAGE]
//! VERSION = 1 to 999      TIME = "-" | RFC 3339 with "T", "Z" or an offset, and at most six digits of a second
//! HOST, APP, PROCID, MSGID = "-" | printable ASCII, at most 255, 48, 128 and 32 characters
//! DATA    = "-" | 1*( "[" ID *( " " PARAM "=" <"> VALUE <"> ) "]" )
//! VALUE   = UTF-8 in which `"`, `\` and `]` have a backslash before them
//! ```
//!
//! Source: RFC 5424, section 6. Promises: a line that breaks this grammar is refused, save in five ways that programs in use
//! write: a 60th second, spaces after a parameter's `=`, a value that is a plain word without quotes, no DATA but two spaces,
//! and more spaces before the message. No two elements have the same id. A message that begins with a byte order mark keeps
//! it, and is UTF-8. A backslash before another character in a value stands for itself, as the RFC says. Of a parameter that
//! comes twice the last counts. Does not: undo the escapes in values.

use super::found::Found;
use super::syslog::{APP, FIELDS, HOST, MESSAGE, MSGID, PROCID, STRUCTURED_DATA, TIME, VERSION, keep_pri, pri};
use super::token::{Read, digits, expected, space, word};
use crate::parse::capture::Capture;
use crate::parse::mismatch::Mismatch;
use crate::parse::time::is_rfc5424;

const HOST_LEN: usize = 255;
const APP_LEN: usize = 48;
const PROCID_LEN: usize = 128;
const MSGID_LEN: usize = 32;
/// Of an element's id and of a parameter's name.
const NAME_LEN: usize = 32;

/// The ids of so many elements are compared with those after them: senders write one to three elements, and a line full of
/// them must not cost more than its length.
const COMPARED: usize = 16;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// `keys`: the parameters of structured data that are wanted, as `ID.PARAM`.
pub(super) fn read(found: &mut Found<'_, '_>, keys: &[Vec<u8>]) -> Result<(), Mismatch> {
    line(found.line(), found, keys).map(|_| ()).map_err(|err| found.mismatch(&err))
}

fn line<'l>(input: &'l [u8], found: &mut Found<'_, 'l>, keys: &[Vec<u8>]) -> Read<'l, ()> {
    let (rest, number) = pri(input)?;
    keep_pri(found, number);
    let (rest, version) = version(rest)?;
    found.keep(VERSION, version);
    let (rest, time) = time(rest)?;
    found.keep(TIME, time);
    let (rest, _) = space(rest)?;
    let (rest, host) = printable(rest, HOST_LEN, "a host name of at most 255 characters, or `-`")?;
    found.keep(HOST, host);
    let (rest, _) = space(rest)?;
    after_host(rest, found, keys)
}

/// What follows the host: the same in lines that have no priority and version.
pub(super) fn after_host<'l>(input: &'l [u8], found: &mut Found<'_, 'l>, keys: &[Vec<u8>]) -> Read<'l, ()> {
    let (rest, app) = printable(input, APP_LEN, "a program's name of at most 48 characters, or `-`")?;
    let (rest, _) = space(rest)?;
    let (rest, procid) = printable(rest, PROCID_LEN, "a process id of at most 128 characters, or `-`")?;
    let (rest, _) = space(rest)?;
    let (rest, msgid) = printable(rest, MSGID_LEN, "a message id of at most 32 characters, or `-`")?;
    let (data, _) = space(rest)?;
    let (rest, ()) = structured_data(data, found, keys)?;
    let message = message(rest)?;
    found.keep(APP, app);
    found.keep(PROCID, procid);
    found.keep(MSGID, msgid);
    found.keep(STRUCTURED_DATA, &data[..data.len() - rest.len()]);
    if let Some(message) = message {
        found.keep(MESSAGE, message);
    }
    Ok((&[], ()))
}

/// The version and the space after it: what tells this format from RFC 3164's.
pub(super) fn version(input: &[u8]) -> Read<'_> {
    let what = "a version from 1 to 999";
    let (rest, version) = digits(input, what)?;
    if version.len() > 3 || version[0] == b'0' {
        return Err(expected(input, what));
    }
    let (rest, _) = space(rest)?;
    Ok((rest, version))
}

fn time(input: &[u8]) -> Read<'_> {
    let what = "a time such as 2026-11-23T10:00:00.123456Z, or `-`";
    let (rest, time) = word(input, what)?;
    if time == b"-" || is_rfc5424(time) { Ok((rest, time)) } else { Err(expected(input, what)) }
}

fn printable<'l>(input: &'l [u8], longest: usize, what: &'static str) -> Read<'l> {
    let (rest, text) = word(input, what)?;
    if text.len() <= longest && text.iter().all(u8::is_ascii_graphic) {
        Ok((rest, text))
    } else {
        Err(expected(input, what))
    }
}

fn structured_data<'l>(input: &'l [u8], found: &mut Found<'_, 'l>, keys: &[Vec<u8>]) -> Read<'l, ()> {
    match input {
        [b'-', rest @ ..] => Ok((rest, ())),
        // Left out, with the space before the message still there.
        [b' ', ..] => Ok((input, ())),
        [b'[', ..] => {
            let mut rest = input;
            let mut seen: [&[u8]; COMPARED] = [b""; COMPARED];
            let mut count = 0;
            while let [b'[', inside @ ..] = rest {
                let (after, id) = name(inside, "an element's id")?;
                if seen.contains(&id) {
                    return Err(expected(inside, "the id of an element only once"));
                }
                if let Some(slot) = seen.get_mut(count) {
                    *slot = id;
                }
                count += 1;
                rest = element(after, id, found, keys)?.0;
            }
            Ok((rest, ()))
        }
        _ => Err(expected(input, "structured data in square brackets, or `-`")),
    }
}

/// From an element's id to the bracket that closes the element.
fn element<'l>(input: &'l [u8], id: &[u8], found: &mut Found<'_, 'l>, keys: &[Vec<u8>]) -> Read<'l, ()> {
    let mut rest = input;
    loop {
        match rest {
            [b']', after @ ..] => return Ok((after, ())),
            [b' ', after @ ..] => {
                let (after, parameter) = name(after, "a parameter's name")?;
                let after = after.strip_prefix(b"=").ok_or_else(|| expected(after, "`=`"))?;
                let (after, value) = value(after.trim_ascii_start())?;
                for (index, key) in keys.iter().enumerate() {
                    if is_key(key, id, parameter) {
                        let start = found.offset(value);
                        found.set(FIELDS.len() + index, Capture::plain(start, start + value.len()));
                    }
                }
                rest = after;
            }
            _ => return Err(expected(rest, "a space and a parameter, or `]`")),
        }
    }
}

fn is_key(key: &[u8], id: &[u8], parameter: &[u8]) -> bool {
    let rest = key.strip_prefix(id).and_then(|rest| rest.strip_prefix(b"."));
    rest == Some(parameter)
}

fn name<'l>(input: &'l [u8], what: &'static str) -> Read<'l> {
    let is_part = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'=' | b']' | b'"');
    let len = input.iter().take_while(|byte| is_part(byte)).count();
    if (1..=NAME_LEN).contains(&len) { Ok((&input[len..], &input[..len])) } else { Err(expected(input, what)) }
}

/// A value in quotes, without them; or a plain word.
fn value(input: &[u8]) -> Read<'_> {
    let Some(text) = input.strip_prefix(b"\"") else {
        let is_plain = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.:/-".contains(byte);
        let len = input.iter().take_while(is_plain).count();
        let (value, rest) = input.split_at(len);
        return if len > 0 { Ok((rest, value)) } else { Err(expected(input, "a value in quotes")) };
    };
    let mut at = 0;
    loop {
        let Some(next) = text.get(at..).and_then(|rest| memchr::memchr3(b'"', b'\\', b']', rest)) else {
            return Err(expected(&text[text.len()..], "a closing quote"));
        };
        at += next;
        match text[at] {
            b'"' => break,
            b']' => return Err(expected(&text[at..], "a backslash before `]` in a value")),
            // Another character after it leaves the backslash as it is.
            _ => at += 1 + usize::from(matches!(text.get(at + 1), Some(b'"' | b'\\' | b']'))),
        }
    }
    if std::str::from_utf8(&text[..at]).is_err() {
        return Err(expected(text, "a value in UTF-8"));
    }
    Ok((&text[at + 1..], &text[..at]))
}

/// `None` where the line has none.
fn message(rest: &[u8]) -> Result<Option<&[u8]>, nom::Err<super::token::Wrong>> {
    let message = match rest {
        [] => return Ok(None),
        [b' ', message @ ..] => message,
        _ => return Err(expected(rest, "a space and the message, or the end of the line")),
    };
    let spaces = message.iter().take_while(|&&byte| byte == b' ').count();
    let message = &message[spaces..];
    if message.starts_with(BYTE_ORDER_MARK) && std::str::from_utf8(message).is_err() {
        return Err(expected(message, "UTF-8 after the byte order mark"));
    }
    Ok(Some(message))
}
