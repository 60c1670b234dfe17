//! The ledger against a naive model, and its promises one by one.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::outbox::{Doubt, EventState, NewEvent, Note, OutboxBatch, OutboxStore};
use super::{Ledger, LedgerError, StoredRevision, WindowRow};
use crate::model::event::{EventId, Window};
use crate::model::fault::{Located, Location};
use crate::model::file::{Cursor, FileId, Fingerprint, Inode, Marks, Packing, ReadLook, Standing};
use crate::model::spec::{DateOf, Late, Measure, MetricSpec, Template, TemplatePart, WindowLength};
use crate::model::time::UnixMicros;

const NOW: UnixMicros = UnixMicros(1_000_000);

pub(super) fn metric(name: &str) -> MetricSpec {
    let at = Location::new("test.toml", 1);
    let user = Template { parts: vec![TemplatePart::Field { name: "user".into(), default: None }] };
    MetricSpec {
        at: at.clone(),
        name: name.into(),
        sources: vec![Located::new("web".into(), at.clone())],
        event: Located::new("API Usage".into(), at.clone()),
        window: WindowLength::Day,
        time_zone: jiff::tz::TimeZone::get("Europe/Paris").unwrap(),
        date: DateOf::Noon,
        grace: Duration::from_secs(600),
        seal_wait: Duration::from_secs(21_600),
        late: Late::Delta,
        late_every: Duration::from_secs(3_600),
        max_ahead: Duration::from_secs(3_600),
        user: Some(Located::new(user, at.clone())),
        account: None,
        service_user: None,
        conditions: vec![],
        properties: BTreeMap::new(),
        measures: BTreeMap::from([("count".to_owned(), Located::new(Measure::Count, at))]),
        max_groups: 1_000_000,
    }
}

fn day(number: i64) -> Window {
    Window { start: UnixMicros::from_seconds(number * 86_400), end: UnixMicros::from_seconds((number + 1) * 86_400) }
}

pub(super) fn event(number: u128, state: EventState) -> NewEvent<'static> {
    NewEvent {
        id: EventId(Uuid::from_u128(number)),
        metric: "m",
        name: "API Usage",
        identify_id: "u1",
        date: NOW,
        window: day(0),
        revision: 1,
        lines: 3,
        base_url: "http://127.0.0.1:1/v1",
        body: b"{}",
        digest: "d",
        state,
        cause: None,
        adopted: None,
        sealed: NOW,
    }
}

pub(super) fn put(ledger: &mut Ledger, event: &NewEvent<'_>) {
    let mut commit = ledger.begin().unwrap();
    commit.put_event(event).unwrap();
    commit.finish().unwrap();
}

pub(super) fn cursor(id: i64, offset: u64) -> Cursor {
    Cursor {
        file: FileId(id),
        source: "web".into(),
        path: "/var/log/a b\n.log".into(),
        real_path: (id == 9).then(|| "/mnt/ü\u{7}".into()),
        inode: Inode { device: u64::MAX, inode: u64::MAX - 1 },
        packing: if id == 9 { Packing::Zstd } else { Packing::Gzip },
        standing: if id == 9 { Standing::Foreign } else { Standing::Copy { of: FileId(2) } },
        head: Fingerprint { len: 7, hash: u128::MAX - 5 },
        before: Fingerprint { len: 9, hash: 3 },
        marks: Marks(vec![0, u32::MAX, 0x0102_0304]),
        offset,
        seen: NOW,
        look: (id == 4).then_some(ReadLook { size: u64::MAX, changed_nanos: i64::MIN }),
        finished: false,
    }
}

#[test]
fn cursors_survive_a_restart_and_numbers_are_never_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    assert_eq!(ledger.cursors().unwrap(), (vec![], FileId(1)));
    let mut commit = ledger.begin().unwrap();
    commit.put_cursor(&cursor(4, 10)).unwrap();
    commit.put_cursor(&cursor(9, 10)).unwrap();
    commit.put_cursor(&cursor(4, 20)).unwrap();
    commit.forget_file(FileId(9)).unwrap();
    commit.finish().unwrap();
    drop(ledger);
    let ledger = Ledger::open(directory.path(), NOW).unwrap();
    assert_eq!(ledger.cursors().unwrap(), (vec![cursor(4, 20)], FileId(10)));
}

#[test]
fn a_second_agent_is_kept_off_until_the_first_ends() {
    let directory = tempfile::tempdir().unwrap();
    let first = Ledger::open(directory.path(), NOW).unwrap();
    assert!(matches!(Ledger::open(directory.path(), NOW), Err(LedgerError::Locked { .. })));
    drop(first);
    Ledger::open(directory.path(), NOW).unwrap();
}

#[test]
fn the_directory_and_the_files_are_private() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("made/by/us");
    let mut ledger = Ledger::open(&state, NOW).unwrap();
    put(&mut ledger, &event(1, EventState::Ready));
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for entry in std::fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_newer_ledger_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(Ledger::open(directory.path(), NOW).unwrap());
    let connection = rusqlite::Connection::open(directory.path().join(super::FILE_NAME)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let err = Ledger::open(directory.path(), NOW).unwrap_err();
    assert!(err.to_string().contains("version 99"), "{err}");
}

#[test]
fn a_file_that_is_no_ledger_is_kept_beside_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(super::FILE_NAME), vec![7_u8; 8192]).unwrap();
    let ledger = Ledger::open(directory.path(), NOW).unwrap();
    let mended = ledger.mended().unwrap();
    assert!(
        mended.story.contains("a new ledger, since there is no good copy; the damaged one is kept as"),
        "{mended:?}"
    );
}

#[test]
fn an_attempt_under_way_at_a_crash_is_unknown_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    put(&mut ledger, &event(1, EventState::Ready));
    put(&mut ledger, &event(2, EventState::Ready));
    let mut outbox = OutboxStore::open(ledger.path()).unwrap();
    let first = outbox.in_state(EventState::Ready, None, 1).unwrap()[0].row;
    outbox.write(&OutboxBatch { at: UnixMicros(5), notes: &[], begun: &[first], requests: 1 }).unwrap();
    drop((outbox, ledger));
    let ledger = Ledger::open(directory.path(), NOW).unwrap();
    let outbox = OutboxStore::open(ledger.path()).unwrap();
    let unknown = outbox.in_state(EventState::Unknown, None, 9).unwrap();
    assert_eq!(unknown.len(), 1);
    assert_eq!((unknown[0].row, unknown[0].attempts, unknown[0].attempted), (first, 1, Some(UnixMicros(5))));
    assert_eq!(outbox.in_state(EventState::Ready, None, 9).unwrap().len(), 1);
}

#[test]
fn what_a_person_decided_stays_whatever_push_notes() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    for (number, state) in
        [(1, EventState::Parked), (2, EventState::Sent), (3, EventState::Held), (4, EventState::Ready)]
    {
        put(&mut ledger, &event(number, state));
    }
    let mut outbox = OutboxStore::open(ledger.path()).unwrap();
    let write = |outbox: &mut OutboxStore, notes: &[Note], begun: &[i64]| {
        outbox.write(&OutboxBatch { at: NOW, notes, begun, requests: 0 }).unwrap()
    };
    assert_eq!(write(&mut outbox, &[], &[1, 2, 3, 4, 99]), [1, 2, 3, 99], "only what is ready is begun");
    let note = |row| {
        let doubt = Doubt::NotAsked;
        Note { row, state: EventState::Ready, status: None, cause: None, answer: None, doubt }
    };
    write(&mut outbox, &[note(1), note(2), note(3), note(4)], &[]);
    let states = [EventState::Parked, EventState::Sent, EventState::Held, EventState::Ready];
    for (row, state) in (1..).zip(states) {
        let rows = outbox.in_state(state, None, 9).unwrap();
        assert_eq!(rows.iter().map(|found| found.row).collect::<Vec<_>>(), [row]);
    }
}

#[test]
fn events_of_an_older_ledger_are_not_doubted() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    put(&mut ledger, &event(1, EventState::Ready));
    let path = ledger.path().to_owned();
    drop(ledger);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let older = "DROP INDEX outbox_by_settled; ALTER TABLE outbox DROP COLUMN unanswered; ALTER TABLE outbox DROP COLUMN adopted;
         DROP INDEX outbox_by_doubt; ALTER TABLE outbox DROP COLUMN doubt; PRAGMA user_version = 3";
    connection.execute_batch(older).unwrap();
    drop(connection);
    let ledger = Ledger::open(directory.path(), NOW).unwrap();
    assert!(ledger.mended().is_none());
    let outbox = OutboxStore::open(ledger.path()).unwrap();
    assert_eq!(outbox.in_state(EventState::Ready, None, 9).unwrap()[0].doubt, Doubt::None);
    assert_eq!(outbox.doubtful(Doubt::None, 9).unwrap().1, 0);
}

#[test]
fn a_doubt_about_an_event_stays_and_is_counted_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    put(&mut ledger, &event(1, EventState::Ready));
    put(&mut ledger, &event(2, EventState::Ready));
    let mut outbox = OutboxStore::open(ledger.path()).unwrap();
    for (row, state, doubt) in [
        (1, EventState::Ready, Doubt::NotShown),
        (1, EventState::Ready, Doubt::NotAsked),
        (1, EventState::Ready, Doubt::NotAsked),
        (2, EventState::Ready, Doubt::NotShown),
        (1, EventState::Sent, Doubt::None),
    ] {
        let note = Note { row, state, status: None, cause: None, answer: None, doubt };
        outbox.write(&OutboxBatch { at: NOW, notes: &[note], begun: &[], requests: 0 }).unwrap();
    }
    let (rows, count) = outbox.doubtful(Doubt::NotAsked, 9).unwrap();
    assert_eq!(
        (rows.iter().map(|row| (row.row, row.doubt)).collect::<Vec<_>>(), count),
        (vec![(1, Doubt::NotAsked)], 1)
    );
    assert_eq!(outbox.doubtful(Doubt::NotShown, 9).unwrap().1, 2);
    assert_eq!(outbox.doubtful(Doubt::None, 1).unwrap().0.len(), 1);
    assert_eq!(ledger.counters().unwrap()[super::outbox::POSSIBLY_REPEATED], 1);
}

#[test]
fn what_is_parked_for_a_cause_is_unknown_again_oldest_first() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    for (number, cause, base_url) in [
        (1, "refused", "b"),
        (2, "not_readable", "b"),
        (3, "not_readable", "c"),
        (4, "not_readable", "b"),
        (5, "not_readable", "b"),
    ] {
        put(&mut ledger, &NewEvent { cause: Some(cause), base_url, ..event(number, EventState::Parked) });
    }
    let mut outbox = OutboxStore::open(ledger.path()).unwrap();
    assert_eq!(outbox.look_again("not_readable", "b", 2).unwrap(), 2);
    let unknown: Vec<i64> = outbox.in_state(EventState::Unknown, None, 9).unwrap().iter().map(|row| row.row).collect();
    assert_eq!(unknown, [2, 4]);
    assert_eq!(outbox.look_again("not_readable", "b", 2).unwrap(), 1);
    assert_eq!(outbox.look_again("not_readable", "b", 2).unwrap(), 0);
}

#[test]
fn a_revision_is_sealed_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    let mut commit = ledger.begin().unwrap();
    let revision = |last| StoredRevision { metric: "m".into(), window: day(0), last, sealed: NOW };
    commit.put_revision(&revision(1)).unwrap();
    commit.put_revision(&revision(2)).unwrap();
    assert!(commit.put_revision(&revision(2)).is_err());
    assert!(commit.put_revision(&revision(1)).is_err());
}

#[test]
fn held_events_wait_for_a_release() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    put(&mut ledger, &event(1, EventState::Held));
    let mut outbox = OutboxStore::open(ledger.path()).unwrap();
    assert!(outbox.in_state(EventState::Ready, None, 9).unwrap().is_empty());
    assert_eq!(outbox.release().unwrap(), 1);
    assert_eq!(outbox.in_state(EventState::Ready, None, 9).unwrap().len(), 1);
    assert_eq!(ledger.waiting_events().unwrap(), 1);
}

#[test]
fn forgotten_events_stay_in_the_books() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    put(&mut ledger, &event(1, EventState::Ready));
    put(&mut ledger, &event(2, EventState::Ready));
    let mut outbox = OutboxStore::open(ledger.path()).unwrap();
    let row = outbox.in_state(EventState::Ready, None, 1).unwrap()[0].row;
    let note = Note { row, state: EventState::Sent, status: Some(201), cause: None, answer: None, doubt: Doubt::None };
    outbox.write(&OutboxBatch { at: UnixMicros(10), notes: &[note], begun: &[], requests: 0 }).unwrap();
    let mut commit = ledger.begin().unwrap();
    assert_eq!(commit.remove_settled(UnixMicros(10), 9).unwrap(), 0, "not older than the limit");
    assert_eq!(commit.remove_settled(UnixMicros(11), 9).unwrap(), 1);
    commit.finish().unwrap();
    assert_eq!(ledger.counters().unwrap()["outbox_forgotten_lines"], 3);
    assert_eq!(ledger.waiting_events().unwrap(), 1);
}

#[test]
fn revisions_are_forgotten_by_age_but_not_by_a_clock_that_jumped() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    let left_after = |ledger: &mut Ledger, sealed: &[i64]| {
        let mut commit = ledger.begin().unwrap();
        for number in sealed {
            let revision = StoredRevision { metric: "m".into(), window: day(*number), last: 1, sealed: NOW };
            commit.put_revision(&revision).unwrap();
        }
        commit.forget_revisions(UnixMicros::MAX, Duration::from_secs(400 * 86_400)).unwrap();
        commit.finish().unwrap();
        ledger.revisions().unwrap().len()
    };
    assert_eq!(left_after(&mut ledger, &[1, 2, 400]), 3);
    assert_eq!(left_after(&mut ledger, &[402]), 3, "only the first is 400 days before the newest");
}

#[test]
fn requests_are_counted_by_day_across_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(directory.path(), NOW).unwrap();
    let day = |day: i64| UnixMicros::from_seconds(day * 86_400 + 5);
    let add = |outbox: &mut OutboxStore, requests, at| {
        outbox.write(&OutboxBatch { at, notes: &[], begun: &[], requests }).unwrap();
    };
    add(&mut OutboxStore::open(ledger.path()).unwrap(), 5, day(20_000));
    let mut outbox = OutboxStore::open(ledger.path()).unwrap();
    add(&mut outbox, 2, day(20_000));
    assert_eq!((outbox.requests_on(20_000).unwrap(), outbox.requests_on(20_001).unwrap()), (7, 0));
}

#[test]
fn another_destinations_events_are_not_given() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    put(&mut ledger, &event(1, EventState::Ready));
    put(&mut ledger, &NewEvent { base_url: "http://127.0.0.1:2/v1", ..event(2, EventState::Ready) });
    let outbox = OutboxStore::open(ledger.path()).unwrap();
    let rows = outbox.in_state(EventState::Ready, Some("http://127.0.0.1:2/v1"), 9).unwrap();
    assert_eq!(rows.iter().map(|row| row.row).collect::<Vec<_>>(), [2]);
    assert_eq!(outbox.in_state(EventState::Ready, None, 9).unwrap().len(), 2);
}

#[test]
fn a_full_disk_fails_the_commit_and_the_next_one_works() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    let pages: u32 = ledger.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    ledger.connection.pragma_update(None, "max_page_count", pages + 2).unwrap();
    let big = vec![1_u8; 100_000];
    let write = |ledger: &mut Ledger| -> Result<(), LedgerError> {
        let mut commit = ledger.begin()?;
        commit.put_cursor(&cursor(1, 10))?;
        let window = commit.open_window(&metric("m"), day(1), 1, NOW)?;
        commit.put_groups(window, |writer| writer.group(0, Some(&big), &big))?;
        commit.finish()
    };
    let text = write(&mut ledger).unwrap_err().to_string();
    assert!(text.contains("disk under the state directory is full"), "{text}");
    assert_eq!(ledger.cursors().unwrap().0, vec![]);
    ledger.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    write(&mut ledger).unwrap();
    let window = ledger.windows().unwrap()[0].id;
    assert_eq!(ledger.groups(window).unwrap()[0].state, big);
}

#[test]
fn a_flipped_bit_in_a_part_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    let mut commit = ledger.begin().unwrap();
    let window = commit.open_window(&metric("m"), day(1), 1, NOW).unwrap();
    commit.put_groups(window, |writer| writer.group(0, Some(b"key"), b"state")).unwrap();
    commit.finish().unwrap();
    ledger
        .connection
        .execute("UPDATE group_states SET body = CAST(substr(body, 1, 12) || x'00' || substr(body, 14) AS BLOB)", [])
        .unwrap();
    assert!(matches!(ledger.groups(window), Err(LedgerError::Damaged { .. })));
}

/// Key and state.
type Group = (Vec<u8>, Vec<u8>);

/// What the ledger must hold, kept in the simplest way.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    windows: BTreeMap<i64, Vec<Group>>,
    revisions: BTreeMap<i64, u32>,
    counter: u64,
}

#[derive(Clone, Debug)]
enum Action {
    /// Adds groups to, and changes groups of, the window of a day.
    Change {
        day: i64,
        new: u32,
        every: u32,
        state: u8,
    },
    Seal {
        day: i64,
    },
    Commit,
    /// The commit fails: all since the last one is gone in the file; the agent would retry, the model forgets.
    Abandon,
    Reopen,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let change = (0_i64..3, prop_oneof![0_u32..5, Just(1100_u32)], 1_u32..5, any::<u8>())
        .prop_map(|(day, new, every, state)| Action::Change { day, new, every, state });
    let action = prop_oneof![
        6 => change,
        1 => (0_i64..3).prop_map(|day| Action::Seal { day }),
        4 => Just(Action::Commit),
        1 => Just(Action::Abandon),
        1 => Just(Action::Reopen),
    ];
    prop::collection::vec(action, 1..60)
}

/// One transaction: the pending actions in order.
fn apply(
    ledger: &mut Ledger,
    model: &mut Model,
    pending: &[Action],
    ids: &mut BTreeMap<i64, WindowRow>,
    finish: Finish,
) {
    let mut commit = ledger.begin().unwrap();
    for action in pending {
        match action {
            Action::Change { day: number, new, every, state } => {
                let groups = model.windows.entry(*number).or_default();
                let old = groups.len() as u32;
                let revision = model.revisions.get(number).map_or(1, |last| last + 1);
                let id = *ids
                    .entry(*number)
                    .or_insert_with(|| commit.open_window(&metric("m"), day(*number), revision, NOW).unwrap());
                for (index, group) in
                    groups.iter_mut().enumerate().filter(|(index, _)| (*index as u32).is_multiple_of(*every))
                {
                    group.1 = vec![*state; 1 + index % 7];
                }
                groups.extend((old..old + new).map(|index| (index.to_be_bytes().to_vec(), vec![*state])));
                commit
                    .put_groups(id, |writer| {
                        for (index, (key, state)) in (0_u32..).zip(groups.iter()) {
                            if index >= old || index.is_multiple_of(*every) {
                                writer.group(index, (index >= old).then_some(key), state)?;
                            }
                        }
                        Ok(())
                    })
                    .unwrap();
            }
            Action::Seal { day: number } => {
                if let Some(id) = ids.remove(number) {
                    model.windows.remove(number);
                    let last = model.revisions.entry(*number).or_default();
                    *last += 1;
                    commit.remove_window(id).unwrap();
                    let revision =
                        StoredRevision { metric: "m".into(), window: day(*number), last: *last, sealed: NOW };
                    commit.put_revision(&revision).unwrap();
                }
            }
            _ => {}
        }
        commit.add_counter("actions", 1).unwrap();
        model.counter += 1;
    }
    if finish == Finish::Commit {
        commit.finish().unwrap();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Finish {
    Commit,
    Drop,
}

fn check_same(ledger: &Ledger, model: &Model, ids: &BTreeMap<i64, WindowRow>) {
    let windows = ledger.windows().unwrap();
    assert_eq!(windows.len(), ids.len());
    for (number, id) in ids {
        let stored: Vec<_> = ledger.groups(*id).unwrap().into_iter().map(|group| (group.key, group.state)).collect();
        assert_eq!(stored, model.windows.get(number).cloned().unwrap_or_default(), "window of day {number}");
    }
    let revisions: BTreeMap<i64, u32> =
        ledger.revisions().unwrap().into_iter().map(|row| (row.window.start.0 / 86_400_000_000, row.last)).collect();
    assert_eq!(revisions, model.revisions);
    assert_eq!(ledger.counters().unwrap().get("actions").copied().unwrap_or(0), model.counter);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_history_of_commits_failures_and_restarts_gives_back_what_was_committed(history in actions()) {
        let directory = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
        let (mut model, mut ids, mut pending) = (Model::default(), BTreeMap::new(), Vec::new());
        for action in history {
            match action {
                Action::Commit => {
                    apply(&mut ledger, &mut model, &pending, &mut ids, Finish::Commit);
                    pending.clear();
                }
                Action::Abandon => {
                    let (mut lost, mut lost_ids) = (model.clone(), ids.clone());
                    apply(&mut ledger, &mut lost, &pending, &mut lost_ids, Finish::Drop);
                    pending.clear();
                }
                Action::Reopen => {
                    pending.clear();
                    drop(ledger);
                    ledger = Ledger::open(directory.path(), NOW).unwrap();
                }
                change => { pending.push(change); continue; }
            }
            check_same(&ledger, &model, &ids);
        }
    }
}
