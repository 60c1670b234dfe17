//! Drives a tail through a history, and checks after each step what must hold.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::actions::{ClockKind, Hint, Setting, Step};
use super::disk::{self, Disk};
use super::world::{Race, World};
use crate::model::file::{Cursor, FileId, SourceIndex};
use crate::model::spec::{StartAt, TailSpec};
use crate::model::time::{Clock, SystemClock, UnixMicros};
use crate::tail::followed::{Followed, Presence};
use crate::tail::hooks::Point;
use crate::tail::tests::{located, spec};
use crate::tail::{Tail, TailSource};

/// More chunks than any history has lines: reading does not end.
const MOST_CHUNKS: usize = 10_000;

/// Points that one step reaches at most.
const MOST_POINTS: usize = 400;

pub(super) struct History {
    world: Arc<Mutex<World>>,
    tail: Tail,
    sources: Vec<TailSource>,
    spec: TailSpec,
    next_id: FileId,
    /// Where each cursor is: it never goes back.
    offsets: BTreeMap<FileId, u64>,
    /// What happened, for people.
    trace: Option<Vec<String>>,
}

/// What a history showed besides that it holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) recreated: usize,
    pub(super) reused: usize,
}

/// Runs a history to its end, and then some: what must be counted is, also after another crash, and files are still followed.
pub(super) fn run(
    root: &Path,
    setting: Setting,
    steps: &[Step],
    trace: Option<Vec<String>>,
) -> Result<Outcome, (String, Vec<String>)> {
    let mut history = History::new(root, setting, trace);
    // A panic of the tail fails the history like anything else, and what led to it is shown.
    let result = catch_unwind(AssertUnwindSafe(|| history.run(steps)))
        .unwrap_or_else(|panic| Err(format!("a panic: {:?}", panic.downcast_ref::<&str>())));
    let world = history.world();
    let outcome = Outcome { recreated: world.disk.recreated, reused: world.disk.reused };
    drop(world);
    result.map(|()| outcome).map_err(|why| (why, history.trace.take().unwrap_or_default()))
}

fn sources(root: &Path, setting: Setting) -> Vec<TailSource> {
    let source = |source: usize| TailSource {
        index: SourceIndex(source as u32),
        name: ["first", "second"][source].to_owned(),
        include: setting
            .globs
            .of(source)
            .iter()
            .map(|glob| located(root.join(glob).to_str().unwrap().to_owned()))
            .collect(),
        exclude: Vec::new(),
        start_at: StartAt::Beginning,
        encoding: crate::model::encoding::TextEncoding::default(),
    };
    (0..setting.globs.sources()).map(source).collect()
}

impl History {
    fn new(root: &Path, setting: Setting, trace: Option<Vec<String>>) -> Self {
        disk::clean(root);
        let now = match setting.clock {
            ClockKind::Behind => UnixMicros::from_seconds(1_000),
            ClockKind::Real => SystemClock.now(),
        };
        let world = World::new(Disk::new(root.to_owned(), now, setting.clock), setting);
        let spec =
            TailSpec { max_open_files: setting.max_open_files, max_line_bytes: setting.max_line_bytes, ..spec() };
        let sources = sources(root, setting);
        let tail = Tail::new(&spec, sources.clone(), Vec::new(), FileId(1)).unwrap();
        let world = Arc::new(Mutex::new(world));
        let mut history = Self { world, tail, sources, spec, next_id: FileId(1), offsets: BTreeMap::new(), trace };
        history.hook();
        history
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the tail meet the actions that wait for their point.
    fn hook(&mut self) {
        let world = Arc::clone(&self.world);
        self.tail.set_hook(move |point, _| reach(&mut world.lock().unwrap_or_else(PoisonError::into_inner), point));
    }

    fn now(&self) -> UnixMicros {
        self.world().disk.now
    }

    fn say(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(what());
        }
    }

    fn run(&mut self, steps: &[Step]) -> Result<(), String> {
        self.begin()?;
        for step in steps {
            self.say(|| format!("{step:?}"));
            self.pass(Duration::from_millis(1));
            self.world().reached = 0;
            self.step(*step)?;
            self.check()?;
        }
        self.say(|| "settles".to_owned());
        self.world().apply(super::actions::FileAction::ShowDirectory);
        self.settle()?;
        self.check_all()?;
        self.say(|| "crashes, and settles".to_owned());
        self.crash();
        self.append_to_all();
        self.settle()?;
        self.check_all()
    }

    /// One file is there, and known: what was rotated away before the first scan is not the agent's.
    fn begin(&mut self) -> Result<(), String> {
        use super::actions::{FileAction, Foreign, Form, Globs};
        let mut world = self.world();
        if world.setting.foreign == Foreign::Some {
            world.put_foreign();
        }
        world.apply(FileAction::Append { base: 0, form: Form::Live, lines: 1 });
        match world.setting.globs {
            Globs::Link => world.disk.link("current.log", "a.log"),
            Globs::LinkChain => {
                world.disk.link("middle.log", "a.log");
                world.disk.link("current.log", "middle.log");
            }
            _ => {}
        }
        world.refresh();
        drop(world);
        self.round()
    }

    fn append_to_all(&mut self) {
        use super::actions::{FileAction, Form};
        for base in 0..2 {
            self.world().apply(FileAction::Append { base, form: Form::Live, lines: 1 });
        }
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::File(action) => self.world().apply(action),
            Step::Race { point, nth, action } => self.world().races.push(Race { point, nth, action }),
            Step::Scan => self.scan(),
            Step::Read { hint } => return self.read(hint, MOST_CHUNKS),
            Step::ReadSome { chunks } => return self.read(Hint::Given, chunks),
            Step::Commit => self.commit(),
            Step::CommitFails => self.fail_to_commit()?,
            Step::Round => return self.round(),
            Step::Pass { millis } => self.pass(Duration::from_millis(millis)),
            Step::Crash => self.crash(),
            Step::Restart => {
                self.commit();
                self.crash();
            }
        }
        Ok(())
    }

    fn pass(&mut self, span: Duration) {
        let mut world = self.world();
        world.disk.now = world.disk.now.plus(span);
    }

    /// Which files each source has open, and will have as long as they are not quiet.
    fn note_open(&mut self) {
        let may_close = self.spec.max_open_files < 16;
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        for (source, open) in world.open.iter_mut().enumerate() {
            let of_source = self.tail.files.values().filter(|file| file.source == SourceIndex(source as u32));
            let held =
                of_source.filter(|file| file.handle.is_some() && !(may_close && file.presence == Presence::Named));
            *open = held.map(|file| file.cursor.inode.inode).collect::<HashSet<u64>>();
        }
    }

    fn scan(&mut self) {
        let now = self.now();
        self.world().begin_scan();
        let report = self.tail.scan(now);
        for note in report.notes {
            self.say(|| format!("    {note} {:?}", note.what));
        }
        self.note_open();
        self.world().end_scan();
        self.world().refresh();
        if self.trace.is_some() {
            let files: Vec<String> = self.tail.files.values().map(state_of).collect();
            let complete: Vec<_> = self.tail.sources.iter().map(|source| source.scanned_at).collect();
            self.say(|| format!("    at {now}, known at {complete:?}: {}", files.join(", ")));
        }
    }

    fn read(&mut self, hint: Hint, most: usize) -> Result<(), String> {
        if hint == Hint::Given {
            self.tail.look();
        }
        let now = self.now();
        let mut chunks = 0;
        while chunks < most {
            let Some(chunk) = self.tail.read(now) else { break };
            chunks += 1;
            if chunks >= MOST_CHUNKS {
                return Err("reading does not end".to_owned());
            }
            let offset = self.offsets.entry(chunk.file).or_default();
            if chunk.first_offset < *offset {
                return Err(format!("a chunk of {:?} begins at {}, before {offset}", chunk.file, chunk.first_offset));
            }
            *offset = chunk.first_offset + chunk.bytes.len() as u64;
            if let Some(trace) = &mut self.trace {
                let text = String::from_utf8_lossy(chunk.bytes);
                let lines: Vec<&str> = text.split('\n').map(|line| &line[..line.len().min(9)]).collect();
                trace.push(format!(
                    "    {:?} {} from {}: {lines:?}",
                    chunk.file,
                    chunk.path.display(),
                    chunk.first_offset
                ));
            }
            self.world.lock().unwrap_or_else(PoisonError::into_inner).count(chunk.source.0 as usize, chunk.bytes)?;
        }
        self.note_open();
        self.world().refresh();
        Ok(())
    }

    /// Saves cursors and counts as one.
    fn commit(&mut self) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        for cursor in self.tail.changed() {
            world.ledger.insert(cursor.file, cursor.clone());
        }
        for id in self.tail.forgotten() {
            world.ledger.remove(&id);
        }
        for account in &mut world.accounts {
            account.commit();
        }
        world.newly_linked.clear();
        world.forget_links();
        drop(world);
        self.next_id = self.tail.next_id();
        self.tail.confirm();
    }

    fn fail_to_commit(&mut self) -> Result<(), String> {
        let first = self.tail.changed().count() + self.tail.forgotten().count();
        let again = self.tail.changed().count() + self.tail.forgotten().count();
        if first == again {
            return Ok(());
        }
        Err(format!("a failed commit changed what is to be saved: {first}, then {again}"))
    }

    fn crash(&mut self) {
        let known: Vec<_> = self.world().ledger.values().cloned().collect();
        self.offsets = known.iter().map(|cursor| (cursor.file, cursor.offset)).collect();
        self.tail = Tail::new(&self.spec, self.sources.clone(), known, self.next_id).unwrap();
        self.hook();
        let mut world = self.world();
        world.crash();
        world.refresh();
    }

    fn round(&mut self) -> Result<(), String> {
        self.pass(Duration::from_secs(1));
        self.scan();
        self.read(Hint::Given, MOST_CHUNKS)?;
        self.commit();
        self.world().looked();
        Ok(())
    }

    /// Rounds until everything that left is finished, and all copies are decided.
    fn settle(&mut self) -> Result<(), String> {
        for seconds in [0, 0, 1, 4, 0, 4, 0, 4, 0, 4, 0, 0] {
            self.pass(Duration::from_secs(seconds));
            self.world().reached = 0;
            self.round()?;
            self.check()?;
        }
        Ok(())
    }

    /// What holds at any time.
    fn check(&mut self) -> Result<(), String> {
        for (id, file) in &self.tail.files {
            let offset = self.offsets.entry(*id).or_default();
            if file.cursor.offset < *offset {
                return Err(format!("the cursor of {id:?} went back from {offset} to {}", file.cursor.offset));
            }
            *offset = file.cursor.offset;
        }
        if self.tail.open_files > self.spec.max_open_files {
            return Err(format!("{} files are open", self.tail.open_files));
        }
        let now = self.now();
        let world = self.world();
        for source in 0..self.sources.len() {
            let until = self.tail.complete_until(SourceIndex(source as u32), Duration::MAX, now, |_| None, |_| None);
            if until > now {
                return Err(format!("complete until {until}, which is not yet"));
            }
            world.check_counted(source, until)?;
        }
        Ok(())
    }

    fn check_all(&self) -> Result<(), String> {
        let world = self.world();
        (0..self.sources.len()).try_for_each(|source| world.check_counted(source, UnixMicros::MAX))
    }
}

/// A file, for people.
fn state_of(file: &Followed) -> String {
    let Cursor { file: id, path, standing, offset, finished, .. } = &file.cursor;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Followed { presence, content, .. } = file;
    let handle = if file.handle.is_some() { "open" } else { "closed" };
    format!("{} {name} {standing:?} {offset} {handle} finished {finished} {presence:?} {content:?}", id.0)
}

/// Does what waits for this moment.
fn reach(world: &mut World, point: Point) {
    world.reached += 1;
    assert!(world.reached < MOST_POINTS, "a scan or a read does not end");
    if world.races.is_empty() {
        return;
    }
    let mut due = Vec::new();
    world.races.retain_mut(|race| {
        if race.point == point {
            race.nth -= 1;
            if race.nth == 0 {
                due.push(race.action);
            }
        }
        race.nth > 0
    });
    for action in due {
        world.disk.now = world.disk.now.plus(Duration::from_micros(1));
        world.apply(action);
    }
}
