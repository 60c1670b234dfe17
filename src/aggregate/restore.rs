//! Windows of the ledger, put back.
//!
//! Promises: a window is as it was at its last confirmed commit, or it is refused. Does not: read the ledger.

use std::sync::Arc;

use super::groups::OVERFLOW;
use super::windows::OpenWindow;
use super::{Aggregator, Rule};
use crate::model::event::WindowId;
use crate::model::record::read_key;
use crate::model::time::UnixMicros;

/// What the ledger holds is not what was written to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    #[error("window {}..{} of metric `{}`, revision {}, is there twice", .0.window.start, .0.window.end, .0.metric, .0.revision)]
    Twice(WindowId),
    #[error("group {ordinal} of metric `{metric}` is out of order: group {expected} was expected")]
    Ordinal { metric: Arc<str>, ordinal: u32, expected: u32 },
    #[error("group {ordinal} of metric `{metric}` has a key that cannot be read")]
    Key { metric: Arc<str>, ordinal: u32 },
    #[error("group {ordinal} of metric `{metric}` has a state that cannot be read, or its key is there twice")]
    State { metric: Arc<str>, ordinal: u32 },
}

/// Takes a window's groups. Dropping it without [`RestoringWindow::finish`] leaves the window out.
#[derive(Debug)]
pub struct RestoringWindow<'a> {
    aggregator: &'a mut Aggregator,
    window: OpenWindow,
}

impl<'a> RestoringWindow<'a> {
    pub(super) fn new(aggregator: &'a mut Aggregator, id: WindowId, rule: Arc<Rule>, opened_at: UnixMicros) -> Self {
        let mut window = OpenWindow::new(id, rule, None, opened_at);
        window.committed = true;
        Self { aggregator, window }
    }

    /// The next group, as [`super::ChangedGroup`] gave it: ordinals are dense from 0; the overflow group comes last.
    pub fn group(&mut self, ordinal: u32, key: &[u8], state: &[u8]) -> Result<(), RestoreError> {
        let metric = || Arc::clone(&self.window.id.metric);
        let groups = &mut self.window.groups;
        let layout = &self.window.rule.layout;
        let expected = groups.len();
        let has_overflow = groups.count() > expected as usize;
        let is_overflow = ordinal == OVERFLOW;
        if has_overflow || !(is_overflow || ordinal == expected) {
            return Err(RestoreError::Ordinal { metric: metric(), ordinal, expected });
        }
        let parts = 2 + self.window.rule.spec.properties.len();
        let is_key = if is_overflow { key.is_empty() } else { read_key(key).is_some_and(|key| key.len() == parts) };
        if !is_key {
            return Err(RestoreError::Key { metric: metric(), ordinal });
        }
        let restored =
            if is_overflow { groups.restore_overflow(state, layout) } else { groups.restore(key, state, layout) };
        let lines = restored.ok_or_else(|| RestoreError::State { metric: metric(), ordinal })?;
        self.window.lines = self.window.lines.saturating_add(lines);
        Ok(())
    }

    /// Opens the window.
    pub fn finish(mut self) {
        self.window.groups.confirm();
        self.aggregator.reopen(self.window);
    }
}
