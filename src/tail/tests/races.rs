//! What others do to the files between two steps of ours.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::super::hooks::Point;
use super::*;

const POINTS: [Point; 6] =
    [Point::Listed, Point::BeforeOpen, Point::Opened, Point::BeforeDecide, Point::BeforeRead, Point::BeforeSiblings];

/// Rotates the file, and writes to both the old and the new one.
fn rotate(directory: &Path, number: usize) -> [String; 2] {
    let lines = [format!("old {number}"), format!("new {number}")];
    for name in (1..8).rev() {
        let from = directory.join(format!("a.log.{name}"));
        if from.exists() {
            fs::rename(from, directory.join(format!("a.log.{}", name + 1))).unwrap();
        }
    }
    let live = directory.join("a.log");
    let mut old = File::options().append(true).create(true).open(&live).unwrap();
    fs::rename(&live, directory.join("a.log.1")).unwrap();
    writeln!(old, "{}", lines[0]).unwrap();
    fs::write(&live, format!("{}\n", lines[1])).unwrap();
    lines.into_iter().collect::<Vec<_>>().try_into().unwrap()
}

/// A rotation at the n-th time that `point` is reached; with and without a crash after.
#[track_caller]
fn check(glob: &str, point: Point, time: usize, crashes: usize) {
    let mut rig = Rig::new(glob);
    rig.append("a.log", "first\n");
    rig.round();
    rig.append("a.log", "second\n");
    if crashes > 0 {
        rig.crash();
    }
    let directory = rig.path("");
    let written = Arc::new(Mutex::new(vec!["first".to_owned(), "second".to_owned()]));
    let count = AtomicUsize::new(0);
    let writes = Arc::clone(&written);
    rig.tail.set_hook(move |reached, _| {
        if reached == point && count.fetch_add(1, Ordering::Relaxed) == time {
            writes.lock().unwrap().extend(rotate(&directory, time));
        }
    });
    rig.round();
    if crashes > 1 {
        rig.crash();
    }
    rig.settle();
    let expected = written.lock().unwrap().clone();
    rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_rotation_between_any_two_steps_loses_and_repeats_nothing() {
    for glob in ["a.log", "*.log", "a.log*"] {
        for point in POINTS {
            for time in 0..3 {
                for crashes in 0..3 {
                    check(glob, point, time, crashes);
                }
            }
        }
    }
}

#[test]
fn a_file_that_is_renamed_while_its_directory_is_listed_is_seen() {
    let mut rig = Rig::new("*.log");
    rig.append("b.log", "one\n");
    let directory = rig.path("");
    let mut is_done = false;
    rig.tail.set_hook(move |point, _| {
        if point == Point::Listed && !std::mem::replace(&mut is_done, true) {
            fs::rename(directory.join("b.log"), directory.join("a.log")).unwrap();
        }
    });
    rig.scan();
    rig.read();
    assert_eq!(rig.pending, ["one"], "in the same scan");
}

#[test]
fn a_truncation_just_before_a_read_is_noticed() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\ntwo\n");
    rig.round();
    rig.append("a.log", "lost\n");
    let path = rig.path("a.log");
    let mut is_done = false;
    rig.tail.set_hook(move |point, _| {
        if point == Point::BeforeRead && !std::mem::replace(&mut is_done, true) {
            fs::write(&path, "new and much longer than what was there\n").unwrap();
        }
    });
    rig.settle();
    rig.check(&["one", "two", "new and much longer than what was there"]);
}

#[test]
fn a_copy_that_was_met_before_its_original_was_read_is_not_read_too() {
    let mut rig = Rig::new("{a,b}.log");
    rig.append("a.log", "one of a\n");
    rig.append("b.log", "one of b\n");
    rig.round();
    fs::copy(rig.path("a.log"), rig.path("a.log.1")).unwrap();
    rig.rewrite("a.log", "two of a, after the truncation\n");
    rig.append("b.log", "two of b\n");
    rig.pass(Duration::from_secs(1));
    rig.tail.look();
    // The truncation is noticed, and the other file has its turn first.
    let chunk = rig.tail.read(rig.now).unwrap();
    assert_eq!(chunk.bytes, b"two of b\n");
    rig.pending.push("two of b".to_owned());
    fs::copy(rig.path("a.log"), rig.path("a.log.2")).unwrap();
    rig.scan();
    rig.read();
    rig.commit();
    rig.settle();
    rig.check(&["one of a", "one of b", "two of a, after the truncation", "two of b"]);
}

#[test]
fn a_copy_of_a_file_of_which_half_a_line_was_seen_is_not_read_too() {
    let mut rig = Rig::new("a.log");
    rig.append("a.log", "one\n");
    rig.round();
    rig.rewrite("a.log", "tw");
    rig.round();
    rig.append("a.log", "o, whole by now\n");
    fs::copy(rig.path("a.log"), rig.path("a.log.1")).unwrap();
    rig.settle();
    rig.check(&["one", "two, whole by now"]);
}

#[test]
fn what_an_archive_goes_on_from_is_not_forgotten_before_the_archive_is_judged_again() {
    let spec = TailSpec { rotated_grace: Duration::from_secs(1), ..spec() };
    let mut rig = Rig::with("b*", spec, StartAt::Beginning);
    let counted: Vec<String> = (0..100).map(|number| format!("line {number} that is counted\n")).collect();
    let counted = counted.concat();
    rig.append("b.log", &counted);
    rig.round();
    rig.append("b.log", "the rest\n");
    // It is judged before the truncation is noticed: a copy of a file that has all that it has.
    let copy = rig.path("b-20261123.log");
    fs::copy(rig.path("b.log"), &copy).unwrap();
    assert!(std::process::Command::new("gzip").arg(&copy).status().unwrap().success());
    rig.rewrite("b.log", "after the truncation\n");
    rig.round();
    // The next scan is late.
    rig.pass(Duration::from_secs(2));
    rig.settle();
    let expected = counted.lines().chain(["the rest", "after the truncation"]);
    rig.check(&expected.collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_replaced_again_and_again_does_not_keep_one_read_for_ever() {
    let mut rig = Rig::new("*.log");
    let counted = format!("{}\n", "counted ".repeat(20));
    rig.append("a.log", &counted);
    rig.append("other.log", "one\n");
    rig.round();
    let file = rig.path("a.log");
    let text = counted.clone();
    let mut writes = 0;
    // What stands there at its turn is what was counted; when it is read, it is something else.
    rig.tail.set_hook(move |point, path| {
        if point == Point::BeforeRead {
            writes += 1;
            let other = format!("{writes} {}\n", "x".repeat(200));
            fs::write(&file, if path == file { other } else { format!("{text}more\n") }).unwrap();
        }
    });
    rig.pass(Duration::from_secs(1));
    rig.tail.look();
    assert!(rig.tail.read(rig.now).is_none());
    assert_eq!(rig.tail.counters().truncations, 2);
    assert!(rig.tail.is_scan_wanted(rig.now));
    rig.tail.set_hook(|_, _| ());
    fs::write(rig.path("a.log"), "last\n").unwrap();
    rig.settle();
    rig.check(&[counted.trim_end_matches('\n'), "one", "last"]);
}
