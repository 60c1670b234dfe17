//! A gate in front of PX: open while calls work, closed for growing pauses while they do not.
//!
//! Promises: while it is failing, one probe at a time passes, and only that probe's success opens it; many answers to
//! requests that were under way together lengthen the pause once. Does not: know what a request is. Time is an argument.

use std::time::Duration;

use super::observe::Trouble;

/// Doublings beyond this no longer matter: a first pause of 1 ms would have grown past a year.
const MAX_DOUBLINGS: u32 = 32;

#[derive(Debug)]
pub(super) struct Gate {
    /// Answers without meaning that may come one after the other before it closes.
    tolerated: u32,
    /// Failures since the last success, without those that came in answer to earlier openings.
    failures: u32,
    closed: Option<Closed>,
    /// Counts closings: an answer to a request that passed before the last of them says nothing new.
    epoch: u32,
}

#[derive(Debug)]
struct Closed {
    /// On the steady clock.
    until: Duration,
    /// How often it closed without opening in between.
    level: u32,
    probe_under_way: bool,
    trouble: Trouble,
    message: String,
}

/// What a request got on its way through; given back with its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    epoch: u32,
}

/// Why a gate closes and for how long.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) trouble: Trouble,
    pub(super) message: String,
    /// First and longest pause.
    pub(super) pause: (Duration, Duration),
    /// What PX asked for.
    pub(super) at_least: Duration,
}

impl Gate {
    pub(super) const fn new(tolerated: u32) -> Self {
        Self { tolerated, failures: 0, closed: None, epoch: 0 }
    }

    /// How many requests may pass now.
    pub(super) fn room(&self, now: Duration) -> usize {
        match &self.closed {
            None => usize::MAX,
            Some(closed) if closed.probe_under_way || now < closed.until => 0,
            Some(_) => 1,
        }
    }

    /// When the next probe may pass, where it waits for that.
    pub(super) fn opens_at(&self) -> Option<Duration> {
        self.closed.as_ref().filter(|closed| !closed.probe_under_way).map(|closed| closed.until)
    }

    pub(super) fn trouble(&self) -> Option<(Trouble, &str)> {
        self.closed.as_ref().map(|closed| (closed.trouble, closed.message.as_str()))
    }

    /// A request passes. Only after [`Gate::room`] said so.
    pub(super) fn pass(&mut self) -> Pass {
        if let Some(closed) = &mut self.closed {
            closed.probe_under_way = true;
        }
        Pass { epoch: self.epoch }
    }

    /// The request showed that calls work.
    pub(super) fn succeeded(&mut self, pass: Pass) {
        if pass.epoch == self.epoch {
            self.failures = 0;
            self.closed = None;
        }
    }

    /// The request showed nothing about this gate's kind of trouble.
    pub(super) fn released(&mut self, pass: Pass) {
        if pass.epoch == self.epoch
            && let Some(closed) = &mut self.closed
        {
            closed.probe_under_way = false;
        }
    }

    /// The request ended in a way that says nothing good: a probe that ends so does not open the gate.
    pub(super) fn doubted(&mut self, pass: Pass, now: Duration, failure: Failure, rng: &mut fastrand::Rng) {
        if self.closed.is_some() {
            self.failed(pass, now, failure, rng);
        }
    }

    /// The request failed.
    pub(super) fn failed(&mut self, pass: Pass, now: Duration, failure: Failure, rng: &mut fastrand::Rng) {
        if pass.epoch != self.epoch {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let is_tolerable = failure.trouble == Trouble::NoAnswer && failure.at_least.is_zero();
        if self.closed.is_none() && is_tolerable && self.failures <= self.tolerated {
            return;
        }
        let level = self.closed.as_ref().map_or(0, |closed| closed.level.saturating_add(1));
        let pause = jittered(failure.pause, level, failure.trouble, rng);
        self.epoch = self.epoch.wrapping_add(1);
        self.closed = Some(Closed {
            until: now.saturating_add(failure.at_least).saturating_add(pause),
            level,
            probe_under_way: false,
            trouble: failure.trouble,
            message: failure.message,
        });
    }

    /// What kept it closed was changed by a person: a probe may pass at once.
    pub(super) fn retry_now(&mut self, now: Duration) {
        if let Some(closed) = &mut self.closed {
            closed.until = closed.until.min(now);
            closed.level = 0;
        }
    }
}

/// A pause on the given level. Where a person has to act, at least half of it; otherwise anything from nothing to all
/// of it ("full jitter"), so that hosts which failed together do not come back together.
fn jittered(range: (Duration, Duration), level: u32, trouble: Trouble, rng: &mut fastrand::Rng) -> Duration {
    let longest = range.0.saturating_mul(1 << level.min(MAX_DOUBLINGS - 1)).min(range.1);
    let floor = match trouble {
        Trouble::NotAllowed | Trouble::NotReadable => longest / 2,
        _ => Duration::ZERO,
    };
    floor + longest.saturating_sub(floor).mul_f64(rng.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn failure(at_least: Duration) -> Failure {
        Failure { trouble: Trouble::NoAnswer, message: String::new(), pause: (SECOND, 60 * SECOND), at_least }
    }

    #[test]
    fn answers_to_requests_that_were_under_way_together_close_it_once() {
        let mut gate = Gate::new(0);
        let mut rng = fastrand::Rng::with_seed(1);
        let passes: Vec<Pass> = (0..8).map(|_| gate.pass()).collect();
        for pass in passes {
            gate.failed(pass, Duration::ZERO, failure(Duration::ZERO), &mut rng);
        }
        assert!(gate.opens_at().unwrap() <= SECOND, "eight failures at once are one failure");
    }

    #[test]
    fn one_probe_at_a_time_passes_a_failing_gate_and_only_its_success_opens_it() {
        let mut gate = Gate::new(0);
        let mut rng = fastrand::Rng::with_seed(1);
        let early = gate.pass();
        let first = gate.pass();
        gate.failed(first, Duration::ZERO, failure(SECOND), &mut rng);
        assert_eq!(gate.room(SECOND / 2), 0, "what PX asked for is kept");
        assert_eq!(gate.room(3 * SECOND), 1);
        let probe = gate.pass();
        assert_eq!(gate.room(3 * SECOND), 0);
        gate.succeeded(early);
        assert_eq!(gate.room(3 * SECOND), 0, "an answer from before says nothing");
        gate.succeeded(probe);
        assert_eq!(gate.room(3 * SECOND), usize::MAX);
    }

    #[test]
    fn pauses_grow_to_the_longest_and_stay_there() {
        let mut gate = Gate::new(0);
        let mut rng = fastrand::Rng::with_seed(7);
        let mut longest = Duration::ZERO;
        for level in 0..100_u32 {
            let pass = gate.pass();
            gate.failed(pass, Duration::ZERO, failure(Duration::ZERO), &mut rng);
            let pause = gate.opens_at().unwrap();
            assert!(pause <= SECOND * (1 << level.min(6)) && pause <= 60 * SECOND, "level {level}: {pause:?}");
            longest = longest.max(pause);
        }
        assert!(longest > 50 * SECOND, "{longest:?}");
    }

    #[test]
    fn tolerated_failures_do_not_close_it_and_a_success_forgets_them() {
        let mut gate = Gate::new(2);
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..2 {
            let pass = gate.pass();
            gate.failed(pass, Duration::ZERO, failure(Duration::ZERO), &mut rng);
        }
        assert_eq!(gate.room(Duration::ZERO), usize::MAX);
        let pass = gate.pass();
        gate.succeeded(pass);
        for expected in [usize::MAX, usize::MAX, 0] {
            let pass = gate.pass();
            gate.failed(pass, Duration::ZERO, failure(Duration::ZERO), &mut rng);
            assert_eq!(gate.room(Duration::ZERO), expected);
        }
    }

    #[test]
    fn only_answers_without_meaning_are_tolerated() {
        for trouble in [Trouble::NotAllowed, Trouble::TooFast] {
            let mut gate = Gate::new(2);
            let pass = gate.pass();
            let failure = Failure { trouble, ..failure(SECOND) };
            gate.failed(pass, Duration::ZERO, failure, &mut fastrand::Rng::with_seed(1));
            assert_eq!(gate.room(Duration::ZERO), 0);
        }
    }
}
