//! Packed logs and logs in other encodings, given to the tools by hand: what they say is what the agent would count.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::agent::{Bench, HITS_METRIC, Output, binary};

const TOOLS: [&str; 2] = ["gzip", "zstd"];

fn line(number: u64) -> String {
    format!("192.0.2.1 - - [10/Nov/2026:12:00:00 +0000] \"GET /items/{number} HTTP/1.1\" 200 {number} \"-\" \"t\"\n")
}

fn log(numbers: std::ops::Range<u64>) -> Vec<u8> {
    numbers.map(line).collect::<String>().into_bytes()
}

/// What a tool makes of bytes; `None` where it is not there.
fn packed(tool: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let Ok(mut child) = Command::new(tool).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        assert_eq!(tool, "zstd", "gzip is on every machine");
        println!("DID NOT RUN: there is no zstd");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}

fn bench(encoding: &str) -> Bench {
    let bench = Bench::new();
    let source = format!("[[source]]\nname = \"web\"\npaths = [\"$DIR/*.log\"]\npattern = \"combined\"\n{encoding}\n");
    bench.write_config("", &format!("{source}{HITS_METRIC}"));
    bench
}

fn dry_run(bench: &Bench, file: &str) -> (Option<i32>, Value, u64) {
    let arguments = ["dry-run", "--config", "pxtail.toml", "--summary", "json", file];
    let Output { code, stdout, stderr } = bench.pxtail(&arguments);
    let sums = stdout.lines().map(|event| serde_json::from_str::<Value>(event).unwrap());
    let sum = sums.filter_map(|event| event["attributes"]["numbers"].as_u64()).sum();
    (code, serde_json::from_str(&stderr).unwrap(), sum)
}

/// The dry run of a file counts the lines with these numbers, and nothing else.
#[track_caller]
fn check(bench: &Bench, bytes: &[u8], numbers: std::ops::Range<u64>) {
    for name in ["x.log.gz", "x.log"] {
        std::fs::write(bench.path(name), bytes).unwrap();
        let (code, summary, sum) = dry_run(bench, name);
        assert_eq!(
            (&summary["lines"], &summary["unmatched"]),
            (&numbers.clone().count().into(), &0.into()),
            "{summary}"
        );
        assert_eq!((code, sum), (Some(0), numbers.clone().sum()));
        assert_eq!(summary["cut_short"], Value::Array(Vec::new()));
    }
}

#[test]
fn a_packed_log_gives_what_the_plain_one_does_whatever_its_name() {
    let bench = bench("");
    let (one, two) = (log(1..3_000), log(3_000..3_100));
    check(&bench, &[&one[..], &two].concat(), 1..3_100);
    for tool in TOOLS {
        let (Some(one), Some(two)) = (packed(tool, &one), packed(tool, &two)) else { continue };
        check(&bench, &one, 1..3_000);
        check(&bench, &[&one[..], &two].concat(), 1..3_100);
        check(&bench, &[&one[..], &two, &[0; 512]].concat(), 1..3_100);
        let without_end = log(1..11);
        let packed = packed(tool, &without_end[..without_end.len() - 1]).unwrap();
        check(&bench, &packed, 1..11);
    }
}

#[test]
fn a_damaged_log_is_counted_up_to_its_damage_and_that_is_said() {
    let bench = bench("");
    for tool in TOOLS {
        let Some(whole) = packed(tool, &log(1..20_000)) else { continue };
        let first = packed(tool, &log(1..9_000)).unwrap();
        let mut flipped = [&first[..], &whole].concat();
        flipped[first.len() + 1] ^= 0xff;
        for (bytes, least, said) in [
            (&whole[..whole.len() * 3 / 4], 1, "it ends in the middle"),
            (&whole[..whole.len() - 2], 1, "it ends in the middle"),
            (&flipped[..], 8_999, "damaged at its byte"),
        ] {
            std::fs::write(bench.path("x.log"), bytes).unwrap();
            let (code, summary, sum) = dry_run(&bench, "x.log");
            let lines = summary["lines"].as_u64().unwrap();
            let cut_short = &summary["cut_short"][0];
            assert!(lines >= least && lines < 20_000, "{tool}: {summary}");
            assert_eq!((code, sum), (Some(1), lines * (lines + 1) / 2), "{tool}: {summary}");
            // Half a line is none.
            assert_eq!((&summary["unmatched"], &cut_short["lines"]), (&0.into(), &lines.into()), "{tool}: {summary}");
            assert!(cut_short["why"].as_str().is_some_and(|why| why.contains(said)), "{tool}: {summary}");
            let text = bench.pxtail(&["dry-run", "--config", "pxtail.toml", "x.log"]);
            let expected = format!("x.log: read up to its damage only, {lines} lines: ");
            assert!(text.code == Some(1) && text.stderr.contains(&expected), "{tool}: {text:?}");
            let line = format!("{}", lines + 1);
            let explained = bench.pxtail(&["explain", "-p", "combined", "--file", "x.log", "--line", &line]);
            let expected = format!("has no line {line} that can be read, only {lines} lines: ");
            assert!(explained.code == Some(1) && explained.stderr.contains(&expected), "{tool}: {explained:?}");
        }
    }
}

#[test]
fn a_packed_log_is_read_from_standard_input_where_that_is_a_file() {
    let bench = bench("");
    let Some(bytes) = packed("gzip", &log(1..50)) else { return };
    std::fs::write(bench.path("x"), &bytes).unwrap();
    let run = |input: Stdio| {
        let mut command = binary();
        command.args(["dry-run", "--config", "pxtail.toml", "-"]).current_dir(bench.directory.path());
        let output = command.stdin(input).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(File::open(bench.path("x")).unwrap().into());
    assert!(code == Some(0) && said.contains("49 lines: 49 matched"), "{said}");
    let mut cat = Command::new("cat").arg(bench.path("x")).stdout(Stdio::piped()).spawn().unwrap();
    let (code, said) = run(cat.stdout.take().unwrap().into());
    cat.wait().unwrap();
    assert!(code == Some(1) && said.contains("unpack it with zcat first"), "{said}");
}

#[test]
fn every_tool_reads_packed_logs() {
    let bench = bench("");
    for tool in TOOLS {
        let Some(bytes) = packed(tool, &log(1..200)) else { continue };
        std::fs::write(bench.path("x.log.1"), bytes).unwrap();
        for (arguments, expected) in [
            (&["explain", "--config", "pxtail.toml", "--file", "x.log.1", "--line", "150"][..], "/items/150"),
            (&["explain", "--pattern", "combined", "--file", "x.log.1", "--line", "199"], "/items/199"),
            (&["learn", "pattern", "x.log.1"], "looked at all lines: 199"),
            (&["learn", "routes", "--pattern", "combined", "x.log.1"], "path = \"/items/{id}\""),
        ] {
            let output = bench.pxtail(arguments);
            assert!(output.code == Some(0) && output.stdout.contains(expected), "{tool}: {output:?}");
        }
    }
}

#[test]
fn the_encoding_is_that_of_the_source_or_what_the_log_says() {
    let pairs = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let text = format!("\u{feff}{}", String::from_utf8(log(1..100)).unwrap().replace("items", "é"));
    for encoding in ["encoding = \"utf-16le\"", ""] {
        let bench = bench(encoding);
        std::fs::write(bench.path("x.log"), pairs(&text)).unwrap();
        let learned = bench.pxtail(&["learn", "pattern", "x.log", "--config", "pxtail.toml"]);
        let (refused, proposed) = if encoding.is_empty() { (1, false) } else { (0, true) };
        assert_eq!(learned.code, Some(refused), "{learned:?}");
        assert_eq!(learned.stdout.contains("    encoding = \"utf-16le\"\n"), proposed, "{learned:?}");
        let without = bench.pxtail(&["learn", "pattern", "x.log"]);
        assert!(without.stdout.contains("    encoding = \"utf-16le\"\n"), "{without:?}");
        let (code, _, sum) = if encoding.is_empty() { continue } else { dry_run(&bench, "x.log") };
        assert_eq!((code, sum), (Some(0), (1..100).sum()));
    }
    let bench = bench("encoding = \"latin1\"");
    let latin = text.trim_start_matches('\u{feff}').chars().map(|letter| letter as u8).collect::<Vec<u8>>();
    std::fs::write(bench.path("x.log.1"), latin).unwrap();
    for arguments in [
        &["learn", "routes", "--config", "pxtail.toml", "x.log.1"][..],
        &["explain", "--config", "pxtail.toml", "--file", "x.log.1"],
    ] {
        let output = bench.pxtail(arguments);
        assert!(output.code == Some(0) && output.stdout.contains("/é/"), "{output:?}");
    }
}
