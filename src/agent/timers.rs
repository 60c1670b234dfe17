//! When the agent's loop has what to do next.
//!
//! Does not: wait.

use std::time::{Duration, Instant};

use super::housekeeping::HOUSEKEEPING;

/// Scans take at most this part of a core: with thousands of files, they come less often.
const SCAN_SHARE: u32 = 50;

/// Most of the time that passes in scans waits for a disk, or for other programs: of that, they take at most a quarter.
/// Nothing is read meanwhile.
const WAITING_SHARE: u32 = 3;

/// However long a scan took, files that are rotated away are looked for within this time.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// When what is due, by the monotonic clock: the wall clock may step.
pub struct Timers {
    pub scan: Instant,
    /// The end of the last scan, and how long it must be before the next one.
    scanned: Instant,
    rest: Duration,
    pub commit: Instant,
    pub outbox: Instant,
    pub housekeeping: Instant,
    pub removal: Instant,
}

impl Timers {
    /// The first commit comes at once: a file that is known cannot be rotated away unseen, whatever happens next.
    pub fn starting_now() -> Self {
        let now = Instant::now();
        Self {
            scan: now,
            scanned: now,
            rest: Duration::ZERO,
            commit: now,
            outbox: now,
            housekeeping: now + HOUSEKEEPING,
            removal: now,
        }
    }

    /// Notes a scan that just ended, or a look that found nothing to scan for.
    pub fn scanned_since(&mut self, began: &Began, interval: Duration) {
        self.scanned = Instant::now();
        let used = processor_time().saturating_sub(began.processor_time);
        self.rest = rest_after(self.scanned - began.at, used);
        self.scan = self.scanned + interval.max(self.rest);
    }

    /// True when a scan before its time would not take too much of it.
    pub fn may_scan(&self) -> bool {
        self.scanned.elapsed() >= self.rest
    }
}

/// When something was begun, and what this thread had used of the processor.
pub struct Began {
    at: Instant,
    processor_time: Duration,
}

impl Began {
    pub fn now() -> Self {
        Self { at: Instant::now(), processor_time: processor_time() }
    }
}

/// Of this thread, since it was started.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// After a scan that took so long, and used so much of the processor.
fn rest_after(took: Duration, used: Duration) -> Duration {
    (used * SCAN_SHARE).max(took * WAITING_SHARE).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_that_had_to_wait_is_soon_followed_by_another() {
        for (took, used, expected) in [
            (1, 1, 50),
            (100, 100, 5_000),
            (600, 1, 1_800),
            (600, 40, 2_000),
            (3_000, 10, 9_000),
            (60_000, 10, 30_000),
            (60_000, 50_000, 30_000),
        ] {
            let [took, used, expected] = [took, used, expected].map(Duration::from_millis);
            assert_eq!(rest_after(took, used), expected, "{took:?}, of which {used:?} on the processor");
        }
    }

    #[test]
    fn waiting_is_not_taken_for_work() {
        let mut timers = Timers::starting_now();
        let began = Began { at: Instant::now().checked_sub(Duration::from_secs(1)).unwrap(), ..Began::now() };
        timers.scanned_since(&began, Duration::from_millis(1));
        assert!(timers.rest < Duration::from_secs(5), "{:?}", timers.rest);
    }
}
