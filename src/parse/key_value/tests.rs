use proptest::prelude::*;

use crate::model::spec::{Engine, KeyValueDialect, KeyValueSpec};
use crate::parse::Pattern;
use crate::parse::tests::{check, compile, spec};

fn pairs(
    dialect: KeyValueDialect,
    between_pairs: &str,
    between_key_and_value: &str,
    fields: &[(&str, &[&str])],
) -> Engine {
    let owned = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect();
    Engine::KeyValue(KeyValueSpec {
        fields: fields.iter().map(|(name, keys)| ((*name).to_owned(), owned(keys))).collect(),
        between_pairs: between_pairs.to_owned(),
        between_key_and_value: between_key_and_value.to_owned(),
        dialect,
    })
}

fn logfmt() -> Pattern {
    compile(pairs(KeyValueDialect::Logfmt, " ", "=", &[]))
}

fn loose(between_pairs: &str, between_key_and_value: &str) -> Pattern {
    compile(pairs(KeyValueDialect::Loose, between_pairs, between_key_and_value, &[]))
}

#[test]
fn logfmt_pairs_are_read_as_gos_loggers_write_them() {
    let pattern = logfmt();
    for (line, expected) in [
        (
            r#"level=info msg="user logged in" user=u1"#,
            [("level", Some("info")), ("msg", Some("user logged in")), ("user", Some("u1"))],
        ),
        // A word alone is there, and empty; so is a value that is not written.
        ("debug user= level=-", [("debug", Some("")), ("user", Some("")), ("level", None)]),
        // Escapes are undone, also where quotes stand around them.
        (
            r#"msg="a \"b\" \\ \t\x41\u00fc\ud83d\ude00\U0001f600" user="" x=1"#,
            [("msg", Some("a \"b\" \\ \tAü😀😀")), ("user", Some("")), ("x", Some("1"))],
        ),
        (r#"msg="\ud83d"user="a=b\/" x"#, [("msg", Some("\u{fffd}")), ("user", Some("a=b/")), ("x", Some(""))]),
        ("user", [("user", Some("")), ("x", None), ("y", None)]),
        ("%^asdf f(oo)=bar \u{1e}ƒ=2h3s", [("%^asdf", Some("")), ("f(oo)", Some("bar")), ("ƒ", Some("2h3s"))]),
        // The last of equal keys counts.
        ("user=u1\t user=u2  level=x", [("user", Some("u2")), ("level", Some("x")), ("use", None)]),
        (
            "a.long-key_name=value user=ключ k=1",
            [("a.long-key_name", Some("value")), ("user", Some("ключ")), ("k", Some("1"))],
        ),
        // A text in quotes is no pair, whatever it holds.
        (
            r#"msg="x user=admin y" user=u1 z=1"#,
            [("msg", Some("x user=admin y")), ("user", Some("u1")), ("z", Some("1"))],
        ),
    ] {
        check(&pattern, line, Some(&expected));
    }
}

#[test]
fn what_is_no_logfmt_is_refused() {
    let pattern = logfmt();
    for line in [
        "",
        " \n\t",
        "a word or two",
        "=x a=1",
        "a=1 =",
        "a=b=c",
        "a=b\"c",
        r#"a="b"#,
        r#"a="b\""#,
        r#"a="b",c="d""#,
        r#"a=1 "b=2""#,
        r#"a"b=1"#,
        r#"a="\q""#,
        r#"a="\u12x4""#,
        r#"a="\x4""#,
        "\u{fffd}=1",
    ] {
        check(&pattern, line, None);
    }
}

#[test]
fn a_field_is_the_first_of_its_keys_that_a_line_has() {
    let fields: &[(&str, &[&str])] = &[("time", &["time", "ts", "t"]), ("user", &["usr"]), ("request", &["req"])];
    let pattern = compile(pairs(KeyValueDialect::Logfmt, " ", "=", fields));
    for (line, time, user) in [
        ("t=1 ts=2 time=3", Some("3"), None),
        ("time=3 ts=2 t=1 user=u1", Some("3"), None),
        ("t=1 ts=2 ts=4 usr=u2", Some("4"), Some("u2")),
        ("t=1 usr=a usr=b", Some("1"), Some("b")),
    ] {
        check(&pattern, line, Some(&[("time", time), ("user", user), ("usr", user)]));
    }
    let expected = [("method", Some("GET")), ("path", Some("/a")), ("query", Some("b=\"c")), ("ts", None)];
    check(&pattern, r#"req="GET /a?b=\"c HTTP/1.1""#, Some(&expected));
}

#[test]
fn pairs_are_found_in_loose_text() {
    let pattern = loose(" ", "=");
    for (line, expected) in [
        (
            "INFO user logged in user=u1 account=acme took=12ms",
            [("user", Some("u1")), ("account", Some("acme")), ("took", Some("12ms"))],
        ),
        (
            "login [user=u1], (account='Acme & Co'; took=f(x)) done.",
            [("user", Some("u1")), ("account", Some("Acme & Co")), ("took", Some("f(x)"))],
        ),
        (
            r#"user="a \"b\" c" account='it\'s' took="12", x"#,
            [("user", Some("a \"b\" c")), ("account", Some("it's")), ("took", Some("12"))],
        ),
        ("foo= account= user=data", [("foo", Some("")), ("account", Some("")), ("user", Some("data"))]),
        // A quote that nothing closes is a letter.
        (r#"user="u1 account=it's took='"#, [("user", Some("\"u1")), ("account", Some("it's")), ("took", Some("'"))]),
        (
            r#"user="u1"x account=-  took={a,b}"#,
            [("user", Some("\"u1\"x")), ("account", None), ("took", Some("{a,b}"))],
        ),
        // Pairs in free text that stands in quotes are not the writer's.
        (
            r#"203.0.113.9 "GET /?user=admin x user=root" user=u1 "took=1""#,
            [("user", Some("u1")), ("account", None), ("took", None)],
        ),
        (
            r#""user"=u1 "account name"=acme user=u2 took=(((((1)))))"#,
            [("user", Some("u2")), ("account name", Some("acme")), ("took", Some("(((((1)))))"))],
        ),
        ("user=u1)]})> account=[a]] took=;", [("user", Some("u1)")), ("account", Some("[a]")), ("took", Some(""))]),
        ("=x user=u1 == a=b=c", [("user", Some("u1")), ("a", Some("b=c")), ("", None)]),
    ] {
        check(&pattern, line, Some(&expected));
    }
    for line in ["", "no pair at all", r#""a=b""#, "=", " = "] {
        check(&pattern, line, None);
    }
}

#[test]
fn separators_are_what_the_pattern_says() {
    for (between_pairs, between_key_and_value, line, expected) in [
        (
            ", ",
            "=",
            "2026 INFO login: user=u 1, account = acme , took=1",
            [("user", Some("u 1")), ("account", Some("acme")), ("took", Some("1"))],
        ),
        (
            ",",
            ":",
            r#""zork one":"zoog\"zink\"zork", nonk:nink"#,
            [("zork one", Some("zoog\"zink\"zork")), ("nonk", Some("nink")), ("x", None)],
        ),
        ("\n", ":", "To: tom\ntest: \"tom\" test", [("To", Some("tom")), ("test", Some("\"tom\" test")), ("x", None)]),
        ("||", "--", "a--1||b--'2||3'||c", [("a", Some("1")), ("b", Some("2||3")), ("c", None)]),
        (
            "][",
            "=",
            "x [user=u1][name=a b][scan=1-2]",
            [("user", Some("u1")), ("name", Some("a b")), ("scan", Some("1-2"))],
        ),
        (";", "=>", "{user=>u1;name => \"a;b\" ; x=>}", [("user", Some("u1")), ("name", Some("a;b")), ("x", Some(""))]),
        (", ", " ", "user u1, name a b, c d", [("user", Some("u1")), ("name", Some("a b")), ("c", Some("d"))]),
    ] {
        check(&loose(between_pairs, between_key_and_value), line, Some(&expected));
    }
}

#[test]
fn separators_that_leave_two_readings_are_refused() {
    for (between_pairs, between_key_and_value, expected) in [
        ("", "=", "`between_pairs` is ``; expected 1 to 16 bytes"),
        (" ", "12345678901234567", "`between_key_and_value` is `12345678901234567`; expected 1 to 16 bytes"),
        ("\"", "=", "expected no quote and no backslash"),
        (" ", ": ", "which holds what stands between pairs"),
        ("=", "=", "which holds what stands between pairs"),
    ] {
        let engine = pairs(KeyValueDialect::Loose, between_pairs, between_key_and_value, &[]);
        let faults = Pattern::compile(&spec(engine, &[])).map(|_| ()).unwrap_err();
        assert!(faults[0].to_string().contains(expected), "{}", faults[0]);
    }
}

/// As Go's `strconv.Quote` writes a text.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        '\n' => "\\n".to_owned(),
        '\u{0}'..='\u{1f}' => format!("\\x{:02x}", letter as u32),
        '\u{10000}'.. => format!("\\U{:08x}", letter as u32),
        '\u{7f}'.. => format!("\\u{:04x}", letter as u32),
        _ => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn what_a_logger_writes_is_read_back(values in prop::collection::vec(("[a-z]{1,9}", "[ -~\n\t\u{1}é😀]{0,20}"), 1..8), wanted in 0_usize..8) {
        let words: Vec<String> = values.iter().map(|(key, value)| {
            let plain = !value.is_empty() && value.bytes().all(|byte| byte > b' ' && !b"\"=\\".contains(&byte));
            if plain { format!("{key}={value}") } else { format!("{key}={}", quoted(value)) }
        }).collect();
        let (key, _) = &values[wanted % values.len()];
        let last = values.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let expected = [(key.as_str(), last.filter(|value| *value != "-"))];
        check(&logfmt(), &words.join(" "), Some(&expected));
        // In loose text a bracket or comma at the end of a value without quotes is not the value's.
        if values.iter().all(|(_, value)| !value.ends_with([',', ';', ')', ']', '}', '>']) && !value.starts_with(['\''])) {
            check(&loose(" ", "="), &format!("INFO: {}", words.join(", ")), Some(&expected));
        }
    }

    #[test]
    fn no_line_makes_loose_pairs_panic(line in "[a\"'\\\\=:,;\\[\\]() |\n-]{0,40}", between in prop::sample::select(vec![(" ", "="), (", ", "="), (",", ":"), ("][", "="), ("||", "--"), ("; ", " ")])) {
        let pattern = loose(between.0, between.1);
        let mut parser = pattern.line_parser(&["a", ""], &jiff::tz::TimeZone::UTC).unwrap();
        let _ = crate::parse::tests::fields_of(&mut parser, line.as_bytes(), 2);
    }
}
