//! Proposals: a pattern for a log, out of its server's configuration or out of its lines; routes out of its paths.
//!
//! Promises: what is proposed is text for a person to read; nothing here writes it anywhere, and nothing uses it by itself.
//! Every pattern that is proposed passes its own cases. Does not: print.

mod align;
mod delimited;
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

use jiff::tz::TimeZone;

use crate::config::pattern_file::READ_AT;
use crate::explain::{LineReader, Reading};
use crate::model::spec::PatternSpec;
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
        // HAProxy escapes only where its format says so.
        is_escaped: match format.syntax {
            Syntax::Nginx => format.escape.as_deref() != Some("none"),
            Syntax::Apache => true,
            Syntax::Haproxy => format.text.contains("+E"),
            Syntax::Envoy => false,
        },
        ..Draft::default()
    }
}

/// Lines that are looked at for a user or an account.
const SOMEBODY_LINES: usize = 200;

/// Whether a pattern says of some of the lines whose they are.
#[must_use]
pub fn names_somebody(spec: &PatternSpec, lines: &[&[u8]]) -> bool {
    // It cannot be used: that is said elsewhere.
    let Ok(mut reader) = LineReader::new(spec, &TimeZone::UTC, READ_AT) else { return true };
    let step = (lines.len() / SOMEBODY_LINES).max(1);
    let is_somebody = |name: &String| matches!(name.as_str(), "user" | "account");
    lines.iter().enumerate().any(|(place, line)| {
        // The file's own lines are always read: they say what the others mean.
        if place % step != 0 && !line.starts_with(b"#") {
            return false;
        }
        let Reading::Matched(matched) = reader.read(line, &["user", "account"]) else { return false };
        matched.fields.iter().any(|field| infer::is_present(field) && field.names.iter().any(is_somebody))
    })
}

/// Makes a pattern of a name and lines, where they have what it takes.
type Kind = fn(&str, &[&[u8]]) -> Option<Draft>;

/// The part of the lines below which no pattern is proposed.
pub const GOOD_RATE: f64 = 0.9;

/// A pattern that was made, but reads too few of the lines.
#[derive(Clone, Debug)]
pub struct Tried {
    pub about: String,
    /// Which part of the lines it reads.
    pub rate: f64,
}

/// A pattern of its own for lines that no known one reads, the most telling kind first: JSON, columns, pairs, a regular
/// expression of what the lines share.
///
/// # Errors
/// What was tried where nothing reads enough of the lines; empty where they share nothing.
pub fn propose(name: &str, lines: &[&[u8]]) -> Result<Draft, Vec<Tried>> {
    let kinds: [Kind; 5] = [keys::json, delimited::with_header, typed_pairs, delimited::without_header, aligned];
    let mut tried = Vec::new();
    for kind in kinds {
        let Some(mut draft) = kind(name, lines) else { continue };
        let Ok(spec) = draft.spec() else { continue };
        let rate = rank::rank([&spec], lines).first().map_or(0.0, rank::Ranked::rate);
        if rate < GOOD_RATE {
            tried.push(Tried { about: draft.about, rate });
            continue;
        }
        draft
            .comments
            .push("Proposed by `pxtail learn pattern` from a sample of the log: read it before you use it.".to_owned());
        return Ok(draft);
    }
    Err(tried)
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
