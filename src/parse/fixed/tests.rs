use proptest::prelude::*;

use crate::parse::tests::{builtin, check, compile};

const FORMATS: [&str; 2] = ["cri", "docker"];

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
