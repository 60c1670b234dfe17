//! A pattern file: how a line is read, and the lines that prove it.
//!
//! ```toml
//! name = "web"
//! template = '$remote_addr [$time_local] "$request" $status'   # or regex, json, builtin
//!
//! [types]
//! status = "integer"
//! time = { from = "time_local", format = "clf" }
//!
//! [[case]]
//! line = '192.0.2.1 [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200'
//! expect = { status = 200 }
//!
//! [[case]]
//! line = "something else"
//! expect = "no match"
//! ```
//!
//! A template is nginx's (`$variable`) or Apache's (`%h`); which one is seen from what it holds, or said with
//! `syntax = "nginx"` or `"apache"`. `escape = "default"`, `"json"` or `"none"` is nginx's parameter of that name.
//!
//! Promises: all faults of the text at once. Does not: compile a template or regex; put in variables (a `$` there is the
//! format's own); read anything but the text.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::de::DeValue;

use super::document::Document;
use super::names;
use super::report::Report;
use super::section::Section;
use super::value::Value;
use super::words::{nearest, one_of, shown};
use crate::model::fault::{Fault, Located};
use crate::model::fields::FieldType;
use crate::model::spec::{CaseSpec, Decode, Engine, NginxEscape, PatternSpec, Scalar, TypeSpec};

/// Formats that the program knows by itself.
pub(super) const BUILTINS: [&str; 2] = ["combined", "common"];

/// Time formats with a name; every other format is strptime's and holds a `%`.
const TIME_FORMATS: [&str; 5] = ["clf", "rfc3339", "unix", "unix_ms", "unix_us"];

const TYPES: [(&str, FieldType); 5] = [
    ("text", FieldType::Text),
    ("integer", FieldType::Integer),
    ("number", FieldType::Number),
    ("time", FieldType::Time),
    ("boolean", FieldType::Boolean),
];

const ENGINE_KEYS: [&str; 4] = ["template", "regex", "json", "builtin"];

/// Reads the text of a pattern file; `file` is for messages.
pub fn read(text: &str, file: &Path) -> Result<PatternSpec, Vec<Fault>> {
    let report = Report::default();
    let spec = read_into(&report, text, file);
    match spec {
        Some(spec) if report.is_empty() => Ok(spec),
        _ => Err(report.into_faults()),
    }
}

/// The pattern, as far as it can be read. Complete only where nothing was reported.
fn read_into(report: &Report, text: &str, file: &Path) -> Option<PatternSpec> {
    let document = Document::parse(text, &Arc::from(file), None, report);
    let mut root = document.root("the pattern");
    let name = root
        .require("name", "name it as its file: in web.toml, write name = \"web\"")
        .and_then(|value| names::read(&value));
    if let Some(name) = &name {
        root.title = format!("pattern `{}`", name.value);
    }
    let engine = read_engine(&mut root);
    let types = root.get("types").map_or_else(BTreeMap::new, |value| read_types(&value));
    let cases = root.get("case").and_then(|value| value.list()).unwrap_or_default();
    let cases = cases.iter().filter_map(read_case).collect();
    root.finish();
    let name = name?;
    Some(PatternSpec { at: name.at, name: name.value, engine: engine?, types, cases })
}

fn read_engine(root: &mut Section<'_>) -> Option<Located<Engine>> {
    let given: Vec<Value<'_>> = ENGINE_KEYS.into_iter().filter_map(|key| root.get(key)).collect();
    let escape = root.get("escape");
    let syntax = root.get("syntax");
    let engine = match given.as_slice() {
        [one] => one,
        [] => {
            let help = "write template = '…', regex = '…', json = { … } or builtin = \"combined\"";
            root.absence(&format!("{} does not say how a line is read", root.title), help);
            return None;
        }
        [first, second, ..] => {
            let message = format!("{} has both `{}` and `{}`", root.title, first.key, second.key);
            second.fault(&message, "keep one of them: a pattern reads lines in one way");
            return None;
        }
    };
    let at = engine.at.clone();
    if engine.key == "template" {
        return read_template(engine, escape.as_ref(), syntax.as_ref()).map(|engine| Located::new(engine, at));
    }
    for key in [escape, syntax].into_iter().flatten() {
        key.fault(&format!("{} is for templates only", key.title), "leave it out");
    }
    let engine = match engine.key.as_str() {
        "regex" => Engine::Regex { text: engine.filled_text()?.value },
        "json" => read_json(engine)?,
        _ => read_builtin(engine)?,
    };
    Some(Located::new(engine, at))
}

#[derive(Clone, Copy)]
enum Syntax {
    Nginx,
    Apache,
}

fn read_template(template: &Value<'_>, escape: Option<&Value<'_>>, syntax: Option<&Value<'_>>) -> Option<Engine> {
    let text = template.filled_text()?.value;
    let syntax = match syntax {
        Some(value) => value.choice(&[("nginx", Syntax::Nginx), ("apache", Syntax::Apache)])?,
        None => syntax_of(template, &text)?,
    };
    let escapes = [("default", NginxEscape::Default), ("json", NginxEscape::Json), ("none", NginxEscape::None)];
    match (syntax, escape) {
        (Syntax::Nginx, None) => Some(Engine::NginxTemplate { text, escape: NginxEscape::Default }),
        (Syntax::Nginx, Some(value)) => Some(Engine::NginxTemplate { text, escape: value.choice(&escapes)? }),
        (Syntax::Apache, None) => Some(Engine::ApacheTemplate { text }),
        (Syntax::Apache, Some(value)) => {
            value.fault(&format!("{} is for nginx's templates only", value.title), "leave it out");
            None
        }
    }
}

/// Which syntax a template is in, by what it holds.
fn syntax_of(template: &Value<'_>, text: &str) -> Option<Syntax> {
    let follows = |sign: char, allowed: fn(char) -> bool| {
        text.match_indices(sign).any(|(at, _)| text[at + 1..].starts_with(allowed))
    };
    let nginx = follows('$', |c| c.is_ascii_alphabetic() || c == '_' || c == '{');
    let apache = follows('%', |c| c.is_ascii_alphabetic() || matches!(c, '{' | '>' | '<' | '!'));
    match (nginx, apache) {
        (true, false) => Some(Syntax::Nginx),
        (false, true) => Some(Syntax::Apache),
        (true, true) => {
            let message = format!("{} holds both `$…` and `%…`", template.title);
            template.fault(&message, "say which syntax it is in: syntax = \"nginx\" or syntax = \"apache\"");
            None
        }
        (false, false) => {
            let message =
                format!("{} has no field; expected nginx's $variables or Apache's %directives", template.title);
            template.fault(&message, "copy the log_format of nginx.conf or the LogFormat of httpd.conf");
            None
        }
    }
}

fn read_json(value: &Value<'_>) -> Option<Engine> {
    if let DeValue::Boolean(true) = value.node {
        return Some(Engine::Json { fields: BTreeMap::new() });
    }
    if !value.node.is_table() {
        value.wrong_type("a table of paths by field, or `true`", "{ user = \"context.user.id\" }");
        return None;
    }
    let mut fields = BTreeMap::new();
    for (field, path) in value.table()?.entries() {
        names::check_field(field, &path);
        if let Some(path) = path.filled_text() {
            fields.insert(field.to_owned(), path.value);
        }
    }
    Some(Engine::Json { fields })
}

fn read_builtin(value: &Value<'_>) -> Option<Engine> {
    let name = value.text()?.value;
    if BUILTINS.contains(&name.as_str()) {
        return Some(Engine::Builtin { name });
    }
    let meant = nearest(&name, BUILTINS).unwrap_or("combined");
    let message = format!("{} is `{}`; expected {}", value.title, shown(&name), one_of(BUILTINS));
    value.fault(&message, &format!("write builtin = \"{meant}\", or give a template, regex or json"));
    None
}

fn read_types(value: &Value<'_>) -> BTreeMap<String, Located<TypeSpec>> {
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
        return Some(TypeSpec { from: None, kind: value.choice(&TYPES)?, format: None, decode: Decode::Nothing });
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
        None => Decode::Nothing,
        Some(value) if kind == FieldType::Text => value.choice(&[("escapes", Decode::Escapes)])?,
        Some(value) => {
            value.fault(&format!("{} is for texts only", value.title), "leave it out, or set type = \"text\"");
            return None;
        }
    };
    Some(TypeSpec { from: from.map(|from| from.value), kind, format, decode })
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

fn read_case(value: &Value<'_>) -> Option<CaseSpec> {
    let mut table = value.section("`[[case]]`".to_owned())?;
    let line =
        table.require("line", "write the line as it stands in the log: line = '…'").and_then(|value| value.text());
    let expect = table.require("expect", "write expect = { field = \"value\" } or expect = \"no match\"");
    let expect = expect.and_then(|value| read_expectation(&value));
    let absent = table.get("absent");
    table.finish();
    let expect = expect?;
    if let (Some(value), None) = (&absent, &expect) {
        value.fault(&format!("{} stands beside expect = \"no match\"", value.title), "keep one of the two");
    }
    let absent = absent.and_then(|value| value.texts()).unwrap_or_default();
    let absent = absent.into_iter().map(|name| name.value).collect();
    Some(CaseSpec { at: value.at.clone(), line: line?.value, expect, absent })
}

/// `Some(None)`: the line must not match.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether the key could be read, the inner one is its value"
)]
fn read_expectation(value: &Value<'_>) -> Option<Option<BTreeMap<String, Scalar>>> {
    if value.node.as_str() == Some("no match") {
        return Some(None);
    }
    if !value.node.is_table() {
        value.wrong_type("\"no match\", or a table of values by field", "\"no match\"");
        return None;
    }
    let mut expected = BTreeMap::new();
    for (field, value) in value.table()?.entries() {
        if let Some(scalar) = value.scalar() {
            expected.insert(field.to_owned(), scalar);
        }
    }
    Some(Some(expected))
}

#[cfg(test)]
mod tests;
