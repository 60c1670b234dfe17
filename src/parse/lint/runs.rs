//! Runs of an expression that could go on over what is to end them.
//!
//! Does not: look into alternations' ends beside each other, or at bounded repetitions.

use regex_syntax::hir::{Hir, HirKind, Repetition};

use super::Warning;
use crate::parse::expression::{ByteSet, Side, edge};

/// How messages call a field.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Name(pub(in crate::parse) String);

impl Name {
    pub(in crate::parse) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// Fields' names by those of groups; `None`: the group is no field.
type Names<'n> = &'n dyn Fn(&str) -> Option<Name>;

pub(super) fn warnings(hir: &Hir, names: Names<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    look_at(hir, names, &mut found);
    // The same said twice helps nobody: a name may stand for several groups.
    let mut warnings: Vec<Warning> = Vec::new();
    for warning in found {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

fn look_at(hir: &Hir, names: Names<'_>, found: &mut Vec<Warning>) {
    match hir.kind() {
        HirKind::Capture(capture) => look_at(&capture.sub, names, found),
        HirKind::Repetition(repetition) => look_at(&repetition.sub, names, found),
        HirKind::Alternation(branches) => branches.iter().for_each(|branch| look_at(branch, names, found)),
        HirKind::Concat(items) => {
            for index in 0..items.len() {
                match Run::of(&items[index], names) {
                    Some(run) => found.extend(run.warning(&items[index + 1..], names)),
                    None => look_at(&items[index], names, found),
                }
            }
        }
        _ => {}
    }
}

/// A repetition of one byte without an end.
struct Run<'h> {
    repetition: &'h Repetition,
    bytes: ByteSet,
    name: Option<Name>,
}

impl<'h> Run<'h> {
    fn of(item: &'h Hir, names: Names<'_>) -> Option<Self> {
        match item.kind() {
            HirKind::Capture(capture) => {
                let run = Self::of(&capture.sub, names)?;
                let name = capture.name.as_deref().and_then(names);
                Some(Self { name: name.or(run.name), ..run })
            }
            HirKind::Repetition(repetition) => match repetition.sub.kind() {
                HirKind::Class(class) if repetition.max.is_none() => {
                    Some(Self { repetition, bytes: ByteSet::of_class(class), name: None })
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn called(&self) -> String {
        self.name.as_ref().map_or_else(|| "a run without a name".to_owned(), |name| format!("`{}`", name.0))
    }

    /// What is to be said about the run and what follows it.
    fn warning(&self, following: &[Hir], names: Names<'_>) -> Option<Warning> {
        let next = following.first()?;
        if let HirKind::Literal(literal) = next.kind() {
            return self.over_literal(&literal.0);
        }
        let neighbour = Run::of(next, names)?;
        if !self.bytes.intersects(edge(next, Side::Start).bytes) {
            return None;
        }
        let what = format!(
            "{} and {} can hold the same characters, with nothing between them",
            self.called(),
            neighbour.called()
        );
        let help = "put between them what stands between them in the line, or leave one of them out";
        Some((what, help.to_owned()))
    }

    fn over_literal(&self, literal: &[u8]) -> Option<Warning> {
        // A byte that the run cannot hold ends it there, whatever else the literal has.
        let first = *literal.first()?;
        if !literal.iter().all(|&byte| self.bytes.contains(byte)) {
            return None;
        }
        let end = literal.escape_ascii().to_string().replace("\\\"", "\"").replace("\\'", "'");
        let help = if first.is_ascii_alphanumeric() {
            // A class without a letter would end the run in the middle of its words.
            format!("say what it holds, not `.`: [^ ]* for one word, or what else cannot be in it before `{end}`")
        } else {
            let instead = match first {
                b'\n' | b'\r' | b'\t' => char::from(first).escape_default().to_string(),
                b'[' | b']' | b'\\' | b'^' | b'-' => format!("\\{}", char::from(first)),
                _ => char::from(first).to_string(),
            };
            format!("write a class without what ends it: [^{instead}]*, or [^{instead} ]* for one word")
        };
        let what = if self.repetition.greedy {
            format!(
                "{} goes on to the last `{end}` that leaves a match: what a client writes into it can move the fields \
                 behind it",
                self.called()
            )
        } else {
            format!(
                "{} is lazy (`.*?`) and ends at the first `{end}` that leaves a match: it is slow, and a text with \
                 `{end}` in it can move the fields behind it",
                self.called()
            )
        };
        Some((what, help))
    }
}
