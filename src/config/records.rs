//! `unwrap` and `multiline`: how lines become records, of a source or in a pattern file.
//!
//! Does not: compile expressions; that is `parse`'s.

use std::time::Duration;

use super::section::Section;
use super::value::{Limits, Value};
use crate::model::fault::Located;
use crate::model::spec::{MultilinePreset, MultilineRule, MultilineSpec, RecordSpec, Wrapper};

const PRESETS: [(&str, MultilinePreset); 5] = [
    ("java", MultilinePreset::Java),
    ("python", MultilinePreset::Python),
    ("go", MultilinePreset::Go),
    ("ruby", MultilinePreset::Ruby),
    ("indented", MultilinePreset::Indented),
];

/// Writers put out a record at once; this is long for a busy disk, and short for who waits for a window.
const TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT_LIMITS: Limits<Duration> = Limits {
    least: Duration::from_millis(10),
    most: Duration::from_secs(3600),
    reason: "a record waits so long for more lines, and its window with it: \"2s\" suits",
};

/// Stack traces of hundreds of lines are real; what is longer is no record any more.
const MAX_LINES: u64 = 500;
const MAX_LINES_LIMITS: Limits<u64> =
    Limits { least: 2, most: 100_000, reason: "a record of one line needs no `multiline`; 500 suits" };

/// Five hundred long lines.
const MAX_BYTES: u64 = 256 << 10;
const MAX_BYTES_LIMITS: Limits<u64> = Limits {
    least: 64,
    most: 16 << 20,
    reason: "a record under way is held in memory and saved with each commit: \"256KiB\" suits",
};

pub(super) fn read(section: &mut Section<'_>) -> RecordSpec {
    let unwrap = section.get("unwrap").and_then(|value| read_unwrap(&value)).unwrap_or_default();
    let multiline = section.get("multiline").and_then(|value| read_multiline(&value));
    RecordSpec { unwrap, multiline }
}

fn read_unwrap(value: &Value<'_>) -> Option<Vec<Located<Wrapper>>> {
    let choices = Wrapper::ALL.map(|wrapper| (wrapper.name(), wrapper));
    let read = |value: &Value<'_>| Some(Located::new(value.choice(&choices)?, value.at.clone()));
    // One wrapper needs no brackets.
    if value.node.is_str() {
        return Some(read(value).into_iter().collect());
    }
    Some(value.list()?.iter().filter_map(read).collect())
}

fn read_multiline(value: &Value<'_>) -> Option<Located<MultilineSpec>> {
    let at = value.at.clone();
    if value.node.is_str() {
        let rule = MultilineRule::Preset(value.choice(&PRESETS)?);
        let spec = MultilineSpec { rule, timeout: TIMEOUT, max_lines: MAX_LINES as u32, max_bytes: MAX_BYTES as usize };
        return Some(Located::new(spec, at));
    }
    if !value.node.is_table() {
        value.wrong_type("a table with `start`, `continuation` or `end`, or a language in quotes", "\"java\"");
        return None;
    }
    let mut table = value.table()?;
    let preset = table.get("preset");
    let mut text = |key| {
        let value = table.get(key);
        let text = value.as_ref().and_then(Value::filled_text).map(|text| text.value);
        (value.is_some(), text)
    };
    let (start, continuation, end) = (text("start"), text("continuation"), text("end"));
    let timeout = table.duration("timeout", TIMEOUT, TIMEOUT_LIMITS);
    let max_lines = table.integer("max_lines", MAX_LINES, MAX_LINES_LIMITS) as u32;
    let max_bytes = table.size("max_bytes", MAX_BYTES, MAX_BYTES_LIMITS) as usize;
    table.finish();
    let is_given = start.0 || continuation.0 || end.0;
    let rule = match preset {
        Some(preset) if is_given => {
            let message = format!("{} stands beside an expression", preset.title);
            preset.fault(&message, "keep the preset, or `start`, `continuation` and `end`");
            return None;
        }
        Some(preset) => MultilineRule::Preset(preset.choice(&PRESETS)?),
        None if is_given => MultilineRule::Lines { start: start.1, continuation: continuation.1, end: end.1 },
        None => {
            let message = format!("{} does not say which lines belong together", value.title);
            let help =
                "write start = '^\\d{4}-' for how a record begins, or `continuation`, `end`, or preset = \"java\"";
            value.fault(&message, help);
            return None;
        }
    };
    Some(Located::new(MultilineSpec { rule, timeout, max_lines, max_bytes }, at))
}
