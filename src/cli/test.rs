//! `pxtail test`

use std::path::Path;

use super::arguments::TestArguments;
use super::patterns;
use super::{FAILED, Failure, load, say};
use crate::config::{self, pattern_file, shipped};
use crate::model::fault::Fault;
use crate::model::spec::PatternSpec;
use crate::parse::{CaseFailure, Stop, lint, run_cases};
use crate::terminal;

pub fn run(arguments: &TestArguments) -> Result<(), Failure> {
    let (mut cases, mut failures, mut warnings) = (0, 0, 0);
    let mut fail = |text: String| {
        say(&text);
        failures += 1;
    };
    for spec in specs(arguments, &mut fail)? {
        match run_cases(&spec) {
            Ok(0) => fail(format!(
                "{}: pattern `{}` has no case\nhelp: add a `[[case]]` with a line and what is expected of it",
                spec.at, spec.name
            )),
            Ok(count) => {
                cases += count;
                say(&format!("{}: {} pass", spec.name, terminal::counted(count, "case")));
            }
            Err(found) => {
                cases += spec.cases.len().saturating_sub(found.len());
                for failure in found {
                    fail(shown(&failure));
                }
            }
        }
        // Of what comes with pxtail nobody needs to hear who did not ask: the file's comments say what it is good for.
        let is_asked_for = !arguments.files.is_empty();
        let is_own = arguments.config.config.exists() && !config::is_built_in(&spec);
        for warning in lint::lint(&spec).iter().filter(|_| is_asked_for || is_own) {
            say(&format!("warning: {warning}"));
            warnings += 1;
        }
    }
    let warned = if warnings == 0 { String::new() } else { format!(", {}", terminal::counted(warnings, "warning")) };
    if failures > 0 {
        return Err(Failure::new(FAILED, format!("{failures} failed, {cases} cases passed{warned}")));
    }
    say(&format!("all {cases} cases pass{warned}"));
    Ok(())
}

/// A failure with its line, a caret where the line stopped matching, and what differs under each other.
pub fn shown(failure: &CaseFailure) -> String {
    let mut text = format!("{}: {}", failure.at, failure.message);
    let mut add = |line: &str| {
        text.push('\n');
        text.push_str(line);
    };
    let line = failure.line.as_deref().unwrap_or_default();
    match &failure.stop {
        Some(Stop { at: Some(at), expected }) => {
            add(&terminal::with_caret(line.as_bytes(), *at, "    "));
            add(&format!("    expected {}", terminal::escaped(expected.as_bytes())));
        }
        Some(Stop { at: None, expected }) => add(&format!("    {}", terminal::escaped(expected.as_bytes()))),
        None if failure.line.is_some() => {
            let room = terminal::COLUMNS - 4;
            add(&format!("    {}", terminal::shortened(&terminal::escaped(line.as_bytes()), room)));
        }
        None => {}
    }
    let differing = failure.differences.iter().flat_map(|difference| {
        let shown = |text: &str| terminal::escaped(text.as_bytes());
        let row = |field: &str, what: &str, value| vec![field.to_owned(), what.to_owned(), shown(value)];
        [row(&difference.field, "expected", &difference.expected), row("", "found", &difference.found)]
    });
    let rows: Vec<Vec<String>> = differing.collect();
    if !rows.is_empty() {
        add(terminal::table(&rows, "    ").trim_end());
    }
    text
}

fn specs(arguments: &TestArguments, fail: &mut impl FnMut(String)) -> Result<Vec<PatternSpec>, Failure> {
    let mut specs = Vec::new();
    let mut take = |read: Result<PatternSpec, Vec<Fault>>| match read {
        Ok(spec) => specs.push(spec),
        Err(faults) => faults.iter().map(Fault::to_string).for_each(&mut *fail),
    };
    for file in &arguments.files {
        match file.to_str() {
            Some(name) if !file.exists() && !name.contains(['/', '.']) => {
                take(Ok(patterns::find(name, &arguments.config.config)?));
            }
            _ => take(patterns::read_file(file)?),
        }
    }
    if !arguments.files.is_empty() {
        return Ok(specs);
    }
    if arguments.config.config.exists() {
        let configuration = load(&arguments.config.config)?;
        for fault in configuration.broken_patterns.values().flatten() {
            fail(fault.to_string());
        }
        return Ok(configuration.patterns.into_values().collect());
    }
    for (name, text) in shipped::PATTERNS {
        take(pattern_file::read(text, Path::new(&format!("patterns/{name}.toml"))));
    }
    Ok(specs)
}
