//! Errands through a control socket, as the running agent does them.

use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::ledger::Ledger;
use crate::ledger::identity::Cause;
use crate::ledger::outbox::NewEvent;
use crate::model::event::{EventId, Window};
use crate::telemetry::control::{ControlSocket, MOST_TARGETS, ask};

const NOW: UnixMicros = UnixMicros::from_seconds(1_800_000_000);

fn event(number: u128) -> NewEvent<'static> {
    NewEvent {
        id: EventId(Uuid::from_u128(number)),
        metric: "m",
        name: "E",
        identify_id: "u1",
        date: NOW,
        window: Window { start: NOW, end: NOW.plus(Duration::from_hours(1)) },
        revision: 1,
        lines: 3,
        base_url: "http://127.0.0.1:1/v1",
        body: b"{}",
        digest: "d",
        state: EventState::Parked,
        cause: Some("refused"),
        adopted: None,
        sealed: NOW,
    }
}

/// An agent's ledger and its socket: a held event, two parked ones, and one that was parked at an adoption.
fn listening() -> (tempfile::TempDir, Ledger, ControlSocket) {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(directory.path(), NOW).unwrap();
    let mut commit = ledger.begin().unwrap();
    commit.put_event(&NewEvent { state: EventState::Held, ..event(1) }).unwrap();
    commit.put_event(&event(2)).unwrap();
    commit.put_event(&event(3)).unwrap();
    commit.put_event(&NewEvent { adopted: Some(Cause::Moved), ..event(4) }).unwrap();
    commit.finish().unwrap();
    let path = ledger.path().to_owned();
    let answer = move |request| perform(&mut OutboxStore::open(&path).unwrap(), &request, NOW).unwrap();
    let socket = ControlSocket::listen(&directory.path().join("s"), answer).unwrap();
    (directory, ledger, socket)
}

fn all(state: &str) -> Targets {
    Targets::All { state: state.to_owned(), metric: None }
}

#[test]
fn errands_come_through_the_socket() {
    let (directory, _ledger, _socket) = listening();
    let asked = |request: &Request| ask(&directory.path().join("s"), request).unwrap().unwrap();
    let amount = |events| Amount { events, lines: events * 3 };
    let retry = |events, assertion| Request::OutboxRetry { events, assertion, by: "anna".to_owned() };
    let discard = |events| Request::OutboxDrop { events, by: "anna".to_owned() };
    let id = |number| event(number).id.to_string();
    let Answer::Changed(changed) = asked(&retry(all("parked"), Assertion::Nothing)) else { panic!() };
    assert_eq!((changed.ready, changed.refused_events), (amount(2), 1));
    let refusal = &changed.refused[0];
    assert_eq!(refusal.event_id, id(4));
    assert!(refusal.why.contains("another machine"), "{refusal:?}");
    assert!(refusal.help.as_ref().unwrap().contains("--sent-nothing"), "{refusal:?}");
    let four = Targets::Events(vec![(4, id(4))]);
    let expected = Changed { ready: amount(1), ..Changed::default() };
    assert_eq!(asked(&retry(four, Assertion::OtherLedgerSentNothing)), Answer::Changed(expected));
    let expected = Changed { dropped: amount(1), ..Changed::default() };
    assert_eq!(asked(&discard(all("held"))), Answer::Changed(expected));
    assert_eq!(asked(&Request::OutboxRelease), Answer::Released { events: 0 });
    assert!(matches!(asked(&discard(all("nowhere"))), Answer::Failed { .. }));
    // As many as one request may name, with ids of full length and large rows.
    let many = (0..MOST_TARGETS).map(|number| (i64::MAX - number as i64, id(u128::MAX))).collect();
    let Answer::Changed(changed) = asked(&discard(Targets::Events(many))) else { panic!() };
    assert_eq!(changed.refused_events, MOST_TARGETS as u64);
}
