//! What `[types]` does with a text to make a field of it, step by step.
//!
//! Promises: time in proportion to the text; no allocation once the buffers are as long as the longest text was; a step sees
//! what the step before it made and nothing else, so that decoding never moves the borders of what was taken before. Does
//! not: know names, types or the line.

use super::capture::Form;
use super::escapes;
use super::output::Dash;
use super::request::{Part, Span};
use super::template::Problem;
use crate::model::step::{Decode, FieldStep};

/// What the text is that a step reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextOf {
    /// A query, from its first parameter on: nothing in it is a path, however it looks.
    Query,
    Anything,
}

/// A compiled step.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A part of a request or target that an earlier step made.
    Part(Part),
    Escapes,
}

/// What one step makes of a text.
enum Taken {
    Absent,
    Invalid,
    /// A piece of it.
    Piece(Span),
    /// What it wrote.
    Written,
}

/// What all steps make of a text.
pub(super) enum Outcome<'a> {
    Absent,
    /// It is not what a step reads.
    Invalid,
    /// A piece of the text.
    Inside(Span),
    Made(&'a [u8]),
}

impl Step {
    /// `Err`: what is wrong, and what to do.
    pub(super) fn compile(step: &FieldStep, _text: TextOf) -> Result<Self, Problem> {
        match step {
            FieldStep::Decode(Decode::Escapes) => Ok(Self::Escapes),
            _ => Err(("not built yet".to_owned(), "wait".to_owned())),
        }
    }

    /// What its text is; `None`: what it was before.
    pub(super) const fn text(&self) -> Option<TextOf> {
        match self {
            Self::Part(Part::Query | Part::TargetQuery) => Some(TextOf::Query),
            Self::Escapes => None,
            _ => Some(TextOf::Anything),
        }
    }

    fn take(&mut self, text: &[u8], out: &mut Vec<u8>) -> Taken {
        match self {
            Self::Part(_) => Taken::Absent,
            Self::Escapes if escapes::has_any(text) => {
                escapes::undo(text, out);
                Taken::Written
            }
            Self::Escapes => Taken::Piece((0, text.len())),
        }
    }
}

/// The steps of one field, and what they write to.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    steps: Vec<Step>,
    made: Vec<u8>,
    next: Vec<u8>,
}

impl Steps {
    pub(super) const fn new(steps: Vec<Step>) -> Self {
        Self { steps, made: Vec::new(), next: Vec::new() }
    }

    pub(super) fn run(&mut self, text: &[u8], form: Form, dash: Dash) -> Outcome<'_> {
        let mut is_made = false;
        let (mut start, mut end) = (0, text.len());
        for step in &mut self.steps {
            // Those of a JSON string were undone with the string.
            if form == Form::Escaped && matches!(step, Step::Escapes) {
                continue;
            }
            let current = if is_made { &self.made[start..end] } else { &text[start..end] };
            self.next.clear();
            match step.take(current, &mut self.next) {
                Taken::Absent => return Outcome::Absent,
                Taken::Invalid => return Outcome::Invalid,
                Taken::Piece((from, to)) => (start, end) = (start + from, start + to),
                Taken::Written => {
                    std::mem::swap(&mut self.made, &mut self.next);
                    is_made = true;
                    (start, end) = (0, self.made.len());
                }
            }
            let current = if is_made { &self.made[start..end] } else { &text[start..end] };
            if dash.is_absence(current) {
                return Outcome::Absent;
            }
        }
        if is_made { Outcome::Made(&self.made[start..end]) } else { Outcome::Inside((start, end)) }
    }
}
