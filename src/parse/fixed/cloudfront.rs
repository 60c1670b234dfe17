//! The standard log files of CloudFront.
//!
//! ```text
//! #Version: 1.0
//! #Fields: date time x-edge-location sc-bytes c-ip cs-method …
//! date TAB time TAB x-edge-location TAB …        33 columns today, 12 in the oldest files, each may be `-`
//! ```
//!
//! Source: "Standard logging reference" in CloudFront's documentation. Names are CloudFront's in snake case without the
//! prefix of canonical ones: `client` (c-ip), `method`, `path` (cs-uri-stem), `query`, `status`, `bytes` (sc-bytes),
//! `referrer`, `user_agent`, `protocol` (cs-protocol-version); `host` is the name that the viewer asked for
//! (x-host-header), `cs_host` the distribution's own.
//!
//! Promises: a line that begins with `#` is the format's own, not a record. Texts stay URL-encoded, as they are written.
//! Columns behind the last that is known are passed over. Does not: follow `#Fields:`; a file with other columns needs a
//! pattern with `w3c`.

use super::found::Found;
use super::{Field, Kind};
use crate::parse::mismatch::Mismatch;

const DATE: usize = 0;
const CLOCK: usize = 1;
const STATUS: usize = 8;
/// Up to the query.
const REQUIRED: usize = 12;
const COLUMNS: usize = 33;
/// Made of the first two columns, which are UTC.
const TIME: usize = COLUMNS;

pub(super) const FIELDS: [Field; COLUMNS + 1] = [
    ("date", Kind::Text),
    ("time_of_day", Kind::Text),
    ("x_edge_location", Kind::Text),
    ("bytes", Kind::Integer),
    ("client", Kind::Text),
    ("method", Kind::Text),
    ("cs_host", Kind::Text),
    ("path", Kind::Text),
    ("status", Kind::Integer),
    ("referrer", Kind::Text),
    ("user_agent", Kind::Text),
    ("query", Kind::Text),
    ("cs_cookie", Kind::Text),
    ("x_edge_result_type", Kind::Text),
    ("x_edge_request_id", Kind::Text),
    ("host", Kind::Text),
    ("cs_protocol", Kind::Text),
    ("cs_bytes", Kind::Integer),
    ("time_taken", Kind::Number),
    ("x_forwarded_for", Kind::Text),
    ("ssl_protocol", Kind::Text),
    ("ssl_cipher", Kind::Text),
    ("x_edge_response_result_type", Kind::Text),
    ("protocol", Kind::Text),
    ("fle_status", Kind::Text),
    ("fle_encrypted_fields", Kind::Text),
    ("c_port", Kind::Integer),
    ("time_to_first_byte", Kind::Number),
    ("x_edge_detailed_result_type", Kind::Text),
    ("sc_content_type", Kind::Text),
    ("sc_content_len", Kind::Integer),
    ("sc_range_start", Kind::Text),
    ("sc_range_end", Kind::Text),
    ("time", Kind::Rfc3339),
];

pub(super) fn read(found: &mut Found<'_, '_>) -> Result<(), Mismatch> {
    let line = found.line();
    if line.first() == Some(&b'#') {
        return Err(Mismatch::directive());
    }
    let mut columns = line.split(|&byte| byte == b'\t');
    let mut first: [&[u8]; 2] = [&[], &[]];
    for field in 0..COLUMNS {
        let Some(text) = columns.next() else {
            if field < REQUIRED {
                return Err(Mismatch::said(line.len(), "a tab and more columns"));
            }
            break;
        };
        if let Some(wrong) = is_wrong(field, text) {
            return Err(Mismatch::said(found.offset(text), wrong));
        }
        if let Some(place) = first.get_mut(field) {
            *place = text;
        }
        found.keep(field, text);
    }
    found.build(TIME, &[first[DATE], b"T", first[CLOCK], b"Z"]);
    Ok(())
}

/// What is expected instead, where the text does not fit the column.
fn is_wrong(field: usize, text: &[u8]) -> Option<&'static str> {
    let all_digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    match (field, text) {
        (DATE, [_, _, _, _, b'-', _, _, b'-', _, _]) | (CLOCK, [_, _, b':', _, _, b':', _, _]) => None,
        (DATE, _) => Some("a date such as 2026-11-23"),
        (CLOCK, _) => Some("a time of day such as 10:00:00"),
        (STATUS, text) if text != b"-" && !all_digits(text) => Some("a status, or `-`"),
        _ => None,
    }
}
