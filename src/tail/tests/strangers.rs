//! Copies, and files that were rotated away before they were seen.

use std::fs::{FileTimes, copy};
use std::time::SystemTime;

use super::*;

/// Sets a file's times to long ago, as those of old rotations are.
fn make_old(rig: &Rig, name: &str) {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let file = File::options().write(true).open(rig.path(name)).unwrap();
    file.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
}

#[test]
fn the_rest_of_a_copytruncated_file_is_read_from_its_copy() {
    for glob in ["access.log", "access.log*"] {
        for crashes in 0..3 {
            let mut rig = Rig::new(glob);
            rig.append("access.log", "1\n2\n");
            rig.round();
            rig.append("access.log", "3\nhalf");
            copy(rig.path("access.log"), rig.path("access.log.1")).unwrap();
            rig.truncate("access.log", 0);
            if crashes > 0 {
                rig.crash();
            }
            rig.append("access.log", "4\n");
            rig.round();
            if crashes > 1 {
                rig.crash();
            }
            rig.settle();
            rig.check(&["1", "2", "3", "half", "4"]);
        }
    }
}

#[test]
fn a_copy_says_which_file_it_continues_and_that_file_waits_for_it() {
    for glob in ["access.log", "access.log*"] {
        let mut rig = Rig::new(glob);
        rig.append("access.log", "1\n2\n");
        rig.round();
        let original = rig.tail.status()[0].file;
        rig.append("access.log", "3\n");
        copy(rig.path("access.log"), rig.path("access.log.1")).unwrap();
        rig.truncate("access.log", 0);
        rig.pass(Duration::from_secs(1));
        rig.read();
        let reach = rig.tail.reach(original).unwrap();
        assert!(!reach.is_finished && reach.caught_up_at.is_none(), "no scan looked for a copy: {reach:?}");
        assert_eq!(rig.tail.continued().next(), None);
        rig.commit();
        rig.pass(Duration::from_secs(1));
        rig.scan();
        let of_chunk = rig.tail.read(rig.now).map(|chunk| (chunk.continues, chunk.file));
        let continued: Vec<_> = rig.tail.continued().collect();
        assert!(
            matches!(continued[..], [(of, copy)] if of == original && of_chunk == Some((Some(of), copy))),
            "{of_chunk:?}"
        );
        rig.read();
        rig.commit();
        assert_eq!(rig.tail.continued().next(), None, "it is said once");
        rig.pass(Duration::from_secs(1));
        rig.scan();
        assert!(rig.tail.reach(original).is_none_or(|reach| reach.caught_up_at == Some(rig.now)));
    }
}

#[test]
fn a_copy_that_is_still_being_made_is_waited_for() {
    for glob in ["access.log", "access.log*"] {
        let mut rig = Rig::new(glob);
        let lines: Vec<String> = (0..200).map(|number| format!("line {number} of the file")).collect();
        let text = lines.join("\n") + "\n";
        rig.append("access.log", &text);
        rig.round();
        for part in [0..10, 10..1_500, 1_500..text.len()] {
            rig.append("access.log.1", &text[part]);
            rig.round();
        }
        rig.settle();
        rig.truncate("access.log", 0);
        rig.settle();
        rig.check(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn room_that_was_set_aside_for_a_copy_is_no_other_content() {
    let mut rig = Rig::new("access.log*");
    let text = "a line that is long enough to be known, and is counted before it is copied\n";
    rig.append("access.log", &format!("{text}the begin"));
    rig.round();
    rig.append("access.log.1", &format!("{text}{}", "\0".repeat("the begin".len())));
    rig.settle();
    rig.append("access.log", "ning\n");
    rig.round();
    rig.truncate("access.log.1", text.len() as u64);
    rig.append("access.log.1", "the beginning\n");
    rig.settle();
    rig.check(&[text.trim_end(), "the beginning"]);
}

#[test]
fn a_copy_that_is_not_decided_holds_the_source_back() {
    let mut rig = Rig::new("access.log");
    rig.append("access.log", "1\n2\n3\n");
    rig.round();
    let before = rig.now;
    rig.append("access.log.1", "1\n");
    rig.pass(Duration::from_secs(1));
    rig.scan();
    rig.read();
    assert_eq!(rig.tail.complete_until(SourceIndex(0), Duration::ZERO, rig.now, |_| None, |_| None), before);
    rig.settle();
    rig.pass(Duration::from_secs(1));
    rig.scan();
    rig.read();
    assert_eq!(rig.tail.complete_until(SourceIndex(0), Duration::ZERO, rig.now, |_| None, |_| None), rig.now);
}

#[test]
fn generations_that_came_and_went_while_stopped_are_read() {
    for glob in ["access.log", "access.log*", "*.log"] {
        let mut rig = Rig::new(glob);
        rig.append("access.log", "1\n");
        rig.round();
        rig.append("access.log", "2\n");
        let mut expected = vec!["1".to_owned(), "2".to_owned()];
        for generation in 0..4 {
            for number in (1..6).rev() {
                if rig.path(&format!("access.log.{number}")).exists() {
                    rig.rename(&format!("access.log.{number}"), &format!("access.log.{}", number + 1));
                }
            }
            rig.rename("access.log", "access.log.1");
            rig.append("access.log", &format!("generation {generation}\n"));
            expected.push(format!("generation {generation}"));
        }
        rig.crash();
        rig.settle();
        rig.crash();
        rig.settle();
        rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn rotations_from_before_the_first_start_are_not_read() {
    let mut rig = Rig::new("access.log");
    rig.append("access.log.1", "old\n");
    make_old(&rig, "access.log.1");
    rig.append("access.log", "1\n");
    rig.settle();
    rig.rename("access.log.1", "access.log.2");
    rig.crash();
    rig.settle();
    rig.check(&["1"]);
}

#[test]
fn other_names_beside_a_log_are_not_read() {
    let mut rig = Rig::new("access.log");
    rig.append("access.log", "1\n");
    rig.round();
    for name in ["access.log.offset", "access.logs", "access-log", "other.1", "error.log"] {
        rig.append(name, &format!("{name}\n"));
    }
    rig.settle();
    rig.check(&["1"]);
}

#[test]
fn a_copy_of_a_finished_file_is_not_read() {
    let mut rig = Rig::new("access.log*");
    rig.append("access.log", "1\n");
    rig.round();
    rig.rename("access.log", "access.log.1");
    rig.append("access.log", "2\n");
    rig.settle();
    copy(rig.path("access.log.1"), rig.path("access.log.2")).unwrap();
    rig.remove("access.log.1");
    rig.settle();
    rig.check(&["1", "2"]);
}

#[test]
fn emptied_files_are_forgotten_once_their_copies_are_known() {
    let mut rig = Rig::new("access.log");
    for round in 0..20 {
        rig.append("access.log", &format!("{round}\n"));
        rig.round();
        rig.truncate("access.log", 0);
        rig.round();
    }
    rig.settle();
    assert_eq!(rig.ledger.len(), 1);
    assert_eq!(rig.committed.len(), 20);
}

#[test]
fn what_a_copy_has_a_part_of_is_known_as_long_as_the_copy_and_not_looked_for() {
    let mut rig = Rig::new("access.log");
    let first = "a line that is long enough to be known, and is counted before it is copied";
    rig.append("access.log", &format!("{first}\n"));
    rig.round();
    copy(rig.path("access.log"), rig.path("access.log.1")).unwrap();
    rig.append("access.log", "more\n");
    rig.round();
    rig.truncate("access.log", 0);
    rig.settle();
    assert!(rig.ledger.values().any(|cursor| cursor.offset > first.len() as u64 + 1), "{:?}", rig.ledger);
    assert!(!rig.tail.is_searching(SourceIndex(0)));
    rig.append("access.log.1", "more\n");
    rig.settle();
    rig.check(&[first, "more"]);
    assert_eq!(rig.ledger.len(), 2, "{:?}", rig.ledger);
}

#[test]
fn content_that_was_given_up_holds_the_source_back() {
    let mut rig = Rig::new("a.log");
    rig.append("a.log", "1\n");
    rig.round();
    copy(rig.path("a.log"), rig.path("a.log.1")).unwrap();
    rig.truncate("a.log", 0);
    rig.crash();
    rig.pass(Duration::from_secs(1));
    let written_at = rig.now;
    rig.append("a.log", "2\n");
    rig.pass(Duration::from_secs(1));
    rig.scan();
    rig.rename("a.log.1", "a.log.2");
    rig.rename("a.log", "a.log.1");
    rig.pass(Duration::from_secs(1));
    rig.scan();
    assert!(rig.tail.complete_until(SourceIndex(0), Duration::MAX, rig.now, |_| None, |_| None) <= written_at);
    rig.settle();
    rig.check(&["1", "2"]);
}

#[test]
fn generations_that_wait_for_a_handle_are_not_forgotten() {
    let mut rig = Rig::with("access.log", TailSpec { max_open_files: 2, ..spec() }, StartAt::Beginning);
    // The real time, so that the directory's own times are in the past soon.
    rig.now = UnixMicros(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as i64);
    rig.append("access.log", "line 0\n");
    rig.round();
    let mut expected = vec!["line 0".to_owned()];
    for number in 1..=4 {
        rig.rename("access.log", &format!("access.log.{number}"));
        rig.append("access.log", &format!("line {number}\n"));
        expected.push(format!("line {number}"));
    }
    rig.pass(Duration::from_secs(20));
    rig.crash();
    for _ in 0..4 {
        rig.settle();
    }
    rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn an_excluded_name_is_left_alone_though_its_base_is_followed() {
    let mut rig = Rig::new("access.log");
    rig.sources[0].exclude = vec![located("*.1".to_owned())];
    rig.append("access.log", "one\n");
    rig.crash();
    rig.round();
    rig.append("access.log.1", "excluded\n");
    rig.append("access.log.2", "two\n");
    rig.settle();
    rig.check(&["one", "two"]);
}

#[test]
fn a_short_generation_that_is_not_decided_survives_a_second_restart() {
    let mut rig = Rig::new("access.log");
    // The real time, so that the files' own times are compared with it.
    rig.now = UnixMicros(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as i64);
    let long: Vec<String> = (0..100).map(|number| format!("a line of some length, number {number}")).collect();
    rig.append("access.log", &(long.join("\n") + "\n"));
    rig.round();
    // While it is stopped: a generation that comes and goes, shorter than what is compared.
    rig.rename("access.log", "access.log.2");
    rig.append("access.log.1", "short\n");
    rig.append("access.log", "live\n");
    rig.pass(Duration::from_secs(4));
    rig.crash();
    rig.round();
    rig.append("access.log", "more\n");
    rig.round();
    rig.crash();
    rig.settle();
    rig.settle();
    let mut expected: Vec<&str> = long.iter().map(String::as_str).collect();
    expected.extend(["short", "live", "more"]);
    rig.check(&expected);
}

#[test]
fn rotated_logs_of_another_program_in_a_directory_below_are_not_read() {
    for (name, rounds) in [("app.log", 0), ("app.log", 1), ("access.log", 0), ("access.log", 1)] {
        let mut rig = Rig::new("*.log");
        rig.append(name, "1\n");
        rig.round();
        fs::create_dir(rig.path("nginx")).unwrap();
        rig.append("nginx/access.log", "not ours\n");
        (0..rounds).for_each(|_| rig.round());
        // While one of ours lost its content, copies of it are looked for below.
        copy(rig.path(name), rig.path("old")).unwrap();
        rig.truncate(name, 0);
        fs::rename(rig.path("nginx/access.log"), rig.path("nginx/access.log.1")).unwrap();
        rig.append("nginx/access.log", "nor this\n");
        rig.append(name, "2\n");
        rig.round();
        rig.settle();
        rig.check(&["1", "2"]);
    }
}
