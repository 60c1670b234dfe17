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

pub fn run(arguments: &ListArguments) -> Result<(), Failure> {
    match &arguments.verb {
        ListVerb::Patterns(arguments) => run_patterns(arguments),
    }
}

fn run_patterns(arguments: &ListPatternsArguments) -> Result<(), Failure> {
    let specs = if let Some(name) = &arguments.name {
        vec![patterns::find(name, &arguments.config)?]
    } else {
        let known = patterns::known(&arguments.config);
        for (name, faults) in &known.broken {
            say(&format!("warning: pattern `{name}` cannot be used:"));
            for fault in faults {
                say(&fault.to_string());
            }
        }
        known.whole.into_values().collect()
    };
    let text = match (&specs[..], arguments.json) {
        ([one], true) if arguments.name.is_some() => json(&listed(one))?,
        (all, true) => json(&all.iter().map(listed).collect::<Vec<_>>())?,
        ([one], false) if arguments.name.is_some() => whole(one)?,
        (all, false) => overview(&all.iter().map(listed).collect::<Vec<_>>()),
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
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
        from: if is_built_in(spec) { "built in".to_owned() } else { spec.at.file.display().to_string() },
        fields: fields.collect(),
        any_field: compiled.as_ref().is_ok_and(Pattern::gives_any_name),
        has_time: compiled.as_ref().is_ok_and(Pattern::has_time),
        cases: spec.cases.len(),
        example: spec.cases.iter().find(|case| case.expect.is_some()).map(|case| case.line.clone()),
        faults: compiled.err().into_iter().flatten().map(|fault| fault.to_string()).collect(),
    }
}

fn overview(all: &[Listed]) -> String {
    let mut text = String::new();
    for pattern in all {
        let _ = writeln!(text, "{}  ({}, {})", pattern.name, pattern.engine, pattern.from);
        if let Some(about) = &pattern.about {
            text.push_str(&terminal::wrapped(&terminal::escaped(about.as_bytes()), "    "));
            text.push('\n');
        }
        text.push_str(&terminal::wrapped(&format!("gives {}", fields_in_words(pattern)), "    "));
        text.push('\n');
        for fault in &pattern.faults {
            let _ = writeln!(text, "    cannot be used: {fault}");
        }
    }
    text.push_str(
        "\n`pxtail list patterns NAME` shows one whole; `pxtail learn pattern LOG` finds the one for a log.\n",
    );
    text
}

fn fields_in_words(pattern: &Listed) -> String {
    let names: Vec<&str> = pattern.fields.keys().map(String::as_str).collect();
    match (names.is_empty(), pattern.any_field) {
        (true, _) => "each key of a line under its own name".to_owned(),
        (false, true) => format!("{}, and each other key under its own name", names.join(", ")),
        (false, false) => names.join(", "),
    }
}

fn whole(spec: &PatternSpec) -> Result<String, Failure> {
    let pattern = listed(spec);
    let about = pattern.about.as_deref().unwrap_or("(its file does not say what it is for)");
    let mut text = format!("{}  ({}, {})\n", pattern.name, pattern.engine, pattern.from);
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
