//! Following, holding, releasing, stopping: the agent's everyday life.

use std::time::Duration;

use crate::agent::{Bench, HITS_METRIC};
use crate::oracle::Books;

const SOURCE: &str =
    "[[source]]\nname = \"web\"\npaths = [\"$DIR/*.log\"]\nexclude = [\"agent.log\"]\npattern = \"combined\"\n";

fn one_metric() -> String {
    format!("{SOURCE}{HITS_METRIC}")
}

fn line(client: &str, number: u64) -> String {
    format!("{client} - - [10/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 {number} \"-\" \"t\"\n")
}

fn held(bench: &Bench) -> Books {
    Books::held(&bench.sandbox, "Hits")
}

#[test]
fn held_events_are_sent_only_after_a_release() {
    let bench = Bench::new();
    bench.write_config("hold = true", &one_metric());
    bench.append("a.log", line("192.0.2.1", 7).as_bytes());
    let agent = bench.start();
    bench.wait_until("the window seals", || agent.said().contains("sealed 1 windows"));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(bench.sandbox.event_count(), 0);
    let output = bench.pxtail(&["outbox", "release", "--config", "pxtail.toml"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), "1 events released\n"));
    bench.wait_until("the event is sent", || held(&bench).lines() == 1);
    drop(agent);
    let output = bench.pxtail(&["outbox", "list", "--config", "pxtail.toml"]);
    assert!(output.stdout.contains("sent              1              1"), "{}", output.stdout);
}

#[test]
fn a_refused_event_is_listed_with_what_px_said() {
    let bench = Bench::new();
    let config = bench.write_config("", &one_metric());
    let text = std::fs::read_to_string(&config).unwrap().replace(pxtail::sandbox::PRODUCT_KEY, "AP-UNKNOWN-2");
    std::fs::write(&config, text).unwrap();
    bench.append("a.log", line("192.0.2.1", 7).as_bytes());
    let output = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let listed = bench.pxtail(&["outbox", "list", "--config", "pxtail.toml"]).stdout;
    assert!(listed.contains("metric `hits`, window from 2026-11-10T00:00:00.000Z, revision 1"), "{listed}");
    assert!(listed.contains("(status 400)") && listed.contains("AP-UNKNOWN-2"), "{listed}");
    assert_eq!(bench.sandbox.event_count(), 0);
}

#[test]
fn a_stop_loses_nothing_and_seals_nothing_early() {
    let bench = Bench::new();
    // Today's window: it cannot seal before tomorrow.
    let today = jiff::Timestamp::now().strftime("%d/%b/%Y").to_string();
    let line = |number| line("192.0.2.1", number).replace("10/Nov/2026:12", &format!("{today}:00"));
    bench.write_config("", &one_metric().replace("grace = \"1s\"", "grace = \"7d\""));
    bench.append("a.log", line(1).as_bytes());
    let agent = bench.start();
    bench.wait_until("the line is read", || agent.said().contains("new file"));
    std::thread::sleep(Duration::from_millis(400));
    let (status, took) = agent.terminate();
    assert!(status.success() && took < Duration::from_secs(5), "{status} after {took:?}");
    assert_eq!(bench.sandbox.event_count(), 0);
    bench.append("a.log", line(2).as_bytes());
    // The open window keeps its rule, also under another configuration.
    bench.write_config("", &one_metric());
    let output = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains("1 lines read, 0 not matched; 0 windows sealed"), "{}", output.stderr);
    assert!(output.stderr.contains("1 windows stay open"), "{}", output.stderr);
}

#[test]
fn once_reads_seals_sends_and_ends() {
    let bench = Bench::new();
    bench.write_config("", &one_metric());
    for number in 1..=100 {
        bench.append("a.log", line(&format!("192.0.2.{}", number % 10), number).as_bytes());
    }
    let output = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let sums: u64 = held(&bench).0.values().map(|sums| sums.numbers).sum();
    assert_eq!((held(&bench).lines(), sums, bench.sandbox.event_count()), (100, 5050, 10));
    // Again: nothing is counted twice.
    let output = bench.pxtail(&["run", "--once", "--config", "pxtail.toml"]);
    assert_eq!((output.code, bench.sandbox.event_count()), (Some(0), 10), "{}", output.stderr);
}

#[test]
fn late_lines_become_a_revision_with_what_is_new() {
    let bench = Bench::new();
    bench.write_config("", &one_metric());
    bench.append("a.log", line("192.0.2.1", 5).as_bytes());
    let _agent = bench.start();
    bench.wait_until("the first event", || bench.sandbox.event_count() == 1);
    bench.append("a.log", line("192.0.2.1", 6).as_bytes());
    bench.wait_until("the revision", || bench.sandbox.event_count() == 2);
    let events = bench.sandbox.events();
    let revision = |index: usize| events[index].number("revision").unwrap().to_string();
    let numbers = |index: usize| events[index].number("numbers").unwrap().to_string();
    assert_eq!((revision(0), numbers(0), revision(1), numbers(1)), ("1".into(), "5".into(), "2".into(), "6".into()));
    assert_ne!(events[0].event_id(), events[1].event_id());
}
