//! The agent: the only one that knows the order of the stages.
//!
//! Promises: lines are counted, cursors, windows and events are saved in one commit, and nothing else moves a cursor; a
//! commit that fails is tried again before anything more is read; stopping seals nothing early. Does not: hold rules of
//! its own about lines, windows or PX.

mod answers;
mod copying;
pub mod count;
mod damage;
mod delays;
pub mod delivery;
mod drift;
pub mod dry_run;
pub mod errands;
pub mod files;
pub mod forecast;
mod handles;
mod housekeeping;
pub mod plan;
mod quotas;
mod restore;
mod run;
mod save;
pub mod signals;
pub mod timers;
mod watching;

use std::path::PathBuf;

use crate::aggregate::RestoreError;
use crate::ledger::LedgerError;
use crate::model::fault::Faults;
use crate::push::PushError;

pub use damage::run;
pub use run::{Mode, RunReport};

/// Why the agent cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("{0}")]
    Configuration(#[from] Faults),
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    #[error("{path}: an open window cannot be put back: {source}")]
    Restore { path: PathBuf, source: RestoreError },
    #[error("{0}")]
    Push(#[source] PushError),
    #[error("a thread cannot be started: {0}")]
    Thread(#[source] std::io::Error),
    #[error("signals cannot be watched: {0}")]
    Signals(#[source] std::io::Error),
    #[error(
        "the environment variable `PXTAIL_TEST_DELAYS` is `{0}`; expected points with spans, such as `listed=0..300ms/10,seed=1`\nhelp: take it away; it is for tests of pxtail alone"
    )]
    Delays(String),
    #[error("the {0} thread failed: this is a fault of pxtail's own, please report it")]
    Panicked(&'static str),
}

impl AgentError {
    /// True where the ledger's content cannot be right.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Ledger(err) => err.is_damage(),
            Self::Restore { .. } => true,
            _ => false,
        }
    }
}
