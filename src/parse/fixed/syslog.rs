//! Syslog: the fields of its two formats, and which of the two a line is in.
//!
//! Promises: a line with `<PRI>` and a version is of RFC 5424 ([`super::rfc5424`]), every other of RFC 3164 and its
//! cousins ([`super::rfc3164`]). Facility and severity are given by name and by code, both taken from the priority.

use super::found::Found;
use super::token::{Read, digits, expected};
use super::{Field, Kind, rfc3164, rfc5424};
use crate::parse::mismatch::Mismatch;

pub(super) const TIME: usize = 0;
const PRI: usize = 1;
const FACILITY: usize = 2;
const SEVERITY: usize = 3;
const FACILITY_CODE: usize = 4;
const SEVERITY_CODE: usize = 5;
pub(super) const HOST: usize = 6;
pub(super) const APP: usize = 7;
pub(super) const PROCID: usize = 8;
pub(super) const MSGID: usize = 9;
pub(super) const STRUCTURED_DATA: usize = 10;
pub(super) const VERSION: usize = 11;
pub(super) const MESSAGE: usize = 12;

pub(super) const FIELDS: [Field; 13] = [
    ("time", Kind::Syslog),
    ("pri", Kind::Integer),
    ("facility", Kind::Text),
    ("severity", Kind::Text),
    ("facility_code", Kind::Integer),
    ("severity_code", Kind::Integer),
    ("host", Kind::Text),
    ("app", Kind::Text),
    ("procid", Kind::Text),
    ("msgid", Kind::Text),
    ("structured_data", Kind::Text),
    ("version", Kind::Integer),
    ("message", Kind::Text),
];

/// How the names of fields begin that are parameters of structured data: `sd.ID.PARAM`.
pub(super) const KEYS: &str = "sd.";

/// RFC 5424, table 1, as syslog.h and its users write them.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clockd", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// RFC 5424, table 2.
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// The codes as texts: a facility's or a severity's.
const CODES: [&str; 24] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20",
    "21", "22", "23",
];

/// Either format. `keys`: the parameters of structured data that are wanted, as `ID.PARAM`.
pub(super) fn read(found: &mut Found<'_, '_>, keys: &[Vec<u8>]) -> Result<(), Mismatch> {
    match pri(found.line()).and_then(|(rest, _)| rfc5424::version(rest)) {
        Ok(_) => rfc5424::read(found, keys),
        Err(_) => rfc3164::read(found, keys),
    }
}

/// `<PRI>`: facility times eight plus severity, 0 to 191, without leading zeros (RFC 5424, section 6.2.1).
pub(super) fn pri(input: &[u8]) -> Read<'_> {
    let what = "a priority in angle brackets, from <0> to <191>";
    let inside = input.strip_prefix(b"<").ok_or_else(|| expected(input, what))?;
    let (rest, number) = digits(inside, what)?;
    let rest = rest.strip_prefix(b">").ok_or_else(|| expected(input, what))?;
    let is_plain = number.len() <= 3 && (number[0] != b'0' || number.len() == 1);
    if is_plain && value(number) < FACILITIES.len() * SEVERITIES.len() {
        Ok((rest, number))
    } else {
        Err(expected(input, what))
    }
}

/// Of a few digits.
fn value(digits: &[u8]) -> usize {
    digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

/// Keeps what a priority says.
pub(super) fn keep_pri(found: &mut Found<'_, '_>, number: &[u8]) {
    found.keep(PRI, number);
    let (facility, severity) = (value(number) / SEVERITIES.len(), value(number) % SEVERITIES.len());
    let of = |table: &'static [&str], code: usize| table.get(code).copied().unwrap_or_default().as_bytes();
    found.build(FACILITY, &[of(&FACILITIES, facility)]);
    found.build(SEVERITY, &[of(&SEVERITIES, severity)]);
    found.build(FACILITY_CODE, &[of(&CODES, facility)]);
    found.build(SEVERITY_CODE, &[of(&CODES, severity)]);
}
