//! Names that point from one section to another.
//!
//! Promises: a name that is there, but whose section has other faults, counts as there. Does not: look at fields; whether
//! a pattern gives what a metric reads is seen when both are compiled.

use std::collections::BTreeMap;

use super::files::Patterns;
use super::report::Report;
use super::value::Value;
use super::words::{list, nearest, shown};
use crate::model::fault::{Fault, Located, Location};
use crate::model::spec::PatternSpec;

/// What was read of one section, and its name in any case.
pub(super) struct Named<T> {
    pub(super) name: Option<Located<String>>,
    pub(super) spec: Option<T>,
}

/// The names of one kind of section.
pub(super) struct KnownNames {
    names: Vec<String>,
    /// Whether some section's own name could not be read: what is not found may be that one.
    some_unread: bool,
}

impl KnownNames {
    pub(super) fn of<T>(sections: &[Named<T>]) -> Self {
        Self {
            names: sections.iter().filter_map(|section| Some(section.name.as_ref()?.value.clone())).collect(),
            some_unread: sections.iter().any(|section| section.name.is_none()),
        }
    }
}

/// Reports each name that an earlier section of its kind has already.
pub(super) fn check_unique<T>(kind: &str, sections: &[Named<T>], report: &Report) {
    let mut seen: BTreeMap<&str, &Location> = BTreeMap::new();
    for name in sections.iter().filter_map(|section| section.name.as_ref()) {
        if let Some(first) = seen.get(name.value.as_str()) {
            let message = format!("{kind} `{}` is there twice, first at {first}", name.value);
            let help = format!("give each {kind} a name of its own");
            report.add(Fault::new(name.at.clone(), message).help(help));
        } else {
            seen.insert(&name.value, &name.at);
        }
    }
}

/// Reports a source that a metric names and that is not there.
pub(super) fn check_source(sources: &Value<'_>, source: &Located<String>, known: &KnownNames) {
    if known.some_unread || known.names.contains(&source.value) {
        return;
    }
    let names = || known.names.iter().map(String::as_str);
    let help = match nearest(&source.value, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.names.is_empty() => "write a [[source]] of that name".to_owned(),
        None => format!("known are {}", list(names())),
    };
    let message = format!("{} names source `{}`, which is not there", sources.title, shown(&source.value));
    sources.reading.report.add_absence(Fault::new(source.at.clone(), message).help(help));
}

/// Reports a pattern that a source names and that is not there, or whose file has faults; those too.
pub(super) fn check_pattern(value: &Value<'_>, name: &str, patterns: &Patterns) {
    if patterns.whole.contains_key(name) {
        return;
    }
    if let Some(faults) = patterns.broken.get(name) {
        let message = format!("{} names pattern `{name}`, whose file has faults", value.title);
        let file = faults.first().map(|fault| fault.at.file.display().to_string()).unwrap_or_default();
        value.fault(&message, &format!("correct {file}, as said there"));
        for fault in faults {
            value.reading.report.add(fault.clone());
        }
        return;
    }
    let known = || patterns.whole.keys().chain(patterns.broken.keys()).map(String::as_str);
    // Who writes `nginx` means one that begins so, who writes `apache_combined` one that ends so.
    let mut related: Vec<&str> = known().filter(|known| is_related(known, name)).take(MOST_RELATED).collect();
    if related.is_empty() {
        related = patterns
            .whole
            .values()
            .filter(|pattern| is_about(pattern, name))
            .map(|pattern| pattern.name.as_str())
            .collect();
        related.truncate(MOST_RELATED);
    }
    let all = "`pxtail list patterns` shows all";
    let help = match nearest(name, known()) {
        _ if !related.is_empty() => format!("did you mean {}? {all}", quoted(&related)),
        Some(meant) => format!("did you mean `{meant}`? {all}"),
        None => format!("{all}; your own belong into patterns.d beside the configuration"),
    };
    value.fault(&format!("{} names pattern `{name}`, which is not there", value.title), &help);
}

/// More names than this are no suggestion.
const MOST_RELATED: usize = 6;

/// Whether one of the names is the other's beginning or end, up to a `_` or `-`.
fn is_related(known: &str, written: &str) -> bool {
    const BETWEEN: [char; 3] = ['_', '-', '.'];
    let is_part = |long: &str, short: &str| {
        let after = long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(BETWEEN));
        after || long.strip_suffix(short).is_some_and(|rest| rest.ends_with(BETWEEN))
    };
    let (known, written) = (known.to_lowercase(), written.to_lowercase());
    is_part(&known, &written) || is_part(&written, &known)
}

/// Whether a pattern is described by a word, such as the name of a program whose log it reads.
fn is_about(pattern: &PatternSpec, word: &str) -> bool {
    let about = pattern.about.as_deref().unwrap_or_default().to_lowercase();
    about.split(|c: char| !c.is_alphanumeric()).any(|found| found == word.to_lowercase())
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
