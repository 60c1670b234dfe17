//! Against a naive oracle that walks second by second and watches the date on the zone's clock.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{date_of, window_at};
use crate::model::event::Window;
use crate::model::spec::{DateOf, WindowLength};
use crate::model::time::UnixMicros;

const DAY: i64 = 86_400;

/// Zone, and a day around which something happens.
const PLACES: [(&str, &str); 18] = [
    ("UTC", "2026-11-23"),
    ("Europe/Paris", "2026-03-29"),
    ("Europe/Paris", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Asia/Kathmandu", "2026-11-23"),
    // The clock jumped by a quarter of an hour at midnight.
    ("Asia/Kathmandu", "1986-01-01"),
    // No midnight.
    ("America/Sao_Paulo", "2018-11-04"),
    // 23:00 to 24:00 twice.
    ("America/Sao_Paulo", "2018-02-18"),
    // Midnight twice.
    ("America/Havana", "2026-11-01"),
    // Back from 00:01 to 23:01: the evening of a day that was over.
    ("America/St_Johns", "2006-10-29"),
    ("America/St_Johns", "2006-04-02"),
    // From 23:30 to 00:30: midnight is skipped, and the day begins at half past.
    ("America/Toronto", "1919-03-31"),
    // A whole day was skipped.
    ("Pacific/Apia", "2011-12-30"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Asia/Gaza", "2026-03-28"),
];

fn micros(second: i64) -> UnixMicros {
    UnixMicros::from_seconds(second)
}

/// First seconds of days, in order, with their dates: a day begins when the clock shows a date later than any before.
fn days_by_walking(zone: &TimeZone, from: i64, to: i64) -> Vec<(i64, Date)> {
    let mut days: Vec<(i64, Date)> = Vec::new();
    let mut latest = zone.to_datetime(Timestamp::from_second(from).unwrap()).date();
    for second in from..to {
        let date = zone.to_datetime(Timestamp::from_second(second).unwrap()).date();
        if date > latest {
            days.push((second, date));
            latest = date;
        }
    }
    days
}

#[track_caller]
fn check(zone: &TimeZone, length: WindowLength, start: i64, end: i64) {
    let window = Window { start: micros(start), end: micros(end) };
    let step = ((end - start) / 7).max(1);
    let inside = (start..end).step_by(step as usize).map(micros);
    for time in inside.chain([UnixMicros(window.end.0 - 1)]) {
        assert_eq!(window_at(zone, length, time), Some(window), "{time} with {length:?} in {zone:?}");
    }
}

#[test]
fn days_and_their_parts_are_what_a_walk_by_seconds_finds() {
    for (name, date) in PLACES {
        let zone = TimeZone::get(name).unwrap();
        let middle = date.parse::<Date>().unwrap().to_zoned_datetime(TimeZone::UTC).unwrap().timestamp().as_second();
        let days = days_by_walking(&zone, middle - 2 * DAY, middle + 3 * DAY);
        assert!(days.len() >= 3, "{name}");
        for pair in days.windows(2) {
            let [(start, date), (end, _)] = [pair[0], pair[1]];
            check(&zone, WindowLength::Day, start, end);
            for minutes in [5, 15, 60, 720] {
                let length = WindowLength::Part(Duration::from_mins(minutes));
                for part in (start..end).step_by(minutes as usize * 60) {
                    check(&zone, length, part, end.min(part + minutes as i64 * 60));
                }
            }
            let window = Window { start: micros(start), end: micros(end) };
            let noon = zone.to_timestamp(date.at(12, 0, 0, 0)).unwrap().as_second();
            assert_eq!(date_of(&zone, WindowLength::Day, DateOf::Noon, window), micros(noon), "{name} {date}");
            assert_eq!(date_of(&zone, WindowLength::Day, DateOf::Start, window), micros(start), "{name} {date}");
        }
    }
}

#[test]
fn a_part_of_a_day_has_its_middle_as_its_date() {
    let length = WindowLength::Part(Duration::from_hours(1));
    let window = window_at(&TimeZone::UTC, length, micros(7_300)).unwrap();
    assert_eq!(date_of(&TimeZone::UTC, length, DateOf::Noon, window), micros(2 * 3_600 + 1_800));
}

#[test]
fn times_without_a_calendar_have_no_window() {
    for time in [UnixMicros::MIN, UnixMicros::MAX] {
        assert_eq!(window_at(&TimeZone::UTC, WindowLength::Day, time), None, "{time}");
    }
}

#[test]
fn times_before_1970_lie_in_the_window_that_began_before_them() {
    let length = WindowLength::Part(Duration::from_mins(5));
    let window = Window { start: micros(-300), end: micros(0) };
    assert_eq!(window_at(&TimeZone::UTC, length, UnixMicros(-1)), Some(window));
}
