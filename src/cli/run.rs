//! `pxtail run`

use std::sync::Arc;

use super::arguments::RunArguments;
use super::{Failure, TEMPORARY, load, say};
use crate::agent::{self, Mode};
use crate::model::time::{Clock, SystemClock};

pub fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let configuration = load(&arguments.config.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mode = if arguments.once { Mode::Once } else { Mode::Follow };
    let report = agent::run(&configuration, mode, &clock)?;
    if mode == Mode::Once {
        say(&format!(
            "{} lines read, {} not matched; {} windows sealed, {} events; {} windows stay open",
            report.lines, report.unmatched, report.windows_sealed, report.events_sealed, report.open_windows
        ));
    }
    if report.waiting > 0 {
        let why = report.trouble.unwrap_or_else(|| "stopped before all were sent".to_owned());
        return Err(Failure::new(TEMPORARY, format!("{} events still wait to be sent: {why}", report.waiting)));
    }
    Ok(())
}
