//! Lines and pattern texts that nobody wrote, against every shipped pattern and every engine.
//!
//! Promises: each test runs for a bounded time, [`QUIET_SECONDS`] or what `PXTAIL_FUZZ_SECONDS` says; it begins with the
//! same cases on every run (`PXTAIL_FUZZ_SEED` chooses others), and a failure names the seed and the case. Lines are made
//! from those of the pattern files' cases, and from the corpora where `PXTAIL_CORPORA` names them, so that most of them get
//! far into a pattern before they break.
//!
//! Does not: use a coverage-guided fuzzer. cargo-fuzz needs a nightly compiler, and this project is built and checked with
//! one stable toolchain; structure-aware mutation finds its way into the engines without the compiler's help.

#![expect(clippy::unwrap_used, reason = "a test stops at what it cannot use")]

#[path = "fuzz/growth.rs"]
mod growth;
#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "fuzz/pattern_text.rs"]
mod pattern_text;

use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;
use jiff::tz::TimeZone;

use pxtail::config::{pattern_file, shipped};
use pxtail::model::fields::Fields;
use pxtail::model::time::UnixMicros;
use pxtail::parse::{LineParser, Pattern};

/// So long each test runs where nothing else is said: every pattern comes up some hundred times.
const QUIET_SECONDS: u64 = 4;

/// A seed, and until when.
struct Budget {
    seed: u64,
    until: Instant,
}

impl Budget {
    fn new() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let seconds = number("PXTAIL_FUZZ_SECONDS").unwrap_or(QUIET_SECONDS);
        Self { seed: number("PXTAIL_FUZZ_SEED").unwrap_or(1), until: Instant::now() + Duration::from_secs(seconds) }
    }

    /// The next case's own seed.
    fn next(&mut self) -> Option<u64> {
        self.seed = self.seed.wrapping_add(1);
        (Instant::now() < self.until).then_some(self.seed)
    }
}

/// A shipped pattern, and lines that it reads.
struct Subject {
    name: String,
    pattern: Pattern,
    names: Vec<String>,
    lines: Vec<Vec<u8>>,
    /// What the file says before the lines, such as W3C's columns.
    before: Vec<String>,
}

fn subjects() -> Vec<Subject> {
    let subject = |&(name, text): &(&'static str, &str)| {
        let spec = pattern_file::read(text, Path::new(name)).unwrap();
        let pattern = Pattern::compile(&spec).unwrap();
        let mut names: Vec<String> = pattern.field_names().into_iter().map(str::to_owned).collect();
        let of_cases =
            spec.cases.iter().filter_map(|case| case.expect.as_ref()).flat_map(|fields| fields.keys().cloned());
        names.extend(of_cases);
        names.sort_unstable();
        names.dedup();
        let lines = spec.cases.iter().map(|case| case.line.clone().into_bytes()).collect();
        let before =
            spec.cases.iter().map(|case| case.after.clone()).find(|lines| !lines.is_empty()).unwrap_or_default();
        Subject { name: name.to_owned(), pattern, names, lines, before }
    };
    shipped::PATTERNS.iter().map(subject).collect()
}

/// Lines of the corpora, where they are.
fn corpus_lines() -> Vec<Vec<u8>> {
    let Some(folder) = std::env::var_os("PXTAIL_CORPORA") else { return Vec::new() };
    let files = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let texts = files.filter_map(|file| std::fs::read_to_string(file).ok());
    let mut lines = Vec::new();
    for text in texts {
        let cases = text.lines().filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        lines.extend(cases.filter_map(|case| Some(case["line"].as_str()?.as_bytes().to_vec())));
    }
    lines
}

fn shown(line: &[u8]) -> String {
    let beginning = &line[..line.len().min(2_000)];
    format!("{} bytes: {}", line.len(), beginning.escape_ascii())
}

/// What a parser makes of a line.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Fields(Vec<Option<Vec<u8>>>, Option<UnixMicros>),
    MismatchAt(usize),
}

fn outcome(parser: &mut LineParser, wanted: usize, line: &[u8]) -> Outcome {
    let mut fields = Fields::with_slots(wanted);
    match parser.parse(line, &mut fields) {
        Ok(()) => {
            let values = (0..wanted).map(|slot| fields.get(line, slot).map(<[u8]>::to_vec)).collect();
            Outcome::Fields(values, fields.time)
        }
        Err(mismatch) => {
            assert!(mismatch.at() <= line.len(), "the mismatch is at byte {} of {}", mismatch.at(), line.len());
            assert!((0..wanted).all(|slot| fields.get(line, slot).is_none()), "fields of a line that does not match");
            Outcome::MismatchAt(mismatch.at())
        }
    }
}

/// A parser that has read the lines before.
fn parser(pattern: &Pattern, wanted: &[&str], before: &[String]) -> LineParser {
    let mut parser = pattern.line_parser(wanted, &TimeZone::UTC).unwrap();
    let mut fields = Fields::with_slots(wanted.len());
    for line in before {
        let _ = parser.parse(line.as_bytes(), &mut fields);
    }
    parser
}

/// Everything that holds of any line and any pattern.
#[track_caller]
fn check_line(subject: &Subject, line: &[u8], rng: &mut Rng, seed: u64) {
    let Subject { name, pattern, names, before, .. } = subject;
    let context = || format!("seed {seed}, pattern {name}, {}", shown(line));
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let parser = |wanted: &[&str]| parser(pattern, wanted, before);
    let mut first = parser(&all);
    let found = outcome(&mut first, all.len(), line);
    if let Outcome::Fields(values, _) = &found {
        // A field is a piece of the line, or decoded from one: decoding never makes more than a few bytes of one.
        let longest = values.iter().flatten().map(Vec::len).max().unwrap_or(0);
        assert!(longest <= 4 * line.len() + 64, "a field of {longest} bytes; {}", context());
    }
    let again = outcome(&mut parser(&all), all.len(), line);
    assert_eq!(found, again, "another parser; {}", context());
    let wanted = if all.is_empty() { 0 } else { rng.usize(0..all.len()) };
    let one: Vec<&str> = all.get(wanted).copied().into_iter().collect();
    match (&found, outcome(&mut parser(&one), one.len(), line)) {
        (Outcome::Fields(values, time), Outcome::Fields(value, time_of_one)) => {
            assert_eq!(*time, time_of_one, "the time, with one field wanted; {}", context());
            assert_eq!(values.get(wanted), value.first(), "field `{one:?}` alone; {}", context());
        }
        (Outcome::MismatchAt(_), Outcome::MismatchAt(_)) => {}
        (_, other) => assert_eq!(found, other, "matching depends on what is wanted: {one:?}; {}", context()),
    }
    let why = first.explain(line);
    // A made-up pattern's own text may hold what it likes; a shipped one's name has no line end in it.
    let is_shipped = !name.contains('\n');
    assert!(!why.is_empty(), "nothing is said; {}", context());
    assert!(!is_shipped || !why.chars().any(char::is_control), "{why:?}; {}", context());
}

#[test]
fn no_line_makes_a_pattern_panic_or_answer_in_two_ways() {
    let subjects = subjects();
    let corpus = corpus_lines();
    let mut budget = Budget::new();
    let mut lines = 0_u64;
    while let Some(seed) = budget.next() {
        let mut rng = Rng::with_seed(seed);
        let subject = &subjects[rng.usize(0..subjects.len())];
        let other = &subjects[rng.usize(0..subjects.len())];
        let mut line = rng.choice(&subject.lines).unwrap().clone();
        if !corpus.is_empty() && rng.u8(..) < 64 {
            line.clone_from(rng.choice(&corpus).unwrap());
        }
        let donor = rng.choice(&other.lines).unwrap().clone();
        mutate::mutate(&mut rng, &mut line, &donor);
        check_line(subject, &line, &mut rng, seed);
        lines += 1;
    }
    assert!(lines > 100, "only {lines} lines in all that time");
}

#[test]
fn no_text_of_a_pattern_file_makes_its_reader_or_an_engine_panic() {
    let subjects = subjects();
    let mut budget = Budget::new();
    let (mut texts, mut compiled) = (0_u64, 0_u64);
    while let Some(seed) = budget.next() {
        let mut rng = Rng::with_seed(seed);
        let text = pattern_text::make(&mut rng);
        texts += 1;
        let began = Instant::now();
        let pattern =
            pattern_file::read(&text, Path::new("fuzz.toml")).ok().and_then(|spec| Pattern::compile(&spec).ok());
        let took = began.elapsed();
        // By the wall, on a busy machine: a text that makes the compiler grow without bound takes minutes.
        assert!(took < Duration::from_secs(30), "seed {seed}: {took:?} to compile\n{text}");
        let Some(pattern) = pattern else { continue };
        compiled += 1;
        let names: Vec<String> = pattern.field_names().into_iter().map(str::to_owned).collect();
        let lines = &subjects[rng.usize(0..subjects.len())].lines;
        let mut line = rng.choice(lines).unwrap().clone();
        let donor = line.clone();
        let subject = Subject { name: text, pattern, names, lines: Vec::new(), before: Vec::new() };
        for _ in 0..3 {
            check_line(&subject, &line, &mut rng, seed);
            mutate::mutate(&mut rng, &mut line, &donor);
        }
    }
    assert!(compiled > 10, "only {compiled} of {texts} texts compile");
}

#[test]
fn the_time_that_a_line_takes_grows_with_its_length_and_no_faster() {
    let subjects = subjects();
    let mut budget = Budget::new();
    let mut lines = 0_u64;
    while let Some(seed) = budget.next() {
        let mut rng = Rng::with_seed(seed);
        // Every pattern in turn, so that a short run has seen all of them once.
        let subject = &subjects[(seed % subjects.len() as u64) as usize];
        let names: Vec<&str> = subject.names.iter().map(String::as_str).collect();
        let mut parser = parser(&subject.pattern, &names, &subject.before);
        let line = rng.choice(&subject.lines).unwrap();
        let shape = growth::Shape::new(&mut rng, line);
        let mut fields = Fields::with_slots(names.len());
        let grown = growth::measure(&shape, |line| {
            let _ = parser.parse(line, &mut fields);
        });
        if let Err(what) = grown {
            panic!("seed {seed}, pattern {}: {what}; {}", subject.name, shown(&shape.line(4 << 10)));
        }
        lines += 1;
    }
    assert!(lines > 20, "only {lines} shapes in all that time");
}
