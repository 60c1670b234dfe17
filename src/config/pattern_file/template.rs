//! `template = '…'`, or a list of them: the format string of the server that writes the log, and in whose syntax it is.
//!
//! Promises: a syntax is guessed only where the text can be in no other. Does not: compile the template.

use super::super::value::Value;
use crate::model::spec::{Engine, NginxEscape};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    Nginx,
    Apache,
    Haproxy,
    Envoy,
}

const SYNTAXES: [(&str, Syntax); 4] =
    [("nginx", Syntax::Nginx), ("apache", Syntax::Apache), ("haproxy", Syntax::Haproxy), ("envoy", Syntax::Envoy)];
const ESCAPES: [(&str, NginxEscape); 3] =
    [("default", NginxEscape::Default), ("json", NginxEscape::Json), ("none", NginxEscape::None)];

pub(super) fn read(template: &Value<'_>, escape: Option<&Value<'_>>, syntax: Option<&Value<'_>>) -> Option<Engine> {
    if !template.node.is_array() {
        return read_one(template, &template.filled_text()?.value, escape, syntax);
    }
    let texts = template.texts()?;
    let read = |text: &crate::model::fault::Located<String>| read_one(template, &text.value, escape, syntax);
    let engines = texts.iter().map(read).collect::<Option<Vec<_>>>()?;
    if engines.is_empty() {
        template.fault(&format!("{} is an empty list", template.title), "write one template at least");
        return None;
    }
    Some(Engine::Templates(engines))
}

fn read_one(
    template: &Value<'_>,
    text: &str,
    escape: Option<&Value<'_>>,
    syntax: Option<&Value<'_>>,
) -> Option<Engine> {
    let syntax = match syntax {
        Some(value) => value.choice(&SYNTAXES)?,
        None => syntax_of(template, text)?,
    };
    let text = text.to_owned();
    match (syntax, escape) {
        (Syntax::Nginx, None) => Some(Engine::NginxTemplate { text, escape: NginxEscape::Default }),
        (Syntax::Nginx, Some(value)) => Some(Engine::NginxTemplate { text, escape: value.choice(&ESCAPES)? }),
        (_, Some(value)) => {
            value.fault(&format!("{} is for nginx's templates only", value.title), "leave it out");
            None
        }
        (Syntax::Apache, None) => Some(Engine::ApacheTemplate { text }),
        (Syntax::Haproxy, None) => Some(Engine::HaproxyTemplate { text }),
        (Syntax::Envoy, None) => Some(Engine::EnvoyTemplate { text }),
    }
}

/// Which syntax a template is in, by what it holds.
fn syntax_of(template: &Value<'_>, text: &str) -> Option<Syntax> {
    const KEYWORDS: [(&str, Syntax); 7] = [
        ("log_format", Syntax::Nginx),
        ("log-format-upstream:", Syntax::Nginx),
        ("logformat", Syntax::Apache),
        ("customlog", Syntax::Apache),
        ("log-format", Syntax::Haproxy),
        ("error-log-format", Syntax::Haproxy),
        ("text_format", Syntax::Envoy),
    ];
    let start = text.trim_start().to_ascii_lowercase();
    if let Some((_, syntax)) = KEYWORDS.iter().find(|(keyword, _)| start.starts_with(keyword)) {
        return Some(*syntax);
    }
    let is_nginx = follows(text, '$', |c| c.is_ascii_alphabetic() || c == '_' || c == '{');
    let percent = if is_envoy(text) {
        Some(Syntax::Envoy)
    } else if is_haproxy(text) {
        Some(Syntax::Haproxy)
    } else if follows(text, '%', |c| c.is_ascii_alphabetic() || matches!(c, '{' | '>' | '<' | '!')) {
        Some(Syntax::Apache)
    } else {
        None
    };
    match (is_nginx, percent) {
        (true, None) => Some(Syntax::Nginx),
        (false, Some(syntax)) => Some(syntax),
        (true, Some(_)) => {
            let message = format!("{} holds both `$…` and `%…`", template.title);
            let help = "say which syntax it is in: syntax = \"nginx\", \"apache\", \"haproxy\" or \"envoy\"";
            template.fault(&message, help);
            None
        }
        (false, None) => {
            let message =
                format!("{} has no field; expected nginx's $variables or Apache's %directives", template.title);
            template.fault(&message, "copy the log_format of nginx.conf or the LogFormat of httpd.conf");
            None
        }
    }
}

fn follows(text: &str, sign: char, allowed: fn(char) -> bool) -> bool {
    text.match_indices(sign).any(|(at, _)| text[at + 1..].starts_with(allowed))
}

/// `%RESPONSE_CODE%` or `%REQ(…`: three capital letters at least, which nothing else has after a per cent sign.
fn is_envoy(text: &str) -> bool {
    text.match_indices('%').any(|(at, _)| {
        let rest = &text[at + 1..];
        let len = rest.bytes().take_while(|byte| byte.is_ascii_uppercase() || *byte == b'_').count();
        len >= 3 && rest[len..].starts_with(['%', '(', ':'])
    })
}

/// `%[…]`, `%{+Q}…`, or a name of two letters or more that is no directive of Apache with a letter after it. Not in the
/// list are those that may be (`%Ts`, a time with its unit).
fn is_haproxy(text: &str) -> bool {
    const NAMES: [&str; 34] = [
        "ci", "cp", "bi", "bp", "fi", "fp", "si", "sp", "ft", "tr", "trg", "trl", "tsc", "ST", "HM", "HP", "HPO", "HU",
        "HV", "HQ", "TR", "Tq", "Tw", "Tc", "Ta", "Tt", "hr", "hs", "hrl", "hsl", "ac", "fc", "CC", "CS",
    ];
    text.match_indices('%').any(|(at, _)| {
        let rest = &text[at + 1..];
        let len = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        rest.starts_with(['[', '('])
            || rest.starts_with("{+")
            || rest.starts_with("{-")
            || NAMES.contains(&&rest[..len])
    })
}
