//! Looks at files between scans: those that are open, and those that were active lately.
//!
//! Promises: a file that was active in the last minute is looked at each `poll_interval`, whatever else there is to read;
//! every open file each [`IDLE_POLL`]; with thousands of active files, looks take a small part of the time only. Does not:
//! look for files, or read.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use super::Tail;
use super::followed::Followed;
use super::hooks::Point;
use super::identity::{self, Look};
use crate::model::file::FileId;
use crate::model::time::UnixMicros;

/// How long a file that grew is looked at each `poll_interval`.
pub(super) const ACTIVE_FOR: Duration = Duration::from_mins(1);

/// Between two looks at files that rest: nobody waits for their lines in less.
pub(super) const IDLE_POLL: Duration = Duration::from_secs(5);

/// A look takes 1 to 2 µs: with so much time between polls for each of them, looks take 2 % of a core at most.
const PAUSE_PER_LOOK: Duration = Duration::from_micros(100);

/// Which files are looked at, and when.
#[derive(Debug, Default)]
pub(super) struct Polls {
    /// Those that are open, and those that were active lately.
    files: BTreeSet<FileId>,
    /// When the last poll was, when the next is due, and when all were looked at.
    last: Option<(UnixMicros, UnixMicros)>,
    all_looked_at: Option<UnixMicros>,
}

/// What a look at one file came to.
enum Seen {
    NotLooked,
    Unchanged,
    Changed,
    Failed(io::Error),
}

/// Whether a file stands where it stood.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Same,
    Other,
}

impl Polls {
    pub(super) fn add(&mut self, id: FileId) {
        self.files.insert(id);
    }

    pub(super) fn files(&self) -> impl Iterator<Item = FileId> {
        self.files.iter().copied()
    }

    /// Until the next poll. A clock that was set back does not delay it.
    pub(super) fn due_in(&self, now: UnixMicros) -> Duration {
        match self.last {
            Some((polled_at, due)) if now >= polled_at => due.since(now),
            _ => Duration::ZERO,
        }
    }

    /// Something moved: the next poll is not later than this.
    pub(super) fn hasten(&mut self, due: UnixMicros) {
        self.last = self.last.map(|(polled_at, later)| (polled_at, later.min(due)));
    }

    fn is_all_due(&self, now: UnixMicros) -> bool {
        self.all_looked_at.is_none_or(|at| now < at || now.since(at) >= IDLE_POLL)
    }
}

impl Tail {
    pub(super) fn is_poll_due(&self, now: UnixMicros) -> bool {
        self.look_now || self.polls.due_in(now).is_zero()
    }

    /// Looks at the files that were active lately; at all that are open after a hint, and each [`IDLE_POLL`].
    pub(super) fn poll(&mut self, now: UnixMicros) {
        let of_all = self.polls.is_all_due(now);
        let look_at_all = std::mem::take(&mut self.look_now) || of_all;
        let grace = self.spec.rotated_grace;
        let (mut looks, mut any_active, mut any_moved) = (0, false, false);
        let (mut changed, mut troubles) = (Vec::new(), Vec::new());
        let Self { polls, files, hooks, scans, .. } = self;
        polls.files.retain(|id| {
            let Some(file) = files.get_mut(id) else { return false };
            let is_active = is_active(file, now);
            any_active |= is_active;
            if (is_active || look_at_all) && !file.queued {
                hooks.reach(Point::BeforeLook, &file.cursor.path);
                let (seen, place) = look_at(file, now);
                // What the last scan did not see either is nothing new.
                any_moved |= place == Place::Other && file.scan == *scans;
                match seen {
                    Seen::NotLooked => return file.handle.is_some(),
                    // The last read of a file that is on its way out decides about its last line.
                    Seen::Unchanged if file.is_over(now, grace) => changed.push(*id),
                    Seen::Unchanged => {}
                    Seen::Changed => changed.push(*id),
                    Seen::Failed(err) => troubles.push((*id, err)),
                }
                looks += 1;
            }
            file.handle.is_some() || file.queued || is_active
        });
        if look_at_all {
            polls.all_looked_at = Some(now);
        }
        if any_moved {
            self.listed.moved();
        }
        for id in changed {
            self.enqueue(id);
        }
        for (id, err) in troubles {
            self.set_trouble(id, &err, now);
        }
        let pause = if any_active { self.spec.poll_interval } else { IDLE_POLL.max(self.spec.poll_interval) };
        // A pause of nothing would poll for ever within one call.
        let pause = pause.max(PAUSE_PER_LOOK * looks).max(Duration::from_micros(1));
        self.polls.last = Some((now, now.plus(pause)));
    }
}

/// True for a file whose lines somebody may be waiting for: it grew lately, or it is about to end.
fn is_active(file: &Followed, now: UnixMicros) -> bool {
    let moved = file.leaving_since().map_or(file.grown_at, |since| since.max(file.grown_at));
    now.since(moved) < ACTIVE_FOR || (file.handle.is_some() && file.looked.is_none())
}

/// By its name where it has one, so that a file that was renamed is noticed at once; else by its handle.
fn look_at(file: &mut Followed, now: UnixMicros) -> (Seen, Place) {
    let is_named = file.is_named() && (file.handle.is_some() || file.trouble.is_none());
    let stat = if is_named { rustix::fs::stat(&file.cursor.path).ok() } else { None };
    let by_name = stat.map(|stat| Look::new(&stat)).filter(|look| look.inode == file.cursor.inode);
    let place = if is_named && by_name.is_none() { Place::Other } else { Place::Same };
    let look = match (by_name, &file.handle) {
        (Some(look), _) => Ok(look),
        (None, Some(handle)) => identity::look(handle),
        (None, None) => return (Seen::NotLooked, place),
    };
    let seen = match look {
        Ok(look) if file.is_unchanged(&look, now) => {
            file.caught_up_at = file.caught_up_at.max(Some(now));
            Seen::Unchanged
        }
        Ok(look) => {
            file.looked = None;
            file.looking = Some(look);
            Seen::Changed
        }
        Err(err) => Seen::Failed(err),
    };
    (seen, place)
}
