//! Each kind of damage, done to a ledger with data in it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::ledger::outbox::{EventState, OutboxStore};
use crate::ledger::tests::{cursor, event, put};
use crate::ledger::{FILE_NAME, Ledger};
use crate::model::file::FileId;

const BEGAN: UnixMicros = UnixMicros::from_seconds(1_800_000_000);

/// A state directory as a kill leaves it: `copied` cursors are in the copy as well, one more and an event are only in the
/// `-wal`.
fn killed(copied: Copied) -> (tempfile::TempDir, crate::model::event::AgentId) {
    let running = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(running.path(), BEGAN).unwrap();
    let agent = ledger.identity().agent;
    put(&mut ledger, &event(1, EventState::Ready));
    save_cursor(&mut ledger, 1);
    if copied == Copied::Yes {
        copies::make(ledger.path()).unwrap();
    }
    save_cursor(&mut ledger, 2);
    put(&mut ledger, &event(2, EventState::Ready));
    let state = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(running.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), state.path().join(entry.file_name())).unwrap();
    }
    (state, agent)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    Yes,
    No,
}

fn save_cursor(ledger: &mut Ledger, id: i64) {
    let mut commit = ledger.begin().unwrap();
    commit.put_cursor(&cursor(id, 10)).unwrap();
    commit.finish().unwrap();
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
}

/// Everything that was in the `-wal`, in the file itself.
fn checkpoint(path: &Path) {
    drop(Connection::open(path).unwrap());
    Connection::open(path).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

type Damage = (&'static str, fn(&Path));

/// What is done to the ledger of a killed agent.
const DAMAGES: [Damage; 16] = [
    ("zeros", |path| {
        checkpoint(path);
        fs::write(path, vec![0; path.metadata().unwrap().len() as usize]).unwrap();
    }),
    ("no database any more", |path| {
        checkpoint(path);
        overwrite(path, 0, b"something else..");
    }),
    ("empty", |path| fs::write(path, b"").unwrap()),
    ("gone", |path| fs::remove_file(path).unwrap()),
    ("all three gone", |path| {
        for suffix in FILES {
            fs::remove_file(with_suffix(path, suffix)).unwrap();
        }
    }),
    ("no database", |path| {
        checkpoint(path);
        fs::write(path, vec![7; 40_000]).unwrap();
    }),
    ("a directory", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }),
    ("a directory for the wal", |path| {
        fs::remove_file(with_suffix(path, "-wal")).unwrap();
        fs::create_dir(with_suffix(path, "-wal")).unwrap();
    }),
    ("cut", |path| {
        checkpoint(path);
        OpenOptions::new().write(true).open(path).unwrap().set_len(20_000).unwrap();
    }),
    ("a torn page", |path| {
        checkpoint(path);
        overwrite(path, 8 * 4096, &[0; 2048]);
    }),
    ("a torn page of the schema", |path| {
        checkpoint(path);
        overwrite(path, 1024, &[0xa5; 3072]);
    }),
    ("a lost wal", |path| fs::remove_file(with_suffix(path, "-wal")).unwrap()),
    ("a wal of zeros", |path| fs::write(with_suffix(path, "-wal"), vec![0; 100_000]).unwrap()),
    ("a torn wal", |path| overwrite(&with_suffix(path, "-wal"), 5_000, &[0xff; 64])),
    ("a wal cut in its middle", |path| {
        let wal = OpenOptions::new().write(true).open(with_suffix(path, "-wal")).unwrap();
        wal.set_len(wal.metadata().unwrap().len() - 5_000).unwrap();
    }),
    ("a version of nobody", |path| {
        checkpoint(path);
        overwrite(path, 60, &[0x7f; 4]);
    }),
];

#[test]
fn whatever_happens_to_the_files_it_starts_as_the_same_agent_and_sends_nothing_old() {
    for copied in [Copied::Yes, Copied::No] {
        for (name, damage) in DAMAGES {
            let (state, agent) = killed(copied);
            let path = state.path().join(FILE_NAME);
            damage(&path);
            let now = BEGAN.plus(Duration::from_secs(60));
            let ledger = Ledger::open(state.path(), now).unwrap();
            assert!(ledger.mended().is_some(), "{name}");
            let identity = ledger.identity();
            assert_eq!(identity.agent, agent, "{name}");
            let adopted = identity.adopted.clone().unwrap();
            assert!(adopted.at >= now && adopted.cause == Cause::Mended && !adopted.story.is_empty(), "{name}");
            let mut outbox = OutboxStore::open(&path).unwrap();
            outbox.release().unwrap();
            assert_eq!(outbox.under_way().unwrap(), 0, "{name}: an event that may have been sent is not sent");
            let known: Vec<FileId> = ledger.cursors().unwrap().0.iter().map(|cursor| cursor.file).collect();
            if copied == Copied::Yes {
                assert!(known.contains(&FileId(1)), "{name}: goes on from the copy, knows {known:?}");
            }
            drop((outbox, ledger));
            let again = Ledger::open(state.path(), now.plus(Duration::from_secs(60))).unwrap();
            assert_eq!((again.mended(), &again.identity().adopted), (None, &Some(adopted)), "{name}: mended once");
        }
    }
}

#[test]
fn a_ledger_that_is_whole_is_taken_as_it_is() {
    let harmless: [Damage; 5] = [
        ("nothing", |_| {}),
        ("no shm", |path| fs::remove_file(with_suffix(path, "-shm")).unwrap()),
        ("a shm of garbage", |path| fs::write(with_suffix(path, "-shm"), vec![7; 32_768]).unwrap()),
        ("closed by another program", checkpoint),
        ("no witness", |path| fs::remove_file(path.with_file_name("ledger.witness")).unwrap()),
    ];
    for (name, done) in harmless {
        let (state, agent) = killed(Copied::Yes);
        done(&state.path().join(FILE_NAME));
        let ledger = Ledger::open(state.path(), BEGAN).unwrap();
        let identity = ledger.identity();
        assert_eq!((ledger.mended(), identity.agent, identity.adopted.as_ref()), (None, agent, None), "{name}");
        assert_eq!(ledger.cursors().unwrap().0.len(), 2, "{name}");
        assert_eq!(OutboxStore::open(ledger.path()).unwrap().under_way().unwrap(), 2, "{name}");
    }
}

#[test]
fn a_ledger_put_back_from_a_backup_does_not_send_what_was_sent_since() {
    let (state, _) = killed(Copied::Yes);
    let path = state.path().join(FILE_NAME);
    for suffix in FILES {
        fs::remove_file(with_suffix(&path, suffix)).unwrap();
    }
    fs::copy(path.with_extension("sqlite3.copy"), &path).unwrap();
    let ledger = Ledger::open(state.path(), BEGAN).unwrap();
    assert!(ledger.mended().unwrap().damage.contains("commits"), "{:?}", ledger.mended());
    assert_eq!(ledger.mended().unwrap().parked, 1);
}

#[test]
fn a_damaged_copy_is_passed_over_for_the_one_before() {
    let running = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(running.path(), BEGAN).unwrap();
    let path = ledger.path().to_owned();
    save_cursor(&mut ledger, 1);
    copies::make(&path).unwrap();
    save_cursor(&mut ledger, 2);
    copies::make(&path).unwrap();
    drop(ledger);
    let known = |state: &Path| -> Vec<FileId> {
        let ledger = Ledger::open(state, BEGAN).unwrap();
        ledger.cursors().unwrap().0.iter().map(|cursor| cursor.file).collect()
    };
    fs::write(&path, b"nonsense").unwrap();
    assert_eq!(known(running.path()), [FileId(1), FileId(2)]);
    fs::write(&path, b"nonsense").unwrap();
    fs::write(path.with_extension("sqlite3.copy"), b"nonsense as well").unwrap();
    assert_eq!(known(running.path()), [FileId(1)]);
    fs::write(&path, b"nonsense").unwrap();
    let older = Connection::open(path.with_extension("sqlite3.copy-older")).unwrap();
    older.execute_batch("UPDATE file SET offset = 7").unwrap();
    drop(older);
    assert_eq!(known(running.path()), [], "a row of the copy is not as it was written");
    fs::write(&path, b"nonsense").unwrap();
    fs::remove_file(path.with_extension("sqlite3.copy-older")).unwrap();
    assert_eq!(known(running.path()), []);
}

#[test]
fn the_damaged_files_are_kept_and_after_some_in_a_day_it_stops() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join(FILE_NAME);
    drop(Ledger::open(state.path(), BEGAN).unwrap());
    for number in 0..MOST_A_DAY {
        fs::write(&path, format!("nonsense {number}")).unwrap();
        fs::write(with_suffix(&path, "-wal"), "more of it").unwrap();
        drop(Ledger::open(state.path(), BEGAN).unwrap());
    }
    let first = with_suffix(&path, ".damaged-20270115T080000Z");
    assert_eq!(fs::read_to_string(&first).unwrap(), "nonsense 0");
    assert_eq!(fs::read_to_string(with_suffix(&first, "-wal")).unwrap(), "more of it");
    assert_eq!(fs::read_to_string(with_suffix(&first, "-2")).unwrap(), "nonsense 1");
    fs::write(&path, "nonsense").unwrap();
    let err = Ledger::open(state.path(), BEGAN).unwrap_err();
    assert!(matches!(err, LedgerError::DamagedAgain { .. }), "{err}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "nonsense", "left as it was");
}

#[test]
fn a_row_of_a_file_that_changed_by_itself_is_damage() {
    for change in ["UPDATE file SET offset = offset + 1", "UPDATE file SET path = x'2f78'"] {
        let (state, _) = killed(Copied::No);
        let ledger = Ledger::open(state.path(), BEGAN).unwrap();
        Connection::open(ledger.path()).unwrap().execute_batch(change).unwrap();
        assert!(ledger.cursors().is_err_and(|err| err.is_damage()), "{change}");
    }
}

#[test]
fn what_cannot_be_written_to_is_no_damage() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("a file");
    fs::write(&path, "").unwrap();
    let err = Ledger::open(&path.join("state"), BEGAN).unwrap_err();
    assert!(!err.is_damage() && matches!(err, LedgerError::Directory { .. }), "{err}");
}
