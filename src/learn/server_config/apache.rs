//! `LogFormat` and `CustomLog` out of httpd.conf.
//!
//! A line that ends in a backslash goes on; words are in quotes or bare; in quotes `\\` and the quote itself after a
//! backslash are undone, other backslashes belong to the format. `${NAME}` is put in where `Define` set it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Files, Format, Found, Syntax};
use crate::model::fault::Location;

/// Includes in includes.
const DEPTH: usize = 16;

#[derive(Default)]
struct State {
    found: Found,
    defined: BTreeMap<String, String>,
    logs: Vec<(String, String, Location)>,
}

pub(super) fn read(path: &Path, text: &str, files: &mut Files) -> Found {
    let mut state = State::default();
    read_into(path, text, files, &mut state, 0);
    let State { mut found, logs, .. } = state;
    for (log, format, at) in logs {
        match found.formats.iter_mut().find(|known| known.name == format || known.text == format) {
            Some(known) => known.logs.push(log),
            None if format.contains('%') => {
                let name = Path::new(&log).file_stem().unwrap_or_default().to_string_lossy().into_owned();
                found.formats.push(Format {
                    name,
                    syntax: Syntax::Apache,
                    text: format,
                    escape: None,
                    at,
                    logs: vec![log],
                });
            }
            None => found.known.push((log, format)),
        }
    }
    found.notes.append(&mut files.notes);
    found
}

fn read_into(path: &Path, text: &str, files: &mut Files, state: &mut State, depth: usize) {
    let mut lines = (1..).zip(text.lines());
    while let Some((number, first)) = lines.next() {
        let mut line = first.trim().to_owned();
        while line.ends_with('\\') {
            line.pop();
            match lines.next() {
                Some((_, more)) => line.push_str(more.trim()),
                None => break,
            }
        }
        if line.starts_with('#') {
            continue;
        }
        let words = words(&put_in(&line, &state.defined));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Some((directive, arguments)) = words.split_first() else { continue };
        let at = Location::new(path, number);
        match (directive.to_ascii_lowercase().as_str(), arguments) {
            ("logformat", [text, name]) => add(state, name, text, at),
            ("logformat", [text]) => add(state, "transfer", text, at),
            ("customlog" | "globallog", [log, format, ..]) => {
                state.logs.push(((*log).to_owned(), (*format).to_owned(), at));
            }
            ("transferlog", [log]) => state.logs.push(((*log).to_owned(), "transfer".to_owned(), at)),
            ("define", [name, value]) => {
                state.defined.insert((*name).to_owned(), (*value).to_owned());
            }
            ("serverroot", [root]) => {
                let root = PathBuf::from(root);
                // Another machine's root, when the file was copied from there.
                if root.is_dir() {
                    files.directory = root;
                }
            }
            ("include" | "includeoptional", [glob]) if depth < DEPTH => {
                for (path, text) in files.included(glob) {
                    read_into(&path, &text, files, state, depth + 1);
                }
            }
            _ => {}
        }
    }
}

fn add(state: &mut State, name: &str, text: &str, at: Location) {
    let format = Format {
        name: name.to_owned(),
        syntax: Syntax::Apache,
        text: text.to_owned(),
        escape: None,
        at,
        logs: Vec::new(),
    };
    // A nickname that is given again counts from then on.
    state.found.formats.retain(|earlier| earlier.name != format.name);
    state.found.formats.push(format);
}

fn put_in(line: &str, defined: &BTreeMap<String, String>) -> String {
    let mut text = line.to_owned();
    for (name, value) in defined {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    text
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let quote = matches!(first, '"' | '\'').then_some(first);
        let body = if quote.is_some() { &rest[1..] } else { rest };
        let mut word = String::new();
        let mut letters = body.char_indices();
        let mut end = body.len();
        while let Some((at, letter)) = letters.next() {
            let next = letters.as_str().chars().next();
            match letter {
                '\\' if next == Some('\\') || (quote.is_some() && next == quote) => {
                    word.extend(letters.next().map(|(_, letter)| letter));
                }
                _ if Some(letter) == quote || (quote.is_none() && letter.is_whitespace()) => {
                    end = at + letter.len_utf8();
                    break;
                }
                _ => word.push(letter),
            }
        }
        words.push(word);
        rest = body.get(end..).unwrap_or_default().trim_start();
    }
    words
}
