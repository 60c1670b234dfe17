//! `pxtail outbox show`

use std::io::{self, Write};

use super::super::arguments::OutboxShowArguments;
use super::body::indented;
use super::event::{Body, EventJson};
use super::{Failure, find};
use crate::ledger::outbox::{OutboxRow, OutboxStore};
use crate::model::time::UnixMicros;
use crate::terminal::escaped;

pub(super) fn run(outbox: &OutboxStore, arguments: &OutboxShowArguments) -> Result<(), Failure> {
    let row = find(outbox, &arguments.event)?;
    let mut out = io::stdout().lock();
    if arguments.json {
        let line = serde_json::to_string(&EventJson::of(&row, Body::With)).map_err(io::Error::from)?;
        return Ok(writeln!(out, "{line}")?);
    }
    for (name, value) in facts(&row) {
        writeln!(out, "{name:<12} {}", escaped(value.as_bytes()))?;
    }
    writeln!(out, "body, as PX gets it:")?;
    match std::str::from_utf8(&row.body) {
        Ok(text) => indented(text).lines().try_for_each(|line| writeln!(out, "{}", escaped(line.as_bytes())))?,
        Err(_) => writeln!(out, "{}", escaped(&row.body))?,
    }
    Ok(())
}

fn facts(row: &OutboxRow) -> Vec<(&'static str, String)> {
    let time = |time: Option<UnixMicros>| time.map(|time| time.to_string());
    let mut facts = vec![("event", row.event_id.clone()), ("row", format!("#{}", row.row))];
    let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add("state", Some(row.state.name().to_owned()));
    add("cause", row.cause.clone());
    add("adopted", row.adopted.map(|cause| format!("{}: {}", cause.name(), cause.why_parked())));
    add("doubt", row.doubt.text().map(str::to_owned));
    add("damage", row.damage.map(str::to_owned));
    add("metric", Some(row.metric.clone()));
    add("event name", Some(row.name.clone()));
    add("user", Some(row.identify_id.clone()));
    add("date", Some(row.date.to_string()));
    add("window", Some(format!("{} to {}, revision {}", row.window.start, row.window.end, row.revision)));
    add("lines", Some(row.lines.to_string()));
    add("sealed", Some(row.sealed.to_string()));
    add("attempts", Some(attempts(row)));
    add("last attempt", time(row.attempted));
    add("last change", time(row.settled));
    add("status", row.status.map(|status| status.to_string()));
    add("PX said", row.answer.clone().filter(|answer| !answer.is_empty()));
    add("goes to", Some(row.base_url.clone()));
    add("digest", Some(row.digest.clone()));
    facts
}

fn attempts(row: &OutboxRow) -> String {
    match row.unanswered {
        Some(0) | None => row.attempts.to_string(),
        Some(unanswered) => format!("{}, of which {unanswered} had no answer", row.attempts),
    }
}
