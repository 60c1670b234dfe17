//! Files beside the ones that the globs show: generations that were rotated away unseen, copies, files without a name.
//!
//! Promises: a file that was live and rotated away between two scans, or while the agent was stopped, is read whole, also
//! when its name is outside the globs; what was rotated away before the source was first followed is left alone, and so are
//! its copies. Does not: judge content; that is `inventory`'s.
//!
//! Looked at are the directories of the globs and of every file that is known, where links lead to, and where handles were
//! seen to go; and the directories right below, while something is missing.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::candidate::Candidate;
use super::followed::{Content, Presence};
use super::forgetting::is_trace;
use super::glob::Listing;
use super::hooks::Point;
use super::identity::{self, Look};
use super::inventory::{CLOCK_SLACK, Place, Question, Verdict};
use super::neighbours::{Names, below, settled_names};
use super::report::What;
use super::revisits::LOOKED_AT_FOR;
use super::{Tail, rotated};
use crate::model::file::{Inode, SourceIndex, Standing};
use crate::model::time::UnixMicros;

/// Why a file beside the globs is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinship {
    /// Its name may be a rotation of one that is followed.
    Rotation,
    /// It shares the beginning of such a name: only a copy of what is known is of interest.
    Stem,
}

/// A name beside the globs that belongs to no file that is followed.
#[derive(Debug)]
struct Unknown {
    path: PathBuf,
    /// The inode's number when it was listed.
    number: Option<u64>,
    kinship: Kinship,
}

/// One look beside the globs of a source.
struct Visit<'a> {
    source: SourceIndex,
    listing: &'a Listing,
    now: UnixMicros,
    /// A file may stand in a place that is not known.
    is_searching: bool,
    homes: OnceCell<Homes>,
}

/// Names under which files of a source were read: made when they are needed, once for all that are compared with them.
#[derive(Debug, Default)]
struct Homes {
    paths: HashSet<PathBuf>,
    /// With the names that these may be rotations of.
    names: HashSet<Vec<u8>>,
    stems: HashSet<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Met {
    Yes,
    /// Another file stands there by now, or none.
    NotThere,
}

impl Tail {
    /// Follows files outside the globs that were rotated away before they were seen, and takes stock of the rest.
    pub(super) fn meet_siblings(&mut self, source: SourceIndex, listing: &Listing, now: UnixMicros) {
        let visit = Visit { source, listing, now, is_searching: self.is_searching(source), homes: OnceCell::new() };
        let directories = self.directories_of(&visit);
        let mut strangers = Vec::new();
        for directory in &directories {
            let Some((look, settled, names)) = self.changed_names(&visit, directory) else { continue };
            strangers.extend(self.unknown_names(&visit, directory, &look, &names));
            let key = (source, directory.clone());
            match settled {
                Some(settled) if !self.has_moved(source, directory, &look, &names) => {
                    self.directories.insert(key, settled);
                }
                _ => {
                    self.directories.remove(&key);
                    self.listed.want_scan();
                    self.is_waiting |= settled.is_none();
                }
            }
        }
        self.directories.retain(|(of, directory), _| *of != source || directories.contains(directory));
        for stranger in strangers {
            self.hooks.reach(Point::BeforeSiblings, &stranger.path);
            if self.meet(source, &stranger, now) == Met::NotThere {
                // It stands under another name by now, which may be one that was passed over.
                self.directories.retain(|(of, _), _| *of != source);
                self.is_waiting = true;
            }
        }
    }

    /// Where files of the source may be.
    fn directories_of(&self, visit: &Visit<'_>) -> BTreeSet<PathBuf> {
        let Visit { source, listing, .. } = *visit;
        let Some(known) = self.source(source) else { return BTreeSet::new() };
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
        if visit.is_searching {
            let below: Vec<PathBuf> = found.iter().flat_map(|directory| below(directory)).collect();
            found.extend(below);
        }
        found
    }

    /// True while a file of the source may stand in a place that is not known: after a start, while one is missing, and while
    /// a copy of one may turn up whose content is gone.
    pub(super) fn is_searching(&self, source: SourceIndex) -> bool {
        let is_missing = |presence| matches!(presence, Presence::Missing { .. });
        self.scans <= 1
            || self.files.values().any(|file| {
                file.source == source
                    && file.is_own()
                    && ((file.content != Content::There && !file.is_kept)
                        || (!file.cursor.finished && file.handle.is_none() && is_missing(file.presence)))
            })
    }

    /// The names in a directory; `None` for one that is as it was, unless a file of the source is not decided.
    fn changed_names(&self, visit: &Visit<'_>, directory: &Path) -> Option<(Look, Option<Look>, Names)> {
        let Visit { source, now, .. } = *visit;
        let look = Look::new(&rustix::fs::stat(directory).ok()?);
        let is_known = self.directories.get(&(source, directory.to_owned())) == Some(&look) && look.is_settled(now);
        if is_known && !visit.is_searching && !self.strangers.keys().any(|(of, _)| *of == source) {
            return None;
        }
        let (settled, names) = settled_names(directory).ok()?;
        Some((look, settled, names))
    }

    /// Names that may be of interest, and belong to no file that is followed.
    fn unknown_names(&self, visit: &Visit<'_>, directory: &Path, look: &Look, names: &Names) -> Vec<Unknown> {
        let source = visit.source;
        let is_known = |number: u64| {
            let inode = Inode { device: look.inode.device, inode: number };
            let file = self.by_inode.get(&(source, inode)).and_then(|id| self.files.get(id));
            file.is_some_and(|file| file.handle.is_some() || file.scan == self.scans)
        };
        let candidates = names.files.iter().filter(|(_, number)| !is_known(*number));
        let kin = candidates.filter_map(|(name, number)| {
            let path = directory.join(name);
            if visit.listing.get(&path).is_some() {
                return None;
            }
            let kinship = self.kinship(source, &path, &visit.homes)?;
            Some(Unknown { path, number: Some(*number), kinship })
        });
        let mut kin: Vec<Unknown> = kin.collect();
        // Of a file with several names, the one that says most.
        let is_rotation = |unknown: &&Unknown| unknown.kinship == Kinship::Rotation;
        let rotations: HashSet<Option<u64>> = kin.iter().filter(is_rotation).map(|unknown| unknown.number).collect();
        kin.retain(|unknown| is_rotation(&unknown) || !rotations.contains(&unknown.number));
        kin
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

    fn kinship(&self, source: SourceIndex, path: &Path, homes: &OnceCell<Homes>) -> Option<Kinship> {
        let known = self.source(source)?;
        if known.globs.excludes(path) {
            return None;
        }
        if self.is_rotation_among(source, path, homes) {
            return Some(Kinship::Rotation);
        }
        let homes = homes.get_or_init(|| self.homes(source));
        homes.stems.contains(rotated::stem(path.file_name()?)).then_some(Kinship::Stem)
    }

    /// True for a path that may be a rotation of one that the globs match, beside it, or of one that was read, wherever. A
    /// directory below may be another program's.
    pub(super) fn is_rotation(&self, source: SourceIndex, path: &Path) -> bool {
        self.is_rotation_among(source, path, &OnceCell::new())
    }

    fn is_rotation_among(&self, source: SourceIndex, path: &Path, homes: &OnceCell<Homes>) -> bool {
        let Some(known) = self.source(source) else { return false };
        if known.globs.excludes(path) {
            return false;
        }
        rotated::bases(path.file_name().unwrap_or_default()).iter().any(|name| {
            let base = path.with_file_name(OsStr::from_bytes(name));
            let homes = || homes.get_or_init(|| self.homes(source));
            known.globs.matches(&base)
                || homes().paths.contains(&base)
                || (homes().names.contains(name) && !self.is_anothers(source, &base))
        })
    }

    /// True where a file stands that is not the source's: what lies beside it are its rotations.
    fn is_anothers(&self, source: SourceIndex, path: &Path) -> bool {
        let inode = rustix::fs::stat(path).map(|stat| Look::new(&stat).inode);
        inode.is_ok_and(|inode| !self.by_inode.contains_key(&(source, inode)))
    }

    /// Names under which files of the source were read, and names that copies of them are rotations of.
    fn homes(&self, source: SourceIndex) -> Homes {
        let mut homes = Homes::default();
        for file in self.files.values().filter(|file| file.source == source) {
            let is_home = file.is_own() || is_trace(file);
            if file.cursor.standing == Standing::Foreign && !is_home {
                continue;
            }
            let paths = [Some(file.home.as_path()), file.cursor.real_path.as_deref()].into_iter().flatten();
            for (path, name) in paths.filter_map(|path| Some((path, path.file_name()?))) {
                // What a link leads to may be known by a name that it was given since.
                homes.names.extend(rotated::bases(name));
                homes.paths.extend(rotated::base_paths(path));
                if is_home {
                    homes.stems.insert(rotated::stem(name).to_vec());
                    homes.names.insert(name.as_bytes().to_vec());
                    homes.paths.insert(path.to_owned());
                }
            }
        }
        homes
    }

    fn meet(&mut self, source: SourceIndex, unknown: &Unknown, now: UnixMicros) -> Met {
        let Unknown { path, number, kinship } = unknown;
        match Candidate::open(path) {
            Ok(mut candidate) if number.is_none_or(|number| number == candidate.look.inode.inode) => {
                if self.source(source).is_some_and(|known| known.globs.matches(path)) {
                    self.meet_listed(source, path, &mut candidate, now);
                } else {
                    self.meet_opened(source, path, *kinship, candidate, now);
                }
                Met::Yes
            }
            Ok(_) => Met::NotThere,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => Met::NotThere,
            Err(_) => Met::Yes,
        }
    }

    /// A name that the globs show, and did not show when they were listed.
    fn meet_listed(&mut self, source: SourceIndex, path: &Path, candidate: &mut Candidate, now: UnixMicros) {
        let look = candidate.look;
        if !self.is_stranger(source, candidate, now) {
            return self.still_there(source, path, &look, now);
        }
        match self.by_inode.get(&(source, look.inode)).copied() {
            Some(id) => self.seen(id, path, &look, now),
            None => self.found(source, path, &look, now),
        }
    }

    fn meet_opened(
        &mut self,
        source: SourceIndex,
        path: &Path,
        kinship: Kinship,
        mut candidate: Candidate,
        now: UnixMicros,
    ) {
        let look = candidate.look;
        let key = (source, look.inode);
        let was_known = self.by_inode.contains_key(&key) || self.strangers.contains_key(&key);
        let is_unrelated = kinship == Kinship::Stem && self.unrelated.get(&key) == Some(&look);
        if is_unrelated || !self.is_stranger(source, &mut candidate, now) {
            return self.still_there(source, path, &look, now);
        }
        let unread = self.by_inode.get(&key).copied();
        let verdict = self.judge(&mut candidate, Question { source, path, place: Place::Beside, except: unread, now });
        // One that was found and not counted was live, and one on a used inode is younger than what was there.
        let is_recent = was_known || self.is_written_since_known(source, path, &candidate);
        match verdict {
            Verdict::New if kinship == Kinship::Stem => self.not_related(key, look, now),
            Verdict::New if !is_recent => self.take_stock(source, path, &mut candidate, now),
            // One that was found empty, and rotated away empty, is done with.
            Verdict::Empty => {
                if let Some(id) = unread {
                    self.with(id, |file| file.cursor.finished = true);
                    self.dirty.insert(id);
                } else if kinship == Kinship::Rotation
                    && identity::modified(&candidate.handle).is_some_and(|at| now.since(at) < LOOKED_AT_FOR)
                {
                    // Its writer may still hold it, and what comes is new.
                    self.remember_stranger(key, look, now);
                }
            }
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

    /// Whether a file was written since all that was there was known: in a directory that was away, since it was.
    fn is_written_since_known(&self, source: SourceIndex, path: &Path, candidate: &Candidate) -> bool {
        let Some(known) = self.source(source) else { return false };
        let Some(known_until) = known.known_until else { return false };
        let away = known.away_since.iter().filter(|(directory, _)| path.starts_with(directory));
        let known_until = away.map(|(_, since)| *since).fold(known_until, UnixMicros::min);
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
        let decided = self.decided_until(source, now);
        let Some(file) = self.files.get_mut(&id) else { return };
        file.cursor.seen = decided.max(file.cursor.seen);
        if (file.cursor.finished || !file.is_own()) && file.cursor.path != path {
            path.clone_into(&mut file.cursor.path);
            self.dirty.insert(id);
        }
        self.revisit_changed(id, look, now);
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

    /// A file whose inode was known, and holds something else now.
    pub(super) fn meet_again(&mut self, source: SourceIndex, path: &Path, look: &Look, now: UnixMicros) {
        let known = self.source(source);
        if known.is_some_and(|known| known.globs.matches(path)) {
            self.found(source, path, look, now);
        } else if self.is_rotation(source, path) {
            let unknown = Unknown { path: path.to_owned(), number: None, kinship: Kinship::Rotation };
            self.meet(source, &unknown, now);
        }
    }

    fn remember_stranger(&mut self, key: (SourceIndex, Inode), look: Look, now: UnixMicros) {
        let scan = self.scans;
        let waiting = super::inventory::Stranger { look, since: now, scan };
        self.strangers.entry(key).or_insert(waiting).scan = scan;
    }
}
