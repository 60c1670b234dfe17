use super::lint;
use crate::model::spec::{Engine, GrokNames, NginxEscape};
use crate::parse::tests::{apache, nginx, nginx_escaped, regex, spec};

fn grok(text: &str) -> Engine {
    Engine::Grok { text: text.to_owned(), definitions: String::new(), names: GrokNames::Legacy }
}

/// Each warning is to hold one of these, in this order.
#[track_caller]
fn check(engine: &Engine, expected: &[&str]) {
    let warnings = lint(&spec(engine.clone(), &[]));
    let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), expected.len(), "{engine:?}:\n{}", shown.join("\n"));
    for (warning, expected) in shown.iter().zip(expected) {
        assert!(warning.contains(expected), "expected `{expected}` in:\n{warning}");
        assert!(warning.contains("\nhelp: "), "no help in:\n{warning}");
    }
}

#[test]
fn a_run_that_can_go_over_its_end_is_warned_of() {
    for (text, expected) in [
        (r#"(?<a>\S+) "(?<b>[^"]*)" (?<c>\d+)"#, &[][..]),
        (r#""(?<a>.*?)" (?<b>\d+)"#, &["`a` is lazy (`.*?`) and ends at the first `\" `"]),
        (r#""(?<a>.*)" (?<b>\d+)"#, &["`a` goes on to the last `\" ` that leaves a match"]),
        ("(?<a>.*) (?<b>.*)", &["`a` goes on to the last ` `"]),
        (r"(?<a>\S+)\S* (?<b>x)", &["`a` and a run without a name can hold"]),
        (r"(?<a>\d+)(?<b>[a-z]+)", &[]),
        // The space ends the word, although the quote before it does not.
        (r#""(?<a>\S+)" (?<b>\d+)"#, &[]),
        ("(?<a>x) (?<rest>.*)", &[]),
        (r"(?:(?<a>.*);|(?<b>\d+))", &["`a` goes on to the last `;`"]),
        ("(?<a>.*)\n(?<b>x)", &["`a` goes on to the last `\\n` that leaves a match"]),
        (r"(?<a>.*)in (?<b>\d+)", &["help: say what it holds, not `.`: [^ ]* for one word"]),
    ] {
        check(&regex(text), expected);
    }
}

#[test]
fn a_grok_pattern_with_open_ends_is_warned_of() {
    let (start, end) = ("does not begin with `^`", "does not end with `$`");
    check(&grok("^%{COMBINEDAPACHELOG}$"), &[]);
    check(&grok("%{COMBINEDAPACHELOG}"), &[start, end]);
    check(&grok("^%{IP:client} %{GREEDYDATA:rest}$"), &[]);
    check(&grok("^%{DATA:a} %{INT:b}$"), &["`a` is lazy"]);
    check(&grok("^%{GREEDYDATA:a} %{INT:b}$"), &["`a` goes on to the last ` `"]);
    check(&grok("^%{NOTSPACE:a}%{NOTSPACE:b}$"), &["`a` and `b` can hold the same"]);
}

#[test]
fn a_template_that_cannot_tell_fields_apart_is_warned_of() {
    check(&nginx(r#"$remote_addr - $remote_user [$time_local] "$request" $status "$http_referer""#), &[]);
    check(&apache(r#"%h %l %u %t \"%r\" %>s %b"#), &[]);
    check(&nginx(r#"$status $http_a $http_b "$request""#), &["`$http_a` and `$http_b` are any text"]);
    check(&nginx_escaped(r#""$request" $status"#, NginxEscape::None), &["with `escape=none` nginx writes quotes"]);
}

#[test]
fn a_pattern_that_does_not_compile_has_no_warnings() {
    check(&regex("(?<a>.*) (?<b>"), &[]);
    check(&grok("%{NO_SUCH_NAME:a}"), &[]);
}
