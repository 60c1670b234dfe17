//! `pxtail dry-run` on a real log, against sums that have nothing to do with pxtail.

use std::path::Path;

use serde_json::Value;

use crate::agent::Bench;

#[test]
fn every_line_of_the_real_log_is_counted_or_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let log = root.join("../shared/logs/apache_combined_10k.log");
    if !log.exists() {
        println!("DID NOT RUN: {} is not there", log.display());
        return;
    }
    let bench = Bench::new();
    let config = root.join("packaging/examples/combined-hits.toml");
    let output =
        bench.pxtail(&["dry-run", "--config", config.to_str().unwrap(), "--summary", "json", log.to_str().unwrap()]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let summary: Value = serde_json::from_str(&output.stderr).unwrap();
    let events: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sum = |name: &str| events.iter().filter_map(|event| event["attributes"][name].as_u64()).sum::<u64>();
    let unmatched = summary["unmatched"].as_u64().unwrap();
    assert_eq!(sum("hits") + unmatched, 10_000);
    assert_eq!(summary["lines"], 10_000);
    assert_eq!(summary["matched"].as_u64().unwrap() + unmatched, 10_000);
    assert_eq!(summary["events"].as_u64().unwrap(), events.len() as u64);
    assert_eq!(summary["unmatched_lines"].as_array().unwrap().len() as u64, unmatched);
    let (hits, bytes, groups) = naive(&std::fs::read(&log).unwrap());
    assert_eq!((sum("hits"), sum("bytes")), (hits, bytes));
    assert_eq!(events.len(), groups);
}

/// Whole lines, bytes, and clients by UTC day, read with nothing but splitting at spaces and quotes. The log is all in UTC,
/// and one of its lines is cut off inside the last quotes.
fn naive(log: &[u8]) -> (u64, u64, usize) {
    let text = String::from_utf8_lossy(log);
    let (mut hits, mut bytes, mut groups) = (0, 0, std::collections::BTreeSet::new());
    for line in text.lines().filter(|line| line.ends_with('"')) {
        hits += 1;
        let client = line.split(' ').next().unwrap();
        let day = line.split('[').nth(1).unwrap().split(':').next().unwrap();
        groups.insert((client, day));
        let after_request = line.split("HTTP/1.").nth(1).unwrap();
        bytes += after_request.split(' ').nth(2).unwrap().parse::<u64>().unwrap_or(0);
    }
    (hits, bytes, groups.len())
}

#[test]
fn lines_that_do_not_match_are_named_with_file_and_line() {
    let bench = Bench::new();
    bench.append("x.log", b"what is this\n\xff\xfe\x00\n10.0.0.1\n\x1b[2J\n");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/examples/combined-hits.toml");
    let output = bench.pxtail(&["dry-run", "--config", config.to_str().unwrap(), "x.log"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert!(output.stderr.contains("x.log:1: not matched\n    what is this\n"), "{}", output.stderr);
    assert!(
        output.stderr.contains("x.log:2: the first of 3 lines not matched\n    \\xff\\xfe\\x00\n"),
        "{}",
        output.stderr
    );
    assert_eq!(output.stderr.matches("^\n    expected ").count(), 2, "{}", output.stderr);
    assert!(output.stderr.contains("4 lines: 0 matched, 4 not matched"), "{}", output.stderr);
}

#[test]
fn a_line_without_a_time_of_its_own_has_its_wrappers() {
    let bench = Bench::new();
    let source = r#"
[[source]]
name = "web"
paths = ["/no/such/file.log"]
pattern = "json_usage"
unwrap = ["cri"]
"#;
    let metric = r#"
[[metric]]
name = "hits"
sources = ["web"]
event = "Hits"
time_zone = "UTC"
user = "{user}"
"#;
    let config = bench.write_config("", &format!("{source}{metric}"));
    let lines = [
        r#"2026-03-01T10:00:00.000000001Z stdout F {"user":"u1"}"#,
        r#"2026-03-02T10:00:00.000000001Z stdout F {"user":"u1","time":"2026-03-05T10:00:00Z"}"#,
        r#"2026-03-03T10:00:00.000000001Z stdout F {"user":"u1","time":null}"#,
    ];
    bench.append("x.log", (lines.join("\n") + "\n").as_bytes());
    let output = bench.pxtail(&["dry-run", "--config", config.to_str().unwrap(), "x.log"]);
    let days: Vec<String> = output
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["attributes"]["windowStart"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected = ["2026-03-01", "2026-03-03", "2026-03-05"].map(|day| format!("{day}T00:00:00.000Z"));
    assert_eq!(days, expected, "{output:?}");
    let explained = bench.pxtail(&["explain", "--config", config.to_str().unwrap(), "--file", "x.log", "--line", "1"]);
    assert!(explained.stdout.contains("counts the line"), "{explained:?}");
}
