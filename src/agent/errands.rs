//! What an operator asks to be done in the outbox, whether an agent runs or not.
//!
//! Promises: the same request does the same through the control socket and under the state lock, and is in the log. Does not:
//! decide which events may be tried again; the ledger does.

use crate::ledger::outbox::{self, Errand, EventState, Filter, OutboxStore, StateTotal};
use crate::ledger::{LedgerError, outbox::Refused};
use crate::model::time::UnixMicros;
use crate::telemetry::control::{Amount, Answer, Assertion, Changed, Refusal, Request, Targets};

/// Does it; `None` for what is no errand.
pub fn perform(outbox: &mut OutboxStore, request: &Request, now: UnixMicros) -> Option<Answer> {
    let done = match request {
        Request::OutboxRelease => outbox.release().map(|events| Answer::Released { events }),
        Request::OutboxRetry { events, assertion, by } => {
            let assertion = match assertion {
                Assertion::Nothing => outbox::Assertion::Nothing,
                Assertion::OtherLedgerSentNothing => outbox::Assertion::OtherLedgerSentNothing,
            };
            with_targets(events, |targets| outbox.retry(targets, assertion, by, now))
        }
        Request::OutboxDrop { events, by } => with_targets(events, |targets| outbox.discard(targets, by, now)),
        Request::Status { .. } | Request::Metrics => return None,
    };
    note(request, &done);
    Some(done.unwrap_or_else(|err| Answer::Failed { message: err.to_string() }))
}

fn with_targets(
    targets: &Targets,
    errand: impl FnOnce(outbox::Targets<'_>) -> Result<Errand, LedgerError>,
) -> Result<Answer, LedgerError> {
    let done = match targets {
        Targets::Events(events) => errand(outbox::Targets::Events(events))?,
        Targets::All { state, metric } => {
            let Some(state) = EventState::ALL.into_iter().find(|known| known.name() == state) else {
                return Ok(Answer::Failed { message: format!("there is no state `{state}`") });
            };
            errand(outbox::Targets::All(Filter { state, metric: metric.as_deref() }))?
        }
    };
    Ok(Answer::Changed(changed(done)))
}

fn changed(done: Errand) -> Changed {
    let amount = |total: StateTotal| Amount { events: total.events, lines: total.lines };
    let refusal = |refusal: outbox::Refusal| {
        let (why, help) = Refused::text(refusal.why);
        Refusal { event_id: refusal.event_id, why: why.to_owned(), help: help.map(str::to_owned) }
    };
    Changed {
        ready: amount(done.ready),
        unknown: amount(done.unknown),
        dropped: amount(done.dropped),
        refused: done.refused.into_iter().map(refusal).collect(),
        refused_events: done.refused_events,
    }
}

/// Who changed what, for whoever reads the log later.
fn note(request: &Request, done: &Result<Answer, LedgerError>) {
    let (Request::OutboxRetry { by, .. } | Request::OutboxDrop { by, .. }) = request else { return };
    if let Ok(Answer::Changed(Changed { ready, unknown, dropped, refused_events, .. })) = done {
        let by = crate::terminal::escaped(by.as_bytes());
        tracing::info!(
            ready = ready.events,
            unknown = unknown.events,
            dropped = dropped.events,
            lines_dropped = dropped.lines,
            refused = refused_events,
            "the outbox was changed by {by}"
        );
    }
}

#[cfg(test)]
mod tests;
