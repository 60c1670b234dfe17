//! The state of every file, and added up for people.
//!
//! Promises: made when somebody asks, in one pass over the files; nothing is counted for it while lines are read. Does not:
//! touch a file: what is said is as of the last scan and read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::followed::Followed;
use super::forgetting::is_trace;
use super::glob::Obstacle;
use super::report::{FileState, FileStatus, Loss};
use super::{Source, Tail, TailCounters};
use crate::model::file::{FileId, SourceIndex};
use crate::model::time::UnixMicros;

/// The files of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many files are in each state, by its name.
    pub states: BTreeMap<&'static str, u64>,
    /// Bytes that are there and not read, as they were seen last; half a line at a file's end is among them.
    pub lag_bytes: u64,
    /// The age of the oldest of them, at most: for how long some file was not at its end. A file at its end that waits for
    /// the rest of a line is not behind.
    pub lag: Duration,
    /// Files, and directories, of which nothing is read, with the reason: so many of each as were asked for.
    pub not_read: Vec<NotRead>,
    /// How many more there are.
    pub left_out: u64,
}

/// A file, or a directory, that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    pub path: PathBuf,
    /// The state's name.
    pub state: &'static str,
    /// More than the state says; empty where there is nothing more.
    pub why: String,
    /// Where it is a copy: the file that it is counted from.
    pub of: Option<PathBuf>,
    pub since: Option<UnixMicros>,
    pub lag_bytes: u64,
}

/// Names in the globs that are no regular files, and directories that cannot be listed.
const NOT_REGULAR: &str = "not_regular";
const NOT_LISTED: &str = "not_listed";
const NOT_THERE: &str = "not_there";

impl Tail {
    /// One entry per file that is followed or remembered, in the order of ids.
    pub fn status(&self) -> Vec<FileStatus> {
        self.files.values().filter(|file| !is_trace(file)).map(Followed::status).collect()
    }

    /// How the files of a source stand, with at most so many examples of each reason not to be read.
    pub fn survey(&self, source: SourceIndex, most: usize, now: UnixMicros) -> Survey {
        let mut survey = Survey::default();
        let mut shown: BTreeMap<&'static str, usize> = BTreeMap::new();
        for file in self.files.values().filter(|file| file.source == source && !is_trace(file)) {
            let status = file.status();
            *survey.states.entry(status.state.name()).or_default() += 1;
            survey.lag_bytes += status.lag_bytes;
            survey.lag = survey.lag.max(status.behind_since.map_or(Duration::ZERO, |since| now.since(since)));
            if status.state.is_not_read() {
                survey.show(status.state.name(), &mut shown, most, || self.not_read(file, status));
            }
        }
        if let Some(known) = self.source(source) {
            for (path, obstacle) in &known.obstacles {
                let found = obstructed(known, path, obstacle);
                *survey.states.entry(found.state).or_default() += 1;
                survey.show(found.state, &mut shown, most, || found.clone());
            }
        }
        survey
    }

    /// What was left out of a source since the last confirmed commit.
    pub fn uncommitted_losses(&self, source: SourceIndex) -> impl Iterator<Item = Loss> {
        let known = self.source(source);
        let (counters, saved) = known
            .map_or((TailCounters::NOTHING, TailCounters::NOTHING), |known| (known.counters, known.saved_counters));
        counters.losses().into_iter().zip(saved.losses()).map(|(loss, saved)| Loss {
            reason: loss.reason,
            lines: loss.lines - saved.lines,
            bytes: loss.bytes - saved.bytes,
            files: loss.files - saved.files,
        })
    }

    fn not_read(&self, file: &Followed, status: FileStatus) -> NotRead {
        let state = status.state.name();
        let since = match &status.state {
            FileState::Unreadable { since, .. } => Some(*since),
            FileState::Undecided => {
                let stranger = self.strangers.get(&(file.source, file.cursor.inode));
                stranger.map(|stranger| stranger.since).or(status.behind_since)
            }
            _ => status.behind_since,
        };
        let (why, of) = match status.state {
            FileState::Unreadable { why, .. } => (why, None),
            FileState::NotUnpacked { why } => (why.to_owned(), None),
            FileState::Copy { of } => (String::new(), self.path_of(of)),
            _ => (String::new(), None),
        };
        NotRead { path: status.path, state, why, of, since, lag_bytes: status.lag_bytes }
    }

    fn path_of(&self, file: FileId) -> Option<PathBuf> {
        let root = self.root(file);
        self.files.get(&root).map(|file| file.cursor.path.clone())
    }
}

impl Survey {
    fn show(
        &mut self,
        state: &'static str,
        shown: &mut BTreeMap<&'static str, usize>,
        most: usize,
        make: impl FnOnce() -> NotRead,
    ) {
        let so_far = shown.entry(state).or_default();
        if *so_far < most {
            *so_far += 1;
            self.not_read.push(make());
        } else {
            self.left_out += 1;
        }
    }
}

fn obstructed(source: &Source, path: &Path, obstacle: &Obstacle) -> NotRead {
    let (state, why) = match obstacle {
        Obstacle::Missing(why) => (NOT_THERE, why.clone()),
        Obstacle::Failed(why) => (NOT_LISTED, why.clone()),
        Obstacle::NotRegular => (NOT_REGULAR, String::new()),
    };
    let since = source.obstructed_since.get(path).copied();
    NotRead { path: path.to_owned(), state, why, of: None, since, lag_bytes: 0 }
}

#[cfg(test)]
mod tests;
