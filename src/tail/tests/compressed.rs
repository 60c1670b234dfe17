//! Compressed copies of logs: what of them is counted already, what is not, and what cannot be.

use std::process::Command;

use super::*;

/// What packs, and the ending it puts behind a name.
const TOOLS: [(&str, &str); 2] = [("gzip", "gz"), ("zstd", "zst")];

/// As the tools do it: a new file, then the old one is deleted.
fn compress(rig: &Rig, tool: &str, name: &str) {
    let remove: &[&str] = if tool == "zstd" { &["--rm"] } else { &[] };
    run(rig, tool, &[&["-q"], remove, &[name]].concat());
}

fn run(rig: &Rig, tool: &str, arguments: &[&str]) {
    let status = Command::new(tool).args(arguments).current_dir(rig.path("")).status().unwrap();
    assert!(status.success(), "{tool} {arguments:?}");
}

/// So many numbered lines from one on.
fn lines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers
        .map(|number| format!("{number} GET /items/{} {:x}", number % 977, number * 2_654_435_761 % 65_521))
        .collect()
}

fn text(numbers: std::ops::Range<usize>) -> String {
    lines(numbers).into_iter().map(|line| line + "\n").collect()
}

#[track_caller]
fn check(rig: &Rig, numbers: std::ops::Range<usize>) {
    let expected = lines(numbers);
    assert_eq!(rig.committed.len(), expected.len(), "notes: {:?}", rig.notes);
    let mut sorted = rig.committed.clone();
    sorted.sort();
    let mut expected_sorted = expected;
    expected_sorted.sort();
    assert!(sorted == expected_sorted, "other lines; notes: {:?}", rig.notes);
}

/// Sizes that a glance shows whole, and that it does not.
const SIZES: [usize; 2] = [100, 30_000];

#[test]
fn the_rest_of_a_file_that_was_rotated_and_compressed_while_stopped_is_counted_in_order() {
    for (tool, ending) in TOOLS {
        for size in SIZES {
            let mut rig = Rig::new("app.log");
            rig.append("app.log", &text(0..size));
            rig.round();
            rig.append("app.log", &text(size..2 * size));
            rig.rename("app.log", "app.log.1");
            compress(&rig, tool, "app.log.1");
            rig.append("app.log", &text(2 * size..2 * size + 10));
            rig.crash();
            rig.settle();
            check(&rig, 0..2 * size + 10);
            let of_one =
                |line: &&String| line.split(' ').next().is_some_and(|it| it.parse::<usize>().unwrap() < 2 * size);
            assert!(rig.committed.iter().filter(of_one).eq(&lines(0..2 * size)), "order");
            // Renumbered, and delayed compression of the next.
            rig.rename(&format!("app.log.1.{ending}"), &format!("app.log.2.{ending}"));
            rig.append("app.log", &text(2 * size + 10..2 * size + 20));
            rig.rename("app.log", "app.log.1");
            rig.append("app.log", &text(2 * size + 20..2 * size + 30));
            rig.crash();
            rig.settle();
            check(&rig, 0..2 * size + 30);
            compress(&rig, tool, "app.log.1");
            rig.settle();
            rig.crash();
            rig.settle();
            check(&rig, 0..2 * size + 30);
            assert_eq!(rig.warnings(), 0, "{:?}", rig.notes);
        }
    }
}

/// Of a copy that is met while the live file has not been counted so far, only what is counted may be taken as such.
#[test]
fn an_archive_of_more_than_a_line_that_was_counted_goes_on_behind_that_line() {
    for (tool, _) in TOOLS {
        for glob in ["app.log", "app.log*"] {
            let mut rig = Rig::new(glob);
            rig.append("app.log", &text(0..1));
            rig.round();
            rig.append("app.log", &text(1..20));
            fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
            compress(&rig, tool, "app.log.1");
            rig.pass(Duration::from_secs(1));
            rig.scan();
            rig.rewrite("app.log", &text(20..21));
            rig.read();
            rig.commit();
            rig.settle();
            check(&rig, 0..21);
        }
    }
}

#[test]
fn a_file_that_is_compressed_while_it_is_read_is_counted_once() {
    for (tool, ending) in TOOLS {
        for glob in ["app.log", "app.log*"] {
            let mut rig = Rig::new(glob);
            rig.append("app.log", &text(0..30_000));
            rig.round();
            rig.append("app.log", &text(30_000..60_000));
            rig.rename("app.log", "app.log.1");
            rig.append("app.log", &text(60_000..60_010));
            rig.pass(Duration::from_secs(1));
            rig.scan();
            // In the middle.
            let first = rig.tail.read(rig.now).map(|chunk| chunk.bytes.len());
            assert!(first.is_some_and(|len| len > 0));
            let chunk = rig.tail.status();
            let read = chunk.iter().map(|file| file.offset).max().unwrap();
            let all = text(0..60_000);
            rig.pending.extend(all[text(0..30_000).len()..read as usize].lines().map(str::to_owned));
            run(&rig, tool, &["-q", "-k", "app.log.1"]);
            rig.remove("app.log.1");
            rig.settle();
            check(&rig, 0..60_010);
            rig.rename(&format!("app.log.1.{ending}"), &format!("app.log.2.{ending}"));
            rig.settle();
            rig.crash();
            rig.settle();
            check(&rig, 0..60_010);
        }
    }
}

#[test]
fn compressed_files_in_the_globs_beside_plain_ones_are_counted_once() {
    for (tool, ending) in TOOLS {
        let mut rig = Rig::new("app.log*");
        rig.append("app.log.2", &text(0..30_000));
        rig.append("app.log.1", &text(30_000..60_000));
        compress(&rig, tool, "app.log.2");
        rig.append("app.log", &text(60_000..60_100));
        rig.settle();
        check(&rig, 0..60_100);
        for _ in 0..2 {
            rig.rename(&format!("app.log.2.{ending}"), &format!("app.log.3.{ending}"));
            rig.rename("app.log.1", "app.log.2");
            compress(&rig, tool, "app.log.2");
            rig.settle();
            check(&rig, 0..60_100);
            run(&rig, tool, &["-q", "-d", "-k", &format!("app.log.3.{ending}")]);
            rig.settle();
            rig.crash();
            rig.settle();
            check(&rig, 0..60_100);
            rig.remove("app.log.3");
            rig.rename(&format!("app.log.2.{ending}"), &format!("app.log.5.{ending}"));
            rig.rename(&format!("app.log.3.{ending}"), &format!("app.log.2.{ending}"));
            rig.append("app.log.1", "");
        }
    }
}

#[test]
fn what_an_admin_unpacks_is_not_counted_again() {
    for (tool, ending) in TOOLS {
        let mut rig = Rig::new("app.log");
        rig.append("app.log", &text(0..30_000));
        rig.round();
        rig.rename("app.log", "app.log.1");
        rig.append("app.log", &text(30_000..30_010));
        rig.settle();
        compress(&rig, tool, "app.log.1");
        rig.settle();
        rig.rename(&format!("app.log.1.{ending}"), &format!("app.log.3.{ending}"));
        run(&rig, tool, &["-q", "-d", &format!("app.log.3.{ending}")]);
        rig.settle();
        rig.crash();
        rig.settle();
        check(&rig, 0..30_010);
    }
}

#[test]
fn a_copy_in_the_making_is_not_counted_and_neither_is_one_that_a_crash_left() {
    for (tool, ending) in TOOLS {
        for glob in ["app.log", "app.log*"] {
            let mut rig = Rig::new(glob);
            rig.append("app.log", &text(0..40_000));
            rig.round();
            rig.rename("app.log", "app.log.1");
            rig.append("app.log", &text(40_000..40_010));
            rig.settle();
            let name = format!("app.log.1.{ending}");
            run(&rig, tool, &["-q", "-k", "app.log.1"]);
            let packed = fs::read(rig.path(&name)).unwrap();
            rig.remove(&name);
            for part in packed.chunks(packed.len() / 7) {
                let mut file = File::options().append(true).create(true).open(rig.path(&name)).unwrap();
                file.write_all(part).unwrap();
                rig.round();
                rig.crash();
                rig.round();
            }
            rig.settle();
            check(&rig, 0..40_010);
            // The machine stops in the middle of it: zeros where nothing was written.
            rig.truncate(&name, packed.len() as u64 / 2);
            rig.truncate(&name, packed.len() as u64);
            rig.settle();
            rig.crash();
            rig.settle();
            check(&rig, 0..40_010);
        }
    }
}

#[test]
fn what_can_be_unpacked_of_a_damaged_rest_is_counted() {
    for (tool, ending) in TOOLS {
        for zeros in [0, 5_000] {
            let mut rig = Rig::new("app.log");
            rig.append("app.log", &text(0..1_000));
            rig.round();
            rig.append("app.log", &text(1_000..30_000));
            rig.rename("app.log", "app.log.1");
            compress(&rig, tool, "app.log.1");
            let name = format!("app.log.1.{ending}");
            let len = fs::metadata(rig.path(&name)).unwrap().len();
            rig.truncate(&name, len * 3 / 4);
            rig.truncate(&name, len * 3 / 4 + zeros);
            rig.crash();
            rig.settle();
            let counted = rig.committed.len();
            assert!(counted > 10_000 && counted < 30_000, "{counted}");
            // The last line was cut.
            assert_eq!(rig.committed.last(), lines(counted - 1..counted).first());
            assert!(rig.committed == lines(0..counted), "order");
            assert_eq!(rig.warnings(), 1, "{:?}", rig.notes);
            assert_eq!(rig.tail.counters().unterminated_lines, 0);
        }
    }
}

#[test]
fn days_packed_one_behind_the_other_are_counted_as_they_come() {
    for (tool, ending) in TOOLS {
        let mut rig = Rig::new(&format!("*.{ending}"));
        let name = format!("archive.{ending}");
        for day in 0..5 {
            rig.append("day", &text(day * 1_000..(day + 1) * 1_000));
            run(&rig, tool, &["-q", "-k", "day"]);
            let packed = fs::read(rig.path(&format!("day.{ending}"))).unwrap();
            rig.remove("day");
            rig.remove(&format!("day.{ending}"));
            let mut file = File::options().append(true).create(true).open(rig.path(&name)).unwrap();
            file.write_all(&packed).unwrap();
            rig.settle();
            rig.crash();
            rig.round();
            check(&rig, 0..(day + 1) * 1_000);
        }
    }
}

#[test]
fn old_packed_files_are_left_alone_where_the_start_is_at_the_end() {
    for (tool, _) in TOOLS {
        let mut rig = Rig::with("app.log*", spec(), StartAt::End);
        rig.append("app.log.1", &text(0..30_000));
        compress(&rig, tool, "app.log.1");
        rig.append("app.log", "");
        rig.round();
        rig.append("app.log", &text(30_000..30_010));
        rig.settle();
        rig.crash();
        rig.settle();
        check(&rig, 30_000..30_010);
        assert_eq!(rig.warnings(), 0);
    }
}

/// An archive is looked at twice before it is unpacked to its end; what it may go on from is remembered so long.
#[test]
fn what_an_archive_goes_on_from_is_remembered_until_the_archive_is_judged() {
    type Step = fn(&mut Rig);
    // What happens before the archive is there, and between the scan that finds it and its turn to be read.
    let cases: [(Step, Step); 3] = [
        (Rig::crash, |rig| drop(rig.scan())),
        (
            |rig| {
                rig.crash();
                (0..3).for_each(|_| rig.round());
            },
            |_| {},
        ),
        (
            |rig| {
                (0..2).for_each(|_| rig.round());
                rig.pass(GRACE * 2);
            },
            |_| {},
        ),
    ];
    for (before, between) in cases {
        let mut rig = Rig::new("app.log*");
        rig.append("app.log", &text(0..10_000));
        rig.round();
        rig.append("app.log", &text(10_000..20_000));
        fs::create_dir(rig.path("away")).unwrap();
        fs::copy(rig.path("app.log"), rig.path("away/x")).unwrap();
        compress(&rig, "gzip", "away/x");
        rig.rewrite("app.log", &text(20_000..20_001));
        rig.round();
        before(&mut rig);
        rig.rename("away/x.gz", "app.log.1.gz");
        rig.scan();
        between(&mut rig);
        rig.read();
        rig.commit();
        rig.settle();
        check(&rig, 0..20_001);
    }
}

/// Archives that wait for others to be unpacked wait for what those turn out to be.
#[test]
fn a_file_whose_turn_was_postponed_is_judged_again() {
    let mut rig = Rig::new("app.log*");
    let piece = |number: usize| number * 60_000..(number + 1) * 60_000;
    rig.append("app.log", &text(0..1));
    rig.round();
    for number in 1..8 {
        rig.append(&format!("app.log.{number}"), &text(piece(number)));
        run(&rig, "gzip", &["-q", "-k", &format!("app.log.{number}")]);
        if number < 7 {
            rig.remove(&format!("app.log.{number}"));
        }
    }
    // It is met after all archives.
    rig.rename("app.log.7", "app.log.8");
    rig.settle();
    let mut sorted = rig.committed.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((rig.committed.len(), sorted.len()), (7 * 60_000 + 1, 7 * 60_000 + 1), "notes: {:?}", rig.notes);
}
