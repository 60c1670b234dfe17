//! What decides whether a window seals early: up to when a source is complete.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;

const SEAL_WAIT: Duration = Duration::from_hours(6);
const WEB: SourceIndex = SourceIndex(0);

fn complete_until(rig: &Rig, own_time: Option<UnixMicros>) -> UnixMicros {
    rig.tail.complete_until(WEB, SEAL_WAIT, rig.now, |_| own_time, |_| None)
}

/// A clock far past the files' own times, so that looks can be trusted.
pub(super) fn later(rig: &mut Rig) {
    rig.now = UnixMicros::from_seconds(7_000_000_000);
}

#[test]
fn nothing_is_complete_before_the_first_scan() {
    let mut rig = Rig::new("*.log");
    assert_eq!(complete_until(&rig, Some(rig.now)), UnixMicros::MIN);
    rig.scan();
    assert_eq!(complete_until(&rig, None), rig.now);
    assert_eq!(rig.tail.complete_until(SourceIndex(9), SEAL_WAIT, rig.now, |_| None, |_| None), UnixMicros::MIN);
}

#[test]
fn a_file_that_is_not_read_to_its_end_holds_back() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", &"line\n".repeat(200_000));
    rig.scan();
    assert_eq!(complete_until(&rig, None), UnixMicros::MIN);
    let own = rig.now.minus(Duration::from_hours(1));
    assert_eq!(complete_until(&rig, Some(own)), own, "its own time is as good");
    rig.tail.read(rig.now).unwrap();
    assert_eq!(complete_until(&rig, None), UnixMicros::MIN, "one chunk is not all");
    rig.pass(Duration::from_secs(1));
    let reading_at = rig.now;
    rig.read();
    rig.pass(Duration::from_secs(1));
    let scanned_at = reading_at.minus(Duration::from_secs(1));
    assert_eq!(complete_until(&rig, None), scanned_at, "the scan was before the read");
    rig.scan();
    assert_eq!(complete_until(&rig, None), reading_at);
    rig.read();
    assert_eq!(complete_until(&rig, None), rig.now);
}

#[test]
fn one_file_ahead_does_not_speak_for_another() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.append("b.log", "two\n");
    rig.scan();
    let first = rig.tail.read(rig.now).unwrap().file;
    let now = rig.now;
    let until =
        |rig: &Rig| rig.tail.complete_until(WEB, SEAL_WAIT, now, |file| (file == first).then_some(now), |_| None);
    assert_eq!(until(&rig), UnixMicros::MIN);
    rig.read();
    assert_eq!(until(&rig), now);
}

#[test]
fn an_idle_file_is_complete_up_to_each_scan_without_being_read() {
    let mut rig = Rig::new("*.log");
    later(&mut rig);
    rig.append("a.log", "one\nhalf");
    rig.round();
    for _ in 0..100 {
        rig.pass(Duration::from_secs(10));
        rig.scan();
        assert!(rig.tail.turns.is_empty(), "an unchanged file is not read");
        assert_eq!(complete_until(&rig, None), rig.now);
    }
}

#[test]
fn a_line_that_came_since_holds_back_until_it_is_read() {
    let mut rig = Rig::new("*.log");
    later(&mut rig);
    rig.append("a.log", "one\n");
    rig.round();
    let before = rig.now;
    rig.append("a.log", "two\n");
    rig.pass(Duration::from_secs(10));
    rig.scan();
    assert_eq!(complete_until(&rig, None), before);
    rig.read();
    assert_eq!(complete_until(&rig, None), rig.now);
}

#[test]
fn a_file_that_left_holds_back_until_it_is_finished() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.round();
    let before = rig.now;
    rig.append("a.log", "two\n");
    rig.rename("a.log", "a.gone");
    rig.pass(Duration::from_secs(1));
    rig.scan();
    assert_eq!(complete_until(&rig, None), before);
    rig.read();
    assert_eq!(complete_until(&rig, None), rig.now);
    rig.settle();
    assert_eq!(rig.tail.counters().files_finished, 1);
    rig.pass(Duration::from_secs(1));
    rig.scan();
    assert_eq!(complete_until(&rig, None), rig.now, "a finished file holds nothing");
}

#[test]
fn a_known_file_that_is_missing_holds_back_until_it_is_given_up() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.round();
    rig.crash();
    rig.remove("a.log");
    rig.scan();
    assert_eq!(complete_until(&rig, None), UnixMicros::MIN);
    rig.pass(GRACE);
    rig.scan();
    assert_eq!(complete_until(&rig, None), rig.now);
    assert_eq!(rig.tail.counters().files_lost, 1);
}

#[test]
fn a_finished_file_that_changes_holds_back_until_it_is_read() {
    let mut rig = Rig::new("*.log*");
    later(&mut rig);
    rig.append("a.log", "one\n");
    rig.round();
    rig.rename("a.log", "a.log.1");
    rig.append("a.log", "two\n");
    rig.settle();
    assert!(rig.ledger.values().any(|cursor| cursor.finished));
    let before = rig.now;
    rig.append("a.log.1", "late\n");
    rig.pass(Duration::from_secs(1));
    rig.scan();
    assert!(complete_until(&rig, None) <= before);
    rig.read();
    assert_eq!(complete_until(&rig, None), rig.now);
    rig.commit();
    rig.check(&["one", "two", "late"]);
}

#[test]
fn a_restart_holds_back_until_known_files_are_verified() {
    let mut rig = Rig::new("*.log*");
    rig.append("a.log", "one\n");
    rig.round();
    rig.rename("a.log", "a.log.1");
    rig.append("a.log", "two\n");
    rig.settle();
    rig.crash();
    rig.pass(Duration::from_secs(1));
    rig.scan();
    assert_eq!(complete_until(&rig, None), UnixMicros::MIN);
    rig.read();
    assert_eq!(complete_until(&rig, None), rig.now);
}

/// What cannot be read at all as another user; root reads everything, so a link loop stands in for a directory.
#[test]
fn what_cannot_be_listed_holds_back_for_seal_wait_only() {
    let mut rig = Rig::new("sub/*.log");
    fs::create_dir(rig.path("sub")).unwrap();
    rig.append("sub/a.log", "one\n");
    rig.round();
    let before = rig.now;
    rig.rename("sub", "hidden");
    std::os::unix::fs::symlink("sub", rig.path("sub")).unwrap();
    for span in [Duration::from_secs(1), Duration::from_hours(1), SEAL_WAIT, SEAL_WAIT] {
        rig.pass(span);
        let report = rig.scan();
        assert_eq!(report.incomplete_sources, [WEB]);
        rig.read();
        assert_eq!(complete_until(&rig, None), before.max(rig.now.minus(SEAL_WAIT)));
    }
    rig.remove("sub");
    rig.rename("hidden", "sub");
    rig.append("sub/a.log", "two\n");
    rig.round();
    rig.check(&["one", "two"]);
    assert_eq!(complete_until(&rig, None), rig.now);
}

#[test]
fn after_a_restart_a_directory_that_cannot_be_listed_holds_back_for_seal_wait_only() {
    let mut rig = Rig::new("sub/*.log");
    fs::create_dir(rig.path("sub")).unwrap();
    rig.append("sub/a.log", "one\n");
    rig.round();
    rig.crash();
    rig.rename("sub", "hidden");
    std::os::unix::fs::symlink("sub", rig.path("sub")).unwrap();
    rig.settle();
    assert_eq!(complete_until(&rig, None), rig.now.minus(SEAL_WAIT));
    assert!(!rig.ledger.values().any(|cursor| cursor.finished), "nothing is given up");
    rig.remove("sub");
    rig.rename("hidden", "sub");
    rig.settle();
    rig.check(&["one"]);
}

#[test]
fn a_file_that_cannot_be_opened_holds_back_for_seal_wait_only() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    fs::set_permissions(rig.path("a.log"), Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(rig.path("a.log")).is_ok() {
        // Root opens everything: the error is put in by hand.
        rig.scan();
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        rig.tail.set_trouble(FileId(1), &denied, rig.now);
    } else {
        rig.scan();
        rig.read();
    }
    assert!(matches!(rig.tail.status()[0].state, FileState::Unreadable { .. }));
    assert_eq!(complete_until(&rig, None), rig.now.minus(SEAL_WAIT));
    assert_eq!(complete_until(&rig, Some(rig.now)), rig.now);
    fs::set_permissions(rig.path("a.log"), Permissions::from_mode(0o600)).unwrap();
    rig.round();
    rig.check(&["one"]);
    assert_eq!(complete_until(&rig, None), rig.now);
    rig.scan();
    let readable = rig.notes.iter().filter(|note| note.what == What::Readable).count();
    assert_eq!(readable, 1);
}

#[test]
fn a_truncated_file_holds_back_until_it_is_read_again() {
    let mut rig = Rig::new("*.log");
    later(&mut rig);
    rig.append("a.log", "one one one\n");
    rig.round();
    let before = rig.now;
    rig.rewrite("a.log", "two\n");
    rig.pass(Duration::from_secs(1));
    rig.scan();
    assert_eq!(complete_until(&rig, None), before);
    rig.read();
    assert_eq!(complete_until(&rig, None), before, "a copy may have more: the next scan looks for it");
    rig.scan();
    rig.read();
    assert_eq!(complete_until(&rig, None), rig.now);
}

#[test]
fn a_copy_that_is_gone_holds_nothing_for_long() {
    let mut rig = Rig::new("a.log");
    rig.append("a.log", &"a line of some length\n".repeat(10));
    rig.round();
    fs::copy(rig.path("a.log"), rig.path("a.log.1")).unwrap();
    rig.round();
    rig.remove("a.log.1");
    rig.pass(Duration::from_secs(1));
    let before = rig.now;
    for _ in 0..5 {
        rig.scan();
        rig.read();
        rig.pass(Duration::from_secs(1));
    }
    assert!(complete_until(&rig, None) > before);
}
