//! SIGKILLs at random moments, with rotations and with faults on the way to PX: PX holds exactly what was written.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pxtail::sandbox::{FaultAction, FaultRule, FaultScript, Processing, ReadLag, ScriptedAnswer};

use crate::agent::Bench;
use crate::oracle::Books;

/// More by the environment, for a longer hunt.
fn kills(usual: u32) -> u32 {
    std::env::var("PXTAIL_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Longer than any event waits for its look, and lives enough for all of them.
const LAST_LIFE: Duration = Duration::from_secs(20);
const LAST_LIVES: u32 = 30;

/// How a run goes.
struct Course {
    kills: u32,
    /// Of each agent, in milliseconds.
    lives: Range<u64>,
    users: u32,
    accounts: u32,
    late_every: &'static str,
    settle_wait: &'static str,
    faults: FaultScript,
}

/// Writes numbered lines for two past days, and renames its log now and then.
struct Writer {
    path: PathBuf,
    file: File,
    random: fastrand::Rng,
    users: u32,
    accounts: u32,
    number: u64,
    rotations: u32,
}

/// Days in New York: EST, five hours behind UTC.
const DAYS: [(&str, &str); 2] =
    [("2026-11-10T05:00:00.000Z", "10/Nov/2026"), ("2026-11-11T05:00:00.000Z", "11/Nov/2026")];

impl Writer {
    fn new(path: &Path, seed: u64, course: &Course) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        let (random, users, accounts) = (fastrand::Rng::with_seed(seed), course.users, course.accounts);
        Self { path: path.to_owned(), file, random, users, accounts, number: 0, rotations: 0 }
    }

    fn write(&mut self, books: &mut Books) {
        self.number += 1;
        let (start, date) = DAYS[self.random.usize(..DAYS.len())];
        let user = format!("u{}", self.random.u32(..self.users));
        let account = format!("a{}", self.random.u32(..self.accounts));
        // Between 05:00 and 23:59 UTC both calendars agree on the day.
        let (hour, minute) = (self.random.u32(5..24), self.random.u32(..60));
        let line = format!(
            "203.0.113.9 - - [{date}:{hour:02}:{minute:02}:07 +0000] \"GET /api/x HTTP/1.1\" 200 {} \"-\" \"t\" \
             account=\"{account}\" user=\"{user}\" rt=0.001\n",
            self.number
        );
        // Sometimes in two writes, so that half a line is seen.
        if self.random.u8(..) < 16 {
            let (head, tail) = line.split_at(self.random.usize(1..line.len()));
            self.file.write_all(head.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_micros(300));
            self.file.write_all(tail.as_bytes()).unwrap();
        } else {
            self.file.write_all(line.as_bytes()).unwrap();
        }
        books.add(&user, &account, start, 1, self.number);
    }

    fn rotate(&mut self) {
        self.rotations += 1;
        std::fs::rename(&self.path, self.path.with_extension(format!("log.{}", self.rotations))).unwrap();
        // The old file gets a few more lines, as from workers that have not reopened yet.
        self.file = OpenOptions::new().create_new(true).append(true).open(&self.path).unwrap();
    }
}

#[test]
fn px_holds_exactly_what_was_written_after_thirty_kills() {
    check(&Course {
        kills: kills(30),
        lives: 20..500,
        users: 40,
        accounts: 5,
        late_every: "300ms",
        settle_wait: "1s",
        faults: FaultScript::default(),
    });
}

/// Few events: each 429 costs up to a second in which nothing is sent.
#[test]
fn px_holds_exactly_what_was_written_after_kills_in_a_storm() {
    let answer = |status, call| FaultAction::Answer(ScriptedAnswer { status, call, ..ScriptedAnswer::default() });
    let late = |rule: FaultRule| FaultRule { delay_before_ms: 60, delay_after_ms: 60, ..rule };
    // A rule acts where those before it did not: 20, 20, 5, 5 and 10 of a hundred.
    let faults = [
        (FaultAction::LoseAnswer, 0.2),
        (FaultAction::LoseRequest, 0.25),
        (answer(500, Processing::Processed), 5.0 / 60.0),
        (answer(500, Processing::Dropped), 5.0 / 55.0),
        (answer(429, Processing::Dropped), 0.2),
        // So that kills meet requests that are under way, before PX has them and after.
        (FaultAction::Pass, 1.0),
    ];
    let rules = faults.map(|(action, chance)| late(FaultRule::on_post(action).with_probability(chance)));
    check(&Course {
        kills: kills(8),
        lives: 300..2_500,
        users: 6,
        accounts: 3,
        late_every: "5s",
        settle_wait: "3s",
        faults: FaultScript { rules: rules.into(), read_lag: ReadLag { min_ms: 0, max_ms: 2_000 } },
    });
}

fn configure(bench: &Bench, course: &Course) {
    let text = r#"
[[source]]
name = "web"
paths = ["$DIR/logs/access.log"]
pattern = "nginx_usage"
[[metric]]
name = "usage"
sources = ["web"]
event = "Usage"
time_zone = "America/New_York"
grace = "1s"
late_every = "300ms"
user = "{user}"
account = "{account}"
[metric.measures]
lines = "count"
numbers = { sum = "bytes" }
"#;
    let path = bench.write_config("", &text.replace("300ms", course.late_every));
    let text = std::fs::read_to_string(&path).unwrap();
    let settle_wait = format!("settle_wait = \"{}\"", course.settle_wait);
    std::fs::write(&path, text.replace("settle_wait = \"1s\"", &settle_wait)).unwrap();
}

/// Kills the agent so many times while lines are written, then lets it finish.
#[track_caller]
fn check(course: &Course) {
    let seed: u64 =
        std::env::var("PXTAIL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("PXTAIL_SEED={seed}");
    let bench = Bench::new();
    bench.sandbox.set_faults(course.faults.clone()).unwrap();
    std::fs::create_dir(bench.path("logs")).unwrap();
    configure(&bench, course);
    let done = Arc::new(AtomicBool::new(false));
    // What is rotated away before a source was ever followed is not counted.
    let is_followed = Arc::new(AtomicBool::new(false));
    let books = Arc::new(Mutex::new(Books::default()));
    let log = bench.path("logs/access.log");
    let writer = {
        let (done, is_followed, books) = (Arc::clone(&done), Arc::clone(&is_followed), Arc::clone(&books));
        let mut writer = Writer::new(&log, seed, course);
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                for _ in 0..writer.random.u32(1..60) {
                    writer.write(&mut books.lock().unwrap());
                }
                if writer.random.u8(..) < 4 && is_followed.load(Ordering::Relaxed) {
                    writer.rotate();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            writer.rotations
        })
    };
    let agent = bench.start();
    bench.wait_until("PX holds something", || Books::held(&bench.sandbox, "Usage").lines() > 0);
    agent.kill();
    is_followed.store(true, Ordering::Relaxed);
    let mut random = fastrand::Rng::with_seed(seed ^ 1);
    for _ in 1..course.kills {
        let agent = bench.start();
        std::thread::sleep(Duration::from_millis(random.u64(course.lives.clone())));
        agent.kill();
    }
    done.store(true, Ordering::Relaxed);
    let rotations = writer.join().unwrap();
    let written = books.lock().unwrap().clone();
    let all_is_there = || Books::held(&bench.sandbox, "Usage").lines() >= written.lines();
    let mut agent = bench.start();
    // In a storm, a pause may have grown to minutes: a new agent begins with short ones.
    for _ in 0..LAST_LIVES {
        let began = Instant::now();
        while !all_is_there() && began.elapsed() < LAST_LIFE {
            std::thread::sleep(Duration::from_millis(50));
        }
        if all_is_there() {
            break;
        }
        agent.kill();
        agent = bench.start();
    }
    bench.wait_until("PX holds what was written", all_is_there);
    // Whatever would still come must not.
    std::thread::sleep(Duration::from_secs(2));
    let (status, took) = agent.terminate();
    assert!(status.success() && took < Duration::from_secs(5), "{status} after {took:?}");
    let held = Books::held(&bench.sandbox, "Usage");
    assert_eq!(written.difference(&held), Vec::<String>::new());
    assert_eq!(bench.sandbox.repeated(), vec![]);
    println!(
        "{} lines, {rotations} rotations, {} kills, {} events, {} requests",
        written.lines(),
        course.kills,
        bench.sandbox.event_count(),
        bench.sandbox.requests().len()
    );
}
