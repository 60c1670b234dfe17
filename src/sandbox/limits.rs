//! The subscription's limits: requests per second and per day, and events per user and day.
//!
//! Promises: a request that is refused for the rate takes nothing from it. Does not: read a clock.

use crate::model::time::UnixMicros;

use super::refusal::{Reason, Refusal};

const SECOND_MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * SECOND_MICROS;

/// What happens when a user passes the events of one day. The vendor names the limit, not what PX does about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverUserDay {
    /// The event is stored and the breach is counted in the books.
    #[default]
    Count,
    /// The event is refused with 400.
    Refuse,
}

/// The limits of the subscription. The default is the vendor's page; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub requests_per_second: Option<u32>,
    /// Per UTC day.
    pub requests_per_day: Option<u64>,
    /// Per user and day of the event's `date` in the subscription's time zone.
    pub events_per_user_day: Option<u32>,
    pub over_user_day: OverUserDay,
    /// Distinct event names.
    pub event_names: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: Some(200),
            requests_per_day: Some(1_000_000),
            events_per_user_day: Some(1_000),
            over_user_day: OverUserDay::Count,
            event_names: Some(2_000),
        }
    }
}

impl Limits {
    /// No limit on requests; the other limits as they are by default.
    #[must_use]
    pub fn unpaced() -> Self {
        Self { requests_per_second: None, requests_per_day: None, ..Self::default() }
    }
}

/// A bucket that holds one second of requests and fills steadily, and the count of the day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestMeter {
    /// When the bucket will be full again.
    full_at: i64,
    day: i64,
    in_day: u64,
}

impl RequestMeter {
    /// Lets a request in, or says which limit it passes.
    pub(super) fn admit(&mut self, now: UnixMicros, limits: &Limits) -> Result<(), Refusal> {
        let day = now.0.div_euclid(DAY_MICROS);
        if day != self.day {
            (self.day, self.in_day) = (day, 0);
        }
        if limits.requests_per_day.is_some_and(|most| self.in_day >= most) {
            return Err(Refusal::new(Reason::RequestsPerDay, "the requests of this day are used up"));
        }
        if let Some(rate) = limits.requests_per_second {
            let full_at = self.full_at.max(now.0).saturating_add(SECOND_MICROS / i64::from(rate.max(1)));
            // A clock that was set back must not lock everybody out.
            if full_at.saturating_sub(now.0) > SECOND_MICROS && self.full_at <= now.0.saturating_add(SECOND_MICROS) {
                return Err(Refusal::new(Reason::RequestRate, "too many requests in this second"));
            }
            self.full_at = full_at.min(now.0.saturating_add(SECOND_MICROS));
        }
        self.in_day += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each step: milliseconds on the clock, and whether the request is let in.
    #[track_caller]
    fn check(limits: &Limits, steps: &[(i64, bool)]) {
        let mut meter = RequestMeter::default();
        for (index, (millis, expected)) in steps.iter().enumerate() {
            let admitted = meter.admit(UnixMicros::from_millis(*millis), limits).is_ok();
            assert_eq!(admitted, *expected, "step {index} at {millis} ms");
        }
    }

    #[test]
    fn a_second_holds_its_requests_and_fills_again() {
        let limits = Limits { requests_per_second: Some(2), ..Limits::default() };
        check(&limits, &[(0, true), (0, true), (0, false), (499, false), (500, true), (500, false), (5_000, true)]);
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let limits = Limits { requests_per_second: Some(1), ..Limits::default() };
        check(&limits, &[(100_000, true), (100_000, false), (10, true)]);
    }

    #[test]
    fn a_day_holds_its_requests() {
        let limits = Limits { requests_per_second: None, requests_per_day: Some(2), ..Limits::default() };
        check(&limits, &[(0, true), (1, true), (86_399_999, false), (86_400_000, true)]);
    }
}
