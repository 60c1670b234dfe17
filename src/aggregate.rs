//! Records to windows; says what may seal. Pure: time is an argument.

mod commit;
mod restore;
mod rule;

use std::sync::Arc;

pub use commit::{ChangedGroup, ChangedWindow, Commit, SealingWindow};
pub use restore::{RestoreError, RestoringWindow};
pub use rule::Rule;

use crate::model::event::{AgentId, Window, WindowId};
use crate::model::record::{MetricIndex, UsageRecord};
use crate::model::time::UnixMicros;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Added {
    /// Counted in its group of an open window.
    Counted,
    /// Counted in the overflow group of an open window: the window has its most groups, or the key is too long.
    Overflowed,
    /// Counted in a batch of late lines (which may have been its overflow group): the window is sealed.
    Late,
    /// Dropped: the window is sealed, and the metric sends no late lines.
    LateDropped,
    /// Dropped: further ahead of the clock than the metric allows.
    TooFarAhead,
    /// Dropped: its window is older than revisions are remembered.
    TooOld,
    /// Dropped: with it a sum would pass what a decimal holds.
    SumTooLarge,
}

impl Added {
    /// Whether the line is in a window now.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        matches!(self, Self::Counted | Self::Overflowed | Self::Late)
    }

    /// A stable name for counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Overflowed => "overflowed",
            Self::Late => "late",
            Self::LateDropped => "late_dropped",
            Self::TooFarAhead => "too_far_ahead",
            Self::TooOld => "too_old",
            Self::SumTooLarge => "sum_too_large",
        }
    }
}

/// By which rule a line is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleRef {
    /// The metric's rule as it is configured now.
    Current,
    /// A rule that an open window was opened with: a place in [`Aggregator::other_rules`].
    Other(u32),
}

/// A rule of an open window that is not its metric's rule now.
#[derive(Clone, Debug)]
pub struct OtherRule {
    pub rule: Arc<Rule>,
    /// Its metric as it is configured now; `None` when the metric is gone: then it gets no more lines.
    pub metric: Option<MetricIndex>,
}

/// Open windows of every metric.
#[derive(Debug)]
pub struct Aggregator {}

impl Aggregator {
    /// A place in `rules` is the rule's [`MetricIndex`]. Names of rules are unique.
    #[must_use]
    pub fn new(agent: AgentId, rules: Vec<Arc<Rule>>) -> Self {
        todo!()
    }

    /// Takes other rules: open windows keep theirs. Indexes into [`Aggregator::other_rules`] are new after it.
    pub fn set_rules(&mut self, rules: Vec<Arc<Rule>>) {
        todo!()
    }

    /// The metric's rule as it is configured now.
    #[must_use]
    pub fn rule(&self, metric: MetricIndex) -> Option<&Arc<Rule>> {
        todo!()
    }

    /// Rules of open windows that are not their metric's rule now. Places stay the same until [`Aggregator::set_rules`];
    /// restoring windows adds to the end.
    #[must_use]
    pub fn other_rules(&self) -> &[OtherRule] {
        todo!()
    }

    /// By which rule a line of this time is to be read: an open window keeps the rule it was opened with.
    #[inline]
    #[must_use]
    pub fn rule_at(&self, metric: MetricIndex, time: UnixMicros) -> RuleRef {
        todo!()
    }

    /// Adds a record that was read by the metric's current rule.
    #[inline]
    pub fn add(&mut self, record: &UsageRecord<'_>, now: UnixMicros) -> Added {
        self.add_under(RuleRef::Current, record, now)
    }

    /// Adds a record that was read by the rule which [`Aggregator::rule_at`] gave for its time.
    pub fn add_under(&mut self, rule: RuleRef, record: &UsageRecord<'_>, now: UnixMicros) -> Added {
        todo!()
    }

    /// Windows that may seal now, oldest first. `complete_until` says up to which time every file of the metric's sources
    /// is read (or given up); it is asked only for windows whose end and grace have passed, never for metrics that are
    /// gone. Late batches close by time alone, all of a metric together.
    pub fn sealable(
        &mut self,
        now: UnixMicros,
        complete_until: impl FnMut(MetricIndex, &Rule) -> UnixMicros,
    ) -> Vec<WindowId> {
        todo!()
    }

    /// What the next transaction of the ledger has to hold: what changed since the last confirmed one, and the windows
    /// of `seal` (from [`Aggregator::sealable`], or a part of it) as sealed. Nothing changes before [`Commit::confirm`].
    pub fn commit(&mut self, seal: &[WindowId]) -> Commit<'_> {
        todo!()
    }

    /// Begins to put back a window of the ledger: groups follow, in order of their ordinals.
    pub fn restore_window(
        &mut self,
        id: WindowId,
        rule: Arc<Rule>,
        opened_at: UnixMicros,
    ) -> Result<RestoringWindow<'_>, RestoreError> {
        todo!()
    }

    /// Puts back that a metric's window is sealed, and its last revision.
    pub fn restore_sealed(&mut self, metric: &str, window: Window, revision: u32) {
        todo!()
    }

    /// Open windows and late batches.
    #[must_use]
    pub fn open_windows(&self) -> usize {
        todo!()
    }

    /// Groups in all open windows.
    #[must_use]
    pub fn groups(&self) -> u64 {
        todo!()
    }

    /// Lines counted in open windows: the books add these up.
    #[must_use]
    pub fn open_lines(&self) -> u64 {
        todo!()
    }
}
