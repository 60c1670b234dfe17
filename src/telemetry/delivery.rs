//! Whether events flow to PX.

use std::sync::{Mutex, PoisonError};

/// The trouble there is now, set by push and read by whoever waits for it.
#[derive(Debug, Default)]
pub struct DeliveryWatch {
    trouble: Mutex<Option<String>>,
}

impl DeliveryWatch {
    /// `None` when events flow again.
    pub fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// What keeps events from flowing, in words for a person.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
