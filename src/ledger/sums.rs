//! Sums of rows: SQLite finds a page that is damaged in its structure, and nothing of what stands in a row.
//!
//! Promises: a row whose content changed without us is found when it is read, before anything is counted or sent from it. A
//! row of an older version has no sum and is taken as it is. Does not: mend.

use rusqlite::types::Type;
use xxhash_rust::xxh3::Xxh3;

/// A sum under way.
pub(super) struct Sum(Xxh3);

impl Sum {
    pub(super) fn new() -> Self {
        Self(Xxh3::new())
    }

    pub(super) fn number(mut self, number: i64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    /// With its length, so that two texts cannot pass letters to each other.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let mut with_len = self.number(bytes.len() as i64);
        with_len.0.update(bytes);
        with_len
    }

    /// As it is stored.
    pub(super) fn value(&self) -> i64 {
        self.0.digest() as i64
    }

    /// Compares with what is stored.
    pub(super) fn agree(&self, stored: Option<i64>, row: &str) -> rusqlite::Result<()> {
        if stored.is_none_or(|stored| stored == self.value()) {
            return Ok(());
        }
        let text = format!("{row} is not as it was written");
        Err(rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, text.into()))
    }
}
