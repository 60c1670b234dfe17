//! Conditions on the byte before or after a place (`(?<![0-9])`, `(?![0-9])`), built into the expression itself.
//!
//! Engines of linear time cannot look around. But a condition on one byte can be built into what stands beside its
//! place: `.*(?<![0-9])x` matches as `(?:.*[^0-9])?x` does, with the same preferences.
//!
//! Promises: what is left has no conditions, and prefers the same match where [`Resolved::exact`] says so. Does not: take
//! captures away, or repeat one.

use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Hir, HirKind, Look, Repetition};

use super::byte_set::{ByteSet, Side, edge};

/// How a condition is written in a tree: a group of this name, and a number, around the class that must not be there.
pub(in crate::parse) const NOT_AFTER: &str = "pxtail_not_after_";
pub(in crate::parse) const NOT_BEFORE: &str = "pxtail_not_before_";
/// The same for conditions that may be left out where they cannot be built in: those of the grok library.
pub(in crate::parse) const RATHER_NOT_AFTER: &str = "pxtail_rather_not_after_";
pub(in crate::parse) const RATHER_NOT_BEFORE: &str = "pxtail_rather_not_before_";

/// A tree without conditions.
pub(in crate::parse) struct Resolved {
    pub(in crate::parse) hir: Hir,
    /// Bytes that may not stand before and after the whole match.
    pub(in crate::parse) before: Option<ByteSet>,
    pub(in crate::parse) after: Option<ByteSet>,
    pub(in crate::parse) exact: bool,
}

/// Bytes that may not stand beside a place.
#[derive(Clone, Copy)]
struct Barred {
    bytes: ByteSet,
    /// Whether that holds whichever way the expression is matched.
    always: bool,
    /// Whether it may not be left out.
    strict: bool,
    /// Whether what stands beside it is changed for it, or only looked at.
    applies: bool,
}

/// A tree with the conditions at its ends taken off.
struct Loose {
    before: Option<Barred>,
    hir: Hir,
    after: Option<Barred>,
}

impl Barred {
    /// Whether the condition may be treated so: changed for it without being told to, or not at all.
    const fn is_kept(self) -> bool {
        !self.strict || (self.always && self.applies)
    }
}

impl Loose {
    const fn plain(hir: Hir) -> Self {
        Self { before: None, hir, after: None }
    }
}

pub(in crate::parse) fn resolve(hir: &Hir) -> Resolved {
    let mut exact = true;
    let Loose { before, hir, after } = loosen(hir, &mut exact);
    let mut end = |barred: Option<Barred>| {
        let barred = barred?;
        exact &= barred.is_kept();
        barred.applies.then_some(barred.bytes)
    };
    let (before, after) = (end(before), end(after));
    Resolved { hir, before, after, exact }
}

fn loosen(hir: &Hir, exact: &mut bool) -> Loose {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => Loose::plain(hir.clone()),
        HirKind::Capture(capture) => {
            if let Some((side, strict, bytes)) = condition(capture) {
                let barred = Some(Barred { bytes, always: true, strict, applies: true });
                let none = Loose::plain(Hir::empty());
                return if side == Side::Start {
                    Loose { before: barred, ..none }
                } else {
                    Loose { after: barred, ..none }
                };
            }
            let inner = loosen(&capture.sub, exact);
            Loose { hir: Hir::capture(Capture { sub: Box::new(inner.hir), ..capture.clone() }), ..inner }
        }
        HirKind::Repetition(repetition) => {
            let inner = loosen(&repetition.sub, exact);
            let once = repetition.max == Some(1);
            // With several turns each of them has the condition, at the end of the one before.
            *exact &= once || ![inner.before, inner.after].into_iter().flatten().any(|barred| barred.strict);
            let weaken = |barred: Option<Barred>| {
                let applies = |barred: Barred| barred.applies && repetition.min > 0;
                barred.map(|barred| Barred { applies: applies(barred), ..barred })
            };
            let sub = Box::new(inner.hir);
            let hir = Hir::repetition(Repetition { sub, ..repetition.clone() });
            Loose { before: weaken(inner.before), hir, after: weaken(inner.after) }
        }
        HirKind::Concat(items) => concat(items, exact),
        HirKind::Alternation(branches) => {
            let branches: Vec<Loose> = branches.iter().map(|branch| loosen(branch, exact)).collect();
            let before = shared(branches.iter().map(|branch| branch.before));
            let after = shared(branches.iter().map(|branch| branch.after));
            Loose { before, hir: Hir::alternation(branches.into_iter().map(|branch| branch.hir).collect()), after }
        }
    }
}

/// The condition that a group stands for: `Start` for one on the byte before, and whether it may not be left out.
fn condition(capture: &Capture) -> Option<(Side, bool, ByteSet)> {
    let name = capture.name.as_deref()?;
    let kinds = [
        (NOT_AFTER, Side::Start, true),
        (NOT_BEFORE, Side::End, true),
        (RATHER_NOT_AFTER, Side::Start, false),
        (RATHER_NOT_BEFORE, Side::End, false),
    ];
    let (_, side, strict) = kinds.into_iter().find(|(kind, ..)| name.starts_with(kind))?;
    Some((side, strict, one_byte(&capture.sub)?))
}

/// The bytes of an expression that matches exactly one of ASCII's.
pub(in crate::parse) fn one_byte(hir: &Hir) -> Option<ByteSet> {
    let set = match hir.kind() {
        HirKind::Class(class) => ByteSet::of_class(class),
        HirKind::Literal(literal) if literal.0.len() == 1 => edge(hir, Side::Start).bytes,
        _ => return None,
    };
    set.bytes().all(|byte| byte.is_ascii()).then_some(set)
}

/// What holds for an alternation as a whole.
fn shared(mut conditions: impl Iterator<Item = Option<Barred>>) -> Option<Barred> {
    let mut all = conditions.next()?;
    for one in conditions {
        all = match (all, one) {
            (None, None) => None,
            (Some(all), Some(one)) => Some(Barred {
                bytes: all.bytes.union(one.bytes),
                always: all.always && one.always && all.bytes == one.bytes,
                strict: all.strict || one.strict,
                applies: all.applies && one.applies,
            }),
            // It holds for one branch. Where it matters (an address after any text), the others are none the worse for it.
            (Some(one), None) | (None, Some(one)) => Some(Barred { always: false, ..one }),
        };
    }
    all
}

/// A piece of a sequence.
enum Piece {
    Hir(Hir),
    /// What stands on that side of the place may not end (begin) so: `Start` is about the byte before.
    Condition(Side, Barred),
}

fn concat(items: &[Hir], exact: &mut bool) -> Loose {
    let mut pieces = Vec::with_capacity(items.len());
    for item in items {
        let Loose { before, hir, after } = loosen(item, exact);
        pieces.extend(before.map(|barred| Piece::Condition(Side::Start, barred)));
        pieces.push(Piece::Hir(hir));
        pieces.extend(after.map(|barred| Piece::Condition(Side::End, barred)));
    }
    let mut left = Loose::plain(Hir::empty());
    for index in 0..pieces.len() {
        let Piece::Condition(side, barred) = &pieces[index] else { continue };
        let (side, barred) = (*side, *barred);
        let outside = match side {
            Side::Start => apply(pieces[..index].iter_mut().rev(), Side::End, barred, exact),
            Side::End => apply(pieces[index + 1..].iter_mut(), Side::Start, barred, exact),
        };
        let end = if side == Side::Start { &mut left.before } else { &mut left.after };
        if outside {
            *end = shared([*end, Some(barred)].into_iter().flatten().map(Some));
        }
    }
    let hirs = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Hir(hir) => Some(hir),
        Piece::Condition(..) => None,
    });
    Loose { hir: Hir::concat(hirs.collect()), ..left }
}

/// Builds a condition into the neighbours on one side, the nearest first. Whether it reaches beyond all of them.
fn apply<'a>(neighbours: impl Iterator<Item = &'a mut Piece>, side: Side, barred: Barred, exact: &mut bool) -> bool {
    let mut passed = false;
    for piece in neighbours {
        let Piece::Hir(hir) = piece else { continue };
        // The line ends there: nothing stands beside.
        let edge_of_line = if side == Side::End { Look::Start } else { Look::End };
        if matches!(hir.kind(), HirKind::Look(look) if *look == edge_of_line) {
            return false;
        }
        let at = edge(hir, side);
        if at.bytes.intersects(barred.bytes) {
            // Only a neighbour that may be left out lets a condition reach one further off: then it would hold at times.
            *exact &= barred.is_kept() && !(passed && barred.strict);
            if passed || !barred.applies {
                return false;
            }
            let mut restricted = true;
            *hir = restrict(hir, side, barred.bytes, &mut restricted);
            *exact &= restricted || !barred.strict;
        }
        if !at.can_be_empty {
            return false;
        }
        passed |= !matches!(hir.kind(), HirKind::Empty | HirKind::Look(_));
    }
    *exact &= !(passed && barred.strict);
    !passed
}

/// The same expression without the matches that end (begin) with one of the bytes; a match of nothing stays one.
fn restrict(hir: &Hir, side: Side, barred: ByteSet, exact: &mut bool) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
        HirKind::Literal(_) => {
            if edge(hir, side).bytes.intersects(barred) {
                Hir::fail()
            } else {
                hir.clone()
            }
        }
        HirKind::Class(class) => without(class, barred),
        HirKind::Capture(capture) => {
            let sub = Box::new(restrict(&capture.sub, side, barred, exact));
            Hir::capture(Capture { sub, ..capture.clone() })
        }
        HirKind::Alternation(branches) => {
            Hir::alternation(branches.iter().map(|branch| restrict(branch, side, barred, exact)).collect())
        }
        HirKind::Concat(items) => {
            let mut pieces: Vec<Piece> = items.iter().cloned().map(Piece::Hir).collect();
            let condition = Barred { bytes: barred, always: true, strict: true, applies: true };
            match side {
                Side::End => apply(pieces.iter_mut().rev(), side, condition, exact),
                Side::Start => apply(pieces.iter_mut(), side, condition, exact),
            };
            Hir::concat(
                pieces
                    .into_iter()
                    .filter_map(|piece| if let Piece::Hir(hir) = piece { Some(hir) } else { None })
                    .collect(),
            )
        }
        HirKind::Repetition(repetition) => restrict_repetition(repetition, side, barred, exact),
    }
}

/// The last turn (the first) is restricted; as many turns as before, in the same order of preference.
fn restrict_repetition(repetition: &Repetition, side: Side, barred: ByteSet, exact: &mut bool) -> Hir {
    let turn = restrict(&repetition.sub, side, barred, exact);
    let once =
        Repetition { min: repetition.min.min(1), max: Some(1), sub: Box::new(turn.clone()), ..repetition.clone() };
    if repetition.max == Some(1) {
        return Hir::repetition(once);
    }
    let captures = repetition.sub.properties().explicit_captures_len() > 0;
    if captures || edge(&repetition.sub, side).can_be_empty {
        *exact = false;
        return Hir::repetition(repetition.clone());
    }
    let others = Hir::repetition(Repetition {
        min: repetition.min.saturating_sub(1),
        max: repetition.max.map(|max| max.saturating_sub(1)),
        ..repetition.clone()
    });
    let all = match side {
        Side::End => Hir::concat(vec![others, turn]),
        Side::Start => Hir::concat(vec![turn, others]),
    };
    if repetition.min > 0 {
        return all;
    }
    Hir::repetition(Repetition { sub: Box::new(all), ..once })
}

fn without(class: &Class, barred: ByteSet) -> Hir {
    let barred = ClassBytes::new(barred.bytes().map(|byte| ClassBytesRange::new(byte, byte)));
    let class = match class {
        Class::Bytes(class) => {
            let mut class = class.clone();
            class.difference(&barred);
            Class::Bytes(class)
        }
        Class::Unicode(class) => {
            let mut class = class.clone();
            if let Some(barred) = barred.to_unicode_class() {
                class.difference(&barred);
            }
            Class::Unicode(class)
        }
    };
    Hir::class(class)
}

/// An expression that matches one byte, but none of these, or an end of the text.
pub(in crate::parse) fn any_but(barred: ByteSet, end: Look) -> Hir {
    let all = Class::Bytes(ClassBytes::new([ClassBytesRange::new(0, u8::MAX)]));
    Hir::alternation(vec![Hir::look(end), without(&all, barred)])
}

#[cfg(test)]
mod tests;
