//! Who a file is: its look from outside (device, inode, size, change time), and fingerprints of what was counted.
//!
//! Promises: handles are opened so that a pipe cannot block and a device is refused; what is judged is the handle. Does
//! not: decide what follows from a mismatch.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags, Stat};

use crate::model::file::{Fingerprint, Inode, ReadLook};
use crate::model::time::UnixMicros;

/// Most bytes of the head's fingerprint. More than any usual banner; files whose longer heads agree are told apart by
/// inode, and by the bytes before the cursor.
pub(super) const HEAD_BYTES: u64 = 1024;

/// Bytes before the cursor that are compared at every read: a whole access line, and no page more to fetch.
pub(super) const BEFORE_BYTES: u64 = 256;

/// A change younger than this may be followed by another with the same time stamp: the kernel's tick is up to 10 ms, some
/// file systems count whole seconds.
const SETTLED_AFTER: std::time::Duration = std::time::Duration::from_secs(2);

/// A file from outside, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) inode: Inode,
    pub(super) size: u64,
    /// Change time (`ctime`), nanoseconds since 1970: unlike the modification time, nobody can set it back.
    pub(super) changed_nanos: i64,
}

impl Look {
    pub(super) fn new(stat: &Stat) -> Self {
        let seconds = stat.st_ctime;
        Self {
            inode: Inode { device: stat.st_dev, inode: stat.st_ino },
            size: u64::try_from(stat.st_size).unwrap_or(0),
            changed_nanos: seconds.saturating_mul(1_000_000_000).saturating_add(stat.st_ctime_nsec as i64),
        }
    }

    /// A look that was saved with a cursor.
    pub(super) const fn at_rest(inode: Inode, look: ReadLook) -> Self {
        Self { inode, size: look.size, changed_nanos: look.changed_nanos }
    }

    /// What is saved of it.
    pub(super) const fn as_read(&self) -> ReadLook {
        ReadLook { size: self.size, changed_nanos: self.changed_nanos }
    }

    /// True when an equal look later proves that nothing was written in between.
    pub(super) fn is_settled(&self, now: UnixMicros) -> bool {
        self.changed_nanos / 1_000 < now.minus(SETTLED_AFTER).0
    }
}

/// True for what can be followed.
pub(super) fn is_regular(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// Looks at an open file.
pub(super) fn look(handle: &File) -> io::Result<Look> {
    Ok(Look::new(&rustix::fs::fstat(handle)?))
}

/// When an open file was last written.
pub(super) fn modified(handle: &File) -> Option<UnixMicros> {
    let stat = rustix::fs::fstat(handle).ok()?;
    Some(UnixMicros(stat.st_mtime.saturating_mul(1_000_000).saturating_add((stat.st_mtime_nsec / 1_000) as i64)))
}

/// True when no name leads to the open file any more.
pub(super) fn is_deleted(handle: &File) -> bool {
    rustix::fs::fstat(handle).is_ok_and(|stat| stat.st_nlink == 0)
}

/// Where an open file stands now, or stood last, whatever it was called when it was opened; `None` where the kernel does
/// not tell, or another file stands there.
pub(super) fn path_of(handle: &File) -> Option<PathBuf> {
    let link = format!("/proc/self/fd/{}", handle.as_raw_fd());
    let path = std::fs::read_link(link).ok()?;
    if is_deleted(handle) {
        // The kernel's word for it: its directory is where what was made of it stands.
        let name = path.as_os_str().as_bytes().strip_suffix(b" (deleted)")?;
        return Some(PathBuf::from(OsStr::from_bytes(name)));
    }
    let there = rustix::fs::stat(&path).ok()?;
    (Look::new(&there).inode == look(handle).ok()?.inode).then_some(path)
}

/// What a link leads to; `None` for what is no link, or leads nowhere.
pub(super) fn behind_link(path: &Path) -> Option<PathBuf> {
    std::fs::read_link(path).ok()?;
    std::fs::canonicalize(path).ok()
}

/// Opens a regular file for reading. Links are followed; the handle is what is judged.
pub(super) fn open(path: &Path) -> io::Result<(File, Look)> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC).bits();
    let handle = File::options().read(true).custom_flags(flags as i32).open(path)?;
    let stat = rustix::fs::fstat(&handle)?;
    if is_regular(&stat) {
        Ok((handle, Look::new(&stat)))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// The fingerprint of some bytes.
pub(super) fn fingerprint(bytes: &[u8]) -> Fingerprint {
    Fingerprint { len: bytes.len() as u32, hash: xxhash_rust::xxh3::xxh3_128(bytes) }
}

/// Of no bytes at all: agrees with every file.
pub(super) const NOTHING: Fingerprint = Fingerprint { len: 0, hash: 0 };

/// True when the bytes begin or end, as the caller cut them, with what the fingerprint covers.
pub(super) fn agrees(saved: Fingerprint, bytes: &[u8]) -> bool {
    saved.len == 0 || (saved.len as usize == bytes.len() && fingerprint(bytes) == saved)
}

/// Fills the buffer from a place in the file; less only at the file's end.
pub(super) fn read_at(handle: &File, buffer: &mut [u8], from: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match handle.read_at(&mut buffer[filled..], from + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    Ok(filled)
}

/// The fingerprints of an open file for a cursor at `offset`: of its head and of the bytes before.
pub(super) fn measure(handle: &File, offset: u64) -> io::Result<(Fingerprint, Fingerprint)> {
    let mut bytes = vec![0; HEAD_BYTES as usize];
    let head = read_at(handle, &mut bytes[..offset.min(HEAD_BYTES) as usize], 0)?;
    let head = fingerprint(&bytes[..head]);
    let wanted = offset.min(BEFORE_BYTES);
    let before = read_at(handle, &mut bytes[..wanted as usize], offset - wanted)?;
    Ok((head, fingerprint(&bytes[..before])))
}

/// True when the open file still has what was counted: both fingerprints agree.
pub(super) fn holds(handle: &File, head: Fingerprint, before: Fingerprint, offset: u64) -> io::Result<bool> {
    let mut bytes = vec![0; head.len.max(before.len) as usize];
    let found = read_at(handle, &mut bytes[..head.len as usize], 0)?;
    if !agrees(head, &bytes[..found]) {
        return Ok(false);
    }
    let from = offset.saturating_sub(u64::from(before.len));
    let found = read_at(handle, &mut bytes[..before.len as usize], from)?;
    Ok(agrees(before, &bytes[..found]))
}
