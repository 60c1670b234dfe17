//! The driver in a turned time: a scripted transport instead of a network.

use std::sync::Mutex;

use super::*;
use crate::model::spec::{ApiKeySource, OnUnknown};
use crate::model::time::{ManualClock, UnixMicros};
use crate::push::memory::{MemoryOutbox, State};
use crate::push::observe::NoObserver;
use crate::push::outbox::Outcome;
use crate::push::settings::{Pauses, PushSettings};

const BASE: &str = "http://127.0.0.1:1/v1";

/// How the scripted transport treats a request.
#[derive(Clone, Copy)]
enum Script {
    /// 201 after so long.
    TakeAfter(Duration),
    NeverAnswer,
    Panic,
    /// 401 for the key `old`, 201 otherwise.
    KnowKeys,
}

#[derive(Clone)]
struct Scripted {
    script: Script,
    seen: Arc<Mutex<Vec<Outgoing>>>,
}

impl Transport for Scripted {
    async fn send(&self, outgoing: Outgoing) -> Answer {
        let is_old_key = outgoing.key.reveal() == "old";
        self.seen.lock().unwrap().push(outgoing);
        let status = match self.script {
            Script::TakeAfter(pause) => {
                sleep(pause).await;
                201
            }
            Script::NeverAnswer => std::future::pending().await,
            Script::Panic => panic!("a request's task fails"),
            Script::KnowKeys if is_old_key => 401,
            Script::KnowKeys => 201,
        };
        Answer::Status { status, retry_after: None, body: Vec::new() }
    }
}

struct Scene {
    outbox: MemoryOutbox,
    transport: Scripted,
    key: Arc<Mutex<String>>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

fn scene(script: Script, events: usize, change: impl FnOnce(&mut PushSettings)) -> Scene {
    let outbox = MemoryOutbox::default();
    for _ in 0..events {
        outbox.add(BASE, "u");
    }
    let mut settings = PushSettings {
        base_url: BASE.to_owned(),
        api_key: ApiKeySource { file: None },
        requests_per_second: 1_000.0,
        requests_per_day: 1_000_000,
        concurrency: 4,
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(30),
        ca_file: None,
        settle_wait: Duration::from_mins(5),
        on_unknown: OnUnknown::Park,
        pauses: Pauses { start: Duration::ZERO, ..Pauses::default() },
    };
    change(&mut settings);
    let transport = Scripted { script, seen: Arc::default() };
    let key = Arc::new(Mutex::new("old".to_owned()));
    let given = Arc::clone(&key);
    let environment =
        move |name: &str| (name == crate::push::key::KEY_VARIABLE).then(|| given.lock().unwrap().as_str().into());
    let keys = KeyRing::new(settings.api_key.clone(), environment);
    let pusher = Pusher::new(outbox.clone(), settings, Arc::new(NoObserver), fastrand::Rng::with_seed(1));
    let clock = Arc::new(ManualClock::at(UnixMicros::from_seconds(1_763_900_000)));
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(Driver::new(pusher, transport.clone(), keys, clock).run(stopped));
    Scene { outbox, transport, key, stop, task }
}

impl Scene {
    fn seen(&self) -> usize {
        self.transport.seen.lock().unwrap().len()
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_in_time_and_leaves_what_is_open_as_sending() {
    let scene = scene(Script::NeverAnswer, 10, |_| {});
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scene.seen(), 4);
    let asked = Instant::now();
    scene.stop.send(true).unwrap();
    scene.task.await.unwrap();
    assert!(asked.elapsed() <= Duration::from_secs(4), "{:?}", asked.elapsed());
    let states: Vec<State> = (1..=10).map(|row| scene.outbox.state(row)).collect();
    assert_eq!(states.iter().filter(|state| **state == State::Sending).count(), 4);
    assert_eq!(states.iter().filter(|state| **state == State::Ready).count(), 6, "nothing new is begun");
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_while_stopping_are_written() {
    let scene = scene(Script::TakeAfter(Duration::from_secs(2)), 10, |_| {});
    sleep(Duration::from_secs(1)).await;
    scene.stop.send(true).unwrap();
    let seen = scene.seen();
    scene.task.await.unwrap();
    let sent = (1..=10).filter(|row| scene.outbox.state(*row) == State::Done(Outcome::Sent { copies: 1 })).count();
    assert_eq!((sent, seen), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_can_stop_it_any_more() {
    let Scene { stop, task, .. } = scene(Script::NeverAnswer, 0, |_| {});
    drop(stop);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_hundred_events_a_second_are_possible_with_few_writes() {
    let fast = |settings: &mut PushSettings| {
        settings.requests_per_second = 200.0;
        settings.concurrency = 32;
    };
    let scene = scene(Script::TakeAfter(Duration::from_millis(100)), 3_000, fast);
    sleep(Duration::from_secs(10)).await;
    let (sent, writes) = (scene.seen(), scene.outbox.books().writes);
    assert!((1_950..=2_030).contains(&sent), "{sent}");
    assert!(writes <= 1_500, "{writes} writes for {sent} events");
}

#[tokio::test(start_paused = true)]
async fn an_idle_outbox_costs_one_look_a_second() {
    let scene = scene(Script::NeverAnswer, 0, |_| {});
    sleep(Duration::from_secs(100)).await;
    let books = scene.outbox.books();
    assert!(books.reads <= 110, "{}", books.reads);
    assert_eq!(books.writes, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_task_failed_has_an_unknown_outcome() {
    let scene = scene(Script::Panic, 1, |_| {});
    sleep(Duration::from_secs(1)).await;
    assert!(matches!(scene.outbox.state(1), State::Done(Outcome::Unknown { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_taken_up_within_seconds_after_a_401() {
    let scene = scene(Script::KnowKeys, 1, |_| {});
    sleep(Duration::from_secs(10)).await;
    assert_eq!((scene.seen(), scene.outbox.state(1)), (1, State::Ready));
    "new".clone_into(&mut scene.key.lock().unwrap());
    sleep(Duration::from_secs(7)).await;
    assert_eq!(scene.outbox.state(1), State::Done(Outcome::Sent { copies: 1 }));
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_without_a_key_until_there_is_one() {
    let scene = scene(Script::KnowKeys, 1, |_| {});
    scene.key.lock().unwrap().clear();
    sleep(Duration::from_mins(1)).await;
    assert_eq!((scene.seen(), scene.outbox.state(1)), (0, State::Ready));
    "new".clone_into(&mut scene.key.lock().unwrap());
    sleep(Duration::from_secs(7)).await;
    assert_eq!(scene.outbox.state(1), State::Done(Outcome::Sent { copies: 1 }));
}
