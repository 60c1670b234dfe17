//! JSON objects read member by member, so that a name given twice is seen instead of overwritten.
//!
//! Promises: every member in order, its value as the very bytes that were sent (numbers keep all their digits). Does
//! not: look into nested values.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::refusal::{Reason, Refusal};

/// The members of one object, in the order sent.
pub(super) struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

impl<'a> Members<'a> {
    /// Reads a request's body; a name given twice is a fault.
    pub(super) fn read_body(body: &'a [u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| Refusal::new(Reason::BadJson, "the body is not UTF-8"))?;
        let members: Self = serde_json::from_str(text)
            .map_err(|err| Refusal::new(Reason::BadJson, format!("the body is not a JSON object: {err}")))?;
        members.without_repeats("the body")
    }

    /// Reads the object that field `name` holds.
    pub(super) fn read_field(name: &str, raw: &'a RawValue) -> Result<Self, Refusal> {
        serde_json::from_str(raw.get()).map_err(|_| wrong_type(name, "an object"))
    }

    fn without_repeats(self, place: &str) -> Result<Self, Refusal> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Refusal::new(Reason::BadJson, format!("{place} has `{}` twice", pair[0]))),
            None => Ok(self),
        }
    }
}

/// What a raw value is, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Boolean,
    Null,
    Nested,
}

pub(super) fn kind(raw: &RawValue) -> Kind {
    match raw.get().as_bytes().first() {
        Some(b'"') => Kind::Text,
        Some(b'{' | b'[') => Kind::Nested,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'n') => Kind::Null,
        _ => Kind::Number,
    }
}

/// The text that field `name` holds.
pub(super) fn text(name: &str, raw: &RawValue) -> Result<String, Refusal> {
    serde_json::from_str(raw.get()).map_err(|_| wrong_type(name, "a string"))
}

/// The whole number of 64 bits that field `name` holds: `1.0` and `"1"` are refused.
pub(super) fn integer(name: &str, raw: &RawValue) -> Result<i64, Refusal> {
    serde_json::from_str(raw.get()).map_err(|_| wrong_type(name, "an integer of 64 bits"))
}

pub(super) fn wrong_type(name: &str, expected: &str) -> Refusal {
    Refusal::new(Reason::WrongType, format!("`{name}` must be {expected}"))
}

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::new(Reason::MissingField, format!("`{name}` is required"))
}

pub(super) fn unknown_field(name: &str, shape: &str) -> Refusal {
    Refusal::new(Reason::UnknownField, format!("`{name}` is not a field of {shape}"))
}
