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
    let (text, is_w3c) = text.strip_prefix("#Fields:").map_or((&*text, false), |names| (names, true));
    // In other headers a name can have spaces; any sign that is no letter is as good to ask for it.
    let names = text.split(|c| matches!(c, '\t' | ',' | ';' | '|') || (is_w3c && c == ' '));
    let names = names.map(|name| name.trim_matches(|c: char| c == '"' || c.is_whitespace()).replace(' ', "_"));
    names.filter(|name| is_name(name)).take(MOST_NAMES).collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}
