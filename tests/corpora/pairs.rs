//! The pairs that a peer reads from lines of logfmt, key by key.
//!
//! Promises: a key without a value is there. Does not: compare the order of pairs, nor all values of a key that comes twice:
//! the last one counts.

use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::Value;

use pxtail::config::pattern_file;
use pxtail::model::fields::Fields;
use pxtail::parse::Pattern;

/// What differs; `None`: no case of this kind.
pub fn judge(case: &Value) -> Option<Vec<String>> {
    if case["format"] != "logfmt" || case["should_match"] == Value::Bool(false) {
        return None;
    }
    let records = case["peer_expected"]["records"].as_array()?;
    let lines: Vec<&str> = case["line"].as_str()?.lines().collect();
    let pairs = records.iter().map(|record| record.as_array().map_or(&[][..], Vec::as_slice));
    Some(lines.into_iter().zip(pairs).filter_map(|(line, pairs)| differs(line, pairs)).collect())
}

fn differs(line: &str, pairs: &[Value]) -> Option<String> {
    let pairs: Vec<(&str, &str)> =
        pairs.iter().filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str().unwrap_or_default()))).collect();
    if pairs.is_empty() {
        return None;
    }
    let spec = pattern_file::read("name = \"pasted\"\nlogfmt = true", Path::new("pasted.toml")).unwrap();
    let pattern = Pattern::compile(&spec).unwrap();
    let mut names: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
    names.sort_unstable();
    names.dedup();
    let mut parser = pattern.line_parser(&names, &TimeZone::UTC).unwrap();
    let mut fields = Fields::with_slots(names.len());
    if parser.parse(line.as_bytes(), &mut fields).is_err() {
        return Some(format!("{line:?}: {}", parser.explain(line.as_bytes())));
    }
    let wrong = names.iter().enumerate().find_map(|(slot, name)| {
        let stated = pairs.iter().rev().find(|(key, _)| key == name)?.1;
        let found = fields.get(line.as_bytes(), slot).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        (found.as_deref() != Some(stated)).then(|| format!("{name}: expected {stated:?}, found {found:?}"))
    });
    wrong.map(|wrong| format!("{line:?}: {wrong}"))
}
