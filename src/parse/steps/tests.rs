use std::path::Path;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::config::pattern_file;
use crate::model::fields::Fields;
use crate::parse::Pattern;

/// A pattern with these `[types]`, over lines of `x y`, in quotes.
fn pattern(engine: &str, types: &str) -> Pattern {
    let text = format!("name = \"p\"\n{engine}\n[types]\n{types}\n");
    let spec = pattern_file::read(&text, Path::new("p.toml")).unwrap_or_else(|faults| panic!("{types}: {faults:?}"));
    Pattern::compile(&spec).unwrap_or_else(|faults| panic!("{types}: {faults:?}"))
}

const REGEX: &str = "regex = '\"(?<x>[^\"]*)\" \"(?<query>[^\"]*)\"'";

/// The field `f` of a line, and how many texts did not fit.
fn field(pattern: &Pattern, line: &[u8]) -> (Option<String>, u64) {
    let mut parser = pattern.line_parser(&["f"], &TimeZone::UTC).unwrap();
    let mut fields = Fields::with_slots(1);
    parser.parse(line, &mut fields).unwrap();
    let found = fields.get(line, 0).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let invalid = parser.invalid_fields().map(|(_, count)| count).sum();
    (found, invalid)
}

#[track_caller]
fn check(types: &str, text: &str, expected: Option<&str>) {
    let line = format!("\"{text}\" \"{text}\"");
    let found = field(&pattern(REGEX, types), line.as_bytes());
    assert_eq!(found, (expected.map(str::to_owned), 0), "{types} of {text:?}");
}

#[track_caller]
fn check_invalid(types: &str, text: &str) {
    let line = format!("\"{text}\" \"{text}\"");
    assert_eq!(field(&pattern(REGEX, types), line.as_bytes()), (None, 1), "{types} of {text:?}");
}

#[test]
fn each_step_makes_its_field() {
    for (types, text, expected) in [
        (r#"f = { from = "x", url = "host" }"#, "https://e.x:8/a?b", Some("e.x")),
        (r#"f = { from = "query", parameter = "t" }"#, "a=1&t=2", Some("2")),
        (r#"f = { from = "x", cookie = "sid" }"#, "a=1; sid=2", Some("2")),
        (r#"f = { from = "x", segment = -1 }"#, "/api/v1/x?y", Some("x")),
        (r#"f = { from = "x", forwarded = { trusted = ["private"] } }"#, "1.1.1.1, 2.2.2.2, 10.0.0.1", Some("2.2.2.2")),
        (r#"f = { from = "x", jwt = "sub" }"#, "Bearer e30.eyJzdWIiOiJ1In0.c2ln", Some("u")),
        (r#"f = { from = "x", agent = "bot" }"#, "Googlebot/2.1", Some("true")),
        (r#"f = { from = "x", agent = "class" }"#, "curl/8.1", Some("tool")),
        (r#"f = { from = "x", decode = "escapes" }"#, r"m\xC3\xBCller", Some("müller")),
        (r#"f = { from = "x", decode = "url" }"#, "a+b%20c", Some("a+b c")),
        (r#"f = { from = "x", decode = "form" }"#, "a+b%20c", Some("a b c")),
        (r#"f = { from = "x", decode = "base64" }"#, "YWRh", Some("ada")),
        (r#"f = { from = "x", split = "@", item = -1 }"#, "ada@acme", Some("acme")),
        (r#"f = { from = "x", capture = 'plan=([a-z]+)' }"#, "x plan=pro", Some("pro")),
        (r#"f = { from = "x", case = "lower" }"#, "Ada", Some("ada")),
        (r#"f = { from = "x", absent = ["", "none"] }"#, "none", None),
        (r#"f = { from = "x", absent = ["", "none"] }"#, "", None),
        (r#"f = { from = "x", absent = ["none"] }"#, "nobody", Some("nobody")),
        (r#"f = { from = "x", type = "duration" }"#, "1.5ms", Some("0.0015")),
        (r#"f = { from = "x", type = "duration", unit = "us" }"#, "1500", Some("0.0015")),
        (r#"f = { from = "x", type = "size" }"#, "1.5 KiB", Some("1536")),
        (r#"f = { from = "x", type = "size", unit = "kB" }"#, "2", Some("2000")),
        (r#"f = { from = "x", type = "size" }"#, "", None),
    ] {
        check(types, text, expected);
    }
}

#[test]
fn steps_are_done_in_one_order_however_they_are_written() {
    // Taken before it is decoded, so that what is decoded begins no parameter; cut after.
    let types = r#"f = { absent = ["(null)"], case = "lower", split = "@", item = 2, decode = ["escapes", "url"], parameter = "u", from = "query" }"#;
    for (text, expected) in [
        ("u=Ada%40ACME", Some("acme")),
        ("x=1%26u=a%40b&u=Ada%40ACME", Some("acme")),
        ("u=Ada@(NULL)", None),
        ("u=ada", None),
        (r"u=a%40\x4D\xC3\xBC", Some("mü")),
    ] {
        check(types, text, expected);
    }
    check(r#"f = { from = "x", decode = ["url", "url"] }"#, "%2541", Some("A"));
    check(r#"f = { from = "x", decode = "url" }"#, "%2541", Some("%41"));
    check(r#"f = { from = "x", cookie = "a", decode = ["base64", "url"] }"#, "a=JTQx", Some("A"));
    check(
        r#"f = { from = "x", decode = "escapes", forwarded = { trusted = [] } }"#,
        r"for=\x22[::1]:80\x22",
        Some("::1"),
    );
}

#[test]
fn a_field_made_of_a_made_field_has_the_steps_of_both() {
    let types = r#"
        f = { from = "tenant", split = ".", item = 1 }
        tenant = { from = "host", case = "lower" }
        host = { from = "x", url = "host" }
    "#;
    check(types, "https://ACME.example.com/", Some("acme"));
    check(types, "/", None);
    // A made query is one, whatever is in it.
    let types = "q = { from = \"x\", url = \"query\" }\nf = { from = \"q\", parameter = \"t\" }";
    check(types, "/a?/b?t=forged&t=real", Some("real"));
    // Aliases take apart what was made.
    let types = "request = { from = \"x\", capture = '<(.*)>' }\nf = { from = \"path\", segment = 1 }";
    check(types, "<GET /api/x?y HTTP/1.1>", Some("api"));
    check(types, "GET /api/x?y HTTP/1.1", None);
    let types = "request = { from = \"x\", decode = \"url\" }\nf = { from = \"query\", parameter = \"t\" }";
    let pattern = pattern("regex = '(?<x>.*)'", types);
    assert_eq!(field(&pattern, b"GET%20/a?/b?t=forged&t=real HTTP/1.1").0.as_deref(), Some("real"));
}

#[test]
fn a_text_that_does_not_fit_is_absent_and_counted() {
    check_invalid(r#"f = { from = "x", type = "duration" }"#, "12");
    check_invalid(r#"f = { from = "x", type = "size" }"#, "big");
    check_invalid(r#"f = { from = "x", decode = "base64" }"#, "%%%");
    check_invalid(r#"f = { from = "x", type = "integer", split = ",", item = 1 }"#, "1.5,2");
    check_invalid(r#"f = { from = "x", type = "integer" }"#, "1,234");
    check_invalid(r#"f = { from = "x", type = "size" }"#, "999999999999999999999 TB");
}

#[test]
fn a_dash_is_absent_at_every_step() {
    check(r#"f = { from = "x", case = "lower" }"#, "-", None);
    check(r#"f = { from = "query", parameter = "t" }"#, "t=-", None);
    check(r#"f = { from = "x", split = "@", item = 1 }"#, "-@acme", None);
    check(r#"f = { from = "x", decode = "url" }"#, "%2D", None);
    check(r#"f = { from = "x", agent = "bot" }"#, "-", None);
}

#[test]
fn a_typed_piece_is_of_its_type() {
    let types = "f = { from = \"query\", parameter = \"at\", format = [\"rfc3339\", \"unix\"] }\ntime = { from = \"f\", format = \"auto\" }";
    check(types, "at=1700000000", Some("1700000000"));
    check(types, "at=2026-11-23T10:00:00Z", Some("2026-11-23T10:00:00Z"));
    let pattern = pattern(REGEX, types);
    let mut parser = pattern.line_parser(&[], &TimeZone::UTC).unwrap();
    let mut fields = Fields::with_slots(0);
    parser.parse(b"\"\" \"at=1700000000\"", &mut fields).unwrap();
    assert_eq!(fields.time.map(|time| time.0), Some(1_700_000_000_000_000));
}

#[test]
fn json_is_decoded_once_and_a_dash_there_is_a_text() {
    let escapes = pattern("json = true", r#"f = { from = "x", decode = "escapes" }"#);
    let lower = pattern("json = true", r#"f = { from = "x", case = "lower" }"#);
    for (pattern, line, expected) in [
        (&escapes, r#"{"x":"a\\x41"}"#, Some(r"a\x41")),
        (&lower, r#"{"x":"-"}"#, Some("-")),
        (&lower, r#"{"x":"\u00c9"}"#, Some("é")),
        (&lower, r#"{"x":null}"#, None),
    ] {
        assert_eq!(field(pattern, line.as_bytes()).0.as_deref(), expected, "{line}");
    }
    assert_eq!(escapes.field_names(), ["f"]);
}

#[test]
fn bytes_that_decoding_makes_stay_as_they_are() {
    let pattern = pattern(REGEX, r#"f = { from = "x", decode = "url" }"#);
    let mut parser = pattern.line_parser(&["f"], &TimeZone::UTC).unwrap();
    let mut fields = Fields::with_slots(1);
    let line = b"\"%00%C0%AF%ff\" \"\"";
    parser.parse(line, &mut fields).unwrap();
    assert_eq!(fields.get(line, 0), Some(&b"\0\xC0\xAF\xFF"[..]));
}

#[test]
fn faults_of_steps_name_the_field() {
    for (types, expected) in [
        (r#"f = { from = "x", capture = "a(b" }"#, "p.toml:4: field `f`: the regex of `capture` cannot be compiled"),
        (r#"f = { from = "x", jwt = "a..b" }"#, "p.toml:4: field `f`: `a..b` is no path to a claim"),
        (r#"f = { from = "z", case = "lower" }"#, "p.toml:4: `[types]` makes the field `f` from `z`"),
        (
            r#"f = { from = "x", format = ["clf", "%H"] }"#,
            "p.toml:4: field `f`: the time format `%H` cannot be read back",
        ),
    ] {
        let text = format!("name = \"p\"\n{REGEX}\n[types]\n{types}\n");
        let spec = pattern_file::read(&text, Path::new("p.toml")).unwrap();
        let faults = Pattern::compile(&spec).map(|_| ()).unwrap_err();
        assert!(faults[0].to_string().starts_with(expected) && faults[0].help.is_some(), "{}", faults[0]);
    }
}

/// Every step, over whatever a line holds.
const ALL: [&str; 14] = [
    r#"f = { from = "x", url = "host", type = "integer" }"#,
    r#"f = { from = "x", url = "path" }"#,
    r#"f = { from = "x", parameter = "a", decode = ["escapes", "form", "base64"] }"#,
    r#"f = { from = "query", parameter = "a", decode = "url" }"#,
    r#"f = { from = "x", cookie = "a" }"#,
    r#"f = { from = "x", segment = -2 }"#,
    r#"f = { from = "x", decode = "escapes", forwarded = { trusted = ["private", "loopback", "link_local", "::/0"] } }"#,
    r#"f = { from = "x", jwt = "a.b[0]" }"#,
    r#"f = { from = "x", agent = "class" }"#,
    r#"f = { from = "x", split = "::", item = -2, case = "upper" }"#,
    r#"f = { from = "x", capture = '(\w+)$', absent = ["a"] }"#,
    r#"f = { from = "x", type = "duration", unit = "ms" }"#,
    r#"f = { from = "x", type = "size" }"#,
    r#"f = { from = "x", format = ["auto", "clf", "rfc3339", "unix_ns", "%d %b %Y %H:%M:%S"] }"#,
];

proptest! {
    #[test]
    fn no_text_makes_a_step_panic(
        text in "(for=|http://|Bearer |[0-9]{1,30}|1\\.5|[a%&=?#/;:,.@+ kKBmsPTZ\\\\-]|\\[|\\]|é|bot|10\\.0\\.0\\.1|e30){0,30}",
        which in 0..ALL.len(),
    ) {
        let types = ALL[which];
        let line = format!("\"{text}\" \"{text}\"");
        field(&pattern(REGEX, types), line.as_bytes());
    }
}
