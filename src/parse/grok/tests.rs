use super::library::all_names;
use super::*;
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::Engine;
use crate::model::time::UnixMicros;
use crate::parse::tests::{check, compile};

fn grok(text: &str) -> Engine {
    grok_with(text, "", GrokNames::Legacy)
}

fn grok_with(text: &str, definitions: &str, names: GrokNames) -> Engine {
    Engine::Grok { text: text.to_owned(), definitions: definitions.to_owned(), names }
}

const COMBINED: &str = r#"192.0.2.9 - ada [23/Nov/2026:10:00:00 +0100] "GET /a?b=c HTTP/1.1" 200 12 "-" "curl/8.9""#;

#[test]
fn every_name_of_the_library_compiles() {
    for names in [GrokNames::Legacy, GrokNames::Ecs] {
        for name in all_names(names) {
            let text = format!("%{{{name}:all_of_it}}");
            if let Err((message, help)) = Grok::compile(&text, "", names) {
                panic!("{name} ({names:?}): {message}\nhelp: {help}");
            }
        }
    }
}

#[test]
fn both_spellings_of_a_log_give_the_canonical_fields() {
    let own = [
        (GrokNames::Legacy, [("clientip", "192.0.2.9"), ("verb", "GET"), ("request", "/a?b=c"), ("agent", "curl/8.9")]),
        (
            GrokNames::Ecs,
            [
                ("source.address", "192.0.2.9"),
                ("http.request.method", "GET"),
                ("url.original", "/a?b=c"),
                ("user_agent.original", "curl/8.9"),
            ],
        ),
    ];
    for (names, own) in own {
        let pattern = compile(grok_with("%{COMBINEDAPACHELOG}", "", names));
        let own = own.map(|(name, value)| (name, Some(value)));
        check(&pattern, COMBINED, Some(&own));
        let canonical = [
            ("client", Some("192.0.2.9")),
            ("ident", None),
            ("user", Some("ada")),
            ("time", Some("23/Nov/2026:10:00:00 +0100")),
            ("method", Some("GET")),
            ("target", Some("/a?b=c")),
            ("path", Some("/a")),
            ("query", Some("b=c")),
            ("status", Some("200")),
            ("bytes", Some("12")),
            ("referrer", None),
            ("user_agent", Some("curl/8.9")),
        ];
        check(&pattern, COMBINED, Some(&canonical));
        assert_eq!(pattern.field_type("status"), Some(FieldType::Integer));
        assert!(pattern.has_time(), "{names:?}");
    }
}

#[test]
fn a_client_cannot_move_the_fields_of_an_access_log() {
    let pattern = compile(grok("^%{COMBINEDAPACHELOG}$"));
    for (request, target) in [
        (r#"GET /x\" 200 5 \"-\" \"evil\" HTTP/1.1"#, None),
        (r#"GET /\" HTTP/1.1"#, Some(r#"/\""#)),
        (r"\x16\x03\x01", None),
        ("-", None),
    ] {
        let line = format!(r#"192.0.2.9 - - [23/Nov/2026:10:00:00 +0000] "{request}" 404 9 "a\" 1 2 \"b" "u""#);
        let expected = [
            ("target", target),
            ("status", Some("404")),
            ("bytes", Some("9")),
            ("referrer", Some(r#"a\" 1 2 \"b"#)),
            ("user_agent", Some("u")),
        ];
        check(&pattern, &line, Some(&expected));
    }
}

#[test]
fn a_pattern_matches_where_it_can_and_anchors_hold_it() {
    for (text, line, expected) in [
        ("%{INT:n}", "a 12 b 13", Some("12")),
        ("^%{INT:n}", "a 12", None),
        ("%{INT:n}$", "12 a 13", Some("13")),
        ("^%{INT:n}$", "12 ", None),
        // The first of a name that took part.
        ("(?:a=%{INT:n}|b=%{INT:n})", "b=5", Some("5")),
        ("%{INT:n} %{INT:n}", "5 6", Some("5")),
        (r"(?<n>\d+)x", "12x", Some("12")),
        (r"(?'n'\d+)x", "12x", Some("12")),
        (r"(?>a|ab)(?<n>\h+)", "abf", Some("bf")),
        (r"{(?<n>[^]}]*)}", "{12}", Some("12")),
        ("(?mi)N=(?<n>.*)", "n=1\n2", Some("1\n2")),
        ("%{NUMBER:n:float}ms", "took 0.5ms", Some("0.5")),
        ("%{DATA:n:drop} %{INT:m}", "a 1", None),
    ] {
        let pattern = compile(grok(text));
        let known = pattern.field_type("n").is_some();
        let fields = expected.map(|value| [("n", Some(value))]);
        if known || expected.is_some() {
            check(&pattern, line, fields.as_ref().map(|fields| &fields[..]));
        }
    }
}

#[test]
fn a_number_or_an_address_is_never_the_end_of_a_longer_one() {
    for (text, line, expected) in [
        ("%{GREEDYDATA}%{NUMBER:n}ms", "took 123ms", Some("123")),
        ("%{GREEDYDATA:a}%{NUMBER:n}", "v-1.5", Some("-1.5")),
        ("%{GREEDYDATA:a}%{IP:n}", "from 10.20.30.40", Some("10.20.30.40")),
        ("%{IPV4:n}", "1.2.3.456", None),
        ("%{IPV4:n}", "9991.2.3.4", None),
        ("%{IPV4:n}", "999.1.2.3.4", Some("1.2.3.4")),
        ("%{DATA:a}%{INT:n}$", "ab12", Some("12")),
        (r"(?<n>[a-z]+)(?<!c)x", "abcxabx", Some("abcxab")),
        (r"(?<n>[a-z]+)(?![0-9])", "ab1", Some("a")),
        (r"(?<!x)(?<n>[a-c])", "xab", Some("b")),
    ] {
        let fields = expected.map(|value| [("n", Some(value))]);
        check(&compile(grok(text)), line, fields.as_ref().map(|fields| &fields[..]));
    }
}

#[test]
fn types_are_those_of_logstash_and_telegraf() {
    for (text, line, kind, expected) in [
        ("%{NUMBER:n:int}", "12", FieldType::Integer, Some("12")),
        ("%{NOTSPACE:n:int}", "0xc8", FieldType::Integer, Some("200")),
        ("%{NOTSPACE:n:int}", "-0xC8", FieldType::Integer, Some("-200")),
        ("%{NOTSPACE:n:int}", "0xg", FieldType::Integer, None),
        ("%{NOTSPACE:n:long}", "a", FieldType::Integer, None),
        ("%{NOTSPACE:n:float}", "1.5", FieldType::Number, Some("1.5")),
        ("%{NOTSPACE:n:boolean}", "true", FieldType::Boolean, Some("true")),
        ("%{NOTSPACE:n:tag}", "a", FieldType::Text, Some("a")),
        ("%{NOTSPACE:n:duration}", "5.432µs", FieldType::Integer, Some("5432")),
        ("%{NOTSPACE:n:duration}", "1h2m3.5s", FieldType::Integer, Some("3723500000000")),
        ("%{NOTSPACE:n:duration}", "-1.5ms", FieldType::Integer, Some("-1500000")),
        ("%{NOTSPACE:n:duration}", "5", FieldType::Integer, Some("5")),
        ("%{NOTSPACE:n:duration}", "5 minutes", FieldType::Integer, Some("5")),
        ("%{NOTSPACE:n:duration}", "99999999999h", FieldType::Integer, None),
        ("%{NOTSPACE:n:duration}", "..s", FieldType::Integer, None),
        ("%{IP:[a][n]}", "192.0.2.1", FieldType::Text, Some("192.0.2.1")),
    ] {
        let pattern = compile(grok(text));
        let name = if text.contains("[n]") { "a.n" } else { "n" };
        assert_eq!(pattern.field_type(name), Some(kind), "{text}");
        check(&pattern, line, Some(&[(name, expected)]));
    }
}

#[test]
fn times_are_read_as_their_pattern_or_type_says() {
    let noon = 1_795_435_200_000; // 2026-11-23T12:00:00Z
    for (text, line) in [
        ("%{HTTPDATE:timestamp}", "23/Nov/2026:13:00:00 +0100"),
        ("%{TIMESTAMP_ISO8601:when} %{INT:n}", "2026-11-23T12:00:00Z 5"),
        ("%{NUMBER:ts:ts-epoch}", "1795435200"),
        ("%{NUMBER:x:ts-epochmilli} %{HTTPDATE:timestamp}", "1795435200000 23/Nov/2000:13:00:00 +0100"),
        ("%{NUMBER:x:ts-epochnano}", "1795435200000000000"),
        (r#"%{DATA:x:ts-"02/01/2006--15:04:05"}$"#, "23/11/2026--12:00:00"),
        (r#"%{DATA:x:ts-"Jan _2, 2006 at 3:04:05.000 PM -0700"}$"#, "Nov 23, 2026 at 12:00:00.000 PM +0000"),
        ("%{DATA:time:time:%Y.%m.%d %H-%M-%S}$", "2026.11.23 12-00-00"),
        ("%{GREEDYDATA:x:ts}", "Mon, 23 Nov 2026 12:00:00 +0000"),
        ("%{DATA:x:ts-ansic}$", "Mon Nov 23 12:00:00 2026"),
        ("%{HAPROXYDATE:accept_date}", "23/Nov/2026:12:00:00.000"),
        ("%{BIND9_TIMESTAMP:timestamp}", "23-Nov-2026 12:00:00.000"),
    ] {
        let pattern = compile(grok(text));
        let mut parser = pattern.line_parser(&[], &jiff::tz::TimeZone::UTC).unwrap();
        let mut fields = Fields::with_slots(0);
        parser.parse(line.as_bytes(), &mut fields).unwrap();
        assert_eq!(fields.time.map(UnixMicros::millis), Some(noon), "{text}");
    }
}

#[test]
fn own_definitions_come_before_the_library() {
    let definitions = "\n\t# a comment\n\tSECRET [a-z]+\r\n  WORD %{SECRET:inner}!  \n";
    let pattern = compile(grok_with("%{WORD:w}", definitions, GrokNames::Legacy));
    check(&pattern, "ABC def!  ", Some(&[("w", Some("def!  ")), ("inner", Some("def"))]));
}

#[test]
fn a_fault_says_which_name_and_what_to_do() {
    let doubled: Vec<String> = (0..30).map(|n| format!("D{} %{{D{n}}}%{{D{n}}}\n", n + 1)).collect();
    let doubled = doubled.concat();
    for (text, definitions, message, help) in [
        ("%{CLIENTPI:a}", "", "there is no grok pattern `CLIENTPI`", "did you mean `%{CLIENT}`"),
        ("%{QQQQQQQQQQ:a}", "", "there is no grok pattern `QQQQQQQQQQ`", "define it in `grok_patterns`"),
        ("%{A:a}", "A %{B}\nB %{A}", "the grok pattern `A` is defined by itself", "another name"),
        ("%{D30:a}", &format!("D0 x\n{doubled}"), "expands to more than", "fewer names"),
        ("%{IP:a", "", "has no `}`", "%{NAME:field}"),
        ("%{IP:a b}", "", "`a b` of the grok pattern is no field name", "[a][b] is a.b"),
        ("%{IP:a:whole}", "", "`whole` is no type of a grok field", "use int"),
        ("%{IP}", "", "names no field", "%{IP:client}"),
        ("(?<=a)%{IP:a}", "", "`(?<=…)`, which cannot run in linear time", "part of the pattern"),
        ("(?!ab)%{IP:a}", "", "`(?!ab)` looks at more than one ASCII character", "part of the pattern"),
        ("%{WORD:a}.*(?<!d)x", "", "cannot be built into its neighbours", "beside the place"),
        ("%{INT:a})", "", "cannot be compiled: unopened group", "regex crate"),
        ("%{INT:a}(?:(?:x{900}){900}){900}", "", "would be larger than", "smaller"),
        ("%{A:a}", "A", "has a name, but no regex", "NAME regex"),
        (r#"%{DATA:a:ts-"2 Jan 06 MST"}"#, "", "names a zone by letters", "-0700"),
    ] {
        let found = Grok::compile(text, definitions, GrokNames::Legacy).map(|_| ());
        let (found, found_help) = found.expect_err(text);
        assert!(found.contains(message), "{text}: {found}");
        assert!(found_help.contains(help), "{text}: {found_help}");
    }
}

#[test]
fn an_explanation_is_in_the_patterns_own_words() {
    let pattern = compile(grok("^%{IP:a} %{WORD:b} %{INT:c}"));
    let mut parser = pattern.line_parser(&[], &jiff::tz::TimeZone::UTC).unwrap();
    let expected = "at byte 12: expected ` ` before `c`, the line ends";
    assert_eq!(parser.explain(b"192.0.2.1 ab"), expected);
}
