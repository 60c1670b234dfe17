//! Looks for files: compares what the globs show with what is followed.
//!
//! Promises: who a file is is decided by inode and content; a file without a name is looked for among its neighbours
//! before it is given up. Does not: read lines.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::candidate::Candidate;
use super::followed::{Followed, Presence};
use super::glob::Listing;
use super::hooks::Point;
use super::identity::{self, Look};
use super::neighbours::Neighbours;
use super::report::{ScanReport, What};
use super::{Source, Tail, rotated};
use crate::model::file::{Cursor, FileId, Marks, Packing, SourceIndex, Standing};
use crate::model::spec::StartAt;
use crate::model::time::UnixMicros;

/// What became of the search for a file without a name.
enum Search {
    Attached,
    NotFound,
    /// It could not be carried out: nothing is decided.
    Impossible,
}

impl Tail {
    /// Looks for files: lists the globs, identifies what is there, follows renames, notes what is gone. To be called each
    /// `scan_interval`, and when a hint came. Never fails: what cannot be listed or opened is in the report once per
    /// change, and is tried again at each scan. `now` must be taken before the call.
    pub fn scan(&mut self, now: UnixMicros) -> ScanReport {
        self.scans += 1;
        self.listed.begin(now);
        self.refresh_streams();
        debug_assert!(self.streams.is_current(&self.files), "a cursor that changed is not marked for saving");
        let mut report = ScanReport::default();
        for at in 0..self.sources.len() {
            let Some(source) = self.sources.get(at) else { continue };
            let index = source.spec.index;
            let mut listing = source.globs.list(&mut self.hooks);
            self.listed.add(&mut listing);
            self.hooks.reach(Point::BeforeDecide, Path::new(""));
            report.matched_files += listing.entries().len();
            self.is_waiting = false;
            let unknown = self.compare(index, &listing, now);
            if listing.is_complete() {
                self.look_for_unseen(index, now);
            }
            for (path, look) in unknown {
                // Another name of it was found just now, or it left another one.
                match self.by_inode.get(&(index, look.inode)).copied() {
                    Some(id) => self.seen(id, &path, &look, now),
                    None => self.found(index, &path, &look, now),
                }
            }
            self.retire(index, &listing, now);
            if listing.is_complete() {
                self.meet_siblings(index, &listing, now);
                self.revisit_copies(index, &listing, now);
                self.look_at_finished(index, now);
            }
            let is_waiting = self.is_waiting;
            if is_waiting {
                self.listed.want_scan();
            }
            if let Some(source) = self.sources.get_mut(at) {
                source.note_away(&listing.obstacles);
                source.is_fresh = false;
                source.is_obstructed = !listing.is_complete();
                if listing.is_complete() {
                    // What is not decided yet may hold lines of any time before.
                    if !is_waiting {
                        source.scanned_at = Some(now);
                        source.known_until = Some(now);
                        source.forget_away(&listing.obstacles);
                    }
                } else {
                    report.incomplete_sources.push(index);
                }
            }
            self.note_obstacles(at, listing.obstacles, now);
        }
        self.by_number.clear();
        let scans = self.scans;
        self.strangers.retain(|_, stranger| stranger.scan + 1 >= scans);
        self.forget_expired(now);
        self.listed.end(self.files.values());
        for file in self.files.values().filter(|file| file.handle.is_some()) {
            self.polls.add(file.cursor.file);
        }
        report.notes = std::mem::take(&mut self.notes);
        report
    }

    /// Marks what is known; gives what is not.
    fn compare(&mut self, source: SourceIndex, listing: &Listing, now: UnixMicros) -> Vec<(PathBuf, Look)> {
        let mut unknown = Vec::new();
        for (path, look) in listing.entries() {
            let known = self.by_inode.get(&(source, look.inode)).copied();
            match known.or_else(|| self.renumbered(source, path, look)) {
                Some(id) if !self.is_another(id, path, look, now) => self.seen(id, path, look, now),
                _ => unknown.push((path.clone(), *look)),
            }
        }
        unknown
    }

    /// True when a known inode under another name holds other content: it was used again.
    fn is_another(&mut self, id: FileId, path: &Path, look: &Look, now: UnixMicros) -> bool {
        let Some(file) = self.files.get(&id) else { return true };
        // What is read is compared at each read, and copies are judged again when they change.
        let is_foreign = file.cursor.standing == Standing::Foreign;
        let is_as_it_was = file.judged == Some(*look) || file.cursor.look == Some(look.as_read());
        let is_in_place = file.cursor.path == path && (!is_foreign || is_as_it_was);
        if file.handle.is_some() || is_in_place || file.scan == self.scans {
            return false;
        }
        // With nothing counted, an inode says nothing.
        let source = file.source;
        if file.cursor.offset == 0 || is_foreign {
            self.give_up_content(id, now);
            return true;
        }
        match Candidate::open(path) {
            Ok(mut candidate) if candidate.look.inode == look.inode => self.is_stranger(source, &mut candidate, now),
            _ => false,
        }
    }

    /// A known file that is under one of the source's names.
    pub(super) fn seen(&mut self, id: FileId, path: &Path, look: &Look, now: UnixMicros) {
        let Some(source) = self.files.get(&id).map(|file| file.source) else { return };
        let decided = self.decided_until(source, now);
        let (has_room, grace) = (self.has_room(), self.spec.rotated_grace);
        let Some(file) = self.files.get_mut(&id) else { return };
        // Another name of it was seen already: a hard link, or a rename while the directory was listed.
        if file.scan == self.scans {
            return;
        }
        let is_first = std::mem::replace(&mut file.scan, self.scans) == 0;
        file.met_at.get_or_insert(now);
        file.is_set_aside = false;
        file.cursor.seen = decided.max(file.cursor.seen);
        if !file.is_named() {
            file.presence = Presence::Named;
        }
        if now.since(file.seen_saved) >= file.save_seen_after() {
            file.seen_saved = now;
            self.dirty.insert(id);
        }
        // A copy is not read: it is judged again when it changes. A file that was at its end when we stopped, and is as it
        // was, needs no read; while handles last it gets one, so that it cannot be deleted unread.
        let wants_handle = is_first && file.handle.is_none() && has_room;
        let is_last = file.handle.is_none() && !file.cursor.finished && file.is_over(now, grace);
        let is_unchanged = !file.is_own() || (file.is_unchanged(look, now) && !wants_handle && !is_last);
        if !file.is_own() {
            file.caught_up_at = None;
        } else if is_unchanged {
            file.caught_up_at = file.caught_up_at.max(Some(now));
        } else if !file.queued {
            file.looked = None;
            file.looking = Some(*look);
        }
        if file.cursor.path.as_os_str() != path.as_os_str() {
            let from = std::mem::replace(&mut file.cursor.path, path.to_owned());
            let source = file.source;
            file.settle_home();
            self.dirty.insert(id);
            self.note(source, path.to_owned(), What::Renamed { file: id, from });
        }
        if !is_unchanged {
            self.enqueue(id);
        }
    }

    pub(super) fn found(&mut self, source: SourceIndex, path: &Path, look: &Look, now: UnixMicros) {
        let known = self.source(source);
        let from_end = known.is_some_and(|known| known.is_fresh && known.spec.start_at == StartAt::End);
        let Some(id) = self.add(source, path, look, now) else { return };
        self.with(id, |file| {
            file.presence = Presence::Named;
            file.begin_near = from_end.then_some(look.size);
            // Also where it cannot be opened any more: what a link leads to is rotated under its own name.
            file.cursor.real_path = identity::behind_link(path);
        });
        // Before anybody renames it. What it is, is decided when its turn to be read comes.
        self.make_open(id, now);
        self.enqueue(id);
    }

    /// A file that was never seen before, with nothing of it counted.
    pub(super) fn add(&mut self, source: SourceIndex, path: &Path, look: &Look, now: UnixMicros) -> Option<FileId> {
        let name = self.source_name(source)?;
        let id = self.give_id();
        let cursor = Cursor {
            file: id,
            source: name,
            path: path.to_owned(),
            real_path: None,
            inode: look.inode,
            packing: Packing::Plain,
            standing: Standing::Own,
            head: identity::NOTHING,
            before: identity::NOTHING,
            marks: Marks::default(),
            offset: 0,
            seen: self.decided_until(source, now),
            look: None,
            finished: false,
        };
        let mut file = Followed::new(source, cursor);
        file.scan = self.scans;
        file.grown_at = now;
        file.met_at = Some(now);
        file.looking = Some(*look);
        self.files.insert(id, file);
        self.by_inode.insert((source, look.inode), id);
        self.count(source, |counters| counters.files_found += 1);
        self.dirty.insert(id);
        Some(id)
    }

    /// A file from the ledger whose device has another number since the machine was started: same name, same inode
    /// number, same content.
    fn renumbered(&mut self, source: SourceIndex, path: &Path, look: &Look) -> Option<FileId> {
        let id = *self.by_number.get(&(source, look.inode.inode))?;
        let file = self.files.get(&id)?;
        let cursor = &file.cursor;
        if file.scan == self.scans || cursor.offset == 0 || cursor.path != path {
            return None;
        }
        let (handle, now_there) = identity::open(path).ok()?;
        let is_it = now_there.inode == look.inode
            && identity::holds(&handle, cursor.head, cursor.before, cursor.offset).unwrap_or(false);
        if !is_it {
            return None;
        }
        let old = cursor.inode;
        self.by_inode.remove(&(source, old));
        self.by_inode.insert((source, look.inode), id);
        self.with(id, |file| file.cursor.inode = look.inode);
        self.dirty.insert(id);
        Some(id)
    }

    /// Marks files that were rotated inside the globs: their old name holds another file, or their name is that of another
    /// file with a number or a date behind it.
    fn retire(&mut self, source: SourceIndex, listing: &Listing, now: UnixMicros) {
        let scans = self.scans;
        for (&id, file) in &mut self.files {
            if file.source != source || file.scan != scans || !file.is_own() {
                continue;
            }
            let is_rotated = is_rotated(file, listing);
            match file.presence {
                Presence::Named if is_rotated => file.presence = Presence::Retired { since: now },
                Presence::Retired { .. } if !is_rotated => file.presence = Presence::Named,
                _ => {}
            }
            if file.presence == Presence::Named && std::mem::take(&mut file.cursor.finished) {
                self.dirty.insert(id);
            }
        }
    }

    /// Files that no glob shows. Nothing is concluded for a source that could not be listed whole.
    fn look_for_unseen(&mut self, source: SourceIndex, now: UnixMicros) {
        let scans = self.scans;
        let is_unseen =
            |file: &&Followed| file.scan != scans && file.source == source && file.is_own() && !file.is_emptied();
        let unseen: Vec<FileId> = self.files.values().filter(is_unseen).map(|file| file.cursor.file).collect();
        let mut neighbours = Neighbours::default();
        if unseen.iter().any(|id| self.files.get(id).is_some_and(|file| file.handle.is_none())) {
            self.make_room();
        }
        for id in unseen {
            self.unseen(id, &mut neighbours, now);
        }
    }

    fn unseen(&mut self, id: FileId, neighbours: &mut Neighbours, now: UnixMicros) {
        let grace = self.spec.rotated_grace;
        let Some(file) = self.files.get_mut(&id) else { return };
        if file.handle.is_some() {
            if file.is_named() {
                file.presence = Presence::Left { since: now };
                let (source, path) = (file.source, file.cursor.path.clone());
                self.note(source, path, What::Left { file: id });
                self.learn_path(id);
            }
            return self.enqueue(id);
        }
        if file.is_parked() && self.look_at_parked(id, now) {
            return;
        }
        let Some(file) = self.files.get_mut(&id) else { return };
        let since = match file.presence {
            Presence::Missing { since } => since.unwrap_or(now),
            _ => now,
        };
        file.presence = Presence::Missing { since: Some(since) };
        file.trouble = None;
        if file.cursor.finished {
            return;
        }
        if self.is_set_aside(id, neighbours) {
            return self.set_aside(id);
        }
        match self.find_sibling(id, neighbours, now) {
            Search::Attached => {
                self.with(id, |file| file.presence = Presence::Left { since: now });
                self.enqueue(id);
            }
            // Under another name, it may wait for a handle.
            Search::NotFound if self.is_met(id) => {}
            Search::NotFound if now.since(since) >= grace => self.lose(id),
            Search::NotFound | Search::Impossible => {}
        }
    }

    /// True for one whose inode was seen under another name, where it is not decided yet what it is.
    fn is_met(&self, id: FileId) -> bool {
        let key = |file: &Followed| (file.source, file.cursor.inode);
        self.files.get(&id).is_some_and(|file| self.strangers.contains_key(&key(file)))
    }

    /// True for a file that stands where it stood, under a name that the configuration named then and does not now. One
    /// whose name looks like a rotation of what is followed is wanted still.
    fn is_set_aside(&self, id: FileId, neighbours: &mut Neighbours) -> bool {
        let Some(file) = self.files.get(&id) else { return false };
        let path = &file.cursor.path;
        let Some(source) = self.source(file.source) else { return false };
        let is_there = rustix::fs::stat(path).is_ok_and(|stat| Look::new(&stat).inode == file.cursor.inode);
        // It left the globs before, by itself: that is no matter of the configuration.
        let has_left = file.cursor.real_path.as_ref() == Some(path);
        if !is_there || has_left || self.is_rotation(file.source, path) {
            return false;
        }
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return false };
        let followed = |other: &std::ffi::OsStr| source.globs.matches(&directory.join(other));
        let mut is_rotated = || neighbours.names(directory).any(|other| is_sibling(name, other) && followed(other));
        source.globs.excludes(path) || !is_rotated()
    }

    /// Leaves a file alone from where it is counted; when it is named again, it is read on.
    fn set_aside(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(&id) else { return };
        file.cursor.finished = true;
        file.is_set_aside = true;
        let (source, path, offset) = (file.source, file.cursor.path.clone(), file.cursor.offset);
        self.dirty.insert(id);
        self.note(source, path, What::SetAside { file: id, offset });
    }

    /// Looks for a file that has neither a name nor a handle among its neighbours, by inode and content. The handle that
    /// was judged is the handle that will be read.
    fn find_sibling(&mut self, id: FileId, neighbours: &mut Neighbours, now: UnixMicros) -> Search {
        let Some(file) = self.files.get(&id) else { return Search::NotFound };
        let (inode, offset) = (file.cursor.inode, file.cursor.offset);
        self.hooks.reach(Point::BeforeSiblings, &file.cursor.path);
        let mut candidates = Vec::new();
        for directory in self.search_directories(id, neighbours) {
            match neighbours.of_number(&directory, inode.inode) {
                Ok(same) => candidates.extend(same),
                Err(err) if err.kind() == std::io::ErrorKind::NotFound => {}
                Err(err) => {
                    self.set_trouble(id, &err, now);
                    return Search::Impossible;
                }
            }
        }
        // With nothing counted, an inode says nothing: strangers are judged by content.
        candidates.retain(|path| offset > 0 || !rotated::is_rotated_form(path));
        let is_found = candidates.iter().any(|path| self.attach(id, path));
        if is_found { Search::Attached } else { Search::NotFound }
    }

    /// Where a file may be that has no name: beside where it was, where its link led, where rotations go, and right below.
    fn search_directories(&self, id: FileId, neighbours: &mut Neighbours) -> Vec<PathBuf> {
        let Some(file) = self.files.get(&id) else { return Vec::new() };
        let own = [Some(&file.cursor.path), file.cursor.real_path.as_ref()];
        let mut found: Vec<PathBuf> =
            own.into_iter().flatten().filter_map(|path| path.parent()).map(Path::to_owned).collect();
        let known = self.directories.keys().filter(|(source, _)| *source == file.source);
        found.extend(known.map(|(_, directory)| directory.clone()));
        for at in 0..found.len().min(2) {
            found.extend_from_slice(neighbours.below(&found[at]));
        }
        let mut seen = HashSet::new();
        found.retain(|directory| seen.insert(directory.clone()));
        found
    }

    /// Opens the file under a path that has its inode, if it has its content too: it is read through this handle, where there
    /// is room for it.
    fn attach(&mut self, id: FileId, path: &Path) -> bool {
        let Ok(mut candidate) = Candidate::open(path) else { return false };
        let look = candidate.look;
        let Some(manner) = self.files.get(&id).map(|file| self.manner(file.source)) else { return false };
        let Some(file) = self.files.get_mut(&id) else { return false };
        let is_it = look.inode == file.cursor.inode && candidate.holds(&file.cursor).unwrap_or(false);
        if !is_it || file.begin(&candidate.handle, &look, manner).is_err() {
            return false;
        }
        file.looking = Some(look);
        path.clone_into(&mut file.cursor.path);
        file.settle_home();
        // Without room, it is opened there at its turn.
        if self.open_files < self.spec.max_open_files {
            file.put_handle(candidate.into_parts());
            self.open_files += 1;
        }
        if let Some(real) = file.cursor.real_path.replace(path.to_owned()) {
            file.home = real;
        }
        self.dirty.insert(id);
        let (source, offset) = (file.source, file.cursor.offset);
        self.note(source, path.to_owned(), What::Resumed { file: id, offset });
        true
    }

    /// Gives up a file that was not found for the grace time.
    fn lose(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(&id) else { return };
        file.cursor.finished = true;
        let (source, path, offset) = (file.source, file.cursor.path.clone(), file.cursor.offset);
        let unread = file.unread();
        self.count(source, |counters| {
            counters.files_lost += 1;
            counters.lost_bytes += unread;
        });
        self.dirty.insert(id);
        self.note(source, path, What::Lost { file: id, offset });
    }

    fn source_name(&self, source: SourceIndex) -> Option<String> {
        self.source(source).map(|Source { spec, .. }| spec.name.clone())
    }
}

fn is_rotated(file: &Followed, listing: &Listing) -> bool {
    let path = &file.cursor.path;
    let is_another = |other: &Path| listing.get(other).is_some_and(|look| look.inode != file.cursor.inode);
    // One that was given its name back is not on its way out.
    let is_back = || rotated::base_paths(&file.home).any(|base| base == *path);
    if file.home.as_os_str() != path.as_os_str() && is_another(&file.home) && !is_back() {
        return true;
    }
    rotated::base_paths(path).any(|base| is_another(&base))
}

/// True for what a rotation may have made of `name`.
fn is_sibling(other: &OsStr, name: &OsStr) -> bool {
    other.as_bytes().starts_with(rotated::stem(name))
}
