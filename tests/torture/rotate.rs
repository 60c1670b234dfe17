//! Who rotates: another process than the writer, as far as the files can tell.
//!
//! Promises: nothing is deleted before the ledger says that all of it is counted, and its lines are booked before. Does
//! not: decide when.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::counted;
use crate::disk::Disk;
use crate::modes::Mode;
use crate::run::Events;
use crate::settings::Choices;
use crate::writer::Desk;

/// Generations that are kept where the oldest is deleted.
const KEPT: u64 = 6;

/// How late a new file is created.
const LATE: Duration = Duration::from_millis(50);

/// Of a slow copy at once: several times faster than the log is written.
const COPY_BYTES: usize = 128 << 10;

pub struct Rotator {
    mode: Mode,
    directory: PathBuf,
    ledger: PathBuf,
    desk: Arc<Desk>,
    events: Arc<Events>,
    random: fastrand::Rng,
    /// Copies move on by one instead of getting numbers that grow.
    shifts: bool,
    /// The oldest is deleted once it is counted.
    deletes: bool,
    packing: &'static str,
    pub rotations: u64,
    /// Numbers in use, where older generations move on.
    generations: u64,
    /// Rotated and not compressed yet.
    uncompressed: Option<PathBuf>,
    /// What was in files that are deleted.
    pub deleted: Disk,
}

impl Rotator {
    pub fn new(
        mode: Mode,
        directory: &Path,
        ledger: &Path,
        desk: &Arc<Desk>,
        events: &Arc<Events>,
        choices: &Choices,
        seed: u64,
    ) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let shifts = mode == Mode::Renumber || random.bool();
        Self {
            mode,
            directory: directory.to_owned(),
            ledger: ledger.to_owned(),
            desk: Arc::clone(desk),
            events: Arc::clone(events),
            random,
            shifts,
            deletes: mode == Mode::Renumber || choices.deletes_copies && mode == Mode::CopyTruncate,
            packing: choices.packing,
            rotations: 0,
            generations: 0,
            uncompressed: None,
            deleted: Disk::default(),
        }
    }

    /// Makes the first file, for the writer.
    pub fn begin(&self) {
        let file = if self.mode == Mode::LinkSwitch { self.link_to(0) } else { self.create(&self.path("app.log")) };
        self.desk.switch(vec![file]);
    }

    /// Rotates once.
    pub fn rotate(&mut self) {
        self.rotations += 1;
        let number = self.rotations;
        match self.mode {
            Mode::Rename => {
                self.rename("app.log", &format!("app.log.{number}"));
                self.desk.switch(vec![self.create(&self.path("app.log"))]);
            }
            Mode::RenameLate => {
                self.rename("app.log", &format!("app.log.{number}"));
                std::thread::sleep(LATE);
                self.desk.add(self.create(&self.path("app.log")));
                self.leave_slowly();
            }
            Mode::Renumber => {
                self.move_on("");
                self.rename("app.log", "app.log.1");
                self.desk.switch(vec![self.create(&self.path("app.log"))]);
            }
            Mode::CopyTruncate | Mode::CopyTruncateCompress => self.copy_and_truncate(),
            Mode::DateCompress | Mode::DateDelayCompress => self.date(),
            Mode::LinkSwitch => {
                self.desk.add(self.link_to(number));
                self.leave_slowly();
            }
            Mode::Replace => {
                let old = self.path(&format!("app.log.{number}"));
                fs::hard_link(self.path("app.log"), &old).unwrap();
                let new = self.create(&self.path(".app.log.new"));
                self.rename(".app.log.new", "app.log");
                self.desk.add(new);
                self.leave_slowly();
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn create(&self, path: &Path) -> File {
        let file = OpenOptions::new().create_new(true).append(true).open(path).unwrap();
        let inode = file.metadata().unwrap().ino();
        self.events.note(&format!("create {} inode {inode}", name_of(path)));
        file
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
        self.events.note(&format!("rename {from} to {to}"));
    }

    /// Old and new file are both written to for a while.
    fn leave_slowly(&mut self) {
        std::thread::sleep(Duration::from_millis(self.random.u64(0..80)));
        self.desk.keep_last();
        self.events.note("the old file is left");
    }

    /// `.3` becomes `.4`, `.2` becomes `.3`, and so on: `.1` is free then.
    fn move_on(&mut self, extension: &str) {
        if self.deletes {
            self.delete_oldest();
        }
        for number in (1..=self.generations).rev() {
            self.rename(&format!("app.log.{number}{extension}"), &format!("app.log.{}{extension}", number + 1));
        }
        self.generations += 1;
    }

    /// Only what is counted: what the agent could not read is nobody's fault but the test's.
    fn delete_oldest(&mut self) {
        while self.generations >= KEPT {
            let oldest = self.path(&format!("app.log.{}", self.generations));
            let inode = fs::metadata(&oldest).unwrap().ino();
            if !counted::is_counted(&self.ledger, &oldest, inode) {
                return;
            }
            self.deleted.read(&oldest);
            fs::remove_file(&oldest).unwrap();
            self.events.note(&format!("delete {} inode {inode}", name_of(&oldest)));
            self.generations -= 1;
        }
    }

    fn copy_and_truncate(&mut self) {
        let compresses = self.mode == Mode::CopyTruncateCompress;
        let copy = if self.shifts {
            self.move_on(&if compresses { format!(".{}", self.packing) } else { String::new() });
            self.path("app.log.1")
        } else {
            self.path(&format!("app.log.{}", self.rotations))
        };
        let copied = self.copy(&copy);
        let inode = fs::metadata(&copy).unwrap().ino();
        self.events.note(&format!("copy to {} inode {inode}, {copied} bytes", name_of(&copy)));
        if self.random.bool() {
            std::thread::sleep(Duration::from_millis(self.random.u64(0..30)));
        }
        let live = OpenOptions::new().write(true).open(self.path("app.log")).unwrap();
        let before = live.metadata().unwrap().len();
        live.set_len(0).unwrap();
        self.events.note(&format!("truncate app.log from {before} or more bytes"));
        if compresses {
            self.compress(&copy);
        }
    }

    /// Copies the live file: at once, or so slowly that a copy that is being made can be seen.
    fn copy(&mut self, to: &Path) -> u64 {
        let live = self.path("app.log");
        if self.random.bool() {
            return fs::copy(live, to).unwrap();
        }
        let (mut from, mut to) = (File::open(live).unwrap(), File::create_new(to).unwrap());
        let (mut copied, mut piece) = (0, vec![0; COPY_BYTES]);
        loop {
            let len = from.read(&mut piece).unwrap();
            if len == 0 {
                return copied;
            }
            to.write_all(&piece[..len]).unwrap();
            copied += len as u64;
            std::thread::sleep(Duration::from_millis(self.random.u64(..4)));
        }
    }

    /// A date for each rotation.
    fn date(&mut self) {
        let number = self.rotations;
        let name = format!("app.log-20{:02}{:02}{:02}", number / 336 + 10, number / 28 % 12 + 1, number % 28 + 1);
        self.rename("app.log", &name);
        self.desk.switch(vec![self.create(&self.path("app.log"))]);
        let rotated = Some(self.path(&name));
        let due = if self.mode == Mode::DateDelayCompress {
            std::mem::replace(&mut self.uncompressed, rotated)
        } else {
            rotated
        };
        if let Some(path) = due {
            self.compress(&path);
        }
    }

    fn compress(&self, path: &Path) {
        let mut packer = match self.packing {
            "zst" => Command::new("zstd"),
            _ => Command::new("gzip"),
        };
        if self.packing == "zst" {
            packer.args(["--rm", "--quiet"]);
        }
        assert!(packer.arg("-1").arg(path).status().unwrap().success());
        self.events.note(&format!("{} {}", self.packing, name_of(path)));
    }

    /// Points the name to a new numbered file: at once, or with a moment without the name.
    fn link_to(&self, number: u64) -> File {
        let target = format!("app.log.{number}");
        let file = self.create(&self.path(&target));
        if number.is_multiple_of(2) {
            let _ = fs::remove_file(self.path("app.log"));
            std::os::unix::fs::symlink(&target, self.path("app.log")).unwrap();
        } else {
            std::os::unix::fs::symlink(&target, self.path(".app.log.new")).unwrap();
            fs::rename(self.path(".app.log.new"), self.path("app.log")).unwrap();
        }
        self.events.note(&format!("link app.log to {target}"));
        file
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
