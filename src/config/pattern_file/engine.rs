//! How a line is read: exactly one of the engines' keys.
//!
//! Does not: compile a template, a regex or a path; that is `parse`'s.

use super::structured;
use crate::config::section::Section;
use crate::config::value::Value;
use crate::config::words::{nearest, one_of, shown};
use crate::model::fault::Located;
use crate::model::spec::{BUILTINS, Engine, NginxEscape};

/// The keys that say how a line is read, one for each engine.
const ENGINE_KEYS: [&str; 10] =
    ["template", "regex", "json", "builtin", "logfmt", "key_value", "w3c", "csv", "tsv", "ltsv"];

pub(super) fn read(root: &mut Section<'_>) -> Option<Located<Engine>> {
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
        "builtin" => read_builtin(engine)?,
        _ => structured::read(engine)?,
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
