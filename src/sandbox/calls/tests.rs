use std::sync::Arc;

use axum::extract::Query;
use axum::http::Uri;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{
    API_KEY, Attribute, AttributeState, AttributeType, FaultScript, Limits, Model, OverUserDay, PRODUCT_KEY,
    READ_ONLY_API_KEY, ReadLag, SandboxSettings, Shared,
};
use super::{Answer, Call, Reason, answer};
use crate::model::time::{Clock, ManualClock, UnixMicros};

/// 2026-11-23T12:00:00Z in milliseconds.
const NOW: i64 = 1_795_435_200_000;

fn px_with(change: impl FnOnce(&mut SandboxSettings)) -> Shared {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(UnixMicros::from_millis(NOW)));
    let mut settings = SandboxSettings { limits: Limits::unpaced(), clock, ..SandboxSettings::default() };
    change(&mut settings);
    Shared::new(settings).unwrap()
}

fn px() -> Shared {
    px_with(|_| {})
}

fn call(method: &str, target: &str, body: &str) -> Call {
    let uri: Uri = format!("/v1{target}").parse().unwrap();
    Call {
        method: method.to_owned(),
        path: uri.path().to_owned(),
        query: Query::try_from_uri(&uri).ok().map(|Query(pairs)| pairs),
        api_key: Some(API_KEY.to_owned()),
        content_type: Some("application/json".to_owned()),
        body: Some(body.as_bytes().to_vec()),
    }
}

/// A sound event with these members put in, or taken out where they are null.
fn event(changes: &Value) -> String {
    let mut event = json!({
        "eventName": "API Usage", "identifyId": "u1", "propertyKey": PRODUCT_KEY, "userType": "USER", "date": NOW,
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(event.as_object_mut().unwrap().remove(name)),
            _ => event[name] = value.clone(),
        }
    }
    event.to_string()
}

fn post(px: &Shared, body: &str) -> Answer {
    answer(px, &call("POST", "/events/custom", body))
}

fn get(px: &Shared, target: &str) -> Value {
    let answer = answer(px, &call("GET", target, ""));
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// What a body posted as an event is answered with: `None` is 201.
#[track_caller]
fn check(body: &str, expected: Option<Reason>) {
    let px = px();
    let answer = post(&px, body);
    let shown: String = body.chars().take(200).collect();
    assert_eq!(answer.refused, expected, "{shown}: {}", answer.body);
    assert_eq!(answer.status, if expected.is_some() { 400 } else { 201 }, "{shown}");
    assert_eq!(px.books().events.len(), usize::from(expected.is_none()), "{shown}");
    assert_eq!(px.books().refusals.get(&expected.unwrap_or(Reason::BadJson)).copied(), expected.map(|_| 1), "{shown}");
}

#[test]
fn a_sound_event_is_stored_and_an_unsound_one_is_refused_with_its_reason() {
    let attributes = |count: usize| {
        let named = (0..count).map(|index| (format!("a{index}"), json!(index)));
        json!({ "attributes": Value::Object(named.collect()) })
    };
    let named = |name: &str| json!({ "attributes": { name: 1 } });
    for (changes, expected) in [
        (json!({}), None),
        (json!({ "date": null }), None),
        (json!({ "eventId": "e1", "accountId": "acme", "sessionId": "s", "globalContext": {} }), None),
        (json!({ "url": "u", "referrer": "r", "remoteHost": "h", "eventType": "CUSTOM" }), None),
        (json!({ "attributes": { "a": "x", "b": 1.5, "c": true, "d": "2026-11-23T00:00:00Z", "e": {"f": 1} } }), None),
        (json!({ "userType": "LEAD" }), None),
        (json!({ "userType": "EMPTY_USER_TYPE" }), None),
        (json!({ "eventName": null }), Some(Reason::MissingField)),
        (json!({ "identifyId": null }), Some(Reason::MissingField)),
        (json!({ "propertyKey": null }), Some(Reason::MissingField)),
        (json!({ "userType": null }), Some(Reason::MissingField)),
        (json!({ "eventName": "" }), Some(Reason::MissingField)),
        (json!({ "identifyId": "" }), Some(Reason::MissingField)),
        (json!({ "eventName": 1 }), Some(Reason::WrongType)),
        (json!({ "identifyId": 1 }), Some(Reason::WrongType)),
        (json!({ "accountId": false }), Some(Reason::WrongType)),
        (json!({ "eventId": {} }), Some(Reason::WrongType)),
        (json!({ "url": 1 }), Some(Reason::WrongType)),
        (json!({ "globalContext": "x" }), Some(Reason::WrongType)),
        (json!({ "attributes": [] }), Some(Reason::WrongType)),
        (json!({ "date": "2026-11-23" }), Some(Reason::WrongType)),
        (json!({ "date": 1.5 }), Some(Reason::WrongType)),
        (json!({ "date": NOW * 1_000 }), Some(Reason::BadDate)),
        (json!({ "userType": "user" }), Some(Reason::BadUserType)),
        (json!({ "propertyKey": "AP-OTHER0000000-2" }), Some(Reason::UnknownPropertyKey)),
        (json!({ "tenant": "x" }), Some(Reason::UnknownField)),
        (json!({ "EventName": "x" }), Some(Reason::UnknownField)),
        (attributes(50), None),
        (attributes(51), Some(Reason::TooManyAttributes)),
        (named(&"ö".repeat(1_024)), None),
        (named(&"ö".repeat(1_025)), Some(Reason::AttributeNameLength)),
        (named(""), Some(Reason::AttributeNameLength)),
        (json!({ "attributes": { "Hits": 1, "hits": 2 } }), Some(Reason::AttributeNamesCollide)),
        (json!({ "attributes": { "Ö": 1, "ö": 2 } }), Some(Reason::AttributeNamesCollide)),
        (json!({ "attributes": { "a": null } }), Some(Reason::WrongType)),
        (json!({ "eventName": "ö".repeat(2_000) }), None),
        (json!({ "eventName": "ö".repeat(2_001) }), Some(Reason::EventNameLength)),
    ] {
        check(&event(&changes), expected);
    }
}

#[test]
fn a_body_that_is_no_sound_json_is_refused() {
    let raw = |text: &str| event(&json!({ "date": null })).replacen('{', &format!("{{{text},"), 1);
    for (body, expected) in [
        (String::new(), Reason::BadJson),
        ("[]".to_owned(), Reason::BadJson),
        ("{".to_owned(), Reason::BadJson),
        (format!("{} {{}}", event(&json!({}))), Reason::BadJson),
        (raw(r#""eventId":"a","eventId":"b""#), Reason::BadJson),
        (raw(r#""accountId":null"#), Reason::WrongType),
        (raw(r#""attributes":{"a":1,"a":1}"#), Reason::AttributeNamesCollide),
        (raw(r#""attributes":{"a":1e999}"#), Reason::WrongType),
        (raw(r#""attributes":{"a":NaN}"#), Reason::BadJson),
        (raw(r#""accountId":"\ud800""#), Reason::WrongType),
        (raw(r#""attributes":{"a":"\ud800"}"#), Reason::WrongType),
        (raw(r#""sessionId":"\ud800""#), Reason::WrongType),
        (raw(r#""date":9223372036854775808"#), Reason::WrongType),
    ] {
        check(&body, Some(expected));
    }
    let px = px();
    let mut latin = call("POST", "/events/custom", "");
    latin.body = Some(b"{\"eventName\":\"\xe9\"}".to_vec());
    assert_eq!(answer(&px, &latin).refused, Some(Reason::BadJson));
}

#[test]
fn keys_permissions_and_content_types_are_checked_first() {
    let sound = event(&json!({}));
    let with = |method: &str, key: Option<&str>, content: Option<&str>| Call {
        api_key: key.map(str::to_owned),
        content_type: content.map(str::to_owned),
        ..call(method, "/events/custom", if method == "GET" { "" } else { &sound })
    };
    let json_type = Some("application/json");
    for (call, status, reason) in [
        (with("POST", Some(API_KEY), json_type), 201, None),
        (with("POST", Some(API_KEY), Some("application/json; charset=UTF-8")), 201, None),
        (with("POST", Some(API_KEY), Some("Application/JSON")), 201, None),
        (with("POST", Some(API_KEY), None), 400, Some(Reason::ContentType)),
        (with("POST", Some(API_KEY), Some("text/plain")), 400, Some(Reason::ContentType)),
        (with("POST", Some(API_KEY), Some("application/json; charset=latin1")), 400, Some(Reason::ContentType)),
        (with("POST", None, json_type), 401, Some(Reason::KeyMissing)),
        (with("POST", Some("other"), json_type), 401, Some(Reason::KeyUnknown)),
        (with("POST", Some(PRODUCT_KEY), json_type), 401, Some(Reason::KeyUnknown)),
        (with("POST", Some(READ_ONLY_API_KEY), json_type), 403, Some(Reason::NoWritePermission)),
        (with("GET", Some(READ_ONLY_API_KEY), None), 200, None),
        (with("GET", Some(API_KEY), None), 200, None),
        (with("GET", None, None), 401, Some(Reason::KeyMissing)),
        (with("GET", Some("write"), None), 403, Some(Reason::NoReadPermission)),
        (with("DELETE", Some(API_KEY), json_type), 404, Some(Reason::NoSuchCall)),
        (Call { body: None, ..with("POST", Some(API_KEY), json_type) }, 400, Some(Reason::BodyTooLarge)),
        (Call { query: None, ..with("GET", Some(API_KEY), None) }, 400, Some(Reason::BadParameter)),
        (self::call("POST", "/events/custom?dryRun=1", &sound), 400, Some(Reason::BadParameter)),
        (self::call("GET", "/events", ""), 404, Some(Reason::NoSuchCall)),
        (self::call("GET", "/users/a%2Fb", ""), 400, Some(Reason::BadPath)),
        (self::call("GET", "/users/%zz", ""), 400, Some(Reason::BadPath)),
        (self::call("GET", "/users//", ""), 400, Some(Reason::BadPath)),
        (self::call("GET", "/events/custom?filter=accountId==a", ""), 400, Some(Reason::BadFilter)),
    ] {
        let px = px_with(|settings| {
            settings
                .api_keys
                .push(super::super::ApiKey { key: "write".to_owned(), permissions: super::super::Permissions::Write });
        });
        let answer = answer(&px, &call);
        assert_eq!((answer.status, answer.refused), (status, reason), "{call:?}: {}", answer.body);
    }
}

#[test]
fn an_error_body_has_the_shape_seen_in_the_field() {
    let answer = answer(&px(), &call("GET", "/users/absent-id", ""));
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let expected = json!({ "externalapierror": {
        "status": "NOT_FOUND", "message": "User was not found for parameters {id=absent-id}",
        "debugMessage": null, "subErrors": null,
    } });
    assert_eq!((answer.status, body), (404, expected));
}

#[test]
fn what_was_stored_is_read_back_as_it_was_sent() {
    let px = px();
    let sent = r#"{"eventName":"A","identifyId":"U1","propertyKey":"AP-SANDBOX00000-2","userType":"USER","eventId":"e",
        "accountId":"acme","sessionId":"s\u00e9","globalContext":{"x":[1]},
        "attributes":{"sum":0.10000000000000000001,"big":18446744073709551615,"n":{"a":[1, 2]},"t":"\u00e9","b":false}}"#;
    assert_eq!(post(&px, sent).status, 201);
    let page = answer(&px, &call("GET", "/events/custom?filter=identifyId==u1", "")).body;
    let expected = concat!(
        r#"{"customEvents":[{"eventId":"e","identifyId":"U1","propertyKey":"AP-SANDBOX00000-2","date":1795435200000,"#,
        r#""userType":"USER","accountId":"acme","eventName":"A","attributes":{"sum":0.10000000000000000001,"#,
        r#""big":18446744073709551615,"n":"{\"a\":[1, 2]}","t":"é","b":false},"sessionId":"s\u00e9","#,
        r#""globalContext":{"x":[1]}}],"totalHits":1,"scrollId":""#,
    );
    assert!(page.starts_with(expected), "{page}\n{expected}");
    let stored = px.books().events[0].clone();
    assert_eq!(stored.text("T").as_deref(), Some("é"));
    assert_eq!(stored.number("big").map(|number| number.to_string()).as_deref(), Some("18446744073709551615"));
    assert_eq!((stored.number("t"), stored.text("absent")), (None, None));
}

#[test]
fn a_repeated_event_is_stored_again_and_shown_as_repeated() {
    let px = px();
    for _ in 0..3 {
        assert_eq!(post(&px, &event(&json!({ "eventId": "twin", "attributes": { "hits": 0.1 } }))).status, 201);
    }
    assert_eq!(post(&px, &event(&json!({ "eventId": "single" }))).status, 201);
    let books = px.books();
    assert_eq!((books.events.len(), books.repeated()), (4, vec![("twin".to_owned(), 3)]));
    let total = books.totals.values().next().unwrap();
    assert_eq!(total.sums["hits"].map(|sum| sum.to_string()).as_deref(), Some("0.3"));
    assert_eq!((total.events, books.totals.len(), books.oddities.unknown_users), (4, 1, 4));
}

#[test]
fn notes_make_room_and_are_counted_and_a_reset_keeps_only_attributes() {
    let px = px();
    post(&px, &event(&json!({})));
    let mut books = px.books();
    let note = super::super::RequestNote {
        at: UnixMicros(0),
        method: "GET".to_owned(),
        path: "/v1".to_owned(),
        status: None,
        stored: None,
        refused: None,
        fault: None,
    };
    for _ in 0..200_003 {
        books.note(note.clone());
    }
    assert_eq!((books.notes.len(), books.oddities.notes_dropped), (200_000, 3));
    books.catalogue.define(Model::User, Attribute::custom("calls", AttributeType::Number));
    books.reset();
    assert_eq!((books.notes.len(), books.oddities.notes_dropped, books.events.len()), (0, 0, 0));
    assert!(books.catalogue.open(Model::User, "calls").is_some());
}

#[test]
fn the_day_of_a_total_is_the_subscriptions() {
    let px = px_with(|settings| settings.time_zone = "Asia/Kathmandu".to_owned());
    // 18:14 and 18:15 UTC: one minute before midnight there, and midnight.
    for date in [1_795_457_640_000_i64, 1_795_457_700_000] {
        assert_eq!(post(&px, &event(&json!({ "date": date }))).status, 201);
    }
    let days: Vec<String> = px.books().totals.keys().map(|key| key.day.to_string()).collect();
    assert_eq!(days, ["2026-11-23", "2026-11-24"]);
}

#[test]
fn the_limits_of_the_subscription_hold() {
    let px = px_with(|settings| settings.limits.event_names = Some(2));
    let named = |name: &str| post(&px, &event(&json!({ "eventName": name }))).refused;
    assert_eq!([named("a"), named("b"), named("c"), named("a")], [None, None, Some(Reason::TooManyEventNames), None]);

    for (over_user_day, expected) in [(OverUserDay::Count, None), (OverUserDay::Refuse, Some(Reason::UserDayLimit))] {
        let px = px_with(|settings| {
            settings.limits.events_per_user_day = Some(2);
            settings.limits.over_user_day = over_user_day;
        });
        let by = |user: &str, date: i64| post(&px, &event(&json!({ "identifyId": user, "date": date }))).refused;
        assert_eq!([by("u", NOW), by("U", NOW + 1), by("v", NOW), by("u", NOW + 86_400_000)], [None; 4]);
        assert_eq!([by("u", NOW), by("U", NOW)], [expected, expected]);
        assert_eq!(px.books().oddities.over_user_day, 2);
    }

    let px = px_with(|settings| settings.limits = Limits { requests_per_second: Some(1), ..Limits::default() });
    assert_eq!(post(&px, &event(&json!({}))).status, 201);
    let refused = post(&px, &event(&json!({})));
    assert_eq!((refused.status, refused.refused), (429, Some(Reason::RequestRate)));
    assert_eq!(px.books().events.len(), 1);
}

#[test]
fn a_read_sees_an_event_only_after_its_lag() {
    let clock = Arc::new(ManualClock::at(UnixMicros::from_millis(NOW)));
    let px = px_with(|settings| {
        settings.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        settings.faults = FaultScript { read_lag: ReadLag { min_ms: 500, max_ms: 500 }, ..FaultScript::default() };
    });
    assert_eq!(post(&px, &event(&json!({}))).status, 201);
    for (millis, hits) in [(0, 0), (499, 0), (500, 1)] {
        clock.set(UnixMicros::from_millis(NOW + millis));
        assert_eq!(get(&px, "/events/custom")["totalHits"], hits, "after {millis} ms");
    }
}

#[test]
fn dates_are_searched_in_the_asked_range_or_the_last_day() {
    let px = px();
    for date in [NOW - 86_400_000, NOW - 86_399_999, NOW, NOW + 1] {
        assert_eq!(post(&px, &event(&json!({ "date": date }))).status, 201);
    }
    for (query, expected) in [
        ("", vec![NOW - 86_399_999, NOW]),
        ("?dateRangeStart=1795435200000&dateRangeEnd=1795435200001", vec![NOW]),
        ("?dateRangeStart=1795435200000&dateRangeEnd=1795435200002", vec![NOW, NOW + 1]),
        ("?dateRangeStart=1795435200000&dateRangeEnd=1795435200000", vec![]),
        ("?dateRangeStart=1790000000000&dateRangeEnd=1795435200000", vec![NOW - 86_400_000, NOW - 86_399_999]),
        ("?filter=date%3E=1795435200000&sort=-date", vec![NOW]),
        ("?sort=-date", vec![NOW, NOW - 86_399_999]),
    ] {
        let page = get(&px, &format!("/events/custom{query}"));
        let dates: Vec<i64> =
            page["customEvents"].as_array().unwrap().iter().map(|e| e["date"].as_i64().unwrap()).collect();
        assert_eq!(dates, expected, "{query}");
    }
}

#[test]
fn users_and_accounts_are_made_changed_and_found() {
    let px = px();
    px.books().catalogue.define(Model::User, Attribute::custom("calls", AttributeType::Number));
    px.books().catalogue.define(Model::User, Attribute::custom("seen", AttributeType::DateTime));
    let disabled = Attribute { state: AttributeState::Disabled, ..Attribute::custom("old", AttributeType::Number) };
    px.books().catalogue.define(Model::User, disabled);
    let key = format!(r#""propertyKeys":["{PRODUCT_KEY}"]"#);
    let user = |members: &str| format!("{{{members}}}");
    for (method, target, body, expected) in [
        ("GET", "/users/Ann", String::new(), 404),
        ("PUT", "/users/Ann", user(r#""email":"a@x""#), 404),
        ("POST", "/users", user(r#""identifyId":"Ann""#), 400),
        ("POST", "/users", user(r#""identifyId":"Ann","propertyKeys":[]"#), 400),
        ("POST", "/users", user(r#""identifyId":"Ann","propertyKeys":["AP-X"]"#), 400),
        ("POST", "/users", user(&key), 400),
        ("POST", "/users", user(&format!(r#""identifyId":"Ann","color":"red",{key}"#)), 400),
        ("POST", "/users", user(&format!(r#""identifyId":"Ann","type":"ADMIN",{key}"#)), 400),
        ("POST", "/users", user(&format!(r#""identifyId":"Ann","email":1,{key}"#)), 400),
        ("POST", "/users", user(&format!(r#""identifyId":"Ann","type":"USER","id":"read-only",{key}"#)), 201),
        ("POST", "/users", user(&format!(r#""identifyId":"Ann",{key}"#)), 400),
        ("PUT", "/users/Ann", user(r#""email":"a@x","customAttributes":{"calls":1,"old":2,"none":3}"#), 204),
        ("PUT", "/users/Ann", user(r#""customAttributes":{"calls":"many"}"#), 400),
        ("PUT", "/users/Ann", user(r#""customAttributes":{"seen":"yesterday"}"#), 400),
        ("PUT", "/users/Ann", user(r#""customAttributes":{"seen":"2026-11-23T00:00:00Z"}"#), 204),
        ("PUT", "/users/Ann", user(r#""identifyId":"Bob""#), 400),
        ("PUT", "/users/ann", user(r#""email":"a@x""#), 404),
        ("PUT", "/users/update", user(r#""identifyId":"Ann","title":"Dr""#), 204),
        ("PUT", "/users/update", user(r#""title":"Dr""#), 400),
        ("PUT", "/users/update", user(r#""identifyId":"Bob""#), 404),
        ("GET", "/users/Ann", String::new(), 200),
        ("POST", "/accounts", user(&format!(r#""id":"acme",{key}"#)), 400),
        ("POST", "/accounts", user(&format!(r#""id":"acme","name":"Acme","tier":"gold",{key}"#)), 201),
        ("POST", "/accounts", user(&format!(r#""id":"acme","name":"Acme",{key}"#)), 400),
        ("PUT", "/accounts/acme", user(r#""plan":"pro""#), 204),
        ("PUT", "/accounts/update", user(r#""id":"acme","industry":"x""#), 204),
        ("GET", "/accounts/acme", String::new(), 200),
        ("GET", "/accounts/ACME", String::new(), 404),
        ("DELETE", "/accounts/acme", String::new(), 404),
        ("POST", "/accounts/acme", user(&key), 404),
    ] {
        let answer = answer(&px, &call(method, target, &body));
        assert_eq!(answer.status, expected, "{method} {target} {body}: {}", answer.body);
    }
    let expected = json!({
        "identifyId": "Ann", "type": "USER", "propertyKeys": [PRODUCT_KEY], "email": "a@x", "title": "Dr",
        "customAttributes": { "calls": 1, "seen": "2026-11-23T00:00:00Z" }, "createDate": NOW, "lastModifiedDate": NOW,
    });
    assert_eq!(get(&px, "/users/Ann"), expected);
    assert_eq!(px.books().oddities.dropped_attributes, 2);
    let account = get(&px, "/accounts/acme");
    assert_eq!(
        (&account["plan"], &account["industry"], &account["tier"]),
        (&json!("pro"), &json!("x"), &json!("gold"))
    );
    for (target, hits) in [
        ("/users?filter=identifyId==ANN", 1),
        ("/users?filter=email~*@x;title==Dr", 1),
        ("/users?filter=title==Mr", 0),
        ("/accounts?filter=plan==pro", 1),
        ("/accounts", 1),
    ] {
        assert_eq!(get(&px, target)["totalHits"], hits, "{target}");
    }
    assert_eq!(post(&px, &event(&json!({ "identifyId": "Ann" }))).status, 201);
    assert_eq!(px.books().oddities.unknown_users, 0, "Ann is known");
}

#[test]
fn pages_of_users_show_each_once_while_others_arrive() {
    let px = px();
    let make = |id: &str| {
        let body = json!({ "identifyId": id, "propertyKeys": [PRODUCT_KEY] }).to_string();
        assert_eq!(answer(&px, &call("POST", "/users", &body)).status, 201);
    };
    ["b", "c", "d"].into_iter().for_each(make);
    let (mut seen, mut scroll) = (Vec::new(), String::new());
    for newcomer in ["a", "bb", "cc", "e"] {
        let page = get(&px, &format!("/users?pageSize=1{scroll}"));
        assert_eq!(page["totalHits"], 3);
        seen.extend(page["users"].as_array().unwrap().iter().map(|user| user["identifyId"].to_string()));
        scroll = format!("&scrollId={}", page["scrollId"].as_str().unwrap());
        make(newcomer);
    }
    assert_eq!(seen, ["\"b\"", "\"c\"", "\"d\""]);
}

#[test]
fn the_model_and_the_subscription_are_told() {
    let px = px();
    px.books().catalogue.define(Model::Account, Attribute::custom("calls", AttributeType::Number));
    let expected = json!({
        "apiName": "calls", "name": "calls", "type": "NUMBER", "state": "ENABLED", "origin": "CUSTOM",
    });
    assert_eq!(get(&px, "/admin/model/account/attributes").as_array().unwrap().last(), Some(&expected));
    assert_eq!(get(&px, "/admin/model/user/attributes")[0]["origin"], "DEFAULT");
    assert_eq!(answer(&px, &call("GET", "/admin/model/event/attributes", "")).status, 404);
    let expected = json!({
        "id": "sandbox", "name": "Sandbox", "timeZone": "UTC",
        "products": [{ "name": "Sandbox product", "productKeys": [{ "productKey": PRODUCT_KEY }] }],
    });
    assert_eq!(get(&px, "/admin/subscription"), expected);
}

proptest! {
    /// Reads all pages of a query while events go on arriving, and compares with a naive choice.
    #[test]
    fn all_pages_of_events_are_what_matched_at_the_first_once(
        events in prop::collection::vec((0..4_u8, 0..3_u8, 0..50_i64, prop::option::of(0..3_u8)), 0..40),
        page_size in 1..7_usize,
        users in prop::collection::vec(0..4_u8, 0..3),
        sort in prop::sample::select(vec!["", "date", "-date", "accountId"]),
    ) {
        let px = px();
        for (index, (user, name, ago, account)) in events.iter().enumerate() {
            let account = account.map(|account| format!("acct{account}"));
            let changes = json!({ "eventId": index.to_string(), "identifyId": format!("User{user}"),
                "eventName": format!("n{name}"), "date": NOW - ago, "accountId": account });
            prop_assert_eq!(post(&px, &event(&changes)).status, 201);
        }
        let mut target = format!("/events/custom?pageSize={page_size}&sort={sort}");
        for user in &users {
            target = format!("{target}&filter=eventName!=n0;identifyId==uSER{user}");
        }
        if users.is_empty() {
            target.push_str("&filter=eventName!=n0");
        }
        if sort.is_empty() {
            target = target.replace("&sort=", "");
        }
        let (mut seen, mut scroll) = (Vec::new(), String::new());
        for turn in 0.. {
            prop_assert!(turn <= events.len(), "pages without end");
            let page = get(&px, &format!("{target}{scroll}"));
            let page_events = page["customEvents"].as_array().unwrap().clone();
            seen.extend(page_events.iter().map(|event| event["eventId"].as_str().unwrap().parse::<usize>().unwrap()));
            scroll = format!("&scrollId={}", page["scrollId"].as_str().unwrap());
            // One more arrives between the pages: the snapshot must not show it.
            post(&px, &event(&json!({ "eventId": "999", "eventName": "n1", "identifyId": "User0" })));
            if page_events.len() < page_size {
                break;
            }
        }
        let chosen = |entry: &(usize, &(u8, u8, i64, Option<u8>))| {
            entry.1.1 != 0 && (users.is_empty() || users.contains(&entry.1.0))
        };
        let dates: Vec<i64> = seen.iter().map(|index| events[*index].2).collect();
        match sort {
            "date" => prop_assert!(dates.is_sorted_by(|left, right| left >= right)),
            "-date" => prop_assert!(dates.is_sorted()),
            "" => prop_assert!(seen.is_sorted(), "in the order of arrival"),
            _ => {}
        }
        seen.sort_unstable();
        let expected: Vec<usize> = events.iter().enumerate().filter(chosen).map(|(index, _)| index).collect();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn no_body_makes_a_call_panic(body in prop::collection::vec(any::<u8>(), 0..80), text in ".{0,60}") {
        let px = px();
        let mut random = call("POST", "/events/custom", "");
        random.body = Some(body);
        let _ = answer(&px, &random);
        for target in ["/events/custom", "/users", "/accounts"] {
            let _ = answer(&px, &call("POST", target, &format!("{{\"identifyId\":{text}}}")));
        }
    }
}
