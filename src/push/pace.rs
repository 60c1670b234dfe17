//! The pace: so many requests a second, so many a UTC day, all calls together.
//!
//! Promises: in any second no more than the rate and one burst. Does not: wait, or keep the day's count; the outbox does.

use std::time::Duration;

use super::outbox::UtcDay;

/// A tenth of a second's requests may go at once, so that a turn of the loop can begin several events with one durable
/// write without bunching them into whole seconds.
const BURST_SECONDS: f64 = 0.1;

/// One request in eleven days: slower is a mistake, and this keeps waiting times in range.
const MIN_RATE: f64 = 1e-6;

/// So little under a whole token is a whole one: waiting times are rounded to nanoseconds, and waiting for nothing would
/// spin.
const HAIR: f64 = 1e-6;

#[derive(Debug)]
pub(super) struct Pace {
    /// Per second.
    rate: f64,
    tokens: f64,
    /// When `tokens` was true, on the steady clock.
    counted_at: Duration,
    per_day: u64,
    day: Option<(UtcDay, u64)>,
}

impl Pace {
    pub(super) fn new(requests_per_second: f64, requests_per_day: u64) -> Self {
        let rate = if requests_per_second.is_finite() { requests_per_second.max(MIN_RATE) } else { MIN_RATE };
        Self { rate, tokens: 1.0, counted_at: Duration::ZERO, per_day: requests_per_day, day: None }
    }

    /// Whether the count of this day is known already.
    pub(super) fn knows(&self, day: UtcDay) -> bool {
        self.day.is_some_and(|(known, _)| known == day)
    }

    /// Takes over the count of a day that has begun.
    pub(super) fn start_day(&mut self, day: UtcDay, used: u64) {
        self.day = Some((day, used));
    }

    /// Requests that may go now.
    pub(super) fn room(&mut self, now: Duration) -> usize {
        let passed = now.saturating_sub(self.counted_at).as_secs_f64();
        let capacity = (self.rate * BURST_SECONDS).max(1.0);
        self.tokens = (self.tokens + passed * self.rate).min(capacity);
        self.counted_at = now;
        let whole = (self.tokens + HAIR).floor() as u64;
        usize::try_from(whole.min(self.left_today())).unwrap_or(usize::MAX)
    }

    /// So many requests go.
    pub(super) fn take(&mut self, requests: usize) {
        self.tokens -= requests as f64;
        if let Some((_, used)) = &mut self.day {
            *used = used.saturating_add(requests as u64);
        }
    }

    /// How long until the next whole token; `None` when one is there.
    pub(super) fn next_token(&self) -> Option<Duration> {
        let seconds = (1.0 - self.tokens) / self.rate;
        (self.tokens + HAIR < 1.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    pub(super) fn is_over_budget(&self) -> bool {
        self.day.is_some() && self.left_today() == 0
    }

    fn left_today(&self) -> u64 {
        self.day.map_or(0, |(_, used)| self.per_day.saturating_sub(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that go in `seconds`, when asked every 10 ms and all that may go do.
    #[track_caller]
    fn check(rate: f64, per_day: u64, seconds: u64, expected: std::ops::RangeInclusive<usize>) {
        let mut pace = Pace::new(rate, per_day);
        pace.start_day(UtcDay(0), 0);
        let mut sent = 0;
        for turn in 0..=seconds * 100 {
            let room = pace.room(Duration::from_millis(turn * 10));
            pace.take(room);
            sent += room;
        }
        assert!(expected.contains(&sent), "{rate} a second, {per_day} a day, {seconds} s: {sent} not in {expected:?}");
    }

    #[test]
    fn the_rate_and_the_day_hold() {
        check(20.0, 1_000_000, 10, 200..=202);
        check(200.0, 1_000_000, 5, 990..=1_020);
        check(0.5, 1_000_000, 10, 6..=6);
        check(20.0, 7, 10, 7..=7);
        check(20.0, 0, 10, 0..=0);
        check(f64::NAN, 100, 10, 1..=1);
        check(-1.0, 100, 10, 1..=1);
    }

    #[test]
    fn a_long_rest_saves_up_one_burst_only() {
        let mut pace = Pace::new(100.0, 1_000_000);
        pace.start_day(UtcDay(0), 0);
        assert_eq!(pace.room(Duration::from_hours(1)), 10);
    }

    #[test]
    fn nothing_goes_before_the_days_count_is_known() {
        let mut pace = Pace::new(100.0, 1_000_000);
        assert_eq!(pace.room(Duration::from_secs(1)), 0);
    }

    #[test]
    fn waiting_for_the_next_token_is_enough() {
        let mut pace = Pace::new(0.3, 100);
        pace.start_day(UtcDay(0), 0);
        let mut now = Duration::ZERO;
        for _ in 0..20 {
            assert_eq!(pace.room(now), 1, "{now:?}");
            pace.take(1);
            now += pace.next_token().unwrap();
        }
    }
}
