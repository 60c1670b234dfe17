//! `[[case]]`: a line, and what must come of it.

use std::collections::BTreeMap;

use crate::config::value::Value;
use crate::model::spec::{CaseSpec, Scalar};

pub(super) fn read(value: &Value<'_>) -> Option<CaseSpec> {
    let mut table = value.section("`[[case]]`".to_owned())?;
    let line =
        table.require("line", "write the line as it stands in the log: line = '…'").and_then(|value| value.text());
    let expect = table.require("expect", "write expect = { field = \"value\" } or expect = \"no match\"");
    let expect = expect.and_then(|value| read_expectation(&value));
    let absent = table.get("absent");
    table.finish();
    let expect = expect?;
    if let (Some(value), None) = (&absent, &expect) {
        value.fault(&format!("{} stands beside expect = \"no match\"", value.title), "keep one of the two");
    }
    let absent = absent.and_then(|value| value.texts()).unwrap_or_default();
    let absent = absent.into_iter().map(|name| name.value).collect();
    Some(CaseSpec { at: value.at.clone(), line: line?.value, expect, absent })
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
