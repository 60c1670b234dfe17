//! One line to fields, by every engine: a combined access line with account, user and time taken, 229 bytes, 13 fields; the
//! same as JSON. The lines differ in all that differs in a real log, and come in order of time.

#![expect(clippy::unwrap_used, reason = "a bench stops at what it cannot use")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use pxtail::model::fault::{Located, Location};
use pxtail::model::fields::{FieldType, Fields};
use pxtail::model::spec::{Engine, NginxEscape, PatternSpec, TypeSpec};
use pxtail::parse::Pattern;

/// Fits the caches, as a chunk of a log does.
const LINES: usize = 1_000;

/// As many as come in one second of a log of five million lines a day.
const LINES_PER_SECOND: usize = 50;

const TEMPLATE: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" account="$account" user="$user" rt=$request_time"#;
const REGEX: &str = r#"(?<client>[^ ]+) - (?<remote_user>[^ ]+) \[(?<time_local>[^\]]+)\] "(?<method>[A-Z]+) (?<path>[^ "]+) (?<protocol>[^"]+)" (?<status>[0-9]{3}) (?<bytes>[0-9]+) "(?<referrer>[^"]*)" "(?<user_agent>[^"]*)" account="(?<account>[^"]*)" user="(?<user>[^"]*)" rt=(?<request_time>[0-9.]+)"#;
const FIELDS: [&str; 13] = [
    "client",
    "remote_user",
    "time",
    "method",
    "path",
    "protocol",
    "status",
    "bytes",
    "referrer",
    "user_agent",
    "account",
    "user",
    "request_time",
];
/// What a metric of calls and bytes per user and account asks for.
const FEW: [&str; 5] = ["account", "user", "path", "status", "bytes"];

fn spec(engine: Engine, types: &[(&str, FieldType, Option<&str>)]) -> Pattern {
    let at = Location::new("bench", 0);
    let types = types.iter().map(|&(name, kind, format)| {
        let formats = format.map(str::to_owned).into_iter().collect();
        let spec = TypeSpec { formats, ..TypeSpec::of(kind) };
        (name.to_owned(), Located::new(spec, at.clone()))
    });
    let types: BTreeMap<_, _> = types.collect();
    let engine = Located::new(engine, at.clone());
    Pattern::compile(&PatternSpec {
        at,
        name: "bench".to_owned(),
        about: None,
        engine,
        records: pxtail::model::spec::RecordSpec::default(),
        types,
        cases: Vec::new(),
    })
    .unwrap()
}

/// A small generator of its own: the same lines on every run.
struct Seed(u64);

impl Seed {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0.123456789";

fn access_lines(tail: Tail) -> Vec<String> {
    let mut seed = Seed(7);
    (0..LINES)
        .map(|index| {
            let (address, user, account) = (seed.below(250), seed.below(50_000), seed.below(2_000));
            let (bytes, path, millis) = (seed.below(90_000) + 10_000, seed.below(900) + 100, seed.below(900) + 100);
            let second = index / LINES_PER_SECOND;
            let line = format!(
                r#"203.0.113.{address} - - [23/Nov/2026:10:00:{second:02} +0000] "GET /api/v1/reports/{path} HTTP/1.1" 200 {bytes} "https://app.example.com/" "{AGENT}""#
            );
            match tail {
                Tail::None => line,
                Tail::Usage => format!(r#"{line} account="a{account:04}" user="u{user:05}" rt=0.{millis}"#),
            }
        })
        .collect()
}

#[derive(Clone, Copy)]
enum Tail {
    None,
    Usage,
}

fn json_lines() -> Vec<String> {
    let mut seed = Seed(7);
    (0..LINES)
        .map(|index| {
            let (address, user, account) = (seed.below(250), seed.below(50_000), seed.below(2_000));
            let (bytes, path, millis) = (seed.below(90_000) + 10_000, seed.below(900) + 100, seed.below(900) + 100);
            let second = index / LINES_PER_SECOND;
            format!(
                r#"{{"time":"2026-11-23T10:00:{second:02}.{millis}Z","client":"203.0.113.{address}","remote_user":"-","method":"GET","path":"/api/v1/reports/{path}","protocol":"HTTP/1.1","status":200,"bytes":{bytes},"referrer":"https://app.example.com/","user_agent":"{AGENT}","account":"a{account:04}","user":"u{user:05}","request_time":0.{millis}}}"#
            )
        })
        .collect()
}

fn run(criterion: &mut Criterion, name: &str, pattern: &Pattern, wanted: &[&str], lines: &[String]) {
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(lines.len() as u64));
    let mut parser = pattern.line_parser(wanted, &TimeZone::UTC).unwrap();
    let mut fields = Fields::with_slots(wanted.len());
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for line in lines {
                parser.parse(black_box(line.as_bytes()), &mut fields).unwrap();
                black_box(&fields);
            }
        });
    });
    group.finish();
}

fn parse(criterion: &mut Criterion) {
    let usage = access_lines(Tail::Usage);
    let template = spec(Engine::NginxTemplate { text: TEMPLATE.to_owned(), escape: NginxEscape::Default }, &[]);
    run(criterion, "template, 13 fields", &template, &FIELDS, &usage);
    run(criterion, "template, 5 fields and the time", &template, &FEW, &usage);
    let typed = [("status", FieldType::Integer, None), ("bytes", FieldType::Integer, None)];
    let regex = spec(Engine::Regex { text: REGEX.to_owned() }, &typed);
    run(criterion, "regex, 13 fields", &regex, &FIELDS, &usage);
    let timed = [typed[0], typed[1], ("time", FieldType::Time, Some("rfc3339"))];
    let json = spec(Engine::Json { fields: BTreeMap::new() }, &timed);
    run(criterion, "json, 13 fields", &json, &FIELDS, &json_lines());
    run(criterion, "json, 5 fields and the time", &json, &FEW, &json_lines());
    let combined = spec(Engine::Builtin { name: "combined".to_owned() }, &[]);
    run(criterion, "combined, 10 fields", &combined, &FIELDS_OF_COMBINED, &access_lines(Tail::None));
    assert_eq!(usage[0].len(), 229, "the line that other programs were measured with");
}

const FIELDS_OF_COMBINED: [&str; 10] =
    ["client", "user", "time", "method", "path", "protocol", "status", "bytes", "referrer", "user_agent"];

criterion_group!(benches, parse);
criterion_main!(benches);
