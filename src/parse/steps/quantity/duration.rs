//! Spans of time: `1.5ms`, `1h2m3s`, `00:00:01.5`, `PT1.5S`, `12` in a unit that is said.

use super::{Femto, ONE, number_len, product, write};
use crate::model::step::TimeUnit;

/// Units by the names that programs write, letters in lower case.
const UNITS: &[(TimeUnit, &[&str])] = &[
    (TimeUnit::Nanosecond, &["ns", "nsec", "nanos", "nanosecond", "nanoseconds"]),
    (TimeUnit::Microsecond, &["us", "µs", "μs", "usec", "micros", "microsecond", "microseconds"]),
    (TimeUnit::Millisecond, &["ms", "msec", "millis", "millisecond", "milliseconds"]),
    (TimeUnit::Second, &["s", "sec", "secs", "second", "seconds"]),
    (TimeUnit::Minute, &["m", "min", "mins", "minute", "minutes"]),
    (TimeUnit::Hour, &["h", "hr", "hrs", "hour", "hours"]),
    (TimeUnit::Day, &["d", "day", "days"]),
];

const fn length(unit: TimeUnit) -> Femto {
    match unit {
        TimeUnit::Nanosecond => ONE / 1_000_000_000,
        TimeUnit::Microsecond => ONE / 1_000_000,
        TimeUnit::Millisecond => ONE / 1_000,
        TimeUnit::Second => ONE,
        TimeUnit::Minute => 60 * ONE,
        TimeUnit::Hour => 3_600 * ONE,
        TimeUnit::Day => DAY,
    }
}

const DAY: Femto = 86_400 * ONE;
const WEEK: Femto = 7 * DAY;

/// Appends the seconds; `None` where the text is no span of time. `bare`: the unit of a number alone.
pub(in crate::parse::steps) fn seconds(text: &[u8], bare: Option<TimeUnit>, out: &mut Vec<u8>) -> Option<()> {
    let text = text.trim_ascii();
    let (sign, text) = match text {
        [b'-', rest @ ..] => ("-", rest),
        [b'+', rest @ ..] => ("", rest),
        _ => ("", text),
    };
    let value = match text.first()? {
        b'P' | b'p' => iso(&text[1..])?,
        _ if text.contains(&b':') => clock(text)?,
        _ if number_len(text, b".") == text.len() => product(text, length(bare?))?,
        _ => with_units(text)?,
    };
    write(value, sign, out)
}

/// `1h2m3.5s`, `1 day 3 min`: units from large to small, each once, as Go and most libraries write them.
fn with_units(mut text: &[u8]) -> Option<Femto> {
    let mut total: Femto = 0;
    let mut last = Femto::MAX;
    while !text.is_empty() {
        let (number, rest) = text.split_at(number_len(text, b"."));
        let rest = rest.trim_ascii_start();
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).count();
        let (name, rest) = rest.split_at(len);
        let unit = unit_of(name)?;
        if unit >= last {
            return None;
        }
        last = unit;
        total = total.checked_add(product(number, unit)?)?;
        text = rest.trim_ascii_start();
    }
    Some(total)
}

fn unit_of(name: &[u8]) -> Option<Femto> {
    let is_it = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
    if ["w", "week", "weeks"].iter().any(is_it) {
        return Some(WEEK);
    }
    // `M` is a month or a million as often as a minute.
    let (unit, _) = UNITS.iter().find(|(_, names)| names.iter().any(is_it)).filter(|_| name != b"M")?;
    Some(length(*unit))
}

/// `[d.]hh:mm:ss[.fraction]`, as .NET and many others write.
fn clock(text: &[u8]) -> Option<Femto> {
    let mut parts = text.split(|&byte| byte == b':');
    let (first, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let two_digits = |text: &[u8]| text.len() >= 2 && text[..2].iter().all(u8::is_ascii_digit) && text[0] < b'6';
    let seconds_len = seconds.iter().position(|&byte| matches!(byte, b'.' | b',')).unwrap_or(seconds.len());
    if parts.next().is_some() || minutes.len() != 2 || seconds_len != 2 || !two_digits(minutes) || !two_digits(seconds)
    {
        return None;
    }
    let (days, hours) = match first.iter().position(|&byte| byte == b'.') {
        Some(at) => (product(&first[..at], DAY)?, &first[at + 1..]),
        None => (0, first),
    };
    let hours = if hours.contains(&b',') { return None } else { product(hours, 3_600 * ONE)? };
    days.checked_add(hours)?.checked_add(product(minutes, 60 * ONE)?)?.checked_add(product(seconds, ONE)?)
}

/// ISO 8601 after its `P`: weeks, days, and behind a `T` hours, minutes and seconds. Years and months have no length.
fn iso(text: &[u8]) -> Option<Femto> {
    let time = text.iter().position(|byte| matches!(byte, b'T' | b't'));
    let date = iso_parts(&text[..time.unwrap_or(text.len())], &[(b'w', WEEK), (b'd', DAY)])?;
    let Some(time) = time else { return (!text.is_empty()).then_some(date) };
    let units = [(b'h', 3_600 * ONE), (b'm', 60 * ONE), (b's', ONE)];
    let time = (time + 1 < text.len()).then(|| iso_parts(&text[time + 1..], &units))??;
    date.checked_add(time)
}

fn iso_parts(mut text: &[u8], units: &[(u8, Femto)]) -> Option<Femto> {
    let mut units = units.iter();
    let mut total: Femto = 0;
    while !text.is_empty() {
        let (number, rest) = text.split_at(number_len(text, b".,"));
        let (&letter, rest) = rest.split_first()?;
        let (_, unit) = units.find(|(name, _)| letter.eq_ignore_ascii_case(name))?;
        total = total.checked_add(product(number, *unit)?)?;
        text = rest;
    }
    Some(total)
}

#[cfg(test)]
mod tests;
