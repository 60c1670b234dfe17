//! The log files of containers under Kubernetes, as containerd and CRI-O write them.
//!
//! ```text
//! line   = time " " stream " " tags [" " message]
//! time   = RFC 3339 with a fraction and a zone
//! stream = "stdout" | "stderr"
//! tags   = ("F" | "P") *(":" tag)     P: the line goes on in the next line of the same stream
//! ```
//!
//! Source: the log format of Kubernetes' container runtime interface (`kubelet/pkg/cri`, design document
//! "kubelet-cri-logging"). Promises: the message is all that follows, spaces and bytes as they are; it may be empty.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;

use super::found::Found;
use super::token::{Read, Wrong, expected, space, word};
use super::{Field, Kind};
use crate::parse::mismatch::Mismatch;
use crate::parse::time::has_iso_shape;

const TIME: usize = 0;
const STREAM: usize = 1;
const LOGTAG: usize = 2;
const PARTIAL: usize = 3;
const MESSAGE: usize = 4;

pub(super) const FIELDS: [Field; 5] = [
    ("time", Kind::Rfc3339),
    ("stream", Kind::Text),
    ("logtag", Kind::Text),
    ("partial", Kind::Boolean),
    ("message", Kind::Text),
];

struct Line<'l> {
    time: &'l [u8],
    stream: &'l [u8],
    tags: &'l [u8],
    message: &'l [u8],
}

pub(super) fn read(found: &mut Found<'_, '_>) -> Result<(), Mismatch> {
    let (_, line) = line(found.line()).map_err(|err| found.mismatch(&err))?;
    found.keep(TIME, line.time);
    found.keep(STREAM, line.stream);
    found.keep(LOGTAG, line.tags);
    found.build(PARTIAL, &[if line.tags.first() == Some(&b'P') { b"true" } else { b"false" }]);
    found.keep(MESSAGE, line.message);
    Ok(())
}

fn line(input: &[u8]) -> Read<'_, Line<'_>> {
    let (rest, time) = time(input)?;
    let (rest, _) = space(rest)?;
    let (rest, stream) = stream(rest)?;
    let (rest, _) = space(rest)?;
    let (rest, tags) = tags(rest)?;
    let message = rest.strip_prefix(b" ").unwrap_or(rest);
    Ok((&[], Line { time, stream, tags, message }))
}

fn time(input: &[u8]) -> Read<'_> {
    let what = "a time as RFC 3339 writes it";
    let (rest, time) = word(input, what)?;
    if has_iso_shape(time) { Ok((rest, time)) } else { Err(expected(input, what)) }
}

fn stream(input: &[u8]) -> Read<'_> {
    alt((tag(&b"stdout"[..]), tag(&b"stderr"[..])))
        .parse(input)
        .map_err(|_: nom::Err<Wrong>| expected(input, "`stdout` or `stderr`"))
}

fn tags(input: &[u8]) -> Read<'_> {
    let what = "the tag `F` or `P`";
    let (rest, tags) = word(input, what)?;
    match tags {
        [b'F' | b'P'] | [b'F' | b'P', b':', ..] => Ok((rest, tags)),
        _ => Err(expected(input, what)),
    }
}
