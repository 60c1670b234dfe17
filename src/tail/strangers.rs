//! Files with a rotated name and an unknown inode: copies of what is counted, or generations that were never seen live.
//!
//! Promises: a copy (copytruncate, a backup) is not counted again; what only the copy still has is read from it; a file
//! that was live and rotated away between two scans, or while the agent was stopped, is read whole, also when its name is
//! outside the globs. While it is not certain which of these it is, nothing is read, and the source is not complete.
//! Does not: look into compressed files (their names end in letters), or at names that were never followed.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::followed::{Content, Followed, Presence};
use super::glob::{self, Globs, Listing};
use super::identity::{self, Look};
use super::report::What;
use super::{Tail, hooks::Point};
use crate::model::file::{Cursor, FileId, Fingerprint, Inode, SourceIndex};
use crate::model::time::UnixMicros;

/// File times are taken from the kernel's last tick, and scans take a moment.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// Names in a directory, with inode numbers.
type Names = Vec<(OsString, u64)>;

/// One that is not decided: how it looked, and since when it looks so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stranger {
    look: Look,
    since: UnixMicros,
    /// The scan that saw it last.
    pub(super) scan: u64,
}

/// What a file with an unknown inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    New,
    /// A copy of a file that was emptied: counted up to here, the rest only here.
    Copy {
        head: Fingerprint,
        before: Fingerprint,
        offset: u64,
    },
    /// A copy, all of which is counted.
    Counted {
        head: Fingerprint,
        before: Fingerprint,
        offset: u64,
    },
    /// A later scan will know more.
    Wait,
}

impl Tail {
    /// What a file is whose inode is not known.
    pub(super) fn judge(&mut self, source: SourceIndex, path: &Path, look: &Look, now: UnixMicros) -> Verdict {
        let bases: Vec<PathBuf> = bases_of(path);
        let resembled: Vec<&Followed> = self
            .files
            .values()
            .filter(|file| file.source == source && file.cursor.offset > 0 && file.cursor.inode != look.inode)
            .filter(|file| is_family(&file.cursor.path, &bases))
            .collect();
        if resembled.is_empty() {
            return Verdict::New;
        }
        let key = (source, look.inode);
        let new = Stranger { look: *look, since: now, scan: self.scans };
        let seen = self
            .strangers
            .get(&key)
            .filter(|seen| seen.look == *look)
            .map_or(new, |seen| Stranger { scan: self.scans, ..*seen });
        self.strangers.insert(key, seen);
        let quiet_since = (now.since(seen.since) >= self.spec.rotated_grace).then_some(seen.since);
        let Ok((handle, opened)) = identity::open(path) else { return Verdict::Wait };
        if opened.inode != look.inode {
            return Verdict::Wait;
        }
        let verdicts: Vec<Verdict> =
            resembled.into_iter().map(|file| compare(file, &handle, opened.size, quiet_since)).collect();
        let is_settled = |verdict: &&Verdict| matches!(verdict, Verdict::Copy { .. } | Verdict::Counted { .. });
        let verdict = match verdicts.iter().find(is_settled) {
            Some(verdict) => *verdict,
            None if verdicts.contains(&Verdict::Wait) => Verdict::Wait,
            None => Verdict::New,
        };
        if verdict != Verdict::Wait {
            self.strangers.remove(&key);
        }
        verdict
    }

    /// Follows files outside the globs that were rotated away before they were seen, and remembers copies there.
    pub(super) fn meet_strangers(&mut self, source: SourceIndex, listing: &Listing, now: UnixMicros) {
        let Some(written_after) = self.known_until(source) else { return };
        let Some(globs) = self.sources.iter().find(|known| known.spec.index == source).map(|known| &known.globs) else {
            return;
        };
        let of_files = self.files.values().filter(|file| file.source == source).map(|file| file.cursor.path.as_path());
        let mut directories: Vec<&Path> = of_files
            .chain(listing.entries().iter().map(|(path, _)| path.as_path()))
            .filter_map(Path::parent)
            .chain(globs.directories())
            .collect();
        // Neighbours follow each other: most are gone before the sort.
        directories.dedup_by_key(|directory| directory.as_os_str());
        directories.sort_unstable();
        directories.dedup();
        let wanted: HashSet<PathBuf> = directories.iter().map(|directory| (*directory).to_owned()).collect();
        let mut rotated = Vec::new();
        for directory in directories {
            let Some((look, names)) = self.changed_names(source, directory, now) else { continue };
            rotated.push((directory.to_owned(), look, self.unknown_rotations(source, directory, &look, names, globs)));
        }
        self.directories.retain(|(of, directory), _| *of != source || wanted.contains(directory));
        for (directory, look, names) in rotated {
            self.directories.insert((source, directory), look);
            for path in names.into_iter().filter(|path| listing.get(path).is_none()) {
                self.hooks.reach(Point::BeforeSiblings, &path);
                self.meet(source, &path, written_after, now);
            }
        }
    }

    /// The names in a directory; `None` for one that is as it was, unless a file of the source is not decided.
    fn changed_names(&self, source: SourceIndex, directory: &Path, now: UnixMicros) -> Option<(Look, Names)> {
        let look = Look::new(&rustix::fs::stat(directory).ok()?);
        let is_known = self.directories.get(&(source, directory.to_owned())) == Some(&look) && look.is_settled(now);
        if is_known && !self.strangers.keys().any(|(of, _)| *of == source) {
            return None;
        }
        Some((look, glob::names(directory).ok()?))
    }

    /// Names that are a rotation of one that the globs match, and belong to no file that is followed.
    fn unknown_rotations(
        &self,
        source: SourceIndex,
        directory: &Path,
        look: &Look,
        names: Names,
        globs: &Globs,
    ) -> Vec<PathBuf> {
        let is_followed = |number: u64| {
            let inode = Inode { device: look.inode.device, inode: number };
            let file = self.by_inode.get(&(source, inode)).and_then(|id| self.files.get(id));
            file.is_some_and(|file| file.handle.is_some() || file.scan == self.scans)
        };
        names
            .into_iter()
            .filter(|(_, number)| !is_followed(*number))
            .map(|(name, _)| directory.join(name))
            .filter(|path| !globs.excludes(path) && bases_of(path).iter().any(|base| globs.matches(base)))
            .collect()
    }

    fn meet(&mut self, source: SourceIndex, path: &Path, written_after: UnixMicros, now: UnixMicros) {
        let Ok((handle, look)) = identity::open(path) else { return };
        if !self.is_stranger(source, &handle, &look, now) {
            return;
        }
        let verdict = self.judge(source, path, &look, now);
        // A file that was found and not counted is as good as one that was written since.
        let is_recent = self.by_inode.contains_key(&(source, look.inode))
            || identity::modified(&handle).is_some_and(|modified| modified > written_after.minus(CLOCK_SLACK));
        match verdict {
            Verdict::New if !is_recent => {}
            Verdict::Wait if !is_recent => {
                self.strangers.remove(&(source, look.inode));
            }
            Verdict::Wait => self.is_waiting = true,
            _ if self.make_room() => self.follow(source, path, handle, &look, verdict, now),
            _ => {
                // Not forgotten until there is a handle for it: the directory may never change again.
                let waiting = Stranger { look, since: now, scan: self.scans };
                self.strangers.entry((source, look.inode)).or_insert(waiting).scan = self.scans;
                self.is_waiting = true;
            }
        }
    }

    /// False for a file that is known by inode and content. One whose inode now holds something else is known no more.
    pub(super) fn is_stranger(&mut self, source: SourceIndex, handle: &File, look: &Look, now: UnixMicros) -> bool {
        let Some(id) = self.by_inode.get(&(source, look.inode)).copied() else { return true };
        let Some(file) = self.files.get(&id) else { return true };
        let Cursor { head, before, offset, .. } = file.cursor;
        if file.handle.is_some() {
            return false;
        }
        // With nothing counted, an inode says nothing. The cursor stays until it is decided what the file is.
        if offset == 0 {
            return true;
        }
        let is_same = identity::holds(handle, head, before, offset).unwrap_or(true);
        if !is_same {
            self.give_up_content(id, now);
        }
        !is_same
    }

    /// What was counted of a file is nowhere any more: its inode is another's.
    pub(super) fn give_up_content(&mut self, id: FileId, now: UnixMicros) {
        let Some(file) = self.files.get_mut(&id) else { return };
        file.content = Content::Emptied;
        file.cursor.finished = true;
        file.grown_at = now;
        let (source, inode, read_until) = (file.source, file.cursor.inode, file.caught_up_at);
        self.by_inode.remove(&(source, inode));
        self.dirty.insert(id);
        self.hold_scan(source, read_until);
    }

    /// Follows a file outside the globs through the handle that was judged.
    fn follow(
        &mut self,
        source: SourceIndex,
        path: &Path,
        handle: File,
        look: &Look,
        verdict: Verdict,
        now: UnixMicros,
    ) {
        if let Some(&unread) = self.by_inode.get(&(source, look.inode)) {
            self.give_up_content(unread, now);
        }
        let Some(id) = self.add(source, path, look, now) else { return };
        let Some(file) = self.files.get_mut(&id) else { return };
        file.presence = Presence::Left { since: now };
        file.handle = Some(handle);
        file.looking = Some(*look);
        self.open_files += 1;
        self.start_as(id, verdict);
        let Some(file) = self.files.get(&id) else { return };
        let offset = file.cursor.offset;
        if file.cursor.finished {
            self.finish(id, now);
        } else {
            self.enqueue(id);
            self.note(source, path.to_owned(), What::Found { file: id, offset });
        }
    }

    /// Puts a new file's cursor where the verdict says.
    pub(super) fn start_as(&mut self, id: FileId, verdict: Verdict) {
        let (Verdict::Copy { head, before, offset } | Verdict::Counted { head, before, offset }) = verdict else {
            return;
        };
        let Some(file) = self.files.get_mut(&id) else { return };
        let finished = matches!(verdict, Verdict::Counted { .. });
        file.cursor = Cursor { head, before, offset, finished, ..file.cursor.clone() };
        file.end = offset;
        let source = file.source;
        if !finished {
            // Another copy of the same file has nothing that this one does not have.
            let is_original = |file: &&mut Followed| {
                file.cursor.finished
                    && file.source == source
                    && file.cursor.offset == offset
                    && file.cursor.head == head
                    && file.cursor.file != id
            };
            let mut original = None;
            for file in self.files.values_mut().filter(is_original) {
                file.content = Content::Continued;
                original = Some(file.cursor.file);
            }
            self.with(id, |file| file.continues = original);
        }
    }

    /// Emptied files of which a copy would have been met by now.
    pub(super) fn outlived(&self) -> Vec<FileId> {
        let is_scanned_since = |file: &&Followed| {
            let source = self.sources.iter().find(|known| known.spec.index == file.source);
            let scanned_at = source.and_then(|source| source.scanned_at);
            scanned_at.is_some_and(|at| at > file.grown_at.plus(self.spec.rotated_grace))
        };
        let emptied = self.files.values().filter(|file| file.is_emptied());
        emptied.filter(is_scanned_since).map(|file| file.cursor.file).collect()
    }

    /// What a cursor says of when its file was seen: not later than all strangers are decided up to. After a restart, the
    /// latest of these tells old rotations from ones that may hold lines of ours.
    pub(super) fn decided_until(&self, source: SourceIndex, now: UnixMicros) -> UnixMicros {
        self.known_until(source).unwrap_or(now)
    }

    /// Up to when every live file of the source was seen; `None` when the source is new.
    fn known_until(&self, source: SourceIndex) -> Option<UnixMicros> {
        self.sources.iter().find(|known| known.spec.index == source).and_then(|known| known.known_until)
    }
}

/// The paths that this may be a rotation of.
pub(super) fn bases_of(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default();
    glob::rotation_bases(name).map(|base| path.with_file_name(base)).collect()
}

/// True for a path that is one of the bases, or a rotation of one.
fn is_family(path: &Path, bases: &[PathBuf]) -> bool {
    bases.iter().any(|base| base == path) || bases_of(path).iter().any(|base| bases.contains(base))
}

/// What a file is, compared with one that is counted.
fn compare(counted: &Followed, handle: &File, size: u64, quiet_since: Option<UnixMicros>) -> Verdict {
    let Cursor { head, before, offset, .. } = counted.cursor;
    let holds = |before| identity::holds(handle, head, before, offset).unwrap_or(false);
    if size < u64::from(head.len) {
        // A copy that is being made begins like this.
        return if quiet_since.is_some() { Verdict::New } else { Verdict::Wait };
    }
    if !holds(identity::NOTHING) {
        return Verdict::New;
    }
    let is_counted = || {
        let measured = identity::measure(handle, size);
        measured.map_or(Verdict::Wait, |(head, before)| Verdict::Counted { head, before, offset: size })
    };
    if size < offset {
        return if quiet_since.is_some() { is_counted() } else { Verdict::Wait };
    }
    if !holds(before) {
        return Verdict::New;
    }
    if size == offset {
        return is_counted();
    }
    // A file that is finished and has no name any more will not tell the rest itself.
    let is_gone = counted.cursor.finished && counted.handle.is_none() && !counted.is_named();
    if counted.content == Content::Emptied || (is_gone && counted.content == Content::There) {
        return Verdict::Copy { head, before, offset };
    }
    if counted.content == Content::Continued {
        return if quiet_since.is_some() { is_counted() } else { Verdict::Wait };
    }
    // The counted file will be read up to where the copy was taken, or be found emptied. One that was read to its end
    // since, and is shorter, was never copied from.
    let read_since = quiet_since.is_some_and(|since| counted.caught_up_at > Some(since));
    if read_since && counted.end < size { Verdict::New } else { Verdict::Wait }
}
