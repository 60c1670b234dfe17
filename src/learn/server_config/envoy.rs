//! Text formats of access logs out of Envoy's YAML or JSON.
//!
//! Scalars in double quotes, single quotes, blocks (`|`, `>`) and bare are read as YAML has them; flow and anchors are not.

use std::path::Path;

use super::{Format, Found, Syntax};
use crate::model::fault::Location;

/// Keys that hold a format; only texts with a command operator in them count.
const KEYS: [&str; 4] = ["text_format", "inline_string", "format", "accessLogFormat"];

pub(super) fn read(path: &Path, text: &str) -> Found {
    let mut found = Found::default();
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let at = Location::new(path, u32::try_from(index + 1).unwrap_or(u32::MAX));
        let bare = line.trim_start().trim_start_matches("- ").trim_start();
        if bare.trim_start_matches('"').starts_with("json_format") {
            found.notes.push(format!("{at}: `json_format` writes JSON: try `learn pattern` on the log"));
        }
        let Some(value) = KEYS.iter().find_map(|key| value_of(bare, key)) else { continue };
        let indent = line.len() - line.trim_start().len();
        let text = scalar(value, &lines[index + 1..], indent);
        let is_format =
            text.match_indices('%').any(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_uppercase()));
        if !is_format {
            continue;
        }
        let count = found.formats.len();
        let name = if count == 0 { "envoy".to_owned() } else { format!("envoy_{}", count + 1) };
        // The end of the line belongs to the format; a log's lines come without theirs.
        let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        if !found.formats.iter().any(|format| format.text == text) {
            found.formats.push(Format { name, syntax: Syntax::Envoy, text, escape: None, at, logs: Vec::new() });
        }
    }
    found
}

fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(key).or_else(|| line.strip_prefix('"')?.strip_prefix(key)?.strip_prefix('"'))?;
    Some(rest.trim_start().strip_prefix(':')?.trim())
}

fn scalar(value: &str, following: &[&str], indent: usize) -> String {
    match value.chars().next() {
        Some('|' | '>') => block(value, following, indent),
        Some('"') => double_quoted(&value[1..], following),
        Some('\'') => single_quoted(&value[1..], following),
        _ => value.to_owned(),
    }
}

fn block(header: &str, following: &[&str], indent: usize) -> String {
    let inner = |line: &&str| line.trim().is_empty() || line.len() - line.trim_start().len() > indent;
    let lines: Vec<&str> = following.iter().copied().take_while(|line| inner(line)).collect();
    let depth =
        lines.iter().filter(|line| !line.trim().is_empty()).map(|line| line.len() - line.trim_start().len()).min();
    let lines: Vec<&str> = lines.iter().map(|line| line.get(depth.unwrap_or(0)..).unwrap_or_default()).collect();
    let separator = if header.starts_with('|') { "\n" } else { " " };
    lines.join(separator).trim_end().to_owned()
}

fn double_quoted(first: &str, following: &[&str]) -> String {
    let mut text = String::new();
    for (index, line) in std::iter::once(first).chain(following.iter().copied()).enumerate() {
        let line = if index == 0 { line } else { line.trim_start() };
        // A line that ends in the middle of a quoted text goes on after one space.
        if index > 0 && !text.is_empty() {
            text.push(' ');
        }
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => return text,
                '\\' => match letters.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(other) => text.push(other),
                    None => {}
                },
                _ => text.push(letter),
            }
        }
    }
    text
}

fn single_quoted(first: &str, following: &[&str]) -> String {
    let mut text = String::new();
    for (index, line) in std::iter::once(first).chain(following.iter().copied()).enumerate() {
        if index > 0 {
            text.push(' ');
        }
        let mut letters = line.trim_start().chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\'' if letters.peek() == Some(&'\'') => {
                    letters.next();
                    text.push('\'');
                }
                '\'' => return text,
                _ => text.push(letter),
            }
        }
    }
    text
}
