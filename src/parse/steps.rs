//! What `[types]` does with a text to make a field of it, step by step.
//!
//! Promises: time in proportion to the text; no allocation once the buffers are as long as the longest text was. A step sees
//! what the step before it made and nothing else. Does not: know names, types or the line.

mod agent;
mod base64;
mod cut;
mod forwarded;
mod jwt;
mod percent;
mod quantity;
mod url;

use agent::Agents;
use cut::{Group, Split};
use jwt::Claim;
use percent::Plus;

use super::capture::Form;
use super::escapes;
use super::output::Dash;
use super::request::{Part, Request, Span, target_part};
use super::template::Problem;
use crate::model::step::{Decode, FieldStep, LetterCase, Network, Position, TimeUnit, UrlPart};

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
    Percent(Plus),
    Base64,
    Url(UrlPart),
    Parameter(Box<[u8]>, TextOf),
    Cookie(Box<[u8]>),
    Segment(Position),
    Forwarded(Box<[Network]>),
    Jwt(Box<Claim>),
    Agent(Box<Agents>),
    Split(Box<Split>),
    Group(Box<Group>),
    Case(LetterCase),
    Absent(Box<[String]>),
    Seconds(Option<TimeUnit>),
    Bytes(u64),
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
    /// `text`: what the step is to read. `Err`: what is wrong, and what to do.
    pub(super) fn compile(step: &FieldStep, text: TextOf) -> Result<Self, Problem> {
        Ok(match step {
            FieldStep::Decode(Decode::Escapes) => Self::Escapes,
            FieldStep::Decode(Decode::Url) => Self::Percent(Plus::Itself),
            FieldStep::Decode(Decode::Form) => Self::Percent(Plus::Space),
            FieldStep::Decode(Decode::Base64) => Self::Base64,
            FieldStep::Url(part) => Self::Url(*part),
            FieldStep::Parameter(name) => Self::Parameter(name.as_bytes().into(), text),
            FieldStep::Cookie(name) => Self::Cookie(name.as_bytes().into()),
            FieldStep::Segment(position) => Self::Segment(*position),
            FieldStep::Forwarded(trusted) => Self::Forwarded(trusted.as_slice().into()),
            FieldStep::Jwt(path) => Self::Jwt(Box::new(Claim::compile(path)?)),
            FieldStep::Agent(answer) => Self::Agent(Box::new(Agents::new(*answer))),
            FieldStep::Split { separator, item } => Self::Split(Box::new(Split::new(separator, *item))),
            FieldStep::Capture(regex) => Self::Group(Box::new(Group::compile(regex)?)),
            FieldStep::Case(case) => Self::Case(*case),
            FieldStep::Absent(texts) => Self::Absent(texts.as_slice().into()),
            FieldStep::Seconds { bare } => Self::Seconds(*bare),
            FieldStep::Bytes { bare } => Self::Bytes(*bare),
        })
    }

    /// What its text is; `None`: what it was before.
    pub(super) const fn text(&self) -> Option<TextOf> {
        match self {
            Self::Part(Part::Query | Part::TargetQuery) | Self::Url(UrlPart::Query) => Some(TextOf::Query),
            Self::Escapes | Self::Case(_) | Self::Absent(_) => None,
            _ => Some(TextOf::Anything),
        }
    }

    /// What is written goes to `out`, which is empty.
    fn take(&mut self, text: &[u8], out: &mut Vec<u8>) -> Taken {
        let whole = || Taken::Piece((0, text.len()));
        let piece = |span: Option<Span>| span.map_or(Taken::Absent, Taken::Piece);
        let written = |done: Option<()>, otherwise| if done.is_some() { Taken::Written } else { otherwise };
        match self {
            Self::Part(part) => piece(part_of(text, *part)),
            Self::Escapes if !escapes::has_any(text) => whole(),
            Self::Escapes => {
                escapes::undo(text, out);
                Taken::Written
            }
            Self::Percent(plus) if !percent::has_any(text, *plus) => whole(),
            Self::Percent(plus) => {
                percent::undo(text, *plus, out);
                Taken::Written
            }
            Self::Base64 => written(base64::undo(text, out), Taken::Invalid),
            Self::Url(part) => piece(url::part(text, *part)),
            Self::Parameter(name, of) => piece(url::parameter(text, *of, name)),
            Self::Cookie(name) => piece(url::cookie(text, name)),
            Self::Segment(position) => piece(url::segment(text, *position)),
            Self::Forwarded(trusted) => piece(forwarded::client(text, trusted)),
            Self::Jwt(claim) => written(claim.read(text, out), Taken::Absent),
            Self::Agent(agents) => {
                let answer = agents.answer(text).map(|answer| out.extend_from_slice(answer.as_bytes()));
                written(answer, Taken::Absent)
            }
            Self::Split(split) => piece(split.piece(text)),
            Self::Group(group) => piece(group.find(text)),
            Self::Case(case) => {
                cut::in_case(text, *case, out);
                Taken::Written
            }
            Self::Absent(texts) if texts.iter().any(|absent| absent.as_bytes() == text) => Taken::Absent,
            Self::Absent(_) => whole(),
            // An empty number is one that the server does not have.
            Self::Seconds(_) | Self::Bytes(_) if text.is_empty() => Taken::Absent,
            Self::Seconds(bare) => written(quantity::seconds(text, *bare, out), Taken::Invalid),
            Self::Bytes(bare) => written(quantity::bytes(text, *bare, out), Taken::Invalid),
        }
    }
}

fn part_of(text: &[u8], part: Part) -> Option<Span> {
    match part {
        Part::Whole => Some((0, text.len())),
        Part::TargetPath | Part::TargetQuery => target_part(text, part),
        _ => Request::read(text)?.part(part),
    }
}

/// The steps of one field, and what they write to.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    list: Vec<Step>,
    made: Vec<u8>,
    next: Vec<u8>,
}

impl Steps {
    pub(super) const fn new(list: Vec<Step>) -> Self {
        Self { list, made: Vec::new(), next: Vec::new() }
    }

    /// `form`: of the capture that the text is from.
    pub(super) fn run(&mut self, text: &[u8], form: Form, dash: Dash) -> Outcome<'_> {
        let mut is_made = false;
        let (mut start, mut end) = (0, text.len());
        for step in &mut self.list {
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

#[cfg(test)]
mod tests;
