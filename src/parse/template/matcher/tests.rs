use proptest::prelude::*;

use super::{Capture, Find, Matcher, Template, captured};
use crate::model::spec::NginxEscape;
use crate::parse::template::{Escaping, Missing, nginx as syntax};
use crate::parse::tests::{apache, check, compile, nginx, nginx_escaped};

type Case<'a> = (&'a str, Option<&'a [(&'a str, Option<&'a str>)]>);

#[track_caller]
fn check_all(engine: crate::model::spec::Engine, cases: &[Case<'_>]) {
    let pattern = compile(engine);
    for (line, expected) in cases {
        check(&pattern, line, *expected);
    }
}

fn three<'a>(a: &'a str, b: &'a str, c: &'a str) -> [(&'a str, Option<&'a str>); 3] {
    [("a", Some(a)), ("b", Some(b)), ("c", Some(c))]
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn known_variables_take_only_what_a_server_writes_for_them() {
    for (template, cases) in [
        (
            "$status",
            &[
                ("200", Some(Some("200"))),
                ("-", Some(None)),
                ("20", None),
                ("2000", None),
                ("", None),
                ("2-0", None),
                ("abc", None),
            ][..],
        ),
        ("$body_bytes_sent", &[("0", Some(Some("0"))), ("-", Some(None)), ("-1", None), ("1.5", None), ("", None)]),
        (
            "$request_time",
            &[
                ("0.012", Some(Some("0.012"))),
                ("3", Some(Some("3"))),
                ("-", Some(None)),
                ("1.", None),
                (".5", None),
                ("1.2.3", None),
                ("x", None),
            ],
        ),
        (
            "$remote_addr",
            &[
                ("::1", Some(Some("::1"))),
                ("unix:", Some(Some("unix:"))),
                ("a b", None),
                ("a\"b", None),
                ("", Some(Some(""))),
            ],
        ),
        (
            "$time_local",
            &[
                ("10/Oct/2000:13:55:36 -0700", Some(Some("10/Oct/2000:13:55:36 -0700"))),
                ("-", Some(None)),
                ("10/Oct/2000:13:55:36", None),
                ("10/Oct/2000:13:55:36 -07001", None),
            ],
        ),
        ("$time_iso8601", &[("2026-11-23T10:00:00+00:00", Some(Some("2026-11-23T10:00:00+00:00"))), ("now", None)]),
        (
            "$upstream_response_time",
            &[
                ("0.1", Some(Some("0.1"))),
                ("0.1, 0.2 : 0.3", Some(Some("0.1, 0.2 : 0.3"))),
                ("-", Some(None)),
                ("0.1 0.2", None),
                ("0.1,", None),
            ],
        ),
        (
            "$upstream_addr",
            &[("unix:/a, [::1]:80 : 10.0.0.1:80", Some(Some("unix:/a, [::1]:80 : 10.0.0.1:80"))), ("a b", None)],
        ),
        (
            "$http_x",
            &[
                ("any thing", Some(Some("any thing"))),
                ("", Some(Some(""))),
                ("a\\\"b", Some(Some("a\\\"b"))),
                ("a\"b", None),
            ],
        ),
    ] {
        let pattern = compile(nginx(template));
        let name = &template[1..];
        for (line, expected) in cases {
            let fields = expected.map(|text| [(name, text)]);
            check(&pattern, line, fields.as_ref().map(|fields| &fields[..]));
        }
    }
}

#[test]
fn lists_of_upstreams_end_where_they_end() {
    let expected: &[_] = &[
        ("upstream_connect_time", Some("0.1, 0.2")),
        ("upstream_header_time", Some("0.3 : 0.4")),
        ("upstream_response_time", None),
        ("upstream_addr", Some("10.0.0.1:80, unix:/x")),
        ("request_time", Some("0.5")),
    ];
    let template = "$upstream_connect_time $upstream_header_time $upstream_response_time $upstream_addr $request_time";
    check_all(nginx(template), &[("0.1, 0.2 0.3 : 0.4 - 10.0.0.1:80, unix:/x 0.5", Some(expected))]);
    let bracketed: &[_] = &[("upstream_addr", Some("[::1]:80, 10.0.0.1:80")), ("status", Some("200"))];
    check_all(nginx("[$upstream_addr] $status"), &[("[[::1]:80, 10.0.0.1:80] 200", Some(bracketed))]);
    let comma: &[_] = &[("upstream_status", Some("200")), ("status", Some("201"))];
    check_all(nginx("$upstream_status, $status"), &[("200, 201", Some(comma)), ("200,201", None)]);
}

#[test]
fn a_forged_user_never_shifts_the_fields_after_it() {
    let template = r#"$remote_addr - $remote_user [$time_local] "$request" $status"#;
    let good = r#"[23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200"#;
    let pattern = compile(nginx(template));
    for user in [
        "eve",
        "eve [",
        "x [10/Oct/2000:13:55:36 +0000]",
        "x [10/Oct/2000:13:55:36 +0000] ",
        "x [10/Oct/2000:13:55:36 +0000] \\x22GET /free HTTP/1.1\\x22 200",
        " [10/Oct/2000:13:55:36 +0000] [10/Oct/2000:13:55:36 +0000]",
        " - y",
    ] {
        let expected = [
            ("user", Some(user)),
            ("time", Some("23/Nov/2026:10:00:00 +0000")),
            ("path", Some("/")),
            ("client", Some("h")),
        ];
        check(&pattern, &format!("h - {user} {good}"), Some(&expected));
    }
    // What nginx cannot have written is refused, not read in some way.
    check(&pattern, &format!("h - x [10/Oct/2000:13:55:36 +0000] \"GET /free HTTP/1.1\" 200 {good}"), None);
}

#[test]
fn unquoted_texts_are_as_short_as_the_rest_allows() {
    let abc = three;
    check_all(
        nginx("$a $b $c"),
        &[
            ("x y z", Some(&abc("x", "y", "z"))),
            ("x y z w", Some(&abc("x", "y", "z w"))),
            ("  ", Some(&abc("", "", ""))),
            ("x y", None),
        ],
    );
    check_all(nginx("$a $b rt=$c"), &[("1 2 3 rt=4 rt=5", Some(&abc("1", "2 3", "4 rt=5")))]);
    check_all(
        nginx("$a:$remote_port"),
        &[("::1:80", Some(&[("a", Some("::1")), ("remote_port", Some("80"))])), ("::1:", None)],
    );
    check_all(
        nginx("$remote_addr:$remote_port"),
        &[("::1:80", Some(&[("client", Some("::1")), ("remote_port", Some("80"))]))],
    );
    check_all(nginx("a$b."), &[("axx..", Some(&[("b", Some("xx."))])), ("axx", None), ("xx.", None)]);
    check_all(
        nginx("$request_time.$status"),
        &[("1.5.200", Some(&[("request_time", Some("1.5")), ("status", Some("200"))]))],
    );
}

#[test]
fn quoted_texts_end_at_the_first_quote_that_is_not_escaped() {
    let two = |a, b| [("a", Some(a)), ("b", Some(b))];
    check_all(
        nginx(r#""$a" "$b""#),
        &[
            (r#""x" "y""#, Some(&two("x", "y"))),
            (r#""x\" \"" "y\\""#, Some(&two(r#"x\" \""#, r"y\\"))),
            (r#""" """#, Some(&two("", ""))),
            (r#""x" "y" "z""#, None),
            (r#""x" "y\""#, None),
            (r#""x"" "y""#, None),
        ],
    );
    check_all(nginx(r#""$a $b""#), &[(r#""x y z""#, Some(&two("x", "y z"))), (r#""x" y""#, None)]);
    // Nothing is escaped: a quote is like any other byte, and two quotes are no empty name.
    let quotes: &[_] = &[("a", Some("\"\"")), ("b", Some("\"\""))];
    check_all(nginx_escaped("$a $b", NginxEscape::None), &[("\"\" \"\"", Some(quotes))]);
    check_all(
        nginx_escaped(r#""$a" "$b""#, NginxEscape::None),
        &[(r#""x"y" "z\""#, Some(&two("x\"y", "z\\"))), (r#""x" "y" "z""#, Some(&two("x", r#"y" "z"#)))],
    );
}

#[test]
fn what_nginx_writes_for_json_may_be_empty() {
    let engine = nginx_escaped(
        r#"{"s":"$status","n":$request_time,"u":"$upstream_response_time","r":"$request"}"#,
        NginxEscape::Json,
    );
    let full: &[_] = &[
        ("status", Some("200")),
        ("request_time", Some("0.1")),
        ("upstream_response_time", Some("0.1, 0.2")),
        ("path", Some("/\\\"")),
    ];
    let empty: &[_] = &[("status", None), ("request_time", None), ("upstream_response_time", Some("")), ("path", None)];
    check_all(
        engine,
        &[
            (r#"{"s":"200","n":0.1,"u":"0.1, 0.2","r":"GET /\" HTTP/1.1"}"#, Some(full)),
            (r#"{"s":"","n":,"u":"","r":""}"#, Some(empty)),
        ],
    );
}

#[test]
fn apache_directives_have_the_names_of_what_they_mean() {
    let engine = apache(
        r#"%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%!200,304{User-Agent}i\" %{X-Account-Id}o %{UNIQUE_ID}e %{a}n %{JSESSIONID}C %D %T %{ms}T %I %X %k %P %{tid}P %m %U%q %H 100%%"#,
    );
    let line = r#"example.com:443 ::1 - Ada Lovelace [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.1" 200 99 "r" "a \"b\"" acme id-1 note c00kie 1234 1 1 300 + 0 42 7 GET /a?b HTTP/1.1 100%"#;
    let expected: &[_] = &[
        ("server_name", Some("example.com")),
        ("server_port", Some("443")),
        ("client", Some("::1")),
        ("ident", None),
        ("user", Some("Ada Lovelace")),
        ("time", Some("10/Oct/2000:13:55:36 -0700")),
        ("request", Some("GET /a?b HTTP/1.1")),
        ("status", Some("200")),
        ("bytes", Some("99")),
        ("referrer", Some("r")),
        ("user_agent", Some(r#"a \"b\""#)),
        ("sent_http_x_account_id", Some("acme")),
        ("env_unique_id", Some("id-1")),
        ("note_a", Some("note")),
        ("cookie_jsessionid", Some("c00kie")),
        ("request_time_us", Some("1234")),
        ("request_time", Some("1")),
        ("request_time_ms", Some("1")),
        ("request_length", Some("300")),
        ("connection_status", Some("+")),
        ("keepalive_requests", Some("0")),
        ("pid", Some("42")),
        ("tid", Some("7")),
        ("method", Some("GET")),
        ("target", Some("/a?b")),
        ("path", Some("/a")),
        ("query", Some("b")),
        ("protocol", Some("HTTP/1.1")),
    ];
    check_all(engine, &[(line, Some(expected))]);
    check_all(
        apache("%u %s"),
        &[("\"\" 200", Some(&[("user", Some("")), ("status", Some("200"))])), ("a\" 200", None)],
    );
    check_all(apache(r"%h\t%s\\%%"), &[("h\t200\\%", Some(&[("client", Some("h")), ("status", Some("200"))]))]);
}

#[test]
fn apache_times_are_joined_to_one() {
    for (template, line, instant) in [
        ("%t %s", "[10/Oct/2000:13:55:36 -0700] 200", 971_211_336_000_000),
        ("%{begin}t %s", "[10/Oct/2000:13:55:36 -0700] 200", 971_211_336_000_000),
        ("%{sec}t %s", "971211336 200", 971_211_336_000_000),
        ("%{msec}t %s", "971211336123 200", 971_211_336_123_000),
        ("%{usec}t %s", "971211336123456 200", 971_211_336_123_456),
        ("%{sec}t.%{usec_frac}t %s", "971211336.123456 200", 971_211_336_123_456),
        ("%{%Y-%m-%d %H:%M:%S %z}t [%{msec_frac}t] %s", "2019-05-05 20:49:14 +0000 [690] 200", 1_557_089_354_690_000),
        ("%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t %s", "10/Oct/2000:13:55:36.007 -0700 200", 971_211_336_007_000),
        ("%{%Y-%m-%d}t %{%H:%M:%S}t %s", "2000-10-10 20:55:36 200", 971_211_336_000_000),
        ("%{end:%s}t %s", "971211336 200", 971_211_336_000_000),
        ("%{%s@%z}t %s", "971211336@-0700 200", 971_211_336_000_000),
        ("%{%s %Z}t %s", "971211336 EST 200", 971_211_336_000_000),
        ("%{%FT%T %Z}t %s", "2000-10-10T20:55:36 GMT 200", 971_211_336_000_000),
        ("%{%d %b %Y %H:%M:%S %z}t %s", "10 Oct 2000 13:55:36 -0700 200", 971_211_336_000_000),
        ("%{%d. %B %Y %T %z}t %s", "10. Oktober 2000 13:55:36 -0700 200", 971_211_336_000_000),
        ("%{%c}t %s", "Tue Oct 10 20:55:36 2000 200", 971_211_336_000_000),
        ("%{%D%%%r}t %s", "10/10/00%08:55:36 PM 200", 971_211_336_000_000),
        ("%{%e/%m/%Y%t%k:%M:%S}t %s", "10/10/2000\t20:55:36 200", 971_211_336_000_000),
    ] {
        let mut parser = compile(apache(template)).line_parser(&["status"], &jiff::tz::TimeZone::UTC).unwrap();
        let mut fields = crate::model::fields::Fields::with_slots(1);
        let outcome = parser.parse(line.as_bytes(), &mut fields);
        assert!(outcome.is_ok(), "{template}: {}", parser.explain(line.as_bytes()));
        assert_eq!(
            (fields.time.map(|at| at.0), fields.get(line.as_bytes(), 0)),
            (Some(instant), Some(&b"200"[..])),
            "{template}"
        );
    }
}

#[test]
fn a_time_without_a_date_is_a_text_that_ends_where_its_format_does() {
    for (template, line, text) in [
        ("%{%a %b %d}t %s", "Sat Nov 25 200", Some("Sat Nov 25")),
        ("%{%w (%u) %m/%d}t %s", "6 (6) 11/25 200", Some("6 (6) 11/25")),
        ("%{%I:%M:%S %p}t %s", "12:34:56  200", Some("12:34:56 ")),
        ("%200{%I:%M:%S %p}t %s", "- 200", None),
    ] {
        check(&compile(apache(template)), line, Some(&[("time_custom", text), ("status", Some("200"))]));
        assert!(!compile(apache(template)).has_time(), "{template}");
    }
    check(&compile(apache("%{%H:%M}t %s")), "1x:30 200", None);
    let jetty = compile(apache("\"%r\" %D"));
    check(&jetty, "\"GET / HTTP/1.1\"  8", Some(&[("request_time_us", Some("8"))]));
    check(&jetty, "\"GET / HTTP/1.1\"   8", None);
}

/// The same reading by trying everything, each field's ends in order.
fn naive(template: &Template, line: &[u8], step: usize, at: usize, found: &mut Vec<Capture>) -> bool {
    let Some(current) = template.steps.get(step) else {
        return line.get(at..).is_some_and(|rest| rest == template.tail.bytes());
    };
    if !line[at..].starts_with(current.literal.bytes()) {
        return false;
    }
    let start = at + current.literal.len();
    let ends: Vec<usize> = match &current.find {
        Find::Search(search) if search.escaping == Escaping::Backslash && line[start..].starts_with(b"\"\"") => {
            vec![start + 2]
        }
        Find::Search(search) => {
            let fits = |end: &usize| (start..*end).all(|at| super::may_hold(search, line, start, at));
            (start..=line.len()).filter(fits).collect()
        }
        _ => current.end(line, start).ok().into_iter().collect(),
    };
    for end in ends {
        found.truncate(step);
        found.push(match &current.find {
            Find::Search(search) => captured(search, line, start, end),
            _ => Capture::plain(start, end),
        });
        if naive(template, line, step + 1, end, found) {
            return true;
        }
    }
    false
}

/// In braces, so that a literal may follow that looks like more of the name.
const VARIABLES: [&str; 9] = [
    "${a}",
    "${b}",
    "${c}",
    "${d}",
    "${status}",
    "${remote_addr}",
    "${time_local}",
    "${request_time}",
    "${upstream_response_time}",
];

fn any_template() -> impl Strategy<Value = (String, Escaping, Missing)> {
    let literals = vec![" ", " ", "-", "\"", " \"", "\" ", "\" \"", " [", "] ", ":", ", ", ".", "1", "  ", "x ", " - "];
    let piece = (prop::sample::select(literals), prop::sample::select(VARIABLES.to_vec()));
    let escaping = prop::sample::select(vec![(Escaping::Backslash, Missing::Dash), (Escaping::None, Missing::Empty)]);
    (prop::collection::vec(piece, 1..7), prop::sample::select(vec!["", " ", "\"", "]"]), escaping).prop_map(
        |(pieces, tail, (escaping, missing))| {
            let mut used = Vec::new();
            let mut text = String::new();
            for (literal, variable) in pieces {
                if !used.contains(&variable) {
                    used.push(variable);
                    text += literal;
                    text += variable;
                }
            }
            (text + tail, escaping, missing)
        },
    )
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        " ",
        " ",
        "  ",
        "-",
        "\"",
        "\\",
        " [",
        "] ",
        ":",
        ", ",
        ".",
        "1",
        "200",
        "1.5",
        "x",
        "[10/Oct/2000:13:55:36 -0700] ",
        " - ",
        "\"\"",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..16).prop_map(|pieces| pieces.concat().into_bytes())
}

/// A line of the template, with values that may hold anything.
fn filled(template: &str, values: &[&str]) -> Vec<u8> {
    let mut line = template.to_owned();
    for (variable, value) in VARIABLES.iter().zip(values) {
        line = line.replace(variable, value);
    }
    line.into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_reads_what_trying_everything_reads(
        (text, escaping, missing) in any_template(), line in any_line(),
        values in prop::collection::vec(prop::sample::select(vec!["", "-", "x", "x y", " [", "1", "1.5", "200 1", "\"\"", "\\\" ", "] \"", ", ", ":1", " - ", "200", "10/Oct/2000:13:55:36 -0700"]), 9),
    ) {
        let compiled = Template::compile(syntax::tokens(&text).unwrap(), escaping, missing).unwrap();
        let mut matcher = Matcher::new(compiled.clone());
        for line in [line, filled(&text, &values)] {
            let mut captures = vec![Capture::ABSENT; compiled.steps.len()];
            let matched = matcher.read(&line, &mut captures).is_ok();
            let mut expected = Vec::new();
            let expected_match = naive(&compiled, &line, 0, 0, &mut expected);
            prop_assert_eq!(matched, expected_match, "{} on {:?}", text, String::from_utf8_lossy(&line));
            if matched {
                prop_assert_eq!(&captures, &expected, "{} on {:?}", text, String::from_utf8_lossy(&line));
            }
        }
    }
}

#[test]
fn no_line_takes_long() {
    // Each of these would take a backtracking matcher more than the age of the universe, and one that tries an end of a
    // field twice some minutes.
    let lines =
        ["a ".repeat(25_000), " ".repeat(50_000), "! ".repeat(25_000), "\"".repeat(50_000), "\\\" ".repeat(20_000)];
    for (text, escaping) in [
        ("$a $b $c $d $e $f $g!", Escaping::None),
        ("$a $b $c $d $e $f $g!", Escaping::Backslash),
        ("$a\"$b\"$c\"$d\"$e!", Escaping::None),
        ("$a \"$b $c\" $d $e!", Escaping::Backslash),
        // What follows each end of a searched field is one long text, to its end without a match.
        ("${a}x$request_id!", Escaping::Backslash),
        ("${a}x$b", Escaping::Backslash),
        ("$remote_addr $a $upstream_addr $b $upstream_response_time $c!", Escaping::Backslash),
    ] {
        let compiled = Template::compile(syntax::tokens(text).unwrap(), escaping, Missing::Empty).unwrap();
        let mut captures = vec![Capture::ABSENT; compiled.steps.len()];
        let mut matcher = Matcher::new(compiled);
        for line in &lines {
            assert!(matcher.read(line.as_bytes(), &mut captures).is_err(), "{text}");
        }
    }
}
