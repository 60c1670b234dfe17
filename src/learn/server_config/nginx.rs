//! `log_format` and `access_log` out of nginx.conf.
//!
//! Words are as nginx reads them: in single or double quotes or bare, `\"`, `\'`, `\\`, `\t`, `\r` and `\n` undone, every
//! other backslash kept; `#` begins a comment only where a word could begin; `${name}` is no block. The pieces of a
//! `log_format` are put together without anything between them.

use std::path::Path;

use super::{Files, Format, Found, Syntax};
use crate::model::fault::Location;

/// Includes in includes.
const DEPTH: usize = 16;

pub(super) fn read(path: &Path, text: &str, files: &mut Files) -> Found {
    let mut found = Found::default();
    let mut logs = Vec::new();
    read_into(path, text, files, &mut found, &mut logs, 0);
    for (log, name) in logs {
        match found.formats.iter_mut().find(|format| format.name == name) {
            Some(format) => format.logs.push(log),
            None => found.known.push((log, name)),
        }
    }
    found.notes.append(&mut files.notes);
    found
}

fn read_into(
    path: &Path,
    text: &str,
    files: &mut Files,
    found: &mut Found,
    logs: &mut Vec<(String, String)>,
    depth: usize,
) {
    let mut words = Words { text, at: 0, line: 1 };
    while let Some((line, directive)) = words.directive() {
        let arguments: Vec<&str> = directive.iter().map(String::as_str).collect();
        match &arguments[..] {
            ["log_format", name, rest @ ..] => {
                let (escape, pieces) = match rest {
                    [first, pieces @ ..] if first.starts_with("escape=") => (first.strip_prefix("escape="), pieces),
                    pieces => (None, pieces),
                };
                let format = Format {
                    name: (*name).to_owned(),
                    syntax: Syntax::Nginx,
                    text: pieces.concat(),
                    escape: escape.map(str::to_owned),
                    at: Location::new(path, line),
                    logs: Vec::new(),
                };
                let is_same = |other: &Format| other.name == format.name && other.text == format.text;
                if !found.formats.iter().any(is_same) {
                    found.formats.push(format);
                }
            }
            ["access_log", "off", ..] => {}
            ["access_log", log, rest @ ..] => {
                let is_name = |word: &&&str| !word.contains('=') && !matches!(**word, "gzip");
                let format = rest.first().filter(is_name).map_or("combined", |name| *name);
                logs.push(((*log).to_owned(), format.to_owned()));
            }
            ["include", glob] if depth < DEPTH => {
                for (path, text) in files.included(glob) {
                    read_into(&path, &text, files, found, logs, depth + 1);
                }
            }
            _ => {}
        }
    }
}

/// The words of a configuration.
struct Words<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

enum Word {
    Text(String),
    /// `;`, `{` or `}`.
    End(u8),
}

impl Words<'_> {
    /// The words up to the next `;`, `{` or `}`, and the line of the first; `None` at the end.
    fn directive(&mut self) -> Option<(u32, Vec<String>)> {
        let mut words = Vec::new();
        let mut line = self.line;
        while let Some(word) = self.word(words.is_empty().then_some(&mut line)) {
            match word {
                Word::Text(text) => words.push(text),
                Word::End(b'{') if words.first().is_some_and(|name: &String| name.ends_with("_by_lua_block")) => {
                    self.skip_block();
                    return Some((line, words));
                }
                Word::End(_) => return Some((line, words)),
            }
        }
        None
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.as_bytes().get(self.at).copied()?;
        self.at += 1;
        self.line += u32::from(byte == b'\n');
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// `started` is told the line on which the word begins.
    fn word(&mut self, started: Option<&mut u32>) -> Option<Word> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\r' | b'\n' => {
                    self.next();
                }
                b'#' => while self.next().is_some_and(|byte| byte != b'\n') {},
                _ => break,
            }
        }
        if let Some(line) = started {
            *line = self.line;
        }
        match self.peek()? {
            end @ (b';' | b'{' | b'}') => {
                self.next();
                Some(Word::End(end))
            }
            quote @ (b'"' | b'\'') => {
                self.next();
                Some(Word::Text(self.quoted(quote)))
            }
            _ => Some(Word::Text(self.bare())),
        }
    }

    fn quoted(&mut self, quote: u8) -> String {
        let start = self.at;
        let mut end = self.text.len();
        while let Some(byte) = self.next() {
            if byte == b'\\' {
                self.next();
            } else if byte == quote {
                end = self.at - 1;
                break;
            }
        }
        unescaped(self.text.get(start..end).unwrap_or_default())
    }

    fn bare(&mut self) -> String {
        let start = self.at;
        let mut before = 0;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' => break,
                b'{' if before != b'$' => break,
                b'\\' => {
                    self.next();
                    self.next();
                }
                _ => {
                    self.next();
                }
            }
            before = byte;
        }
        unescaped(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Lua has quotes and braces of its own.
    fn skip_block(&mut self) {
        let mut open = 1;
        while let Some(byte) = self.next() {
            match byte {
                b'{' => open += 1,
                b'}' => open -= 1,
                _ => {}
            }
            if open == 0 {
                break;
            }
        }
    }
}

fn unescaped(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let undone = match (letter, letters.peek()) {
            ('\\', Some(&quoted @ ('"' | '\'' | '\\'))) => Some(quoted),
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('n')) => Some('\n'),
            _ => None,
        };
        if undone.is_some() {
            letters.next();
        }
        text.push(undone.unwrap_or(letter));
    }
    text
}
