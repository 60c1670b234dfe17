use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::moment::Clock;
use crate::model::fields::Fields;
use crate::model::spec::Engine;
use crate::parse::tests::{compile, spec};
use crate::parse::{LineParser, Pattern};

fn parser(columns: &[&[&str]], wanted: &[&str]) -> LineParser {
    let columns = columns.iter().map(|names| names.iter().map(|&name| name.to_owned()).collect()).collect();
    // Times are UTC wherever the source is.
    compile(Engine::W3c { columns }).line_parser(wanted, &TimeZone::get("Asia/Tokyo").unwrap()).unwrap()
}

/// What a line gives: fields, `#` for a line of the format's own, `!` for one that does not match.
fn read(parser: &mut LineParser, line: &str, wanted: usize) -> String {
    let mut fields = Fields::with_slots(wanted);
    match parser.parse(line.as_bytes(), &mut fields) {
        Err(mismatch) if mismatch.is_directive() => "#".to_owned(),
        Err(_) => "!".to_owned(),
        Ok(()) => {
            let text = |slot| fields.get(line.as_bytes(), slot).map_or("~".into(), String::from_utf8_lossy);
            let time = fields.time.and_then(|time| jiff::Timestamp::from_microsecond(time.0).ok());
            let time = time.map_or_else(|| "~".to_owned(), |time| time.to_string());
            (0..wanted).map(text).map(String::from).chain([time]).collect::<Vec<_>>().join("|")
        }
    }
}

#[track_caller]
fn check(parser: &mut LineParser, wanted: usize, lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        let found = read(parser, line, wanted);
        assert_eq!(found, *expected, "{line:?}\n{}", parser.explain(line.as_bytes()));
    }
}

#[test]
fn lines_are_read_by_the_last_list_of_fields() {
    let wanted = ["client", "path", "query", "target", "status", "cs_host"];
    let lines = [
        ("2026-11-23 10:00:00 203.0.113.9 200", "!"),
        ("#Software: Microsoft Internet Information Services 10.0", "#"),
        ("#Version: 1.0", "#"),
        ("#Date: 2026-11-23 10:00:00", "#"),
        ("#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status", "#"),
        ("2026-11-23 10:00:01 203.0.113.9 GET /a b=c 200", "203.0.113.9|/a|b=c|/a?b=c|200|~|2026-11-23T10:00:01Z"),
        ("2026-11-23 10:00:02 2001:db8::1 GET / - 404", "2001:db8::1|/|~|/|404|~|2026-11-23T10:00:02Z"),
        ("2026-11-23 10:00:03 - - - - -", "~|~|~|~|~|~|2026-11-23T10:00:03Z"),
        // Too few, too many, no date, no time.
        ("2026-11-23 10:00:03 203.0.113.9 GET / 200", "!"),
        ("2026-11-23 10:00:03 203.0.113.9 GET /a b c 200 1", "!"),
        ("2026/11/23 10:00:03 203.0.113.9 GET / - 200", "!"),
        ("2026-11-23 10.00.03 203.0.113.9 GET / - 200", "!"),
        ("", "!"),
        // The list changes: the same words are other fields.
        ("#Fields: sc-status cs(Host) date time c-ip cs-uri ", "#"),
        (
            "200 h 2026-11-23 10:00:04.5 203.0.113.9 http://h/a?b?c ",
            "203.0.113.9|/a|b?c|http://h/a?b?c|200|h|2026-11-23T10:00:04.5Z",
        ),
        ("200 h 2026-11-23 10:00 203.0.113.9 /a", "203.0.113.9|/a|~|/a|200|h|2026-11-23T10:00:00Z"),
        ("#Fields:", "!"),
        ("200 h 2026-11-23 10:00 203.0.113.9 /a", "!"),
        ("#fields\tdate\ttime\tc-ip", "#"),
        ("2026-11-23\t10:00:05\ta b", "a b|~|~|~|~|~|2026-11-23T10:00:05Z"),
    ];
    check(&mut parser(&[], &wanted), wanted.len(), &lines);
}

#[test]
fn a_value_in_quotes_may_hold_spaces_where_the_words_are_too_many() {
    let wanted = ["user_agent", "user"];
    let lines = [
        ("#Fields: date time cs(User-Agent) cs-username", "#"),
        (r#"2026-11-23 10:00:00 "Mozilla/5.0 (X11) ""x""" "u 1""#, r#"Mozilla/5.0 (X11) "x"|u 1|2026-11-23T10:00:00Z"#),
        (r#"2026-11-23 10:00:00 "curl/8" "a""b""#, r#"curl/8|a"b|2026-11-23T10:00:00Z"#),
        // A client's quotes are letters where spaces are written as `+`, and join nothing.
        (r#"2026-11-23 10:00:00 "x y""#, r#""x|y"|2026-11-23T10:00:00Z"#),
        (r#"2026-11-23 10:00:00 " u1"#, r#""|u1|2026-11-23T10:00:00Z"#),
        (r#"2026-11-23 10:00:00 "a b" "c d" e"#, "!"),
        (r#"2026-11-23 10:00:00 "a b c"#, "!"),
    ];
    check(&mut parser(&[], &wanted), wanted.len(), &lines);
}

#[test]
fn tabs_separate_where_the_first_separator_is_one() {
    let wanted = ["client", "user_agent", "bytes"];
    let lines = [
        ("\u{feff}#Version: 1.0", "#"),
        ("#Fields: date time sc-bytes c-ip cs(User-Agent)", "#"),
        ("2026-11-23\t10:00:00\t12\t203.0.113.9\ta b%20c", "203.0.113.9|a b%20c|12|2026-11-23T10:00:00Z"),
        ("2026-11-23\t10:00:00\t12\t203.0.113.9\t", "203.0.113.9||12|2026-11-23T10:00:00Z"),
        ("2026-11-23 10:00:00 12 203.0.113.9 a\tb", "203.0.113.9|a\tb|12|2026-11-23T10:00:00Z"),
        ("2026-11-23 10:00:00 12 203.0.113.9 c  ", "203.0.113.9|c|12|2026-11-23T10:00:00Z"),
    ];
    check(&mut parser(&[], &wanted), wanted.len(), &lines);
}

#[test]
fn names_and_values_may_have_commas_between_them() {
    let wanted = ["user", "x"];
    let lines = [
        ("#Fields: date-time,cs-username,x", "#"),
        (r#"2026-11-23T10:00:00.5Z,u 1,"a, ""b""""#, r#"u 1|a, "b"|2026-11-23T10:00:00.5Z"#),
        ("2026-11-23T10:00:00.5Z,u1", "!"),
    ];
    check(&mut parser(&[], &wanted), wanted.len(), &lines);
}

#[test]
fn columns_of_the_pattern_hold_until_a_line_of_fields() {
    let columns: &[&[&str]] = &[&["date", "time", "c-ip"], &["date", "time", "c-ip", "sc-status"]];
    let wanted = ["client", "status"];
    let lines = [
        ("2026-11-23 10:00:00 a", "a|~|2026-11-23T10:00:00Z"),
        ("2026-11-23 10:00:00 a 200", "a|200|2026-11-23T10:00:00Z"),
        ("2026-11-23 10:00:00 a 200 x", "!"),
        ("three plain words", "!"),
        ("#Fields: date time sc-status c-ip", "#"),
        ("2026-11-23 10:00:00 200 a", "a|200|2026-11-23T10:00:00Z"),
        ("2026-11-23 10:00:00 a", "!"),
    ];
    check(&mut parser(columns, &wanted), wanted.len(), &lines);
}

#[test]
fn lists_of_columns_that_cannot_be_told_apart_are_refused() {
    let engine = |columns: &[&[&str]]| Engine::W3c {
        columns: columns.iter().map(|names| names.iter().map(|&name| name.to_owned()).collect()).collect(),
    };
    for (columns, expected) in [
        (&[&["a", "b"][..], &["c", "d"]][..], "two lists of `columns` have 2 columns each"),
        (&[&[]], "`columns` has 0 columns"),
    ] {
        let faults = Pattern::compile(&spec(engine(columns), &[])).map(|_| ()).unwrap_err();
        assert!(faults[0].to_string().contains(expected), "{}", faults[0]);
    }
}

#[test]
fn a_line_without_a_date_is_of_the_day_of_the_date_line_or_of_a_later_one() {
    let lines = [
        ("#Fields: time c-ip", "#"),
        ("10:00:00 a", "~"),
        ("#Date: 2026-12-30 22:00:00", "#"),
        ("22:00:01 a", "2026-12-30T22:00:01Z"),
        ("23:59:59 a", "2026-12-30T23:59:59Z"),
        ("00:00:01 a", "2026-12-31T00:00:01Z"),
        // Written late, but not of the next day.
        ("23:59:58 a", "2026-12-30T23:59:58Z"),
        ("00:00:02 a", "2026-12-31T00:00:02Z"),
        ("21:00:00 a", "2026-12-31T21:00:00Z"),
        ("20:00:01 a", "2026-12-31T20:00:01Z"),
        ("19:00:00 a", "2027-01-01T19:00:00Z"),
        ("#Date: 12-Jan-1996 00:00:00", "#"),
        ("00:00:05 a", "1996-01-12T00:00:05Z"),
        ("#Date: soon", "#"),
        ("00:00:06 a", "~"),
    ];
    let mut whole = parser(&[], &[]);
    check(&mut whole, 0, &lines);
    // The same with the state taken to another parser before each line.
    let mut state = Vec::new();
    for (line, expected) in lines {
        let mut fresh = parser(&[], &[]);
        fresh.set_file_state(&state);
        assert_eq!(read(&mut fresh, line, 0), expected, "{line}");
        state = fresh.file_state().to_vec();
    }
}

#[test]
fn the_list_of_fields_goes_with_the_file() {
    let mut first = parser(&[], &["client"]);
    assert!(first.file_state().is_empty());
    check(&mut first, 1, &[("#Fields: date time c-ip", "#")]);
    let state = first.file_state().to_vec();
    let line = ("2026-11-23 10:00:00 a", "a|2026-11-23T10:00:00Z");
    let mut second = parser(&[], &["client"]);
    second.set_file_state(&state);
    assert_eq!(second.file_state(), state);
    check(&mut second, 1, &[line]);
    // What cannot be read is kept as such.
    check(&mut second, 1, &[("#Fields: \0", "!"), (line.0, "!")]);
    let refused = second.file_state().to_vec();
    let mut third = parser(&[&["date", "time", "c-ip"]], &["client"]);
    check(&mut third, 1, &[line]);
    third.set_file_state(&refused);
    check(&mut third, 1, &[(line.0, "!")]);
    for bad in [&b""[..], b"\x01", b"\x02\0\0\0\0\0\0\0\0date time c-ip"] {
        second.set_file_state(bad);
        check(&mut second, 1, &[(line.0, "!")]);
    }
    let long = format!("#Fields: {}", "a ".repeat(super::MOST_COLUMNS + 1));
    check(&mut second, 1, &[(&long, "!"), (line.0, "!")]);
}

#[test]
fn names_that_all_formats_share_stand_for_columns() {
    let wanted = [
        "user",
        "method",
        "bytes",
        "request_length",
        "referrer",
        "host",
        "protocol",
        "scheme",
        "time_taken",
        "x_forwarded_for",
        "c-ip",
        "X-Forwarded-For",
    ];
    let lines = [
        (
            "#Fields: cs-username cs-method sc-bytes cs-bytes cs(Referer) cs-host cs-version cs-protocol time-taken X-Forwarded-For c-ip",
            "#",
        ),
        (
            "u GET 1 2 r h HTTP/2 https 0.5 1.2.3.4,+5.6.7.8 9.9.9.9",
            "u|GET|1|2|r|h|HTTP/2|https|0.5|1.2.3.4,+5.6.7.8|9.9.9.9|1.2.3.4,+5.6.7.8|~",
        ),
    ];
    check(&mut parser(&[], &wanted), wanted.len(), &lines);
}

proptest! {
    #[test]
    fn a_state_of_any_bytes_is_taken_or_dropped(state in prop::collection::vec(any::<u8>(), 0..40), line in "[#a-z0-9 :\t\"-]{0,40}") {
        let mut parser = parser(&[], &["client", "time", "target"]);
        parser.set_file_state(&state);
        let _ = read(&mut parser, &line, 3);
        let kept = parser.file_state().to_vec();
        let mut other = super::tests::parser(&[], &["client", "time", "target"]);
        other.set_file_state(&kept);
        prop_assert_eq!(other.file_state(), &kept);
    }

    #[test]
    fn no_line_goes_back_more_than_an_hour_and_the_clock_never_does(steps in prop::collection::vec(-3_600_i64..82_800, 1..50)) {
        // What is there: moments, each at most an hour before the latest and less than 23 hours after it: 23
        // hours later is the same time of day as an hour before.
        let mut clock = Clock::at(b"2026-11-23 00:00:00");
        let midnight = 20_780 * 86_400_i64;
        let mut latest = 0_i64;
        for step in steps {
            let moment = latest + step;
            let second = moment.rem_euclid(86_400);
            let text = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
            clock.follows(text.as_bytes());
            let day = jiff::Timestamp::from_second(midnight + moment).unwrap().to_zoned_datetime(TimeZone::UTC).date();
            prop_assert_eq!(clock.line_day(), Some(day));
            latest = latest.max(moment);
        }
    }
}
