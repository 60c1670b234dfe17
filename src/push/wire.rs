//! The bytes that go to PX: the body of `POST /v1/events/custom`.
//!
//! Promises: the same event and product key give the same bytes and the same digest, in every version of the program that
//! has the same `FORMAT`; numbers keep their exact decimal text. Does not: send anything.
//!
//! The shape is PX's CustomEvent (its REST contract, version 0.1.6).

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::model::event::{AttributeValue, SealedEvent};

/// Goes into each digest, so that another form of body can never be taken for this one.
const FORMAT: &str = "pxtail event 1\n";

/// PX's limits on one custom event.
pub const MAX_ATTRIBUTES: usize = 50;
pub const MAX_ATTRIBUTE_NAME_CHARS: usize = 1_024;
pub const MAX_EVENT_NAME_CHARS: usize = 2_000;

/// Attributes that every event carries beside its own: by the first, an event is found again.
pub const USAGE_ID: &str = "usageId";
pub const USAGE_DIGEST: &str = "usageDigest";
const WINDOW_START: &str = "windowStart";
const WINDOW_END: &str = "windowEnd";
const REVISION: &str = "revision";

/// Names that a metric's own properties and measures cannot have, in any case.
pub const RESERVED_ATTRIBUTES: [&str; 5] = [REVISION, USAGE_DIGEST, USAGE_ID, WINDOW_END, WINDOW_START];

/// An event as it is stored in the outbox and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedEvent {
    pub body: String,
    /// What `usageDigest` in the body says: 32 hex digits. Half a SHA-256: it is compared with one other digest of the
    /// same event id, where 128 bits leave nothing to chance.
    pub digest: String,
    /// Why it can never be sent: the event's own reason, or the first of PX's limits that it breaks.
    pub parked: Option<String>,
}

/// The body to POST for an event, fixed when its window seals.
#[must_use]
pub fn custom_event(event: &SealedEvent, product_key: &str) -> RenderedEvent {
    let digest = digest(&body(event, product_key, None));
    let body = body(event, product_key, Some(&digest));
    let parked = event.parked.clone().or_else(|| broken_limit(event));
    RenderedEvent { body, digest, parked }
}

/// The first of PX's limits that an event breaks, in words.
#[must_use]
pub fn broken_limit(event: &SealedEvent) -> Option<String> {
    let count = event.attributes.len() + RESERVED_ATTRIBUTES.len();
    if event.identify_id.as_deref().is_none_or(str::is_empty) {
        return Some("it has no user: PX needs an `identifyId`".to_owned());
    }
    if event.name.is_empty() {
        return Some("its event name is empty".to_owned());
    }
    if event.name.chars().count() > MAX_EVENT_NAME_CHARS {
        return Some(format!("its event name is longer than {MAX_EVENT_NAME_CHARS} characters"));
    }
    if count > MAX_ATTRIBUTES {
        return Some(format!(
            "it has {count} attributes (the agent's own {} included); PX takes {MAX_ATTRIBUTES}",
            RESERVED_ATTRIBUTES.len()
        ));
    }
    broken_name(event)
}

fn broken_name(event: &SealedEvent) -> Option<String> {
    let mut seen: Vec<String> = RESERVED_ATTRIBUTES.iter().map(|name| name.to_lowercase()).collect();
    for (name, _) in &event.attributes {
        if name.is_empty() {
            return Some("it has an attribute without a name".to_owned());
        }
        if name.chars().count() > MAX_ATTRIBUTE_NAME_CHARS {
            return Some(format!("an attribute's name is longer than {MAX_ATTRIBUTE_NAME_CHARS} characters"));
        }
        let folded = name.to_lowercase();
        if seen.contains(&folded) {
            return Some(format!("attribute `{name}` is there twice: PX does not tell upper from lower case"));
        }
        seen.push(folded);
    }
    None
}

/// Half a SHA-256 of the body as it is without its digest.
fn digest(bare_body: &str) -> String {
    let hash = Sha256::new().chain_update(FORMAT).chain_update(bare_body).finalize();
    hash.iter().take(16).fold(String::with_capacity(32), |mut hex, byte| {
        // Writing into a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Written by hand: the order of members and the text of numbers are part of the format.
fn body(event: &SealedEvent, product_key: &str, digest: Option<&str>) -> String {
    let id = event.id.to_string();
    let mut out = String::with_capacity(512);
    out.push_str("{\"eventId\":");
    push_text(&mut out, &id);
    for (name, value) in [
        ("identifyId", event.identify_id.as_deref()),
        ("propertyKey", Some(product_key)),
        ("userType", Some("USER")),
        ("accountId", event.account.as_deref()),
        ("eventName", Some(event.name.as_str())),
    ] {
        if let Some(value) = value {
            push_name(&mut out, name);
            push_text(&mut out, value);
        }
    }
    push_name(&mut out, "date");
    out.push_str(&event.date.millis().to_string());
    push_name(&mut out, "attributes");
    push_attributes(&mut out, event, &id, digest);
    out.push('}');
    out
}

/// All attributes in order of name.
fn push_attributes(out: &mut String, event: &SealedEvent, id: &str, digest: Option<&str>) {
    let own = [
        (USAGE_ID, Some(AttributeValue::Text(id.to_owned()))),
        (USAGE_DIGEST, digest.map(|digest| AttributeValue::Text(digest.to_owned()))),
        (WINDOW_START, Some(AttributeValue::Time(event.window.start))),
        (WINDOW_END, Some(AttributeValue::Time(event.window.end))),
        (REVISION, Some(AttributeValue::Number(u64::from(event.revision).into()))),
    ];
    let own = own.iter().filter_map(|(name, value)| value.as_ref().map(|value| (*name, value)));
    let mut all: Vec<(&str, &AttributeValue)> =
        event.attributes.iter().map(|(name, value)| (name.as_str(), value)).chain(own).collect();
    all.sort_by_key(|(name, _)| *name);
    let mut separator = '{';
    for (name, value) in &all {
        out.push(separator);
        push_text(out, name);
        out.push(':');
        push_value(out, value);
        separator = ',';
    }
    out.push('}');
}

fn push_name(out: &mut String, name: &str) {
    out.push(',');
    push_text(out, name);
    out.push(':');
}

fn push_value(out: &mut String, value: &AttributeValue) {
    match value {
        AttributeValue::Text(text) => push_text(out, text),
        AttributeValue::Number(number) => out.push_str(&number.to_string()),
        AttributeValue::Boolean(yes) => out.push_str(if *yes { "true" } else { "false" }),
        AttributeValue::Time(time) => push_text(out, &time.to_string()),
    }
}

fn push_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests;
