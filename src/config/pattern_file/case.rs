//! `[[case]]`: a line, and what must come of it.

use std::collections::BTreeMap;

use crate::config::value::Value;
use crate::config::words::shown;
use crate::model::spec::{CaseSpec, Scalar};
use crate::model::time::UnixMicros;

/// When a case's line is read, unless it says so: 2026-07-01T00:00:00Z. In the middle of a year: the months up to July are
/// of 2026, those from August of 2025.
pub const READ_AT: UnixMicros = UnixMicros::from_seconds(1_782_864_000);

pub(super) fn read(value: &Value<'_>) -> Option<CaseSpec> {
    let mut table = value.section("`[[case]]`".to_owned())?;
    let line =
        table.require("line", "write the line as it stands in the log: line = '…'").and_then(|value| value.text());
    let expect = table.require("expect", "write expect = { field = \"value\" } or expect = \"no match\"");
    let expect = expect.and_then(|value| read_expectation(&value));
    let absent = table.get("absent");
    let read_at = table.get("at");
    let after = table.get("after").map_or_else(Vec::new, |value| read_after(&value));
    table.finish();
    let expect = expect?;
    if let (Some(value), None) = (&absent, &expect) {
        value.fault(&format!("{} stands beside expect = \"no match\"", value.title), "keep one of the two");
    }
    let absent = absent.and_then(|value| value.texts()).unwrap_or_default();
    let absent = absent.into_iter().map(|name| name.value).collect();
    let read_at = match read_at {
        Some(value) => read_moment(&value)?,
        None => READ_AT,
    };
    Some(CaseSpec { at: value.at.clone(), after, line: line?.value, expect, absent, read_at })
}

/// The lines before: one, or a list of them.
fn read_after(value: &Value<'_>) -> Vec<String> {
    let lines =
        if value.node.is_array() { value.texts().unwrap_or_default() } else { value.text().into_iter().collect() };
    lines.into_iter().map(|line| line.value).collect()
}

/// When the line is read.
fn read_moment(value: &Value<'_>) -> Option<UnixMicros> {
    let text = match value.scalar()? {
        Scalar::Text(text) => text,
        Scalar::Number(number) => number.to_string(),
        Scalar::Boolean(value) => value.to_string(),
    };
    let moment = text.parse::<jiff::Timestamp>().ok().map(|stamp| UnixMicros(stamp.as_microsecond()));
    if moment.is_none() {
        let message = format!("{} is `{}`; expected a date and time with a zone", value.title, shown(&text));
        value.fault(&message, "write at = \"2026-11-23T10:00:00Z\"");
    }
    moment
}

/// `Some(None)`: the line must not match.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether the key could be read, the inner one is its value"
)]
fn read_expectation(value: &Value<'_>) -> Option<Option<BTreeMap<String, Scalar>>> {
    if value.node.as_str() == Some("no match") {
        return Some(None);
    }
    if !value.node.is_table() {
        value.wrong_type("\"no match\", or a table of values by field", "\"no match\"");
        return None;
    }
    let mut expected = BTreeMap::new();
    for (field, value) in value.table()?.entries() {
        if let Some(scalar) = value.scalar() {
            expected.insert(field.to_owned(), scalar);
        }
    }
    Some(Some(expected))
}
