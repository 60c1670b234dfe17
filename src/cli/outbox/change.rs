//! `pxtail outbox retry` and `pxtail outbox drop`
//!
//! Promises: events are named to the agent by row and whole id, so that what was looked at is what is changed. Does not:
//! change anything itself.

use std::fmt::Write;

use super::super::arguments::{OutboxDropArguments, OutboxRetryArguments};
use super::{FAILED, Failure, another_answer, find, open, perform, say};
use crate::agent::AgentError;
use crate::ledger::outbox::{EventState, OutboxRow, OutboxStore, StateTotal};
use crate::model::spec::Configuration;
use crate::telemetry::control::{Amount, Answer, Assertion, Changed, MOST_TARGETS, Request, Targets};
use crate::terminal::escaped;

pub(super) fn retry(configuration: &Configuration, arguments: &OutboxRetryArguments) -> Result<(), Failure> {
    let assertion = if arguments.sent_nothing { Assertion::OtherLedgerSentNothing } else { Assertion::Nothing };
    let by = operator();
    let request = |events| Request::OutboxRetry { events, assertion, by: by.clone() };
    let named = named(&arguments.events, || open(configuration))?;
    let all = Targets::All { state: EventState::Parked.name().to_owned(), metric: arguments.metric.clone() };
    let changed = change(configuration, &named, all, request)?;
    say(&format!("{} will be sent", amount(changed.ready)));
    if changed.unknown.events > 0 {
        say(&format!("{} may have arrived: PX is asked before they are sent", amount(changed.unknown)));
    }
    refusals(&changed, "left as they are", Asked::of(&named))
}

pub(super) fn discard(configuration: &Configuration, arguments: &OutboxDropArguments) -> Result<(), Failure> {
    let why = arguments.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let by = format!("{}{why}", operator());
    let named = named(&arguments.events, || open(configuration))?;
    let state = arguments.state.unwrap_or(EventState::Parked);
    if !arguments.yes {
        let total = if named.is_empty() {
            let totals = open(configuration)?.totals_of(arguments.metric.as_deref()).map_err(AgentError::from)?;
            totals.iter().find(|(known, _)| *known == state).map_or(StateTotal::default(), |(_, total)| *total)
        } else {
            let lines = named.iter().map(|row| row.lines).sum();
            StateTotal { events: named.len() as u64, lines }
        };
        let would = amount(Amount { events: total.events, lines: total.lines });
        let help = "PX would never get them, and there is no way back; add --yes to do it";
        return Err(Failure::new(FAILED, format!("{would} would be dropped\nhelp: {help}")));
    }
    let all = Targets::All { state: state.name().to_owned(), metric: arguments.metric.clone() };
    let changed = change(configuration, &named, all, |events| Request::OutboxDrop { events, by: by.clone() })?;
    say(&format!("{} dropped", amount(changed.dropped)));
    refusals(&changed, "not dropped", Asked::of(&named))
}

fn amount(Amount { events, lines }: Amount) -> String {
    format!("{events} {} with {lines} lines", if events == 1 { "event" } else { "events" })
}

/// The events that were named; every name is looked up before anything is changed.
fn named(names: &[String], outbox: impl FnOnce() -> Result<OutboxStore, Failure>) -> Result<Vec<OutboxRow>, Failure> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let outbox = outbox()?;
    let mut rows: Vec<OutboxRow> = names.iter().map(|name| find(&outbox, name)).collect::<Result<_, _>>()?;
    rows.sort_by_key(|row| row.row);
    rows.dedup_by_key(|row| row.row);
    Ok(rows)
}

/// Asks for as many at once as one request takes.
fn change(
    configuration: &Configuration,
    named: &[OutboxRow],
    all: Targets,
    request: impl Fn(Targets) -> Request,
) -> Result<Changed, Failure> {
    let ask = |targets| match perform(configuration, &request(targets))? {
        Answer::Changed(changed) => Ok(changed),
        _ => Err(another_answer()),
    };
    if named.is_empty() {
        return ask(all);
    }
    let mut sum = Changed::default();
    for rows in named.chunks(MOST_TARGETS) {
        let changed = ask(Targets::Events(rows.iter().map(|row| (row.row, row.event_id.clone())).collect()))?;
        let pairs =
            [(&mut sum.ready, changed.ready), (&mut sum.unknown, changed.unknown), (&mut sum.dropped, changed.dropped)];
        for (total, part) in pairs {
            total.events += part.events;
            total.lines += part.lines;
        }
        sum.refused.extend(changed.refused);
        sum.refused_events += changed.refused_events;
    }
    Ok(sum)
}

/// How the events were given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    ByName,
    ByKind,
}

impl Asked {
    const fn of(named: &[OutboxRow]) -> Self {
        if named.is_empty() { Self::ByKind } else { Self::ByName }
    }
}

/// What was left as it is, and why. That is a failure where those events were named.
fn refusals(changed: &Changed, what: &str, asked: Asked) -> Result<(), Failure> {
    if changed.refused_events == 0 {
        return Ok(());
    }
    let mut message = format!("{} events {what}:", changed.refused_events);
    for refusal in &changed.refused {
        // Writing into a String cannot fail.
        let _ = write!(message, "\n  {}: {}", escaped(refusal.event_id.as_bytes()), refusal.why);
    }
    if changed.refused_events > changed.refused.len() as u64 {
        message.push_str("\n  …");
    }
    let mut helps: Vec<&str> = changed.refused.iter().filter_map(|refusal| refusal.help.as_deref()).collect();
    helps.sort_unstable();
    helps.dedup();
    for help in helps {
        let _ = write!(message, "\nhelp: {help}");
    }
    if asked == Asked::ByName {
        return Err(Failure::new(FAILED, message));
    }
    say(&message);
    Ok(())
}

/// Who asks: the name that the shell gives, behind sudo as well, and the user's number, which is certain.
fn operator() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let number = rustix::process::getuid().as_raw();
    name.map_or_else(|| format!("user {number}"), |name| format!("{name} (user {number})"))
}
