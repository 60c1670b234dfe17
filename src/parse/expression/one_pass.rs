//! A faster way for expressions whose next step the next byte decides.
//!
//! A one-pass automaton reads each byte once and needs no second run for captures. Most expressions for access logs are
//! nearly of that kind; what is in the way are runs that could go on over their own delimiter: `(.*?)"`, `(\S+)" `. Here
//! such a run ends at the first delimiter. That is another expression, so a line that it does not match is read again by
//! the original.
//!
//! Promises: what it captures, the original captures. Take the path of the one-pass automaton through a line that it
//! matches. Wherever the original could choose, the next byte leaves it the same choices, since a run that was cut short
//! is followed by the delimiter that it lost; so there is one, except at that delimiter: a lazy run prefers to end there,
//! and the rest matches, as the automaton shows; a greedy run prefers to go on, but may not take the byte after the
//! delimiter, nor end there. The one other choice is to end the match where it could go on: so it has to be the whole
//! line, unless nothing was cut short. Does not: match what the original would not; decide that a line does not match.

use regex_automata::Anchored;
use regex_automata::Input;
use regex_automata::dfa::onepass::{BuildError, Cache, Config, DFA};
use regex_automata::nfa::thompson::{Compiler, Config as NfaConfig};
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Hir, HirKind, Repetition};

use super::byte_set::ByteSet;

/// Of an automaton, in bytes: those of access logs take a tenth of it.
const SIZE_LIMIT: usize = 1 << 20;

#[derive(Clone, Debug)]
pub(super) struct OnePass {
    dfa: DFA,
    cache: Cache,
    covers: Covers,
}

/// Which matches of the automaton are the original's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covers {
    /// It is the original.
    Any,
    /// Runs in it were cut short: a match that leaves bytes may be one that the original prefers to go on from, over a
    /// delimiter.
    WholeLines,
}

impl OnePass {
    /// `None` where the expression is not of that kind.
    pub(super) fn new(hir: &Hir) -> Option<Self> {
        let short = cut_short(hir);
        let covers = if short == *hir { Covers::Any } else { Covers::WholeLines };
        Self::build(&short, covers).or_else(|| Self::build(hir, Covers::Any))
    }

    fn build(hir: &Hir, covers: Covers) -> Option<Self> {
        let config = NfaConfig::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT));
        let nfa = Compiler::new().configure(config).build_from_hir(hir).ok()?;
        let dfa: Result<DFA, BuildError> =
            DFA::builder().configure(Config::new().size_limit(Some(SIZE_LIMIT))).build_from_nfa(nfa);
        let dfa = dfa.ok()?;
        let cache = dfa.create_cache();
        Some(Self { dfa, cache, covers })
    }

    /// Whether the line matches from its beginning; if so, where each group begins and ends.
    #[inline]
    pub(super) fn read(&mut self, line: &[u8], slots: &mut [Option<NonMaxUsize>]) -> bool {
        let input = Input::new(line).anchored(Anchored::Yes);
        match self.dfa.try_search_slots(&mut self.cache, &input, slots) {
            Ok(Some(_)) => self.covers == Covers::Any || ends_at(slots, line.len()),
            _ => false,
        }
    }
}

/// Whether the whole match ends there.
fn ends_at(slots: &[Option<NonMaxUsize>], len: usize) -> bool {
    slots.get(1).copied().flatten().is_some_and(|end| end.get() == len)
}

/// The expression with runs that end at their first delimiter.
pub(super) fn cut_short(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Concat(items) => {
            let next = items.iter().skip(1).map(Some).chain([None]);
            Hir::concat(items.iter().zip(next).map(|(item, next)| cut_item(item, next)).collect())
        }
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(cut_short).collect()),
        HirKind::Capture(capture) => {
            Hir::capture(Capture { sub: Box::new(cut_short(&capture.sub)), ..capture.clone() })
        }
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(cut_short(&repetition.sub)), ..repetition.clone() })
        }
        _ => hir.clone(),
    }
}

fn cut_item(item: &Hir, next: Option<&Hir>) -> Hir {
    let run = run(item);
    let literal = next.and_then(|next| match next.kind() {
        HirKind::Literal(literal) => Some(&*literal.0),
        _ => None,
    });
    match (run, literal) {
        (Some((repetition, class)), Some(literal)) => {
            if let Some(short) = cut_run(repetition, class, literal) {
                captured(item, short)
            } else {
                item.clone()
            }
        }
        _ => cut_short(item),
    }
}

/// A run of a class, in groups or not.
fn run(item: &Hir) -> Option<(&Repetition, &Class)> {
    match item.kind() {
        HirKind::Capture(capture) => run(&capture.sub),
        HirKind::Repetition(repetition) => match repetition.sub.kind() {
            HirKind::Class(class) if repetition.max.is_none() => Some((repetition, class)),
            _ => None,
        },
        _ => None,
    }
}

/// A run put back into the groups of the one that it replaces.
fn captured(item: &Hir, run: Hir) -> Hir {
    match item.kind() {
        HirKind::Capture(capture) => {
            Hir::capture(Capture { sub: Box::new(captured(&capture.sub, run)), ..capture.clone() })
        }
        _ => run,
    }
}

/// The run without its delimiter in it, beyond the bytes that it must have.
fn cut_run(repetition: &Repetition, class: &Class, literal: &[u8]) -> Option<Hir> {
    let bytes = ByteSet::of_class(class);
    let delimiter = *literal.first()?;
    let Class::Bytes(class) = class else { return None };
    if !bytes.contains(delimiter) {
        return None;
    }
    // A greedy run goes on over the delimiter, if the byte behind that lets it.
    if repetition.greedy && literal.get(1).is_none_or(|&second| bytes.contains(second)) {
        return None;
    }
    let mut rest = class.clone();
    rest.difference(&ClassBytes::new([ClassBytesRange::new(delimiter, delimiter)]));
    let rest = Repetition { min: 0, max: None, greedy: true, sub: Box::new(Hir::class(Class::Bytes(rest))) };
    let must = Repetition { max: Some(repetition.min), ..repetition.clone() };
    Some(Hir::concat(vec![Hir::repetition(must), Hir::repetition(rest)]))
}
