//! Patterns by name or by file, for the verbs that need no configuration.
//!
//! Does not: compile them.

use std::path::{Path, PathBuf};

use super::{FAILED, Failure, say};
use crate::config::{self, LoadOptions, Patterns, pattern_file};
use crate::model::fault::Fault;
use crate::model::spec::PatternSpec;

/// The patterns that a configuration at this path could name. What is wrong with directories is said at once.
pub fn known(config: &Path) -> Patterns {
    let (patterns, faults) = config::patterns(&LoadOptions::standard(config).pattern_dirs);
    for fault in faults {
        say(&format!("warning: {fault}"));
    }
    patterns
}

/// The pattern that a person named: a file where there is one or the text looks like one, else a name.
pub fn find(named: &str, config: &Path) -> Result<PatternSpec, Failure> {
    let path = PathBuf::from(named);
    if named.contains('/') || path.extension().is_some_and(|extension| extension == "toml") {
        return read_file(&path)?.map_err(|faults| Failure::new(FAILED, joined(&faults)));
    }
    let mut patterns = known(config);
    if let Some(faults) = patterns.broken.get(named) {
        return Err(Failure::new(FAILED, format!("pattern `{named}` has faults:\n{}", joined(faults))));
    }
    patterns.whole.remove(named).ok_or_else(|| {
        let help = match config::nearest(named, patterns.whole.keys().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`? `pxtail list patterns` shows all"),
            None => "`pxtail list patterns` shows all; a file is given with its path: ./my.toml".to_owned(),
        };
        Failure::new(FAILED, format!("there is no pattern `{named}`\nhelp: {help}"))
    })
}

/// The outer error: the file cannot be read. The inner one: it is no pattern.
pub fn read_file(file: &Path) -> Result<Result<PatternSpec, Vec<Fault>>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|err| unreadable(file, &err))?;
    Ok(pattern_file::read(&text, file))
}

/// A file that a person named cannot be read.
pub fn unreadable(file: &Path, err: &std::io::Error) -> Failure {
    let file = file.display();
    if err.kind() == std::io::ErrorKind::InvalidData {
        return Failure::new(FAILED, format!("{file}: {err}"));
    }
    Failure::new(FAILED, format!("{file}: cannot be read: {err}\nhelp: check the path and who may read it"))
}

fn joined(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}
