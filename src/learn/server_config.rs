//! Log formats out of the configuration of the server that writes the log.
//!
//! Promises: a format is the text that the server itself works with: quotes, escapes, pieces and continued lines are
//! undone as the server does it, and nothing else is changed; a bounded number of files of bounded size is read. Does not:
//! run the server, or know which of several virtual hosts a log belongs to.

mod apache;
mod envoy;
mod haproxy;
mod nginx;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use crate::model::fault::Location;

/// Whose syntax a format is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    Nginx,
    Apache,
    Haproxy,
    Envoy,
}

impl Syntax {
    /// As `syntax` of a pattern file has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache",
            Self::Haproxy => "haproxy",
            Self::Envoy => "envoy",
        }
    }
}

/// One log format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub name: String,
    pub syntax: Syntax,
    pub text: String,
    /// nginx's `escape=`, where it is given.
    pub escape: Option<String>,
    pub at: Location,
    /// The log files that are written in it, as the configuration names them.
    pub logs: Vec<String>,
}

/// What a configuration holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub formats: Vec<Format>,
    /// Logs in a format that the server knows by itself, and which: `combined`, `haproxy_http`.
    pub known: Vec<(String, String)>,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// Whose configuration a text is, by the words it holds; `None` for anything else.
#[must_use]
pub fn recognised(text: &str) -> Option<Syntax> {
    // A log can quote a configuration, but no log's lines begin with these words and end so.
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).take(5_000);
    lines.find_map(|line| {
        let word = line.split([' ', '\t', '{', ':']).next().unwrap_or_default();
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "log_format" | "access_log" | "worker_processes" | "http" | "server" | "stream"
                if line.ends_with([';', '{']) || word == "log_format" =>
            {
                Some(Syntax::Nginx)
            }
            "logformat" | "customlog" | "serverroot" | "loadmodule" | "<virtualhost" | "includeoptional"
            | "documentroot"
                if line.contains(' ') =>
            {
                Some(Syntax::Apache)
            }
            "log-format" => Some(Syntax::Haproxy),
            "option" if line.contains("httplog") || line.contains("tcplog") => Some(Syntax::Haproxy),
            "static_resources" | "access_log" | "text_format" | "text_format_source" | "inline_string"
                if line.contains(':') =>
            {
                Some(Syntax::Envoy)
            }
            _ => None,
        }
    })
}

/// Reads the configuration of this server, with what it includes.
///
/// # Errors
/// The file itself cannot be read.
pub fn read(path: &Path, syntax: Syntax) -> std::io::Result<Found> {
    let text = read_text(path)?;
    let mut files = Files { directory: path.parent().unwrap_or(Path::new("")).to_owned(), ..Files::default() };
    Ok(match syntax {
        Syntax::Nginx => nginx::read(path, &text, &mut files),
        Syntax::Apache => apache::read(path, &text, &mut files),
        Syntax::Haproxy => haproxy::read(path, &text),
        Syntax::Envoy => envoy::read(path, &text),
    })
}

/// No server's configuration file is near this.
const FILE_BYTES: u64 = 16 << 20;
/// Files read at most: an include that includes itself ends.
const MOST_FILES: usize = 2_000;

fn read_text(path: &Path) -> std::io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The files that a configuration includes.
#[derive(Debug, Default)]
struct Files {
    /// What relative names begin at.
    directory: PathBuf,
    seen: BTreeSet<PathBuf>,
    notes: Vec<String>,
}

impl Files {
    /// The texts of an include, each once.
    fn included(&mut self, glob: &str) -> Vec<(PathBuf, String)> {
        let mut texts = Vec::new();
        let paths = expand(&self.directory.join(glob));
        let is_glob = glob.contains(['*', '?', '[']);
        if paths.is_empty() && !is_glob {
            self.notes.push(format!("`{glob}` is included, but is not there"));
        }
        for path in paths {
            if self.seen.len() >= MOST_FILES || !self.seen.insert(path.clone()) {
                continue;
            }
            match read_text(&path) {
                Ok(text) => texts.push((path, text)),
                Err(err) => self.notes.push(format!("{}: cannot be read: {err}", path.display())),
            }
        }
        texts
    }
}

/// The files that a glob names, sorted; of a directory, all files in it.
fn expand(glob: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in glob.components() {
        let name = part.as_os_str().to_string_lossy();
        if !name.contains(['*', '?', '[']) {
            for path in &mut found {
                path.push(part);
            }
            continue;
        }
        let Ok(glob) = GlobBuilder::new(&name).literal_separator(true).build() else { return Vec::new() };
        let glob = glob.compile_matcher();
        found = found
            .iter()
            .flat_map(|path| entries(path))
            .filter(|path| path.file_name().is_some_and(|name| glob.is_match(name)))
            .collect();
    }
    found.retain(|path| path.exists());
    let mut files: Vec<PathBuf> = Vec::new();
    for path in found {
        if path.is_dir() {
            files.extend(entries(&path).into_iter().filter(|path| path.is_file()));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let entries = entries.flatten().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    entries.take(MOST_FILES).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests;
