//! A regular expression for lines that are alike: what they share stands as it is, what differs is a field.
//!
//! Promises: the expression has no two neighbours that could share a text, so that no client's text moves another field; it
//! is anchored by the engine. Does not: find more than the most frequent shape of line.

use std::collections::BTreeMap;
// Writing into a String cannot fail: what it returns is not looked at.
use std::fmt::Write as _;

use super::tokens::{Kind, TIMES, Token, tokens};

/// Which part of the lines must go on alike for the expression to go on.
const ALIKE: f64 = 0.9;
/// In a line's first tokens, the most frequent beginning is followed if so many lines share it: logs are mixed.
const BEGINNING: usize = 3;
const BEGINNING_ALIKE: f64 = 0.5;
/// A word is taken as fixed when so many lines have it.
const FIXED: usize = 5;

/// What a line has at one place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Structure {
    Space,
    Sign(u8),
    Inner(u8),
    Value,
    End,
}

impl Structure {
    const fn of(token: Option<&Token>) -> Self {
        match token {
            None => Self::End,
            Some(token) => match token.kind {
                Kind::Space => Self::Space,
                Kind::Sign(byte) => Self::Sign(byte),
                Kind::Inner(closing) => Self::Inner(closing),
                _ => Self::Value,
            },
        }
    }
}

/// An expression and how many fields it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aligned {
    pub(super) regex: String,
    pub(super) fields: usize,
}

struct Line<'a> {
    bytes: &'a [u8],
    tokens: Vec<Token>,
}

impl Line<'_> {
    fn text(&self, place: usize) -> &[u8] {
        self.tokens.get(place).map_or(b"", |token| &self.bytes[token.span.clone()])
    }
}

/// `None` where lines share nothing at all.
pub(super) fn align(lines: &[&[u8]]) -> Option<Aligned> {
    let mut alive: Vec<Line<'_>> = lines.iter().map(|&bytes| Line { bytes, tokens: tokens(bytes) }).collect();
    let access = access_names(alive.iter().find_map(access_begins));
    let mut writer = Writer { regex: String::new(), names: Vec::new(), request: false, access };
    for place in 0.. {
        let mut counts: BTreeMap<Structure, usize> = BTreeMap::new();
        for line in &alive {
            *counts.entry(Structure::of(line.tokens.get(place))).or_default() += 1;
        }
        let (structure, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let needed = if place < BEGINNING { lines.len() as f64 * BEGINNING_ALIKE } else { alive.len() as f64 * ALIKE };
        let is_alike = count as f64 >= needed;
        if is_alike && structure == Structure::End {
            break;
        }
        if !is_alike || matches!(structure, Structure::Inner(0)) {
            writer.rest();
            break;
        }
        alive.retain(|line| Structure::of(line.tokens.get(place)) == structure);
        // A line without the time that the others have is another kind of line.
        let kind = |line: &Line<'_>| line.tokens.get(place).map(|token| token.kind);
        let times = alive.iter().filter(|line| matches!(kind(line), Some(Kind::Time(_)))).count();
        if times as f64 >= needed {
            alive.retain(|line| matches!(kind(line), Some(Kind::Time(_) | Kind::Dash)));
        }
        writer.column(&alive, place, structure);
    }
    let fields = writer.names.len();
    let is_worth_it = fields >= 2 || (fields == 1 && !writer.names.iter().any(|name| name == "message"));
    is_worth_it.then_some(Aligned { regex: writer.regex, fields })
}

struct Writer {
    regex: String,
    names: Vec<String>,
    /// A request was seen: a number after it is the status, the next one the bytes.
    request: bool,
    /// Names of the places of a web server's access log.
    access: BTreeMap<usize, &'static str>,
}

/// The place of the bracket before the time, in a line that begins as the common and the combined log format do:
/// `client ident user [time] "request" status bytes`, whatever stands before and after.
fn access_begins(line: &Line<'_>) -> Option<usize> {
    let kinds: Vec<Kind> = line.tokens.iter().map(|token| token.kind).collect();
    let time = kinds.iter().position(|kind| matches!(kind, Kind::Time(1)))?;
    let bracket = time.checked_sub(1).filter(|bracket| *bracket >= 6)?;
    let is_client = |kind: Kind| matches!(kind, Kind::Address | Kind::Word);
    let is_number = |place: usize| matches!(kinds.get(place), Some(Kind::Integer | Kind::Dash));
    let is_it = is_client(kinds[bracket - 6])
        && [1, 3, 5].iter().all(|before| kinds[bracket - before] == Kind::Space)
        && kinds.get(time + 1..time + 4) == Some(&[Kind::Sign(b']'), Kind::Space, Kind::Sign(b'"')][..])
        && kinds.get(time + 4) == Some(&Kind::Inner(b'"'))
        && is_number(time + 7)
        && is_number(time + 9);
    is_it.then_some(bracket)
}

fn access_names(bracket: Option<usize>) -> BTreeMap<usize, &'static str> {
    let Some(bracket) = bracket else { return BTreeMap::new() };
    let before = [(6, "client"), (4, "ident"), (2, "user")].map(|(place, name)| (bracket - place, name));
    let after = [(1, "time"), (5, "request"), (8, "status"), (10, "bytes"), (13, "referrer"), (17, "user_agent")];
    before.into_iter().chain(after.map(|(place, name)| (bracket + place, name))).collect()
}

impl Writer {
    fn rest(&mut self) {
        let name = self.unique("message");
        let _ = write!(self.regex, "[ \\t]*(?<{name}>.*)");
        self.names.push(name);
    }

    fn column(&mut self, lines: &[Line<'_>], place: usize, structure: Structure) {
        let texts: Vec<&[u8]> = lines.iter().map(|line| line.text(place)).collect();
        let first = texts.first().copied().unwrap_or_default();
        let is_same = texts.iter().all(|text| *text == first);
        match structure {
            Structure::Space if is_same => self.regex.push_str(&literal(first)),
            Structure::Space => self.regex.push_str(r"[ \t]+"),
            Structure::Sign(byte) => self.regex.push_str(&literal(&[byte])),
            Structure::Inner(closing) => self.field(
                lines,
                place,
                &texts,
                &match closing {
                    b'"' => r#"(?:[^"\\]|\\.)*"#.to_owned(),
                    closing => format!("[^{}]*", literal(&[closing])),
                },
            ),
            Structure::Value | Structure::End => {
                let next: Vec<&[u8]> = lines.iter().map(|line| line.text(place + 1)).collect();
                let is_key = next.iter().all(|text| matches!(*text, b"=" | b":"));
                let is_word =
                    lines.iter().all(|line| line.tokens.get(place).is_some_and(|token| token.kind == Kind::Word));
                let says_something = special_name(&texts).is_some();
                if is_same && is_word && (is_key || (texts.len() >= FIXED && !says_something)) {
                    return self.regex.push_str(&literal(first));
                }
                let class = class(lines, place);
                self.field(lines, place, &texts, &class);
            }
        }
    }

    fn field(&mut self, lines: &[Line<'_>], place: usize, texts: &[&[u8]], class: &str) {
        let name = self.name(lines, place, texts);
        let name = self.unique(&name);
        let _ = write!(self.regex, "(?<{name}>{class})");
        self.names.push(name);
    }

    fn name(&mut self, lines: &[Line<'_>], place: usize, texts: &[&[u8]]) -> String {
        if let Some(key) = key_before(lines, place) {
            return key;
        }
        // Behind the status, a format may have other things than the combined one: only texts in quotes are its.
        let is_quoted = || lines.iter().all(|line| line.tokens[place].kind == Kind::Inner(b'"'));
        if let Some(name) = self.access.get(&place)
            && (!matches!(*name, "referrer" | "user_agent") || is_quoted())
        {
            self.request |= *name == "request";
            return (*name).to_owned();
        }
        let kind = |kind: fn(Kind) -> bool| {
            lines.iter().all(|line| line.tokens.get(place).is_some_and(|token| kind(token.kind)))
        };
        // Places that are empty in all lines say nothing.
        let is_any = |kind: fn(Kind) -> bool| {
            lines.iter().any(|line| line.tokens.get(place).is_some_and(|token| kind(token.kind)))
        };
        if kind(|kind| matches!(kind, Kind::Time(_) | Kind::Dash)) && is_any(|kind| matches!(kind, Kind::Time(_))) {
            return "time".to_owned();
        }
        if kind(|kind| matches!(kind, Kind::Address)) {
            return "client".to_owned();
        }
        if let Some(name) = special_name(texts) {
            self.request |= matches!(name, "request" | "method");
            return name.to_owned();
        }
        if self.request && kind(|kind| matches!(kind, Kind::Integer | Kind::Dash)) {
            let is_status = |text: &&[u8]| matches!(*text, b"-") || (text.len() == 3 && matches!(text[0], b'1'..=b'5'));
            let name = if !self.names.iter().any(|name| name == "status") && texts.iter().all(is_status) {
                Some("status")
            } else if self.names.last().is_some_and(|name| name == "status") {
                Some("bytes")
            } else {
                None
            };
            if let Some(name) = name {
                return name.to_owned();
            }
        }
        format!("field{}", self.names.len() + 1)
    }

    fn unique(&self, name: &str) -> String {
        let taken = |name: &str| self.names.iter().any(|known| known == name);
        if !taken(name) {
            return name.to_owned();
        }
        // One of so many is free.
        let numbers = 2..=self.names.len() + 2;
        numbers.map(|number| format!("{name}_{number}")).find(|name| !taken(name)).unwrap_or_default()
    }
}

/// `user` before `=` or `: `, where every line has the same.
fn key_before(lines: &[Line<'_>], place: usize) -> Option<String> {
    let first = lines.first()?;
    // Behind an opening quote, the key is one token further to the left.
    let mut sign = place.checked_sub(1)?;
    while matches!(first.tokens.get(sign)?.kind, Kind::Space | Kind::Sign(b'"' | b'[' | b'(')) {
        sign = sign.checked_sub(1)?;
    }
    let key = sign.checked_sub(1)?;
    let is_key = |line: &Line<'_>| {
        matches!(line.text(sign), b"=" | b":")
            && line.text(key) == first.text(key)
            && line.tokens[key].kind == Kind::Word
    };
    if !lines.iter().all(is_key) {
        return None;
    }
    let name: String = String::from_utf8_lossy(first.text(key))
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    let name = name.trim_matches('_').to_owned();
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() <= 40).then_some(name)
}

/// Names for texts that are the same everywhere.
pub(super) fn special_name(texts: &[&[u8]]) -> Option<&'static str> {
    const METHODS: [&str; 9] = ["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"];
    const LEVELS: [&str; 16] = [
        "trace", "debug", "info", "notice", "warn", "warning", "error", "err", "crit", "critical", "alert", "emerg",
        "fatal", "panic", "severe", "verbose",
    ];
    let texts: Vec<&str> = texts.iter().map(|text| std::str::from_utf8(text).unwrap_or("\0")).collect();
    let most = |test: &dyn Fn(&str) -> bool| {
        let said: Vec<&&str> = texts.iter().filter(|text| !matches!(**text, "-" | "")).collect();
        !said.is_empty() && said.iter().filter(|text| test(text)).count() * 10 >= said.len() * 8
    };
    let begins_with_method =
        |text: &str| METHODS.iter().any(|method| text.strip_prefix(method).is_some_and(|rest| rest.starts_with(' ')));
    if most(&begins_with_method) {
        Some("request")
    } else if most(&|text| METHODS.contains(&text)) {
        Some("method")
    } else if most(&|text| LEVELS.contains(&text.to_ascii_lowercase().as_str())) {
        Some("level")
    } else if most(&|text| text.starts_with("HTTP/")) {
        Some("protocol")
    } else if most(&|text| text.starts_with('/')) {
        Some("target")
    } else if most(&|text| text.starts_with("http://") || text.starts_with("https://")) {
        Some("referrer")
    } else if most(&|text| text.starts_with("Mozilla/") || text.starts_with("curl/")) {
        Some("user_agent")
    } else {
        None
    }
}

/// What a value without spaces can be.
fn class(lines: &[Line<'_>], place: usize) -> String {
    let mut kinds: Vec<Kind> = lines.iter().filter_map(|line| line.tokens.get(place)).map(|token| token.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let dash = if kinds.contains(&Kind::Dash) { "|-" } else { "" };
    kinds.retain(|kind| *kind != Kind::Dash);
    // A colon ends the text only where no line has one in it.
    let followed_by_colon = lines.iter().any(|line| line.text(place + 1) == b":")
        && !lines.iter().any(|line| line.text(place).contains(&b':'));
    match &kinds[..] {
        [Kind::Integer] => format!(r"-?\d+{dash}"),
        [Kind::Integer, Kind::Decimal] | [Kind::Decimal] => format!(r"-?\d+(?:\.\d+)?{dash}"),
        [Kind::Address] => format!("[0-9A-Fa-f.:]+{dash}"),
        [Kind::Time(index)] => format!("{}{dash}", TIMES[usize::from(*index)]),
        _ if followed_by_colon => r#"[^\s"\[\](){}<>=,;|:]+"#.to_owned(),
        _ => r#"[^\s"\[\](){}<>=,;|]+"#.to_owned(),
    }
}

/// A text as it stands in an expression on bytes.
fn literal(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    regex::escape(&text).replace('\t', r"\t")
}

#[cfg(test)]
mod tests {
    use super::align;

    #[track_caller]
    fn check(lines: &[&str], expected: Option<&str>) {
        let bytes: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        assert_eq!(align(&bytes).map(|aligned| aligned.regex).as_deref(), expected);
    }

    #[test]
    fn what_differs_is_a_field_and_what_is_the_same_stands() {
        check(
            &[
                "2026-11-23 10:00:00,1 INFO [a b] login user=u1 took=1.5",
                "2026-11-23 10:00:00,1 WARN [] login user=u2 took=2",
            ],
            Some(
                r#"(?<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?) (?<level>[^\s"\[\](){}<>=,;|]+) \[(?<field3>[^\]]*)\] (?<field4>[^\s"\[\](){}<>=,;|]+) user=(?<user>[^\s"\[\](){}<>=,;|]+) took=(?<took>-?\d+(?:\.\d+)?)"#,
            ),
        );
        check(
            &["10.0.0.1 \"GET / HTTP/1.1\" 200 5", "::1 \"GET /x HTTP/1.1\" 404 -"],
            Some(r#"(?<client>[0-9A-Fa-f.:]+) "(?<request>(?:[^"\\]|\\.)*)" (?<status>-?\d+) (?<bytes>-?\d+|-)"#),
        );
        check(
            &["a 1", "b 2", "c 3 or more", "d 4 too", "e 5 as well as others"],
            Some(r#"(?<field1>[^\s"\[\](){}<>=,;|]+) (?<field2>-?\d+)[ \t]*(?<message>.*)"#),
        );
        check(&["one"], Some(r#"(?<field1>[^\s"\[\](){}<>=,;|]+)"#));
        check(&[], None);
    }
}
