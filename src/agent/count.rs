//! Counting: a chunk of whole lines through parser, readers and aggregator, and a tally of what became of each line.
//!
//! Promises: every line is tallied exactly once per source, and once per metric of that source. Does not: read files or
//! the clock, or keep anything; what is tallied here is saved with the commit that counts it.

use super::files::FileMemory;
use super::plan::{PatternPlan, Plan, SourcePlan};
use crate::aggregate::{Added, Aggregator, RuleRef};
use crate::model::fields::Fields;
use crate::model::file::SourceIndex;
use crate::model::spec::{Configuration, SourceSpec, Wrapper};
use crate::model::time::UnixMicros;
use crate::parse::Mismatch;
use crate::parse::record::{Flush, Piece, Seen};
use crate::tail::lines;
use crate::usage::Discard;

/// What came of a chunk.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChunkCount {
    pub lines: u64,
    /// The newest time in it that is not too far ahead of the clock.
    pub newest: Option<UnixMicros>,
}

/// What became of lines since the tally was last taken.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub sources: Vec<SourceTally>,
    pub metrics: Vec<MetricTally>,
}

/// Lines of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceTally {
    pub lines: u64,
    pub bytes: u64,
    /// By pattern, in the source's order.
    pub matched: Vec<u64>,
    pub unmatched: u64,
    /// Lines of the format itself, such as W3C's `#Fields:`: no records.
    pub skipped: u64,
    /// Lines that were added to the record of an earlier one.
    pub joined: u64,
    /// Lines left out of a record that was full, and how many such records there were.
    pub dropped: u64,
    pub cut: u64,
}

/// Lines that one metric looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricTally {
    added: [u64; ADDED.len()],
    discarded: [u64; Discard::ALL.len()],
    /// The window of the line was opened by a rule that does not count this source.
    pub other_rule: u64,
}

const ADDED: [Added; 7] = [
    Added::Counted,
    Added::Overflowed,
    Added::Late,
    Added::LateDropped,
    Added::TooFarAhead,
    Added::TooOld,
    Added::SumTooLarge,
];

impl MetricTally {
    /// Lines that are in a window.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        ADDED.iter().zip(self.added).filter(|(added, _)| added.is_counted()).map(|(_, lines)| lines).sum()
    }

    /// Every count under its name: of lines that came to the aggregator, and of lines that were discarded before.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let added = ADDED.iter().map(|added| added.name()).zip(self.added);
        let discarded = Discard::ALL.iter().map(|discard| discard.name()).zip(self.discarded);
        added.chain(discarded).chain([("other_rule", self.other_rule)])
    }
}

impl Tally {
    /// Nothing yet.
    #[must_use]
    pub fn new(configuration: &Configuration) -> Self {
        let of =
            |source: &SourceSpec| SourceTally { matched: vec![0; source.patterns.len()], ..SourceTally::default() };
        Self {
            sources: configuration.sources.iter().map(of).collect(),
            metrics: vec![MetricTally::default(); configuration.metrics.len()],
        }
    }

    /// Back to nothing, after it was saved.
    pub fn clear(&mut self) {
        for source in &mut self.sources {
            source.matched.fill(0);
            *source = SourceTally { matched: std::mem::take(&mut source.matched), ..SourceTally::default() };
        }
        self.metrics.fill(MetricTally::default());
    }
}

/// What a reason of [`MetricTally::named`] means, and what to do.
#[must_use]
pub fn meaning(reason: &str) -> &'static str {
    match reason {
        "counted" => "in their windows",
        "overflowed" => {
            "counted together, without user and account: the window has its most groups (`max_groups`), or a key is too long"
        }
        "late" => "their window was sealed: they go out in a later revision of it",
        "late_dropped" => {
            "their window was sealed, and `late = \"drop\"` drops them; `grace` makes windows wait longer"
        }
        "too_far_ahead" => {
            "their time is further ahead of this host's clock than `max_ahead`: check both clocks, and the time zone of the \
             source"
        }
        "too_old" => {
            "their window is older than revisions are remembered: they are dropped, so that nothing is sent twice"
        }
        "sum_too_large" => "with them a sum would be larger than a number can be: check which field the measure sums",
        "condition" => "a condition of `where` does not hold, as is meant",
        "no_time" => {
            "they have no `time` that can be read: `pxtail explain` on one shows it; say its format in the pattern's `[types]`"
        }
        "no_user" => "they have no user: the field is absent, empty or `-`; make it the application's to log",
        "no_account" => "they have no account: the field is absent, empty or `-`; log it, or set `account = \"…\"`",
        "bad_id" => {
            "their user or account is longer than 1000 bytes, is not UTF-8 or has control characters: PX takes no such id"
        }
        "other_rule" => "counted by the rule that their open window began with, before the configuration changed",
        _ => "",
    }
}

/// Where counting happens.
pub struct Counting<'a> {
    pub plan: &'a mut Plan,
    pub aggregator: &'a mut Aggregator,
    pub tally: &'a mut Tally,
    pub now: Now,
}

/// What a line's time is held against.
#[derive(Clone, Copy, Debug)]
pub enum Now {
    /// The wall clock.
    Clock(UnixMicros),
    /// For old logs: each line is counted as if it was read when it was written, but no later than this wall clock.
    AsWritten(UnixMicros),
}

impl Now {
    const fn wall(self) -> UnixMicros {
        match self {
            Self::Clock(wall) | Self::AsWritten(wall) => wall,
        }
    }

    fn for_line(self, time: Option<UnixMicros>) -> UnixMicros {
        match self {
            Self::Clock(wall) => wall,
            Self::AsWritten(wall) => time.map_or(wall, |time| time.min(wall)),
        }
    }
}

/// A line that none of its source's patterns matches.
#[derive(Clone, Copy, Debug)]
pub struct UnmatchedLine<'a> {
    /// Its place in its file, as the caller counts; of a record of several lines, the first one's.
    pub number: u64,
    pub line: &'a [u8],
    /// Set when it is a wrapper that does not match.
    pub wrapper: Option<Wrapper>,
    /// Which of the patterns came farthest, and how far.
    pub pattern: usize,
    pub mismatch: Mismatch,
}

/// Whole lines of one file.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    pub source: SourceIndex,
    pub bytes: &'a [u8],
    /// The first one's number.
    pub first_number: u64,
    pub seen: Seen,
}

impl Counting<'_> {
    /// Counts every line of a chunk. `unmatched` is told of records that no pattern matches.
    pub fn chunk(
        &mut self,
        lines: &Lines<'_>,
        memory: &mut FileMemory,
        unmatched: impl FnMut(&mut SourcePlan, UnmatchedLine<'_>),
    ) -> ChunkCount {
        let Lines { source, bytes, first_number, seen } = *lines;
        let mut count = 0;
        let newest = self.records(source, memory, unmatched, |taking, memory| {
            let mut records = taking.plan.records.take();
            for line in lines::each(bytes) {
                let number = first_number + count;
                count += 1;
                match &mut records {
                    None => taking.line(line, None, number),
                    Some(records) => {
                        records.push(&mut memory.pending, line, number, seen, &mut |piece| taking.piece(piece));
                    }
                }
            }
            taking.plan.records = records;
        });
        let Some(tally) = self.tally.sources.get_mut(source.0 as usize) else { return ChunkCount::default() };
        tally.lines += count;
        tally.bytes += bytes.len() as u64;
        ChunkCount { lines: count, newest }
    }

    /// Counts what waits for more of its record and has to wait no longer. `None`: there was nothing.
    pub fn flush(
        &mut self,
        source: SourceIndex,
        flush: Flush,
        memory: &mut FileMemory,
        unmatched: impl FnMut(&mut SourcePlan, UnmatchedLine<'_>),
    ) -> Option<ChunkCount> {
        let mut any = false;
        let newest = self.records(source, memory, unmatched, |taking, memory| {
            if let Some(mut records) = taking.plan.records.take() {
                any = records.flush(&mut memory.pending, flush, &mut |piece| taking.piece(piece));
                taking.plan.records = Some(records);
            } else {
                any = true;
                memory.pending.let_go(&mut |piece| taking.piece(piece));
            }
        });
        any.then_some(ChunkCount { lines: 0, newest })
    }

    /// Counts what `give` gives of one file; the newest time in it.
    fn records<F: FnMut(&mut SourcePlan, UnmatchedLine<'_>)>(
        &mut self,
        source: SourceIndex,
        memory: &mut FileMemory,
        unmatched: F,
        give: impl FnOnce(&mut Taking<'_, F>, &mut FileMemory),
    ) -> Option<UnixMicros> {
        let index = source.0 as usize;
        let plan = self.plan.sources.get_mut(index)?;
        let tally = self.tally.sources.get_mut(index)?;
        let wall = self.now.wall();
        let newest_allowed = wall.plus(plan.max_ahead);
        let had_waiting = !memory.pending.is_empty();
        memory.enter(plan);
        plan.set_reference_time(wall);
        let metrics = LineCounting { aggregator: self.aggregator, metrics: &mut self.tally.metrics, now: self.now };
        let mut taking = Taking { plan, tally, metrics, newest: None, newest_allowed, unmatched };
        give(&mut taking, memory);
        let newest = taking.newest;
        memory.leave(plan);
        if let Some(records) = &mut plan.records {
            let counts = records.take_counts();
            tally.joined += counts.joined;
            tally.dropped += counts.dropped;
            tally.cut += counts.cut;
        }
        if had_waiting || !memory.pending.is_empty() {
            memory.pending_changed();
        }
        newest
    }
}

/// Where the records of one file go.
struct Taking<'a, F> {
    plan: &'a mut SourcePlan,
    tally: &'a mut SourceTally,
    metrics: LineCounting<'a>,
    newest: Option<UnixMicros>,
    newest_allowed: UnixMicros,
    unmatched: F,
}

impl<F: FnMut(&mut SourcePlan, UnmatchedLine<'_>)> Taking<'_, F> {
    fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Record { line, outer, number } => self.line(line, Some(outer), number),
            Piece::Foreign { line, wrapper, mismatch, number } => {
                self.tally.unmatched += 1;
                (self.unmatched)(
                    self.plan,
                    UnmatchedLine { number, line, wrapper: Some(wrapper), pattern: 0, mismatch },
                );
            }
        }
    }

    #[inline]
    fn line(&mut self, line: &[u8], outer: Option<&Fields>, number: u64) {
        match read_line(&mut self.plan.patterns, line) {
            Read::Matched(index) => {
                self.tally.matched[index] += 1;
                let pattern = &mut self.plan.patterns[index];
                if let Some(outer) = outer {
                    pattern.take_outer(outer);
                }
                let time = pattern.fields.time;
                if time > self.newest && time <= Some(self.newest_allowed) {
                    self.newest = time;
                }
                self.metrics.count(pattern, line);
            }
            Read::Skipped => self.tally.skipped += 1,
            Read::Unmatched { pattern, mismatch } => {
                self.tally.unmatched += 1;
                (self.unmatched)(self.plan, UnmatchedLine { number, line, wrapper: None, pattern, mismatch });
            }
        }
    }
}

/// What came of a line.
#[derive(Clone, Copy, Debug)]
enum Read {
    /// This pattern read it; its fields are filled.
    Matched(usize),
    /// It is the format's own line, no record.
    Skipped,
    /// The pattern that came farthest.
    Unmatched { pattern: usize, mismatch: Mismatch },
}

/// Tries the patterns in their order.
#[inline]
fn read_line(patterns: &mut [PatternPlan], line: &[u8]) -> Read {
    let mut farthest: Option<(usize, Mismatch)> = None;
    for (index, pattern) in patterns.iter_mut().enumerate() {
        match pattern.parser.parse(line, &mut pattern.fields) {
            Ok(()) => return Read::Matched(index),
            Err(mismatch) if mismatch.is_directive() => return Read::Skipped,
            Err(mismatch) => {
                if farthest.is_none_or(|(_, earlier)| mismatch.at() > earlier.at()) {
                    farthest = Some((index, mismatch));
                }
            }
        }
    }
    match farthest {
        Some((pattern, mismatch)) => Read::Unmatched { pattern, mismatch },
        None => Read::Skipped,
    }
}

/// Where parsed lines go.
struct LineCounting<'a> {
    aggregator: &'a mut Aggregator,
    metrics: &'a mut [MetricTally],
    now: Now,
}

impl LineCounting<'_> {
    /// One parsed line for every metric of its source.
    #[inline]
    fn count(&mut self, pattern: &mut PatternPlan, line: &[u8]) {
        let now = self.now.for_line(pattern.fields.time);
        for entry in &mut pattern.metrics {
            let tally = &mut self.metrics[entry.metric.0 as usize];
            let rule = pattern.fields.time.map_or(RuleRef::Current, |time| self.aggregator.rule_at(entry.metric, time));
            let reader = match rule {
                RuleRef::Current => entry.current.as_mut(),
                RuleRef::Other(wanted) => {
                    entry.others.iter_mut().find(|(place, _)| *place == wanted).map(|(_, reader)| reader)
                }
            };
            let Some(reader) = reader else {
                tally.other_rule += 1;
                continue;
            };
            match reader.read(line, &pattern.fields) {
                Ok(record) => tally.added[self.aggregator.add_under(rule, &record, now) as usize] += 1,
                Err(discard) => tally.discarded[discard as usize] += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ADDED;
    use crate::usage::Discard;

    #[test]
    fn every_reason_has_a_meaning() {
        for (reason, _) in super::MetricTally::default().named() {
            assert!(!super::meaning(reason).is_empty(), "{reason}");
        }
    }

    #[test]
    fn tallies_are_kept_under_the_right_name() {
        for (index, added) in ADDED.into_iter().enumerate() {
            assert_eq!(added as usize, index, "{}", added.name());
        }
        for (index, discard) in Discard::ALL.into_iter().enumerate() {
            assert_eq!(discard as usize, index, "{}", discard.name());
        }
    }
}
