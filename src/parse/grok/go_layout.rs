//! Go's time layouts, `02/Jan/2006:15:04:05 -0700`, as strptime formats.
//!
//! Source: the constants of Go's package `time`: the parts of Mon Jan 2 15:04:05 MST 2006.

use crate::parse::template::Problem;
use crate::parse::time::TimeFormat;

/// Parts of a layout, each before those that it begins with.
const PARTS: [(&str, &str); 34] = [
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("2006", "%Y"),
    ("-07:00:00", "%::z"),
    ("-07:00", "%:z"),
    ("-0700", "%z"),
    ("Z07:00", "%:z"),
    ("Z0700", "%z"),
    (".000000000", "%.f"),
    (".000000", "%.f"),
    (".000", "%.f"),
    (".00", "%.f"),
    (".0", "%.f"),
    (".999999999", "%.f"),
    (".999999", "%.f"),
    (".999", "%.f"),
    (".99", "%.f"),
    (".9", "%.f"),
    ("002", "%j"),
    ("01", "%m"),
    ("02", "%d"),
    ("_2", "%e"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("PM", "%p"),
    ("1", "%m"),
    ("2", "%d"),
    ("3", "%I"),
    ("4", "%M"),
];

/// `Err`: what is wrong with it, and what to do.
pub(super) fn format(layout: &str) -> Result<TimeFormat, Problem> {
    let mut format = String::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("MST") {
            let help = "take the time without its zone, or log the zone as an offset: -0700";
            return Err((format!("`MST` of the layout `{layout}` names a zone by letters"), help.to_owned()));
        }
        let part = PARTS.iter().find(|(part, _)| rest.starts_with(part));
        if let Some((part, means)) = part {
            format += means;
            rest = &rest[part.len()..];
            continue;
        }
        match first {
            '5' => format += "%S",
            '%' => format += "%%",
            _ => format.push(first),
        }
        rest = &rest[first.len_utf8()..];
    }
    TimeFormat::from_spec(&format)
}
