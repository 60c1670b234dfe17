//! One metric's rule, made ready for counting.
//!
//! Promises: immutable; a window keeps the rule it was opened with. Does not: know windows or groups.

use super::bounds;
use super::measures::Layout;
use crate::model::event::Window;
use crate::model::fault::Located;
use crate::model::spec::{Late, MetricSpec};
use crate::model::time::UnixMicros;

/// A metric's rule: shared by the windows that were opened with it.
#[derive(Debug)]
pub struct Rule {
    pub spec: MetricSpec,
    pub(super) layout: Layout,
    /// Microseconds: read for every line.
    max_ahead: i64,
}

impl Rule {
    #[must_use]
    pub fn new(spec: &MetricSpec) -> Self {
        Self {
            layout: Layout::new(spec.measures.values().map(|measure| &measure.value)),
            max_ahead: i64::try_from(spec.max_ahead.as_micros()).unwrap_or(i64::MAX),
            spec: spec.clone(),
        }
    }

    /// Whether both count the same: everything but the places in files is equal.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        // Without `..`, so that a key which is added to metrics must be considered here.
        let MetricSpec {
            at: _,
            name,
            sources,
            event,
            window,
            time_zone,
            date,
            grace,
            seal_wait,
            late,
            late_every,
            max_ahead,
            user,
            account,
            service_user,
            conditions,
            properties,
            measures,
            max_groups,
        } = &self.spec;
        let that = &other.spec;
        *name == that.name
            && same_values(sources, &that.sources)
            && event.value == that.event.value
            && *window == that.window
            && *time_zone == that.time_zone
            && *date == that.date
            && *grace == that.grace
            && *seal_wait == that.seal_wait
            && *late == that.late
            && *late_every == that.late_every
            && *max_ahead == that.max_ahead
            && same_values(user, &that.user)
            && same_values(account, &that.account)
            && *service_user == that.service_user
            && same_values(conditions, &that.conditions)
            && properties.keys().eq(that.properties.keys())
            && same_values(properties.values(), that.properties.values())
            && measures.keys().eq(that.measures.keys())
            && same_values(measures.values(), that.measures.values())
            && *max_groups == that.max_groups
    }

    #[inline]
    pub(super) fn is_too_far_ahead(&self, time: UnixMicros, now: UnixMicros) -> bool {
        time.0 > now.0.saturating_add(self.max_ahead)
    }

    /// The window that a time belongs to; `None` outside of the years that have a calendar.
    pub(super) fn window_at(&self, time: UnixMicros) -> Option<Window> {
        bounds::window_at(&self.spec.time_zone, self.spec.window, time)
    }

    /// Whether a line for a sealed window can go into a revision: a rule that only has measures which cannot be added
    /// would send events that say nothing.
    pub(super) fn sends_late_lines(&self) -> bool {
        self.spec.late == Late::Delta && self.spec.measures.values().any(|measure| measure.value.is_additive())
    }

    /// From when on a window may seal, by the clock and by what is read.
    pub(super) fn seals_from(&self, window: Window) -> UnixMicros {
        window.end.plus(self.spec.grace)
    }
}

fn same_values<'a, T: PartialEq + 'a>(
    values: impl IntoIterator<Item = &'a Located<T>>,
    others: impl IntoIterator<Item = &'a Located<T>>,
) -> bool {
    values.into_iter().map(|one| &one.value).eq(others.into_iter().map(|one| &one.value))
}
