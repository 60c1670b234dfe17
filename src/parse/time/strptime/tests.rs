use jiff::tz::TimeZone;

use super::Strptime;
use crate::model::time::UnixMicros;

#[track_caller]
fn check(format: &str, text: &str, zone: &str, expected: Option<&str>) {
    let format = Strptime::compile(format).unwrap_or_else(|(message, _)| panic!("{message}"));
    let reference = "2026-11-23T10:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let found = format.read(text.as_bytes(), &TimeZone::get(zone).unwrap(), Some(UnixMicros(reference)));
    let expected = expected.map(|text| text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
    assert_eq!(found.map(|at| at.0), expected, "{text:?} by {format:?} in {zone}");
}

#[test]
fn a_zone_can_have_a_name() {
    for (text, zone, expected) in [
        ("2019-12-10 18:27:45.389 UTC", "Asia/Tokyo", Some("2019-12-10T18:27:45.389Z")),
        ("2019-12-10 18:27:45.389 EST", "UTC", Some("2019-12-10T23:27:45.389Z")),
        ("2019-07-10 18:27:45.389 CEST", "UTC", Some("2019-07-10T16:27:45.389Z")),
        ("2019-07-10 18:27:45.389 CST", "Asia/Shanghai", Some("2019-07-10T10:27:45.389Z")),
        ("2019-07-10 18:27:45.389 CST", "America/Chicago", Some("2019-07-11T00:27:45.389Z")),
        ("2019-07-10 18:27:45.389 IST", "Asia/Kolkata", Some("2019-07-10T12:57:45.389Z")),
        ("2019-07-10 18:27:45.389 IST", "UTC", None),
        // The hour that comes twice is told by the name.
        ("2026-11-01 01:30:00.0 EDT", "America/New_York", Some("2026-11-01T05:30:00Z")),
        ("2026-11-01 01:30:00.0 EST", "America/New_York", Some("2026-11-01T06:30:00Z")),
        ("2019-12-10 18:27:45.389", "UTC", None),
        ("2019-12-10 18:27:45.389 ", "UTC", None),
        ("2019-12-10 18:27:45.389 UTC x", "UTC", None),
    ] {
        check("%Y-%m-%d %H:%M:%S%.f %Z", text, zone, expected);
    }
    let middle = "%a %b %e %H:%M:%S %Z %Y";
    check(middle, "Mon Nov 23 10:00:00 UTC 2026", "Asia/Tokyo", Some("2026-11-23T10:00:00Z"));
    check(middle, "Mon Nov 23 10:00:00 PST 2026", "Asia/Tokyo", Some("2026-11-23T18:00:00Z"));
    check("%d/%b/%Y:%H:%M:%S %Z", "17/Jun/2019:12:18:36 UTC", "UTC", Some("2019-06-17T12:18:36Z"));
    check("%s %Z", "1511642826 EST", "UTC", Some("2017-11-25T20:47:06Z"));
    check("%s@%z", "1511642826@-0500", "UTC", Some("2017-11-25T20:47:06Z"));
    check("%b %e %H:%M:%S %Z", "Nov 22 10:00:00 EST", "UTC", Some("2026-11-22T15:00:00Z"));
}

#[test]
fn a_percent_sign_before_a_letter_is_no_zone() {
    check("%Y-%m-%d %H:%M:%S %%Z", "2019-12-10 18:27:45 %Z", "UTC", Some("2019-12-10T18:27:45Z"));
}

#[test]
fn months_have_names_in_other_languages() {
    for (text, expected) in [
        ("19 Mär 2019 01:39:12 +0000", Some("2019-03-19T01:39:12Z")),
        ("19 März 2019 01:39:12 +0000", Some("2019-03-19T01:39:12Z")),
        ("19 Mrz 2019 01:39:12 +0000", Some("2019-03-19T01:39:12Z")),
        ("19 mai 2019 01:39:12 +0000", Some("2019-05-19T01:39:12Z")),
        ("19 févr. 2019 01:39:12 +0000", Some("2019-02-19T01:39:12Z")),
        ("19 Sept 2019 01:39:12 +0000", Some("2019-09-19T01:39:12Z")),
        ("19 dic 2019 01:39:12 +0000", Some("2019-12-19T01:39:12Z")),
        ("19 okt 2019 01:39:12 +0000", Some("2019-10-19T01:39:12Z")),
        ("19 SEP 2019 01:39:12 +0000", Some("2019-09-19T01:39:12Z")),
        ("19 Foo 2019 01:39:12 +0000", None),
        ("Mai", None),
    ] {
        check("%d %b %Y %H:%M:%S %z", text, "UTC", expected);
    }
    check("%e. %B %Y %H:%M:%S", "3. Oktober 2026 10:00:00", "UTC", Some("2026-10-03T10:00:00Z"));
    check("%e. %B %Y %H:%M:%S", "3. October 2026 10:00:00", "UTC", Some("2026-10-03T10:00:00Z"));
}

#[test]
fn a_text_that_is_too_long_is_no_time() {
    let text = format!("19 Mai 2019 01:39:12 +0000{}", " ".repeat(200));
    check("%d %b %Y %H:%M:%S %z", &text, "UTC", None);
}
