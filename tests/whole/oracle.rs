//! The truth: lines with numbers, booked as they are written, and what PX holds, added up the same way.

use std::collections::BTreeMap;

use pxtail::sandbox::Sandbox;

/// User, account, first instant of the window.
pub type Key = (String, String, String);

/// Lines, and the sum of their numbers: a line that is missing or there twice shows in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub lines: u64,
    pub numbers: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books(pub BTreeMap<Key, Sums>);

impl Books {
    pub fn add(&mut self, user: &str, account: &str, window: &str, lines: u64, numbers: u64) {
        let sums = self.0.entry((user.to_owned(), account.to_owned(), window.to_owned())).or_default();
        sums.lines += lines;
        sums.numbers += numbers;
    }

    /// What PX holds under an event name.
    pub fn held(sandbox: &Sandbox, event_name: &str) -> Self {
        let mut books = Self::default();
        for event in sandbox.events().iter().filter(|event| event.event_name() == event_name) {
            let number = |name: &str| event.number(name).map_or(0, |number| number.to_string().parse().unwrap());
            let account = event.account_id().unwrap_or_default();
            let window = event.text("windowStart").unwrap();
            books.add(event.identify_id(), account, &window, number("lines"), number("numbers"));
        }
        books
    }

    pub fn lines(&self) -> u64 {
        self.0.values().map(|sums| sums.lines).sum()
    }

    /// Where the two differ, at most a few.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let keys: std::collections::BTreeSet<&Key> = self.0.keys().chain(other.0.keys()).collect();
        keys.into_iter()
            .filter(|key| self.0.get(*key) != other.0.get(*key))
            .take(8)
            .map(|key| format!("{key:?}: written {:?}, held {:?}", self.0.get(key), other.0.get(key)))
            .collect()
    }
}
