//! The thread of file events: linemux's `MuxedEvents` with a runtime of its own.
//!
//! Promises: whatever linemux does stays on this thread and is bounded: a session that ends, fails, is flooded or burns
//! the processor is torn down, and built again after a pause that grows. Does not: say which file changed.
//!
//! One name per directory is asked for, which does not exist: linemux then watches the directory as a whole, with one
//! watch, and tells of everything in it. It cannot forget a directory: one that is not wanted any more is watched on until
//! many are, or one was removed; then all is built again.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use linemux::MuxedEvents;

use super::{HINT_PAUSE, Hints, Shared};

/// The name that is asked for in each directory. Nothing makes it.
const NAME: &str = ".pxtail-no-such-file";

/// Between two looks at what is watched: directories are rarely removed, and the timer covers the gap.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// A look at what is watched takes at most this part of the time.
const CHECK_SHARE: u32 = 500;

/// Directories that are watched; files in others are found by polling. Hosts with little memory allow 8,192 watches for
/// all programs of a user together.
const MOST_DIRECTORIES: usize = 4096;

/// Directories that are watched and not wanted, beyond which all is built again.
const MOST_UNWANTED: usize = 64;

/// Until all is built again where some directories could not be watched.
const RETRY_PARTLY: Duration = Duration::from_mins(1);

/// Events within one [`HINT_PAUSE`] beyond which listening costs more than polling: 400 a second. An event takes 12 µs, and
/// a file that is written so often is polled anyway.
const FLOOD_EVENTS: usize = 20;

/// Pause after a session ended before its time; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Share of a core that the two threads may use between two checks: one in four.
const MOST_CPU_PARTS: u32 = 4;

/// The kernel counts processor time in ticks of 10 ms for `/proc`, on every machine.
const TICK_MILLIS: u64 = 10;

/// Directories as they stand, or stood.
type Directories = BTreeMap<PathBuf, Option<Identity>>;

/// Device, inode and time of birth: a directory that is made again may have the same inode.
type Identity = (u64, u64, Option<SystemTime>);

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// The waker is gone.
    Over,
    /// What is watched is not what is wanted: build again at once.
    Changed,
    /// More events than polling would cost.
    Flood,
    Failed(String),
}

/// Listens until the waker is dropped.
pub(super) fn run(shared: &Arc<Shared>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime,
        Err(err) => return shared.set_hints(Hints::None { why: err.to_string() }),
    };
    runtime.block_on(async {
        let mut pause = FIRST_PAUSE;
        loop {
            let session = Session::begin(shared);
            let began = session.began;
            let ended = session.listen().await;
            if began.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            let rest = match ended {
                End::Over => return,
                End::Changed => {
                    pause = FIRST_PAUSE;
                    HINT_PAUSE
                }
                End::Flood => {
                    shared.set_hints(Hints::Paused);
                    CHECK_EVERY
                }
                End::Failed(why) => {
                    shared.set_hints(Hints::None { why });
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    pause
                }
            };
            // What happened around the end may not have been told.
            shared.hint();
            let _ = tokio::time::timeout(rest, over(shared)).await;
        }
    });
}

/// Returns when the waker is gone.
async fn over(shared: &Shared) {
    while !shared.lock().is_over {
        shared.changed.notified().await;
    }
}

/// One life of a `MuxedEvents`.
struct Session<'a> {
    shared: &'a Shared,
    watched: Directories,
    /// Directories that could not be watched.
    refused: BTreeSet<PathBuf>,
    why_refused: String,
    began: Instant,
    /// What the last look at the directories took.
    look_took: Duration,
}

impl<'a> Session<'a> {
    fn begin(shared: &'a Shared) -> Self {
        Self {
            shared,
            watched: Directories::new(),
            refused: BTreeSet::new(),
            why_refused: String::new(),
            began: Instant::now(),
            look_took: Duration::ZERO,
        }
    }

    async fn listen(mut self) -> End {
        let mut events = match MuxedEvents::new() {
            Ok(events) => events,
            Err(err) => return End::Failed(format!("{err} (fs.inotify.max_user_instances)")),
        };
        let mut spent = Spent::now();
        loop {
            if let Err(end) = self.adjust(&mut events).await {
                return end;
            }
            let check_at = tokio::time::Instant::now() + CHECK_EVERY.max(self.look_took * CHECK_SHARE);
            // Without a watch, `next_event` would return at once, for ever.
            let has_watches = !self.watched.is_empty();
            loop {
                let next = tokio::select! {
                    () = self.shared.changed.notified() => break,
                    () = tokio::time::sleep_until(check_at) => break,
                    next = events.next_event(), if has_watches => next,
                };
                let gathered = match next {
                    Ok(Some(event)) => gather(self.shared, &mut events, u32::from(!event.kind.is_access())).await,
                    Ok(None) => Err(End::Failed("the events ended".to_owned())),
                    Err(err) => Err(End::Failed(err.to_string())),
                };
                if let Err(end) = gathered {
                    return end;
                }
            }
            if spent.at.elapsed() >= CHECK_EVERY {
                let before = std::mem::replace(&mut spent, Spent::now());
                if spent.is_burning_since(&before) {
                    return End::Failed("listening used too much of the processor".to_owned());
                }
            }
        }
    }

    /// Watches what is wanted and not watched.
    async fn adjust(&mut self, events: &mut MuxedEvents) -> Result<(), End> {
        let began = Instant::now();
        let Some(wanted) = wanted_now(self.shared) else { return Err(End::Over) };
        if self.is_stale(&wanted) {
            return Err(End::Changed);
        }
        self.refused.retain(|path| wanted.contains_key(path));
        let is_new = |path: &PathBuf| !self.watched.contains_key(path) && !self.refused.contains(path);
        let watched = self.watched.len();
        for (path, identity) in wanted.into_iter().filter(|(path, _)| is_new(path)).collect::<Vec<_>>() {
            // linemux reads a relative link from where the process stands: it is given the real path. What is not there
            // has none, and is met again later.
            let (Some(_), Ok(real)) = (identity, path.canonicalize()) else { continue };
            let refused = if self.watched.len() >= MOST_DIRECTORIES {
                Some(format!("they are more than {MOST_DIRECTORIES}"))
            } else {
                events.add_file(real.join(NAME)).await.err().map(|err| why_refused(&err))
            };
            match refused {
                None => {
                    self.watched.insert(path, identity);
                }
                Some(why) if real.is_dir() => {
                    self.why_refused = why;
                    self.refused.insert(path);
                }
                Some(_) => {}
            }
        }
        self.look_took = began.elapsed();
        self.tell()?;
        if self.watched.len() > watched {
            // What happened there before the watch stood was not told.
            self.shared.hint();
        }
        Ok(())
    }

    /// True when a watched directory is not the one that stood there, or too many are watched for nothing.
    fn is_stale(&self, wanted: &Directories) -> bool {
        let unwanted = self.watched.keys().filter(|path| !wanted.contains_key(*path)).count();
        let is_another = |(path, identity)| wanted.get(path).is_some_and(|now| now != identity);
        let retry = !self.refused.is_empty() && self.began.elapsed() >= RETRY_PARTLY;
        retry || unwanted > MOST_UNWANTED.max(wanted.len()) || self.watched.iter().any(is_another)
    }

    fn tell(&self) -> Result<(), End> {
        let watched = self.watched.len();
        let why = self.why_refused.clone();
        if self.refused.is_empty() {
            self.shared.set_hints(Hints::From(watched));
        } else if watched == 0 {
            return Err(End::Failed(why));
        } else {
            self.shared.set_hints(Hints::Partly { watched, wanted: watched + self.refused.len(), why });
        }
        Ok(())
    }
}

/// Lets more events come for a while, takes them all, and hints once. `changes`: of events taken before. Opening and
/// closing is what we do ourselves, and is no hint.
async fn gather(shared: &Shared, events: &mut MuxedEvents, mut changes: u32) -> Result<(), End> {
    let mut count = 1;
    tokio::time::sleep(HINT_PAUSE).await;
    while let Ok(next) = tokio::time::timeout(Duration::ZERO, events.next_event()).await {
        let Ok(Some(event)) = next else { return Err(End::Failed("the events ended".to_owned())) };
        changes += u32::from(!event.kind.is_access());
        count += 1;
        if count > FLOOD_EVENTS {
            return Err(End::Flood);
        }
    }
    if changes > 0 {
        shared.hint();
    }
    Ok(())
}

/// The directories that are wanted, as they stand now; `None` when the waker is gone.
fn wanted_now(shared: &Shared) -> Option<Directories> {
    let state = shared.lock();
    if state.is_over {
        return None;
    }
    let directories = state.directories.clone();
    drop(state);
    Some(directories.into_iter().map(|path| (path.clone(), identity(&path))).collect())
}

fn identity(path: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_dir)?;
    Some((metadata.dev(), metadata.ino(), metadata.created().ok()))
}

/// What this thread and linemux's own have used of the processor.
struct Spent {
    at: Instant,
    ticks: u64,
}

impl Spent {
    fn now() -> Self {
        Self { at: Instant::now(), ticks: cpu_ticks() }
    }

    fn is_burning_since(&self, before: &Self) -> bool {
        let used = Duration::from_millis(self.ticks.saturating_sub(before.ticks) * TICK_MILLIS);
        let wall = self.at.duration_since(before.at).max(CHECK_EVERY);
        used * MOST_CPU_PARTS > wall
    }
}

/// Processor time of the threads of hints, by their names; 0 where `/proc` does not tell.
fn cpu_ticks() -> u64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    tasks
        .filter_map(Result::ok)
        .filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok())
        .filter_map(|stat| ticks_of(&stat))
        .sum()
}

/// User and system time from a line of `/proc/self/task/*/stat` (proc(5)), where the thread is one of ours.
fn ticks_of(stat: &str) -> Option<u64> {
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1;
    if !name.starts_with("pxtail-hints") && !name.starts_with("notify-rs") {
        return None;
    }
    let mut fields = after.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The kernel calls a limit on watches a full disk.
fn why_refused(err: &std::io::Error) -> String {
    let limit = if err.kind() == std::io::ErrorKind::StorageFull { " (fs.inotify.max_user_watches)" } else { "" };
    format!("{err}{limit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_of_our_threads_only() {
        let rest = " S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20 0";
        for (name, expected) in [("pxtail-hints", Some(42)), ("notify-rs inoti", Some(42)), ("(odd) name", None)] {
            assert_eq!(ticks_of(&format!("77 ({name}){rest}")), expected, "{name}");
        }
    }

    #[test]
    fn a_thread_that_burns_the_processor_is_noticed() {
        let before = Spent { at: Instant::now(), ticks: 100 };
        for (ticks, expected) in [(100, false), (150, false), (151, true), (300, true)] {
            let now = Spent { at: before.at + CHECK_EVERY, ticks };
            assert_eq!(now.is_burning_since(&before), expected, "{ticks}");
        }
    }
}
