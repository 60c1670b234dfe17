//! Lists the files that a source's globs match.
//!
//! Promises: only directories that can hold a match are listed; a directory that changes while it is listed is listed
//! again; what cannot be listed is said. `*` does not match a leading dot, as in a shell; `**` does not follow links to
//! directories. Does not: open files.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::hooks::{Hooks, Point};
use super::identity::{Look, is_regular};
use crate::model::fault::{Fault, Located};

/// How often a directory that keeps changing is listed in one scan; the next scan goes on.
pub(super) const MOST_LISTINGS: usize = 4;

#[derive(Debug)]
pub(super) struct Globs {
    include: Vec<Pattern>,
    exclude: GlobSet,
}

/// A glob, cut at its slashes: the directory above the first wildcard, and what is to match below it.
#[derive(Debug)]
struct Pattern {
    base: PathBuf,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Literal(OsString),
    Wild { matcher: GlobMatcher, leading_dot: Dotted },
    AnyDepth,
}

/// Whether a leading dot was written.
#[derive(Debug, PartialEq, Eq)]
enum Dotted {
    Yes,
    No,
}

/// What a scan of the globs gave.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In the order of paths as bytes, each once: the order in which new files are begun.
    entries: Vec<(PathBuf, Look)>,
    pub(super) obstacles: BTreeMap<PathBuf, Obstacle>,
    /// Every directory that was listed or was to be, as it looked before; `None` for one that could not be.
    pub(super) directories: Vec<(PathBuf, Option<Look>)>,
    /// Some entries are links to files elsewhere.
    pub(super) has_links: bool,
}

impl Listing {
    /// False when files may be there that could not be seen.
    pub(super) fn is_complete(&self) -> bool {
        !self.obstacles.values().any(|obstacle| matches!(obstacle, Obstacle::Failed(_)))
    }

    pub(super) fn entries(&self) -> &[(PathBuf, Look)] {
        &self.entries
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Look> {
        let bytes = path.as_os_str();
        let at = self.entries.binary_search_by(|(known, _)| known.as_os_str().cmp(bytes)).ok()?;
        self.entries.get(at).map(|(_, look)| look)
    }

    /// Puts the entries in order. Of a path that was listed twice, the later look is kept.
    fn sort(&mut self) {
        // Paths compare by components; as bytes they compare ten times faster.
        self.entries.reverse();
        self.entries.sort_by(|(left, _), (right, _)| left.as_os_str().cmp(right.as_os_str()));
        self.entries.dedup_by(|(later, _), (first, _)| later.as_os_str() == first.as_os_str());
    }

    fn fail(&mut self, path: &Path, errno: Errno) {
        let why = std::io::Error::from(errno).to_string();
        let obstacle = match errno {
            Errno::NOENT | Errno::NOTDIR => Obstacle::Missing(why),
            _ => Obstacle::Failed(why),
        };
        self.obstacles.insert(path.to_owned(), obstacle);
    }
}

/// Something in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The directory is not there: nothing can be in it.
    Missing(String),
    /// It could not be listed or looked at.
    Failed(String),
    /// A name that matches, and is no regular file.
    NotRegular,
}

impl Globs {
    /// Gathers the faults of all globs.
    pub(super) fn new(include: &[Located<String>], exclude: &[Located<String>], faults: &mut Vec<Fault>) -> Self {
        let mut patterns = Vec::new();
        for glob in include {
            match Pattern::new(&glob.value) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => faults.push(glob_fault(glob, &why)),
            }
        }
        let mut excluded = GlobSetBuilder::new();
        for glob in exclude {
            let whole = if glob.value.contains('/') { glob.value.clone() } else { format!("**/{}", glob.value) };
            match compile(&whole) {
                Ok(matcher) => {
                    excluded.add(matcher.glob().clone());
                }
                Err(why) => faults.push(glob_fault(glob, &why)),
            }
        }
        let exclude = excluded.build().unwrap_or_else(|_| GlobSet::empty());
        Self { include: patterns, exclude }
    }

    /// True for a path that is not to be read, whatever matches it.
    pub(super) fn excludes(&self, path: &Path) -> bool {
        self.exclude.is_match(path)
    }

    /// True for a path that a scan would show if a file stood there.
    pub(super) fn matches(&self, path: &Path) -> bool {
        !self.excludes(path) && self.include.iter().any(|pattern| pattern.matches(path))
    }

    /// The directories above all wildcards, and those of literal paths: where hints are worth having.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Path> {
        self.include.iter().map(|pattern| pattern.base.as_path())
    }

    pub(super) fn list(&self, hooks: &mut Hooks) -> Listing {
        let mut listing = Listing::default();
        for pattern in &self.include {
            let mut walk = Walk { exclude: &self.exclude, listing: &mut listing, hooks: &mut *hooks };
            walk.directory(&pattern.base, &pattern.parts, Expected::Yes);
        }
        listing.sort();
        listing
    }
}

fn glob_fault(glob: &Located<String>, why: &str) -> Fault {
    Fault::new(glob.at.clone(), format!("`{}` is not a glob that can be used: {why}", glob.value))
        .help("write an absolute path such as `/var/log/nginx/*access.log`")
}

fn compile(text: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|err| err.kind().to_string())
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let Some(below_root) = text.strip_prefix('/') else { return Err("it does not begin with `/`".to_owned()) };
        let mut base = PathBuf::from("/");
        let mut parts = Vec::new();
        let names: Vec<&str> = below_root.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
        for (index, name) in names.iter().enumerate() {
            let is_last = index + 1 == names.len();
            let part = Part::new(name)?;
            match part {
                Part::Literal(name) if parts.is_empty() && !is_last => base.push(name),
                Part::AnyDepth if is_last => parts.extend([Part::AnyDepth, Part::new("*")?]),
                other => parts.push(other),
            }
        }
        if parts.is_empty() || text.ends_with('/') {
            return Err("it does not name files".to_owned());
        }
        Ok(Self { base, parts })
    }
}

impl Pattern {
    fn matches(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.base) else { return false };
        let names: Vec<&OsStr> = below.iter().collect();
        match_names(&self.parts, &names)
    }
}

fn match_names(parts: &[Part], names: &[&OsStr]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((Part::AnyDepth, rest)), _) if match_names(rest, names) => true,
        (Some((part @ Part::AnyDepth, _)), Some((name, below))) => part.matches(name) && match_names(parts, below),
        (Some((part, rest)), Some((name, below))) => part.matches(name) && match_names(rest, below),
        _ => false,
    }
}

impl Part {
    fn new(name: &str) -> Result<Self, String> {
        if name == ".." {
            return Err("`..` would make a name ambiguous".to_owned());
        }
        if name == "**" {
            return Ok(Self::AnyDepth);
        }
        if !name.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(Self::Literal(name.into()));
        }
        if name.matches('{').count() != name.matches('}').count() {
            return Err("a `{…}` may not hold a `/`".to_owned());
        }
        let leading_dot = if name.starts_with('.') { Dotted::Yes } else { Dotted::No };
        Ok(Self::Wild { matcher: compile(name)?, leading_dot })
    }

    fn matches(&self, name: &OsStr) -> bool {
        match self {
            Self::Literal(literal) => literal == name,
            Self::Wild { matcher, leading_dot } => {
                (!name.as_bytes().starts_with(b".") || *leading_dot == Dotted::Yes) && matcher.is_match(name)
            }
            Self::AnyDepth => !name.as_bytes().starts_with(b"."),
        }
    }
}

/// Whether a directory is named in the glob, or was found by a wildcard and may go again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Yes,
    No,
}

struct Walk<'a> {
    exclude: &'a GlobSet,
    listing: &'a mut Listing,
    hooks: &'a mut Hooks,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, parts: &[Part], expected: Expected) {
        let Some((part, rest)) = parts.split_first() else { return };
        if let (Part::Literal(name), false) = (part, rest.is_empty()) {
            return self.directory(&path.join(name), rest, expected);
        }
        if let Part::AnyDepth = part {
            self.directory(path, rest, expected);
        }
        if let Err(errno) = self.entries(path, part, rest)
            && (expected == Expected::Yes || !matches!(errno, Errno::NOENT | Errno::NOTDIR))
        {
            self.listing.fail(path, errno);
        }
    }

    /// Lists one directory until it does not change meanwhile: a file that is renamed during a listing may be seen under
    /// neither of its names.
    fn entries(&mut self, path: &Path, part: &Part, rest: &[Part]) -> Result<(), Errno> {
        let mut below = Vec::new();
        let noted = self.listing.directories.len();
        self.listing.directories.push((path.to_owned(), None));
        let mut listed = None;
        for _ in 0..MOST_LISTINGS {
            let handle = open_directory(path)?;
            let before = Look::new(&rustix::fs::fstat(&handle)?);
            let names = match part {
                Part::Literal(name) => vec![(name.clone(), FileType::Unknown)],
                _ => matching_names(&handle, part)?,
            };
            self.hooks.reach(Point::Listed, path);
            below.clear();
            for (name, kind) in names {
                if rest.is_empty() {
                    self.file(&handle, path, &name, kind);
                } else if is_directory(&handle, &name, kind, part) {
                    below.push(path.join(name));
                }
            }
            listed = Some(before);
            if Look::new(&rustix::fs::fstat(&handle)?) == before {
                break;
            }
        }
        if let Some((_, look)) = self.listing.directories.get_mut(noted) {
            *look = listed;
        }
        for directory in below {
            match part {
                Part::AnyDepth => self.any_depth(&directory, rest),
                _ => self.directory(&directory, rest, Expected::No),
            }
        }
        Ok(())
    }

    fn any_depth(&mut self, directory: &Path, rest: &[Part]) {
        self.directory(directory, rest, Expected::No);
        if let Err(errno) = self.entries(directory, &Part::AnyDepth, rest)
            && !matches!(errno, Errno::NOENT | Errno::NOTDIR)
        {
            self.listing.fail(directory, errno);
        }
    }

    fn file(&mut self, directory: &impl AsFd, path: &Path, name: &OsStr, kind: FileType) {
        if matches!(kind, FileType::Directory) {
            return;
        }
        let path = path.join(name);
        if self.exclude.is_match(&path) {
            return;
        }
        match rustix::fs::statat(directory, name, AtFlags::empty()) {
            Ok(stat) if is_regular(&stat) => {
                self.listing.has_links |= is_link(directory, name, kind);
                if !self.listing.obstacles.is_empty() {
                    self.listing.obstacles.remove(&path);
                }
                self.listing.entries.push((path, Look::new(&stat)));
            }
            Ok(_) => {
                self.listing.obstacles.insert(path, Obstacle::NotRegular);
            }
            // Gone since it was listed, or a link to nothing.
            Err(Errno::NOENT) => {}
            Err(errno) => {
                let why = std::io::Error::from(errno).to_string();
                self.listing.obstacles.insert(path, Obstacle::Failed(why));
            }
        }
    }
}

pub(super) fn open_directory(path: &Path) -> Result<rustix::fd::OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::open(path, flags, Mode::empty())
}

fn matching_names(directory: &impl AsFd, part: &Part) -> Result<Vec<(OsString, FileType)>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." && part.matches(name) {
            names.push((name.to_owned(), entry.file_type()));
        }
    }
    Ok(names)
}

fn is_link(directory: &impl AsFd, name: &OsStr, kind: FileType) -> bool {
    match kind {
        FileType::RegularFile => false,
        FileType::Unknown => rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink),
        _ => true,
    }
}

fn is_directory(directory: &impl AsFd, name: &OsStr, kind: FileType, part: &Part) -> bool {
    match (kind, part) {
        (FileType::Directory, _) => true,
        // Links may lead back up: only those that a part names or matches are followed, never `**`.
        (FileType::Symlink, Part::AnyDepth) => false,
        (FileType::Symlink | FileType::Unknown, _) => {
            let flags = if let Part::AnyDepth = part { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
            rustix::fs::statat(directory, name, flags)
                .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
        }
        _ => false,
    }
}
