//! `pxtail outbox`
//!
//! Promises: what changes state goes through the running agent's socket, or takes the state lock when none runs. Does not:
//! decide which events may be changed; the ledger does.

mod body;
mod change;
mod event;
mod list;
mod show;

use std::io;

use super::arguments::{ConfigArguments, OutboxArguments, OutboxVerb};
use super::{BAD_COMMAND, FAILED, Failure, TEMPORARY, load, say};
use crate::agent::{AgentError, errands};
use crate::ledger::outbox::{EventState, OutboxRow, OutboxStore};
use crate::ledger::{self, Ledger};
use crate::model::spec::Configuration;
use crate::model::time::{Clock, SystemClock};
use crate::telemetry::control::{Answer, Request, ask};

pub fn run(arguments: &OutboxArguments) -> Result<(), Failure> {
    match &arguments.verb {
        OutboxVerb::List(list) => {
            let configuration = existing(&list.config)?;
            list::run(&open(&configuration)?, &configuration.px.base_url.value, list)
        }
        OutboxVerb::Show(show) => show::run(&open(&existing(&show.config)?)?, show),
        OutboxVerb::Retry(retry) => change::retry(&existing(&retry.config)?, retry),
        OutboxVerb::Drop(discard) => change::discard(&existing(&discard.config)?, discard),
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

/// The outbox, to look at.
fn open(configuration: &Configuration) -> Result<OutboxStore, Failure> {
    let path = configuration.agent.state_dir.join(ledger::FILE_NAME);
    Ok(OutboxStore::open_current(&path).map_err(AgentError::from)?)
}

/// Does what is asked for: through the running agent's socket, or with the state lock when none runs.
fn perform(configuration: &Configuration, request: &Request) -> Result<Answer, Failure> {
    let socket = &configuration.agent.socket;
    let unreachable = |err: io::Error| Failure::new(TEMPORARY, format!("{}: {err}", socket.display()));
    let mut answer = ask(socket, request).map_err(unreachable)?;
    if answer.is_none() {
        let now = SystemClock.now();
        let ledger = Ledger::open(&configuration.agent.state_dir, now).map_err(AgentError::from)?;
        let mut outbox = OutboxStore::open(ledger.path()).map_err(AgentError::from)?;
        answer = errands::perform(&mut outbox, request, now);
    }
    match answer {
        Some(Answer::Failed { message }) => Err(Failure::new(TEMPORARY, message)),
        Some(answer) => Ok(answer),
        None => Err(another_answer()),
    }
}

fn another_answer() -> Failure {
    Failure::new(TEMPORARY, "the agent gave another answer\nhelp: it may have another version: restart it")
}

/// Where an event is looked for: first where a person has something to do.
const STATES: [EventState; 7] = [
    EventState::Parked,
    EventState::Unknown,
    EventState::Held,
    EventState::Ready,
    EventState::Sending,
    EventState::Dropped,
    EventState::Sent,
];

/// Characters of a whole event id.
const ID_LEN: usize = 36;

/// Events shown where a beginning fits several.
const CANDIDATES: usize = 5;

/// The one event that is meant.
fn find(outbox: &OutboxStore, name: &str) -> Result<OutboxRow, Failure> {
    if let Some(number) = name.strip_prefix('#').and_then(|number| number.parse().ok()) {
        let row = outbox.row(number).map_err(AgentError::from)?;
        return row.ok_or_else(|| Failure::new(FAILED, format!("there is no event in row {number}")));
    }
    let prefix = name.to_ascii_lowercase();
    let mut found: Vec<OutboxRow> = Vec::new();
    for state in STATES {
        found.extend(outbox.beginning_with(&prefix, state, CANDIDATES).map_err(AgentError::from)?);
        if found.len() >= CANDIDATES || (prefix.len() >= ID_LEN && !found.is_empty()) {
            break;
        }
    }
    if found.len() > 1 {
        let candidates: Vec<String> =
            found.iter().map(|row| format!("  {} (row #{}, {})", row.event_id, row.row, row.state.name())).collect();
        let message = format!("several events' ids begin with `{name}`:\n{}", candidates.join("\n"));
        return Err(Failure::new(BAD_COMMAND, format!("{message}\nhelp: give more of the id, or `#` and the row")));
    }
    found.pop().ok_or_else(|| {
        let help = "`pxtail outbox list` shows ids; what was sent or dropped is removed after `[push] sent_retention`";
        Failure::new(FAILED, format!("no event's id begins with `{name}`\nhelp: {help}"))
    })
}

fn release(configuration: &Configuration) -> Result<(), Failure> {
    let Answer::Released { events } = perform(configuration, &Request::OutboxRelease)? else {
        return Err(another_answer());
    };
    say(&format!("{events} events released"));
    Ok(())
}
