//! Names in directories, with the kernel's inode numbers.
//!
//! Promises: what is given stood there at one moment, or it is said that it did not. Does not: open files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType};

use super::glob::{MOST_LISTINGS, open_directory};
use super::identity::Look;

/// Directories below one that are looked into.
const MOST_BELOW: usize = 64;

/// What stands in a directory.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Names of files, with the kernel's inode numbers, in order.
    pub(super) files: Vec<(OsString, u64)>,
    pub(super) directories: Vec<OsString>,
}

/// The names in directories, listed once for all files that are looked for at a scan: that may be thousands.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    listed: HashMap<PathBuf, Listed>,
    below: HashMap<PathBuf, Vec<PathBuf>>,
}

#[derive(Debug, Default)]
struct Listed {
    names: Names,
    /// Places in `names.files` by inode number.
    by_number: HashMap<u64, Vec<usize>>,
}

impl Neighbours {
    /// The names in a directory that have this inode number.
    pub(super) fn of_number(&mut self, directory: &Path, number: u64) -> io::Result<Vec<PathBuf>> {
        let listed = self.listed(directory)?;
        let places = listed.by_number.get(&number).into_iter().flatten();
        Ok(places.filter_map(|at| listed.names.files.get(*at)).map(|(name, _)| directory.join(name)).collect())
    }

    /// The names in a directory; none where it cannot be listed.
    pub(super) fn names(&mut self, directory: &Path) -> impl Iterator<Item = &OsStr> {
        let files = self.listed(directory).map_or(&[][..], |listed| listed.names.files.as_slice());
        files.iter().map(|(name, _)| name.as_os_str())
    }

    /// The directories right below one.
    pub(super) fn below(&mut self, directory: &Path) -> &[PathBuf] {
        self.below.entry(directory.to_owned()).or_insert_with(|| below(directory))
    }

    fn listed(&mut self, directory: &Path) -> io::Result<&Listed> {
        match self.listed.entry(directory.to_owned()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let names = names(directory)?;
                let mut by_number: HashMap<u64, Vec<usize>> = HashMap::with_capacity(names.files.len());
                for (at, (_, number)) in names.files.iter().enumerate() {
                    by_number.entry(*number).or_default().push(at);
                }
                Ok(unknown.insert(Listed { names, by_number }))
            }
        }
    }
}

fn names(directory: &Path) -> Result<Names, std::io::Error> {
    let handle = open_directory(directory)?;
    let mut found = Names::default();
    for entry in Dir::read_from(handle)? {
        let entry = entry?;
        let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
        match entry.file_type() {
            FileType::Directory if name != "." && name != ".." => found.directories.push(name),
            FileType::RegularFile | FileType::Unknown => found.files.push((name, entry.ino())),
            _ => {}
        }
    }
    found.files.sort();
    found.directories.sort();
    Ok(found)
}

/// The names in a directory, and how it looked before; no look when it kept changing: a name may have been missed.
pub(super) fn settled_names(directory: &Path) -> Result<(Option<Look>, Names), std::io::Error> {
    let mut found = Names::default();
    for _ in 0..MOST_LISTINGS {
        let before = Look::new(&rustix::fs::stat(directory)?);
        found = names(directory)?;
        if Look::new(&rustix::fs::stat(directory)?) == before {
            return Ok((Some(before), found));
        }
    }
    Ok((None, found))
}

/// The directories right below one.
pub(super) fn below(directory: &Path) -> Vec<PathBuf> {
    let names = names(directory).unwrap_or_default();
    names.directories.iter().take(MOST_BELOW).map(|name| directory.join(name)).collect()
}
