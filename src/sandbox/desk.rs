//! The sandbox's own desk, beside PX's calls: a page that shows what arrived, and JSON to look at and change what it holds.
//!
//! Promises: text from events reaches the page as text only, and the page loads nothing from elsewhere; a page of another
//! site in the same browser can neither read nor change anything. Does not: ask for a key.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::attributes::{Attribute, Model};
use super::books::{Books, RequestNote, Total, TotalKey};
use super::event::{StoredEvent, WireEvent};
use super::faults::FaultScript;
use super::{Exposure, Shared};

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
/// The page's own script and style, and calls back here; nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'";

pub(super) fn routes(exposure: Exposure) -> Router<Arc<Shared>> {
    let routes = Router::new()
        .route("/", get(async || content("text/html; charset=utf-8", PAGE)))
        .route("/sandbox/page.js", get(async || content("text/javascript; charset=utf-8", SCRIPT)))
        .route("/sandbox/events", get(events))
        .route("/sandbox/requests", get(requests))
        .route("/sandbox/users", get(users))
        .route("/sandbox/attributes", get(attributes).put(define_attributes))
        .route("/sandbox/faults", get(faults).post(set_faults).delete(clear_faults))
        .route("/sandbox/reset", post(reset));
    match exposure {
        Exposure::LoopbackOnly => routes.layer(middleware::from_fn(guard)),
        Exposure::AnyAddress => routes,
    }
}

/// Turns away what a page of another site makes a browser send, be it by a name that leads to this host.
async fn guard(request: Request, next: Next) -> Response {
    if comes_from_here(request.headers()) {
        return next.run(request).await;
    }
    let mut response = refused("the desk is for this host only: call it by its address or as localhost");
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

fn comes_from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let own_site = text(HeaderName::from_static("sec-fetch-site")).is_none_or(|site| site != "cross-site");
    own_site && text(header::HOST).is_some_and(is_this_host)
}

fn is_this_host(host: &str) -> bool {
    let is_address = host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok();
    is_address || host == "localhost" || host.starts_with("localhost:")
}

/// Which part of a list is asked for. `summary` with any value but `0` asks for sums instead of events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    summary: Option<String>,
    from: Option<usize>,
    limit: Option<usize>,
}

impl Part {
    fn of<'a, T: 'a>(&self, all: impl Iterator<Item = &'a T>) -> impl Iterator<Item = &'a T> {
        all.skip(self.from.unwrap_or(0)).take(self.limit.unwrap_or(usize::MAX))
    }
}

/// An event as the desk shows it: as PX answers it, with what PX would not tell.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownEvent<'a> {
    sequence: u64,
    /// Epoch milliseconds.
    arrived: i64,
    /// Epoch milliseconds: reads show it from then on.
    readable: i64,
    #[serde(flatten)]
    event: WireEvent<'a>,
}

impl<'a> ShownEvent<'a> {
    fn of(event: &'a StoredEvent) -> Self {
        let (arrived, readable) = (event.arrived.millis(), event.readable.millis());
        Self { sequence: event.sequence, arrived, readable, event: event.wire() }
    }
}

#[derive(Serialize)]
struct EventList<'a> {
    count: usize,
    repeated: Vec<Value>,
    events: Vec<ShownEvent<'a>>,
}

#[derive(Serialize)]
struct Summary<'a> {
    count: usize,
    repeated: Vec<Value>,
    refused: Value,
    oddities: super::Oddities,
    totals: Vec<ShownTotal<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownTotal<'a> {
    event_name: &'a str,
    account_id: Option<&'a str>,
    day: String,
    events: u64,
    /// Exact decimals; null where a sum is too large to be exact.
    sums: BTreeMap<&'a str, Option<Box<RawValue>>>,
}

impl<'a> ShownTotal<'a> {
    fn of((key, total): (&'a TotalKey, &'a Total)) -> Self {
        let exact = |sum: &crate::model::decimal::Decimal| RawValue::from_string(sum.to_string()).ok();
        let sums = total.sums.iter().map(|(name, sum)| (name.as_str(), sum.as_ref().and_then(exact)));
        Self {
            event_name: &key.event_name,
            account_id: key.account_id.as_deref(),
            day: key.day.to_string(),
            events: total.events,
            sums: sums.collect(),
        }
    }
}

fn repeated(books: &Books) -> Vec<Value> {
    books.repeated().into_iter().map(|(id, times)| json!({ "eventId": id, "times": times })).collect()
}

async fn events(State(shared): State<Arc<Shared>>, Query(part): Query<Part>) -> Response {
    let books = shared.books();
    let count = books.events.len();
    let repeated = repeated(&books);
    if part.summary.as_deref().is_none_or(|value| value == "0") {
        let events = part.of(books.events.iter()).map(ShownEvent::of).collect();
        return answer(&EventList { count, repeated, events });
    }
    let refused = books.refusals.iter().map(|(reason, count)| (reason.to_string(), Value::from(*count)));
    answer(&Summary {
        count,
        repeated,
        refused: Value::Object(refused.collect()),
        oddities: books.oddities,
        totals: books.totals.iter().map(ShownTotal::of).collect(),
    })
}

fn shown_note(note: &RequestNote) -> Value {
    json!({
        "at": note.at.millis(), "method": note.method, "path": note.path, "status": note.status,
        "stored": note.stored, "refused": note.refused, "fault": note.fault,
    })
}

async fn requests(State(shared): State<Arc<Shared>>, Query(part): Query<Part>) -> Response {
    let books = shared.books();
    let shown: Vec<Value> = part.of(books.notes.iter()).map(shown_note).collect();
    answer(&json!({ "count": books.notes.len(), "requests": shown }))
}

async fn users(State(shared): State<Arc<Shared>>) -> Response {
    let books = shared.books();
    let all = |model| books.profiles(model).all().map(|profile| &profile.fields).collect::<Vec<_>>();
    answer(&json!({ "users": all(Model::User), "accounts": all(Model::Account) }))
}

async fn attributes(State(shared): State<Arc<Shared>>) -> Response {
    let books = shared.books();
    answer(&json!({ "user": books.catalogue.list(Model::User), "account": books.catalogue.list(Model::Account) }))
}

/// Attributes to define: `{"user": [{"apiName": "apiCallsToday", "type": "NUMBER"}], "account": []}`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Definitions {
    user: Vec<Attribute>,
    account: Vec<Attribute>,
}

async fn define_attributes(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let definitions: Definitions = match serde_json::from_slice(&body) {
        Ok(definitions) => definitions,
        Err(err) => return refused(&format!("attributes: {err}")),
    };
    let mut books = shared.books();
    for (model, attributes) in [(Model::User, definitions.user), (Model::Account, definitions.account)] {
        for attribute in attributes {
            books.catalogue.define(model, attribute);
        }
    }
    done()
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    let machine = shared.faults();
    answer(&json!({ "script": machine.script(), "fired": machine.fired() }))
}

async fn set_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let script: FaultScript = match serde_json::from_slice(&body) {
        Ok(script) => script,
        Err(err) => return refused(&format!("faults: {err}")),
    };
    if let Err(message) = script.check() {
        return refused(&format!("faults: {message}"));
    }
    shared.faults().replace(script);
    done()
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> Response {
    shared.faults().replace(FaultScript::default());
    done()
}

async fn reset(State(shared): State<Arc<Shared>>) -> Response {
    shared.books().reset();
    done()
}

fn done() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn refused(message: &str) -> Response {
    let mut response = answer(&json!({ "error": message }));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

fn answer(body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(json) => content("application/json", json),
        Err(err) => {
            let mut response = content("text/plain; charset=utf-8", err.to_string());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

fn content(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
