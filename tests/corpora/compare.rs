//! Whether a line holds what a peer reads from it.
//!
//! Where peers disagree with each other, this project's policy decides: `-` is absent; values keep their escapes as written,
//! so a peer that decodes is compared after decoding; a request that is not `METHOD target PROTOCOL` has no parts; some
//! peers count the query to the path, or the scheme and host.

use crate::case::{Case, base64};
use crate::reader::Found;

use serde_json::Value;

/// What a case states, and the field that must hold it.
const FIELDS: [(&str, &str); 20] = [
    ("client", "client"),
    ("user", "user"),
    ("ident", "ident"),
    ("method", "method"),
    ("status", "status"),
    ("bytes", "bytes"),
    ("referrer", "referrer"),
    ("user_agent", "user_agent"),
    ("request_line", "request"),
    ("request_line_latin1", "request"),
    ("protocol", "protocol"),
    ("hostname", "host"),
    ("program", "app"),
    ("pid", "procid"),
    ("msgid", "msgid"),
    ("priority", "pri"),
    ("message", "message"),
    ("stream", "stream"),
    ("partial", "partial"),
    ("logtag", "tag"),
];

/// Those that are judged in every format.
const EVERYWHERE: [&str; 11] = [
    "client",
    "user",
    "ident",
    "method",
    "status",
    "bytes",
    "referrer",
    "user_agent",
    "request_line",
    "request_line_latin1",
    "protocol",
];

/// Those that are judged in syslog, and in containers' wrappers.
const OF_SYSLOG: [&str; 6] = ["hostname", "program", "pid", "msgid", "priority", "message"];
const OF_CONTAINERS: [&str; 4] = ["message", "stream", "partial", "logtag"];

fn is_judged(case: &Case, key: &str) -> bool {
    let is_of = |format: &str, keys: &[&str]| case.format.starts_with(format) && keys.contains(&key);
    // What the peer took from elsewhere: the name of the host that it ran on.
    let is_elsewhere = OF_SYSLOG.contains(&key) && case.names("not_verbatim", key);
    EVERYWHERE.contains(&key)
        || (is_of("syslog", &OF_SYSLOG) && !is_elsewhere)
        || is_of("cri", &OF_CONTAINERS)
        || is_of("docker", &OF_CONTAINERS)
}

/// Every stated value that does not agree, and how many were compared.
pub fn differences(case: &Case, found: &Found) -> (Vec<(String, String)>, usize) {
    let mut differences = Vec::new();
    let mut compared = 0;
    for (key, field) in FIELDS {
        if case.names("absent_dash", key) && found.fields.contains_key(field) {
            differences.push((key.to_owned(), format!("expected nothing, found {:?}", found.text(field))));
        }
        let Some((_, value)) = case.stated().find(|(stated, _)| *stated == key) else { continue };
        if !is_judged(case, key) || is_policy(key, found) || is_from_elsewhere(case, value) {
            continue;
        }
        compared += 1;
        let peers = case.stated_by_peer(key);
        if !agrees(value, field, found) && (peers.is_null() || !agrees(peers, field, found)) {
            differences.push((key.to_owned(), shown(value, found.text(field).as_deref())));
        }
    }
    if let Some((_, value)) = case.stated().find(|(key, _)| *key == "path")
        && !is_policy("path", found)
        && !is_from_elsewhere(case, value)
    {
        compared += 1;
        let stated = text_of(value);
        if !path_agrees(case, &stated, found) {
            let held = (found.text("path"), found.text("query"), found.text("target"));
            differences.push(("path".to_owned(), format!("expected {stated:?}, found {held:?}")));
        }
    }
    if case.time().is_some() {
        compared += 1;
        if !time_agrees(case, found) {
            differences.push(("time".to_owned(), format!("expected {:?}, found {:?}", case.time(), found.time)));
        }
    }
    (differences, compared)
}

fn shown(value: &Value, found: Option<&str>) -> String {
    format!("expected {:?}, found {found:?}", text_of(value))
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Peers take requests apart that are not `METHOD target PROTOCOL`; this project gives `request` alone.
fn is_policy(key: &str, found: &Found) -> bool {
    let parts = ["method", "path", "protocol"];
    let in_one_piece = |request: String| !is_whole_request(&request);
    parts.contains(&key)
        && parts.iter().all(|part| !found.fields.contains_key(part))
        && found.text("request").is_some_and(in_one_piece)
}

fn is_whole_request(request: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match (request.split_once(' '), request.rsplit_once(' ')) {
        (Some((method, _)), Some((before, protocol))) => {
            word(method) && before.len() > method.len() && protocol.starts_with("HTTP/")
        }
        _ => false,
    }
}

/// The line needs what came before it: only what stands in it can be compared.
fn is_from_elsewhere(case: &Case, value: &Value) -> bool {
    let text = text_of(value);
    case.flag("needs_prior_line") && !String::from_utf8_lossy(&case.line).contains(&text)
}

fn agrees(value: &Value, field: &str, found: &Found) -> bool {
    let Some(bytes) = found.fields.get(field).cloned().or_else(|| derived(field, found)) else {
        // An empty text and none at all are the same to peers that have no word for absence.
        return value.as_str().is_some_and(|text| text.is_empty() || text == "-");
    };
    let text = String::from_utf8_lossy(&bytes);
    match value {
        Value::Number(number) => text.parse::<f64>().ok() == number.as_f64(),
        Value::Bool(value) => text == value.to_string(),
        Value::String(stated) if field == "message" => stated.trim() == text.trim() || is_decoded(stated, &bytes),
        Value::String(stated) => *stated == text || is_decoded(stated, &bytes),
        _ => false,
    }
}

/// A container's tag and its being a part say the same.
fn derived(field: &str, found: &Found) -> Option<Vec<u8>> {
    let other = |name: &str, part: &str, whole: &str| {
        let text = found.text(name)?;
        let of_whole = matches!(text.as_str(), "F" | "false");
        Some(if of_whole { whole } else { part }.as_bytes().to_vec())
    };
    match field {
        "partial" => other("tag", "true", "false"),
        "tag" => other("partial", "P", "F"),
        _ => None,
    }
}

fn path_agrees(case: &Case, stated: &str, found: &Found) -> bool {
    if found.fields.get("target").is_some_and(|target| stated.as_bytes() == target || is_decoded(stated, target)) {
        return true;
    }
    let (path, query) = match stated.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (stated, None),
    };
    let same = |name: &str, text: &str| {
        found.fields.get(name).is_some_and(|bytes| text.as_bytes() == bytes || is_decoded(text, bytes))
    };
    let query_agrees = match query {
        Some("") | None => true,
        Some(query) => same("query", query) || case.names("not_verbatim", "query"),
    };
    same("path", path) && query_agrees
}

fn time_agrees(case: &Case, found: &Found) -> bool {
    let Some(stated) = case.time() else { return true };
    let unit = if case.text("time_precision") == Some("s") { 1_000_000 } else { 1_000 };
    let same = |at: i64| at.div_euclid(unit) == stated.0.div_euclid(unit);
    let other = found.text("request_creation_time").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    found.time.is_some_and(|at| same(at.0)) || other.is_some_and(|at| same(at.as_microsecond()))
}

/// Whether the stated text is what becomes of the bytes when the escapes of log writers, of URLs, or of IIS are undone.
fn is_decoded(stated: &str, bytes: &[u8]) -> bool {
    let latin: Vec<u8> = stated.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let is_latin = stated.chars().all(|c| u32::from(c) < 256);
    let same = |decoded: &[u8]| decoded == stated.as_bytes() || is_latin && decoded == latin;
    let plain: Vec<u8> = bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    same(&without_backslashes(bytes)) || same(&without_percents(bytes)) || same(&without_percents(&plain))
}

fn without_backslashes(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'\\', [b'x', high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            (b'\\', [b'n', tail @ ..]) => {
                decoded.push(b'\n');
                rest = tail;
            }
            (b'\\', [b't', tail @ ..]) => {
                decoded.push(b'\t');
                rest = tail;
            }
            (b'\\', [escaped, tail @ ..]) => {
                decoded.push(*escaped);
                rest = tail;
            }
            _ => decoded.push(first),
        }
    }
    decoded
}

fn without_percents(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match after {
            [high, low, tail @ ..] if first == b'%' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            _ => decoded.push(first),
        }
    }
    decoded
}

fn hex(digit: u8) -> u8 {
    (digit as char).to_digit(16).map_or(0, |value| value as u8)
}

/// The exact bytes of a message that is no text.
pub fn message_bytes_agree(case: &Case, found: &Found) -> bool {
    let stated = case.stated().find(|(key, _)| *key == "message_b64").and_then(|(_, value)| value.as_str());
    stated.is_none_or(|stated| found.fields.get("message") == Some(&base64(stated)))
}
