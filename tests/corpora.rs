//! Real lines with the values that other programs read from them. The lines are not part of this repository: the folder that
//! holds them (`*.jsonl`) is named by `PXTAIL_CORPORA`; without it, these tests say so and pass.
//!
//! Judged are the formats of web servers, load balancers, containers' wrappers, syslog and logfmt, each read with the
//! program's own patterns as a user would choose them (`corpora/choice.rs`), or with the server's configuration that a case
//! carries. Every other format is listed with how many of its lines some pattern of the catalogue reads.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at what it cannot use, and says what it skips"
)]

#[path = "corpora/aggregate.rs"]
mod aggregate;
#[path = "corpora/case.rs"]
mod case;
#[path = "corpora/choice.rs"]
mod choice;
#[path = "corpora/compare.rs"]
mod compare;
#[path = "corpora/exceptions.rs"]
mod exceptions;
#[path = "corpora/joined.rs"]
mod joined;
#[path = "corpora/pairs.rs"]
mod pairs;
#[path = "corpora/reader.rs"]
mod reader;
#[path = "corpora/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use case::Case;
use exceptions::Exceptions;
use reader::{Shipped, Way};
use table::{Row, Table};

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("PXTAIL_CORPORA").map(PathBuf::from);
    match folder {
        Some(folder) if folder.is_dir() => Some(folder),
        Some(folder) => {
            eprintln!("DID NOT RUN: PXTAIL_CORPORA is {}, which is no folder", folder.display());
            None
        }
        None => {
            eprintln!("DID NOT RUN: PXTAIL_CORPORA does not name a folder of corpora");
            None
        }
    }
}

/// Every line of every `*.jsonl` in the folder: where it is, and its text.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (index, text) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            texts.push((format!("{name}:{}", index + 1), text.to_owned()));
        }
    }
    texts
}

/// Times without a zone are read in the zone that the peer assumed.
fn zone(case: &Case) -> TimeZone {
    let hours = case.text("assumed_timezone").filter(|_| case.flag("tz_not_in_line"));
    let offset = hours.and_then(|text| text.split_once(':')?.0.parse().ok());
    offset.map_or(TimeZone::UTC, |hours| jiff::tz::Offset::constant(hours).to_time_zone())
}

struct Judge {
    shipped: Shipped,
    exceptions: Exceptions,
    table: Table,
    problems: Vec<String>,
    seen: BTreeSet<String>,
}

impl Judge {
    fn case(&mut self, case: &Case) {
        self.seen.insert(case.hash());
        match choice::ways(case) {
            Some(ways) => self.judge(case, &ways),
            None => self.try_all(case),
        }
    }

    fn judge(&mut self, case: &Case, ways: &[Way]) {
        let read = self.shipped.read(ways, &case.line, &zone(case));
        let row = self.table.judged.entry(case.format.clone()).or_default();
        row.cases += 1;
        let differences = match (read, case.must_be_refused()) {
            (Err(_), true) => {
                row.refused += 1;
                return;
            }
            (Ok(found), true) => {
                vec![("match".to_owned(), format!("it must be refused, but {} reads it", found.by))]
            }
            (Err(_), false) if case.stated().next().is_none() => {
                row.without_values += 1;
                return;
            }
            (Err(reasons), false) => vec![("match".to_owned(), reasons)],
            (Ok(found), false) => {
                let (mut differences, compared) = compare::differences(case, &found);
                row.values += compared;
                if !compare::message_bytes_agree(case, &found) {
                    differences.push(("message".to_owned(), "the bytes differ".to_owned()));
                }
                differences
            }
        };
        let (excepted, problems): (Vec<_>, Vec<_>) =
            differences.into_iter().partition(|(field, _)| self.exceptions.reason(case, field).is_some());
        match (excepted.is_empty(), problems.is_empty()) {
            (true, true) => row.agreed += 1,
            (false, true) => row.exceptions += 1,
            (_, false) => {
                row.differing += 1;
                let line = String::from_utf8_lossy(&case.line);
                let list: Vec<String> = problems.iter().map(|(field, what)| format!("{field}: {what}")).collect();
                let list = list.join("\n  ");
                let place = format!("{} [{}] {} line {}", case.place, case.format, case.source(), case.hash());
                self.problems.push(format!("{place}\n  {line}\n  {list}"));
            }
        }
    }

    fn try_all(&mut self, case: &Case) {
        let ways: Vec<Way> = self.shipped.names().map(Way::shipped).collect();
        let is_read = self.shipped.read(&ways, &case.line, &TimeZone::UTC).is_ok();
        let (cases, read) = self.table.others.entry(case.format.clone()).or_default();
        *cases += 1;
        *read += usize::from(is_read);
    }
}

#[test]
fn every_line_holds_what_other_programs_read_from_it() {
    let Some(folder) = folder() else { return };
    let table = Table::default();
    let mut judge = Judge {
        shipped: Shipped::compile(),
        exceptions: Exceptions::read(),
        table,
        problems: Vec::new(),
        seen: BTreeSet::new(),
    };
    for (place, text) in texts(&folder) {
        if let Some(case) = Case::read(place, &text) {
            judge.case(&case);
        }
    }
    // Not by a macro: the table is wanted also where the test passes.
    let mut out = std::io::stderr().lock();
    write!(out, "{}", judge.table).unwrap();
    let Judge { table, mut problems, exceptions, seen, .. } = judge;
    let too_many = |(format, row): (&String, &Row)| {
        let allowed = row.allowed_exceptions();
        (row.exceptions > allowed).then(|| format!("{format}: {} exceptions, {allowed} allowed", row.exceptions))
    };
    problems.extend(table.judged.iter().filter_map(too_many));
    let unneeded = exceptions.unneeded(&seen);
    problems.extend(unneeded.map(|exception| format!("no longer needed: {} {}", exception.source, exception.line)));
    assert!(problems.is_empty(), "{}:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn whole_logs_are_counted_as_other_programs_count_them() {
    let Some(folder) = folder() else { return };
    let (mut logs, mut counters, mut problems) = (0, 0, Vec::new());
    for (place, text) in texts(&folder) {
        let case = serde_json::from_str(&text).unwrap();
        if let Some((compared, found)) = aggregate::judge(&case) {
            logs += 1;
            counters += compared;
            problems.extend(found.into_iter().map(|problem| format!("{place} {problem}")));
        }
    }
    writeln!(std::io::stderr(), "{counters} counters of {logs} logs, {} differ", problems.len()).unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn lines_are_joined_to_the_records_that_other_programs_make_of_them() {
    let Some(folder) = folder() else { return };
    let (mut cases, mut problems) = (0, Vec::new());
    for (place, text) in texts(&folder) {
        let case = serde_json::from_str(&text).unwrap();
        for found in [joined::judge(&case), pairs::judge(&case)].into_iter().flatten() {
            cases += 1;
            problems.extend(found.into_iter().map(|problem| format!("{place} {problem}")));
        }
    }
    writeln!(std::io::stderr(), "{cases} texts with their records, {} differ", problems.len()).unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_real_sites_ten_thousand_lines_match_or_say_why_not() {
    let Some(folder) = folder() else { return };
    let log = folder.join("../logs/apache_combined_10k.log");
    let Ok(bytes) = std::fs::read(&log) else {
        eprintln!("DID NOT RUN: there is no file {}", log.display());
        return;
    };
    let spec = reader::specification("name = \"combined\"\nbuiltin = \"combined\"").unwrap();
    let pattern = pxtail::parse::Pattern::compile(&spec).unwrap();
    let mut parser = pattern.line_parser(&["client", "user_agent"], &TimeZone::UTC).unwrap();
    let mut fields = pxtail::model::fields::Fields::with_slots(2);
    let mut refused = Vec::new();
    let mut lines = 0;
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        lines += 1;
        if parser.parse(line, &mut fields).is_err() {
            refused.push(format!("{}\n  {}", parser.explain(line), String::from_utf8_lossy(line)));
        }
    }
    // One line of this log was cut off in the middle of its user agent.
    assert_eq!((lines, refused.len()), (10_000, 1), "{}", refused.join("\n"));
    assert!(refused[0].starts_with("at byte 182: expected a closing quote, the line ends"), "{}", refused[0]);
}
