//! Warnings about patterns that compile, but read lines slowly, or let what a client writes become other fields.
//!
//! Promises: a warning says what can happen and what to write instead; a pattern without any of these has none. Does not:
//! refuse anything, or know lines. What is inside of a name of the grok library is the library's business.

mod runs;

use super::catalogue::Origin;
use super::engine::Compiled;
use super::{Pattern, expression, grok};
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

/// Fields that the pattern's text captures, but that no metric of those which gave `wanted` uses. `wanted` are all names
/// that are taken from the pattern; `pattern` is `spec` compiled.
#[must_use]
pub fn unused_captures(spec: &PatternSpec, pattern: &Pattern, wanted: &[&str]) -> Option<Fault> {
    let written = match &spec.engine.value {
        Engine::Regex { text } => runs::names(&expression::parse(text).ok()?),
        Engine::Grok { text, definitions, names } => grok::outline(text, definitions, *names)?.own_fields(),
        _ => return None,
    };
    let capture = |name: &str| match pattern.plan(name)?.origin {
        Origin::Capture(capture) => Some(capture),
        Origin::Path(_) | Origin::Key(_) | Origin::AnyOfPaths(_) | Origin::AnyOfKeys(_) => None,
    };
    // A canonical name stands for groups that have names of their own.
    let groups = |capture: usize| match &pattern.engine {
        Compiled::Expression(expression) => expression.groups_of(capture),
        Compiled::Grok(grok) => grok.groups_of(capture),
        _ => &[],
    };
    let used: Vec<u32> = wanted.iter().copied().chain(["time"]).filter_map(capture).flat_map(groups).copied().collect();
    let unused =
        |name: &&String| capture(name).is_some_and(|capture| !groups(capture).iter().any(|group| used.contains(group)));
    let unused: Vec<String> = written.iter().filter(unused).map(|name| format!("`{name}`")).collect();
    if unused.is_empty() {
        return None;
    }
    let message = format!("pattern `{}`: nothing uses {}", spec.name, unused.join(", "));
    let help = match spec.engine.value {
        Engine::Grok { .. } => "leave the names out: %{NAME} instead of %{NAME:field}",
        _ => "write (?:…) for groups that are no fields",
    };
    Some(Fault::new(spec.engine.at.clone(), message).help(help))
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
