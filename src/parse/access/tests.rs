use crate::parse::tests::{builtin, check, compile};

const TAIL: &str = r#"[10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5"#;

#[test]
fn a_name_before_the_time_may_hold_anything_but_a_bare_quote() {
    let common = compile(builtin("common"));
    for (line, fields) in [
        (format!("h i u {TAIL}"), Some(("h", Some("i"), Some("u")))),
        (format!("h - - {TAIL}"), Some(("h", None, None))),
        (format!("2001:db8::1 - a b {TAIL}"), Some(("2001:db8::1", None, Some("a b")))),
        // Jetty's way to write that there is none.
        (format!("h -  -  {TAIL}"), Some(("h", None, None))),
        // Nothing in the user's place.
        (format!("h - {TAIL}"), Some(("h", None, None))),
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
        (" - -", true),
        (r#" - "a""#, true),
        (r#" "r" - "f""#, true),
        (r#" - "a" -"#, false),
        (" -", false),
        (" --", false),
        (r#" "r" "a\""#, false),
        (r#" "r""#, false),
        (r#" "r" a"#, false),
        (r#" "r" "a" "#, false),
        ("", false),
    ] {
        check(&combined, &format!("h - - {TAIL}{end}"), matches.then_some(&[]));
    }
}

#[test]
fn a_virtual_host_is_taken_apart_and_never_taken_for_a_client() {
    let common = compile(builtin("vhost_common"));
    for (front, expected) in [
        ("www.example.com:443 192.0.2.1 - u", Some(("www.example.com", Some("443"), "192.0.2.1", Some("u")))),
        ("www.example.com 192.0.2.1 - -", Some(("www.example.com", None, "192.0.2.1", None))),
        ("[2001:db8::1]:80 2001:db8::2 - -", Some(("[2001:db8::1]", Some("80"), "2001:db8::2", None))),
        ("[2001:db8::1] ::1 - -", Some(("[2001:db8::1]", None, "::1", None))),
        ("2001:db8::1 ::1 - -", Some(("2001:db8::1", None, "::1", None))),
        ("a: ::1 - -", Some(("a:", None, "::1", None))),
        (":80 ::1 - -", Some((":80", None, "::1", None))),
        ("a:80 unix: - -", Some(("a", Some("80"), "unix:", None))),
        ("a b c - -", None),
        ("192.0.2.1 - -", None),
        ("192.0.2.1 name -", None),
        ("192.0.2.1 -", None),
        // A user with a space would look like an ident and a user.
        ("192.0.2.1 - Ada Lovelace", None),
        ("localhost, localhost - -", None),
        ("a b, c - -", None),
    ] {
        let fields = expected.map(|(host, port, client, user)| {
            [("server_name", Some(host)), ("server_port", port), ("client", Some(client)), ("user", user)]
        });
        check(&common, &format!("{front} {TAIL}"), fields.as_ref().map(|fields| &fields[..]));
    }
    let combined = compile(builtin("vhost_combined"));
    let expected: &[_] = &[("server_port", Some("443")), ("client", Some("c")), ("user_agent", Some("a"))];
    check(&combined, &format!("h:443 c - - {TAIL} \"r\" \"a\" \"-\""), Some(expected));
    check(&combined, &format!("h:443 c - - {TAIL}"), None);
    check(&compile(builtin("combined")), &format!("h:443 c - - {TAIL} \"r\" \"a\""), None);
}

#[test]
fn traefik_has_four_fields_more() {
    let traefik = compile(builtin("traefik_clf"));
    for (end, expected) in [
        (r#""r" "a" 12 "web@docker" "http://192.0.2.9:80" 3ms"#, Some((Some("r"), Some("a"), Some("web@docker"), "3"))),
        (r#"- - 12 "web" "u" 247ms"#, Some((None, None, Some("web"), "247"))),
        (r#""-" "a \"b\" 1" 0 "-" "-" 0ms"#, Some((None, Some(r#"a \"b\" 1"#), None, "0"))),
        (r#""r" "a" 12 "web" "u" 3"#, None),
        (r#""r" "a" 12 "web" "u" 3ms "#, None),
        (r#""r" "a" "web" "u" 3ms"#, None),
        (r#"r "a" 12 "web" "u" 3ms"#, None),
        (r#""r" "a" 12 "PathPrefix:"/x" "u" 3ms"#, Some((Some("r"), Some("a"), None, "3"))),
        (r#""r" "a" 12 "web "u" 3ms"#, Some((Some("r"), Some("a"), None, "3"))),
        (r#""r" "a" 12 "web "u" ms"#, None),
        (r#""r" "a" 12 "web "u"3ms"#, None),
        (r#""r" "a""#, None),
    ] {
        let fields = expected.map(|(referrer, agent, router, duration)| {
            [("referrer", referrer), ("user_agent", agent), ("router", router), ("duration_ms", Some(duration))]
        });
        check(&traefik, &format!("h - - {TAIL} {end}"), fields.as_ref().map(|fields| &fields[..]));
    }
}
