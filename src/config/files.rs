//! The files of a configuration: the main one, `conf.d`, and the directories of patterns.
//!
//! Promises: reads regular files of a bounded size and nothing else; a file that cannot be read says why.
//! Does not: know what stands in them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::report::{Report, Unread};
use super::{pattern_file, shipped};
use crate::model::fault::{Fault, Location};
use crate::model::spec::PatternSpec;

/// No configuration is near this; a log that was named by mistake is beyond it.
const FILE_BYTES: u64 = 16 << 20;

/// A file's path and text.
pub(super) struct TextFile {
    pub(super) path: Arc<Path>,
    pub(super) text: String,
}

/// Every pattern that can be named.
#[derive(Debug, Default)]
pub struct Patterns {
    pub whole: BTreeMap<String, PatternSpec>,
    /// Files that are no patterns, by the name that they would have.
    pub broken: BTreeMap<String, Vec<Fault>>,
}

/// The main file, then those of `conf.d` beside it in the order of their names.
pub(super) fn read_configuration(main: &Path, report: &Report) -> Vec<TextFile> {
    let mut paths = vec![main.to_owned()];
    match list(&directory_of(main).join("conf.d")) {
        Ok(others) => paths.extend(others),
        Err(fault) => report.add_unreadable(fault, Unread::Rest),
    }
    let mut files = Vec::new();
    for path in paths {
        match read_text(&path) {
            Ok(file) => files.push(file),
            Err(fault) => {
                report.begin(&fault.at.file);
                report.add_unreadable(fault, Unread::Rest);
            }
        }
    }
    files
}

/// Where the files beside the main one are.
pub(super) fn directory_of(main: &Path) -> &Path {
    main.parent().unwrap_or(Path::new(""))
}

/// The patterns of all directories, then those built in. A name in an earlier directory wins, broken or not: a pattern
/// that is not what stands in its file would count wrongly.
pub(super) fn read_patterns(directories: &[PathBuf], report: &Report) -> Patterns {
    let mut patterns = Patterns::default();
    for directory in directories {
        match list(directory) {
            Ok(paths) => paths.iter().for_each(|path| patterns.add_file(path)),
            Err(fault) => report.add(fault),
        }
    }
    for (name, text) in shipped::PATTERNS {
        patterns.add(name, &built_in_path(name), text);
    }
    patterns
}

/// The place that messages give for a pattern without a file.
pub(super) fn built_in_path(name: &str) -> PathBuf {
    PathBuf::from(format!("<built in>/{name}.toml"))
}

impl Patterns {
    fn add_file(&mut self, path: &Path) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if self.knows(&name) {
            return;
        }
        match read_text(path) {
            Ok(file) => self.add(&name, path, &file.text),
            Err(fault) => {
                self.broken.insert(name, vec![fault]);
            }
        }
    }

    fn add(&mut self, name: &str, path: &Path, text: &str) {
        if self.knows(name) {
            return;
        }
        match pattern_file::read(text, path) {
            Ok(spec) if spec.name == name => {
                self.whole.insert(spec.name.clone(), spec);
            }
            Ok(spec) => {
                let message = format!("pattern `{}` is in a file of another name; expected `{name}`", spec.name);
                let help = format!("write name = \"{name}\", or rename the file to {}.toml", spec.name);
                self.broken.insert(name.to_owned(), vec![Fault::new(spec.at, message).help(help)]);
            }
            Err(faults) => {
                self.broken.insert(name.to_owned(), faults);
            }
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.whole.contains_key(name) || self.broken.contains_key(name)
    }
}

/// The `.toml` files of a directory by name, without hidden ones; none where there is no such directory.
fn list(directory: &Path) -> Result<Vec<PathBuf>, Fault> {
    let fault = |err: &io::Error| {
        let message = format!("the directory cannot be listed: {}", reason(err));
        Fault::new(Location::new(directory, 0), message)
            .help("make it a directory that pxtail's user may read, or remove it")
    };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(fault(&err)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let name = entry.map_err(|err| fault(&err))?.file_name();
        let bytes = name.as_encoded_bytes();
        // Editors keep their half-written files under hidden names.
        if bytes.ends_with(b".toml") && !bytes.starts_with(b".") {
            paths.push(directory.join(name));
        }
    }
    paths.sort();
    Ok(paths)
}

/// A file's text.
fn read_text(path: &Path) -> Result<TextFile, Fault> {
    let fault = |message: String, help: &str| Fault::new(Location::new(path, 0), message).help(help);
    let io_fault = |err: io::Error| fault(format!("cannot be read: {}", reason(&err)), advice(&err));
    // Before it is opened: a pipe that nobody writes to would wait for ever.
    let kind = fs::metadata(path).map_err(io_fault)?;
    if kind.is_dir() {
        return Err(fault("is a directory; expected a file".to_owned(), "give the path of the file in it"));
    }
    if !kind.is_file() {
        return Err(fault("is no regular file".to_owned(), "give the path of a TOML file"));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(io_fault)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(fault("is larger than 16MiB".to_owned(), "give the path of a TOML file; this is something else"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(TextFile { path: Arc::from(path), text }),
        Err(err) => {
            let valid = &err.as_bytes()[..err.utf8_error().valid_up_to()];
            let line = memchr::memchr_iter(b'\n', valid).count() + 1;
            let at = Location::new(path, u32::try_from(line).unwrap_or(u32::MAX));
            Err(Fault::new(at, "holds bytes that are not UTF-8").help("save the file as UTF-8"))
        }
    }
}

fn reason(err: &io::Error) -> String {
    match err.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::NotADirectory => "a part of its path is no directory".to_owned(),
        _ => err.to_string(),
    }
}

fn advice(err: &io::Error) -> &'static str {
    match err.kind() {
        ErrorKind::NotFound => "write one, or give the path of yours with --config",
        ErrorKind::PermissionDenied => "let pxtail's user read it: chmod, chown",
        _ => "see that the path is right and its disk is well",
    }
}
