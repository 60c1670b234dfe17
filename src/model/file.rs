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

/// Hashes of short pieces of a file that end at fixed places, which grow apart: as many as the counted bytes reach. They
/// tell whether two files begin alike, up to wherever the shorter one ends.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Marks(pub Vec<u32>);

/// Whose bytes a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Standing {
    /// Its own: they are counted from it.
    #[default]
    Own,
    /// Those of another file, from which they are counted: a copy, by `cp`, `copytruncate` or a compressor.
    Copy { of: FileId },
    /// Not wanted: it was rotated away before its source was followed. Kept to know its copies.
    Foreign,
}

/// How a file's bytes are stored. Offsets and fingerprints are always of the unpacked bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Packing {
    #[default]
    Plain,
    Gzip,
    Zstd,
}

/// Size and change time of a file (as stored) before the read that found its end: while they stay, nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLook {
    pub size: u64,
    pub changed_nanos: i64,
}

/// How far a file is counted, and what proves that it is still the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub file: FileId,
    /// The source's name: survives a change of the configuration's order.
    pub source: String,
    /// Where the file was last seen.
    pub path: PathBuf,
    /// Where `path` led when links were followed, if that is elsewhere: rotated copies stand there. The same as `path` for a
    /// file that left the names it was followed under.
    pub real_path: Option<PathBuf>,
    pub inode: Inode,
    pub packing: Packing,
    pub standing: Standing,
    /// Of the file's first bytes; grows with the file up to a limit.
    pub head: Fingerprint,
    /// Of the bytes just before `offset`: tells a file that was truncated and grew past the offset.
    pub before: Fingerprint,
    /// Of the prefix up to `offset`.
    pub marks: Marks,
    /// Bytes counted: always just past a newline (or past the last byte of a finished file). Never goes back.
    pub offset: u64,
    /// When the file was last seen under a name; gone files expire some time after it.
    pub seen: UnixMicros,
    /// Set when all there was is counted.
    pub look: Option<ReadLook>,
    /// Nothing more is expected of it: it was rotated away or deleted, and its handle is closed.
    pub finished: bool,
}
