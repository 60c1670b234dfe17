//! Windows of the ledger, put back.

use std::marker::PhantomData;

use crate::model::event::WindowId;

/// What the ledger holds is not what was written to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    #[error("window {}..{} of metric `{}`, revision {}, is there twice", .0.window.start, .0.window.end, .0.metric, .0.revision)]
    Twice(WindowId),
    #[error("group {ordinal} of metric `{metric}` is out of order: {expected} was expected")]
    Ordinal { metric: String, ordinal: u32, expected: u32 },
    #[error("group {ordinal} of metric `{metric}` has a key that cannot be read")]
    Key { metric: String, ordinal: u32 },
    #[error("group {ordinal} of metric `{metric}` has a state that cannot be read")]
    State { metric: String, ordinal: u32 },
}

/// Takes a window's groups. Dropping it without [`RestoringWindow::finish`] leaves the window out.
#[derive(Debug)]
pub struct RestoringWindow<'a>(PhantomData<&'a mut ()>);

impl RestoringWindow<'_> {
    /// The next group, as [`super::ChangedGroup`] gave it: ordinals are dense from 0; the overflow group comes last.
    pub fn group(&mut self, _ordinal: u32, _key: &[u8], _state: &[u8]) -> Result<(), RestoreError> {
        todo!()
    }

    /// Opens the window.
    pub fn finish(self) {
        todo!()
    }
}
