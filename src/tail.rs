//! Finds files, knows them by identity, reads whole lines from a byte cursor, follows rotations.
//!
//! Promises: a cursor only moves forward, by [`Tail::read`] handing bytes out (or by dropping a line that is too long,
//! which is counted); a file is known by device, inode and content, never by its name alone; a handle that was examined is
//! the handle that is read; half a line is never handed out while its file lives. Polling is the truth: file events
//! ([`wake`]) only say when to look sooner.
//!
//! Does not: parse, keep time (every instant is an argument), or write anything: the caller saves [`Tail::changed`] and
//! [`Tail::forgotten`] in the same transaction as the counts, then calls [`Tail::confirm`].
//!
//! A file that two sources match is read once for each of them: a cursor belongs to a source and an identity.

pub mod report;
pub mod wake;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::fault::{Faults, Located};
use crate::model::file::{Cursor, FileId, SourceIndex};
use crate::model::spec::{SourceSpec, StartAt, TailSpec};
use crate::model::time::UnixMicros;

pub use report::{FileState, FileStatus, Note, ScanReport, TailCounters, What};

/// What a source asks of the tail.
#[derive(Clone, Debug)]
pub struct TailSource {
    pub index: SourceIndex,
    /// Unique; cursors are kept under it.
    pub name: String,
    /// Absolute globs.
    pub include: Vec<Located<String>>,
    pub exclude: Vec<Located<String>>,
    pub start_at: StartAt,
}

impl TailSource {
    #[must_use]
    pub fn new(index: SourceIndex, spec: &SourceSpec) -> Self {
        Self {
            index,
            name: spec.name.clone(),
            include: spec.paths.clone(),
            exclude: spec.exclude.clone(),
            start_at: spec.start_at,
        }
    }
}

/// Whole lines of one file, to be counted before the next commit.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    pub source: SourceIndex,
    pub file: FileId,
    /// The path the file was last seen under.
    pub path: &'a Path,
    /// Each line ends with `\n`; the last line of a finished file may not.
    pub bytes: &'a [u8],
    /// Where `bytes` begin in the file.
    pub first_offset: u64,
}

/// Every followed file of every source.
#[derive(Debug)]
pub struct Tail {
    spec: TailSpec,
}

impl Tail {
    /// `known`: every cursor in the ledger. `next_id`: the first file id that was never given. The error names the globs
    /// that cannot be read.
    pub fn new(
        spec: &TailSpec,
        _sources: Vec<TailSource>,
        _known: Vec<Cursor>,
        _next_id: FileId,
    ) -> Result<Self, Faults> {
        Ok(Self { spec: spec.clone() })
    }

    /// Looks for files: lists the globs, identifies what is there, follows renames, notes what is gone. To be called each
    /// `scan_interval`, and when a hint came. Never fails: what cannot be listed or opened is in the report once per
    /// change, and is tried again at each scan.
    pub fn scan(&mut self, _now: UnixMicros) -> ScanReport {
        ScanReport::default()
    }

    /// The next chunk of whole lines, files in fair turns. `None` when every file is read to its end for now. The caller
    /// counts the whole chunk before it commits. `now` must be taken before the call.
    pub fn read(&mut self, _now: UnixMicros) -> Option<Chunk<'_>> {
        None
    }

    /// A hint: the next [`Tail::read`] looks at every open file, whatever the timers say.
    pub fn look(&mut self) {}

    /// Cursors that are new or moved since the last confirmed commit.
    pub fn changed(&self) -> impl Iterator<Item = &Cursor> {
        std::iter::empty()
    }

    /// Cursors to delete from the ledger: gone longer than `forget_gone`, or their content was destroyed. May name ids that
    /// the ledger never had.
    pub fn forgotten(&self) -> impl Iterator<Item = FileId> {
        std::iter::empty()
    }

    /// The transaction with [`Tail::changed`] and [`Tail::forgotten`] is durable. No read or scan may lie between asking for
    /// those and this call. When the transaction failed, do not call it: the marks stay.
    pub fn confirm(&mut self) {}

    /// True when [`Tail::changed`] or [`Tail::forgotten`] have something to save.
    pub fn has_changes(&self) -> bool {
        false
    }

    /// The first file id that was never given: to be saved with the cursors.
    pub fn next_id(&self) -> FileId {
        FileId(1)
    }

    /// The instant up to which the source is complete: all that was written before it is handed out or can only belong to
    /// event times after it. A window may seal when its end and grace are not after this instant.
    ///
    /// It is the least of: the beginning of the last complete scan; for each file that is not finished, the later of its own
    /// newest event time (`own_time`) and the beginning of the last read that found its end. A file that cannot be read,
    /// and a directory that cannot be listed, hold it back to `now - seal_wait` at worst. `UnixMicros::MIN` before the
    /// first scan.
    pub fn complete_until(
        &self,
        _source: SourceIndex,
        _seal_wait: Duration,
        _now: UnixMicros,
        _own_time: impl Fn(FileId) -> Option<UnixMicros>,
    ) -> UnixMicros {
        UnixMicros::MIN
    }

    /// One entry per file that is followed or remembered, in the order of ids.
    pub fn status(&self) -> Vec<FileStatus> {
        Vec::new()
    }

    /// Totals since the start.
    pub fn counters(&self) -> &TailCounters {
        const NOTHING: TailCounters = TailCounters::NOTHING;
        &NOTHING
    }

    /// The files and directories that hints are wanted for, for [`wake::Waker::watch`].
    pub fn watched(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// How long the caller may sleep before [`Tail::read`] should be called again. Zero while there is something to read.
    /// Scans are the caller's to time.
    pub fn next_due(&self, _now: UnixMicros) -> Duration {
        self.spec.poll_interval
    }
}
