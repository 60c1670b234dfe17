//! What happens to log files: renames, truncations, deletions, links.

use std::fs;
use std::time::Duration;

use super::*;

#[test]
fn a_renamed_file_is_drained_while_its_writer_goes_on() {
    let mut rig = Rig::new("access.log");
    rig.append("access.log", "1\n");
    rig.round();
    rig.append("access.log", "2\n");
    rig.rename("access.log", "access.log.1");
    rig.append("access.log.1", "3\n");
    rig.round();
    rig.append("access.log", "4\n");
    rig.append("access.log.1", "5\n");
    rig.pass(GRACE / 2);
    rig.round();
    rig.append("access.log.1", "6\n");
    rig.settle();
    rig.check(&["1", "2", "3", "4", "5", "6"]);
    assert_eq!(rig.tail.open_files, 1);
    assert_eq!(rig.tail.counters().files_finished, 1);
}

#[test]
fn the_last_line_of_a_finished_file_counts_without_a_newline() {
    for glob in ["access.log", "access.log*"] {
        let mut rig = Rig::new(glob);
        rig.append("access.log", "1\nhalf");
        rig.round();
        rig.rename("access.log", "access.log.1");
        rig.append("access.log", "2\n");
        rig.round();
        rig.check(&["1", "2"]);
        rig.settle();
        rig.check(&["1", "2", "half"]);
        assert_eq!(rig.tail.counters().unterminated_lines, 1);
        rig.crash();
        rig.settle();
        rig.check(&["1", "2", "half"]);
        // The rest of a line that was counted is not another line.
        rig.append("access.log.1", " more\nnext\n");
        rig.settle();
        rig.check(&["1", "2", "half", "next"]);
    }
}

#[test]
fn a_rotation_while_stopped_is_found_among_siblings() {
    for (glob, rotated) in [
        ("access.log", "access.log.1"),
        ("access.log", "access.log.2"),
        ("access.log", "access.log-20261123"),
        ("access.log", "access-20261123.log"),
        ("access.log", "access.1.log"),
        ("*.log", "access.log.1"),
        ("access*", "access.log.1"),
    ] {
        let mut rig = Rig::new(glob);
        rig.append("access.log", "1\n");
        rig.round();
        rig.append("access.log", "2\nhalf");
        rig.rename("access.log", rotated);
        rig.append("access.log", "3\n");
        rig.crash();
        rig.settle();
        rig.crash();
        rig.settle();
        if rotated == "access-20261123.log" && glob == "access*" {
            continue;
        }
        rig.check(&["1", "2", "half", "3"]);
    }
}

#[test]
fn renumbering_counts_every_file_once() {
    for glob in ["access.log", "access.log*"] {
        let mut rig = Rig::new(glob);
        let mut expected = Vec::new();
        for round in 0..6 {
            rig.append("access.log", &format!("a{round}\n"));
            rig.round();
            rig.append("access.log", &format!("b{round}\n"));
            expected.extend([format!("a{round}"), format!("b{round}")]);
            for number in (1..5).rev() {
                if rig.path(&format!("access.log.{number}")).exists() {
                    rig.rename(&format!("access.log.{number}"), &format!("access.log.{}", number + 1));
                }
            }
            rig.rename("access.log", "access.log.1");
            if round % 2 == 0 {
                rig.crash();
            }
        }
        rig.settle();
        rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn a_truncated_file_is_read_from_its_beginning() {
    // What stands in the file after the truncation, in bytes against the offset of 8: less, equal, more.
    for rest in ["", "n1\n", "n1\nn22\nn\n", "n1\nn2\nn3\nn4\nn5\nn6\n"] {
        for stopped in [false, true] {
            let mut rig = Rig::new("*.log");
            rig.append("a.log", "o1\no2\no3\n");
            rig.round();
            rig.rewrite("a.log", rest);
            if stopped {
                rig.crash();
            }
            rig.settle();
            rig.append("a.log", "last\n");
            rig.settle();
            let expected: Vec<&str> = ["o1", "o2", "o3"].into_iter().chain(rest.lines()).chain(["last"]).collect();
            rig.check(&expected);
            assert_eq!(rig.tail.counters().truncations, 1);
            assert_eq!(rig.warnings(), 1);
        }
    }
}

#[test]
fn a_truncation_to_nothing_while_only_half_a_line_was_there_loses_no_line() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "half of it");
    rig.round();
    rig.rewrite("a.log", "new\n");
    rig.settle();
    rig.check(&["new"]);
}

#[test]
fn copytruncate_counts_the_live_file_once() {
    let mut rig = Rig::new("access.log");
    rig.append("access.log", "1\n2\n");
    rig.round();
    fs::copy(rig.path("access.log"), rig.path("access.log.1")).unwrap();
    rig.truncate("access.log", 0);
    rig.append("access.log", "3\n4\n5\n");
    rig.settle();
    rig.crash();
    rig.settle();
    rig.check(&["1", "2", "3", "4", "5"]);
}

#[test]
fn a_used_inode_is_another_file() {
    // Many tries, since whether the inode is used again is the file system's choice.
    for try_number in 0..20 {
        for stopped in [false, true] {
            let mut rig = Rig::new("*.log");
            rig.append("a.log", "old line one\nold line two\n");
            rig.settle();
            if stopped {
                rig.crash();
            }
            rig.remove("a.log");
            rig.append("a.log", &format!("new {try_number}\nnew line two, and longer than before\n"));
            rig.settle();
            rig.check(&[
                "old line one",
                "old line two",
                &format!("new {try_number}"),
                "new line two, and longer than before",
            ]);
        }
    }
}

#[test]
fn a_deleted_file_is_drained_and_closed() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "1\n");
    rig.round();
    let mut writer = fs::File::options().append(true).open(rig.path("a.log")).unwrap();
    rig.remove("a.log");
    writer.write_all(b"2\n").unwrap();
    rig.round();
    writer.write_all(b"3\nhalf").unwrap();
    rig.settle();
    rig.check(&["1", "2", "3", "half"]);
    assert_eq!(rig.tail.open_files, 0);
}

#[test]
fn an_atomic_replace_is_another_file() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "1\n");
    rig.round();
    rig.append("a.log", "2\n");
    rig.append("new.tmp", "3\n");
    rig.rename("new.tmp", "a.log");
    rig.settle();
    rig.check(&["1", "2", "3"]);
}

#[test]
fn a_link_that_points_elsewhere_is_another_file() {
    let mut rig = Rig::new("*.log");
    rig.append("0.txt", "1\n");
    rig.append("1.txt", "3\n");
    std::os::unix::fs::symlink("0.txt", rig.path("a.log")).unwrap();
    rig.round();
    rig.append("0.txt", "2\n");
    rig.remove("a.log");
    std::os::unix::fs::symlink("1.txt", rig.path("a.log")).unwrap();
    rig.round();
    rig.append("1.txt", "4\n");
    rig.settle();
    rig.check(&["1", "2", "3", "4"]);
}

#[test]
fn a_file_hidden_for_two_minutes_is_not_read_again() {
    for name in ["elsewhere", "a.log.hidden"] {
        let mut rig = Rig::new("*.log");
        rig.append("a.log", "1\n");
        rig.round();
        rig.rename("a.log", name);
        for _ in 0..12 {
            rig.pass(Duration::from_secs(10));
            rig.round();
        }
        rig.append(name, "2\n");
        rig.rename(name, "a.log");
        rig.settle();
        rig.append("a.log", "3\n");
        rig.settle();
        rig.check(&["1", "2", "3"]);
        assert!(!rig.ledger.values().any(|cursor| cursor.finished));
    }
}

#[test]
fn a_file_that_left_and_came_back_is_not_read_twice_after_a_crash() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "1\n");
    rig.round();
    rig.rename("a.log", "b.hidden");
    rig.settle();
    rig.crash();
    rig.settle();
    rig.rename("b.hidden", "c.log");
    rig.append("c.log", "2\n");
    rig.settle();
    rig.check(&["1", "2"]);
}

#[test]
fn a_device_with_another_number_after_boot_is_the_same_file() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "1\n");
    rig.round();
    for cursor in rig.ledger.values_mut() {
        cursor.inode.device += 1;
    }
    rig.append("a.log", "2\n");
    rig.crash();
    rig.settle();
    rig.check(&["1", "2"]);
    assert_eq!(rig.ledger.len(), 1);
}

#[test]
fn a_directory_that_is_removed_and_made_again_is_followed() {
    let mut rig = Rig::new("sub/*.log");
    fs::create_dir(rig.path("sub")).unwrap();
    rig.append("sub/a.log", "1\n");
    rig.round();
    rig.append("sub/a.log", "2\n");
    fs::remove_dir_all(rig.path("sub")).unwrap();
    rig.settle();
    fs::create_dir(rig.path("sub")).unwrap();
    rig.append("sub/a.log", "3\n");
    rig.settle();
    rig.check(&["1", "2", "3"]);
}

#[test]
fn a_rewrite_with_the_same_end_is_noticed_by_its_beginning() {
    let mut rig = Rig::new("*.log");
    let filler = format!("{}\n", "=".repeat(3_000));
    rig.append("a.log", &format!("one\n{filler}"));
    rig.round();
    rig.rewrite("a.log", &format!("two\n{filler}three\n"));
    rig.settle();
    let long = filler.trim_end();
    rig.check(&["one", long, "two", long, "three"]);
}

#[test]
fn a_deleted_file_does_not_come_back_under_its_inode() {
    for _ in 0..10 {
        let mut rig = Rig::new("*.log");
        rig.append("a.log", "the same");
        rig.round();
        rig.remove("a.log");
        rig.settle();
        rig.append("b.log", "the same and more\n");
        rig.settle();
        rig.check(&["the same", "the same and more"]);
    }
}

#[test]
fn a_rewrite_of_the_same_size_at_the_same_tick_is_noticed() {
    let mut rig = Rig::new("*.log");
    rig.now = crate::model::time::Clock::now(&crate::model::time::SystemClock);
    let mut expected = Vec::new();
    for number in 100..150 {
        rig.rewrite("a.log", &format!("{number}\n"));
        rig.scan();
        rig.read();
        expected.push(number.to_string());
    }
    rig.commit();
    rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_not_named_any_more_is_left_alone_until_it_is_named_again() {
    for (glob, exclude) in [("y.log", None), ("*.log", Some("x.log"))] {
        let mut rig = Rig::new("*.log");
        rig.append("x.log", "one\n");
        rig.round();
        let named = rig.sources.clone();
        rig.sources[0].include = vec![located(rig.path(glob).to_str().unwrap().to_owned())];
        rig.sources[0].exclude = exclude.into_iter().map(|glob| located(glob.to_owned())).collect();
        rig.append("x.log", "two\n");
        rig.append("y.log", "three\n");
        rig.crash();
        rig.settle();
        rig.check(&["one", "three"]);
        assert_eq!(rig.warnings(), 1, "{:?}", rig.notes);
        rig.sources = named;
        rig.crash();
        rig.settle();
        rig.check(&["one", "two", "three"]);
    }
}
