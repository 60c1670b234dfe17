//! The sources of a configuration that a file belongs to which a person named.
//!
//! Does not: look whether the agent follows it.

use std::path::Path;

use super::{FAILED, Failure};
use crate::model::file::SourceIndex;
use crate::model::spec::{Configuration, SourceSpec};
use crate::tail::log_file;

/// True where the source's `paths` match the file, or what it was called before it was rotated.
pub fn names(source: &SourceSpec, file: &Path) -> bool {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let matches = |glob: &str| {
        let glob = globset::Glob::new(glob).map(|glob| glob.compile_matcher());
        glob.is_ok_and(|glob| log_file::names_it_had(&file).any(|name| glob.is_match(name)))
    };
    source.paths.iter().any(|glob| matches(&glob.value))
}

/// The first source that names a file.
pub fn naming<'a>(configuration: &'a Configuration, file: &Path) -> Option<(usize, &'a SourceSpec)> {
    configuration.sources.iter().enumerate().find(|(_, source)| names(source, file))
}

/// The source to read a log as: the one that was named, the only one, or the one whose globs match the path.
pub fn to_read_as(configuration: &Configuration, named: Option<&str>, path: &Path) -> Result<SourceIndex, Failure> {
    let all = &configuration.sources;
    let known = || all.iter().map(|source| format!("`{}`", source.name)).collect::<Vec<_>>().join(", ");
    if let Some(name) = named {
        let found = all.iter().position(|source| source.name == name);
        return found.map(|index| SourceIndex(index as u32)).ok_or_else(|| {
            Failure::new(FAILED, format!("there is no source `{name}`\nhelp: the sources are {}", known()))
        });
    }
    if all.len() == 1 {
        return Ok(SourceIndex(0));
    }
    let found = naming(configuration, path).map(|(index, _)| index);
    found.map(|index| SourceIndex(index as u32)).ok_or_else(|| {
        let message = format!("{}: no source's `paths` match it", path.display());
        Failure::new(
            FAILED,
            format!("{message}\nhelp: say which source to read it as: --source with one of {}", known()),
        )
    })
}
