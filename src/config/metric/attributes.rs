//! `properties` and `measures`: what an event carries beside its user, account and date.
//!
//! Promises: names are unique for PX, which does not tell capitals from small letters, and PX's limits are kept.
//! Does not: know which fields there are.

use std::collections::BTreeMap;

use toml::de::DeValue;

use crate::config::section::Section;
use crate::config::template;
use crate::config::value::Value;
use crate::config::words::shown;
use crate::model::fault::{Fault, Located, Location};
use crate::model::spec::{Measure, Template};

/// Attributes that the program puts on every event itself.
const RESERVED: [&str; 5] = ["usageId", "usageDigest", "windowStart", "windowEnd", "revision"];

/// Attributes of one event, by PX's published limits.
const ATTRIBUTES: usize = 50;

/// Characters of an attribute's name, by PX's published limits.
const NAME_CHARS: usize = 1_024;

type Properties = BTreeMap<String, Located<Template>>;
type Measures = BTreeMap<String, Located<Measure>>;

/// Reads `properties` and `measures` of a metric.
pub(super) fn read(section: &mut Section<'_>) -> (Properties, Measures) {
    let properties = section.get("properties").and_then(|value| value.table());
    let measures = section.get("measures").and_then(|value| value.table());
    let properties = properties.map(|table| table.entries()).unwrap_or_default();
    let measures = measures.map(|table| table.entries()).unwrap_or_default();
    check_names(section, &properties, &measures);
    let properties =
        properties.iter().filter_map(|(name, value)| Some(((*name).to_owned(), template::read(value)?))).collect();
    let mut read: Measures = measures
        .iter()
        .filter_map(|(name, value)| Some(((*name).to_owned(), Located::new(read_measure(value)?, value.at.clone()))))
        .collect();
    if measures.is_empty() {
        read.insert("count".to_owned(), Located::new(Measure::Count, section.at.clone()));
    }
    (properties, read)
}

fn check_names(section: &Section<'_>, properties: &[(&str, Value<'_>)], measures: &[(&str, Value<'_>)]) {
    let mut seen: BTreeMap<String, (&str, Location)> = BTreeMap::new();
    for (name, value) in properties.iter().chain(measures) {
        check_name(name, value);
        let folded = name.to_lowercase();
        if let Some((earlier, at)) = seen.get(&folded) {
            let message = format!("{} has the same name for PX as `{earlier}` at {at}", value.title);
            value.fault(&message, "give one of them another name: capitals and small letters are one to PX");
        } else {
            seen.insert(folded, (name, value.at.clone()));
        }
    }
    // Without measures of its own a metric has one, `count`.
    let count = measures.len().max(1) + properties.len() + RESERVED.len();
    if measures.is_empty()
        && let Some((name, at)) = seen.get("count")
    {
        let message =
            format!("{} has a property `{name}` and no measures, so that its measure is `count`", section.title);
        section.fault(Fault::new(at.clone(), message).help("name the property otherwise, or write [metric.measures]"));
    }
    if count > ATTRIBUTES {
        let message = format!(
            "{} has {count} properties and measures with the {} that are always there; PX takes {ATTRIBUTES}",
            section.title,
            RESERVED.len()
        );
        section.fault(Fault::new(section.at.clone(), message).help("leave some out, or make two metrics of it"));
    }
}

fn check_name(name: &str, value: &Value<'_>) {
    if name.is_empty() || name.trim() != name || name.contains(char::is_control) {
        let message = format!("{} has no plain name", shown(&value.title));
        value.fault(&message, "write a name without control characters, or spaces around it");
    } else if name.chars().count() > NAME_CHARS {
        value.fault(
            &format!("the name `{}` is longer than 1,024 characters", shown(name)),
            "PX takes no longer name: shorten it",
        );
    } else if let Some(reserved) = RESERVED.iter().find(|reserved| reserved.eq_ignore_ascii_case(name)) {
        let message = format!("{} takes a name that every event has already: `{reserved}`", value.title);
        value.fault(&message, "give it another name");
    }
}

fn read_measure(value: &Value<'_>) -> Option<Measure> {
    match value.node {
        DeValue::String(_) => read_word(value),
        DeValue::Table(_) => read_table(value),
        _ => {
            value.wrong_type("\"count\", or a table", "{ sum = \"bytes\" }");
            None
        }
    }
}

fn read_word(value: &Value<'_>) -> Option<Measure> {
    let word = value.text()?.value;
    match word.as_str() {
        "count" => Some(Measure::Count),
        "sum" | "min" | "max" => {
            let message = format!("{} is `{word}` without its field", value.title);
            value.fault(&message, &format!("write {} = {{ {word} = \"bytes\" }}", value.key));
            None
        }
        _ => {
            let message = format!("{} is `{}`; expected \"count\" or a table", value.title, shown(&word));
            value.fault(&message, &format!("write {} = \"count\", or {{ sum = \"bytes\" }}, min or max", value.key));
            None
        }
    }
}

type Make = fn(String) -> Measure;

const KINDS: [(&str, Make); 3] = [
    ("sum", |field| Measure::Sum { field }),
    ("min", |field| Measure::Min { field }),
    ("max", |field| Measure::Max { field }),
];

fn read_table(value: &Value<'_>) -> Option<Measure> {
    let mut table = value.table()?;
    let given: Vec<(Value<'_>, Make)> =
        KINDS.into_iter().filter_map(|(kind, make)| Some((table.get(kind)?, make))).collect();
    let is_known = table.finish();
    match given.as_slice() {
        [(field, make)] => Some(make(read_field(field)?)),
        // What stands there instead is already reported.
        [] if !is_known => None,
        _ => {
            let message = format!("{} holds {} of `sum`, `min` and `max`; expected one", value.title, given.len());
            value.fault(&message, &format!("write {} = {{ sum = \"bytes\" }}, one measure each", value.key));
            None
        }
    }
}

fn read_field(value: &Value<'_>) -> Option<String> {
    let field = value.filled_text()?.value;
    if !crate::config::names::is_field(&field) {
        let message = format!("{} is `{}`, which is no field's name", value.title, shown(&field));
        value.fault(&message, "write the field's name alone, without braces");
        return None;
    }
    Some(field)
}
