//! The tail on the real file system. Every row of what happens to log files is a test here; time is turned by hand.

mod bytes;
mod compressed;
mod growth;
mod handles;
mod model;
mod races;
mod restarts;
mod rotations;
mod scale;
mod sealing;
mod strangers;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::model::fault::Location;
use crate::model::spec::Wake;

pub(super) const GRACE: Duration = Duration::from_secs(5);

/// A tail over a directory of its own, with a ledger that is a map, and what was counted and committed.
pub(super) struct Rig {
    /// Not on tmpfs: the build directory, where inodes are used again at once.
    directory: tempfile::TempDir,
    pub(super) sources: Vec<TailSource>,
    pub(super) spec: TailSpec,
    pub(super) now: UnixMicros,
    pub(super) tail: Tail,
    pub(super) ledger: BTreeMap<FileId, Cursor>,
    next_id: FileId,
    /// Lines of committed chunks.
    pub(super) committed: Vec<String>,
    /// Lines of chunks since the last commit.
    pub(super) pending: Vec<String>,
    pub(super) notes: Vec<Note>,
}

pub(super) fn located(text: String) -> Located<String> {
    Located::new(text, Location::new("pxtail.toml", 1))
}

pub(super) fn spec() -> TailSpec {
    TailSpec {
        wake: Wake::Poll,
        poll_interval: Duration::from_millis(250),
        scan_interval: Duration::from_secs(1),
        max_line_bytes: 1 << 20,
        max_open_files: 256,
        rotated_grace: GRACE,
        forget_gone: Duration::from_hours(1),
    }
}

impl Rig {
    /// One source, `web`, over one glob below the directory.
    pub(super) fn new(glob: &str) -> Self {
        Self::with(glob, spec(), StartAt::Beginning)
    }

    pub(super) fn with(glob: &str, spec: TailSpec, start_at: StartAt) -> Self {
        let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
        fs::create_dir_all(&parent).unwrap();
        let directory = tempfile::tempdir_in(parent).unwrap();
        let source = TailSource {
            index: SourceIndex(0),
            name: "web".to_owned(),
            include: vec![located(directory.path().join(glob).to_str().unwrap().to_owned())],
            exclude: Vec::new(),
            start_at,
            encoding: TextEncoding::default(),
        };
        let sources = vec![source];
        let tail = Tail::new(&spec, sources.clone(), Vec::new(), FileId(1)).unwrap();
        Self {
            directory,
            sources,
            spec,
            now: UnixMicros::from_seconds(1_000),
            tail,
            ledger: BTreeMap::new(),
            next_id: FileId(1),
            committed: Vec::new(),
            pending: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn append(&self, name: &str, text: &str) {
        let mut file = File::options().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Empties the file in place and writes it anew: same inode.
    pub(super) fn rewrite(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn truncate(&self, name: &str, len: u64) {
        File::options().write(true).open(self.path(name)).unwrap().set_len(len).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(super) fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    pub(super) fn scan(&mut self) -> ScanReport {
        let report = self.tail.scan(self.now);
        self.notes.extend(report.notes.iter().cloned());
        report
    }

    /// Reads all there is; the lines handed out are not committed yet.
    pub(super) fn read(&mut self) {
        self.tail.look();
        while let Some(chunk) = self.tail.read(self.now) {
            let text = String::from_utf8_lossy(chunk.bytes).into_owned();
            self.pending.extend(text.split_terminator('\n').map(str::to_owned));
        }
    }

    /// Saves cursors and lines as one; checks that no cursor goes back.
    pub(super) fn commit(&mut self) {
        for cursor in self.tail.changed() {
            if let Some(before) = self.ledger.get(&cursor.file) {
                assert!(before.offset <= cursor.offset, "a cursor went back: {before:?} to {cursor:?}");
            }
            self.ledger.insert(cursor.file, cursor.clone());
        }
        for id in self.tail.forgotten() {
            self.ledger.remove(&id);
        }
        self.next_id = self.tail.next_id();
        self.tail.confirm();
        assert!(!self.tail.has_changes());
        self.committed.append(&mut self.pending);
    }

    /// The process dies: what was not committed is as if it had never been.
    pub(super) fn crash(&mut self) {
        self.pending.clear();
        let known = self.ledger.values().cloned().collect();
        self.tail = Tail::new(&self.spec, self.sources.clone(), known, self.next_id).unwrap();
    }

    /// One round of the agent: scan, read, commit, a second later.
    pub(super) fn round(&mut self) {
        self.pass(Duration::from_secs(1));
        self.scan();
        self.read();
        self.commit();
    }

    /// Rounds until everything that left is finished.
    pub(super) fn settle(&mut self) {
        for _ in 0..GRACE.as_secs() * 2 + 2 {
            self.round();
        }
    }

    #[track_caller]
    pub(super) fn check(&self, expected: &[&str]) {
        let mut sorted = self.committed.clone();
        sorted.sort();
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        expected.sort();
        let notes: Vec<String> = self.notes.iter().map(|note| format!("{note} {:?}", note.what)).collect();
        assert_eq!(sorted, expected, "notes: {}", notes.join("\n"));
    }

    pub(super) fn warnings(&self) -> usize {
        self.notes.iter().filter(|note| note.is_warning()).count()
    }
}

#[test]
fn half_a_line_waits_for_its_newline() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\ntw");
    rig.round();
    rig.check(&["one"]);
    rig.append("a.log", "o");
    rig.settle();
    rig.check(&["one"]);
    rig.append("a.log", "\n");
    rig.round();
    rig.check(&["one", "two"]);
}

#[test]
fn a_file_of_one_byte_is_read_at_once() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "\n");
    rig.round();
    rig.check(&[""]);
}

#[test]
fn what_was_not_committed_is_handed_out_again() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.round();
    rig.append("a.log", "two\n");
    rig.scan();
    rig.read();
    assert_eq!(rig.pending, ["two"]);
    rig.crash();
    rig.round();
    rig.check(&["one", "two"]);
}

#[test]
fn marks_stay_when_a_commit_fails() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.scan();
    rig.read();
    let first: Vec<Cursor> = rig.tail.changed().cloned().collect();
    assert_eq!(first.len(), 1);
    assert_eq!(rig.tail.changed().cloned().collect::<Vec<_>>(), first);
    rig.commit();
    assert_eq!(rig.tail.changed().count(), 0);
}

#[test]
fn fifty_files_with_one_same_header_are_counted_once_each() {
    let mut rig = Rig::new("*.log");
    let header = format!("{}\n", "h".repeat(4095));
    let mut expected = Vec::new();
    for number in 0..50 {
        rig.append(&format!("{number}.log"), &header);
    }
    rig.round();
    for number in 0..50 {
        rig.append(&format!("{number}.log"), &format!("line of {number}\n"));
        expected.extend([header.trim_end().to_owned(), format!("line of {number}")]);
    }
    rig.round();
    rig.crash();
    rig.settle();
    rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(rig.tail.counters().truncations, 0);
}

#[test]
fn a_file_under_two_globs_and_hard_links_has_one_reader() {
    let mut rig = Rig::new("*.log");
    let again = rig.path("a*").to_str().unwrap().to_owned();
    rig.sources[0].include.push(located(again));
    rig.crash();
    rig.append("a.log", "one\n");
    fs::hard_link(rig.path("a.log"), rig.path("b.log")).unwrap();
    std::os::unix::fs::symlink(rig.path("a.log"), rig.path("c.log")).unwrap();
    rig.settle();
    rig.append("b.log", "two\n");
    rig.remove("a.log");
    rig.settle();
    rig.check(&["one", "two"]);
}

#[test]
fn a_file_of_two_sources_is_read_once_for_each() {
    let mut rig = Rig::new("*.log");
    let mut second = rig.sources[0].clone();
    second.index = SourceIndex(1);
    second.name = "second".to_owned();
    rig.sources.push(second);
    rig.crash();
    rig.append("a.log", "one\n");
    rig.round();
    rig.crash();
    rig.settle();
    rig.check(&["one", "one"]);
}

#[test]
fn a_start_at_the_end_concerns_only_files_of_the_first_scan() {
    let mut rig = Rig::with("*.log", spec(), StartAt::End);
    rig.append("old.log", "before\nin prog");
    rig.round();
    rig.append("old.log", "ress\nafter\n");
    rig.append("new.log", "new\n");
    rig.round();
    rig.crash();
    rig.append("newer.log", "newer\n");
    rig.settle();
    rig.check(&["in progress", "after", "new", "newer"]);
}

#[test]
fn a_line_that_is_too_long_is_dropped_and_counted() {
    for (max_line_bytes, long) in [(100, 101), (100, 1_000_000), (300_000, 300_001), (300_000, 2_000_000)] {
        let mut rig = Rig::with("*.log", TailSpec { max_line_bytes, ..spec() }, StartAt::Beginning);
        let fits = "f".repeat(max_line_bytes);
        rig.append("a.log", &format!("one\n{fits}\n{}\ntwo\n{}", "x".repeat(long), "y".repeat(long)));
        rig.round();
        rig.check(&["one", &fits, "two"]);
        rig.crash();
        rig.append("a.log", "yyy");
        rig.round();
        rig.append("a.log", "yyy\nthree\n");
        rig.round();
        rig.check(&["one", &fits, "two", "three"]);
        assert!(rig.tail.buffer.capacity() < 2 * max_line_bytes.max(followed::READ_BYTES) + 4096);
    }
}

#[test]
fn oversized_lines_are_counted_with_their_bytes() {
    let mut rig = Rig::with("*.log", TailSpec { max_line_bytes: 10, ..spec() }, StartAt::Beginning);
    rig.append("a.log", "12345678901\n1234567890\n");
    rig.append("a.log", &"z".repeat(700_000));
    rig.round();
    rig.append("a.log", "\nok\n");
    rig.round();
    rig.check(&["1234567890", "ok"]);
    assert_eq!(rig.tail.counters().oversized_lines, 2);
    assert_eq!(rig.tail.counters().oversized_bytes, 12 + 700_001);
}

#[test]
fn a_busy_file_does_not_starve_a_quiet_one() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", &"busy busy busy\n".repeat(1_000_000));
    rig.append("b.log", "quiet\n");
    rig.scan();
    let mut read = 0;
    loop {
        let chunk = rig.tail.read(rig.now).unwrap();
        if chunk.path.ends_with("b.log") {
            break;
        }
        read += chunk.bytes.len();
    }
    assert!(read <= 2 << 20, "{read}");
}

#[test]
fn more_files_than_handles_are_all_read() {
    let mut rig = Rig::with("*.log", TailSpec { max_open_files: 4, ..spec() }, StartAt::Beginning);
    let mut expected = Vec::new();
    for round in 0..3 {
        for number in 0..50 {
            rig.append(&format!("{number}.log"), &format!("{round} {number}\n"));
            expected.push(format!("{round} {number}"));
        }
        rig.settle();
        assert!(rig.tail.open_files <= 4);
    }
    rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_file_that_cannot_be_read_is_tried_again_and_noted_once() {
    let mut rig = Rig::new("sub/*.log");
    rig.settle();
    assert_eq!(rig.notes.len(), 1, "the directory is missing: {:?}", rig.notes);
    fs::create_dir(rig.path("sub")).unwrap();
    rig.append("sub/a.log", "one\n");
    rig.settle();
    rig.check(&["one"]);
    fs::rename(rig.path("sub"), rig.path("hidden")).unwrap();
    rig.settle();
    fs::rename(rig.path("hidden"), rig.path("sub")).unwrap();
    rig.append("sub/a.log", "two\n");
    rig.settle();
    rig.check(&["one", "two"]);
    let unreadable = rig.notes.iter().filter(|note| matches!(note.what, What::Unreadable { .. })).count();
    assert_eq!(unreadable, 2);
}

#[test]
fn pipes_and_directories_are_left_alone() {
    let mut rig = Rig::new("*.log");
    fs::create_dir(rig.path("d.log")).unwrap();
    let status = std::process::Command::new("mkfifo").arg(rig.path("p.log")).status().unwrap();
    assert!(status.success());
    rig.append("a.log", "one\n");
    rig.settle();
    rig.check(&["one"]);
    assert_eq!(rig.warnings(), 1);
}

#[test]
fn state_does_not_grow_with_files_that_are_gone() {
    let mut rig = Rig::new("*.log");
    for number in 0..20 {
        rig.append(&format!("{number}.log"), &format!("{number}\n"));
        rig.round();
        rig.remove(&format!("{number}.log"));
        rig.round();
    }
    rig.settle();
    rig.pass(rig.spec.forget_gone);
    rig.settle();
    assert_eq!(rig.ledger.len(), 1, "one row says that the source was followed");
    assert_eq!(rig.tail.status().len(), 0);
    assert_eq!(rig.tail.open_files, 0);
    assert_eq!(rig.committed.len(), 20);
    // What comes and is rotated away while the agent is down is not from before.
    rig.crash();
    rig.append("20.log.1", "20\n");
    rig.settle();
    assert_eq!(rig.committed.len(), 21);
}

#[test]
fn cursors_of_a_source_that_is_not_configured_wait_for_it() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.round();
    let sources = std::mem::take(&mut rig.sources);
    rig.crash();
    rig.settle();
    rig.sources = sources;
    rig.crash();
    rig.append("a.log", "two\n");
    rig.settle();
    rig.check(&["one", "two"]);
}

#[test]
fn globs_match_as_in_a_shell() {
    for (glob, matching, other) in [
        ("*.log", vec!["a.log"], vec![".a.log", "a.txt", "sub/a.log"]),
        ("*/a.log", vec!["x/a.log", "y/a.log"], vec!["a.log", "x/y/a.log", ".z/a.log"]),
        ("**/*.log", vec!["a.log", "x/a.log", "x/y/a.log"], vec!["x/y/a.txt"]),
        ("x/**", vec!["x/a", "x/y/b"], vec!["a"]),
        ("{a,b}.log", vec!["a.log", "b.log"], vec!["c.log"]),
        ("a.log", vec!["a.log"], vec!["b.log"]),
        ("x/*/a.log", vec!["x/y/a.log"], vec!["x/a.log"]),
        ("*[0-9].log", vec!["a1.log"], vec!["a.log"]),
    ] {
        let mut rig = Rig::new(glob);
        for name in matching.iter().chain(&other) {
            fs::create_dir_all(rig.path(name).parent().unwrap()).unwrap();
            rig.append(name, &format!("{name}\n"));
        }
        rig.round();
        rig.check(&matching);
    }
}

#[test]
fn excluded_files_are_not_read() {
    let mut rig = Rig::new("*.log");
    rig.sources[0].exclude =
        vec![located("b*.log".to_owned()), located(rig.path("c.log").to_str().unwrap().to_owned())];
    rig.crash();
    for name in ["a", "b", "bb", "c"] {
        rig.append(&format!("{name}.log"), &format!("{name}\n"));
    }
    rig.round();
    rig.check(&["a"]);
}

#[test]
fn a_glob_that_cannot_be_used_is_a_fault_with_its_place() {
    let parts = ["relative/*.log", "/var/log/", "/var/{a/b,c}/x", "/var/[", "/var/../x"];
    let include = parts.iter().map(|text| located((*text).to_owned())).collect();
    let source = TailSource {
        index: SourceIndex(0),
        name: "web".to_owned(),
        include,
        exclude: Vec::new(),
        start_at: StartAt::Beginning,
        encoding: TextEncoding::default(),
    };
    let faults = Tail::new(&spec(), vec![source], Vec::new(), FileId(1)).unwrap_err();
    assert_eq!(faults.0.len(), parts.len(), "{faults}");
    assert!(faults.to_string().starts_with("pxtail.toml:1: `relative/*.log` is not a glob that can be used"));
}
