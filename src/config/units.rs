//! Spans of time and sizes as a person writes them: `250ms`, `1h30m`, `64KiB`.
//!
//! Promises: whole numbers only, exact, nothing wraps. Does not: know limits.

use std::fmt::Write as _;
use std::time::Duration;

const DURATION_UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const SIZE_UNITS: [(&str, u64); 8] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];

/// Reads `1d`, `1h30m`, `250ms`: units from large to small, each once.
pub(super) fn read_duration(text: &str) -> Result<Duration, &'static str> {
    let mut rest = text;
    let mut millis = 0_u64;
    let mut last = u64::MAX;
    if rest.is_empty() {
        return Err("it is empty");
    }
    while !rest.is_empty() {
        let (number, after) = leading_number(rest)?;
        let len = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(len);
        if unit.is_empty() {
            return Err("its unit is missing");
        }
        let Some((_, factor)) = DURATION_UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err("its unit is not known");
        };
        if *factor >= last {
            return Err("units go from large to small, each once");
        }
        last = *factor;
        let part = number.checked_mul(*factor).ok_or(TOO_LARGE)?;
        millis = millis.checked_add(part).ok_or(TOO_LARGE)?;
        rest = after;
    }
    Ok(Duration::from_millis(millis))
}

/// Reads `64KiB`, `10MB`, `512B`.
pub(super) fn read_size(text: &str) -> Result<u64, &'static str> {
    let (number, unit) = leading_number(text)?;
    let unit = unit.trim_start_matches(' ');
    if unit.is_empty() {
        return Err("its unit is missing");
    }
    match SIZE_UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, factor)) => number.checked_mul(*factor).ok_or(TOO_LARGE),
        None => Err("its unit is not known"),
    }
}

const TOO_LARGE: &str = "it is too large";

fn leading_number(text: &str) -> Result<(u64, &str), &'static str> {
    let len = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (digits, rest) = text.split_at(len);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("it does not begin with a number");
    }
    if rest.starts_with(['.', ',']) {
        return Err("only whole numbers are read");
    }
    let number = digits.replace('_', "").parse().map_err(|_| TOO_LARGE)?;
    Ok((number, rest))
}

/// The shortest way to write a span: `1h30m`.
pub(super) fn show_duration(span: Duration) -> String {
    let mut millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in DURATION_UNITS {
        if millis >= factor {
            let _ = write!(text, "{}{unit}", millis / factor);
            millis %= factor;
        }
    }
    text
}

/// The shortest way to write a size: `64KiB`.
pub(super) fn show_size(size: u64) -> String {
    let unit = SIZE_UNITS[..3].iter().find(|(_, factor)| size >= *factor && size.is_multiple_of(*factor));
    let (unit, factor) = unit.copied().unwrap_or(("B", 1));
    format!("{}{unit}", size / factor)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{read_duration, read_size, show_duration, show_size};

    #[track_caller]
    fn check_duration(text: &str, millis: Option<u64>) {
        assert_eq!(read_duration(text).ok(), millis.map(Duration::from_millis), "{text}");
    }

    #[test]
    fn spans_are_read_exactly_and_others_are_refused() {
        for (text, millis) in [
            ("250ms", Some(250)),
            ("0s", Some(0)),
            ("1s", Some(1_000)),
            ("15m", Some(900_000)),
            ("6h", Some(21_600_000)),
            ("1d", Some(86_400_000)),
            ("1h30m", Some(5_400_000)),
            ("1d2h3m4s5ms", Some(93_784_005)),
            ("1_000ms", Some(1_000)),
            ("", None),
            ("1", None),
            ("s", None),
            ("1.5h", None),
            ("1h 30m", None),
            ("30m1h", None),
            ("1m1m", None),
            ("1w", None),
            ("1H", None),
            ("-1s", None),
            ("_1s", None),
            ("18446744073709551615d", None),
            ("18446744073709551615ms", Some(u64::MAX)),
            ("18446744073709551616ms", None),
            ("1d18446744073709551615ms", None),
            ("1é", None),
        ] {
            check_duration(text, millis);
        }
    }

    #[track_caller]
    fn check_size(text: &str, expected: Option<u64>) {
        assert_eq!(read_size(text).ok(), expected, "{text}");
    }

    #[test]
    fn sizes_are_read_exactly_and_others_are_refused() {
        for (text, size) in [
            ("0B", Some(0)),
            ("1MiB", Some(1_048_576)),
            ("64KiB", Some(65_536)),
            ("64 KiB", Some(65_536)),
            ("10MB", Some(10_000_000)),
            ("1GiB", Some(1 << 30)),
            ("5kB", Some(5_000)),
            ("5", None),
            ("5TB", None),
            ("1.5MiB", None),
            ("MiB", None),
            ("18446744073709551615KiB", None),
        ] {
            check_size(text, size);
        }
    }

    proptest! {
        #[test]
        fn a_shown_span_is_read_back(millis in any::<u64>()) {
            let span = Duration::from_millis(millis);
            prop_assert_eq!(read_duration(&show_duration(span)), Ok(span));
        }

        #[test]
        fn a_shown_size_is_read_back(size in any::<u64>()) {
            prop_assert_eq!(read_size(&show_size(size)), Ok(size));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            let _ = (read_duration(&text), read_size(&text));
        }
    }
}
