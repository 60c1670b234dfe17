//! The syntax of HAProxy's `log-format`: `%ci`, `%{+Q}r`, `%[capture.req.hdr(0)]`.
//!
//! Source: the configuration manual, chapter 8.2.6 (variables), 8.2.6 (flags) and 2.2 (quoting). The table of variables and
//! field names is in `variables.rs`; those of samples (`%[…]`) are in `sample.rs`.
//!
//! - `%(name)ci` gives a field its name, as HAProxy 3.0 and later have it; before it, a sample is named after its fetch.
//! - `+Q` puts a text, an address or a sample in quotes; `%{+Q}o` does so for all that follow. `+E` escapes quotes with a
//!   backslash, `+X` writes hexadecimal numbers.
//! - Requests and captured headers come encoded, so that they hold no quote. A sample without `+E` may hold one: its line is
//!   refused, since a client could forge the fields after it. Only as the last field it may hold anything.
//! - HAProxy writes one space where the format has several, and none in front. `%hr` and `%hs` without captured headers are
//!   left out with their space.
//! - `%hrl` and `%hsl` are lists without an end: name each header with `%[capture.req.hdr(0)]` instead.

mod sample;
mod variables;

use super::{Class, Problem, Token, Variable};
use crate::model::fields::FieldType;
use crate::parse::time::TimeFormat;

/// `+Q`, `+E` and `+X`: for all that follow, or for one variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flags {
    quote: bool,
    escape: bool,
    hexadecimal: bool,
}

impl Flags {
    /// `+Q,-E`.
    fn changed_by(mut self, text: &str) -> Option<Self> {
        for flag in text.split([',', ' ']).filter(|flag| !flag.is_empty()) {
            let (sign, letter) = flag.split_at_checked(1)?;
            let set = match sign {
                "+" => true,
                "-" => false,
                _ => return None,
            };
            match letter {
                "Q" => self.quote = set,
                "E" => self.escape = set,
                "X" => self.hexadecimal = set,
                // Mandatory, bin, …: they do not change where a text ends.
                _ => {}
            }
        }
        Some(self)
    }
}

/// The pieces of a format.
pub(in crate::parse) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let text = unpasted(text);
    let mut reader = Reader { tokens: Vec::new(), flags: Flags::default(), ends_with_space: true };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '%' => reader.variable(rest).map_err(|what| problem(text, rest, &what))?,
            '\\' => reader.escape(rest),
            c => {
                reader.literal(c);
                c.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(join_seconds(reader.tokens))
}

/// What stands between the quotes of `log-format "…"`, or the text itself.
fn unpasted(text: &str) -> &str {
    let text = text.trim();
    let format = ["log-format ", "error-log-format "].iter().find_map(|keyword| text.strip_prefix(keyword));
    let format = format.unwrap_or(text).trim();
    for quote in ['"', '\''] {
        if let Some(inside) = format.strip_prefix(quote).and_then(|inside| inside.strip_suffix(quote))
            && !inside.replace("\\\"", "").contains(quote)
        {
            return inside;
        }
    }
    format
}

struct Reader {
    tokens: Vec<Token>,
    flags: Flags,
    ends_with_space: bool,
}

impl Reader {
    fn literal(&mut self, c: char) {
        if c != ' ' || !self.ends_with_space {
            self.tokens.push(Token::Literal(c.to_string().into_bytes()));
        }
        self.ends_with_space = c == ' ';
    }

    /// A backslash and what it stands for.
    fn escape(&mut self, rest: &str) -> usize {
        let mut chars = rest.chars().skip(1);
        let Some(c) = chars.next() else {
            self.literal('\\');
            return 1;
        };
        self.literal(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            c => c,
        });
        1 + c.len_utf8()
    }

    /// A `%` and all that belongs to it; how long it is. `Err`: what is wrong with it.
    fn variable(&mut self, rest: &str) -> Result<usize, String> {
        if rest.starts_with("%%") {
            self.literal('%');
            return Ok(2);
        }
        let mut at = 1;
        let mut flags = self.flags;
        let mut name = None;
        loop {
            let here = rest.get(at..).unwrap_or_default();
            if let Some(inside) = here.strip_prefix('{') {
                let end = inside.find('}').ok_or("has no closing `}`")?;
                flags = flags.changed_by(&inside[..end]).ok_or("has flags other than `+Q`, `-E` and their like")?;
                at += end + 2;
            } else if let Some(inside) = here.strip_prefix('(') {
                let end = inside.find(')').ok_or("has no closing `)`")?;
                name = inside[..end].split(':').next().filter(|name| !name.is_empty());
                at += end + 2;
            } else {
                break;
            }
        }
        let here = rest.get(at..).unwrap_or_default();
        if let Some(inside) = here.strip_prefix('[') {
            let end = sample::end(inside).ok_or("has no closing `]`")?;
            let written = &rest[..at + end + 2];
            let known = sample::field(&inside[..end]);
            let class = match known.class {
                Class::Raw if flags.escape => Class::Free,
                class => class,
            };
            self.field(&name.map_or(known.name, sample::named), written, class, None, flags);
            return Ok(written.len());
        }
        let letters: String = here.chars().take_while(char::is_ascii_alphabetic).take(4).collect();
        // The longest name wins: `%hr` and `%hrl`. What follows may be letters of its own.
        let known = (1..=letters.len()).rev().find_map(|len| variables::find(&letters[..len]));
        let known = known.ok_or("begins no variable")?;
        let written = &rest[..at + known.letters.len()];
        if known.letters == "o" {
            self.flags = flags;
            return Ok(written.len());
        }
        let class = match known.class {
            None => return Err("is a list whose end a line does not show".to_owned()),
            Some(Class::Count | Class::Host) if flags.hexadecimal => Class::Word,
            Some(Class::Raw) if flags.escape => Class::Free,
            Some(class) => class,
        };
        let flags = Flags { quote: flags.quote && known.is_text, ..flags };
        let time = known.time.clone();
        self.field(&name.map_or_else(|| known.name.to_owned(), sample::named), written, class, time, flags);
        Ok(written.len())
    }

    fn field(&mut self, name: &str, written: &str, class: Class, time: Option<TimeFormat>, flags: Flags) {
        if flags.quote {
            self.literal('"');
        }
        let mut variable = Variable::new(name, written, class);
        if time.is_some() {
            variable.known.kind = FieldType::Time;
            variable.known.time = time;
        }
        self.push(variable);
        if flags.quote {
            self.literal('"');
        }
        self.ends_with_space = false;
    }

    /// `%HP%HQ` is one field: the query is written with its question mark.
    fn push(&mut self, variable: Variable) {
        if let Some(Token::Field(path)) = self.tokens.last_mut()
            && path.known.name == "path"
            && variable.known.name == "query"
        {
            "target".clone_into(&mut path.known.name);
            path.written.push_str(&variable.written);
            return;
        }
        self.tokens.push(Token::Field(variable));
    }
}

/// `%Ts.%ms` is one time.
fn join_seconds(tokens: Vec<Token>) -> Vec<Token> {
    let is = |token: &Token, name: &str| matches!(token, Token::Field(field) if field.known.name == name);
    let mut joined: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if is(&token, "time_milliseconds")
            && let [.., seconds, Token::Literal(point)] = joined.as_mut_slice()
            && is(seconds, "time_unix")
            && point == b"."
            && let Token::Field(field) = seconds
        {
            field.class = Class::Number;
            field.written.push_str(".%ms");
            joined.pop();
        } else {
            joined.push(token);
        }
    }
    joined
}

fn problem(text: &str, rest: &str, what: &str) -> Problem {
    let place = text[..text.len() - rest.len()].chars().count() + 1;
    let found: String = rest.chars().take(12).collect();
    let help = "see the manual's chapter on custom log formats; name each captured header with %[capture.req.hdr(0)], and \
                write a per cent sign as `%%`";
    (format!("the template's character {place}, `{found}`, {what}"), help.to_owned())
}

#[cfg(test)]
mod tests;
