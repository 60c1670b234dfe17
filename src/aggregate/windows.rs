//! The open windows of one metric, and which of its windows are sealed.
//!
//! Promises: a line is counted in one window at most; a window that is sealed never opens again, its late lines gather in
//! revisions. Does not: choose the rule of a line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::groups::{Group, Groups};
use super::{Added, Rule};
use crate::model::event::{Window, WindowId};
use crate::model::record::UsageRecord;
use crate::model::time::UnixMicros;

/// How long after its end a window's revisions are remembered; lines for older windows are dropped. A year of access logs,
/// read late, with a month to spare.
pub const KEEP_REVISIONS: Duration = Duration::from_hours(400 * 24);

/// No window is longer: a time that is older than [`KEEP_REVISIONS`] by this much needs no calendar.
const LONGEST_WINDOW: Duration = Duration::from_hours(2 * 24);

/// One open window, or one batch of late lines.
#[derive(Debug)]
pub(super) struct OpenWindow {
    pub(super) id: WindowId,
    pub(super) rule: Arc<Rule>,
    /// The rule's place among the other rules, when it is not its metric's rule now.
    pub(super) other: Option<u32>,
    /// When its first line came, by the wall clock.
    pub(super) opened_at: UnixMicros,
    pub(super) groups: Groups,
    pub(super) lines: u64,
    /// Something changed since the last confirmed commit.
    pub(super) dirty: bool,
    /// A confirmed commit has it.
    pub(super) committed: bool,
    /// The commit under way seals it.
    pub(super) sealing: bool,
}

impl OpenWindow {
    pub(super) fn new(id: WindowId, rule: Arc<Rule>, other: Option<u32>, opened_at: UnixMicros) -> Self {
        Self {
            id,
            rule,
            other,
            opened_at,
            groups: Groups::default(),
            lines: 0,
            dirty: false,
            committed: false,
            sealing: false,
        }
    }

    #[inline]
    pub(super) fn add(&mut self, record: &UsageRecord<'_>) -> Added {
        let layout = &self.rule.layout;
        let group = self.groups.find_or_insert(record.key, self.rule.spec.max_groups, layout);
        if layout.add(self.groups.state_mut(group, layout), record.inputs).is_err() {
            return Added::SumTooLarge;
        }
        self.lines += 1;
        self.dirty = true;
        match group {
            _ if self.id.is_late() => Added::Late,
            Group::Own(_) => Added::Counted,
            Group::Overflow => Added::Overflowed,
        }
    }

    pub(super) fn confirm(&mut self) {
        if self.dirty {
            self.groups.confirm();
            self.dirty = false;
            self.committed = true;
        }
    }
}

#[derive(Debug)]
pub(super) struct MetricWindows {
    pub(super) name: Arc<str>,
    /// In order of their ids. Those of one rule do not overlap.
    pub(super) open: Vec<OpenWindow>,
    /// Windows that are sealed, with their last revision.
    pub(super) sealed: BTreeMap<Window, u32>,
}

impl MetricWindows {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self { name, open: Vec::new(), sealed: BTreeMap::new() }
    }

    /// The open window of a line under a rule, opened if need be. `Err` says why the line is dropped.
    pub(super) fn place(
        &mut self,
        rule: &Arc<Rule>,
        other: Option<u32>,
        time: UnixMicros,
        now: UnixMicros,
    ) -> Result<(Window, usize), (Window, Added)> {
        if let Some(found) = self.find(other, time) {
            return Ok((self.open[found].id.window, found));
        }
        let nowhere = Window { start: time, end: time };
        if time.plus(KEEP_REVISIONS + LONGEST_WINDOW) < now {
            return Err((nowhere, Added::TooOld));
        }
        let window = rule.window_at(time).ok_or((nowhere, Added::TooOld))?;
        if window.end.plus(KEEP_REVISIONS) < now {
            return Err((nowhere, Added::TooOld));
        }
        let revision = match self.sealed.get(&window) {
            None => 1,
            Some(last) if rule.sends_late_lines() => last + 1,
            Some(_) => return Err((window, Added::LateDropped)),
        };
        let id = WindowId { metric: Arc::clone(&self.name), window, revision };
        Ok((window, self.insert(OpenWindow::new(id, Arc::clone(rule), other, now))))
    }

    fn find(&self, other: Option<u32>, time: UnixMicros) -> Option<usize> {
        let begun = self.open.partition_point(|open| open.id.window.start <= time);
        let found = self.open[..begun].iter().rposition(|open| open.other == other)?;
        self.open[found].id.window.contains(time).then_some(found)
    }

    pub(super) fn has(&self, id: &WindowId) -> bool {
        self.open.binary_search_by(|open| open.id.cmp(id)).is_ok()
    }

    pub(super) fn insert(&mut self, window: OpenWindow) -> usize {
        let place = self.open.partition_point(|open| open.id < window.id);
        self.open.insert(place, window);
        place
    }

    /// Adds the ids of windows that may seal now.
    pub(super) fn due(
        &mut self,
        now: UnixMicros,
        mut complete_until: impl FnMut(&Rule) -> UnixMicros,
        due: &mut Vec<WindowId>,
    ) {
        let mut asked: Option<(Arc<Rule>, UnixMicros)> = None;
        let mut late_due = false;
        for open in &mut self.open {
            if open.id.is_late() {
                // A clock that was ahead when the batch began must not hold it back for so long.
                open.opened_at = open.opened_at.min(now);
                late_due |= open.opened_at.plus(open.rule.spec.late_every) <= now;
                continue;
            }
            let from = open.rule.seals_from(open.id.window);
            if from > now {
                continue;
            }
            let complete = match &asked {
                Some((rule, complete)) if Arc::ptr_eq(rule, &open.rule) => *complete,
                _ => complete_until(&open.rule),
            };
            asked = Some((Arc::clone(&open.rule), complete));
            if from <= complete {
                due.push(open.id.clone());
            }
        }
        if late_due {
            due.extend(self.open.iter().filter(|open| open.id.is_late()).map(|open| open.id.clone()));
        }
    }

    /// The commit under way is on disk.
    pub(super) fn confirm(&mut self) {
        for sealed in self.open.extract_if(.., |open| open.sealing) {
            self.sealed.insert(sealed.id.window, sealed.id.revision);
        }
        for open in &mut self.open {
            open.confirm();
        }
    }
}
