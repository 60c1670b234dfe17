//! Records of several lines: the parts of a container's line, and stack traces.
//!
//! Promises: the same records as the peer makes; their order may differ, for streams are joined apart. Does not: judge files
//! in which the lines of two container runtimes are mixed, which no runtime writes.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

use pxtail::model::fault::{Located, Location};
use pxtail::model::spec::{MultilinePreset, MultilineRule, MultilineSpec, RecordSpec, Wrapper};
use pxtail::model::time::UnixMicros;
use pxtail::parse::LineTime;
use pxtail::parse::record::{Flush, Pending, Piece, Records, Seen};

/// Longer than any record of the corpora.
const MAX_BYTES: usize = 1 << 20;

/// What a user would write for a format, by the end of its label.
const RULES: [(&str, &[Wrapper], Option<Lines>); 8] = [
    ("_cri", &[Wrapper::Cri], None),
    ("_cri_chain", &[Wrapper::Cri], None),
    ("_docker", &[Wrapper::Docker], None),
    ("_java", &[], Some(Lines::Preset(MultilinePreset::Java))),
    ("_ruby", &[], Some(Lines::Preset(MultilinePreset::Ruby))),
    ("_python", &[], Some(Lines::Preset(MultilinePreset::Python))),
    ("_go", &[], Some(Lines::Preset(MultilinePreset::Go))),
    // A backslash at a line's end says that it goes on.
    ("_endswith", &[], Some(Lines::End(r"[^\\]$"))),
];

#[derive(Clone, Copy)]
enum Lines {
    Preset(MultilinePreset),
    End(&'static str),
}

fn specification(unwrap: &[Wrapper], lines: Option<Lines>) -> RecordSpec {
    fn located<T>(value: T) -> Located<T> {
        Located::new(value, Location::new("pasted.toml", 1))
    }
    let rule = |lines| match lines {
        Lines::Preset(preset) => MultilineRule::Preset(preset),
        Lines::End(end) => MultilineRule::Lines { start: None, continuation: None, end: Some(end.to_owned()) },
    };
    let multiline = lines.map(|lines| {
        let timeout = Duration::from_secs(1);
        located(MultilineSpec { rule: rule(lines), timeout, max_lines: 1_000, max_bytes: MAX_BYTES })
    });
    RecordSpec { unwrap: unwrap.iter().copied().map(located).collect(), multiline }
}

/// The records that do not agree; `None`: no case of this kind.
pub fn judge(case: &Value) -> Option<Vec<String>> {
    let format = case["format"].as_str().filter(|format| format.starts_with("multiline_"))?;
    let (_, unwrap, lines) = RULES.into_iter().find(|(end, ..)| format.ends_with(end))?;
    let texts = |key: &str| -> Option<Vec<String>> {
        let text = |value: &Value| Some(value.as_str()?.trim_end_matches('\n').to_owned());
        case[key].as_array()?.iter().map(text).collect()
    };
    let (input, mut expected) = (texts("input")?, texts("expected_records")?);
    let mut found = records(&specification(unwrap, lines), &input);
    expected.sort();
    found.sort();
    Some(if found == expected {
        Vec::new()
    } else {
        vec![format!("{format}: expected {expected:#?}, found {found:#?}")]
    })
}

fn records(spec: &RecordSpec, input: &[String]) -> Vec<String> {
    let records = Records::compile(spec, MAX_BYTES).unwrap().unwrap();
    let mut reader = records.reader(&[], &TimeZone::UTC, LineTime::Taken).unwrap();
    let mut pending = Pending::default();
    let mut found = Vec::new();
    let mut take = |piece: Piece<'_>| {
        let (Piece::Record { line, .. } | Piece::Foreign { line, .. }) = piece;
        found.push(String::from_utf8_lossy(line).trim_end_matches('\n').to_owned());
    };
    let seen = Seen { now: UnixMicros(0), complete_until: UnixMicros(0) };
    for (number, line) in (1..).zip(input) {
        reader.push(&mut pending, line.as_bytes(), number, seen, &mut take);
    }
    reader.flush(&mut pending, Flush::All, &mut take);
    found
}
