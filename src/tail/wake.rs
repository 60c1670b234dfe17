//! What wakes the agent before its timer: file events as hints, or nothing.
//!
//! Promises: a hint only says "look sooner"; losing every hint changes latency, never a count. Does not: touch files.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::spec::Wake;

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

/// What the agent waits on.
#[derive(Debug)]
pub struct Waker {
    wake: Wake,
}

/// Wakes the agent from another thread (a signal, a request on the status socket).
#[derive(Clone, Debug)]
pub struct Poker;

impl Poker {
    pub fn poke(&self) {}
}

impl Waker {
    pub fn new(wake: Wake) -> Self {
        Self { wake }
    }

    /// For other threads.
    pub fn poker(&self) -> Poker {
        Poker
    }

    /// The files that hints are wanted for: [`super::Tail::watched`]. Cheap when nothing changed.
    pub fn watch(&mut self, _files: Vec<PathBuf>) {}

    /// Waits at most so long.
    pub fn wait(&mut self, timeout: Duration) -> Woken {
        let _ = self.wake;
        std::thread::sleep(timeout);
        Woken::Timer
    }
}
