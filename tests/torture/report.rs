//! The books of a run side by side, in a table, and what is wrong in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

use crate::counted::Counted;
use crate::disk::Disk;
use crate::line;
use crate::modes::Mode;
use crate::run::Events;
use crate::settings::Choices;

/// Most ranges of numbers that are shown.
const SHOWN: usize = 8;

pub struct Report {
    pub mode: Mode,
    pub seed: u64,
    pub choices: Choices,
    pub elapsed: Duration,
    pub written: u64,
    pub disk: Disk,
    pub counted: Counted,
    /// Windows that never sealed.
    pub held: u64,
    pub kills: u64,
    pub rotations: u64,
    pub cpu_seconds: f64,
    /// The ledger's files, as text.
    pub files: String,
    pub events: Arc<Events>,
    /// What the agent's status was in the end, and what it logged last.
    pub said: String,
    pub directory: Option<PathBuf>,
}

impl Report {
    /// A row of the table, past the test's captured output: a run that is right has to be seen too, and one that is not
    /// at once.
    pub fn print(&self, failure: Option<&str>) {
        static HEADER: Once = Once::new();
        let mut out = std::io::stderr().lock();
        HEADER.call_once(|| {
            let _ = writeln!(
                out,
                "| mode | seed | glob | wake | lines | a second | on disk | destroyed | counted | missed | repeated | kills | rotations | CPU s |\n\
                 | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
            );
        });
        let (on_disk, a_second) = (self.disk.lines(), self.written as f64 / self.elapsed.as_secs_f64());
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {a_second:.0} | {on_disk} | {} | {} | {} | {} | {} | {} | {:.1} |",
            self.mode.name(),
            self.seed,
            self.choices.glob,
            self.choices.wake,
            self.written,
            self.written - on_disk,
            self.counted.lines,
            self.missed().len(),
            self.repeated().len(),
            self.kills,
            self.rotations,
            self.cpu_seconds,
        );
        if let Some(failure) = failure {
            let _ = writeln!(out, "{failure}");
        }
    }

    fn missed(&self) -> Vec<u64> {
        let is_wanted = |number| self.disk.has(number) && !self.disk.halves.contains(&number);
        (0..self.written).filter(|&number| self.counted.times_of(number) == 0 && is_wanted(number)).collect()
    }

    /// Lines that were counted more often than once, and those that were counted and are in no file.
    fn repeated(&self) -> Vec<u64> {
        let numbers = 0..self.written.max(self.counted.times.len() as u64);
        numbers.filter(|&number| self.counted.times_of(number) > 1).collect()
    }

    /// What is wrong; `None` when the books agree.
    pub fn failure(&self) -> Option<String> {
        let mut wrong = String::new();
        if self.held > 0 {
            let _ = writeln!(wrong, "  {} windows are open still", self.held);
        }
        if !self.mode.destroys() && self.disk.lines() != self.written {
            let _ = writeln!(wrong, "  the test lost lines: {} of {} are on disk", self.disk.lines(), self.written);
        }
        for (what, numbers) in [("missed", self.missed()), ("repeated", self.repeated())] {
            self.describe(what, &numbers, &mut wrong);
        }
        self.compare_people(&mut wrong);
        let rows = if wrong.is_empty() { return None } else { &self.files };
        let directory = self.directory.as_ref().map_or(String::new(), |path| format!("\n  kept in {}", path.display()));
        Some(format!(
            "PXTAIL_SEED={}, {}, glob {}, wake {}, scans each {}, grace {:?}, commits each {}, seals early: {}, delays `{}`:\n{wrong}  the ledger has\n{rows}  the agent said\n{}{directory}",
            self.seed,
            self.mode.name(),
            self.choices.glob,
            self.choices.wake,
            self.choices.scan_interval,
            self.choices.rotated_grace,
            self.choices.commit_interval,
            self.choices.seals_early,
            self.choices.delays,
            self.said,
        ))
    }

    fn describe(&self, what: &str, numbers: &[u64], out: &mut String) {
        let ranges = ranges(numbers);
        if ranges.is_empty() {
            return;
        }
        let _ = writeln!(out, "  {} lines {what}, in {} ranges of numbers:", numbers.len(), ranges.len());
        let a_second = (self.written as f64 / self.elapsed.as_secs_f64()) as u64;
        for (first, last) in ranges.into_iter().take(SHOWN) {
            let _ = writeln!(out, "  {first} to {last}, the first {} times:", self.counted.times_of(first));
            for run in self.disk.places(first).chain(self.disk.places(last).filter(|run| run.numbers.0 > first)) {
                let (file, inode, numbers, bytes) = (&run.file, run.inode, run.numbers, run.bytes);
                let _ = writeln!(
                    out,
                    "    in {file} (inode {inode}), which has {} to {} at bytes {} to {}",
                    numbers.0, numbers.1, bytes.0, bytes.1
                );
            }
            for text in self.events.between(first.saturating_sub(a_second / 2), last + a_second) {
                let _ = writeln!(out, "      {text}");
            }
        }
    }

    /// Sums by user and account, which the agent counts in a metric of its own.
    fn compare_people(&self, out: &mut String) {
        let mut expected: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
        for number in (0..self.written).filter(|&number| self.counted.times_of(number) > 0) {
            let (user, account) = line::owner(number);
            let sums = expected.entry((format!("u{user}"), format!("a{account}"))).or_default();
            let times = u64::from(self.counted.times_of(number));
            sums.0 += times;
            sums.1 += times * number;
        }
        if expected != self.counted.people {
            let differing = expected.iter().filter(|(key, sums)| self.counted.people.get(key) != Some(sums)).count();
            let _ = writeln!(out, "  the two metrics disagree about {differing} of {} people", expected.len());
        }
        // Up to four times a line is told apart in the sums of a block; beyond, the count of lines says it.
        let by_times: u64 = self.counted.times.iter().map(|&times| u64::from(times)).sum();
        if by_times != self.counted.lines {
            let _ = writeln!(out, "  lines counted five times or more: {} in all", self.counted.lines);
        }
        let nowhere = |number: &u64| {
            let is_tolerated = self.disk.unterminated.contains(number);
            self.counted.times_of(*number) > 0 && !self.disk.has(*number) && !is_tolerated
        };
        // The agent may have read them before they were destroyed.
        let read_in_time = (0..self.written).filter(nowhere).count();
        if read_in_time > 0 && !self.mode.destroys() {
            let _ = writeln!(out, "  {read_in_time} lines counted are in no file");
        }
    }
}

/// Numbers that follow each other, as first and last.
fn ranges(numbers: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}
