//! The keys of `key=value` pairs in a line.

/// What a line has of them.
pub(super) struct Pairs {
    /// With their values, out of their quotes.
    pub(super) keys: Vec<(String, String)>,
    /// There is text on the line that belongs to no pair.
    pub(super) has_text: bool,
}

pub(super) fn pairs(line: &[u8]) -> Pairs {
    let text = String::from_utf8_lossy(line);
    let mut found = Pairs { keys: Vec::new(), has_text: false };
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find([' ', '=', '"']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match after.strip_prefix('=') {
            Some(value) if is_key(word) => {
                let (value, after) = value.split_at(value_len(value));
                found.keys.push((word.to_owned(), value.trim_matches('"').to_owned()));
                rest = after.trim_start_matches([' ', ',', ';']);
            }
            _ => {
                found.has_text = true;
                // A text in quotes may look like anything.
                let skipped = if after.starts_with('"') { value_len(after) } else { after.len().min(1) };
                rest = after[skipped..].trim_start();
            }
        }
    }
    found
}

fn is_key(word: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '/' | '#');
    word.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '@') && word.chars().all(is_plain)
}

fn value_len(value: &str) -> usize {
    let Some(quoted) = value.strip_prefix('"') else { return value.find([' ', ',', ';']).unwrap_or(value.len()) };
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            '"' if !escaped => return at + 2,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn pairs_are_told_from_text() {
        for (line, keys, has_text) in [
            ("a=1 b=\"x y=2\" c=", &["a", "b", "c"][..], false),
            ("INFO login a=1, b=2", &["a", "b"], true),
            ("a=\"x \\\" y\" b=2", &["a", "b"], false),
            ("GET /?a=1 \"b=2\"", &[], true),
            ("", &[], false),
        ] {
            let found = pairs(line.as_bytes());
            let found_keys: Vec<&str> = found.keys.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!((&found_keys[..], found.has_text), (keys, has_text), "{line}");
        }
    }
}
