//! What the tail says about itself: notes for the log, the state of each file, totals.
//!
//! Promises: a note is made once per change of state, not once per poll. Does not: log.

use std::fmt;
use std::path::PathBuf;

use crate::model::file::{FileId, SourceIndex};
use crate::model::time::UnixMicros;

/// What a scan found, and what reading met since the scan before.
#[derive(Clone, Debug, Default)]
pub struct ScanReport {
    pub notes: Vec<Note>,
    /// Files that match, over all sources.
    pub matched_files: usize,
    /// Sources of which something could not be listed.
    pub incomplete_sources: Vec<SourceIndex>,
}

/// One change, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub source: SourceIndex,
    /// The file or directory that it is about.
    pub path: PathBuf,
    pub what: What,
}

impl Note {
    /// True for what an operator should look at; the rest is the usual course of things.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(
            self.what,
            What::Truncated { .. }
                | What::SetAside { .. }
                | What::Lost { .. }
                | What::Unreadable { .. }
                | What::NotRegular
        )
    }
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A file that was never seen before; read from `offset`.
    Found { file: FileId, offset: u64 },
    /// A file known from before, read on from `offset`.
    Resumed { file: FileId, offset: u64 },
    /// It has another name now.
    Renamed { file: FileId, from: PathBuf },
    /// It has no name in the globs any more: it is read until it is quiet.
    Left { file: FileId },
    /// It left and is read to its end.
    Finished { file: FileId, offset: u64 },
    /// The content before `offset` is not what was counted: truncated, rewritten, or another file on a used inode. It is
    /// read from its beginning as the file `new`.
    Truncated { file: FileId, new: FileId, offset: u64 },
    /// It is where it was, but the configuration does not name it any more: left alone from `offset` on.
    SetAside { file: FileId, offset: u64 },
    /// It is nowhere to be found, and what was not read of it is lost, if anything was.
    Lost { file: FileId, offset: u64 },
    /// It cannot be listed, opened or read; tried again at each scan.
    Unreadable { why: String },
    /// It can be listed, opened and read again.
    Readable,
    /// A name in the globs that is not a regular file (a directory, a pipe, a device): left alone.
    NotRegular,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.what {
            What::Found { offset: 0, .. } => write!(f, "new file, read from its beginning"),
            What::Found { offset, .. } => write!(f, "new file, read from byte {offset}"),
            What::Resumed { offset, .. } => write!(f, "known file, read on from byte {offset}"),
            What::Renamed { from, .. } => write!(f, "renamed, was `{}`", from.display()),
            What::Left { .. } => write!(f, "renamed away or deleted, read on until it is quiet"),
            What::Finished { offset, .. } => write!(f, "finished at byte {offset}"),
            What::Truncated { offset, .. } => {
                write!(f, "truncated or rewritten before byte {offset}, read again from its beginning")
            }
            What::SetAside { offset, .. } => {
                write!(f, "not named by the configuration any more, left alone from byte {offset} on")
            }
            What::Lost { offset, .. } => write!(f, "not found any more; what came after byte {offset} is not counted"),
            What::Unreadable { why } => write!(f, "cannot be read, tried again at each scan: {why}"),
            What::Readable => write!(f, "can be read again"),
            What::NotRegular => write!(f, "not a regular file, left alone"),
        }
    }
}

/// How one file stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    pub file: FileId,
    pub source: SourceIndex,
    pub path: PathBuf,
    /// Bytes handed out or dropped.
    pub offset: u64,
    /// Its size when it was last looked at.
    pub size: u64,
    pub lag_bytes: u64,
    pub state: FileState,
    /// When the last read that found its end began; `None` when none has in this run.
    pub caught_up_at: Option<UnixMicros>,
}

/// What the tail does with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// There is more to read, or it was not looked at yet.
    Reading,
    /// Read to its end.
    CaughtUp,
    /// Without a name in the globs; read until it is quiet.
    Leaving,
    /// Known, but not found yet under any name.
    Missing,
    Unreadable {
        why: String,
        since: UnixMicros,
    },
    /// Rotated away or deleted, and read to its end.
    Finished,
}

/// Totals since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TailCounters {
    /// Bytes handed out.
    pub bytes_read: u64,
    pub files_found: u64,
    pub files_finished: u64,
    /// Files whose counted content was gone or changed: truncations, rewrites, inodes used again.
    pub truncations: u64,
    /// Files that were known, not finished, and never found again.
    pub files_lost: u64,
    /// Lines longer than the limit, dropped.
    pub oversized_lines: u64,
    /// Their bytes.
    pub oversized_bytes: u64,
    /// Lines without a newline at the end of a finished file, counted.
    pub unterminated_lines: u64,
    /// Bytes that came after such a line was counted, up to its newline: dropped.
    pub continued_bytes: u64,
    /// NULs before lines, passed over: room that was never written, or what a truncation took.
    pub nul_bytes: u64,
    /// Lines whose rest a hole of NULs took, dropped.
    pub torn_lines: u64,
    /// Their bytes.
    pub torn_bytes: u64,
    /// Sequences that are no text in the encoding of their source, and became U+FFFD.
    pub malformed_sequences: u64,
}

impl TailCounters {
    pub const NOTHING: Self = Self {
        bytes_read: 0,
        files_found: 0,
        files_finished: 0,
        truncations: 0,
        files_lost: 0,
        oversized_lines: 0,
        oversized_bytes: 0,
        unterminated_lines: 0,
        continued_bytes: 0,
        nul_bytes: 0,
        torn_lines: 0,
        torn_bytes: 0,
        malformed_sequences: 0,
    };

    #[must_use]
    pub const fn plus(self, other: &Self) -> Self {
        Self {
            bytes_read: self.bytes_read + other.bytes_read,
            files_found: self.files_found + other.files_found,
            files_finished: self.files_finished + other.files_finished,
            truncations: self.truncations + other.truncations,
            files_lost: self.files_lost + other.files_lost,
            oversized_lines: self.oversized_lines + other.oversized_lines,
            oversized_bytes: self.oversized_bytes + other.oversized_bytes,
            unterminated_lines: self.unterminated_lines + other.unterminated_lines,
            continued_bytes: self.continued_bytes + other.continued_bytes,
            nul_bytes: self.nul_bytes + other.nul_bytes,
            torn_lines: self.torn_lines + other.torn_lines,
            torn_bytes: self.torn_bytes + other.torn_bytes,
            malformed_sequences: self.malformed_sequences + other.malformed_sequences,
        }
    }
}
