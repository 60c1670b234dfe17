//! What PX says of itself when it is asked: the subscription, and events by name.
//!
//! Promises: writes nothing but the event it is given; each question is asked once, and an answer that does not come is told
//! with its reason. Does not: judge what it hears.
//!
//! The calls are `GET /v1/admin/subscription`, `GET` and `POST /v1/events/custom` of PX's REST contract, version 0.1.6.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::PushError;
use super::answer::Answer;
use super::http::{HttpTransport, Outgoing, Transport};
use super::key::ApiKey;
use super::observe::Call;
use super::settings::PushSettings;
use super::settle::{can_stand_in_filter, percent_encoded};
use super::wire::USAGE_ID;
use crate::model::event::EventId;
use crate::model::time::UnixMicros;

/// How far back events of a name are looked for: PX refuses a range of more than 190 days.
pub const LOOK_BACK: Duration = Duration::from_hours(24 * 90);

/// How far around its date an event that was just sent is looked for.
const AROUND: Duration = Duration::from_hours(1);

/// An answer to a question, as far as there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<T> {
    Said(T),
    /// 401: the key is not known here.
    UnknownKey,
    /// 403 or 404: the key may not ask this, or the call is not there.
    NotAllowed {
        status: u16,
    },
    /// 429.
    TooFast,
    /// Nothing was heard, or nothing that can be read.
    Nothing {
        reason: String,
    },
}

/// The subscription that a key belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    #[serde(default)]
    pub name: Option<String>,
    /// An IANA name, as the company set it.
    #[serde(default, rename = "timeZone")]
    pub time_zone: Option<String>,
    #[serde(default)]
    pub products: Vec<Product>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Product {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default, rename = "productKeys")]
    pub keys: Vec<ProductKey>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ProductKey {
    #[serde(rename = "productKey")]
    pub key: String,
}

/// An event that was sent, as PX shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whether `eventId` came back as it was sent.
    pub has_event_id: bool,
    /// Whether the attribute `usageId` did.
    pub has_usage_id: bool,
}

/// What became of an event that was sent to try PX out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    Taken,
    /// PX, or something before it, said no.
    Refused {
        status: u16,
        body: String,
    },
    /// It may have arrived, or not.
    Unknown {
        reason: String,
    },
}

/// Which events to look for, of the hour around a date.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub id: EventId,
    pub date: UnixMicros,
    /// Fields and values of PX's filter; all must hold.
    pub filter: &'a [(&'a str, &'a str)],
}

/// A page of events: how many there are in all, where PX says so.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(rename = "customEvents")]
    events: Vec<serde::de::IgnoredAny>,
    #[serde(default, rename = "totalHits")]
    total: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Events {
    #[serde(rename = "customEvents")]
    events: Vec<Value>,
}

/// What an event of a page has of the one that is looked for: by its ids, or by its date to the millisecond where PX gives
/// back neither.
fn shown(event: &Value, look: Look<'_>) -> Option<Shown> {
    let id = look.id.to_string();
    let text = |value: Option<&Value>| value.and_then(Value::as_str) == Some(id.as_str());
    let attributes = event.get("attributes").and_then(Value::as_object);
    // PX does not tell upper from lower case in names of attributes.
    let usage_id = attributes.and_then(|all| all.iter().find(|(name, _)| name.eq_ignore_ascii_case(USAGE_ID)));
    let shown =
        Shown { has_event_id: text(event.get("eventId")), has_usage_id: text(usage_id.map(|(_, value)| value)) };
    let has_date = event.get("date").and_then(Value::as_i64) == Some(look.date.millis());
    (shown.has_event_id || shown.has_usage_id || has_date).then_some(shown)
}

/// Asks PX.
pub struct Inquiry<T = HttpTransport> {
    transport: T,
    base_url: String,
    key: ApiKey,
}

impl Inquiry {
    /// Errors as those of a start of push: an address that cannot be one, certificates that cannot be read.
    pub fn new(settings: &PushSettings, key: ApiKey) -> Result<Self, PushError> {
        Ok(Self { transport: HttpTransport::new(settings)?, base_url: settings.base_url.clone(), key })
    }
}

impl<T: Transport> Inquiry<T> {
    pub async fn subscription(&self) -> Reply<Subscription> {
        self.ask("/admin/subscription").await
    }

    /// How many events of a name PX shows for the last [`LOOK_BACK`]. `None` asks whether events can be read at all.
    pub async fn events(&self, name: Option<&str>, now: UnixMicros) -> Reply<u64> {
        let mut path = String::from("/events/custom?");
        if let Some(name) = name.filter(|name| can_stand_in_filter(name)) {
            let _ = write!(path, "filter={}&", percent_encoded(&format!("eventName=={name}")));
        }
        let _ =
            write!(path, "dateRangeStart={}&dateRangeEnd={}&pageSize=1", now.minus(LOOK_BACK).millis(), now.millis());
        match self.ask::<Page>(&path).await {
            Reply::Said(page) => Reply::Said(page.total.unwrap_or(page.events.len() as u64)),
            Reply::UnknownKey => Reply::UnknownKey,
            Reply::NotAllowed { status } => Reply::NotAllowed { status },
            Reply::TooFast => Reply::TooFast,
            Reply::Nothing { reason } => Reply::Nothing { reason },
        }
    }

    /// Sends one event: the body as [`super::wire::custom_event`] makes it.
    pub async fn post(&self, body: &str) -> Posted {
        let url = format!("{}/events/custom", self.base_url);
        let outgoing = Outgoing { call: Call::SendEvent, url, body: Some(Arc::from(body)), key: self.key.clone() };
        match self.transport.send(outgoing).await {
            Answer::Status { status: 201, .. } => Posted::Taken,
            answer @ Answer::Status { status, .. } if (400..500).contains(&status) => {
                Posted::Refused { status, body: answer.shown_body() }
            }
            other => Posted::Unknown { reason: other.in_short() },
        }
    }

    /// Looks for an event: `Said(None)` when PX does not show it.
    pub async fn find(&self, look: Look<'_>) -> Reply<Option<Shown>> {
        let mut path = String::from("/events/custom?");
        if !look.filter.is_empty() {
            let parts: Vec<String> = look.filter.iter().map(|(field, value)| format!("{field}=={value}")).collect();
            let _ = write!(path, "filter={}&", percent_encoded(&parts.join(";")));
        }
        let (from, to) = (look.date.minus(AROUND).millis(), look.date.plus(AROUND).millis());
        let _ = write!(path, "dateRangeStart={from}&dateRangeEnd={to}&pageSize=1000&sort=-date");
        match self.ask::<Events>(&path).await {
            Reply::Said(page) => Reply::Said(page.events.iter().find_map(|event| shown(event, look))),
            Reply::UnknownKey => Reply::UnknownKey,
            Reply::NotAllowed { status } => Reply::NotAllowed { status },
            Reply::TooFast => Reply::TooFast,
            Reply::Nothing { reason } => Reply::Nothing { reason },
        }
    }

    async fn ask<A: for<'a> Deserialize<'a>>(&self, path: &str) -> Reply<A> {
        let url = format!("{}{path}", self.base_url);
        // Read as a look-up is: whole, or not at all.
        let outgoing = Outgoing { call: Call::FindEvent, url, body: None, key: self.key.clone() };
        match self.transport.send(outgoing).await {
            Answer::Status { status: 200, body, .. } => match serde_json::from_slice(&body) {
                Ok(said) => Reply::Said(said),
                Err(err) => Reply::Nothing { reason: format!("the answer is not of PX's shape: {err}") },
            },
            Answer::Status { status: 401, .. } => Reply::UnknownKey,
            Answer::Status { status: status @ (403 | 404), .. } => Reply::NotAllowed { status },
            Answer::Status { status: 429, .. } => Reply::TooFast,
            other => Reply::Nothing { reason: other.in_short() },
        }
    }
}
