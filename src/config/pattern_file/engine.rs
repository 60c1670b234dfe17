//! How a line is read: exactly one of the engines' keys.
//!
//! Does not: compile a template, a regex or a path; that is `parse`'s.

use super::{structured, template};
use crate::config::section::Section;
use crate::config::value::Value;
use crate::config::words::{nearest, one_of, shown};
use crate::model::fault::Located;
use crate::model::spec::{BUILTINS, Engine, GrokNames};

/// The keys that say how a line is read, one for each engine.
const ENGINE_KEYS: [&str; 11] =
    ["template", "regex", "json", "builtin", "grok", "logfmt", "key_value", "w3c", "csv", "tsv", "ltsv"];

pub(super) fn read(root: &mut Section<'_>) -> Option<Located<Engine>> {
    let given: Vec<Value<'_>> = ENGINE_KEYS.into_iter().filter_map(|key| root.get(key)).collect();
    let escape = root.get("escape");
    let syntax = root.get("syntax");
    let grok = (root.get("grok_patterns"), root.get("ecs"));
    let engine = match given.as_slice() {
        [one] => one,
        [] => {
            let help = "write one of template = '…', regex = '…', grok = '…', json = true, logfmt = true, key_value = true, \
                        w3c = true, csv = true, tsv = true, ltsv = true or builtin = \"combined\"";
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
        return template::read(engine, escape.as_ref(), syntax.as_ref()).map(|engine| Located::new(engine, at));
    }
    for key in [escape, syntax].into_iter().flatten() {
        key.fault(&format!("{} is for templates only", key.title), "leave it out");
    }
    if engine.key == "grok" {
        return read_grok(engine, grok).map(|engine| Located::new(engine, at));
    }
    for key in [grok.0, grok.1].into_iter().flatten() {
        key.fault(&format!("{} is for grok only", key.title), "leave it out");
    }
    let engine = match engine.key.as_str() {
        "regex" => Engine::Regex { text: engine.filled_text()?.value },
        "builtin" => read_builtin(engine)?,
        _ => structured::read(engine)?,
    };
    Some(Located::new(engine, at))
}

/// `grok_patterns` are definitions of one's own, `ecs` says which names the library's fields have.
fn read_grok(grok: &Value<'_>, (definitions, ecs): (Option<Value<'_>>, Option<Value<'_>>)) -> Option<Engine> {
    let definitions = definitions.map(|value| value.text()).map_or(Some(String::new()), |text| Some(text?.value));
    let ecs = ecs.map_or(Some(false), |value| value.boolean());
    let names = if ecs? { GrokNames::Ecs } else { GrokNames::Legacy };
    Some(Engine::Grok { text: grok.filled_text()?.value, definitions: definitions?, names })
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
