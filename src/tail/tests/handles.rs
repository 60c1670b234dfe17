//! Files that were rotated away while there are fewer handles than files.

use super::sealing::later;
use super::*;

const LONG: Duration = Duration::from_hours(1);

/// A rig in which what left is not finished for an hour.
fn rig(glob: &str, max_open_files: usize) -> Rig {
    Rig::with(glob, TailSpec { max_open_files, rotated_grace: LONG, ..spec() }, StartAt::Beginning)
}

const NAMES: [&str; 5] = ["a.log", "b.log", "c.log", "d.log", "e.log"];

/// Appends one line to each, and to what is expected.
fn append_all(rig: &Rig, expected: &mut Vec<String>, ending: &str, text: &str) {
    for name in NAMES {
        let line = format!("{name}{ending} {text}");
        rig.append(&format!("{name}{ending}"), &format!("{line}\n"));
        expected.push(line);
    }
}

fn rename_all(rig: &Rig, from: &str, to: &str) {
    for name in NAMES {
        rig.rename(&format!("{name}{from}"), &format!("{name}{to}"));
    }
}

#[track_caller]
fn check_soon(rig: &mut Rig, expected: &[String]) {
    for _ in 0..10 {
        rig.round();
        assert!(rig.tail.open_files <= rig.spec.max_open_files);
    }
    rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn files_that_were_renamed_out_of_the_globs_leave_their_handles_to_others() {
    for glob in ["*.log", "*.log*"] {
        for crashes in [false, true] {
            let mut rig = rig(glob, 2);
            let mut expected = Vec::new();
            append_all(&rig, &mut expected, "", "first");
            check_soon(&mut rig, &expected);
            later(&mut rig);
            rig.round();
            rename_all(&rig, "", ".1");
            append_all(&rig, &mut expected, "", "new");
            check_soon(&mut rig, &expected);
            // The writers have not noticed yet.
            append_all(&rig, &mut expected, ".1", "to the old ones");
            check_soon(&mut rig, &expected);
            // Renamed again, written to before and after.
            append_all(&rig, &mut expected, ".1", "before");
            rename_all(&rig, ".1", ".2");
            append_all(&rig, &mut expected, ".2", "after");
            if crashes {
                rig.crash();
            }
            check_soon(&mut rig, &expected);
            rename_all(&rig, "", ".1");
            append_all(&rig, &mut expected, "", "third");
            append_all(&rig, &mut expected, ".2", "and still");
            rig.append("a.log.2", "half");
            check_soon(&mut rig, &expected);
            rig.pass(LONG);
            expected.push("half".to_owned());
            check_soon(&mut rig, &expected);
            rig.pass(LONG);
            rig.settle();
            let open = rig.ledger.values().filter(|cursor| !cursor.finished).count();
            assert_eq!(open, NAMES.len(), "{glob}: {:?}", rig.ledger);
            assert_eq!(rig.tail.counters().files_lost, 0);
        }
    }
}

#[test]
fn a_file_without_a_handle_that_left_may_be_deleted_or_come_back() {
    let mut rig = rig("*.log", 2);
    let mut expected = Vec::new();
    append_all(&rig, &mut expected, "", "first");
    check_soon(&mut rig, &expected);
    later(&mut rig);
    rename_all(&rig, "", ".1");
    append_all(&rig, &mut expected, "", "new");
    check_soon(&mut rig, &expected);
    rig.remove("a.log.1");
    rig.rename("b.log.1", "back.log");
    rig.append("back.log", "back\n");
    expected.push("back".to_owned());
    check_soon(&mut rig, &expected);
    rig.pass(LONG);
    rig.settle();
    rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(rig.tail.counters().lost_bytes, 0);
}

#[test]
fn a_file_with_unread_bytes_keeps_its_handle() {
    let mut rig = rig("*.log", 2);
    rig.append("a.log", "one\nhalf");
    rig.append("b.log", "b\n");
    rig.round();
    rig.rename("a.log", "a.log.1");
    rig.append("c.log", "c\n");
    rig.round();
    rig.append("d.log", "d\n");
    rig.round();
    rig.remove("a.log.1");
    rig.pass(LONG);
    rig.settle();
    rig.check(&["one", "half", "b", "c", "d"]);
}

#[test]
fn many_more_rotated_files_than_handles_are_read_within_a_few_scans() {
    let mut rig = rig("*.log", 4);
    let mut expected = Vec::new();
    for number in 0..60 {
        rig.append(&format!("{number}.log"), &format!("{number}\n"));
        expected.push(format!("{number}"));
    }
    rig.round();
    later(&mut rig);
    rig.round();
    for number in 0..60 {
        let (from, to) = (format!("{number}.log"), format!("{number}.log.1"));
        rig.append(&from, &format!("more of {number}\n"));
        rig.rename(&from, &to);
        expected.push(format!("more of {number}"));
    }
    for _ in 0..3 {
        rig.round();
        assert!(rig.tail.open_files <= rig.spec.max_open_files);
    }
    rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}
