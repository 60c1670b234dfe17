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
    let (mut body, digest_at) = bare_body(event, product_key);
    let digest = digest(&body);
    body.insert_str(digest_at, &format!("\"{USAGE_DIGEST}\":\"{digest}\","));
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
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    hash.iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The body without its digest, and where the digest belongs in it. Written by hand: the order of members and the text of
/// numbers are part of the format.
fn bare_body(event: &SealedEvent, product_key: &str) -> (String, usize) {
    let id = event.id.to_string();
    let mut out = String::with_capacity(640);
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
    let digest_at = push_attributes(&mut out, event, id);
    out.push('}');
    (out, digest_at)
}

/// All attributes in order of name but the digest; gives where that one belongs. There is always one after it: `usageId`.
fn push_attributes(out: &mut String, event: &SealedEvent, id: String) -> usize {
    let own = [
        (USAGE_ID, AttributeValue::Text(id)),
        (WINDOW_START, AttributeValue::Time(event.window.start)),
        (WINDOW_END, AttributeValue::Time(event.window.end)),
        (REVISION, AttributeValue::Number(u64::from(event.revision).into())),
    ];
    let own = own.iter().map(|(name, value)| (*name, value));
    let mut all: Vec<(&str, &AttributeValue)> =
        event.attributes.iter().map(|(name, value)| (name.as_str(), value)).chain(own).collect();
    all.sort_by_key(|(name, _)| *name);
    let mut separator = '{';
    let mut digest_at = None;
    for (name, value) in &all {
        out.push(separator);
        if *name > USAGE_DIGEST {
            digest_at.get_or_insert(out.len());
        }
        push_text(out, name);
        out.push(':');
        push_value(out, value);
        separator = ',';
    }
    out.push('}');
    digest_at.unwrap_or(out.len())
}

fn push_name(out: &mut String, name: &str) {
    out.push(',');
    push_text(out, name);
    out.push(':');
}

fn push_value(out: &mut String, value: &AttributeValue) {
    // Writing into a text cannot fail.
    let _ = match value {
        AttributeValue::Text(text) => {
            push_text(out, text);
            Ok(())
        }
        AttributeValue::Number(number) => write!(out, "{number}"),
        AttributeValue::Boolean(yes) => write!(out, "{yes}"),
        AttributeValue::Time(time) => write!(out, "\"{time}\""),
    };
}

fn push_text(out: &mut String, text: &str) {
    // What JSON does not escape is most of what there is.
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests;
