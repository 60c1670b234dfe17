//! Names in directories, with the kernel's inode numbers.
//!
//! Promises: what is given stood there at one moment, or it is said that it did not. Does not: open files.

use std::ffi::OsString;
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

pub(super) fn names(directory: &Path) -> Result<Names, std::io::Error> {
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
