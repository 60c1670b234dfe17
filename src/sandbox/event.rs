//! Custom events: a request's body read as strictly as the contract allows, and the event as it is kept.
//!
//! Promises: what is kept is what was sent, number for number; a nested attribute value is kept as a string of its JSON.
//! Stricter than the contract says PX to be, to show a client's mistakes: fields that the contract does not list, nulls,
//! repeated names and a `date` outside the years -9999 to 9999 are refused. Does not: know what was stored before.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::json::{self, Kind, Members};
use super::refusal::{Reason, Refusal};
use crate::model::decimal::Decimal;
use crate::model::time::UnixMicros;

/// Most characters of an event's name: the vendor's page on limits.
const EVENT_NAME_CHARACTERS: usize = 2_000;
/// Most attributes of one event: the same page.
const ATTRIBUTES: usize = 50;
/// Most characters of an attribute's name: the same page.
const ATTRIBUTE_NAME_CHARACTERS: usize = 1_024;
/// The contract's user types.
pub(super) const USER_TYPES: [&str; 4] = ["LEAD", "USER", "VISITOR", "EMPTY_USER_TYPE"];
/// Fields of CustomEvent that hold a string and that the sandbox only keeps.
const OTHER_TEXTS: [&str; 5] = ["sessionId", "eventType", "url", "referrer", "remoteHost"];

/// A custom event as a request gives it, checked in itself.
#[derive(Debug)]
pub(super) struct IncomingEvent {
    pub event_id: Option<String>,
    pub identify_id: String,
    pub account_id: Option<String>,
    pub event_name: String,
    pub property_key: String,
    pub user_type: &'static str,
    /// Epoch milliseconds; `None` when not sent.
    pub date: Option<i64>,
    /// A JSON object, nested values already made strings.
    pub attributes: Box<RawValue>,
    /// The attributes that are numbers; `None` for one too large to add up exactly.
    pub numbers: Vec<(String, Option<Decimal>)>,
    /// The other fields, as a JSON object.
    pub other: Option<Box<RawValue>>,
}

/// An event that the sandbox holds. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    pub(super) sequence: u64,
    pub(super) arrived: UnixMicros,
    pub(super) readable: UnixMicros,
    pub(super) event_id: Option<Arc<str>>,
    pub(super) identify_id: Arc<str>,
    pub(super) account_id: Option<Arc<str>>,
    pub(super) event_name: Arc<str>,
    pub(super) property_key: Arc<str>,
    pub(super) user_type: &'static str,
    pub(super) date: i64,
    pub(super) attributes: Arc<RawValue>,
    pub(super) other: Option<Arc<RawValue>>,
}

impl StoredEvent {
    /// Place in the order of arrival, from 0.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When it was stored, by the sandbox's clock.
    pub fn arrived(&self) -> UnixMicros {
        self.arrived
    }

    pub fn event_id(&self) -> Option<&str> {
        self.event_id.as_deref()
    }

    pub fn identify_id(&self) -> &str {
        &self.identify_id
    }

    pub fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }

    pub fn event_name(&self) -> &str {
        &self.event_name
    }

    pub fn property_key(&self) -> &str {
        &self.property_key
    }

    pub fn user_type(&self) -> &str {
        self.user_type
    }

    /// When the usage happened: epoch milliseconds.
    pub fn date_millis(&self) -> i64 {
        self.date
    }

    /// An attribute's text, `None` when it is absent or no string. Names are case-insensitive.
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.attribute(name)?.get()).ok()
    }

    /// An attribute's exact number, `None` when it is absent or no number. Names are case-insensitive.
    pub fn number(&self, name: &str) -> Option<Decimal> {
        Decimal::parse(self.attribute(name)?.get().as_bytes())
    }

    fn attribute(&self, name: &str) -> Option<&RawValue> {
        let members: Members<'_> = serde_json::from_str(self.attributes.get()).ok()?;
        let wanted = name.to_lowercase();
        members.0.into_iter().find(|(given, _)| given.to_lowercase() == wanted).map(|(_, raw)| raw)
    }

    /// The event as `GET /v1/events/custom` answers it.
    pub(super) fn wire(&self) -> WireEvent<'_> {
        WireEvent {
            event_id: self.event_id(),
            identify_id: self.identify_id(),
            property_key: self.property_key(),
            date: self.date,
            user_type: self.user_type,
            account_id: self.account_id(),
            event_name: self.event_name(),
            attributes: &self.attributes,
            other: OtherFields(self.other.as_deref()),
        }
    }
}

/// CustomEvent on the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEvent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    identify_id: &'a str,
    property_key: &'a str,
    date: i64,
    user_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    event_name: &'a str,
    attributes: &'a RawValue,
    #[serde(flatten)]
    other: OtherFields<'a>,
}

/// The members of an object that was kept whole.
struct OtherFields<'a>(Option<&'a RawValue>);

impl Serialize for OtherFields<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.0.map(|raw| serde_json::from_str::<Members<'_>>(raw.get()));
        let members = members.transpose().map_err(serde::ser::Error::custom)?;
        serializer.collect_map(members.into_iter().flat_map(|members| members.0))
    }
}

/// Reads the body of `POST /v1/events/custom`.
pub(super) fn read(body: &[u8], property_keys: &[String]) -> Result<IncomingEvent, Refusal> {
    let members = Members::read_body(body)?;
    let mut draft = Draft::default();
    for (name, raw) in &members.0 {
        draft.take(name, raw)?;
    }
    draft.finish(property_keys)
}

/// The fields of an event while its body is read.
#[derive(Default)]
struct Draft<'a> {
    event_id: Option<String>,
    identify_id: Option<String>,
    account_id: Option<String>,
    event_name: Option<String>,
    property_key: Option<String>,
    user_type: Option<&'static str>,
    date: Option<i64>,
    attributes: Attributes,
    other: Vec<(&'a str, &'a RawValue)>,
}

impl<'a> Draft<'a> {
    fn take(&mut self, name: &'a str, raw: &'a RawValue) -> Result<(), Refusal> {
        match name {
            "eventId" => self.event_id = Some(json::text(name, raw)?),
            "identifyId" => self.identify_id = Some(json::text(name, raw)?),
            "accountId" => self.account_id = Some(json::text(name, raw)?),
            "eventName" => self.event_name = Some(json::text(name, raw)?),
            "propertyKey" => self.property_key = Some(json::text(name, raw)?),
            "userType" => self.user_type = Some(user_type(name, raw)?),
            "date" => self.date = Some(date(raw)?),
            "attributes" => self.attributes = Attributes::read(raw)?,
            "globalContext" => {
                Members::read_field(name, raw)?;
                self.other.push((name, raw));
            }
            _ if OTHER_TEXTS.contains(&name) => {
                json::text(name, raw)?;
                self.other.push((name, raw));
            }
            _ => return Err(json::unknown_field(name, "CustomEvent")),
        }
        Ok(())
    }

    fn finish(self, property_keys: &[String]) -> Result<IncomingEvent, Refusal> {
        let event_name = required("eventName", self.event_name)?;
        let identify_id = required("identifyId", self.identify_id)?;
        let property_key = required("propertyKey", self.property_key)?;
        let user_type = self.user_type.ok_or_else(|| json::missing("userType"))?;
        if !property_keys.contains(&property_key) {
            return Err(Refusal::new(Reason::UnknownPropertyKey, format!("no product has the key `{property_key}`")));
        }
        if event_name.chars().count() > EVENT_NAME_CHARACTERS {
            let message = format!("`eventName` is longer than {EVENT_NAME_CHARACTERS} characters");
            return Err(Refusal::new(Reason::EventNameLength, message));
        }
        Ok(IncomingEvent {
            event_id: self.event_id,
            identify_id,
            account_id: self.account_id,
            event_name,
            property_key,
            user_type,
            date: self.date,
            attributes: object(&self.attributes.members)?,
            numbers: self.attributes.numbers,
            other: if self.other.is_empty() { None } else { Some(object(&self.other)?) },
        })
    }
}

/// A required string: an empty one is as good as none.
pub(super) fn required(name: &str, value: Option<String>) -> Result<String, Refusal> {
    value.filter(|text| !text.is_empty()).ok_or_else(|| json::missing(name))
}

/// One of the contract's user types.
pub(super) fn user_type(name: &str, raw: &RawValue) -> Result<&'static str, Refusal> {
    let given = json::text(name, raw)?;
    USER_TYPES.into_iter().find(|known| *known == given).ok_or_else(|| {
        Refusal::new(Reason::BadUserType, format!("`{name}` must be one of {}, not `{given}`", USER_TYPES.join(", ")))
    })
}

/// Milliseconds since the epoch. Microseconds of our time fall out of the calendar, and so are seen as a mistake.
fn date(raw: &RawValue) -> Result<i64, Refusal> {
    let millis = json::integer("date", raw)?;
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(_) => Ok(millis),
        Err(_) => Err(Refusal::new(Reason::BadDate, format!("`date` {millis} is no time in epoch milliseconds"))),
    }
}

#[derive(Default)]
struct Attributes {
    members: Vec<(String, Box<RawValue>)>,
    numbers: Vec<(String, Option<Decimal>)>,
}

impl Attributes {
    fn read(raw: &RawValue) -> Result<Self, Refusal> {
        let members = Members::read_field("attributes", raw)?.0;
        if members.len() > ATTRIBUTES {
            let message = format!("an event has at most {ATTRIBUTES} attributes, this one {}", members.len());
            return Err(Refusal::new(Reason::TooManyAttributes, message));
        }
        refuse_collisions(&members)?;
        let mut attributes = Self::default();
        for (name, raw) in members {
            if name.is_empty() || name.chars().count() > ATTRIBUTE_NAME_CHARACTERS {
                let message = format!("an attribute's name has 1 to {ATTRIBUTE_NAME_CHARACTERS} characters");
                return Err(Refusal::new(Reason::AttributeNameLength, message));
            }
            attributes.take(name, raw)?;
        }
        Ok(attributes)
    }

    fn take(&mut self, name: String, raw: &RawValue) -> Result<(), Refusal> {
        let kept = match json::kind(raw) {
            Kind::Null => return Err(json::wrong_type(&name, "a string, a number, a boolean or an object")),
            Kind::Nested => raw_string(raw.get())?,
            Kind::Text => raw_string(&json::text(&name, raw)?)?,
            Kind::Boolean => raw.to_owned(),
            Kind::Number => {
                serde_json::from_str::<f64>(raw.get()).map_err(|_| json::wrong_type(&name, "a number of 64 bits"))?;
                self.numbers.push((name.clone(), Decimal::parse(raw.get().as_bytes())));
                raw.to_owned()
            }
        };
        self.members.push((name, kept));
        Ok(())
    }
}

fn refuse_collisions(members: &[(String, &RawValue)]) -> Result<(), Refusal> {
    let mut names: Vec<String> = members.iter().map(|(name, _)| name.to_lowercase()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => {
            let message = format!("attribute names are case-insensitive: `{}` is there twice", pair[0]);
            Err(Refusal::new(Reason::AttributeNamesCollide, message))
        }
    }
}

/// A text as a JSON string.
fn raw_string(text: &str) -> Result<Box<RawValue>, Refusal> {
    serde_json::value::to_raw_value(text).map_err(|err| Refusal::new(Reason::BadJson, err.to_string()))
}

/// Members as one JSON object, in their order.
fn object<N: Serialize, R: Serialize>(members: &[(N, R)]) -> Result<Box<RawValue>, Refusal> {
    struct Object<'a, N, R>(&'a [(N, R)]);
    impl<N: Serialize, R: Serialize> Serialize for Object<'_, N, R> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(name, raw)| (name, raw)))
        }
    }
    serde_json::value::to_raw_value(&Object(members)).map_err(|err| Refusal::new(Reason::BadJson, err.to_string()))
}
