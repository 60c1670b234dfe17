//! State stays small however long the agent runs, and what was hidden for a while is not read again.

use super::*;

/// A thousand rotations a day.
const BETWEEN_ROTATIONS: Duration = Duration::from_millis(86_400);

const FORGET_GONE: Duration = Duration::from_hours(1);

/// Generations that a rotation keeps.
const KEPT: u64 = 5;

/// Days of a thousand rotations; a month by the environment.
fn days() -> u64 {
    std::env::var("PXTAIL_ROTATION_DAYS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[track_caller]
fn check(rotate: fn(&Rig, u64)) {
    let spec = TailSpec { forget_gone: FORGET_GONE, ..spec() };
    let mut rig = Rig::with("a.log*", spec, StartAt::Beginning);
    let in_forget_gone = (FORGET_GONE.as_secs() * 1_000 / 86_400) as usize;
    // Each rotation may leave the file, its copy and what was emptied; beside those, what is there.
    let most = 3 * (in_forget_gone + KEPT as usize + 10);
    let rotations = days() * 1_000;
    for number in 0..rotations {
        rig.append("a.log", &format!("line {number} of a log\n"));
        rig.round();
        rotate(&rig, number);
        if number >= KEPT {
            rig.remove(&format!("a.log.{}", number - KEPT));
        }
        rig.pass(BETWEEN_ROTATIONS / 2);
        rig.round();
        rig.pass(BETWEEN_ROTATIONS / 2);
        rig.notes.clear();
        let Tail {
            files, by_inode, by_number, strangers, unrelated, directories, orphans, turns, polls, rested, ..
        } = &rig.tail;
        let sizes = [
            rig.ledger.len(),
            files.len(),
            by_inode.len(),
            by_number.len(),
            strangers.len(),
            unrelated.len(),
            directories.len(),
            orphans.len(),
            turns.len(),
            polls.files().count(),
            rested.len(),
        ];
        assert!(sizes.iter().all(|size| *size <= most), "after {number} rotations: {sizes:?}, at most {most}");
    }
    rig.settle();
    assert_eq!(rig.committed.len() as u64, rotations, "each line once");
    rig.remove("a.log");
    for number in rotations - KEPT..rotations {
        rig.remove(&format!("a.log.{number}"));
    }
    for _ in 0..3 {
        rig.pass(FORGET_GONE);
        rig.settle();
    }
    // One row says that the source was followed.
    let left = [rig.ledger.len(), rig.tail.files.len(), rig.tail.by_inode.len()];
    assert!(left.iter().all(|count| *count <= 1), "{left:?}");
}

#[test]
fn a_thousand_renames_a_day_leave_no_more_state_than_an_hour_of_them() {
    check(|rig, number| {
        rig.rename("a.log", &format!("a.log.{number}"));
        rig.append("a.log", "");
    });
}

#[test]
fn a_thousand_copytruncates_a_day_leave_no_more_state_than_an_hour_of_them() {
    check(|rig, number| {
        fs::copy(rig.path("a.log"), rig.path(&format!("a.log.{number}"))).unwrap();
        rig.truncate("a.log", 0);
    });
}

/// Hides the log for two minutes, which is longer than the grace time, and brings it back with one more line.
#[track_caller]
fn check_hidden(what: &str, hide: fn(&Rig), bring_back: fn(&Rig)) {
    for is_restarted in [false, true] {
        let spec = TailSpec { max_open_files: 1, ..spec() };
        let mut rig = Rig::with("logs/*.log", spec, StartAt::Beginning);
        fs::create_dir(rig.path("logs")).unwrap();
        fs::create_dir(rig.path("elsewhere")).unwrap();
        rig.append("logs/a.log", "one\n");
        rig.append("logs/b.log", "one of b\n");
        rig.settle();
        hide(&rig);
        rig.settle();
        if is_restarted {
            rig.crash();
        }
        for _ in 0..12 {
            rig.pass(Duration::from_secs(10));
            rig.scan();
            rig.read();
            rig.commit();
        }
        bring_back(&rig);
        rig.append("logs/a.log", "two\n");
        rig.settle();
        rig.committed.sort();
        assert_eq!(rig.committed, ["one", "one of b", "two"], "{what}, restarted: {is_restarted}");
    }
}

#[test]
fn what_was_hidden_for_two_minutes_is_not_read_again() {
    check_hidden("the directory moved away", |rig| rig.rename("logs", "hidden"), |rig| rig.rename("hidden", "logs"));
    check_hidden(
        "the file moved away",
        |rig| rig.rename("logs/a.log", "elsewhere/kept"),
        |rig| rig.rename("elsewhere/kept", "logs/a.log"),
    );
    check_hidden(
        "a directory in its place",
        |rig| {
            rig.rename("logs/a.log", "elsewhere/kept");
            fs::create_dir(rig.path("logs/a.log")).unwrap();
        },
        |rig| {
            fs::remove_dir(rig.path("logs/a.log")).unwrap();
            rig.rename("elsewhere/kept", "logs/a.log");
        },
    );
}
