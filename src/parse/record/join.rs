//! The inner wrappers, and the joining of lines.
//!
//! Promises: a record that is complete is handed out at once; a line that belongs to no record is one by itself.

use super::pending::{Joined, State};
use super::rule::{Relation, Rule};
use super::{Layer, Piece, RecordCounts, Seen};
use crate::model::fields::Fields;

/// What happens to a line after its parts are joined.
#[derive(Clone, Debug)]
pub(super) struct Inside {
    pub(super) layers: Vec<Layer>,
    pub(super) joiner: Option<Joiner>,
}

impl Inside {
    /// `record`: what the line may belong to; needed where there is a joiner.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is the line at hand; a struct would be taken apart at once"
    )]
    #[inline]
    pub(super) fn line(
        &mut self,
        record: Option<&mut Joined>,
        text: &[u8],
        outer: &mut Fields,
        number: u64,
        seen: Seen,
        counts: &mut RecordCounts,
        take: &mut impl FnMut(Piece<'_>),
    ) {
        let whole = text;
        let mut text = text;
        for layer in &mut self.layers {
            let wrapper = layer.wrapper;
            match layer.read(text, outer) {
                Ok(inner) => text = inner.message,
                Err(mismatch) => return take(Piece::Foreign { line: whole, wrapper, mismatch, number }),
            }
        }
        // Of a line that was written with `\r\n` inside of its wrapper.
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        match (&self.joiner, record) {
            (Some(joiner), Some(record)) => joiner.join(record, text, outer, number, seen, counts, take),
            _ => take(Piece::Record { line: text, outer, number }),
        }
    }
}

/// Joins lines of one record.
#[derive(Clone, Debug)]
pub(super) struct Joiner {
    rule: Rule,
    max_lines: u32,
    max_bytes: usize,
}

impl Joiner {
    pub(super) const fn new(rule: Rule, max_lines: u32, max_bytes: usize) -> Self {
        Self { rule, max_lines, max_bytes }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is the line at hand; a struct would be taken apart at once"
    )]
    fn join(
        &self,
        record: &mut Joined,
        text: &[u8],
        outer: &Fields,
        number: u64,
        seen: Seen,
        counts: &mut RecordCounts,
        take: &mut impl FnMut(Piece<'_>),
    ) {
        let relation = self.rule.relation(text);
        if relation == Relation::Continues && record.state != State::Empty {
            return self.continue_with(record, text, seen, counts, take);
        }
        if record.state == State::Open {
            record.emit(take);
        }
        record.clear();
        let begins = relation == Relation::Starts || (relation == Relation::Continues && self.rule.any_line_begins());
        if !begins || self.rule.ends(text) {
            return take(Piece::Record { line: text, outer, number });
        }
        if text.len() > self.max_bytes {
            take(Piece::Record { line: text, outer, number });
            record.state = State::Full;
            return;
        }
        record.begin(text, outer, number, seen);
    }

    fn continue_with(
        &self,
        record: &mut Joined,
        text: &[u8],
        seen: Seen,
        counts: &mut RecordCounts,
        take: &mut impl FnMut(Piece<'_>),
    ) {
        let is_last = self.rule.ends(text);
        let fits = record.lines < self.max_lines && record.bytes.len() + 1 + text.len() <= self.max_bytes;
        match record.state {
            State::Open if fits => {
                record.append_line(text, seen);
                counts.joined += 1;
                if is_last {
                    record.emit(take);
                }
                return;
            }
            State::Open => {
                record.emit(take);
                counts.cut += 1;
            }
            State::Full => counts.cut += 1,
            State::Dropping | State::Empty => {}
        }
        counts.dropped += 1;
        record.state = if is_last { State::Empty } else { State::Dropping };
    }
}
