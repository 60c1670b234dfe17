//! Sets of bytes, and with which bytes the texts of an expression begin and end.
//!
//! Promises: an edge is never too small: a byte that is not in it begins (or ends) no text that the expression matches.
//! Does not: look at what stands before or after the expression.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Which bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(in crate::parse) const EMPTY: Self = Self([0; 4]);

    pub(in crate::parse) const fn contains(self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] & (1 << (byte & 63)) != 0
    }

    pub(in crate::parse) const fn insert(&mut self, byte: u8) {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
    }

    fn insert_all(&mut self, from: u8, to: u8) {
        (from..=to).for_each(|byte| self.insert(byte));
    }

    pub(in crate::parse) fn union(self, other: Self) -> Self {
        let mut all = self;
        all.0.iter_mut().zip(other.0).for_each(|(bits, more)| *bits |= more);
        all
    }

    pub(in crate::parse) fn intersects(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(bits, others)| bits & others != 0)
    }

    /// Of a class of characters: each byte that begins or ends one of them is in it.
    pub(in crate::parse) fn of_class(class: &Class) -> Self {
        let mut set = Self::EMPTY;
        match class {
            Class::Bytes(class) => class.iter().for_each(|range| set.insert_all(range.start(), range.end())),
            Class::Unicode(class) => {
                for range in class.iter() {
                    if range.start().is_ascii() {
                        let end = if range.end().is_ascii() { range.end() as u8 } else { 0x7f };
                        set.insert_all(range.start() as u8, end);
                    }
                    if !range.end().is_ascii() {
                        set.insert_all(0x80, 0xff);
                    }
                }
            }
        }
        set
    }

    pub(in crate::parse) fn bytes(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&byte| self.contains(byte))
    }
}

/// An end of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) enum Side {
    Start,
    End,
}

/// The bytes at one end of what an expression matches, and whether it can match nothing at all.
#[derive(Clone, Copy, Debug)]
pub(in crate::parse) struct Edge {
    pub(in crate::parse) bytes: ByteSet,
    pub(in crate::parse) can_be_empty: bool,
}

pub(in crate::parse) fn edge(hir: &Hir, side: Side) -> Edge {
    let empty = Edge { bytes: ByteSet::EMPTY, can_be_empty: true };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => empty,
        HirKind::Literal(literal) => {
            let mut bytes = ByteSet::EMPTY;
            if let Some(&byte) = if side == Side::Start { literal.0.first() } else { literal.0.last() } {
                bytes.insert(byte);
            }
            Edge { bytes, can_be_empty: literal.0.is_empty() }
        }
        HirKind::Class(class) => Edge { bytes: ByteSet::of_class(class), can_be_empty: false },
        HirKind::Repetition(repetition) => {
            let inner = edge(&repetition.sub, side);
            Edge { can_be_empty: inner.can_be_empty || repetition.min == 0, ..inner }
        }
        HirKind::Capture(capture) => edge(&capture.sub, side),
        HirKind::Concat(items) => {
            let mut whole = empty;
            for index in 0..items.len() {
                let item = if side == Side::Start { &items[index] } else { &items[items.len() - 1 - index] };
                let inner = edge(item, side);
                whole.bytes = whole.bytes.union(inner.bytes);
                if !inner.can_be_empty {
                    return Edge { can_be_empty: false, ..whole };
                }
            }
            whole
        }
        HirKind::Alternation(branches) => {
            branches.iter().map(|branch| edge(branch, side)).fold(Edge { can_be_empty: false, ..empty }, |all, one| {
                Edge { bytes: all.bytes.union(one.bytes), can_be_empty: all.can_be_empty || one.can_be_empty }
            })
        }
    }
}
