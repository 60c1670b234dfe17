//! What the agent tells its log: once per change, never a raw line above debug.

use std::collections::{BTreeMap, HashMap};
use std::mem::discriminant;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::count::{Tally, UnmatchedLine, meaning};
use super::drift::DriftChange;
use super::plan::{Plan, SourcePlan};
use super::quotas::{Held, Quotas};
use super::save::Saved;
use crate::ledger::{Ledger, Mended};
use crate::model::file::SourceIndex;
use crate::model::spec::Configuration;
use crate::push::PushObserver;
use crate::push::observe::{Call, Code, Health, Settled};
use crate::push::outbox::ParkCause;
use crate::tail::wake::Hints;
use crate::tail::{ScanReport, Tail, What};
use crate::telemetry::DeliveryWatch;

/// What may come with every line is said at most so often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// When something was said last.
#[derive(Clone, Copy, Debug, Default)]
struct Said(Option<Instant>);

impl Said {
    fn is_recent(self) -> bool {
        self.0.is_some_and(|said| said.elapsed() < SAY_EVERY)
    }

    fn now() -> Self {
        Self(Some(Instant::now()))
    }
}

/// Keeps the log short.
#[derive(Debug, Default)]
pub struct LogNotes {
    /// Of what a scan found: the usual course of things, and what an operator should look at.
    usual: Quotas,
    warnings: Quotas,
    trouble: Option<String>,
    unmatched: HashMap<String, Unmatched>,
    /// The first scan was looked at: which sources have no file yet.
    sources_said: bool,
    /// Values that did not fit their type, as they were said last.
    invalid: HashMap<(String, String), u64>,
    invalid_said: Said,
    /// Lines that came to nothing since this was said last, by metric and reason.
    refused: BTreeMap<(String, &'static str), u64>,
    refused_said: Said,
    /// Lines over the limit, as they were said last.
    oversized: u64,
    hints: Option<Hints>,
    hints_said: Said,
}

/// What becomes of lines in the usual course of things.
const USUAL: [&str; 3] = ["counted", "late", "condition"];

#[derive(Debug, Default)]
struct Unmatched {
    lines: u64,
    said: Said,
}

impl LogNotes {
    /// Who starts, and what was wrong with its ledger.
    pub fn start(ledger: &Ledger) {
        let identity = ledger.identity();
        tracing::info!(agent = %identity.agent, ledger = %ledger.path().display(), "pxtail {} starts", env!("CARGO_PKG_VERSION"));
        if let Some(Mended { damage, story, parked }) = ledger.mended() {
            tracing::error!(
                parked,
                "the ledger was damaged: {damage}. In its place: {story}. What it does not know may have been sent already: events \
                 that waited are parked, and windows that began before now are parked when they seal; see `pxtail outbox list`"
            );
        }
        if let (Some(adopted), None) = (&identity.adopted, ledger.mended()) {
            let why = adopted.cause.why_parked();
            tracing::info!("windows that began before {} are parked when they seal: {why}", adopted.at);
        }
        if let Some(parked) = identity.newly_parked {
            tracing::warn!(
                parked,
                "this ledger was made on another machine: it has a new agent id, and what waited to be sent is parked"
            );
        }
    }

    /// What a scan found: with thousands of files, a few of each kind, then how many more.
    pub fn scan(&mut self, report: &ScanReport) {
        let now = Instant::now();
        for (kind, Held { count, last }) in self.usual.due(now) {
            tracing::info!("{count} more {kind} in the last minute, the last: {last}");
        }
        for (kind, Held { count, last }) in self.warnings.due(now) {
            tracing::warn!("{count} more {kind} in the last minute, the last: {last}");
        }
        for note in &report.notes {
            // One for each known file at each start.
            if matches!(note.what, What::Resumed { .. }) {
                tracing::debug!("{note}");
            } else if note.is_warning() {
                if self.warnings.allows(note.kind(), now, || note.to_string()) {
                    tracing::warn!("{note}");
                }
            } else if self.usual.allows(note.kind(), now, || note.to_string()) {
                tracing::info!("{note}");
            }
        }
        for (kind, Held { count, last }) in self.usual.many() {
            tracing::info!("{count} more {kind}, the last: {last}");
        }
        for (kind, Held { count, last }) in self.warnings.many() {
            tracing::warn!("{count} more {kind}, the last: {last}");
        }
    }

    /// Counted first, said once a minute at most.
    pub fn unmatched(&mut self, plan: &mut SourcePlan, path: &Path, found: UnmatchedLine<'_>) {
        tracing::debug!(line = %found.line.escape_ascii(), "not matched: {}", found.mismatch);
        if let Some(known) = self.unmatched.get_mut(&plan.name) {
            known.lines += 1;
            if known.said.is_recent() {
                return;
            }
        }
        let why = plan.explain_discreetly(&found);
        let known = self.unmatched.entry(plan.name.clone()).or_insert(Unmatched { lines: 1, ..Unmatched::default() });
        tracing::warn!(
            "source `{}`: {} lines do not match {}, the last in {}: {}; try `pxtail dry-run` on the file",
            plan.name,
            known.lines,
            plan.pattern_names(),
            path.display(),
            why,
        );
        *known = Unmatched { lines: 0, said: Said::now() };
    }

    /// A source's match rate fell below its threshold, or came back.
    pub fn drift(configuration: &Configuration, change: &DriftChange) {
        let Some(source) = configuration.sources.get(change.source) else { return };
        let DriftChange { rate, rate_day, records, .. } = change;
        let (rate, rate_day, least) = (rate * 100.0, rate_day * 100.0, source.min_match_rate * 100.0);
        if change.is_drift {
            tracing::warn!(
                "source `{}`: {rate:.0} % of the last 5 minutes' {records} records match, less than `min_match_rate` ({least:.0} %); in the \
                 last 24 hours it was {rate_day:.0} %: the log's format may have changed, `pxtail status` shows a line",
                source.name
            );
        } else {
            tracing::info!(
                "source `{}`: {rate:.0} % of the last 5 minutes' {records} records match again",
                source.name
            );
        }
    }

    /// After the first scan: sources without a file, which may be a slip in `paths`.
    pub fn sources(&mut self, configuration: &Configuration, tail: &Tail) {
        if std::mem::replace(&mut self.sources_said, true) {
            return;
        }
        let files = tail.status();
        for (index, source) in (0..).map(SourceIndex).zip(&configuration.sources) {
            if !files.iter().any(|file| file.source == index) {
                let paths: Vec<&str> = source.paths.iter().map(|path| path.value.as_str()).collect();
                tracing::warn!("source `{}`: no file is there yet that matches {}", source.name, paths.join(", "));
            }
        }
    }

    /// Values that do not fit their field's type are left out of sums: said when there are more, once a minute at most.
    pub fn invalid_fields(&mut self, plan: &Plan) {
        if self.invalid_said.is_recent() {
            return;
        }
        for source in &plan.sources {
            for (pattern, field, count) in source.invalid_fields() {
                let said = self.invalid.entry((source.name.clone(), format!("{pattern}.{field}"))).or_default();
                if count > *said {
                    tracing::warn!(
                        "source `{}`: {} values of field `{field}` do not fit the type that pattern `{pattern}` gives it, and are left out",
                        source.name,
                        count - *said,
                    );
                    *said = count;
                    self.invalid_said = Said::now();
                }
            }
        }
    }

    /// Lines that no window took, by reason: said once a minute at most. Those that a condition leaves out are meant to be.
    pub fn refused(&mut self, configuration: &Configuration, tally: &Tally) {
        for (metric, tally) in configuration.metrics.iter().zip(&tally.metrics) {
            for (reason, lines) in tally.named().filter(|(reason, lines)| *lines > 0 && !USUAL.contains(reason)) {
                *self.refused.entry((metric.name.clone(), reason)).or_default() += lines;
            }
        }
        if self.refused.is_empty() || self.refused_said.is_recent() {
            return;
        }
        for ((metric, reason), lines) in std::mem::take(&mut self.refused) {
            tracing::warn!("metric `{metric}`: {lines} lines not counted as usual: {reason}: {}", meaning(reason));
        }
        self.refused_said = Said::now();
    }

    /// Lines over `tail.max_line_bytes`, which were dropped.
    pub fn oversized(&mut self, dropped: u64) {
        if dropped > self.oversized {
            tracing::warn!("lines longer than `tail.max_line_bytes`, dropped: {}", dropped - self.oversized);
            self.oversized = dropped;
        }
    }

    /// Whether file events come: said when that changes, once a minute at most. How many directories they come from changes
    /// with every new one.
    pub fn hints(&mut self, hints: Hints) {
        // A busy log is no news.
        if hints == Hints::Paused {
            return;
        }
        let is_same = self.hints.as_ref().is_some_and(|said| discriminant(said) == discriminant(&hints));
        if is_same || self.hints_said.is_recent() {
            return;
        }
        match &hints {
            Hints::Off | Hints::From(_) if self.hints.is_none() => {}
            _ => {
                tracing::info!("{hints}");
                self.hints_said = Said::now();
            }
        }
        self.hints = Some(hints);
    }

    /// Trouble with the state directory: said when it begins and when it changes.
    pub fn trouble(&mut self, text: &str) {
        if self.trouble.as_deref() != Some(text) {
            tracing::error!("reading stops until this is mended, nothing is lost: {text}");
            self.trouble = Some(text.to_owned());
        }
    }

    /// What keeps the agent from saving.
    pub fn current_trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    pub fn recovered(&mut self) {
        if self.trouble.take().is_some() {
            tracing::info!("the state directory works again: reading goes on");
        }
    }

    pub fn outbox_full(waiting: Option<u64>, limit: u64) {
        if let Some(waiting) = waiting {
            tracing::error!(
                "{waiting} events wait in the outbox (`push.outbox_max_events` is {limit}): reading stops until some are \
                 sent; the logs keep what is not read"
            );
        } else {
            tracing::info!("the outbox has room again: reading goes on");
        }
    }

    pub fn sealed(saved: &Saved) {
        if saved.windows_sealed > 0 {
            let Saved { windows_sealed, events, events_parked } = saved;
            tracing::info!("sealed {windows_sealed} windows: {events} events, {events_parked} of them parked");
        }
    }
}

/// Push's health, for `--once`, which waits for it, and for the status; and how unknown outcomes were settled.
pub struct Observer(pub Arc<DeliveryWatch>);

impl PushObserver for Observer {
    fn request(&self, _: Call, _: Code) {}

    fn sent(&self) {}

    fn parked(&self, _: ParkCause) {}

    fn unknown(&self) {
        self.0.count_unknown();
    }

    fn settled(&self, how: Settled) {
        self.0.count_settled(how.as_str());
    }

    fn health(&self, health: &Health) {
        self.0.set_trouble(match health {
            Health::Good => None,
            Health::Failing { message, .. } => Some(message.clone()),
        });
    }
}
