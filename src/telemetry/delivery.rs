//! What delivery is doing: totals, and whether events flow.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Totals of this run, and the trouble there is now.
#[derive(Debug, Default)]
pub struct DeliveryWatch {
    requests: AtomicU64,
    sent: AtomicU64,
    parked: AtomicU64,
    unknown: AtomicU64,
    trouble: Mutex<Option<String>>,
}

/// A reading of [`DeliveryWatch`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryTotals {
    pub requests: u64,
    pub sent: u64,
    pub parked: u64,
    pub unknown: u64,
    /// What keeps events from flowing, in words for a person.
    pub trouble: Option<String>,
}

impl DeliveryWatch {
    pub fn add_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub fn add_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub fn add_parked(&self) {
        self.parked.fetch_add(1, Ordering::Relaxed);
    }

    pub fn add_unknown(&self) {
        self.unknown.fetch_add(1, Ordering::Relaxed);
    }

    /// `None` when events flow again.
    pub fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    #[must_use]
    pub fn totals(&self) -> DeliveryTotals {
        DeliveryTotals {
            requests: self.requests.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            parked: self.parked.load(Ordering::Relaxed),
            unknown: self.unknown.load(Ordering::Relaxed),
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
