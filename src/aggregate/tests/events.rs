//! Statements about the events that a window gives. The ids were reckoned by another program from the encoding's
//! description: they may never change, or what was sent before an update would be sent again after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Added, Aggregator, Rule};
use super::support::*;
use crate::model::decimal::Decimal;
use crate::model::event::{AttributeValue, SealedEvent};
use crate::model::record::{Input, KeyPart, MetricIndex, UsageRecord};
use crate::model::spec::{DateOf, MetricSpec, WindowLength};
use crate::model::time::UnixMicros;

/// 2026-11-23 in New York: 00:00 and 12:00.
const START: i64 = 1_795_410_000;
const NOON: i64 = 1_795_453_200;

fn day_spec() -> MetricSpec {
    let mut spec = hour_spec();
    spec.name = "api-usage".to_owned();
    spec.event.value = "API Usage".to_owned();
    spec.window = WindowLength::Day;
    spec.time_zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let category = spec.properties["category"].clone();
    spec.properties = BTreeMap::from(["flag", "kind", "status"].map(|name| (name.to_owned(), category.clone())));
    spec.max_groups = 3;
    spec
}

fn text(text: &str) -> KeyPart {
    KeyPart::Text(text.to_owned())
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text.as_bytes()).unwrap()
}

/// User, account, flag, kind, status; the last one is one more than there is room for.
fn keys() -> [[KeyPart; 5]; 4] {
    use KeyPart::{Absent, Boolean, Number};
    [
        [text("ada"), Absent, Absent, Absent, Absent],
        [text("ada"), text("acme"), Boolean(true), text("PDF ☃"), Number(decimal("200.50"))],
        [Absent, text("acme"), Boolean(false), text(""), Number(decimal("-1"))],
        [text("eve"), text("acme"), Absent, Absent, Absent],
    ]
}

fn count(aggregator: &mut Aggregator, key: &[KeyPart], bytes: Option<&str>) -> Added {
    let bytes = bytes.map_or(Input::Absent, |bytes| Input::Number(decimal(bytes)));
    let inputs = [bytes, Input::One, bytes, bytes];
    let key = key_from(key);
    let record = UsageRecord { metric: MetricIndex(0), time: at(START), key: &key, inputs: &inputs };
    aggregator.add(&record, at(START))
}

fn events_of(spec: &MetricSpec) -> (Vec<SealedEvent>, Vec<SealedEvent>) {
    let mut aggregator = Aggregator::new(AGENT, vec![Arc::new(Rule::new(spec))]);
    for key in keys() {
        count(&mut aggregator, &key, Some("1.25"));
    }
    let seal = |aggregator: &mut Aggregator| {
        let due = aggregator.sealable(at(START + 10 * DAY), |_, _| UnixMicros::MAX);
        let commit = aggregator.commit(&due);
        let events: Vec<_> = commit.sealing().flat_map(|window| window.events()).collect();
        commit.confirm();
        events
    };
    let first = seal(&mut aggregator);
    assert_eq!(count(&mut aggregator, &keys()[0], None), Added::Late);
    (first, seal(&mut aggregator))
}

#[test]
fn ids_never_change() {
    let (events, revision) = events_of(&day_spec());
    let ids: Vec<String> = events.iter().chain(&revision).map(|event| event.id.to_string()).collect();
    assert_eq!(
        ids,
        [
            "b450a87b-eed2-5cd0-9b92-57d6b476d495",
            "dd5729ab-5518-5526-a78e-4e5cfc4599d1",
            "e31761ea-9faf-5083-8fc1-06f052109031",
            "0ef1673c-50cd-574f-850c-c9905ca18ff5",
            "a3bd5e59-c29e-5478-b6ba-44bdc7e4899c",
        ]
    );
}

#[test]
fn an_event_tells_its_group_and_its_window() {
    let (events, revision) = events_of(&day_spec());
    let number = |text: &str| AttributeValue::Number(decimal(text));
    let expected = SealedEvent {
        id: events[1].id,
        metric: "api-usage".to_owned(),
        name: "API Usage".to_owned(),
        identify_id: Some("ada".to_owned()),
        account: Some("acme".to_owned()),
        window: crate::model::event::Window { start: at(START), end: at(START + DAY) },
        revision: 1,
        date: at(NOON),
        attributes: [
            ("bytes", number("1.25")),
            ("count", number("1")),
            ("flag", AttributeValue::Boolean(true)),
            ("kind", AttributeValue::Text("PDF ☃".to_owned())),
            ("largest", number("1.25")),
            ("smallest", number("1.25")),
            ("status", number("200.5")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec(),
        parked: None,
        lines: 1,
    };
    assert_eq!(events[1], expected);
    let told: Vec<_> = events.iter().map(|event| (event.identify_id.as_deref(), event.account.as_deref())).collect();
    let service = Some("service");
    assert_eq!(told, [(Some("ada"), None), (Some("ada"), Some("acme")), (service, Some("acme")), (service, None)]);
    // No line of the revision had a number: there is no sum to tell.
    assert_eq!(revision[0].attributes, [("count".to_owned(), number("1"))]);
    assert_eq!((revision[0].revision, revision[0].date), (2, at(NOON)));
}

#[test]
fn an_event_that_nobody_can_have_done_is_parked() {
    let mut spec = day_spec();
    spec.service_user = None;
    let (events, _) = events_of(&spec);
    let parked: Vec<_> = events.iter().map(|event| (event.identify_id.is_none(), event.parked.as_deref())).collect();
    let reason = "has no user, and metric `api-usage` had no `service_user` when its window was opened";
    let (group, overflow) = (format!("the group {reason}"), format!("the overflow group {reason}"));
    assert_eq!(parked, [(false, None), (false, None), (true, Some(group.as_str())), (true, Some(overflow.as_str()))]);
}

#[test]
fn the_date_can_be_the_start() {
    let mut spec = day_spec();
    spec.date = DateOf::Start;
    assert!(events_of(&spec).0.iter().all(|event| event.date == at(START)));
}
