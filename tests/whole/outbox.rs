//! The outbox as operators use it: events that are parked, tried again, dropped, damaged and removed.

use std::path::PathBuf;

use pxtail::sandbox::{FaultAction, FaultRule, FaultScript, ScriptedAnswer};
use rusqlite::Connection;

use crate::agent::{Bench, HITS_METRIC, Output};
use crate::oracle::Books;

const SOURCE: &str = "[[source]]\nname = \"web\"\npaths = [\"$DIR/a.log\"]\npattern = \"combined\"\n";

/// One event each, of as many lines as the client's number says.
fn bench_of(clients: std::ops::Range<u64>, push: &str) -> Bench {
    let bench = Bench::new();
    bench.write_config(push, &format!("{SOURCE}{HITS_METRIC}"));
    for client in clients {
        for _ in 0..client {
            let line =
                format!("192.0.2.{client} - - [10/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"t\"\n");
            bench.append("a.log", line.as_bytes());
        }
    }
    bench
}

fn ledger(bench: &Bench) -> PathBuf {
    bench.path("state/ledger.sqlite3")
}

fn outbox(bench: &Bench, arguments: &[&str]) -> Output {
    bench.pxtail(&[&["outbox"], arguments, &["--config", "pxtail.toml"]].concat())
}

/// Events and lines of a line of the list.
fn total(bench: &Bench, name: &str) -> (u64, u64) {
    let list = outbox(bench, &["list"]).stdout;
    let line = list.lines().find(|line| line.starts_with(name)).unwrap();
    let numbers: Vec<u64> = line.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect();
    (numbers[0], numbers[1])
}

fn total_if_listed(bench: &Bench, name: &str) -> (u64, u64) {
    if ledger(bench).exists() && outbox(bench, &["list"]).code == Some(0) { total(bench, name) } else { (0, 0) }
}

/// The id of a client's event.
fn id_of(bench: &Bench, client: u64) -> String {
    let list = outbox(bench, &["list", "--json"]).stdout;
    let events = list.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let user = format!("192.0.2.{client}");
    let event = events.into_iter().find(|event| event["identifyId"] == user.as_str()).unwrap();
    event["eventId"].as_str().unwrap().to_owned()
}

fn held(bench: &Bench) -> Vec<(String, u64)> {
    let books = Books::held(&bench.sandbox, "Hits");
    books.0.into_iter().map(|((user, ..), sums)| (user, sums.lines)).collect()
}

fn is_held(bench: &Bench, client: u64) -> bool {
    held(bench).contains(&(format!("192.0.2.{client}"), client))
}

fn refuse_all(bench: &Bench) {
    let body = r#"{"externalapierror":{"status":"BAD_REQUEST","message":"attribute `x` is of another type"}}"#;
    let answer = ScriptedAnswer { status: 400, body: body.to_owned(), ..ScriptedAnswer::default() };
    bench.sandbox.set_faults(FaultScript::of([FaultRule::on_post(FaultAction::Answer(answer))])).unwrap();
}

#[track_caller]
fn check(output: &Output, code: i32, stderr: &str) {
    assert_eq!(output.code, Some(code), "{output:?}");
    assert!(output.stderr.contains(stderr), "{stderr}: {output:?}");
}

#[test]
fn parked_events_arrive_once_when_tried_again_and_never_when_dropped() {
    let bench = bench_of(1..5, "");
    refuse_all(&bench);
    let agent = bench.start();
    bench.wait_until("all are parked", || total_if_listed(&bench, "parked") == (4, 10));
    let id: Vec<String> =
        (0..5).map(|client| if client == 0 { String::new() } else { id_of(&bench, client) }).collect();
    let shown = outbox(&bench, &["show", &id[2][..13]]).stdout;
    for part in ["parked", "refused", "of another type", "192.0.2.2", "\n    \"lines\": 2,\n", "attempts     1\n"] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    let shown = outbox(&bench, &["show", &id[2], "--json"]).stdout;
    let event: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&event["status"], &event["body"]["attributes"]["lines"]), (&400.into(), &2.into()), "{shown}");
    check(&outbox(&bench, &["show", "zz"]), 1, "no event's id begins with `zz`");
    bench.sandbox.set_faults(FaultScript::default()).unwrap();

    check(&outbox(&bench, &["retry", &id[1]]), 0, "1 event with 1 lines will be sent");
    bench.wait_until("the first arrives", || is_held(&bench, 1));
    bench.wait_until("that is noted", || total(&bench, "sent") == (1, 1));
    check(&outbox(&bench, &["retry", &id[1]]), 1, "PX has it already");
    check(&outbox(&bench, &["drop", &id[2]]), 1, "1 event with 2 lines would be dropped\nhelp:");
    assert_eq!(total(&bench, "dropped"), (0, 0));
    check(&outbox(&bench, &["drop", &id[2], "--why", "test traffic", "--yes"]), 0, "1 event with 2 lines dropped");
    check(&outbox(&bench, &["retry", &id[2]]), 1, "it was dropped, which is for ever");
    assert!(outbox(&bench, &["show", &id[2]]).stdout.contains("(test traffic)"));
    assert!(agent.terminate().0.success());

    // Under the state lock.
    check(&outbox(&bench, &["retry", "--metric", "hits"]), 0, "2 events with 7 lines will be sent");
    check(&outbox(&bench, &["drop", &id[4], "--yes"]), 0, "1 event with 4 lines dropped");
    let agent = bench.start();
    bench.wait_until("the third arrives", || is_held(&bench, 3));
    bench.wait_until("that is noted", || total(&bench, "sent") == (2, 4));
    assert!(agent.terminate().0.success());
    assert_eq!(held(&bench), [("192.0.2.1".to_owned(), 1), ("192.0.2.3".to_owned(), 3)]);
    assert_eq!((bench.sandbox.repeated(), total(&bench, "dropped")), (vec![], (2, 6)));
}

#[test]
fn an_event_that_landed_unnoticed_is_asked_for_and_not_sent_again() {
    let bench = bench_of(1..2, "");
    let silent = FaultRule {
        method: Some("GET".to_owned()),
        path: Some("/v1/events".to_owned()),
        action: FaultAction::Answer(ScriptedAnswer { status: 500, ..ScriptedAnswer::default() }),
        ..FaultRule::default()
    };
    bench.sandbox.set_faults(FaultScript::of([FaultRule::on_post(FaultAction::LoseAnswer), silent])).unwrap();
    let agent = bench.start();
    bench.wait_until("it landed", || is_held(&bench, 1));
    bench.wait_until("nobody knows", || total(&bench, "unknown") == (1, 1));
    agent.kill();
    // A ledger that was put back from a backup: what waits in it may have been sent since.
    Connection::open(ledger(&bench))
        .unwrap()
        .execute_batch("UPDATE counter SET value = 1 WHERE name = 'commits'")
        .unwrap();
    bench.sandbox.set_faults(FaultScript::default()).unwrap();
    let agent = bench.start();
    bench.wait_until("it is parked", || total(&bench, "parked") == (1, 1));
    let list = outbox(&bench, &["list"]).stdout;
    assert!(list.contains("1 with 1 lines may have been sent by another ledger"), "{list}");
    let id = id_of(&bench, 1);
    assert!(outbox(&bench, &["show", &id]).stdout.contains("adopted      mended: "));
    check(&outbox(&bench, &["retry", &id]), 1, "may have been sent then\nhelp: another ledger may have sent it");
    check(&outbox(&bench, &["retry", "--all-parked"]), 0, "add --sent-nothing");
    assert_eq!(total(&bench, "parked"), (1, 1));
    let done = outbox(&bench, &["retry", &id, "--sent-nothing"]);
    check(&done, 0, "1 event with 1 lines may have arrived: PX is asked before they are sent");
    bench.wait_until("PX says that it has it", || total(&bench, "sent") == (1, 1));
    assert!(agent.terminate().0.success());
    assert_eq!((bench.sandbox.event_count(), bench.sandbox.repeated()), (1, vec![]));
}

#[test]
fn a_damaged_row_parks_alone_and_the_others_arrive() {
    let bench = bench_of(1..7, "hold = true");
    let agent = bench.start();
    bench.wait_until("all are sealed", || total_if_listed(&bench, "held") == (6, 21));
    let change = "UPDATE outbox SET body = CAST(replace(CAST(body AS TEXT), '\"lines\":', '\"lines\":9') AS BLOB)
                  WHERE identify_id IN ('192.0.2.1', '192.0.2.2')";
    Connection::open(ledger(&bench)).unwrap().execute_batch(change).unwrap();
    check(&outbox(&bench, &["release"]), 0, "6 events released");
    bench.wait_until("the others arrive", || held(&bench).len() == 4);
    bench.wait_until("that is noted", || total(&bench, "sent") == (4, 18));
    assert_eq!(total(&bench, "parked"), (2, 3));
    assert!((3..7).all(|client| is_held(&bench, client)), "{:?}", held(&bench));
    let said = agent.said();
    assert!(said.contains("an event's row is damaged") && !said.contains("the ledger was damaged"), "{said}");
    let list = outbox(&bench, &["list", "--state", "parked"]).stdout;
    assert_eq!(list.matches("damaged: what is sent").count(), 2, "{list}");
    check(&outbox(&bench, &["retry", &id_of(&bench, 1)]), 1, "its row is damaged\nhelp:");
    check(
        &outbox(&bench, &["drop", "--metric", "hits", "--state", "parked", "--yes"]),
        0,
        "2 events with 3 lines dropped",
    );
    assert!(agent.terminate().0.success());
    assert_eq!((held(&bench).len(), bench.sandbox.repeated()), (4, vec![]));
}

#[test]
fn what_was_sent_long_enough_ago_is_removed_and_stays_in_the_totals() {
    let bench = bench_of(1..4, "sent_retention = \"0s\"");
    let agent = bench.start();
    bench.wait_until("all are sent", || total_if_listed(&bench, "sent") == (3, 6));
    assert!(agent.terminate().0.success());
    let agent = bench.start();
    bench.wait_until("they are removed", || total(&bench, "removed") == (3, 6));
    assert_eq!(total(&bench, "sent"), (0, 0));
    assert!(agent.terminate().0.success());
    assert_eq!(bench.sandbox.event_count(), 3);
}
