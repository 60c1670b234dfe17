use proptest::prelude::*;

use crate::model::time::UnixMicros;
use crate::parse::tests::{builtin, check, compile};

const FORMATS: [&str; 5] = ["cri", "docker", "syslog", "syslog_rfc3164", "syslog_rfc5424"];

/// Field names and texts of a line; an absent field has none. `None` where the line must not match.
type Case<'a> = (&'a str, Option<&'a [(&'a str, Option<&'a str>)]>);

#[track_caller]
fn check_all(format: &str, cases: &[Case<'_>]) {
    let pattern = compile(builtin(format));
    for &(line, expected) in cases {
        check(&pattern, line, expected);
    }
}

#[test]
fn a_container_line_is_a_time_a_stream_tags_and_a_message() {
    let whole = [
        ("time", Some("2026-11-23T10:00:00.123456789Z")),
        ("stream", Some("stdout")),
        ("logtag", Some("F")),
        ("partial", Some("false")),
        ("message", Some("a  b ")),
    ];
    check_all(
        "cri",
        &[
            ("2026-11-23T10:00:00.123456789Z stdout F a  b ", Some(&whole)),
            (
                "2026-11-23T11:00:00.5+01:00 stderr P:x  y",
                Some(&[
                    ("stream", Some("stderr")),
                    ("logtag", Some("P:x")),
                    ("partial", Some("true")),
                    ("message", Some(" y")),
                ]),
            ),
            ("2026-11-23T10:00:00Z stdout F ", Some(&[("message", Some("")), ("partial", Some("false"))])),
            ("2026-11-23T10:00:00Z stdout F", Some(&[("message", Some(""))])),
            ("2026-11-23T10:00:00Z stdout F -", Some(&[("message", None)])),
            ("2026-11-23T10:00:00Z stdout X a", None),
            ("2026-11-23T10:00:00Z stdout FP a", None),
            ("2026-11-23T10:00:00Z stdout", None),
            ("2026-11-23T10:00:00Z stdlog F a", None),
            ("2026-11-23T10:00:00 stdout F a", None),
            ("2026-11-23 10:00:00Z stdout F a", None),
            ("2026-11-23T10:00:0xZ stdout F a", None),
            ("stdout F a", None),
            ("", None),
        ],
    );
}

#[test]
fn a_docker_line_gives_the_text_without_its_newline() {
    let partial = |text, partial| [("message", text), ("partial", Some(partial))];
    check_all(
        "docker",
        &[
            (
                r#"{"log":"GET / \"x\"\n","stream":"stderr","attrs":{"tag":"a"},"time":"2026-11-23T10:00:00.1Z"}"#,
                Some(&[
                    ("message", Some(r#"GET / "x""#)),
                    ("stream", Some("stderr")),
                    ("attrs", Some(r#"{"tag":"a"}"#)),
                    ("time", Some("2026-11-23T10:00:00.1Z")),
                    ("partial", Some("false")),
                ]),
            ),
            (r#"{"log":"a\r\n"}"#, Some(&partial(Some("a"), "false"))),
            (r#"{"log":"a\r\\n"}"#, Some(&partial(Some("a\r\\n"), "true"))),
            (r#"{"log":"a\\\n"}"#, Some(&partial(Some("a\\"), "false"))),
            (r#"{"log":"half"}"#, Some(&partial(Some("half"), "true"))),
            (r#"{"log":"\n","time":"x"}"#, Some(&[("message", Some("")), ("time", None), ("stream", None)])),
            (r#"{"log":""}"#, Some(&partial(Some(""), "true"))),
            (r#"{"stream":"stdout"}"#, None),
            (r#"{"log":null}"#, None),
            (r#"{"log":{"a":1}}"#, None),
            (r#"{"log":1}"#, None),
            (r#"{"log":"a\n""#, None),
            ("plain", None),
        ],
    );
}

/// Time, host, app, process and message; `-` is none.
#[track_caller]
fn check_syslog(format: &str, line: &str, expected: Option<[&str; 5]>) {
    let names = ["time", "host", "app", "procid", "message"];
    let pattern = compile(builtin(format));
    let fields = expected.map(|texts| {
        let fields = names.iter().zip(texts).map(|(&name, text)| (name, (text != "-").then_some(text)));
        fields.collect::<Vec<_>>()
    });
    let mut parser = pattern.line_parser(&names, &jiff::tz::TimeZone::UTC).unwrap();
    parser.set_reference_time(UnixMicros::from_seconds(1_795_427_696));
    let found = crate::parse::tests::fields_of(&mut parser, line.as_bytes(), names.len());
    let found = found.map(|texts| {
        let text = |text: Option<Vec<u8>>| text.map(|text| String::from_utf8(text).unwrap());
        names.into_iter().zip(texts.into_iter().map(text)).collect::<Vec<_>>()
    });
    let fields =
        fields.map(|fields| fields.into_iter().map(|(name, text)| (name, text.map(str::to_owned))).collect::<Vec<_>>());
    assert_eq!(found, fields, "{line}\n{}", parser.explain(line.as_bytes()));
}

#[test]
fn the_tag_and_the_host_of_a_syslog_line_are_found_where_they_are() {
    for (text, host, app, procid, message) in [
        ("h app[1]: m", "h", "app", "1", "m"),
        ("h app[1] m", "h", "app", "1", "m"),
        ("h app[1]:m n", "h", "app", "1", "m n"),
        ("h app: m", "h", "app", "-", "m"),
        ("h app:  m", "h", "app", "-", " m"),
        ("h app:m n", "h", "app", "-", "m n"),
        ("h app:", "h", "app", "-", ""),
        ("h a:b;c(d)[e-1]: m", "h", "a:b;c(d)", "e-1", "m"),
        ("h a[b]c: m", "h", "a[b]c", "-", "m"),
        ("h a/b.c-d_e: m", "h", "a/b.c-d_e", "-", "m"),
        ("h app [x] m", "h", "app", "-", "[x] m"),
        ("h http://x is down", "h", "-", "-", "http://x is down"),
        ("h ::1 is down", "h", "-", "-", "::1 is down"),
        ("h two words: m", "h", "-", "-", "two words: m"),
        ("h []: m", "h", "[]", "-", "m"),
        ("h [1]: m", "h", "[1]", "-", "m"),
        ("h : m", "h", "-", "-", ": m"),
        ("h", "h", "-", "-", ""),
        ("app[1]: m", "-", "app", "1", "m"),
        ("app: m", "-", "app", "-", "m"),
        ("%A-1-B: m", "-", "%A-1-B", "-", "m"),
        ("h: %A-1-B: m", "h", "%A-1-B", "-", "m"),
        ("h : %A-1-B: m", "h", "%A-1-B", "-", "m"),
        ("2001:db8::1 app: m", "2001:db8::1", "app", "-", "m"),
        ("h last message repeated 2 times", "h", "-", "-", "last message repeated 2 times"),
        ("last message repeated 2 times", "-", "-", "-", "last message repeated 2 times"),
        ("--- last message repeated 2 times ---", "-", "-", "-", "--- last message repeated 2 times ---"),
    ] {
        for time in ["Nov 23 10:00:00", "2026-11-23T10:00:00.5+01:00"] {
            check_syslog("syslog_rfc3164", &format!("{time} {text}"), Some([time, host, app, procid, message]));
            check_syslog("syslog", &format!("<13>{time} {text}"), Some([time, host, app, procid, message]));
        }
    }
}

#[test]
fn what_devices_write_before_a_syslog_time_is_passed_over() {
    for (line, expected) in [
        ("<1>7: *Nov 23 10:00:00.5: %A: m", Some(["Nov 23 10:00:00.5", "-", "%A", "-", "m"])),
        ("<1>7: sw-1: .Nov 23 10:00:00 CET: %A: m", Some(["Nov 23 10:00:00", "sw-1", "%A", "-", "m"])),
        ("sw-1: Nov 23 10:00:00 UTC: %A: m", Some(["Nov 23 10:00:00 UTC", "sw-1", "%A", "-", "m"])),
        ("<1>Nov 23 10:00:00 UTC h a: m", Some(["Nov 23 10:00:00 UTC", "h", "a", "-", "m"])),
        ("7: 8: 9: Nov 23 10:00:00 h a: m", None),
        ("<1> Nov 23 10:00:00 h a: m", None),
        ("<01>Nov 23 10:00:00 h a: m", None),
        ("<1000>Nov 23 10:00:00 h a: m", None),
        ("<-1>Nov 23 10:00:00 h a: m", None),
        ("Nov 23 10:00:00", None),
        ("Nov 23 10:00:00 ", None),
        ("Nov 23 10:00:00x h a: m", None),
        ("Nov 23 10:00 h a: m", None),
    ] {
        check_syslog("syslog_rfc3164", line, expected);
    }
}

#[test]
fn an_iso_time_may_be_followed_by_the_newer_formats_fields() {
    let time = "2026-11-23T10:00:00Z";
    for (text, expected) in [
        ("h a 12 - - m n", ["h", "a", "12", "m n"]),
        ("h a - ID7 [x y=\"z\"] m", ["h", "a", "-", "m"]),
        ("h a: - - - m", ["h", "a", "-", "- - - m"]),
        ("h a 12 - m", ["h", "-", "-", "a 12 - m"]),
        ("h a b - - m", ["h", "-", "-", "a b - - m"]),
    ] {
        let [host, app, procid, message] = expected;
        check_syslog("syslog", &format!("{time} {text}"), Some([time, host, app, procid, message]));
    }
    let pattern = compile(builtin("syslog"));
    check(&pattern, r#"2026-11-23T10:00:00Z h a 1 - [x y="z"]m"#, Some(&[("sd.x.y", None), ("host", Some("h"))]));
    check(&pattern, r#"2026-11-23T10:00:00Z h a 1 - [x y="z"] m"#, Some(&[("sd.x.y", Some("z"))]));
}

#[test]
fn the_newer_syslog_format_is_taken_as_its_rfc_has_it() {
    let data = |line: &str, expected: Option<&str>| {
        let pattern = compile(builtin("syslog_rfc5424"));
        let expected = [("sd.a.b", expected)];
        check(&pattern, line, Some(&expected));
    };
    data(r#"<1>1 - - - - - [a b="x"]"#, Some("x"));
    data(r#"<1>1 - - - - - [z b="1"][a c="2" b="3" b="4"] [a b="5"]"#, Some("4"));
    data(r#"<1>1 - - - - - [a b="x\\"] m"#, Some(r"x\\"));
    data(r#"<1>1 - - - - - [a b="\"\]\n"]"#, Some(r#"\"\]\n"#));
    data(r#"<1>1 - - - - - [a.b c="x"]"#, None);
    data(r#"<1>1 - - - - - [a b= "x"]"#, Some("x"));
    for (rest, matches) in [
        ("- - - - - -", true),
        ("- - - - - - ", true),
        ("- - - - -  m", true),
        ("2026-11-23T10:00:60.123456-23:59 h a p i - m", true),
        ("2026-11-23T10:00:00.1234567Z h a p i - m", false),
        ("2026-11-23T10:00:00+24:00 h a p i - m", false),
        ("2026-11-23T10:00:00 h a p i - m", false),
        ("2026-11-23T10:00:00+0100 h a p i - m", false),
        ("2026-11-31T10:00:00Z h a p i - m", false),
        ("- - - - -", false),
        ("- - - - - -m", false),
        ("- - - - - [a]m", false),
        ("- - - - - [a ]", false),
        ("- - - - - [a b]", false),
        ("- - - - - [a b=]", false),
        ("- - - - - [a b=\"]\"]", false),
        ("- - - - - [a b=\"x\"", false),
        ("- - - - - [a b=\"x", false),
        ("- - - - - [a=\"x\"]", false),
        ("- h\u{e9} - - - -", false),
        ("- - - - - - \u{feff}\u{e9}", true),
    ] {
        let expected = matches.then_some(&[("pri", Some("1"))][..]);
        check(&compile(builtin("syslog_rfc5424")), &format!("<1>1 {rest}"), expected);
    }
    let longest = |lens: [usize; 5]| {
        let [host, app, procid, msgid, name] = lens.map(|len| "x".repeat(len));
        format!("<1>1 - {host} {app} {procid} {msgid} [{name} {name}=\"\"]")
    };
    let most = [255, 48, 128, 32, 32];
    check(&compile(builtin("syslog_rfc5424")), &longest(most), Some(&[("host", Some(&"x".repeat(255)))]));
    for index in 0..most.len() {
        let mut lens = most;
        lens[index] += 1;
        check(&compile(builtin("syslog_rfc5424")), &longest(lens), None);
    }
}

#[test]
fn a_byte_order_mark_says_that_the_message_is_utf_8() {
    let pattern = compile(builtin("syslog_rfc5424"));
    let mut parser = pattern.line_parser(&["message"], &jiff::tz::TimeZone::UTC).unwrap();
    for (message, matches) in [(&b"\xef\xbb\xbf\xc3\xa9"[..], true), (b"\xef\xbb\xbf\xc3", false), (b"\xc3", true)] {
        let line = [b"<1>1 - - - - - - ", message].concat();
        let found = crate::parse::tests::fields_of(&mut parser, &line, 1);
        assert_eq!(found, matches.then(|| vec![Some(message.to_vec())]), "{message:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = line.is_empty();
        for format in FORMATS {
            let pattern = compile(builtin(format));
            let names: Vec<String> = pattern.field_names().iter().map(|&name| name.to_owned()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut parser = pattern.line_parser(&names, &jiff::tz::TimeZone::UTC).unwrap();
            let _ = crate::parse::tests::fields_of(&mut parser, &line, names.len());
        }
    }
}
