//! What is kept of each file beside its cursor: lines that wait for more of their record, what a header said, the fields of
//! its path.
//!
//! Promises: what changed since the last commit is known, so that it is saved with the cursors; a source that needs nothing
//! of this costs nothing. Does not: decide when a record is complete; the clock and the tail say so.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::plan::{PatternPlan, Plan, SourcePlan};
use crate::ledger::{Commit, Ledger, LedgerError};
use crate::model::fields::Fields;
use crate::model::file::{Cursor, FileId, SourceIndex};
use crate::model::spec::Configuration;
use crate::model::time::UnixMicros;
use crate::parse::record::Pending;
use crate::tail::Chunk;

const PENDING: &str = "pending";
const PATH: &str = "path";
const COLUMNS: &str = "columns/";

/// Of a note with the path's fields.
const PATH_FORMAT: u8 = 1;

/// One file.
#[derive(Debug)]
pub struct FileMemory {
    source: SourceIndex,
    pub(super) pending: Pending,
    /// By pattern, what earlier lines said about later ones.
    columns: Vec<Vec<u8>>,
    /// Every field that the path gave when the file was first seen, under whichever name it has now.
    path: Vec<(String, Vec<u8>)>,
    /// Notes of patterns that do not read the source now: lines that they do not see make them untrue.
    outdated: Vec<String>,
    is_known: bool,
    changed: Changed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Changed {
    pending: bool,
    columns: bool,
    path: bool,
}

impl FileMemory {
    /// Of a file of which nothing is known yet.
    #[must_use]
    pub fn new(source: SourceIndex) -> Self {
        Self {
            source,
            pending: Pending::default(),
            columns: Vec::new(),
            path: Vec::new(),
            outdated: Vec::new(),
            is_known: false,
            changed: Changed::default(),
        }
    }

    /// Looks at the path, once in a run.
    pub fn meet(&mut self, plan: &SourcePlan, path: &Path) {
        let Some(wanted) = &plan.path else { return };
        let found = wanted.captures.read(path);
        for (name, value) in found {
            if !self.path.iter().any(|(known, _)| *known == name) {
                self.path.push((name, value));
                self.changed.path = true;
            }
        }
    }

    /// Gives a plan what it needs to read on in this file.
    pub fn enter(&self, plan: &mut SourcePlan) {
        if let Some(wanted) = &plan.path {
            let value = |place: usize| {
                let name = wanted.names.get(place)?;
                self.path.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
            };
            for pattern in &mut plan.patterns {
                let PatternPlan { fields, path, .. } = pattern;
                fields.set_base(path.iter().filter_map(|(place, slot)| Some((*slot, value(*place)?))));
            }
        }
        for (index, pattern) in plan.patterns.iter_mut().enumerate() {
            if pattern.parser.keeps_file_state() {
                pattern.parser.set_file_state(self.columns.get(index).map_or(&[][..], Vec::as_slice));
            }
        }
    }

    /// Takes what the plan learned in this file.
    pub fn leave(&mut self, plan: &SourcePlan) {
        for (index, pattern) in plan.patterns.iter().enumerate() {
            if pattern.parser.keeps_file_state() {
                self.columns.resize(plan.patterns.len(), Vec::new());
                let state = pattern.parser.file_state();
                if self.columns[index] != state {
                    state.clone_into(&mut self.columns[index]);
                    self.changed.columns = true;
                }
            }
        }
    }

    /// Something came to or left [`FileMemory::pending`].
    pub(super) const fn pending_changed(&mut self) {
        self.changed.pending = true;
    }

    /// What earlier lines say of a file that is not begun at its beginning. A header may stand anywhere in it, and the last
    /// one counts.
    fn read_earlier(&mut self, plan: &mut SourcePlan, chunk: &Chunk<'_>) {
        self.columns.resize(plan.patterns.len(), Vec::new());
        let mut wanted = Vec::new();
        for (pattern, columns) in plan.patterns.iter_mut().zip(&mut self.columns) {
            if pattern.parser.keeps_file_state() && columns.is_empty() {
                pattern.parser.set_file_state(&[]);
                wanted.push((&mut pattern.parser, Fields::with_slots(pattern.fields.slots()), columns));
            }
        }
        chunk.earlier_lines(|line| {
            for (parser, fields, _) in &mut wanted {
                // What it says is of no interest here, but what it changes for later ones.
                let _ = parser.parse(line, fields);
            }
        });
        for (parser, _, columns) in wanted {
            parser.file_state().clone_into(columns);
            self.changed.columns |= !columns.is_empty();
        }
    }

    fn lacks_columns(&self, plan: &SourcePlan) -> bool {
        let is_missing = |(index, pattern): (usize, &PatternPlan)| {
            pattern.parser.keeps_file_state() && self.columns.get(index).is_none_or(Vec::is_empty)
        };
        plan.patterns.iter().enumerate().any(is_missing)
    }
}

/// Every file of which something is kept.
#[derive(Debug)]
pub struct FileMemories {
    known: HashMap<FileId, FileMemory>,
    /// Files with lines that wait for more.
    waiting: BTreeSet<FileId>,
    dirty: BTreeSet<FileId>,
    /// Stands in for files of sources that keep nothing.
    nothing: FileMemory,
    body: Vec<u8>,
}

impl Default for FileMemories {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            waiting: BTreeSet::new(),
            dirty: BTreeSet::new(),
            nothing: FileMemory::new(SourceIndex(0)),
            body: Vec::new(),
        }
    }
}

impl FileMemories {
    /// What the ledger holds. What belongs to a source that is not configured stays there.
    pub fn restore(
        ledger: &Ledger,
        configuration: &Configuration,
        plan: &Plan,
        cursors: &[Cursor],
    ) -> Result<Self, LedgerError> {
        let mut memories = Self::default();
        let place = |name: &str| configuration.sources.iter().position(|source| source.name == name);
        let sources: HashMap<FileId, usize> =
            cursors.iter().filter_map(|cursor| Some((cursor.file, place(&cursor.source)?))).collect();
        for note in ledger.file_notes()? {
            let Some(&source) = sources.get(&note.file) else { continue };
            let Some(source_plan) = plan.sources.get(source) else { continue };
            let index = SourceIndex(source as u32);
            let memory = memories.known.entry(note.file).or_insert_with(|| FileMemory::new(index));
            if memory.take_note(source_plan, &note.name, &note.body).is_none() {
                return Err(ledger.damaged(format!("what is known of file {} (`{}`)", note.file.0, note.name)));
            }
            if memory.pending.complete_until().is_some() {
                memories.waiting.insert(note.file);
            }
            if !memory.outdated.is_empty() {
                memories.dirty.insert(note.file);
            }
        }
        Ok(memories)
    }

    /// The memory for a chunk, looked up before it is counted.
    pub fn of_chunk(&mut self, plan: &mut SourcePlan, chunk: &Chunk<'_>) -> &mut FileMemory {
        if !plan.keeps_memory() {
            return &mut self.nothing;
        }
        if let Some(original) = chunk.continues {
            self.succeed(original, chunk.file);
        }
        let is_begun_inside = chunk.first_offset > 0 && plan.keeps_file_state();
        let relative = (is_begun_inside && self.known.get(&chunk.file).is_none_or(|memory| memory.lacks_columns(plan)))
            .then(|| self.columns_of_source(chunk.source));
        let memory = self.known.entry(chunk.file).or_insert_with(|| FileMemory::new(chunk.source));
        if !memory.is_known {
            memory.is_known = true;
            memory.meet(plan, chunk.path);
            if is_begun_inside && memory.lacks_columns(plan) {
                memory.read_earlier(plan, chunk);
                if let Some(relative) = relative.flatten().filter(|_| memory.lacks_columns(plan)) {
                    memory.columns = relative;
                    memory.changed.columns = true;
                }
            }
        }
        memory
    }

    /// What is kept of a file whose content was destroyed goes over to the copy that goes on where it was counted to: to be
    /// called before the copy's cursor is saved, and before anything of it is counted.
    pub fn succeed_all(&mut self, continued: impl Iterator<Item = (FileId, FileId)>) {
        for (original, copy) in continued {
            self.succeed(original, copy);
        }
    }

    fn succeed(&mut self, original: FileId, copy: FileId) {
        if self.known.contains_key(&copy) {
            return;
        }
        let Some(old) = self.known.get_mut(&original) else { return };
        let pending = std::mem::take(&mut old.pending);
        old.changed.pending = true;
        let all = Changed { pending: true, columns: true, path: true };
        let new = FileMemory {
            source: old.source,
            pending,
            columns: old.columns.clone(),
            path: old.path.clone(),
            outdated: Vec::new(),
            is_known: false,
            changed: all,
        };
        self.known.insert(copy, new);
        self.counted(original);
        self.counted(copy);
    }

    /// What the youngest file of the source knows: the best guess for one whose header is gone.
    fn columns_of_source(&self, source: SourceIndex) -> Option<Vec<Vec<u8>>> {
        let of_source = self.known.iter().filter(|(_, memory)| memory.source == source);
        let knowing = of_source.filter(|(_, memory)| memory.columns.iter().any(|columns| !columns.is_empty()));
        knowing.max_by_key(|(file, _)| **file).map(|(_, memory)| memory.columns.clone())
    }

    /// To be called after a chunk or a flush of the file was counted.
    pub fn counted(&mut self, file: FileId) {
        let Some(memory) = self.known.get(&file) else { return };
        if memory.pending.complete_until().is_some() {
            self.waiting.insert(file);
        } else {
            self.waiting.remove(&file);
        }
        if memory.changed != Changed::default() {
            self.dirty.insert(file);
        }
    }

    /// Files with lines that wait for more of their record.
    pub fn waiting(&self) -> impl Iterator<Item = FileId> {
        self.waiting.iter().copied()
    }

    pub fn get_mut(&mut self, file: FileId) -> Option<(SourceIndex, &mut FileMemory)> {
        self.known.get_mut(&file).map(|memory| (memory.source, memory))
    }

    /// For a file with waiting lines: the instant before which nothing else of it is missing.
    pub fn held_from(&self, file: FileId) -> Option<UnixMicros> {
        self.waiting.contains(&file).then(|| self.known.get(&file)?.pending.complete_until())?
    }

    pub fn has_changes(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Writes what changed since the last confirmed commit.
    pub fn save(&mut self, commit: &mut Commit<'_>, plan: &Plan) -> Result<(), LedgerError> {
        let Self { known, dirty, body, .. } = self;
        for (file, memory) in dirty.iter().filter_map(|file| Some((*file, known.get(file)?))) {
            let Some(plan) = plan.sources.get(memory.source.0 as usize) else { continue };
            if memory.changed.pending {
                body.clear();
                if let Some(records) = &plan.records {
                    records.encode(&memory.pending, body);
                }
                commit.put_file_note(file, PENDING, body)?;
            }
            if memory.changed.columns {
                for (pattern, columns) in plan.patterns.iter().zip(&memory.columns) {
                    commit.put_file_note(file, &format!("{COLUMNS}{}", pattern.name), columns)?;
                }
            }
            for name in &memory.outdated {
                commit.put_file_note(file, name, &[])?;
            }
            if memory.changed.path {
                encode_path(&memory.path, body);
                commit.put_file_note(file, PATH, body)?;
            }
        }
        Ok(())
    }

    /// The commit is durable; these files are forgotten with it.
    pub fn confirm(&mut self, forgotten: &[FileId]) {
        for file in std::mem::take(&mut self.dirty) {
            if let Some(memory) = self.known.get_mut(&file) {
                memory.changed = Changed::default();
                memory.outdated.clear();
            }
        }
        for file in forgotten {
            self.known.remove(file);
            self.waiting.remove(file);
        }
    }
}

impl FileMemory {
    /// `None` when the note is damaged.
    fn take_note(&mut self, plan: &SourcePlan, name: &str, body: &[u8]) -> Option<()> {
        if name == PENDING {
            self.pending = match &plan.records {
                Some(records) => records.decode(body)?,
                None => Pending::decode_any(body)?,
            };
        } else if name == PATH {
            self.path = decode_path(body)?;
        } else if let Some(pattern) = name.strip_prefix(COLUMNS) {
            if let Some(index) = plan.patterns.iter().position(|known| known.name == pattern) {
                self.columns.resize(plan.patterns.len(), Vec::new());
                body.clone_into(&mut self.columns[index]);
            } else {
                self.outdated.push(name.to_owned());
            }
        }
        Some(())
    }
}

fn encode_path(path: &[(String, Vec<u8>)], into: &mut Vec<u8>) {
    into.clear();
    into.push(PATH_FORMAT);
    for (name, value) in path {
        for text in [name.as_bytes(), value] {
            into.extend((text.len() as u32).to_le_bytes());
            into.extend_from_slice(text);
        }
    }
}

fn decode_path(body: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut rest = body.strip_prefix(&[PATH_FORMAT])?;
    let mut path = Vec::new();
    while !rest.is_empty() {
        let mut text = || {
            let (len, after) = rest.split_first_chunk::<4>()?;
            let (text, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            rest = after;
            Some(text.to_owned())
        };
        let (name, value) = (text()?, text()?);
        path.push((String::from_utf8(name).ok()?, value));
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::{decode_path, encode_path};

    #[test]
    fn the_fields_of_a_path_are_kept_as_they_are() {
        for path in [vec![], vec![("tenant".to_owned(), b"acme\xff\0".to_vec()), ("x".to_owned(), Vec::new())]] {
            let mut body = Vec::new();
            encode_path(&path, &mut body);
            assert_eq!(decode_path(&body), Some(path));
            for cut in 1..body.len() {
                assert!(decode_path(&body[..cut]).is_none_or(|found| found.len() < 2), "{cut}");
            }
        }
        assert_eq!(decode_path(b"\x02"), None);
        assert_eq!(decode_path(b""), None);
    }
}
