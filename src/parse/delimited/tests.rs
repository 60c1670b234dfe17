use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::model::fields::Fields;
use crate::model::spec::{Columns, DelimitedSpec, Engine, Quoting};
use crate::parse::tests::{check, compile, fields_of, spec};
use crate::parse::{LineParser, Pattern};

fn delimited(separator: u8, quoting: Quoting, columns: &[&str]) -> Engine {
    let columns = match columns {
        [] => Columns::Header,
        names => Columns::Named(names.iter().map(|&name| name.to_owned()).collect()),
    };
    Engine::Delimited(DelimitedSpec { separator, columns, quoting })
}

#[test]
fn values_are_separated_and_quoted_as_rfc_4180_says() {
    let pattern = compile(delimited(b',', Quoting::Doubled, &["a", "_", "b", "c"]));
    for (line, expected) in [
        ("1,2,3,4", [("a", Some("1")), ("b", Some("3")), ("c", Some("4"))]),
        (r#""a, b",x,"c ""d""","#, [("a", Some("a, b")), ("b", Some("c \"d\"")), ("c", Some(""))]),
        ("\"\",\"\"\"\",\"\"\"\",\"a\nb\"", [("a", Some("")), ("b", Some("\"")), ("c", Some("a\nb"))]),
        (r#" "a",b"c,-, 4 "#, [("a", Some(" \"a\"")), ("b", None), ("c", Some(" 4 "))]),
    ] {
        check(&pattern, line, Some(&expected));
    }
    for line in ["", "1,2,3", "1,2,3,4,5", r#""1,2,3,4"#, r#""1"x,2,3,4"#, r#"1,2,3,"4"5"#] {
        check(&pattern, line, None);
    }
}

#[test]
fn more_columns_may_follow_where_the_pattern_says_so() {
    let pattern = compile(delimited(b';', Quoting::Doubled, &["a", "b", "*"]));
    for line in ["1;2", "1;2;3;\"4", "1;\"2\";"] {
        check(&pattern, line, Some(&[("a", Some("1")), ("b", Some("2"))]));
    }
    check(&pattern, "1", None);
}

#[test]
fn tabs_separate_values_that_stay_as_they_are_written() {
    let pattern = compile(delimited(b'\t', Quoting::Backslash, &["a", "b", "c"]));
    check(&pattern, "\"x\t\\ta\\\\\t\\N", Some(&[("a", Some("\"x")), ("b", Some("\\ta\\\\")), ("c", None)]));
    check(&pattern, "@\t\t@", Some(&[("a", Some("@")), ("b", Some("")), ("c", Some("@"))]));
    check(&pattern, "a\tb", None);
    check(&pattern, "a\tb\tc\td", None);
}

#[test]
fn listed_columns_have_the_names_that_all_formats_share() {
    let pattern = compile(delimited(b',', Quoting::Doubled, &["remote_addr", "request", "http_user_agent"]));
    let expected = [("client", Some("192.0.2.1")), ("path", Some("/a")), ("user_agent", Some("c\"d"))];
    check(&pattern, r#"192.0.2.1,GET /a?b HTTP/1.1,"c""d""#, Some(&expected));
    assert!(pattern.line_parser(&["user"], &TimeZone::UTC).is_err());
}

#[test]
fn columns_that_cannot_be_read_are_refused() {
    for (separator, columns, expected) in [
        (b',', &["_", ""][..], "`columns` names no column"),
        (b',', &["a", "b", "a"], "`columns` has `a` in the wrong place or twice"),
        (b',', &["*", "b"], "`columns` has `*` in the wrong place or twice"),
        (b'"', &["a"], "cannot separate values"),
        (b'x', &["a"], "cannot separate values"),
    ] {
        let faults =
            Pattern::compile(&spec(delimited(separator, Quoting::Doubled, columns), &[])).map(|_| ()).unwrap_err();
        assert!(faults[0].to_string().contains(expected), "{}", faults[0]);
    }
}

fn with_header(separator: u8) -> LineParser {
    let pattern = compile(delimited(separator, Quoting::Doubled, &[]));
    pattern.line_parser(&["client_ip", "Status", "x"], &TimeZone::UTC).unwrap()
}

/// What each line gives: fields, `#` for a line of the format's own, `!` for one that does not match.
#[track_caller]
fn check_lines(parser: &mut LineParser, lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        let mut fields = Fields::with_slots(3);
        let found = match parser.parse(line.as_bytes(), &mut fields) {
            Err(mismatch) if mismatch.is_directive() => "#".to_owned(),
            Err(_) => "!".to_owned(),
            Ok(()) => {
                let text = |slot| fields.get(line.as_bytes(), slot).map_or("~".into(), String::from_utf8_lossy);
                (0..3).map(text).collect::<Vec<_>>().join("|")
            }
        };
        assert_eq!(found, *expected, "{line:?}");
    }
}

#[test]
fn the_first_line_names_the_columns_and_is_no_record() {
    let lines = [
        ("", "!"),
        ("\u{feff}Client IP,\"Status\", y", "#"),
        ("192.0.2.1,200,a", "192.0.2.1|200|~"),
        ("192.0.2.1,200", "!"),
        // An application that starts again writes it once more.
        ("\u{feff}Client IP,\"Status\", y", "#"),
        ("192.0.2.2,\"a\"\"b\",", "192.0.2.2|a\"b|~"),
    ];
    check_lines(&mut with_header(b','), &lines);
    check_lines(&mut with_header(b';'), &[("x;Status", "#"), ("1;2", "~|2|1")]);
}

#[test]
fn a_first_line_of_values_is_no_header() {
    let long = format!("a,{}", "b".repeat(super::MOST_HEADER_BYTES));
    check_lines(
        &mut with_header(b','),
        &[("192.0.2.1,200", "!"), ("\"a,b", "!"), (",_", "!"), (&long, "!"), ("x,y", "#"), ("1,2", "~|~|1")],
    );
}

#[test]
fn the_header_goes_with_the_file() {
    let mut first = with_header(b',');
    assert!(first.file_state().is_empty());
    check_lines(&mut first, &[("x,Status", "#"), ("1,2", "~|2|1")]);
    let state = first.file_state().to_vec();
    let mut second = with_header(b',');
    second.set_file_state(&state);
    check_lines(&mut second, &[("3,4", "~|4|3"), ("x,Status", "#")]);
    assert_eq!(second.file_state(), state);
    second.set_file_state(&[]);
    check_lines(&mut second, &[("Status,x", "#"), ("3,4", "~|3|4")]);
    for bad in [&b"\x01"[..], b"\x02x,Status", b"\x01\"x"] {
        second.set_file_state(bad);
        check_lines(&mut second, &[("5,6", "!")]);
    }
}

proptest! {
    #[test]
    fn what_is_written_by_the_rules_is_read_back(values in prop::collection::vec("[a\", \n-]{0,6}", 2..6)) {
        let written: Vec<String> = values.iter().map(|value| {
            let needs_quotes = value.contains([',', '"', '\n']);
            if needs_quotes { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.clone() }
        }).collect();
        let line = written.join(",");
        let names: Vec<String> = (0..values.len()).map(|index| format!("c{index}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pattern = compile(delimited(b',', Quoting::Doubled, &names));
        let found = fields_of(&mut pattern.line_parser(&names, &TimeZone::UTC).unwrap(), line.as_bytes(), names.len());
        let expected: Vec<Option<Vec<u8>>> = values.iter().map(|value| Some(value.clone().into_bytes()).filter(|value| value != b"-")).collect();
        prop_assert_eq!(found, (!line.is_empty()).then_some(expected));
    }
}
