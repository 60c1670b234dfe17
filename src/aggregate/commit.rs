//! What one transaction of the ledger has to hold.

use std::marker::PhantomData;
use std::sync::Arc;

use super::Rule;
use crate::model::event::{SealedEvent, WindowId};
use crate::model::time::UnixMicros;

/// Changes since the last confirmed commit. Nothing can be added while it lives. Dropping it is a failed commit: every
/// mark stays, and the next commit lists the same again with what came since.
#[derive(Debug)]
pub struct Commit<'a>(PhantomData<&'a mut ()>);

impl Commit<'_> {
    /// Windows with groups to be written, without those that seal.
    pub fn changed(&self) -> impl Iterator<Item = ChangedWindow<'_>> {
        std::iter::empty()
    }

    /// Windows that seal: their events go to the outbox, their groups leave the ledger, their revision is kept.
    pub fn sealing(&self) -> impl Iterator<Item = SealingWindow<'_>> {
        std::iter::empty()
    }

    /// The transaction is on disk: clears the marks, forgets sealed windows, remembers their revisions.
    pub fn confirm(self) {
        todo!()
    }
}

/// A window that stays open, with what changed in it.
#[derive(Debug)]
pub struct ChangedWindow<'a>(PhantomData<&'a ()>);

impl<'a> ChangedWindow<'a> {
    pub fn id(&self) -> &'a WindowId {
        todo!()
    }

    /// The rule it was opened with.
    pub fn rule(&self) -> &'a Arc<Rule> {
        todo!()
    }

    /// When its first line came, by the wall clock.
    pub fn opened_at(&self) -> UnixMicros {
        todo!()
    }

    /// No confirmed commit has it.
    pub fn is_new(&self) -> bool {
        todo!()
    }

    /// All lines counted in it.
    pub fn lines(&self) -> u64 {
        todo!()
    }

    /// Changed groups in order of their ordinals.
    pub fn groups(&self) -> impl Iterator<Item = ChangedGroup<'a>> {
        std::iter::empty()
    }
}

/// A group to be written.
#[derive(Debug)]
pub struct ChangedGroup<'a> {
    /// Its place in the window: dense from 0 in order of arrival; `u32::MAX` for the overflow group.
    pub ordinal: u32,
    /// Its key when no confirmed commit has the group; the overflow group's is empty.
    pub key: Option<&'a [u8]>,
}

impl ChangedGroup<'_> {
    /// Appends the group's state as it is stored: lines and measures.
    pub fn encode_state(&self, _out: &mut Vec<u8>) {
        todo!()
    }
}

/// A window that seals.
#[derive(Debug)]
pub struct SealingWindow<'a>(PhantomData<&'a ()>);

impl<'a> SealingWindow<'a> {
    pub fn id(&self) -> &'a WindowId {
        todo!()
    }

    /// The rule it was opened with.
    pub fn rule(&self) -> &'a Arc<Rule> {
        todo!()
    }

    /// No confirmed commit has it: there is nothing of it in the ledger to remove.
    pub fn is_new(&self) -> bool {
        todo!()
    }

    /// All lines counted in it: the sum of its events' lines.
    pub fn lines(&self) -> u64 {
        todo!()
    }

    /// How many events it gives.
    pub fn event_count(&self) -> usize {
        todo!()
    }

    /// Its events, one per group, in order of ordinals, the overflow group's last.
    pub fn events(&self) -> impl Iterator<Item = SealedEvent> {
        std::iter::empty()
    }
}
