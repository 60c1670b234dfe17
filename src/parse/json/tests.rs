use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::Value;

use super::{MAX_DEPTH, Path, decode};
use crate::model::spec::Engine;
use crate::parse::tests::{check, compile, fields_of, json};

#[test]
fn values_are_found_by_path_and_kept_as_written() {
    let pattern = compile(json(&[
        ("id", "user.id"),
        ("sku", "items[1].sku"),
        ("dotted", "\"a.b\".c"),
        ("first", "items[0]"),
        ("quote", "\"q\"\"q\""),
        ("cell", "grid[0][1]"),
    ]));
    for (line, expected) in [
        (
            r#"{"user":{"id":7}}"#,
            [("id", Some("7")), ("sku", None), ("dotted", None), ("first", None), ("quote", None), ("cell", None)],
        ),
        (
            r#"{"items":[{"sku":"x"},{"n":1,"sku":"\ty"}],"a.b":{"c":1.50e3},"a":{"b":{"c":2}},"q\"q":true,"grid":[[1,[]]]}"#,
            [
                ("id", None),
                ("sku", Some("\ty")),
                ("dotted", Some("1.50e3")),
                ("first", Some(r#"{"sku":"x"}"#)),
                ("quote", Some("true")),
                ("cell", Some("[]")),
            ],
        ),
        // Keys are compared decoded; what is not of the expected shape is absent.
        (
            r#"{"\u0075ser":{"i\u0064":null},"items":{"sku":1},"grid":[5]}"#,
            [("id", None), ("sku", None), ("dotted", None), ("first", None), ("quote", None), ("cell", None)],
        ),
        // The last of equal keys counts, for all that is below it.
        (
            r#"{"user":{"id":1},"user":{"name":2},"items":[1,{"sku":2}],"items":["a"]}"#,
            [("id", None), ("sku", None), ("dotted", None), ("first", Some("a")), ("quote", None), ("cell", None)],
        ),
    ] {
        check(&pattern, line, Some(&expected));
    }
    check(&pattern, r#"{"top":"a","user.id":9}"#, Some(&[("top", Some("a")), ("user.id", Some("9")), ("id", None)]));
}

#[test]
fn paths_are_read_or_refused() {
    for text in ["a", "a.b", "a[0]", "a[0][1].b", "\"a.b\"", "\"\"", "\"a\"\"b\".c[2]", "ключ"] {
        assert!(Path::parse(text).is_ok(), "{text}");
    }
    for text in ["", ".", "a.", ".a", "a[", "a[x]", "a[-1]", "a[0]b", "a]", "\"a", "\"a\"b", "[0]"] {
        assert!(Path::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_field_is_the_first_of_its_paths_that_the_object_has() {
    let fields = [("client", &["request.client_ip", "request.remote_ip", "ip"][..]), ("user", &["user.id", "user"])];
    let owned = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
    let fields = fields.iter().map(|(name, paths)| ((*name).to_owned(), owned(paths))).collect();
    let pattern = compile(Engine::Json { fields });
    for (line, client, user, ip) in [
        (r#"{"ip":"c","request":{"remote_ip":"b","client_ip":"a"}}"#, Some("a"), None, Some("c")),
        (
            r#"{"request":{"remote_ip":"b","client_ip":null},"user":{"id":null}}"#,
            Some("b"),
            Some(r#"{"id":null}"#),
            None,
        ),
        (r#"{"ip":"c","request":[],"user":"\u0075"}"#, Some("c"), Some("u"), Some("c")),
        (r#"{"user":{"id":7},"user":"x"}"#, None, Some("x"), None),
    ] {
        check(&pattern, line, Some(&[("client", client), ("user", user), ("ip", ip)]));
    }
}

#[test]
fn a_target_that_is_listed_is_taken_apart_but_keys_of_other_names_are_their_own() {
    let pattern = compile(json(&[("target", "request.uri")]));
    let line = r#"{"path":"own","request":{"uri":"/a?b=\"c"},"request_uri":"/x?y","uri":"z"}"#;
    let expected = [("path", Some("/a")), ("query", Some("b=\"c")), ("target", Some("/a?b=\"c")), ("uri", Some("z"))];
    check(&pattern, line, Some(&expected));
    let unlisted = [("path", Some("own")), ("query", None), ("target", None), ("request_uri", Some("/x?y"))];
    check(&compile(json(&[])), line, Some(&unlisted));
}

#[test]
fn a_byte_order_mark_is_passed_over_at_the_beginning_only() {
    check(&compile(json(&[])), "\u{feff} {\"a\":1}", Some(&[("a", Some("1"))]));
    check(&compile(json(&[])), "{\u{feff}\"a\":1}", None);
}

fn accepts(line: &[u8], fields: &[(&str, &str)], wanted: &[&str]) -> bool {
    let mut parser = compile(json(fields)).line_parser(wanted, &TimeZone::UTC).unwrap();
    fields_of(&mut parser, line, wanted.len()).is_some()
}

#[test]
fn nesting_has_a_limit_that_is_the_same_for_what_is_wanted_and_what_is_not() {
    for (depth, expected) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false), (100_000, false)] {
        let arrays = format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        let objects = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let path = "a.".repeat(150) + "a";
        for line in [&arrays, &objects] {
            assert_eq!(accepts(line.as_bytes(), &[], &[]), expected, "{depth}");
            assert_eq!(accepts(line.as_bytes(), &[], &["a"]), expected, "{depth}");
            assert_eq!(accepts(line.as_bytes(), &[("deep", &path)], &["deep"]), expected, "{depth}");
        }
    }
}

/// JSON, and what is nearly JSON.
fn near_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\"a\"",
        "\"b\":",
        "{\"a\":",
        "{\"a\":1}",
        "\\",
        "\\n",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\uD800",
        "\\x",
        "0",
        "-",
        "1",
        "12",
        ".5",
        "e",
        "E+",
        "1e5",
        "true",
        "false",
        "null",
        "tru",
        " ",
        "\t",
        "\n",
        "\r",
        "\u{b}",
        "\u{1}",
        "\u{7f}",
        "é",
        "\u{2028}",
        "'",
        "//",
        "NaN",
        "long text without anything special in it",
        "\"long text with \\\" in it, past eight bytes\"",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[\\x00-\\x7f\\u{80}-\\u{2fff}\\u{10000}-\\u{10100}]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        let key = prop_oneof![prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned), "\\PC{0,3}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// What a field at this place must hold, as text; serde_json's own texts of numbers, objects and arrays are ours too.
fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Every character that can be is written as an escape.
fn escape_all(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_objects_that_serde_json_takes_match(inside in near_json(), around in prop::sample::select(vec![("", ""), ("{\"a\":", "}"), ("{\"a\":[", "]}"), ("{\"a\":\"", "\"}"), (" { ", " } "), ("{\"k\":{", "},\"z\":1}")])) {
        let line = format!("{}{inside}{}", around.0, around.1);
        let is_object = line.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{');
        let expected = is_object && serde_json::from_str::<serde::de::IgnoredAny>(&line).is_ok();
        prop_assert_eq!(accepts(line.as_bytes(), &[], &[]), expected, "{}", line);
        prop_assert_eq!(accepts(line.as_bytes(), &[("x", "a[0].a"), ("y", "k.a")], &["x", "y", "a"]), expected, "{}", line);
    }

    #[test]
    fn fields_hold_what_serde_json_reads(a in any_json(), b in any_json(), pretty in any::<bool>()) {
        let value = serde_json::json!({"a": a, "b": {"c": b, "d": [b, a]}});
        let line = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let pattern = compile(json(&[("c", "b.c"), ("d0", "b.d[0]"), ("d1", "b.d[1]"), ("deep", "a.a")]));
        let names = ["a", "c", "d0", "d1", "deep"];
        let found = fields_of(&mut pattern.line_parser(&names, &TimeZone::UTC).unwrap(), line.as_bytes(), names.len()).unwrap();
        let found: Vec<Option<String>> = found.into_iter().map(|text| text.map(|text| String::from_utf8(text).unwrap())).collect();
        let compact = |text: Option<String>| text.map(|text| match text.as_bytes().first() {
            Some(b'{' | b'[') => serde_json::from_str::<Value>(&text).map_or(text, |value| value.to_string()),
            _ => text,
        });
        let expected = [&value["a"], &value["b"]["c"], &value["b"]["d"][0], &value["b"]["d"][1]].map(Some);
        let deep = value["a"].get("a");
        let expected: Vec<Option<String>> = expected.into_iter().chain([deep]).map(text_of).collect();
        prop_assert_eq!(found.into_iter().map(compact).collect::<Vec<_>>(), expected.into_iter().map(compact).collect::<Vec<_>>());
    }

    #[test]
    fn escapes_are_decoded_as_serde_json_does(text in "\\PC{0,20}") {
        let mut decoded = Vec::new();
        decode(escape_all(&text).as_bytes(), &mut decoded);
        prop_assert_eq!(String::from_utf8(decoded).unwrap(), text);
    }

    #[test]
    fn any_bytes_can_be_decoded(bytes in prop::collection::vec(prop::sample::select(b"\\u0dD8cCaFf \"".to_vec()), 0..30)) {
        let mut decoded = Vec::new();
        decode(&bytes, &mut decoded);
        prop_assert!(std::str::from_utf8(&decoded).is_ok());
    }
}
