//! One table of a TOML file, read key by key.
//!
//! Promises: a wrong value is reported where it stands and reading goes on; a key that nobody asked for is reported by
//! [`Section::finish`] with those that are known. Does not: know any key of its own.

use std::time::Duration;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::document::Reading;
use super::value::{Limits, Value};
use super::words::{list, nearest, shown};
use crate::model::fault::{Fault, Location};

/// A table and the keys that were asked for.
pub(super) struct Section<'a> {
    /// How messages call it: `[px]`, metric `api-usage`, `where` of metric `api-usage`.
    pub(super) title: String,
    /// For a table inside a section: its path there, and how messages call the section.
    inside: Option<(String, String)>,
    pub(super) at: Location,
    table: &'a DeTable<'a>,
    asked: Vec<&'static str>,
    refused: Vec<&'static str>,
    reading: &'a Reading<'a>,
}

impl<'a> Section<'a> {
    pub(super) const fn new(title: String, at: Location, table: &'a DeTable<'a>, reading: &'a Reading<'a>) -> Self {
        Self { title, inside: None, at, table, asked: Vec::new(), refused: Vec::new(), reading }
    }

    /// A table that is the value of a section's key.
    pub(super) fn inside(value: &Value<'a>, table: &'a DeTable<'a>) -> Self {
        let section = Self::new(value.title.clone(), value.at.clone(), table, value.reading);
        Self { inside: Some((value.path.clone(), value.owner.clone())), ..section }
    }

    /// The value of a key, if it is there. From now on the key is a known one.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.asked.push(key);
        let (spanned, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(self.value(spanned.get_ref(), &self.place(spanned), value.get_ref()))
    }

    /// The value of a key that must be there.
    pub(super) fn require(&mut self, key: &'static str, help: &str) -> Option<Value<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.absence(&format!("{} has no `{key}`", self.title), help);
        }
        found
    }

    /// Reports something that is not there.
    pub(super) fn absence(&self, message: &str, help: &str) {
        self.reading.report.add_absence(Fault::new(self.at.clone(), message).help(help));
    }

    /// Every key with its value, for tables whose keys a person chooses.
    pub(super) fn entries(&self) -> Vec<(&'a str, Value<'a>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(name, value)| {
                let key: &'a str = name.get_ref();
                (key, self.value(key, &self.place(name), value.get_ref()))
            })
            .collect();
        entries.sort_by_key(|(_, value)| value.at.line);
        entries
    }

    /// Reports every key that nobody asked for. Whether there was none.
    pub(super) fn finish(self) -> bool {
        let mut all_known = true;
        for name in self.table.keys() {
            let key: &str = name.get_ref();
            if self.asked.contains(&key) || self.refused.contains(&key) {
                continue;
            }
            all_known = false;
            let mut known: Vec<&str> = self.asked.clone();
            known.sort_unstable();
            known.dedup();
            let help = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`? Known are {}", list(known)),
                None => format!("known are {}", list(known)),
            };
            let at = self.place(name);
            self.fault(Fault::new(at, format!("{} has no key `{}`", self.title, shown(key))).help(help));
        }
        all_known
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.reading.report.add(fault);
    }

    /// The place of a key that must not be there; it is not named among the known ones.
    pub(super) fn refused(&mut self, key: &'static str) -> Option<Location> {
        self.refused.push(key);
        let name = self.table.keys().find(|name| name.get_ref() == key)?;
        Some(self.place(name))
    }

    /// A span of time, or its default.
    pub(super) fn duration(&mut self, key: &'static str, default: Duration, limits: Limits<Duration>) -> Duration {
        self.get(key).and_then(|value| value.duration(limits)).unwrap_or(default)
    }

    /// A whole number, or its default.
    pub(super) fn integer(&mut self, key: &'static str, default: u64, limits: Limits<u64>) -> u64 {
        self.get(key).and_then(|value| value.integer(limits)).unwrap_or(default)
    }

    /// A number, or its default.
    pub(super) fn number(&mut self, key: &'static str, default: f64, limits: Limits<f64>) -> f64 {
        self.get(key).and_then(|value| value.number(limits)).unwrap_or(default)
    }

    /// A count of bytes, or its default.
    pub(super) fn size(&mut self, key: &'static str, default: u64, limits: Limits<u64>) -> u64 {
        self.get(key).and_then(|value| value.size(limits)).unwrap_or(default)
    }

    fn value(&self, key: &str, at: &Location, node: &'a DeValue<'a>) -> Value<'a> {
        let key = shown(key);
        let (path, owner) = match &self.inside {
            Some((path, owner)) => (format!("{path}.{key}"), owner.clone()),
            None => (key.clone(), self.title.clone()),
        };
        Value { title: format!("`{path}` of {owner}"), key, path, owner, at: at.clone(), node, reading: self.reading }
    }

    fn place(&self, key: &Spanned<DeString<'_>>) -> Location {
        self.reading.at(&key.span())
    }
}
