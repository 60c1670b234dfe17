//! When the agent's loop has what to do next.
//!
//! Does not: wait.

use std::time::{Duration, Instant};

/// How often old rows are forgotten.
pub const HOUSEKEEPING: Duration = Duration::from_secs(3600);

/// When what is due, by the monotonic clock: the wall clock may step.
pub struct Timers {
    pub scan: Instant,
    /// The end of the last scan, and how long it took.
    pub scanned: Instant,
    pub scan_cost: Duration,
    pub commit: Instant,
    pub outbox: Instant,
    pub housekeeping: Instant,
}

impl Timers {
    /// The first commit comes at once: a file that is known cannot be rotated away unseen, whatever happens next.
    pub fn starting_now() -> Self {
        let now = Instant::now();
        Self {
            scan: now,
            scanned: now,
            scan_cost: Duration::ZERO,
            commit: now,
            outbox: now,
            housekeeping: now + HOUSEKEEPING,
        }
    }
}
