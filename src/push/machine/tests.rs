use proptest::prelude::*;

use super::*;
use crate::model::spec::OnUnknown;
use crate::push::answer::Answer;
use crate::push::memory::{MemoryOutbox, State, WriteFault};
use crate::push::observe::NoObserver;
use crate::push::outbox::{Outcome, ParkCause, Parked};
use crate::push::settings::Pauses;
use crate::push::settle::MAX_UNDER_LOOK;

mod model;
mod reading;

use model::{Action, Fate, World};

const BASE: &str = "http://127.0.0.1:1/v1";

fn settings() -> PushSettings {
    PushSettings {
        base_url: BASE.to_owned(),
        api_key: crate::model::spec::ApiKeySource { file: None },
        requests_per_second: 50.0,
        requests_per_day: 1_000_000,
        concurrency: 4,
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(30),
        ca_file: None,
        settle_wait: Duration::from_mins(5),
        on_unknown: OnUnknown::Park,
        pauses: Pauses { start: Duration::ZERO, ..Pauses::default() },
    }
}

fn moment(steady: Duration) -> Moment {
    Moment { wall: UnixMicros::from_seconds(1_763_900_000).plus(steady), steady }
}

fn status(status: u16) -> Answer {
    Answer::Status { status, retry_after: None, body: Vec::new() }
}

fn pusher(outbox: &MemoryOutbox, settings: PushSettings) -> Pusher<MemoryOutbox> {
    let mut pusher = Pusher::new(outbox.clone(), settings, Arc::new(NoObserver), fastrand::Rng::with_seed(3));
    pusher.key_has_changed(moment(Duration::ZERO));
    pusher
}

/// Answers the first request of one event so and gives back its state in the outbox.
fn state_after(answer: &Answer) -> State {
    let outbox = MemoryOutbox::default();
    let row = outbox.add(BASE, "u");
    let mut pusher = pusher(&outbox, settings());
    let turn = pusher.turn(moment(Duration::ZERO));
    assert_eq!(turn.requests.len(), 1);
    assert_eq!(outbox.state(row), State::Sending, "the attempt is written before it is sent");
    pusher.answered(moment(Duration::ZERO), &turn.requests[0].ticket, answer);
    pusher.flush(moment(Duration::ZERO)).unwrap();
    outbox.state(row)
}

#[test]
fn each_answer_leads_to_its_state() {
    for code in 100..600 {
        let state = state_after(&status(code));
        let fits = match code {
            201 => state == State::Done(Outcome::Sent { copies: 1 }),
            400 => matches!(state, State::Done(Outcome::Parked(_))),
            401 | 403 | 404 | 429 => state == State::Ready,
            _ => matches!(state, State::Done(Outcome::Unknown { .. })),
        };
        assert!(fits, "{code}: {state:?}");
    }
    assert_eq!(state_after(&Answer::NotConnected { reason: String::new() }), State::Ready);
    assert!(matches!(state_after(&Answer::Lost { reason: String::new() }), State::Done(Outcome::Unknown { .. })));
}

/// How long after this first answer the next request goes, and how many go at once then, with eight events waiting.
fn pause_after(answer: &Answer) -> (Duration, usize) {
    let outbox = MemoryOutbox::default();
    for _ in 0..8 {
        outbox.add(BASE, "u");
    }
    let mut pusher = pusher(&outbox, settings());
    let turn = pusher.turn(moment(Duration::ZERO));
    pusher.answered(moment(Duration::ZERO), &turn.requests[0].ticket, answer);
    let mut now = Duration::ZERO;
    loop {
        let turn = pusher.turn(moment(now));
        if !turn.requests.is_empty() {
            return (now, turn.requests.len());
        }
        now += turn.wake_in;
        assert!(now < Duration::from_hours(2));
    }
}

#[test]
fn pauses_fit_the_answer() {
    let seconds = Duration::from_secs;
    let retry_after =
        |code, text: &str| Answer::Status { status: code, retry_after: Some(text.to_owned()), body: Vec::new() };
    for (answer, from, to) in [
        (status(201), Duration::ZERO, Duration::from_millis(20)),
        (status(400), Duration::ZERO, Duration::from_millis(20)),
        (status(429), Duration::ZERO, seconds(1)),
        (retry_after(429, "90"), seconds(90), seconds(91)),
        (retry_after(503, "90"), seconds(90), seconds(91)),
        (retry_after(429, "999999"), seconds(3600), seconds(3601)),
        (status(401), seconds(30), seconds(60)),
        (status(403), seconds(30), seconds(60)),
        (status(404), seconds(30), seconds(60)),
        (Answer::NotConnected { reason: String::new() }, Duration::ZERO, seconds(1)),
        (status(500), Duration::ZERO, Duration::from_millis(20)),
    ] {
        let (pause, requests) = pause_after(&answer);
        assert!(from <= pause && pause <= to, "{answer:?}: {pause:?}");
        assert_eq!(requests, 1, "{answer:?}");
    }
}

#[test]
fn an_event_that_is_ready_again_does_not_wait_for_the_idle_look() {
    let outbox = MemoryOutbox::default();
    outbox.add(BASE, "u");
    let mut pusher = pusher(&outbox, settings());
    let turn = pusher.turn(moment(Duration::ZERO));
    pusher.answered(moment(Duration::ZERO), &turn.requests[0].ticket, &status(429));
    let now = moment(Duration::from_secs(10));
    assert_eq!(pusher.turn(now).wake_in, Duration::ZERO);
    assert_eq!(pusher.turn(now).requests.len(), 1);
}

#[test]
fn a_new_key_is_tried_at_once() {
    let outbox = MemoryOutbox::default();
    outbox.add(BASE, "u");
    let mut pusher = pusher(&outbox, settings());
    let turn = pusher.turn(moment(Duration::ZERO));
    pusher.answered(moment(Duration::ZERO), &turn.requests[0].ticket, &status(401));
    let later = moment(Duration::from_secs(5));
    assert!(pusher.turn(later).requests.is_empty());
    pusher.key_is_missing("gone".to_owned());
    assert!(pusher.turn(moment(Duration::from_hours(1))).requests.is_empty(), "nothing goes without a key");
    let later = moment(Duration::from_hours(1) + Duration::from_secs(1));
    pusher.key_has_changed(later);
    assert_eq!(pusher.turn(later).requests.len(), 1);
}

#[test]
fn events_for_another_base_url_wait() {
    let outbox = MemoryOutbox::default();
    let elsewhere = outbox.add("https://elsewhere/v1", "u");
    let here = outbox.add(BASE, "u");
    let mut pusher = pusher(&outbox, settings());
    let turn = pusher.turn(moment(Duration::ZERO));
    assert_eq!(turn.requests.len(), 1);
    assert_eq!(outbox.state(elsewhere), State::Ready);
    assert_eq!(outbox.state(here), State::Sending);
}

#[test]
fn the_days_requests_hold_across_restarts_and_count_looks() {
    let outbox = MemoryOutbox::default();
    for _ in 0..30 {
        outbox.add(BASE, "u");
    }
    let settings = PushSettings { requests_per_day: 20, ..settings() };
    let mut made = 0;
    let mut now = Duration::ZERO;
    for _ in 0..5 {
        outbox.restart();
        let mut pusher = pusher(&outbox, settings.clone());
        for _ in 0..40 {
            now += Duration::from_secs(1);
            for request in pusher.turn(moment(now)).requests {
                made += 1;
                pusher.answered(moment(now), &request.ticket, &status(if made % 2 == 0 { 201 } else { 500 }));
            }
        }
    }
    assert_eq!(made, 20);
    let mut pusher = pusher(&outbox, settings);
    assert!(!pusher.turn(moment(now + Duration::from_hours(24))).requests.is_empty(), "the next day has its own");
}

#[test]
fn a_refused_look_up_of_one_event_does_not_stop_the_others() {
    let outbox = MemoryOutbox::default();
    let poison = outbox.add(BASE, "poison");
    let fine = outbox.add(BASE, "fine");
    let mut pusher = pusher(&outbox, settings());
    let mut now = Duration::ZERO;
    let found = format!(r#"{{"customEvents":[{{"eventId":"{}"}}]}}"#, outbox.books().rows[&fine].event.key.id);
    for _ in 0..2_000 {
        let turn = pusher.turn(moment(now));
        for request in &turn.requests {
            let answer = match request.ticket.call {
                Call::SendEvent => status(500),
                Call::FindEvent if request.ticket.row == poison => status(400),
                Call::FindEvent => Answer::Status { status: 200, retry_after: None, body: found.clone().into_bytes() },
            };
            pusher.answered(moment(now), &request.ticket, &answer);
        }
        now += turn.wake_in;
    }
    assert_eq!(outbox.state(fine), State::Done(Outcome::Sent { copies: 1 }));
    let State::Done(Outcome::Parked(parked)) = outbox.state(poison) else { panic!("{:?}", outbox.state(poison)) };
    assert_eq!(parked.cause, ParkCause::NotFindable, "it is not sent again");
}

#[test]
fn an_event_with_another_digest_is_parked_and_a_repeated_one_is_counted() {
    for (body, expected) in [
        (r#"{"customEvents":[{"eventId":"ID","attributes":{"usageDigest":"other"}}]}"#, None),
        (r#"{"customEvents":[{"eventId":"ID"},{"eventId":"ID"}]}"#, Some(2)),
    ] {
        let outbox = MemoryOutbox::default();
        let row = outbox.add(BASE, "u");
        let mut pusher = pusher(&outbox, settings());
        let turn = pusher.turn(moment(Duration::ZERO));
        pusher.answered(moment(Duration::ZERO), &turn.requests[0].ticket, &status(502));
        let now = moment(Duration::from_secs(2));
        let turn = pusher.turn(now);
        assert!(turn.requests[0].url.contains("?filter=identifyId%3D%3Du%3BeventName%3D%3DAPI&"));
        let body = body.replace("ID", &outbox.books().rows[&row].event.key.id.to_string()).into_bytes();
        let answer = Answer::Status { status: 200, retry_after: None, body };
        pusher.answered(now, &turn.requests[0].ticket, &answer);
        pusher.flush(now).unwrap();
        match (outbox.state(row), expected) {
            (State::Done(Outcome::Sent { copies }), Some(expected)) => assert_eq!(copies, expected),
            (State::Done(Outcome::Parked(parked)), None) => assert_eq!(parked.cause, ParkCause::DigestMismatch),
            (state, _) => panic!("{state:?}"),
        }
    }
}

#[test]
fn an_event_put_back_by_hand_during_its_look_is_not_sent_when_the_look_finds_it() {
    let outbox = MemoryOutbox::default();
    let row = outbox.add(BASE, "u");
    let mut pusher = pusher(&outbox, settings());
    let turn = pusher.turn(moment(Duration::ZERO));
    pusher.answered(moment(Duration::ZERO), &turn.requests[0].ticket, &status(502));
    let now = moment(Duration::from_secs(2));
    let look = pusher.turn(now);
    assert_eq!(look.requests[0].ticket.call, Call::FindEvent);
    outbox.books().rows.get_mut(&row).unwrap().state = State::Ready;
    assert_eq!(pusher.turn(now).requests.len(), 0, "it waits for the look");
    let body = format!(r#"{{"customEvents":[{}]}}"#, outbox.books().rows[&row].event.body).into_bytes();
    pusher.answered(now, &look.requests[0].ticket, &Answer::Status { status: 200, retry_after: None, body });
    assert_eq!(pusher.turn(now).requests.len(), 0);
    assert_eq!(outbox.state(row), State::Done(Outcome::Sent { copies: 1 }));
}

#[test]
fn a_long_outage_is_probed_by_one_request_at_a_time_and_few() {
    let outbox = MemoryOutbox::default();
    for _ in 0..100 {
        outbox.add(BASE, "u");
    }
    let mut pusher = pusher(&outbox, settings());
    let mut now = Duration::ZERO;
    let (mut made, mut turns) = (0, 0);
    while now < Duration::from_hours(24 * 14) {
        let turn = pusher.turn(moment(now));
        turns += 1;
        assert!(made == 0 || turn.requests.len() <= 1);
        for request in &turn.requests {
            made += 1;
            pusher.answered(moment(now), &request.ticket, &Answer::NotConnected { reason: "refused".to_owned() });
        }
        now += turn.wake_in.max(Duration::from_millis(1));
    }
    // Pauses of 0 to 5 minutes: 2.5 on average.
    assert!((6_000..12_000).contains(&made), "{made} probes");
    assert!(turns < 14 * 86_400 * 2, "{turns} turns: it must not spin");
    let writes = outbox.books().writes;
    assert!(writes < 30_000, "{writes} writes");
}

#[test]
fn a_heap_of_unknown_outcomes_from_before_is_settled_whole() {
    let mut world = World::new(1);
    world.act(&Action::Seal { events: 3 * MAX_UNDER_LOOK, poison: false });
    world.act(&Action::Turn);
    world.outbox_rows_become_unknown();
    world.act(&Action::Crash { fates: vec![Fate::LostBefore] });
    world.finish();
}

/// Histories that are tried; a longer hunt by the environment.
fn cases() -> u32 {
    std::env::var("PXTAIL_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]
    #[test]
    fn each_event_ends_in_px_exactly_once_or_parked(
        setting in model::setting(),
        actions in prop::collection::vec(model::action(), 1..120),
        seed in any::<u64>(),
    ) {
        let mut world = World::with(seed, setting);
        for action in &actions {
            world.act(action);
            world.check();
        }
        world.finish();
    }
}

#[test]
fn lost_answers_of_every_kind_are_settled() {
    for fate in
        [Fate::StoredAndLost, Fate::LostBefore, Fate::StoredLate, Fate::StoredAnd500, Fate::Only500, Fate::Status(302)]
    {
        for crash in [false, true] {
            let mut world = World::new(1);
            world.act(&Action::Seal { events: 1, poison: false });
            world.act(&Action::Turn);
            world.act(&if crash { Action::Crash { fates: vec![fate] } } else { Action::Answer { index: 0, fate } });
            world.check();
            world.finish();
        }
    }
}

/// Each is what a longer history came down to.
#[test]
fn histories_that_once_went_wrong_end_well() {
    let seal = Action::Seal { events: 1, poison: false };
    let fail = |fault| Action::FailWrites { faults: vec![fault] };
    let histories = [
        // Set forward before a start, the clock said that the wait was over while the attempt was on its way.
        vec![
            seal.clone(),
            Action::Turn,
            Action::ClockForward { seconds: 86_400 },
            Action::Crash { fates: vec![Fate::StoredLate] },
            Action::Turn,
        ],
        // An attempt that was noted in spite of an error stayed under way until the next start.
        vec![seal.clone(), fail(WriteFault::After), Action::Turn],
        // What was taken back between two looks at it was sent all the same.
        vec![seal.clone(), fail(WriteFault::Before), Action::Turn, Action::TakeBack { index: 0 }],
    ];
    for history in histories {
        for seed in 0..50 {
            let mut world = World::new(seed);
            for action in &history {
                world.act(action);
                world.check();
            }
            world.finish();
        }
    }
}

#[test]
fn a_row_that_is_taken_back_before_its_attempt_is_noted_is_not_sent() {
    let outbox = MemoryOutbox::default();
    let (first, second) = (outbox.add(BASE, "u"), outbox.add(BASE, "u"));
    let refused = Parked { cause: ParkCause::Refused, status: None, body: String::new() };
    outbox.books().take_back_before_the_next_write = Some((first, State::Done(Outcome::Parked(refused.clone()))));
    let mut pusher = pusher(&outbox, PushSettings { requests_per_second: 1_000.0, ..settings() });
    let turns = [Duration::ZERO, Duration::from_secs(1)].map(|now| pusher.turn(moment(now)));
    let rows: Vec<i64> = turns.iter().flat_map(|turn| &turn.requests).map(|request| request.ticket.row).collect();
    assert!(!rows.contains(&first) && outbox.state(second) == State::Sending, "{rows:?}");
    assert_eq!(outbox.state(first), State::Done(Outcome::Parked(refused)));
}

/// Half of all requests end badly: pauses grow, and one answer ends them.
#[test]
fn a_storm_is_sat_out() {
    let mut longest = Duration::ZERO;
    for seed in 0..200 {
        let mut world = World::new(seed);
        world.act(&Action::Seal { events: 100, poison: false });
        longest = longest.max(world.sit_out_a_storm());
    }
    assert!(longest < Duration::from_mins(20), "nothing was sent for {longest:?}");
}

#[test]
fn an_outcome_survives_failing_writes() {
    for fault in [WriteFault::Before, WriteFault::After] {
        let mut world = World::new(1);
        world.act(&Action::Seal { events: 3, poison: false });
        world.act(&Action::Turn);
        world.act(&Action::Answer { index: 0, fate: Fate::Created });
        world.act(&Action::FailWrites { faults: vec![fault; 3] });
        for _ in 0..5 {
            world.act(&Action::Turn);
            world.check();
            world.act(&Action::Advance { millis: 4_000 });
        }
        world.finish();
    }
}
