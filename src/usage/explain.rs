//! For people: which conditions refuse a line.
//!
//! Promises: judges as [`super::MetricReader`] does. Does not: count.

use super::Giver;
use super::compile::{Compiler, Missing};
use crate::model::fault::Located;
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::{Condition, MetricSpec};

/// The conditions of `where` that do not hold for a line, in the order in which they are written. `slot_of` as for
/// [`super::MetricReader::compile`].
pub fn refusing<'a>(
    spec: &'a MetricSpec,
    slot_of: impl Fn(&str) -> Option<(usize, FieldType)>,
    line: &[u8],
    fields: &Fields,
) -> Vec<&'a Located<Condition>> {
    let mut compiler = Compiler::new(&spec.name, Giver::default(), Missing::IsAbsent, slot_of);
    spec.conditions.iter().filter(|condition| !compiler.condition(condition).holds(line, fields)).collect()
}
