//! Runs the agent, and again when its ledger turns out to be damaged.
//!
//! Promises: after damage nothing is counted into the damaged ledger any more; the run that follows begins as after a crash,
//! from a copy. Does not: mend; the ledger does, when it is opened.

use std::sync::Arc;

use super::AgentError;
use super::run::{Mode, RunReport, run_once};
use super::signals::Stopping;
use crate::model::spec::Configuration;
use crate::model::time::Clock;

/// Runs the agent.
pub fn run(configuration: &Configuration, mode: Mode, clock: &Arc<dyn Clock>) -> Result<RunReport, AgentError> {
    let mut stopping = Stopping::default();
    let mut damage: Option<String> = None;
    // It ends: the ledger refuses to be mended more than a few times a day.
    loop {
        match run_once(configuration, mode, clock, &mut stopping, damage.as_deref()) {
            Err(err) if err.is_damage() => {
                let text = err.to_string();
                let what = text.split_once('\n').map_or(text.as_str(), |(what, _)| what);
                tracing::error!("reading stops until the ledger is mended: {what}");
                damage = Some(what.to_owned());
            }
            ended => return ended,
        }
    }
}
