//! `[types]`: fields' types, and fields made from others.

use std::collections::BTreeMap;

use crate::config::names;
use crate::config::value::Value;
use crate::config::words::{nearest, one_of, shown};
use crate::model::fault::Located;
use crate::model::fields::FieldType;
use crate::model::spec::TypeSpec;
use crate::model::step::{Decode, FieldStep};

/// Time formats with a name; every other format is strptime's and holds a `%`.
const TIME_FORMATS: [&str; 6] = ["clf", "rfc3339", "syslog", "unix", "unix_ms", "unix_us"];

const TYPES: [(&str, FieldType); 5] = [
    ("text", FieldType::Text),
    ("integer", FieldType::Integer),
    ("number", FieldType::Number),
    ("time", FieldType::Time),
    ("boolean", FieldType::Boolean),
];

pub(super) fn read(value: &Value<'_>) -> BTreeMap<String, Located<TypeSpec>> {
    let mut types = BTreeMap::new();
    for (field, value) in value.section("`[types]`".to_owned()).map(|table| table.entries()).unwrap_or_default() {
        names::check_field(field, &value);
        if let Some(spec) = read_type(field, &value) {
            types.insert(field.to_owned(), Located::new(spec, value.at));
        }
    }
    types
}

fn read_type(field: &str, value: &Value<'_>) -> Option<TypeSpec> {
    if value.node.is_str() {
        return Some(TypeSpec::of(value.choice(&TYPES)?));
    }
    if !value.node.is_table() {
        value.wrong_type("a type in quotes, or a table with `from`, `type`, `format` and `decode`", "\"integer\"");
        return None;
    }
    let mut table = value.section(format!("type `{}`", shown(field)))?;
    let from = table.get("from").and_then(|value| value.filled_text());
    let kind = table.get("type");
    let format = table.get("format");
    let decode = table.get("decode");
    table.finish();
    let kind = match &kind {
        Some(value) => value.choice(&TYPES)?,
        None if format.is_some() => FieldType::Time,
        None => FieldType::Text,
    };
    let format = match format {
        None => None,
        Some(value) if kind == FieldType::Time => Some(read_time_format(&value)?),
        Some(value) => {
            value.fault(&format!("{} is for times only", value.title), "leave it out, or set type = \"time\"");
            return None;
        }
    };
    let decode = match decode {
        None => Vec::new(),
        Some(value) if kind == FieldType::Text => {
            vec![FieldStep::Decode(value.choice(&[("escapes", Decode::Escapes)])?)]
        }
        Some(value) => {
            value.fault(&format!("{} is for texts only", value.title), "leave it out, or set type = \"text\"");
            return None;
        }
    };
    Some(TypeSpec { from: from.map(|from| from.value), kind, formats: format.into_iter().collect(), steps: decode })
}

fn read_time_format(value: &Value<'_>) -> Option<String> {
    let format = value.filled_text()?.value;
    if TIME_FORMATS.contains(&format.as_str()) || format.contains('%') {
        return Some(format);
    }
    let help = match nearest(&format, TIME_FORMATS) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "write its parts as strptime does: \"%Y-%m-%d %H:%M:%S\"".to_owned(),
    };
    let known = one_of(TIME_FORMATS);
    value.fault(&format!("{} is `{}`; expected {known}, or a format with `%`", value.title, shown(&format)), &help);
    None
}
