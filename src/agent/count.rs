//! Counting: a chunk of whole lines through parser, readers and aggregator, and a tally of what became of each line.
//!
//! Promises: every line is tallied exactly once per source, and once per metric of that source. Does not: read files or
//! the clock, or keep anything; what is tallied here is saved with the commit that counts it.

use memchr::memchr;

use super::plan::{Plan, SourcePlan};
use crate::aggregate::{Added, Aggregator, RuleRef};
use crate::model::file::SourceIndex;
use crate::model::time::UnixMicros;
use crate::parse::Mismatch;
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceTally {
    pub lines: u64,
    pub bytes: u64,
    pub unmatched: u64,
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
    pub fn new(sources: usize, metrics: usize) -> Self {
        Self { sources: vec![SourceTally::default(); sources], metrics: vec![MetricTally::default(); metrics] }
    }

    /// Back to nothing, after it was saved.
    pub fn clear(&mut self) {
        self.sources.fill(SourceTally::default());
        self.metrics.fill(MetricTally::default());
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

/// A line that its source's pattern does not match.
#[derive(Clone, Copy, Debug)]
pub struct UnmatchedLine<'a> {
    /// Its place in the chunk, from 0.
    pub index: u64,
    pub line: &'a [u8],
    pub mismatch: Mismatch,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Counting<'_> {
    /// Counts every line of a chunk. `unmatched` is told of lines that the pattern does not match.
    pub fn chunk(
        &mut self,
        source: SourceIndex,
        bytes: &[u8],
        first_offset: u64,
        mut unmatched: impl FnMut(&mut SourcePlan, UnmatchedLine<'_>),
    ) -> ChunkCount {
        let Some(plan) = self.plan.sources.get_mut(source.0 as usize) else { return ChunkCount::default() };
        let mut rest = match bytes.strip_prefix(BYTE_ORDER_MARK) {
            Some(after) if first_offset == 0 => after,
            _ => bytes,
        };
        plan.parser.set_reference_time(self.now.wall());
        let newest_allowed = self.now.wall().plus(plan.max_ahead);
        let mut count = ChunkCount::default();
        let mut missed = 0;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            rest = rest.get(end + 1..).unwrap_or_default();
            count.lines += 1;
            if let Err(mismatch) = plan.parser.parse(line, &mut plan.fields) {
                missed += 1;
                unmatched(plan, UnmatchedLine { index: count.lines - 1, line, mismatch });
                continue;
            }
            if plan.fields.time > count.newest && plan.fields.time <= Some(newest_allowed) {
                count.newest = plan.fields.time;
            }
            let now = self.now.for_line(plan.fields.time);
            count_line(plan, self.aggregator, self.tally, line, now);
        }
        let tally = &mut self.tally.sources[source.0 as usize];
        tally.lines += count.lines;
        tally.bytes += bytes.len() as u64;
        tally.unmatched += missed;
        count
    }
}

/// One parsed line for every metric of its source.
#[inline]
fn count_line(plan: &mut SourcePlan, aggregator: &mut Aggregator, tally: &mut Tally, line: &[u8], now: UnixMicros) {
    for entry in &mut plan.metrics {
        let tally = &mut tally.metrics[entry.metric.0 as usize];
        let rule = plan.fields.time.map_or(RuleRef::Current, |time| aggregator.rule_at(entry.metric, time));
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
        match reader.read(line, &plan.fields) {
            Ok(record) => tally.added[aggregator.add_under(rule, &record, now) as usize] += 1,
            Err(discard) => tally.discarded[discard as usize] += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ADDED;
    use crate::usage::Discard;

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
