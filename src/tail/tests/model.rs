//! Generated histories against a naive model of the file system: what happens to log files in any order, with crashes.
//!
//! The model keeps, for each file on disk, the lines that stand in it. At the end every line that is still on disk is
//! counted, and none is counted twice; lines that a truncation destroyed may be missing. Lines are unique, since a rewrite with the
//! same bytes cannot be told apart. More histories with `PXTAIL_MODEL_CASES`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

#[derive(Clone, Debug)]
enum Action {
    Append {
        name: usize,
        lines: usize,
    },
    Half {
        name: usize,
    },
    FinishLine {
        name: usize,
    },
    /// `a.log` becomes `a.log.1`, which becomes `a.log.2`, …; the last goes.
    Rotate {
        name: usize,
    },
    Rename {
        name: usize,
    },
    Truncate {
        name: usize,
    },
    TruncateTo {
        name: usize,
        sixteenths: u64,
    },
    Rewrite {
        name: usize,
        lines: usize,
    },
    Delete {
        name: usize,
    },
    CopyTruncate {
        name: usize,
    },
    Scan,
    Poll,
    Commit,
    CommitFails,
    Pass {
        millis: u64,
    },
    Crash,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let name = 0..2_usize;
    let action = prop_oneof![
        6 => (name.clone(), 1..4_usize).prop_map(|(name, lines)| Action::Append { name, lines }),
        2 => name.clone().prop_map(|name| Action::Half { name }),
        2 => name.clone().prop_map(|name| Action::FinishLine { name }),
        3 => name.clone().prop_map(|name| Action::Rotate { name }),
        1 => name.clone().prop_map(|name| Action::Rename { name }),
        2 => name.clone().prop_map(|name| Action::CopyTruncate { name }),
        1 => name.clone().prop_map(|name| Action::Truncate { name }),
        1 => (name.clone(), 1..16_u64).prop_map(|(name, sixteenths)| Action::TruncateTo { name, sixteenths }),
        1 => (name.clone(), 1..8_usize).prop_map(|(name, lines)| Action::Rewrite { name, lines }),
        1 => name.prop_map(|name| Action::Delete { name }),
        4 => Just(Action::Scan),
        4 => Just(Action::Poll),
        3 => Just(Action::Commit),
        1 => Just(Action::CommitFails),
        2 => (0..7_000_u64).prop_map(|millis| Action::Pass { millis }),
        2 => Just(Action::Crash),
    ];
    prop::collection::vec(action, 1..60)
}

/// A line on disk, or half of one.
#[derive(Clone, Debug)]
struct Written {
    text: String,
    /// The part of it that stands in the file; all of it, with its newline, when the line is whole.
    len: usize,
    /// When its last byte was written.
    at: UnixMicros,
}

impl Written {
    fn is_whole(&self) -> bool {
        self.len == self.text.len() + 1
    }
}

/// What stands in each name.
#[derive(Debug, Default)]
struct Disk {
    files: BTreeMap<String, Vec<Written>>,
    next_line: usize,
    /// Lines that a truncation or rewrite took, or left behind in a file that is another for the tail. Those may be missing; those that
    /// were left behind may be counted once more.
    destroyed: Vec<String>,
    recounted: Vec<String>,
    /// Files that were cut.
    cut: BTreeSet<String>,
}

impl Disk {
    fn line(&mut self) -> String {
        self.next_line += 1;
        // Different lengths, some beyond the fingerprints'.
        let padding = [4, 40, 300, 1_200][self.next_line * 7 % 4];
        format!("{} line {}", self.next_line, format!("{}.", self.next_line).repeat(padding / 2))
    }

    fn destroy(&mut self, name: &str) {
        let lines = self.files.insert(name.to_owned(), Vec::new()).unwrap_or_default();
        self.destroyed.extend(lines.into_iter().map(|line| line.text));
    }
}

struct History {
    rig: Rig,
    disk: Disk,
    glob: &'static str,
}

const BASES: [&str; 2] = ["a.log", "b.log"];

impl History {
    fn new(glob: &'static str) -> Self {
        Self { rig: Rig::new(glob), disk: Disk::default(), glob }
    }

    /// Writes what completes a half line, then whole lines.
    fn append(&mut self, name: &str, lines: usize) {
        self.finish_line(name);
        for _ in 0..lines {
            let text = self.disk.line();
            self.rig.append(name, &format!("{text}\n"));
            let (len, at) = (text.len() + 1, self.rig.now);
            self.disk.files.entry(name.to_owned()).or_default().push(Written { text, len, at });
        }
    }

    fn half(&mut self, name: &str) {
        self.finish_line(name);
        let text = self.disk.line();
        let (len, at) = (text.len() / 2, self.rig.now);
        self.rig.append(name, &text[..len]);
        self.disk.files.entry(name.to_owned()).or_default().push(Written { text, len, at });
    }

    fn finish_line(&mut self, name: &str) {
        if let Some(last) = self.disk.files.get_mut(name).and_then(|lines| lines.last_mut())
            && !last.is_whole()
        {
            let rest = format!("{}\n", &last.text[last.len..]);
            last.len = last.text.len() + 1;
            last.at = self.rig.now;
            self.rig.append(name, &rest);
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        let Some(lines) = self.disk.files.remove(from) else { return };
        self.rig.rename(from, to);
        if let Some(gone) = self.disk.files.insert(to.to_owned(), lines) {
            self.disk.destroyed.extend(gone.into_iter().map(|line| line.text));
        }
    }

    fn rotate(&mut self, base: &str) {
        // A half line in a rotated file would be finished under its new name by its writer.
        self.finish_line(base);
        for number in (1..4).rev() {
            self.rename(&format!("{base}.{number}"), &format!("{base}.{}", number + 1));
        }
        self.rename(base, &format!("{base}.1"));
    }

    /// Copies the file and empties it, as logrotate's `copytruncate` does.
    fn copy_truncate(&mut self, base: &str) {
        self.finish_line(base);
        if !self.disk.files.contains_key(base) {
            return;
        }
        // Two faults at once are more than content can tell: that a file was cut must be known before it is copied.
        if self.disk.cut.remove(base) {
            self.rig.scan();
            self.rig.read();
            self.rig.commit();
        }
        for number in (1..4).rev() {
            self.rename(&format!("{base}.{number}"), &format!("{base}.{}", number + 1));
        }
        let copy = format!("{base}.1");
        std::fs::copy(self.rig.path(base), self.rig.path(&copy)).unwrap();
        self.rig.truncate(base, 0);
        let mut lines = self.disk.files.insert(base.to_owned(), Vec::new()).unwrap_or_default();
        // A file of which nothing was read has nothing to compare: that it was emptied may be seen late.
        let inode = identity::open(&self.rig.path(base)).unwrap().1.inode;
        let is_read = |file: &Followed| file.cursor.inode == inode && file.cursor.offset > 0 && !file.is_emptied();
        if !self.rig.tail.files.values().any(is_read) {
            for line in &mut lines {
                line.at = UnixMicros::MAX;
            }
        }
        self.disk.files.insert(copy, lines);
    }

    fn truncate(&mut self, name: &str, len: u64) {
        let mut left = len as usize;
        let lines = self.disk.files.remove(name).unwrap_or_default();
        let mut kept = Vec::new();
        for mut line in lines {
            self.disk.recounted.push(line.text.clone());
            self.disk.destroyed.push(line.text.clone());
            let len = line.len.min(left);
            left -= len;
            if len > 0 {
                // The cut line is another line from now on.
                line.text.truncate(len.max(1));
                line.len = len;
                self.disk.destroyed.push(line.text.clone());
                self.disk.recounted.push(line.text.clone());
                kept.push(line);
            }
        }
        self.disk.files.insert(name.to_owned(), kept);
        self.disk.cut.insert(name.to_owned());
        self.rig.truncate(name, len);
        // What is written to the remaining part before anybody looks cannot be told from what stood there, unless a mark
        // lies in it.
        self.rig.scan();
        self.rig.read();
        self.rig.commit();
    }

    fn apply(&mut self, action: &Action) {
        // No two things happen at one instant.
        self.rig.pass(Duration::from_millis(1));
        let base = |name: usize| BASES[name % BASES.len()];
        match *action {
            Action::Append { name, lines } => self.append(base(name), lines),
            Action::Half { name } => self.half(base(name)),
            Action::FinishLine { name } => self.finish_line(base(name)),
            Action::Rotate { name } => self.rotate(base(name)),
            Action::Rename { name } => {
                self.finish_line(base(name));
                self.rename(base(name), &format!("{}-2026112{}", base(name), self.disk.next_line % 10));
            }
            Action::CopyTruncate { name } => self.copy_truncate(base(name)),
            Action::Truncate { name } if self.disk.files.contains_key(base(name)) => {
                self.disk.destroy(base(name));
                self.rig.truncate(base(name), 0);
            }
            Action::TruncateTo { name, sixteenths } if self.disk.files.contains_key(base(name)) => {
                let size = std::fs::metadata(self.rig.path(base(name))).unwrap().len();
                self.truncate(base(name), size * sixteenths / 16);
            }
            Action::Rewrite { name, lines } if self.disk.files.contains_key(base(name)) => {
                self.disk.destroy(base(name));
                self.rig.truncate(base(name), 0);
                self.append(base(name), lines);
            }
            Action::Delete { name } => {
                if let Some(lines) = self.disk.files.remove(base(name)) {
                    self.disk.destroyed.extend(lines.into_iter().map(|line| line.text));
                    self.rig.remove(base(name));
                }
            }
            Action::Scan => {
                self.rig.scan();
            }
            Action::Poll => self.rig.read(),
            Action::Commit => self.rig.commit(),
            Action::Pass { millis } => self.rig.pass(Duration::from_millis(millis)),
            Action::Crash => self.rig.crash(),
            _ => {}
        }
    }

    /// Every line is counted at most as often as it may be.
    fn check_at_most_once(&self) {
        let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
        for line in self.rig.committed.iter().chain(&self.rig.pending) {
            *counted.entry(line).or_default() += 1;
        }
        for (line, count) in counted {
            let again = self.disk.recounted.iter().filter(|text| *text == line).count();
            assert!(count <= 1 + again, "{}: counted {count} times: {line}", self.glob);
        }
    }

    /// What was written before the instant up to which the tail says it is complete, is handed out.
    fn check_complete(&self) {
        let until = self.rig.tail.complete_until(SourceIndex(0), Duration::MAX, self.rig.now, |_| None, |_| None);
        for (name, lines) in &self.disk.files {
            for line in lines.iter().filter(|line| line.is_whole() && line.at < until) {
                let known = [&self.rig.committed, &self.rig.pending, &self.disk.destroyed];
                let is_known = known.iter().any(|lines| lines.contains(&line.text));
                assert!(is_known, "{}: complete until {until}, without {name}: {}", self.glob, line.text);
            }
        }
    }

    fn check_all_counted(&self) {
        for (name, lines) in &self.disk.files {
            let is_cut = |line: &Written| self.disk.destroyed.contains(&line.text);
            for line in lines.iter().filter(|line| line.is_whole() && !is_cut(line)) {
                assert!(
                    self.rig.committed.contains(&line.text),
                    "{}: not counted, in {name}: {}",
                    self.glob,
                    line.text,
                );
            }
        }
    }
}

fn run(glob: &'static str, actions: &[Action]) {
    let mut history = History::new(glob);
    // What was rotated away before the first scan of a source is not the agent's.
    history.append(BASES[0], 1);
    history.rig.round();
    for action in actions {
        history.apply(action);
        history.check_at_most_once();
        history.check_complete();
    }
    history.rig.settle();
    history.check_at_most_once();
    history.check_all_counted();
}

fn cases() -> u32 {
    std::env::var("PXTAIL_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

#[test]
fn any_history_counts_every_line_on_disk_once() {
    let config = Config { cases: cases(), failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let globs = prop_oneof![Just("*.log"), Just("*.log*")];
    runner
        .run(&(globs, actions()), |(glob, actions)| {
            run(glob, &actions);
            Ok(())
        })
        .unwrap_or_else(|err| panic!("{err}"));
}
