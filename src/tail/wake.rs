//! What wakes the agent before its timer: file events as hints, or a poke from another thread.
//!
//! Promises: a hint only says "look sooner"; losing every hint changes latency, never a count. Hints come at most each
//! [`HINT_PAUSE`]; [`Waker::hints`] says whether any come. Does not: touch the files that are followed.

mod events;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::model::spec::Wake;

/// Between two hints. Waking at every write costs more than polling does; nobody notices 50 ms.
pub const HINT_PAUSE: Duration = Duration::from_millis(50);

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The time is over.
    Timer,
    /// Something may have changed in a watched directory.
    Hint,
    /// Someone called [`Poker::poke`].
    Poked,
}

/// Whether hints come, for the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hints {
    /// Not asked for.
    Off,
    /// From so many directories: all there are.
    From(usize),
    /// From some of the directories that there are.
    Partly { watched: usize, wanted: usize, why: String },
    /// They came faster than polling costs; tried again after a moment.
    Paused,
    /// Tried again after a while.
    None { why: String },
}

impl fmt::Display for Hints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => write!(f, "off"),
            Self::From(1) => f.write_str("file events from 1 directory"),
            Self::From(directories) => write!(f, "file events from {directories} directories"),
            Self::Partly { watched, wanted, why } => {
                write!(f, "file events from {watched} of {wanted} directories, the rest is polled: {why}")
            }
            Self::Paused => f.write_str("file events pause while there are so many, all is polled meanwhile"),
            Self::None { why } => write!(f, "no file events, all is polled: {why}"),
        }
    }
}

/// What the agent waits on. Ends its thread when it is dropped.
#[derive(Debug)]
pub struct Waker {
    shared: Arc<Shared>,
    hinted_at: Option<Instant>,
}

/// Wakes the agent from another thread (a signal, a request on the status socket).
#[derive(Clone, Debug)]
pub struct Poker(Arc<Shared>);

/// What the waiting thread, pokers and the thread of events have in common.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    /// The directories are others, or it is time to end.
    changed: tokio::sync::Notify,
}

#[derive(Debug)]
struct State {
    is_poked: bool,
    is_hinted: bool,
    is_over: bool,
    directories: BTreeSet<PathBuf>,
    hints: Hints,
}

impl Default for State {
    fn default() -> Self {
        Self { is_poked: false, is_hinted: false, is_over: false, directories: BTreeSet::new(), hints: Hints::Off }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_hints(&self, hints: Hints) {
        self.lock().hints = hints;
    }

    fn hint(&self) {
        if !std::mem::replace(&mut self.lock().is_hinted, true) {
            self.ready.notify_all();
        }
    }
}

impl Poker {
    /// Ends the wait that is under way, or the next one.
    pub fn poke(&self) {
        self.0.lock().is_poked = true;
        self.0.ready.notify_all();
    }
}

impl Waker {
    /// With [`Wake::Linemux`], starts the thread of events. Where that is not possible, there are no hints.
    pub fn new(wake: Wake) -> Self {
        let shared = Arc::new(Shared::default());
        if wake == Wake::Linemux {
            let for_thread = Arc::clone(&shared);
            shared.set_hints(Hints::From(0));
            let thread = std::thread::Builder::new().name("pxtail-hints".to_owned());
            // Without the thread, the timer alone wakes: the truth does not depend on hints.
            if let Err(err) = thread.spawn(move || events::run(&for_thread)) {
                shared.set_hints(Hints::None { why: err.to_string() });
            }
        }
        Self { shared, hinted_at: None }
    }

    /// For other threads.
    pub fn poker(&self) -> Poker {
        Poker(Arc::clone(&self.shared))
    }

    /// The directories that hints are wanted for: those of `Tail::watched`. Cheap when they are the same as before.
    pub fn watch(&mut self, directories: Vec<PathBuf>) {
        let directories: BTreeSet<PathBuf> = directories.into_iter().collect();
        let mut state = self.shared.lock();
        if state.directories != directories {
            state.directories = directories;
            self.shared.changed.notify_one();
        }
    }

    /// Whether hints come, and why not.
    #[must_use]
    pub fn hints(&self) -> Hints {
        self.shared.lock().hints.clone()
    }

    /// Waits at most so long.
    pub fn wait(&mut self, timeout: Duration) -> Woken {
        let started_at = Instant::now();
        let mut state = self.shared.lock();
        loop {
            if std::mem::take(&mut state.is_poked) {
                return Woken::Poked;
            }
            let rest = self.hinted_at.map_or(Duration::ZERO, |at| HINT_PAUSE.saturating_sub(at.elapsed()));
            if state.is_hinted && rest.is_zero() {
                state.is_hinted = false;
                self.hinted_at = Some(Instant::now());
                return Woken::Hint;
            }
            let left = timeout.saturating_sub(started_at.elapsed());
            if left.is_zero() {
                return Woken::Timer;
            }
            let wait = if state.is_hinted { rest.min(left) } else { left };
            state = self.shared.ready.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Waker {
    /// Tells the thread to end and does not wait for it: it holds nothing of ours.
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Far longer than any hint takes; a test that needs it has failed.
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_poke_ends_the_wait_and_only_one() {
        let mut waker = Waker::new(Wake::Poll);
        let poker = waker.poker();
        std::thread::spawn(move || poker.poke());
        assert_eq!(waker.wait(LONG), Woken::Poked);
        assert_eq!(waker.wait(Duration::ZERO), Woken::Timer);
    }

    #[test]
    fn hints_are_gathered() {
        let mut waker = Waker::new(Wake::Poll);
        waker.shared.hint();
        waker.shared.hint();
        assert_eq!(waker.wait(LONG), Woken::Hint);
        waker.shared.hint();
        assert_eq!(waker.wait(Duration::ZERO), Woken::Timer, "the second hint comes after the pause");
        assert_eq!(waker.wait(LONG), Woken::Hint);
    }

    #[test]
    fn what_is_said_of_hints_names_what_is_missing() {
        let why = || "limit reached".to_owned();
        for (hints, expected) in [
            (Hints::Off, "off"),
            (Hints::From(3), "file events from 3 directories"),
            (
                Hints::Partly { watched: 2, wanted: 9, why: why() },
                "file events from 2 of 9 directories, the rest is polled: limit reached",
            ),
            (Hints::Paused, "file events pause while there are so many, all is polled meanwhile"),
            (Hints::None { why: why() }, "no file events, all is polled: limit reached"),
        ] {
            assert_eq!(hints.to_string(), expected);
        }
    }

    #[test]
    fn hints_that_were_not_asked_for_are_off() {
        assert_eq!(Waker::new(Wake::Poll).hints(), Hints::Off);
    }

    /// Waits until so many directories are watched.
    #[track_caller]
    fn await_watched(waker: &Waker, directories: usize) {
        let started_at = Instant::now();
        while waker.hints() != Hints::From(directories) {
            assert!(started_at.elapsed() < LONG, "{}", waker.hints());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_write_in_a_watched_directory_is_a_hint_also_after_it_was_made_again() {
        let directory = tempfile::tempdir_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("target")).unwrap();
        let watched = directory.path().join("logs");
        let mut waker = Waker::new(Wake::Linemux);
        waker.watch(vec![watched.clone()]);
        for _ in 0..2 {
            await_watched(&waker, 0);
            fs::create_dir(&watched).unwrap();
            await_watched(&waker, 1);
            assert_eq!(waker.wait(LONG), Woken::Hint, "what was written before the watch stood");
            // A late hint of what was before would hide that the write gives none.
            while waker.wait(HINT_PAUSE * 4) == Woken::Hint {}
            fs::write(watched.join("a.log"), "x").unwrap();
            assert_eq!(waker.wait(LONG), Woken::Hint, "what is written now");
            fs::remove_dir_all(&watched).unwrap();
        }
    }
}
