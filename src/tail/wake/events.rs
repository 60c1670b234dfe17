//! The thread of file events: linemux's `MuxedEvents` with a runtime of its own.
//!
//! Promises: whatever linemux does stays on this thread and is bounded: a session that ends, fails, is flooded or burns
//! the processor is torn down, and built again after a pause that grows. Does not: say which file changed.
//!
//! One name per directory is asked for, which does not exist: linemux then watches the directory as a whole, with one
//! watch, and tells of everything in it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use linemux::MuxedEvents;

use super::{HINT_PAUSE, Shared};

/// The name that is asked for in each directory. Nothing makes it.
const NAME: &str = ".pxtail-no-such-file";

/// Between two looks at what is watched: directories are rarely removed, and the timer covers the gap.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// Events within one [`HINT_PAUSE`] beyond which listening costs more than polling: 10,000 a second.
const FLOOD_EVENTS: usize = 500;

/// Pause after a session ended before its time; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Share of a core that the two threads may use between two checks: one in four.
const MOST_CPU_PARTS: u32 = 4;

/// The kernel counts processor time in ticks of 10 ms for `/proc`, on every machine.
const TICK_MILLIS: u64 = 10;

/// What was watched: the directory that stood there.
type Watched = BTreeMap<PathBuf, Option<Identity>>;

/// Device, inode and time of birth: a directory that is made again may have the same inode.
type Identity = (u64, u64, Option<SystemTime>);

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The waker is gone.
    Over,
    /// The directories are others: build again at once.
    Changed,
    /// More events than polling would cost.
    Flood,
    Failed,
}

/// Listens until the waker is dropped.
pub(super) fn run(shared: &Arc<Shared>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    runtime.block_on(async {
        let mut pause = FIRST_PAUSE;
        loop {
            let ended = session(shared).await;
            let rest = match ended {
                End::Over => return,
                End::Changed => {
                    pause = FIRST_PAUSE;
                    HINT_PAUSE
                }
                End::Flood => CHECK_EVERY,
                End::Failed => {
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

async fn session(shared: &Shared) -> End {
    let Some(watched) = watched_now(shared) else { return End::Over };
    let Ok(mut events) = MuxedEvents::new() else { return End::Failed };
    for path in watched.iter().filter(|(_, identity)| identity.is_some()).map(|(path, _)| path) {
        if events.add_file(path.join(NAME)).await.is_err() {
            return End::Failed;
        }
    }
    // Without a watch, `next_event` would return at once, for ever.
    let has_watches = watched.values().any(Option::is_some);
    let mut spent = Spent::now();
    loop {
        let next = tokio::select! {
            () = shared.changed.notified() => None,
            () = tokio::time::sleep(CHECK_EVERY.saturating_sub(spent.at.elapsed())) => None,
            next = events.next_event(), if has_watches => Some(next),
        };
        match next {
            Some(Ok(Some(event))) => {
                if let Err(end) = gather(shared, &mut events, u32::from(!event.kind.is_access())).await {
                    return end;
                }
            }
            Some(Ok(None) | Err(_)) => return End::Failed,
            None => {
                match watched_now(shared) {
                    None => return End::Over,
                    Some(now) if now != watched => return End::Changed,
                    Some(_) => {}
                }
                let before = std::mem::replace(&mut spent, Spent::now());
                if spent.is_burning_since(&before) {
                    return End::Failed;
                }
            }
        }
    }
}

/// Lets more events come for a while, takes them all, and hints once. `changes`: of events taken before. Opening and closing is what we do ourselves, and
/// is no hint.
async fn gather(shared: &Shared, events: &mut MuxedEvents, mut changes: u32) -> Result<(), End> {
    let mut count = 1;
    tokio::time::sleep(HINT_PAUSE).await;
    while let Ok(next) = tokio::time::timeout(Duration::ZERO, events.next_event()).await {
        let Ok(Some(event)) = next else { return Err(End::Failed) };
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
fn watched_now(shared: &Shared) -> Option<Watched> {
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
