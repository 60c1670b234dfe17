//! TOML to a checked configuration: every fault at once, with its place, what was expected and what to do.
//!
//! The main file, then `conf.d/*.toml` beside it in the order of their names. Lists of sections (`[[source]]`,
//! `[[metric]]`) add up; a section that is there once (`[px]`) stands in one file only. Patterns come from the directories
//! of [`LoadOptions`], then from the program itself; an earlier one wins whole. `${VAR}`, `${VAR:-text}` and
//! `${VAR:?message}` are put into texts of the configuration, after TOML is read; not into pattern files.
//!
//! Promises: reads the configuration and the pattern files, nothing else; a configuration that loads keeps every limit
//! written here. Does not: touch logs, state or network; compile patterns; see whether a pattern gives a field.

mod condition;
mod document;
mod encoding;
mod files;
mod metric;
mod names;
mod paths;
pub mod pattern_file;
mod px;
mod records;
mod references;
mod report;
mod section;
mod settings;
pub mod shipped;
mod source;
mod template;
mod time_zone;
mod top;
mod units;
mod value;
mod variables;
mod words;

use std::path::{Path, PathBuf};

pub use self::files::Patterns;
use self::report::Report;
pub use self::variables::Environment;
use crate::model::fault::{Fault, Faults};
use crate::model::spec::{Configuration, PatternSpec};

/// Where packages put the patterns of an administrator, and their own.
const PATTERN_DIRS: [&str; 2] = ["/etc/pxtail/patterns.d", "/usr/share/pxtail/patterns"];

/// What a configuration is read with, beside its own files.
#[derive(Debug)]
pub struct LoadOptions {
    /// Directories of pattern files; an earlier one wins. Those that are not there are passed over.
    pub pattern_dirs: Vec<PathBuf>,
    /// What `${VAR}` stands for.
    pub environment: Environment,
}

impl LoadOptions {
    /// As `pxtail run` reads: `patterns.d` beside the main file, `/etc/pxtail/patterns.d`, `/usr/share/pxtail/patterns`, and
    /// the environment of the process.
    #[must_use]
    pub fn standard(config: &Path) -> Self {
        let mut pattern_dirs = vec![files::directory_of(config).join("patterns.d")];
        for directory in PATTERN_DIRS.map(PathBuf::from) {
            if !pattern_dirs.contains(&directory) {
                pattern_dirs.push(directory);
            }
        }
        Self { pattern_dirs, environment: Environment::process() }
    }
}

/// The patterns that can be named without a configuration, and what is wrong with their directories.
#[must_use]
pub fn patterns(directories: &[PathBuf]) -> (Patterns, Vec<Fault>) {
    let report = Report::default();
    let patterns = files::read_patterns(directories, &report);
    (patterns, report.into_faults())
}

/// The text of a pattern's file; of one that comes with the program, its text there.
///
/// # Errors
/// The file cannot be read any more.
pub fn pattern_text(spec: &PatternSpec) -> std::io::Result<String> {
    match shipped::PATTERNS.iter().find(|(name, _)| *spec.at.file == *files::built_in_path(name)) {
        Some((_, text)) => Ok((*text).to_owned()),
        None => std::fs::read_to_string(&spec.at.file),
    }
}

/// Whether the pattern comes with the program itself, and not from a file.
#[must_use]
pub fn is_built_in(spec: &PatternSpec) -> bool {
    *spec.at.file == *files::built_in_path(&spec.name)
}

/// The known word nearest to `word`, when it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    words::nearest(word, known)
}

/// Reads the configuration whose main file is `config`.
///
/// # Errors
/// Every fault of every file, in the order of the files and lines.
pub fn load(config: &Path, options: &LoadOptions) -> Result<Configuration, Faults> {
    let report = Report::default();
    let texts = files::read_configuration(config, &report);
    let patterns = files::read_patterns(&options.pattern_dirs, &report);
    let configuration = top::read(config, &texts, patterns, &options.environment, &report);
    match configuration {
        Some(configuration) if report.is_empty() => Ok(configuration),
        _ => Err(Faults(report.into_faults())),
    }
}

#[cfg(test)]
mod tests;
