//! What an entry of `[types]` does with a text, in the order in which it is done.
//!
//! Promises: combinations that mean nothing are reported. Does not: compile a regex or a path.

use toml::de::DeValue;

use super::networks;
use crate::config::section::Section;
use crate::config::value::Value;
use crate::config::words::shown;
use crate::model::step::{AgentAnswer, AgentClass, Decode, FieldStep, LetterCase, Position, UrlPart};

/// The keys that take a piece, of which an entry has one at most.
const TAKES: [&str; 7] = ["agent", "cookie", "forwarded", "jwt", "parameter", "segment", "url"];

const DECODES: [(&str, Decode); 4] =
    [("escapes", Decode::Escapes), ("url", Decode::Url), ("form", Decode::Form), ("base64", Decode::Base64)];

const URL_PARTS: [(&str, UrlPart); 5] = [
    ("scheme", UrlPart::Scheme),
    ("host", UrlPart::Host),
    ("port", UrlPart::Port),
    ("path", UrlPart::Path),
    ("query", UrlPart::Query),
];

const AGENTS: [(&str, AgentAnswer); 4] = [
    ("bot", AgentAnswer::Is(AgentClass::Bot)),
    ("tool", AgentAnswer::Is(AgentClass::Tool)),
    ("browser", AgentAnswer::Is(AgentClass::Browser)),
    ("class", AgentAnswer::Class),
];

const CASES: [(&str, LetterCase); 2] = [("lower", LetterCase::Lower), ("upper", LetterCase::Upper)];

/// Further than any path or list goes that is of use.
const MOST_POSITION: i64 = 1_000;

/// `None`: a fault was reported.
pub(super) fn read(table: &mut Section<'_>) -> Option<Vec<FieldStep>> {
    let takes: Vec<Value<'_>> = TAKES.into_iter().filter_map(|key| table.get(key)).collect();
    let decode = table.get("decode");
    let cuts = ["split", "item", "capture", "case", "absent"].map(|key| table.get(key));
    if let [first, second, ..] = takes.as_slice() {
        let message = format!("{} has both `{}` and `{}`", table.title, first.key, second.key);
        second.fault(&message, "make a field with one of them, and this one `from` it with the other");
        return None;
    }
    // Every fault of an entry is shown, so all is read before any of it is given up.
    let take = optional(takes.first(), read_take);
    let decoded = optional(decode.as_ref(), read_decode);
    let cut = read_cuts(&cuts);
    let (take, mut decoded, cut) = (take.ok()?, decoded.ok()?.unwrap_or_default(), cut.ok()?);
    let mut steps = Vec::new();
    if decoded.first() == Some(&FieldStep::Decode(Decode::Escapes)) {
        steps.push(decoded.remove(0));
    }
    let decode = decode.filter(|_| !decoded.is_empty());
    if let (Some(FieldStep::Agent(_)), Some(beside)) = (&take, cuts.iter().flatten().next().or(decode.as_ref())) {
        let help = "leave it out; to change the text first, make a field of it and take the agent `from` that one";
        beside.fault(&format!("{} stands beside `agent`, which answers by itself", beside.title), help);
        return None;
    }
    steps.extend(take);
    steps.extend(decoded);
    steps.extend(cut);
    Some(steps)
}

/// A fault was reported.
struct Reported;

/// A key that need not be there.
fn optional<T>(value: Option<&Value<'_>>, read: impl Fn(&Value<'_>) -> Option<T>) -> Result<Option<T>, Reported> {
    value.map(|value| read(value).ok_or(Reported)).transpose()
}

/// What is done after decoding.
fn read_cuts([split, item, capture, case, absent]: &[Option<Value<'_>>; 5]) -> Result<Vec<FieldStep>, Reported> {
    let piece = read_split(split.as_ref(), item.as_ref());
    let group = optional(capture.as_ref(), |value| Some(FieldStep::Capture(value.filled_text()?.value)));
    let letters = optional(case.as_ref(), |value| value.choice(&CASES).map(FieldStep::Case));
    let nothing = optional(absent.as_ref(), read_absent);
    Ok([piece?, group?, letters?, nothing?].into_iter().flatten().collect())
}

fn read_take(value: &Value<'_>) -> Option<FieldStep> {
    let text = || value.filled_text().map(|text| text.value);
    Some(match value.key.as_str() {
        "agent" => FieldStep::Agent(value.choice(&AGENTS)?),
        "cookie" => FieldStep::Cookie(text()?),
        "forwarded" => FieldStep::Forwarded(networks::read(value)?),
        "jwt" => FieldStep::Jwt(text()?),
        "parameter" => FieldStep::Parameter(text()?),
        "segment" => FieldStep::Segment(read_position(value)?),
        _ => FieldStep::Url(value.choice(&URL_PARTS)?),
    })
}

/// One way of writing, or a list of them.
fn read_decode(value: &Value<'_>) -> Option<Vec<FieldStep>> {
    if !value.node.is_array() {
        return Some(vec![FieldStep::Decode(value.choice(&DECODES)?)]);
    }
    let mut steps = Vec::new();
    for (index, element) in value.list()?.iter().enumerate() {
        let decode = element.choice(&DECODES)?;
        if decode == Decode::Escapes && index > 0 {
            let help = "write it first: the log's writer escaped the text last";
            element.fault(&format!("{} has `escapes` behind another", value.title), help);
            return None;
        }
        steps.push(FieldStep::Decode(decode));
    }
    Some(steps)
}

fn read_split(split: Option<&Value<'_>>, item: Option<&Value<'_>>) -> Result<Option<FieldStep>, Reported> {
    match (split, item) {
        (None, None) => Ok(None),
        (Some(split), Some(item)) => {
            let (separator, item) = (split.text(), read_position(item));
            let separator = separator.ok_or(Reported)?.value;
            if separator.is_empty() {
                split.fault(&format!("{} is empty", split.title), "write what stands between the pieces");
                return Err(Reported);
            }
            Ok(Some(FieldStep::Split { separator, item: item.ok_or(Reported)? }))
        }
        (Some(split), None) => {
            split.fault(&format!("{} has no `item` beside it", split.title), "say which piece: item = 1, or item = -1");
            Err(Reported)
        }
        (None, Some(item)) => {
            let help = "say where to split: split = \"@\"; a path's segment is taken with segment = 1";
            item.fault(&format!("{} has no `split` beside it", item.title), help);
            Err(Reported)
        }
    }
}

fn read_absent(value: &Value<'_>) -> Option<FieldStep> {
    let list = value.list()?;
    list.iter().map(|text| text.text().map(|text| text.value)).collect::<Option<Vec<_>>>().map(FieldStep::Absent)
}

/// A whole number from 1, or from -1 down.
fn read_position(value: &Value<'_>) -> Option<Position> {
    let DeValue::Integer(number) = value.node else {
        value.wrong_type("a whole number, without quotes", "1");
        return None;
    };
    let position = i64::from_str_radix(number.as_str(), number.radix()).ok();
    let position = position.filter(|position| *position != 0 && position.abs() <= MOST_POSITION);
    if position.is_none() {
        let number = number.to_string();
        let message = format!("{} is `{}`; expected 1 to 1000, or -1 to -1000", value.title, shown(&number));
        value.fault(&message, "count from 1, or from the end with -1");
    }
    position.map(|position| Position(position as i32))
}
