//! One run: writer, rotations and kills at the same time, then the agent in peace, then the books.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::agent::Host;
use crate::counted::{self, Counted};
use crate::disk::Disk;
use crate::modes::Mode;
use crate::report::Report;
use crate::rotate::Rotator;
use crate::settings::{Choices, Settings};
use crate::writer::{self, Desk, Manner};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// For lines that would be counted again: files that were rotated away are given up by then, unless that takes minutes.
const LONGEST_LINGER: Duration = Duration::from_secs(5);

/// After so long without a commit, nothing more will come from an agent that says that it is at rest. Commits may be half a
/// minute apart after one that took long, and so may scans; what is not saved, the status does not tell.
const GIVEN_UP: Duration = Duration::from_secs(90);

/// A half line that stood there for this part of `rotated_grace` may have been taken for a last line: the agent measures
/// quiet from before a read, and both may have been held up by the machine.
const GRACE_SHARE: u32 = 5;

/// What was done, when, and how many lines there were.
pub struct Events {
    began: Instant,
    desk: Arc<Desk>,
    done: Mutex<Vec<(u64, String)>>,
}

impl Events {
    pub fn note(&self, what: &str) {
        let (lines, elapsed) = (self.desk.written(), self.began.elapsed());
        let at = Timestamp::now().strftime("%H:%M:%S.%3f");
        let text = format!("{at} ({:.3} s, {lines} lines) {what}", elapsed.as_secs_f64());
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push((lines, text));
    }

    /// What was done while lines with such numbers were written.
    pub fn between(&self, first: u64, last: u64) -> Vec<String> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.iter().filter(|(lines, _)| (first..=last).contains(lines)).map(|(_, text)| text.clone()).collect()
    }
}

pub fn run(mode: Mode, seed: u64, settings: &Settings) -> Report {
    let choices = Choices::of(mode, seed, settings);
    let mut builder = tempfile::Builder::new();
    let name = format!("torture-{}-{seed}-", mode.name().replace([',', ' '], "-"));
    let mut directory = builder.prefix(&name).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = directory.path().to_owned();
    directory.disable_cleanup(settings.keep);
    let (logs, ledger) = (path.join("logs"), path.join("state/ledger.sqlite3"));
    let (day, grace) = window(&choices, settings.length);
    let mut host = Host::new(&path, &choices, grace);
    let desk = Arc::new(Desk::default());
    let events = Arc::new(Events { began: Instant::now(), desk: Arc::clone(&desk), done: Mutex::default() });
    let rotator = Rotator::new(mode, &logs, &ledger, &desk, &events, &choices, seed);
    rotator.begin();
    let lines_per_second = settings.lines_per_second / choices.slowness;
    let writer = writer::start(&desk, Manner { lines_per_second, has_bursts: choices.has_bursts, day, seed });
    host.start();
    let began = Instant::now();
    // What was rotated away before the agent's first look is not its own.
    while !counted::knows_a_file(&ledger) {
        assert!(began.elapsed() < PATIENCE, "the agent does not begin; it said:\n{}", host.said());
        std::thread::sleep(Duration::from_millis(10));
    }
    let until = Instant::now() + settings.length;
    let rotating = rotate(rotator, until, seed);
    kill(&mut host, until, &events, seed, settings);
    let rotator = rotating.join().unwrap();
    // The last file gets some lines after its rotation.
    std::thread::sleep(Duration::from_millis(100));
    desk.end();
    writer.join().unwrap();
    events.note("the writer ends");
    if choices.ends_without_delays {
        host.kill();
        host.end_delays();
        host.start();
        events.note("kill the agent, and start one without delays");
    }
    let elapsed = began.elapsed();
    let mut on_disk = Disk::default();
    on_disk.read_all(&logs);
    on_disk.halves = desk.split_for(choices.rotated_grace / GRACE_SHARE);
    let (rotations, deleted) = (rotator.rotations, rotator.deleted);
    on_disk.merge(deleted);
    let held = wait(&mut host, &ledger, &on_disk, &choices);
    let said = format!("{}\n{}", host.status("--all"), host.said());
    host.stop();
    Report {
        mode,
        seed,
        choices,
        elapsed,
        written: desk.written(),
        counted: Counted::read(&ledger),
        disk: on_disk,
        held,
        said,
        kills: host.kills,
        rotations,
        cpu_seconds: host.cpu_seconds,
        files: counted::files(&ledger),
        events,
        directory: settings.keep.then(|| PathBuf::from(&path)),
    }
}

/// The day of the lines, and how long after it its window seals: when the run is over, or a second after the day.
fn window(choices: &Choices, length: Duration) -> (String, Duration) {
    const DAY: i64 = 86_400;
    let now = Timestamp::now().as_second();
    let since_midnight = Duration::from_secs(now.rem_euclid(DAY) as u64);
    let day = Timestamp::from_second(now - DAY).unwrap().strftime("%Y-%m-%d").to_string();
    let grace = if choices.seals_early { Duration::from_secs(1) } else { since_midnight + length };
    (day, grace)
}

fn rotate(mut rotator: Rotator, until: Instant, seed: u64) -> std::thread::JoinHandle<Rotator> {
    let mut random = fastrand::Rng::with_seed(seed ^ 2);
    std::thread::spawn(move || {
        let mut next = Instant::now();
        loop {
            next += Duration::from_millis(random.u64(400..600));
            if next >= until {
                return rotator;
            }
            // After a slow rotation the next one is not made up for.
            next = next.max(Instant::now());
            std::thread::sleep(next - Instant::now());
            rotator.rotate();
        }
    })
}

/// Kills the agent about each second until the time is over. At the end it runs.
fn kill(host: &mut Host, until: Instant, events: &Events, seed: u64, settings: &Settings) {
    let mut random = fastrand::Rng::with_seed(seed ^ 3);
    let lives = if settings.is_short { 200..1_000 } else { 200..1_800 };
    loop {
        let life = Duration::from_millis(random.u64(lives.clone()));
        if random.u8(..3) == 0 {
            // A delay at a point that nobody named.
            std::thread::sleep((life / 2).min(until.saturating_duration_since(Instant::now())));
            host.signal("STOP");
            std::thread::sleep(Duration::from_millis(random.u64(..800)));
            host.signal("CONT");
            events.note("the agent stood still");
        }
        let left = until.saturating_duration_since(Instant::now());
        std::thread::sleep(life.min(left));
        if life > left {
            return;
        }
        host.kill();
        events.note("kill the agent");
        // Down for a while, sometimes for some rotations.
        if random.bool() {
            std::thread::sleep(Duration::from_millis(random.u64(..1_200)));
        }
        host.start();
        events.note("start the agent");
    }
}

/// Waits until everything on disk is counted, and then for what would be too much; or until the agent has nothing more to
/// do. Gives the windows that are open still.
fn wait(host: &mut Host, ledger: &Path, on_disk: &Disk, choices: &Choices) -> u64 {
    let began = Instant::now();
    let linger = choices.rotated_grace.min(LONGEST_LINGER) + Duration::from_millis(1_500);
    let (mut last, mut since, mut is_looked_at) = (counted::progress(ledger), Instant::now(), false);
    while began.elapsed() < PATIENCE && host.is_running() {
        std::thread::sleep(Duration::from_millis(100));
        let progress = counted::progress(ledger);
        if progress != last {
            (last, since, is_looked_at) = (progress, Instant::now(), false);
        }
        if since.elapsed() < linger {
            continue;
        }
        let is_new = !std::mem::replace(&mut is_looked_at, true);
        if is_new && progress.open_windows == 0 && Counted::read(ledger).has_all(on_disk) {
            break;
        }
        if since.elapsed() >= GIVEN_UP {
            if host.is_at_rest() {
                break;
            }
            since += Duration::from_secs(1);
        }
    }
    last.open_windows
}
