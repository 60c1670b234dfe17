//! Many files, few handles, busy neighbours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::hooks::Point;
use super::sealing::later;
use super::*;

const TICK: Duration = Duration::from_secs(1);

#[test]
fn a_scan_is_wanted_when_a_directory_changed_and_each_five_seconds() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    later(&mut rig);
    assert!(rig.tail.is_scan_wanted(rig.now), "there was none yet");
    rig.round();
    rig.pass(TICK);
    assert!(!rig.tail.is_scan_wanted(rig.now));
    rig.append("b.log", "two\n");
    assert!(rig.tail.is_scan_wanted(rig.now));
    rig.round();
    for second in 1..5 {
        assert!(!rig.tail.is_scan_wanted(rig.now.plus(TICK * second)), "{second}");
    }
    assert!(rig.tail.is_scan_wanted(rig.now.plus(TICK * 5)));
    rig.check(&["one", "two"]);
}

#[test]
fn a_directory_that_changed_just_before_it_was_listed_is_listed_again() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.now = UnixMicros(jiff::Timestamp::now().as_microsecond());
    rig.round();
    assert!(rig.tail.is_scan_wanted(rig.now.plus(TICK)), "its change time may hold another change");
}

#[test]
fn a_file_that_is_not_where_it_was_is_noticed_by_the_next_poll() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.round();
    rig.rename("a.log", "a.gone");
    rig.pass(rig.spec.poll_interval);
    while rig.tail.read(rig.now).is_some() {}
    assert!(rig.tail.has_moved_files());
    rig.round();
    assert!(!rig.tail.has_moved_files());
}

#[test]
fn files_at_rest_beyond_the_handles_are_not_opened_after_a_restart() {
    let mut rig = Rig::with("*.log", TailSpec { max_open_files: 2, ..spec() }, StartAt::Beginning);
    for number in 0..10 {
        rig.append(&format!("{number}.log"), &format!("line of {number}\n"));
    }
    later(&mut rig);
    rig.round();
    assert!(rig.ledger.values().all(|cursor| cursor.look.is_some()), "{:?}", rig.ledger);
    rig.crash();
    let opened = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&opened);
    rig.tail.set_hook(move |point, _| {
        counter.fetch_add(usize::from(point == Point::Opened), Ordering::Relaxed);
    });
    rig.pass(TICK);
    rig.scan();
    while rig.tail.read(rig.now).is_some() {}
    assert_eq!(opened.load(Ordering::Relaxed), 2);
    assert!(rig.tail.status().iter().all(|file| file.caught_up_at == Some(rig.now)));
    // What came while nobody looked is seen.
    rig.crash();
    rig.append("7.log", "more\n");
    rig.round();
    assert_eq!(rig.committed.len(), 11);
}

#[test]
fn half_a_line_at_the_end_is_read_again_after_a_restart() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\nhalf");
    later(&mut rig);
    rig.round();
    assert!(rig.ledger.values().all(|cursor| cursor.look.is_none()));
}

#[test]
fn a_backlog_does_not_keep_a_quiet_file_from_being_polled() {
    let mut rig = Rig::new("*.log");
    rig.append("quiet.log", "one\n");
    rig.append("busy.log", "b\n");
    rig.round();
    rig.append("busy.log", &"busy busy busy busy busy\n".repeat(1_000_000));
    rig.tail.look();
    let mut chunks_until_seen = None;
    let mut chunks = 0;
    loop {
        rig.now = rig.now.plus(Duration::from_millis(5));
        let Some(chunk) = rig.tail.read(rig.now) else { break };
        chunks += 1;
        if chunk.path.ends_with("quiet.log") {
            chunks_until_seen.get_or_insert(chunks);
        }
        if chunks == 2 {
            rig.append("quiet.log", "two\n");
        }
    }
    // At this speed a poll is due each 50 chunks, of some hundred.
    let seen = chunks_until_seen.unwrap();
    assert!(seen < chunks && seen <= 50 + 8, "{seen} of {chunks}");
}
