//! Pairs in loose text: `INFO user logged in user=u1, account='Acme & Co' (took=12ms)`.
//!
//! Promises: words that are no pair are passed over, and so is text in `"`, whatever pairs it holds. A key is one word, or a
//! text in quotes. A value may be in `"` or `'`, with a backslash before a quote in it; a quote that is not closed before a
//! separator is a letter like others. Brackets around a pair, and commas and semicolons after it, are no part of it. Where
//! values are neither in quotes nor escaped, a separator in one ends it. Time in proportion to the line's length.
//!
//! Does not: read pairs inside of values.

use memchr::memmem::Finder;

use super::Taken;
use super::logfmt::word_len;
use crate::parse::capture::Capture;
use crate::parse::mismatch::Mismatch;
use crate::parse::template::Problem;

/// Separators are short; longer ones are a mistake.
const MOST_SEPARATOR_BYTES: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct Separators {
    pairs: Between,
    key_and_value: Finder<'static>,
}

/// What stands between two pairs.
#[derive(Clone, Debug)]
enum Between {
    /// Any run of spaces.
    Spaces,
    Text(Box<Finder<'static>>),
}

impl Separators {
    pub(super) fn compile(pairs: &str, key_and_value: &str) -> Result<Self, Problem> {
        for (name, text) in [("between_pairs", pairs), ("between_key_and_value", key_and_value)] {
            if text.is_empty() || text.len() > MOST_SEPARATOR_BYTES {
                let message = format!("`{name}` is `{text}`; expected 1 to {MOST_SEPARATOR_BYTES} bytes");
                return Err((message, format!("write what stands there in the log: {name} = \",\"")));
            }
            if text.contains(['"', '\'', '\\']) {
                let message = format!("`{name}` is `{text}`; expected no quote and no backslash");
                return Err((message, "values may be in quotes without being told".to_owned()));
            }
        }
        let spaces = pairs.bytes().all(|byte| byte == b' ');
        if key_and_value.contains(pairs) || (spaces && key_and_value.contains(char::is_whitespace)) {
            let message =
                format!("`between_key_and_value` is `{key_and_value}`, which holds what stands between pairs");
            return Err((message, "the two must differ, so that a line can be read in one way only".to_owned()));
        }
        let finder = |text: &str| Finder::new(text).into_owned();
        let pairs = if spaces { Between::Spaces } else { Between::Text(Box::new(finder(pairs))) };
        Ok(Self { pairs, key_and_value: finder(key_and_value) })
    }
}

/// One pass over a line.
struct Walk<'a> {
    separators: &'a Separators,
    line: &'a [u8],
    at: usize,
    /// From where on no `"`, and no `'`, is closed: looked for once, so that the time stays in proportion.
    unclosed: [usize; 2],
}

pub(super) fn read(
    separators: &Separators,
    taken: &mut Taken,
    line: &[u8],
    captures: &mut [Capture],
) -> Result<(), Mismatch> {
    let mut walk = Walk { separators, line, at: 0, unclosed: [usize::MAX; 2] };
    let mut pairs = 0_usize;
    while let Some(key) = walk.next_key() {
        let value = walk.value();
        if key.0 == key.1 {
            continue;
        }
        pairs += 1;
        let key = &line[key.0..key.1];
        match value {
            Value::Plain(start, end) => taken.plain(key, (start, end), captures),
            Value::Quoted(start, end) => taken.quoted(line, key, (start, end), captures),
        }
    }
    if pairs == 0 { Err(Mismatch::said(line.len(), "a key with its value")) } else { Ok(()) }
}

/// Start and end of a value.
enum Value {
    Plain(usize, usize),
    Quoted(usize, usize),
}

impl Walk<'_> {
    /// The next key, past which the separator after it is stepped over.
    fn next_key(&mut self) -> Option<(usize, usize)> {
        loop {
            self.skip_spaces();
            if self.at == self.line.len() {
                return None;
            }
            if self.line[self.at] == b'"'
                && let Some(end) = self.closing(self.at)
            {
                let inside = (self.at + 1, end);
                self.at = end + 1;
                if self.steps_over_separator() {
                    return Some(inside);
                }
                continue;
            }
            let start = self.at;
            let end = start + word_len(&self.line[start..]);
            let found = self.separators.key_and_value.find(&self.line[start..end]);
            if let Some(found) = found {
                let key = self.key_in(start, start + found);
                self.at = start + found + self.separators.key_and_value.needle().len();
                return Some(key);
            }
            self.at = end;
            if self.steps_over_separator() {
                return Some(self.key_in(start, end));
            }
        }
    }

    fn skip_spaces(&mut self) {
        while self.line.get(self.at).is_some_and(|&byte| byte <= b' ') {
            self.at += 1;
        }
    }

    /// Steps over the separator of a key and its value if it comes next: at once, or after spaces where these do not
    /// separate pairs.
    fn steps_over_separator(&mut self) -> bool {
        let separator = self.separators.key_and_value.needle();
        let rest = &self.line[self.at..];
        let spaces = match self.separators.pairs {
            Between::Spaces => 0,
            Between::Text(_) => rest.iter().take_while(|&&byte| byte == b' ').count(),
        };
        let comes = [0, spaces].into_iter().find(|&skipped| rest[skipped..].starts_with(separator));
        if let Some(skipped) = comes {
            self.at += skipped + separator.len();
        }
        comes.is_some()
    }

    /// The key in a word: what comes after the last separator of pairs and after opening brackets in it.
    fn key_in(&self, start: usize, end: usize) -> (usize, usize) {
        let word = &self.line[start..end];
        let after = match &self.separators.pairs {
            Between::Spaces => 0,
            Between::Text(finder) => {
                memchr::memmem::rfind(word, finder.needle()).map_or(0, |at| at + finder.needle().len())
            }
        };
        let brackets = word[after..].iter().take_while(|byte| matches!(byte, b'[' | b'(' | b'{' | b'<')).count();
        (start + after + brackets, end)
    }

    /// The value that begins here, past which it steps.
    fn value(&mut self) -> Value {
        if matches!(self.separators.pairs, Between::Text(_)) {
            while self.line.get(self.at) == Some(&b' ') {
                self.at += 1;
            }
        }
        let start = self.at;
        if let Some(b'"' | b'\'') = self.line.get(start)
            && let Some(end) = self.closing(start)
            && self.may_follow_quote(end + 1)
        {
            self.at = end + 1;
            self.step_over_end();
            return Value::Quoted(start + 1, end);
        }
        let rest = &self.line[start..];
        let len = match &self.separators.pairs {
            Between::Spaces => word_len(rest),
            Between::Text(finder) => finder.find(rest).unwrap_or(rest.len()),
        };
        self.at = start + len;
        let value = without_tail(&rest[..len], &self.separators.pairs);
        self.step_over_end();
        Value::Plain(start, start + value)
    }

    /// Steps over what separates this pair from the next.
    fn step_over_end(&mut self) {
        let Between::Text(finder) = &self.separators.pairs else { return };
        let rest = &self.line[self.at..];
        let spaces = rest.len() - rest.trim_ascii_start().len();
        let comes = [0, spaces].into_iter().find(|&skipped| rest[skipped..].starts_with(finder.needle()));
        if let Some(skipped) = comes {
            self.at += skipped + finder.needle().len();
        }
    }

    /// Where the quote that opens at `start` is closed.
    fn closing(&mut self, start: usize) -> Option<usize> {
        let quote = self.line[start];
        let unclosed = usize::from(quote == b'\'');
        if start >= self.unclosed[unclosed] {
            return None;
        }
        let mut at = start + 1;
        while let Some(found) = memchr::memchr2(quote, b'\\', self.line.get(at..).unwrap_or_default()) {
            at += found;
            if self.line[at] == quote {
                return Some(at);
            }
            at += 2;
        }
        self.unclosed[unclosed] = start;
        None
    }

    /// Whether a value in quotes can end before this byte.
    fn may_follow_quote(&self, at: usize) -> bool {
        let rest = self.line.get(at..).unwrap_or_default();
        let ends = |byte: &u8| *byte <= b' ' || matches!(byte, b',' | b';' | b')' | b']' | b'}' | b'>');
        match &self.separators.pairs {
            Between::Spaces => rest.first().is_none_or(ends),
            Between::Text(finder) => {
                let rest = rest.trim_ascii_start();
                rest.is_empty() || rest.starts_with(finder.needle()) || matches!(rest, [b')' | b']' | b'}' | b'>'])
            }
        }
    }
}

/// Closing brackets that are looked at: each costs a look through the value.
const MOST_BRACKETS: usize = 4;

/// How long a value is without what belongs to the text around it: brackets that have no partner in it, and commas where
/// these are not what separates pairs.
fn without_tail(value: &[u8], pairs: &Between) -> usize {
    let mut value = value.trim_ascii_end();
    for _ in 0..MOST_BRACKETS {
        if matches!(pairs, Between::Spaces) {
            let commas = value.iter().rev().take_while(|byte| matches!(byte, b',' | b';')).count();
            value = &value[..value.len() - commas];
        }
        let (opening, inside) = match value {
            [inside @ .., b')'] => (b'(', inside),
            [inside @ .., b']'] => (b'[', inside),
            [inside @ .., b'}'] => (b'{', inside),
            [inside @ .., b'>'] => (b'<', inside),
            _ => break,
        };
        let Some(&closing) = value.last() else { break };
        let opened = memchr::memchr_iter(opening, inside).count();
        if opened > memchr::memchr_iter(closing, inside).count() {
            break;
        }
        value = inside;
    }
    value.len()
}
