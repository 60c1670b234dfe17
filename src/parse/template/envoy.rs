//! The syntax of Envoy's `text_format`: `%START_TIME%`, `%REQ(X?Y):10%`, `%RESPONSE_CODE%`.
//!
//! Source: Envoy's documentation of access logging, "Command Operators". The commands and their fields are in `commands.rs`,
//! those of headers in `headers.rs`; a command that is not listed is the field of its own name in lower case, with its
//! arguments after it.
//!
//! - `"%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%"` is one field, `request`.
//! - **Envoy escapes nothing.** Whatever a client sends in a header stands in the line as it is, quotes too. Here no text but
//!   the last may hold a quote: a line with one is refused, since it could be read in two ways, and a client could choose the
//!   fields that follow. Headers that stand without quotes can forge by spaces alone. Keep what you count by (status, bytes,
//!   the account that the application names) before the first header of the client, put headers in quotes, or log JSON,
//!   which Envoy escapes.
//! - Times of `START_TIME` are UTC as Envoy writes them, those of `START_TIME_LOCAL` are read in the source's zone.

mod clock;
mod commands;
mod headers;

use super::{Class, Problem, Token, Variable};

/// The pieces of a format.
pub(in crate::parse) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let text = unpasted(text);
    let mut tokens = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('%') {
        literal(&mut tokens, &rest[..at]);
        let here = &rest[at..];
        if let Some(after) = here.strip_prefix("%%") {
            literal(&mut tokens, "%");
            rest = after;
            continue;
        }
        let command = Command::read(here).ok_or_else(|| problem(&text, here))?;
        rest = &here[command.written.len()..];
        tokens.extend(commands::fields(&command)?.into_iter().map(Token::Field));
    }
    literal(&mut tokens, rest);
    Ok(join_request(tokens))
}

/// The format without the quotes and escapes of a configuration file, and without the newline at its end.
fn unpasted(text: &str) -> String {
    let text = text.trim();
    let inside = text.strip_prefix('"').and_then(|inside| inside.strip_suffix('"'));
    let plain = match inside {
        Some(inside) if inside.contains("\\\"") && !inside.replace("\\\"", "").contains('"') => {
            inside.replace("\\\"", "\"")
        }
        _ => text.to_owned(),
    };
    plain.strip_suffix("\\n").unwrap_or(&plain).to_owned()
}

fn literal(tokens: &mut Vec<Token>, text: &str) {
    if !text.is_empty() {
        tokens.push(Token::Literal(text.as_bytes().to_vec()));
    }
}

/// `%NAME(argument):length%`.
struct Command<'a> {
    name: &'a str,
    argument: Option<&'a str>,
    written: &'a str,
}

impl<'a> Command<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let inside = text.strip_prefix('%')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let (name, rest) = inside.split_at(inside.find(|c| !is_name(c))?);
        let (argument, rest) = match rest.strip_prefix('(') {
            None => (None, rest),
            Some(rest) => {
                // A time's format may hold `%` and `)`.
                let end = rest.match_indices(')').map(|(at, _)| at).find(|&at| is_end(&rest[at + 1..]))?;
                (Some(&rest[..end]), &rest[end + 1..])
            }
        };
        let rest = rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()).strip_prefix('%')?;
        let written = &text[..text.len() - rest.len()];
        (!name.is_empty()).then_some(Self { name, argument, written })
    }
}

/// Whether a command ends here: `%`, perhaps after a greatest length.
fn is_end(text: &str) -> bool {
    let rest = text.strip_prefix(':').map_or(text, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.starts_with('%')
}

/// A method, a target and a protocol in quotes are the request.
fn join_request(tokens: Vec<Token>) -> Vec<Token> {
    let name = |token: Option<&Token>| match token {
        Some(Token::Field(field)) => field.known.name.clone(),
        _ => String::new(),
    };
    let text = |token: Option<&Token>| match token {
        Some(Token::Literal(text)) => text.clone(),
        _ => Vec::new(),
    };
    let request = |at: usize| {
        name(tokens.get(at)) == "method"
            && text(tokens.get(at + 1)) == b" "
            && name(tokens.get(at + 2)) == "target"
            && text(tokens.get(at + 3)) == b" "
            && name(tokens.get(at + 4)) == "protocol"
            && text(tokens.get(at + 5)).starts_with(b"\"")
            && at > 0
            && text(tokens.get(at - 1)).ends_with(b"\"")
    };
    let Some(at) = (0..tokens.len()).find(|&at| request(at)) else { return tokens };
    let mut joined = tokens;
    let parts: Vec<Token> = joined.drain(at..at + 5).collect();
    let written = |token: &Token| match token {
        Token::Field(field) => field.written.clone(),
        Token::Literal(text) => String::from_utf8_lossy(text).into_owned(),
    };
    let written: String = parts.iter().map(written).collect();
    joined.insert(at, Token::Field(Variable::new("request", &written, Class::Raw)));
    joined
}

fn problem(text: &str, rest: &str) -> Problem {
    let place = text[..text.len() - rest.len()].chars().count() + 1;
    let found: String = rest.chars().take(12).collect();
    (
        format!("the template's character {place}, `{found}`, begins no command"),
        "a command is `%NAME%`, `%NAME(argument)%` or `%NAME(argument):10%`; write a per cent sign as `%%`".to_owned(),
    )
}

#[cfg(test)]
mod tests;
