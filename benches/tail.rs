//! The tail alone: what many files cost when they rest, are known at a start, are new, or are rotated; reading; archives.
//!
//! `cargo bench --bench tail`. `PXTAIL_BENCH_FILES` (default 20,000) is the larger number of files, `PXTAIL_BENCH_RUNS`
//! (default 5) how often each is measured. Times are CPU time of the one thread that does it, user and system, medians.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and ends where it cannot go on")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pxtail::model::encoding::TextEncoding;
use pxtail::model::fault::{Located, Location};
use pxtail::model::file::{Cursor, FileId, SourceIndex};
use pxtail::model::spec::{StartAt, TailSpec, Wake};
use pxtail::model::time::UnixMicros;
use pxtail::tail::{Tail, TailSource};

/// Far past the files' own times, so that looks can be trusted.
const NOW: UnixMicros = UnixMicros::from_seconds(7_000_000_000);

const LINE: &str = "192.0.2.7 - - [10/Nov/2026:12:00:00 +0000] \"GET /a/b HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0\"\n";

/// Bytes that are read in one go, and that an archive unpacks to.
const BULK_BYTES: usize = 100_000_000;

/// Reads of an archive that is followed, each after a scan.
const LOOKS: usize = 20;

fn main() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let most: usize = number("PXTAIL_BENCH_FILES", 20_000);
    let bench = Bench { runs: number("PXTAIL_BENCH_RUNS", 5) };
    println!("{HANDLES} handles, medians of {} runs\n", bench.runs);
    println!("{:<52} {:>9} {:>12} {:>14} {:>10}", "what", "files", "CPU ms", "CPU us/file", "MB/CPU-s");
    for files in [1_000, most] {
        bench.at_rest(files);
        bench.changing(files);
    }
    bench.bulk();
    bench.archive();
}

const HANDLES: usize = 256;

struct Bench {
    runs: usize,
}

/// CPU time of this thread so far, user and system.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Memory of this process that is in use, in bytes.
fn resident() -> u64 {
    let figures = std::fs::read_to_string("/proc/self/statm").unwrap();
    figures.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn directory() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn tail(directory: &Path, known: Vec<Cursor>, next: FileId) -> Tail {
    let spec = TailSpec {
        wake: Wake::Poll,
        poll_interval: Duration::from_millis(250),
        scan_interval: Duration::from_secs(1),
        max_line_bytes: 1 << 20,
        max_open_files: HANDLES,
        rotated_grace: Duration::from_mins(10),
        forget_gone: Duration::from_hours(24),
    };
    let glob = directory.join("*.log").to_str().unwrap().to_owned();
    let source = TailSource {
        index: SourceIndex(0),
        name: "web".to_owned(),
        include: vec![Located::new(glob, Location::new("pxtail.toml", 1))],
        exclude: Vec::new(),
        start_at: StartAt::Beginning,
        encoding: TextEncoding::default(),
    };
    Tail::new(&spec, vec![source], known, next).unwrap()
}

/// Reads all there is; gives its bytes.
fn read(tail: &mut Tail, now: UnixMicros) -> usize {
    let mut bytes = 0;
    while let Some(chunk) = tail.read(now) {
        bytes += chunk.bytes.len();
    }
    bytes
}

/// What a commit does to the tail; gives what it saves.
fn commit(tail: &mut Tail) -> Vec<Cursor> {
    let saved = tail.changed().cloned().collect();
    tail.confirm();
    saved
}

fn name(directory: &Path, number: usize) -> PathBuf {
    directory.join(format!("{number}.log"))
}

/// Files of one line each, no two of them alike.
fn many(files: usize) -> tempfile::TempDir {
    let directory = directory();
    for number in 0..files {
        std::fs::write(name(directory.path(), number), format!("{number} {LINE}")).unwrap();
    }
    directory
}

impl Bench {
    /// Measures `work` on what `prepare` makes.
    fn measure<T>(&self, mut prepare: impl FnMut() -> T, mut work: impl FnMut(&mut T)) -> Duration {
        let mut times: Vec<Duration> = (0..self.runs.max(1))
            .map(|_| {
                let mut made = prepare();
                let began = cpu();
                work(&mut made);
                cpu().saturating_sub(began)
            })
            .collect();
        times.sort_unstable();
        times[times.len() / 2]
    }

    fn at_rest(&self, files: usize) {
        let directory = many(files);
        let path = directory.path();
        let before = resident();
        let mut running = tail(path, Vec::new(), FileId(1));
        running.scan(NOW);
        let expected = read(&mut running, NOW);
        let known = commit(&mut running);
        let memory = resident().saturating_sub(before) / files as u64;
        let next = running.next_id();
        let new = self.measure(
            || tail(path, Vec::new(), FileId(1)),
            |tail| {
                tail.scan(NOW);
                assert_eq!(read(tail, NOW), expected);
            },
        );
        show("new files of one line: found and read", files, new, 0);
        let start = self.measure(
            || known.clone(),
            |known| {
                let mut tail = tail(path, std::mem::take(known), next);
                tail.scan(NOW);
                assert_eq!(read(&mut tail, NOW), 0);
            },
        );
        show("known files at rest: a start", files, start, 0);
        let scan = self.measure(|| (), |()| drop(running.scan(NOW)));
        show("known files at rest: a scan (each 5 s)", files, scan, 0);
        let poll = self.measure(
            || (),
            |()| {
                running.look();
                assert_eq!(read(&mut running, NOW), 0);
            },
        );
        show("known files at rest: a poll of all that are open", files, poll, 0);
        // A look is a hint, which wants a scan: that is over before the next measure.
        running.scan(NOW);
        let look = self.measure(|| (), |()| assert!(!running.is_scan_wanted(NOW)));
        show("known files at rest: is a scan wanted? (each 1 s)", files, look, 0);
        println!("{:<52} {files:>9} {memory:>12} bytes of memory per file", "known files");
    }

    /// What happens to all files at once, as at midnight: rounds of scans and reads until all is read.
    fn changing(&self, files: usize) {
        type Change = fn(&Path, usize);
        let rotate: Change = |directory, number| {
            let path = name(directory, number);
            let old = directory.join(format!("{number}.log.1"));
            std::fs::rename(&path, &old).unwrap();
            std::fs::File::options().append(true).open(old).unwrap().write_all(LINE.as_bytes()).unwrap();
        };
        let replace: Change = |directory, number| {
            std::fs::write(name(directory, number), format!("after {number} {LINE}")).unwrap();
        };
        let remove: Change = |directory, number| std::fs::remove_file(name(directory, number)).unwrap();
        for (what, change, per_file) in
            [("renamed, with a line unread", rotate, LINE.len()), ("rewritten", replace, 0), ("deleted", remove, 0)]
        {
            let prepare = || {
                let directory = many(files);
                let mut tail = tail(directory.path(), Vec::new(), FileId(1));
                tail.scan(NOW);
                read(&mut tail, NOW);
                commit(&mut tail);
                (0..files).for_each(|number| change(directory.path(), number));
                (directory, tail)
            };
            let mut rounds = 0;
            let time = self.measure(prepare, |(_, tail)| {
                let (mut found, mut round) = (0, 0);
                // Three rounds are looked at in any case.
                while round < 3 || found < per_file * files {
                    round += 1;
                    let now = NOW.plus(Duration::from_secs(round));
                    tail.scan(now);
                    found += read(tail, now);
                    commit(tail);
                }
                rounds = round;
            });
            show(&format!("files that are {what}: {rounds} rounds"), files, time, 0);
        }
    }

    fn bulk(&self) {
        let directory = directory();
        let lines = BULK_BYTES / LINE.len();
        std::fs::write(name(directory.path(), 0), LINE.repeat(lines)).unwrap();
        let begin = || {
            let mut tail = tail(directory.path(), Vec::new(), FileId(1));
            tail.scan(NOW);
            tail
        };
        let time = self.measure(begin, |tail| assert_eq!(read(tail, NOW), lines * LINE.len()));
        show("one file, read to its end", 1, time, lines * LINE.len());
    }

    /// An archive that is followed itself.
    fn archive(&self) {
        let directory = directory();
        let lines = BULK_BYTES / LINE.len();
        let log = name(directory.path(), 0);
        let mut writer = std::io::BufWriter::new(std::fs::File::create(&log).unwrap());
        for number in 0..lines {
            write!(writer, "{number:08} {}", &LINE[9..]).unwrap();
        }
        drop(writer);
        if !Command::new("gzip")
            .args(["-1", "-S", ".log", "-f"])
            .arg(&log)
            .status()
            .is_ok_and(|status| status.success())
        {
            return println!("archives are left out: there is no gzip here");
        }
        std::fs::rename(directory.path().join("0.log.log"), &log).unwrap();
        let begin = || {
            let mut tail = tail(directory.path(), Vec::new(), FileId(1));
            tail.scan(NOW);
            tail
        };
        let time = self.measure(begin, |tail| assert_eq!(read(tail, NOW), lines * LINE.len()));
        show("one archive (gzip), read to its end, unpacked", 1, time, lines * LINE.len());
        let at_end = || {
            let mut tail = begin();
            read(&mut tail, NOW);
            tail
        };
        let time = self.measure(at_end, |tail| {
            for round in 0..LOOKS {
                let now = NOW.plus(Duration::from_secs(round as u64));
                tail.scan(now);
                tail.look();
                assert_eq!(read(tail, now), 0);
            }
        });
        show(&format!("the same at its end: {LOOKS} scans and reads"), 1, time, 0);
    }
}

fn show(what: &str, files: usize, cpu: Duration, bytes: usize) {
    let millis = cpu.as_secs_f64() * 1e3;
    let speed = if bytes > 0 { format!("{:.0}", bytes as f64 / 1e6 / cpu.as_secs_f64()) } else { String::new() };
    println!("{what:<52} {files:>9} {millis:>12.2} {:>14.2} {speed:>10}", millis * 1e3 / files as f64);
}
