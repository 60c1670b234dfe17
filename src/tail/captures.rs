//! Fields from a file's own path: `/var/log/{tenant}/access.log`.
//!
//! Promises: a rotated name (`access.log.1`, `access.log-20261123.gz`) gives what its first name gave; a path that no glob
//! matches gives what its directories give. Does not: touch files.
//!
//! Where a path can be read in several ways (`{a}-{b}.log`), the first name takes as much as it can.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use regex::bytes::Regex;

use super::rotated;
use crate::model::fault::Fault;
use crate::model::spec::{PathGlob, PathPiece};

/// The globs of one source that have names in them.
#[derive(Debug, Default)]
pub struct PathCaptures {
    globs: Vec<Captures>,
}

#[derive(Debug)]
struct Captures {
    whole: Regex,
    /// The glob's directories, where a name stands in them.
    directories: Option<Regex>,
}

/// Fields' names and values.
pub type PathFields = Vec<(String, Vec<u8>)>;

impl PathCaptures {
    pub fn new(globs: &[PathGlob]) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut compiled = Vec::new();
        for glob in globs {
            let directories = directories_of(&glob.pieces);
            let has_names = directories.iter().any(|piece| matches!(piece, PathPiece::Name(_)));
            let both = expression(&glob.pieces)
                .and_then(|whole| Ok((whole, has_names.then(|| expression(&directories)).transpose()?)));
            match both {
                Ok((whole, directories)) => compiled.push(Captures { whole, directories }),
                Err(why) => {
                    let message = format!("the fields of a path cannot be read: {why}");
                    faults.push(Fault::new(glob.at.clone(), message));
                }
            }
        }
        if faults.is_empty() { Ok(Self { globs: compiled }) } else { Err(faults) }
    }

    /// What the path gives: names and values in the order of the glob.
    #[must_use]
    pub fn read(&self, path: &Path) -> PathFields {
        let names = candidates(path);
        let of_names =
            names.iter().find_map(|path| self.globs.iter().find_map(|glob| captures(&glob.whole, path.as_os_str())));
        let of_directories = || {
            let directory = path.parent()?;
            self.globs.iter().find_map(|glob| captures(glob.directories.as_ref()?, directory.as_os_str()))
        };
        of_names.or_else(of_directories).unwrap_or_default()
    }
}

/// The path, then what it may have been called before it was rotated and compressed.
fn candidates(path: &Path) -> Vec<PathBuf> {
    let mut names = vec![path.to_owned()];
    names.extend(rotated::base_paths(path));
    names.dedup();
    names
}

fn captures(regex: &Regex, path: &OsStr) -> Option<PathFields> {
    let found = regex.captures(path.as_bytes())?;
    let value = |name: &str| Some((name.to_owned(), found.name(name)?.as_bytes().to_owned()));
    Some(regex.capture_names().flatten().filter_map(value).collect())
}

/// What stands before the last slash. A slash inside of a choice is refused with the glob.
fn directories_of(pieces: &[PathPiece]) -> Vec<PathPiece> {
    let mut kept = pieces.to_vec();
    while let Some(last) = kept.pop() {
        if let PathPiece::Glob(glob) = last
            && let Some((before, _)) = glob.rsplit_once('/')
        {
            if !before.is_empty() {
                kept.push(PathPiece::Glob(before.to_owned()));
            }
            break;
        }
    }
    kept
}

/// The glob as an expression, each name a group.
fn expression(pieces: &[PathPiece]) -> Result<Regex, String> {
    // A sign that stands for itself in both languages, and in no path that a person writes.
    let place = |index: usize| format!("\u{1}{index}\u{1}");
    let glob: String = (0..)
        .zip(pieces)
        .map(|(index, piece)| match piece {
            PathPiece::Glob(glob) => glob.clone(),
            PathPiece::Name(_) => place(index),
        })
        .collect();
    let glob = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build();
    let mut text = glob.map_err(|err| err.kind().to_string())?.regex().to_owned();
    for (index, piece) in (0..).zip(pieces) {
        if let PathPiece::Name(name) = piece {
            text = text.replacen(&place(index), &format!("(?P<{name}>[^/]+)"), 1);
        }
    }
    Regex::new(&text).map_err(|err| err.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::PathCaptures;
    use crate::model::fault::Location;
    use crate::model::spec::{PathGlob, PathPiece};

    fn glob(pieces: &[&str]) -> PathGlob {
        let piece = |text: &&str| match text.strip_prefix('{') {
            Some(name) => PathPiece::Name(name.to_owned()),
            None => PathPiece::Glob((*text).to_owned()),
        };
        PathGlob { at: Location::new("c.toml", 1), pieces: pieces.iter().map(piece).collect() }
    }

    /// `name=value` of what is found.
    #[track_caller]
    fn check(globs: &[&[&str]], path: &str, expected: &[&str]) {
        let globs: Vec<PathGlob> = globs.iter().map(|pieces| glob(pieces)).collect();
        let found = PathCaptures::new(&globs).expect("globs").read(Path::new(path));
        let found: Vec<String> = found.iter().map(|(name, value)| format!("{name}={}", value.escape_ascii())).collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn a_name_is_at_least_one_byte_of_one_segment() {
        let tenant: &[&str] = &["/var/log/", "{tenant", "/access.log"];
        check(&[tenant], "/var/log/acme/access.log", &["tenant=acme"]);
        check(&[tenant], "/var/log//access.log", &[]);
        check(&[tenant], "/var/log/a/b/access.log", &[]);
        check(&[tenant], "/var/log/a.b-c d/access.log", &["tenant=a.b-c d"]);
        let pods: &[&str] = &["/pods/", "{ns", "_", "{pod", "_", "{uid", "/", "{container", "/*.log"];
        check(&[pods], "/pods/web_app-1_0a/nginx/0.log", &["ns=web", "pod=app-1", "uid=0a", "container=nginx"]);
        check(&[pods], "/pods/web_app-1/nginx/0.log", &[]);
        check(&[&["/l/", "{a", "-", "{b", ".log"]], "/l/my-app-prod.log", &["a=my-app", "b=prod"]);
        check(&[&["/l/**/", "{a", ".{log,txt}"]], "/l/x/y/z.txt", &["a=z"]);
    }

    #[test]
    fn a_rotated_name_gives_what_the_first_one_gave() {
        let tenant: &[&str] = &["/var/log/", "{tenant", "/", "{site", ".log"];
        for rotated in
            ["shop.log", "shop.log.1", "shop.log-20261123.gz", "shop.log.12.zst", "shop.log-2026-11-23T10:00:00Z"]
        {
            check(&[tenant], &format!("/var/log/acme/{rotated}"), &["tenant=acme", "site=shop"]);
        }
        // Only the directories are known.
        check(&[tenant], "/var/log/acme/old-shop", &["tenant=acme"]);
        check(&[tenant], "/srv/acme/old-shop", &[]);
    }

    #[test]
    fn the_first_glob_that_matches_gives_the_fields() {
        check(&[&["/a/", "{x", ".log"], &["/", "{y", "/b.log"]], "/a/b.log", &["x=b"]);
        check(&[&["/a/", "{x", ".log"], &["/", "{y", "/b.log"]], "/c/b.log", &["y=c"]);
    }
}
