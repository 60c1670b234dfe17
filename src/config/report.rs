//! Gathers faults while reading goes on.
//!
//! Promises: what is found is shown once each, in the order of the files and lines. Does not: stop anything.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::sync::Arc;

use crate::model::fault::{Fault, Location};

/// Every fault found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    faults: RefCell<Vec<Fault>>,
    /// Files in the order in which they were read.
    files: RefCell<Vec<Arc<Path>>>,
    /// Lines that are not TOML: what else is wrong there is only an echo.
    broken: RefCell<Vec<Location>>,
    /// Something could not be read: what seems to be missing may stand in there.
    incomplete: Cell<bool>,
}

impl Report {
    /// Says that a file is read now: its faults come after those of earlier files.
    pub(super) fn begin(&self, file: &Arc<Path>) {
        self.files.borrow_mut().push(Arc::clone(file));
    }

    pub(super) fn add(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// A fault that says that something is absent: not shown when a part could not be read at all.
    pub(super) fn add_absence(&self, fault: Fault) {
        if !self.incomplete.get() {
            self.add(fault);
        }
    }

    /// A fault after which parts of the text are unknown.
    pub(super) fn add_unreadable(&self, fault: Fault) {
        self.incomplete.set(true);
        self.broken.borrow_mut().push(fault.at.clone());
        self.add(fault);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    /// The faults by file and line, equal ones once; of a line that is not TOML only that.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        let files = self.files.into_inner();
        let broken = self.broken.into_inner();
        let order = |file: &Path| files.iter().position(|known| **known == *file).unwrap_or(files.len());
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| (order(&fault.at.file), fault.at.line));
        let mut kept: Vec<Fault> = Vec::with_capacity(faults.len());
        for fault in faults {
            let echo = broken.contains(&fault.at) && !fault.message.starts_with(super::document::NOT_TOML);
            if !echo && !kept.contains(&fault) {
                kept.push(fault);
            }
        }
        kept
    }
}
