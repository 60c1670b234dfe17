//! The lock that keeps a second agent off a state directory.
//!
//! Promises: held by the kernel for the life of the process (`flock`), so a kill leaves no stale lock. Does not: protect
//! against another host on a network file system; state belongs on a local disk.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::LedgerError;

const LOCK_NAME: &str = "pxtail.lock";

/// Held as long as it lives.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Makes the directory where it is missing (mode 0700) and locks it.
    pub fn take(state_dir: &Path) -> Result<Self, LedgerError> {
        make_private(state_dir).map_err(|source| directory_error(state_dir, source))?;
        let path = state_dir.join(LOCK_NAME);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| directory_error(state_dir, source))?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LedgerError::Locked { path: state_dir.to_owned() }),
            Err(errno) => Err(LedgerError::Lock { path, source: errno.into() }),
        }
    }
}

fn directory_error(path: &Path, source: std::io::Error) -> LedgerError {
    LedgerError::Directory { path: path.to_owned(), user: super::user(), source }
}

/// Usage of named people is in there: nobody else reads it.
fn make_private(state_dir: &Path) -> std::io::Result<()> {
    if state_dir.is_dir() {
        let mode = state_dir.metadata()?.permissions().mode();
        if mode & 0o077 != 0 && state_dir.join(super::FILE_NAME).exists() {
            std::fs::set_permissions(state_dir, Permissions::from_mode(0o700))?;
        }
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state_dir)
}
