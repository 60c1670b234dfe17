use std::path::Path;

use crate::config::pattern_file::read;
use crate::model::spec::{Columns, DelimitedSpec, Engine, KeyValueDialect, KeyValueSpec, Quoting, Sources};

fn sources(fields: &[(&str, &[&str])]) -> Sources {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    fields.iter().map(|(name, texts)| ((*name).to_owned(), owned(texts))).collect()
}

fn delimited(separator: u8, quoting: Quoting, columns: &[&str]) -> Engine {
    let columns = match columns {
        [] => Columns::Header,
        names => Columns::Named(names.iter().map(|&name| name.to_owned()).collect()),
    };
    Engine::Delimited(DelimitedSpec { separator, columns, quoting })
}

fn pairs(
    dialect: KeyValueDialect,
    between_pairs: &str,
    between_key_and_value: &str,
    fields: &[(&str, &[&str])],
) -> Engine {
    let (between_pairs, between_key_and_value) = (between_pairs.to_owned(), between_key_and_value.to_owned());
    Engine::KeyValue(KeyValueSpec { fields: sources(fields), between_pairs, between_key_and_value, dialect })
}

fn w3c(columns: &[&[&str]]) -> Engine {
    Engine::W3c { columns: columns.iter().map(|names| names.iter().map(|&name| name.to_owned()).collect()).collect() }
}

#[test]
fn each_way_of_naming_fields_is_read() {
    let (logfmt, loose) = (KeyValueDialect::Logfmt, KeyValueDialect::Loose);
    let (doubled, backslash) = (Quoting::Doubled, Quoting::Backslash);
    for (body, expected) in [
        (
            "json = { a = [\"b.c\", \"d\"], e = \"f\" }",
            Engine::Json { fields: sources(&[("a", &["b.c", "d"]), ("e", &["f"])]) },
        ),
        ("logfmt = true", pairs(logfmt, " ", "=", &[])),
        ("logfmt = { time = [\"ts\", \"t\"] }", pairs(logfmt, " ", "=", &[("time", &["ts", "t"])])),
        ("key_value = true", pairs(loose, " ", "=", &[])),
        (
            "key_value = { between_pairs = \";\", between_key_and_value = \":\", fields = { a = \"b\" } }",
            pairs(loose, ";", ":", &[("a", &["b"])]),
        ),
        ("ltsv = true", Engine::Ltsv { fields: Sources::new() }),
        ("ltsv = { request = \"req\" }", Engine::Ltsv { fields: sources(&[("request", &["req"])]) }),
        ("w3c = true", w3c(&[])),
        ("w3c = { columns = [\"date\", \"cs(Host)\"] }", w3c(&[&["date", "cs(Host)"]])),
        ("w3c = { columns = [[\"a\"], [\"b\", \"c\"]] }", w3c(&[&["a"], &["b", "c"]])),
        ("csv = true", delimited(b',', doubled, &[])),
        ("csv = { separator = \"\\t\" }", delimited(b'\t', doubled, &[])),
        ("csv = { separator = \";\", columns = [\"a\", \"_\", \"*\"] }", delimited(b';', doubled, &["a", "_", "*"])),
        ("tsv = { columns = [\"a\"] }", delimited(b'\t', backslash, &["a"])),
        ("tsv = true", delimited(b'\t', backslash, &[])),
    ] {
        let text = format!("name = \"web\"\n{body}");
        let spec = read(&text, Path::new("web.toml")).unwrap_or_else(|faults| panic!("{body}: {faults:?}"));
        assert_eq!(spec.engine.value, expected, "{body}");
    }
}

#[test]
fn each_fault_says_what_to_do() {
    for (body, expected) in [
        (
            "json = 1",
            "web.toml:2: `json` of pattern `web` is a whole number; expected a table, or `true`\nhelp: write json = { user = \"context.user.id\" }",
        ),
        (
            "json = { a = [] }",
            "web.toml:2: `json.a` of pattern `web` names nothing\nhelp: write one place or several: [\"a\", \"b\"]",
        ),
        ("logfmt = false", "web.toml:2: `logfmt` of pattern `web` is `false`\nhelp: leave it out, or write `true`"),
        (
            "logfmt = { \"a b\" = \"c\" }",
            "web.toml:2: `logfmt.a b` of pattern `web`: `a b` is no field name\nhelp: use letters, digits, `_`, `-`, `.` and `@`",
        ),
        (
            "key_value = { between = \",\" }",
            "web.toml:2: `key_value` of pattern `web` has no key `between`\nhelp: known are `between_key_and_value`, `between_pairs`, `fields`",
        ),
        (
            "w3c = {}",
            "web.toml:2: `w3c` of pattern `web` has no `columns`\nhelp: write columns = [\"date\", \"time\", …], or w3c = true for files with `#Fields:`",
        ),
        (
            "w3c = { columns = [[\"a\"], \"b\"] }",
            "web.toml:2: `w3c.columns` of pattern `web` holds a text; expected a list\nhelp: write [\"b\"]",
        ),
        (
            "csv = { separator = \"::\" }",
            "web.toml:2: `csv.separator` of pattern `web` is `::`; expected one ASCII character\nhelp: write separator = \";\"",
        ),
        (
            "tsv = { separator = \";\" }",
            "web.toml:2: `tsv` of pattern `web` has no key `separator`\nhelp: known are `columns`",
        ),
        (
            "csv = { columns = [\"a b\"] }",
            "web.toml:2: `csv.columns` of pattern `web`: `a b` is no field name\nhelp: use letters, digits, `_`, `-`, `.` and `@`",
        ),
    ] {
        let faults = read(&format!("name = \"web\"\n{body}"), Path::new("web.toml")).expect_err("a fault");
        let shown = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(shown, expected, "{body}");
    }
}
