//! What a running agent says of itself: sources, how much of their lines is read, and what is not.
//!
//! Promises: metrics hold names and numbers only; a sample of a line that does not match is in the status alone, shortened
//! and without control characters. Does not: measure; the agent fills it in.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Longest sample, in bytes of the line.
const SAMPLE_LEN: usize = 200;

/// Names are part of the interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub sources: Vec<SourceStatus>,
}

/// Counts are since the agent's start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceStatus {
    pub name: String,
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

/// Where the agent's threads leave and find the status.
#[derive(Debug, Default)]
pub struct StatusBoard(Mutex<Status>);

impl StatusBoard {
    pub fn post(&self, status: Status) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    #[must_use]
    pub fn read(&self) -> Status {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Prometheus' text format, version 0.0.4.
#[must_use]
pub fn prometheus(status: &Status) -> String {
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: Vec<(String, String)>| {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
    };
    let of_source = |value: fn(&SourceStatus) -> Option<String>| -> Vec<(String, String)> {
        let sample = |source: &SourceStatus| Some((label("source", &source.name), value(source)?));
        status.sources.iter().filter_map(sample).collect()
    };
    let of_pattern = status.sources.iter().flat_map(|source| {
        let labels =
            |pattern: &PatternStatus| format!("{},{}", label("source", &source.name), label("pattern", &pattern.name));
        source.patterns.iter().map(move |pattern| (labels(pattern), pattern.matched.to_string()))
    });
    family("pxtail_lines_read_total", "counter", "Lines read.", of_source(|source| Some(source.lines.to_string())));
    family("pxtail_lines_matched_total", "counter", "Records that a pattern matched.", of_pattern.collect());
    family(
        "pxtail_lines_unmatched_total",
        "counter",
        "Records that no pattern matched.",
        of_source(|source| Some(source.unmatched.to_string())),
    );
    family(
        "pxtail_multiline_cut_total",
        "counter",
        "Records that were cut at a limit.",
        of_source(|source| Some(source.multiline_cut.to_string())),
    );
    family(
        "pxtail_match_ratio",
        "gauge",
        "The part of the last minutes' records that matched.",
        of_source(|source| source.match_ratio.map(|ratio| ratio.to_string())),
    );
    family(
        "pxtail_drift",
        "gauge",
        "1 while the match ratio is below min_match_rate.",
        of_source(|source| Some(u8::from(source.drift).to_string())),
    );
    text
}

fn label(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::{PatternStatus, Sample, SourceStatus, Status, prometheus};

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

    #[test]
    fn metrics_have_names_and_numbers_and_no_line() {
        let source = SourceStatus {
            name: "we\"b".to_owned(),
            lines: 10,
            unmatched: 3,
            patterns: vec![PatternStatus { name: "combined".to_owned(), matched: 7, ..PatternStatus::default() }],
            match_ratio: Some(0.7),
            drift: true,
            sample: Some(Sample { line: "secret".to_owned(), why: String::new() }),
            ..SourceStatus::default()
        };
        let text = prometheus(&Status { sources: vec![source] });
        for line in [
            "# TYPE pxtail_lines_read_total counter",
            "pxtail_lines_read_total{source=\"we\\\"b\"} 10",
            "pxtail_lines_matched_total{source=\"we\\\"b\",pattern=\"combined\"} 7",
            "pxtail_lines_unmatched_total{source=\"we\\\"b\"} 3",
            "pxtail_match_ratio{source=\"we\\\"b\"} 0.7",
            "pxtail_drift{source=\"we\\\"b\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("secret"), "{text}");
    }
}
