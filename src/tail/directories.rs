//! How the listed directories looked: while none of them changes, no file came, went or was renamed, and nothing has to be
//! listed again.
//!
//! Promises: a change is never missed where the file system keeps directories' change times (where it does not, the next
//! [`IDLE_SCAN`] sees it). Does not: list.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::followed::Followed;
use super::glob::{Listing, Obstacle};
use super::identity::Look;
use super::report::What;
use super::{Source, Tail};
use crate::model::time::UnixMicros;

/// However quiet directories are, all is listed and looked at so often: files that rest grow, links lead elsewhere, some file
/// systems do not tell of changes.
pub(super) const IDLE_SCAN: Duration = Duration::from_secs(5);

/// What the last scan saw of directories.
#[derive(Debug, Default)]
pub(super) struct Directories {
    /// Each with its look before it was listed; `None` for one that could not be listed.
    listed: Vec<(PathBuf, Option<Look>)>,
    /// When the last scan began.
    scanned_at: Option<UnixMicros>,
    /// Up to when nothing has changed since.
    same_until: Option<UnixMicros>,
    /// Something happened that only a scan can sort out, or may happen unseen.
    is_scan_wanted: bool,
    /// A file is not where it was.
    has_moved: bool,
    /// Some files are under a name and not open: a scan alone sees them grow.
    has_closed_files: bool,
}

impl Directories {
    /// A scan of all sources begins.
    pub(super) fn begin(&mut self, now: UnixMicros) {
        self.listed.clear();
        self.scanned_at = Some(now);
        self.same_until = Some(now);
        self.is_scan_wanted = false;
        self.has_moved = false;
    }

    /// A source was listed.
    pub(super) fn add(&mut self, listing: &mut Listing) {
        self.listed.append(&mut listing.directories);
        // Where a link leads may change without a change where it stands.
        self.is_scan_wanted |= listing.has_links;
    }

    /// The scan is over.
    pub(super) fn end<'a>(&mut self, mut files: impl Iterator<Item = &'a Followed>) {
        self.has_closed_files = files.any(|file| file.is_parked() || (file.is_named() && file.handle.is_none()));
    }

    /// Something happened somewhere.
    pub(super) fn hint(&mut self) {
        self.is_scan_wanted |= self.has_closed_files;
    }

    /// A poll did not find a file at its name.
    pub(super) fn moved(&mut self) {
        self.is_scan_wanted = true;
        self.has_moved = true;
    }

    /// The next look for changes finds one.
    pub(super) fn want_scan(&mut self) {
        self.is_scan_wanted = true;
    }

    fn have_changed(&self, now: UnixMicros) -> bool {
        let Some(scanned_at) = self.scanned_at else { return true };
        if self.is_scan_wanted || now < scanned_at || now.since(scanned_at) >= IDLE_SCAN {
            return true;
        }
        // A look is proof only when the directory had been at rest for a while before it was listed.
        let is_same = |path: &PathBuf, listed: &Option<Look>| {
            let look = rustix::fs::stat(path).ok().map(|stat| Look::new(&stat));
            look == *listed && look.is_none_or(|look| look.is_settled(scanned_at))
        };
        !self.listed.iter().all(|(path, listed)| is_same(path, listed))
    }
}

impl Source {
    /// Before a scan counts as one that knows all that is there.
    pub(super) fn note_away(&mut self, obstacles: &BTreeMap<PathBuf, Obstacle>) {
        for path in missing(obstacles) {
            if let Some(until) = self.known_until {
                self.away_since.entry(path.clone()).or_insert(until);
            }
        }
    }

    /// All that is there is decided: what came back with a directory too.
    pub(super) fn forget_away(&mut self, obstacles: &BTreeMap<PathBuf, Obstacle>) {
        self.away_since.retain(|path, _| missing(obstacles).any(|missing| missing == path));
    }
}

fn missing(obstacles: &BTreeMap<PathBuf, Obstacle>) -> impl Iterator<Item = &PathBuf> {
    obstacles.iter().filter(|(_, obstacle)| matches!(obstacle, Obstacle::Missing(_))).map(|(path, _)| path)
}

impl Tail {
    /// True when a file was not found where it was: a scan is best made now.
    pub fn has_moved_files(&self) -> bool {
        self.listed.has_moved
    }

    /// True when [`Tail::scan`] may find something that it did not find last time: to be asked each `scan_interval`. Where
    /// it is false, no file came, went or was renamed up to `now`, which must be taken before the call.
    pub fn is_scan_wanted(&mut self, now: UnixMicros) -> bool {
        if self.listed.have_changed(now) {
            return true;
        }
        let before = self.listed.same_until.replace(now);
        for source in &mut self.sources {
            if !source.is_obstructed && source.scanned_at == before {
                source.scanned_at = Some(now);
                source.known_until = Some(now);
            }
        }
        false
    }

    /// Says what came in the way of listing a source, and what did not stay there.
    pub(super) fn note_obstacles(&mut self, at: usize, obstacles: BTreeMap<PathBuf, Obstacle>, now: UnixMicros) {
        let Some(source) = self.sources.get_mut(at) else { return };
        let known = std::mem::take(&mut source.obstructed_since);
        let since = |path: &PathBuf| (path.clone(), known.get(path).copied().unwrap_or(now));
        source.obstructed_since = obstacles.keys().map(since).collect();
        let before = std::mem::replace(&mut source.obstacles, obstacles);
        let index = source.spec.index;
        let mut changes = Vec::new();
        for (path, obstacle) in &source.obstacles {
            if before.get(path) != Some(obstacle) {
                let what = match obstacle {
                    Obstacle::Missing(why) | Obstacle::Failed(why) => What::Unreadable { why: why.clone() },
                    Obstacle::NotRegular => What::NotRegular,
                };
                changes.push((path.clone(), what));
            }
        }
        for path in before.keys().filter(|path| !source.obstacles.contains_key(*path)) {
            changes.push((path.clone(), What::Readable));
        }
        for (path, what) in changes {
            self.note(index, path, what);
        }
    }
}
