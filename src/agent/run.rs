//! The agent's loop: scan, read, count, commit, sleep.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::AgentError;
use super::answers::{self, Answers, Asked};
use super::copying::Copying;
use super::count::{ChunkCount, Counting, Lines, Now, Tally};
use super::delivery::Delivery;
use super::drift::DriftWatch;
use super::files::FileMemories;
use super::handles;
use super::housekeeping::{HOUSEKEEPING, forget_revisions, remove_settled};
use super::plan::{self, Plan};
use super::restore;
use super::save::{Saved, Saving};
use super::signals::{StopFlag, Stopping};
use super::timers::{Began, Timers};
use super::watching::{LogNotes, Observer};
use crate::aggregate::{Aggregator, Rule};
use crate::ledger::outbox::OutboxStore;
use crate::ledger::{Ledger, WindowRow};
use crate::model::event::WindowId;
use crate::model::file::{FileId, SourceIndex};
use crate::model::record::MetricIndex;
use crate::model::spec::Configuration;
use crate::model::time::{Clock, UnixMicros};
use crate::parse::record::{Flush, Seen};
use crate::push::PushSettings;
use crate::tail::wake::{Waker, Woken};
use crate::tail::{Reach, Tail, TailSource};
use crate::telemetry::{DeliveryWatch, StatusBoard};

/// How long the agent runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Until it is stopped.
    Follow,
    /// Reads every file to its end, seals what is due, sends what is sealed, ends.
    Once,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    pub lines: u64,
    pub unmatched: u64,
    pub windows_sealed: u64,
    pub events_sealed: u64,
    pub open_windows: usize,
    /// Events that still wait, with what keeps them: only [`Mode::Once`] fills it.
    pub waiting: u64,
    pub trouble: Option<String>,
}

/// A commit may take at most this part of the time: after one that took long, the next one waits longer.
const COMMIT_SHARE: u32 = 10;

/// However long commits take, what is counted is saved at least so often.
const LONGEST_COMMIT_INTERVAL: Duration = Duration::from_secs(30);

/// After a failed commit, until it is tried again.
const RETRY_COMMIT: Duration = Duration::from_secs(2);

/// How often the outbox is counted.
const OUTBOX_CHECK: Duration = Duration::from_secs(5);

/// The longest timeout of records for which `--once` waits at the end of the logs.
const ONCE_FOR_RECORDS: Duration = Duration::from_secs(10);

/// How long `--once` waits for trouble with PX to pass.
const ONCE_PATIENCE: Duration = Duration::from_secs(20);

/// 2026-01-01: this program is younger, so an earlier clock is wrong.
const EARLIEST_NOW: UnixMicros = UnixMicros::from_seconds(1_767_225_600);

/// How long a stop reads deleted files: it has to be done within five seconds.
const LONGEST_LAST_READ: Duration = Duration::from_secs(2);

/// Without hints or lines, windows still have to seal: the loop looks at least so often.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Runs the agent until it ends, or until its ledger is found to be damaged. `damage`: what the run before this one met.
pub(super) fn run_once(
    configuration: &Configuration,
    mode: Mode,
    clock: &Arc<dyn Clock>,
    stopping: &mut Stopping,
    damage: Option<&str>,
) -> Result<RunReport, AgentError> {
    // Every fault is shown before anything on disk is touched.
    let mut plan = plan::build(configuration, &[])?;
    wait_for_a_sane_clock(clock.as_ref());
    let mut ledger = Ledger::open_after(damage, &configuration.agent.state_dir, clock.now())?;
    LogNotes::start(&ledger);
    let (aggregator, rows) = restore::aggregator(&ledger, &configuration.metrics)?;
    if !aggregator.other_rules().is_empty() {
        plan = plan::build(configuration, aggregator.other_rules())?;
    }
    for other in aggregator.other_rules() {
        let name = &other.rule.spec.name;
        tracing::info!("metric `{name}` was changed: windows that are open keep the rule they were opened with");
    }
    let (cursors, next_file) = ledger.cursors()?;
    let memories = FileMemories::restore(&ledger, configuration, &plan, &cursors)?;
    let sources =
        (0..).map(SourceIndex).zip(&configuration.sources).map(|(index, spec)| TailSource::new(index, spec)).collect();
    let tail_spec = handles::within_limit(&configuration.tail, configuration.push.concurrency);
    let tail = super::delays::with(Tail::new(&tail_spec, sources, cursors, next_file)?)?;
    let waker = Waker::new(configuration.tail.wake);
    let stop = stopping.watch(waker.poker())?;
    let watch = Arc::new(DeliveryWatch::default());
    let delivery = start_delivery(configuration, &ledger, clock, &watch)?;
    let board = Arc::new(StatusBoard::default());
    let drift = DriftWatch::new(configuration);
    let _control = answers::listen(configuration, &ledger, &board, waker.poker(), clock);
    forget_revisions(&mut ledger, clock.now())?;
    let copying = Copying::new(ledger.path(), configuration.agent.copy_interval, clock.now());
    let mut agent = Agent {
        configuration,
        copying,
        answers: Answers::new(&ledger, &watch, clock.now())?,
        clock: Arc::clone(clock),
        own_times: HashMap::new(),
        memories,
        drift,
        board,
        tally: Tally::new(configuration),
        notes: LogNotes::default(),
        report: RunReport::default(),
        timers: Timers::starting_now(),
        outbox_is_full: false,
        ledger,
        rows,
        aggregator,
        plan,
        tail,
        waker,
        stop,
    };
    let ended = agent.work(mode, &delivery, &watch);
    delivery.stop()?;
    ended?;
    agent.report.open_windows = agent.aggregator.open_windows();
    Ok(agent.report)
}

/// With a clock that was not set since boot, every line would be too far ahead, and dropped.
fn wait_for_a_sane_clock(clock: &dyn Clock) {
    if clock.now() >= EARLIEST_NOW {
        return;
    }
    tracing::warn!("the clock says {}: waiting until it is set", clock.now());
    while clock.now() < EARLIEST_NOW {
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn start_delivery(
    configuration: &Configuration,
    ledger: &Ledger,
    clock: &Arc<dyn Clock>,
    watch: &Arc<DeliveryWatch>,
) -> Result<Delivery, AgentError> {
    let outbox = OutboxStore::open(ledger.path())?;
    let settings = PushSettings::new(&configuration.px, &configuration.push);
    Delivery::start(outbox, settings, Arc::clone(clock), Arc::new(Observer(Arc::clone(watch))))
}

struct Agent<'a> {
    configuration: &'a Configuration,
    clock: Arc<dyn Clock>,
    ledger: Ledger,
    rows: HashMap<WindowId, WindowRow>,
    aggregator: Aggregator,
    plan: Plan,
    tail: Tail,
    waker: Waker,
    stop: StopFlag,
    /// Each file's newest event time.
    own_times: HashMap<FileId, UnixMicros>,
    memories: FileMemories,
    drift: DriftWatch,
    board: Arc<StatusBoard>,
    tally: Tally,
    notes: LogNotes,
    report: RunReport,
    timers: Timers,
    copying: Copying,
    answers: Answers,
    outbox_is_full: bool,
}

/// Whether a round found anything to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Busy,
    Idle,
}

impl Agent<'_> {
    fn work(&mut self, mode: Mode, delivery: &Delivery, watch: &DeliveryWatch) -> Result<(), AgentError> {
        let patience = self.patience_for_records();
        let mut read_all: Option<Instant> = None;
        loop {
            let round = self.round()?;
            delivery.damage().map_or(Ok(()), Err)?;
            self.copying.tend()?;
            self.answer();
            // Push ends by itself only when it cannot start; stopping it tells why.
            if self.stop.is_set() || delivery.has_ended() {
                self.read_deleted();
                return self.commit(Sealing::Not).map(|_| ());
            }
            match (round, mode) {
                (Round::Busy, _) => {}
                (Round::Idle, Mode::Follow) => self.sleep(),
                (Round::Idle, Mode::Once)
                    if self.memories.waiting().next().is_some()
                        && read_all.get_or_insert_with(Instant::now).elapsed() < patience =>
                {
                    self.sleep();
                }
                (Round::Idle, Mode::Once) => {
                    self.read_deleted();
                    self.commit(Sealing::Due)?;
                    return self.drain(delivery, watch);
                }
            }
        }
    }

    /// How long a run that ends waits for last records: as long as the longest timeout that it can wait for, and the reads
    /// that must find nothing more after it.
    fn patience_for_records(&self) -> Duration {
        let timeouts = self.plan.sources.iter().filter_map(|source| Some(source.records.as_ref()?.timeout()));
        let reads = self.configuration.tail.poll_interval * 2;
        timeouts.filter(|timeout| *timeout <= ONCE_FOR_RECORDS).max().map_or(Duration::ZERO, |timeout| timeout + reads)
    }

    /// Scans when it is time, reads for one commit interval at most, commits when it is time.
    fn round(&mut self) -> Result<Round, AgentError> {
        if Instant::now() >= self.timers.scan || (self.tail.has_moved_files() && self.timers.may_scan()) {
            self.look_around();
        }
        self.check_outbox()?;
        let round = if self.outbox_is_full { Round::Idle } else { self.read() };
        if Instant::now() >= self.timers.commit && self.commit_until_it_works()? == Round::Busy {
            return Ok(Round::Busy);
        }
        Ok(round)
    }

    /// Scans, if there may be anything new.
    fn look_around(&mut self) {
        let began = Began::now();
        if self.tail.is_scan_wanted(self.clock.now()) {
            let report = self.tail.scan(self.clock.now());
            self.notes.scan(&report);
            self.notes.sources(self.configuration, &self.tail);
            self.waker.watch(self.tail.watched());
        }
        self.notes.hints(self.waker.hints());
        self.timers.scanned_since(&began, self.configuration.tail.scan_interval);
    }

    /// Reads and counts until there is nothing left or a commit is due.
    fn read(&mut self) -> Round {
        let mut lines = 0;
        loop {
            let now = self.clock.now();
            let Some(chunk) = self.tail.read(now) else { return if lines > 0 { Round::Busy } else { Round::Idle } };
            let Self { plan, aggregator, tally, notes, drift, memories, own_times, .. } = self;
            let Some(source) = plan.sources.get_mut(chunk.source.0 as usize) else { continue };
            let memory = memories.of_chunk(source, &chunk);
            let lines_of_chunk = Lines {
                source: chunk.source,
                bytes: chunk.bytes,
                first_number: 0,
                seen: Seen { now, complete_until: chunk.complete_until },
            };
            let mut counting = Counting { plan, aggregator, tally, now: Now::Clock(now) };
            let counted = counting.chunk(&lines_of_chunk, memory, |plan, found| {
                drift.unmatched(chunk.source, plan, &found);
                notes.unmatched(plan, chunk.path, found);
            });
            memories.counted(chunk.file);
            note_own_time(own_times, chunk.file, counted);
            lines += counted.lines;
            self.report.lines += counted.lines;
            let due = Instant::now();
            if lines >= self.configuration.agent.commit_lines {
                self.timers.commit = due;
            }
            if due >= self.timers.commit || due >= self.timers.scan || self.stop.is_set() {
                return Round::Busy;
            }
        }
    }

    /// Reads deleted files to their end, before a stop: nobody can read them after it.
    fn read_deleted(&mut self) {
        self.tail.stop();
        let began = Instant::now();
        while began.elapsed() < LONGEST_LAST_READ && self.read() == Round::Busy {}
    }

    /// Counts lines that waited for more of their record: it comes no more, since their file is at its end for good or
    /// nothing came for long enough.
    fn flush(&mut self, now: UnixMicros) {
        let Self { plan, aggregator, tally, notes, drift, memories, own_times, tail, .. } = self;
        for file in memories.waiting().collect::<Vec<_>>() {
            let reach = tail.reach(file);
            let flush = match reach {
                Some(Reach { is_finished: false, caught_up_at: None, .. }) => continue,
                Some(Reach { is_finished: false, caught_up_at: Some(read_at), .. }) => Flush::Due { read_at, now },
                Some(Reach { is_finished: true, .. }) | None => Flush::All,
            };
            let path = reach.map_or(Path::new(""), |reach| reach.path);
            let Some((source, memory)) = memories.get_mut(file) else { continue };
            let mut counting = Counting { plan, aggregator, tally, now: Now::Clock(now) };
            let counted = counting.flush(source, flush, memory, |plan, found| {
                drift.unmatched(source, plan, &found);
                notes.unmatched(plan, path, found);
            });
            if let Some(counted) = counted {
                note_own_time(own_times, file, counted);
            }
            memories.counted(file);
        }
    }

    /// Waiting events beyond the limit stop reading: the logs keep what the outbox cannot.
    fn check_outbox(&mut self) -> Result<(), AgentError> {
        if Instant::now() < self.timers.outbox {
            return Ok(());
        }
        self.timers.outbox = Instant::now() + OUTBOX_CHECK;
        let limit = self.configuration.push.outbox_max_events;
        match self.ledger.waiting_events() {
            Ok(waiting) => {
                let full = waiting >= limit;
                if full != self.outbox_is_full {
                    LogNotes::outbox_full(full.then_some(waiting), limit);
                }
                self.outbox_is_full = full;
            }
            Err(err) if err.is_damage() => return Err(err.into()),
            Err(err) => self.notes.trouble(&err.to_string()),
        }
        Ok(())
    }

    /// A failed commit is tried again before anything more is read; a stop ends the trying.
    fn commit_until_it_works(&mut self) -> Result<Round, AgentError> {
        loop {
            let began = Instant::now();
            match self.commit(Sealing::Due) {
                Ok(saved) => {
                    self.notes.recovered();
                    let pause = (began.elapsed() * COMMIT_SHARE).min(LONGEST_COMMIT_INTERVAL);
                    self.timers.commit = Instant::now() + pause.max(self.configuration.agent.commit_interval);
                    return Ok(if saved.windows_sealed > 0 { Round::Busy } else { Round::Idle });
                }
                Err(err) if err.is_damage() => return Err(err),
                Err(err) => {
                    self.notes.trouble(&err.to_string());
                    if self.stop.is_set() {
                        return Ok(Round::Busy);
                    }
                    self.answer();
                    self.waker.wait(RETRY_COMMIT);
                }
            }
        }
    }

    fn commit(&mut self, sealing: Sealing) -> Result<Saved, AgentError> {
        let now = self.clock.now();
        let mut save_looks = sealing == Sealing::Not;
        if Instant::now() >= self.timers.housekeeping {
            save_looks = true;
            forget_revisions(&mut self.ledger, now)?;
            self.timers.housekeeping = Instant::now() + HOUSEKEEPING;
        }
        if Instant::now() >= self.timers.removal {
            let pause = remove_settled(&mut self.ledger, self.configuration.push.sent_retention, now)?;
            self.timers.removal = Instant::now() + pause;
        }
        self.memories.succeed_all(self.tail.continued());
        self.flush(now);
        let due = if sealing == Sealing::Not || self.outbox_is_full { Vec::new() } else { self.due(now) };
        let has_looks = save_looks && self.tail.has_looks();
        if due.is_empty() && !self.tail.has_changes() && !has_looks && !self.memories.has_changes() {
            return Ok(Saved::default());
        }
        let saved_tally = self.tally.clone();
        let forgotten: Vec<FileId> = self.tail.forgotten().collect();
        let Self { configuration, ledger, rows, aggregator, tail, tally, memories, plan, .. } = self;
        let saved = Saving { configuration, plan, ledger, rows, aggregator, tail, tally, memories }.run(&due, now)?;
        memories.confirm(&forgotten);
        for file in forgotten {
            self.own_times.remove(&file);
        }
        self.report.unmatched += saved_tally.sources.iter().map(|source| source.unmatched).sum::<u64>();
        self.report.windows_sealed += saved.windows_sealed;
        self.report.events_sealed += saved.events;
        LogNotes::sealed(&saved);
        for change in self.drift.committed(&saved_tally) {
            LogNotes::drift(self.configuration, &change);
        }
        self.notes.refused(self.configuration, &saved_tally);
        self.notes.oversized(self.tail.counters().oversized_lines);
        self.notes.invalid_fields(&self.plan);
        Ok(saved)
    }

    /// Windows that may seal: past their end and grace, and every file of their sources read past that moment.
    fn due(&mut self, now: UnixMicros) -> Vec<WindowId> {
        let Self { configuration, aggregator, tail, own_times, memories, .. } = self;
        aggregator.sealable(now, |_: MetricIndex, rule: &Rule| {
            let complete = |name: &str| {
                let source = configuration.sources.iter().position(|source| source.name == name)?;
                let own_time = |file| own_times.get(&file).copied();
                let held_from = |file| memories.held_from(file);
                let source = SourceIndex(source as u32);
                Some(tail.complete_until(source, rule.spec.seal_wait, now, own_time, held_from))
            };
            // A source that is not configured any more holds nothing back.
            rule.spec.sources.iter().filter_map(|source| complete(&source.value)).min().unwrap_or(now)
        })
    }

    /// Leaves the status for who asked for it.
    fn answer(&mut self) {
        let Some(detail) = self.board.wanted() else { return };
        let Self { ledger, tail, drift, notes, waker, .. } = self;
        let (trouble, hints, now) = (notes.current_trouble(), waker.hints().to_string(), self.clock.now());
        let asked = Asked { ledger, tail, drift, trouble, hints, now };
        self.board.post(self.answers.status(asked, detail));
    }

    fn sleep(&mut self) {
        let instant = Instant::now();
        let mut wait = self.tail.next_due(self.clock.now()).min(LONGEST_SLEEP);
        wait = wait.min(self.timers.scan.saturating_duration_since(instant));
        if self.tail.has_changes() {
            wait = wait.min(self.timers.commit.saturating_duration_since(instant));
        }
        if wait > Duration::ZERO && self.waker.wait(wait) == Woken::Hint {
            self.tail.look();
            // A rename is best seen at once, but with thousands of files a scan is not free.
            if self.timers.may_scan() {
                self.timers.scan = Instant::now();
            }
        }
    }

    /// Waits until what is sealed is sent, or has not been able to for a while.
    fn drain(&mut self, delivery: &Delivery, watch: &DeliveryWatch) -> Result<(), AgentError> {
        let outbox = OutboxStore::open(self.ledger.path())?;
        let mut since: Option<Instant> = None;
        loop {
            self.report.waiting = outbox.under_way()?;
            self.report.trouble = watch.trouble();
            if let (Some(trouble), None) = (&self.report.trouble, since) {
                tracing::warn!("waiting up to {} s for this to pass: {trouble}", ONCE_PATIENCE.as_secs());
            }
            since = self.report.trouble.is_some().then(|| since.unwrap_or_else(Instant::now));
            let given_up = since.is_some_and(|since| since.elapsed() >= ONCE_PATIENCE);
            if self.report.waiting == 0 || given_up || self.stop.is_set() || delivery.has_ended() {
                return Ok(());
            }
            self.answer();
            self.waker.wait(Duration::from_millis(100));
        }
    }
}

fn note_own_time(own_times: &mut HashMap<FileId, UnixMicros>, file: FileId, counted: ChunkCount) {
    if let Some(newest) = counted.newest {
        let own = own_times.entry(file).or_insert(newest);
        *own = newest.max(*own);
    }
}

/// Whether a commit may seal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sealing {
    Due,
    /// A stop has to be quick, and the next start seals the same.
    Not,
}
