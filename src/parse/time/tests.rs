use super::{TimeFormat, TimeReader, bsd_len, iso_len};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::model::time::UnixMicros;

const FORMATS: [&str; 7] = ["clf", "rfc3339", "syslog", "unix", "unix_ms", "unix_us", "%d.%m.%Y %H:%M:%S"];

fn reader(format: &str, zone: &str) -> TimeReader {
    TimeReader::new(TimeFormat::from_spec(format).unwrap(), TimeZone::get(zone).unwrap())
}

#[track_caller]
fn check(format: &str, zone: &str, text: &str, expected: Option<&str>) {
    let mut reader = reader(format, zone);
    let shown = |instant: Option<crate::model::time::UnixMicros>| {
        instant.map(|at| jiff::Timestamp::from_microsecond(at.0).unwrap().to_string())
    };
    assert_eq!(shown(reader.read(text.as_bytes())).as_deref(), expected, "{format} {text:?}");
    assert_eq!(shown(reader.read(text.as_bytes())).as_deref(), expected, "{format} {text:?} read again");
}

#[test]
fn texts_are_read_in_their_own_zone_or_in_the_readers() {
    for (format, zone, text, expected) in [
        ("clf", "UTC", "10/Oct/2000:13:55:36 -0700", Some("2000-10-10T20:55:36Z")),
        ("clf", "America/New_York", "29/Feb/2024:00:00:00 +0545", Some("2024-02-28T18:15:00Z")),
        ("clf", "UTC", "30/Feb/2024:00:00:00 +0000", None),
        ("clf", "UTC", "29/Feb/2100:00:00:00 +0000", None),
        ("clf", "UTC", "31/Dec/2016:23:59:60 +0000", Some("2016-12-31T23:59:59Z")),
        ("clf", "UTC", "31/Dec/2016:24:00:00 +0000", None),
        ("clf", "UTC", "00/Dec/2016:00:00:00 +0000", None),
        ("clf", "UTC", "01/dec/2016:00:00:00 +0000", None),
        ("clf", "UTC", "01/Dec/2016:00:00:00 0000", None),
        ("clf", "UTC", "01/Dec/2016:00:00:00 +9999", None),
        ("clf", "UTC", "", None),
        ("rfc3339", "UTC", "2026-11-23T10:00:00Z", Some("2026-11-23T10:00:00Z")),
        ("rfc3339", "UTC", "2026-11-23t10:00:00.1234567z", Some("2026-11-23T10:00:00.123456Z")),
        ("rfc3339", "UTC", "2026-11-23 10:00:00,5+01:00", Some("2026-11-23T09:00:00.5Z")),
        ("rfc3339", "UTC", "2026-11-23 10:00:00 -0130", Some("2026-11-23T11:30:00Z")),
        ("rfc3339", "UTC", "2026-11-23T10:00:00+02", Some("2026-11-23T08:00:00Z")),
        ("rfc3339", "America/New_York", "2026-11-23T10:00:00", Some("2026-11-23T15:00:00Z")),
        // Clocks go back at 2:00: the first of the two.
        ("rfc3339", "America/New_York", "2026-11-01T01:30:00", Some("2026-11-01T05:30:00Z")),
        // Clocks jump at 2:00: 2:30 is 3:30.
        ("rfc3339", "America/New_York", "2026-03-08T02:30:00", Some("2026-03-08T07:30:00Z")),
        ("rfc3339", "UTC", "1969-12-31T23:59:59.9999999Z", Some("1969-12-31T23:59:59.999999Z")),
        ("rfc3339", "UTC", "2026-11-23T10:00:00.Z", None),
        ("rfc3339", "UTC", "2026-11-23T10:00:00X", None),
        ("rfc3339", "UTC", "2026-11-23T10:00:00 Z", None),
        ("rfc3339", "UTC", "2026-13-23T10:00:00Z", None),
        ("rfc3339", "Europe/Paris", "2026-02-29T10:00:00", None),
        ("rfc3339", "UTC", "2026-11-23", None),
        ("unix", "UTC", "1700000000", Some("2023-11-14T22:13:20Z")),
        ("unix", "UTC", "1700000000.1234567", Some("2023-11-14T22:13:20.123456Z")),
        ("unix", "UTC", "-0.0000001", Some("1969-12-31T23:59:59.999999Z")),
        ("unix", "UTC", "1700000000.", None),
        ("unix", "UTC", ".5", None),
        ("unix", "UTC", "", None),
        ("unix", "UTC", "-", None),
        ("unix", "UTC", "99999999999999", None),
        ("unix_ms", "UTC", "1700000000123", Some("2023-11-14T22:13:20.123Z")),
        ("unix_ms", "UTC", "1700000000123.4567", Some("2023-11-14T22:13:20.123456Z")),
        ("unix_us", "UTC", "1700000000123456", Some("2023-11-14T22:13:20.123456Z")),
        ("unix_us", "UTC", "1700000000123456.9", Some("2023-11-14T22:13:20.123456Z")),
        ("%d.%m.%Y %H:%M:%S", "Europe/Paris", "23.11.2026 10:00:00", Some("2026-11-23T09:00:00Z")),
        ("%Y-%m-%d %H:%M:%S%.f %z", "Europe/Paris", "2026-11-23 10:00:00.25 +0000", Some("2026-11-23T10:00:00.25Z")),
        ("%s@%z", "UTC", "1511642826@-0500", Some("2017-11-25T20:47:06Z")),
        ("%d.%m.%Y %H:%M:%S", "UTC", "23.11.2026", None),
    ] {
        check(format, zone, text, expected);
    }
}

#[test]
fn formats_that_cannot_give_an_instant_are_refused() {
    for text in ["iso", "%H:%M:%S", "%b %H:%M:%S", "%d %H:%M:%S", "%b %d", "%Y-%m-%d %j %K", "%Y-%m-%d"] {
        let (message, help) = TimeFormat::from_spec(text).unwrap_err();
        assert!(message.contains(text) && !help.is_empty(), "{text}: {message}");
    }
}

#[track_caller]
fn check_read_at(format: &str, zone: &str, text: &str, read_at: &str, expected: Option<&str>) {
    let moment = |text: &str| UnixMicros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
    let mut reader = reader(format, zone);
    assert_eq!(reader.read(text.as_bytes()), None, "{text:?} needs the moment when it is read");
    // What was remembered for another moment does not count.
    reader.set_reference(moment("1999-07-01T00:00:00Z"));
    reader.read(text.as_bytes());
    reader.set_reference(moment(read_at));
    for _ in 0..2 {
        assert_eq!(reader.read(text.as_bytes()), expected.map(moment), "{format} {text:?} read at {read_at}");
    }
}

#[test]
fn a_time_without_a_year_is_of_the_last_year_that_is_not_far_ahead() {
    for (zone, text, read_at, expected) in [
        ("UTC", "Nov 23 10:00:00", "2026-11-23T10:00:01Z", Some("2026-11-23T10:00:00Z")),
        ("UTC", "Dec 31 23:59:59", "2027-01-01T00:00:01Z", Some("2026-12-31T23:59:59Z")),
        ("UTC", "Jan 01 00:00:01", "2026-12-31T23:59:59Z", Some("2027-01-01T00:00:01Z")),
        // New Year's Eve there, New Year's Day here.
        ("America/New_York", "Dec 31 19:00:01", "2027-01-01T00:00:02Z", Some("2027-01-01T00:00:01Z")),
        ("Asia/Tokyo", "Jan  1 08:59:59", "2026-12-31T23:59:58Z", Some("2026-12-31T23:59:59Z")),
        // Eleven months late, and a clock that is a month ahead.
        ("UTC", "Dec 25 00:00:00", "2026-11-23T00:00:00Z", Some("2025-12-25T00:00:00Z")),
        ("UTC", "Dec 23 00:00:00", "2026-11-23T00:00:00Z", Some("2026-12-23T00:00:00Z")),
        ("UTC", "Feb 29 12:00:00", "2028-02-29T12:00:01Z", Some("2028-02-29T12:00:00Z")),
        ("UTC", "Feb 29 12:00:00", "2028-02-28T12:00:00Z", Some("2028-02-29T12:00:00Z")),
        ("UTC", "Feb 29 12:00:00", "2027-03-01T00:00:00Z", Some("2024-02-29T12:00:00Z")),
        ("UTC", "Feb 29 12:00:00", "2103-03-01T00:00:00Z", Some("2096-02-29T12:00:00Z")),
        ("Europe/Paris", "Feb 29 00:30:00", "2028-02-28T23:30:01Z", Some("2028-02-28T23:30:00Z")),
        ("UTC", "Feb 30 12:00:00", "2028-03-01T00:00:00Z", None),
    ] {
        check_read_at("syslog", zone, text, read_at, expected);
        let format = if text.contains("  ") { "%b %e %H:%M:%S" } else { "%b %d %H:%M:%S" };
        check_read_at(format, zone, text, read_at, expected);
    }
}

#[test]
fn syslog_times_may_have_fractions_years_and_zones() {
    for (text, expected) in [
        ("Nov  3 10:00:00 2026", Some("2026-11-03T09:00:00Z")),
        ("2026 Nov  3 10:00:00", Some("2026-11-03T09:00:00Z")),
        ("2026 Nov  3 2025 10:00:00", None),
        ("Nov 3 2026 10:00:00.5", Some("2026-11-03T09:00:00.5Z")),
        ("Nov 03 2026 10:00:00,123 UTC", Some("2026-11-03T10:00:00.123Z")),
        ("Nov 03 2026 10:00:00 -05:00", Some("2026-11-03T15:00:00Z")),
        ("Nov 03 2026 10:00:00 +0530", Some("2026-11-03T04:30:00Z")),
        ("2026-11-03T10:00:00", Some("2026-11-03T09:00:00Z")),
        ("2026-11-03T10:00:00.123456789+02:00", Some("2026-11-03T08:00:00.123456Z")),
        ("Nov 03 2026 10:00:00 CET", None),
        ("Nov 03 2026 10:00:00 x", None),
        ("Nov 03 2026 24:00:00", None),
        ("Nov 00 2026 10:00:00", None),
        ("Nov 31 2026 10:00:00", None),
        ("nov 03 2026 10:00:00", None),
        ("Nov 03 26 10:00:00", None),
        ("Nov", None),
        ("", None),
    ] {
        check("syslog", "Europe/Paris", text, expected);
    }
}

#[test]
fn a_time_is_not_remembered_for_a_text_of_another_length() {
    let mut reader = reader("unix", "UTC");
    assert_eq!(reader.read(b"1700000000").map(|at| at.0), Some(1_700_000_000_000_000));
    assert_eq!(reader.read(b"170000000").map(|at| at.0), Some(170_000_000_000_000));
    assert_eq!(reader.read(b""), None);
    assert_eq!(reader.read(b"1700000000").map(|at| at.0), Some(1_700_000_000_000_000));
}

fn by_jiff(format: &str, text: &str) -> Option<i64> {
    jiff::Timestamp::strptime(format, text).ok().map(jiff::Timestamp::as_microsecond)
}

#[test]
fn the_time_before_a_text_is_found_with_its_end() {
    for (text, bsd, iso) in [
        ("Nov  3 10:00:00 host", Some(15), None),
        ("Nov 3 10:00:00.5: host", Some(16), None),
        ("Nov  3 10:00:00 2026 host", Some(20), None),
        ("Nov  3 10:00:00 20260 host", Some(15), None),
        ("Nov  3 10:00:00 UTC: %X", Some(19), None),
        ("Nov  3 10:00:00 UTCx", Some(15), None),
        ("2026-11-03T10:00:00 host", None, Some(19)),
        ("2026-11-03 10:00:00.5+01:00 host", None, Some(27)),
        ("2026-11-03T10:00:00Z", None, Some(20)),
        ("2026-11-03T10:00:00X host", None, None),
        ("2026-11-03T10:00:00+1 host", None, None),
    ] {
        assert_eq!((bsd_len(text.as_bytes()), iso_len(text.as_bytes())), (bsd, iso), "{text}");
    }
}

proptest! {
    #[test]
    fn a_time_without_a_year_comes_back_when_it_is_read_soon_enough(
        second in 0..4_000_000_000_i64, late in -31 * 86_400..=330 * 86_400_i64, zone in "(UTC|Asia/Tokyo|America/Bogota)",
    ) {
        let zone = TimeZone::get(&zone).unwrap();
        let moment = jiff::Timestamp::from_second(second).unwrap().to_zoned_datetime(zone.clone());
        let text = moment.strftime("%b %e %H:%M:%S").to_string();
        let read_at = UnixMicros::from_seconds(second + late);
        for format in ["syslog", "%b %e %H:%M:%S"] {
            let mut reader = TimeReader::new(TimeFormat::from_spec(format).unwrap(), zone.clone());
            reader.set_reference(read_at);
            let expected = Some(UnixMicros::from_seconds(second));
            prop_assert_eq!(reader.read(text.as_bytes()), expected, "{} read {} later", text, late);
        }
    }

    #[test]
    fn common_log_times_are_what_jiff_reads(
        day in 0..33, month in 0_usize..12, year in 1..9999, clock in (0..25, 0..61, 0..62),
        sign in prop::sample::select(vec!['+', '-']), hours in 0..27, minutes in 0..61,
    ) {
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month];
        let (hour, minute, second) = clock;
        let text = format!("{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} {sign}{hours:02}{minutes:02}");
        prop_assert_eq!(reader("clf", "UTC").read(text.as_bytes()).map(|at| at.0), by_jiff("%d/%b/%Y:%H:%M:%S %z", &text), "{}", text);
    }

    #[test]
    fn iso_times_are_what_jiff_reads(
        date in (1..9999, 0..14, 0..33), clock in (0..25, 0..61, 0..62), fraction in "(\\.[0-9]{1,9})?",
        offset in "(Z|z|[+-][01][0-9]:[0-5][0-9])",
    ) {
        let ((year, month, day), (hour, minute, second)) = (date, clock);
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}");
        let expected: Option<jiff::Timestamp> = text.parse().ok();
        let expected = expected.map(|stamp| stamp.as_nanosecond().div_euclid(1_000) as i64);
        prop_assert_eq!(reader("rfc3339", "UTC").read(text.as_bytes()).map(|at| at.0), expected, "{}", text);
    }

    #[test]
    fn zoneless_times_are_what_jiff_reads_in_every_zone(
        date in (1950..2080, 1..13, 1..32), clock in (0..24, 0..60, 0..60),
        zone in prop::sample::select(vec!["America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"]),
    ) {
        let ((year, month, day), (hour, minute, second)) = (date, clock);
        let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
        let expected = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &text).ok();
        let expected = expected.map(|local| TimeZone::get(zone).unwrap().to_timestamp(local).unwrap().as_microsecond());
        prop_assert_eq!(reader("rfc3339", zone).read(text.as_bytes()).map(|at| at.0), expected);
    }

    #[test]
    fn unix_times_are_whole_numbers_rounded_down(micros in -100_000_000_000_000_000_i64..100_000_000_000_000_000) {
        let sign = if micros < 0 { "-" } else { "" };
        let (whole, fraction) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
        let text = format!("{sign}{whole}.{fraction:06}");
        prop_assert_eq!(reader("unix", "UTC").read(text.as_bytes()).map(|at| at.0), Some(micros));
        let text = format!("{sign}{whole}.{fraction:06}1");
        prop_assert_eq!(reader("unix", "UTC").read(text.as_bytes()).map(|at| at.0), Some(micros - i64::from(micros < 0)).filter(|_| micros != 0 || sign.is_empty()));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), near in "[0-9T:.,+ Zz/OctJan-]{0,40}") {
        for format in FORMATS {
            let _ = reader(format, "Europe/Paris").read(&bytes);
            let _ = reader(format, "Europe/Paris").read(near.as_bytes());
        }
    }
}

#[test]
fn common_log_times_without_a_zone_are_read_in_the_readers() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let mut reader = TimeReader::new(TimeFormat::ClfLocal, zone);
    for (text, expected) in [
        ("06/Feb/2009:12:12:51.443", Some(1_233_940_371_443_000)),
        ("06/Feb/2009:12:12:51", Some(1_233_940_371_000_000)),
        ("06/Feb/2009:12:12:51.1234567", Some(1_233_940_371_123_456)),
        ("06/Feb/2009:12:12:51.", None),
        ("06/Feb/2009:12:12:51.x", None),
        ("06/Feb/2009:12:12:51 +0000", None),
        ("31/Feb/2009:12:12:51", None),
        ("06-Feb-2009:12:12:51", None),
        ("06/Feb/2009:12:12", None),
        ("", None),
    ] {
        assert_eq!(reader.read(text.as_bytes()).map(|at| at.0), expected, "{text}");
    }
}

#[test]
fn what_strftime_writes_is_read_back() {
    let zone = TimeZone::get("America/New_York").unwrap();
    for (format, text, expected) in [
        ("%Y-%m-%d %H:%M:%S %Z", "2026-11-23 05:00:00 EST", Some("2026-11-23T10:00:00Z")),
        ("%Y-%m-%d %H:%M:%S %Z", "2026-11-23 10:00:00 UTC", Some("2026-11-23T10:00:00Z")),
        ("%Y-%m-%dT%H:%M:%S.%3f%:z", "2026-11-23T11:00:00.123+01:00", Some("2026-11-23T10:00:00.123Z")),
        ("%s.%f", "1795428000.123456789", Some("2026-11-23T10:00:00.123456Z")),
        ("%d %B %y %I:%M %P UTC%z", "3 mars 69 12:05 am UTC+0000", Some("1969-03-03T00:05:00Z")),
        ("%d-%b-%Y %H:%M", "23-févr.-2026 10:00", Some("2026-02-23T15:00:00Z")),
        ("%b %d %H:%M:%S", "Dec 31 10:00:00", Some("2025-12-31T15:00:00Z")),
        ("%-d/%m/%Y %H:%M", "31/02/2026 10:00", None),
        ("%d %b %Y %H:%M", "23 Foo 2026 10:00", None),
        ("%d %b %Y %I:%M %p", "23 Nov 2026 13:00 PM", None),
        ("%Y-%m-%d %H:%M", "2026-11-23 10:00x", None),
        ("%Y-%m-%d %H:%M %z", "2026-11-23 10:00 +1", None),
    ] {
        let format = super::Strftime::parse(format).unwrap();
        assert!(format.is_complete(), "{format:?}");
        let found = format.read(text.as_bytes(), &zone, Some(UnixMicros(1_795_428_000_000_000)));
        let found = found.map(|at| jiff::Timestamp::from_microsecond(at.0).unwrap().to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }
    for format in ["%Y-%m-%d", "%H:%M", "%Y-%m-%d %I:%M", "%j %Y %H:%M"] {
        assert!(!super::Strftime::parse(format).unwrap().is_complete(), "{format}");
    }
    assert_eq!(super::Strftime::parse("%H:%K"), Err("%K".to_owned()));
}

proptest! {
    #[test]
    fn no_text_and_no_format_make_strftime_panic(
        format in "(%[YymdeHIMSfsjbBpaAZzntDFTRcxXr%]|[ :/]){0,8}", text in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let format = super::Strftime::parse(&format).unwrap();
        let len = format.len(&text);
        prop_assert!(len.is_none_or(|len| len <= text.len()));
        format.read(&text, &TimeZone::UTC, None);
    }

    #[test]
    fn what_jiff_writes_is_read_back(second in 0_i64..4_000_000_000, format in prop::sample::select(vec![
        "%Y-%m-%d %H:%M:%S", "%d/%b/%Y:%T", "%a %b %e %H:%M:%S %Y", "%I:%M:%S %p %d %B %Y", "%F %T %z", "%s",
    ])) {
        let at = jiff::Timestamp::from_second(second).unwrap().to_zoned_datetime(TimeZone::UTC);
        let text = at.strftime(format).to_string();
        let read = super::Strftime::parse(format).unwrap().read(text.as_bytes(), &TimeZone::UTC, None);
        prop_assert_eq!(read.map(|at| at.0), Some(second * 1_000_000), "{}", text);
    }
}
