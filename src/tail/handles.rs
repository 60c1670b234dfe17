//! Which files are open, where there are more files than handles.
//!
//! Promises: a handle is given up only where the file can be found again, and of a file that may be deleted soon only when
//! it is read to its end. Does not: read, or look for files.

use super::Tail;
use super::followed::{Followed, Presence};
use super::identity::{self, Look};
use crate::model::file::FileId;
use crate::model::time::UnixMicros;

impl Followed {
    /// True for one that left the globs, and whose handle was given up: it is looked at where it stood then.
    pub(super) const fn is_parked(&self) -> bool {
        self.handle.is_none() && matches!(self.presence, Presence::Left { .. })
    }

    /// What is risked if the handle is given up now; `None` where it must not be. What rotates a file deletes it too, some
    /// time.
    fn risk_of_closing(&self) -> Option<Risk> {
        self.handle.as_ref()?;
        let is_at_end = || self.looked.is_some() && self.unread() == 0;
        match self.presence {
            Presence::Named => Some(Risk::Nothing),
            Presence::Retired { .. } | Presence::Left { .. } if is_at_end() => Some(Risk::Nothing),
            // It is not decided what it is, or it waits for the rest of a line.
            Presence::Retired { .. } | Presence::Left { .. } if !self.queued => Some(Risk::HalfLine),
            Presence::Retired { .. } | Presence::Left { .. } | Presence::Missing { .. } => None,
        }
    }
}

/// What is lost where a file is deleted while it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Risk {
    Nothing,
    /// Or what is not known to be of use. Taken where others would never have a turn.
    HalfLine,
}

impl Tail {
    /// True while there is room for one more handle, also once all files in the queue have theirs.
    pub(super) fn has_room(&self) -> bool {
        self.open_files + self.turns.len() < self.spec.max_open_files
    }

    /// Room for one more handle; closes those that rested longest, then those that wait for their turn, a quarter at once
    /// so that this is rarely done. Only a file with a name can be found again, and only its cursor is needed for that.
    pub(super) fn make_room(&mut self) -> bool {
        let most = self.spec.max_open_files.max(1);
        if self.open_files < most {
            return true;
        }
        let mut closable: Vec<_> = self
            .polls
            .files()
            .filter_map(|id| self.files.get(&id))
            .filter_map(|file| Some((file.risk_of_closing()?, file.queued, file.grown_at, file.cursor.file)))
            .collect();
        closable.sort_unstable();
        let least = closable.first().map(|(risk, ..)| *risk);
        for (risk, .., id) in closable.into_iter().take(most.div_ceil(4)) {
            if Some(risk) == least {
                self.close_for_others(id);
            }
        }
        self.open_files < most
    }

    fn close_for_others(&mut self, id: FileId) {
        let Some(file) = self.files.get(&id) else { return };
        if file.leaving_since().is_some() {
            let look = file.handle.as_ref().and_then(|handle| identity::look(handle).ok());
            // Without a name it can be read now or never.
            if file.is_deleted() || look.is_none_or(|look| look.size > file.size()) {
                return;
            }
        }
        if let Presence::Left { .. } = file.presence {
            self.learn_path(id);
        }
        self.close(id);
    }

    pub(super) fn close(&mut self, id: FileId) {
        if self.files.get_mut(&id).is_some_and(Followed::close) {
            self.open_files -= 1;
        }
    }

    /// Where a file went that left the globs: there it is looked for after a restart, and there others will go.
    pub(super) fn learn_path(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(&id) else { return };
        let path = file.handle.as_ref().and_then(identity::path_of);
        if let Some(path) =
            path.filter(|path| file.cursor.real_path.as_ref() != Some(path) || file.cursor.path != *path)
        {
            // Others that the link led to will go the same way.
            if let Some(real) = file.cursor.real_path.replace(path.clone()) {
                file.home = real;
            }
            file.cursor.path = path;
            self.dirty.insert(id);
        }
    }

    /// Looks at a file that left the globs and is not open. False where it does not stand where it stood: it has to be
    /// looked for.
    pub(super) fn look_at_parked(&mut self, id: FileId, now: UnixMicros) -> bool {
        let (scans, grace) = (self.scans, self.spec.rotated_grace);
        let Some(file) = self.files.get_mut(&id) else { return false };
        let there = rustix::fs::stat(&file.cursor.path).map(|stat| Look::new(&stat));
        let Some(look) = there.ok().filter(|look| look.inode == file.cursor.inode) else { return false };
        file.scan = scans;
        if !file.is_unchanged(&look, now) {
            file.looked = None;
            file.looking = Some(look);
            self.enqueue(id);
        } else if file.is_over(now, grace) {
            self.enqueue(id);
        } else {
            file.caught_up_at = file.caught_up_at.max(Some(now));
        }
        true
    }
}
