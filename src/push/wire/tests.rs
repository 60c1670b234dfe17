use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::model::decimal::Decimal;
use crate::model::event::{EventId, Window};
use crate::model::time::UnixMicros;

const PRODUCT_KEY: &str = "AP-XXXXXXXXXXXX-2";

fn number(text: &str) -> AttributeValue {
    AttributeValue::Number(Decimal::parse(text.as_bytes()).unwrap())
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::Text(text.to_owned())
}

fn event() -> SealedEvent {
    let start = UnixMicros::from_seconds(1_763_874_000);
    SealedEvent {
        id: EventId(Uuid::from_u128(0x0123_4567_89ab_5def_8123_4567_89ab_cdef)),
        metric: "api-usage".to_owned(),
        name: "API Usage".to_owned(),
        identify_id: Some("u-1".to_owned()),
        account: Some("acme".to_owned()),
        window: Window { start, end: UnixMicros::from_seconds(1_763_960_400) },
        revision: 1,
        date: UnixMicros::from_seconds(1_763_917_200),
        attributes: vec![
            ("apiCalls".to_owned(), number("12")),
            ("bytesOut".to_owned(), number("123456789012345678.5")),
            ("category".to_owned(), text("Reports")),
        ],
        parked: None,
        lines: 12,
    }
}

#[test]
fn the_body_is_these_bytes() {
    let rendered = custom_event(&event(), PRODUCT_KEY);
    let expected = concat!(
        r#"{"eventId":"01234567-89ab-5def-8123-456789abcdef","identifyId":"u-1","#,
        r#""propertyKey":"AP-XXXXXXXXXXXX-2","userType":"USER","accountId":"acme","eventName":"API Usage","#,
        r#""date":1763917200000,"attributes":{"apiCalls":12,"bytesOut":123456789012345678.5,"category":"Reports","#,
        r#""revision":1,"usageDigest":"DIGEST","usageId":"01234567-89ab-5def-8123-456789abcdef","#,
        r#""windowEnd":"2025-11-24T05:00:00.000Z","windowStart":"2025-11-23T05:00:00.000Z"}}"#,
    );
    // Of the body without its digest, after the format's name: another digest is another format.
    assert_eq!(rendered.digest, "407436b41610f1317c8c50d70a76a97d");
    assert_eq!(rendered.body, expected.replace("DIGEST", &rendered.digest));
    assert_eq!(rendered.parked, None);
}

#[test]
fn every_kind_of_value_has_its_form() {
    let mut event = event();
    event.account = None;
    event.revision = 3;
    event.identify_id = Some("a\"b\\c\u{1}\u{e9}\u{1f600}".to_owned());
    event.attributes = vec![
        ("n".to_owned(), number("-0.000000000000001")),
        ("t".to_owned(), AttributeValue::Time(UnixMicros::from_millis(1_763_917_200_123))),
        ("yes".to_owned(), AttributeValue::Boolean(true)),
        ("zero".to_owned(), number("0")),
    ];
    let body = custom_event(&event, PRODUCT_KEY).body;
    for part in [
        "\"identifyId\":\"a\\\"b\\\\c\\u0001\u{e9}\u{1f600}\",",
        r#""n":-0.000000000000001,"#,
        r#""t":"2025-11-23T17:00:00.123Z","#,
        r#""yes":true,"#,
        r#""zero":0}"#,
        r#""revision":3,"#,
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
    assert!(!body.contains("accountId"), "{body}");
}

#[test]
fn every_part_of_an_event_is_in_its_digest() {
    let base = custom_event(&event(), PRODUCT_KEY).digest;
    let changes: [fn(&mut SealedEvent); 9] = [
        |event| event.id = EventId(Uuid::from_u128(1)),
        |event| event.name.push('x'),
        |event| event.identify_id = Some("u-2".to_owned()),
        |event| event.account = None,
        |event| event.window.start = UnixMicros(0),
        |event| event.window.end = UnixMicros(0),
        |event| event.revision = 2,
        |event| event.date = UnixMicros(0),
        |event| event.attributes[0].1 = number("13"),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut event = event();
        change(&mut event);
        assert_ne!(custom_event(&event, PRODUCT_KEY).digest, base, "change {index}");
    }
    assert_ne!(custom_event(&event(), "AP-OTHER-2").digest, base);
    let mut same = event();
    same.metric = "renamed".to_owned();
    same.attributes[0].1 = number("12.000");
    assert_eq!(custom_event(&same, PRODUCT_KEY).digest, base, "what is not sent is not in it, and 12.000 is 12");
}

#[track_caller]
fn check(change: impl FnOnce(&mut SealedEvent), expected: Option<&str>) {
    let mut event = event();
    change(&mut event);
    let parked = custom_event(&event, PRODUCT_KEY).parked;
    match expected {
        None => assert_eq!(parked, None),
        Some(part) => assert!(parked.as_ref().is_some_and(|reason| reason.contains(part)), "{parked:?}"),
    }
}

#[test]
fn what_px_would_refuse_is_parked_with_the_reason() {
    let many = |count: usize| (0..count).map(|index| (format!("a{index:02}"), number("1"))).collect::<Vec<_>>();
    check(|event| event.attributes = many(45), None);
    check(|event| event.attributes = many(46), Some("51 attributes"));
    check(|event| event.name = "é".repeat(2_000), None);
    check(|event| event.name = "é".repeat(2_001), Some("longer than 2000"));
    check(|event| event.name.clear(), Some("event name is empty"));
    check(|event| event.attributes[0].0 = "é".repeat(1_024), None);
    check(|event| event.attributes[0].0 = "é".repeat(1_025), Some("longer than 1024"));
    check(|event| event.attributes[0].0.clear(), Some("without a name"));
    check(|event| event.attributes[0].0 = "CATEGORY".to_owned(), Some("`category` is there twice"));
    check(|event| event.attributes[0].0 = "USAGEID".to_owned(), Some("`USAGEID` is there twice"));
    check(|event| event.attributes[0].0 = "Revision".to_owned(), Some("twice"));
    check(|event| event.identify_id = None, Some("no user"));
    check(|event| event.identify_id = Some(String::new()), Some("no user"));
    check(|event| event.parked = Some("overflow".to_owned()), Some("overflow"));
}

proptest! {
    #[test]
    fn any_event_is_a_json_object_that_gives_its_values_back(
        user in any::<String>(),
        account in prop::option::of(any::<String>()),
        name in any::<String>(),
        properties in prop::collection::btree_map("[^uwr].{0,8}", any::<String>(), 0..8),
        count in any::<u64>(),
    ) {
        let mut event = event();
        event.identify_id = Some(user.clone());
        event.account.clone_from(&account);
        event.name.clone_from(&name);
        event.attributes = properties.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        event.attributes.push(("u".to_owned(), AttributeValue::Number(count.into())));
        let body = custom_event(&event, PRODUCT_KEY).body;
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(&json["identifyId"], &user);
        prop_assert_eq!(json.get("accountId").and_then(|value| value.as_str()), account.as_deref());
        prop_assert_eq!(&json["eventName"], &name);
        prop_assert_eq!(&json["attributes"]["u"], count);
        for (name, value) in &properties {
            prop_assert_eq!(&json["attributes"][name], value);
        }
        let names: Vec<&String> = json["attributes"].as_object().unwrap().keys().collect();
        prop_assert_eq!(names.len(), event.attributes.len() + RESERVED_ATTRIBUTES.len());
    }
}
