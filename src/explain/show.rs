//! The words for what became of a line.
//!
//! Promises: nothing of the line reaches the terminal unescaped.

// Writing into a String cannot fail: what it returns is not looked at.
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::metric::Timeliness;
use super::{FieldValue, Judged, Judgement, Matched, Reading, Record};
use crate::model::event::Window;
use crate::model::fields::FieldType;
use crate::model::record::{Input, KeyPart};
use crate::model::spec::{Condition, Late, Measure, MetricSpec, Scalar, Test, WindowLength};
use crate::model::time::UnixMicros;
use crate::parse::Stop;
use crate::terminal::{escaped, shortened, table, with_caret, wrapped};
use crate::usage::Discard;

const INDENT: &str = "    ";

/// How the line was read by one pattern, whole.
#[must_use]
pub fn reading(pattern: &str, line: &[u8], reading: &Reading) -> String {
    match reading {
        Reading::Matched(matched) => matching(pattern, matched),
        Reading::Stopped(Stop { at: None, expected }) => {
            format!("pattern `{pattern}`: {}\n", escaped(expected.as_bytes()))
        }
        Reading::Stopped(Stop { at: Some(at), expected }) => {
            let place = if *at >= line.len() { "its end".to_owned() } else { format!("byte {at}") };
            format!(
                "pattern `{pattern}`: the line does not match; it fits up to {place}\n{}\n{INDENT}expected {}\n",
                with_caret(line, *at, INDENT),
                escaped(expected.as_bytes())
            )
        }
    }
}

pub(super) fn matching(pattern: &str, matched: &Matched) -> String {
    format!("pattern `{pattern}`: the line matches\n{}", fields(matched))
}

/// A line that a wrapper of the source does not match.
#[must_use]
pub fn foreign(wrapper: &str, line: &[u8], stop: &Stop) -> String {
    let caret = with_caret(line, stop.at.unwrap_or(0), INDENT);
    let expected = escaped(stop.expected.as_bytes());
    format!("the line is not wrapped by `{wrapper}`, as the source says\n{caret}\n{INDENT}expected {expected}\n")
}

fn fields(matched: &Matched) -> String {
    let rows: Vec<Vec<String>> = matched.fields.iter().map(|field| row(field, &matched.zone)).collect();
    let mut text = table(&rows, INDENT);
    if !matched.absent.is_empty() {
        let names: Vec<String> = matched.absent.iter().map(|name| escaped(name.as_bytes())).collect();
        text.push_str(&wrapped(&format!("absent: {}", names.join(", ")), INDENT));
        text.push('\n');
    }
    text
}

/// Columns of a value in a table; what is longer is cut, for its end says least.
const VALUE_COLUMNS: usize = 44;

fn row(field: &FieldValue, zone: &TimeZone) -> Vec<String> {
    let names = shortened(&escaped(field.names.join(", ").as_bytes()), 34);
    let value = if field.text.is_empty() { "(empty)".to_owned() } else { escaped(&field.text) };
    let kind = field.kind.name();
    let note = match (field.misfit, field.instant) {
        (true, _) => format!("does not fit `{kind}`: absent"),
        (false, Some(instant)) => times(instant, zone),
        (false, None) if field.kind == FieldType::Text => String::new(),
        (false, None) => kind.to_owned(),
    };
    if note.is_empty() { vec![names, value] } else { vec![names, shortened(&value, VALUE_COLUMNS), note] }
}

/// In UTC, and in the zone where that is another.
fn times(instant: UnixMicros, zone: &TimeZone) -> String {
    let Ok(stamp) = Timestamp::from_microsecond(instant.0) else { return instant.to_string() };
    match zone.iana_name() {
        Some(name) if name != "UTC" => format!("{stamp}, {} in {name}", zone.to_datetime(stamp)),
        _ => stamp.to_string(),
    }
}

/// What one metric makes of the line.
#[must_use]
pub fn judged(judged: &Judged<'_>) -> String {
    let Judged { metric, judgement } = judged;
    let name = &metric.name;
    match judgement {
        Judgement::OtherSource => {
            let sources: Vec<String> = metric.sources.iter().map(|source| format!("`{}`", source.value)).collect();
            format!("metric `{name}` does not read this source; it reads {}\n", sources.join(", "))
        }
        Judgement::Faults(faults) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            format!("metric `{name}` cannot read lines of this pattern:\n{}\n", faults.join("\n"))
        }
        Judgement::Conditions(conditions) => {
            let mut text = format!("metric `{name}` does not count the line, by its `where`\n");
            for (condition, found) in conditions {
                let found = found.as_ref().map_or("it is absent".to_owned(), |found| {
                    format!("it is `{}`", shortened(&escaped(found), VALUE_COLUMNS))
                });
                let wanted = in_words(&condition.value);
                let _ = writeln!(text, "{INDENT}{}: {wanted}; {found}", condition.at);
            }
            text
        }
        Judgement::Refused(discard) => {
            format!("metric `{name}` does not count the line\n{INDENT}{}\n", refusal(metric, *discard))
        }
        Judgement::Counts(record) => {
            let verdict = match record.timeliness {
                Timeliness::InTime | Timeliness::Late(Late::Delta) => "counts the line",
                Timeliness::Late(Late::Drop) => "counts the line, if its window is not sealed",
                Timeliness::TooOld | Timeliness::TooFarAhead => "does not count the line, by its time",
            };
            format!("metric `{name}` {verdict}\n{}", counted(metric, record))
        }
    }
}

fn refusal(metric: &MetricSpec, discard: Discard) -> String {
    let from = |template: Option<&crate::model::fault::Located<crate::model::spec::Template>>| {
        let names: Vec<String> =
            template.iter().flat_map(|located| located.value.fields()).map(|name| format!("`{name}`")).collect();
        let at = template.map(|located| located.at.to_string()).unwrap_or_default();
        (at, names.join(", "))
    };
    match discard {
        Discard::Condition => "a condition of `where` does not hold".to_owned(),
        Discard::NoTime => "it has no `time` that can be read: a line's own time chooses its window".to_owned(),
        Discard::NoUser => {
            let (at, names) = from(metric.user.as_ref());
            format!("{at}: it has no user: {names} is absent, empty or `-`")
        }
        Discard::NoAccount => {
            let (at, names) = from(metric.account.as_ref());
            format!("{at}: it has no account: {names} is absent, empty or `-`")
        }
        Discard::BadId => {
            let (at, _) = from(metric.user.as_ref().or(metric.account.as_ref()));
            format!("{at}: its user or account is longer than 1000 bytes, is not UTF-8, or has control characters")
        }
    }
}

fn counted(metric: &MetricSpec, record: &Record) -> String {
    let mut rows = Vec::new();
    let mut add = |what: String, value: String| rows.push(vec![what, value]);
    if metric.user.is_some() {
        add("user".to_owned(), part(&record.user));
    }
    if metric.account.is_some() {
        add("account".to_owned(), part(&record.account));
    }
    for (name, value) in &record.properties {
        add(format!("property {name}"), part(value));
    }
    for (name, input) in &record.measures {
        let of = metric.measures.get(name).map(|measure| measure_in_words(&measure.value)).unwrap_or_default();
        let value = match input {
            Input::Absent => "nothing".to_owned(),
            Input::One => "1".to_owned(),
            Input::Number(number) => number.to_string(),
        };
        add(format!("measure {name}"), format!("{value} ({of})"));
    }
    if let Some(window) = record.window {
        add("window".to_owned(), window_in_words(window, &record.zone, metric.window));
    }
    add("event".to_owned(), escaped(metric.event.value.as_bytes()));
    let note = match record.timeliness {
        Timeliness::InTime => None,
        // Whether it is sealed depends on what the agent has read, which nothing here knows.
        Timeliness::Late(Late::Delta) => {
            Some("the window is over: where the agent has sealed it, the line goes out in a later revision")
        }
        Timeliness::Late(Late::Drop) => {
            Some("the window is over: where the agent has sealed it, the line is dropped, as `late = \"drop\"` says")
        }
        Timeliness::TooOld => Some("read now, it is dropped: its window is older than revisions are remembered"),
        Timeliness::TooFarAhead => Some("read now, it is dropped: it is further ahead of the clock than `max_ahead`"),
    };
    let mut text = table(&rows, INDENT);
    if let Some(note) = note {
        text.push_str(&wrapped(note, INDENT));
        text.push('\n');
    }
    text
}

fn part(part: &KeyPart) -> String {
    match part {
        KeyPart::Absent => "(absent)".to_owned(),
        KeyPart::Text(text) => escaped(text.as_bytes()),
        KeyPart::Number(number) => number.to_string(),
        KeyPart::Boolean(value) => value.to_string(),
    }
}

fn measure_in_words(measure: &Measure) -> String {
    match measure {
        Measure::Count => "count".to_owned(),
        Measure::Sum { field } => format!("sum of `{field}`"),
        Measure::Min { field } => format!("least `{field}`"),
        Measure::Max { field } => format!("greatest `{field}`"),
    }
}

fn window_in_words(window: Window, zone: &TimeZone, length: WindowLength) -> String {
    let at = |instant: UnixMicros| Timestamp::from_microsecond(instant.0).ok().map(|stamp| zone.to_datetime(stamp));
    let name = zone.iana_name().unwrap_or("UTC");
    match (at(window.start), at(window.end), length) {
        (Some(start), Some(_), WindowLength::Day) => format!("the day {} in {name}", start.date()),
        (Some(start), Some(end), WindowLength::Part(_)) => format!("{start} to {end} in {name}"),
        _ => String::new(),
    }
}

/// `path` must begin with `/api/`
fn in_words(condition: &Condition) -> String {
    format!("`{}` must {}", escaped(condition.field.as_bytes()), test_in_words(&condition.test))
}

fn test_in_words(test: &Test) -> String {
    let quoted = |texts: &[String]| {
        let texts: Vec<String> = texts.iter().map(|text| format!("`{}`", escaped(text.as_bytes()))).collect();
        texts.join(" or ")
    };
    match test {
        Test::OneOf(values) => {
            let values: Vec<String> = values.iter().map(scalar).collect();
            format!("be {}", values.join(" or "))
        }
        Test::Prefix(texts) => format!("begin with {}", quoted(texts)),
        Test::Suffix(texts) => format!("end with {}", quoted(texts)),
        Test::Contains(texts) => format!("contain {}", quoted(texts)),
        Test::Regex(regex) => format!("match the regex `{}`", escaped(regex.as_bytes())),
        Test::Range { from, to } => match (from, to) {
            (Some(from), Some(to)) => format!("be {from} or more, and less than {to}"),
            (Some(from), None) => format!("be {from} or more"),
            (None, Some(to)) => format!("be less than {to}"),
            (None, None) => "be a number".to_owned(),
        },
        Test::Exists(true) => "be there".to_owned(),
        Test::Exists(false) => "be absent".to_owned(),
        Test::Not(inner) => format!("not {}", test_in_words(inner)),
    }
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => format!("`{}`", escaped(text.as_bytes())),
        Scalar::Number(number) => number.to_string(),
        Scalar::Boolean(value) => value.to_string(),
    }
}
