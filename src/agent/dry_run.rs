//! A log in, the events out, with the agent's own parser, readers and aggregator: no state, no network.
//!
//! Promises: the same windows and numbers as the agent that reads the same lines in the same order, all windows closed at
//! the end. Does not: give the agent's event ids, which hold the agent's own id; here that is all zeros.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use memchr::{memchr, memrchr};
use uuid::Uuid;

use super::count::{self, Counting, Now, Tally, UnmatchedLine};
use super::files::FileMemory;
use super::plan::{self, Plan, SourcePlan};
use crate::aggregate::{Aggregator, Rule};
use crate::model::event::{AgentId, SealedEvent};
use crate::model::fault::Faults;
use crate::model::file::SourceIndex;
use crate::model::spec::Configuration;
use crate::model::time::UnixMicros;
use crate::parse::Stop;
use crate::parse::record::{Flush, Seen};
use crate::push::wire::{RenderedEvent, custom_event};

/// Bytes read at a time; a longer line makes the buffer grow up to the configured limit.
const READ_BYTES: usize = 1 << 20;

/// A dry run under way.
pub struct DryRun<'a> {
    configuration: &'a Configuration,
    plan: Plan,
    aggregator: Aggregator,
    tally: Tally,
    wall: UnixMicros,
    /// Lines longer than the limit, dropped.
    pub oversized_lines: u64,
}

/// A line that no pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched<'a> {
    /// Counts from 1.
    pub line: u64,
    pub text: &'a [u8],
    pub why: String,
    pub stop: Stop,
}

impl<'a> DryRun<'a> {
    /// Compiles the configuration. `wall` is the wall clock: times too far ahead of it are refused, as the agent does.
    pub fn new(configuration: &'a Configuration, wall: UnixMicros) -> Result<Self, Faults> {
        let plan = plan::build(configuration, &[])?;
        let rules = configuration.metrics.iter().map(|metric| Arc::new(Rule::new(metric))).collect();
        let aggregator = Aggregator::new(AgentId(Uuid::nil()), rules);
        let tally = Tally::new(configuration);
        Ok(Self { configuration, plan, aggregator, tally, wall, oversized_lines: 0 })
    }

    /// Counts one log to its end; an unterminated last line counts. Tells `unmatched` of every line that does not match.
    pub fn read(
        &mut self,
        source: SourceIndex,
        path: Option<&Path>,
        mut log: impl Read,
        mut unmatched: impl FnMut(Unmatched<'_>),
    ) -> io::Result<()> {
        let mut lines = Lines { buffer: Vec::new(), limit: self.configuration.tail.max_line_bytes, cutting: false };
        let (mut number, mut offset) = (0, 0);
        let mut memory = FileMemory::new(source);
        if let (Some(plan), Some(path)) = (self.plan.sources.get(source.0 as usize), path) {
            memory.meet(plan, path);
        }
        let seen = Seen { now: self.wall, complete_until: UnixMicros::MIN };
        let mut unmatched = |plan: &mut SourcePlan, found: UnmatchedLine<'_>| {
            let (why, stop) = (plan.explain(&found), plan.stop(&found));
            unmatched(Unmatched { line: found.number, text: found.line, why, stop });
        };
        loop {
            let ended = lines.fill(&mut log)?;
            let (whole, dropped) = lines.whole(ended);
            number += dropped;
            self.oversized_lines += dropped;
            let Self { plan, aggregator, tally, wall, .. } = self;
            let mut counting = Counting { plan, aggregator, tally, now: Now::AsWritten(*wall) };
            let first_offset = offset + whole.start as u64;
            let bytes = &lines.buffer[whole.clone()];
            let chunk = count::Lines { source, bytes, first_offset, first_number: number + 1, seen };
            number += counting.chunk(&chunk, &mut memory, &mut unmatched).lines;
            offset += whole.end as u64;
            lines.buffer.drain(..whole.end);
            if ended {
                let mut counting = Counting { plan, aggregator, tally, now: Now::AsWritten(*wall) };
                counting.flush(source, Flush::All, &mut memory, &mut unmatched);
                return Ok(());
            }
        }
    }

    /// Closes every window: the events as they would be sent, oldest window first.
    pub fn finish(mut self, mut event: impl FnMut(&SealedEvent, RenderedEvent) -> io::Result<()>) -> io::Result<()> {
        let all = self.aggregator.sealable(UnixMicros::MAX, |_, _| UnixMicros::MAX);
        let product_key = &self.configuration.px.product_key.value;
        let commit = self.aggregator.commit(&all);
        for window in commit.sealing() {
            for sealed in window.events() {
                let rendered = custom_event(&sealed, product_key);
                event(&sealed, rendered)?;
            }
        }
        Ok(())
    }

    /// Values that did not fit their field's type, by `source.field`.
    #[must_use]
    pub fn misfits(&self) -> BTreeMap<String, u64> {
        let of = |source: &SourcePlan| -> Vec<(String, u64)> {
            let fields = source.patterns.iter().flat_map(|pattern| pattern.parser.invalid_fields());
            fields.map(|(field, count)| (format!("{}.{field}", source.name), count)).collect()
        };
        let mut misfits = BTreeMap::new();
        for (field, count) in self.plan.sources.iter().flat_map(of) {
            *misfits.entry(field).or_default() += count;
        }
        misfits
    }

    /// What became of the lines so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// Cuts what is read into whole lines, and drops lines over the limit.
struct Lines {
    buffer: Vec<u8>,
    limit: usize,
    /// The line at the front of the buffer is over the limit: what is there of it was dropped.
    cutting: bool,
}

impl Lines {
    /// Reads more; true at the end of the log.
    fn fill(&mut self, log: &mut impl Read) -> io::Result<bool> {
        let start = self.buffer.len();
        self.buffer.resize(start + READ_BYTES, 0);
        let read = loop {
            match log.read(&mut self.buffer[start..]) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.buffer.truncate(start + read);
        Ok(read == 0)
    }

    /// Where the whole lines are, and how many lines were dropped for their length.
    fn whole(&mut self, ended: bool) -> (Range<usize>, u64) {
        let mut dropped = 0;
        let mut start = 0;
        if self.cutting {
            match memchr(b'\n', &self.buffer) {
                Some(at) => start = at + 1,
                None => start = self.buffer.len(),
            }
            if start > 0 && self.buffer.get(start - 1) == Some(&b'\n') || ended {
                self.cutting = false;
                dropped = 1;
            }
        }
        let tail = &self.buffer[start..];
        let end = if ended { tail.len() } else { memrchr(b'\n', tail).map_or(0, |at| at + 1) };
        if !ended && tail.len() - end > self.limit {
            self.cutting = true;
            self.buffer.truncate(start + end);
        }
        (start..start + end, dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[track_caller]
    fn check(text: &[u8], limit: usize, expected: &[&[u8]], dropped: u64) {
        let mut lines = Lines { buffer: Vec::new(), limit, cutting: false };
        let mut log = text;
        let (mut read, mut cut) = (Vec::new(), 0);
        loop {
            // One byte at a time: every place for a boundary is tried.
            let ended = match log.split_first() {
                Some((byte, rest)) => {
                    lines.buffer.push(*byte);
                    log = rest;
                    false
                }
                None => true,
            };
            let (whole, more) = lines.whole(ended);
            cut += more;
            read.extend_from_slice(&lines.buffer[whole.clone()]);
            lines.buffer.drain(..whole.end);
            if ended {
                break;
            }
        }
        assert_eq!((read, cut), (expected.concat(), dropped), "{}", text.escape_ascii());
    }

    #[test]
    fn lines_are_whole_and_long_ones_are_dropped_and_counted() {
        check(b"a\nbb\n", 4, &[b"a\nbb\n"], 0);
        check(b"a\nbb", 4, &[b"a\nbb"], 0);
        check(b"a\n123456\nb\n", 4, &[b"a\n", b"b\n"], 1);
        check(b"123456", 4, &[], 1);
        check(b"123456\n123456\n1234\n", 4, &[b"1234\n"], 2);
        check(b"\n\n", 4, &[b"\n\n"], 0);
        check(b"", 4, &[], 0);
    }
}
