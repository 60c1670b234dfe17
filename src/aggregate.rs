//! Records to windows; says what may seal. Pure: time is an argument.
//!
//! Promises: a record is counted in exactly one open window or refused with a reason; a window seals once, and what comes
//! after is a revision; nothing is forgotten or marked as written before the caller says that it is on disk. The order of
//! lines within a window does not change its events.
//! Does not: touch a file, a clock or a socket; know why a file is not read to its end: the caller says how far it is.

mod bounds;
mod commit;
mod event;
mod groups;
mod measures;
mod restore;
mod rule;
mod windows;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use commit::{ChangedGroup, ChangedWindow, Commit, SealingWindow};
pub use restore::{RestoreError, RestoringWindow};
pub use rule::Rule;
pub use windows::KEEP_REVISIONS;
use windows::{MetricWindows, OpenWindow};

use crate::model::event::{AgentId, Window, WindowId};
use crate::model::record::{MetricIndex, UsageRecord};
use crate::model::spec::MetricSpec;
use crate::model::time::UnixMicros;

/// The window of a metric that a time falls into; `None` outside of the years -9999 to 9999.
#[must_use]
pub fn window_of(metric: &MetricSpec, time: UnixMicros) -> Option<Window> {
    bounds::window_at(&metric.time_zone, metric.window, time)
}

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

/// A configured metric.
#[derive(Debug)]
struct Metric {
    rule: Arc<Rule>,
    windows: MetricWindows,
    /// Where the last line went under the metric's rule: the next one mostly goes there too.
    last: Option<(Window, Result<usize, Added>)>,
    /// Open windows with another rule, and which one.
    others: Vec<(Window, u32)>,
}

impl Metric {
    /// Places of windows have moved, or other windows are open.
    fn refresh(&mut self) {
        self.last = None;
        let windows = self.windows.open.iter();
        self.others = windows.filter_map(|window| Some((window.id.window, window.other?))).collect();
    }
}

/// Open windows of every metric.
#[derive(Debug)]
pub struct Aggregator {
    agent: AgentId,
    metrics: Vec<Metric>,
    /// Windows of metrics that are not configured any more.
    gone: Vec<MetricWindows>,
    other_rules: Vec<OtherRule>,
}

impl Aggregator {
    /// A place in `rules` is the rule's [`MetricIndex`]. Names of rules are unique.
    #[must_use]
    pub fn new(agent: AgentId, rules: Vec<Arc<Rule>>) -> Self {
        let mut aggregator = Self { agent, metrics: Vec::new(), gone: Vec::new(), other_rules: Vec::new() };
        aggregator.set_rules(rules);
        aggregator
    }

    /// Takes other rules: open windows keep theirs. Places in [`Aggregator::other_rules`] are new after it.
    pub fn set_rules(&mut self, rules: Vec<Arc<Rule>>) {
        let mut before: Vec<MetricWindows> = self.metrics.drain(..).map(|metric| metric.windows).collect();
        before.append(&mut self.gone);
        let mut reopened = Vec::new();
        for windows in &mut before {
            reopened.append(&mut windows.open);
        }
        self.other_rules.clear();
        for rule in rules {
            let found = before.iter().position(|windows| *windows.name == *rule.spec.name);
            let windows = match found {
                Some(found) => before.swap_remove(found),
                None => MetricWindows::new(Arc::from(rule.spec.name.as_str())),
            };
            self.metrics.push(Metric { rule, windows, last: None, others: Vec::new() });
        }
        self.gone = before;
        for window in reopened {
            self.reopen(window);
        }
    }

    /// The metric's rule as it is configured now.
    #[must_use]
    pub fn rule(&self, metric: MetricIndex) -> Option<&Arc<Rule>> {
        self.metrics.get(metric.0 as usize).map(|metric| &metric.rule)
    }

    /// Rules of open windows that are not their metric's rule now. Places stay the same until [`Aggregator::set_rules`];
    /// restoring windows adds to the end.
    #[must_use]
    pub fn other_rules(&self) -> &[OtherRule] {
        &self.other_rules
    }

    /// By which rule a line of this time is to be read: an open window keeps the rule it was opened with. Where windows of
    /// several rules are open at that time, the first one in order of start, end and revision.
    #[inline]
    #[must_use]
    pub fn rule_at(&self, metric: MetricIndex, time: UnixMicros) -> RuleRef {
        let others = &self.metrics[metric.0 as usize].others;
        match others.iter().find(|(window, _)| window.contains(time)) {
            Some((_, other)) => RuleRef::Other(*other),
            None => RuleRef::Current,
        }
    }

    /// Adds a record that was read by the metric's current rule. Where [`Aggregator::other_rules`] is not empty, ask
    /// [`Aggregator::rule_at`] first and use [`Aggregator::add_under`].
    #[inline]
    pub fn add(&mut self, record: &UsageRecord<'_>, now: UnixMicros) -> Added {
        let metric = &mut self.metrics[record.metric.0 as usize];
        if metric.rule.is_too_far_ahead(record.time, now) {
            return Added::TooFarAhead;
        }
        let place = match metric.last {
            Some((window, place)) if window.contains(record.time) => place,
            _ => {
                let placed = metric.windows.place(&metric.rule, None, record.time, now);
                let (window, place) = placed.map_or_else(|(w, added)| (w, Err(added)), |(w, place)| (w, Ok(place)));
                metric.last = Some((window, place));
                place
            }
        };
        match place {
            Ok(place) => metric.windows.open[place].add(record),
            Err(dropped) => dropped,
        }
    }

    /// Adds a record that was read by the rule which [`Aggregator::rule_at`] gave for its time.
    pub fn add_under(&mut self, rule: RuleRef, record: &UsageRecord<'_>, now: UnixMicros) -> Added {
        let RuleRef::Other(other) = rule else { return self.add(record, now) };
        let metric = &mut self.metrics[record.metric.0 as usize];
        let rule = &self.other_rules[other as usize].rule;
        if rule.is_too_far_ahead(record.time, now) {
            return Added::TooFarAhead;
        }
        let before = metric.windows.open.len();
        let added = match metric.windows.place(rule, Some(other), record.time, now) {
            Ok((_, place)) => metric.windows.open[place].add(record),
            Err((_, dropped)) => dropped,
        };
        if metric.windows.open.len() != before {
            metric.refresh();
        }
        added
    }

    /// Windows that may seal now, oldest first. `complete_until` says up to which time every file of the metric's sources
    /// is read (or given up); it is asked only for windows whose end and grace have passed, never for metrics that are
    /// gone. Batches of late lines close by time alone, all of a metric together, [`late_every`] after the first line of
    /// the first of them: since the batches after it begin with lines that come later, no two closings are nearer.
    ///
    /// [`late_every`]: crate::model::spec::MetricSpec::late_every
    pub fn sealable(
        &mut self,
        now: UnixMicros,
        mut complete_until: impl FnMut(MetricIndex, &Rule) -> UnixMicros,
    ) -> Vec<WindowId> {
        let mut due = Vec::new();
        for (metric, index) in self.metrics.iter_mut().zip(0..) {
            metric.windows.due(now, |rule| complete_until(MetricIndex(index), rule), &mut due);
        }
        for windows in &mut self.gone {
            windows.due(now, |_| UnixMicros::MAX, &mut due);
        }
        due.sort_by(|one, other| (one.window.end, one).cmp(&(other.window.end, other)));
        due
    }

    /// What the next transaction of the ledger has to hold: what changed since the last confirmed one, and the windows
    /// of `seal` (from [`Aggregator::sealable`], or a part of it) as sealed. Nothing changes before [`Commit::confirm`].
    pub fn commit(&mut self, seal: &[WindowId]) -> Commit<'_> {
        let seal: BTreeSet<&WindowId> = seal.iter().collect();
        for window in self.metric_windows_mut().flat_map(|windows| &mut windows.open) {
            window.sealing = seal.contains(&window.id);
        }
        Commit { aggregator: self }
    }

    /// Begins to put back a window of the ledger: groups follow, in order of their ordinals.
    pub fn restore_window(
        &mut self,
        id: WindowId,
        rule: Arc<Rule>,
        opened_at: UnixMicros,
    ) -> Result<RestoringWindow<'_>, RestoreError> {
        if self.metric_windows_mut().any(|windows| windows.has(&id)) {
            return Err(RestoreError::Twice(id));
        }
        Ok(RestoringWindow::new(self, id, rule, opened_at))
    }

    /// Puts back that a metric's window is sealed, and its last revision.
    pub fn restore_sealed(&mut self, metric: &str, window: Window, revision: u32) {
        let last = self.windows_of(metric).sealed.entry(window).or_insert(revision);
        *last = revision.max(*last);
    }

    /// Open windows and batches of late lines.
    #[must_use]
    pub fn open_windows(&self) -> usize {
        self.open().count()
    }

    /// Groups in all open windows.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.open().map(|window| window.groups.count() as u64).sum()
    }

    /// Lines counted in open windows: the books add these up.
    #[cfg(test)]
    pub fn open_lines(&self) -> u64 {
        self.open().map(|window| window.lines).sum()
    }

    fn open(&self) -> impl Iterator<Item = &OpenWindow> {
        self.metrics.iter().map(|metric| &metric.windows).chain(&self.gone).flat_map(|windows| &windows.open)
    }

    fn metric_windows_mut(&mut self) -> impl Iterator<Item = &mut MetricWindows> {
        self.metrics.iter_mut().map(|metric| &mut metric.windows).chain(&mut self.gone)
    }

    fn windows_of(&mut self, name: &str) -> &mut MetricWindows {
        if let Some(found) = self.metrics.iter().position(|metric| *metric.windows.name == *name) {
            return &mut self.metrics[found].windows;
        }
        let found = self.gone.iter().position(|windows| *windows.name == *name).unwrap_or_else(|| {
            self.gone.push(MetricWindows::new(Arc::from(name)));
            self.gone.len() - 1
        });
        &mut self.gone[found]
    }

    /// Puts a window back under the rules as they are now.
    fn reopen(&mut self, mut window: OpenWindow) {
        let metric = self.metrics.iter().position(|metric| metric.windows.name == window.id.metric);
        let current = metric.map(|metric| &self.metrics[metric].rule);
        if let Some(current) = current.filter(|current| current.same_as(&window.rule)) {
            window.rule = Arc::clone(current);
            window.other = None;
        } else {
            let known = self.other_rules.iter().position(|other| other.rule.same_as(&window.rule));
            let other = known.unwrap_or_else(|| {
                let metric = metric.map(|metric| MetricIndex(metric as u32));
                self.other_rules.push(OtherRule { rule: Arc::clone(&window.rule), metric });
                self.other_rules.len() - 1
            });
            window.rule = Arc::clone(&self.other_rules[other].rule);
            window.other = Some(other as u32);
        }
        let name = Arc::clone(&window.id.metric);
        self.windows_of(&name).insert(window);
        self.refresh();
    }

    fn confirm(&mut self) {
        for windows in self.metric_windows_mut() {
            windows.confirm();
        }
        self.refresh();
    }

    /// Places of windows have moved.
    fn refresh(&mut self) {
        for metric in &mut self.metrics {
            metric.refresh();
        }
    }
}

#[cfg(test)]
mod tests;
