//! How much of an expression a line matches, for people.
//!
//! Promises: a search among few beginnings, each compiled at most once; nothing is done before the first line that is
//! explained. Does not: cost a line that matches anything.

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::{Hir, Look};

use super::{Place, compile, surroundings, tree};
use crate::parse::Stop;

/// More beginnings than this are thinned out: each that is tried is compiled.
const MOST_BEGINNINGS: usize = 64;

/// A beginning, once it is tried.
#[derive(Clone, Debug)]
enum Compiled {
    NotYet,
    /// Boxed: few are.
    Done(Box<Regex>),
    Refused,
}

/// The beginnings of an expression that are expressions themselves.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Beginnings {
    /// The text as a person wrote it.
    shown: String,
    /// The expression that it stands for.
    source: String,
    /// Where both can be cut: after so many bytes of the one, and of the other. The last is both texts' end.
    cuts: Vec<(usize, usize)>,
    compiled: Vec<Compiled>,
    place: Place,
}

impl Beginnings {
    /// Of a text that is its own expression.
    pub(super) fn of_regex(text: &str, place: Place) -> Self {
        let places = (0..=text.len()).map(|at| (at, at)).collect::<Vec<_>>();
        Self::new(text, text, &places, place)
    }

    /// `places`: bytes of the shown text, and where the same place is in the source.
    pub(in crate::parse) fn new(shown: &str, source: &str, places: &[(usize, usize)], place: Place) -> Self {
        let allowed = cuts(source);
        let mut cuts: Vec<(usize, usize)> =
            places.iter().copied().filter(|(_, at)| *at > 0 && allowed.binary_search(at).is_ok()).collect();
        let step = cuts.len().div_ceil(MOST_BEGINNINGS).max(1);
        cuts = cuts.into_iter().step_by(step).collect();
        cuts.push((shown.len(), source.len()));
        let compiled = vec![Compiled::NotYet; cuts.len()];
        Self { shown: shown.to_owned(), source: source.to_owned(), cuts, compiled, place }
    }

    /// Where the beginning of that number stops matching; `None` where the line does not match it.
    fn end(&mut self, index: usize, line: &[u8]) -> Option<usize> {
        if matches!(self.compiled[index], Compiled::NotYet) {
            let regex = self.compile(self.cuts[index].1);
            self.compiled[index] = regex.map_or(Compiled::Refused, |regex| Compiled::Done(Box::new(regex)));
        }
        match &self.compiled[index] {
            Compiled::Done(regex) => regex.find(Input::new(line)).map(|found| found.end()),
            Compiled::NotYet | Compiled::Refused => None,
        }
    }

    fn compile(&self, end: usize) -> Option<Regex> {
        let hir = surroundings::resolve(&tree::parse(&self.source[..end]).ok()?).hir;
        let hir = match self.place {
            Place::WholeLine => Hir::concat(vec![Hir::look(Look::Start), hir]),
            Place::Anywhere => hir,
        };
        compile(&hir).ok()
    }

    /// What to say about a line that does not match. `what`: what the expression is called.
    pub(super) fn stop(&mut self, line: &[u8], what: &str) -> Stop {
        // A line that matches a beginning matches all shorter ones, so the longest is found by halves.
        let (mut low, mut high) = (0, self.cuts.len());
        let mut longest = None;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.end(middle, line) {
                Some(at) => {
                    longest = Some((middle, at));
                    low = middle + 1;
                }
                None => high = middle,
            }
        }
        let (expected, at) = match longest {
            None if self.place == Place::Anywhere => (format!("{} anywhere", self.next(None)), 0),
            None => (self.next(None), 0),
            Some((index, at)) if index + 1 == self.cuts.len() => (format!("the line to end, as the {what} does"), at),
            Some((index, at)) => (self.next(Some(index)), at),
        };
        Stop { at: Some(at), expected }
    }

    /// The piece after the beginning of that number, or the first one, and the field that it is or that comes next.
    fn next(&self, index: Option<usize>) -> String {
        let start = index.map_or(0, |index| self.cuts[index].0);
        let after = index.map_or(0, |index| index + 1);
        let ends = || self.cuts.iter().skip(after).map(|(end, _)| *end);
        let first = ends().next().unwrap_or(self.shown.len());
        // Plain letters are an item each, and say most together.
        let mut end = first;
        if !self.shown[start..first].contains(SYNTAX) {
            let mut last = first;
            for next in ends().skip(1) {
                if self.shown[last..next].contains(SYNTAX) {
                    break;
                }
                last = next;
            }
            end = last;
        }
        let piece = shortened(&self.shown[start..end]);
        match (named(&self.shown[start..end]), named(&self.shown[end..])) {
            (Some(name), _) => format!("`{}`, which is `{piece}`", shortened(name)),
            (None, Some(name)) => format!("`{piece}` before `{}`", shortened(name)),
            (None, None) => format!("`{piece}`"),
        }
    }
}

/// What makes a piece of an expression, or of grok, more than plain letters.
const SYNTAX: [char; 15] = ['(', ')', '[', ']', '{', '}', '*', '+', '?', '|', '.', '^', '$', '\\', '%'];

/// Letters of a piece that a message shows: enough to find it in the pattern.
const PIECE_LEN: usize = 60;

fn shortened(piece: &str) -> String {
    match piece.char_indices().nth(PIECE_LEN) {
        Some((end, _)) => piece[..end].to_owned() + "…",
        None => piece.to_owned(),
    }
}

/// The first field of a piece: `(?<name>…)`, `(?P<name>…)` or `%{KIND:name}`.
fn named(piece: &str) -> Option<&str> {
    let group = |sign: &str| {
        let at = piece.find(sign)? + sign.len();
        let (name, _) = piece[at..].split_once('>')?;
        (!name.starts_with(['=', '!'])).then_some((at, name))
    };
    let grok = || {
        piece.match_indices("%{").find_map(|(at, sign)| {
            let (inside, _) = piece[at + sign.len()..].split_once('}')?;
            let (_, name) = inside.split_once(':')?;
            Some((at, name.split(':').next().unwrap_or(name)))
        })
    };
    [group("(?<"), group("(?P<"), grok()].into_iter().flatten().min_by_key(|(at, _)| *at).map(|(_, name)| name)
}

/// Where an expression can be cut: before the items of its outermost sequence.
fn cuts(text: &str) -> Vec<usize> {
    let ast = ast::parse::Parser::new().parse(text);
    let Ok(Ast::Concat(concat)) = &ast else { return Vec::new() };
    concat.asts.iter().skip(1).map(|item| item.span().start.offset).collect()
}
