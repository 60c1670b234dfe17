//! Thirty SIGKILLs at random moments, with rotations: PX holds exactly what was written.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pxtail::sandbox::{FaultAction, FaultRule, FaultScript};

use crate::agent::Bench;
use crate::oracle::Books;

/// More by the environment, for a longer hunt.
const KILLS: u32 = 30;

/// Writes numbered lines for two past days, and renames its log now and then.
struct Writer {
    path: PathBuf,
    file: File,
    random: fastrand::Rng,
    number: u64,
    rotations: u32,
}

/// Days in New York: EST, five hours behind UTC.
const DAYS: [(&str, &str); 2] =
    [("2026-11-10T05:00:00.000Z", "10/Nov/2026"), ("2026-11-11T05:00:00.000Z", "11/Nov/2026")];

impl Writer {
    fn new(path: &Path, seed: u64) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        Self { path: path.to_owned(), file, random: fastrand::Rng::with_seed(seed), number: 0, rotations: 0 }
    }

    fn write(&mut self, books: &mut Books) {
        self.number += 1;
        let (start, date) = DAYS[self.random.usize(..DAYS.len())];
        let user = format!("u{}", self.random.u32(..40));
        let account = format!("a{}", self.random.u32(..5));
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
    let kills: u32 = std::env::var("PXTAIL_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    check(kills, FaultScript::default());
}

#[test]
fn px_holds_exactly_what_was_written_after_kills_lost_answers_and_lost_requests() {
    let faults = [
        FaultRule::on_post(FaultAction::LoseAnswer).with_probability(0.1),
        FaultRule::on_post(FaultAction::LoseRequest).with_probability(0.1),
    ];
    check(10, FaultScript::of(faults));
}

/// Kills the agent so many times while lines are written, then lets it finish.
#[track_caller]
fn check(kills: u32, faults: FaultScript) {
    let seed: u64 =
        std::env::var("PXTAIL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("PXTAIL_SEED={seed}");
    let bench = Bench::new();
    bench.sandbox.set_faults(faults).unwrap();
    std::fs::create_dir(bench.path("logs")).unwrap();
    bench.write_config(
        "",
        r#"
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
"#,
    );
    let done = Arc::new(AtomicBool::new(false));
    // What is rotated away before a source was ever followed is not counted.
    let is_followed = Arc::new(AtomicBool::new(false));
    let books = Arc::new(Mutex::new(Books::default()));
    let log = bench.path("logs/access.log");
    let writer = {
        let (done, is_followed, books) = (Arc::clone(&done), Arc::clone(&is_followed), Arc::clone(&books));
        std::thread::spawn(move || {
            let mut writer = Writer::new(&log, seed);
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
    for _ in 1..kills {
        let agent = bench.start();
        std::thread::sleep(Duration::from_millis(random.u64(20..500)));
        agent.kill();
    }
    done.store(true, Ordering::Relaxed);
    let rotations = writer.join().unwrap();
    let written = books.lock().unwrap().clone();
    let agent = bench.start();
    bench.wait_until("PX holds what was written", || Books::held(&bench.sandbox, "Usage").lines() >= written.lines());
    // Whatever would still come must not.
    std::thread::sleep(Duration::from_secs(2));
    let (status, took) = agent.terminate();
    assert!(status.success() && took < Duration::from_secs(5), "{status} after {took:?}");
    let held = Books::held(&bench.sandbox, "Usage");
    assert_eq!(written.difference(&held), Vec::<String>::new());
    assert_eq!(bench.sandbox.repeated(), vec![]);
    println!("{} lines, {rotations} rotations, {kills} kills, {} events", written.lines(), bench.sandbox.event_count());
}
