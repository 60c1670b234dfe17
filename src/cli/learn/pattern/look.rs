//! How the known patterns read a log: the best of them, and whether it is good enough.

use std::collections::BTreeMap;

use crate::learn::rank::{Ranked, rank};
use crate::learn::{self, Multiline};
use crate::model::spec::PatternSpec;

/// A known pattern that reads fewer lines is shown, but a new one is proposed beside it.
const GOOD_RATE: f64 = 0.9;

/// The known patterns and lines.
pub(super) struct Look<'a> {
    pub(super) ranked: Vec<Ranked<'a>>,
    pub(super) multiline: Option<Multiline>,
    /// Lines that begin a record.
    pub(super) records: Vec<&'a [u8]>,
}

impl<'a> Look<'a> {
    pub(super) fn at(known: &'a BTreeMap<String, PatternSpec>, lines: &[&'a [u8]]) -> Self {
        let multiline = learn::multiline(lines);
        let goes_on = |place: usize| multiline.as_ref().is_some_and(|found| found.places.binary_search(&place).is_ok());
        let records: Vec<&[u8]> =
            lines.iter().enumerate().filter(|(place, _)| !goes_on(*place)).map(|(_, line)| *line).collect();
        Self { ranked: rank(known.values(), &records), multiline, records }
    }

    pub(super) fn is_good(&self) -> bool {
        self.ranked
            .first()
            .is_some_and(|best| best.is_specific() && (best.rate() >= GOOD_RATE || self.rate_together() >= GOOD_RATE))
    }

    /// The best pattern, and those that read what it leaves.
    pub(super) fn together(&self) -> Vec<&'a str> {
        let Some(best) = self.ranked.first() else { return Vec::new() };
        let mut names = vec![best.spec.name.as_str()];
        let mut matched = best.matches.clone();
        for other in self.ranked.iter().skip(1).filter(|other| other.is_specific()) {
            let more = other.matches.iter().zip(&matched).filter(|(other, matched)| **other && !**matched).count();
            // One line in a hundred: fewer may be anything.
            if more * 100 >= self.records.len().max(100) {
                names.push(other.spec.name.as_str());
                matched.iter_mut().zip(&other.matches).for_each(|(matched, other)| *matched |= other);
            }
        }
        names
    }

    fn rate_together(&self) -> f64 {
        let names = self.together();
        let chosen: Vec<&Ranked<'_>> =
            self.ranked.iter().filter(|ranked| names.contains(&ranked.spec.name.as_str())).collect();
        let matched = (0..self.records.len())
            .filter(|place| chosen.iter().any(|ranked| ranked.matches.get(*place) == Some(&true)));
        matched.count() as f64 / self.records.len().max(1) as f64
    }
}
