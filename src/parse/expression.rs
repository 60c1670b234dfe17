//! Regular expressions with named groups.
//!
//! Promises: linear time for every line; no allocation per line. The expression matches the whole line, as if it were
//! written between `^` and `$`. It works on bytes: `.` is any byte, `\d`, `\w` and `\s` are ASCII's; `(?u:…)` switches to
//! Unicode. Groups are written `(?<name>…)` or `(?P<name>…)`. Does not: look around or back.

use regex::bytes::{CaptureLocations, Regex, RegexBuilder};

use super::capture::Capture;
use super::catalogue::Known;
use super::mismatch::Mismatch;
use super::time::TimeFormat;
use crate::model::fields::FieldType;

/// Of a compiled expression: ten times what large patterns need, and no burden for the host.
const SIZE_LIMIT: usize = 8 << 20;

#[derive(Clone, Debug)]
pub(super) struct Expression {
    regex: Regex,
    text: String,
    /// Named groups' names and numbers.
    groups: Vec<(String, usize)>,
}

impl Expression {
    /// `Err`: what is wrong, and what to do.
    pub(super) fn compile(text: &str) -> Result<Self, (String, String)> {
        let regex = whole_line(text).map_err(|err| explain(text, &err))?;
        let named = regex.capture_names().enumerate().filter_map(|(index, name)| Some((name?.to_owned(), index)));
        let groups: Vec<(String, usize)> = named.collect();
        if groups.is_empty() {
            let help = "name what is to be a field: (?<user>[^ ]+)";
            return Err(("the regex has no named groups, so it gives no fields".to_owned(), help.to_owned()));
        }
        Ok(Self { regex, text: text.to_owned(), groups })
    }

    /// Capture `n` is the `n`th named group.
    pub(super) fn known(&self) -> Vec<Known> {
        let known = |(name, _): &(String, usize)| {
            let time = TimeFormat::of_known_name(name);
            Known { name: name.clone(), kind: FieldType::Text, time }
        };
        self.groups.iter().map(known).collect()
    }

    /// Beginnings of the expression that are expressions themselves, the longest first.
    fn beginnings(&self) -> Vec<(usize, Regex)> {
        let compile = |end: usize| {
            let beginning = &self.text[..end];
            let plain = builder(&format!("\\A(?:{beginning})"));
            plain.or_else(|_| builder(&format!("\\A(?:{beginning}\n)"))).ok().map(|regex| (end, regex))
        };
        cuts(&self.text).into_iter().rev().filter_map(compile).collect()
    }
}

/// More beginnings than this are not tried: each is compiled.
const MOST_BEGINNINGS: usize = 100;

/// Where an expression can be cut: outside of groups and classes, before no repetition.
fn cuts(text: &str) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut groups = 0_usize;
    let mut in_class = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if groups == 0 && !in_class && !escaped && at > 0 && !matches!(c, '*' | '+' | '?' | '{' | '}' | ')') {
            cuts.push(at);
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => groups += 1,
            ')' if !in_class => groups = groups.saturating_sub(1),
            _ => {}
        }
    }
    cuts.truncate(MOST_BEGINNINGS);
    cuts
}

/// Between anchors. The second form is for expressions that end in a comment (`(?x) … # comment`).
fn whole_line(text: &str) -> Result<Regex, regex::Error> {
    builder(&format!("\\A(?:{text})\\z")).or_else(|err| builder(&format!("\\A(?:{text}\n)\\z")).map_err(|_| err))
}

fn builder(text: &str) -> Result<Regex, regex::Error> {
    let build = |unicode| RegexBuilder::new(text).unicode(unicode).size_limit(SIZE_LIMIT).build();
    // An expression with `\p{…}` or `[é]` in it can only be meant for characters.
    build(false).or_else(|err| build(true).map_err(|_| err))
}

fn explain(text: &str, wrapped: &regex::Error) -> (String, String) {
    // The message of the text as the person wrote it, not of the wrapped one.
    let message = match RegexBuilder::new(text).unicode(false).build() {
        Err(err) => err.to_string(),
        Ok(_) => wrapped.to_string(),
    };
    let help = if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| text.contains(look)) {
        "look-around is not to be had: it cannot run in linear time; match what surrounds the group as part of the line"
    } else if matches!(wrapped, regex::Error::CompiledTooBig(_)) {
        "make repetitions such as {1,1000} smaller, or use `*`"
    } else {
        "see the syntax of Rust's regex crate; groups are written (?<name>…)"
    };
    (format!("the regex cannot be compiled: {message}"), help.to_owned())
}

/// Reads lines; owns what a search writes to.
#[derive(Clone, Debug)]
pub(super) struct ExpressionReader {
    expression: Expression,
    locations: CaptureLocations,
    /// Captures that are wanted, each with its group.
    wanted: Vec<(usize, usize)>,
    /// Made for the first line that is explained.
    beginnings: Option<Vec<(usize, Regex)>>,
}

impl ExpressionReader {
    pub(super) fn new(expression: &Expression, captures: impl Iterator<Item = usize>) -> Self {
        let mut wanted: Vec<(usize, usize)> = captures.map(|capture| (capture, expression.groups[capture].1)).collect();
        wanted.dedup();
        Self {
            expression: expression.clone(),
            locations: expression.regex.capture_locations(),
            wanted,
            beginnings: None,
        }
    }

    /// For people: how much of the expression the line's beginning matches.
    pub(super) fn explain(&mut self, line: &[u8]) -> String {
        let beginnings = self.beginnings.get_or_insert_with(|| self.expression.beginnings());
        let found = beginnings.iter().find_map(|(end, regex)| Some((*end, regex.find(line)?.end())));
        let Some((end, at)) = found else {
            return "at byte 0: the line matches no beginning of the regex".to_owned();
        };
        let (beginning, rest) = self.expression.text.split_at(end);
        format!("at byte {at}: the line matches `{beginning}`, but what follows is not `{rest}`")
    }

    #[inline]
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        const WHAT: &str = "a line that the regex matches";
        if self.wanted.is_empty() {
            return if self.expression.regex.is_match(line) { Ok(()) } else { Err(Mismatch::said(0, WHAT)) };
        }
        self.expression.regex.captures_read(&mut self.locations, line).ok_or(Mismatch::said(0, WHAT))?;
        for &(capture, group) in &self.wanted {
            captures[capture] = match self.locations.get(group) {
                Some((start, end)) => Capture::plain(start, end),
                None => Capture::ABSENT,
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
