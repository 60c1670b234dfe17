//! Gathers faults while reading goes on.
//!
//! Promises: what is found is shown once each, in the order of the files and lines. Does not: stop anything.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::model::fault::{Fault, Location};

/// How much of a file a fault leaves unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    Nothing,
    /// Its own line: what else is wrong there is only an echo.
    Line,
    /// Everything after it, too: a bracket left open swallows what follows.
    Rest,
}

/// Every fault found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    faults: RefCell<Vec<(Fault, Unread)>>,
    /// Whether some fault left something unread.
    incomplete: Cell<bool>,
    /// Files in the order in which they were read.
    files: RefCell<Vec<Arc<Path>>>,
}

impl Report {
    /// Says that a file is read now: its faults come after those of earlier files.
    pub(super) fn begin(&self, file: &Arc<Path>) {
        self.files.borrow_mut().push(Arc::clone(file));
    }

    pub(super) fn add(&self, fault: Fault) {
        self.faults.borrow_mut().push((fault, Unread::Nothing));
    }

    /// A fault that says that something is absent: not shown when a part could not be read at all, as it may stand there.
    pub(super) fn add_absence(&self, fault: Fault) {
        if !self.incomplete.get() {
            self.add(fault);
        }
    }

    /// A fault after which parts of the text are unknown.
    pub(super) fn add_unreadable(&self, fault: Fault, unread: Unread) {
        self.incomplete.set(true);
        self.faults.borrow_mut().push((fault, unread));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    /// The faults by file and line, equal ones once; of a place that could not be read only that.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        let files = self.files.into_inner();
        let order = |file: &Path| files.iter().position(|known| **known == *file).unwrap_or(files.len());
        let mut faults = self.faults.into_inner();
        let gaps = faults.iter().filter(|(_, unread)| *unread != Unread::Nothing);
        let gaps: Vec<(Location, Unread)> = gaps.map(|(fault, unread)| (fault.at.clone(), *unread)).collect();
        let is_echo = |at: &Location| {
            gaps.iter().any(|(gap, unread)| match unread {
                Unread::Nothing => false,
                Unread::Line => gap == at,
                Unread::Rest => gap.file == at.file && gap.line <= at.line,
            })
        };
        faults.retain(|(fault, unread)| *unread != Unread::Nothing || !is_echo(&fault.at));
        faults.sort_by_key(|(fault, _)| (order(&fault.at.file), fault.at.line));
        let mut seen = BTreeSet::new();
        faults.retain(|(fault, _)| seen.insert((fault.at.clone(), fault.message.clone())));
        faults.into_iter().map(|(fault, _)| fault).collect()
    }
}
