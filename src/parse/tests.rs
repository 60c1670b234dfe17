use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{LineParser, Pattern};
use crate::model::decimal::Decimal;
use crate::model::fault::{Located, Location};
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::{CaseSpec, Engine, NginxEscape, PatternSpec, Scalar, TypeSpec};

/// Field names and texts; an absent field has none.
type Expected<'a> = &'a [(&'a str, Option<&'a str>)];

pub(super) fn nginx(text: &str) -> Engine {
    Engine::NginxTemplate { text: text.to_owned(), escape: NginxEscape::Default }
}

pub(super) fn nginx_escaped(text: &str, escape: NginxEscape) -> Engine {
    Engine::NginxTemplate { text: text.to_owned(), escape }
}

pub(super) fn apache(text: &str) -> Engine {
    Engine::ApacheTemplate { text: text.to_owned() }
}

pub(super) fn regex(text: &str) -> Engine {
    Engine::Regex { text: text.to_owned() }
}

pub(super) fn json(fields: &[(&str, &str)]) -> Engine {
    let fields = fields.iter().map(|(name, path)| ((*name).to_owned(), vec![(*path).to_owned()]));
    Engine::Json { fields: fields.collect() }
}

pub(super) fn builtin(name: &str) -> Engine {
    Engine::Builtin { name: name.to_owned() }
}

pub(super) fn spec(engine: Engine, types: &[(&str, Option<&str>, FieldType, Option<&str>)]) -> PatternSpec {
    let at = |line| Location::new("p.toml", line);
    let types = types.iter().zip(10..).map(|(&(name, from, kind, format), line)| {
        let spec = TypeSpec {
            from: from.map(str::to_owned),
            kind,
            formats: format.map(str::to_owned).into_iter().collect(),
            steps: Vec::new(),
        };
        (name.to_owned(), Located::new(spec, at(line)))
    });
    let types = types.collect();
    PatternSpec {
        at: at(1),
        name: "p".to_owned(),
        about: None,
        engine: Located::new(engine, at(2)),
        records: crate::model::spec::RecordSpec::default(),
        types,
        cases: Vec::new(),
    }
}

pub(super) fn compile(engine: Engine) -> Pattern {
    Pattern::compile(&spec(engine, &[])).unwrap_or_else(|faults| panic!("{}", shown(&faults)))
}

fn shown(faults: &[crate::model::fault::Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The fields that a line gives, in the order of the names; `None` when it does not match.
pub(super) fn fields_of(parser: &mut LineParser, line: &[u8], names: usize) -> Option<Vec<Option<Vec<u8>>>> {
    let mut fields = Fields::with_slots(names);
    parser.parse(line, &mut fields).ok()?;
    Some((0..names).map(|slot| fields.get(line, slot).map(<[u8]>::to_vec)).collect())
}

/// What one line gives by a pattern: `None` in `expected` where it must not match.
#[track_caller]
pub(super) fn check(pattern: &Pattern, line: &str, expected: Option<Expected<'_>>) {
    let names: Vec<&str> = expected.unwrap_or_default().iter().map(|(name, _)| *name).collect();
    let mut parser = pattern.line_parser(&names, &TimeZone::UTC).unwrap();
    let found = fields_of(&mut parser, line.as_bytes(), names.len());
    let found = found.map(|texts| {
        let texts = texts.into_iter().map(|text| text.map(|text| String::from_utf8_lossy(&text).into_owned()));
        names.iter().copied().zip(texts).collect::<Vec<_>>()
    });
    let expected =
        expected.map(|fields| fields.iter().map(|(name, text)| (*name, text.map(str::to_owned))).collect::<Vec<_>>());
    assert_eq!(found, expected, "{line}\n{}", parser.explain(line.as_bytes()));
}

#[track_caller]
fn check_faults(engine: Engine, types: &[(&str, Option<&str>, FieldType, Option<&str>)], expected: &[&str]) {
    let faults = Pattern::compile(&spec(engine, types)).map(|_| ()).unwrap_err();
    assert_eq!(faults.len(), expected.len(), "{}", shown(&faults));
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.to_string().contains(expected), "expected `{expected}` in:\n{fault}");
        assert!(fault.help.is_some(), "no help in:\n{fault}");
    }
}

#[test]
fn a_path_never_has_the_query_whatever_the_pattern_calls_a_path() {
    let line = r#"{"path":"/x?token=s3cret","p":"http://h/y?z"}"#;
    check(&compile(json(&[])), line, Some(&[("path", Some("/x"))]));
    check(&compile(json(&[("path", "p")])), line, Some(&[("path", Some("/y"))]));
    let target = ("target", Some("p"), FieldType::Text, None);
    let pattern = Pattern::compile(&spec(json(&[]), &[target])).unwrap();
    check(&pattern, line, Some(&[("target", Some("http://h/y?z")), ("path", Some("/y")), ("query", Some("z"))]));
    let regex = Engine::Regex { text: r"(?<path>\S+) (?<status>\d+)".to_owned() };
    check(&compile(regex), "/x?a=b 200", Some(&[("path", Some("/x"))]));
}

#[test]
fn canonical_names_stand_for_what_servers_call_otherwise() {
    let nginx = compile(nginx(
        r#"$remote_addr $remote_user [$time_local] "$request" $body_bytes_sent "$http_referer" "$http_user_agent""#,
    ));
    let line = r#"192.0.2.1 ada [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.1" 12 "r" "u""#;
    let expected = [
        ("client", Some("192.0.2.1")),
        ("user", Some("ada")),
        ("time", Some("10/Oct/2000:13:55:36 -0700")),
        ("method", Some("GET")),
        ("target", Some("/a?b")),
        ("path", Some("/a")),
        ("query", Some("b")),
        ("protocol", Some("HTTP/1.1")),
        ("bytes", Some("12")),
        ("referrer", Some("r")),
        ("user_agent", Some("u")),
    ];
    check(&nginx, line, Some(&expected));
    let regex = compile(regex(r#"(?<remote_addr>\S+) (?<user>\S+) (?<remote_user>\S+) "(?<request>[^"]*)""#));
    let expected = [("client", Some("h")), ("user", Some("own")), ("method", Some("GET")), ("query", None)];
    check(&regex, r#"h own other "GET / HTTP/1.1""#, Some(&expected));
    let parts = compile(super::tests::nginx("$request_method $request_uri $server_protocol"));
    let expected = [("method", Some("PUT")), ("path", Some("/x")), ("query", Some("y")), ("protocol", Some("HTTP/2"))];
    check(&parts, "PUT /x?y HTTP/2", Some(&expected));
}

#[test]
fn a_dash_is_absent_and_an_empty_text_is_there_but_in_json_a_dash_is_a_text() {
    let expected = [("http_a", None), ("http_b", Some(""))];
    check(&compile(nginx(r#""$http_a" "$http_b""#)), r#""-" """#, Some(&expected));
    check(&compile(regex("(?<http_a>[^ ]*) (?<http_b>.*)")), "- ", Some(&expected));
    check(&compile(json(&[])), r#"{"a":"-","b":""}"#, Some(&[("a", Some("-")), ("b", Some(""))]));
}

#[test]
fn a_text_that_does_not_fit_its_type_is_absent_and_counted() {
    let types = [
        ("integer", None, FieldType::Integer, None),
        ("number", None, FieldType::Number, None),
        ("boolean", None, FieldType::Boolean, None),
        ("instant", None, FieldType::Time, Some("unix")),
    ];
    let text = "(?<integer>[^,]*),(?<number>[^,]*),(?<boolean>[^,]*),(?<instant>[^,]*)";
    let pattern = Pattern::compile(&spec(regex(text), &types)).unwrap();
    let names = ["integer", "number", "boolean", "instant"];
    let mut parser = pattern.line_parser(&names, &TimeZone::UTC).unwrap();
    for (line, there) in [
        ("12,1.5,true,1700000000", [true, true, true, true]),
        ("+12,-1e3,false,-1.5", [true, true, true, true]),
        ("1.5,x,TRUE,now", [false, false, false, false]),
        ("999999999999999999999999,1e99,1,1e9", [false, false, false, false]),
        ("-,-,-,-", [false, false, false, false]),
        (",,,", [false, false, false, false]),
        ("123456789012345678901,.5,true,0", [true, true, true, true]),
    ] {
        let found = fields_of(&mut parser, line.as_bytes(), names.len()).unwrap();
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), there, "{line}");
    }
    let counts: BTreeMap<&str, u64> = parser.invalid_fields().collect();
    assert_eq!(counts, names.into_iter().map(|name| (name, 2)).collect(), "a dash or nothing at all is not counted");
}

#[test]
fn the_lines_time_is_there_whether_or_not_it_is_wanted() {
    let pattern = compile(builtin("common"));
    let line = br#"h - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326"#;
    for wanted in [&["status"][..], &["time"], &[], &["time", "status", "time"]] {
        let mut parser = pattern.line_parser(wanted, &TimeZone::UTC).unwrap();
        let mut fields = Fields::with_slots(wanted.len());
        parser.parse(line, &mut fields).unwrap();
        assert_eq!(fields.time.map(|time| time.0), Some(971_211_336_000_000), "{wanted:?}");
        assert_eq!(fields.get(line, 0).is_some(), !wanted.is_empty());
        parser.parse(b"nothing", &mut fields).unwrap_err();
        assert_eq!(
            (fields.time, fields.get(line, 0)),
            (None, None),
            "a line that does not match leaves nothing behind"
        );
    }
}

#[test]
fn times_without_a_zone_are_in_the_zone_that_is_given() {
    let types = [("time", Some("when"), FieldType::Time, Some("%Y-%m-%d %H:%M:%S"))];
    let pattern = Pattern::compile(&spec(regex("(?<when>.*)"), &types)).unwrap();
    let mut parser = pattern.line_parser(&[], &TimeZone::get("America/New_York").unwrap()).unwrap();
    let mut fields = Fields::with_slots(0);
    parser.parse(b"2026-07-01 00:00:00", &mut fields).unwrap();
    assert_eq!(fields.time.map(|time| time.to_string()).as_deref(), Some("2026-07-01T04:00:00.000Z"));
}

#[test]
fn a_pattern_knows_its_fields_and_their_types() {
    let combined = compile(builtin("combined"));
    let names = [
        "bytes",
        "client",
        "ident",
        "method",
        "path",
        "protocol",
        "query",
        "referrer",
        "request",
        "status",
        "target",
        "time",
        "user",
        "user_agent",
    ];
    assert_eq!(combined.field_names(), names);
    assert_eq!(combined.field_type("status"), Some(FieldType::Integer));
    assert_eq!(combined.field_type("time"), Some(FieldType::Time));
    assert_eq!(combined.field_type("account"), None);
    assert_eq!(
        combined.line_parser(&["account", "user", "x"], &TimeZone::UTC).map(|_| ()),
        Err(vec!["account".to_owned(), "x".to_owned()])
    );
    assert!(combined.has_time() && !combined.gives_any_name());
    let json = Pattern::compile(&spec(json(&[("id", "user.id")]), &[("n", None, FieldType::Number, None)])).unwrap();
    assert_eq!(json.field_names(), ["id", "n"]);
    assert_eq!(json.field_type("anything"), Some(FieldType::Text));
    assert!(!json.has_time() && json.gives_any_name());
    let timed =
        Pattern::compile(&spec(super::tests::json(&[]), &[("time", Some("ts"), FieldType::Time, Some("unix"))]))
            .unwrap();
    assert!(timed.has_time());
    let request_time = compile(nginx("$request_time"));
    assert!(!request_time.has_time() && request_time.field_type("request_time") == Some(FieldType::Number));
}

#[test]
fn a_typed_source_gives_its_type_to_its_alias_and_a_typed_alias_keeps_its_own() {
    let types = [
        ("body_bytes_sent", None, FieldType::Text, None),
        ("size", Some("bytes"), FieldType::Number, None),
        ("when", Some("time_local"), FieldType::Time, None),
    ];
    let pattern = Pattern::compile(&spec(nginx("$body_bytes_sent [$time_local]"), &types)).unwrap();
    for (name, kind) in [("bytes", FieldType::Text), ("size", FieldType::Number), ("when", FieldType::Time)] {
        assert_eq!(pattern.field_type(name), Some(kind), "{name}");
    }
}

#[test]
fn a_request_listed_for_json_is_taken_apart_also_with_escapes() {
    let listed = compile(json(&[("request", "request")]));
    let line = r#"{"request":"GET \/a\"?b HTTP/1.1","client":"c","path":"own"}"#;
    let expected = [("method", Some("GET")), ("path", Some("/a\"")), ("query", Some("b")), ("client", Some("c"))];
    check(&listed, line, Some(&expected));
    check(&compile(json(&[])), line, Some(&[("path", Some("own")), ("method", None)]));
}

#[test]
fn a_field_that_is_logged_more_than_once_keeps_its_name_where_it_is_logged_best() {
    for (engine, line, expected) in [
        (nginx("$a [$a] $b"), "1 [2] 3", &[("a", Some("1")), ("a_2", Some("2")), ("b", Some("3"))][..]),
        (apache("%h %a %A"), "1 2 3", &[("client", Some("1")), ("remote_addr_2", Some("2"))]),
        (apache("%s %>s"), "301 200", &[("status", Some("200")), ("status_2", Some("301"))]),
        (
            apache("%!400{A}i|%{A}i|%>{A}i"),
            "1|2|3",
            &[("http_a", Some("2")), ("http_a_2", Some("1")), ("http_a_3", Some("3"))],
        ),
        (apache("\"%!400r\" \"%r\""), "\"-\" \"GET / HTTP/1.1\"", &[("path", Some("/")), ("request_2", None)]),
    ] {
        check(&compile(engine), line, Some(expected));
    }
}

#[test]
fn a_host_ends_where_a_path_right_after_it_begins() {
    let pattern = compile(nginx("\"$scheme://$host$request_uri\" $status"));
    let expected: &[_] =
        &[("host", Some("a.example")), ("path", Some("/b")), ("query", Some("c")), ("status", Some("200"))];
    check(&pattern, "\"https://a.example/b?c\" 200", Some(expected));
    check(
        &compile(nginx("$server_name:$server_port$uri")),
        "a:80/b",
        Some(&[("server_port", Some("80")), ("uri", Some("/b"))]),
    );
}

#[test]
fn lists_of_forwarded_addresses_end_where_no_comma_is() {
    let template = "$http_x_forwarded_for - $remote_user [$time_local] $status";
    let end = "[10/Oct/2000:13:55:36 -0700] 200";
    for (front, expected) in [
        ("192.0.2.1, 2001:db8::1 - ada", Some((Some("192.0.2.1, 2001:db8::1"), Some("ada")))),
        ("192.0.2.1,10.0.0.1 - -", Some((Some("192.0.2.1,10.0.0.1"), None))),
        ("- - -", Some((None, None))),
        (" - -", Some((Some(""), None))),
        ("192.0.2.1 10.0.0.1 - -", None),
        ("192.0.2.1, - -", None),
    ] {
        let fields = expected.map(|(list, user)| [("http_x_forwarded_for", list), ("user", user)]);
        check(&compile(nginx(template)), &format!("{front} {end}"), fields.as_ref().map(|fields| &fields[..]));
    }
    let quoted = compile(nginx("\"$http_x_forwarded_for\" $status"));
    check(&quoted, "\"a b\" 200", Some(&[("http_x_forwarded_for", Some("a b"))]));
}

#[test]
fn faults_of_patterns_say_where_what_and_what_to_do() {
    let none: &[(&str, Option<&str>, FieldType, Option<&str>)] = &[];
    for (engine, expected) in [
        (nginx("$a$b"), "p.toml:2: nothing stands between `$a` and `$b`"),
        (nginx("${a}${b}"), "nothing stands between `${a}` and `${b}`"),
        (nginx("price $ $a"), "the template's character 7, `$ $a`, begins no variable"),
        (nginx(&"$a ".repeat(1_001)), "the template has more than 1000 fields"),
        (nginx("no fields"), "the template has no fields"),
        (apache("%h %y"), "`%y` is no directive"),
        (apache("%h %"), "the template's character 4, `%`, begins no directive"),
        (apache("%{x}T"), "`%{x}T` is no directive"),
        (apache("%i"), "`%i` is no directive"),
        (apache("%h%u"), "nothing stands between `%h` and `%u`"),
        (apache("%{%H:%K}t"), "`%{%H:%K}t`: `%K` of its format cannot be read"),
        (regex("(a)"), "no named groups"),
        (regex("(?<a>("), "unclosed group"),
        (regex("(?<a>x)(?=y)"), "look-around is not to be had"),
        (regex("(?<a>x)(?<a>y)"), "duplicate"),
        (regex("(?<a>[a-z]{1,100000})"), "make repetitions such as {1,1000} smaller"),
        (json(&[("a", "b..c")]), "field `a`: `b..c` is no path: expected a key, found `.c`"),
        (builtin("clf"), "no built-in format `clf`"),
    ] {
        check_faults(engine, none, &[expected]);
    }
}

#[test]
fn faults_of_types_are_gathered() {
    let types = [
        ("a", Some("missing"), FieldType::Text, None),
        ("b", None, FieldType::Time, None),
        ("c", Some("status"), FieldType::Time, Some("never")),
        ("d", Some("e"), FieldType::Text, None),
        ("e", Some("d"), FieldType::Text, None),
        ("status", None, FieldType::Integer, None),
    ];
    let expected = [
        "p.toml:12: field `c`: `never` is no time format",
        "p.toml:10: `[types]` makes the field `a` from `missing`",
        "p.toml:11: `[types]` makes the field `b` from `b`",
        "p.toml:13: `[types]` makes the field `d` from `e`",
        "p.toml:14: `[types]` makes the field `e` from `d`",
    ];
    check_faults(nginx("$status"), &types, &expected);
    check_faults(
        regex("(?<b>.)"),
        &[("b", None, FieldType::Time, None)],
        &["field `b` is a time, but not in a format"],
    );
}

#[test]
fn a_mismatch_says_where_and_an_explanation_says_what_was_expected() {
    let usage = nginx(r#"$remote_addr - $remote_user [$time_local] "$request" $status"#);
    for (engine, line, expected) in [
        (usage.clone(), "192.0.2.1 x", "at byte 9: expected ` - ` after `$remote_addr`, found ` x`"),
        (
            usage.clone(),
            "192.0.2.1 - u [x] \"",
            "at byte 15: expected a time like 10/Oct/2000:13:55:36 -0700 for `$time_local`, found `x] \"`",
        ),
        (
            usage,
            "h - u [10/Oct/2000:13:55:36 -0700] \"r\" 20\u{1b}",
            "at byte 39: expected three digits or `-` for `$status`, found `20\\u{1b}`",
        ),
        (nginx("$status."), "200", "at byte 3: expected `.` after `$status`, the line ends"),
        (nginx("$status"), "200 ", "at byte 3: expected the end of the line after `$status`, found ` `"),
        (nginx("$status"), "200", "the whole line matches"),
        (builtin("common"), "h - - 1", "at byte 4: expected a user or `-`, and a time in brackets, found `- 1`"),
        (json(&[]), "{\"a\" 1}", "at byte 5: expected a colon after the key, found `1}`"),
        (regex("(?<a>[a-z]+) (?<b>[0-9]+)"), "abc x", "at byte 4: expected `b`, which is `(?<b>[0-9]+)`, found `x`"),
    ] {
        let mut parser = compile(engine).line_parser(&[], &TimeZone::UTC).unwrap();
        assert_eq!(parser.explain(line.as_bytes()), expected);
    }
    let mut parser = compile(nginx("$remote_addr $status")).line_parser(&[], &TimeZone::UTC).unwrap();
    let mismatch = parser.parse(b"h x", &mut Fields::with_slots(0)).unwrap_err();
    assert_eq!((mismatch.at(), mismatch.to_string().as_str()), (2, "at byte 2: expected part 4 of the pattern"));
}

pub(super) fn case(line: &str, expect: Option<&[(&str, Scalar)]>, absent: &[&str]) -> CaseSpec {
    CaseSpec {
        after: Vec::new(),
        at: Location::new("p.toml", 30),
        line: line.to_owned(),
        expect: expect.map(|fields| fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()),
        absent: absent.iter().map(|&name| name.to_owned()).collect(),
        read_at: crate::model::time::UnixMicros::from_seconds(1_795_427_696),
    }
}

#[test]
fn a_case_fails_with_every_field_that_differs() {
    let text = |text: &str| Scalar::Text(text.to_owned());
    let number = |text: &str| Scalar::Number(Decimal::parse(text.as_bytes()).unwrap());
    let mut spec = spec(nginx("$status $msec $name"), &[]);
    let holds = [("status", number("200.0")), ("time", text("2023-11-14T22:13:20Z")), ("name", text("n"))];
    for (case, expected) in [
        (case("200 1700000000.000 n", Some(&holds), &[]), None),
        (case("200 1700000000.000 -", Some(&[]), &["name"]), None),
        (case("nothing", None, &[]), None),
        (
            case("201 1700000000.001 -", Some(&holds), &[]),
            Some(
                "the line matches, but its fields are others than expected\nfield `name`: expected `n`, found nothing\nfield `status`: expected 200, found `201`\nfield `time`: expected `2023-11-14T22:13:20Z`, found `1700000000.001`",
            ),
        ),
        (
            case("200 1 n", Some(&[]), &["name"]),
            Some(
                "the line matches, but its fields are others than expected\nfield `name`: expected nothing, found `n`",
            ),
        ),
        (case("200 1 n", None, &[]), Some("the line must not match, but it does")),
        (
            case("x", Some(&[]), &[]),
            Some("the line must match, but it does not: at byte 0: expected three digits or `-` for `$status`"),
        ),
        (
            case("x", Some(&[("y", text(""))]), &[]),
            Some(
                "the case names `y`, which the pattern does not give\nhelp: it gives `msec`, `name`, `status`, `time`",
            ),
        ),
    ] {
        spec.cases = vec![case];
        let found = super::run_cases(&spec).map_err(|failures| {
            assert_eq!((failures.len(), failures[0].at.line), (1, 30));
            failures[0].to_string().trim_start_matches("p.toml:30: ").to_owned()
        });
        assert_eq!(found, expected.map_or(Ok(1), |message| Err(message.to_owned())));
    }
    spec.engine.value = regex("(");
    spec.cases = vec![case("x", None, &[])];
    assert_eq!(
        super::run_cases(&spec).unwrap_err()[0].at.line,
        2,
        "a pattern that does not compile fails at its place"
    );
}

fn engines() -> Vec<Pattern> {
    [
        nginx(r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" $upstream_response_time $upstream_addr $host"#),
        nginx_escaped(r#"{"a":"$http_a","n":$request_time,"t":"$time_iso8601"}"#, NginxEscape::Json),
        nginx_escaped(r#"$a "$b" $c:$d"#, NginxEscape::None),
        apache(r#"%h %l %u %t \"%r\" %>s %b %U%q %{%Y-%m-%d}t %T"#.replace("%{%Y-%m-%d}t ", "").as_str()),
        regex(r#"(?<client>\S+) (?<user>.*?) \[(?<time_local>[^\]]*)\] "(?<request>[^"]*)".*"#),
        json(&[("request", "a.b"), ("item", "a[1].c"), ("deep", "\"x.y\".z")]),
        builtin("common"),
        builtin("combined"),
    ]
    .into_iter()
    .map(compile)
    .collect()
}

/// Lines that come near to what the engines read.
fn near_line() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "192.0.2.1",
        " - ",
        "-",
        " ",
        "[",
        "] ",
        "[10/Oct/2000:13:55:36 -0700]",
        "\"",
        "\\",
        "\"GET /a?b HTTP/1.1\"",
        " 200",
        " 12",
        " \"-\"",
        "0.1, 0.2 : 0.3",
        " 127.0.0.1:80, unix:/x",
        "{\"a\":",
        "{\"b\":\"GET / HTTP/1.1\"}",
        "}",
        "[1,{\"c\":",
        "]",
        "\"\\u00e4\\ud83d\"",
        "null",
        ":",
        ",",
        "\u{e4}",
        "1.5",
        "\"\"",
        "x [",
        " [-] \"",
    ]);
    let pieces = prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![pieces, prop::collection::vec(any::<u8>(), 0..80)]
}

proptest! {
    #[test]
    fn no_bytes_make_an_engine_panic(line in near_line()) {
        for pattern in engines() {
            let names = pattern.field_names();
            let mut parser = pattern.line_parser(&names, &TimeZone::UTC).unwrap();
            let matched = fields_of(&mut parser, &line, names.len()).is_some();
            let explained = parser.explain(&line);
            prop_assert_eq!(matched, explained == "the whole line matches", "{}", explained);
        }
    }

    #[test]
    fn what_matches_and_what_a_field_holds_never_depends_on_which_fields_are_wanted(line in near_line(), chosen in any::<u32>()) {
        for pattern in engines() {
            let names = pattern.field_names();
            let all = fields_of(&mut pattern.line_parser(&names, &TimeZone::UTC).unwrap(), &line, names.len());
            let few: Vec<usize> = (0..names.len()).filter(|index| chosen >> (index % 32) & 1 == 1).rev().collect();
            let wanted: Vec<&str> = few.iter().map(|&index| names[index]).collect();
            let found = fields_of(&mut pattern.line_parser(&wanted, &TimeZone::UTC).unwrap(), &line, wanted.len());
            let expected = all.map(|all| few.iter().map(|&index| all[index].clone()).collect::<Vec<_>>());
            prop_assert_eq!(found, expected);
        }
    }
}
