//! Where a new pattern goes.
//!
//! Promises: no file is overwritten. Does not: put it where an agent would read it, unless that is asked for.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::arguments::LearnPatternArguments;
use crate::cli::{FAILED, Failure};

/// The file that was written; `None` for standard output.
pub(super) fn pattern(arguments: &LearnPatternArguments, name: &str, text: &str) -> Result<Option<PathBuf>, Failure> {
    let path = match arguments.out.as_deref() {
        Some(out) if out == Path::new("-") => {
            io::stdout().write_all(text.as_bytes())?;
            return Ok(None);
        }
        None => PathBuf::from(format!("{name}.toml")),
        Some(out) if out.extension().is_some_and(|extension| extension == "toml") => out.to_owned(),
        Some(out) => out.join(format!("{name}.toml")),
    };
    let written = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|err| {
        let path = path.display();
        Failure::new(FAILED, match err.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{path}: is there already, and nothing is overwritten\nhelp: give another --name or --out, or move it away")
            }
            _ => format!("{path}: cannot be written: {err}\nhelp: give a directory that is there with --out"),
        })
    })?;
    Ok(Some(path))
}
