//! Files beside the ones that the globs show: generations that were rotated away unseen, copies, files without a name.
//!
//! Promises: a file that was live and rotated away between two scans, or while the agent was stopped, is read whole, also
//! when its name is outside the globs; what was rotated away before the source was first followed is left alone, and so are
//! its copies. Does not: judge content; that is `inventory`'s.
//!
//! Looked at are the directories of the globs and of every file that is known, where links lead to, and where handles were
//! seen to go; and the directories right below, while something is missing.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Dir, FileType, Mode, OFlags};

use super::candidate::Candidate;
use super::followed::{Content, Presence};
use super::glob::Listing;
use super::hooks::Point;
use super::identity::{self, Look};
use super::inventory::{CLOCK_SLACK, Place, Question, Verdict};
use super::report::What;
use super::{Tail, rotated};
use crate::model::file::{FileId, Inode, Packing, SourceIndex, Standing};
use crate::model::time::UnixMicros;

/// Directories below one that are looked into.
const MOST_BELOW: usize = 64;

/// How long after its last change a file that is done with is looked at.
const LOOKED_AT_FOR: Duration = Duration::from_hours(1);

/// What stands in a directory.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Names of files, with the kernel's inode numbers, in order.
    pub(super) files: Vec<(OsString, u64)>,
    pub(super) directories: Vec<OsString>,
}

pub(super) fn names(directory: &Path) -> Result<Names, std::io::Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let handle = rustix::fs::open(directory, flags, Mode::empty())?;
    let mut found = Names::default();
    for entry in Dir::read_from(handle)? {
        let entry = entry?;
        let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
        match entry.file_type() {
            FileType::Directory if name != "." && name != ".." => found.directories.push(name),
            FileType::RegularFile | FileType::Unknown => found.files.push((name, entry.ino())),
            _ => {}
        }
    }
    found.files.sort();
    found.directories.sort();
    Ok(found)
}

/// Why a file beside the globs is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinship {
    /// Its name may be a rotation of one that is followed.
    Rotation,
    /// It shares the beginning of such a name: only a copy of what is known is of interest.
    Stem,
}

impl Tail {
    /// Follows files outside the globs that were rotated away before they were seen, and takes stock of the rest.
    pub(super) fn meet_siblings(&mut self, source: SourceIndex, listing: &Listing, now: UnixMicros) {
        let directories = self.directories_of(source, listing);
        let mut strangers = Vec::new();
        for directory in &directories {
            let Some((look, names)) = self.changed_names(source, directory, now) else { continue };
            let candidates = self.unknown_names(source, directory, &look, &names, listing);
            strangers.extend(candidates);
            let key = (source, directory.clone());
            if self.has_moved(source, directory, &look, &names) {
                self.directories.remove(&key);
                self.listed.want_scan();
            } else {
                self.directories.insert(key, look);
            }
        }
        self.directories.retain(|(of, directory), _| *of != source || directories.contains(directory));
        for (path, kinship) in strangers {
            self.hooks.reach(Point::BeforeSiblings, &path);
            self.meet(source, &path, kinship, now);
        }
    }

    /// Where files of the source may be.
    fn directories_of(&self, source: SourceIndex, listing: &Listing) -> BTreeSet<PathBuf> {
        let Some(known) = self.sources.iter().find(|known| known.spec.index == source) else { return BTreeSet::new() };
        let files = self.files.values().filter(|file| file.source == source);
        let of_files = files.flat_map(|file| [Some(&file.cursor.path), file.cursor.real_path.as_ref()]).flatten();
        let mut directories: Vec<&Path> = of_files
            .map(PathBuf::as_path)
            .chain(listing.entries().iter().map(|(path, _)| path.as_path()))
            .filter_map(Path::parent)
            .chain(known.globs.directories())
            .collect();
        // Neighbours follow each other: most are gone before the sort.
        directories.dedup_by_key(|directory| directory.as_os_str());
        let mut found: BTreeSet<PathBuf> = directories.into_iter().map(Path::to_owned).collect();
        if self.is_searching(source) {
            let below: Vec<PathBuf> = found.iter().flat_map(|directory| below(directory)).collect();
            found.extend(below);
        }
        found
    }

    /// True while a file of the source may stand in a place that is not known: after a start, and while one is missing or
    /// has lost what was not read.
    pub(super) fn is_searching(&self, source: SourceIndex) -> bool {
        let is_missing = |presence| matches!(presence, Presence::Missing { .. });
        self.scans <= 1
            || self.files.values().any(|file| {
                file.source == source
                    && file.is_own()
                    && (file.is_emptied()
                        || (!file.cursor.finished && file.handle.is_none() && is_missing(file.presence)))
            })
    }

    /// The names in a directory; `None` for one that is as it was, unless a file of the source is not decided.
    fn changed_names(&self, source: SourceIndex, directory: &Path, now: UnixMicros) -> Option<(Look, Names)> {
        let look = Look::new(&rustix::fs::stat(directory).ok()?);
        let is_known = self.directories.get(&(source, directory.to_owned())) == Some(&look) && look.is_settled(now);
        if is_known && !self.is_searching(source) && !self.strangers.keys().any(|(of, _)| *of == source) {
            return None;
        }
        Some((look, names(directory).ok()?))
    }

    /// Names that may be of interest, and belong to no file that is followed.
    fn unknown_names(
        &self,
        source: SourceIndex,
        directory: &Path,
        look: &Look,
        names: &Names,
        listing: &Listing,
    ) -> Vec<(PathBuf, Kinship)> {
        let stems = self.stems(source);
        let is_known = |number: u64| {
            let inode = Inode { device: look.inode.device, inode: number };
            let file = self.by_inode.get(&(source, inode)).and_then(|id| self.files.get(id));
            file.is_some_and(|file| file.handle.is_some() || file.scan == self.scans)
        };
        let candidates = names.files.iter().filter(|(_, number)| !is_known(*number));
        candidates
            .filter_map(|(name, _)| {
                let path = directory.join(name);
                let kinship = self.kinship(source, &path, &stems)?;
                listing.get(&path).is_none().then_some((path, kinship))
            })
            .collect()
    }

    /// True where a closed file that was just seen is under another name by now: the next scan has to look here again.
    fn has_moved(&self, source: SourceIndex, directory: &Path, look: &Look, names: &Names) -> bool {
        names.files.iter().any(|(name, number)| {
            let inode = Inode { device: look.inode.device, inode: *number };
            let file = self.by_inode.get(&(source, inode)).and_then(|id| self.files.get(id));
            file.is_some_and(|file| {
                let is_at = |path: &Path| path.parent() == Some(directory) && path.file_name() == Some(name);
                let is_there = is_at(&file.cursor.path) || file.cursor.real_path.as_deref().is_some_and(is_at);
                file.handle.is_none()
                    && file.scan == self.scans
                    && !is_there
                    && file.cursor.path.parent() == Some(directory)
            })
        })
    }

    fn kinship(&self, source: SourceIndex, path: &Path, stems: &HashSet<Vec<u8>>) -> Option<Kinship> {
        let known = self.sources.iter().find(|known| known.spec.index == source)?;
        if known.globs.excludes(path) {
            return None;
        }
        if self.is_rotation(source, path) {
            return Some(Kinship::Rotation);
        }
        stems.contains(rotated::stem(path.file_name()?)).then_some(Kinship::Stem)
    }

    /// True for a path that may be a rotation of one that the globs match: beside it, below it, or wherever else rotations
    /// of it were seen to go.
    pub(super) fn is_rotation(&self, source: SourceIndex, path: &Path) -> bool {
        let Some(known) = self.sources.iter().find(|known| known.spec.index == source) else { return false };
        if known.globs.excludes(path) {
            return false;
        }
        let above = path.parent().and_then(Path::parent);
        let name = path.file_name().unwrap_or_default();
        // What a link leads to may be known by a name that it was given since.
        let is_home = |base: &OsStr| {
            let homes = self.homes_of(source).filter_map(Path::file_name);
            homes
                .into_iter()
                .any(|home| home == base || rotated::bases(home).iter().any(|of_home| of_home == base.as_bytes()))
        };
        rotated::bases(name).iter().any(|base| {
            let base = OsStr::from_bytes(base);
            known.globs.matches(&path.with_file_name(base))
                || above.is_some_and(|above| known.globs.matches(&above.join(base)))
                || is_home(base)
        })
    }

    /// Paths under which files of the source were read.
    fn homes_of(&self, source: SourceIndex) -> impl Iterator<Item = &Path> {
        let files = self.files.values().filter(move |file| file.source == source && file.is_own());
        files.flat_map(|file| [Some(file.home.as_path()), file.cursor.real_path.as_deref()]).flatten()
    }

    fn stems(&self, source: SourceIndex) -> HashSet<Vec<u8>> {
        self.homes_of(source).filter_map(|home| Some(rotated::stem(home.file_name()?).to_vec())).collect()
    }

    fn meet(&mut self, source: SourceIndex, path: &Path, kinship: Kinship, now: UnixMicros) {
        let mut candidate = match Candidate::open(path) {
            Ok(candidate) => candidate,
            // It was there a moment ago, and may stand under another name now.
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => return self.is_waiting = true,
            Err(_) => return,
        };
        let look = candidate.look;
        let key = (source, look.inode);
        if self.unrelated.get(&key) == Some(&look) || !self.is_stranger(source, &mut candidate, now) {
            return self.still_there(source, path, &look, now);
        }
        let unread = self.by_inode.get(&key).copied();
        let verdict = self.judge(&mut candidate, Question { source, path, place: Place::Beside, except: unread, now });
        // A file that was found and not counted is as good as one that was written since.
        let is_recent = unread.is_some() || self.is_written_since_known(source, &candidate);
        match verdict {
            Verdict::New if kinship == Kinship::Stem => self.not_related(key, look, now),
            Verdict::New if !is_recent => self.take_stock(source, path, &mut candidate, now),
            Verdict::Empty => {}
            Verdict::Wait if is_recent || kinship == Kinship::Stem => self.is_waiting |= is_recent,
            Verdict::Wait => {
                self.strangers.remove(&key);
            }
            _ if self.make_room() => self.follow(source, path, candidate, &verdict, now),
            _ => {
                // Not forgotten until there is a handle for it: the directory may never change again.
                self.remember_stranger(key, look, now);
                self.is_waiting = true;
            }
        }
    }

    /// Whether a file was written since all that was there was known.
    fn is_written_since_known(&self, source: SourceIndex, candidate: &Candidate) -> bool {
        let Some(known_until) = self.known_until(source) else { return false };
        identity::modified(&candidate.handle).is_some_and(|modified| modified > known_until.minus(CLOCK_SLACK))
    }

    fn not_related(&mut self, key: (SourceIndex, Inode), look: Look, now: UnixMicros) {
        if look.is_settled(now) {
            self.unrelated.insert(key, look);
        }
    }

    /// A known file that has a name outside the globs.
    fn still_there(&mut self, source: SourceIndex, path: &Path, look: &Look, now: UnixMicros) {
        let Some(&id) = self.by_inode.get(&(source, look.inode)) else { return };
        let Some(file) = self.files.get_mut(&id) else { return };
        file.cursor.seen = now.max(file.cursor.seen);
        if (file.cursor.finished || !file.is_own()) && file.cursor.path != path {
            path.clone_into(&mut file.cursor.path);
            self.dirty.insert(id);
        }
        self.revisit_changed(id, look, now);
    }

    /// Looks at files that are done with, and stand under names outside the globs: a writer may still hold one, a copy may
    /// still be made.
    pub(super) fn look_at_finished(&mut self, source: SourceIndex, now: UnixMicros) {
        let is_first = self.scans <= 1;
        let finished: Vec<(FileId, PathBuf)> = self
            .files
            .values()
            .filter(|file| file.source == source && file.scan != self.scans && file.handle.is_none())
            .filter(|file| file.content == Content::There && file.cursor.finished)
            .filter(|file| is_first || now.since(file.grown_at) < LOOKED_AT_FOR)
            .map(|file| (file.cursor.file, file.cursor.path.clone()))
            .collect();
        for (id, path) in finished {
            if let Ok(stat) = rustix::fs::stat(&path) {
                self.revisit_changed(id, &Look::new(&stat), now);
            }
        }
    }

    /// Goes on with a file that is done with, where it is not as it was.
    fn revisit_changed(&mut self, id: FileId, look: &Look, now: UnixMicros) {
        let Some(file) = self.files.get(&id) else { return };
        let cursor = &file.cursor;
        let is_counted = cursor.standing == Standing::Own && cursor.offset == look.size;
        let is_same = is_counted || cursor.look == Some(look.as_read());
        let is_read = file.is_own() && !cursor.finished;
        if is_same || look.inode != cursor.inode || is_read || file.content != Content::There {
            return;
        }
        match cursor.standing {
            Standing::Copy { .. } => self.revisit(id, now),
            // One that is not named any more is left alone.
            Standing::Own if self.is_rotation(file.source, &cursor.path) => self.revive(id, now),
            Standing::Own | Standing::Foreign => {}
        }
    }

    /// Reads on in a file that was done with, and grew.
    fn revive(&mut self, id: FileId, now: UnixMicros) {
        let Some(file) = self.files.get(&id) else { return };
        let cursor = &file.cursor;
        let Ok(mut candidate) = Candidate::open(&cursor.path) else { return };
        let is_it = candidate.look.inode == cursor.inode && candidate.holds(cursor).unwrap_or(false);
        // An archive that was renamed is what it was.
        if is_it && candidate.is_packed() && cursor.look.is_some_and(|counted| counted.size == candidate.look.size) {
            self.with(id, |file| file.cursor.look = Some(candidate.look.as_read()));
            self.dirty.insert(id);
            return;
        }
        if is_it && self.make_room() {
            self.read_on(id, candidate, now);
        }
    }

    /// Remembers what was rotated away before the source was followed, so that its copies are known.
    fn take_stock(&mut self, source: SourceIndex, path: &Path, candidate: &mut Candidate, now: UnixMicros) {
        let look = candidate.look;
        let Ok(at) = candidate.first() else { return };
        if at.len == 0 {
            return;
        }
        let Some(id) = self.add(source, path, &look, now) else { return };
        self.with(id, |file| file.cursor.packing = candidate.packing);
        self.settle(id, &Verdict::Foreign { at }, &look, now);
        self.with(id, |file| file.presence = Presence::Missing { since: Some(now) });
    }

    /// Follows a file outside the globs through the handle that was judged.
    fn follow(&mut self, source: SourceIndex, path: &Path, candidate: Candidate, verdict: &Verdict, now: UnixMicros) {
        let (look, packing) = (candidate.look, candidate.packing);
        if let Some(&unread) = self.by_inode.get(&(source, look.inode)) {
            self.give_up_content(unread, now);
        }
        let Some(id) = self.add(source, path, &look, now) else { return };
        self.with(id, |file| file.cursor.packing = packing);
        self.settle(id, verdict, &look, now);
        let Some(file) = self.files.get_mut(&id) else { return };
        // A new one is judged again at its turn: what it was copied from may be as new, and read before.
        file.judged = (*verdict != Verdict::New).then_some(look);
        if file.cursor.standing != Standing::Own {
            file.presence = Presence::Missing { since: Some(now) };
            return;
        }
        file.presence = Presence::Left { since: now };
        file.put_handle(candidate.into_parts());
        file.looking = Some(look);
        let offset = file.cursor.offset;
        self.open_files += 1;
        self.enqueue(id);
        if *verdict != Verdict::New {
            self.note(source, path.to_owned(), What::Found { file: id, offset });
        }
    }

    /// Copies that may have become the only place of some bytes, or have grown.
    pub(super) fn revisit_copies(&mut self, source: SourceIndex, listing: &Listing, now: UnixMicros) {
        let due: Vec<FileId> = self
            .files
            .values()
            .filter(|file| file.source == source && file.content == Content::There)
            .filter(|file| matches!(file.cursor.standing, Standing::Copy { .. }))
            .filter(|file| self.is_copy_due(file.cursor.file, listing))
            .map(|file| file.cursor.file)
            .collect();
        for id in due {
            self.revisit(id, now);
        }
    }

    fn is_copy_due(&self, id: FileId, listing: &Listing) -> bool {
        let Some(file) = self.files.get(&id) else { return false };
        let listed = listing.get(&file.cursor.path).filter(|look| look.inode == file.cursor.inode);
        if let (Some(look), Some(counted)) = (listed, file.cursor.look) {
            return look.as_read() != counted;
        }
        if file.cursor.look.is_some() {
            return false;
        }
        let Some(root) = self.files.get(&self.root(id)) else { return true };
        // While the other can be read itself, an archive of it is of no interest.
        if file.cursor.packing != Packing::Plain {
            return !self.is_alive(root);
        }
        let has_changed = listed.is_some_and(|look| file.judged != Some(*look));
        let size = file.judged.map_or(0, |look| look.size);
        // One that was read to its end since, and is shorter, will not reach what the copy has.
        let is_behind =
            root.end < size && root.caught_up_at.is_some_and(|at| at > file.judged_since.plus(self.spec.rotated_grace));
        has_changed || is_behind || !self.is_alive(root) || root.cursor.offset >= size
    }

    /// Judges a copy again.
    fn revisit(&mut self, id: FileId, now: UnixMicros) {
        let Some(file) = self.files.get(&id) else { return };
        let (source, path) = (file.source, file.cursor.path.clone());
        self.hooks.reach(Point::BeforeSiblings, &path);
        let cursor = &file.cursor;
        let mut candidate = match Candidate::open(&path) {
            Ok(candidate) if candidate.look.inode == cursor.inode => candidate,
            // It went elsewhere, and is met there.
            _ => {
                self.is_waiting = true;
                return self.directories.retain(|(of, _), _| *of != source);
            }
        };
        let look = candidate.look;
        if !candidate.holds(cursor).unwrap_or(true) {
            self.give_up_content(id, now);
            return self.meet_again(source, &path, &look, now);
        }
        // An archive that was renamed is what it was.
        if candidate.is_packed() && cursor.look.is_some_and(|counted| counted.size == look.size) {
            self.with(id, |file| file.cursor.look = Some(look.as_read()));
            self.dirty.insert(id);
            return;
        }
        let is_listed = file.is_named() && file.scan == self.scans;
        let place = if is_listed { Place::Listed } else { Place::Beside };
        match self.judge(&mut candidate, Question { source, path: &path, place, except: Some(id), now }) {
            Verdict::Wait => self.is_waiting = true,
            Verdict::Empty => {}
            verdict @ (Verdict::Copy { .. } | Verdict::Foreign { .. }) => self.settle(id, &verdict, &look, now),
            _ if !self.make_room() => self.is_waiting = true,
            // What it has beyond what was counted is its own.
            verdict => {
                self.with(id, |file| (file.cursor.standing, file.cursor.finished) = (Standing::Own, false));
                self.settle(id, &verdict, &look, now);
                self.read_on(id, candidate, now);
            }
        }
    }

    /// A file whose inode was known, and holds something else now.
    fn meet_again(&mut self, source: SourceIndex, path: &Path, look: &Look, now: UnixMicros) {
        let known = self.sources.iter().find(|known| known.spec.index == source);
        if known.is_some_and(|known| known.globs.matches(path)) {
            self.found(source, path, look, now);
        } else if self.is_rotation(source, path) {
            self.meet(source, path, Kinship::Rotation, now);
        }
    }

    /// Reads a file through the handle that was judged.
    fn read_on(&mut self, id: FileId, candidate: Candidate, now: UnixMicros) {
        let Some(file) = self.files.get_mut(&id) else { return };
        let look = candidate.look;
        self.open_files += usize::from(file.handle.is_none());
        file.put_handle(candidate.into_parts());
        file.looking = Some(look);
        file.looked = None;
        file.judged = Some(look);
        file.cursor.finished = false;
        file.cursor.look = None;
        if !file.is_named() || file.scan != self.scans {
            file.presence = Presence::Left { since: now };
        }
        let (source, path, offset) = (file.source, file.cursor.path.clone(), file.cursor.offset);
        self.dirty.insert(id);
        self.enqueue(id);
        self.note(source, path, What::Resumed { file: id, offset });
    }

    fn remember_stranger(&mut self, key: (SourceIndex, Inode), look: Look, now: UnixMicros) {
        let scan = self.scans;
        let waiting = super::inventory::Stranger { look, since: now, scan };
        self.strangers.entry(key).or_insert(waiting).scan = scan;
    }
}

/// The directories right below one.
pub(super) fn below(directory: &Path) -> Vec<PathBuf> {
    let names = names(directory).unwrap_or_default();
    names.directories.iter().take(MOST_BELOW).map(|name| directory.join(name)).collect()
}
