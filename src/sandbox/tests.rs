use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};

use super::*;

/// How long a test waits for something that must come; far longer than it ever takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn sandbox_with(faults: &str) -> Sandbox {
    let faults = serde_json::from_str(faults).unwrap();
    Sandbox::start_blocking(SandboxSettings { limits: Limits::unpaced(), faults, ..SandboxSettings::default() })
        .unwrap()
}

fn sandbox() -> Sandbox {
    sandbox_with("{}")
}

fn event(id: &str) -> String {
    json!({
        "eventId": id, "eventName": "API Usage", "identifyId": "u1", "accountId": "acme", "propertyKey": PRODUCT_KEY,
        "userType": "USER", "date": SystemClock.now().millis(), "attributes": { "hits": 2 },
    })
    .to_string()
}

fn request(method: &str, target: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-APTRINSIC-API-KEY: {API_KEY}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Sends one request and gives every byte that comes back until the connection ends.
fn exchange(sandbox: &Sandbox, method: &str, target: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request(method, target, body).as_bytes()).unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    String::from_utf8(received).unwrap()
}

fn post(sandbox: &Sandbox, id: &str) -> String {
    exchange(sandbox, "POST", "/v1/events/custom", &event(id))
}

/// A call at the desk: the status and the body.
fn desk(sandbox: &Sandbox, method: &str, target: &str, body: &str) -> (String, Value) {
    let answer = exchange(sandbox, method, target, body);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

/// One POST under one rule: what the client's bytes begin with, whether PX holds the event, what the note says.
#[track_caller]
fn check(rule: &str, begins: &str, stored: usize, status: Option<u16>) -> String {
    let sandbox = sandbox_with(&format!(r#"{{"rules":[{rule}]}}"#));
    let received = post(&sandbox, "e1");
    assert!(received.starts_with(begins), "{rule}: {received:?}");
    assert_eq!(received.is_empty(), begins.is_empty(), "{rule}: {received:?}");
    assert_eq!(sandbox.event_count(), stored, "{rule}");
    let notes = sandbox.requests();
    assert_eq!((notes.len(), notes[0].status, notes[0].stored.is_some()), (1, status, stored > 0), "{rule}");
    assert!(notes[0].fault.is_some(), "{rule}");
    received
}

#[test]
fn each_fault_is_what_its_name_says_at_the_socket() {
    for (rule, begins, stored, status) in [
        (r#"{"action":"lose_answer"}"#, "", 1, None),
        (r#"{"action":"lose_request"}"#, "", 0, None),
        (r#"{"action":"pass"}"#, "HTTP/1.1 201 Created\r\n", 1, Some(201)),
        (r#"{"action":{"answer":{"status":500}}}"#, "HTTP/1.1 500 ", 0, Some(500)),
        (r#"{"action":{"answer":{"status":500,"call":"processed"}}}"#, "HTTP/1.1 500 ", 1, Some(500)),
        (r#"{"action":{"answer":{"status":200,"call":"processed"}}}"#, "HTTP/1.1 200 ", 1, Some(200)),
    ] {
        check(rule, begins, stored, status);
    }
}

#[test]
fn a_scripted_answer_carries_its_headers_and_body() {
    for (answer, expected) in [
        (r#"{"status":429,"headers":{"retry-after":"7"}}"#, "\r\nretry-after: 7\r\n"),
        (r#"{"status":302,"headers":{"location":"http://127.0.0.1:1/"}}"#, "\r\nlocation: http://127.0.0.1:1/\r\n"),
        (r#"{"status":403,"headers":{"content-type":"text/html"},"body":"<h1>no</h1>"}"#, "\r\n\r\n<h1>no</h1>"),
    ] {
        let status = answer[10..13].parse().unwrap();
        let rule = format!(r#"{{"action":{{"answer":{answer}}}}}"#);
        let received = check(&rule, &format!("HTTP/1.1 {status} "), 0, Some(status));
        assert!(received.contains(expected), "{received:?}");
    }
}

#[test]
fn a_cut_answer_ends_in_the_middle_of_its_body() {
    let received = check(r#"{"action":"cut_body"}"#, "HTTP/1.1 201 Created\r\n", 1, Some(201));
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    let promised =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let promised: usize = promised.unwrap().parse().unwrap();
    assert!(!body.is_empty() && body.len() < promised, "{} of {promised} bytes", body.len());
}

#[test]
fn slow_faults_take_at_least_their_time_and_lose_nothing() {
    for (rule, least_ms) in [
        (r#"{"delay_before_ms":60}"#, 60),
        (r#"{"delay_after_ms":60}"#, 60),
        // The body is longer than 150 bytes.
        (r#"{"action":{"slow_read":{"bytes_per_second":2000}}}"#, 75),
        // The head is longer than 80 bytes: 20 bytes, then at least three pauses of 100 ms.
        (r#"{"action":{"slow_answer":{"bytes_per_second":200}}}"#, 300),
    ] {
        let begun = Instant::now();
        let received = check(rule, "HTTP/1.1 201 Created\r\n", 1, Some(201));
        assert!(begun.elapsed() >= Duration::from_millis(least_ms), "{rule} took {:?}", begun.elapsed());
        assert!(received.ends_with("\r\n\r\n"), "{received:?}");
    }
}

#[test]
fn a_request_is_processed_also_when_its_client_has_gone() {
    // Many, because it is a race who comes first: the server to the request, or the end to the server.
    const CLIENTS: usize = 200;
    for rules in ["[]", r#"[{"delay_before_ms":5}]"#] {
        let sandbox = sandbox_with(&format!(r#"{{"rules":{rules}}}"#));
        for client in 0..CLIENTS {
            let mut stream = TcpStream::connect(sandbox.address()).unwrap();
            let sent = request("POST", "/v1/events/custom", &event(&client.to_string()));
            stream.write_all(sent.as_bytes()).unwrap();
        }
        assert!(sandbox.wait_for_events(CLIENTS, PATIENCE), "{} of {CLIENTS}", sandbox.event_count());
        assert_eq!(sandbox.repeated(), []);
    }
}

#[test]
fn half_a_request_stores_nothing() {
    let sandbox = sandbox();
    let whole = request("POST", "/v1/events/custom", &event("e1"));
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    stream.write_all(&whole.as_bytes()[..whole.len() - 5]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut received = Vec::new();
    // Whether it is told so or just closed is the server's choice.
    let _ = stream.read_to_end(&mut received);
    assert!(!received.starts_with(b"HTTP/1.1 201"));
    assert!(post(&sandbox, "e2").starts_with("HTTP/1.1 201"));
    assert_eq!((sandbox.event_count(), sandbox.requests().len(), sandbox.refusals().len()), (1, 1, 0));
}

#[test]
fn a_connection_serves_many_requests_and_faults_do_not_stick() {
    let sandbox = sandbox_with(r#"{"rules":[{"nth":2,"action":{"slow_answer":{"bytes_per_second":5000}}}]}"#);
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    for id in ["a", "b", "c"] {
        let kept = request("POST", "/v1/events/custom", &event(id)).replace("Connection: close\r\n", "");
        stream.write_all(kept.as_bytes()).unwrap();
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            received.push(byte[0]);
        }
        assert!(received.starts_with(b"HTTP/1.1 201"), "{id}");
    }
    let events = sandbox.events();
    let ids: Vec<Option<&str>> = events.iter().map(StoredEvent::event_id).collect();
    assert_eq!(ids, [Some("a"), Some("b"), Some("c")]);
}

#[test]
fn many_clients_at_once_are_each_stored_once() {
    let sandbox = sandbox();
    std::thread::scope(|scope| {
        for client in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for turn in 0..25 {
                    assert!(post(sandbox, &format!("{client}-{turn}")).starts_with("HTTP/1.1 201"));
                }
            });
        }
    });
    let events = sandbox.events();
    let mut ids: Vec<&str> = events.iter().filter_map(StoredEvent::event_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), sandbox.repeated().len(), sandbox.requests().len()), (200, 0, 200));
    assert!(events.iter().enumerate().all(|(index, event)| event.sequence() == index as u64));
    let totals = sandbox.totals();
    let hits: u64 = totals.values().map(|total| total.events).sum();
    assert_eq!(hits, 200);
}

#[test]
fn a_client_library_can_talk_to_it_on_the_callers_runtime() {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/events/custom", sandbox.base_url());
        let call = client.post(&url).header("X-APTRINSIC-API-KEY", API_KEY).header("Content-Type", "application/json");
        assert_eq!(call.body(event("e1")).send().await.unwrap().status(), 201);
        let filtered = format!("{url}?filter=identifyId%3D%3DU1%3BeventName==API+Usage");
        let answer = client.get(&filtered).header("X-APTRINSIC-API-KEY", READ_ONLY_API_KEY).send().await.unwrap();
        let page: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!((&page["totalHits"], &page["customEvents"][0]["eventId"]), (&json!(1), &json!("e1")));

        let lost = FaultScript::of([FaultRule::on_post(FaultAction::LoseAnswer).times(1)]);
        sandbox.set_faults(lost).unwrap();
        let call = client.post(&url).header("X-APTRINSIC-API-KEY", API_KEY).header("Content-Type", "application/json");
        assert!(call.body(event("e2")).send().await.is_err());
        assert_eq!(sandbox.event_count(), 2);

        let mut beside = Sandbox::start_blocking(SandboxSettings::default()).unwrap();
        beside.go_down();
        beside.come_up().unwrap();
    });
}

#[test]
fn a_dropped_sandbox_listens_no_more_and_frees_its_port() {
    let sandbox = sandbox();
    let address = sandbox.address();
    let mut open = TcpStream::connect(address).unwrap();
    open.set_read_timeout(Some(PATIENCE)).unwrap();
    drop(sandbox);
    assert_eq!(open.read(&mut [0; 8]).unwrap_or(0), 0, "an idle connection ends");
    assert!(TcpStream::connect(address).is_err());
    let again = Sandbox::start_blocking(SandboxSettings { listen: address, ..SandboxSettings::default() }).unwrap();
    assert_eq!(again.address(), address);
}

#[test]
fn a_sandbox_that_was_down_holds_what_it_held() {
    let mut sandbox = sandbox();
    post(&sandbox, "a");
    sandbox.go_down();
    assert!(TcpStream::connect(sandbox.address()).is_err());
    sandbox.come_up().unwrap();
    sandbox.come_up().unwrap();
    post(&sandbox, "b");
    assert_eq!(sandbox.event_count(), 2);
}

#[test]
fn a_lost_connection_is_reset_when_asked() {
    for (ending, expected) in [("close", None), ("reset", Some(std::io::ErrorKind::ConnectionReset))] {
        let sandbox = sandbox_with(&format!(r#"{{"rules":[{{"ending":"{ending}","action":"lose_answer"}}]}}"#));
        let mut stream = TcpStream::connect(sandbox.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request("POST", "/v1/events/custom", &event("e1")).as_bytes()).unwrap();
        let mut received = Vec::new();
        let ended = stream.read_to_end(&mut received).err().map(|err| err.kind());
        assert_eq!((ended, received.len(), sandbox.event_count()), (expected, 0, 1), "{ending}");
    }
}

#[test]
fn the_desk_turns_other_sites_away() {
    let sandbox = sandbox();
    post(&sandbox, "a");
    for (host, extra, expected) in [
        ("127.0.0.1:8089", "", "204"),
        ("[::1]:8089", "", "204"),
        ("localhost:8089", "Sec-Fetch-Site: same-origin\r\n", "204"),
        ("localhost", "Sec-Fetch-Site: cross-site\r\n", "403"),
        ("evil.example", "", "403"),
        ("localhost.evil.example", "", "403"),
        ("127.0.0.1.evil.example", "", "403"),
    ] {
        let asked =
            request("POST", "/sandbox/reset", "").replace("Host: 127.0.0.1\r\n", &format!("Host: {host}\r\n{extra}"));
        let mut stream = TcpStream::connect(sandbox.address()).unwrap();
        stream.write_all(asked.as_bytes()).unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).unwrap();
        assert_eq!(&received[9..12], expected, "{host} {extra}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused_with_help() {
    let start = |change: &dyn Fn(&mut SandboxSettings)| {
        let mut settings = SandboxSettings::default();
        change(&mut settings);
        Sandbox::start_blocking(settings).err().map(|err| err.to_string())
    };
    let taken = sandbox();
    let address = taken.address();
    for (message, expected) in [
        (
            start(&|settings| settings.listen = SocketAddr::from(([0, 0, 0, 0], 0))),
            "sandbox: `0.0.0.0:0` is not a loopback address\n\
             help: listen at 127.0.0.1 or [::1]; other addresses only when told so"
                .to_owned(),
        ),
        (
            start(&|settings| settings.time_zone = "Mars/Base".to_owned()),
            "sandbox: `Mars/Base` is not a time zone\nhelp: use an IANA name such as `Europe/Paris`".to_owned(),
        ),
        (
            start(&|settings| settings.faults.read_lag = ReadLag { min_ms: 2, max_ms: 1 }),
            "sandbox: faults: read_lag: `min_ms` is greater than `max_ms`\n\
             help: correct the script, or leave it out for a server without faults"
                .to_owned(),
        ),
        (
            start(&|settings| settings.listen = address),
            format!(
                "sandbox: cannot listen at `{address}`: Address already in use (os error 98)\n\
                 help: take another address, or port 0 for any free port"
            ),
        ),
    ] {
        assert_eq!(message, Some(expected));
    }
    let open = SandboxSettings {
        listen: SocketAddr::from(([0, 0, 0, 0], 0)),
        exposure: Exposure::AnyAddress,
        ..SandboxSettings::default()
    };
    assert!(Sandbox::start_blocking(open).is_ok());
}

#[test]
fn the_desk_shows_what_is_held() {
    let sandbox = sandbox();
    for id in ["a", "b", "b", "<script>alert(1)</script>"] {
        post(&sandbox, id);
    }
    let refused = exchange(&sandbox, "POST", "/v1/events/custom", "{}");
    assert!(refused.starts_with("HTTP/1.1 400"));
    let (_, events) = desk(&sandbox, "GET", "/sandbox/events", "");
    assert_eq!((&events["count"], events["events"].as_array().unwrap().len()), (&json!(4), 4));
    assert_eq!(events["events"][3]["eventId"], "<script>alert(1)</script>");
    assert_eq!(events["repeated"], json!([{ "eventId": "b", "times": 2 }]));
    let (_, part) = desk(&sandbox, "GET", "/sandbox/events?from=1&limit=2", "");
    assert_eq!((&part["events"][0]["eventId"], part["events"].as_array().unwrap().len()), (&json!("b"), 2));
    let (_, summary) = desk(&sandbox, "GET", "/sandbox/events?summary=1", "");
    assert_eq!(summary["refused"], json!({ "missing_field": 1 }));
    assert_eq!(summary["oddities"]["unknownUsers"], 4);
    let total = &summary["totals"][0];
    let shown = (&total["accountId"], &total["eventName"], &total["events"], &total["sums"]);
    assert_eq!(shown, (&json!("acme"), &json!("API Usage"), &json!(4), &json!({ "hits": 8 })));
    let (_, requests) = desk(&sandbox, "GET", "/sandbox/requests?from=4", "");
    let note = &requests["requests"][0];
    assert_eq!(
        (&note["status"], &note["refused"], &note["stored"]),
        (&json!(400), &json!("missing_field"), &json!(null))
    );
    assert_eq!(desk(&sandbox, "POST", "/sandbox/reset", "").0, "204");
    assert_eq!((sandbox.event_count(), sandbox.requests().len(), sandbox.refusals().len()), (0, 0, 0));
}

#[test]
fn faults_and_attributes_are_set_at_the_desk() {
    let sandbox = sandbox();
    let script = json!({ "rules": [{ "method": "POST", "times": 1, "action": "lose_answer" }] });
    assert_eq!(desk(&sandbox, "POST", "/sandbox/faults", &script.to_string()).0, "204");
    assert_eq!(post(&sandbox, "a"), "");
    let (_, faults) = desk(&sandbox, "GET", "/sandbox/faults", "");
    assert_eq!((&faults["fired"], &faults["script"]["rules"][0]["action"]), (&json!([1]), &json!("lose_answer")));
    assert_eq!(desk(&sandbox, "DELETE", "/sandbox/faults", "").0, "204");
    assert!(post(&sandbox, "b").starts_with("HTTP/1.1 201"));
    for (body, expected) in [
        ("nonsense", "faults: expected ident at line 1 column 2"),
        (r#"{"rules":[{"probability":7}]}"#, "faults: rules[0]: `probability` must be 0 to 1"),
    ] {
        let answer = desk(&sandbox, "POST", "/sandbox/faults", body);
        assert_eq!(answer, ("400".to_owned(), json!({ "error": expected })));
    }
    let attributes = json!({ "user": [{ "apiName": "calls", "type": "NUMBER" }] });
    assert_eq!(desk(&sandbox, "PUT", "/sandbox/attributes", &attributes.to_string()).0, "204");
    let (_, known) = desk(&sandbox, "GET", "/sandbox/attributes", "");
    assert_eq!(known["user"].as_array().unwrap().last().unwrap()["name"], "calls");
    assert_eq!(desk(&sandbox, "PUT", "/sandbox/attributes", r#"{"user":[{}]}"#).0, "400");
    let user = json!({ "identifyId": "u1", "propertyKeys": [PRODUCT_KEY], "customAttributes": { "calls": 3 } });
    assert!(exchange(&sandbox, "POST", "/v1/users", &user.to_string()).starts_with("HTTP/1.1 201"));
    let (_, people) = desk(&sandbox, "GET", "/sandbox/users", "");
    assert_eq!((&people["users"][0]["customAttributes"], &people["accounts"]), (&json!({ "calls": 3 }), &json!([])));
    assert_eq!(sandbox.profile(Model::User, "u1").unwrap()["identifyId"], "u1");
}

#[test]
fn the_page_stands_alone_and_takes_no_markup_from_events() {
    let sandbox = sandbox();
    let page = exchange(&sandbox, "GET", "/", "");
    let script = exchange(&sandbox, "GET", "/sandbox/page.js", "");
    assert!(page.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{page}");
    for text in [&page, &script] {
        assert!(text.starts_with("HTTP/1.1 200"));
        for forbidden in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "http://", "https://", "//cdn"]
        {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
    }
}

#[test]
fn a_body_beyond_the_limit_is_refused_and_the_server_goes_on() {
    let sandbox = sandbox();
    let large = format!(r#"{{"eventName":"{}"}}"#, "x".repeat(8 << 20));
    assert!(exchange(&sandbox, "POST", "/v1/events/custom", &large).starts_with("HTTP/1.1 400"));
    assert!(post(&sandbox, "a").starts_with("HTTP/1.1 201"));
    assert_eq!((sandbox.event_count(), sandbox.refusals().get(&Reason::BodyTooLarge)), (1, Some(&1)));
}
