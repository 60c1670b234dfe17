//! The sources of a configuration that a file belongs to which a person named.
//!
//! Does not: look whether the agent follows it.

use std::path::Path;

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
