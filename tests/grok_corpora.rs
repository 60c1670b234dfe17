//! Grok patterns of other projects' own tests, on those tests' lines. The lines are not part of this repository: the folder
//! is `PXTAIL_CORPORA`, or `../shared/corpora` beside the repository; where it is absent, the test says so and passes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at what it cannot use, and says what it skips"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;

use pxtail::model::fault::{Located, Location};
use pxtail::model::fields::Fields;
use pxtail::model::spec::{Engine, GrokNames, PatternSpec, RecordSpec};
use pxtail::model::time::UnixMicros;
use pxtail::parse::Pattern;

fn folder() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let folder = std::env::var_os("PXTAIL_CORPORA").map_or_else(default, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("not run: there is no folder {}", folder.display());
    None
}

/// What the peers' test files define beside the lines, as far as the lines need it.
const TELEGRAF_TESTS: &str = r#"
TEST_TIMESTAMP %{MONTHDAY}/%{MONTHNUM}/%{YEAR}--%{TIME}
TEST_RESPONSE_TIME %{DURATION:response_time:duration}
TEST_LOG_A \[%{HTTPDATE:timestamp:ts-httpd}\] %{NUMBER:myfloat:float} %{RESPONSE_CODE} %{IPORHOST:clientip} %{TEST_RESPONSE_TIME} %{NUMBER:myint:int}
TEST_LOG_B \[%{TEST_TIMESTAMP:timestamp:ts-"02/01/2006--15:04:05"}\] %{NUMBER:myfloat:float} %{WORD:mystring:string} %{WORD:dropme:drop} %{WORD:nomodifier}
"#;

/// Values in which the peers are not followed, by pattern and field, each with the reason.
const EXCEPTIONS: [(&str, &str, &str); 5] = [
    ("UNIXPATH", "path", "the value belongs to another line of the peer's test"),
    ("CLOUDFRONT_ACCESS_LOG", "x_forwarded_for", "the peer's greedy runs go over columns: it reads the content type"),
    ("BRO_CONN", "conn_state", "the peer's greedy run takes two columns, with the tab between them"),
    ("BRO_HTTP", "domain", "the peer's older pattern reads the newer log one column late"),
    ("", "datadog", "Datadog's functions (`integer`, `notSpace`, `nullIf`) are another language"),
];

fn compile(engine: Engine) -> Result<Pattern, String> {
    let at = Location::new("grok", 0);
    let spec = PatternSpec {
        at: at.clone(),
        name: "grok".to_owned(),
        about: None,
        records: RecordSpec::default(),
        engine: Located::new(engine, at),
        types: BTreeMap::new(),
        cases: Vec::new(),
    };
    Pattern::compile(&spec).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Patterns to be tried in order on one line.
struct Trial {
    patterns: Vec<Engine>,
    zone: TimeZone,
    name: String,
}

fn grok(text: &str, definitions: &str, names: GrokNames) -> Engine {
    Engine::Grok { text: text.to_owned(), definitions: definitions.to_owned(), names }
}

fn trial(case: &Value) -> Option<Trial> {
    let text = |key: &str| case[key].as_str();
    let ecs = text("ecs_mode") == Some("ecs-v1") || case["parser_conf"].to_string().contains("ecs-v1");
    let names = if ecs { GrokNames::Ecs } else { GrokNames::Legacy };
    let utc = TimeZone::UTC;
    if text("source").unwrap_or_default().starts_with("logstash-plugins") {
        let name = text("grok_pattern")?.split(' ').next()?.to_owned();
        // The peer's tests of what must not match look at the whole line.
        let pattern = match case["should_match"] {
            Value::Bool(false) => format!("^%{{{name}:whole}}$"),
            _ => format!("%{{{name}:whole}}"),
        };
        return Some(Trial { patterns: vec![grok(&pattern, "", names)], zone: utc, name });
    }
    if let Some(patterns) = case["grok_patterns"].as_array() {
        let definitions = format!("{TELEGRAF_TESTS}\n{}", text("custom_patterns").unwrap_or_default());
        let patterns = patterns.iter().map(|pattern| grok(pattern.as_str().unwrap(), &definitions, names));
        let zone = if text("test")?.contains("Europe") { TimeZone::get("Europe/Berlin").unwrap() } else { utc };
        return Some(Trial { patterns: patterns.collect(), zone, name: text("test")?.to_owned() });
    }
    if let Some(pattern) = text("grok_pattern") {
        return Some(Trial { patterns: vec![grok(pattern, "", names)], zone: utc, name: pattern.to_owned() });
    }
    if text("format")?.starts_with("vrl_grok") {
        let arguments = &case["peer_args"];
        let patterns = arguments["patterns"].as_array().cloned().unwrap_or_else(|| vec![arguments["pattern"].clone()]);
        let name = if text("test")?.contains("datadog") { "datadog" } else { "vrl" };
        let patterns = patterns.iter().map(|pattern| grok(pattern.as_str().unwrap(), "", names)).collect();
        return Some(Trial { patterns, zone: utc, name: name.to_owned() });
    }
    let expression = case["parser_conf"]["expression"].as_str().filter(|_| text("format") == Some("fluentd_regexp"))?;
    let text = expression.trim_matches('/').to_owned();
    Some(Trial { patterns: vec![Engine::Regex { text }], zone: utc, name: "regex".to_owned() })
}

/// Every value of a nested object under its path with dots.
fn flatten(prefix: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&name, value, found);
            }
        }
        // The event's own message comes first, what the pattern took last.
        Value::Array(values) => flatten(prefix, values.last().unwrap(), found),
        Value::String(text) => found.push((prefix.to_owned(), text.clone())),
        Value::Null => {}
        other => found.push((prefix.to_owned(), other.to_string())),
    }
}

fn same(expected: &str, found: Option<&str>) -> bool {
    // A dash is absent, in quotes or not; quotes are no part of a value.
    fn bare(text: &str) -> &str {
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
    }
    let (expected, found) = (bare(expected), found.map(bare));
    if expected == "-" || expected == "-1.0" || expected == "(empty)" {
        return found.is_none_or(|found| found == expected || found == "-1");
    }
    let number = |text: &str| text.parse::<f64>().ok();
    found == Some(expected) || found.is_some_and(|found| number(found).is_some() && number(found) == number(expected))
}

/// The canonical names, and how the corpus calls them.
const CANONICAL: [(&str, &str); 8] = [
    ("client", "client"),
    ("user", "user"),
    ("method", "method"),
    ("target", "path"),
    ("status", "status"),
    ("bytes", "bytes"),
    ("referrer", "referrer"),
    ("user_agent", "user_agent"),
];

fn differences(trial: &Trial, case: &Value, line: &str) -> Vec<String> {
    let mut refusals = Vec::new();
    for engine in &trial.patterns {
        let pattern = match compile(engine.clone()) {
            Ok(pattern) => pattern,
            Err(fault) => {
                refusals.push(fault);
                continue;
            }
        };
        let mut parser = pattern.line_parser(&[], &trial.zone).unwrap();
        if parser.parse(line.as_bytes(), &mut Fields::with_slots(0)).is_err() {
            refusals.push(parser.explain(line.as_bytes()));
            continue;
        }
        if case["should_match"] == Value::Bool(false) {
            return vec!["matches, but is not to".to_owned()];
        }
        return compare(&pattern, trial, case, line);
    }
    if case["should_match"] == Value::Bool(false) { Vec::new() } else { refusals }
}

fn compare(pattern: &Pattern, trial: &Trial, case: &Value, line: &str) -> Vec<String> {
    let mut expected = Vec::new();
    flatten("", &case["peer_expected"], &mut expected);
    let is_typed_by_peer = trial.name == "regex";
    expected.retain(|(name, value)| value != line && !value.starts_with("#<") && !(is_typed_by_peer && name == "path"));
    let canonical = CANONICAL.iter().filter_map(|(name, key)| {
        let value = &case["expected"][*key];
        // Some of the corpus's names stand for fields that this project calls otherwise (a user on a firewall).
        let known = pattern.field_type(name).is_some();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (!value.is_null() && known).then(|| ((*name).to_owned(), text))
    });
    expected.extend(canonical);
    let mut problems = Vec::new();
    for (name, value) in &expected {
        if pattern.field_type(name).is_none() {
            problems.push(format!("{name}: there is no such field, expected {value:?}"));
        }
    }
    expected.retain(|(name, _)| pattern.field_type(name).is_some());
    let names: Vec<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let mut fields = Fields::with_slots(names.len());
    let mut parser = pattern.line_parser(&names, &trial.zone).unwrap();
    parser.parse(line.as_bytes(), &mut fields).unwrap();
    for (slot, (name, value)) in expected.iter().enumerate() {
        let found = fields.get(line.as_bytes(), slot).map(String::from_utf8_lossy);
        if !same(value, found.as_deref()) {
            problems.push(format!("{name}: expected {value:?}, found {found:?}"));
        }
    }
    for name in case["absent"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        let Ok(mut parser) = pattern.line_parser(&[name], &trial.zone) else { continue };
        let mut fields = Fields::with_slots(1);
        parser.parse(line.as_bytes(), &mut fields).unwrap();
        if let Some(found) = fields.get(line.as_bytes(), 0) {
            problems.push(format!("{name}: expected nothing, found {:?}", String::from_utf8_lossy(found)));
        }
    }
    let time = case["expected"]["time_unix_ms"].as_i64();
    if let Some(millis) = time.filter(|_| pattern.has_time())
        && fields.time.map(UnixMicros::millis) != Some(millis)
    {
        problems.push(format!("time: expected {millis}, found {:?}", fields.time));
    }
    problems
}

fn is_excepted(trial: &Trial, problem: &str) -> bool {
    EXCEPTIONS.iter().any(|(pattern, field, _)| {
        (*pattern == trial.name && problem.starts_with(&format!("{field}:"))) || trial.name == *field
    })
}

#[test]
fn patterns_of_other_projects_take_what_those_projects_take() {
    let Some(folder) = folder() else { return };
    let mut table: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    let mut problems = Vec::new();
    for file in ["logstash_patterns_core", "telegraf", "fluentd", "vrl"] {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{file}.jsonl"))) else { continue };
        for line in text.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let Some(trial) = trial(&case) else { continue };
            let line = case["line"].as_str().unwrap();
            let differences = differences(&trial, &case, line);
            let row = table.entry(file.to_owned()).or_default();
            let serious: Vec<&String> = differences.iter().filter(|problem| !is_excepted(&trial, problem)).collect();
            row.0 += 1;
            row.1 += usize::from(differences.is_empty());
            row.2 += usize::from(!differences.is_empty() && serious.is_empty());
            if !serious.is_empty() {
                problems.push(format!("{} on {line:?}\n  {serious:?}", trial.name));
            }
        }
    }
    eprintln!("{:<24} {:>6} {:>6} {:>9}", "file", "cases", "agree", "excepted");
    for (file, (cases, agree, excepted)) in &table {
        eprintln!("{file:<24} {cases:>6} {agree:>6} {excepted:>9}");
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert!(table.values().map(|row| row.0).sum::<usize>() > 50, "too few cases");
}
