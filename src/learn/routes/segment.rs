//! One segment of a path: a word of the application's, or something that varies.

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Segment {
    /// A word as it stands.
    Text(String),
    /// Numbers, UUIDs, hashes, tokens: nobody's word.
    Id,
    /// A day or a time.
    Date,
    /// Too many different texts to be words of the application's.
    Name,
    /// An id or a name with an ending that tells: `{file}.pdf`.
    File(String),
    /// What is too deep.
    Rest,
}

/// Hexadecimal digits that no word is made of by chance.
const HEX: usize = 8;
/// Letters and digits mixed, so many, are a token.
const TOKEN: usize = 16;
/// Longer texts are no words.
const WORD_BYTES: usize = 60;

impl Segment {
    /// A text that may be a word of the application's: not what a slash at the end leaves.
    pub(super) fn is_word(&self) -> bool {
        matches!(self, Self::Text(text) if !text.is_empty())
    }

    pub(super) fn of(text: &str) -> Self {
        if let Some((stem, ending)) = text.rsplit_once('.')
            && is_ending(ending)
            && (is_id(stem) || is_date(stem))
        {
            return Self::File(ending.to_ascii_lowercase());
        }
        if is_date(text) {
            Self::Date
        } else if is_id(text) || text.len() > WORD_BYTES {
            Self::Id
        } else {
            Self::Text(text.to_owned())
        }
    }
}

fn is_ending(text: &str) -> bool {
    (1..=5).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_id(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let others = text.len() - digits - letters;
    let is_joined = text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'=' | b':' | b'@' | b'+')
    });
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match () {
        () if digits == 0 => text.contains('@') && text.contains('.') || text.contains('%') && text.len() > TOKEN,
        () if letters == 0 => is_joined,
        // A version, `v1`, and words with a number at their end are words.
        () if is_hex && digits + letters >= HEX => true,
        () if text.contains('@') && text.contains('.') => true,
        () if !is_joined => digits + letters >= TOKEN && digits >= 2,
        () if digits + letters >= TOKEN && others <= 4 && digits >= 2 => is_mixed(text),
        // `usr_1234`, `INV-2026-17`: mostly digits after a short word.
        () => digits >= 3 && digits >= letters,
    }
}

/// Digits and letters alternate more often than in words with a number at one end.
fn is_mixed(text: &str) -> bool {
    let bytes = text.as_bytes();
    let changes = bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    changes >= 3
}

/// `2026-11-23`, `20261123`, `2026-11`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |text: &str, len: usize| (text.len() == len).then(|| text.parse::<u32>().ok()).flatten();
    let is = |year: Option<u32>, month: Option<u32>, day: Option<u32>| {
        year.is_some_and(|year| (1990..2100).contains(&year))
            && month.is_some_and(|month| (1..=12).contains(&month))
            && day.is_some_and(|day| (1..=31).contains(&day))
    };
    match &parts[..] {
        [year, month, day] => is(number(year, 4), number(month, 2), number(day, 2)),
        [year, month] => is(number(year, 4), number(month, 2), Some(1)),
        [all] if all.len() == 8 && all.is_ascii() => {
            is(number(&all[..4], 4), number(&all[4..6], 2), number(&all[6..], 2))
        }
        _ => false,
    }
}

/// `/users/{id}/files/{id2}`: each variable has a name of its own. Braces of a path's own stand as they are written in URLs.
pub(super) fn template(path: &[Segment]) -> String {
    let mut text = String::new();
    let mut names: Vec<String> = Vec::new();
    for segment in path {
        text.push('/');
        let mut variable = |name: &str| {
            let count = names.iter().filter(|known| *known == name).count();
            names.push(name.to_owned());
            if count == 0 { format!("{{{name}}}") } else { format!("{{{name}{}}}", count + 1) }
        };
        match segment {
            Segment::Text(word) => text.push_str(&word.replace('{', "%7B").replace('}', "%7D")),
            Segment::Id => text.push_str(&variable("id")),
            Segment::Date => text.push_str(&variable("date")),
            Segment::Name => text.push_str(&variable("name")),
            Segment::File(ending) => text.extend([&variable("file"), ".", ending]),
            Segment::Rest => text.push_str(&variable("rest")),
        }
    }
    if text.is_empty() { "/".to_owned() } else { text }
}

/// Words of a template that mean something to a reader.
fn meaning(path: &str) -> Vec<String> {
    let is_word = |part: &&str| {
        let is_version = part
            .strip_prefix(['v', 'V'])
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        !part.is_empty() && !part.starts_with('{') && !is_version && *part != "api"
    };
    path.split('/').filter(is_word).map(titled).collect()
}

fn titled(word: &str) -> String {
    let word: String = word.chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { ' ' }).take(60).collect();
    let words = word.split_whitespace().map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A name for a route: `Reports Export`.
pub(super) fn words(path: &str) -> String {
    let words = meaning(path);
    let name = if words.is_empty() { category(path) } else { words.join(" ") };
    if path.ends_with('}') && !words.is_empty() { format!("{name} Item") } else { name }
}

/// The first word.
pub(super) fn category(path: &str) -> String {
    let without = if path == "/" { "Root" } else { "Other" };
    meaning(path).into_iter().next().unwrap_or_else(|| without.to_owned())
}

pub(super) fn is_method(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::Segment;

    #[test]
    fn what_varies_is_told_from_words() {
        for (text, expected) in [
            ("users", "users"),
            ("v1", "v1"),
            ("oauth2", "oauth2"),
            ("i18n", "i18n"),
            ("base64", "base64"),
            ("1", "{id}"),
            ("12345", "{id}"),
            ("1.5", "{id}"),
            ("123e4567-e89b-12d3-a456-426614174000", "{id}"),
            ("deadbeef", "deadbeef"),
            ("d3adbeef", "{id}"),
            ("5f2b8c9e1d", "{id}"),
            ("usr_1234", "{id}"),
            ("INV-2026-17", "{id}"),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "{id}"),
            ("user@example.com", "{id}"),
            ("2026-11-23", "{date}"),
            ("20261123", "{date}"),
            ("2026-11", "{date}"),
            ("2026-13", "{id}"),
            ("7.json", "{file}.json"),
            ("report.json", "report.json"),
            ("app.3f2a9c1b.js", "app.3f2a9c1b.js"),
            ("", ""),
            ("monthly-report-export-summary", "monthly-report-export-summary"),
            ("%E2%82%AC%E2%82%AC%E2%82%AC", "{id}"),
        ] {
            let shown = super::template(&[Segment::of(text)]);
            assert_eq!(shown, format!("/{expected}"), "{text}");
        }
    }
}
