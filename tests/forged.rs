//! Clients choose the request, the referrer, the user agent and often the user name: whatever they write there, it moves no
//! other field of a shipped pattern. Each text is escaped as the server does it that writes the format.
//!
//! Does not: know servers that escape nothing; their lines cannot be told from forged ones.

#![expect(clippy::unwrap_used, reason = "a test stops at what it cannot use")]

use std::path::Path;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use pxtail::config::{pattern_file, shipped};
use pxtail::model::fields::Fields;
use pxtail::parse::Pattern;

/// What a server does to a text that a client sent.
#[derive(Clone, Copy)]
enum Escape {
    /// Apache, Go's `%q`, AWS, Squid: a backslash before quotes and backslashes.
    Backslash,
    /// nginx, Envoy: `\x22`.
    Hex,
    /// JSON.
    Json,
    /// `HAProxy`: `#22`, also for braces and bars in headers.
    Number,
    /// IIS and `CloudFront`: no spaces.
    Percent,
}

impl Escape {
    fn escape(self, text: &str) -> String {
        let each = |c: char| match (self, c) {
            (Self::Backslash, '"' | '\\') => format!("\\{c}"),
            (Self::Hex, '"' | '\\') => format!("\\x{:02X}", u32::from(c)),
            (Self::Number, '"' | '#' | '{' | '}' | '|') => format!("#{:02X}", u32::from(c)),
            (Self::Percent, ' ') => "+".to_owned(),
            _ => c.to_string(),
        };
        match self {
            Self::Json => serde_json::to_string(text).unwrap().trim_matches('"').to_owned(),
            _ => text.chars().map(each).collect(),
        }
    }
}

/// A pattern; a line of it with `{}` where a client's text is; the fields that hold the text or come of it.
type Place = (&'static str, Escape, &'static str, &'static [&'static str]);

const CLF: &str = "[23/Nov/2026:10:00:00 +0000]";
const REQUEST: &[&str] = &["request", "method", "target", "path", "query", "protocol"];

const PLACES: &[Place] = &[
    ("common", Escape::Backslash, r#"c - - [T] "GET /{} HTTP/1.1" 200 5"#, REQUEST),
    ("combined", Escape::Backslash, r#"c - - [T] "GET /{} HTTP/1.1" 200 5 "r" "a""#, REQUEST),
    ("combined", Escape::Hex, r#"c - - [T] "GET /{} HTTP/1.1" 200 5 "r" "a""#, REQUEST),
    ("combined", Escape::Hex, r#"c - u [T] "GET / HTTP/1.1" 200 5 "x{}" "a""#, &["referrer"]),
    ("combined", Escape::Backslash, r#"c - u [T] "GET / HTTP/1.1" 200 5 "r" "x{}" "f""#, &["user_agent"]),
    ("combined", Escape::Backslash, r#"c - x{}y [T] "GET / HTTP/1.1" 200 5 "r" "a""#, &["user"]),
    ("combined_more", Escape::Hex, r#"c - u [T] "GET / HTTP/1.1" 200 5 "r" "x{}" 0.1 x"#, &["user_agent"]),
    ("combined_more", Escape::Backslash, r#"c - u [T] "GET /{} HTTP/1.1" 200 5 "r" "a" 0.1 x"#, REQUEST),
    ("combined_forwarded", Escape::Hex, r#"10.0.0.1, c - u [T] "GET / HTTP/1.1" 200 5 "r" "x{}""#, &["user_agent"]),
    ("vhost_combined", Escape::Backslash, r#"h:80 c - u [T] "GET / HTTP/1.1" 200 5 "r" "x{}""#, &["user_agent"]),
    (
        "nginx_usage",
        Escape::Hex,
        r#"c - - [T] "GET / HTTP/1.1" 200 1 "r" "x{}" account="a" user="u" rt=0.1"#,
        &["user_agent"],
    ),
    ("nginx_usage", Escape::Hex, r#"c - - [T] "GET /{} HTTP/1.1" 200 1 "r" "a" account="a" user="u" rt=0.1"#, REQUEST),
    (
        "apache_usage",
        Escape::Backslash,
        r#"c - - [T] "GET / HTTP/1.1" 200 1 "r" "x{}" account="a" user="u" us=1"#,
        &["user_agent"],
    ),
    (
        "nginx_ingress",
        Escape::Hex,
        r#"c - u [T] "GET / HTTP/1.1" 200 1 "r" "x{}" 5 0.1 [p] [] 10.0.0.1:80 5 0.1 200 id"#,
        &["user_agent"],
    ),
    ("nginx_timed", Escape::Hex, r#"c - u [T] "GET /{} HTTP/1.1" 200 1 0.1 "r" "a""#, REQUEST),
    ("traefik_clf", Escape::Backslash, r#"c - u [T] "GET / HTTP/1.1" 200 5 "r" "x{}" 9 "s" "u" 3ms"#, &["user_agent"]),
    (
        "traefik_clf",
        Escape::Backslash,
        r#"c - u [T] "GET / HTTP/1.1" 200 5 "r" "x{}" 9 "s "q" "u" 3ms"#,
        &["user_agent"],
    ),
    ("squid_combined", Escape::Backslash, r#"c - u [T] "GET http://h/ HTTP/1.1" 200 5 "r" "x{}" T:H"#, &["user_agent"]),
    (
        "envoy_default",
        Escape::Hex,
        r#"[2026-11-23T10:00:00.000Z] "GET / HTTP/2" 200 - 0 1 2 3 "c" "x{}" "i" "h" "u""#,
        &["user_agent"],
    ),
    (
        "haproxy_http",
        Escape::Number,
        r#"c:1 [23/Nov/2026:10:00:00.000] f b/s 0/0/0/0/0 200 5 - - ---- 1/1/1/1/0 0/0 {h|x{}} "GET / HTTP/1.1""#,
        &[],
    ),
    (
        "haproxy_http",
        Escape::Number,
        r#"c:1 [23/Nov/2026:10:00:00.000] f b/s 0/0/0/0/0 200 5 - - ---- 1/1/1/1/0 0/0 "GET /{} HTTP/1.1""#,
        REQUEST,
    ),
    (
        "aws_alb",
        Escape::Backslash,
        r#"http 2026-11-23T10:00:00Z app/x/1 192.0.2.1:1 - -1 -1 -1 200 - 5 7 "GET http://h:80/ HTTP/1.1" "x{}" C P - "t" "d" "c" 0 2026-11-23T10:00:00Z "f" "-" "-" "-" "-" "-" "-""#,
        &["user_agent"],
    ),
    ("iis_without_header", Escape::Percent, "2026-11-23 10:00:00 ::1 GET / - 443 u c x{} r 200 0 0 5", &["user_agent"]),
    (
        "aws_cloudfront",
        Escape::Percent,
        "2026-11-23\t10:00:00\tF\t5\tc\tGET\td\t/\t200\tr\tx{}\tq\t-\tMiss\ti\th\thttps\t1\t0.1\t-\tT\tC\tM\tHTTP/2.0",
        &["user_agent"],
    ),
    (
        "nginx_json",
        Escape::Json,
        r#"{"time":"2026-11-23T10:00:00Z","user":"u","request":"GET / HTTP/1.1","status":200,"agent":"x{}"}"#,
        &["user_agent"],
    ),
    (
        "json_usage",
        Escape::Json,
        r#"{"time":"2026-11-23T10:00:00Z","user":"u","path":"/{}","account":"a","status":200}"#,
        &["path"],
    ),
    (
        "traefik_json",
        Escape::Json,
        r#"{"time":"2026-11-23T10:00:00Z","ClientUsername":"u","RequestPath":"/","DownstreamStatus":200,"request_User-Agent":"x{}"}"#,
        &["user_agent"],
    ),
    ("logfmt", Escape::Json, r#"time=2026-11-23T10:00:00Z user=u msg="x{}" status=200 path=/"#, &[]),
    (
        "key_value",
        Escape::Backslash,
        r#"time=2026-11-23T10:00:00Z user=u agent="x{}" status=200 path=/"#,
        &["user_agent"],
    ),
];

/// Texts that imitate what stands around them.
const FORGED: [&str; 14] = [
    r#"" 500 9 "-" "-""#,
    r#" HTTP/1.1" 500 9 "-" "x"#,
    r#"" account="evil" user="root" rt=9"#,
    r#"y", "user":"root", "status":500, "z":""#,
    "y user=root status=500 account=evil",
    r#"\" 500 9 \" \"#,
    r"\\",
    r"\",
    r"y\",
    r#"" 9 "evil" "evil" 9ms"#,
    r#"} {x} "GET /evil HTTP/1.1"#,
    " 0/0/0/0/0 500 9 - - ---- 1/1/1/1/0 0/0 ",
    r#"[23/Nov/2026:11:00:00 +0000] "GET /evil HTTP/1.1" 500 9 "-" "-""#,
    "\u{e9}\u{2028}\u{1f600}",
];

/// All fields save these, or nothing where the line does not match.
fn others(pattern: &Pattern, line: &str, free: &[&str]) -> Option<Vec<(&'static str, Option<String>)>> {
    const NAMES: [&str; 19] = [
        "client",
        "ident",
        "user",
        "account",
        "time",
        "request",
        "method",
        "target",
        "path",
        "query",
        "protocol",
        "status",
        "bytes",
        "referrer",
        "user_agent",
        "request_time",
        "duration_ms",
        "result_code",
        "more",
    ];
    let is_given =
        |name: &&str| !free.contains(name) && (pattern.field_type(name).is_some() || pattern.gives_any_name());
    let names: Vec<&'static str> = NAMES.into_iter().filter(is_given).collect();
    let mut parser = pattern.line_parser(&names, &TimeZone::UTC).unwrap();
    let mut fields = Fields::with_slots(names.len());
    parser.parse(line.as_bytes(), &mut fields).ok()?;
    let text = |slot| fields.get(line.as_bytes(), slot).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let mut all: Vec<_> = names.iter().enumerate().map(|(slot, name)| (*name, text(slot))).collect();
    all.push(("the moment", fields.time.map(|time| time.to_string())));
    Some(all)
}

fn compiled(name: &str) -> Pattern {
    let (_, text) = shipped::PATTERNS.iter().find(|(shipped, _)| *shipped == name).unwrap();
    let spec = pattern_file::read(text, Path::new("pattern.toml")).map_err(|_| name).unwrap();
    Pattern::compile(&spec).map_err(|_| name).unwrap()
}

#[track_caller]
fn check(pattern: &Pattern, place: &Place, text: &str) {
    let (name, escape, line, free) = place;
    let line = line.replace("[T]", CLF);
    let benign = others(pattern, &line.replace("{}", ""), free);
    assert!(benign.is_some(), "{name}: {line}");
    let forged = line.replace("{}", &escape.escape(text));
    let found = others(pattern, &forged, free);
    assert!(found.is_none() || found == benign, "{name}: {forged}\n{found:?}\n{benign:?}");
}

#[test]
fn a_text_that_imitates_a_line_moves_no_other_field() {
    for place in PLACES {
        let pattern = compiled(place.0);
        for text in FORGED {
            check(&pattern, place, text);
        }
    }
}

#[test]
fn no_text_moves_another_field() {
    let patterns: Vec<Pattern> = PLACES.iter().map(|place| compiled(place.0)).collect();
    let piece = prop_oneof![
        Just("\""),
        Just("\\"),
        Just(" "),
        Just("200"),
        Just("[23/Nov/2026:11:00:00 +0000]"),
        Just("-"),
        Just("GET / HTTP/1.1"),
        Just("="),
        Just("user"),
        Just(","),
        Just(":"),
        Just("{"),
        Just("}"),
        Just("]"),
        Just("/"),
        Just("'")
    ];
    let text = proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    // Without a file beside the sources: a text once found is put among those above.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(text in text)| {
        for (pattern, place) in patterns.iter().zip(PLACES) {
            check(pattern, place, &text);
        }
    });
}
