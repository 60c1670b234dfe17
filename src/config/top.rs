//! The top level: sections from all files put together.
//!
//! Promises: one fault hides no other. Does not: know what stands inside a section.

use std::path::Path;
use std::sync::Arc;

use toml::de::DeValue;

use super::document::Document;
use super::files::{Patterns, TextFile};
use super::references::{KnownNames, Named, check_unique};
use super::report::Report;
use super::section::Section;
use super::value::Value;
use super::variables::Environment;
use super::{metric, px, settings, source};
use crate::model::fault::{Fault, Location};
use crate::model::spec::{Configuration, MetricSpec, SourceSpec};

const PX_HELP: &str = "add where events go:

    [px]
    region = \"us\"
    product_key = \"AP-XXXXXXXXXXXX-2\"
    api_key_file = \"/etc/pxtail/api-key\"";

const SOURCE_HELP: &str = "add the log to follow:

    [[source]]
    name = \"web\"
    paths = [\"/var/log/nginx/*access.log\"]
    pattern = \"combined\"";

const METRIC_HELP: &str = "add what to count:

    [[metric]]
    name = \"hits\"
    sources = [\"web\"]
    event = \"Web Usage\"
    time_zone = \"UTC\"
    user = \"{user}\"";

/// Reads the texts; `None` only where something was reported.
pub(super) fn read(
    main: &Path,
    texts: &[TextFile],
    patterns: Patterns,
    environment: &Environment,
    report: &Report,
) -> Option<Configuration> {
    let documents: Vec<Document<'_>> =
        texts.iter().map(|file| Document::parse(&file.text, &file.path, Some(environment), report)).collect();
    let mut roots: Vec<Section<'_>> = documents.iter().map(|document| document.root("the configuration")).collect();
    // A section that is not there is read as an empty one: every key has a default.
    let nothing = Document::parse("", &Arc::from(main), None, report);
    let mut settings_of = |key| only(&mut roots, key).unwrap_or_else(|| nothing.root(key));
    let agent = settings::read_agent(settings_of("agent"));
    let push = settings::read_push(settings_of("push"));
    let tail = settings::read_tail(settings_of("tail"));
    let px = only(&mut roots, "px");
    let sources = all(&mut roots, "source");
    let metrics = all(&mut roots, "metric");
    for root in roots {
        root.finish();
    }
    let whole = || Location::new(main, 0);
    let lacks = |section: &str, help| {
        report.add_absence(Fault::new(whole(), format!("the configuration has no `{section}`")).help(help));
    };
    if px.is_none() {
        lacks("[px]", PX_HELP);
    }
    if sources.is_empty() {
        lacks("[[source]]", SOURCE_HELP);
    }
    if metrics.is_empty() {
        lacks("[[metric]]", METRIC_HELP);
    }
    let px = px.and_then(px::read);
    let sources: Vec<Named<SourceSpec>> = sources.into_iter().map(|section| source::read(section, &patterns)).collect();
    let known = KnownNames::of(&sources);
    let metrics: Vec<Named<MetricSpec>> = metrics.into_iter().map(|section| metric::read(section, &known)).collect();
    check_unique("source", &sources, report);
    check_unique("metric", &metrics, report);
    Some(Configuration {
        agent,
        px: px?,
        push,
        tail,
        sources: sources.into_iter().map(|source| source.spec).collect::<Option<_>>()?,
        metrics: metrics.into_iter().map(|metric| metric.spec).collect::<Option<_>>()?,
        patterns: patterns.whole,
        broken_patterns: patterns.broken,
    })
}

/// The section `[key]`, which may stand in one file only.
fn only<'a>(roots: &mut [Section<'a>], key: &'static str) -> Option<Section<'a>> {
    let mut found: Option<Section<'a>> = None;
    for value in roots.iter_mut().filter_map(|root| root.get(key)) {
        if value.node.is_array() {
            let message = format!("`{key}` is a list; expected one section");
            value.fault(&message, &format!("write [{key}], in single brackets"));
            // What stands in it is read all the same: its own faults are worth knowing.
            let first = value.list().unwrap_or_default().into_iter().next();
            found = found.or_else(|| section_of(&first?, format!("`[{key}]`")));
        } else if let Some(first) = &found {
            value.fault(&format!("`[{key}]` is there twice, first at {}", first.at), "keep it in one file");
        } else {
            found = value.section(format!("`[{key}]`"));
        }
    }
    found
}

/// Every `[[key]]` of every file.
fn all<'a>(roots: &mut [Section<'a>], key: &'static str) -> Vec<Section<'a>> {
    let mut sections = Vec::new();
    for value in roots.iter_mut().filter_map(|root| root.get(key)) {
        let DeValue::Array(_) = value.node else {
            value.fault(&format!("`{key}` is no list of sections"), &format!("write [[{key}]], in double brackets"));
            sections.extend(section_of(&value, format!("`[[{key}]]`")));
            continue;
        };
        let elements = value.list().unwrap_or_default();
        sections.extend(elements.iter().filter_map(|element| section_of(element, format!("`[[{key}]]`"))));
    }
    sections
}

fn section_of<'a>(value: &Value<'a>, title: String) -> Option<Section<'a>> {
    value.node.is_table().then(|| value.section(title))?
}
