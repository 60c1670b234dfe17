//! Warnings about patterns that compile, but read lines slowly, or let what a client writes become other fields.
//!
//! Promises: a warning says what can happen and what to write instead; a pattern without any of these has none. Does not:
//! refuse anything, or know lines. What is inside of a name of the grok library is the library's business.

mod runs;

use super::engine::Compiled;
use super::{expression, grok};
use crate::model::fault::{Fault, Located};
use crate::model::spec::{Engine, NginxEscape, PatternSpec};
pub(super) use runs::Name;

/// What is to be said about the pattern's text, in its order. Nothing about one that does not compile: that has faults.
#[must_use]
pub fn lint(spec: &PatternSpec) -> Vec<Fault> {
    let Ok(compiled) = Compiled::compile(&spec.engine) else { return Vec::new() };
    let warnings = match &spec.engine.value {
        Engine::Regex { text } => match expression::parse(text) {
            Ok(hir) => runs::warnings(&hir, &|name| Some(Name::new(name))),
            Err(_) => Vec::new(),
        },
        Engine::Grok { text, definitions, names } => match grok::outline(text, definitions, *names) {
            Some(outline) => grok_warnings(text, &outline),
            None => Vec::new(),
        },
        _ => template_warnings(&spec.engine, &compiled),
    };
    let at = &spec.engine.at;
    let warning =
        |(what, help): (String, String)| Fault::new(at.clone(), format!("pattern `{}`: {what}", spec.name)).help(help);
    warnings.into_iter().map(warning).collect()
}

type Warning = (String, String);

fn grok_warnings(text: &str, outline: &grok::Outline) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !text.starts_with('^') && !text.starts_with("\\A") {
        let what = "the grok pattern does not begin with `^`: of a line that it does not match from its start it takes \
                    what looks right further on, which a client may have written";
        warnings.push((what.to_owned(), "write `^` before it".to_owned()));
    }
    if !text.ends_with('$') && !text.ends_with("\\z") && !text.ends_with("\\Z") {
        let what = "the grok pattern does not end with `$`: what follows in a line is passed over, whatever it is";
        warnings.push((what.to_owned(), "write `$` behind it, or `%{GREEDYDATA:rest}`".to_owned()));
    }
    warnings.extend(runs::warnings(&outline.hir, &|name| outline.field(name)));
    warnings
}

fn template_warnings(engine: &Located<Engine>, compiled: &Compiled) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if matches!(engine.value, Engine::NginxTemplate { escape: NginxEscape::None, .. }) {
        let what = "with `escape=none` nginx writes quotes and line ends as a client sent them, so that a client can \
                    write fields, and whole lines, of its own";
        let help = "log with nginx's default escaping or `escape=json`, and take `escape` out of the pattern";
        warnings.push((what.to_owned(), help.to_owned()));
    }
    if let Compiled::Template(template) = compiled {
        for (first, second) in template.free_neighbours() {
            let what = format!(
                "`{first}` and `{second}` are any text, without quotes around them: what stands in one may be taken for \
                 the other"
            );
            warnings.push((what, "put them in quotes, in the server's log format and here".to_owned()));
        }
    }
    warnings
}

#[cfg(test)]
mod tests;
