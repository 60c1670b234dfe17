//! Which window a time belongs to, in a zone's calendar.
//!
//! Promises: the windows of one zone and length follow each other without gap or overlap, whatever the zone's clock does.
//! Does not: remember anything; callers keep the window they are in.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::model::event::Window;
use crate::model::spec::{DateOf, WindowLength};
use crate::model::time::UnixMicros;

/// The window of this length that contains a time. `None` outside of the years -9999 to 9999.
pub(super) fn window_at(zone: &TimeZone, length: WindowLength, time: UnixMicros) -> Option<Window> {
    let day = day_at(zone, time)?;
    match length {
        WindowLength::Day => Some(day),
        WindowLength::Part(part) => {
            let part = i64::try_from(part.as_micros()).ok()?.max(1);
            let start = day.start.0 + (time.0 - day.start.0) / part * part;
            Some(Window { start: UnixMicros(start), end: UnixMicros((start + part).min(day.end.0)) })
        }
    }
}

/// What an event of a window has as its date.
pub(super) fn date_of(zone: &TimeZone, length: WindowLength, date: DateOf, window: Window) -> UnixMicros {
    let middle = UnixMicros(window.start.0 + (window.end.0 - window.start.0) / 2);
    match (date, length) {
        (DateOf::Start, _) => window.start,
        (DateOf::Noon, WindowLength::Part(_)) => middle,
        (DateOf::Noon, WindowLength::Day) => noon(zone, window.start).unwrap_or(middle),
    }
}

fn noon(zone: &TimeZone, start: UnixMicros) -> Option<UnixMicros> {
    let date = zone.to_datetime(Timestamp::from_microsecond(start.0).ok()?).date();
    let noon = zone.to_timestamp(date.at(12, 0, 0, 0)).ok()?;
    Some(UnixMicros(noon.as_microsecond()))
}

/// The calendar day around a time: from the first instant of its date to the first instant of the next.
fn day_at(zone: &TimeZone, time: UnixMicros) -> Option<Window> {
    let mut date = zone.to_datetime(Timestamp::from_microsecond(time.0).ok()?).date();
    let mut start = first_instant(zone, date)?;
    loop {
        date = date.tomorrow().ok()?;
        let end = first_instant(zone, date)?;
        if time < end {
            return Some(Window { start, end });
        }
        // A clock set back across midnight repeats the end of a day that is over: it belongs to the day that has begun.
        start = end;
    }
}

/// When a date begins: midnight, the earlier one of two, or the end of the gap that swallows it.
fn first_instant(zone: &TimeZone, date: Date) -> Option<UnixMicros> {
    let midnight = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
    let in_gap = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
    let mut instant = midnight.compatible().ok()?.as_microsecond();
    if in_gap {
        // The compatible reading of a midnight that was skipped may lie past the jump, where the date has begun.
        let after = Timestamp::from_microsecond(instant.checked_add(1)?).ok()?;
        instant = zone.preceding(after).next()?.timestamp().as_microsecond();
    }
    Some(UnixMicros(instant))
}

#[cfg(test)]
mod tests;
