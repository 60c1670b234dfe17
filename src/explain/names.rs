//! The names that a line itself may give to its fields, for patterns that take any.
//!
//! Promises: candidates only; the pattern's parser says which of them the line has. Bounded in number. Does not: read values.

/// Names of one line at most: what is beyond is not shown.
const MOST_NAMES: usize = 200;

/// Keys of a JSON object, and what stands before `=` or, between tabs, before `:`.
pub(super) fn of_line(line: &[u8]) -> Vec<String> {
    if let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(line) {
        return object.into_iter().map(|(key, _)| key).take(MOST_NAMES).collect();
    }
    let text = String::from_utf8_lossy(line);
    let before = |piece: &str, sign| piece.split_once(sign).map(|(key, _)| key.to_owned());
    let labels = text.split('\t').filter_map(|piece| before(piece, ':'));
    let keys = text.split('=').filter_map(|piece| piece.rsplit([' ', '\t', ',', ';', '"', '{', '|', '&']).next());
    labels.chain(keys.map(str::to_owned)).filter(|name| is_name(name)).take(MOST_NAMES).collect()
}

/// The columns of a header line.
pub(super) fn of_header(line: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_prefix("#Fields:").unwrap_or(&text);
    let names = text.split([' ', '\t', ',', ';', '|']).map(|name| name.trim_matches('"').trim());
    names.filter(|name| is_name(name)).map(str::to_owned).take(MOST_NAMES).collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}
