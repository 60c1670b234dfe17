//! The ledger damaged under the real agent, stopped or running: it starts, PX gets nothing twice, and what is not known any
//! more is parked and said.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use pxtail::model::time::{Clock, SystemClock};

use crate::agent::{Agent, Bench};
use crate::oracle::{Books, Key};

const CONFIG: &str = r#"
[[source]]
name = "web"
paths = ["$DIR/a.log"]
pattern = "combined"
[[metric]]
name = "hits"
sources = ["web"]
event = "Hits"
window = "1m"
time_zone = "UTC"
grace = "1s"
late_every = "200ms"
user = "{client}"
[metric.measures]
lines = "count"
numbers = { sum = "bytes" }
"#;

const WINDOW: &str = "2026-11-10T12:00:00.000Z";

/// An agent that was killed in the middle of its life.
struct Killed {
    bench: Bench,
    books: Books,
    lines: u64,
}

fn write(bench: &Bench, books: &mut Books, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let client = format!("192.0.2.{}", number % 7);
        let line = format!("{client} - - [10/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 {number} \"-\" \"t\"\n");
        bench.append("a.log", line.as_bytes());
        books.add(&client, "", WINDOW, 1, number);
    }
}

fn held(bench: &Bench) -> Books {
    Books::held(&bench.sandbox, "Hits")
}

fn ledger(bench: &Bench) -> PathBuf {
    bench.path("state/ledger.sqlite3")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn configure(bench: &Bench) {
    let config = bench.write_config("", CONFIG);
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("[px]", "copy_interval = \"1s\"\n[px]")).unwrap();
}

/// Lines that were sent before the copy was made, and more that were sent after it.
fn killed() -> Killed {
    let bench = Bench::new();
    configure(&bench);
    let mut books = Books::default();
    write(&bench, &mut books, 0..200);
    let agent = bench.start();
    bench.wait_until("the first lines are sent", || held(&bench).lines() == 200);
    let copy = beside(&ledger(&bench), ".copy");
    let made = SystemClock.now();
    let written = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let since = std::time::UNIX_EPOCH + std::time::Duration::from_micros(made.0 as u64);
    bench.append("a.log", b"no line of this pattern, but something to copy\n");
    bench.wait_until("a copy is made of them", || written(&copy).is_some_and(|at| at > since));
    write(&bench, &mut books, 200..300);
    bench.wait_until("the rest is sent", || held(&bench).lines() == 300);
    agent.kill();
    Killed { bench, books, lines: 300 }
}

/// What PX holds is not more than what was written, for anybody.
#[track_caller]
fn check_not_more(bench: &Bench, written: &Books, what: &str) {
    assert_eq!(bench.sandbox.repeated(), vec![], "{what}");
    let held = held(bench);
    let truth = |key: &Key| written.0.get(key).copied().unwrap_or_default();
    let more = held.0.iter().filter(|(key, sums)| sums.lines > truth(key).lines || sums.numbers > truth(key).numbers);
    assert_eq!(more.collect::<Vec<_>>(), vec![], "{what}: PX holds more than was written");
}

fn parked(bench: &Bench) -> u64 {
    let output = bench.pxtail(&["outbox", "list", "--config", "pxtail.toml"]);
    let line = output.stdout.lines().find(|line| line.starts_with("parked"));
    line.unwrap().split_whitespace().nth(2).unwrap().parse().unwrap()
}

#[track_caller]
fn check(name: &str, damage: impl FnOnce(&Path)) {
    let Killed { bench, mut books, lines } = killed();
    damage(&ledger(&bench));
    write(&bench, &mut books, lines..lines + 50);
    fs::remove_file(bench.path("agent.log")).unwrap();
    let agent = bench.start();
    bench.wait_until(name, || agent.said().contains("the ledger was damaged"));
    // What was counted since the copy is counted again, with what is new, and parked when it seals.
    bench.wait_until(name, || parked(&bench) >= 150);
    check_not_more(&bench, &books, name);
    assert_eq!(held(&bench).lines(), lines, "{name}: what began before the damage is not sent");
    let status = bench.pxtail(&["status", "--config", "pxtail.toml"]);
    assert!(status.stdout.contains("the ledger was damaged"), "{name}: {}", status.stdout);
    let (status, _) = agent.terminate();
    assert!(status.success(), "{name}: {status}");
    let list = bench.pxtail(&["outbox", "list", "--config", "pxtail.toml"]);
    assert!(list.stdout.contains("before the ledger was damaged or lost"), "{name}: {}", list.stdout);
    let kept = fs::read_dir(bench.path("state")).unwrap().flatten();
    let kept = kept.filter(|entry| entry.file_name().to_string_lossy().contains(".damaged-")).count();
    assert!(kept > 0 || name.contains("lost") || name.contains("gone"), "{name}: the damaged files are kept");
}

fn all_in_one_file(path: &Path) {
    let ledger = rusqlite::Connection::open(path).unwrap();
    ledger.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

#[test]
fn after_zeros_it_goes_on_from_the_copy() {
    check("zeros", |path| {
        all_in_one_file(path);
        fs::write(path, vec![0; path.metadata().unwrap().len() as usize]).unwrap();
    });
}

#[test]
fn after_a_lost_wal_it_sends_nothing_again() {
    check("a lost wal", |path| fs::remove_file(beside(path, "-wal")).unwrap());
}

#[test]
fn after_a_torn_page_it_goes_on_from_the_copy() {
    check("a torn page", |path| {
        all_in_one_file(path);
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(&[0; 4096], 4096 * (path.metadata().unwrap().len() / 4096 / 2)).unwrap();
    });
}

#[test]
fn when_it_is_gone_it_goes_on_from_the_copy() {
    check("gone", |path| {
        for suffix in ["", "-wal", "-shm"] {
            fs::remove_file(beside(path, suffix)).unwrap();
        }
    });
}

#[test]
fn a_directory_in_its_place_is_moved_away() {
    check("a directory", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    });
}

/// Without a copy everything is counted again, and nothing of it is sent.
#[test]
fn without_a_copy_it_begins_anew_and_parks_what_it_counts_again() {
    check("no copy", |path| {
        fs::write(path, "nonsense").unwrap();
        fs::remove_file(beside(path, ".copy")).unwrap();
        let _ = fs::remove_file(beside(path, ".copy-older"));
    });
}

#[test]
fn damage_while_it_runs_is_met_and_mended_without_a_restart() {
    let bench = Bench::new();
    configure(&bench);
    let mut books = Books::default();
    write(&bench, &mut books, 0..100);
    let agent = bench.start();
    bench.wait_until("the first lines are sent", || held(&bench).lines() == 100);
    let copy = beside(&ledger(&bench), ".copy");
    bench.wait_until("a copy is made", || copy.exists());
    let mut number = 100;
    let file = OpenOptions::new().write(true).open(ledger(&bench)).unwrap();
    bench.wait_until("the damage is met", || {
        // Again and again: what is in the agent's memory is written over it.
        let _ = file.write_all_at(&vec![0xa5; 64 * 1024], 0);
        write(&bench, &mut books, number..number + 1);
        number += 1;
        agent.said().contains("the ledger was damaged")
    });
    bench.wait_until("it counts on", || parked(&bench) > 0);
    check_not_more(&bench, &books, "damaged while it ran");
    let (status, _) = agent.terminate();
    assert!(status.success(), "{status}");
}

/// Bytes anywhere in the file. A sound ledger sends nothing here, since everything is sent: whatever comes of it, PX holds
/// what it held.
#[test]
fn flipped_bytes_never_make_it_send_again() {
    let Killed { bench, books, lines } = killed();
    all_in_one_file(&ledger(&bench));
    let state = bench.path("state");
    let sound = bench.path("sound");
    fs::rename(&state, &sound).unwrap();
    let seed =
        std::env::var("PXTAIL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("PXTAIL_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..8 {
        fs::create_dir(&state).unwrap();
        for entry in fs::read_dir(&sound).unwrap().flatten().filter(|entry| entry.file_type().unwrap().is_file()) {
            fs::copy(entry.path(), state.join(entry.file_name())).unwrap();
        }
        let path = ledger(&bench);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let len = path.metadata().unwrap().len();
        for _ in 0..4_usize.pow(random.u32(..4)) {
            file.write_all_at(&[random.u8(..)], random.u64(..len)).unwrap();
        }
        let agent = Agent::start(&bench.path("pxtail.toml"), &bench.path(&format!("agent-{round}.log")));
        bench.wait_until("it starts", || state.join("pxtail.sock").exists());
        std::thread::sleep(std::time::Duration::from_millis(700));
        let (status, _) = agent.terminate();
        assert!(status.success(), "round {round}: {status}");
        check_not_more(&bench, &books, &format!("round {round}"));
        assert_eq!(held(&bench).lines(), lines, "round {round}");
        fs::remove_dir_all(&state).unwrap();
    }
}
