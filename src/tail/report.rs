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
    /// What it tells of, for counting alike ones.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.what {
            What::Found { .. } => "new files",
            What::Resumed { .. } => "known files read on",
            What::Renamed { .. } => "files renamed",
            What::Left { .. } => "files renamed away or deleted",
            What::Finished { .. } => "files finished",
            What::Truncated { .. } => "files truncated or rewritten",
            What::SetAside { .. } => "files not named by the configuration any more",
            What::Lost { .. } => "files not found any more",
            What::NotUnpacked { .. } => "archives that could not be unpacked to their end",
            What::Unreadable { .. } => "files that cannot be read",
            What::Readable => "files that can be read again",
            What::NotRegular => "names that are no regular files",
        }
    }

    /// True for what an operator should look at; the rest is the usual course of things.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(
            self.what,
            What::Truncated { .. }
                | What::SetAside { .. }
                | What::Lost { .. }
                | What::NotUnpacked { .. }
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
    /// An archive that is damaged or cut off, counted up to byte `offset` of what was packed.
    NotUnpacked { file: FileId, offset: u64, why: &'static str },
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
            What::NotUnpacked { offset, why, .. } => {
                write!(f, "cannot be unpacked to its end, what comes after byte {offset} is not counted: {why}")
            }
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
    /// For how long there was something to read at least: since when the last read that found its end began, or since it
    /// was first seen in this run.
    pub behind_since: Option<UnixMicros>,
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
    /// There is more to read, and no handle free for it.
    Waiting,
    /// It may be a copy of another file: nothing of it is read until that is certain.
    Undecided,
    /// Known, but not found yet under any name.
    Missing,
    Unreadable {
        why: String,
        since: UnixMicros,
    },
    /// Rotated away or deleted, and read to its end.
    Finished,
    /// It is where it was, and the configuration does not name it any more.
    SetAside,
    /// An archive that is damaged, cut off or still being written: read up to there.
    NotUnpacked {
        why: &'static str,
    },
    /// What it has is counted from that file.
    Copy {
        of: FileId,
    },
    /// Rotated away before the source was first followed.
    Foreign,
    /// What it had is destroyed; it is remembered to know a copy of it.
    Destroyed,
}

impl FileState {
    /// The name in JSON and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::CaughtUp => "caught_up",
            Self::Leaving => "leaving",
            Self::Waiting => "waiting",
            Self::Undecided => "undecided",
            Self::Missing => "missing",
            Self::Unreadable { .. } => "unreadable",
            Self::Finished => "finished",
            Self::SetAside => "set_aside",
            Self::NotUnpacked { .. } => "not_unpacked",
            Self::Copy { .. } => "copy",
            Self::Foreign => "foreign",
            Self::Destroyed => "destroyed",
        }
    }

    /// True where what is not read is still to be read.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        matches!(
            self,
            Self::Reading
                | Self::CaughtUp
                | Self::Leaving
                | Self::Waiting
                | Self::Undecided
                | Self::Missing
                | Self::Unreadable { .. }
        )
    }

    /// True for a file of which nothing is read now, though it may be there.
    #[must_use]
    pub const fn is_not_read(&self) -> bool {
        !matches!(self, Self::Reading | Self::CaughtUp | Self::Leaving | Self::Finished | Self::Destroyed)
    }
}

/// What was left out for one reason: bytes that were there and are in no window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The name in the ledger, JSON and metrics.
    pub reason: &'static str,
    pub lines: u64,
    /// Where the bytes were not read, at least so many: as the file was seen last.
    pub bytes: u64,
    pub files: u64,
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
    /// Bytes of lost files that were seen and not read.
    pub lost_bytes: u64,
    /// Files that were truncated or rewritten before they were read to the end, and of which no copy was found.
    pub cut_files: u64,
    /// Their bytes that were seen and not read.
    pub cut_bytes: u64,
    /// Archives that were damaged or cut off when nothing more was expected of them.
    pub not_unpacked_files: u64,
    /// Their bytes, as they are stored, behind a damage.
    pub not_unpacked_bytes: u64,
}

impl TailCounters {
    /// What was left out, by reason.
    #[must_use]
    pub const fn losses(&self) -> [Loss; 8] {
        let (lines, files) = (0, 0);
        [
            Loss { reason: "oversized", lines: self.oversized_lines, bytes: self.oversized_bytes, files },
            Loss { reason: "continued", lines, bytes: self.continued_bytes, files },
            Loss { reason: "torn", lines: self.torn_lines, bytes: self.torn_bytes, files },
            Loss { reason: "holes", lines, bytes: self.nul_bytes, files },
            Loss { reason: "lost", lines, bytes: self.lost_bytes, files: self.files_lost },
            Loss { reason: "cut", lines, bytes: self.cut_bytes, files: self.cut_files },
            Loss { reason: "not_unpacked", lines, bytes: self.not_unpacked_bytes, files: self.not_unpacked_files },
            // Each of them is a byte at least.
            Loss { reason: "malformed", lines, bytes: self.malformed_sequences, files },
        ]
    }

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
        lost_bytes: 0,
        cut_files: 0,
        cut_bytes: 0,
        not_unpacked_files: 0,
        not_unpacked_bytes: 0,
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
            lost_bytes: self.lost_bytes + other.lost_bytes,
            cut_files: self.cut_files + other.cut_files,
            cut_bytes: self.cut_bytes + other.cut_bytes,
            not_unpacked_files: self.not_unpacked_files + other.not_unpacked_files,
            not_unpacked_bytes: self.not_unpacked_bytes + other.not_unpacked_bytes,
        }
    }
}
