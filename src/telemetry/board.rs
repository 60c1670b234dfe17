//! Where one thread asks for the status and another leaves it.
//!
//! Promises: nothing is made unless somebody asks: until then, a look at the board is one atomic read. Who asks waits a while
//! for an answer, and gets the last one there was when the agent is busy for longer. Does not: know what a status is of.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::status::Status;

/// How many files are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// A few of each kind.
    #[default]
    Few,
    All,
}

/// How long who asks waits: longer than a round of reading and a usual commit.
const PATIENCE: Duration = Duration::from_secs(10);

const NOBODY: u8 = 0;

/// A board between threads.
#[derive(Debug, Default)]
pub struct StatusBoard {
    /// What is asked for: nothing, few or all.
    wanted: AtomicU8,
    posted: Mutex<Posted>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Posted {
    status: Status,
    /// Counts answers.
    number: u64,
}

impl StatusBoard {
    /// What somebody waits for.
    pub fn wanted(&self) -> Option<Detail> {
        match self.wanted.load(Ordering::Relaxed) {
            NOBODY => None,
            wanted if wanted == Detail::All as u8 + 1 => Some(Detail::All),
            _ => Some(Detail::Few),
        }
    }

    /// Answers whoever asked.
    pub fn post(&self, status: Status) {
        self.wanted.store(NOBODY, Ordering::Relaxed);
        let mut posted = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        posted.status = status;
        posted.number += 1;
        self.news.notify_all();
    }

    /// Asks, and waits for the answer; `wake` ends the sleep of who answers.
    pub fn ask(&self, detail: Detail, wake: impl FnOnce()) -> Status {
        self.ask_for(detail, PATIENCE, wake)
    }

    fn ask_for(&self, detail: Detail, patience: Duration, wake: impl FnOnce()) -> Status {
        let asked = Instant::now();
        let mut posted = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        let number = posted.number;
        self.wanted.store(detail as u8 + 1, Ordering::Relaxed);
        wake();
        while posted.number == number {
            let left = patience.saturating_sub(asked.elapsed());
            if left.is_zero() {
                break;
            }
            posted = self.news.wait_timeout(posted, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        posted.status.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn status(at: &str) -> Status {
        Status { at: at.to_owned(), ..Status::default() }
    }

    #[test]
    fn nothing_is_wanted_until_somebody_asks_and_then_once() {
        let board = Arc::new(StatusBoard::default());
        assert_eq!(board.wanted(), None);
        let (wake, woken) = std::sync::mpsc::channel();
        let asking = {
            let board = Arc::clone(&board);
            std::thread::spawn(move || board.ask(Detail::All, || wake.send(()).unwrap()))
        };
        woken.recv().unwrap();
        assert_eq!(board.wanted(), Some(Detail::All));
        board.post(status("now"));
        assert_eq!(asking.join().unwrap(), status("now"));
        assert_eq!(board.wanted(), None);
    }

    #[test]
    fn an_agent_that_is_busy_is_shown_as_it_was() {
        let board = StatusBoard::default();
        board.post(status("before"));
        assert_eq!(board.ask_for(Detail::Few, Duration::from_millis(1), || {}), status("before"));
        assert_eq!(board.wanted(), Some(Detail::Few), "the answer comes later, for the next one who asks");
    }
}
