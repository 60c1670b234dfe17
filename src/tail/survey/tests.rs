//! What the survey says, on real files.

use std::fs;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use crate::model::encoding::TextEncoding;
use crate::model::file::SourceIndex;
use crate::model::spec::{StartAt, TailSpec};
use crate::tail::tests::{GRACE, Rig, spec};
use crate::tail::{NotRead, Survey};

fn survey(rig: &Rig) -> Survey {
    rig.tail.survey(SourceIndex(0), usize::MAX, rig.now)
}

#[track_caller]
fn check(rig: &Rig, states: &[(&'static str, u64)], not_read: &[(&str, &str)]) {
    let survey = survey(rig);
    assert_eq!(survey.states.into_iter().collect::<Vec<_>>(), states);
    let name = |file: &NotRead| file.path.file_name().unwrap().to_string_lossy().into_owned();
    let found: Vec<(&str, String)> = survey.not_read.iter().map(|file| (file.state, name(file))).collect();
    let expected: Vec<(&str, String)> = not_read.iter().map(|(state, name)| (*state, (*name).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn files_that_are_not_read_are_named_with_the_reason() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.round();
    let _socket = UnixListener::bind(rig.path("s.log")).unwrap();
    rig.round();
    check(&rig, &[("caught_up", 1), ("not_regular", 1)], &[("not_regular", "s.log")]);
}

#[test]
fn a_directory_that_is_not_there_is_named_with_since_when() {
    let mut rig = Rig::new("sub/*.log");
    rig.round();
    let first_seen = rig.now;
    rig.pass(Duration::from_mins(5));
    rig.round();
    check(&rig, &[("not_there", 1)], &[("not_there", "sub")]);
    let since = survey(&rig).not_read[0].since.unwrap();
    assert!(since <= first_seen, "{since}");
}

#[test]
fn a_file_is_behind_from_when_it_was_at_its_end_last() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.round();
    rig.pass(Duration::from_mins(1));
    rig.round();
    let Survey { lag_bytes, lag, .. } = survey(&rig);
    assert_eq!((lag_bytes, lag), (0, Duration::ZERO));
    let caught_up_at = rig.tail.status()[0].caught_up_at.unwrap();
    rig.append("a.log", "two\nhalf");
    rig.pass(Duration::from_secs(40));
    rig.scan();
    let Survey { lag_bytes, lag, .. } = survey(&rig);
    assert_eq!((lag_bytes, lag), (8, rig.now.since(caught_up_at)));
    rig.round();
    let Survey { lag_bytes, lag, .. } = survey(&rig);
    assert_eq!((lag_bytes, lag), (4, Duration::ZERO), "half a line at the end is not read, and not behind");
}

#[test]
fn of_many_files_a_few_are_shown_and_the_rest_is_counted() {
    let mut rig = Rig::new("*.log");
    for number in 0..30 {
        drop(UnixListener::bind(rig.path(&format!("{number}.log"))).unwrap());
    }
    rig.round();
    let survey = rig.tail.survey(SourceIndex(0), 3, rig.now);
    assert_eq!((survey.states["not_regular"], survey.not_read.len(), survey.left_out), (30, 3, 27));
}

#[test]
fn a_copy_is_shown_with_the_file_that_it_is_counted_from() {
    let mut rig = Rig::new("*");
    rig.append("a.log", &"a line of the log\n".repeat(200));
    rig.round();
    fs::copy(rig.path("a.log"), rig.path("a.log.1")).unwrap();
    rig.settle();
    check(&rig, &[("caught_up", 1), ("copy", 1)], &[("copy", "a.log.1")]);
    assert_eq!(survey(&rig).not_read[0].of.as_deref(), Some(rig.path("a.log").as_path()));
}

#[test]
fn bytes_that_were_seen_and_never_read_are_counted_once_they_are_gone() {
    let spec = TailSpec { max_open_files: 1, ..spec() };
    let mut rig = Rig::with("*.log", spec, StartAt::Beginning);
    rig.append("a.log", "one\n");
    rig.append("b.log", "one of b\n");
    rig.settle();
    rig.append("a.log", "two\n");
    rig.scan();
    rig.commit();
    rig.remove("a.log");
    rig.scan();
    rig.pass(GRACE * 3);
    rig.scan();
    let losses: Vec<_> = rig.tail.uncommitted_losses(SourceIndex(0)).filter(|loss| loss.files > 0).collect();
    assert_eq!((losses.len(), losses[0].reason, losses[0].bytes), (1, "lost", 4));
    rig.commit();
    assert!(rig.tail.uncommitted_losses(SourceIndex(0)).all(|loss| loss.files == 0), "committed once");
    assert_eq!(rig.tail.counters().lost_bytes, 4, "and still known");
}

#[test]
fn bytes_that_a_truncation_took_are_counted_when_no_copy_has_them() {
    let mut rig = Rig::new("*.log");
    rig.append(
        "a.log",
        "one
half a line",
    );
    rig.round();
    rig.rewrite("a.log", "new\n");
    rig.round();
    assert_eq!(rig.tail.counters().cut_bytes, 0, "a copy may still come");
    for _ in 0..4 {
        rig.pass(GRACE * 2);
        rig.settle();
    }
    assert_eq!((rig.tail.counters().cut_files, rig.tail.counters().cut_bytes), (1, 11));
}

#[test]
fn an_archive_that_cannot_be_unpacked_to_its_end_is_shown_and_counted() {
    let whole = packed(&"a line of the log\n".repeat(20_000));
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0xff;
    for (bytes, least) in [(&whole[..whole.len() / 2], 0), (&flipped[..], 1)] {
        let mut rig = Rig::new("app.log*");
        rig.append("app.log", "one\n");
        fs::write(rig.path("app.log.1"), bytes).unwrap();
        rig.round();
        check(&rig, &[("caught_up", 1), ("not_unpacked", 1)], &[("not_unpacked", "app.log.1")]);
        assert!(!survey(&rig).not_read[0].why.is_empty());
        rig.settle();
        check(&rig, &[("caught_up", 1), ("not_unpacked", 1)], &[("not_unpacked", "app.log.1")]);
        let lost = rig.tail.counters().losses().into_iter().find(|loss| loss.reason == "not_unpacked").unwrap();
        assert_eq!(lost.files, 1);
        assert!(lost.bytes >= least && lost.bytes <= bytes.len() as u64 * least, "{lost:?}");
    }
}

/// One gzip member.
fn packed(text: &str) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    packed.extend(miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6));
    packed.extend(crc32fast::hash(text.as_bytes()).to_le_bytes());
    packed.extend((text.len() as u32).to_le_bytes());
    packed
}

#[test]
fn what_is_no_text_in_the_encoding_is_among_the_losses() {
    let mut rig = Rig::new("*.log");
    rig.sources[0].encoding = TextEncoding::from_label("shift_jis").unwrap();
    rig.crash();
    fs::write(rig.path("a.log"), b"one\xff\xff\n").unwrap();
    rig.round();
    let lost = rig.tail.counters().losses().into_iter().find(|loss| loss.reason == "malformed").unwrap();
    assert_eq!(lost.bytes, 2);
}
