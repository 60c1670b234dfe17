//! The cases of a pattern file: lines, and what must come of them.
//!
//! Promises: every case is run, and a failure shows each field that differs. Does not: read files.

use std::collections::BTreeMap;
use std::fmt;

use jiff::tz::TimeZone;

use super::record::{Flush, Pending, Piece, Records, Seen};
use super::{Pattern, Stop, catalogue::FieldPlan, time::TimeReader};
use crate::model::decimal::Decimal;
use crate::model::fault::Location;
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::{CaseSpec, PatternSpec, RecordSpec, Scalar};
use crate::model::time::UnixMicros;

/// A case that does not hold, or a pattern that does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFailure {
    /// The case, or the faulty place of the pattern.
    pub at: Location,
    /// What is wrong; after a fault its help.
    pub message: String,
    /// The case's line.
    pub line: Option<String>,
    /// Where the line stops matching, where that is what is wrong.
    pub stop: Option<Stop>,
    /// Every field that is not as expected.
    pub differences: Vec<Difference>,
}

/// A field that is not as a case expects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub field: String,
    pub expected: String,
    pub found: String,
}

impl CaseFailure {
    fn of_case(case: &CaseSpec, message: impl Into<String>) -> Box<Self> {
        let (line, message) = (Some(case.line.clone()), message.into());
        Box::new(Self { at: case.at.clone(), message, line, stop: None, differences: Vec::new() })
    }
}

impl fmt::Display for CaseFailure {
    /// On one line, and one for each difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)?;
        if let Some(stop) = &self.stop {
            write!(f, ": {stop}")?;
        }
        for Difference { field, expected, found } in &self.differences {
            write!(f, "\nfield `{field}`: expected {expected}, found {found}")?;
        }
        Ok(())
    }
}

/// Compiles a pattern and runs its cases; times without a zone are read in UTC. `Ok`: how many cases there are.
pub fn run_cases(spec: &PatternSpec) -> Result<usize, Vec<CaseFailure>> {
    let pattern = Pattern::compile(spec).map_err(|faults| {
        let failure = |fault: crate::model::fault::Fault| {
            let help = fault.help.map_or_else(String::new, |help| format!("\nhelp: {help}"));
            let message = format!("{}{help}", fault.message);
            CaseFailure { at: fault.at, message, line: None, stop: None, differences: Vec::new() }
        };
        faults.into_iter().map(failure).collect::<Vec<_>>()
    })?;
    let failures: Vec<CaseFailure> =
        spec.cases.iter().filter_map(|case| run_case(spec, &pattern, case).err()).map(|failure| *failure).collect();
    if failures.is_empty() { Ok(spec.cases.len()) } else { Err(failures) }
}

fn run_case(spec: &PatternSpec, pattern: &Pattern, case: &CaseSpec) -> Result<(), Box<CaseFailure>> {
    let nothing = BTreeMap::new();
    let expected = case.expect.as_ref().unwrap_or(&nothing);
    let wanted: Vec<&str> = expected.keys().map(String::as_str).chain(case.absent.iter().map(String::as_str)).collect();
    let mut parser = pattern.line_parser(&wanted, &TimeZone::UTC).map_err(|names| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        let given = given(pattern);
        let message = format!("the case names {names}, which the pattern does not give\nhelp: it gives {given}");
        CaseFailure::of_case(case, message)
    })?;
    parser.set_reference_time(case.read_at);
    let mut fields = Fields::with_slots(wanted.len());
    for earlier in &case.after {
        // What they say is kept by the parser; whether they match is not asked here.
        let _ = parser.parse(earlier.as_bytes(), &mut fields);
    }
    let record = match record_of(&spec.records, case) {
        Ok(record) => record,
        Err(_) if case.expect.is_none() => return Ok(()),
        Err(message) => return Err(CaseFailure::of_case(case, message)),
    };
    let line = record.as_slice();
    match (parser.parse(line, &mut fields), &case.expect) {
        (Ok(()), None) => return Err(CaseFailure::of_case(case, "the line must not match, but it does")),
        (Err(_), None) => return Ok(()),
        (Err(_), Some(_)) => {
            let failure = CaseFailure::of_case(case, "the line must match, but it does not");
            // Where it stops is a place of the line only if nothing was taken off.
            let stop = parser.stop(line).filter(|_| line == case.line.as_bytes());
            return Err(Box::new(CaseFailure { stop, ..*failure }));
        }
        (Ok(()), Some(_)) => {}
    }
    let mut differences = Vec::new();
    for (slot, name) in wanted.iter().enumerate() {
        let found = fields.get(line, slot);
        let wrong = match expected.get(*name) {
            Some(value) => (!is_equal(pattern.plan(name).as_ref(), value, found, case.read_at)).then(|| shown(value)),
            None => found.map(|_| "nothing".to_owned()),
        };
        let difference = |expected| Difference { field: (*name).to_owned(), expected, found: found_text(found) };
        differences.extend(wrong.map(difference));
    }
    if differences.is_empty() {
        return Ok(());
    }
    let failure = CaseFailure::of_case(case, "the line matches, but its fields are others than expected");
    Err(Box::new(CaseFailure { differences, ..*failure }))
}

/// What the pattern reads of a case's text: its one record, where the file says how lines become records.
fn record_of(spec: &RecordSpec, case: &CaseSpec) -> Result<Vec<u8>, String> {
    let line = case.line.as_bytes();
    let compiled = Records::compile(spec, line.len());
    let compiled = compiled.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let Some(records) = compiled else { return Ok(line.to_owned()) };
    let reader = records.reader(&[], &TimeZone::UTC, super::LineTime::Left);
    let mut reader = reader.map_err(|names| format!("nothing gives {}", names.join(", ")))?;
    let mut found: Vec<Result<Vec<u8>, String>> = Vec::new();
    let mut take = |piece: Piece<'_>| {
        found.push(match piece {
            Piece::Record { line, .. } => Ok(line.to_owned()),
            Piece::Foreign { wrapper, mismatch, .. } => Err(format!("no `{}` line: {mismatch}", wrapper.name())),
        });
    };
    let mut pending = Pending::default();
    let seen = Seen { now: case.read_at, complete_until: case.read_at };
    for (number, line) in (1..).zip(case.line.split('\n')) {
        reader.push(&mut pending, line.as_bytes(), number, seen, &mut take);
    }
    reader.flush(&mut pending, Flush::All, &mut take);
    match found.len() {
        1 => found.remove(0),
        records => Err(format!("the line must match as one record, but `unwrap` and `multiline` make {records} of it")),
    }
}

fn given(pattern: &Pattern) -> String {
    pattern.field_names().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn is_equal(plan: Option<&FieldPlan>, expected: &Scalar, found: Option<&[u8]>, read_at: UnixMicros) -> bool {
    let Some(found) = found else { return false };
    match expected {
        Scalar::Boolean(value) => found == value.to_string().as_bytes(),
        Scalar::Number(value) => Decimal::parse(found) == Some(*value),
        Scalar::Text(text) => {
            let time = plan.filter(|plan| plan.kind == FieldType::Time).and_then(|plan| plan.time.clone());
            let instant = text.parse::<jiff::Timestamp>().ok();
            match (time, instant) {
                (Some(format), Some(instant)) => {
                    let mut reader = TimeReader::new(format, TimeZone::UTC);
                    reader.set_reference(read_at);
                    reader.read(found).map(|at| at.0) == Some(instant.as_microsecond())
                }
                _ => found == text.as_bytes(),
            }
        }
    }
}

fn shown(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => format!("`{text}`"),
        Scalar::Number(number) => format!("{number}"),
        Scalar::Boolean(value) => format!("{value}"),
    }
}

fn found_text(found: Option<&[u8]>) -> String {
    found.map_or_else(|| "nothing".to_owned(), |bytes| format!("`{}`", String::from_utf8_lossy(bytes)))
}
