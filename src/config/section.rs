//! One table of a TOML file, read key by key.
//!
//! Promises: a wrong value is reported where it stands and reading goes on; a key that nobody asked for is reported by
//! [`Section::finish`] with those that are known. Does not: know any key of its own.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::document::Reading;
use super::nearest::{nearest, one_of};
use super::value::Value;
use crate::model::fault::{Fault, Location};

/// A table and the keys that were asked for.
pub(super) struct Section<'a> {
    /// How messages call it: `[px]`, metric `api-usage`.
    pub(super) title: String,
    pub(super) at: Location,
    table: &'a DeTable<'a>,
    asked: Vec<&'static str>,
    reading: &'a Reading<'a>,
}

impl<'a> Section<'a> {
    pub(super) const fn new(title: String, at: Location, table: &'a DeTable<'a>, reading: &'a Reading<'a>) -> Self {
        Self { title, at, table, asked: Vec::new(), reading }
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

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        for name in self.table.keys() {
            let key: &str = name.get_ref();
            if self.asked.contains(&key) {
                continue;
            }
            let mut known: Vec<&str> = self.asked.clone();
            known.sort_unstable();
            known.dedup();
            let help = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`? Known are {}", one_of(known)),
                None => format!("known are {}", one_of(known)),
            };
            let at = self.place(name);
            self.fault(Fault::new(at, format!("{} has no key `{key}`", self.title)).help(help));
        }
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.reading.report.add(fault);
    }

    /// Whether a key stands in the file, without making it a known one.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.table.iter().any(|(name, _)| name.get_ref() == key)
    }

    fn value(&self, key: &str, at: &Location, value: &'a DeValue<'a>) -> Value<'a> {
        Value { title: format!("`{key}` of {}", self.title), at: at.clone(), node: value, reading: self.reading }
    }

    fn place(&self, key: &Spanned<DeString<'_>>) -> Location {
        self.reading.at(&key.span())
    }
}
