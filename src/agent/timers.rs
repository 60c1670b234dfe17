//! When the agent's loop has what to do next.
//!
//! Does not: wait.

use std::time::{Duration, Instant};

/// How often old rows are forgotten.
pub const HOUSEKEEPING: Duration = Duration::from_secs(3600);

/// Scans take at most this part of the time: with thousands of files, they come less often.
const SCAN_SHARE: u32 = 50;

/// When what is due, by the monotonic clock: the wall clock may step.
pub struct Timers {
    pub scan: Instant,
    /// The end of the last scan, and how long it took.
    scanned: Instant,
    scan_cost: Duration,
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
    /// Notes a scan that just ended, or a look that found nothing to scan for.
    pub fn scanned_since(&mut self, began: Instant, interval: Duration) {
        self.scanned = Instant::now();
        self.scan_cost = self.scanned - began;
        self.scan = self.scanned + interval.max(self.scan_cost * SCAN_SHARE);
    }

    /// True when a scan before its time would not take too much of it.
    pub fn may_scan(&self) -> bool {
        self.scanned.elapsed() >= self.scan_cost * SCAN_SHARE
    }
}
