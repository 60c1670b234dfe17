//! Fields to usage records: filters, templates, measures. Pure.

use std::collections::BTreeSet;

use crate::model::fault::Fault;
use crate::model::fields::{FieldType, Fields};
use crate::model::record::{MetricIndex, UsageRecord};
use crate::model::spec::MetricSpec;

/// Why a line adds nothing to a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Discard {
    /// A condition of `where` does not hold.
    Condition,
    /// The line has no time that can be read.
    NoTime,
    /// The metric counts by user and the line has none.
    NoUser,
    /// The metric counts by account alone and the line has none.
    NoAccount,
    /// The user or account is too long, has control characters, or is not UTF-8.
    BadId,
}

impl Discard {
    pub const ALL: [Self; 5] = [Self::Condition, Self::NoTime, Self::NoUser, Self::NoAccount, Self::BadId];

    /// A stable name for counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::NoTime => "no_time",
            Self::NoUser => "no_user",
            Self::NoAccount => "no_account",
            Self::BadId => "bad_id",
        }
    }
}

/// A metric's rule compiled against one source's slots.
#[derive(Debug)]
pub struct MetricReader {}

impl MetricReader {
    /// Every field name that the rule reads, for the parser's wanted list.
    #[must_use]
    pub fn wanted(spec: &MetricSpec) -> BTreeSet<&str> {
        todo!()
    }

    /// `slot_of` gives a field's slot and type in this source, `None` when its pattern lacks it.
    pub fn compile(
        spec: &MetricSpec,
        index: MetricIndex,
        pattern: &str,
        slot_of: impl Fn(&str) -> Option<(usize, FieldType)>,
    ) -> Result<Self, Vec<Fault>> {
        todo!()
    }

    /// For rules kept from an older configuration: fields that are gone read as absent.
    pub fn compile_lenient(
        spec: &MetricSpec,
        index: MetricIndex,
        slot_of: impl Fn(&str) -> Option<(usize, FieldType)>,
    ) -> Self {
        todo!()
    }

    /// Reads one line. The record borrows the reader's own buffers: use it before the next line.
    pub fn read<'a>(&'a mut self, line: &[u8], fields: &Fields) -> Result<UsageRecord<'a>, Discard> {
        todo!()
    }
}
