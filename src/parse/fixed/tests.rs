use proptest::prelude::*;

use crate::model::fields::FieldType;
use crate::model::time::UnixMicros;
use crate::parse::tests::{builtin, check, compile, spec};

const FORMATS: [&str; 10] = [
    "aws_alb",
    "aws_cloudfront",
    "aws_elb",
    "aws_s3",
    "cri",
    "docker",
    "squid",
    "syslog",
    "syslog_rfc3164",
    "syslog_rfc5424",
];

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
        ("Message forwarded from h: app[1]: m", "h", "app", "1", "m"),
        ("Message forwarded from h: m n", "h", "-", "-", "m n"),
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
        ("<1>2026 Nov 23 10:00:00.5 UTC: %A: m", Some(["2026 Nov 23 10:00:00.5 UTC", "-", "%A", "-", "m"])),
        ("<1>2026 Nov 23 10:00:00 h a: m", Some(["2026 Nov 23 10:00:00", "h", "a", "-", "m"])),
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
    data("<1>1 - - - - - [a b=10]", Some("10"));
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
        ("- - - - - [a b=7][c d=x.y-z] m", true),
        ("- - - - - [a b=x y=\"\"\"] m", false),
        ("- - - - - [a][b][a]", false),
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

/// The line as it is before and after the text that is under test.
#[track_caller]
fn check_between(format: &str, before: &str, after: &str, cases: &[Case<'_>]) {
    let pattern = compile(builtin(format));
    for &(text, expected) in cases {
        check(&pattern, &format!("{before}{text}{after}"), expected);
    }
}

#[test]
fn a_load_balancers_columns_end_where_they_end() {
    let address = |client, port| [("client", client), ("client_port", port), ("elb", Some("lb"))];
    check_between(
        "aws_elb",
        "2026-11-23T10:00:00Z lb ",
        " - -1 0.1 - 200 - 0 57 \"GET http://h/ HTTP/1.1\"",
        &[
            ("192.0.2.1:80", Some(&address(Some("192.0.2.1"), Some("80")))),
            ("[2001:db8::1]:80", Some(&address(Some("2001:db8::1"), Some("80")))),
            ("2001:db8::1:80", Some(&address(Some("2001:db8::1"), Some("80")))),
            ("192.0.2.1", Some(&address(Some("192.0.2.1"), None))),
            ("-", Some(&address(None, None))),
            ("\"192.0.2.1:80\"", None),
            ("", None),
        ],
    );
    check_between(
        "aws_elb",
        "2026-11-23T10:00:00Z lb 192.0.2.1:80 - ",
        " 200 - 0 57 \"GET http://h/ HTTP/1.1\"",
        &[
            (
                "-1 0.5 -",
                Some(&[
                    ("request_processing_time", None),
                    ("backend_processing_time", Some("0.5")),
                    ("response_processing_time", None),
                ]),
            ),
            ("-1 -1", None),
            ("-2 0 0", None),
            ("x 0 0", None),
            (". 0 0", None),
        ],
    );
    check_between(
        "aws_elb",
        "2026-11-23T10:00:00Z lb 192.0.2.1:80 - -1 -1 -1 200 - 0 57 ",
        "",
        &[
            ("\"GET http://h/ HTTP/1.1\"", Some(&[("path", Some("/")), ("user_agent", None)])),
            (
                "\"GET /a?b HTTP/1.1\" \"\"",
                Some(&[("path", Some("/a")), ("query", Some("b")), ("user_agent", Some(""))]),
            ),
            ("\"GET h HTTP/1.1\"", Some(&[("path", None), ("target", Some("h"))])),
            ("\"GET http://h/ b HTTP/1.1\"", Some(&[("path", Some("/ b"))])),
            ("\"garbage\"", Some(&[("request", Some("garbage")), ("path", None), ("method", None)])),
            ("\"- - - \" \"-\" - -", Some(&[("request", None), ("user_agent", None)])),
            ("-", Some(&[("request", None), ("user_agent", None)])),
            ("\"a\" \"b\" c d e \"f", Some(&[("ssl_cipher", Some("c")), ("ssl_protocol", Some("d"))])),
            ("\"a\" \"b\" ", None),
            ("\"a\"x", None),
            ("\"a", None),
            ("a", None),
            ("", None),
        ],
    );
}

#[test]
fn a_load_balancers_lines_may_lack_columns_at_their_end_but_no_others() {
    let line = "http 2026-11-23T10:00:00Z app/x/1 192.0.2.1:1 - -1 -1 -1 200 - 5 7 \"GET http://h:80/ HTTP/1.1\" \"a\" - - - \
                \"t\"";
    let mut columns = line.len();
    check_all("aws_alb", &[(line, Some(&[("trace_id", Some("t")), ("domain_name", None), ("bytes", Some("7"))]))]);
    while let Some(space) = line[..columns].rfind(' ') {
        check_all("aws_alb", &[(&line[..space], None)]);
        columns = space;
    }
    let more = format!("{line} {}", vec!["\"x y\""; 40].join(" "));
    check_all("aws_alb", &[(&more, None)]);
    let more = format!("{line} \"d\" c 0 2026-11-23T10:00:00Z {}", vec!["\"x y\""; 40].join(" "));
    check_all("aws_alb", &[(&more, Some(&[("domain_name", Some("d")), ("request_transform_status", Some("x y"))]))]);
}

#[test]
fn a_text_of_s3_ends_where_the_next_column_follows() {
    let texts = |request, referrer, agent| [("request", request), ("referrer", referrer), ("user_agent", agent)];
    check_between(
        "aws_s3",
        "o b [23/Nov/2026:10:00:00 +0000] 192.0.2.1 - R OP k ",
        "",
        &[
            ("\"r\" 200 - 1 1 7 7 \"f\" \"a\" -", Some(&texts(Some("r"), Some("f"), Some("a")))),
            (
                r#""r "x" y" 200 - 1 1 7 7 "f "x" y" "a "x" y" -"#,
                Some(&texts(Some(r#"r "x" y"#), Some(r#"f "x" y"#), Some(r#"a "x" y"#))),
            ),
            (r#""r\" 200 - 1 1 7 7 "f\" "a\" -"#, Some(&texts(Some(r"r\"), Some(r"f\"), Some(r"a\")))),
            ("- - - - 1 - - - - -", Some(&texts(None, None, None))),
            ("\"\" 400 - 1 - - - \"\" \"\" -", Some(&texts(Some(""), Some(""), Some("")))),
            ("\"r\" 20 - 1 1 7 7 \"f\" \"a\" -", None),
            ("\"r\" 200 - 1 1 7 7 \"f\" \"a\"", None),
            ("\"r\" 200 - 1 1 7 7 \"f\" a -", None),
            ("\"r\" 200 - 1 1 7 7 \"f\" \" -", None),
            ("r 200 - 1 1 7 7 \"f\" \"a\" -", None),
        ],
    );
    check_between(
        "aws_s3",
        "o b ",
        " 192.0.2.1 - R OP k \"r\" 200 - 1 1 7 7 \"f\" \"a\" -",
        &[
            ("[23/Nov/2026:10:00:00 +0000]", Some(&[("time", Some("23/Nov/2026:10:00:00 +0000"))])),
            ("[23/Nov/2026:10:00:00 +0000", None),
            ("[23/Nov/2026]", None),
            ("-", None),
        ],
    );
}

#[test]
fn a_line_of_cloudfront_has_a_date_and_a_status_between_tabs() {
    let line = |columns: &str| columns.replace('|', "\t");
    let whole = "2026-11-23|10:00:00|X|7|192.0.2.1|GET|d|/a|200|-|u|q";
    let time = [("time", Some("2026-11-23T10:00:00Z")), ("query", Some("q")), ("status", Some("200"))];
    check_all(
        "aws_cloudfront",
        &[
            (&line(whole), Some(&time)),
            (&line(&format!("{whole}|c")), Some(&[("cs_cookie", Some("c")), ("host", None)])),
            (&line(&whole.replace("200", "-")), Some(&[("status", None)])),
            (&line(&whole.replace("200", "2x0")), None),
            (&line(&whole.replace("|u|", "||")), Some(&[("user_agent", Some(""))])),
            (&line(&whole.replace("2026-11-23", "2026/11/23")), None),
            (&line(&whole.replace("10:00:00", "10:00")), None),
            (&line(whole.trim_end_matches("|q")), None),
            ("#Fields: date time", None),
            ("", None),
        ],
    );
    let pattern = compile(builtin("aws_cloudfront"));
    let mut parser = pattern.line_parser(&[], &jiff::tz::TimeZone::get("Asia/Tokyo").unwrap()).unwrap();
    let mut fields = crate::model::fields::Fields::with_slots(0);
    assert!(parser.parse(b"#Version: 1.0", &mut fields).unwrap_err().is_directive());
    parser.parse(line(whole).as_bytes(), &mut fields).unwrap();
    assert_eq!(fields.time.map(|time| time.to_string()).as_deref(), Some("2026-11-23T10:00:00.000Z"), "it is UTC");
}

#[test]
fn a_line_of_squid_is_read_from_both_ends() {
    let ends = |target, user, peer| [("target", target), ("user", user), ("peer", peer)];
    check_between(
        "squid",
        "1795428000.123      1 192.0.2.7 TCP_HIT/200 5 GET ",
        "",
        &[
            ("http://h/ u H/p t", Some(&ends(Some("http://h/"), Some("u"), Some("p")))),
            ("http://h/ u   H/p  t", Some(&ends(Some("http://h/"), Some("u"), Some("p")))),
            ("a b c d - H/- -", Some(&ends(Some("a b c d"), None, None))),
            ("http://h/ u H/p t [a] [b]", Some(&[("request_headers", Some("a")), ("reply_headers", Some("b"))])),
            ("http://h/ u H/p [t]", Some(&[("content_type", Some("[t]")), ("reply_headers", None)])),
            ("http://h/ u H/p t 9.8", Some(&ends(Some("http://h/"), Some("u"), Some("p")))),
            ("http://h/ u H/p t 9.8 7", None),
            ("http://h/ u h/p t", None),
            ("http://h/ u H t", None),
            ("http://h/ H/p t", None),
            ("H/p t", None),
            ("t", None),
            ("", None),
        ],
    );
    let result = |code, status| [("result_code", code), ("status", status), ("elapsed_ms", Some("-1"))];
    check_between(
        "squid",
        "1795428000.123     -1 192.0.2.7 ",
        " 5 GET http://h/ - H/p -",
        &[
            ("TCP_MISS/200", Some(&result(Some("TCP_MISS"), Some("200")))),
            ("NONE/-", Some(&result(Some("NONE"), None))),
            ("TCP_MISS", None),
            ("/200", None),
            ("TCP_MISS/", None),
            ("TCP_MISS/2x", None),
        ],
    );
    for time in ["1795428000.", ".123", "x.1", "2026-11-23T10:00:00.1"] {
        check_between("squid", time, " 1 h T/200 5 GET http://h/ - H/p -", &[("", None)]);
    }
}

#[test]
fn parameters_of_structured_data_are_fields_like_others_and_no_other_name_is() {
    let pattern = compile(builtin("syslog"));
    for (name, kind) in [
        ("sd.a.b", Some(FieldType::Text)),
        ("pri", Some(FieldType::Integer)),
        ("sdx", None),
        ("hots", None),
        ("client", None),
    ] {
        assert_eq!(pattern.field_type(name), kind, "{name}");
    }
    assert!(!pattern.gives_any_name());
    let types =
        [("account", Some("sd.a.b"), FieldType::Text, None), ("bytes", Some("sd.a.n"), FieldType::Integer, None)];
    let pattern = crate::parse::Pattern::compile(&spec(builtin("syslog"), &types)).unwrap();
    let line = r#"<1>1 - - - - - [a b="x" n="12"] m"#;
    let expected = [("bytes", Some("12")), ("account", Some("x")), ("message", Some("m")), ("sd.a.c", None)];
    check(&pattern, line, Some(&expected));
}

/// Every field of a format for a line; `None` where it does not match.
fn all_fields(format: &str, line: &[u8]) -> Option<Vec<(String, Option<Vec<u8>>)>> {
    let pattern = compile(builtin(format));
    let names = pattern.field_names();
    let mut parser = pattern.line_parser(&names, &jiff::tz::TimeZone::UTC).unwrap();
    let texts = crate::parse::tests::fields_of(&mut parser, line, names.len())?;
    Some(names.into_iter().map(str::to_owned).zip(texts).collect())
}

#[test]
fn every_format_has_a_time_and_names_each_of_its_fields_once() {
    for format in FORMATS {
        let pattern = compile(builtin(format));
        assert!(pattern.has_time(), "{format}");
        let mut names =
            super::Fixed::of_name(format).unwrap().fields().iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let count = names.len();
        assert!(count <= 64, "{format}: a bit for each");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{format}: a name stands there twice");
    }
}

/// Lines that match, to be changed.
const LINES: [&str; 12] = [
    "http 2026-11-23T10:00:00Z app/x/1 192.0.2.1:1 - -1 -1 -1 200 - 5 7 \"GET http://h:80/?a HTTP/1.1\" \"a\" - - - \"t\" \"d\" \"c\" 0 2026-11-23T10:00:00Z \"-\"",
    "2026-11-23\t10:00:00\tX\t7\t192.0.2.1\tGET\td\t/a\t200\t-\tu\tq\t-\tHit",
    "2026-11-23T10:00:00Z lb 192.0.2.1:80 - -1 0.1 - 200 - 0 57 \"GET http://h/ HTTP/1.1\" \"a\" - -",
    "o b [23/Nov/2026:10:00:00 +0000] 192.0.2.1 - R OP k \"GET /a HTTP/1.1\" 200 - 1 1 7 7 \"f\" \"a\" - h",
    "2026-11-23T10:00:00.5+01:00 stdout P a message",
    r#"{"log":"a \"b\"\n","stream":"stdout","attrs":{},"time":"2026-11-23T10:00:00Z"}"#,
    "1795428000.123    196 192.0.2.7 TCP_MISS/200 1 GET http://h/a?b u H/p t [a] [b]",
    "<34>1 2026-11-23T10:00:00.1Z h a p m [i@1 a=\"b\\\"\" c=\"\"][x] message",
    "<13>Nov 23 10:00:00 h app[1]: message",
    "2026-11-23T10:00:00Z h a 1 - [x y=\"z\"] message",
    "<1>7: sw-1: *Nov 23 2026 10:00:00.5 CET: %A-1-B: message",
    "Nov 23 10:00:00 2026 UTC h: %A: message",
];

/// One of the lines with a piece of it replaced by other bytes.
fn changed_line() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::collection::vec(prop::sample::select(b" \t\"\\[]<>:/.-#0129TZ@=\r\xef\xbb\xbf".to_vec()), 0..6),
    ];
    (prop::sample::select(LINES.to_vec()), any::<prop::sample::Index>(), 0..8_usize, bytes).prop_map(
        |(line, start, len, bytes)| {
            let mut line = line.as_bytes().to_vec();
            let start = start.index(line.len() + 1);
            let end = (start + len).min(line.len());
            line.splice(start..end, bytes);
            line
        },
    )
}

proptest! {
    #[test]
    fn no_line_panics_and_every_field_is_a_part_of_it(line in changed_line()) {
        const BUILT: [&str; 7] =
            ["partial", "facility", "severity", "facility_code", "severity_code", "time", "message"];
        for format in FORMATS {
            for (name, text) in all_fields(format, &line).into_iter().flatten() {
                let Some(text) = text else { continue };
                let is_part = memchr::memmem::find(&line, &text).is_some() || BUILT.contains(&name.as_str());
                prop_assert!(is_part, "{}: {} is {:?}", format, name, String::from_utf8_lossy(&text));
            }
        }
    }

    #[test]
    fn what_a_client_writes_moves_no_other_field(text in "[ -~&&[^\"\\\\]]{0,40}") {
        let request = |text: &str| format!(
            "http 2026-11-23T10:00:00Z app/x/1 192.0.2.1:1 - -1 -1 -1 200 - 5 7 \"GET http://h:80/ HTTP/1.1\" \"{text}\" C P - \"t\" \"d\""
        );
        let message = |text: &str| format!("<34>1 2026-11-23T10:00:00Z h a p m - x{text}");
        let tagged = |text: &str| format!("Nov 23 10:00:00 h app[1]: x{text}");
        let target = |text: &str| format!("1795428000.123 6 192.0.2.7 T/200 1 GET http://h/x{text} u H/p t");
        for (format, free, line) in [
            ("aws_alb", "user_agent", &request as &dyn Fn(&str) -> String),
            ("syslog", "message", &message),
            ("syslog", "message", &tagged),
            ("squid", "target", &target),
        ] {
            let others = |text: &str| {
                let fields = all_fields(format, line(text).as_bytes()).expect("a match");
                let keeps = |name: &str| name != free && !(format == "squid" && matches!(name, "path" | "query"));
                fields.into_iter().filter(|(name, _)| keeps(name)).collect::<Vec<_>>()
            };
            prop_assert_eq!(others(&text), others(""), "{}", line(&text));
        }
    }
}
