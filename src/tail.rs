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
//!
//! Of files that hold the same bytes, one is read (`inventory`); when it loses them, another goes on where it was.
//!
//! Limits: content that is the same cannot be told apart (a rewrite with the same bytes). A file that is cut to a part of
//! what was counted, and written to before anybody looked, is compared at its marks only. A deleted file whose handle was
//! given up for others' is lost.

mod candidate;
pub mod captures;
mod directories;
mod earlier;
mod followed;
mod forgetting;
mod framing;
mod glob;
mod halves;
mod handles;
pub mod hooks;
mod identity;
mod inventory;
pub mod lines;
pub mod log_file;
pub mod log_reader;
mod marks;
mod neighbours;
mod places;
mod polling;
mod progress;
mod reading;
pub mod report;
mod revisits;
mod rotated;
mod scan;
mod siblings;
mod streams;
mod survey;
mod taking;
mod text;
mod turns;
mod unpack;
pub mod wake;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::Directories;
use followed::{Content, Followed, Manner, READ_BYTES};
use glob::{Globs, Obstacle};
use hooks::Hooks;
use identity::Look;
use inventory::Stranger;
use polling::Polls;
use streams::{Streams, Unsaved};
use text::{FileText, TextBuffer};
use turns::Turns;

use crate::model::encoding::TextEncoding;
use crate::model::fault::{Faults, Located};
use crate::model::file::{Cursor, FileId, Inode, Packing, SourceIndex};
use crate::model::spec::{SourceSpec, StartAt, TailSpec};
use crate::model::time::UnixMicros;

pub use report::{FileState, FileStatus, Loss, Note, ScanReport, TailCounters, What};
pub use survey::{NotRead, Survey};

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
    pub encoding: TextEncoding,
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
            encoding: spec.encoding,
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
    /// Each line ends with `\n`; the last line of a finished file may not. UTF-8 where the source has an encoding, otherwise
    /// as they are; without a byte order mark.
    pub bytes: &'a [u8],
    /// Where they begin in the file, in its own bytes.
    pub first_offset: u64,
    /// The instant before which nothing of the file was missing, as of before this read; `UnixMicros::MIN` where that is
    /// not known.
    pub complete_until: UnixMicros,
    /// Set for a copy: it goes on where that file, whose content was destroyed, was counted to.
    pub continues: Option<FileId>,
    handle: Option<&'a std::fs::File>,
    packing: Packing,
    encoding: TextEncoding,
}

impl Chunk<'_> {
    /// Every line of the file before the chunk, without its end, for what is written there for later lines (a header). Of a
    /// file that is begun further inside than a gigabyte, its first block and what comes last. Nothing where it
    /// is not open any more or cannot be read.
    pub fn earlier_lines(&self, read: impl FnMut(&[u8])) {
        if let Some(handle) = self.handle {
            earlier::lines(handle, self.packing, self.encoding, self.first_offset, read);
        }
    }
}

/// How far a file is read, for who waits for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach<'a> {
    /// The path it was last seen under.
    pub path: &'a Path,
    /// When the last read that found its end began; `None` when none has in this run.
    pub caught_up_at: Option<UnixMicros>,
    /// Nothing more is expected of it.
    pub is_finished: bool,
}

/// A source as it is followed.
#[derive(Debug)]
struct Source {
    spec: TailSource,
    globs: Globs,
    /// The ledger knows no file of it, and its first scan has not been.
    is_fresh: bool,
    /// Something could not be listed at the last scan.
    is_obstructed: bool,
    /// When the last complete scan began.
    scanned_at: Option<UnixMicros>,
    obstacles: BTreeMap<PathBuf, Obstacle>,
    obstructed_since: BTreeMap<PathBuf, UnixMicros>,
    /// Up to when what was in directories was known that are not there.
    away_since: BTreeMap<PathBuf, UnixMicros>,
    /// Up to when every live file of it was seen.
    known_until: Option<UnixMicros>,
    counters: TailCounters,
    /// As they were at the last confirmed commit.
    saved_counters: TailCounters,
}

/// Every followed file of every source.
#[derive(Debug)]
pub struct Tail {
    spec: TailSpec,
    sources: Vec<Source>,
    files: BTreeMap<FileId, Followed>,
    /// Every file in `files` but those that were emptied or deleted.
    by_inode: HashMap<(SourceIndex, Inode), FileId>,
    /// Files from the ledger by inode number alone, until the first scan is over: device numbers may change at boot.
    by_number: HashMap<(SourceIndex, u64), FileId>,
    /// Files that may be copies of others.
    strangers: HashMap<(SourceIndex, Inode), Stranger>,
    /// Files beside the globs that are nothing to us, as they looked when that was found.
    unrelated: HashMap<(SourceIndex, Inode), Look>,
    /// Something was not decided at this scan of a source.
    is_waiting: bool,
    /// How directories looked when strangers were looked for there.
    directories: HashMap<(SourceIndex, PathBuf), Look>,
    /// Cursors of sources that are not configured: kept for their return.
    orphans: BTreeMap<FileId, Cursor>,
    /// Files with something to read.
    turns: Turns,
    polls: Polls,
    buffer: Vec<u8>,
    text: TextBuffer,
    /// Files whose cursor is not saved as it is.
    dirty: Unsaved,
    streams: Streams,
    /// Files of which only the last look is not saved: it saves a read after a restart, and is worth no commit of its own.
    rested: BTreeSet<FileId>,
    forgotten: BTreeSet<FileId>,
    /// Files whose content was replaced during this read.
    replaced: Vec<(SourceIndex, Inode)>,
    next_id: FileId,
    open_files: usize,
    /// Nothing is read any more but files that nobody can read later.
    is_stopping: bool,
    /// The directories of the last scan.
    listed: Directories,
    /// Counts scans, to tell what this one saw.
    scans: u64,
    look_now: bool,
    notes: Vec<Note>,
    hooks: Hooks,
}

impl Tail {
    /// `known`: every cursor in the ledger. `next_id`: the first file id that was never given. The error names the globs
    /// that cannot be read.
    pub fn new(spec: &TailSpec, sources: Vec<TailSource>, known: Vec<Cursor>, next_id: FileId) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let sources: Vec<Source> = sources.into_iter().map(|source| Source::new(source, &known, &mut faults)).collect();
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let mut tail = Self {
            spec: spec.clone(),
            sources,
            files: BTreeMap::new(),
            by_inode: HashMap::new(),
            by_number: HashMap::new(),
            strangers: HashMap::new(),
            unrelated: HashMap::new(),
            is_waiting: false,
            directories: HashMap::new(),
            orphans: BTreeMap::new(),
            turns: Turns::default(),
            polls: Polls::default(),
            buffer: Vec::new(),
            text: TextBuffer::default(),
            dirty: Unsaved::default(),
            streams: Streams::default(),
            rested: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            replaced: Vec::new(),
            next_id,
            open_files: 0,
            is_stopping: false,
            listed: Directories::default(),
            scans: 0,
            look_now: false,
            notes: Vec::new(),
            hooks: Hooks::default(),
        };
        let mut known = known;
        known.sort_by_key(|cursor| cursor.file);
        for cursor in known {
            tail.remember(cursor);
        }
        tail.promote_copies(&BTreeMap::new());
        Ok(tail)
    }

    fn remember(&mut self, cursor: Cursor) {
        // Never hand out an id twice, whatever the ledger says.
        self.next_id = self.next_id.max(FileId(cursor.file.0.saturating_add(1)));
        let Some(source) = self.sources.iter().find(|source| source.spec.name == cursor.source) else {
            self.orphans.insert(cursor.file, cursor);
            return;
        };
        let source = source.spec.index;
        let (id, inode) = (cursor.file, cursor.inode);
        // The younger of two is what stands there now; the older was emptied.
        if let Some(older) = self.by_inode.insert((source, inode), id) {
            self.with(older, |file| file.content = Content::Emptied);
        }
        self.by_number.insert((source, inode.inode), id);
        self.files.insert(id, Followed::new(source, cursor));
        self.dirty.insert_saved(id);
    }

    /// The next chunk of whole lines, files in fair turns. `None` when every file is read to its end for now. The caller
    /// counts the whole chunk before it commits. `now` must be taken before the call. A chunk may be empty: part of a line
    /// that is too long was dropped, and the caller may want to commit in between.
    pub fn read(&mut self, now: UnixMicros) -> Option<Chunk<'_>> {
        let found = self.next_lines(now)?;
        let file = self.files.get(&found.file)?;
        let first_offset = file.cursor.offset.saturating_sub(found.len as u64);
        let raw = self.buffer.get(found.start..found.start + found.len)?;
        let (bytes, malformed) = file.text.unwrap_or(FileText::Bytes).read(raw, first_offset, &mut self.text);
        let source = self.sources.iter_mut().find(|known| known.spec.index == file.source)?;
        source.counters.malformed_sequences += malformed;
        let encoding = source.spec.encoding;
        Some(Chunk {
            source: file.source,
            file: found.file,
            path: &file.cursor.path,
            bytes,
            first_offset,
            complete_until: found.complete_until,
            continues: file.continues,
            handle: file.handle.as_ref(),
            encoding,
            packing: file.cursor.packing,
        })
    }

    /// How far a file is read; `None` for one that is forgotten, or of a source that is not configured.
    pub fn reach(&self, file: FileId) -> Option<Reach<'_>> {
        let file = self.files.get(&file)?;
        let Cursor { path, finished, .. } = &file.cursor;
        if file.is_emptied() {
            // What it had more may stand in a copy: only a scan since then can know that there is none.
            let scanned_at = self.copies_known_at(file.source).filter(|at| *at > file.grown_at);
            return Some(Reach { path, caught_up_at: scanned_at, is_finished: false });
        }
        Some(Reach { path, caught_up_at: file.caught_up_at, is_finished: *finished })
    }

    /// Copies that go on where another file was counted to, and are not saved as such: the original, then the copy.
    pub fn continued(&self) -> impl Iterator<Item = (FileId, FileId)> {
        self.dirty.files().iter().filter_map(|id| Some((self.files.get(id)?.continues?, *id)))
    }

    /// The process will end: from here on, [`Tail::read`] gives only what deleted files hold, with last lines that have no
    /// newline. After the stop nobody can read those.
    pub fn stop(&mut self) {
        self.is_stopping = true;
        let deleted: Vec<FileId> =
            self.files.values().filter(|file| file.is_deleted()).map(|file| file.cursor.file).collect();
        self.turns = Turns::default();
        for file in self.files.values_mut() {
            file.queued = false;
        }
        for id in deleted {
            self.enqueue(id);
        }
    }

    /// A hint: the next [`Tail::read`] looks at every open file, whatever the timers say; a scan is wanted where others may
    /// have changed.
    pub fn look(&mut self) {
        self.look_now = true;
        self.listed.hint();
    }

    /// Cursors that are new or moved since the last confirmed commit.
    pub fn changed(&self) -> impl Iterator<Item = &Cursor> {
        self.dirty
            .files()
            .union(&self.rested)
            .filter_map(|id| self.files.get(id))
            .filter(|file| file.begin_near.is_none())
            .map(|file| &file.cursor)
    }

    /// Cursors to delete from the ledger: gone longer than `forget_gone`, or their content was destroyed. May name ids that
    /// the ledger never had.
    pub fn forgotten(&self) -> impl Iterator<Item = FileId> {
        self.forgotten.iter().copied()
    }

    /// The transaction with [`Tail::changed`] and [`Tail::forgotten`] is durable. No read or scan may lie between asking for
    /// those and this call. When the transaction failed, do not call it: the marks stay.
    pub fn confirm(&mut self) {
        self.dirty.all_are_saved();
        self.rested.clear();
        self.forgotten.clear();
        for source in &mut self.sources {
            source.saved_counters = source.counters;
        }
    }

    /// True when [`Tail::changed`] or [`Tail::forgotten`] have something to save soon.
    pub fn has_changes(&self) -> bool {
        !self.dirty.files().is_empty() || !self.forgotten.is_empty()
    }

    /// True when [`Tail::changed`] has what makes the next start cheaper, and can wait for another reason to commit.
    pub fn has_looks(&self) -> bool {
        !self.rested.is_empty()
    }

    /// The first file id that was never given: to be saved with the cursors.
    pub fn next_id(&self) -> FileId {
        self.next_id
    }

    /// Totals since the start, over all sources.
    pub fn counters(&self) -> TailCounters {
        self.sources.iter().map(|source| &source.counters).fold(TailCounters::NOTHING, TailCounters::plus)
    }

    /// Totals of one source since the start.
    pub fn counters_of(&self, source: SourceIndex) -> TailCounters {
        self.source(source).map_or(TailCounters::NOTHING, |known| known.counters)
    }

    fn source(&self, index: SourceIndex) -> Option<&Source> {
        self.sources.iter().find(|known| known.spec.index == index)
    }

    fn source_mut(&mut self, index: SourceIndex) -> Option<&mut Source> {
        self.sources.iter_mut().find(|known| known.spec.index == index)
    }

    fn count(&mut self, source: SourceIndex, change: impl FnOnce(&mut TailCounters)) {
        if let Some(source) = self.source_mut(source) {
            change(&mut source.counters);
        }
    }

    /// The directories that hints are wanted for, for [`wake::Waker::watch`]: those of the globs, and those of files.
    pub fn watched(&self) -> Vec<PathBuf> {
        let of_globs = self.sources.iter().flat_map(|source| source.globs.directories());
        let named = self.files.values().filter(|file| file.is_named());
        // Writes show in the directory of the file itself, a switched link in its own.
        let paths = named.flat_map(|file| [Some(&file.cursor.path), file.cursor.real_path.as_ref()]).flatten();
        let directories: BTreeSet<&Path> = of_globs.chain(paths.filter_map(|path| path.parent())).collect();
        directories.into_iter().map(Path::to_owned).collect()
    }

    /// How long the caller may sleep before [`Tail::read`] should be called again. Zero while there is something to read.
    /// Scans are the caller's to time.
    pub fn next_due(&self, now: UnixMicros) -> Duration {
        if self.look_now || !self.turns.is_empty() { Duration::ZERO } else { self.polls.due_in(now) }
    }

    /// Calls `hook` at each named point of scans and reads, to test races.
    #[doc(hidden)]
    pub fn set_hook(&mut self, hook: impl FnMut(hooks::Point, &Path) + Send + 'static) {
        self.hooks.set(Box::new(hook));
    }

    /// How files of a source are read.
    fn manner(&self, source: SourceIndex) -> Manner {
        let known = self.source(source);
        Manner {
            encoding: known.map(|source| source.spec.encoding).unwrap_or_default(),
            max_line_bytes: self.spec.max_line_bytes,
            read_bytes: READ_BYTES,
            hole_bytes: lines::HOLE_BYTES,
        }
    }

    fn give_id(&mut self) -> FileId {
        let id = self.next_id;
        self.next_id = FileId(id.0.saturating_add(1));
        id
    }

    fn note(&mut self, source: SourceIndex, path: PathBuf, what: What) {
        self.notes.push(Note { source, path, what });
    }

    /// Changes one file, if it is still there.
    fn with(&mut self, id: FileId, change: impl FnOnce(&mut Followed)) {
        if let Some(file) = self.files.get_mut(&id) {
            change(file);
        }
    }
}

impl Source {
    fn new(spec: TailSource, known: &[Cursor], faults: &mut Vec<crate::model::fault::Fault>) -> Self {
        let known_until = known.iter().filter(|cursor| cursor.source == spec.name).map(|cursor| cursor.seen).max();
        Self {
            globs: Globs::new(&spec.include, &spec.exclude, faults),
            is_fresh: known_until.is_none(),
            spec,
            is_obstructed: false,
            scanned_at: None,
            obstacles: BTreeMap::new(),
            obstructed_since: BTreeMap::new(),
            away_since: BTreeMap::new(),
            known_until,
            counters: TailCounters::default(),
            saved_counters: TailCounters::default(),
        }
    }
}

#[cfg(test)]
mod tests;
