//! Logs that name their fields: JSON, pairs, columns. Each key alone is `true`, or a table:
//!
//! ```toml
//! json = { user = "context.user.id", client = ["request.client_ip", "request.remote_ip"] }  # paths; the first that there is
//! logfmt = { time = ["time", "ts"] }                                                        # keys
//! ltsv = { request = "req" }                                                                # labels
//! key_value = { between_pairs = ", ", between_key_and_value = "=", fields = { user = "usr" } }
//! w3c = { columns = ["date", "time", "c-ip", "cs-method", "cs-uri-stem", "sc-status"] }      # or a list of such lists
//! csv = { separator = ";", columns = ["time", "client", "_", "status"] }                    # `true`: named by the first line
//! tsv = { columns = ["time", "client", "*"] }                                               # `*`: any more columns
//! ```
//!
//! Keys that are not named here are fields under their own name. A `request` (`METHOD target PROTOCOL`) or `target` that is
//! named here is taken apart into `method`, `path`, `query` and so on.
//!
//! Does not: compile a path; that is `parse`'s.

use toml::de::DeValue;

use crate::config::names;
use crate::config::section::Section;
use crate::config::value::Value;
use crate::model::spec::{Columns, DelimitedSpec, Engine, KeyValueDialect, KeyValueSpec, Quoting, Sources};

/// Reads the value of one of these engines' keys.
pub(super) fn read(value: &Value<'_>) -> Option<Engine> {
    if let DeValue::Boolean(false) = value.node {
        value.fault(&format!("{} is `false`", value.title), "leave it out, or write `true`");
        return None;
    }
    match value.key.as_str() {
        "json" => Some(Engine::Json { fields: sources(value, "{ user = \"context.user.id\" }")? }),
        "logfmt" => {
            let fields = sources(value, "{ user = \"usr\" }")?;
            Some(Engine::KeyValue(pairs(fields, " ".to_owned(), "=".to_owned(), KeyValueDialect::Logfmt)))
        }
        "ltsv" => Some(Engine::Ltsv { fields: sources(value, "{ request = \"req\" }")? }),
        "key_value" => read_key_value(value),
        "w3c" => read_w3c(value),
        "csv" => read_delimited(value, b',', Quoting::Doubled),
        _ => read_delimited(value, b'\t', Quoting::Backslash),
    }
}

/// `None` where the value is `true`; a fault where it is no table.
#[expect(clippy::option_option, reason = "the outer one says whether it could be read, the inner one is the table")]
fn table_of<'a>(value: &Value<'a>, example: &str) -> Option<Option<Section<'a>>> {
    if let DeValue::Boolean(true) = value.node {
        return Some(None);
    }
    if !value.node.is_table() {
        value.wrong_type("a table, or `true`", example);
        return None;
    }
    value.table().map(Some)
}

/// Where fields are: for each a text, or a list of them.
fn sources(value: &Value<'_>, example: &str) -> Option<Sources> {
    let Some(table) = table_of(value, example)? else { return Some(Sources::new()) };
    Some(read_sources(&table))
}

fn read_sources(table: &Section<'_>) -> Sources {
    let mut fields = Sources::new();
    for (field, source) in table.entries() {
        names::check_field(field, &source);
        let texts = if source.node.as_array().is_some() {
            let texts = source.texts().unwrap_or_default();
            if texts.is_empty() {
                source.fault(&format!("{} names nothing", source.title), "write one place or several: [\"a\", \"b\"]");
            }
            texts
        } else {
            source.filled_text().into_iter().collect()
        };
        fields.insert(field.to_owned(), texts.into_iter().map(|text| text.value).collect());
    }
    fields
}

const fn pairs(
    fields: Sources,
    between_pairs: String,
    between_key_and_value: String,
    dialect: KeyValueDialect,
) -> KeyValueSpec {
    KeyValueSpec { fields, between_pairs, between_key_and_value, dialect }
}

fn read_key_value(value: &Value<'_>) -> Option<Engine> {
    let table = table_of(value, "{ between_pairs = \", \", between_key_and_value = \"=\" }")?;
    let (mut fields, mut between_pairs, mut between_key_and_value) = (Sources::new(), " ".to_owned(), "=".to_owned());
    if let Some(mut table) = table {
        if let Some(text) = table.get("between_pairs").and_then(|value| value.text()) {
            between_pairs = text.value;
        }
        if let Some(text) = table.get("between_key_and_value").and_then(|value| value.text()) {
            between_key_and_value = text.value;
        }
        if let Some(named) = table.get("fields").and_then(|value| value.table()) {
            fields = read_sources(&named);
        }
        table.finish();
    }
    Some(Engine::KeyValue(pairs(fields, between_pairs, between_key_and_value, KeyValueDialect::Loose)))
}

fn read_w3c(value: &Value<'_>) -> Option<Engine> {
    let Some(mut table) = table_of(value, "{ columns = [\"date\", \"time\", \"c-ip\"] }")? else {
        return Some(Engine::W3c { columns: Vec::new() });
    };
    let columns =
        table.require("columns", "write columns = [\"date\", \"time\", …], or w3c = true for files with `#Fields:`");
    table.finish();
    let lists = columns?;
    let elements = lists.list()?;
    let columns = if elements.iter().any(|element| element.node.as_array().is_some()) {
        elements.iter().map(texts).collect::<Option<Vec<_>>>()?
    } else {
        vec![texts(&lists)?]
    };
    Some(Engine::W3c { columns })
}

fn texts(value: &Value<'_>) -> Option<Vec<String>> {
    let texts = value.texts()?;
    Some(texts.into_iter().map(|text| text.value).collect())
}

fn read_delimited(value: &Value<'_>, separator: u8, quoting: Quoting) -> Option<Engine> {
    let Some(mut table) = table_of(value, "{ columns = [\"time\", \"user\"] }")? else {
        return Some(Engine::Delimited(DelimitedSpec { separator, columns: Columns::Header, quoting }));
    };
    let given = if quoting == Quoting::Doubled { table.get("separator") } else { None };
    let columns = table.get("columns");
    table.finish();
    let separator = match given {
        None => separator,
        Some(value) => read_separator(&value)?,
    };
    let columns = match columns {
        None => Columns::Header,
        Some(value) => {
            let listed = value.texts()?;
            for name in &listed {
                if name.value != "*" && !names::is_field(&name.value) {
                    names::check_field(&name.value, &value);
                }
            }
            Columns::Named(listed.into_iter().map(|name| name.value).collect())
        }
    };
    Some(Engine::Delimited(DelimitedSpec { separator, columns, quoting }))
}

fn read_separator(value: &Value<'_>) -> Option<u8> {
    let text = value.text()?.value;
    if let [byte] = text.as_bytes() {
        return Some(*byte);
    }
    value.fault(&format!("{} is `{text}`; expected one ASCII character", value.title), "write separator = \";\"");
    None
}

#[cfg(test)]
mod tests;
