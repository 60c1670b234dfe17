//! `pxtail outbox list`

use std::io::{self, Write};

use super::super::arguments::OutboxListArguments;
use super::Failure;
use super::event::{Body, EventJson};
use crate::agent::AgentError;
use crate::ledger::outbox::{DAMAGED, EventState, Filter, OutboxRow, OutboxStore, StateTotal};
use crate::terminal::escaped;

/// Events are shown to people one by one, so many at most where they do not say.
const SHOWN: usize = 20;

/// Events read at once.
const PAGE: usize = 500;

/// `base_url`: where events are sent to now.
pub(super) fn run(outbox: &OutboxStore, base_url: &str, arguments: &OutboxListArguments) -> Result<(), Failure> {
    if arguments.json { list_json(outbox, arguments) } else { list(outbox, base_url, arguments) }
}

/// The events of a state, page by page, until `each` has had so many of them.
fn for_each(
    outbox: &OutboxStore,
    filter: Filter<'_>,
    limit: usize,
    mut each: impl FnMut(&OutboxRow) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut after, mut left) = (0, limit);
    while left > 0 {
        let page = outbox.page(filter, after, PAGE.min(left)).map_err(AgentError::from)?;
        let Some(last) = page.last() else { break };
        after = last.row;
        left -= page.len().min(left);
        page.iter().try_for_each(&mut each)?;
    }
    Ok(())
}

fn list_json(outbox: &OutboxStore, arguments: &OutboxListArguments) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut left = arguments.limit.unwrap_or(usize::MAX);
    for state in EventState::ALL.into_iter().filter(|state| arguments.state.is_none_or(|wanted| wanted == *state)) {
        let filter = Filter { state, metric: arguments.metric.as_deref() };
        let mut written = 0;
        for_each(outbox, filter, left, |row| {
            let line = serde_json::to_string(&EventJson::of(row, Body::Without)).map_err(io::Error::from)?;
            writeln!(out, "{line}")?;
            written += 1;
            Ok(())
        })?;
        left -= written;
    }
    Ok(out.flush()?)
}

fn list(outbox: &OutboxStore, base_url: &str, arguments: &OutboxListArguments) -> Result<(), Failure> {
    let metric = arguments.metric.as_deref();
    let totals = outbox.totals_of(metric).map_err(AgentError::from)?;
    let is_wanted = |state: EventState| arguments.state.is_none_or(|wanted| wanted == state);
    let mut out = io::stdout().lock();
    writeln!(out, "{:<8} {:>10} {:>14}", "state", "events", "lines in them")?;
    for (state, total) in totals.iter().filter(|(state, _)| is_wanted(*state)) {
        writeln!(out, "{:<8} {:>10} {:>14}", state.name(), total.events, total.lines)?;
    }
    if arguments.state.is_none() && metric.is_none() {
        removed(outbox, &mut out)?;
    }
    if is_wanted(EventState::Parked) {
        adopted(outbox, metric, &mut out)?;
    }
    let StateTotal { events, lines } = outbox.elsewhere(base_url, metric).map_err(AgentError::from)?;
    if events > 0 {
        let why = "wait for another address than the one that is configured (`outbox show` says which)";
        writeln!(out, "  {events} with {lines} lines {why}")?;
    }
    let shown = match (arguments.state, metric) {
        (Some(state), _) => vec![state],
        (None, Some(_)) => EventState::ALL.into_iter().filter(|state| *state != EventState::Sent).collect(),
        (None, None) => vec![EventState::Parked, EventState::Unknown],
    };
    for (state, total) in totals.iter().filter(|(state, total)| total.events > 0 && shown.contains(state)) {
        let limit = arguments.limit.unwrap_or(SHOWN);
        let count = usize::try_from(total.events).unwrap_or(usize::MAX).min(limit);
        writeln!(out, "\n{} events, the oldest {count} of {}:", state.name(), total.events)?;
        for_each(outbox, Filter { state: *state, metric }, limit, |row| Ok(writeln!(out, "{}", describe(row))?))?;
    }
    Ok(())
}

fn removed(outbox: &OutboxStore, out: &mut impl Write) -> Result<(), Failure> {
    let removed = outbox.removed().map_err(AgentError::from)?;
    let sum = |of: fn(&StateTotal) -> u64| removed.iter().map(|(_, total)| of(total)).sum::<u64>();
    writeln!(out, "{:<8} {:>10} {:>14}", "removed", sum(|total| total.events), sum(|total| total.lines))?;
    for (state, total) in removed.iter().filter(|(state, total)| *state == EventState::Dropped && total.events > 0) {
        writeln!(out, "  of the removed, {} with {} lines were {}", total.events, total.lines, state.name())?;
    }
    Ok(())
}

fn adopted(outbox: &OutboxStore, metric: Option<&str>, out: &mut impl Write) -> Result<(), Failure> {
    let StateTotal { events, lines } = outbox.adopted(metric).map_err(AgentError::from)?;
    if events > 0 {
        writeln!(
            out,
            "  of the parked, {events} with {lines} lines may have been sent by another ledger; `outbox retry` refuses them"
        )?;
    }
    Ok(())
}

fn describe(row: &OutboxRow) -> String {
    let OutboxRow { row: number, event_id, metric, window, revision, lines, .. } = row;
    let status = row.status.map(|status| format!(" (status {status})")).unwrap_or_default();
    let cause = match (row.cause.as_deref(), row.state) {
        (Some(cause), _) => format!("\n    {}{status}", escaped(cause.as_bytes())),
        (None, EventState::Parked | EventState::Unknown) => format!("\n    no cause was noted{status}"),
        (None, _) => String::new(),
    };
    let adopted = row.adopted.map(|_| "\n    another ledger may have sent it").unwrap_or_default();
    let is_said = row.cause.as_deref().is_some_and(|cause| cause.starts_with(DAMAGED));
    let damage =
        row.damage.filter(|_| !is_said).map(|what| format!("\n    its row is damaged: {what}")).unwrap_or_default();
    let answer = row.answer.as_deref().filter(|answer| !answer.is_empty());
    let answer = answer.map(|answer| format!("\n    PX said: {}", answer.escape_debug())).unwrap_or_default();
    let (event_id, metric) = (escaped(event_id.as_bytes()), escaped(metric.as_bytes()));
    format!(
        "  {event_id} (row #{number}) metric `{metric}`, window from {}, revision {revision}, {lines} \
         lines{cause}{adopted}{damage}{answer}",
        window.start
    )
}
