//! Apache's `%t` and `%{…}t`, one or several of which make the time of a line.
//!
//! Promises: pieces that are no full time by themselves are joined, with what stands between them, into one format.
//! Does not: tell the request's begin from its end; either is the time of the line.

use std::sync::Arc;

use super::apache::Piece;
use super::{Class, Problem, Token, Variable};
use crate::model::fields::FieldType;
use crate::parse::time::{Strftime, TimeFormat};

/// One `%…t`.
#[derive(Clone, Copy)]
enum Clock<'a> {
    /// With its brackets.
    Clf,
    Unix(&'static str),
    Strftime(&'a str),
    /// The part of a second in so many digits.
    Fraction(usize),
}

/// Whether a piece is one of time, and which.
fn clock<'a>(piece: &Piece<'a>) -> Option<Clock<'a>> {
    let Piece::Directive { argument, letter: "t", .. } = piece else { return None };
    let argument = argument.unwrap_or_default();
    let format = argument.strip_prefix("begin:").or_else(|| argument.strip_prefix("end:")).unwrap_or(argument);
    Some(match format {
        "" | "begin" | "end" => Clock::Clf,
        "sec" => Clock::Unix("time_unix"),
        "msec" => Clock::Unix("time_unix_ms"),
        "usec" => Clock::Unix("time_unix_us"),
        "msec_frac" => Clock::Fraction(3),
        "usec_frac" => Clock::Fraction(6),
        _ => Clock::Strftime(format),
    })
}

/// The tokens of the time that begins at the first of these pieces, and how many pieces it takes.
pub(super) fn read(pieces: &[Piece<'_>]) -> Result<(Vec<Token>, usize), Problem> {
    let [first, rest @ ..] = pieces else { return Ok((Vec::new(), 0)) };
    let written = first.written();
    match clock(first) {
        Some(Clock::Clf) => {
            let time = variable("time_local", written, Class::Clf, TimeFormat::Clf);
            Ok((vec![Token::Literal(b"[".to_vec()), time, Token::Literal(b"]".to_vec())], 1))
        }
        Some(Clock::Unix("time_unix")) => match rest {
            [Piece::Byte('.'), fraction, ..] if matches!(clock(fraction), Some(Clock::Fraction(_))) => {
                Ok((vec![variable("time_unix", written, Class::Number, TimeFormat::Unix)], 3))
            }
            _ => Ok((vec![variable("time_unix", written, Class::Digits, TimeFormat::Unix)], 1)),
        },
        Some(Clock::Unix(name)) => {
            let format = if name == "time_unix_ms" { TimeFormat::UnixMillis } else { TimeFormat::UnixMicros };
            Ok((vec![variable(name, written, Class::Digits, format)], 1))
        }
        Some(Clock::Fraction(digits)) => {
            let name = if digits == 3 { "time_msec_frac" } else { "time_usec_frac" };
            Ok((vec![Token::Field(Variable::new(name, written, Class::Digits))], 1))
        }
        Some(Clock::Strftime(format)) => custom(format, written, rest),
        None => Ok((Vec::new(), 0)),
    }
}

/// A time in a format of its own, with the pieces that complete it.
fn custom(first: &str, written: &str, rest: &[Piece<'_>]) -> Result<(Vec<Token>, usize), Problem> {
    let mut format = first.to_owned();
    let mut used = 0;
    loop {
        let between = rest[used..].iter().take_while(|piece| matches!(piece, Piece::Byte(_))).count();
        let Some(next) = rest.get(used + between) else { break };
        let addition = match clock(next) {
            Some(Clock::Fraction(digits)) => format!("%{digits}f"),
            Some(Clock::Strftime(more)) if is_zone(more) || !is_whole(&format) => more.to_owned(),
            _ => break,
        };
        for piece in &rest[used..used + between] {
            if let Piece::Byte(c) = piece {
                format.push_str(if *c == '%' { "%" } else { "" });
                format.push(*c);
            }
        }
        format.push_str(&addition);
        used += between + 1;
    }
    let unknown = |piece: String| {
        let help = "times are read in the letters of C's strftime: `%Y-%m-%d %H:%M:%S %z`".to_owned();
        (format!("`{written}`: `{piece}` of its format cannot be read"), help)
    };
    let clock = Arc::new(Strftime::parse(&format).map_err(unknown)?);
    let mut field = Variable::new("time_custom", written, Class::Clock);
    // Without a date it is a text.
    if clock.is_complete() {
        field.known.kind = FieldType::Time;
        field.known.time = Some(TimeFormat::Strftime(Arc::clone(&clock)));
    }
    field.clock = Some(clock);
    Ok((vec![Token::Field(field)], used + 1))
}

/// Whether nothing is missing, not even the year.
fn is_whole(format: &str) -> bool {
    Strftime::parse(format).is_ok_and(|format| format.is_complete() && format.has_year())
}

fn is_zone(format: &str) -> bool {
    matches!(format.trim(), "%z" | "%:z" | "%Z")
}

fn variable(name: &str, written: &str, class: Class, time: TimeFormat) -> Token {
    let mut field = Variable::new(name, written, class);
    field.known.kind = FieldType::Time;
    field.known.time = Some(time);
    Token::Field(field)
}
