use crate::parse::tests::{builtin, check, compile};

const TAIL: &str = r#"[10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5"#;

#[test]
fn a_name_before_the_time_may_hold_anything_but_a_bare_quote() {
    let common = compile(builtin("common"));
    for (line, fields) in [
        (format!("h i u {TAIL}"), Some(("h", Some("i"), Some("u")))),
        (format!("h - - {TAIL}"), Some(("h", None, None))),
        (format!("2001:db8::1 - a b {TAIL}"), Some(("2001:db8::1", None, Some("a b")))),
        (format!("h -  -  {TAIL}"), Some(("h", None, Some(" - ")))),
        (format!("h - [x] [y {TAIL}"), Some(("h", None, Some("[x] [y")))),
        (format!("h - a\\\"b {TAIL}"), Some(("h", None, Some("a\\\"b")))),
        (format!("h - \"\" {TAIL}"), Some(("h", None, Some("")))),
        (format!("h -  {TAIL}"), Some(("h", None, Some("")))),
        (format!("h - a\"b {TAIL}"), None),
        // A virtual host in front, and lists of addresses: the fields are not where they seem to be.
        (format!("www.example.com:80 192.0.2.1 - - {TAIL}"), None),
        (format!("www.example.com:80 192.0.2.1 - frank {TAIL}"), None),
        (format!("x 42 192.0.2.1 - - {TAIL}"), None),
        (format!("10.0.0.1, 10.0.0.2 - - {TAIL}"), None),
        (format!("www.example.com 10.0.0.1, 10.0.0.2 - - {TAIL}"), None),
        (format!("h - {TAIL}"), None),
        (format!("h u {TAIL}"), None),
        (format!(" - u {TAIL}"), None),
    ] {
        let expected = fields.map(|(client, ident, user)| {
            [("client", Some(client)), ("ident", ident), ("user", user), ("status", Some("200")), ("path", Some("/"))]
        });
        check(&common, &line, expected.as_ref().map(|fields| &fields[..]));
    }
}

#[test]
fn a_line_with_a_wrong_part_is_refused() {
    let common = compile(builtin("common"));
    check(&common, &format!("h - - {TAIL}"), Some(&[("bytes", Some("5"))]));
    for (part, wrong) in [
        ("10/Oct", "1/Oct"),
        ("-0700]", "-0700 ]"),
        ("HTTP/1.1\"", "HTTP/1.1"),
        (" 200 ", " 20 "),
        (" 200 ", " 2000 "),
        (" 200 ", " 200  "),
        (" 5", " 5x"),
        (" 5", " "),
        (" 5", " 5 "),
        (" 5", " -5"),
    ] {
        check(&common, &format!("h - - {}", TAIL.replace(part, wrong)), None);
    }
    let combined = compile(builtin("combined"));
    for (end, matches) in [
        (r#" "r" "a""#, true),
        (r#" "r" "a" "f""#, true),
        (r#" "r\"" "a\\""#, true),
        (r#" "r" "a" "f" "g""#, false),
        (r#" "r" "a\""#, false),
        (r#" "r""#, false),
        (r#" "r" a"#, false),
        (r#" "r" "a" "#, false),
        ("", false),
    ] {
        check(&combined, &format!("h - - {TAIL}{end}"), matches.then_some(&[]));
    }
}
