//! A group of a window that seals, as the event that will be sent.
//!
//! Promises: everything in the event follows from the window, its rule and the group's key and state, so that the same group
//! always gives the same event with the same id. Does not: add what the wire adds (digest, window bounds).

use uuid::Uuid;

use super::bounds;
use super::groups::GroupView;
use super::measures::{Layout, Value};
use super::rule::Rule;
use crate::model::event::{AgentId, AttributeValue, EventId, SealedEvent, WindowId};
use crate::model::record::{KeyPart, read_key};

/// The namespace of event ids. Never to be changed: an event would get another id.
const NAMESPACE: Uuid = Uuid::from_u128(0xde40_f013_5cfc_4a81_9aa7_f914_cf16_b28a);

/// The version of what ids are made from.
const ENCODING: u8 = 1;

/// Whose usage a group is.
#[derive(Debug)]
enum Holder<'a> {
    Group { user: &'a KeyPart, account: &'a KeyPart, properties: &'a [KeyPart] },
    Overflow,
}

/// The event of one group.
pub(super) fn seal(agent: AgentId, id: &WindowId, rule: &Rule, group: GroupView<'_>) -> SealedEvent {
    let parts = read_key(group.key).unwrap_or_default();
    let holder = match parts.split_first_chunk::<2>() {
        Some(([user, account], properties)) => Holder::Group { user, account, properties },
        None => Holder::Overflow,
    };
    let spec = &rule.spec;
    let (user, account) = match holder {
        Holder::Group { user, account, .. } => (text_of(user), text_of(account)),
        Holder::Overflow => (None, None),
    };
    let identify_id = user.or_else(|| spec.service_user.clone());
    SealedEvent {
        id: event_id(agent, id, rule, &holder),
        metric: spec.name.clone(),
        name: spec.event.value.clone(),
        parked: identify_id.is_none().then(|| parked_reason(&spec.name, &holder)),
        identify_id,
        account,
        window: id.window,
        revision: id.revision,
        date: bounds::date_of(&spec.time_zone, spec.window, spec.date, id.window),
        attributes: attributes(id, rule, &holder, group.state),
        lines: Layout::lines(group.state),
    }
}

fn parked_reason(metric: &str, holder: &Holder<'_>) -> String {
    let what = match holder {
        Holder::Group { .. } => "the group has no user",
        Holder::Overflow => "the overflow group has no user",
    };
    format!("{what}, and metric `{metric}` had no `service_user` when its window was opened")
}

fn text_of(part: &KeyPart) -> Option<String> {
    match part {
        KeyPart::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Properties and measures that have a value, in order of name.
fn attributes(id: &WindowId, rule: &Rule, holder: &Holder<'_>, state: &[u64]) -> Vec<(String, AttributeValue)> {
    let mut attributes = Vec::with_capacity(rule.spec.properties.len() + rule.spec.measures.len());
    if let Holder::Group { properties, .. } = holder {
        for (name, part) in rule.spec.properties.keys().zip(*properties) {
            let value = match part {
                KeyPart::Absent => continue,
                KeyPart::Text(text) => AttributeValue::Text(text.clone()),
                KeyPart::Number(number) => AttributeValue::Number(*number),
                KeyPart::Boolean(value) => AttributeValue::Boolean(*value),
            };
            attributes.push((name.clone(), value));
        }
    }
    for ((name, measure), value) in rule.spec.measures.iter().zip(rule.layout.values(state)) {
        if id.is_late() && !measure.value.is_additive() {
            continue;
        }
        let number = match value {
            Value::Count(count) => count.into(),
            Value::Number(Some(number)) => number,
            Value::Number(None) => continue,
        };
        attributes.push((name.clone(), AttributeValue::Number(number)));
    }
    attributes.sort_by(|one, other| one.0.cmp(&other.0));
    attributes
}

/// A UUIDv5 of all that tells one event from another, in a form that no two of them share: every text has its length before
/// it, every value its type. Big-endian.
fn event_id(agent: AgentId, id: &WindowId, rule: &Rule, holder: &Holder<'_>) -> EventId {
    let mut name = Vec::with_capacity(256);
    name.push(ENCODING);
    name.extend_from_slice(agent.0.as_bytes());
    put_text(&mut name, &rule.spec.name);
    put_text(&mut name, &rule.spec.event.value);
    match holder {
        Holder::Group { user, account, properties } => {
            name.push(b'g');
            put_part(&mut name, user);
            put_part(&mut name, account);
            name.extend_from_slice(&(properties.len() as u32).to_be_bytes());
            for (property, part) in rule.spec.properties.keys().zip(*properties) {
                put_text(&mut name, property);
                put_part(&mut name, part);
            }
        }
        Holder::Overflow => name.push(b'o'),
    }
    name.extend_from_slice(&id.window.start.millis().to_be_bytes());
    name.extend_from_slice(&id.window.end.millis().to_be_bytes());
    name.extend_from_slice(&id.revision.to_be_bytes());
    EventId(Uuid::new_v5(&NAMESPACE, &name))
}

fn put_text(name: &mut Vec<u8>, text: &str) {
    name.extend_from_slice(&(text.len() as u32).to_be_bytes());
    name.extend_from_slice(text.as_bytes());
}

fn put_part(name: &mut Vec<u8>, part: &KeyPart) {
    match part {
        KeyPart::Absent => name.push(b'-'),
        KeyPart::Text(text) => {
            name.push(b't');
            put_text(name, text);
        }
        KeyPart::Number(number) => {
            name.push(b'n');
            put_text(name, &number.to_string());
        }
        KeyPart::Boolean(value) => name.extend_from_slice(&[b'b', u8::from(*value)]),
    }
}
