//! PX's calls: from a request to its answer, without a socket.
//!
//! Promises: key and permission first, then the rate, then the call; one answer for each call, and every refusal counted.
//! Does not: show faults; that is the server's.

use serde::Serialize;
use serde_json::{Value, json};

use super::Shared;
use super::attributes::Model;
use super::books::{Books, StoreRules};
use super::event;
use super::filter::{self, Field, FieldKind};
use super::profiles::ProfileRules;
use super::query::{ListCall, ListQuery, Ranged};
use super::refusal::{Reason, Refusal};
use crate::model::time::UnixMicros;

/// Largest body taken. The contract is silent; 50 attributes of some kilobytes fit.
pub(super) const BODY_BYTES: usize = 1 << 20;

const EVENT_LIST: ListCall = ListCall {
    fields: &[("identifyId", FieldKind::Id), ("eventName", FieldKind::Text), ("date", FieldKind::Instant)],
    sort_fields: &["accountId", "date"],
    ranged: Ranged::ByDate,
};
/// The contract does not name the filter fields of users and accounts: these are the texts of their shapes.
const USER_LIST: ListCall = ListCall { fields: USER_FILTERS, sort_fields: &["identifyId"], ranged: Ranged::No };
const USER_FILTERS: &[Field] = &[
    ("identifyId", FieldKind::Id),
    ("accountId", FieldKind::Id),
    ("email", FieldKind::Text),
    ("firstName", FieldKind::Text),
    ("lastName", FieldKind::Text),
    ("title", FieldKind::Text),
    ("role", FieldKind::Text),
    ("type", FieldKind::Text),
];
const ACCOUNT_LIST: ListCall = ListCall { fields: ACCOUNT_FILTERS, sort_fields: &["id"], ranged: Ranged::No };
const ACCOUNT_FILTERS: &[Field] = &[
    ("id", FieldKind::Id),
    ("name", FieldKind::Text),
    ("plan", FieldKind::Text),
    ("industry", FieldKind::Text),
    ("website", FieldKind::Text),
    ("parentGroupId", FieldKind::Id),
];

/// A request to PX, read whole.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub method: String,
    /// Path as sent, without the query.
    pub path: String,
    /// `None` when it cannot be read.
    pub query: Option<Vec<(String, String)>>,
    pub api_key: Option<String>,
    pub content_type: Option<String>,
    /// `None` when it was larger than [`BODY_BYTES`].
    pub body: Option<Vec<u8>>,
}

/// PX's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    /// JSON; empty where the contract gives none.
    pub body: String,
    /// The event's place in the order of arrival.
    pub stored: Option<u64>,
    pub refused: Option<Reason>,
}

impl Answer {
    const fn empty(status: u16) -> Self {
        Self { status, body: String::new(), stored: None, refused: None }
    }

    fn ok(body: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_string(body).map_err(|err| Refusal::new(Reason::BadJson, err.to_string()))?;
        Ok(Self { body, ..Self::empty(200) })
    }
}

/// Answers a call.
pub(super) fn answer(shared: &Shared, call: &Call) -> Answer {
    route(shared, call).unwrap_or_else(|refusal| {
        shared.books().refused(refusal.reason);
        let (status, _) = refusal.reason.status();
        Answer { body: refusal.body(), refused: Some(refusal.reason), ..Answer::empty(status) }
    })
}

fn route(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    check_access(shared, call)?;
    let now = shared.settings.clock.now();
    let mut books = shared.books();
    books.meter.admit(now, &shared.settings.limits)?;
    let segments = segments(&call.path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("POST", ["v1", "events", "custom"]) => store_event(shared, &mut books, call, now),
        ("GET", ["v1", "events", "custom"]) => list_events(&books, call, now),
        ("GET", ["v1", "admin", "model", model, "attributes"]) => match *model {
            "user" => Answer::ok(&books.catalogue.list(Model::User)),
            "account" => Answer::ok(&books.catalogue.list(Model::Account)),
            other => Err(Refusal::new(Reason::NotFound, format!("no model `{other}`"))),
        },
        ("GET", ["v1", "admin", "subscription"]) => Answer::ok(&subscription(shared)),
        (_, ["v1", "users", rest @ ..]) => profile_call(shared, &mut books, call, (Model::User, rest), now),
        (_, ["v1", "accounts", rest @ ..]) => profile_call(shared, &mut books, call, (Model::Account, rest), now),
        _ => Err(no_such_call(call)),
    }
}

fn profile_call(
    shared: &Shared,
    books: &mut Books,
    call: &Call,
    (model, rest): (Model, &[&str]),
    now: UnixMicros,
) -> Result<Answer, Refusal> {
    match (call.method.as_str(), rest) {
        ("GET", []) => list_profiles(books, call, model, now),
        ("GET", [id]) => Answer::ok(&books.profiles(model).get(id)?.fields),
        ("POST" | "PUT", _) => {
            let body = json_body(call)?;
            let Books { users, accounts, catalogue, oddities, .. } = books;
            let profiles = if model == Model::User { users } else { accounts };
            let rules = ProfileRules { property_keys: &shared.settings.product_keys, catalogue, now };
            let (change, status) = match (call.method.as_str(), rest) {
                ("POST", []) => (profiles.create(body, &rules)?, 201),
                ("PUT", ["update"]) => (profiles.update(None, body, &rules)?, 204),
                ("PUT", [id]) => (profiles.update(Some(id), body, &rules)?, 204),
                _ => return Err(no_such_call(call)),
            };
            oddities.dropped_attributes += change.dropped_attributes;
            Ok(Answer::empty(status))
        }
        _ => Err(no_such_call(call)),
    }
}

fn no_such_call(call: &Call) -> Refusal {
    Refusal::new(Reason::NoSuchCall, format!("the contract has no call {} {}", call.method, call.path))
}

fn check_access(shared: &Shared, call: &Call) -> Result<(), Refusal> {
    let Some(given) = &call.api_key else {
        return Err(Refusal::new(Reason::KeyMissing, "the header X-APTRINSIC-API-KEY is missing"));
    };
    let Some(key) = shared.settings.api_keys.iter().find(|known| known.key == *given) else {
        return Err(Refusal::new(Reason::KeyUnknown, "the API key is not known"));
    };
    if call.method == "GET" {
        let refusal = || Refusal::new(Reason::NoReadPermission, "the API key has no Read permission");
        if key.permissions.can_read() { Ok(()) } else { Err(refusal()) }
    } else if key.permissions.can_write() {
        Ok(())
    } else {
        Err(Refusal::new(Reason::NoWritePermission, "the API key has no Write permission"))
    }
}

fn store_event(shared: &Shared, books: &mut Books, call: &Call, now: UnixMicros) -> Result<Answer, Refusal> {
    query(call, 0)?;
    let event = event::read(json_body(call)?, &shared.settings.product_keys)?;
    let read_lag = shared.faults().draw_read_lag();
    let rules = StoreRules { limits: &shared.settings.limits, time_zone: &shared.time_zone, now, read_lag };
    let sequence = books.store(event, &rules)?;
    shared.stored.notify_all();
    Ok(Answer { stored: Some(sequence), ..Answer::empty(201) })
}

/// CustomEventsPage of the contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventPage<'a> {
    custom_events: Vec<event::WireEvent<'a>>,
    total_hits: usize,
    scroll_id: String,
}

fn list_events(books: &Books, call: &Call, now: UnixMicros) -> Result<Answer, Refusal> {
    let query = ListQuery::read(query(call, usize::MAX)?, &EVENT_LIST, books.snapshot(now))?;
    let matched = books.matching(&query);
    let (page, scroll) = query.page(&matched);
    let events: Vec<_> = page.iter().map(|event| event.wire()).collect();
    Answer::ok(&EventPage { custom_events: events, total_hits: matched.len(), scroll_id: scroll })
}

fn list_profiles(books: &Books, call: &Call, model: Model, now: UnixMicros) -> Result<Answer, Refusal> {
    let (name, list) = match model {
        Model::User => ("users", &USER_LIST),
        Model::Account => ("accounts", &ACCOUNT_LIST),
    };
    let profiles = books.profiles(model);
    let query = ListQuery::read(query(call, usize::MAX)?, list, profiles.snapshot(now))?;
    let mut matched: Vec<&serde_json::Map<String, Value>> = profiles
        .all()
        .filter(|profile| profile.sequence < query.snapshot.before_sequence)
        .filter(|profile| query.filter.accepts(|field| filter::Value::Text(profile.text(field))))
        .map(|profile| &profile.fields)
        .collect();
    if query.sort.as_ref().is_some_and(|(_, direction)| *direction == super::query::Direction::Down) {
        matched.reverse();
    }
    let (page, scroll) = query.page(&matched);
    Answer::ok(&json!({ name: page, "totalHits": matched.len(), "scrollId": scroll }))
}

fn subscription(shared: &Shared) -> Value {
    let keys: Vec<Value> = shared.settings.product_keys.iter().map(|key| json!({ "productKey": key })).collect();
    json!({
        "id": "sandbox", "name": "Sandbox", "timeZone": shared.settings.time_zone,
        "products": [{ "name": "Sandbox product", "productKeys": keys }],
    })
}

/// The query, refused when it cannot be read or has more than `most` parameters.
fn query(call: &Call, most: usize) -> Result<&[(String, String)], Refusal> {
    match &call.query {
        Some(pairs) if pairs.len() <= most => Ok(pairs),
        Some(pairs) => Err(Refusal::new(
            Reason::BadParameter,
            format!("`{}` is not a parameter of this call", pairs.first().map_or("", |(name, _)| name)),
        )),
        None => Err(Refusal::new(Reason::BadParameter, "the query cannot be read")),
    }
}

/// The body of a call that must send JSON.
fn json_body(call: &Call) -> Result<&[u8], Refusal> {
    let given = call.content_type.as_deref().unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    if !is_json || !parts.all(|parameter| parameter.eq_ignore_ascii_case("charset=utf-8")) {
        let message = format!("Content-Type must be application/json in UTF-8, not `{given}`");
        return Err(Refusal::new(Reason::ContentType, message));
    }
    call.body
        .as_deref()
        .ok_or_else(|| Refusal::new(Reason::BodyTooLarge, format!("the body is larger than {BODY_BYTES} bytes")))
}

/// The path's parts, decoded. An id with `/` or `\` cannot stand in a path: PX has its `update` calls for those.
fn segments(path: &str) -> Result<Vec<String>, Refusal> {
    let bad = |part: &str| Refusal::new(Reason::BadPath, format!("`{part}` cannot stand in a path"));
    let parts = path.strip_prefix('/').unwrap_or(path).split('/');
    parts
        .map(|part| {
            let decoded = percent_decoded(part).ok_or_else(|| bad(part))?;
            if decoded.is_empty() || decoded.contains(['/', '\\']) { Err(bad(part)) } else { Ok(decoded) }
        })
        .collect()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            (digit()? * 16 + digit()?) as u8
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests;
