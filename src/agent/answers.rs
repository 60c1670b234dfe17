//! What the running agent answers on its control socket.
//!
//! Promises: asking never stops counting; a status is made by the counting thread, when one is asked for. Does not: know how
//! a status is shown.

use std::collections::HashMap;
use std::sync::Arc;

use super::drift::DriftWatch;
use super::errands::perform;
use crate::ledger::outbox::{OutboxStore, POSSIBLY_REPEATED};
use crate::ledger::{Ledger, LedgerError, copies};
use crate::model::file::SourceIndex;
use crate::model::spec::Configuration;
use crate::model::time::{Clock, UnixMicros};
use crate::tail::wake::Poker;
use crate::tail::{Loss, NotRead, Survey, Tail};
use crate::telemetry::control::{Answer, ControlSocket, Request};
use crate::telemetry::metrics::prometheus;
use crate::telemetry::status::{
    AdoptedStatus, DeliveryStatus, FilesStatus, LedgerStatus, LossStatus, NotReadStatus, SourceStatus, Status,
};
use crate::telemetry::{DeliveryWatch, Detail, StatusBoard};
use crate::terminal;

/// Files shown of each kind, where few are asked for.
const FEW: usize = 3;

/// The control socket is a convenience: without it the agent still does its work.
pub fn listen(
    configuration: &Configuration,
    ledger: &Ledger,
    board: &Arc<StatusBoard>,
    poker: Poker,
    clock: &Arc<dyn Clock>,
) -> Option<ControlSocket> {
    let clock = Arc::clone(clock);
    let path = ledger.path().to_owned();
    let board = Arc::clone(board);
    let ask = move |detail| board.ask(detail, || poker.poke());
    let answer = move |request| match request {
        Request::Status { files } => Answer::Status(Box::new(ask(files))),
        Request::Metrics => Answer::Metrics { text: prometheus(&ask(Detail::Few)) },
        errand => {
            let done = OutboxStore::open(&path).map(|mut outbox| perform(&mut outbox, &errand, clock.now()));
            match done {
                Ok(Some(answer)) => answer,
                Ok(None) => Answer::Failed { message: "this cannot be asked for".to_owned() },
                Err(err) => Answer::Failed { message: err.to_string() },
            }
        }
    };
    ControlSocket::listen(&configuration.agent.socket, answer)
        .inspect_err(|err| {
            let path = configuration.agent.socket.display();
            tracing::warn!(
                "{path}: the control socket cannot be made, `pxtail outbox` will not reach this agent: {err}"
            );
        })
        .ok()
}

/// What was known when the agent started.
pub struct Answers {
    started: UnixMicros,
    /// Committed totals of what was left out, by name.
    before: HashMap<String, u64>,
    delivery: Arc<DeliveryWatch>,
}

/// What a status is made of.
pub struct Asked<'a> {
    pub ledger: &'a Ledger,
    pub tail: &'a Tail,
    pub drift: &'a mut DriftWatch,
    /// Why nothing can be saved.
    pub trouble: Option<&'a str>,
    pub hints: String,
    pub now: UnixMicros,
}

/// The name of a total in the ledger.
pub fn loss_total(source: &str, reason: &str, unit: &str) -> String {
    format!("source/{source}/lost/{reason}/{unit}")
}

impl Answers {
    pub fn new(ledger: &Ledger, delivery: &Arc<DeliveryWatch>, started: UnixMicros) -> Result<Self, LedgerError> {
        Ok(Self { started, before: ledger.counters()?, delivery: Arc::clone(delivery) })
    }

    /// The status as of now.
    pub fn status(&self, asked: Asked<'_>, detail: Detail) -> Status {
        let Asked { ledger, tail, drift, trouble, hints, now } = asked;
        let most = if detail == Detail::All { usize::MAX } else { FEW };
        let of_source = |(index, lines): (u32, SourceStatus)| {
            let index = SourceIndex(index);
            let files = files(tail.survey(index, most, now), now);
            let losses = self.losses(&lines.name, tail.counters_of(index).losses());
            SourceStatus { files, losses, ..lines }
        };
        Status {
            at: now.to_string(),
            started: self.started.to_string(),
            hints,
            ledger: ledger_status(ledger, trouble),
            delivery: delivery_status(ledger, &self.delivery),
            sources: (0..).zip(drift.status()).map(of_source).collect(),
        }
    }

    fn losses(&self, source: &str, since_start: impl IntoIterator<Item = Loss>) -> Vec<LossStatus> {
        let before = |reason, unit| self.before.get(&loss_total(source, reason, unit)).copied().unwrap_or(0);
        let total = |Loss { reason, lines, bytes, files }| LossStatus {
            reason: reason.to_owned(),
            lines: before(reason, "lines") + lines,
            bytes: before(reason, "bytes") + bytes,
            files: before(reason, "files") + files,
        };
        since_start.into_iter().map(total).collect()
    }
}

fn ledger_status(ledger: &Ledger, trouble: Option<&str>) -> LedgerStatus {
    let identity = ledger.identity();
    let adopted = identity.adopted.as_ref().map(|adopted| AdoptedStatus {
        at: adopted.at.to_string(),
        cause: adopted.cause.name().to_owned(),
        story: adopted.story.clone(),
    });
    LedgerStatus {
        agent_id: identity.agent.to_string(),
        trouble: trouble.map(str::to_owned),
        copied: copies::newest_made(ledger.path()).map(|made| made.to_string()),
        adopted,
    }
}

fn delivery_status(ledger: &Ledger, delivery: &DeliveryWatch) -> DeliveryStatus {
    let unknown = delivery.unknown();
    // Where the ledger cannot be read, its own status says so.
    let counters = ledger.counters().unwrap_or_default();
    DeliveryStatus {
        trouble: delivery.trouble(),
        unknown: unknown.attempts,
        settled: unknown.settled.into_iter().map(|(how, count)| (how.to_owned(), count)).collect(),
        possibly_repeated: counters.get(POSSIBLY_REPEATED).copied().unwrap_or_default(),
    }
}

fn files(survey: Survey, now: UnixMicros) -> FilesStatus {
    FilesStatus {
        states: survey.states.into_iter().map(|(state, count)| (state.to_owned(), count)).collect(),
        lag_bytes: survey.lag_bytes,
        lag_seconds: survey.lag.as_secs_f64(),
        not_read: survey.not_read.into_iter().map(|file| not_read(&file, now)).collect(),
        left_out: survey.left_out,
    }
}

fn not_read(file: &NotRead, now: UnixMicros) -> NotReadStatus {
    let shown = |path: &std::path::Path| terminal::escaped(path.as_os_str().as_encoded_bytes());
    NotReadStatus {
        state: file.state.to_owned(),
        path: shown(&file.path),
        why: file.why.clone(),
        of: file.of.as_deref().map(shown),
        since: file.since.map(|since| since.to_string()),
        seconds: file.since.map(|since| now.since(since).as_secs()),
        lag_bytes: file.lag_bytes,
    }
}
