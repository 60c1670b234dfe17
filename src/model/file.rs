//! A followed file as it is known between stages: who it is, and how far it is counted.

use std::path::PathBuf;

use super::time::UnixMicros;

/// A source's place in the configuration's order. Stays the same for one run of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceIndex(pub u32);

/// A followed file's number in the ledger: given once, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub i64);

/// Device and inode: who the file is to the kernel, which reuses inodes at once after a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inode {
    pub device: u64,
    pub inode: u64,
}

/// A hash of some bytes of a file, and how many bytes it covers. XXH3, 128 bits: content is compared with itself, not
/// with an attacker's choice of file; identity also needs device and inode to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Fingerprint {
    pub len: u32,
    pub hash: u128,
}

/// How far a file is counted, and what proves that it is still the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub file: FileId,
    /// The source's name: survives a change of the configuration's order.
    pub source: String,
    /// Where the file was last seen.
    pub path: PathBuf,
    pub inode: Inode,
    /// Of the file's first bytes; grows with the file up to a limit.
    pub head: Fingerprint,
    /// Of the bytes just before `offset`: tells a file that was truncated and grew past the offset.
    pub before: Fingerprint,
    /// Bytes counted: always just past a newline (or past the last byte of a finished file). Never goes back.
    pub offset: u64,
    /// When the file was last seen under a name; gone files expire some time after it.
    pub seen: UnixMicros,
    /// Nothing more is expected of it: it was rotated away or deleted, and its handle is closed.
    pub finished: bool,
}
