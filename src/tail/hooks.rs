//! Named points between the steps of a scan or a read, where a test puts delays and other people's actions.
//!
//! Promises: without a hook, a point is one comparison. Does not: exist for anything but tests of races.

use std::fmt;
use std::path::Path;

/// Between which steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A directory was listed; its entries are not looked at yet.
    Listed,
    /// A name was looked at; its file is not open yet.
    BeforeOpen,
    /// A file is open; nothing of it was read yet.
    Opened,
    /// The globs were listed; nothing was decided yet.
    BeforeDecide,
    /// A file's turn to be read has come.
    BeforeRead,
    /// A poll is about to look at a file.
    BeforeLook,
    /// Neighbours of a file that has no name any more are about to be listed.
    BeforeSiblings,
}

impl Point {
    pub const ALL: [Self; 7] = [
        Self::Listed,
        Self::BeforeOpen,
        Self::Opened,
        Self::BeforeDecide,
        Self::BeforeRead,
        Self::BeforeLook,
        Self::BeforeSiblings,
    ];

    /// As a test outside the program names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::BeforeOpen => "before_open",
            Self::Opened => "opened",
            Self::BeforeDecide => "before_decide",
            Self::BeforeRead => "before_read",
            Self::BeforeLook => "before_look",
            Self::BeforeSiblings => "before_siblings",
        }
    }
}

type Hook = Box<dyn FnMut(Point, &Path) + Send>;

/// At most one hook.
#[derive(Default)]
pub(super) struct Hooks(Option<Hook>);

impl Hooks {
    pub(super) fn set(&mut self, hook: Hook) {
        self.0 = Some(hook);
    }

    pub(super) fn reach(&mut self, point: Point, path: &Path) {
        if let Some(hook) = &mut self.0 {
            hook(point, path);
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Hooks(set)" } else { "Hooks(none)" })
    }
}
