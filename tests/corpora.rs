//! Real lines with the values that other programs read from them. The lines are not part of this repository: the folder is
//! `PXTAIL_CORPORA`, or `../shared/corpora` beside the repository; where it is absent, these tests say so and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at what it cannot use, and says what it skips"
)]

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;

use pxtail::model::fault::{Located, Location};
use pxtail::model::fields::Fields;
use pxtail::model::spec::{Engine, PatternSpec};
use pxtail::model::time::UnixMicros;
use pxtail::parse::{LineParser, Pattern};

fn folder() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let folder = std::env::var_os("PXTAIL_CORPORA").map_or_else(default, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("not run: there is no folder {}", folder.display());
    None
}

const NAMES: [&str; 11] =
    ["client", "ident", "user", "time", "request", "method", "path", "query", "status", "bytes", "referrer"];
const USER_AGENT: &str = "user_agent";

fn parser(builtin: &str) -> LineParser {
    let at = Location::new("built-in", 0);
    let engine = Located::new(Engine::Builtin { name: builtin.to_owned() }, at.clone());
    let types = std::collections::BTreeMap::new();
    let spec = PatternSpec {
        at,
        name: builtin.to_owned(),
        about: None,
        engine,
        records: pxtail::model::spec::RecordSpec::default(),
        types,
        cases: Vec::new(),
    };
    let agent = (builtin == "combined").then_some(USER_AGENT);
    let agent_and_referrer = if agent.is_some() { NAMES.len() } else { NAMES.len() - 1 };
    let wanted: Vec<&str> = NAMES[..agent_and_referrer].iter().copied().chain(agent).collect();
    Pattern::compile(&spec).unwrap().line_parser(&wanted, &TimeZone::UTC).unwrap()
}

/// What a field must hold by a peer's account of it; `None` where the peer says nothing that can be compared.
fn differs(case: &Value, fields: &Fields, line: &[u8]) -> Vec<String> {
    let expected = &case["expected"];
    let mut differences = Vec::new();
    let absent = |key: &str| case["absent_dash"].as_array().is_some_and(|names| names.iter().any(|name| name == key));
    let names = NAMES.iter().chain([&USER_AGENT]).enumerate();
    for (slot, name) in names {
        let key = if *name == "request" { "request_line" } else { name };
        let found = fields.get(line, slot).map(String::from_utf8_lossy);
        if absent(key) && found.is_some() {
            differences.push(format!("{name}: expected nothing, found {found:?}"));
        }
        let value = match &expected[key] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let whole = *name == "path" && !value.contains('?') && found.is_none();
        let parts_of_odd_request = (*name == "path" || *name == "method") && !whole_request(case);
        if whole || parts_of_odd_request {
            continue;
        }
        // Some peers count the query to the path.
        let value = if *name == "path" { value.split('?').next().unwrap_or_default().to_owned() } else { value };
        if found.as_deref() != Some(value.as_str()) && !not_verbatim(case, key) {
            differences.push(format!("{name}: expected {value:?}, found {found:?}"));
        }
    }
    if let Some(millis) = expected["time_unix_ms"].as_i64()
        && fields.time.map(UnixMicros::millis) != Some(millis)
    {
        differences.push(format!("time: expected {millis}, found {:?}", fields.time));
    }
    differences
}

/// Peers take requests apart that are not `METHOD target PROTOCOL`; this project does not.
fn whole_request(case: &Value) -> bool {
    case["line"].as_str().is_some_and(|line| line.contains(" HTTP/"))
}

fn not_verbatim(case: &Value, key: &str) -> bool {
    case["not_verbatim"].as_array().is_some_and(|names| names.iter().any(|name| name == key))
}

/// Lines that peers call by these names although they have more, or fewer, fields: each is to be refused.
const OTHER_FORMATS: [&str; 8] = [
    // A virtual host, or a list of addresses, or both before the client.
    "example.com 10.0.0.2, 10.0.0.1",
    "example.com:80 \"10.5.102.222",
    "10.0.0.2, 10.0.0.1, 127.0.0.1",
    "10.0.0.2, 10.0.0.1, 85.181.35.98",
    "1.2.3.4 2a03:0000:10ff:f00f:0000:0000:0:8000, ",
    "2a03:0000:10ff:f00f:0000:0000:0:8000, ",
    // Two more words before the client.
    "something 42 123.65.150.10",
    // No user.
    "192.168.1.1 - [08/Jun/2020:08:04:43 +0000]",
];

#[test]
fn lines_of_the_common_and_combined_formats_hold_what_other_programs_read_from_them() {
    let Some(folder) = folder() else { return };
    let mut checked = 0;
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for text in std::fs::read_to_string(&path).unwrap().lines() {
            let case: Value = serde_json::from_str(text).unwrap();
            let builtin = match case["format"].as_str() {
                Some("apache_common") => "common",
                Some("apache_combined" | "nginx_combined") => "combined",
                _ => continue,
            };
            let (Some(line), None) = (case["line"].as_str(), case.get("line_b64")) else { continue };
            checked += 1;
            let mut parser = parser(builtin);
            let mut fields = Fields::with_slots(NAMES.len() + 1);
            let expected = case["should_match"] != Value::Bool(false)
                && !OTHER_FORMATS.iter().any(|beginning| line.starts_with(beginning));
            let matched = parser.parse(line.as_bytes(), &mut fields).is_ok();
            if matched != expected {
                problems.push(format!("{line}\n  {}", parser.explain(line.as_bytes())));
            } else if matched {
                let differences = differs(&case, &fields, line.as_bytes());
                if !differences.is_empty() {
                    problems.push(format!("{line}\n  {}", differences.join("\n  ")));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{} of {checked}:\n{}", problems.len(), problems.join("\n"));
    assert!(checked > 50, "only {checked} lines");
}

#[test]
fn a_real_sites_ten_thousand_lines_match_or_say_why_not() {
    let Some(folder) = folder() else { return };
    let log = folder.join("../logs/apache_combined_10k.log");
    let Ok(bytes) = std::fs::read(&log) else {
        eprintln!("not run: there is no file {}", log.display());
        return;
    };
    let mut parser = parser("combined");
    let mut fields = Fields::with_slots(NAMES.len() + 1);
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
