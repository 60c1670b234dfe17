//! Runs a compiled template over a line.
//!
//! Promises: no allocation; one pass where the first reading holds. Where it does not, each searched field is moved on to
//! its next possible end, the last searched field first, as a backtracking matcher would; but no end of a field is tried
//! twice, and a line that would be gone over more often than [`PASSES_PER_STEP`] times for each step is refused.

use super::Escaping;
use super::class::Class;
use super::compiled::{Find, Search, Step, Template};
use super::literal::Literal;
use crate::parse::capture::Capture;
use crate::parse::mismatch::Mismatch;
use crate::parse::quote::closing_quote;
use crate::parse::time::{CLF_LEN, has_clf_shape};

/// A searched field that may still end elsewhere.
#[derive(Clone, Copy, Debug)]
struct Choice {
    step: usize,
    start: usize,
    end: usize,
}

/// Starts of a searched field from which every end was tried without luck: `from` is one, `to` is not.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    from: usize,
    to: usize,
}

/// How often a line may be gone over for each step before it is refused. Only lines made for it come near: every end of
/// a searched field is tried once, but what stands after two of its ends can be the same long text.
const PASSES_PER_STEP: usize = 8;
/// For lines so short that their length does not matter.
const LEAST_BUDGET: usize = 4_096;

#[derive(Clone, Debug)]
pub(in crate::parse) struct Matcher {
    template: Template,
    choices: Vec<Choice>,
    /// By the searches' own index; empty ranges outside of a retry.
    tried: Vec<Tried>,
}

impl Matcher {
    pub(in crate::parse) fn new(template: Template) -> Self {
        let searches = template.searches;
        Self { template, choices: Vec::with_capacity(searches), tried: vec![Tried::default(); searches] }
    }

    pub(in crate::parse) const fn template(&self) -> &Template {
        &self.template
    }

    #[inline]
    pub(in crate::parse) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        self.choices.clear();
        match self.advance(line, captures, 0, 0) {
            Ok(()) => Ok(()),
            Err(mismatch) => self.retry(line, captures, mismatch),
        }
    }

    /// Matches from a step on, each field at its first possible end.
    #[inline]
    fn advance(&mut self, line: &[u8], captures: &mut [Capture], step: usize, at: usize) -> Result<(), Mismatch> {
        let mut at = at;
        let steps = self.template.steps.get(step..).unwrap_or_default();
        let captures = captures.get_mut(step..).unwrap_or_default();
        for (index, (step, capture)) in (step..).zip(steps.iter().zip(captures)) {
            if !step.literal.is_at(line, at) {
                return Err(Mismatch::part(at, 2 * index));
            }
            let start = at + step.literal.len();
            if let Find::Search(search) = &step.find {
                let tried = &mut self.tried[search.index];
                let end = tried.first_end(search, self.template.literal_after(index), line, start);
                at = end.ok_or(Mismatch::part(start, 2 * index + 1))?;
                self.choices.push(Choice { step: index, start, end: at });
                *capture = captured(search, line, start, at);
            } else if let Find::Shaped(shape) = &step.find {
                (at, *capture) = shape.read(line, start).map_err(|wrong| Mismatch::part(wrong, 2 * index + 1))?;
            } else {
                at = step.end(line, start).map_err(|wrong| Mismatch::part(wrong, 2 * index + 1))?;
                *capture = Capture::plain(start, at);
            }
        }
        let tail = &self.template.tail;
        if tail.len() + at == line.len() && tail.is_at(line, at) {
            Ok(())
        } else {
            Err(Mismatch::part(at, 2 * self.template.steps.len()))
        }
    }

    /// The first reading failed: tries the others. The mismatch that is shown is the one furthest into the line.
    #[cold]
    fn retry(&mut self, line: &[u8], captures: &mut [Capture], first: Mismatch) -> Result<(), Mismatch> {
        let mut furthest = first;
        let mut outcome = Err(first);
        let mut budget = LEAST_BUDGET + line.len() * PASSES_PER_STEP * self.template.steps.len();
        while budget > 0
            && let Some(choice) = self.choices.last().copied()
        {
            let literal = self.template.literal_after(choice.step);
            let Find::Search(search) = &self.template.steps[choice.step].find else { break };
            match search_end(search, literal, line, choice.start, choice.end + 1) {
                Ok(end) => {
                    if let Some(last) = self.choices.last_mut() {
                        last.end = end;
                    }
                    captures[choice.step] = captured(search, line, choice.start, end);
                    match self.advance(line, captures, choice.step + 1, end) {
                        Ok(()) => {
                            outcome = Ok(());
                            break;
                        }
                        Err(mismatch) => {
                            budget = budget.saturating_sub(1 + mismatch.at() - end);
                            if mismatch.at() > furthest.at() {
                                furthest = mismatch;
                            }
                        }
                    }
                }
                Err(barrier) => {
                    self.tried[search.index].add(choice.start, barrier);
                    self.choices.pop();
                }
            }
        }
        self.tried.fill(Tried::default());
        outcome.map_err(|_| furthest)
    }
}

impl Tried {
    /// The first end of a field that begins at `start`, unless all its ends were tried before.
    #[inline]
    fn first_end(&mut self, search: &Search, next: &Literal, line: &[u8], start: usize) -> Option<usize> {
        // What begins with a bare quote may have an end that no earlier start has, and never more than one.
        let is_quote = search.escaping == Escaping::Backslash && line.get(start) == Some(&b'"');
        if (self.from..self.to).contains(&start) && !is_quote {
            return None;
        }
        match search_end(search, next, line, start, start) {
            Ok(end) => Some(end),
            Err(barrier) => {
                self.add(start, barrier);
                None
            }
        }
    }

    /// Every end of a field that begins at `start` or between there and the barrier was tried.
    fn add(&mut self, start: usize, barrier: usize) {
        if start <= self.to && self.from <= barrier {
            self.from = self.from.min(start);
            self.to = self.to.max(barrier);
        } else {
            (self.from, self.to) = (start, barrier);
        }
    }
}

/// The first end at `from` or later of a field that begins at `start`: where the next literal stands and every byte
/// before is one that the field may hold. `Err`: the barrier; no field that begins before it ends beyond it.
#[inline]
fn search_end(search: &Search, next: &Literal, line: &[u8], start: usize, from: usize) -> Result<usize, usize> {
    if search.escaping == Escaping::Backslash && line[start..].starts_with(EMPTY_NAME) {
        let end = start + EMPTY_NAME.len();
        return if from <= end && next.is_at(line, end) { Ok(end) } else { Err(start) };
    }
    let Some(&first) = next.bytes().first() else { return Err(line.len() + 1) };
    let mut at = from;
    // What lies before `from` was looked at when the end before this one was found, but for its last byte.
    if from > start && !may_hold(search, line, start, from - 1) {
        return Err(from - 1);
    }
    loop {
        match line.get(at) {
            None => return Err(line.len() + 1),
            Some(&byte) if byte == first && next.is_at(line, at) => return Ok(at),
            Some(_) if !may_hold(search, line, start, at) => return Err(at),
            Some(_) => at += 1,
        }
    }
}

/// Whether the byte at this place may be part of the field.
#[inline]
fn may_hold(search: &Search, line: &[u8], start: usize, at: usize) -> bool {
    let byte = line[at];
    search.allowed[byte as usize]
        && (byte != b'"' || search.escaping == Escaping::None || (at > start && line[at - 1] == b'\\'))
}

/// What Apache writes for a user who gave an empty name; the one place where it writes bare quotes.
const EMPTY_NAME: &[u8] = b"\"\"";

#[inline]
fn captured(search: &Search, line: &[u8], start: usize, end: usize) -> Capture {
    if search.escaping == Escaping::Backslash && end == start + 2 && &line[start..end] == EMPTY_NAME {
        return Capture::plain(start + 1, start + 1);
    }
    Capture::plain(start, end)
}

impl Step {
    /// The one place where the field can end. `Err`: the place where it is seen that there is none.
    #[inline]
    fn end(&self, line: &[u8], start: usize) -> Result<usize, usize> {
        let rest = line.get(start..).ok_or(start)?;
        let len = match &self.find {
            Find::Run(allowed) => run(rest, |byte| allowed[byte as usize]),
            Find::Quoted => return closing_quote(line, start).ok_or(line.len()),
            Find::Digits => digits(rest),
            Find::Status => match digits(rest) {
                3 => 3,
                1 if rest[0] == b'-' => 1,
                0 => 0,
                _ => return Err(start),
            },
            Find::Number => number(rest),
            Find::Clf if has_clf_shape(rest) => CLF_LEN,
            Find::Clf => usize::from(rest.first() == Some(&b'-')),
            Find::List(class) => list(*class, rest),
            Find::Rest(Escaping::None) => return Ok(line.len()),
            Find::Rest(Escaping::Backslash) => return closing_quote(line, start).map_or(Ok(line.len()), Err),
            Find::Search(_) | Find::Shaped(_) => return Err(start),
        };
        let may_be_empty = self.may_be_empty || matches!(self.find, Find::Run(_) | Find::List(Class::Forwarded));
        if len > 0 || may_be_empty { Ok(start + len) } else { Err(start) }
    }
}

#[inline]
fn run(text: &[u8], allowed: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| !allowed(byte)).unwrap_or(text.len())
}

/// The length of `-` or of digits.
#[inline]
fn digits(text: &[u8]) -> usize {
    if text.first() == Some(&b'-') { 1 } else { run(text, |byte| byte.is_ascii_digit()) }
}

/// The length of `-` or of a decimal number.
#[inline]
fn number(text: &[u8]) -> usize {
    let sign = usize::from(text.first() == Some(&b'-'));
    let whole = run(&text[sign..], |byte| byte.is_ascii_digit());
    let at = sign + whole;
    if whole == 0 || text.get(at) != Some(&b'.') {
        return at;
    }
    match run(&text[at + 1..], |byte| byte.is_ascii_digit()) {
        0 => 0,
        fraction => at + 1 + fraction,
    }
}

/// The length of a list: items with `, ` or ` : ` between them.
fn list(class: Class, text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let item = match class {
            Class::WordList => run(rest, |byte| !matches!(byte, b' ' | b'"' | b',')),
            Class::Forwarded => return forwarded(rest),
            _ => number(rest),
        };
        if item == 0 {
            return 0;
        }
        at += item;
        let rest = &text[at..];
        at += match rest {
            [b',', b' ', ..] => 2,
            [b' ', b':', b' ', ..] => 3,
            _ => return at,
        };
    }
}

/// The length of words that end with a comma, and of the word after them.
fn forwarded(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += run(&text[at..], |byte| !matches!(byte, b' ' | b'"'));
        match text.get(at) {
            Some(b' ') if at > 0 && text[at - 1] == b',' => at += 1,
            _ => return at,
        }
    }
}

#[cfg(test)]
mod tests;
