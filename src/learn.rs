//! Proposals: a pattern for a log, out of its server's configuration or out of its lines; routes out of its paths.
//!
//! Promises: what is proposed is text for a person to read; nothing here writes it anywhere, and nothing uses it by itself.
//! Every pattern that is proposed passes its own cases. Does not: print.

mod align;
pub mod draft;
mod infer;
mod keys;
mod pairs;
pub mod rank;
mod redact;
pub mod routes;
pub mod sample;
pub mod server_config;
mod shape;
mod tokens;
mod toml_text;

pub use shape::{Multiline, Wrapped, multiline, unwrapped};

// Writing into a String cannot fail: what it returns is not looked at.
use std::fmt::Write as _;

use draft::Draft;
use server_config::{Format, Syntax};

/// A text as it can be a pattern's name: letters, digits and `_`, beginning with a letter.
#[must_use]
pub fn plain_name(text: &str) -> String {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    let plain: String = plain.chars().take(60).collect();
    match plain.chars().next() {
        None => "log".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("log_{plain}"),
        Some(_) => plain,
    }
}

/// A pattern of a server's own format.
#[must_use]
pub fn of_format(format: &Format, name: &str) -> Draft {
    let server = match format.syntax {
        Syntax::Nginx => "nginx",
        Syntax::Apache => "Apache",
        Syntax::Haproxy => "HAProxy",
        Syntax::Envoy => "Envoy",
    };
    let mut comments = vec![format!("From {}, format `{}`.", format.at, format.name)];
    if !format.logs.is_empty() {
        comments.push(format!("Written to {}.", format.logs.join(", ")));
    }
    let mut engine = format!("template = {}\nsyntax = \"{}\"\n", toml_text::text(&format.text), format.syntax.name());
    if let Some(escape) = format.escape.as_deref().filter(|escape| *escape != "default") {
        let _ = writeln!(engine, "escape = {}", toml_text::quoted(escape));
    }
    Draft {
        name: name.to_owned(),
        about: format!("{server}'s log format `{}`.", format.name.replace(['"', '\\'], "_")),
        comments,
        engine,
        ..Draft::default()
    }
}

/// Makes a pattern of a name and lines, where they have what it takes.
type Kind = fn(&str, &[&[u8]]) -> Option<Draft>;

/// A pattern of its own for lines that no known one reads, the most telling kind first: JSON, pairs, a regular expression
/// of what the lines share. `None` where they share nothing.
#[must_use]
pub fn propose(name: &str, lines: &[&[u8]]) -> Option<Draft> {
    let kinds: [Kind; 3] = [keys::json, typed_pairs, aligned];
    kinds.into_iter().find_map(|kind| {
        let mut draft = kind(name, lines)?;
        draft.reader().ok()?;
        draft
            .comments
            .push("Proposed by `pxtail learn pattern` from a sample of the log: read it before you use it.".to_owned());
        Some(draft)
    })
}

fn typed_pairs(name: &str, lines: &[&[u8]]) -> Option<Draft> {
    let mut draft = keys::pairs(name, lines)?;
    draft.infer_types(lines);
    Some(draft)
}

/// Lines that the expression is made of: more say nothing new.
const ALIGNED_LINES: usize = 1_000;

fn aligned(name: &str, lines: &[&[u8]]) -> Option<Draft> {
    let step = (lines.len() / ALIGNED_LINES).max(1);
    let sample: Vec<&[u8]> = lines.iter().copied().step_by(step).collect();
    let aligned = align::align(&sample)?;
    let mut draft = Draft {
        name: name.to_owned(),
        about: "Lines of text with fixed places.".to_owned(),
        engine: format!("regex = {}\n", toml_text::text(&aligned.regex)),
        ..Draft::default()
    };
    draft.infer_types(lines);
    Some(draft)
}

#[cfg(test)]
mod tests;
