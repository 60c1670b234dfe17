//! Where PX does not let unknown outcomes be looked up, and where it does again.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;
use crate::push::observe::{Code, Settled};
use crate::push::outbox::Doubt;

/// Counts how unknown outcomes were settled.
#[derive(Default)]
struct Counting(Mutex<BTreeMap<&'static str, u32>>);

impl PushObserver for Counting {
    fn request(&self, _: Call, _: Code) {}
    fn sent(&self) {}
    fn parked(&self, _: ParkCause) {}
    fn unknown(&self) {}
    fn settled(&self, how: Settled) {
        *self.0.lock().unwrap().entry(how.as_str()).or_default() += 1;
    }
    fn health(&self, _: &Health) {}
}

struct Scene {
    outbox: MemoryOutbox,
    pusher: Pusher<MemoryOutbox>,
    counts: Arc<Counting>,
    now: Duration,
}

impl Scene {
    /// One event whose attempt ended in 500.
    fn with_one_unknown(on_unknown: OnUnknown) -> Self {
        let outbox = MemoryOutbox::default();
        outbox.add(BASE, "u");
        let counts = Arc::new(Counting::default());
        let settings = PushSettings { on_unknown, ..settings() };
        let given = Arc::clone(&counts);
        let mut pusher = Pusher::new(outbox.clone(), settings, given, fastrand::Rng::with_seed(3));
        pusher.key_has_changed(moment(Duration::ZERO));
        let turn = pusher.turn(moment(Duration::ZERO));
        pusher.answered(moment(Duration::ZERO), &turn.requests[0].ticket, &status(500));
        Self { outbox, pusher, counts, now: Duration::ZERO }
    }

    /// Goes on for so long; looks and attempts are answered so.
    fn go_on(&mut self, span: Duration, looks: &Answer, attempts: &Answer) {
        let end = self.now + span;
        while self.now < end {
            let turn = self.pusher.turn(moment(self.now));
            for request in turn.requests {
                let answer = if request.ticket.call == Call::FindEvent { looks } else { attempts };
                self.pusher.answered(moment(self.now), &request.ticket, answer);
            }
            self.now += turn.wake_in.max(Duration::from_millis(10));
        }
        self.pusher.flush(moment(self.now)).unwrap();
    }

    fn page_with_it(&self) -> Answer {
        let body = format!(r#"{{"customEvents":[{}]}}"#, self.outbox.books().rows[&1].event.body).into_bytes();
        Answer::Status { status: 200, retry_after: None, body }
    }

    fn parked_as(&self) -> Option<ParkCause> {
        match self.outbox.state(1) {
            State::Done(Outcome::Parked(Parked { cause, .. })) => Some(cause),
            _ => None,
        }
    }

    fn count(&self, how: Settled) -> u32 {
        self.counts.0.lock().unwrap().get(how.as_str()).copied().unwrap_or_default()
    }
}

const LONG: Duration = Duration::from_mins(40);

#[test]
fn where_looks_stay_refused_events_are_parked_and_looked_up_when_one_is_answered() {
    let mut scene = Scene::with_one_unknown(OnUnknown::Park);
    scene.go_on(Duration::from_mins(14), &status(403), &status(201));
    assert!(matches!(scene.outbox.state(1), State::Done(Outcome::Unknown { .. })), "not yet");
    scene.go_on(LONG, &status(403), &status(201));
    assert_eq!(scene.parked_as(), Some(ParkCause::NotReadable));
    assert_eq!(scene.count(Settled::Parked), 1);
    // Nobody does anything: one is tried each hour.
    let found = scene.page_with_it();
    scene.go_on(Duration::from_mins(70), &found, &status(201));
    assert_eq!(scene.outbox.state(1), State::Done(Outcome::Sent { copies: 1 }));
    assert_eq!(scene.count(Settled::Found), 1);
}

#[test]
fn what_is_parked_is_looked_up_with_a_new_key_and_after_a_start() {
    for is_start in [false, true] {
        let mut scene = Scene::with_one_unknown(OnUnknown::Park);
        scene.go_on(LONG, &status(403), &status(201));
        assert_eq!(scene.parked_as(), Some(ParkCause::NotReadable));
        if is_start {
            scene.outbox.restart();
            scene.pusher = pusher(&scene.outbox, settings());
        } else {
            scene.pusher.key_has_changed(moment(scene.now));
        }
        let found = scene.page_with_it();
        scene.go_on(Duration::from_secs(30), &found, &status(201));
        assert_eq!(scene.outbox.state(1), State::Done(Outcome::Sent { copies: 1 }), "{is_start}");
    }
}

#[test]
fn with_resend_it_is_sent_again_and_noted_as_possibly_repeated() {
    let mut scene = Scene::with_one_unknown(OnUnknown::Resend);
    scene.go_on(LONG, &status(403), &status(201));
    assert_eq!(scene.outbox.state(1), State::Done(Outcome::Sent { copies: 1 }));
    assert_eq!((scene.outbox.books().rows[&1].doubt, scene.count(Settled::PossiblyRepeated)), (Doubt::NotAsked, 1));
    assert_eq!(scene.outbox.books().rows[&1].attempts, 2);
}

#[test]
fn neither_a_refusal_now_and_then_nor_another_trouble_is_a_want_of_permission() {
    let empty = || Answer::Status { status: 200, retry_after: None, body: br#"{"customEvents":[]}"#.to_vec() };
    for (other, ends_unknown) in [
        (status(500), true),
        (status(429), true),
        (status(401), true),
        (Answer::NotConnected { reason: String::new() }, true),
        (Answer::Status { status: 200, retry_after: None, body: b"<html>".to_vec() }, true),
        (empty(), false),
    ] {
        let mut scene = Scene::with_one_unknown(OnUnknown::Resend);
        scene.go_on(Duration::from_mins(3), &status(403), &status(500));
        scene.go_on(LONG, &other, &status(500));
        assert_eq!(scene.count(Settled::PossiblyRepeated), 0, "{other:?}");
        let is_unknown = matches!(scene.outbox.state(1), State::Done(Outcome::Unknown { .. }));
        assert!(!ends_unknown || is_unknown, "{other:?}: {:?}", scene.outbox.state(1));
    }
}

#[test]
fn what_a_person_puts_back_to_be_looked_up_is_taken_up_by_a_running_agent() {
    let mut scene = Scene::with_one_unknown(OnUnknown::Park);
    let found = scene.page_with_it();
    scene.go_on(Duration::from_secs(30), &found, &status(201));
    assert_eq!(scene.outbox.state(1), State::Done(Outcome::Sent { copies: 1 }));
    let row = scene.outbox.add(BASE, "u");
    scene.outbox.books().rows.get_mut(&row).unwrap().state = State::Done(Outcome::Unknown { note: String::new() });
    let body = format!(r#"{{"customEvents":[{}]}}"#, scene.outbox.books().rows[&row].event.body).into_bytes();
    let found = Answer::Status { status: 200, retry_after: None, body };
    scene.go_on(Duration::from_secs(30), &found, &status(201));
    assert_eq!(scene.outbox.state(row), State::Done(Outcome::Sent { copies: 1 }));
}

#[test]
fn thousands_of_unknown_events_are_all_parked_and_all_looked_up_later() {
    let mut scene = Scene::with_one_unknown(OnUnknown::Park);
    for _ in 0..1_000 {
        let row = scene.outbox.add(BASE, "u");
        scene.outbox.books().rows.get_mut(&row).unwrap().state = State::Done(Outcome::Unknown { note: String::new() });
    }
    scene.go_on(Duration::from_hours(2), &status(403), &status(201));
    let states = |scene: &Scene| scene.outbox.books().rows.values().map(|row| row.state.clone()).collect::<Vec<_>>();
    let is_parked = |state: &&State| matches!(state, State::Done(Outcome::Parked(_)));
    let parked = states(&scene).iter().filter(is_parked).count();
    assert!(parked >= 1_000, "{parked}: all but the one that is tried");
    let empty = Answer::Status { status: 200, retry_after: None, body: br#"{"customEvents":[]}"#.to_vec() };
    scene.go_on(Duration::from_hours(3), &empty, &status(201));
    let sent = states(&scene).iter().filter(|state| **state == State::Done(Outcome::Sent { copies: 1 })).count();
    assert_eq!(sent, 1_001);
}
