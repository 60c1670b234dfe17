//! Plans made from configurations as a person writes them, driven through a dry run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::agent::dry_run::DryRun;
use crate::config::{self, Environment, LoadOptions};
use crate::model::file::SourceIndex;
use crate::model::spec::Configuration;
use crate::model::time::UnixMicros;

const TOP: &str = "[px]\nregion = \"us\"\nproduct_key = \"AP-XXXXXXXXXXXX-2\"\n";

const PATTERNS: [(&str, &str); 4] = [
    ("full", r"regex = 'full (?<time>\S+) (?<user>\S+) (?<bytes>\d+)'"),
    ("short", r"regex = 'short (?<time>\S+)\s+(?<user>\S+)'"),
    ("timeless", r"regex = 'timeless (?<user>\S+)'"),
    ("any", r"regex = '(?<any>\w+) (?<time>\S+)'"),
];

/// A configuration of one source `web` that has the given patterns, and one metric with the given lines.
fn configuration(source: &str, metric: &str) -> Result<Configuration, String> {
    let paths = if source.contains("paths = ") { "" } else { "paths = [\"/var/log/web.log\"]\n" };
    let home = tempfile::tempdir().expect("a directory");
    fs::create_dir(home.path().join("patterns.d")).expect("a directory");
    for (name, body) in PATTERNS {
        let types = if body.contains("time>") { "time = { type = \"time\", format = \"unix\" }" } else { "" };
        let bytes = if body.contains("bytes>") { "bytes = \"integer\"" } else { "" };
        let text = format!("name = \"{name}\"\n{body}\n[types]\n{types}\n{bytes}\n");
        fs::write(home.path().join(format!("patterns.d/{name}.toml")), text).expect("a file");
    }
    let text = format!(
        "{TOP}[[source]]\nname = \"web\"\n{paths}{source}\n\
         [[metric]]\nname = \"hits\"\nsources = [\"web\"]\nevent = \"Hits\"\ntime_zone = \"UTC\"\n{metric}\n"
    );
    let file = home.path().join("pxtail.toml");
    fs::write(&file, text).expect("a file");
    let options = LoadOptions {
        pattern_dirs: vec![home.path().join("patterns.d")],
        environment: Environment::from_lookup(|_| None),
    };
    config::load(&file, &options).map_err(|faults| faults.to_string())
}

const NOW: UnixMicros = UnixMicros::from_seconds(2_000_000_000);

/// Lines by what became of them, and the events' users with their measures.
#[track_caller]
fn check(source: &str, metric: &str, log: &str, expected: &[(&str, u64)]) {
    let configuration = configuration(source, metric).unwrap_or_else(|faults| panic!("{faults}"));
    let mut dry_run = DryRun::new(&configuration, NOW).unwrap_or_else(|faults| panic!("{faults}"));
    dry_run
        .read(SourceIndex(0), Some(Path::new("/var/log/acme/web.log.1")), log.as_bytes(), |_| {})
        .expect("a log in memory");
    let tally = dry_run.tally().clone();
    let [web] = tally.sources.as_slice() else { panic!("one source") };
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for (name, matched) in configuration.sources[0].patterns.iter().zip(&web.matched) {
        found.insert(name.value.clone(), *matched);
    }
    found.insert("unmatched".to_owned(), web.unmatched);
    for (name, lines) in [("skipped", web.skipped), ("joined", web.joined), ("cut", web.cut), ("dropped", web.dropped)]
    {
        if lines > 0 {
            found.insert(name.to_owned(), lines);
        }
    }
    for (name, lines) in tally.metrics[0].named().filter(|(_, lines)| *lines > 0) {
        found.insert(name.to_owned(), lines);
    }
    let expected: BTreeMap<String, u64> = expected.iter().map(|(name, lines)| ((*name).to_owned(), *lines)).collect();
    assert_eq!(found, expected, "{source} {metric} {log}");
}

#[track_caller]
fn check_faults(source: &str, metric: &str, expected: &str) {
    let shown = match configuration(source, metric) {
        Err(faults) => faults,
        Ok(configuration) => match super::build(&configuration, &[]) {
            Err(faults) => faults.to_string(),
            Ok(_) => panic!("no fault: {source} {metric}"),
        },
    };
    let cut = shown.find("pxtail.toml:").unwrap_or(0);
    assert_eq!(&shown[cut..], expected, "{source} {metric}");
}

const BY_USER: &str = "user = \"{user}\"\n[metric.measures]\nbytes = { sum = \"bytes\" }";

#[test]
fn the_first_pattern_that_matches_reads_the_line_and_is_counted() {
    let log = "full 5 ann 10\nshort 6 bob\nnothing at all\nshort 7 ann\n";
    check(
        "pattern = [\"full\", \"short\"]",
        BY_USER,
        log,
        &[("full", 1), ("short", 2), ("unmatched", 1), ("counted", 3)],
    );
    // A pattern that matches everything takes what comes after it.
    let both = "full 5\nshort 6 bob\n";
    check(
        "pattern = [\"any\", \"full\", \"short\"]",
        BY_USER,
        both,
        &[("any", 1), ("full", 0), ("short", 1), ("unmatched", 0), ("counted", 1), ("no_user", 1)],
    );
}

#[test]
fn lines_of_a_pattern_without_a_time_are_discarded_as_such() {
    let log = "full 5 ann 10\ntimeless ann\n";
    check(
        "pattern = [\"full\", \"timeless\"]",
        BY_USER,
        log,
        &[("full", 1), ("timeless", 1), ("unmatched", 0), ("counted", 1), ("no_time", 1)],
    );
}

/// NOW is in May 2033.
#[test]
fn a_time_without_a_year_is_reckoned_from_the_wall_clock() {
    let log = "May 18 03:33:00 h app: now\nDec 31 23:59:59 h app: last year\nJun 17 00:00:00 h app: ahead\n";
    check(
        "pattern = \"syslog\"",
        "user = \"{host}\"",
        log,
        &[("syslog", 3), ("unmatched", 0), ("counted", 2), ("too_far_ahead", 1)],
    );
}

#[test]
fn what_the_nearest_pattern_lacks_is_the_fault() {
    check_faults(
        "pattern = [\"short\", \"any\"]",
        BY_USER,
        "pxtail.toml:15: metric `hits` takes measure `bytes` from `bytes`, which pattern `short` does not give\n\
         help: log it (log_format … bytes=\"$bytes\") and let the pattern read it, or name a field that the pattern gives",
    );
    check_faults(
        "pattern = [\"timeless\"]",
        "user = \"{user}\"",
        "pxtail.toml:7: source `web` uses pattern `timeless`, which gives no `time`: a line's own time chooses its window\n\
         help: say in the pattern file which field holds it: `[types]` with `time = { from = \"…\", type = \"time\", format = \"rfc3339\" }`",
    );
}

#[test]
fn the_field_that_was_meant_is_named_be_it_the_patterns_or_the_paths() {
    for (metric, what, meant) in [("{usre}", "usre", "user"), ("{tennant}", "tennant", "tenant")] {
        check_faults(
            "pattern = \"short\"\npaths = [\"/var/log/{tenant}/*.log\"]",
            &format!("user = \"{metric}\""),
            &format!(
                "pxtail.toml:13: metric `hits` takes its user from `{what}`, which pattern `short` does not give\n\
                 help: did you mean `{meant}`? Else log it (log_format … {what}=\"${what}\") and let the pattern read it"
            ),
        );
    }
}

#[test]
fn a_list_of_patterns_is_neither_empty_nor_has_one_twice() {
    check_faults(
        "pattern = []",
        BY_USER,
        "pxtail.toml:7: `pattern` of source `web` has 0 names; expected 1 to 50\n\
         help: name the patterns in the order in which they are tried: [\"first\", \"second\"]",
    );
    check_faults(
        "pattern = [\"full\", \"full\"]",
        BY_USER,
        "pxtail.toml:7: `pattern` of source `web` names pattern `full` twice\n\
         help: leave the second one out: a line that the first did not match is not matched by it either",
    );
}

#[test]
fn a_wrapper_gives_the_time_where_the_pattern_has_none_and_fields_of_its_own() {
    let line = |stream: &str, tag: &str, text: &str| format!("2026-11-23T10:00:00Z {stream} {tag} {text}\n");
    let log = [
        line("stdout", "P", "timeless "),
        line("stderr", "F", "timeless bob"),
        line("stdout", "F", "ann"),
        "timeless eve\n".to_owned(),
    ]
    .concat();
    let metric = "user = \"{user}\"\nwhere = { cri_stream = \"stdout\" }";
    let expected = [("timeless", 2), ("unmatched", 1), ("joined", 1), ("counted", 1), ("condition", 1)];
    check("pattern = \"timeless\"\nunwrap = [\"cri\"]", metric, &log, &expected);
    check("pattern = \"timeless\"\nunwrap = \"cri\"", metric, &log, &expected);
    check_faults(
        "pattern = \"timeless\"\nunwrap = [\"cri\"]",
        "user = \"{cri_host}\"",
        "pxtail.toml:14: metric `hits` takes its user from `cri_host`, which pattern `timeless` does not give\n\
         help: log it (log_format … cri_host=\"$cri_host\") and let the pattern read it, or name a field that the pattern gives",
    );
}

#[test]
fn lines_of_one_record_are_joined_before_a_pattern_reads_them() {
    // The end of the log completes the last record.
    check(
        "pattern = [\"full\", \"short\"]\nmultiline = { continuation = '^ ', max_lines = 2 }",
        BY_USER,
        "orphan\nshort 5\n bob\nshort 6 ann\nfull 7\n eve\n 9\n 9\n",
        &[("full", 0), ("short", 2), ("unmatched", 2), ("joined", 2), ("cut", 1), ("dropped", 2), ("counted", 2)],
    );
}

#[test]
fn a_path_gives_fields_to_every_line_of_its_file() {
    check(
        "pattern = \"short\"\npaths = [\"/var/log/{tenant}/{site}.log\"]",
        "user = \"{user}\"\naccount = \"{tenant}\"\nwhere = { site = \"web\", tenant = \"acme\" }",
        "short 5 bob\nshort 6 ann\n",
        &[("short", 2), ("unmatched", 0), ("counted", 2)],
    );
    check_faults(
        "pattern = \"short\"\npaths = [\"/var/log/{user}.log\"]",
        "user = \"{user}\"",
        "pxtail.toml:7: source `web` takes field `user` from the path, and pattern `short` gives it too\n\
         help: give the one in the path another name",
    );
}

#[test]
fn faults_of_records_and_paths_say_what_to_do() {
    for (source, expected) in [
        (
            "unwrap = [\"podman\"]",
            "pxtail.toml:8: `unwrap` of source `web` is `podman`; expected `cri`, `docker`, `syslog`, `syslog_rfc3164` or `syslog_rfc5424`\n\
             help: write \"cri\", for instance",
        ),
        (
            "multiline = { timeout = \"1s\" }",
            "pxtail.toml:8: `multiline` of source `web` does not say which lines belong together\n\
             help: write start = '^\\d{4}-' for how a record begins, or `continuation`, `end`, or preset = \"java\"",
        ),
        (
            "multiline = { preset = \"java\", start = 'x' }",
            "pxtail.toml:8: `multiline.preset` of source `web` stands beside an expression\n\
             help: keep the preset, or `start`, `continuation` and `end`",
        ),
        (
            "multiline = \"jave\"",
            "pxtail.toml:8: `multiline` of source `web` is `jave`; expected `java`, `python`, `go`, `ruby` or `indented`\n\
             help: write multiline = \"java\", for instance",
        ),
        (
            "min_match_rate = 50",
            "pxtail.toml:8: `min_match_rate` of source `web` is `50`; expected 0 to 1\n\
             help: it is a part of the lines: 0.5 is half of them, 0 says nothing ever",
        ),
        (
            "paths = [\"/l/{a}/{a}.log\"]",
            "pxtail.toml:7: `paths` of source `web` names the field `a` twice in one path\n\
             help: give each part of the path a name of its own, or write * for one that is not needed",
        ),
    ] {
        check_faults(&format!("pattern = \"full\"\n{source}"), BY_USER, expected);
    }
}
