//! One metric's rule, made ready for counting.

use crate::model::spec::MetricSpec;

/// A metric's rule: immutable, shared by the windows that were opened with it.
#[derive(Debug)]
pub struct Rule {
    pub spec: MetricSpec,
}

impl Rule {
    #[must_use]
    pub fn new(spec: &MetricSpec) -> Self {
        Self { spec: spec.clone() }
    }

    /// Whether both count the same: places in files aside, everything is equal.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        todo!()
    }
}
