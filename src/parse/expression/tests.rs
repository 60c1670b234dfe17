use crate::parse::tests::{check, compile, regex};

#[test]
fn an_expression_matches_whole_lines_of_bytes() {
    for (text, line, expected) in [
        ("(?<a>b+)", "bb", Some(Some("bb"))),
        ("(?P<a>b+)", "bb", Some(Some("bb"))),
        ("(?<a>b+)", "bbc", None),
        ("(?<a>b+)", "abb", None),
        ("(?<a>b)|cd", "cd", Some(None)),
        ("(?<a>b|bc)", "bc", Some(Some("bc"))),
        ("(?<a>b)?", "", Some(None)),
        ("^(?<a>b)$", "b", Some(Some("b"))),
        ("(?x) (?<a> b ) # a comment", "b", Some(Some("b"))),
        ("(?<a>.)", "ä", None),
        ("(?u)(?<a>.)", "ä", Some(Some("ä"))),
        ("(?<a>\\p{L})", "ä", Some(Some("ä"))),
        ("(?<a>[äö])", "ö", Some(Some("ö"))),
        ("(?<a>ä)", "ä", Some(Some("ä"))),
        ("(?i)(?<a>get)", "GET", Some(Some("GET"))),
    ] {
        let fields = expected.map(|text| [("a", text)]);
        check(&compile(regex(text)), line, fields.as_ref().map(|fields| &fields[..]));
    }
}

#[test]
fn a_dot_is_any_byte_also_one_that_is_no_utf8() {
    let mut parser = compile(regex("(?<a>.*)b")).line_parser(&["a"], &jiff::tz::TimeZone::UTC).unwrap();
    let found = crate::parse::tests::fields_of(&mut parser, b"\xff\xfeb", 1);
    assert_eq!(found, Some(vec![Some(vec![0xff, 0xfe])]));
}
