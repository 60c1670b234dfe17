//! A pattern file: how a line is read, and the lines that prove it.
//!
//! ```toml
//! name = "web"
//! template = '$remote_addr [$time_local] "$request" $status'   # or regex, grok, json, builtin
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
//! A template is nginx's (`$variable`), Apache's (`%h`), HAProxy's (`%ci`) or Envoy's (`%REQ(…)%`); which one is seen from what
//! it holds, or said with `syntax = "nginx"`, `"apache"`, `"haproxy"` or `"envoy"`. It may be pasted with the quotes and the
//! keyword of the server's configuration. A list of templates reads a line by the first that fits. `escape = "default"`,
//! `"json"` or `"none"` is nginx's parameter of that name. Logs that name their fields themselves are described in
//! `structured.rs`.
//!
//! Promises: all faults of the text at once. Does not: compile a template or regex; put in variables (a `$` there is the
//! format's own); read anything but the text.

mod case;
mod engine;
mod structured;
mod template;
mod types;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use self::case::READ_AT;
use super::document::Document;
use super::report::Report;
use super::{names, records};
use crate::model::fault::Fault;
use crate::model::spec::PatternSpec;

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
    let about = root.get("about").and_then(|value| value.filled_text());
    let engine = engine::read(&mut root);
    let records = records::read(&mut root);
    let types = root.get("types").map_or_else(BTreeMap::new, |value| types::read(&value));
    let cases = root.get("case").and_then(|value| value.list()).unwrap_or_default();
    let cases = cases.iter().filter_map(case::read).collect();
    root.finish();
    let name = name?;
    let about = about.map(|about| about.value);
    Some(PatternSpec { at: name.at, name: name.value, about, engine: engine?, records, types, cases })
}

#[cfg(test)]
mod tests;
