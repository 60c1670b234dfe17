//! The application that writes the log.
//!
//! Promises: a line goes into one file, sometimes in two writes with a pause between them; what is written is booked by
//! its number alone. Does not: know rotations; whoever rotates changes the files that it writes to.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::line;

/// Between two writes: what a busy server's buffered log does.
const TICK: Duration = Duration::from_millis(5);

/// One time in so many, a write ends inside a line and goes on a moment later.
const SPLIT_ONE_IN: u64 = 40;

/// The longest burst, and the longest silence.
const LONGEST_BURST: Duration = Duration::from_millis(700);

/// Most lines of one write, after the machine let the writer wait.
const MOST_LINES: u64 = 5_000;

/// What the writer and who rotates have in common.
#[derive(Default)]
pub struct Desk {
    /// Opened to append. With several, each write takes any of them: workers that have not reopened yet.
    files: Mutex<Vec<File>>,
    written: AtomicU64,
    /// Lines that were written in two pieces, and how long that took.
    split: Mutex<Vec<(u64, Duration)>>,
    is_over: AtomicBool,
}

impl Desk {
    /// The files to write to from now on. Returns when nothing more is written to others.
    pub fn switch(&self, files: Vec<File>) {
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = files;
    }

    /// One more file beside those that are written to.
    pub fn add(&self, file: File) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    }

    /// Only the youngest file is written to from now on.
    pub fn keep_last(&self) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let last = files.pop();
        *files = last.into_iter().collect();
    }

    /// Lines so far: their numbers are those below.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Lines of which half stood there alone for so long.
    pub fn split_for(&self, most: Duration) -> Vec<u64> {
        let split = self.split.lock().unwrap_or_else(PoisonError::into_inner);
        split.iter().filter(|(_, took)| *took >= most).map(|(number, _)| *number).collect()
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

/// How to write.
pub struct Manner {
    pub lines_per_second: u64,
    pub has_bursts: bool,
    /// All times are of this day, so that they fall into one window.
    pub day: String,
    pub seed: u64,
}

/// Writes until the desk is over.
pub fn start(desk: &Arc<Desk>, manner: Manner) -> std::thread::JoinHandle<()> {
    let desk = Arc::clone(desk);
    std::thread::spawn(move || write(&desk, &manner))
}

fn write(desk: &Desk, manner: &Manner) {
    let Manner { lines_per_second, has_bursts, day, seed } = manner;
    let mut random = fastrand::Rng::with_seed(*seed);
    let mut burst_ends = Instant::now() + LONGEST_BURST;
    let mut bytes = Vec::new();
    // What the machine did not let it write in time is not made up for beyond a second.
    let mut owed = 0.0;
    let mut last = Instant::now();
    while !desk.is_over() {
        if *has_bursts && Instant::now() >= burst_ends {
            std::thread::sleep(LONGEST_BURST.mul_f64(random.f64()));
            last = Instant::now();
            burst_ends = last + LONGEST_BURST.mul_f64(random.f64());
        }
        let now = Instant::now();
        let rate = *lines_per_second as f64;
        owed = ((now - last).as_secs_f64() * rate + owed).min(rate);
        last = now;
        let lines = (owed as u64).min(MOST_LINES);
        owed -= lines as f64;
        let time = format!("{day}T{}Z", Timestamp::now().strftime("%H:%M:%S.%3f"));
        let first = desk.written();
        bytes.clear();
        for number in first..first + lines {
            line::push(&mut bytes, &time, number);
        }
        write_bytes(desk, &bytes, first, &mut random);
        desk.written.store(first + lines, Ordering::Release);
        std::thread::sleep(TICK);
    }
}

/// Writes the lines from `first` on.
fn write_bytes(desk: &Desk, bytes: &[u8], first: u64, random: &mut fastrand::Rng) {
    let files = desk.files.lock().unwrap_or_else(PoisonError::into_inner);
    let at = random.usize(..files.len());
    if bytes.len() > 1 && random.u64(..SPLIT_ONE_IN) == 0 {
        let (head, tail) = bytes.split_at(random.usize(1..bytes.len()));
        let number = first + head.split(|&byte| byte == b'\n').count() as u64 - 1;
        let began = Instant::now();
        (&files[at]).write_all(head).unwrap();
        std::thread::sleep(Duration::from_millis(random.u64(1..15)));
        (&files[at]).write_all(tail).unwrap();
        desk.split.lock().unwrap_or_else(PoisonError::into_inner).push((number, began.elapsed()));
    } else {
        (&files[at]).write_all(bytes).unwrap();
    }
}
