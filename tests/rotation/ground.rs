//! One scenario: its directory, its logs, and the program that writes them.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::books;

/// How logs are rotated, and what is promised then.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique; the name of its directory and its source, and of its lines.
    pub name: &'static str,
    /// The source's paths, below the scenario's directory.
    pub paths: &'static [&'static str],
    /// What its program writes to, below the scenario's directory.
    pub logs: &'static [&'static str],
    pub habit: Habit,
    /// Files from before the first start that no path names: not a line of them is wanted.
    pub foreign: &'static [&'static str],
    /// Makes what must be there before the first line.
    pub prepare: fn(&mut Ground),
    pub rotation: Rotation,
    pub promise: Promise,
    pub hidden: Hidden,
    pub form: Form,
}

/// Who rotates.
#[derive(Clone, Copy, Debug)]
pub enum Rotation {
    /// logrotate, with these lines. `$DIR` is the scenario's directory, `$USER` and `$GROUP` are whose it is.
    Logrotate(&'static str),
    /// Whoever; the number counts from 0.
    ByHand(fn(&mut Ground, u32)),
}

/// How a program holds its logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Opens the log for each line.
    OpensEachTime,
    /// Keeps it open, and opens it again so long after it was told to.
    ReopensAfter(Duration),
    /// Keeps it open for ever.
    Keeps,
}

/// What must be counted beside what is on disk in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// All that was written, while the agent runs.
    WhileRunning,
    /// Nothing: the rotation itself loses lines.
    OnDisk,
}

/// What nobody can find who did not look on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    Nothing,
    /// A file that was begun and rotated away between two looks: its name tells nothing.
    Unseen,
    /// Also one that was seen: it is moved to where nobody looks.
    Moved,
}

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    /// As a container's runtime writes them.
    Cri,
}

impl Form {
    pub const fn wrappers(self) -> &'static [&'static str] {
        match self {
            Self::Json => &[],
            Self::Cri => &["cri"],
        }
    }
}

impl Scenario {
    pub const DEFAULT: Self = Self {
        name: "",
        paths: &["log/access.log"],
        logs: &["log/access.log"],
        habit: Habit::OpensEachTime,
        foreign: &[],
        prepare: |_| {},
        rotation: Rotation::ByHand(|_, _| {}),
        promise: Promise::WhileRunning,
        hidden: Hidden::Nothing,
        form: Form::Json,
    };
}

/// The scenario's files, and its program.
#[derive(Debug)]
pub struct Ground {
    pub scenario: Scenario,
    pub directory: PathBuf,
    logs: Vec<Log>,
    written: u32,
    told_at: Option<Instant>,
}

#[derive(Debug)]
struct Log {
    path: PathBuf,
    handle: Option<File>,
}

impl Ground {
    pub fn new(scenario: Scenario, below: &Path) -> Self {
        let directory = below.join(scenario.name);
        fs::create_dir_all(directory.join("log")).unwrap();
        let logs = scenario.logs.iter().map(|log| Log { path: directory.join(log), handle: None }).collect();
        let mut ground = Self { scenario, directory, logs, written: 0, told_at: None };
        for name in scenario.foreign {
            let plain = name.strip_suffix(".gz");
            fs::write(ground.path(plain.unwrap_or(name)), ground.foreign_line().repeat(5)).unwrap();
            if let Some(plain) = plain {
                run("gzip", &[ground.path(plain).to_str().unwrap()]);
            }
        }
        (scenario.prepare)(&mut ground);
        ground.write(5);
        ground
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The file that postrotate scripts make: the program opens its logs again.
    pub fn signal(&self) -> PathBuf {
        self.path("reopen")
    }

    /// The program opens its logs again, when its habit is to.
    pub fn tell(&self) {
        File::create(self.signal()).unwrap();
    }

    /// The program writes to other logs from now on.
    pub fn write_to(&mut self, names: &[&str]) {
        self.logs = names.iter().map(|name| Log { path: self.directory.join(name), handle: None }).collect();
    }

    /// So many lines to each log.
    pub fn write(&mut self, lines: u32) {
        for _ in 0..lines {
            self.obey();
            for at in 0..self.logs.len() {
                self.written += 1;
                let line = self.line(self.written);
                let keeps = self.scenario.habit != Habit::OpensEachTime;
                let log = &mut self.logs[at];
                if !keeps || log.handle.is_none() {
                    log.handle = OpenOptions::new().create(true).append(true).open(&log.path).ok();
                }
                match &mut log.handle {
                    Some(handle) => handle.write_all(line.as_bytes()).unwrap(),
                    // The directory is away: the line was never written.
                    None => self.written -= 1,
                }
            }
        }
    }

    fn obey(&mut self) {
        let Habit::ReopensAfter(delay) = self.scenario.habit else { return };
        if self.told_at.is_none() && fs::remove_file(self.signal()).is_ok() {
            self.told_at = Some(Instant::now());
        }
        if self.told_at.is_some_and(|told_at| told_at.elapsed() >= delay) {
            self.told_at = None;
            for log in &mut self.logs {
                log.handle = None;
            }
        }
    }

    fn line(&self, number: u32) -> String {
        let name = self.scenario.name;
        self.in_form(
            &format!("{}\",\"id\":\"{}", books::block_of(name, number), books::id(name, number)),
            books::mark(number),
        )
    }

    fn foreign_line(&self) -> String {
        self.in_form(&format!("{}/foreign", self.scenario.name), 1)
    }

    fn in_form(&self, who: &str, mark: u64) -> String {
        let json = format!("{{\"time\":\"2026-11-10T12:00:00Z\",\"user\":\"{who}\",\"bytes\":{mark}}}\n");
        match self.scenario.form {
            Form::Json => json,
            Form::Cri => format!("2026-11-10T12:00:00.123456789Z stdout F {json}"),
        }
    }

    /// Inodes of what is written to now.
    pub fn live_inodes(&self) -> impl Iterator<Item = u64> {
        self.logs.iter().filter_map(|log| Some(fs::metadata(&log.path).ok()?.ino()))
    }

    /// The line that was written last.
    pub fn last_written(&self) -> String {
        books::id(self.scenario.name, self.written)
    }

    /// Every line that was ever written, by its id.
    pub fn all_written(&self) -> impl Iterator<Item = String> {
        let name = self.scenario.name;
        (1..=self.written).map(move |number| books::id(name, number))
    }
}

/// Runs a program that must succeed.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) {
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
