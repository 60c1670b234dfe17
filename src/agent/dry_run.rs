//! A log in, the events out, with the agent's own parser, readers and aggregator: no state, no network.
//!
//! Promises: the same windows and numbers as the agent that reads the same lines in the same order, all windows closed at
//! the end. Does not: give the agent's event ids, which hold the agent's own id; here that is all zeros.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

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
use crate::tail::log_file::CutShort;
use crate::tail::log_reader::{LogReader, Part};

/// A dry run under way.
pub struct DryRun<'a> {
    configuration: &'a Configuration,
    plan: Plan,
    aggregator: Aggregator,
    tally: Tally,
    wall: UnixMicros,
    /// Lines longer than the limit, or torn by a hole, dropped.
    pub oversized_lines: u64,
    /// Sequences that are no text in their source's encoding, and were replaced.
    pub malformed_sequences: u64,
}

/// A packed log whose lines were counted up to a damage.
#[derive(Debug)]
pub struct Incomplete {
    pub lines: u64,
    pub why: CutShort,
}

/// A line that no pattern matches.
pub struct Unmatched<'a> {
    /// Counts from 1.
    pub line: u64,
    pub text: &'a [u8],
    plan: &'a mut SourcePlan,
    found: UnmatchedLine<'a>,
}

impl Unmatched<'_> {
    /// How far the line matches, and what stands there instead. Takes a further look at the line.
    #[must_use]
    pub fn why(&mut self) -> String {
        self.plan.explain(&self.found)
    }

    /// Where the line stops matching. Takes a further look at the line.
    #[must_use]
    pub fn stop(&mut self) -> Stop {
        self.plan.stop(&self.found)
    }
}

impl<'a> DryRun<'a> {
    /// Compiles the configuration. `wall` is the wall clock: times too far ahead of it are refused, as the agent does.
    pub fn new(configuration: &'a Configuration, wall: UnixMicros) -> Result<Self, Faults> {
        let plan = plan::build(configuration, &[])?;
        let rules = configuration.metrics.iter().map(|metric| Arc::new(Rule::new(metric))).collect();
        let aggregator = Aggregator::new(AgentId(Uuid::nil()), rules);
        let tally = Tally::new(configuration);
        Ok(Self { configuration, plan, aggregator, tally, wall, oversized_lines: 0, malformed_sequences: 0 })
    }

    /// Counts one log to its end; an unterminated last line counts. Tells `unmatched` of every line that does not match.
    ///
    /// # Errors
    /// The log cannot be read. One that is packed, and damaged or cut off, is counted up to there, and given back.
    pub fn read(
        &mut self,
        source: SourceIndex,
        path: Option<&Path>,
        log: impl Read,
        mut unmatched: impl FnMut(Unmatched<'_>),
    ) -> io::Result<Option<Incomplete>> {
        let encoding = self.configuration.sources.get(source.0 as usize).map(|source| source.encoding);
        let mut parts = LogReader::new(log, encoding, self.configuration.tail.max_line_bytes);
        let mut number = 0;
        let mut memory = FileMemory::new(source);
        if let (Some(plan), Some(path)) = (self.plan.sources.get(source.0 as usize), path) {
            memory.meet(plan, path);
        }
        let seen = Seen { now: self.wall, complete_until: UnixMicros::MIN };
        let mut unmatched = |plan: &mut SourcePlan, found: UnmatchedLine<'_>| {
            unmatched(Unmatched { line: found.number, text: found.line, plan, found });
        };
        let mut cut_short = None;
        loop {
            let part = match parts.next_part() {
                Ok(part) => part,
                Err(err) => {
                    cut_short = Some(err.downcast::<CutShort>()?);
                    None
                }
            };
            let Self { plan, aggregator, tally, wall, .. } = self;
            let mut counting = Counting { plan, aggregator, tally, now: Now::AsWritten(*wall) };
            match part {
                Some(Part::Lines(bytes)) => {
                    let chunk = count::Lines { source, bytes, first_number: number + 1, seen };
                    number += counting.chunk(&chunk, &mut memory, &mut unmatched).lines;
                }
                Some(Part::TooLong | Part::Torn) => {
                    number += 1;
                    self.oversized_lines += 1;
                }
                None => {
                    counting.flush(source, Flush::All, &mut memory, &mut unmatched);
                    self.malformed_sequences += parts.malformed_sequences;
                    return Ok(cut_short.map(|why| Incomplete { lines: number, why }));
                }
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
