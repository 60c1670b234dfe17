//! How much of an expression a line matches, for people.
//!
//! Promises: a search among few beginnings, each compiled at most once; nothing is done before the first line that is
//! explained. Does not: cost a line that matches anything.

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::{Hir, Look};

use super::{Place, compile, surroundings, tree};

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
    pub(super) fn explain(&mut self, line: &[u8], what: &str) -> String {
        // A line that matches a beginning matches all shorter ones, so the longest is found by halves.
        let (mut low, mut high) = (0, self.cuts.len());
        let mut longest = None;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.end(middle, line) {
                Some(at) => {
                    longest = Some((self.cuts[middle].0, at));
                    low = middle + 1;
                }
                None => high = middle,
            }
        }
        match longest {
            None => format!("at byte 0: the line matches no beginning of the {what}"),
            Some((end, at)) if end == self.shown.len() => {
                format!("at byte {at}: the line matches the whole {what}, but it goes on")
            }
            Some((end, at)) => {
                let (beginning, rest) = self.shown.split_at(end);
                format!("at byte {at}: the line matches `{beginning}`, but what follows is not `{rest}`")
            }
        }
    }
}

/// Where an expression can be cut: before the items of its outermost sequence.
fn cuts(text: &str) -> Vec<usize> {
    let ast = ast::parse::Parser::new().parse(text);
    let Ok(Ast::Concat(concat)) = &ast else { return Vec::new() };
    concat.asts.iter().skip(1).map(|item| item.span().start.offset).collect()
}
