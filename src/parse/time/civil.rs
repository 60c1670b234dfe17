//! Calendar arithmetic for the hand-written readers.
//!
//! Promises: exact for the years 0 to 9999 of the Gregorian calendar; a date or time of day that does not exist gives
//! `None`. A 60th second is read as the 59th, as jiff does. Does not: know zones beyond a fixed offset.

use jiff::tz::TimeZone;

use crate::model::time::UnixMicros;

/// A date and a time of day, as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Civil {
    pub(super) year: u32,
    pub(super) month: u32,
    pub(super) day: u32,
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
    pub(super) micros: u32,
}

/// Days before each month of a year that has no leap day.
const DAYS_BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Days from 0000-01-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_528;

impl Civil {
    fn exists(self) -> bool {
        let Some(days) = DAYS_IN.get((self.month as usize).wrapping_sub(1)) else { return false };
        let leap_day = u32::from(self.month == 2 && is_leap(self.year));
        self.day >= 1
            && self.day <= days + leap_day
            && self.hour <= 23
            && self.minute <= 59
            && self.second <= 60
            && self.year <= 9999
    }

    /// The instant when the clock shows this, `offset` seconds east of UTC.
    #[inline]
    pub(super) fn at_offset(self, offset: i64) -> Option<UnixMicros> {
        if !self.exists() {
            return None;
        }
        let year = self.year;
        // Leap days of the years before this one; the year 0 is one.
        let leaps = if year == 0 { 0 } else { (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 };
        let leap_day = u32::from(self.month > 2 && is_leap(year));
        let days = year * 365 + leaps + DAYS_BEFORE[self.month as usize - 1] + leap_day + self.day - 1;
        let second = i64::from(self.hour * 3_600 + self.minute * 60 + self.second.min(59));
        let seconds = (i64::from(days) - DAYS_TO_1970) * 86_400 + second - offset;
        Some(UnixMicros(seconds * 1_000_000 + i64::from(self.micros)))
    }

    /// The instant when clocks in `zone` show this.
    pub(super) fn in_zone(self, zone: &TimeZone) -> Option<UnixMicros> {
        if *zone == TimeZone::UTC {
            return self.at_offset(0);
        }
        let date = jiff::civil::Date::new(self.year as i16, self.month as i8, self.day as i8).ok()?;
        let second = self.second.min(59) as i8;
        let time = jiff::civil::Time::new(self.hour as i8, self.minute as i8, second, self.micros as i32 * 1_000);
        let stamp = zone.to_timestamp(date.to_datetime(time.ok()?)).ok()?;
        self.exists().then(|| UnixMicros(stamp.as_nanosecond().div_euclid(1_000) as i64))
    }
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// The number that `text` writes in decimal digits and nothing else; at most nine of them.
#[inline]
pub(super) fn digits(text: &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u32::from(digit);
    }
    Some(number)
}

/// Seconds east of UTC for `+hhmm`, as sign, hours and minutes. jiff's own limit is one minute short of 26 hours.
#[inline]
pub(super) fn offset(sign: u8, hours: u32, minutes: u32) -> Option<i64> {
    if hours > 25 || minutes > 59 {
        return None;
    }
    let seconds = i64::from(hours * 3_600 + minutes * 60);
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}
