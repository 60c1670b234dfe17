//! `pxtail outbox`

use std::io::{self, Write};

use super::arguments::{ConfigArguments, OutboxArguments, OutboxVerb};
use super::{FAILED, Failure, TEMPORARY, load, say};
use crate::agent::AgentError;
use crate::ledger::outbox::{EventState, OutboxRow, OutboxStore};
use crate::ledger::{self, Ledger};
use crate::model::spec::Configuration;
use crate::model::time::{Clock, SystemClock};
use crate::telemetry::control::{Answer, Request, ask};

pub fn run(arguments: &OutboxArguments) -> Result<(), Failure> {
    match &arguments.verb {
        OutboxVerb::List(config) => list(&existing(config)?),
        OutboxVerb::Release(config) => release(&existing(config)?),
    }
}

/// The configuration, of an agent that has run.
fn existing(config: &ConfigArguments) -> Result<Configuration, Failure> {
    let configuration = load(&config.config)?;
    let path = configuration.agent.state_dir.join(ledger::FILE_NAME);
    match path.metadata() {
        Ok(_) => return Ok(configuration),
        Err(err) if err.kind() == io::ErrorKind::NotFound => {}
        Err(err) => {
            let help = "run this as the user that pxtail runs as";
            return Err(Failure::new(TEMPORARY, format!("{}: {err}\nhelp: {help}", path.display())));
        }
    }
    Err(Failure::new(
        FAILED,
        format!("{}: there is no ledger yet\nhelp: start the agent with `pxtail run` first", path.display()),
    ))
}

/// Parked and unknown events are shown one by one, so many at most.
const SHOWN: usize = 20;

fn list(configuration: &Configuration) -> Result<(), Failure> {
    let path = configuration.agent.state_dir.join(ledger::FILE_NAME);
    let outbox = OutboxStore::open(&path).map_err(AgentError::from)?;
    let totals = outbox.totals().map_err(AgentError::from)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{:<8} {:>10} {:>14}", "state", "events", "lines in them")?;
    for (state, total) in &totals {
        writeln!(out, "{:<8} {:>10} {:>14}", state.name(), total.events, total.lines)?;
    }
    for state in [EventState::Parked, EventState::Unknown] {
        let rows = outbox.in_state(state, None, SHOWN).map_err(AgentError::from)?;
        let all = totals.iter().find(|(known, _)| *known == state).map_or(0, |(_, total)| total.events);
        if !rows.is_empty() {
            writeln!(out, "\n{} events, the oldest {} of {all}:", state.name(), rows.len())?;
        }
        for row in rows {
            writeln!(out, "{}", describe(&row))?;
        }
    }
    Ok(())
}

fn describe(row: &OutboxRow) -> String {
    let OutboxRow { event_id, metric, window, revision, .. } = row;
    let status = row.status.map(|status| format!(" (status {status})")).unwrap_or_default();
    let cause = row.cause.as_deref().unwrap_or("no cause was noted");
    let answer = row.answer.as_deref().filter(|answer| !answer.is_empty());
    let answer = answer.map(|answer| format!("\n    PX said: {}", answer.escape_debug())).unwrap_or_default();
    format!(
        "  {event_id} metric `{metric}`, window from {}, revision {revision}\n    {cause}{status}{answer}",
        window.start
    )
}

/// Through the running agent's socket, or with the state lock when none runs.
fn release(configuration: &Configuration) -> Result<(), Failure> {
    let socket = &configuration.agent.socket;
    let unreachable = |err: io::Error| Failure::new(TEMPORARY, format!("{}: {err}", socket.display()));
    let released = match ask(socket, Request::OutboxRelease).map_err(unreachable)? {
        Some(Answer::Released { events }) => events,
        Some(Answer::Failed { message }) => return Err(Failure::new(TEMPORARY, message)),
        Some(Answer::Status(_) | Answer::Metrics { .. }) => {
            return Err(Failure::new(TEMPORARY, "the agent gave another answer"));
        }
        None => {
            let ledger = Ledger::open(&configuration.agent.state_dir, SystemClock.now()).map_err(AgentError::from)?;
            OutboxStore::open(ledger.path()).and_then(|mut outbox| outbox.release()).map_err(AgentError::from)?
        }
    };
    say(&format!("{released} events released"));
    Ok(())
}
