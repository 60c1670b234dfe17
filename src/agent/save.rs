//! One commit: cursors, windows and sealed events together.
//!
//! Promises: all of it or nothing; after a failure the same can be tried again, with what came since. Does not: decide
//! when; the agent's loop does.

use std::collections::HashMap;

use super::AgentError;
use super::answers::loss_total;
use super::count::Tally;
use super::files::FileMemories;
use super::plan::Plan;
use crate::aggregate::{self, Aggregator, SealingWindow};
use crate::ledger::identity::Adopted;
use crate::ledger::outbox::{EventState, NewEvent};
use crate::ledger::{Commit, Ledger, LedgerError, StoredRevision, WindowRow};
use crate::model::event::{SealedEvent, WindowId};
use crate::model::file::SourceIndex;
use crate::model::spec::Configuration;
use crate::model::time::UnixMicros;
use crate::push::wire;
use crate::tail::{Loss, Tail};

/// What a commit did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    pub windows_sealed: u64,
    pub events: u64,
    pub events_parked: u64,
}

/// Everything that is saved together.
pub struct Saving<'a> {
    pub configuration: &'a Configuration,
    pub plan: &'a Plan,
    pub ledger: &'a mut Ledger,
    pub rows: &'a mut HashMap<WindowId, WindowRow>,
    pub aggregator: &'a mut Aggregator,
    pub tail: &'a mut Tail,
    pub tally: &'a mut Tally,
    pub memories: &'a mut FileMemories,
}

impl Saving<'_> {
    /// Saves what changed, and seals `due` (from `Aggregator::sealable`).
    pub fn run(self, due: &[WindowId], now: UnixMicros) -> Result<Saved, AgentError> {
        let adopted = self.ledger.identity().adopted.clone();
        let sealer = Sealer { configuration: self.configuration, adopted, now };
        let changes = self.aggregator.commit(due);
        let mut commit = self.ledger.begin()?;
        for cursor in self.tail.changed() {
            commit.put_cursor(cursor)?;
        }
        self.memories.save(&mut commit, self.plan)?;
        for file in self.tail.forgotten() {
            commit.forget_file(file)?;
        }
        let opened = save_windows(&mut commit, &changes, self.rows)?;
        let mut saved = Saved::default();
        for window in changes.sealing() {
            sealer.seal(&mut commit, &window, self.rows, &mut saved)?;
        }
        save_tally(&mut commit, self.configuration, self.tally)?;
        save_losses(&mut commit, self.configuration, self.tail)?;
        commit.finish()?;
        changes.confirm();
        self.tail.confirm();
        self.tally.clear();
        self.rows.extend(opened);
        for id in due {
            self.rows.remove(id);
        }
        Ok(saved)
    }
}

/// Writes changed groups; gives the rows of windows that are new.
fn save_windows(
    commit: &mut Commit<'_>,
    changes: &aggregate::Commit<'_>,
    rows: &HashMap<WindowId, WindowRow>,
) -> Result<Vec<(WindowId, WindowRow)>, AgentError> {
    let mut opened = Vec::new();
    let mut state = Vec::new();
    for window in changes.changed() {
        let id = window.id();
        let row = if let Some(row) = rows.get(id) {
            *row
        } else {
            let row = commit.open_window(&window.rule().spec, id.window, id.revision, window.opened_at())?;
            opened.push((id.clone(), row));
            row
        };
        commit.put_groups(row, |writer| {
            for group in window.groups() {
                state.clear();
                group.encode_state(&mut state);
                writer.group(group.ordinal, group.key, &state)?;
            }
            Ok(())
        })?;
    }
    Ok(opened)
}

struct Sealer<'a> {
    configuration: &'a Configuration,
    /// The ledger does not know all that was sent before this: what began before it may have been sent.
    adopted: Option<Adopted>,
    now: UnixMicros,
}

impl Sealer<'_> {
    fn seal(
        &self,
        commit: &mut Commit<'_>,
        window: &SealingWindow<'_>,
        rows: &HashMap<WindowId, WindowRow>,
        saved: &mut Saved,
    ) -> Result<(), LedgerError> {
        let id = window.id();
        if let Some(row) = rows.get(id) {
            commit.remove_window(*row)?;
        }
        commit.put_revision(&StoredRevision {
            metric: id.metric.to_string(),
            window: id.window,
            last: id.revision,
            sealed: self.now,
        })?;
        for event in window.events() {
            let state = self.put_event(commit, &event)?;
            saved.events += 1;
            saved.events_parked += u64::from(state == EventState::Parked);
        }
        saved.windows_sealed += 1;
        Ok(())
    }

    fn put_event(&self, commit: &mut Commit<'_>, event: &SealedEvent) -> Result<EventState, LedgerError> {
        let rendered = wire::custom_event(event, &self.configuration.px.product_key.value);
        let adopted = self.adopted.as_ref().filter(|adopted| event.window.start < adopted.at);
        let adopted = adopted.map(|adopted| adopted.cause);
        let cause = rendered.parked.or_else(|| adopted.map(|cause| cause.why_parked().to_owned()));
        let state = match cause {
            Some(_) => EventState::Parked,
            None if self.configuration.push.hold => EventState::Held,
            None => EventState::Ready,
        };
        commit.put_event(&NewEvent {
            id: event.id,
            metric: &event.metric,
            name: &event.name,
            identify_id: event.identify_id.as_deref().unwrap_or_default(),
            date: event.date,
            window: event.window,
            revision: event.revision,
            lines: event.lines,
            base_url: &self.configuration.px.base_url.value,
            body: rendered.body.as_bytes(),
            digest: &rendered.digest,
            state,
            cause: cause.as_deref(),
            adopted,
            sealed: self.now,
        })?;
        Ok(state)
    }
}

/// Totals by source and metric: the books are re-added from these.
fn save_tally(commit: &mut Commit<'_>, configuration: &Configuration, tally: &Tally) -> Result<(), LedgerError> {
    let mut add = |name: String, by: u64| if by == 0 { Ok(()) } else { commit.add_counter(&name, by) };
    for (source, tally) in configuration.sources.iter().zip(&tally.sources) {
        add(format!("source/{}/lines", source.name), tally.lines)?;
        add(format!("source/{}/bytes", source.name), tally.bytes)?;
        add(format!("source/{}/unmatched", source.name), tally.unmatched)?;
        add(format!("source/{}/skipped", source.name), tally.skipped)?;
        add(format!("source/{}/joined", source.name), tally.joined)?;
        add(format!("source/{}/dropped", source.name), tally.dropped)?;
        add(format!("source/{}/multiline_cut", source.name), tally.cut)?;
        for (pattern, matched) in source.patterns.iter().zip(&tally.matched) {
            add(format!("source/{}/pattern/{}/matched", source.name, pattern.value), *matched)?;
        }
    }
    for (metric, tally) in configuration.metrics.iter().zip(&tally.metrics) {
        add(format!("metric/{}/accepted", metric.name), tally.accepted())?;
        for (name, by) in tally.named() {
            add(format!("metric/{}/{name}", metric.name), by)?;
        }
    }
    Ok(())
}

/// What was left out, with the cursors that moved past it.
fn save_losses(commit: &mut Commit<'_>, configuration: &Configuration, tail: &Tail) -> Result<(), LedgerError> {
    for (index, source) in (0..).map(SourceIndex).zip(&configuration.sources) {
        for Loss { reason, lines, bytes, files } in tail.uncommitted_losses(index) {
            for (unit, by) in
                [("lines", lines), ("bytes", bytes), ("files", files)].into_iter().filter(|(_, by)| *by > 0)
            {
                commit.add_counter(&loss_total(&source.name, reason, unit), by)?;
            }
        }
    }
    Ok(())
}
