//! Drift watch: how much of each source's lines its patterns match, lately and over the day, and when that falls.
//!
//! Promises: one warning when the match rate of the last minutes falls below the source's `min_match_rate`, one line when
//! it is back; never on a few lines. Does not: look at lines beside keeping one that did not match, for the status.

use std::collections::VecDeque;
use std::time::Instant;

use super::count::{SourceTally, Tally, UnmatchedLine};
use super::plan::SourcePlan;
use crate::model::file::SourceIndex;
use crate::model::spec::Configuration;
use crate::telemetry::status::{PatternStatus, Sample, SourceStatus};

/// Five minutes in steps of ten seconds: soon enough to mend a format before the day's window closes, long enough for a
/// burst of odd lines.
const SHORT: Span = Span { step_seconds: 10, steps: 30 };

/// A day in steps of an hour.
const LONG: Span = Span { step_seconds: 3600, steps: 24 };

/// Below so many records in the short span no drift is concluded: a handful of odd lines is no change of format. That it is
/// over may be said on fewer: at night, a log may never have so many.
const LEAST_RECORDS: u64 = 50;

/// It is over when the rate is so much above the threshold: a rate that swings around it is one drift.
const RECOVERY: f64 = 0.05;

#[derive(Clone, Copy, Debug)]
struct Span {
    step_seconds: u64,
    steps: u64,
}

/// Counts of the last steps of a span: unmatched, then matched by pattern.
#[derive(Debug)]
struct Recent {
    span: Span,
    /// Step number and counts, oldest first.
    steps: VecDeque<(u64, Vec<u64>)>,
}

impl Recent {
    fn add(&mut self, second: u64, tally: &SourceTally) {
        let step = second / self.span.step_seconds;
        if self.steps.back().is_none_or(|(last, _)| *last != step) {
            self.steps.push_back((step, vec![0; tally.matched.len() + 1]));
        }
        self.expire(second);
        if let Some((_, counts)) = self.steps.back_mut() {
            for (count, more) in counts.iter_mut().zip([&tally.unmatched].into_iter().chain(&tally.matched)) {
                *count += more;
            }
        }
    }

    /// Lets go of steps that are over; true when there were any.
    fn expire(&mut self, second: u64) -> bool {
        let step = second / self.span.step_seconds;
        let before = self.steps.len();
        while self.steps.front().is_some_and(|(first, _)| first + self.span.steps <= step) {
            self.steps.pop_front();
        }
        self.steps.len() < before
    }

    /// All records, and the part of them that came to one place of the counts.
    fn total(&self) -> u64 {
        self.steps.iter().flat_map(|(_, counts)| counts).sum()
    }

    fn share(&self, is_counted: impl Fn(usize) -> bool) -> Option<f64> {
        let of_step = |(_, counts): &(u64, Vec<u64>)| -> u64 {
            counts.iter().enumerate().filter(|(place, _)| is_counted(*place)).map(|(_, count)| count).sum()
        };
        let part: u64 = self.steps.iter().map(of_step).sum();
        let total = self.total();
        (total > 0).then(|| part as f64 / total as f64)
    }

    fn matched(&self) -> Option<f64> {
        self.share(|place| place > 0)
    }
}

/// One source.
#[derive(Debug)]
struct SourceWatch {
    short: Recent,
    long: Recent,
    status: SourceStatus,
    /// The sample is of this commit: one is enough.
    has_sample: bool,
}

/// All sources.
#[derive(Debug)]
pub struct DriftWatch {
    sources: Vec<SourceWatch>,
    began: Instant,
}

/// A source whose match rate fell, or came back.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftChange {
    pub source: usize,
    pub is_drift: bool,
    /// Of the short and of the long span.
    pub rate: f64,
    pub rate_day: f64,
    pub records: u64,
}

impl DriftWatch {
    #[must_use]
    pub fn new(configuration: &Configuration) -> Self {
        let recent = |span| Recent { span, steps: VecDeque::new() };
        let watch = |source: &crate::model::spec::SourceSpec| {
            let pattern = |name: &crate::model::fault::Located<String>| PatternStatus {
                name: name.value.clone(),
                ..PatternStatus::default()
            };
            let status = SourceStatus {
                name: source.name.clone(),
                patterns: source.patterns.iter().map(pattern).collect(),
                min_match_rate: source.min_match_rate,
                ..SourceStatus::default()
            };
            SourceWatch { short: recent(SHORT), long: recent(LONG), status, has_sample: false }
        };
        Self { sources: configuration.sources.iter().map(watch).collect(), began: Instant::now() }
    }

    /// A line that did not match; one of each commit is kept.
    pub fn unmatched(&mut self, source: SourceIndex, plan: &mut SourcePlan, found: &UnmatchedLine<'_>) {
        let Some(watch) = self.sources.get_mut(source.0 as usize) else { return };
        if !std::mem::replace(&mut watch.has_sample, true) {
            watch.status.sample = Some(Sample::new(found.line, plan.explain_discreetly(found)));
        }
    }

    /// What a commit counted; gives what changed with it.
    pub fn committed(&mut self, tally: &Tally) -> Vec<DriftChange> {
        self.committed_at(self.began.elapsed().as_secs(), tally)
    }

    fn committed_at(&mut self, second: u64, tally: &Tally) -> Vec<DriftChange> {
        let watches = self.sources.iter_mut().zip(&tally.sources).enumerate();
        watches.filter_map(|(index, (watch, tally))| watch.committed(index, second, tally)).collect()
    }

    /// How each source's lines are read, as of now: what was lately may not be lately any more.
    pub fn status(&mut self) -> Vec<SourceStatus> {
        let second = self.began.elapsed().as_secs();
        for watch in &mut self.sources {
            watch.aged(second);
        }
        self.sources.iter().map(|watch| watch.status.clone()).collect()
    }
}

impl SourceWatch {
    fn committed(&mut self, index: usize, second: u64, tally: &SourceTally) -> Option<DriftChange> {
        self.has_sample = false;
        self.short.add(second, tally);
        self.long.add(second, tally);
        let status = &mut self.status;
        status.lines += tally.lines;
        status.unmatched += tally.unmatched;
        status.skipped += tally.skipped;
        status.joined += tally.joined;
        status.dropped += tally.dropped;
        status.multiline_cut += tally.cut;
        for (pattern, matched) in status.patterns.iter_mut().zip(&tally.matched) {
            pattern.matched += matched;
        }
        self.note_rates();
        let Self { short, status, .. } = self;
        let records = short.total();
        let (rate, rate_day) = (status.match_ratio?, status.match_ratio_day?);
        let recovered = (status.min_match_rate + RECOVERY).min(1.0);
        let is_drift = rate < if status.drift { recovered } else { status.min_match_rate };
        if is_drift == status.drift || (is_drift && records < LEAST_RECORDS) {
            return None;
        }
        status.drift = is_drift;
        Some(DriftChange { source: index, is_drift, rate, rate_day, records })
    }

    fn aged(&mut self, second: u64) -> bool {
        let is_aged = self.short.expire(second) | self.long.expire(second);
        if is_aged {
            self.note_rates();
        }
        is_aged
    }

    fn note_rates(&mut self) {
        let Self { short, long, status, .. } = self;
        for (place, pattern) in status.patterns.iter_mut().enumerate() {
            pattern.match_ratio = short.share(|counted| counted == place + 1);
            pattern.match_ratio_day = long.share(|counted| counted == place + 1);
        }
        (status.match_ratio, status.match_ratio_day) = (short.matched(), long.matched());
    }
}

#[cfg(test)]
mod tests {
    use super::{Recent, SHORT, SourceTally, SourceWatch};
    use crate::telemetry::status::{PatternStatus, SourceStatus};
    use std::collections::VecDeque;

    fn watch(min_match_rate: f64) -> SourceWatch {
        let recent = |span| Recent { span, steps: VecDeque::new() };
        let patterns = vec![PatternStatus::default(), PatternStatus::default()];
        let status = SourceStatus { patterns, min_match_rate, ..SourceStatus::default() };
        SourceWatch { short: recent(SHORT), long: recent(super::LONG), status, has_sample: false }
    }

    /// Each step: at which second, unmatched, matched by two patterns, and whether the drift begins or ends with it.
    #[track_caller]
    fn check(min_match_rate: f64, steps: &[(u64, u64, [u64; 2], Option<bool>)]) -> SourceStatus {
        let mut watch = watch(min_match_rate);
        for (second, unmatched, matched, expected) in steps {
            let tally = SourceTally { matched: matched.to_vec(), unmatched: *unmatched, ..SourceTally::default() };
            let change = watch.committed(0, *second, &tally).map(|change| change.is_drift);
            assert_eq!(change, *expected, "at {second}");
        }
        watch.status
    }

    #[test]
    fn a_fall_below_the_rate_is_said_once_and_its_end_too() {
        let status = check(
            0.5,
            &[
                (0, 0, [100, 0], None),
                (10, 90, [0, 0], None),
                (20, 20, [0, 0], Some(true)),
                (30, 100, [0, 0], None),
                // The first step is over: 210 to 200, which is still too near the threshold.
                (300, 0, [200, 0], None),
                (301, 0, [0, 100], Some(false)),
                (302, 1_000, [0, 0], Some(true)),
            ],
        );
        assert_eq!((status.unmatched, status.patterns[0].matched, status.patterns[1].matched), (1_210, 300, 100));
        assert!(status.drift);
    }

    #[test]
    fn a_few_lines_are_no_drift_and_a_rate_of_nothing_never_is() {
        check(0.5, &[(0, 49, [0, 0], None), (1, 1, [0, 0], Some(true))]);
        check(0.0, &[(0, 1_000, [0, 0], None)]);
        check(1.0, &[(0, 1, [99, 0], Some(true)), (400, 0, [100, 0], Some(false))]);
    }

    #[test]
    fn a_drift_ends_with_the_few_lines_of_a_quiet_time() {
        let status = check(0.5, &[(0, 60, [0, 0], Some(true)), (100, 3, [0, 0], None), (500, 0, [3, 0], Some(false))]);
        assert_eq!((status.drift, status.match_ratio), (false, Some(1.0)));
    }

    #[test]
    fn rates_age_without_lines() {
        let mut watch = watch(0.5);
        let tally = SourceTally { matched: vec![1, 0], unmatched: 99, ..SourceTally::default() };
        assert!(watch.committed(0, 0, &tally).is_some());
        assert!(!watch.aged(299));
        assert_eq!(watch.status.match_ratio, Some(0.01));
        assert!(watch.aged(300));
        let SourceStatus { match_ratio, match_ratio_day, drift, .. } = watch.status;
        assert_eq!((match_ratio, match_ratio_day, drift), (None, Some(0.01), true), "it was not seen to be over");
    }

    #[test]
    fn rates_are_of_the_last_minutes_and_of_the_day() {
        let status = check(0.0, &[(0, 50, [50, 0], None), (400, 0, [30, 10], None)]);
        assert_eq!((status.match_ratio, status.match_ratio_day), (Some(1.0), Some(90.0 / 140.0)));
        assert_eq!(status.patterns[1].match_ratio, Some(0.25));
        let later = check(0.0, &[(0, 50, [50, 0], None), (90_000, 1, [1, 0], None)]);
        assert_eq!(later.match_ratio_day, Some(0.5));
    }
}
