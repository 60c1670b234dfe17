use std::path::Path;

use proptest::prelude::*;

use super::read;
use crate::model::fields::FieldType;
use crate::model::spec::{Engine, GrokNames, NginxEscape, Scalar};

#[track_caller]
fn faults(text: &str) -> String {
    let faults = read(text, Path::new("web.toml")).expect_err("a fault");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check_engine(body: &str, expected: &Engine) {
    let text = format!("name = \"web\"\n{body}");
    let spec = read(&text, Path::new("web.toml")).unwrap_or_else(|faults| panic!("{body}: {faults:?}"));
    assert_eq!(&spec.engine.value, expected, "{body}");
    assert_eq!(spec.engine.at.line, 2, "{body}");
}

#[track_caller]
fn check_fault(body: &str, expected: &str) {
    let shown = faults(&format!("name = \"web\"\n{body}"));
    assert_eq!(shown, expected, "{body}");
}

#[test]
fn a_full_pattern_file_is_read_with_its_places() {
    let text = r#"name = "nginx_usage"
template = '$remote_addr [$time_local] "$request" $status ${bytes}'

[types]
status = "integer"
bytes = { from = "body_bytes_sent", type = "integer" }
time = { from = "time_local", format = "clf" }
alias = { from = "status" }

[[case]]
line = '203.0.113.9 - ${NOT_A_VARIABLE}'
expect = { user = "u1", status = 200, rt = 0.012, ok = true, day = 2026-11-23T10:00:00Z }
absent = ["account"]

[[case]]
line = 'not an access log line'
expect = "no match"
"#;
    let spec = read(text, Path::new("nginx_usage.toml")).expect("no fault");
    assert_eq!(spec.name, "nginx_usage");
    assert_eq!(spec.at.to_string(), "nginx_usage.toml:1");
    let engine = r#"$remote_addr [$time_local] "$request" $status ${bytes}"#.to_owned();
    assert_eq!(spec.engine.value, Engine::NginxTemplate { text: engine, escape: NginxEscape::Default });
    let types: Vec<_> = spec.types.iter().map(|(name, spec)| (name.as_str(), spec.at.line, spec.value.kind)).collect();
    assert_eq!(
        types,
        [
            ("alias", 8, FieldType::Text),
            ("bytes", 6, FieldType::Integer),
            ("status", 5, FieldType::Integer),
            ("time", 7, FieldType::Time)
        ]
    );
    assert_eq!(spec.types["bytes"].value.from.as_deref(), Some("body_bytes_sent"));
    assert_eq!(spec.types["time"].value.formats, ["clf"]);
    let [first, second] = spec.cases.as_slice() else { panic!("{:?}", spec.cases) };
    assert_eq!((first.at.line, second.at.line), (10, 15));
    assert_eq!(first.line, "203.0.113.9 - ${NOT_A_VARIABLE}");
    assert_eq!(first.absent, ["account"]);
    let expected = first.expect.as_ref().expect("a match");
    let expected: Vec<_> = expected.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
    assert_eq!(expected, ["day=2026-11-23T10:00:00Z", "ok=true", "rt=0.012", "status=200", "user=u1"]);
    assert_eq!(second.expect, None);
    assert_eq!(first.read_at.to_string(), "2026-07-01T00:00:00.000Z", "where nothing is said");
}

#[test]
fn a_case_says_when_its_line_is_read() {
    for at in ["\"2027-01-01T00:00:00+01:00\"", "2026-12-31T23:00:00Z"] {
        let text = format!("name = \"web\"\nregex = '.'\n[[case]]\nline = 'a'\nat = {at}\nexpect = \"no match\"");
        let spec = read(&text, Path::new("web.toml")).expect("no fault");
        assert_eq!(spec.cases[0].read_at.to_string(), "2026-12-31T23:00:00.000Z", "{at}");
    }
    check_fault(
        "regex = '.'\n[[case]]\nline = 'a'\nat = 2026\nexpect = \"no match\"",
        "web.toml:5: `at` of `[[case]]` is `2026`; expected a date and time with a zone\n\
         help: write at = \"2026-11-23T10:00:00Z\"",
    );
}

fn shown(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => text.clone(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Boolean(value) => value.to_string(),
    }
}

#[test]
fn the_way_of_reading_is_seen_from_its_key() {
    let nginx = |text: &str, escape| Engine::NginxTemplate { text: text.to_owned(), escape };
    let apache = |text: &str| Engine::ApacheTemplate { text: text.to_owned() };
    check_engine("template = '$status'", &nginx("$status", NginxEscape::Default));
    check_engine("template = '${status} 5%'", &nginx("${status} 5%", NginxEscape::Default));
    check_engine("template = '$a'\nescape = \"json\"", &nginx("$a", NginxEscape::Json));
    check_engine("template = '$a'\nescape = \"none\"", &nginx("$a", NginxEscape::None));
    check_engine(r#"template = '%h "%r" %>s'"#, &apache(r#"%h "%r" %>s"#));
    check_engine("template = '%{X-User}o costs $5'", &apache("%{X-User}o costs $5"));
    check_engine("template = '%h $user'\nsyntax = \"apache\"", &apache("%h $user"));
    check_engine("template = '$a %h'\nsyntax = \"nginx\"", &nginx("$a %h", NginxEscape::Default));
    let haproxy = |text: &str| Engine::HaproxyTemplate { text: text.to_owned() };
    let envoy = |text: &str| Engine::EnvoyTemplate { text: text.to_owned() };
    for text in ["%ci:%cp [%tr]", "%ST %b", "%{+Q}r %b", "%[src] %r", "%{-E}o %h", "log-format %h", "%(a)b"] {
        check_engine(&format!("template = '{text}'"), &haproxy(text));
    }
    for text in ["[%START_TIME%]", "%REQ(:METHOD)% %h", "%PROTOCOL% %ci", "%REQ(X):3%"] {
        check_engine(&format!("template = '{text}'"), &envoy(text));
    }
    for text in ["%h took %Ts", "%U%q%B%D", "%{ms}T", "LogFormat \"%ci $a\" x", "%D%%", "%hello"] {
        check_engine(&format!("template = '{text}'"), &apache(text));
    }
    check_engine("template = 'log_format x $a%b;'", &nginx("log_format x $a%b;", NginxEscape::Default));
    check_engine("template = '%ci %h'\nsyntax = \"apache\"", &apache("%ci %h"));
    check_engine("template = '%h %b'\nsyntax = \"haproxy\"", &haproxy("%h %b"));
    check_engine("template = '%h %b'\nsyntax = \"envoy\"", &envoy("%h %b"));
    check_engine("template = ['$a', '%h']", &Engine::Templates(vec![nginx("$a", NginxEscape::Default), apache("%h")]));
    check_engine("regex = '(?<n>.)$'", &Engine::Regex { text: "(?<n>.)$".to_owned() });
    let grok = |text: &str, definitions: &str, names| Engine::Grok {
        text: text.to_owned(),
        definitions: definitions.to_owned(),
        names,
    };
    check_engine("grok = '%{IP:a}'", &grok("%{IP:a}", "", GrokNames::Legacy));
    check_engine(
        "grok = '%{X:a}'\necs = true\ngrok_patterns = '''\nX .\nY ,\n'''",
        &grok("%{X:a}", "X .\nY ,\n", GrokNames::Ecs),
    );
    check_engine("builtin = \"common\"", &Engine::Builtin { name: "common".to_owned() });
    check_engine("json = true", &Engine::Json { fields: [].into() });
    check_engine("json = {}", &Engine::Json { fields: [].into() });
    let fields = [("user".to_owned(), vec!["user.id".to_owned()])].into();
    check_engine("json = { user = \"user.id\" }", &Engine::Json { fields });
}

#[test]
fn each_fault_of_the_way_of_reading_says_what_to_do() {
    for (body, expected) in [
        (
            "",
            "web.toml: pattern `web` does not say how a line is read\n\
             help: write one of template = '…', regex = '…', grok = '…', json = true, logfmt = true, key_value = true, w3c = true, csv = true, tsv = true, ltsv = true or builtin = \"combined\"",
        ),
        (
            "regex = '.'\ntemplate = '$a'",
            "web.toml:2: pattern `web` has both `template` and `regex`\n\
             help: keep one of them: a pattern reads lines in one way",
        ),
        (
            "template = []",
            "web.toml:2: `template` of pattern `web` is an empty list\n\
             help: write one template at least",
        ),
        (
            "template = 'plain'",
            "web.toml:2: `template` of pattern `web` has no field; expected nginx's $variables or Apache's %directives\n\
             help: copy the log_format of nginx.conf or the LogFormat of httpd.conf",
        ),
        (
            "template = '$a %h'",
            "web.toml:2: `template` of pattern `web` holds both `$…` and `%…`\n\
             help: say which syntax it is in: syntax = \"nginx\", \"apache\", \"haproxy\" or \"envoy\"",
        ),
        (
            "template = '%h'\nescape = \"json\"",
            "web.toml:3: `escape` of pattern `web` is for nginx's templates only\nhelp: leave it out",
        ),
        (
            "regex = '.'\nescape = \"json\"",
            "web.toml:3: `escape` of pattern `web` is for templates only\nhelp: leave it out",
        ),
        (
            "json = { user = 1 }",
            "web.toml:2: `json.user` of pattern `web` is a whole number; expected a text in quotes\n\
             help: write user = \"1\"",
        ),
        ("regex = '.'\necs = true", "web.toml:3: `ecs` of pattern `web` is for grok only\nhelp: leave it out"),
        (
            "regex = ''",
            "web.toml:2: `regex` of pattern `web` is empty\n\
             help: write a text between the quotes, or leave the key out",
        ),
    ] {
        check_fault(body, expected);
    }
}

#[test]
fn an_unknown_built_in_is_answered_with_all_that_there_are() {
    let known = crate::config::words::one_of(crate::model::spec::BUILTINS);
    let expected = format!(
        "web.toml:2: `builtin` of pattern `web` is `combind`; expected {known}\n\
         help: write builtin = \"combined\", or give a template, regex or json"
    );
    check_fault("builtin = \"combind\"", &expected);
}

#[test]
fn faults_in_types_and_cases_are_shown_together() {
    for (body, expected) in [
        (
            "regex = '.'\n[types]\na = \"int\"\nb = { format = \"iso\" }\nc = { type = \"text\", format = \"clf\" }",
            "web.toml:4: `a` of `[types]` is `int`; expected `text`, `integer`, `number`, `time`, `boolean`, `duration` or `size`\n\
             help: write a = \"text\", for instance\n\
             web.toml:5: `format` of type `b` is `iso`; expected `auto`, `clf`, `rfc3339`, `syslog`, `unix`, `unix_ms`, `unix_ns` or `unix_us`, or a format with `%`\n\
             help: write its parts as strptime does: \"%Y-%m-%d %H:%M:%S\"\n\
             web.toml:6: `format` of type `c` is for times only\n\
             help: leave it out, or set type = \"time\"",
        ),
        (
            "regex = '.'\n[[case]]\nexpect = \"none\"\n[[case]]\nline = ''\nexpect = \"no match\"\nabsent = [\"a\"]",
            "web.toml:3: `[[case]]` has no `line`\n\
             help: write the line as it stands in the log: line = '…'\n\
             web.toml:4: `expect` of `[[case]]` is a text; expected \"no match\", or a table of values by field\n\
             help: write expect = \"no match\"\n\
             web.toml:8: `absent` of `[[case]]` stands beside expect = \"no match\"\n\
             help: keep one of the two",
        ),
        (
            "regexp = '.'",
            "web.toml: pattern `web` does not say how a line is read\n\
             help: write one of template = '…', regex = '…', grok = '…', json = true, logfmt = true, key_value = true, w3c = true, csv = true, tsv = true, ltsv = true or builtin = \"combined\"\n\
             web.toml:2: pattern `web` has no key `regexp`\n\
             help: did you mean `regex`? Known are `about`, `builtin`, `case`, `csv`, `ecs`, `escape`, `grok`, `grok_patterns`, `json`, `key_value`, `logfmt`, `ltsv`, `multiline`, `name`, `regex`, `syntax`, `template`, `tsv`, `types`, `unwrap`, `w3c`",
        ),
    ] {
        check_fault(body, expected);
    }
}

#[test]
fn a_name_must_be_there_and_plain() {
    for (text, expected) in [
        (
            "regex = '.'",
            "web.toml: the pattern has no `name`\nhelp: name it as its file: in web.toml, write name = \"web\"",
        ),
        (
            "name = \"../x\"\nregex = '.'",
            "web.toml:1: `name` of the pattern is `../x`, which is no name\n\
             help: use letters, digits, `-`, `_` and `.`; begin with a letter or digit; at most 100",
        ),
    ] {
        assert_eq!(faults(text), expected);
    }
}

#[test]
fn syntax_faults_have_line_and_column() {
    assert_eq!(
        faults("name = \"web\"\nregex = '.'\nx = = 1\n"),
        "web.toml:3: not valid TOML at column 5: extra `=`, expected nothing\n\
         help: a key and its value are written key = value, texts in quotes; see https://toml.io"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "(name|template|regex|json|types|case|line|expect|[=\\[\\]{}'\"\n .#$%a0-9é]){0,60}") {
        let _ = read(&text, Path::new("web.toml"));
    }
}
