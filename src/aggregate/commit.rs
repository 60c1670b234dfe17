//! What one transaction of the ledger has to hold.
//!
//! Promises: looking changes nothing; only [`Commit::confirm`] does, and it cannot fail. Does not: write.

use std::sync::Arc;

use super::groups::GroupView;
use super::measures::Layout;
use super::windows::OpenWindow;
use super::{Aggregator, Rule, event};
use crate::model::event::{AgentId, SealedEvent, WindowId};
use crate::model::time::UnixMicros;

/// Changes since the last confirmed commit. Nothing can be added while it lives. Dropping it is a failed commit: every
/// mark stays, and the next commit lists the same again with what came since.
#[derive(Debug)]
pub struct Commit<'a> {
    pub(super) aggregator: &'a mut Aggregator,
}

impl Commit<'_> {
    /// Windows with groups to be written, without those that seal.
    pub fn changed(&self) -> impl Iterator<Item = ChangedWindow<'_>> {
        self.aggregator.open().filter(|window| window.dirty && !window.sealing).map(ChangedWindow)
    }

    /// Windows that seal: their events go to the outbox, their groups leave the ledger, their revision is kept.
    pub fn sealing(&self) -> impl Iterator<Item = SealingWindow<'_>> {
        let agent = self.aggregator.agent;
        self.aggregator.open().filter(|window| window.sealing).map(move |window| SealingWindow { agent, window })
    }

    /// Nothing is to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.aggregator.open().any(|window| window.dirty || window.sealing)
    }

    /// The transaction is on disk: clears the marks, forgets sealed windows, remembers their revisions.
    pub fn confirm(self) {
        self.aggregator.confirm();
    }
}

/// A window that stays open, with what changed in it.
#[derive(Clone, Copy, Debug)]
pub struct ChangedWindow<'a>(&'a OpenWindow);

impl<'a> ChangedWindow<'a> {
    #[must_use]
    pub fn id(&self) -> &'a WindowId {
        &self.0.id
    }

    /// The rule it was opened with.
    #[must_use]
    pub fn rule(&self) -> &'a Arc<Rule> {
        &self.0.rule
    }

    /// When its first line came, by the wall clock.
    #[must_use]
    pub fn opened_at(&self) -> UnixMicros {
        self.0.opened_at
    }

    /// No confirmed commit has it.
    #[must_use]
    pub fn is_new(&self) -> bool {
        !self.0.committed
    }

    /// All lines counted in it.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.0.lines
    }

    /// Changed groups in order of their ordinals, the overflow group last.
    pub fn groups(&self) -> impl Iterator<Item = ChangedGroup<'a>> + use<'a> {
        let layout = &self.0.rule.layout;
        self.0.groups.dirty(layout).map(move |view| ChangedGroup {
            ordinal: view.ordinal,
            key: (!view.committed).then_some(view.key),
            view,
            layout,
        })
    }
}

/// A group to be written.
#[derive(Clone, Copy, Debug)]
pub struct ChangedGroup<'a> {
    /// Its place in the window: dense from 0 in order of arrival; `u32::MAX` for the overflow group.
    pub ordinal: u32,
    /// Its key when no confirmed commit has the group; the overflow group's is empty.
    pub key: Option<&'a [u8]>,
    view: GroupView<'a>,
    layout: &'a Layout,
}

impl ChangedGroup<'_> {
    /// Appends the group's state as it is stored: lines and measures.
    pub fn encode_state(&self, out: &mut Vec<u8>) {
        self.layout.encode(self.view.state, out);
    }

    /// Lines counted in the group.
    #[must_use]
    pub fn lines(&self) -> u64 {
        Layout::lines(self.view.state)
    }
}

/// A window that seals.
#[derive(Clone, Copy, Debug)]
pub struct SealingWindow<'a> {
    agent: AgentId,
    window: &'a OpenWindow,
}

impl<'a> SealingWindow<'a> {
    #[must_use]
    pub fn id(&self) -> &'a WindowId {
        &self.window.id
    }

    /// The rule it was opened with.
    #[must_use]
    pub fn rule(&self) -> &'a Arc<Rule> {
        &self.window.rule
    }

    /// No confirmed commit has it: there is nothing of it in the ledger to remove.
    #[must_use]
    pub fn is_new(&self) -> bool {
        !self.window.committed
    }

    /// All lines counted in it: the sum of its events' lines.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.window.lines
    }

    /// How many events it gives.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.window.groups.count()
    }

    /// Its events, one per group, in order of ordinals, the overflow group's last.
    pub fn events(&self) -> impl Iterator<Item = SealedEvent> + use<'a> {
        let Self { agent, window } = *self;
        let groups = window.groups.all(&window.rule.layout);
        groups.map(move |group| event::seal(agent, &window.id, &window.rule, group))
    }
}
