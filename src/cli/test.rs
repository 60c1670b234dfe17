//! `pxtail test`

use std::path::Path;

use super::arguments::TestArguments;
use super::{FAILED, Failure, load, say};
use crate::config::{pattern_file, shipped};
use crate::model::fault::Fault;
use crate::model::spec::PatternSpec;
use crate::parse::run_cases;

pub fn run(arguments: &TestArguments) -> Result<(), Failure> {
    let (mut cases, mut failures) = (0, 0);
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
                say(&format!("{}: {count} cases pass", spec.name));
            }
            Err(found) => {
                for failure in found {
                    fail(format!("{}: {}", failure.at, failure.message));
                }
            }
        }
    }
    if failures > 0 {
        return Err(Failure::new(FAILED, format!("{failures} failed, {cases} cases passed")));
    }
    say(&format!("all {cases} cases pass"));
    Ok(())
}

fn specs(arguments: &TestArguments, fail: &mut impl FnMut(String)) -> Result<Vec<PatternSpec>, Failure> {
    let mut specs = Vec::new();
    let mut read = |text: &str, file: &Path| match pattern_file::read(text, file) {
        Ok(spec) => specs.push(spec),
        Err(faults) => faults.iter().map(Fault::to_string).for_each(&mut *fail),
    };
    for file in &arguments.files {
        let text = std::fs::read_to_string(file)
            .map_err(|err| Failure::new(FAILED, format!("{}: cannot be read: {err}", file.display())))?;
        read(&text, file);
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
        read(text, Path::new(&format!("patterns/{name}.toml")));
    }
    Ok(specs)
}
