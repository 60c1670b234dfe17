//! Which lines belong to one record.
//!
//! Promises: linear time. Does not: keep anything from line to line.

use regex::bytes::{Regex, RegexBuilder};

use super::super::template::Problem;
use crate::model::spec::{MultilinePreset, MultilineRule};

/// Of one compiled expression.
const SIZE_LIMIT: usize = 1 << 20;

#[derive(Clone, Debug)]
pub(super) struct Rule {
    start: Option<Regex>,
    continuation: Option<Regex>,
    end: Option<Regex>,
}

/// What a line is to the record before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Starts,
    Continues,
    /// It neither begins a record nor belongs to one.
    Alone,
}

impl Rule {
    pub(super) fn compile(rule: &MultilineRule) -> Result<Self, Problem> {
        let (start, continuation, end) = match rule {
            MultilineRule::Preset(preset) => expressions(*preset),
            MultilineRule::Lines { start, continuation, end } => {
                (start.as_deref(), continuation.as_deref(), end.as_deref())
            }
        };
        let compile = |key: &str, text: Option<&str>| text.map(|text| compile(key, text)).transpose();
        Ok(Self {
            start: compile("start", start)?,
            continuation: compile("continuation", continuation)?,
            end: compile("end", end)?,
        })
    }

    #[inline]
    pub(super) fn relation(&self, line: &[u8]) -> Relation {
        let matches = |regex: &Option<Regex>| regex.as_ref().map(|regex| regex.is_match(line));
        match (matches(&self.continuation), &self.start) {
            (Some(true), _) | (None, None) => Relation::Continues,
            (Some(false), None) => Relation::Starts,
            (continuation, Some(start)) => match (start.is_match(line), continuation) {
                (true, _) => Relation::Starts,
                (false, None) => Relation::Continues,
                (false, Some(_)) => Relation::Alone,
            },
        }
    }

    /// Whether a line that continues begins a record where there is none: only the ends of records are known.
    pub(super) const fn any_line_begins(&self) -> bool {
        self.start.is_none() && self.continuation.is_none()
    }

    #[inline]
    pub(super) fn ends(&self, line: &[u8]) -> bool {
        self.end.as_ref().is_some_and(|end| end.is_match(line))
    }
}

fn compile(key: &str, text: &str) -> Result<Regex, Problem> {
    let build = |unicode| RegexBuilder::new(text).unicode(unicode).size_limit(SIZE_LIMIT).build();
    // An expression with `\p{…}` or `[é]` in it can only be meant for characters.
    build(false).or_else(|err| build(true).map_err(|_| err)).map_err(|err| {
        let message = format!("`{key}` of `multiline` is no regular expression: {err}");
        (message, "write it in the syntax of Rust's regex crate, which has no look-around".to_owned())
    })
}

type Expressions = (Option<&'static str>, Option<&'static str>, Option<&'static str>);

/// Start, continuation, end.
const fn expressions(preset: MultilinePreset) -> Expressions {
    match preset {
        // Frames, `... 3 more`, causes. The line with the exception itself begins the record, or is the log's own.
        MultilinePreset::Java => (
            None,
            Some(
                r"^[ \t]+(?:at |eval |\.{3} \d+ |- (?:locked|waiting|parking|eliminated)|Suppressed: |Caused by: )|^(?:Caused by|Suppressed): ",
            ),
            None,
        ),
        // From the head of the trace to its first line that is not indented, which names the exception.
        MultilinePreset::Python => {
            (Some(r"Traceback \(most recent call last\):\s*$"), None, Some(r"^[A-Za-z_][\w.]*(?::|\s*$)"))
        }
        // A panic and the stacks of its goroutines, with the empty lines between them.
        MultilinePreset::Go => (
            Some(r"^(?:panic: |fatal error: |SIG[A-Z]+: |http: panic serving )|: panic serving "),
            Some(
                r"^$|^[ \t]|^goroutine \d+ \[|^created by |^\[signal |^[\w./*()%{}\[\],-]+\(.*\)$|^exit status \d+$|^rax? |^r\d+ ",
            ),
            None,
        ),
        // Both orders: `from …`, and `1: from …` with the newest call last.
        MultilinePreset::Ruby => (None, Some(r"^[ \t]+(?:\d+: )?from "), None),
        MultilinePreset::Indented => (None, Some(r"^[ \t]"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;
    use crate::model::spec::{MultilinePreset, MultilineRule};

    #[test]
    fn every_preset_compiles() {
        use MultilinePreset::{Go, Indented, Java, Python, Ruby};
        for preset in [Java, Python, Go, Ruby, Indented] {
            assert!(Rule::compile(&MultilineRule::Preset(preset)).is_ok(), "{preset:?}");
        }
    }
}
