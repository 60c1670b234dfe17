//! Push as a whole against the local PX over real HTTP, and the HTTP client against servers that misbehave.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use super::answer::Answer;
use super::http::{Outgoing, Transport as _};
use super::memory::{MemoryOutbox, State};
use super::observe::{Call, Code, Health, Settled, Trouble};
use super::outbox::{Outcome, ParkCause};
use super::settings::Pauses;
use super::*;
use crate::model::fault::{Located, Location};
use crate::model::spec::{ApiKeySource, OnUnknown};
use crate::model::time::SystemClock;
use crate::sandbox::{
    API_KEY, Ending, FaultAction, FaultRule, FaultScript, Limits, Processing, READ_ONLY_API_KEY, ReadLag, Sandbox,
    SandboxSettings, ScriptedAnswer,
};

/// Everything that was told.
#[derive(Default)]
struct Recorder {
    requests: Mutex<Vec<(Call, Code)>>,
    settled: Mutex<Vec<Settled>>,
    health: Mutex<Vec<Option<Trouble>>>,
}

impl PushObserver for Recorder {
    fn request(&self, call: Call, code: Code) {
        self.requests.lock().unwrap().push((call, code));
    }
    fn sent(&self) {}
    fn parked(&self, _: ParkCause) {}
    fn unknown(&self) {}
    fn settled(&self, how: Settled) {
        self.settled.lock().unwrap().push(how);
    }
    fn health(&self, health: &Health) {
        self.health.lock().unwrap().push(match health {
            Health::Good => None,
            Health::Failing { trouble, .. } => Some(*trouble),
        });
    }
}

fn sandbox(faults: FaultScript) -> Sandbox {
    Sandbox::start_blocking(SandboxSettings { limits: Limits::unpaced(), faults, ..SandboxSettings::default() })
        .unwrap()
}

/// Push on a thread of its own; ends when dropped.
struct Running {
    outbox: MemoryOutbox,
    recorder: Arc<Recorder>,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
    _directory: tempfile::TempDir,
}

fn settings(base_url: &str, api_key: &str) -> (PushSettings, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    std::fs::write(&path, api_key).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let millis = Duration::from_millis;
    let settings = PushSettings {
        base_url: base_url.to_owned(),
        api_key: ApiKeySource { file: Some(Located::new(path, Location::new("pxtail.toml", 1))) },
        requests_per_second: 2_000.0,
        requests_per_day: 1_000_000,
        concurrency: 8,
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(1),
        ca_file: None,
        settle_wait: millis(500),
        on_unknown: OnUnknown::Park,
        pauses: Pauses {
            start: Duration::ZERO,
            trouble: (millis(2), millis(50)),
            refusal: (millis(2), millis(50)),
            look: (millis(20), millis(200)),
            ..Pauses::default()
        },
    };
    (settings, directory)
}

impl Running {
    fn start(outbox: &MemoryOutbox, base_url: &str, api_key: &str, change: impl FnOnce(&mut PushSettings)) -> Self {
        let (mut settings, directory) = settings(base_url, api_key);
        change(&mut settings);
        let recorder = Arc::new(Recorder::default());
        let (stop, stopped) = watch::channel(false);
        let (given, told) = (outbox.clone(), Arc::clone(&recorder));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(given, settings, Arc::new(SystemClock), stopped, told)).unwrap();
        });
        Self { outbox: outbox.clone(), recorder, stop, thread: Some(thread), _directory: directory }
    }

    #[track_caller]
    fn wait_until_empty(&self) {
        assert!(self.outbox.wait_until(super::memory::Books::is_empty), "{:?}", self.recorder.requests.lock().unwrap());
    }

    fn codes(&self, call: Call) -> Vec<Code> {
        let requests = self.recorder.requests.lock().unwrap();
        requests.iter().filter(|(made, _)| *made == call).map(|(_, code)| *code).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn answer(status: u16, call: Processing) -> FaultAction {
    FaultAction::Answer(ScriptedAnswer { status, call, ..ScriptedAnswer::default() })
}

fn answer_with(status: u16, header: (&str, &str), body: &str) -> FaultAction {
    let headers = [(header.0.to_owned(), header.1.to_owned())].into();
    FaultAction::Answer(ScriptedAnswer { status, headers, body: body.to_owned(), call: Processing::Dropped })
}

/// The first POST meets this fault; the event must be in PX once in the end, after so many POSTs, with or without looks.
#[track_caller]
fn check(action: FaultAction, ending: Ending, posts: usize, has_looks: bool) {
    let shown = format!("{action:?} {ending:?}");
    let sandbox = sandbox(FaultScript::of([FaultRule { ending, ..FaultRule::on_post(action).times(1) }]));
    let outbox = MemoryOutbox::default();
    outbox.add(&sandbox.base_url(), "u-1");
    let no_lag = |settings: &mut PushSettings| settings.settle_wait = Duration::from_millis(60);
    let running = Running::start(&outbox, &sandbox.base_url(), API_KEY, no_lag);
    running.wait_until_empty();
    assert_eq!(sandbox.event_count(), 1, "{shown}");
    assert_eq!(sandbox.repeated(), [], "{shown}");
    let made = sandbox.requests();
    assert_eq!(made.iter().filter(|note| note.method == "POST").count(), posts, "{shown}: {made:?}");
    assert_eq!(running.codes(Call::SendEvent).len(), posts, "{shown}: no library sends by itself");
    assert_eq!(!running.codes(Call::FindEvent).is_empty(), has_looks, "{shown}");
    assert_eq!(outbox.state(1), State::Done(Outcome::Sent { copies: 1 }), "{shown}");
}

#[test]
fn one_event_arrives_once_whatever_happens_to_its_first_request() {
    let html = |call| {
        let headers = [("content-type".to_owned(), "text/html".to_owned())].into();
        let body = "<html>blocked by proxy</html>".to_owned();
        FaultAction::Answer(ScriptedAnswer { status: 403, headers, body, call })
    };
    let mut cases = vec![
        (FaultAction::Pass, Ending::Close, 1, false),
        // Who answers 201 has it, most likely; what is cut off may be all that a proxy had of the answer.
        (FaultAction::CutBody, Ending::Close, 1, true),
        (answer_with(307, ("location", "/v1/events/custom"), ""), Ending::Close, 2, true),
        (html(Processing::Processed), Ending::Close, 1, true),
        (html(Processing::Dropped), Ending::Close, 2, true),
        (answer_with(429, ("retry-after", "1"), ""), Ending::Close, 2, false),
    ];
    for ending in [Ending::Close, Ending::Reset] {
        cases.push((FaultAction::LoseAnswer, ending, 1, true));
        cases.push((FaultAction::LoseRequest, ending, 2, true));
    }
    for status in [200, 202, 204, 302, 409, 500, 503] {
        cases.push((answer(status, Processing::Processed), Ending::Close, 1, true));
        cases.push((answer(status, Processing::Dropped), Ending::Close, 2, true));
    }
    cases.extend([401, 403, 404, 429].map(|status| (answer(status, Processing::Dropped), Ending::Close, 2, false)));
    // Most of them wait most of the time.
    std::thread::scope(|scope| {
        for (action, ending, posts, has_looks) in cases {
            scope.spawn(move || check(action, ending, posts, has_looks));
        }
    });
}

#[test]
fn a_refused_event_is_parked_with_pxs_words_and_the_rest_flows() {
    let rule = FaultRule::on_post(answer_with(400, ("x", "y"), "{\"message\":\"bad\u{1}\"}")).times(1);
    let sandbox = sandbox(FaultScript::of([rule]));
    let outbox = MemoryOutbox::default();
    for _ in 0..3 {
        outbox.add(&sandbox.base_url(), "u-1");
    }
    let running = Running::start(&outbox, &sandbox.base_url(), API_KEY, |settings| settings.concurrency = 1);
    running.wait_until_empty();
    let State::Done(Outcome::Parked(parked)) = outbox.state(1) else { panic!("{:?}", outbox.state(1)) };
    assert_eq!((parked.cause, parked.status), (ParkCause::Refused, Some(400)));
    assert_eq!(parked.body, "{\"message\":\"bad \"}");
    assert_eq!(sandbox.event_count(), 2);
}

#[test]
fn ids_that_the_filter_grammar_cannot_hold_are_settled() {
    let sandbox = sandbox(FaultScript::of([FaultRule::on_post(FaultAction::LoseAnswer)]));
    let outbox = MemoryOutbox::default();
    let ids = [
        "a;b",
        "a=b",
        "o'hara",
        "\"q\"",
        "with space",
        "жук",
        "50%",
        "a*b?",
        "a==b;eventName==c",
        "\\",
        "~!<>",
        " x",
        "a+b&c",
    ];
    for id in ids {
        outbox.add(&sandbox.base_url(), id);
    }
    let running = Running::start(&outbox, &sandbox.base_url(), API_KEY, |_| {});
    running.wait_until_empty();
    assert_eq!(sandbox.event_count(), ids.len());
    assert_eq!(sandbox.repeated(), []);
    assert!(running.recorder.settled.lock().unwrap().iter().all(|how| *how == Settled::Found));
}

#[test]
fn a_storm_of_faults_ends_with_every_event_in_px_once() {
    let rules = [
        FaultRule::on_post(FaultAction::LoseAnswer).with_probability(0.2),
        FaultRule::on_post(FaultAction::LoseRequest).with_probability(0.2),
        FaultRule::on_post(answer(500, Processing::Processed)).with_probability(0.05),
        FaultRule::on_post(answer(500, Processing::Dropped)).with_probability(0.05),
        FaultRule::on_post(answer(429, Processing::Dropped)).with_probability(0.1),
        FaultRule { probability: Some(0.1), action: answer(503, Processing::Dropped), ..FaultRule::default() },
    ];
    let faults = FaultScript { rules: rules.into(), read_lag: ReadLag { min_ms: 0, max_ms: 100 } };
    let sandbox = sandbox(faults);
    let outbox = MemoryOutbox::default();
    for index in 0..200 {
        outbox.add(&sandbox.base_url(), &format!("user-{index}"));
    }
    // Restarts in the middle: what is under way then is unknown.
    for sent in [20, 60, 120] {
        let running = Running::start(&outbox, &sandbox.base_url(), API_KEY, |_| {});
        let count = |books: &super::memory::Books| {
            books.rows.values().filter(|row| row.state == State::Done(Outcome::Sent { copies: 1 })).count()
        };
        assert!(outbox.wait_until(|books| count(books) >= sent));
        drop(running);
        outbox.restart();
    }
    let running = Running::start(&outbox, &sandbox.base_url(), API_KEY, |_| {});
    running.wait_until_empty();
    assert_eq!(sandbox.event_count(), 200);
    assert_eq!(sandbox.repeated(), []);
    assert!(outbox.books().rows.values().all(|row| row.state == State::Done(Outcome::Sent { copies: 1 })));
}

#[test]
fn a_server_that_is_down_is_waited_for() {
    let mut sandbox = sandbox(FaultScript::default());
    sandbox.go_down();
    let outbox = MemoryOutbox::default();
    for _ in 0..20 {
        outbox.add(&sandbox.base_url(), "u-1");
    }
    let running = Running::start(&outbox, &sandbox.base_url(), API_KEY, |_| {});
    assert!(outbox.wait_until(|books| books.requests.values().sum::<u64>() > 20));
    sandbox.come_up().unwrap();
    running.wait_until_empty();
    assert_eq!((sandbox.event_count(), sandbox.repeated()), (20, Vec::new()));
    assert_eq!(running.codes(Call::FindEvent), [], "a refused connection leaves nothing unknown");
    let posts = running.codes(Call::SendEvent);
    assert!(posts.iter().all(|code| matches!(code, Code::NotConnected | Code::Status(201))), "{posts:?}");
    running.stop.send_replace(true);
    assert_eq!(*running.recorder.health.lock().unwrap(), [Some(Trouble::NotConnected), None]);
}

#[test]
fn a_key_that_may_not_write_keeps_every_event() {
    let sandbox = sandbox(FaultScript::default());
    let outbox = MemoryOutbox::default();
    outbox.add(&sandbox.base_url(), "u-1");
    let running = Running::start(&outbox, &sandbox.base_url(), READ_ONLY_API_KEY, |_| {});
    assert!(outbox.wait_until(|books| books.rows[&1].attempts >= 3));
    running.stop.send_replace(true);
    assert_eq!(running.recorder.health.lock().unwrap()[0], Some(Trouble::NotAllowed));
    assert!(running.codes(Call::SendEvent).iter().all(|code| *code == Code::Status(403)));
    assert_eq!(sandbox.event_count(), 0);
}

/// Reads one request, head and body, as far as the peer sends it.
fn read_request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut chunk = [0; 4_096];
    while !text.ends_with(b"}") {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(len) => text.extend_from_slice(&chunk[..len]),
        }
    }
    String::from_utf8(text).unwrap()
}

/// Sends a POST for each of the bodies, one after the other, over one client.
fn send_all(base_url: &str, bodies: &[&str]) -> Vec<Answer> {
    let (settings, _directory) = settings(base_url, "test-key");
    let key = key::read(&settings.api_key, |_| None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let transport = HttpTransport::new(&settings).unwrap();
        let mut answers = Vec::new();
        for body in bodies {
            let url = format!("{base_url}/events/custom");
            let outgoing = Outgoing { call: Call::SendEvent, url, body: Some((*body).into()), key: key.clone() };
            answers.push(transport.send(outgoing).await);
        }
        answers
    })
}

#[test]
fn a_request_that_meets_the_end_of_a_kept_connection_is_not_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut requests = Vec::new();
        let (mut stream, _) = listener.accept().unwrap();
        requests.push(read_request(&mut stream));
        stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        requests.push(read_request(&mut stream));
        drop(stream);
        listener.set_nonblocking(true).unwrap();
        (requests, listener)
    });
    let answers = send_all(&base_url, &["{1}", "{2}"]);
    let (requests, listener) = server.join().unwrap();
    assert!(matches!(answers[0], Answer::Status { status: 201, .. }), "{answers:?}");
    assert!(matches!(answers[1], Answer::Lost { .. }), "{answers:?}");
    assert!(requests[0].contains("{1}") && requests[1].contains("{2}"), "{requests:?}");
    assert!(listener.accept().is_err(), "a second connection: something was sent again");
    let head = requests[0].to_ascii_lowercase();
    for part in [
        "post /v1/events/custom http/1.1\r\n",
        "x-aptrinsic-api-key: test-key\r\n",
        "content-type: application/json\r\n",
    ] {
        assert!(head.contains(part), "{head}");
    }
}

#[test]
fn what_never_reached_a_server_is_not_connected() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = send_all(&format!("http://{address}/v1"), &["{}"]);
    assert!(matches!(refused[0], Answer::NotConnected { .. }), "{refused:?}");
    let unknown_name = send_all("https://px.invalid/v1", &["{}"]);
    assert!(matches!(unknown_name[0], Answer::NotConnected { .. }), "{unknown_name:?}");
    // A server that does not speak TLS.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n");
    });
    let no_tls = send_all(&format!("https://{address}/v1"), &["{}"]);
    server.join().unwrap();
    assert!(matches!(no_tls[0], Answer::NotConnected { .. }), "{no_tls:?}");
}

#[test]
fn a_server_that_says_nothing_or_nonsense_is_lost() {
    for nonsense in ["", "HTTP/1.1 201", "HTTP/9.9 201 Created\r\n\r\n", "hello"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut stream);
            stream.write_all(nonsense.as_bytes()).unwrap();
        });
        let answers = send_all(&base_url, &["{}"]);
        server.join().unwrap();
        assert!(matches!(answers[0], Answer::Lost { .. }), "{nonsense:?}: {answers:?}");
    }
}
