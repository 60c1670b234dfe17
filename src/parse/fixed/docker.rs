//! The files of Docker's `json-file` log driver, which is the default.
//!
//! ```text
//! {"log":"…\n","stream":"stdout","attrs":{…},"time":"2026-11-23T10:00:00.123456789Z"}
//! ```
//!
//! Source: Docker's documentation of the JSON File logging driver. Promises: any JSON object with a text `log` is of this
//! format. The message is the text without the newline at its end (nor a carriage return before that); one without a
//! newline goes on in the next line of the same stream: `partial`. Does not: give keys beside these; a pattern with
//! `json` does.

use super::found::Found;
use super::{Field, Kind};
use crate::parse::capture::{Capture, Form};
use crate::parse::json::{JsonReader, Path};
use crate::parse::mismatch::Mismatch;

const MESSAGE: usize = 0;
const PARTIAL: usize = 4;

pub(super) const FIELDS: [Field; 5] = [
    ("message", Kind::Text),
    ("stream", Kind::Text),
    ("time", Kind::Rfc3339),
    ("attrs", Kind::Text),
    ("partial", Kind::Boolean),
];

/// The keys of the first captures, in their order.
const KEYS: [&str; 4] = ["log", "stream", "time", "attrs"];

pub(super) fn keys() -> JsonReader {
    JsonReader::new(&KEYS.map(Path::key))
}

/// `json` is a reader of [`keys`].
pub(super) fn read(json: &mut JsonReader, found: &mut Found<'_, '_>) -> Result<(), Mismatch> {
    let line = found.line();
    let captures = found.captures().get_mut(..PARTIAL).unwrap_or_default();
    json.read(line, captures)?;
    let Some(&Capture { start, end, form }) = captures.get(MESSAGE) else {
        return Err(Mismatch::said(line.len(), "a key `log`"));
    };
    let (start, mut end) = (start as usize, end as usize);
    let is_text = start > 0 && line.get(start - 1) == Some(&b'"');
    if form == Form::Absent || !is_text {
        return Err(Mismatch::said(start, "a key `log` with a text"));
    }
    let whole = without_escape(line, start, end, b'n');
    if let Some(before) = whole {
        end = without_escape(line, start, before, b'r').unwrap_or(before);
    }
    let message = match form {
        Form::Escaped => Capture::escaped(start, end),
        _ => Capture::plain(start, end),
    };
    found.set(MESSAGE, message);
    found.build(PARTIAL, &[if whole.is_none() { b"true" } else { b"false" }]);
    Ok(())
}

/// Where the text would end without the escape `\letter` that ends it. A backslash before the escape's own is the second
/// of a pair only if their number is even.
fn without_escape(line: &[u8], start: usize, end: usize, letter: u8) -> Option<usize> {
    let text = line.get(start..end)?;
    let before = text.strip_suffix(&[b'\\', letter])?;
    let backslashes = before.iter().rev().take_while(|&&byte| byte == b'\\').count();
    backslashes.is_multiple_of(2).then_some(start + before.len())
}
