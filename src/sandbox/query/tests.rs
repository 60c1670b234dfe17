use proptest::prelude::*;

use super::super::filter::FieldKind;
use super::*;

const CALL: ListCall =
    ListCall { fields: &[("eventName", FieldKind::Text)], sort_fields: &["accountId", "date"], ranged: Ranged::ByDate };
/// 2023-11-14T22:13:20Z in milliseconds.
const NOW: i64 = 1_700_000_000_000;

fn now() -> Snapshot {
    Snapshot { before_sequence: 10, as_of_micros: NOW * 1_000, range: (i64::MIN, i64::MAX) }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let split = query.split('&').filter(|part| !part.is_empty());
    split.map(|part| part.split_once('=').unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What a query gives: its range and page size, or the reason that it is refused.
#[track_caller]
fn check(query: &str, expected: Result<((i64, i64), usize), Reason>) {
    let outcome = ListQuery::read(&pairs(query), &CALL, now());
    let outcome = outcome.map(|read| (read.snapshot.range, read.page_size)).map_err(|refusal| refusal.reason);
    assert_eq!(outcome, expected, "{query}");
}

#[test]
fn ranges_and_pages_are_as_wide_as_the_contract_says() {
    let last_day = (NOW + 1 - DAY_MILLIS, NOW + 1);
    for (query, expected) in [
        ("", Ok((last_day, 20))),
        ("pageSize=1", Ok((last_day, 1))),
        ("pageSize=1000", Ok((last_day, 1_000))),
        ("pageSize=0", Err(Reason::BadParameter)),
        ("pageSize=1001", Err(Reason::BadParameter)),
        ("pageSize=many", Err(Reason::BadParameter)),
        ("dateRangeStart=5&dateRangeEnd=7", Ok(((5, 7), 20))),
        ("dateRangeStart=7&dateRangeEnd=5", Err(Reason::BadParameter)),
        ("dateRangeStart=0&dateRangeEnd=16416000000", Ok(((0, 16_416_000_000), 20))),
        ("dateRangeStart=0&dateRangeEnd=16416000001", Err(Reason::RangeTooWide)),
        ("dateRangeStart=1699999999000", Ok(((1_699_999_999_000, NOW + 1), 20))),
        ("dateRangeStart=0", Err(Reason::RangeTooWide)),
        ("dateRangeEnd=86400007", Ok(((7, 86_400_007), 20))),
        ("dateRangeStart=yesterday", Err(Reason::BadParameter)),
        ("dateRangeStart=-9223372036854775808&dateRangeEnd=9223372036854775807", Err(Reason::RangeTooWide)),
        ("pageSize=5&pageSize=6", Err(Reason::BadParameter)),
        ("dateRange=5", Err(Reason::BadParameter)),
        ("sort=date", Ok((last_day, 20))),
        ("sort=-accountId", Ok((last_day, 20))),
        ("sort=eventName", Err(Reason::BadParameter)),
        ("filter=eventName==x", Ok((last_day, 20))),
        ("filter=other==x", Err(Reason::BadFilter)),
        ("scrollId=nonsense", Err(Reason::BadScroll)),
        ("scrollId=0-0-0-0-0-0", Err(Reason::BadScroll)),
    ] {
        check(query, expected);
    }
}

#[test]
fn a_scroll_goes_only_with_its_own_query_and_keeps_what_the_first_page_saw() {
    let first = ListQuery::read(&pairs("filter=eventName==x&pageSize=2"), &CALL, now()).unwrap();
    let (_, scroll) = first.page(&[1, 2, 3]);
    let later = Snapshot { before_sequence: 99, as_of_micros: NOW * 2_000, range: (i64::MIN, i64::MAX) };
    let next = ListQuery::read(&pairs(&format!("filter=eventName==x&pageSize=7&scrollId={scroll}")), &CALL, later);
    let next = next.unwrap();
    assert_eq!(next.snapshot, first.snapshot);
    assert_eq!(next.page(&[1, 2, 3]).0, &[3]);
    for other in ["filter=eventName==y", "", "filter=eventName==x&sort=date", "filter=eventName==x&dateRangeEnd=9"] {
        let query = pairs(&format!("{other}&scrollId={scroll}"));
        let refused = ListQuery::read(&query, &CALL, later).map(|_| ()).map_err(|refusal| refusal.reason);
        assert_eq!(refused, Err(Reason::BadScroll), "{other}");
    }
}

proptest! {
    #[test]
    fn all_pages_together_are_everything_once(count in 0..60_usize, sizes in prop::collection::vec(1..20_usize, 1..5)) {
        let everything: Vec<usize> = (0..count).collect();
        let mut seen = Vec::new();
        let mut scroll = String::new();
        for turn in 0..=count {
            let size = sizes[turn % sizes.len()];
            let query = ListQuery::read(&pairs(&format!("pageSize={size}{scroll}")), &CALL, now()).unwrap();
            let (page, next) = query.page(&everything);
            seen.extend_from_slice(page);
            scroll = format!("&scrollId={next}");
            if page.len() < size {
                break;
            }
        }
        prop_assert_eq!(seen, everything);
    }
}
