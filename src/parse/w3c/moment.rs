//! The time of a line of the extended log format, which has it in two columns, or half of it in a line before.
//!
//! Promises: dates and times are UTC. A line without a date is of the day of the last `#Date:` line, or of a later day: a
//! line is written at most an hour before the one that precedes it, and less than 23 hours after it. Does not: notice a
//! file that was silent for longer and has no `#Date:` line since.

use jiff::civil::Date;

use super::names::TimeSource;
use crate::parse::capture::Capture;
use crate::parse::columns::Split;

/// How much earlier than the line before a line can be, in seconds.
const MOST_BACK: i32 = 3_600;
const DAY: i32 = 86_400;

/// The day of lines that have only a time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    /// Of the latest line.
    day: Option<Date>,
    /// Of the latest line, in seconds of its day.
    second: Option<i32>,
    /// Of the last line.
    line_day: Option<Date>,
}

impl Clock {
    /// Year, month, day, and the second of the day.
    pub(super) const BYTES: usize = 2 + 1 + 1 + 4;

    /// From the text of a `#Date:` line: a date, and a time where there is one.
    pub(super) fn at(text: &[u8]) -> Self {
        let mut words = text.split(|byte| byte.is_ascii_whitespace() || *byte == b'T').filter(|word| !word.is_empty());
        let day = words.next().and_then(read_date);
        let second = words.next().and_then(second_of_day).filter(|_| day.is_some());
        Self { day, second, line_day: day }
    }

    /// Finds the day of a line of this time of day. Whether the clock moved.
    pub(super) fn follows(&mut self, time: &[u8]) -> bool {
        let (Some(day), Some(second)) = (self.day, second_of_day(time)) else {
            self.line_day = None;
            return false;
        };
        let difference = self.second.map_or(0, |last| second - last);
        if difference > DAY - MOST_BACK {
            self.line_day = day.yesterday().ok();
            return false;
        }
        let is_next_day = difference < -MOST_BACK;
        let day = if is_next_day { day.tomorrow().ok() } else { Some(day) };
        self.line_day = day;
        let moves = is_next_day || difference > 0 || self.second.is_none();
        if moves {
            self.day = day;
            self.second = Some(second);
        }
        moves
    }

    /// The day of the last line, where it is known.
    pub(super) const fn line_day(&self) -> Option<Date> {
        self.line_day
    }

    pub(super) fn bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        if let Some(day) = self.day {
            bytes[..2].copy_from_slice(&day.year().to_le_bytes());
            bytes[2] = day.month() as u8;
            bytes[3] = day.day() as u8;
        }
        bytes[4..].copy_from_slice(&self.second.unwrap_or(-1).to_le_bytes());
        bytes
    }

    /// What [`Clock::bytes`] gave; no clock where it is something else.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        let [low, high, month, day, second @ ..] = bytes else { return Self::default() };
        let day = Date::new(i16::from_le_bytes([*low, *high]), *month as i8, *day as i8).ok();
        let second = <[u8; 4]>::try_from(second).map(i32::from_le_bytes).ok();
        let second = second.filter(|second| day.is_some() && (0..DAY).contains(second));
        Self { day, second, line_day: day }
    }
}

/// The line's time with a date and a zone.
pub(super) fn capture(time: TimeSource, clock: &Clock, split: &mut Split, line: &[u8]) -> Capture {
    match time {
        TimeSource::Nowhere => Capture::ABSENT,
        TimeSource::Whole(column) => split.unquoted_capture(column, line),
        TimeSource::DateAndTime(date, time) => {
            let (date, time) = (split.unquoted(date, line), split.unquoted(time, line));
            joined(split, time, |built| built.extend_from_slice(date))
        }
        TimeSource::TimeAlone(column) => {
            let time = split.unquoted(column, line);
            let Some(day) = clock.line_day() else { return split.unquoted_capture(column, line) };
            joined(split, time, |built| {
                let (century, year) = (day.year() / 100, day.year() % 100);
                for (index, number) in [century, year, day.month().into(), day.day().into()].into_iter().enumerate() {
                    if index > 1 {
                        built.push(b'-');
                    }
                    built.extend_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
                }
            })
        }
    }
}

fn joined(split: &mut Split, time: &[u8], write_date: impl FnOnce(&mut Vec<u8>)) -> Capture {
    let built = split.building();
    let start = built.len();
    write_date(built);
    built.push(b' ');
    built.extend_from_slice(time);
    if time.len() == b"HH:MM".len() {
        built.extend_from_slice(b":00");
    }
    built.push(b'Z');
    Capture::built(start, built.len())
}

/// `YYYY-MM-DD`; whether the day exists is found when it is read.
#[inline]
pub(super) fn is_date(text: &[u8]) -> bool {
    let is_shaped = |(index, byte): (usize, &u8)| match index {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == b"YYYY-MM-DD".len() && text.iter().enumerate().all(is_shaped)
}

/// `HH:MM`, `HH:MM:SS`, or that with a fraction.
#[inline]
pub(super) fn is_clock(text: &[u8]) -> bool {
    second_of_day(text).is_some()
}

#[inline]
fn second_of_day(text: &[u8]) -> Option<i32> {
    let (hour, rest) = two_digits(text)?;
    let (minute, rest) = two_digits(rest.strip_prefix(b":")?)?;
    let (second, rest) = match rest.strip_prefix(b":") {
        Some(rest) => two_digits(rest)?,
        None => (0, rest),
    };
    let is_fraction = match rest {
        [] => true,
        [b'.', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let exists = is_fraction && hour < 24 && minute < 60 && second <= 60;
    exists.then(|| hour * 3_600 + minute * 60 + second.min(59))
}

/// A number of two digits, and what follows.
#[inline]
fn two_digits(text: &[u8]) -> Option<(i32, &[u8])> {
    let ([tens, ones], rest) = text.split_first_chunk::<2>()?;
    let number = i32::from(tens.wrapping_sub(b'0')) * 10 + i32::from(ones.wrapping_sub(b'0'));
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then_some((number, rest))
}

/// `YYYY-MM-DD`, or `DD-MMM-YYYY` as the format's first description has it.
fn read_date(text: &[u8]) -> Option<Date> {
    let text = std::str::from_utf8(text).ok()?;
    let (first, rest) = text.split_once('-')?;
    let (month, last) = rest.split_once('-')?;
    if let Ok(month) = month.parse() {
        return Date::new(first.parse().ok()?, month, last.parse().ok()?).ok();
    }
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = months.iter().position(|name| month.eq_ignore_ascii_case(name))? + 1;
    Date::new(last.parse().ok()?, month as i8, first.parse().ok()?).ok()
}
