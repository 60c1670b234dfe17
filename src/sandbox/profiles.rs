//! Users and accounts: what a request may say of one, and what is kept.
//!
//! Promises: required fields and types are checked; a PUT changes only what it names; a custom attribute that is unknown
//! or disabled is dropped and counted. A User with a field that the contract does not list is refused; the contract's list
//! for Account is open, so there other fields are kept. Read-only fields in a request are passed over. Does not: know
//! events.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::attributes::{Catalogue, Model, is_time};
use super::event::USER_TYPES;
use super::query::Snapshot;
use super::refusal::{Reason, Refusal};
use crate::model::time::UnixMicros;

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Time,
    Object,
    UserType,
    PropertyKeys,
    CustomAttributes,
    ReadOnly,
}

const USER_FIELDS: [(&str, Shape); 18] = [
    ("identifyId", Shape::Text),
    ("propertyKeys", Shape::PropertyKeys),
    ("type", Shape::UserType),
    ("email", Shape::Text),
    ("firstName", Shape::Text),
    ("lastName", Shape::Text),
    ("title", Shape::Text),
    ("role", Shape::Text),
    ("accountId", Shape::Text),
    ("signUpDate", Shape::Time),
    ("location", Shape::Object),
    ("customAttributes", Shape::CustomAttributes),
    ("aptrinsicId", Shape::ReadOnly),
    ("createDate", Shape::ReadOnly),
    ("lastModifiedDate", Shape::ReadOnly),
    ("lastSeenDate", Shape::ReadOnly),
    ("numberOfVisits", Shape::ReadOnly),
    ("id", Shape::ReadOnly),
];

const ACCOUNT_FIELDS: [(&str, Shape); 12] = [
    ("id", Shape::Text),
    ("name", Shape::Text),
    ("propertyKeys", Shape::PropertyKeys),
    ("plan", Shape::Text),
    ("industry", Shape::Text),
    ("website", Shape::Text),
    ("location", Shape::Object),
    ("parentGroupId", Shape::Text),
    ("customAttributes", Shape::CustomAttributes),
    ("createDate", Shape::ReadOnly),
    ("lastModifiedDate", Shape::ReadOnly),
    ("numberOfUsers", Shape::ReadOnly),
];

impl Model {
    pub(super) const fn id_field(self) -> &'static str {
        match self {
            Self::User => "identifyId",
            Self::Account => "id",
        }
    }

    const fn shape_name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Account => "Account",
        }
    }

    fn shape_of(self, field: &str) -> Option<Shape> {
        let fields: &[(&str, Shape)] = match self {
            Self::User => &USER_FIELDS,
            Self::Account => &ACCOUNT_FIELDS,
        };
        fields.iter().find(|(name, _)| *name == field).map(|(_, shape)| *shape)
    }
}

/// Users, or accounts, by their id.
#[derive(Clone, Debug)]
pub(super) struct Profiles {
    model: Model,
    by_id: BTreeMap<String, Profile>,
}

/// One user or account.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    /// Place in the order of creation, from 0.
    pub sequence: u64,
    pub fields: Map<String, Value>,
}

impl Profile {
    /// A field's text; empty when it is absent or no text.
    pub(super) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What a request is checked against.
pub(super) struct ProfileRules<'a> {
    pub property_keys: &'a [String],
    pub catalogue: &'a Catalogue,
    pub now: UnixMicros,
}

/// A change that was made, and how many custom attributes had nowhere to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub dropped_attributes: u64,
}

impl Profiles {
    pub(super) fn new(model: Model) -> Self {
        Self { model, by_id: BTreeMap::new() }
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// The profile of this id, letter for letter.
    pub(super) fn get(&self, id: &str) -> Result<&Profile, Refusal> {
        self.by_id.get(id).ok_or_else(|| self.not_found(id))
    }

    /// All, in order of id.
    pub(super) fn all(&self) -> impl Iterator<Item = &Profile> {
        self.by_id.values()
    }

    /// The moment that a query beginning now sees.
    pub(super) fn snapshot(&self, now: UnixMicros) -> Snapshot {
        Snapshot { before_sequence: self.by_id.len() as u64, as_of_micros: now.0, range: (i64::MIN, i64::MAX) }
    }

    /// `POST`: makes a new one.
    pub(super) fn create(&mut self, body: &[u8], rules: &ProfileRules<'_>) -> Result<Change, Refusal> {
        let (fields, change) = self.read(body, rules)?;
        let id = self.id_of(&fields)?;
        if self.model == Model::Account {
            required_text(&fields, "name")?;
        }
        if !fields.contains_key("propertyKeys") {
            return Err(super::json::missing("propertyKeys"));
        }
        if self.by_id.contains_key(&id) {
            let message = format!("bad request, possible duplicate: `{id}`");
            return Err(Refusal::new(Reason::Duplicate, message));
        }
        let mut profile = Profile { sequence: self.by_id.len() as u64, fields };
        for stamp in ["createDate", "lastModifiedDate"] {
            profile.fields.insert(stamp.to_owned(), rules.now.millis().into());
        }
        self.by_id.insert(id, profile);
        Ok(change)
    }

    /// `PUT`: changes the fields that the body names. The id is the path's or, where that is `None`, the body's.
    pub(super) fn update(
        &mut self,
        path_id: Option<&str>,
        body: &[u8],
        rules: &ProfileRules<'_>,
    ) -> Result<Change, Refusal> {
        let (mut fields, change) = self.read(body, rules)?;
        let field = self.model.id_field();
        let id = match path_id {
            None => self.id_of(&fields)?,
            Some(id) if fields.get(field).is_none_or(|given| given == id) => id.to_owned(),
            Some(id) => {
                let message = format!("`{field}` is not the path's `{id}`");
                return Err(Refusal::new(Reason::WrongType, message));
            }
        };
        let not_found = self.not_found(&id);
        let profile = &mut self.by_id.get_mut(&id).ok_or(not_found)?.fields;
        if let (Some(Value::Object(new)), Some(Value::Object(old))) =
            (fields.get_mut("customAttributes"), profile.get("customAttributes"))
        {
            let mut merged = old.clone();
            merged.append(new);
            *new = merged;
        }
        profile.append(&mut fields);
        profile.insert("lastModifiedDate".to_owned(), rules.now.millis().into());
        Ok(change)
    }

    fn not_found(&self, id: &str) -> Refusal {
        let message = format!("{} was not found for parameters {{id={id}}}", self.model.shape_name());
        Refusal::new(Reason::NotFound, message)
    }

    fn id_of(&self, fields: &Map<String, Value>) -> Result<String, Refusal> {
        required_text(fields, self.model.id_field())
    }

    fn read(&self, body: &[u8], rules: &ProfileRules<'_>) -> Result<(Map<String, Value>, Change), Refusal> {
        let mut fields = Map::new();
        let mut change = Change { dropped_attributes: 0 };
        for (name, raw) in super::json::Members::read_body(body)?.0 {
            let mut value: Value = serde_json::from_str(raw.get())
                .map_err(|err| Refusal::new(Reason::BadJson, format!("`{name}`: {err}")))?;
            let Some(shape) = self.model.shape_of(&name) else {
                if self.model == Model::User {
                    return Err(super::json::unknown_field(&name, "User"));
                }
                fields.insert(name, value);
                continue;
            };
            match shape {
                Shape::ReadOnly => continue,
                Shape::CustomAttributes => change.dropped_attributes += self.keep_open(&mut value, rules.catalogue)?,
                _ => check_shape(&name, shape, &value, rules.property_keys)?,
            }
            fields.insert(name, value);
        }
        Ok((fields, change))
    }

    /// Removes the custom attributes that have nowhere to go; says how many there were.
    fn keep_open(&self, value: &mut Value, catalogue: &Catalogue) -> Result<u64, Refusal> {
        let Value::Object(given) = value else {
            return Err(super::json::wrong_type("customAttributes", "an object"));
        };
        let mut wrong = None;
        let before = given.len();
        given.retain(|name, value| match catalogue.open(self.model, name) {
            None => false,
            Some(attribute) => {
                if !attribute.takes(value) && !value.is_null() {
                    wrong = Some(super::json::wrong_type(name, &format!("of type {:?}", attribute.kind)));
                }
                true
            }
        });
        wrong.map_or(Ok((before - given.len()) as u64), Err)
    }
}

fn required_text(fields: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    super::event::required(name, fields.get(name).and_then(Value::as_str).map(str::to_owned))
}

fn check_shape(name: &str, shape: Shape, value: &Value, property_keys: &[String]) -> Result<(), Refusal> {
    let (fits, expected) = match shape {
        Shape::Text => (value.is_string(), "a string"),
        Shape::Time => (is_time(value), "a time"),
        Shape::Object => (value.is_object(), "an object"),
        Shape::UserType => {
            if value.as_str().is_some_and(|given| !USER_TYPES.contains(&given)) {
                let message = format!("`{name}` must be one of {}", USER_TYPES.join(", "));
                return Err(Refusal::new(Reason::BadUserType, message));
            }
            (value.is_string(), "a string")
        }
        Shape::PropertyKeys => return check_property_keys(name, value, property_keys),
        Shape::CustomAttributes | Shape::ReadOnly => (true, "anything"),
    };
    if fits { Ok(()) } else { Err(super::json::wrong_type(name, expected)) }
}

fn check_property_keys(name: &str, value: &Value, known: &[String]) -> Result<(), Refusal> {
    let Some(given) = value.as_array().filter(|given| given.iter().all(Value::is_string)) else {
        return Err(super::json::wrong_type(name, "a list of strings"));
    };
    if given.is_empty() {
        return Err(super::json::missing(name));
    }
    match given.iter().filter_map(Value::as_str).find(|key| !known.iter().any(|one| one == key)) {
        None => Ok(()),
        Some(key) => Err(Refusal::new(Reason::UnknownPropertyKey, format!("no product has the key `{key}`"))),
    }
}
