//! `log-format` out of haproxy.cfg.
//!
//! Words are as HAProxy reads them: a backslash takes the next letter as it is, single quotes take everything, double
//! quotes everything but `\"`, `\\` and `\$`; `#` begins a comment. A format is one word.

use std::path::Path;

use super::{Format, Found, Syntax};
use crate::model::fault::Location;

pub(super) fn read(path: &Path, text: &str) -> Found {
    let mut found = Found::default();
    let mut section = "haproxy".to_owned();
    for (number, line) in (1..).zip(text.lines()) {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match &words[..] {
            ["frontend" | "backend" | "listen" | "defaults", name, ..] => (*name).clone_into(&mut section),
            ["defaults" | "global"] => "haproxy".clone_into(&mut section),
            ["log-format", text, ..] => found.formats.push(Format {
                name: section.clone(),
                syntax: Syntax::Haproxy,
                text: (*text).to_owned(),
                escape: None,
                at: Location::new(path, number),
                logs: Vec::new(),
            }),
            ["option", "httplog", "clf"] => {
                found.notes.push(format!(
                    "{}:{number}: `option httplog clf` is not known; try `learn pattern` on the log",
                    path.display()
                ));
            }
            ["option", "httplog", ..] => found.known.push((section.clone(), "haproxy_http".to_owned())),
            ["option", "tcplog", ..] => found.known.push((section.clone(), "haproxy_tcp".to_owned())),
            _ => {}
        }
    }
    found
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, '#') => break,
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), letter) if letter == open => quote = None,
            (None, '\\') => word.get_or_insert_default().extend(letters.next()),
            (Some('"'), '\\') if matches!(letters.peek(), Some('"' | '\\' | '$')) => {
                word.get_or_insert_default().extend(letters.next());
            }
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}
