//! Records of several lines, headers and several patterns, with the agent killed at random moments: PX holds what was
//! written, and the ledger says which pattern read how much.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pxtail::ledger::Ledger;
use pxtail::model::time::{Clock, SystemClock};

use crate::agent::Bench;
use crate::oracle::Books;

const WINDOW: &str = "2026-11-10T00:00:00.000Z";

const METRIC: &str = r#"
[[metric]]
name = "usage"
sources = ["app"]
event = "Usage"
time_zone = "UTC"
grace = "1s"
late_every = "300ms"
user = "{user}"
account = "{account}"
[metric.measures]
lines = "count"
numbers = { sum = "number" }
"#;

/// What writes a log while the agent lives and dies.
trait Author: Send + 'static {
    /// Writes a little, and books it.
    fn write(&mut self, log: &mut Log, books: &mut Books);

    /// Ends what is begun, before a rotation and at the end.
    fn finish(&mut self, log: &mut Log);
}

struct Log {
    path: PathBuf,
    file: File,
    random: fastrand::Rng,
    rotations: u32,
}

impl Log {
    fn new(path: &Path, seed: u64) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        Self { path: path.to_owned(), file, random: fastrand::Rng::with_seed(seed), rotations: 0 }
    }

    /// Sometimes in two writes, so that half a line is seen.
    fn line(&mut self, text: &str) {
        let text = format!("{text}\n");
        let at = if self.random.u8(..) < 16 { self.random.usize(1..text.len()) } else { text.len() };
        let (head, tail) = text.split_at(at);
        self.file.write_all(head.as_bytes()).unwrap();
        if !tail.is_empty() {
            std::thread::sleep(Duration::from_micros(300));
            self.file.write_all(tail.as_bytes()).unwrap();
        }
    }

    /// A generation of less than a fingerprint is read a minute later when nobody saw it live: too long to wait here.
    fn is_worth_a_rotation(&self) -> bool {
        self.file.metadata().unwrap().len() > 4096
    }

    fn rotate(&mut self) {
        self.rotations += 1;
        std::fs::rename(&self.path, self.path.with_extension(format!("log.{}", self.rotations))).unwrap();
        self.file = OpenOptions::new().create_new(true).append(true).open(&self.path).unwrap();
    }
}

/// Kills the agent so many times while the author writes, then lets it finish. `patterns`: name and text.
#[track_caller]
fn hunt(kills: u32, source: &str, patterns: &[(&str, &str)], mut author: impl Author) -> Bench {
    let seed: u64 =
        std::env::var("PXTAIL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    let kills = std::env::var("PXTAIL_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(kills);
    println!("PXTAIL_SEED={seed}");
    let bench = Bench::new();
    for directory in ["logs", "logs/acme", "patterns.d"] {
        std::fs::create_dir(bench.path(directory)).unwrap();
    }
    for (name, text) in patterns {
        std::fs::write(bench.path(&format!("patterns.d/{name}.toml")), format!("name = \"{name}\"\n{text}")).unwrap();
    }
    bench.write_config("", &format!("[[source]]\nname = \"app\"\n{source}\n{METRIC}"));
    let done = Arc::new(AtomicBool::new(false));
    // What is rotated before any agent has seen the source is not its to read.
    let is_followed = Arc::new(AtomicBool::new(false));
    let books = Arc::new(Mutex::new(Books::default()));
    let mut log = Log::new(&bench.path("logs/acme/app.log"), seed);
    author.write(&mut log, &mut books.lock().unwrap());
    let writer = {
        let (done, books, is_followed) = (Arc::clone(&done), Arc::clone(&books), Arc::clone(&is_followed));
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                for _ in 0..log.random.u32(1..30) {
                    author.write(&mut log, &mut books.lock().unwrap());
                }
                if log.random.u8(..) < 8 && log.is_worth_a_rotation() && is_followed.load(Ordering::Relaxed) {
                    author.finish(&mut log);
                    log.rotate();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            author.finish(&mut log);
        })
    };
    let first = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    is_followed.store(true, Ordering::Relaxed);
    let mut random = fastrand::Rng::with_seed(seed ^ 1);
    for _ in 0..kills {
        let agent = bench.start();
        std::thread::sleep(Duration::from_millis(random.u64(20..600)));
        agent.kill();
    }
    done.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    let written = books.lock().unwrap().clone();
    let agent = bench.start();
    bench.wait_until("PX holds what was written", || Books::held(&bench.sandbox, "Usage").lines() >= written.lines());
    // Whatever would still come must not.
    std::thread::sleep(Duration::from_secs(1));
    assert!(agent.terminate().0.success());
    let held = Books::held(&bench.sandbox, "Usage");
    assert_eq!(written.difference(&held), Vec::<String>::new());
    assert_eq!(bench.sandbox.repeated(), vec![]);
    println!("{} records, {kills} kills, {} events", written.lines(), bench.sandbox.event_count());
    bench
}

fn counter(bench: &Bench, name: &str) -> u64 {
    let ledger = Ledger::open(&bench.path("state"), SystemClock.now()).unwrap();
    ledger.counters().unwrap().get(name).copied().unwrap_or(0)
}

/// Records of several lines, lines in parts, on two streams at once, as a container's log has them. What the last line of
/// a record says counts: one that is cut anywhere is missed.
#[derive(Default)]
struct Container {
    number: u64,
    streams: [VecDeque<String>; 2],
}

impl Author for Container {
    fn write(&mut self, log: &mut Log, books: &mut Books) {
        let stream = log.random.usize(..2);
        if self.streams[stream].is_empty() {
            self.number += 1;
            let user = format!("u{}", log.random.u32(..20));
            books.add(&user, "acme", WINDOW, 1, self.number);
            let mut lines = vec![format!("[2026-11-10T12:00:00Z] user={user}")];
            for frame in 0..log.random.u32(..4) {
                lines.push(format!("    at frame {frame}"));
            }
            lines.push(format!("    number={}", self.number));
            for line in lines {
                let cut = log.random.usize(..=line.len());
                let name = ["stdout", "stderr"][stream];
                let mut part = |tag: &str, text: &str| {
                    self.streams[stream].push_back(format!("2026-11-10T12:00:01Z {name} {tag} {text}"));
                };
                if cut < line.len() {
                    part("P", &line[..cut]);
                }
                part("F", if cut < line.len() { &line[cut..] } else { &line });
            }
        }
        if let Some(line) = self.streams[stream].pop_front() {
            log.line(&line);
        }
    }

    fn finish(&mut self, log: &mut Log) {
        for stream in &mut self.streams {
            for line in stream.drain(..) {
                log.line(&line);
            }
        }
    }
}

#[test]
fn records_in_parts_and_lines_are_whole_after_kills() {
    let source = r#"paths = ["$DIR/logs/{account}/app.log"]
pattern = "trace"
unwrap = ["cri"]
multiline = { start = '^\[', timeout = "4s" }"#;
    let trace = r"regex = '(?s)\[(?<time>\S+)\] user=(?<user>\w+)\n.*    number=(?<number>\d+)'
[types]
time = { type = 'time', format = 'rfc3339' }
number = 'integer'
";
    let bench = hunt(12, source, &[("trace", trace)], Container::default());
    assert_eq!(counter(&bench, "source/app/unmatched"), 0);
    assert_eq!(counter(&bench, "source/app/multiline_cut"), 0);
}

/// W3C's format with columns that change places within a file.
#[derive(Default)]
struct Columns {
    number: u64,
    order: u8,
    lines_of_header: u32,
    rotations: Option<u32>,
}

impl Author for Columns {
    fn write(&mut self, log: &mut Log, books: &mut Books) {
        if self.rotations != Some(log.rotations) || (self.lines_of_header > 50 && log.random.u8(..) < 20) {
            self.rotations = Some(log.rotations);
            self.lines_of_header = 0;
            self.order = log.random.u8(..2);
            log.line("#Software: a server");
            log.line(
                [
                    "#Fields: date time cs-username x-account x-number",
                    "#Fields: x-number date time x-account cs-username",
                ][usize::from(self.order)],
            );
        }
        self.number += 1;
        self.lines_of_header += 1;
        let user = format!("u{}", log.random.u32(..20));
        let number = self.number;
        books.add(&user, "acme", WINDOW, 1, number);
        log.line(&match self.order {
            0 => format!("2026-11-10 12:00:00 {user} acme {number}"),
            _ => format!("{number} 2026-11-10 12:00:00 acme {user}"),
        });
    }

    fn finish(&mut self, _: &mut Log) {}
}

#[test]
fn columns_that_a_header_named_are_known_after_kills() {
    let source = "paths = [\"$DIR/logs/acme/app.log\"]\npattern = \"columns\"";
    let columns =
        "w3c = true\n[types]\nnumber = { from = 'x_number', type = 'integer' }\naccount = { from = 'x_account' }\n";
    let bench = hunt(10, source, &[("columns", columns)], Columns::default());
    assert_eq!(counter(&bench, "source/app/unmatched"), 0);
    assert!(counter(&bench, "source/app/skipped") >= 2);
}

/// Lines of two formats, and lines of none.
#[derive(Default)]
struct Mixed {
    number: u64,
}

impl Author for Mixed {
    fn write(&mut self, log: &mut Log, books: &mut Books) {
        self.number += 1;
        let (user, number) = (format!("u{}", log.random.u32(..20)), self.number);
        match number % 3 {
            0 => log.line("neither of them"),
            1 => log.line(&format!("old 2026-11-10T12:00:00Z {user} acme {number}")),
            _ => log.line(&format!("new {number} acme {user} 2026-11-10T12:00:00Z")),
        }
        if number % 3 > 0 {
            books.add(&user, "acme", WINDOW, 1, number);
        }
    }

    fn finish(&mut self, _: &mut Log) {}
}

#[test]
fn two_patterns_on_one_source_count_each_line_once_after_kills() {
    let source = "paths = [\"$DIR/logs/acme/app.log\"]\npattern = [\"old\", \"new\"]";
    let types = "[types]\ntime = { type = 'time', format = 'rfc3339' }\nnumber = 'integer'\n";
    let old = format!("regex = 'old (?<time>\\S+) (?<user>\\w+) (?<account>\\w+) (?<number>\\d+)'\n{types}");
    let new = format!("regex = 'new (?<number>\\d+) (?<account>\\w+) (?<user>\\w+) (?<time>\\S+)'\n{types}");
    let bench = hunt(8, source, &[("old", &old), ("new", &new)], Mixed::default());
    let [lines, old, new, unmatched] = ["lines", "pattern/old/matched", "pattern/new/matched", "unmatched"]
        .map(|name| counter(&bench, &format!("source/app/{name}")));
    assert_eq!(old + new + unmatched, lines);
    assert_eq!((old, new), (lines / 3 + u64::from(lines % 3 > 0), lines / 3 + u64::from(lines % 3 > 1)));
}

#[test]
fn once_keeps_a_record_that_may_go_on_for_the_next_run() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("patterns.d")).unwrap();
    let trace = "name = \"trace\"\nregex = '(?s)A (?<time>\\S+) (?<user>\\w+)\\n.*number=(?<number>\\d+)'\n[types]\n\
                 time = { type = 'time', format = 'rfc3339' }\nnumber = 'integer'\n";
    std::fs::write(bench.path("patterns.d/trace.toml"), trace).unwrap();
    let metric = METRIC.replace("account = \"{account}\"\n", "");
    let source = "[[source]]\nname = \"app\"\npaths = [\"$DIR/app.log\"]\npattern = \"trace\"\n\
                  multiline = { start = '^A', timeout = \"300ms\" }\n";
    bench.write_config("", &format!("{source}{metric}"));
    let once = || {
        let output = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
    };
    bench.append("app.log", b"A 2026-11-10T12:00:00Z ann\n");
    once();
    assert_eq!(bench.sandbox.event_count(), 0, "the record may go on");
    bench.append("app.log", b"  number=7\n");
    once();
    assert_eq!(bench.sandbox.event_count(), 0, "it has just grown");
    std::thread::sleep(Duration::from_millis(400));
    once();
    let held = Books::held(&bench.sandbox, "Usage");
    let mut expected = Books::default();
    expected.add("ann", "", WINDOW, 1, 7);
    assert_eq!(expected.difference(&held), Vec::<String>::new());
}

/// What a file holds and what is said of it go on in the copy that logrotate's `copytruncate` made while no agent ran.
#[test]
fn a_record_and_columns_go_on_in_the_copy_of_a_truncated_file() {
    let part = |tag: &str, text: &str| format!("2026-11-10T12:00:01Z stdout {tag} {text}\n");
    let head = |number: u32| format!("[2026-11-10T12:00:00Z] user=ann account=acme number={number}");
    let cri = (
        "unwrap = [\"cri\"]\nmultiline = { start = '^\\[', end = '^end', timeout = \"30s\" }",
        r"regex = '(?s)\[(?<time>\S+)\] user=(?<user>\w+) account=(?<account>\w+) number=(?<number>\d+)\n.*end'",
        part("F", &head(1)) + &part("P", "e"),
        part("F", "nd") + &part("F", &head(2)) + &part("F", "end"),
        part("F", &head(4)) + &part("F", "end"),
    );
    let w3c = (
        "",
        "w3c = true",
        "#Fields: date time user account number\n#Fields: number account user date time\n".to_owned(),
        "1 acme ann 2026-11-10 12:00:00\n2 acme ann 2026-11-10 12:00:00\n".to_owned(),
        "#Fields: date time user account number\n2026-11-10 12:00:00 ann acme 4\n".to_owned(),
    );
    for (source, pattern, before, rest, after) in [cri, w3c] {
        let bench = Bench::new();
        std::fs::create_dir(bench.path("patterns.d")).unwrap();
        let types = if source.is_empty() { "" } else { "time = { type = 'time', format = 'rfc3339' }\n" };
        let pattern = format!("name = \"p\"\n{pattern}\n[types]\n{types}number = 'integer'\n");
        std::fs::write(bench.path("patterns.d/p.toml"), pattern).unwrap();
        let source =
            format!("[[source]]\nname = \"app\"\npaths = [\"$DIR/app.log\"]\npattern = \"p\"\n{source}\n{METRIC}");
        bench.write_config("", &source);
        bench.append("app.log", before.as_bytes());
        let once = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
        assert_eq!(once.code, Some(0), "{}", once.stderr);
        bench.append("app.log", rest.as_bytes());
        std::fs::copy(bench.path("app.log"), bench.path("app.log.1")).unwrap();
        std::fs::write(bench.path("app.log"), "").unwrap();
        bench.append("app.log", after.as_bytes());
        let agent = bench.start();
        bench.wait_until("PX holds the records", || Books::held(&bench.sandbox, "Usage").lines() >= 3);
        assert!(agent.terminate().0.success());
        let mut expected = Books::default();
        expected.add("ann", "acme", WINDOW, 3, 7);
        assert_eq!(expected.difference(&Books::held(&bench.sandbox, "Usage")), Vec::<String>::new());
        assert_eq!(counter(&bench, "source/app/unmatched"), 0);
    }
}

#[test]
fn a_file_begun_at_its_end_is_read_by_its_last_header() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("patterns.d")).unwrap();
    std::fs::write(bench.path("patterns.d/p.toml"), "name = \"p\"\nw3c = true\n[types]\nnumber = 'integer'\n").unwrap();
    let source = "[[source]]\nname = \"app\"\npaths = [\"$DIR/app.log\"]\npattern = \"p\"\nstart_at = \"end\"\n";
    bench.write_config("", &format!("{source}{METRIC}"));
    // The header that counts is neither in the first block nor in the last.
    let line = "1 acme ann 2026-11-10 12:00:00\r\n".repeat(50_000);
    let headers = ["#Fields: date time user account number\r\n", "#Fields: number account user date time\r\n"];
    bench.append("app.log", [headers[0], &line, headers[1], &line].concat().as_bytes());
    let once = || {
        let once = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
        assert_eq!(once.code, Some(0), "{}", once.stderr);
    };
    once();
    bench.append("app.log", b"7 acme ann 2026-11-10 12:00:00\r\n");
    once();
    let mut expected = Books::default();
    expected.add("ann", "acme", WINDOW, 1, 7);
    assert_eq!(expected.difference(&Books::held(&bench.sandbox, "Usage")), Vec::<String>::new());
}

#[test]
fn columns_are_not_believed_after_another_pattern_read_the_file() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("patterns.d")).unwrap();
    let pattern = |name: &str, text: &str| {
        let time = if name == "words" { "time = { type = 'time', format = 'rfc3339' }\n" } else { "" };
        let text = format!("name = \"{name}\"\n{text}\n[types]\n{time}number = 'integer'\n");
        std::fs::write(bench.path(&format!("patterns.d/{name}.toml")), text).unwrap();
    };
    pattern("columns", "w3c = true");
    pattern("words", "regex = '(?<time>\\S+) (?<user>\\w+) (?<account>\\w+) (?<number>\\d+)'");
    let run = |pattern: &str, lines: &str| {
        let source = "[[source]]\nname = \"app\"\npaths = [\"$DIR/app.log\"]\n";
        bench.write_config("", &format!("{source}pattern = \"{pattern}\"\n{METRIC}"));
        bench.append("app.log", lines.as_bytes());
        let once = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
        assert_eq!(once.code, Some(0), "{}", once.stderr);
    };
    run("columns", "#Fields: date time user account number\n2026-11-10 12:00:00 ann acme 1\n");
    run("words", "#Fields: date time account user number\n2026-11-10 12:00:00 acme ann 2\n");
    run("columns", "2026-11-10 12:00:00 acme ann 4\n");
    bench.wait_until("PX holds both", || {
        run("columns", "");
        Books::held(&bench.sandbox, "Usage").lines() >= 2
    });
    let mut expected = Books::default();
    expected.add("ann", "acme", WINDOW, 2, 5);
    assert_eq!(expected.difference(&Books::held(&bench.sandbox, "Usage")), Vec::<String>::new());
}

#[test]
fn the_status_shows_what_matches_and_a_line_that_does_not() {
    let bench = Bench::new();
    let source =
        "[[source]]\nname = \"app\"\npaths = [\"$DIR/app.log\"]\npattern = \"combined\"\nmin_match_rate = 0.9\n";
    let metric = METRIC.replace("{account}", "acme").replace("{user}", "{client}").replace("\"number\"", "\"bytes\"");
    bench.write_config("", &format!("{source}{metric}"));
    let asleep = bench.pxtail(&["status", "--config", "pxtail.toml"]);
    assert_eq!(asleep.code, Some(75), "{asleep:?}");
    assert!(asleep.stderr.contains("no agent listens there"), "{asleep:?}");
    let line = "192.0.2.1 - - [10/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"t\"\n";
    bench.append("app.log", format!("{}{}", line.repeat(80), "what \x1b[31mis this\n".repeat(20)).as_bytes());
    let agent = bench.start();
    bench.wait_until("the drift is said", || agent.said().contains("less than `min_match_rate` (90 %)"));
    let shown = bench.pxtail(&["status", "--config", "pxtail.toml"]).stdout;
    for text in
        ["100 lines read", "80 matched by `combined` (80.0 %", "20 not matched", "DRIFT", "what \\u{1b}[31mis this"]
    {
        assert!(shown.contains(text), "{text} is not in:\n{shown}");
    }
    let metrics = bench.pxtail(&["status", "--metrics", "--config", "pxtail.toml"]).stdout;
    assert!(metrics.contains("pxtail_lines_matched_total{source=\"app\",pattern=\"combined\"} 80\n"), "{metrics}");
    assert!(metrics.contains("pxtail_drift{source=\"app\"} 1\n") && !metrics.contains("is this"), "{metrics}");
    let json = bench.pxtail(&["status", "--json", "--config", "pxtail.toml"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["sources"][0]["unmatched"], &json["sources"][0]["match_ratio"]), (&20.into(), &0.8.into()));
}
