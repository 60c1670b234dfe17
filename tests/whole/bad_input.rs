//! Bad input: each a clear message, nothing lost.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use crate::agent::{Agent, Bench, HITS_METRIC};
use crate::oracle::Books;

const SOURCE: &str = "[[source]]\nname = \"web\"\npaths = [\"$DIR/access.log\"]\npattern = \"combined\"\n";

fn line(number: u64) -> String {
    format!("192.0.2.1 - - [10/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 {number} \"-\" \"t\"\n")
}

fn sums(bench: &Bench) -> (u64, u64) {
    let held = Books::held(&bench.sandbox, "Hits");
    (held.lines(), held.0.values().map(|sums| sums.numbers).sum())
}

#[track_caller]
fn check_run(bench: &Bench, code: i32, expected: &[&str]) {
    let output = bench.pxtail(&["run", "--config", "pxtail.toml"]);
    assert_eq!(output.code, Some(code), "{}", output.stderr);
    for text in expected {
        assert!(output.stderr.contains(text), "`{text}` is not in:\n{}", output.stderr);
    }
}

#[test]
fn broken_toml_is_named_with_its_line() {
    let bench = Bench::new();
    bench.append("pxtail.toml", b"[px]\nproduct_key = \"AP\n");
    check_run(&bench, 78, &["pxtail.toml:2"]);
}

#[test]
fn an_unknown_key_and_a_missing_field_are_both_shown_with_help() {
    let bench = Bench::new();
    bench.write_config("", &format!("{SOURCE}colour = \"red\"\n{HITS_METRIC}"));
    check_run(&bench, 78, &["`colour`", "help: "]);
    bench.write_config(
        "",
        &format!(
            "{SOURCE}{}",
            HITS_METRIC.replace("user = \"{client}\"", "user = \"{client}\"\naccount = \"{account}\"")
        ),
    );
    check_run(&bench, 78, &["metric `hits`", "`account`", "pattern `combined`", "help: "]);
}

#[test]
fn an_unreadable_log_is_said_once_and_read_when_it_can_be() {
    if rustix::process::geteuid().is_root() && Command::new("setpriv").arg("--version").output().is_err() {
        println!("DID NOT RUN: root reads everything, and there is no setpriv");
        return;
    }
    let bench = Bench::new();
    bench.write_config("", &format!("{SOURCE}{HITS_METRIC}"));
    // A directory that nobody may list, also not root: a symlink that leads to itself.
    std::os::unix::fs::symlink(bench.path("access.log"), bench.path("access.log")).unwrap();
    let agent = bench.start();
    bench.wait_until("the agent says so", || agent.said().contains("cannot be read"));
    std::fs::remove_file(bench.path("access.log")).unwrap();
    bench.append("access.log", line(3).as_bytes());
    bench.wait_until("it is read", || sums(&bench) == (1, 3));
    assert_eq!(agent.said().matches("cannot be read").count(), 1, "{}", agent.said());
}

#[test]
fn a_wrong_api_key_keeps_every_event_until_it_is_right() {
    let bench = Bench::new();
    bench.write_key("wrong");
    bench.write_config("", &format!("{SOURCE}{HITS_METRIC}"));
    bench.append("access.log", line(3).as_bytes());
    let agent = bench.start();
    bench.wait_until("the refusal is said", || agent.said().contains("401"));
    assert_eq!(bench.sandbox.event_count(), 0);
    bench.write_key(pxtail::sandbox::API_KEY);
    bench.wait_until("the event is sent", || sums(&bench) == (1, 3));
    assert!(!agent.said().contains("wrong\""), "the key is not shown");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let bench = Bench::new();
    bench.write_config("", &format!("{SOURCE}{HITS_METRIC}"));
    bench.append("access.log", line(3).as_bytes());
    std::fs::set_permissions(bench.path("api-key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let agent = bench.start();
    bench.wait_until("it is said", || agent.said().contains("chmod 0600"));
    assert_eq!(bench.sandbox.event_count(), 0);
    let output = bench.pxtail(&["check", "--config", "pxtail.toml"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
}

#[test]
fn garbage_and_a_line_of_100_mb_cost_nothing_but_themselves() {
    let bench = Bench::new();
    bench.write_config("", &format!("{SOURCE}{HITS_METRIC}"));
    bench.append("access.log", line(1).as_bytes());
    let garbage: Vec<u8> = (0..200_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    bench.append("access.log", &garbage);
    bench.append("access.log", b"\n");
    bench.append("access.log", line(2).as_bytes());
    for _ in 0..100 {
        bench.append("access.log", &vec![b'x'; 1_000_000]);
    }
    bench.append("access.log", b"\n");
    bench.append("access.log", line(4).as_bytes());
    let agent = bench.start();
    bench.wait_until("the good lines are counted", || sums(&bench) == (3, 7));
    let peak = std::fs::read_to_string(format!("/proc/{}/status", agent.id())).unwrap();
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 * 1024, "peak memory {peak} KiB");
    assert!(agent.said().contains("do not match"), "{}", agent.said());
}

/// The limit on a file's size makes every write beyond it fail, as a full disk does, and can be lifted from outside.
#[test]
fn a_full_disk_stops_reading_and_everything_goes_on_when_there_is_room() {
    let bench = Bench::new();
    let config = bench.write_config("", &format!("{SOURCE}{HITS_METRIC}"));
    let stderr = std::fs::File::create(bench.path("agent.log")).unwrap();
    // 256 blocks of 512 bytes: the ledger's tables fit, a few thousand groups do not.
    let script = "trap '' XFSZ; ulimit -S -f 256; exec \"$@\"";
    let child = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_pxtail"), "run", "--config"])
        .arg(&config)
        .stderr(stderr)
        .spawn()
        .unwrap();
    let agent = Agent::adopt(child, &bench.path("agent.log"));
    bench.wait_until("the agent runs", || bench.path("state/ledger.sqlite3").exists());
    let mut numbers = 0;
    for number in 1..=4_000_u64 {
        let text = line(number).replace("192.0.2.1", &format!("10.0.{}.{}", number / 250, number % 250));
        bench.append("access.log", text.as_bytes());
        numbers += number;
    }
    bench.wait_until("the trouble is said", || agent.said().contains("reading stops until this is mended"));
    std::thread::sleep(Duration::from_millis(300));
    let lift = Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &agent.id().to_string()]).status();
    assert!(lift.unwrap().success());
    bench.wait_until("everything is sent", || sums(&bench) == (4_000, numbers));
    assert!(agent.said().contains("reading goes on"), "{}", agent.said());
    assert_eq!(bench.sandbox.repeated(), vec![]);
}
