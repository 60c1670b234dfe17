use super::*;
use crate::model::event::EventId;
use crate::model::time::UnixMicros;
use uuid::Uuid;

const SECOND: Duration = Duration::from_secs(1);
const WAIT: Duration = Duration::from_mins(5);

fn key(identify_id: &str, event_name: &str) -> EventKey {
    EventKey {
        id: EventId(Uuid::from_u128(0xabc)),
        identify_id: identify_id.to_owned(),
        event_name: event_name.to_owned(),
        date: UnixMicros::from_millis(1_763_917_200_000),
        digest: "d1".to_owned(),
    }
}

fn settling() -> Settling {
    let mut settling = Settling::new(Duration::ZERO, WAIT, (2 * SECOND, 600 * SECOND));
    settling.take_up(1, key("u", "e"), Duration::ZERO);
    settling
}

fn page(events: &[String], scroll_id: &str) -> Vec<u8> {
    format!(r#"{{"customEvents":[{}],"scrollId":{scroll_id}}}"#, events.join(",")).into_bytes()
}

fn other() -> String {
    r#"{"eventId":"x","eventName":"e"}"#.to_owned()
}

fn found(digest: &str) -> String {
    let id = Uuid::from_u128(0xabc);
    format!(r#"{{"eventId":"{id}","attributes":{{"usageId":"{id}","usageDigest":"{digest}","n":1.5}}}}"#)
}

#[test]
fn a_filter_holds_only_what_means_itself() {
    for (user, name, expected) in [
        ("u-1@x.io", "API Usage", "filter=identifyId%3D%3Du-1%40x.io%3BeventName%3D%3DAPI%20Usage&"),
        ("a;b", "API", "filter=eventName%3D%3DAPI&"),
        ("a=b", "API", "filter=eventName%3D%3DAPI&"),
        ("a*", "API", "filter=eventName%3D%3DAPI&"),
        ("O'Hara", "API", "filter=eventName%3D%3DAPI&"),
        ("\"q\"", "API", "filter=eventName%3D%3DAPI&"),
        ("50%", "API", "filter=eventName%3D%3DAPI&"),
        (" lead", "API", "filter=eventName%3D%3DAPI&"),
        ("user", "naïve", "filter=identifyId%3D%3Duser&"),
        ("жук", "a;b", ""),
        ("a+b", "API", "filter=identifyId%3D%3Da%2Bb%3BeventName%3D%3DAPI&"),
    ] {
        let expected = format!(
            "https://px/v1/events/custom?{expected}dateRangeStart=1763830800000&dateRangeEnd=1764003600000&pageSize=1000"
        );
        assert_eq!(find_url("https://px/v1", &key(user, name), ""), expected);
    }
    assert!(find_url("https://px/v1", &key("u", "e"), "a/b=").ends_with("&pageSize=1000&scrollId=a%2Fb%3D"));
}

#[track_caller]
fn check(body: &[u8], expected: &Finding) {
    let mut settling = settling();
    settling.begin(1, "b", 2 * SECOND);
    assert_eq!(&settling.page(1, body, 2 * SECOND), expected, "{}", String::from_utf8_lossy(body));
}

#[test]
fn what_a_page_shows_decides() {
    let id = Uuid::from_u128(0xabc);
    check(&page(&[other(), found("d1")], "null"), &Finding::Found { copies: 1 });
    check(&page(&[found("d1"), found("d1")], "null"), &Finding::Found { copies: 2 });
    check(&page(&[found("d2")], "null"), &Finding::Mismatch);
    check(&page(&[found("d2"), found("d1")], "null"), &Finding::Found { copies: 2 });
    check(&page(&[format!(r#"{{"eventId":"{id}"}}"#)], "null"), &Finding::Found { copies: 1 });
    check(
        &page(&[format!(r#"{{"eventId":"own","attributes":{{"USAGEID":"{id}"}}}}"#)], "null"),
        &Finding::Found { copies: 1 },
    );
    check(
        &page(&[r#"{"eventId":7,"attributes":{"usageId":7}}"#.to_owned(), found("d1")], "\"s\""),
        &Finding::Found { copies: 1 },
    );
    check(&page(&[other()], "\"s\""), &Finding::Open);
    check(&page(&[], "null"), &Finding::Open);
    check(br#"{"customEvents":[{"attributes":3}]}"#, &Finding::Open);
    check(&page(&[format!(r#"{{"eventId":"x","attributes":{{"refers":"{id}"}}}}"#)], "null"), &Finding::Open);
}

#[test]
fn what_is_not_a_page_decides_nothing() {
    let odd = format!(r#"{{"customEvents":[{{"attributes":["{}"]}}]}}"#, Uuid::from_u128(0xabc));
    for body in ["", "{}", "[]", "<html>", r#"{"customEvents":null}"#, odd.as_str()] {
        let mut settling = settling();
        settling.begin(1, "b", 2 * WAIT);
        let finding = settling.page(1, body.as_bytes(), 2 * WAIT);
        assert!(matches!(finding, Finding::Unreadable(_)), "{body}: {finding:?}");
        assert!(settling.next_due().unwrap() > 2 * WAIT);
    }
}

#[test]
fn an_event_is_lost_only_by_a_look_that_began_after_the_wait() {
    let mut settling = settling();
    let mut now = Duration::ZERO;
    let mut looks = 0;
    loop {
        now = now.max(settling.next_due().unwrap());
        assert_eq!(settling.due(now, 9), [1]);
        settling.begin(1, "b", now);
        assert_eq!(settling.due(now, 9), [0; 0], "one look at a time");
        looks += 1;
        let began = now;
        // Every answer takes longer than the rest of the wait when it began just before its end.
        now += SECOND;
        match settling.page(1, &page(&[other()], "null"), now) {
            Finding::Open => assert!(began < WAIT, "{began:?}"),
            finding => {
                assert_eq!(finding, Finding::Lost);
                assert!(began >= WAIT, "{began:?}");
                break;
            }
        }
    }
    assert!((4..=8).contains(&looks), "{looks}");
}

#[test]
fn a_short_wait_sees_at_least_two_looks() {
    for millis in [1, 40, 1_000, 3_000] {
        let wait = Duration::from_millis(millis);
        let mut settling = Settling::new(Duration::ZERO, wait, (2 * SECOND, 600 * SECOND));
        settling.take_up(1, key("u", "e"), Duration::ZERO);
        let mut looks = 0;
        loop {
            let now = settling.next_due().unwrap();
            settling.begin(1, "b", now);
            looks += 1;
            if settling.page(1, &page(&[], "null"), now) == Finding::Lost {
                break;
            }
        }
        assert!((2..=6).contains(&looks), "{looks} for {wait:?}");
    }
}

#[test]
fn the_wait_begins_when_the_attempt_cannot_arrive_any_more() {
    for (arrival, wait) in [(30, 300), (30, 1), (1, 1), (0, 5)] {
        let (arrival, wait) = (arrival * SECOND, wait * SECOND);
        let mut settling = Settling::new(arrival, wait, (2 * SECOND, 600 * SECOND));
        let taken_up = 7 * SECOND;
        settling.take_up(1, key("u", "e"), taken_up);
        let lost_at = loop {
            let now = settling.next_due().unwrap();
            settling.begin(1, "b", now);
            if settling.page(1, &page(&[], "null"), now) == Finding::Lost {
                break now;
            }
        };
        assert_eq!(lost_at, taken_up + arrival + wait);
    }
}

#[test]
fn pages_are_read_until_a_short_one_and_the_look_began_with_the_first() {
    let full: Vec<String> = (0..PAGE_SIZE).map(|_| other()).collect();
    let mut settling = settling();
    let began = WAIT.saturating_sub(SECOND);
    settling.begin(1, "b", began);
    assert_eq!(settling.page(1, &page(&full, "\"s1\""), WAIT + SECOND), Finding::Open);
    assert_eq!(settling.due(WAIT + SECOND, 9), [1], "the next page comes at once");
    assert!(settling.begin(1, "b", WAIT + SECOND).unwrap().ends_with("&scrollId=s1"));
    assert_eq!(
        settling.page(1, &page(&[], "\"s2\""), WAIT + SECOND),
        Finding::Open,
        "it began before the wait was over"
    );
    assert!(!settling.begin(1, "b", WAIT + SECOND).unwrap().contains("scrollId"), "the next look starts anew");
    assert_eq!(settling.page(1, &page(&[], "\"s2\""), WAIT + SECOND), Finding::Lost);
}

#[test]
fn a_short_page_is_not_the_last_where_px_says_that_there_is_more() {
    let page = |events: &[String], total: &str| {
        format!(r#"{{"customEvents":[{}],"totalHits":{total},"scrollId":"s"}}"#, events.join(",")).into_bytes()
    };
    let short: Vec<String> = (0..500).map(|_| other()).collect();
    let mut settling = settling();
    let now = 2 * WAIT;
    settling.begin(1, "b", now);
    assert_eq!(settling.page(1, &page(&short, "501"), now), Finding::Open);
    assert!(settling.begin(1, "b", now).unwrap().ends_with("&scrollId=s"));
    assert_eq!(settling.page(1, &page(&[found("d1")], "501"), now), Finding::Found { copies: 1 });
    for total in ["500", "null", "\"many\""] {
        let mut settling = self::settling();
        settling.begin(1, "b", now);
        assert_eq!(settling.page(1, &page(&short, total), now), Finding::Lost, "{total}");
    }
    let mut settling = self::settling();
    settling.begin(1, "b", now);
    assert_eq!(settling.page(1, &page(&short, "900"), now), Finding::Open);
    settling.begin(1, "b", now);
    assert_eq!(settling.page(1, &page(&[], "900"), now), Finding::Lost, "a total is not always true");
}

#[test]
fn a_full_page_that_cannot_be_followed_decides_nothing() {
    let full: Vec<String> = (0..PAGE_SIZE).map(|_| other()).collect();
    let mut settling = settling();
    settling.begin(1, "b", 2 * WAIT);
    assert!(matches!(settling.page(1, &page(&full, "null"), 2 * WAIT), Finding::Endless(_)));
    let now = 2 * WAIT;
    for _ in 1..MAX_PAGES {
        settling.begin(1, "b", now);
        assert_eq!(settling.page(1, &page(&full, "\"s\""), now), Finding::Open);
    }
    settling.begin(1, "b", now);
    assert!(matches!(settling.page(1, &page(&full, "\"s\""), now), Finding::Endless(_)), "pages have an end");
}

#[test]
fn a_failed_request_starts_the_look_again_later() {
    let mut settling = settling();
    settling.begin(1, "b", 2 * WAIT);
    settling.failed(1, 2 * WAIT);
    assert!(settling.due(2 * WAIT, 9).is_empty());
    assert!(!settling.is_looking(1));
    let due = settling.next_due().unwrap();
    assert!(due > 2 * WAIT && due <= 2 * WAIT + 600 * SECOND);
}
