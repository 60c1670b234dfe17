//! What operators do, what damage does, and what is removed.

use std::time::Duration;

use proptest::prelude::*;

use super::errand::{dropped, retried};
use super::*;
use crate::ledger::tests::{event, put};
use crate::ledger::{FILE_NAME, Ledger};

const AT: UnixMicros = UnixMicros(7_000_000);

/// A ledger whose events are in these states.
fn ledger_of(states: &[EventState]) -> (tempfile::TempDir, Ledger, OutboxStore) {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), AT).unwrap();
    for (number, state) in (1..).zip(states) {
        put(&mut ledger, &event(number, *state));
    }
    let outbox = OutboxStore::open(ledger.path()).unwrap();
    (directory, ledger, outbox)
}

fn execute(ledger: &Ledger, text: &str) {
    Connection::open(ledger.path()).unwrap().execute_batch(text).unwrap();
}

fn states(outbox: &OutboxStore) -> Vec<EventState> {
    let mut row = 0;
    std::iter::from_fn(|| {
        row += 1;
        outbox.row(row).unwrap().map(|row| row.state)
    })
    .collect()
}

fn note(row: i64, state: EventState, status: Option<u16>) -> Note {
    Note { row, state, status, cause: None, answer: None, doubt: Doubt::None }
}

fn write(outbox: &mut OutboxStore, begun: &[i64], notes: &[Note]) {
    outbox.write(&OutboxBatch { at: AT, notes, begun, requests: 0 }).unwrap();
}

fn total(outbox: &OutboxStore, state: EventState) -> u64 {
    outbox.totals().unwrap().into_iter().find(|(known, _)| *known == state).unwrap().1.events
}

const PARKED: Filter<'static> = Filter { state: EventState::Parked, metric: None };

#[test]
fn what_may_have_landed_is_asked_for_before_it_is_sent_again() {
    use EventState::{Dropped, Held, Parked, Ready, Sending, Sent, Unknown};
    let (_directory, _ledger, outbox) = ledger_of(&[Parked]);
    let parked = outbox.row(1).unwrap().unwrap();
    let of = |attempts, unanswered, status| OutboxRow { attempts, unanswered, status, ..parked.clone() };
    let sent_nothing = Assertion::OtherLedgerSentNothing;
    let adopted = |row| OutboxRow { adopted: Some(Cause::Moved), ..row };
    let in_state = |state| OutboxRow { state, ..parked.clone() };
    for (row, assertion, expected) in [
        (of(0, Some(0), None), Assertion::Nothing, Ok(Ready)),
        (of(1, Some(0), Some(400)), Assertion::Nothing, Ok(Ready)),
        (of(3, Some(0), Some(400)), Assertion::Nothing, Ok(Ready)),
        (of(1, Some(1), None), Assertion::Nothing, Ok(Unknown)),
        (of(2, Some(1), Some(400)), Assertion::Nothing, Ok(Unknown)),
        // Of an older version.
        (of(0, None, None), Assertion::Nothing, Ok(Ready)),
        (of(1, None, Some(400)), Assertion::Nothing, Ok(Ready)),
        (of(1, None, None), Assertion::Nothing, Ok(Unknown)),
        (of(2, None, Some(400)), Assertion::Nothing, Ok(Unknown)),
        (adopted(of(0, Some(0), None)), Assertion::Nothing, Err(Refused::Adopted(Cause::Moved))),
        (adopted(of(0, Some(0), None)), sent_nothing, Ok(Ready)),
        (adopted(of(1, Some(1), None)), sent_nothing, Ok(Unknown)),
        (OutboxRow { damage: Some("its body"), ..parked.clone() }, sent_nothing, Err(Refused::Damaged)),
        (
            OutboxRow { cause: Some("damaged: its id".to_owned()), ..parked.clone() },
            sent_nothing,
            Err(Refused::Damaged),
        ),
        (OutboxRow { identify_id: String::new(), ..parked.clone() }, sent_nothing, Err(Refused::NoUser)),
        (in_state(Held), sent_nothing, Err(Refused::NotParked(Held))),
        (in_state(Sending), sent_nothing, Err(Refused::NotParked(Sending))),
        (in_state(Unknown), sent_nothing, Err(Refused::NotParked(Unknown))),
        (in_state(Sent), sent_nothing, Err(Refused::NotParked(Sent))),
        (in_state(Dropped), sent_nothing, Err(Refused::NotParked(Dropped))),
    ] {
        assert_eq!(retried(&row, assertion), expected, "{row:?}");
    }
    for (state, expected) in [
        (Held, Ok(Dropped)),
        (Ready, Ok(Dropped)),
        (Sending, Err(Refused::UnderWay)),
        (Unknown, Ok(Dropped)),
        (Sent, Err(Refused::Sent)),
        (Parked, Ok(Dropped)),
        (Dropped, Err(Refused::Dropped)),
    ] {
        assert_eq!(dropped(&in_state(state)), expected);
    }
}

#[test]
fn attempts_without_an_answer_are_counted_also_across_a_crash_and_an_adoption() {
    let (directory, ledger, mut outbox) = ledger_of(&[EventState::Ready; 5]);
    let unanswered = |outbox: &OutboxStore| -> Vec<u32> {
        (1..=5).map(|row| outbox.row(row).unwrap().unwrap().unanswered.unwrap()).collect()
    };
    write(&mut outbox, &[1, 2, 3, 4], &[]);
    let notes = [
        note(1, EventState::Unknown, None),
        note(2, EventState::Parked, Some(400)),
        note(3, EventState::Ready, Some(429)),
    ];
    write(&mut outbox, &[], &notes);
    // The same again, after an error that came when it was written.
    write(&mut outbox, &[], &notes);
    assert_eq!(unanswered(&outbox), [1, 0, 0, 0, 0]);
    write(&mut outbox, &[], &[note(1, EventState::Ready, None)]);
    write(&mut outbox, &[1], &[]);
    drop((outbox, ledger));
    let ledger = Ledger::open(directory.path(), AT).unwrap();
    let mut outbox = OutboxStore::open(ledger.path()).unwrap();
    assert_eq!(unanswered(&outbox), [2, 0, 0, 1, 0], "the crash");
    write(&mut outbox, &[5], &[]);
    park_waiting(&Connection::open(ledger.path()).unwrap(), Cause::Moved, "moved").unwrap();
    assert_eq!(unanswered(&outbox), [2, 0, 0, 1, 1], "the adoption");
    let adopted: Vec<bool> = (1..=5).map(|row| outbox.row(row).unwrap().unwrap().adopted.is_some()).collect();
    assert_eq!(adopted, [true, false, true, true, true], "the second was parked before");
}

#[test]
fn parked_events_are_tried_again_by_name_or_all_of_a_metric() {
    let (_directory, mut ledger, mut outbox) = ledger_of(&[EventState::Parked, EventState::Parked, EventState::Sent]);
    put(&mut ledger, &NewEvent { metric: "other", ..event(4, EventState::Parked) });
    put(&mut ledger, &NewEvent { adopted: Some(Cause::Mended), ..event(5, EventState::Parked) });
    let id = |number| event(number, EventState::Parked).id.to_string();
    let named = [(1, id(1)), (2, id(1)), (3, id(3)), (99, id(99))];
    let done = outbox.retry(Targets::Events(&named), Assertion::Nothing, "anna", AT).unwrap();
    assert_eq!((done.ready, done.refused_events), (StateTotal { events: 1, lines: 3 }, 3));
    let why: Vec<Refused> = done.refused.iter().map(|refusal| refusal.why).collect();
    assert_eq!(why, [Refused::Gone, Refused::NotParked(EventState::Sent), Refused::Gone]);
    let cause = outbox.row(1).unwrap().unwrap().cause.unwrap();
    assert!(cause.contains("anna") && cause.contains("it was parked"), "{cause}");
    let done =
        outbox.retry(Targets::All(Filter { metric: Some("other"), ..PARKED }), Assertion::Nothing, "anna", AT).unwrap();
    assert_eq!((done.ready.events, done.refused_events), (1, 0));
    assert_eq!(outbox.adopted(None).unwrap(), StateTotal { events: 1, lines: 3 });
    let done = outbox.retry(Targets::All(PARKED), Assertion::Nothing, "anna", AT).unwrap();
    assert_eq!((done.ready.events, done.refused_events), (1, 1));
    assert_eq!(total(&outbox, EventState::Parked), 1);
    let done = outbox.retry(Targets::All(PARKED), Assertion::OtherLedgerSentNothing, "anna", AT).unwrap();
    assert_eq!((done.ready.events, done.refused_events), (1, 0));
    write(&mut outbox, &[5], &[note(9, EventState::Sent, None)]);
    write(&mut outbox, &[], &[note(5, EventState::Parked, Some(400))]);
    let done = outbox.retry(Targets::All(PARKED), Assertion::Nothing, "anna", AT).unwrap();
    assert_eq!(done.ready.events, 1, "it was vouched for once");
}

#[test]
fn more_events_than_one_transaction_takes_are_all_changed() {
    let (_directory, mut ledger, mut outbox) = ledger_of(&[]);
    let mut commit = ledger.begin().unwrap();
    for number in 1..=1_203 {
        commit.put_event(&event(number, EventState::Parked)).unwrap();
    }
    commit.finish().unwrap();
    let done = outbox.discard(Targets::All(PARKED), "anna", AT).unwrap();
    assert_eq!(done.dropped, StateTotal { events: 1_203, lines: 3_609 });
    assert_eq!(total(&outbox, EventState::Dropped), 1_203);
}

#[test]
fn what_was_dropped_stays_dropped_and_is_never_begun() {
    let (directory, ledger, mut outbox) =
        ledger_of(&[EventState::Ready, EventState::Unknown, EventState::Held, EventState::Ready]);
    let named: Vec<_> =
        (1_u32..=3).map(|number| (number.into(), event(number.into(), EventState::Held).id.to_string())).collect();
    let by = "anna (test traffic)";
    assert_eq!(outbox.discard(Targets::Events(&named), by, AT).unwrap().dropped.events, 3);
    let batch = OutboxBatch { at: AT, notes: &[], begun: &[1, 4], requests: 0 };
    assert_eq!(outbox.write(&batch).unwrap(), [1], "it must not be sent");
    write(&mut outbox, &[], &[note(4, EventState::Ready, None)]);
    let found = [note(1, EventState::Sent, None), note(2, EventState::Ready, None), note(3, EventState::Sent, None)];
    write(&mut outbox, &[], &found);
    outbox.release().unwrap();
    let expected = [EventState::Dropped, EventState::Dropped, EventState::Dropped, EventState::Ready];
    assert_eq!(states(&outbox), expected);
    drop((outbox, ledger));
    let ledger = Ledger::open(directory.path(), AT).unwrap();
    let outbox = OutboxStore::open(ledger.path()).unwrap();
    assert_eq!(states(&outbox), expected, "after a restart");
    let row = outbox.row(1).unwrap().unwrap();
    assert_eq!(row.settled, Some(AT));
    assert!(row.cause.unwrap().contains(by));
    assert_eq!(ledger.waiting_events().unwrap(), 1, "it takes no place among those that wait");
}

#[test]
fn a_damaged_row_says_so_and_can_be_listed_parked_and_dropped() {
    for (change, damage) in [
        ("body = x'7b20'", "what is sent, to whom, or where to, is not as it was written"),
        ("body = x'7b20', sum = NULL", ""),
        ("identify_id = 'u2'", "what is sent, to whom, or where to, is not as it was written"),
        ("date_ms = date_ms + 1", "what is sent, to whom, or where to, is not as it was written"),
        ("event_id = CAST(x'ff' AS TEXT)", "its id"),
        ("metric = CAST(x'ff' AS TEXT)", "its metric"),
        ("revision = -5", "its revision"),
        ("attempts = 99999999999", "its number of attempts"),
        ("status = 99999999", "its status"),
        ("status = 201", "its state: PX has it"),
    ] {
        let (_directory, ledger, mut outbox) = ledger_of(&[EventState::Ready, EventState::Ready]);
        execute(&ledger, &format!("UPDATE outbox SET {change} WHERE id = 1"));
        let rows = outbox.in_state(EventState::Ready, None, 9).unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.damage.unwrap_or_default()).collect();
        assert_eq!(found, [damage, ""], "{change}");
        assert_eq!(outbox.park_damaged(&[(1, "its body is no JSON".to_owned())], AT).unwrap(), 1);
        let parked = outbox.page(PARKED, 0, 9).unwrap();
        assert_eq!(parked[0].cause.as_deref(), Some("damaged: its body is no JSON"));
        let named = [(1, parked[0].event_id.clone())];
        let done = outbox.retry(Targets::Events(&named), Assertion::Nothing, "anna", AT).unwrap();
        assert_eq!(done.refused.first().map(|refusal| refusal.why), Some(Refused::Damaged), "{change}");
        assert_eq!(outbox.discard(Targets::Events(&named), "anna", AT).unwrap().dropped.events, 1, "{change}");
    }
}

#[test]
fn what_goes_to_another_address_is_known() {
    let (_directory, mut ledger, outbox) = ledger_of(&[EventState::Ready, EventState::Sent]);
    for (number, state) in [(3, EventState::Ready), (4, EventState::Sent), (5, EventState::Held)] {
        put(&mut ledger, &NewEvent { base_url: "b", ..event(number, state) });
    }
    assert_eq!(outbox.elsewhere("b", None).unwrap().events, 1);
    assert_eq!(outbox.elsewhere("http://127.0.0.1:1/v1", None).unwrap(), StateTotal { events: 2, lines: 6 });
    assert_eq!(outbox.elsewhere("b", Some("other")).unwrap().events, 0);
}

#[test]
fn a_row_in_no_state_is_parked_at_the_next_start() {
    let (directory, ledger, outbox) = ledger_of(&[EventState::Ready, EventState::Sent, EventState::Ready]);
    execute(&ledger, "UPDATE outbox SET state = 77 WHERE id = 1; UPDATE outbox SET state = -1 WHERE id = 2");
    drop((ledger, outbox));
    let ledger = Ledger::open(directory.path(), AT).unwrap();
    let outbox = OutboxStore::open(ledger.path()).unwrap();
    assert_eq!(states(&outbox), [EventState::Parked, EventState::Parked, EventState::Ready]);
    assert_eq!(outbox.row(1).unwrap().unwrap().cause.as_deref(), Some("damaged: its state was 77"));
}

#[test]
fn what_is_settled_is_removed_after_its_time_few_at_once_and_stays_in_the_totals() {
    let (_directory, mut ledger, mut outbox) = ledger_of(&[EventState::Ready; 7]);
    let sent: Vec<Note> = (1..=4).map(|row| note(row, EventState::Sent, Some(201))).collect();
    write(&mut outbox, &[], &sent);
    let id = |number| event(number, EventState::Ready).id.to_string();
    let late = AT.plus(Duration::from_micros(1));
    outbox.discard(Targets::Events(&[(5, id(5))]), "anna", AT).unwrap();
    outbox.discard(Targets::Events(&[(6, id(6))]), "anna", late).unwrap();
    let mut remove = |before| {
        let mut commit = ledger.begin().unwrap();
        let removed = commit.remove_settled(before, 3).unwrap();
        commit.finish().unwrap();
        removed
    };
    assert_eq!(remove(AT), 0, "not older than the limit");
    assert_eq!([remove(late), remove(late), remove(late)], [3, 2, 0]);
    let (four, one) = (StateTotal { events: 4, lines: 12 }, StateTotal { events: 1, lines: 3 });
    assert_eq!(outbox.removed().unwrap(), [(EventState::Sent, four), (EventState::Dropped, one)]);
    assert_eq!((total(&outbox, EventState::Dropped), total(&outbox, EventState::Ready)), (1, 1));
}

#[test]
fn a_ledger_of_version_3_tells_what_was_parked_at_an_adoption() {
    let causes = [Cause::Moved.why_parked(), Cause::Mended.why_parked(), "refused"];
    let (directory, mut ledger, outbox) = ledger_of(&[]);
    for (number, cause) in (1..).zip(causes) {
        put(&mut ledger, &NewEvent { cause: Some(cause), ..event(number, EventState::Parked) });
    }
    execute(
        &ledger,
        "DROP INDEX outbox_by_settled; ALTER TABLE outbox DROP COLUMN unanswered; ALTER TABLE outbox DROP COLUMN adopted;
         DROP INDEX outbox_by_doubt; ALTER TABLE outbox DROP COLUMN doubt;
         PRAGMA user_version = 3",
    );
    drop((ledger, outbox));
    let path = directory.path().join(FILE_NAME);
    assert!(matches!(OutboxStore::open_current(&path), Err(LedgerError::Older { found: 3, .. })));
    let ledger = Ledger::open(directory.path(), AT).unwrap();
    assert_eq!(ledger.mended(), None);
    let outbox = OutboxStore::open_current(&path).unwrap();
    let rows = outbox.page(PARKED, 0, 9).unwrap();
    let known: Vec<_> = rows.iter().map(|row| (row.adopted, row.unanswered)).collect();
    assert_eq!(known, [(Some(Cause::Moved), None), (Some(Cause::Mended), None), (None, None)]);
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Begin(i64),
    Note(i64, EventState),
    Retry(i64),
    Drop(i64),
    Restart,
    Remove,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let row = 1_i64..5;
    let outcome = prop_oneof![
        Just(EventState::Sent),
        Just(EventState::Parked),
        Just(EventState::Ready),
        Just(EventState::Unknown)
    ];
    let action = prop_oneof![
        4 => row.clone().prop_map(Action::Begin),
        4 => (row.clone(), outcome).prop_map(|(row, state)| Action::Note(row, state)),
        2 => row.clone().prop_map(Action::Retry),
        1 => row.prop_map(Action::Drop),
        1 => Just(Action::Restart),
        1 => Just(Action::Remove),
    ];
    prop::collection::vec(action, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Whatever push, operators and crashes do in turn: an event with an attempt whose end nobody knows is never ready
    /// before a look said so, and no line leaves the books.
    #[test]
    fn nothing_of_unknown_outcome_is_ready_and_no_line_is_lost(history in actions()) {
        let (directory, mut ledger, mut outbox) = ledger_of(&[EventState::Ready; 4]);
        // Rows of which an attempt had no answer, and no look said since that it never arrived.
        let mut open = std::collections::BTreeSet::new();
        for action in history {
            let before = |outbox: &OutboxStore, row| outbox.row(row).unwrap().map(|row| row.state);
            match action {
                Action::Begin(row) => {
                    let is_ready = before(&outbox, row) == Some(EventState::Ready);
                    let batch = OutboxBatch { at: AT, notes: &[], begun: &[row], requests: 1 };
                    prop_assert_eq!(outbox.write(&batch).unwrap().is_empty(), is_ready);
                    prop_assert!(!is_ready || !open.contains(&row), "{} was begun with an open attempt", row);
                }
                Action::Note(row, state) => {
                    match (before(&outbox, row), state) {
                        (Some(EventState::Sending), EventState::Unknown) => { open.insert(row); }
                        // What a look found.
                        (Some(EventState::Unknown), EventState::Ready) => { open.remove(&row); }
                        _ => {}
                    }
                    write(&mut outbox, &[], &[note(row, state, None)]);
                }
                Action::Retry(row) => {
                    let id = event(row as u128, EventState::Ready).id.to_string();
                    outbox.retry(Targets::Events(&[(row, id)]), Assertion::Nothing, "anna", AT).unwrap();
                }
                Action::Drop(row) => {
                    let id = event(row as u128, EventState::Ready).id.to_string();
                    outbox.discard(Targets::Events(&[(row, id)]), "anna", AT).unwrap();
                }
                Action::Restart => {
                    open.extend((1..5).filter(|row| before(&outbox, *row) == Some(EventState::Sending)));
                    drop((outbox, ledger));
                    ledger = Ledger::open(directory.path(), AT).unwrap();
                    outbox = OutboxStore::open(ledger.path()).unwrap();
                }
                Action::Remove => {
                    let mut commit = ledger.begin().unwrap();
                    commit.remove_settled(UnixMicros::MAX, 1).unwrap();
                    commit.finish().unwrap();
                }
            }
            let rows: u64 = outbox.totals().unwrap().iter().map(|(_, total)| total.lines).sum();
            let removed: u64 = outbox.removed().unwrap().iter().map(|(_, total)| total.lines).sum();
            prop_assert_eq!(rows + removed, 12);
        }
    }
}
