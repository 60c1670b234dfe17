//! Files that are remembered no longer: gone for long, or without content while every copy of them would have been met.
//!
//! Promises: nothing is forgotten that a copy could still go on from; of each source, one file stays. Does not: decide what
//! is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::followed::{Content, Followed};
use super::glob::Obstacle;
use super::{Tail, identity};
use crate::model::file::{Cursor, FileId, Inode, Marks, Packing, SourceIndex, Standing};
use crate::model::time::UnixMicros;

/// Scans after a file lost its content until all its copies are judged: one meets them, one judges them again.
const SCANS_FOR_COPIES: u64 = 3;

/// How long a file without content is remembered at least: while its copies still look as written since.
const LEAST_MEMORY: Duration = Duration::from_secs(5);

/// Of a row that stands for no file: it says that its source was followed, and until when. No file system has such a file.
const NOWHERE: Inode = Inode { device: 0, inode: 0 };

/// True for what stands for no file.
pub(super) fn is_trace(file: &Followed) -> bool {
    file.cursor.inode == NOWHERE
}

impl Tail {
    /// Forgets what is expired.
    pub(super) fn forget_expired(&mut self, now: UnixMicros) {
        if self.scans == 1 {
            self.look_for_copies_since(now);
        }
        let forget_gone = self.spec.forget_gone;
        let is_expired = |cursor: &Cursor| now.since(cursor.seen) >= forget_gone;
        let scans = self.scans;
        let outlived = self.outlived();
        let outlived = self.without_parts(outlived);
        let expired: Vec<FileId> = self
            .files
            .values()
            .filter(|file| file.cursor.finished && file.handle.is_none() && file.scan != scans)
            .filter(|file| is_expired(&file.cursor))
            .map(|file| file.cursor.file)
            .chain(outlived)
            .filter(|id| !self.is_only_trace(*id))
            .collect();
        let expired = self.after_halves(expired, now);
        let orphans = self.orphans.values().filter(|cursor| is_expired(cursor)).map(|cursor| cursor.file);
        let expired: Vec<FileId> = expired.into_iter().chain(orphans).collect();
        let (mut gone, mut links) = (BTreeMap::new(), BTreeMap::new());
        for id in expired {
            self.orphans.remove(&id);
            if let Some(file) = self.forget(id) {
                if file.content == Content::There {
                    self.by_inode.remove(&(file.source, file.cursor.inode));
                }
                self.count_cut(&file);
                let Followed { source, cursor, .. } = file;
                if let Standing::Copy { of } = cursor.standing {
                    links.insert(id, of);
                }
                let last = gone.entry(source).or_insert_with(|| cursor.clone());
                *last = if cursor.seen > last.seen { cursor } else { last.clone() };
            }
        }
        for (source, last) in gone {
            if self.files.values().all(|file| file.source != source) {
                self.leave_trace(source, last);
            }
        }
        self.promote_copies(&links);
    }

    /// Those of the expired files that no half line can be of: what is nothing but half a line is judged once more while they
    /// are known.
    fn after_halves(&mut self, mut expired: Vec<FileId>, now: UnixMicros) -> Vec<FileId> {
        let sources: BTreeSet<SourceIndex> =
            expired.iter().filter_map(|id| self.files.get(id)).map(|file| file.source).collect();
        for source in sources {
            if !self.halves_are_decided(source, now) {
                expired.retain(|id| self.files.get(id).is_none_or(|file| file.source != source));
            }
        }
        expired
    }

    /// Of files that had lost their content when this run began, copies are looked for from now on.
    fn look_for_copies_since(&mut self, now: UnixMicros) {
        for file in self.files.values_mut().filter(|file| file.is_emptied()) {
            file.grown_at = file.grown_at.max(now);
        }
    }

    /// Copies of what is known no more: the one of which most is counted stands for itself, and the others are its copies.
    /// `links`: what was forgotten, and a copy itself, with what it was a copy of.
    pub(super) fn promote_copies(&mut self, links: &BTreeMap<FileId, FileId>) {
        for file in self.files.values_mut() {
            let Standing::Copy { of } = file.cursor.standing else { continue };
            let known =
                (0..links.len()).try_fold(of, |of, _| links.get(&of).copied().ok_or(of)).unwrap_or_else(|of| of);
            if known != of {
                file.cursor.standing = Standing::Copy { of: known };
                self.dirty.insert(file.cursor.file);
            }
        }
        let mut heirs = BTreeMap::<FileId, (bool, u64, FileId)>::new();
        let orphaned = |file: &Followed| match file.cursor.standing {
            Standing::Copy { of } if !self.files.contains_key(&of) => Some(of),
            _ => None,
        };
        let copies: Vec<(FileId, FileId)> =
            self.files.values().filter_map(|file| Some((orphaned(file)?, file.cursor.file))).collect();
        for (of, copy) in &copies {
            let Some(file) = self.files.get(copy) else { continue };
            let heir = (file.content == Content::There, file.cursor.offset, *copy);
            let best = heirs.entry(*of).or_insert(heir);
            *best = heir.max(*best);
        }
        for (of, copy) in copies {
            let Some(&(.., heir)) = heirs.get(&of) else { continue };
            let standing = if copy == heir { Standing::Own } else { Standing::Copy { of: heir } };
            self.with(copy, |file| file.cursor.standing = standing);
            self.dirty.insert(copy);
        }
    }

    /// Knows a file no more, nor does the ledger with the next commit.
    pub(super) fn forget(&mut self, id: FileId) -> Option<Followed> {
        self.dirty.remove(id);
        self.rested.remove(&id);
        self.forgotten.insert(id);
        self.files.remove(&id)
    }

    /// What stays of a source when its last file is forgotten: that it was followed, until when, and how its files were called.
    fn leave_trace(&mut self, source: SourceIndex, last: Cursor) {
        let Cursor { source: name, path, real_path, seen, .. } = last;
        let id = self.give_id();
        let trace = Cursor {
            file: id,
            source: name,
            path,
            real_path,
            inode: NOWHERE,
            packing: Packing::Plain,
            standing: Standing::Foreign,
            head: identity::NOTHING,
            before: identity::NOTHING,
            marks: Marks::default(),
            offset: 0,
            seen,
            look: None,
            finished: true,
        };
        self.files.insert(id, Followed::new(source, trace));
        self.dirty.insert(id);
    }

    fn is_only_trace(&self, id: FileId) -> bool {
        self.files.get(&id).is_some_and(|file| {
            is_trace(file) && self.files.values().filter(|other| other.source == file.source).count() == 1
        })
    }

    /// No copy was found of a file that was emptied: what was not read of it is gone.
    fn count_cut(&mut self, file: &Followed) {
        let unread = file.end.saturating_sub(file.cursor.offset);
        if file.is_own() && file.is_emptied() && unread > 0 {
            self.count(file.source, |counters| {
                counters.cut_files += 1;
                counters.cut_bytes += unread;
            });
        }
    }

    /// Emptied and deleted files of which a copy would have been met by now.
    fn outlived(&self) -> Vec<FileId> {
        // Once for each source: thousands of files may be emptied at once.
        let sources = self.sources.iter().map(|source| source.spec.index);
        let known_at: BTreeMap<SourceIndex, Option<UnixMicros>> =
            sources.map(|source| (source, self.copies_known_at(source))).collect();
        let is_scanned_since = |file: &&Followed| {
            let is_met = self.scans >= file.emptied_scan + SCANS_FOR_COPIES;
            let known_at = known_at.get(&file.source).copied().flatten().filter(|_| is_met);
            known_at.is_some_and(|at| at > file.grown_at.plus(self.spec.rotated_grace.max(LEAST_MEMORY)))
        };
        let is_deleted = |file: &Followed| file.content == Content::Deleted;
        // What stands in a directory that is away was not met.
        let is_away = |file: &Followed| {
            let known = self.source(file.source);
            known.is_some_and(|known| {
                let mut missing = known.obstacles.iter().filter(|(_, what)| matches!(what, Obstacle::Missing(_)));
                missing.any(|(directory, _)| file.cursor.path.starts_with(directory))
            })
        };
        let without_content = self.files.values().filter(|file| file.is_emptied() || is_deleted(file));
        without_content.filter(is_scanned_since).filter(|file| !is_away(file)).map(|file| file.cursor.file).collect()
    }

    /// Those of which no copy has a part only: such a copy may go on, and what it gets then is counted. The others are kept
    /// as long as that copy, and not looked for.
    fn without_parts(&mut self, mut outlived: Vec<FileId>) -> Vec<FileId> {
        if outlived.is_empty() {
            return outlived;
        }
        let is_copy = |file: &&Followed| matches!(file.cursor.standing, Standing::Copy { .. });
        let copies = self.files.values().filter(is_copy).filter(|file| file.content == Content::There);
        let has_part = |copy: &Followed| {
            let root = self.root(copy.cursor.file);
            self.files.get(&root).is_some_and(|file| copy.cursor.offset < file.cursor.offset).then_some(root)
        };
        let kept: BTreeSet<FileId> = copies.filter_map(has_part).collect();
        for id in outlived.iter().filter(|id| kept.contains(id)) {
            self.with(*id, |file| file.is_kept = true);
        }
        outlived.retain(|id| !kept.contains(id));
        outlived
    }
}
