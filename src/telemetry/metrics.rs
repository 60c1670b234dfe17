//! The status as numbers for Prometheus.
//!
//! Promises: names and numbers only; nothing of a line, a user or an account. Does not: measure.

use std::fmt::Write as _;

use super::status::{LossStatus, PatternStatus, SourceStatus, Status};

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
    delivery(&mut family, status);
    files(&mut family, status);
    text
}

fn delivery(family: &mut impl FnMut(&str, &str, &str, Vec<(String, String)>), status: &Status) {
    let delivery = &status.delivery;
    let of_agent = |value: u64| vec![(label("agent", &status.ledger.agent_id), value.to_string())];
    family(
        "pxtail_px_trouble",
        "gauge",
        "1 while events do not flow to PX, or cannot be looked up there.",
        of_agent(u64::from(delivery.trouble.is_some())),
    );
    family(
        "pxtail_px_unknown_attempts_total",
        "counter",
        "Attempts whose outcome was not known.",
        of_agent(delivery.unknown),
    );
    let settled = delivery.settled.iter().map(|(how, count)| (label("settled", how), count.to_string()));
    family(
        "pxtail_px_unknown_outcomes_total",
        "counter",
        "Unknown outcomes by how they were settled.",
        settled.collect(),
    );
    family(
        "pxtail_px_events_possibly_repeated_total",
        "counter",
        "Events that may be in PX more than once.",
        of_agent(delivery.possibly_repeated),
    );
}

/// Of files by source, never by file: with thousands of them nobody could keep the numbers.
fn files(family: &mut impl FnMut(&str, &str, &str, Vec<(String, String)>), status: &Status) {
    let of_source = |value: fn(&SourceStatus) -> String| -> Vec<(String, String)> {
        status.sources.iter().map(|source| (label("source", &source.name), value(source))).collect()
    };
    family(
        "pxtail_file_lag_bytes",
        "gauge",
        "Bytes that are there and not read.",
        of_source(|source| source.files.lag_bytes.to_string()),
    );
    family(
        "pxtail_file_lag_seconds",
        "gauge",
        "For how long some of them were not read, at most.",
        of_source(|source| source.files.lag_seconds.to_string()),
    );
    let with = |source: &SourceStatus, name: &str, value: &str| {
        format!("{},{}", label("source", &source.name), label(name, value))
    };
    let by_state = status.sources.iter().flat_map(|source| {
        source.files.states.iter().map(move |(state, count)| (with(source, "state", state), count.to_string()))
    });
    family("pxtail_files", "gauge", "Files by what is done with them.", by_state.collect());
    let losses = |value: fn(&LossStatus) -> u64| -> Vec<(String, String)> {
        let of = |source: &'_ SourceStatus| -> Vec<(String, String)> {
            source.losses.iter().map(|loss| (with(source, "reason", &loss.reason), value(loss).to_string())).collect()
        };
        status.sources.iter().flat_map(of).collect()
    };
    family("pxtail_lines_discarded_total", "counter", "Lines that were left out.", losses(|loss| loss.lines));
    family(
        "pxtail_bytes_discarded_total",
        "counter",
        "Bytes that were left out, or lost before they were read.",
        losses(|loss| loss.bytes),
    );
    family("pxtail_files_discarded_total", "counter", "Files of which something was lost.", losses(|loss| loss.files));
    let is_set = |is: bool| vec![(label("agent", &status.ledger.agent_id), u8::from(is).to_string())];
    family(
        "pxtail_ledger_trouble",
        "gauge",
        "1 while nothing can be saved, and reading waits.",
        is_set(status.ledger.trouble.is_some()),
    );
    family(
        "pxtail_ledger_adopted",
        "gauge",
        "1 when the ledger was damaged or moved: windows from before are parked.",
        is_set(status.ledger.adopted.is_some()),
    );
}

fn label(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::prometheus;
    use crate::telemetry::status::{
        DeliveryStatus, FilesStatus, LossStatus, PatternStatus, Sample, SourceStatus, Status,
    };

    #[test]
    fn metrics_have_names_and_numbers_and_no_line() {
        let source = SourceStatus {
            name: "we\"b".to_owned(),
            lines: 10,
            unmatched: 3,
            patterns: vec![PatternStatus { name: "combined".to_owned(), matched: 7, ..PatternStatus::default() }],
            match_ratio: Some(0.7),
            drift: true,
            files: FilesStatus {
                states: [("reading".to_owned(), 2)].into(),
                lag_bytes: 77,
                lag_seconds: 1.5,
                ..FilesStatus::default()
            },
            losses: vec![LossStatus { reason: "oversized".to_owned(), lines: 4, bytes: 5, files: 0 }],
            sample: Some(Sample { line: "secret".to_owned(), why: String::new() }),
            ..SourceStatus::default()
        };
        let delivery = DeliveryStatus {
            trouble: Some("secret".to_owned()),
            unknown: 9,
            settled: [("found".to_owned(), 6), ("not_found".to_owned(), 2)].into(),
            possibly_repeated: 1,
        };
        let text = prometheus(&Status { sources: vec![source], delivery, ..Status::default() });
        for line in [
            "# TYPE pxtail_lines_read_total counter",
            "pxtail_lines_read_total{source=\"we\\\"b\"} 10",
            "pxtail_lines_matched_total{source=\"we\\\"b\",pattern=\"combined\"} 7",
            "pxtail_lines_unmatched_total{source=\"we\\\"b\"} 3",
            "pxtail_match_ratio{source=\"we\\\"b\"} 0.7",
            "pxtail_file_lag_bytes{source=\"we\\\"b\"} 77",
            "pxtail_file_lag_seconds{source=\"we\\\"b\"} 1.5",
            "pxtail_files{source=\"we\\\"b\",state=\"reading\"} 2",
            "pxtail_lines_discarded_total{source=\"we\\\"b\",reason=\"oversized\"} 4",
            "pxtail_bytes_discarded_total{source=\"we\\\"b\",reason=\"oversized\"} 5",
            "pxtail_px_trouble{agent=\"\"} 1",
            "pxtail_px_unknown_attempts_total{agent=\"\"} 9",
            "pxtail_px_unknown_outcomes_total{settled=\"found\"} 6",
            "pxtail_px_unknown_outcomes_total{settled=\"not_found\"} 2",
            "pxtail_px_events_possibly_repeated_total{agent=\"\"} 1",
            "pxtail_drift{source=\"we\\\"b\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("secret"), "{text}");
    }
}
