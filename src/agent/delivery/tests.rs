//! The ledger's outbox as push meets it, with rows that are damaged.

use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::ledger::Ledger;
use crate::ledger::outbox::NewEvent;
use crate::model::event::Window;
use crate::model::time::UnixMicros;

const NOW: UnixMicros = UnixMicros::from_seconds(1_800_000_000);
const BASE: &str = "http://127.0.0.1:1/v1";

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixMicros {
        NOW
    }
}

/// Eight events in a state, the first three of them changed so.
fn outbox(state: EventState, change: &str) -> (tempfile::TempDir, Ledger, LedgerOutbox) {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    let mut commit = ledger.begin().unwrap();
    for number in 1..=8 {
        let event = NewEvent {
            id: EventId(Uuid::from_u128(number)),
            metric: "m",
            name: "API Usage",
            identify_id: "u1",
            date: NOW,
            window: Window { start: NOW, end: NOW.plus(Duration::from_hours(1)) },
            revision: 1,
            lines: 3,
            base_url: BASE,
            body: b"{\"eventId\":\"x\",\"attributes\":{\"a\\\"b\":1}}",
            digest: "0123456789abcdef0123456789abcdef",
            state,
            cause: None,
            adopted: None,
            sealed: NOW,
        };
        commit.put_event(&event).unwrap();
    }
    commit.finish().unwrap();
    let connection = Connection::open(ledger.path()).unwrap();
    connection.execute_batch(&format!("UPDATE outbox SET {change} WHERE id <= 3")).unwrap();
    let store = OutboxStore::open(ledger.path()).unwrap();
    let outbox = LedgerOutbox { store, clock: Arc::new(Stopped), damage: Arc::default() };
    (directory, ledger, outbox)
}

/// The rows that are given two at a time, and the causes of those that are parked.
fn given(state: EventState, change: &str) -> (Vec<i64>, Vec<String>) {
    let (_directory, _ledger, mut outbox) = outbox(state, change);
    let rows: Vec<i64> = match state {
        EventState::Ready => outbox.ready(BASE, 2).unwrap().iter().map(|event| event.row).collect(),
        _ => outbox.unknown(BASE, 2).unwrap().iter().map(|event| event.row).collect(),
    };
    assert!(outbox.damage.lock().unwrap().is_none(), "the ledger itself is sound");
    let parked = outbox.store.in_state(EventState::Parked, None, 9).unwrap();
    (rows, parked.into_iter().map(|row| row.cause.unwrap()).collect())
}

#[test]
fn damaged_rows_are_parked_and_stand_before_nobody() {
    let changed = "damaged: what is sent, to whom, or where to, is not as it was written";
    for (state, change, cause) in [
        (EventState::Ready, "body = x'7b7d'", changed),
        (EventState::Ready, "digest = 'x'", changed),
        (EventState::Ready, "event_id = 'x', sum = NULL", "damaged: its id is no event id"),
        (EventState::Ready, "digest = 'x', sum = NULL", "damaged: its digest is none"),
        (EventState::Ready, "body = x'7b', sum = NULL", "damaged: its body is no JSON"),
        (EventState::Ready, "body = x'31', sum = NULL", "damaged: its body is no JSON"),
        (EventState::Ready, "body = x'7b22ff223a317d', sum = NULL", "damaged: its body is no JSON"),
        (EventState::Ready, "event_name = CAST(x'ff' AS TEXT)", "damaged: its event name"),
        (EventState::Unknown, "identify_id = 'u2'", changed),
        (EventState::Unknown, "event_id = 'x', sum = NULL", "damaged: its id is no event id"),
    ] {
        let (rows, causes) = given(state, change);
        assert_eq!(rows, [4, 5], "{change}: what stands behind them comes");
        assert_eq!(causes, [cause; 3], "{change}");
    }
    for state in [EventState::Ready, EventState::Unknown] {
        assert_eq!(given(state, "sum = NULL"), (vec![1, 2], vec![]), "of an older version, and whole");
    }
}

#[test]
fn a_damaged_row_whose_index_is_wrong_as_well_is_an_error_and_no_circle() {
    let (_directory, ledger, mut outbox) = outbox(EventState::Ready, "body = x'7b'");
    let connection = || Connection::open(ledger.path()).unwrap();
    connection()
        .execute_batch(
            "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'outbox_by_state';
             PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'outbox_by_state'",
        )
        .unwrap();
    connection().execute_batch("UPDATE outbox SET state = 4").unwrap();
    connection().execute_batch("PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM kept").unwrap();
    outbox.store = OutboxStore::open(ledger.path()).unwrap();
    let err = outbox.ready(BASE, 3).unwrap_err();
    assert!(err.source.to_string().contains("the index"), "{err}");
}
