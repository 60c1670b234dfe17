//! Two agents on one state directory.

use crate::agent::{Bench, HITS_METRIC};
use crate::oracle::Books;

const SOURCE: &str =
    "[[source]]\nname = \"web\"\npaths = [\"$DIR/*.log\"]\nexclude = [\"agent.log\"]\npattern = \"combined\"\n";

fn line(number: u64) -> String {
    format!("192.0.2.1 - - [10/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 {number} \"-\" \"t\"\n")
}

#[test]
fn the_second_agent_says_so_and_leaves_and_a_kill_leaves_no_lock() {
    let bench = Bench::new();
    bench.write_config("", &format!("{SOURCE}{HITS_METRIC}"));
    bench.append("a.log", line(1).as_bytes());
    let held = || Books::held(&bench.sandbox, "Hits").lines();
    let first = bench.start();
    bench.wait_until("the first counts", || held() == 1);
    let second = bench.pxtail(&["run", "--config", "pxtail.toml"]);
    assert_eq!(second.code, Some(75), "{}", second.stderr);
    let expected = "another pxtail is using this state directory\nhelp: stop it first";
    assert!(second.stderr.contains(expected), "{}", second.stderr);
    let status = bench.pxtail(&["status", "--config", "pxtail.toml"]);
    assert_eq!(status.code, Some(0), "the first one still answers: {}", status.stderr);
    bench.append("a.log", line(2).as_bytes());
    bench.wait_until("the first counts on", || held() == 2);
    first.kill();
    bench.append("a.log", line(3).as_bytes());
    let third = bench.start();
    bench.wait_until("the next one goes on", || held() == 3);
    assert!(!third.said().contains("damaged"), "{}", third.said());
    assert_eq!(bench.sandbox.repeated(), vec![]);
}
