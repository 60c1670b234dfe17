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

#[test]
fn an_explanation_shows_the_longest_beginning_that_matches() {
    for (text, line, expected) in [
        (
            r"(?<a>\S+) \[(?<b>[^\]]*)\] x{2} end",
            "h [t] xx en",
            r"at byte 11: the line matches `(?<a>\S+) \[(?<b>[^\]]*)\] x{2} en`, but what follows is not `d`",
        ),
        (
            r"(?<a>\S+) \[(?<b>[^\]]*)\]",
            "h t]",
            r"at byte 2: the line matches `(?<a>\S+) `, but what follows is not `\[(?<b>[^\]]*)\]`",
        ),
        ("(?<a>b)", "c", "at byte 0: the line matches no beginning of the regex"),
        (
            "(?x) (?<a>b) # one\n c",
            "bd",
            "at byte 1: the line matches `(?x) (?<a>b) # one\n `, but what follows is not `c`",
        ),
    ] {
        let mut parser = compile(regex(text)).line_parser(&[], &jiff::tz::TimeZone::UTC).unwrap();
        assert_eq!(parser.explain(line.as_bytes()), expected);
        assert_eq!(parser.explain(line.as_bytes()), expected, "a second time");
    }
}
