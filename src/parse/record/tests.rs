use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{Flush, Pending, Piece, RecordCounts, RecordReader, Records, Seen};
use crate::model::fault::{Located, Location};
use crate::model::spec::{MultilinePreset, MultilineRule, MultilineSpec, RecordSpec, Wrapper};
use crate::model::time::UnixMicros;
use crate::parse::LineTime;

const TIMEOUT: Duration = Duration::from_secs(2);

fn located<T>(value: T) -> Located<T> {
    Located::new(value, Location::new("pxtail.toml", 1))
}

fn lines_rule(start: Option<&str>, continuation: Option<&str>, end: Option<&str>) -> MultilineRule {
    let text = |text: Option<&str>| text.map(str::to_owned);
    MultilineRule::Lines { start: text(start), continuation: text(continuation), end: text(end) }
}

/// At most 4 lines and 40 bytes of a record; 60 bytes of a line.
fn spec(unwrap: &[Wrapper], rule: Option<MultilineRule>) -> RecordSpec {
    let multiline = rule.map(|rule| located(MultilineSpec { rule, timeout: TIMEOUT, max_lines: 4, max_bytes: 40 }));
    RecordSpec { unwrap: unwrap.iter().copied().map(located).collect(), multiline }
}

fn reader(spec: &RecordSpec, wanted: &[&str]) -> RecordReader {
    let records = Records::compile(spec, 60).expect("a good specification").expect("something to do");
    records.reader(wanted, &TimeZone::UTC, LineTime::Taken).expect("fields that are given")
}

fn seen(second: i64) -> Seen {
    Seen { now: UnixMicros::from_seconds(second), complete_until: UnixMicros::from_seconds(second - 1) }
}

/// A record with its wanted fields, `!` before a line that a wrapper does not match.
fn shown(piece: Piece<'_>, fields: usize) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match piece {
        Piece::Record { line, outer, .. } => {
            let values = (0..fields).map(|slot| outer.get(b"", slot).map_or("-".to_owned(), text));
            values.fold(String::new(), |shown, value| shown + &value + "|") + &text(line)
        }
        Piece::Foreign { line, .. } => format!("!{}", text(line)),
    }
}

#[track_caller]
fn check(spec: &RecordSpec, wanted: &[&str], lines: &[&str], expected: &[&str]) -> RecordCounts {
    let mut reader = reader(spec, wanted);
    let mut pending = Pending::default();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(lines) {
        reader
            .push(&mut pending, line.as_bytes(), number, seen(0), &mut |piece| found.push(shown(piece, wanted.len())));
    }
    reader.flush(&mut pending, Flush::All, &mut |piece| found.push(shown(piece, wanted.len())));
    assert_eq!(found, expected, "{lines:?}");
    assert!(pending.is_empty());
    reader.take_counts()
}

#[test]
fn parts_of_a_line_are_joined_by_stream_and_wrappers_give_their_fields() {
    let cri = spec(&[Wrapper::Cri], None);
    check(
        &cri,
        &["cri_stream", "cri_time"],
        &[
            "2026-11-23T10:00:00.1Z stdout P one ",
            "2026-11-23T10:00:00.2Z stderr F err",
            "2026-11-23T10:00:00.3Z stdout P two ",
            "2026-11-23T10:00:00.4Z stdout F three",
            "no container's line",
            "2026-11-23T10:00:00.5Z stdout F -",
            "2026-11-23T10:00:00.6Z stdout F ",
            "2026-11-23T10:00:00.7Z stdout F with\r",
        ],
        &[
            "stderr|2026-11-23T10:00:00.2Z|err",
            "stdout|2026-11-23T10:00:00.1Z|one two three",
            "!no container's line",
            "stdout|2026-11-23T10:00:00.5Z|-",
            "stdout|2026-11-23T10:00:00.6Z|",
            "stdout|2026-11-23T10:00:00.7Z|with",
        ],
    );
    check(
        &spec(&[Wrapper::Docker], None),
        &["docker_stream"],
        &[
            r#"{"log":"one ","stream":"stdout","time":"2026-11-23T10:00:00Z"}"#,
            r#"{"log":"e\n","stream":"stderr","time":"2026-11-23T10:00:00Z"}"#,
            r#"{"log":"t\"wo\n","stream":"stdout","time":"2026-11-23T10:00:00Z"}"#,
        ],
        &["stderr|e", "stdout|one t\"wo"],
    );
}

#[test]
fn a_line_in_parts_is_cut_at_the_longest_line_and_the_rest_dropped() {
    let part = |text: &str, tag: &str| format!("2026-11-23T10:00:00Z stdout {tag} {text}");
    let (thirty, last) = ("x".repeat(30), "end");
    let lines = [part(&thirty, "P"), part(&thirty, "P"), part(last, "P"), part(last, "F"), part("next", "F")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let counts = check(&spec(&[Wrapper::Cri], None), &[], &lines, &["x".repeat(60).as_str(), "next"]);
    assert_eq!(counts, RecordCounts { joined: 1, dropped: 2, cut: 1 });
}

#[test]
fn starts_continuations_and_ends_say_which_lines_belong_together() {
    let start = || spec(&[], Some(lines_rule(Some("^[A-Z]"), None, None)));
    check(
        &start(),
        &[],
        &["orphan", "also", "A 1", "x", "B 2", "C 3", "y"],
        &["orphan", "also", "A 1\nx", "B 2", "C 3\ny"],
    );
    let continuation = || spec(&[], Some(lines_rule(None, Some("^ "), None)));
    check(&continuation(), &[], &[" orphan", "a", " b", " c", "d", "e"], &[" orphan", "a\n b\n c", "d", "e"]);
    let end = || spec(&[], Some(lines_rule(None, None, Some(r"([^\\]|^)$"))));
    check(&end(), &[], &["a\\", "b", "c", "", "d\\"], &["a\\\nb", "c", "", "d\\"]);
    let both = || spec(&[], Some(lines_rule(Some(r"^\{"), None, Some(r"\}$"))));
    check(
        &both(),
        &[],
        &["x", "{", "a", "}", "y", "{b}", "{", "{c", "d}"],
        &["x", "{\na\n}", "y", "{b}", "{", "{c\nd}"],
    );
    let strict = || spec(&[], Some(lines_rule(Some("^A"), Some("^ "), None)));
    check(&strict(), &[], &["A", " b", "alone", " orphan", "A", "A"], &["A\n b", "alone", " orphan", "A", "A"]);
}

#[test]
fn a_record_over_a_limit_is_cut_and_its_rest_dropped_to_the_next_start() {
    let by_start = spec(&[], Some(lines_rule(Some("^A"), None, None)));
    let counts = check(&by_start, &[], &["A", "1", "2", "3", "4", "5", "A6"], &["A\n1\n2\n3", "A6"]);
    assert_eq!(counts, RecordCounts { joined: 3, dropped: 2, cut: 1 });
    let long = "x".repeat(38);
    let counts = check(&by_start, &[], &["A", &long, "y", "A"], &[&format!("A\n{long}"), "A"]);
    assert_eq!(counts, RecordCounts { joined: 1, dropped: 1, cut: 1 });
    // A line that is too long by itself is a record, and cut only when more of it would come.
    let huge = format!("A{}", "x".repeat(50));
    let counts = check(&by_start, &[], &[&huge, "A", &huge, "y"], &[&huge, "A", &huge]);
    assert_eq!(counts, RecordCounts { joined: 0, dropped: 1, cut: 1 });
    // By ends: the line that ends the cut record is its last one.
    let by_end = spec(&[], Some(lines_rule(None, None, Some("!$"))));
    check(&by_end, &[], &["1", "2", "3", "4", "5", "6!", "7!"], &["1\n2\n3\n4", "7!"]);
}

#[test]
fn stack_traces_of_known_languages_are_one_record() {
    let trace = |preset| {
        let rule = MultilineRule::Preset(preset);
        let multiline = MultilineSpec { rule, timeout: TIMEOUT, max_lines: 99, max_bytes: 9_999 };
        RecordSpec { unwrap: Vec::new(), multiline: Some(located(multiline)) }
    };
    let check_trace = |preset, lines: &[&str], sizes: &[usize]| {
        let mut expected = Vec::new();
        let mut rest = lines;
        for size in sizes {
            let (record, after) = rest.split_at(*size);
            expected.push(record.join("\n"));
            rest = after;
        }
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&trace(preset), &[], lines, &expected);
    };
    let java = [
        "10:00:00 ERROR it failed",
        "\tat app.Main.run(Main.java:3)",
        "Caused by: java.io.IOException: gone",
        "    at app.Disk.read(Disk.java:7)",
        "\t... 4 more",
        "10:00:01 INFO at rest",
    ];
    check_trace(MultilinePreset::Java, &java, &[5, 1]);
    let python = [
        "INFO: before",
        "Traceback (most recent call last):",
        "  File \"app.py\", line 3, in <module>",
        "    main()",
        "app.errors.Gone: it is gone",
        "INFO: after",
    ];
    check_trace(MultilinePreset::Python, &python, &[1, 4, 1]);
    let go = [
        "serving",
        "panic: out of range",
        "",
        "goroutine 1 [running]:",
        "main.(*Server).run(0x1, {0x2, 0x3})",
        "\t/app/main.go:7 +0x1d",
        "created by main.main",
        "\t/app/main.go:3 +0x2",
        "serving again (once)",
    ];
    check_trace(MultilinePreset::Go, &go, &[1, 7, 1]);
    let ruby = ["app.rb:3:in `run': gone (IOError)", "\t2: from app.rb:9:in `<main>'", "  from lib.rb:1", "GET /"];
    check_trace(MultilinePreset::Ruby, &ruby, &[3, 1]);
    check_trace(MultilinePreset::Indented, &["a", " b", "\tc", "", "d"], &[3, 1, 1]);
}

#[test]
fn a_record_is_complete_when_nothing_came_for_its_timeout_and_the_file_was_read_to_its_end() {
    let spec = spec(&[], Some(lines_rule(Some("^A"), None, None)));
    let mut reader = reader(&spec, &[]);
    let mut pending = Pending::default();
    let push = |reader: &mut RecordReader, pending: &mut Pending, line: &str, at: i64| {
        reader.push(pending, line.as_bytes(), 0, seen(at), &mut |_| panic!("{line} is not complete"));
    };
    let flush = |reader: &mut RecordReader, pending: &mut Pending, read_at: i64, now: i64| {
        let (read_at, now) = (UnixMicros::from_seconds(read_at), UnixMicros::from_seconds(now));
        let mut found = Vec::new();
        reader.flush(pending, Flush::Due { read_at, now }, &mut |piece| found.push(shown(piece, 0)));
        found
    };
    push(&mut reader, &mut pending, "A", 100);
    assert_eq!(pending.complete_until(), Some(UnixMicros::from_seconds(99)));
    push(&mut reader, &mut pending, "b", 110);
    assert_eq!(pending.complete_until(), Some(UnixMicros::from_seconds(99)), "its first line is what is missing");
    assert!(flush(&mut reader, &mut pending, 105, 200).is_empty(), "there may be more in the file");
    assert!(flush(&mut reader, &mut pending, 111, 111).is_empty());
    assert_eq!(flush(&mut reader, &mut pending, 112, 112), ["A\nb"]);
    assert_eq!(pending.complete_until(), None);
    // The clock was set back: the wait begins again.
    push(&mut reader, &mut pending, "A", 1_000);
    assert!(flush(&mut reader, &mut pending, 500, 500).is_empty());
    assert_eq!(flush(&mut reader, &mut pending, 502, 502), ["A"]);
}

#[test]
fn what_is_kept_is_read_by_a_reader_that_wants_other_fields() {
    let spec = spec(&[Wrapper::Cri], Some(lines_rule(Some("^A"), None, None)));
    let mut before = reader(&spec, &["cri_stream", "cri_time"]);
    let mut pending = Pending::default();
    let line = b"2026-11-23T10:00:00Z stderr F A";
    before.push(&mut pending, line, 1, seen(0), &mut |_| panic!("not complete"));
    let mut kept = Vec::new();
    before.encode(&pending, &mut kept);
    let mut after = reader(&spec, &["cri_logtag", "cri_stream"]);
    let mut pending = after.decode(&kept).expect("what was kept");
    let mut found = Vec::new();
    after.flush(&mut pending, Flush::All, &mut |piece| {
        let Piece::Record { outer, .. } = piece else { panic!("a record") };
        assert_eq!(outer.time.map(|time| time.to_string()).as_deref(), Some("2026-11-23T10:00:00.000Z"));
        found.push(shown(piece, 2));
    });
    assert_eq!(found, ["-|stderr|A"]);
    for cut in 1..kept.len() {
        assert!(after.decode(&kept[..cut]).is_none(), "{cut}");
    }
    kept[0] = 9;
    assert!(after.decode(&kept).is_none(), "another format");
}

#[test]
fn faults_are_named() {
    let fault = |spec: &RecordSpec| {
        let faults = Records::compile(spec, 60).expect_err("a fault");
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        fault(&spec(&[Wrapper::Cri, Wrapper::Docker], None)),
        "pxtail.toml:1: `unwrap` has `cri` and `docker`: a line is in one container's log\n\
         help: keep the one that writes the files"
    );
    let broken = fault(&spec(&[], Some(lines_rule(Some("(?=x)"), None, None))));
    assert!(broken.starts_with("pxtail.toml:1: `start` of `multiline` is no regular expression: "), "{broken}");
    let records = Records::compile(&spec(&[Wrapper::Cri], None), 60).expect("good").expect("something");
    let unknown = records.reader(&["cri_stream", "cri_message", "user"], &TimeZone::UTC, LineTime::Left);
    assert_eq!(unknown.err(), Some(vec!["cri_message".to_owned(), "user".to_owned()]));
    assert_eq!(records.field_type("time"), records.field_type("cri_time"));
}

/// Lines of two streams, of which some come in parts: what they should become, without limits, by a plain walk over each
/// stream's lines.
fn model(lines: &[(bool, bool, String)]) -> Vec<Vec<String>> {
    [false, true]
        .map(|stream| {
            let mut joined: Vec<String> = Vec::new();
            let mut open = false;
            for (_, partial, text) in lines.iter().filter(|(of, _, _)| *of == stream) {
                if open && let Some(last) = joined.last_mut() {
                    last.push_str(text);
                } else {
                    joined.push(text.clone());
                }
                open = *partial;
            }
            let mut records: Vec<String> = Vec::new();
            let mut begun = false;
            for line in joined {
                let starts = line.starts_with('A');
                match records.last_mut() {
                    Some(last) if begun && !starts => {
                        last.push('\n');
                        last.push_str(&line);
                    }
                    _ => records.push(line),
                }
                begun |= starts;
            }
            records
        })
        .to_vec()
}

proptest! {
    /// A restart may come between any two lines; what waits is kept and given back.
    #[test]
    fn records_are_the_same_whatever_the_restarts(
        lines in prop::collection::vec((any::<bool>(), any::<bool>(), "[Ab]{0,3}"), 0..30),
        restarts in prop::collection::vec(any::<bool>(), 30),
    ) {
        let rule = lines_rule(Some("^A"), None, None);
        let multiline = MultilineSpec { rule, timeout: TIMEOUT, max_lines: 1_000, max_bytes: 10_000 };
        let spec = RecordSpec { unwrap: vec![located(Wrapper::Cri)], multiline: Some(located(multiline)) };
        let records = Records::compile(&spec, 10_000).expect("good").expect("something");
        let new_reader = || records.reader(&["cri_stream"], &TimeZone::UTC, LineTime::Left).expect("a field");
        let mut reader = new_reader();
        let mut pending = Pending::default();
        let mut found = [Vec::new(), Vec::new()];
        let mut take = |piece: Piece<'_>| {
            let Piece::Record { line, outer, .. } = piece else { panic!("a record") };
            let stream = usize::from(outer.get(b"", 0) == Some(b"stderr"));
            found[stream].push(String::from_utf8(line.to_vec()).expect("text"));
        };
        for ((of, partial, text), restart) in lines.iter().zip(&restarts) {
            let (stream, tag) = (if *of { "stderr" } else { "stdout" }, if *partial { "P" } else { "F" });
            let line = format!("2026-11-23T10:00:00Z {stream} {tag} {text}");
            reader.push(&mut pending, line.as_bytes(), 0, seen(0), &mut take);
            if *restart {
                let mut kept = Vec::new();
                reader.encode(&pending, &mut kept);
                reader = new_reader();
                pending = reader.decode(&kept).expect("what was kept");
            }
        }
        reader.flush(&mut pending, Flush::All, &mut take);
        prop_assert_eq!(found.to_vec(), model(&lines));
    }

    /// Every line is in a record, joined to one, or dropped; limits hold.
    #[test]
    fn no_line_is_lost_without_a_count(
        lines in prop::collection::vec("[A {}!a]{0,14}", 0..60),
        rule in prop::sample::select(vec![
            lines_rule(Some("^A"), None, None),
            lines_rule(None, Some("^ "), None),
            lines_rule(None, None, Some("!$")),
            lines_rule(Some("^\\{"), None, Some("\\}$")),
            lines_rule(Some("^A"), Some("^ "), Some("!$")),
        ]),
    ) {
        let mut reader = reader(&spec(&[], Some(rule)), &[]);
        let mut pending = Pending::default();
        let mut records: Vec<String> = Vec::new();
        let mut take = |piece: Piece<'_>| records.push(shown(piece, 0));
        for line in &lines {
            reader.push(&mut pending, line.as_bytes(), 0, seen(0), &mut take);
        }
        reader.flush(&mut pending, Flush::All, &mut take);
        let counts = reader.take_counts();
        prop_assert_eq!(records.len() as u64 + counts.joined + counts.dropped, lines.len() as u64);
        let in_records: u64 = records.iter().map(|record| record.matches('\n').count() as u64 + 1).sum();
        prop_assert_eq!(in_records + counts.dropped, lines.len() as u64);
        prop_assert!(records.iter().all(|record| record.len() <= 40 && record.matches('\n').count() < 4));
    }

    #[test]
    fn no_bytes_break_a_reader(
        lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10),
        kept in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        for wrapper in [Wrapper::Cri, Wrapper::Docker] {
            let mut reader = reader(&spec(&[wrapper], Some(lines_rule(Some("^A"), None, None))), &[]);
            let mut pending = reader.decode(&kept).unwrap_or_default();
            for line in &lines {
                reader.push(&mut pending, line, 0, seen(0), &mut |_| {});
            }
            reader.flush(&mut pending, Flush::All, &mut |_| {});
            prop_assert!(pending.is_empty());
        }
    }
}

/// The records that other programs make of the same lines. The files are not part of this repository.
#[test]
fn records_agree_with_those_of_other_programs() {
    let folder = std::env::var_os("PXTAIL_CORPORA").map(std::path::PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"));
    let Ok(text) = std::fs::read_to_string(folder.join("multiline_fluentbit.jsonl")) else {
        println!("not run: there is no folder {}", folder.display());
        return;
    };
    let unlimited = |unwrap: &[Wrapper], rule: Option<MultilineRule>| {
        let spec = |rule| MultilineSpec { rule, timeout: TIMEOUT, max_lines: 99, max_bytes: 9_999 };
        RecordSpec {
            unwrap: unwrap.iter().copied().map(located).collect(),
            multiline: rule.map(|rule| located(spec(rule))),
        }
    };
    let mut checked = 0;
    for case in text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")) {
        let format = case["format"].as_str().expect("a format");
        let spec = match format {
            "multiline_cri" | "multiline_docker_cri_chain" => unlimited(&[Wrapper::Cri], None),
            "multiline_endswith" => unlimited(&[], Some(lines_rule(None, None, Some(r"([^\\]|^)$")))),
            "multiline_java" => unlimited(&[], Some(MultilineRule::Preset(MultilinePreset::Java))),
            "multiline_ruby" => unlimited(&[], Some(MultilineRule::Preset(MultilinePreset::Ruby))),
            "multiline_issue_3817_1" => unlimited(&[Wrapper::Cri], Some(lines_rule(Some(r"^\[DEBUG\]"), None, None))),
            // Two runtimes in one file: a source has one.
            _ => continue,
        };
        let texts = |key: &str| -> Vec<String> {
            let list = case[key].as_array().expect("a list");
            list.iter().map(|text| text.as_str().expect("a text").trim_end_matches('\n').to_owned()).collect()
        };
        let mut reader = Records::compile(&spec, 9_999)
            .expect("good")
            .expect("something")
            .reader(&[], &TimeZone::UTC, LineTime::Left)
            .expect("no fields");
        let mut pending = Pending::default();
        let mut found: Vec<String> = Vec::new();
        let mut take = |piece: Piece<'_>| found.push(shown(piece, 0).trim_start_matches('!').to_owned());
        for line in texts("input") {
            reader.push(&mut pending, line.as_bytes(), 0, seen(0), &mut take);
        }
        reader.flush(&mut pending, Flush::All, &mut take);
        let (mut found, mut expected) = (found, texts("expected_records"));
        // A record that is still open when an unrelated line comes is let go later here.
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{format}");
        checked += 1;
    }
    assert!(checked >= 6, "{checked}");
}

#[test]
fn a_case_is_read_as_one_record_of_its_pattern() {
    let pattern = |records: RecordSpec, line: &str, expect: bool| {
        let mut spec = crate::parse::tests::spec(crate::parse::tests::regex("(?s)A (?<user>\\w+)\n.*"), &[]);
        spec.records = records;
        let user = [("user", crate::model::spec::Scalar::Text("ann".to_owned()))];
        spec.cases = vec![crate::parse::tests::case(line, expect.then_some(&user[..]), &[])];
        crate::parse::run_cases(&spec).map_err(|failures| failures[0].message.clone())
    };
    let records = || spec(&[Wrapper::Cri], Some(lines_rule(Some("^A"), None, None)));
    let text = "2026-11-23T10:00:00Z stdout F A ann\n2026-11-23T10:00:00Z stdout F  more";
    assert_eq!(pattern(records(), text, true), Ok(1));
    assert!(pattern(RecordSpec::default(), text, true).is_err(), "the pattern alone does not match it");
    assert_eq!(pattern(records(), "A ann\n more", false), Ok(1));
    let two = "2026-11-23T10:00:00Z stdout F A ann\n2026-11-23T10:00:00Z stdout F A bob";
    assert_eq!(
        pattern(records(), two, true),
        Err("the line must match as one record, but `unwrap` and `multiline` make 2 of it".to_owned())
    );
}
