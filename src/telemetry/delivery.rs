//! Whether events flow to PX.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What push tells, read by whoever waits for it and by who asks for the status.
#[derive(Debug, Default)]
pub struct DeliveryWatch {
    trouble: Mutex<Option<String>>,
    unknown: Mutex<Unknown>,
}

/// Attempts whose outcome was not known, since the agent's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    pub attempts: u64,
    /// How many were settled, by how.
    pub settled: BTreeMap<&'static str, u64>,
}

impl DeliveryWatch {
    /// `None` when events flow again.
    pub fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// An attempt ended without a known outcome.
    pub fn count_unknown(&self) {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).attempts += 1;
    }

    /// An unknown outcome became known, or was given up.
    pub fn count_settled(&self, how: &'static str) {
        *self.unknown.lock().unwrap_or_else(PoisonError::into_inner).settled.entry(how).or_default() += 1;
    }

    #[must_use]
    pub fn unknown(&self) -> Unknown {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What keeps events from flowing, in words for a person.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
