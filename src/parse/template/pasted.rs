//! Formats as they stand in the server's configuration: with quotes, in pieces, behind their keyword.
//!
//! Promises: a text that is no such thing is left as it is. Does not: follow nicknames or files that are included.

use super::Problem;
use crate::model::spec::NginxEscape;

/// nginx's `log_format`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::parse) struct Definition {
    pub(in crate::parse) text: String,
    pub(in crate::parse) escape: NginxEscape,
}

/// `log_format name escape=json '…' '…';`, only the pieces of it, or the plain format. `escape` is what the pattern file
/// says; the text's own parameter is used where that says nothing.
pub(in crate::parse) fn nginx(text: &str, escape: NginxEscape) -> Result<Definition, Problem> {
    let trimmed = text.trim();
    if let Some(rest) = trimmed.strip_prefix("log-format-upstream:") {
        return nginx(unquoted(rest.trim()), escape);
    }
    let (words, is_directive) =
        match trimmed.strip_prefix("log_format").filter(|rest| rest.starts_with([' ', '\t', '\n'])) {
            Some(rest) => (words(rest).ok_or_else(broken)?, true),
            None if trimmed.starts_with('\'') => match words(trimmed) {
                Some(words) if words.iter().all(|word| word.is_quoted) => (words, false),
                _ => return Ok(Definition { text: text.to_owned(), escape }),
            },
            None => return Ok(Definition { text: text.to_owned(), escape }),
        };
    let mut pieces = words.into_iter().skip(usize::from(is_directive)).peekable();
    let own = pieces.next_if(|word| is_directive && word.text.starts_with("escape="));
    let own = match own.as_ref().map(|word| word.text.as_str()) {
        Some("escape=json") => NginxEscape::Json,
        Some("escape=none") => NginxEscape::None,
        _ => NginxEscape::Default,
    };
    let escape = if escape == NginxEscape::Default { own } else { escape };
    Ok(Definition { text: pieces.map(|word| word.text).collect(), escape })
}

fn broken() -> Problem {
    (
        "the template is no complete `log_format`".to_owned(),
        "paste it from `log_format` to its semicolon, and one of them only".to_owned(),
    )
}

struct Word {
    text: String,
    is_quoted: bool,
}

/// Words and quoted texts to a semicolon or the end; comments are left out. `None`: it is not nginx's syntax.
fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    loop {
        rest = rest.trim_start();
        match rest.chars().next() {
            None => return Some(words),
            Some(';') => {
                return (rest.len() == 1 || rest[1..].trim_start().starts_with('#') || rest[1..].trim().is_empty())
                    .then_some(words);
            }
            Some('#') => rest = rest.split_once('\n').map_or("", |(_, after)| after),
            Some(quote @ ('\'' | '"')) => {
                let (text, after) = quoted(&rest[1..], quote)?;
                if !after.starts_with([' ', '\t', '\r', '\n', ';']) && !after.is_empty() {
                    return None;
                }
                words.push(Word { text, is_quoted: true });
                rest = after;
            }
            Some(_) => {
                let end = rest.find([' ', '\t', '\r', '\n', ';']).unwrap_or(rest.len());
                words.push(Word { text: rest[..end].to_owned(), is_quoted: false });
                rest = &rest[end..];
            }
        }
    }
}

/// To the closing quote; nginx undoes `\"`, `\'`, `\\`, `\t`, `\r` and `\n`, and leaves every other backslash.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut plain = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((plain, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                c @ ('"' | '\'' | '\\') => plain.push(c),
                't' => plain.push('\t'),
                'r' => plain.push('\r'),
                'n' => plain.push('\n'),
                c => plain.extend(['\\', c]),
            },
            c => plain.push(c),
        }
    }
    None
}

fn unquoted(text: &str) -> &str {
    ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(text)
}

/// `LogFormat "…" name`, `CustomLog file "…"`, the format in quotes, or the plain format. Its escapes stay: the format has them
/// too.
pub(in crate::parse) fn apache(text: &str) -> Result<String, Problem> {
    let joined = text.replace("\\\r\n", "").replace("\\\n", "");
    let trimmed = joined.trim();
    let keyword: String = trimmed.chars().take_while(char::is_ascii_alphabetic).collect();
    let arguments = trimmed[keyword.len()..].trim_start();
    let format = match keyword.to_ascii_lowercase().as_str() {
        "logformat" | "transferlog" => argument(arguments).0,
        "customlog" | "globallog" => argument(argument(arguments).1.trim_start()).0,
        _ => {
            let inside = trimmed.strip_prefix('"').and_then(|inside| inside.strip_suffix('"'));
            let whole = inside.filter(|inside| inside.contains("\\\"") && !bare_quote(inside));
            return Ok(whole.map_or_else(|| text.to_owned(), str::to_owned));
        }
    };
    if format.contains('%') {
        return Ok(format.to_owned());
    }
    Err((
        format!("`{keyword}` names the format `{format}` and does not say what it is"),
        "paste the LogFormat line that ends with this name".to_owned(),
    ))
}

fn bare_quote(text: &str) -> bool {
    text.replace("\\\\", "").replace("\\\"", "").contains('"')
}

/// The first argument, without its quotes, and what follows it.
fn argument(text: &str) -> (&str, &str) {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return text.split_at(text.find([' ', '\t', '\n']).unwrap_or(text.len()));
    };
    let inside = &text[1..];
    let mut is_escaped = false;
    for (at, c) in inside.char_indices() {
        if c == quote && !is_escaped {
            return (&inside[..at], &inside[at + 1..]);
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    (inside, "")
}

#[cfg(test)]
mod tests;
