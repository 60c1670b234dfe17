//! One line to fields, by every engine, in nanoseconds a line (`--throughput` says lines a second): the same access record as
//! each format writes it, beside the crate that the engine stands on, in one run, so that both see the same machine.
//!
//! What stands beside an engine does less: it finds the pieces and keeps them; the engine also checks numbers, reads the time
//! and knows absent values. The engines for formats of a fixed grammar (nom has none of them) and for pairs stand alone.
//! The lines differ in all that differs in a real log, and come in order of time.
//!
//! The least of many runs on a shared machine of two cores, November 2026; what counts are ratios within one run:
//!
//! | engine | ns a line | the crate beside it |
//! | --- | --- | --- |
//! | template, 13 fields | 170 | 95 by hand, for this format alone |
//! | `combined`, 10 fields | 133 | |
//! | regex, 13 fields | 655 | 1,125 regex |
//! | grok, 10 fields | 3,640 | 3,830 regex, the same pattern written out; 2,530 a simpler one |
//! | JSON, 13 fields | 460 | 454 serde_json |
//! | logfmt, 13 fields | 282 | |
//! | key=value, 13 fields | 380 | |
//! | LTSV, 13 fields | 262 | 195 csv-core |
//! | CSV, 13 fields | 183 | 146 csv-core |
//! | TSV, 13 fields | 184 | 140 csv-core |
//! | W3C, 9 fields | 220 | 144 csv-core |
//! | AWS ALB, 7 fields | 405 | |
//! | HAProxy HTTP, 6 fields | 319 | |
//! | syslog, 5 fields | 143 | |
//! | CRI and `combined` in it, 10 fields | 180 | |
//!
//! The times of these lines differ in their milliseconds, so that each is read anew, which csv-core does not; `13 texts` is
//! without that.

#![expect(clippy::unwrap_used, reason = "a bench stops at what it cannot use")]

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use pxtail::config::pattern_file;
use pxtail::model::fields::Fields;
use pxtail::parse::Pattern;

/// Fits the caches, as a chunk of a log does.
const LINES: usize = 1_000;

/// As many as come in one second of a log of five million lines a day.
const LINES_PER_SECOND: usize = 50;

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0.123456789";
const REFERRER: &str = "https://app.example.com/";

const TEMPLATE: &str = r#"template = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" account="$account" user="$user" rt=$request_time'"#;
const REGEX: &str = r#"(?<client>[^ ]+) - (?<remote_user>[^ ]+) \[(?<time>[^\]]+)\] "(?<method>[A-Z]+) (?<path>[^ "]+) (?<protocol>[^"]+)" (?<status>[0-9]{3}) (?<bytes>[0-9]+) "(?<referrer>[^"]*)" "(?<user_agent>[^"]*)" account="(?<account>[^"]*)" user="(?<user>[^"]*)" rt=(?<request_time>[0-9.]+)"#;
const GROK: &str =
    r#"grok = '%{COMBINEDAPACHELOG} account="%{DATA:account}" user="%{DATA:user}" rt=%{NUMBER:request_time}'"#;
/// The same without grok, as people write it who have not heard of ambiguous neighbours.
const USUAL_REGEX: &str = r#"^(?<client>\S+) (?<ident>\S+) (?<remote_user>\S+) \[(?<time>[^\]]+)\] "(?<method>\S+) (?<path>\S+) (?<protocol>[^"]+)" (?<status>\d+) (?<bytes>\d+) "(?<referrer>.*?)" "(?<user_agent>.*?)" account="(?<account>.*?)" user="(?<user>.*?)" rt=(?<request_time>[\d.]+)$"#;

/// All that the record has.
const ALL: [&str; 13] = [
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
const COMBINED: [&str; 10] =
    ["client", "user", "time", "method", "path", "protocol", "status", "bytes", "referrer", "user_agent"];
const TYPED: &str = "[types]\nstatus = \"integer\"\nbytes = \"integer\"\nrequest_time = \"number\"\n";
const RFC3339: &str = "time = { format = \"rfc3339\" }\n";

/// What a line says.
struct Record {
    address: u64,
    user: u64,
    account: u64,
    bytes: u64,
    report: u64,
    millis: u64,
    second: usize,
}

/// A small generator of its own: the same lines on every run.
fn records() -> Vec<Record> {
    let mut state: u64 = 7;
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let record = |index: usize| Record {
        address: below(250),
        user: below(50_000),
        account: below(2_000),
        bytes: below(90_000) + 10_000,
        report: below(900) + 100,
        millis: below(900) + 100,
        second: index / LINES_PER_SECOND,
    };
    (0..LINES).map(record).collect()
}

fn lines(write: impl Fn(&Record) -> String) -> Vec<String> {
    records().iter().map(write).collect()
}

fn combined(record: &Record) -> String {
    let Record { address, second, report, bytes, .. } = record;
    format!(
        r#"203.0.113.{address} - - [23/Nov/2026:10:00:{second:02} +0000] "GET /api/v1/reports/{report} HTTP/1.1" 200 {bytes} "{REFERRER}" "{AGENT}""#
    )
}

fn usage(record: &Record) -> String {
    let Record { account, user, millis, .. } = record;
    format!(r#"{} account="a{account:04}" user="u{user:05}" rt=0.{millis}"#, combined(record))
}

fn json(record: &Record) -> String {
    let Record { address, user, account, bytes, report, millis, second } = record;
    format!(
        r#"{{"time":"2026-11-23T10:00:{second:02}.{millis}Z","client":"203.0.113.{address}","remote_user":"-","method":"GET","path":"/api/v1/reports/{report}","protocol":"HTTP/1.1","status":200,"bytes":{bytes},"referrer":"{REFERRER}","user_agent":"{AGENT}","account":"a{account:04}","user":"u{user:05}","request_time":0.{millis}}}"#
    )
}

/// Name and value of each field, with what goes around the values that may hold spaces.
fn pairs(record: &Record, equals: &str, between: &str, quote: &str) -> String {
    let Record { address, user, account, bytes, report, millis, second } = record;
    [
        format!("time{equals}2026-11-23T10:00:{second:02}.{millis}Z"),
        format!("client{equals}203.0.113.{address}"),
        format!("remote_user{equals}-"),
        format!("method{equals}GET"),
        format!("path{equals}/api/v1/reports/{report}"),
        format!("protocol{equals}HTTP/1.1"),
        format!("status{equals}200"),
        format!("bytes{equals}{bytes}"),
        format!("referrer{equals}{REFERRER}"),
        format!("user_agent{equals}{quote}{AGENT}{quote}"),
        format!("account{equals}a{account:04}"),
        format!("user{equals}u{user:05}"),
        format!("request_time{equals}0.{millis}"),
    ]
    .join(between)
}

fn columns(record: &Record, separator: &str, quote: &str) -> String {
    let Record { address, user, account, bytes, report, millis, second } = record;
    let agent = format!("{quote}{AGENT}{quote}");
    [
        format!("203.0.113.{address}"),
        "-".to_owned(),
        format!("2026-11-23T10:00:{second:02}.{millis}Z"),
        "GET".to_owned(),
        format!("/api/v1/reports/{report}"),
        "HTTP/1.1".to_owned(),
        "200".to_owned(),
        bytes.to_string(),
        REFERRER.to_owned(),
        if separator == " " { agent.replace(' ', "+") } else { agent },
        format!("a{account:04}"),
        format!("u{user:05}"),
        format!("0.{millis}"),
    ]
    .join(separator)
}

fn w3c(record: &Record) -> String {
    let Record { address, user, bytes, report, millis, second, .. } = record;
    let agent = AGENT.replace(' ', "+");
    format!(
        "2026-11-23 10:00:{second:02} 192.0.2.1 GET /api/v1/reports/{report} - 443 u{user:05} 203.0.113.{address} {agent} {REFERRER} 200 0 0 {bytes} {millis}"
    )
}

fn alb(record: &Record) -> String {
    let Record { address, bytes, report, millis, second, .. } = record;
    format!(
        r#"https 2026-11-23T10:00:{second:02}.{millis}000Z app/web/50dc6c495c0c9188 203.0.113.{address}:51234 10.0.0.1:80 0.001 0.048 0.000 200 200 34 {bytes} "GET https://app.example.com:443/api/v1/reports/{report} HTTP/1.1" "{AGENT}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/web/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "app.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678" 1 2026-11-23T09:59:59.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-""#
    )
}

fn haproxy(record: &Record) -> String {
    let Record { address, bytes, report, millis, second, .. } = record;
    format!(
        r#"Nov 23 10:00:{second:02} lb1 haproxy[4242]: 203.0.113.{address}:51234 [23/Nov/2026:10:00:{second:02}.{millis}] www~ app/app1 0/0/1/{millis}/{millis} 200 {bytes} - - ---- 87/87/87/1/0 0/0 {{{AGENT}}} "GET /api/v1/reports/{report} HTTP/1.1""#
    )
}

fn syslog(record: &Record) -> String {
    let Record { second, user, report, .. } = record;
    format!(
        r#"<134>1 2026-11-23T10:00:{second:02}.123456Z app1 shop 4242 ID47 [meta@32473 sequenceId="{report}"] user=u{user:05} exported a report"#
    )
}

fn pattern(text: &str) -> Pattern {
    let spec = pattern_file::read(&format!("name = \"bench\"\n{text}"), Path::new("bench.toml")).unwrap();
    Pattern::compile(&spec).unwrap()
}

/// One engine and one crate's way to read the same lines.
struct Run<'c>(criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>);

impl<'c> Run<'c> {
    fn new(criterion: &'c mut Criterion, engine: &str) -> Self {
        let mut group = criterion.benchmark_group(engine);
        group.throughput(Throughput::Elements(LINES as u64));
        Self(group)
    }

    fn pxtail(&mut self, name: &str, text: &str, wanted: &[&str], before: &str, lines: &[String]) -> &mut Self {
        let mut parser = pattern(text).line_parser(wanted, &TimeZone::UTC).unwrap();
        let mut fields = Fields::with_slots(wanted.len());
        let _ = parser.parse(before.as_bytes(), &mut fields);
        self.each(&format!("pxtail, {name}"), lines, |line| {
            parser.parse(black_box(line), &mut fields).unwrap();
            black_box(&fields);
        })
    }

    fn each(&mut self, name: &str, lines: &[String], mut read: impl FnMut(&[u8])) -> &mut Self {
        self.0.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| lines.iter().for_each(|line| read(line.as_bytes())));
        });
        self
    }

    fn regex_crate(&mut self, text: &str, lines: &[String]) -> &mut Self {
        let regex = regex::bytes::Regex::new(text).unwrap();
        let mut captures = regex.capture_locations();
        self.each("regex crate, captures_read", lines, |line| {
            regex.captures_read(&mut captures, black_box(line)).unwrap();
            black_box(&captures);
        })
    }

    fn csv_crate(&mut self, separator: u8, lines: &[String]) -> &mut Self {
        let mut reader = csv_core::ReaderBuilder::new().delimiter(separator).build();
        let (mut output, mut ends) = ([0; 2_048], [0; 64]);
        self.each("csv-core", lines, |line| {
            let (result, ..) = reader.read_record(black_box(line), &mut output, &mut ends);
            let (end, ..) = reader.read_record(b"", &mut output, &mut ends);
            black_box((result, end, &output, &ends));
            reader.reset();
        })
    }
}

/// Finds the next byte, and goes on after it.
fn cut<'l>(rest: &mut &'l [u8], byte: u8) -> &'l [u8] {
    let end = memchr::memchr(byte, rest).unwrap_or(rest.len());
    let piece = &rest[..end];
    *rest = rest.get(end + 1..).unwrap_or_default();
    piece
}

fn templates(criterion: &mut Criterion) {
    let usage = lines(usage);
    assert_eq!(usage[0].len(), 229, "the line that other programs were measured with");
    Run::new(criterion, "template")
        .pxtail("13 fields", TEMPLATE, &ALL, "", &usage)
        .pxtail("5 fields and the time", TEMPLATE, &FEW, "", &usage)
        .each("memchr by hand, for this format alone", &usage, |line| {
            let mut rest = black_box(line);
            let ends = *b"  [] \"\"  \"\"\"\"\"\"\"\"=";
            black_box(ends.map(|end| cut(&mut rest, end)));
            black_box(rest);
        });
    let combined = lines(combined);
    Run::new(criterion, "combined").pxtail("10 fields", "builtin = \"combined\"", &COMBINED, "", &combined);
}

fn expressions(criterion: &mut Criterion) {
    let usage = lines(usage);
    let regex = format!("regex = '{REGEX}'\n{TYPED}time = {{ format = \"clf\" }}\n");
    Run::new(criterion, "regex")
        .pxtail("13 fields", &regex, &ALL, "", &usage)
        .pxtail("5 fields and the time", &regex, &FEW, "", &usage)
        .regex_crate(REGEX, &usage);
    let grok_fields =
        ["clientip", "auth", "timestamp", "verb", "request", "response", "bytes", "referrer", "agent", "account"];
    Run::new(criterion, "grok").pxtail("10 fields", GROK, &grok_fields, "", &usage).regex_crate(USUAL_REGEX, &usage);
}

/// What serde_json fills where the keys are known when the program is compiled.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "what is measured is that they are filled")]
struct Typed<'a> {
    time: &'a str,
    client: &'a str,
    remote_user: &'a str,
    method: &'a str,
    path: &'a str,
    protocol: &'a str,
    status: u16,
    bytes: u64,
    referrer: &'a str,
    user_agent: &'a str,
    account: &'a str,
    user: &'a str,
    request_time: f64,
}

fn structured(criterion: &mut Criterion) {
    let typed = |engine: &str| format!("{engine}\n{TYPED}{RFC3339}");
    let json = lines(json);
    Run::new(criterion, "json")
        .pxtail("13 fields", &typed("json = true"), &ALL, "", &json)
        .pxtail("5 fields and the time", &typed("json = true"), &FEW, "", &json)
        .each("serde_json, typed and borrowed", &json, |line| {
            black_box(serde_json::from_slice::<Typed<'_>>(black_box(line)).unwrap());
        });
    let logfmt = lines(|record| pairs(record, "=", " ", "\""));
    Run::new(criterion, "logfmt").pxtail("13 fields", &typed("logfmt = true"), &ALL, "", &logfmt);
    Run::new(criterion, "key_value").pxtail("13 fields", &typed("key_value = true"), &ALL, "", &logfmt);
    let ltsv = lines(|record| pairs(record, ":", "\t", ""));
    Run::new(criterion, "ltsv")
        .pxtail("13 fields", &typed("ltsv = true"), &ALL, "", &ltsv)
        .pxtail("13 texts", "ltsv = true", &ALL, "", &ltsv)
        .csv_crate(b'\t', &ltsv);
    let named = format!("columns = {ALL:?}");
    let csv = lines(|record| columns(record, ",", "\""));
    let text = typed(&format!("csv = {{ {named} }}"));
    let untyped = format!("csv = {{ {named} }}");
    Run::new(criterion, "csv")
        .pxtail("13 fields", &text, &ALL, "", &csv)
        .pxtail("13 texts", &untyped, &ALL, "", &csv)
        .csv_crate(b',', &csv);
    let tsv = lines(|record| columns(record, "\t", ""));
    let text = typed(&format!("tsv = {{ {named} }}"));
    let untyped = format!("tsv = {{ {named} }}");
    Run::new(criterion, "tsv")
        .pxtail("13 fields", &text, &ALL, "", &tsv)
        .pxtail("13 texts", &untyped, &ALL, "", &tsv)
        .csv_crate(b'\t', &tsv);
    let header = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes time-taken";
    let wanted = ["client", "user", "time", "method", "path", "status", "bytes", "referrer", "user_agent"];
    let w3c = lines(w3c);
    Run::new(criterion, "w3c").pxtail("9 fields", "w3c = true", &wanted, header, &w3c).csv_crate(b' ', &w3c);
}

fn fixed(criterion: &mut Criterion) {
    let access = ["client", "time", "method", "path", "status", "bytes", "user_agent"];
    Run::new(criterion, "aws_alb").pxtail("7 fields", "builtin = \"aws_alb\"", &access, "", &lines(alb));
    Run::new(criterion, "haproxy").pxtail("6 fields", "builtin = \"haproxy_http\"", &access[..6], "", &lines(haproxy));
    let header = ["time", "host", "app", "procid", "message"];
    Run::new(criterion, "syslog").pxtail("5 fields", "builtin = \"syslog\"", &header, "", &lines(syslog));
    let wrapped =
        lines(|record| format!("2026-11-23T10:00:{:02}.123456789Z stdout F {}", record.second, combined(record)));
    let mut cri = pattern("builtin = \"cri\"").line_parser(&["message"], &TimeZone::UTC).unwrap();
    let mut inner = pattern("builtin = \"combined\"").line_parser(&COMBINED, &TimeZone::UTC).unwrap();
    let (mut outer, mut fields) = (Fields::with_slots(1), Fields::with_slots(COMBINED.len()));
    Run::new(criterion, "cri and combined").each("pxtail, 10 fields", &wrapped, |line| {
        cri.parse(black_box(line), &mut outer).unwrap();
        inner.parse(outer.get(line, 0).unwrap(), &mut fields).unwrap();
        black_box(&fields);
    });
}

criterion_group!(benches, templates, expressions, structured, fixed);
criterion_main!(benches);
