//! What a running agent says of itself: sources, how much of their lines is read, and what is not.
//!
//! Promises: metrics hold names and numbers only; a sample of a line that does not match is in the status alone, shortened
//! and without control characters. Does not: measure; the agent fills it in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Longest sample, in bytes of the line.
const SAMPLE_LEN: usize = 200;

/// Names are part of the interface. Times are in UTC, as RFC 3339 has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this was so; empty before the agent's first round.
    pub at: String,
    /// When the agent started.
    pub started: String,
    /// Whether file events come that say when to look; polling goes on in any case.
    pub hints: String,
    pub ledger: LedgerStatus,
    #[serde(default)]
    pub delivery: DeliveryStatus,
    pub sources: Vec<SourceStatus>,
}

/// The way to PX.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStatus {
    /// Why events do not flow, or are not looked up, and what to do.
    pub trouble: Option<String>,
    /// Attempts whose outcome was not known, since the agent's start.
    pub unknown: u64,
    /// How unknown outcomes were settled, since the agent's start: `found`, `found_repeated`, `not_found` (sent again),
    /// `mismatch` and `parked` (left to a person), `possibly_repeated` (sent again without a look).
    pub settled: BTreeMap<String, u64>,
    /// Events that may be in PX more than once, since the ledger was made.
    pub possibly_repeated: u64,
}

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerStatus {
    pub agent_id: String,
    /// Why nothing can be saved now: reading waits for it.
    pub trouble: Option<String>,
    /// When the newest copy was made.
    pub copied: Option<String>,
    /// It does not know all that was sent.
    pub adopted: Option<AdoptedStatus>,
}

/// From before a moment, nothing is sent, since it may have been sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedStatus {
    /// Windows that began before this are parked when they seal.
    pub at: String,
    /// `moved`: from another machine; `mended`: after damage.
    pub cause: String,
    pub story: String,
}

/// The files of a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FilesStatus {
    /// How many are in each state.
    pub states: BTreeMap<String, u64>,
    /// Bytes that are there and not read.
    pub lag_bytes: u64,
    /// For how long some of them were not, at most.
    pub lag_seconds: f64,
    /// Files and directories of which nothing is read.
    pub not_read: Vec<NotReadStatus>,
    /// How many more there are.
    pub left_out: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotReadStatus {
    pub state: String,
    /// Safe for a terminal.
    pub path: String,
    pub why: String,
    /// Of a copy: where it is counted from.
    pub of: Option<String>,
    pub since: Option<String>,
    pub seconds: Option<u64>,
    pub lag_bytes: u64,
}

/// What is in no window, for one reason, since the ledger was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossStatus {
    pub reason: String,
    pub lines: u64,
    /// At least so many, where they were not read.
    pub bytes: u64,
    pub files: u64,
}

/// Counts are since the agent's start, losses since the ledger was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceStatus {
    pub name: String,
    pub files: FilesStatus,
    pub losses: Vec<LossStatus>,
    pub lines: u64,
    /// Records that no pattern matches, and lines that a wrapper does not match.
    pub unmatched: u64,
    /// Lines of the format itself: no records.
    pub skipped: u64,
    /// Lines that belong to the record of an earlier one.
    pub joined: u64,
    /// Lines left out of a record that was cut at a limit.
    pub dropped: u64,
    /// Records that were cut at a limit.
    pub multiline_cut: u64,
    /// In the order in which they are tried.
    pub patterns: Vec<PatternStatus>,
    /// The part of records that matched in the last minutes, from 0 to 1; `None` where there were none.
    pub match_ratio: Option<f64>,
    /// The same for the last day.
    pub match_ratio_day: Option<f64>,
    pub min_match_rate: f64,
    /// The match ratio fell below `min_match_rate`, and has not recovered.
    pub drift: bool,
    /// A line that did not match lately.
    pub sample: Option<Sample>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PatternStatus {
    pub name: String,
    pub matched: u64,
    /// Its part of the records of the last minutes, and of the last day.
    pub match_ratio: Option<f64>,
    pub match_ratio_day: Option<f64>,
}

/// A line that no pattern matched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Its beginning, safe for a terminal.
    pub line: String,
    pub why: String,
}

impl Sample {
    #[must_use]
    pub fn new(line: &[u8], why: String) -> Self {
        let (beginning, more) = match line.get(..SAMPLE_LEN) {
            Some(beginning) if line.len() > SAMPLE_LEN => (beginning, "…"),
            _ => (line, ""),
        };
        let mut text = String::new();
        for c in String::from_utf8_lossy(beginning).chars() {
            match c {
                '"' | '\'' => text.push(c),
                // Also what turns the direction of writing, or is not to be seen.
                _ => text.extend(c.escape_debug()),
            }
        }
        Self { line: text + more, why }
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn a_sample_is_short_and_safe_for_a_terminal() {
        for (line, shown) in [
            (&b"plain \"quoted\" 'text'"[..], "plain \"quoted\" 'text'".to_owned()),
            (b"\x1b[31m\n\xff\\", "\\u{1b}[31m\\n\u{fffd}\\\\".to_owned()),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b".to_owned()),
            (&[b'x'; 300][..], "x".repeat(200) + "…"),
        ] {
            assert_eq!(Sample::new(line, String::new()).line, shown);
        }
    }
}
