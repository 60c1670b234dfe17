//! What an agent goes through while every scenario goes on: it runs, is killed around each rotation, or is stopped over one
//! or three of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::agent::{Agent, Bench, Hints};
use crate::ground::{Ground, Hidden, Promise, Rotation, Scenario};
use crate::{books, by_hand, kubernetes, logrotate, pending};

/// What happens to the agent around rotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Running,
    Killed,
    StoppedOverOne,
    StoppedOverThree,
}

impl Life {
    pub const ALL: [Self; 4] = [Self::Running, Self::Killed, Self::StoppedOverOne, Self::StoppedOverThree];
}

const ROTATIONS: u32 = 3;

/// Around each rotation.
const KILLS: u32 = 2;

/// Between two rotations: names with seconds in them differ.
const ROUND: Duration = Duration::from_millis(1050);

/// Between two lines to each log, all the time.
const LINE_EVERY: Duration = Duration::from_millis(40);

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// What is not counted within this time, while nothing else is, does not come at all. On a busy machine, commits may be half
/// a minute apart, and so may scans; a window may need one of each.
const SILENCE: Duration = Duration::from_secs(80);

/// How long all must stay as it is once it is counted: `rotated_grace` and some scans.
const SETTLE: Duration = Duration::from_millis(1500);

pub fn scenarios() -> Vec<Scenario> {
    let wanted = std::env::var("PXTAIL_ROTATIONS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let all = logrotate::SCENARIOS.iter().chain(by_hand::SCENARIOS).chain(kubernetes::SCENARIOS);
    all.filter(|scenario| wanted.is_empty() || wanted.contains(&scenario.name)).copied().collect()
}

/// Takes all scenarios through the lives, side by side.
#[track_caller]
pub fn check(hints: Hints, lives: &[Life]) {
    if !hints.are_possible() {
        eprintln!("DID NOT RUN: user namespaces are not allowed here, which {hints:?} needs");
        return;
    }
    let faults: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = lives.iter().map(|life| scope.spawn(move || live(*life, hints))).collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(faults.is_empty(), "{} faults with {hints:?}:\n{}", faults.len(), faults.join("\n"));
}

/// One life under one kind of hints.
struct Stage {
    life: Life,
    hints: Hints,
    bench: Bench,
    grounds: Vec<Mutex<Ground>>,
    /// The files that were there when the agent was stopped for long.
    seen: Mutex<BTreeMap<&'static str, BTreeSet<u64>>>,
    logrotate: logrotate::Logrotate,
    random: Mutex<fastrand::Rng>,
}

fn live(life: Life, hints: Hints) -> Vec<String> {
    let bench = Bench::new(hints);
    let scenarios: Vec<Scenario> =
        scenarios().into_iter().filter(|scenario| !pending::is_left_out(scenario.name, life)).collect();
    let grounds: Vec<Ground> = scenarios.iter().map(|scenario| Ground::new(*scenario, &bench.path("hosts"))).collect();
    bench.configure(grounds.iter().map(|ground| (&ground.scenario, ground.directory.as_path())));
    let logrotate = logrotate::Logrotate::new(&bench.path("logrotate"), &grounds);
    let grounds = grounds.into_iter().map(Mutex::new).collect();
    let stage = Stage {
        life,
        hints,
        bench,
        grounds,
        logrotate,
        seen: Mutex::default(),
        random: Mutex::new(fastrand::Rng::new()),
    };
    let is_over = AtomicBool::new(false);
    let faults = thread::scope(|scope| {
        let agent = stage.bench.start();
        stage.await_seen(|_| true);
        let writer = scope.spawn(|| stage.write_until(&is_over));
        let agent = {
            let _over = Over(&is_over);
            stage.rotations(agent)
        };
        writer.join().unwrap();
        stage.finish(agent)
    });
    if !faults.is_empty() {
        eprintln!("{life:?} with {hints:?}: files are kept in {}", stage.bench.keep().display());
    }
    faults
}

/// Ends the writer, also when its rotations fail: who waits for it would wait for ever.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Stage {
    fn ground(&self, at: usize) -> MutexGuard<'_, Ground> {
        self.grounds[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn some_time(&self, most: u64) {
        let millis = self.random.lock().unwrap().u64(..most);
        thread::sleep(Duration::from_millis(millis));
    }

    /// Waits until the last line of these scenarios is counted. Rotations are of files that were followed: what was
    /// rotated away before the first scan is not wanted, and other files are lost when nobody saw them.
    fn await_seen(&self, wanted: impl Fn(&Scenario) -> bool) {
        let began = Instant::now();
        let grounds = (0..self.grounds.len()).map(|at| self.ground(at));
        let last: Vec<String> =
            grounds.filter(|ground| wanted(&ground.scenario)).map(|ground| ground.last_written()).collect();
        loop {
            let counted = books::counted(&self.bench.state());
            let missing: Vec<&String> = last.iter().filter(|id| !counted.contains_key(*id)).collect();
            if missing.is_empty() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "not read: {missing:?}; the agent said:\n{}", self.bench.said());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn write_until(&self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            for at in 0..self.grounds.len() {
                self.ground(at).write(1);
            }
            thread::sleep(LINE_EVERY);
        }
    }

    fn rotate(&self, round: u32) {
        let began = Instant::now();
        for at in 0..self.grounds.len() {
            let mut ground = self.ground(at);
            ground.write(3);
            if let Rotation::ByHand(rotate) = ground.scenario.rotation {
                rotate(&mut ground, round);
                ground.write(3);
            }
        }
        // While the writer goes on.
        self.logrotate.run();
        for at in 0..self.grounds.len() {
            self.ground(at).write(3);
        }
        thread::sleep(ROUND.saturating_sub(began.elapsed()));
    }

    fn rotations(&self, mut agent: Agent) -> Agent {
        if self.life == Life::StoppedOverThree {
            agent.stop();
            let grounds = (0..self.grounds.len()).map(|at| self.ground(at));
            let seen = grounds.map(|ground| (ground.scenario.name, books::inodes(&ground.directory)));
            *self.seen.lock().unwrap() = seen.collect();
            (0..ROTATIONS).for_each(|round| self.rotate(round));
            agent = self.bench.start();
            self.overflow(&agent);
            return agent;
        }
        for round in 0..ROTATIONS {
            agent = match self.life {
                Life::StoppedOverOne => {
                    agent.stop();
                    self.rotate(round);
                    let agent = self.bench.start();
                    self.some_time(800);
                    agent
                }
                Life::Killed => thread::scope(|scope| {
                    let rotation = scope.spawn(|| self.rotate(round));
                    let agent = self.kill_some(agent);
                    rotation.join().unwrap();
                    agent
                }),
                Life::Running | Life::StoppedOverThree => {
                    self.rotate(round);
                    agent
                }
            };
            self.overflow(&agent);
            self.await_seen(|scenario| scenario.hidden != Hidden::Nothing);
        }
        agent
    }

    fn kill_some(&self, mut agent: Agent) -> Agent {
        for _ in 0..KILLS {
            self.some_time(400);
            agent.kill();
            self.some_time(200);
            agent = self.bench.start();
        }
        agent
    }

    /// More events than the kernel keeps (16,384 by default), in a watched directory, while the agent stands still.
    /// Equal events in a row are one: two files take turns.
    fn overflow(&self, agent: &Agent) {
        if self.hints != Hints::Overflowing {
            return;
        }
        agent.signal("STOP");
        let directory = self.ground(0).path("log");
        let mut files = ["flood-a", "flood-b"].map(|name| std::fs::File::create(directory.join(name)).unwrap());
        for at in 0..20_000 {
            std::io::Write::write_all(&mut files[at % 2], b".").unwrap();
        }
        agent.signal("CONT");
    }

    fn finish(&self, agent: Agent) -> Vec<String> {
        let missing = self.await_counted();
        thread::sleep(SETTLE);
        agent.stop();
        let agent = self.bench.start();
        thread::sleep(SETTLE / 2);
        agent.stop();
        let counted = books::counted(&self.bench.state());
        let mut faults: Vec<String> = Vec::new();
        for at in 0..self.grounds.len() {
            let ground = self.ground(at);
            let name = ground.scenario.name;
            let of_scenario = |id: &&String| id.split('/').next() == Some(name);
            let twice: Vec<&String> = counted
                .iter()
                .filter(|(id, times)| **times > 1 && !id.ends_with("foreign"))
                .map(|(id, _)| id)
                .filter(of_scenario)
                .collect();
            let foreign: Vec<&String> =
                counted.keys().filter(|id| id.contains("foreign")).filter(of_scenario).collect();
            let missed: Vec<&String> =
                missing.iter().filter(|id| !counted.contains_key(*id)).filter(of_scenario).collect();
            for (what, ids) in [("twice", twice), ("missed", missed), ("not wanted", foreign)] {
                if let (Some(first), Some(last)) = (ids.first(), ids.last()) {
                    faults.push(format!("{:?} {name}: {} lines {what}, {first} to {last}", self.life, ids.len()));
                }
            }
        }
        let said = self.bench.said();
        if !said.contains(self.hints.expected_word()) {
            faults.push(format!("{:?}: not said of hints: {}", self.life, self.hints.expected_word()));
        }
        if said.contains("panicked") || said.contains("ERROR") {
            faults.push(format!("{:?}: the agent said:\n{said}", self.life));
        }
        faults
    }

    /// Lines on disk in files that an agent of this life can know of.
    fn to_be_found(&self, ground: &Ground) -> BTreeSet<String> {
        let live: BTreeSet<u64> = ground.live_inodes().collect();
        let seen = self.seen.lock().unwrap();
        let seen = seen.get(ground.scenario.name);
        let was_seen = |inode| seen.is_none_or(|seen| seen.contains(&inode));
        books::on_disk(&ground.directory, |inode| match ground.scenario.hidden {
            Hidden::Nothing => true,
            Hidden::Unseen => live.contains(&inode) || was_seen(inode),
            Hidden::Moved => live.contains(&inode) || self.life == Life::Running,
        })
    }

    /// Waits until all is counted that must be; gives what is missing when that takes too long.
    fn await_counted(&self) -> BTreeSet<String> {
        let mut expected = BTreeSet::new();
        for at in 0..self.grounds.len() {
            let ground = self.ground(at);
            expected.append(&mut self.to_be_found(&ground));
            if self.life == Life::Running && ground.scenario.promise == Promise::WhileRunning {
                expected.extend(ground.all_written());
            }
        }
        let began = Instant::now();
        let mut before = BTreeMap::new();
        let mut changed_at = began;
        loop {
            let counted = books::counted(&self.bench.state());
            expected.retain(|id| !counted.contains_key(id));
            if counted != before {
                changed_at = Instant::now();
                before = counted;
            }
            if expected.is_empty() || began.elapsed() > PATIENCE || changed_at.elapsed() > SILENCE {
                return expected;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}
