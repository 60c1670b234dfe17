//! `pxtail list`

// Writing into a String cannot fail: what it returns is not looked at.
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use super::arguments::{ListArguments, ListPatternsArguments, ListVerb};
use super::patterns;
use super::{FAILED, Failure, say};
use crate::config::{is_built_in, pattern_text};
use crate::model::spec::PatternSpec;
use crate::parse::Pattern;
use crate::terminal;

/// One pattern in JSON. Names are part of the interface.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    about: Option<String>,
    engine: &'static str,
    /// `built in`, or the file.
    from: String,
    /// Field to type.
    fields: std::collections::BTreeMap<String, &'static str>,
    /// Whether a line's other keys are fields too, under their own names.
    any_field: bool,
    has_time: bool,
    cases: usize,
    /// The line of the first case that must match.
    example: Option<String>,
    /// Why it cannot be used.
    faults: Vec<String>,
}

/// Where a pattern is from that no file replaces.
const BUILT_IN: &str = "built in";

pub fn run(arguments: &ListArguments) -> Result<(), Failure> {
    match &arguments.verb {
        ListVerb::Patterns(arguments) => run_patterns(arguments),
    }
}

fn run_patterns(arguments: &ListPatternsArguments) -> Result<(), Failure> {
    let Some(named) = &arguments.name else {
        let known = patterns::known(&arguments.config);
        for (name, faults) in &known.broken {
            say(&format!("warning: pattern `{name}` cannot be used:"));
            for fault in faults {
                say(&fault.to_string());
            }
        }
        return print_all(known.whole.values(), arguments);
    };
    let found = match patterns::find(named, &arguments.config) {
        Ok(spec) => spec,
        Err(failure) => {
            let known = patterns::known(&arguments.config);
            let related: Vec<&PatternSpec> = known.whole.values().filter(|spec| is_related(spec, named)).collect();
            // What has faults of its own is said, not passed over.
            if related.is_empty() || known.broken.contains_key(named) {
                return Err(failure);
            }
            return print_all(related, arguments);
        }
    };
    let text = if arguments.json { json(&listed(&found))? } else { whole(&found)? };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

fn print_all<'a>(
    specs: impl IntoIterator<Item = &'a PatternSpec>,
    arguments: &ListPatternsArguments,
) -> Result<(), Failure> {
    let all: Vec<Listed> = specs.into_iter().map(listed).collect();
    let text = if arguments.json { json(&all)? } else { overview(&all) };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// Whether the word stands in the pattern's name, or in what it is for.
fn is_related(spec: &PatternSpec, word: &str) -> bool {
    let word = word.to_lowercase();
    let about = spec.about.as_deref().unwrap_or_default();
    spec.name.to_lowercase().contains(&word) || about.to_lowercase().contains(&word)
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|err| Failure::new(FAILED, err.to_string()))?;
    Ok(text + "\n")
}

fn listed(spec: &PatternSpec) -> Listed {
    let compiled = Pattern::compile(spec);
    let fields = compiled.iter().flat_map(|pattern| {
        let kind = |name: &str| Some((name.to_owned(), pattern.field_type(name)?.name()));
        pattern.field_names().into_iter().filter_map(kind).collect::<Vec<_>>()
    });
    Listed {
        name: spec.name.clone(),
        about: spec.about.clone(),
        engine: spec.engine.value.name(),
        from: if is_built_in(spec) { BUILT_IN.to_owned() } else { spec.at.file.display().to_string() },
        fields: fields.collect(),
        any_field: compiled.as_ref().is_ok_and(Pattern::gives_any_name),
        has_time: compiled.as_ref().is_ok_and(Pattern::has_time),
        cases: spec.cases.len(),
        example: spec.cases.iter().find(|case| case.expect.is_some()).map(|case| case.line.clone()),
        faults: compiled.err().into_iter().flatten().map(|fault| fault.to_string()).collect(),
    }
}

/// One line for each.
fn overview(all: &[Listed]) -> String {
    let row = |pattern: &Listed| {
        let about = pattern.about.as_deref().unwrap_or("(its file does not say what it is for)");
        let about = if pattern.faults.is_empty() { about } else { "(cannot be used: `pxtail test` says why)" };
        let from = if pattern.from == BUILT_IN { String::new() } else { format!(" ({})", pattern.from) };
        vec![pattern.name.clone(), terminal::escaped(format!("{about}{from}").as_bytes())]
    };
    terminal::table(&all.iter().map(row).collect::<Vec<_>>(), "")
        + "\n`pxtail list patterns NAME` shows one whole; `pxtail learn pattern LOG` finds the one for a log.\n"
}

fn whole(spec: &PatternSpec) -> Result<String, Failure> {
    let pattern = listed(spec);
    let about = pattern.about.as_deref().unwrap_or("(its file does not say what it is for)");
    let from = if pattern.from == BUILT_IN { "comes with pxtail" } else { pattern.from.as_str() };
    let mut text = format!("{}  ({from})\n", pattern.name);
    text.push_str(&terminal::wrapped(&terminal::escaped(about.as_bytes()), "    "));
    text.push_str("\n\nfields\n");
    let rows: Vec<Vec<String>> =
        pattern.fields.iter().map(|(name, kind)| vec![name.clone(), (*kind).to_owned()]).collect();
    text.push_str(&terminal::table(&rows, "    "));
    if pattern.any_field {
        text.push_str("    each other key of a line is a field under its own name, as text\n");
    }
    if !pattern.has_time {
        text.push_str("    no `time`: metrics need one; say in `[types]` which field holds it\n");
    }
    if let Some(example) = &pattern.example {
        let _ = writeln!(text, "\nan example\n    {}", terminal::escaped(example.as_bytes()));
    }
    let _ = writeln!(
        text,
        "\nto use it\n    [[source]]\n    name = \"web\"\n    paths = [\"/var/log/…\"]\n    pattern = \"{}\"",
        pattern.name
    );
    let file = pattern_text(spec).map_err(|err| patterns::unreadable(&spec.at.file, &err))?;
    let _ = write!(text, "\nits file, {}\n{}", spec.at.file.display(), file.trim_end());
    text.push('\n');
    for fault in &pattern.faults {
        let _ = writeln!(text, "cannot be used: {fault}");
    }
    Ok(text)
}
