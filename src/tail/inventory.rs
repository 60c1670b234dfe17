//! What a file is whose content is not known yet: a new log, a copy of one that is counted, or what is left of one.
//!
//! Promises: decided by content, among everything the source ever had; of files that hold the same bytes, exactly one is
//! read. While it is not certain what a file is, nothing of it is read, and the source is not complete. Does not: find
//! files; that is `scan`'s and `siblings`'.
//!
//! A copy stays in the inventory with what of it is counted elsewhere. When the file it was copied from loses its content
//! and the copy has more, the copy takes over where that file was counted to. When the copy grows, it is judged again.

use std::path::Path;
use std::time::Duration;

use super::candidate::{Candidate, More, Prefix, Relation};
use super::followed::{Content, Followed, file_text};
use super::identity::{self, Look};
use super::{Tail, places, rotated, streams};
use crate::model::file::{FileId, Inode, SourceIndex, Standing};
use crate::model::time::UnixMicros;

/// How many copies of copies are followed to the file that is read.
const MOST_COPIES: usize = 64;

/// Bytes behind what is counted of a file in which a copy is compared with it: half a line, which may never be counted. The
/// rest is counted in a moment.
const COMPARED_BEHIND: u64 = 64 << 10;

/// One that is not decided: how it looked, and since when it looks so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stranger {
    pub(super) look: Look,
    pub(super) since: UnixMicros,
    /// The scan that saw it last.
    pub(super) scan: u64,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    New,
    /// It goes on where `of` was counted to, which has lost its content.
    TakesOver {
        of: FileId,
        at: Prefix,
    },
    /// It was a copy, and has grown on its own since.
    Branches {
        at: Prefix,
    },
    /// What it has up to here is counted elsewhere, or will be: all it has, or some.
    Copy {
        of: FileId,
        at: Prefix,
        share: Share,
    },
    /// It has what is not wanted.
    Foreign {
        at: Prefix,
    },
    /// Empty: there is nothing to judge, and nothing to wait for.
    Empty,
    /// A later scan will know more.
    Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    All,
    /// All, of an archive that ends in the middle: it may be given more.
    AllSoFar,
    /// What it has more, the other has too, and it is not counted there yet: half a line.
    AsMuch,
    Some,
}

/// What a candidate begins with all of.
#[derive(Clone, Copy, Debug)]
enum Extended {
    Root {
        root: FileId,
        more: More,
    },
    /// It goes on otherwise than what that is a copy of.
    Copy {
        copy: FileId,
        more: More,
    },
}

/// Where a file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The globs show it.
    Listed,
    /// Beside what they show.
    Beside,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) source: SourceIndex,
    pub(super) path: &'a Path,
    pub(super) place: Place,
    /// The file itself, where it is known already.
    pub(super) except: Option<FileId>,
    pub(super) now: UnixMicros,
}

impl Tail {
    /// What a file is whose content is not known. `Wait` is remembered as a stranger.
    pub(super) fn judge(&mut self, candidate: &mut Candidate, question: Question<'_>) -> Verdict {
        let Question { source, except, now, .. } = question;
        if !self.has_streams(source, except) {
            return Verdict::New;
        }
        if candidate.look.size == 0 {
            return Verdict::Empty;
        }
        let key = (source, candidate.look.inode);
        let new = Stranger { look: candidate.look, since: now, scan: self.scans };
        let known = except.and_then(|id| self.files.get(&id)).filter(|file| file.judged == Some(candidate.look));
        let new = known.map_or(new, |file| Stranger { since: file.judged_since, ..new });
        let seen = self.strangers.get(&key).filter(|seen| seen.look == candidate.look).map_or(new, |seen| *seen);
        let is_quiet = now.since(seen.since) >= self.spec.rotated_grace;
        let quiet_since = is_quiet.then_some(seen.since);
        let verdict = match self.related(candidate, question) {
            Ok(related) => self.verdict(candidate, &related, question, quiet_since).unwrap_or(Verdict::Wait),
            Err(_) => Verdict::Wait,
        };
        if verdict == Verdict::Wait {
            self.strangers.insert(key, Stranger { scan: self.scans, ..seen });
        } else {
            self.strangers.remove(&key);
        }
        verdict
    }

    /// `None` where it cannot be read to the end of the comparison.
    fn verdict(
        &self,
        candidate: &mut Candidate,
        related: &[(FileId, Relation)],
        question: Question<'_>,
        quiet_since: Option<UnixMicros>,
    ) -> Option<Verdict> {
        let begun = |&(id, relation): &(FileId, Relation)| match relation {
            Relation::Begins(len) => Some((self.root(id), len)),
            _ => None,
        };
        let within = |&(id, relation): &(FileId, Relation)| match relation {
            Relation::Within(len) => Some((self.root(id), len)),
            _ => None,
        };
        match self.extended(related) {
            // It has more than one file, and nothing that is not counted from another.
            Some(Extended::Root { root, more: More::Yes })
                if related.iter().filter_map(within).any(|(other, _)| other != root) => {}
            // It has more than a copy, and nothing that another file has not.
            Some(Extended::Copy { more: More::Yes, .. }) if related.iter().any(|entry| within(entry).is_some()) => {}
            Some(Extended::Root { root, more }) => {
                return self.extending(candidate, root, more, question, quiet_since);
            }
            Some(Extended::Copy { copy, more }) => return self.extending_copy(candidate, copy, more),
            None => {}
        }
        if let Some((root, len)) = related.iter().find_map(begun) {
            return self.beginning(candidate, root, len);
        }
        if let Some((root, len)) = related.iter().find_map(within) {
            return self.within(candidate, root, len, question, quiet_since);
        }
        let is_short = related.iter().any(|(_, relation)| *relation == Relation::TooShort);
        let may_be_copy = is_short && rotated::is_rotated_form(question.path) && quiet_since.is_none();
        Some(if may_be_copy { Verdict::Wait } else { Verdict::New })
    }

    fn counted(&self, id: FileId) -> u64 {
        self.files.get(&id).map_or(0, |file| file.cursor.offset)
    }

    /// Of the files that the candidate begins with all of, the one with most.
    fn extended(&self, related: &[(FileId, Relation)]) -> Option<Extended> {
        let extended = related.iter().filter_map(|&(id, relation)| match relation {
            Relation::Extends(more) => Some((self.counted(id), self.root(id) == id, id, more)),
            _ => None,
        });
        let (.., copy, more) = extended.max_by_key(|(counted, is_root, id, _)| (*counted, *is_root, *id))?;
        let root = self.root(copy);
        match related.iter().find(|(other, _)| *other == root).map(|(_, relation)| *relation) {
            Some(Relation::Extends(more)) => Some(Extended::Root { root, more }),
            // It has more than that copy, and not all of what the copy is of.
            Some(_) => None,
            None => Some(Extended::Copy { copy, more }),
        }
    }

    /// The candidate begins with all that is counted of `copy`, and goes on otherwise than what that is a copy of.
    fn extending_copy(&self, candidate: &Candidate, copy: FileId, more: More) -> Option<Verdict> {
        let at = Prefix::of(&self.files.get(&copy)?.cursor);
        Some(match more {
            More::Yes => Verdict::Branches { at },
            More::No => Verdict::Copy { of: self.root(copy), at, share: share_of(candidate) },
        })
    }

    /// An archive whose first bytes are those of `root`, or of a copy of it.
    fn beginning(&self, candidate: &mut Candidate, root: FileId, len: u64) -> Option<Verdict> {
        let file = self.files.get(&root)?;
        let is_counted = file.cursor.finished && file.content == Content::There;
        // Beyond what is counted, it may turn out to be the only place of it.
        let at = candidate.prefix(len.min(file.cursor.offset)).ok()?;
        Some(match file.cursor.standing {
            Standing::Foreign => Verdict::Foreign { at },
            _ if !self.is_alive(file) && !is_counted => Verdict::Wait,
            _ => Verdict::Copy { of: root, at, share: Share::Some },
        })
    }

    /// All that the candidate has is the beginning of what is counted of `root`, or of a copy of it.
    fn within(
        &self,
        candidate: &mut Candidate,
        root: FileId,
        len: u64,
        question: Question<'_>,
        quiet_since: Option<UnixMicros>,
    ) -> Option<Verdict> {
        let file = self.files.get(&root)?;
        // Beyond what is counted, it may turn out to be the only place of it.
        let at = candidate.prefix(len.min(file.cursor.offset)).ok()?;
        let is_alive = self.is_alive(file);
        let is_cut = !is_alive && file.cursor.inode == candidate.look.inode;
        let is_known = question.except.is_some_and(|id| self.counted(id) > 0);
        let is_copy = question.except.and_then(|id| self.files.get(&id)).is_some_and(|file| !file.is_own());
        Some(match file.cursor.standing {
            Standing::Foreign => Verdict::Foreign { at },
            // It was cut in place, and has what is left of it. What comes after that is its own.
            _ if is_cut && is_known => Verdict::New,
            // A copy that is being made begins like this, and may have the rest in a moment.
            _ if !is_alive && !is_cut && quiet_since.is_none() => {
                if is_copy {
                    Verdict::Copy { of: root, at, share: Share::Some }
                } else {
                    Verdict::Wait
                }
            }
            _ => Verdict::Copy { of: root, at, share: share_of(candidate) },
        })
    }

    /// The candidate begins with all that is counted of `root`, or of a copy of it.
    fn extending(
        &self,
        candidate: &mut Candidate,
        root: FileId,
        more: More,
        question: Question<'_>,
        quiet_since: Option<UnixMicros>,
    ) -> Option<Verdict> {
        let file = self.files.get(&root)?;
        if file.cursor.standing == Standing::Foreign {
            // What is written to it under a name that is followed is wanted.
            if more == More::Yes && question.place == Place::Listed && !candidate.is_packed() {
                return Some(Verdict::Branches {
                    at: self.whole_lines(candidate, question.source, file.cursor.offset)?,
                });
            }
            return Some(Verdict::Foreign { at: candidate.first().ok()? });
        }
        let counted = Prefix::of(&file.cursor);
        if more == More::No {
            return Some(Verdict::Copy { of: root, at: counted, share: share_of(candidate) });
        }
        if !self.is_alive(file) {
            return Some(Verdict::TakesOver { of: root, at: counted });
        }
        // It will be read up to where the copy was taken, or lose its content. One that was read to its end since the
        // candidate looks so, and is shorter, was never copied from so far.
        let is_read_since = quiet_since.is_some_and(|since| file.caught_up_at > Some(since));
        let is_shorter = file.end < candidate.look.size && !file.is_ending();
        let copy = question.except.and_then(|id| self.files.get(&id));
        let is_packed_past = || copy.is_some_and(|copy| self.has_passed(file, copy));
        let is_outdone = if candidate.is_packed() { is_packed_past() } else { is_read_since && is_shorter };
        if parts_behind(candidate, file) {
            return Some(Verdict::Branches { at: counted });
        }
        Some(match candidate.has_more_than(file.end).ok()? {
            true if is_outdone => Verdict::Branches { at: counted },
            true => Verdict::Copy { of: root, at: counted, share: Share::Some },
            false => Verdict::Copy { of: root, at: counted, share: Share::AsMuch },
        })
    }

    /// The candidate's bytes before a place, without the line that goes on behind it.
    pub(super) fn whole_lines(&self, candidate: &mut Candidate, source: SourceIndex, upto: u64) -> Option<Prefix> {
        let manner = self.manner(source);
        let unit = file_text(&candidate.handle, manner.encoding).ok()?.unit();
        let len = places::line_start(&candidate.handle, unit, upto, manner.max_line_bytes as u64).ok()?;
        candidate.prefix(len).ok()
    }

    /// The file that a copy's bytes are counted from.
    pub(super) fn root(&self, id: FileId) -> FileId {
        let mut root = id;
        for _ in 0..MOST_COPIES {
            match self.files.get(&root).map(|file| file.cursor.standing) {
                Some(Standing::Copy { of }) if self.files.contains_key(&of) => root = of,
                _ => break,
            }
        }
        root
    }

    /// True when a file was read to its end since an archive of it was judged: what that has more, it has alone.
    pub(super) fn has_passed(&self, file: &Followed, archive: &Followed) -> bool {
        let judged_before = archive.judged_since.plus(self.spec.rotated_grace);
        file.is_done() || (!file.is_ending() && file.caught_up_at.is_some_and(|at| at > judged_before))
    }

    /// True while a file's bytes can be read from itself.
    pub(super) fn is_alive(&self, file: &Followed) -> bool {
        let is_seen = (file.is_named() || file.is_parked()) && file.scan == self.scans;
        file.content == Content::There && (file.handle.is_some() || is_seen)
    }

    /// Gives a file the place that the verdict says.
    pub(super) fn settle(&mut self, id: FileId, verdict: &Verdict, look: &Look, now: UnixMicros) {
        let (standing, at) = match verdict {
            Verdict::New | Verdict::Wait | Verdict::Empty => return,
            Verdict::TakesOver { at, .. } | Verdict::Branches { at } => (Standing::Own, at),
            Verdict::Copy { of, at, .. } => (Standing::Copy { of: *of }, at),
            Verdict::Foreign { at } => (Standing::Foreign, at),
        };
        let Some(file) = self.files.get_mut(&id) else { return };
        let cursor = &mut file.cursor;
        cursor.standing = standing;
        // A copy that was cut is judged by what it was.
        if at.len >= cursor.offset {
            let Prefix { head, before, marks, len } = at.clone();
            (cursor.head, cursor.before, cursor.marks, cursor.offset) = (head, before, marks, len);
        }
        cursor.finished = standing != Standing::Own;
        let is_whole = matches!(verdict, Verdict::Copy { share: Share::All, .. } | Verdict::Foreign { .. });
        cursor.look = (is_whole && look.is_settled(now)).then(|| look.as_read());
        file.end = file.end.max(cursor.offset);
        if let Verdict::Copy { share, .. } = verdict {
            file.share = *share;
        }
        if file.judged != Some(*look) {
            file.judged_since = now;
        }
        file.judged = Some(*look);
        self.dirty.insert(id);
        if let Verdict::TakesOver { of, .. } = verdict {
            self.hand_over(*of, id);
        }
    }

    /// `from` has lost its content, and `to` has it.
    fn hand_over(&mut self, from: FileId, to: FileId) {
        self.with(to, |file| file.continues = Some(from));
        let Some(file) = self.files.get_mut(&from) else { return };
        file.cursor.standing = Standing::Copy { of: to };
        file.cursor.finished = true;
        file.judged = None;
        let (source, read_until) = (file.source, file.caught_up_at);
        // What it may hold by now is looked at by the next scan.
        if file.content == Content::There {
            self.hold_scan(source, read_until);
        }
        self.dirty.insert(from);
    }

    /// What was counted of a file is nowhere any more: its inode is another's. One of which nothing was counted is
    /// forgotten: no copy of it can be known.
    pub(super) fn give_up_content(&mut self, id: FileId, now: UnixMicros) {
        let Some(file) = self.files.get_mut(&id) else { return };
        file.lose(Content::Emptied, now, self.scans);
        file.cursor.finished = true;
        let (source, inode, read_until) = (file.source, file.cursor.inode, file.caught_up_at);
        let is_own = file.cursor.standing == Standing::Own;
        let is_unread = file.cursor.offset == 0 && file.handle.is_none();
        self.by_inode.remove(&(source, inode));
        self.dirty.insert(id);
        if is_unread {
            self.forget(id);
        }
        if is_own {
            self.hold_scan(source, read_until);
        }
    }

    /// The scan since which every file of the source is decided; `None` while one is not, which may be a copy of any other.
    pub(super) fn copies_known_at(&self, source: SourceIndex) -> Option<UnixMicros> {
        let known = self.source(source)?;
        // One that was given up is not waited for.
        // An archive that is undecided says nothing of what is in it.
        let has_bytes = |file: &Followed| file.size() > 0 || file.looking.is_some_and(|look| look.size > 0);
        // Half a line is judged once more before it counts.
        let is_judged_again = |file: &Followed| file.is_own() && file.cursor.offset == 0 && file.is_ending();
        let is_open = |file: &Followed| file.is_undecided() || is_judged_again(file);
        let is_awaited = |file: &Followed| is_open(file) && !file.cursor.finished && has_bytes(file);
        let mut files = self.files.values().filter(|file| file.source == source);
        if files.any(is_awaited) { None } else { known.scanned_at }
    }

    /// True for a file that is known by inode and content. One whose inode now holds something else is known no more.
    pub(super) fn is_stranger(&mut self, source: SourceIndex, candidate: &mut Candidate, now: UnixMicros) -> bool {
        let inode: Inode = candidate.look.inode;
        let Some(id) = self.by_inode.get(&(source, inode)).copied() else { return true };
        let Some(file) = self.files.get(&id) else { return true };
        if file.handle.is_some() {
            return false;
        }
        // With nothing counted, an inode says nothing. The cursor stays until it is decided what the file is.
        let cursor = &file.cursor;
        if cursor.offset == 0 {
            return !file.is_twin_as_judged(&candidate.look);
        }
        let is_same = candidate.holds(cursor).unwrap_or(true);
        if !is_same {
            self.give_up_content(id, now);
        }
        !is_same
    }

    /// What a cursor says of when its file was seen: not later than all strangers are decided up to. After a restart, the
    /// latest of these tells old rotations from ones that may hold lines of ours.
    pub(super) fn decided_until(&self, source: SourceIndex, now: UnixMicros) -> UnixMicros {
        self.known_until(source).unwrap_or(now)
    }

    /// Up to when every live file of the source was seen; `None` when the source is new.
    pub(super) fn known_until(&self, source: SourceIndex) -> Option<UnixMicros> {
        self.source(source).and_then(|known| known.known_until)
    }
}

/// True where a candidate, which begins with all that is counted of a file, goes on otherwise just behind that.
fn parts_behind(candidate: &mut Candidate, file: &Followed) -> bool {
    let counted = file.cursor.offset;
    let mut parts = || {
        let other = streams::readable(file).filter(|_| !candidate.is_packed())?;
        let most = candidate.look.size.min(counted + COMPARED_BEHIND);
        let common = candidate.common_with(&other, counted, most).ok()?;
        let mut next = [0];
        identity::read_at(&candidate.handle, &mut next, common).ok()?;
        // Looked at last: what was cut off meanwhile does not differ. Nor does room that was set aside for a copy.
        Some(common < most.min(identity::look(&other).ok()?.size) && next != [0])
    };
    parts().unwrap_or(false)
}

/// Of a copy that has no more than is counted.
fn share_of(candidate: &Candidate) -> Share {
    if candidate.is_unfinished() { Share::AllSoFar } else { Share::All }
}

/// File times are taken from the kernel's last tick, and scans take a moment.
pub(super) const CLOCK_SLACK: Duration = Duration::from_secs(2);
