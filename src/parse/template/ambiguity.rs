//! Where a template cannot tell two fields apart.

use super::compiled::Find;
use super::{Escaping, Template};

impl Template {
    /// Pairs of neighbours that are any text without quotes around them, as they are written.
    pub(in crate::parse) fn free_neighbours(&self) -> Vec<(&str, &str)> {
        let is_free = |find: &Find| matches!(find, Find::Search(_) | Find::Rest(Escaping::Backslash));
        let pairs = self.steps.windows(2).zip(self.variables.windows(2));
        pairs
            .filter(|(steps, _)| is_free(&steps[0].find) && is_free(&steps[1].find))
            .map(|(_, variables)| (variables[0].written.as_str(), variables[1].written.as_str()))
            .collect()
    }
}
