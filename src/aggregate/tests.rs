//! Statements about windows, groups, sealing and late lines; the model tests are in their own modules.

mod events;
mod model;
mod support;

use std::sync::Arc;
use std::time::Duration;

use support::*;

use super::{Added, Aggregator, KEEP_REVISIONS, RestoreError, Rule, RuleRef};
use crate::model::event::{AttributeValue, SealedEvent, Window, WindowId};
use crate::model::record::MetricIndex;
use crate::model::spec::{Late, WindowLength};
use crate::model::time::UnixMicros;

#[track_caller]
fn check(aggregator: &mut Aggregator, at: i64, user: &str, now: i64, expected: Added) {
    assert_eq!(add(aggregator, 0, at, user, "", Some("1"), now), expected);
}

/// Everything that seals now, confirmed.
fn seal(aggregator: &mut Aggregator, now: i64) -> Vec<SealedEvent> {
    let due = aggregator.sealable(at(now), |_, _| UnixMicros::MAX);
    let commit = aggregator.commit(&due);
    let events = commit.sealing().flat_map(|window| window.events()).collect();
    commit.confirm();
    events
}

#[test]
fn lines_of_a_window_add_up_and_other_windows_stay_apart() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, 0, "ada", 10, Added::Counted);
    check(&mut aggregator, HOUR - 1, "ada", HOUR, Added::Counted);
    check(&mut aggregator, HOUR, "ada", HOUR, Added::Counted);
    check(&mut aggregator, 10, "bob", HOUR, Added::Counted);
    assert_eq!((aggregator.open_windows(), aggregator.groups(), aggregator.open_lines()), (2, 3, 4));
    let events = seal(&mut aggregator, HOUR + GRACE);
    let told: Vec<_> = events.iter().map(|event| (event.identify_id.as_deref(), event.lines)).collect();
    assert_eq!(told, [(Some("ada"), 2), (Some("bob"), 1)]);
    assert_eq!((aggregator.open_windows(), aggregator.open_lines()), (1, 1));
}

#[test]
fn a_window_seals_when_clock_and_files_are_past_its_end_and_grace() {
    for (now, complete, seals) in [
        (HOUR + GRACE, HOUR + GRACE, true),
        (HOUR + GRACE - 1, HOUR + GRACE, false),
        (HOUR + GRACE, HOUR + GRACE - 1, false),
        (10 * HOUR, HOUR + GRACE, true),
        (10 * HOUR, 0, false),
    ] {
        let mut aggregator = hourly(&hour_spec());
        check(&mut aggregator, 5, "ada", 5, Added::Counted);
        let due = aggregator.sealable(at(now), |metric, rule| {
            assert_eq!((metric, rule.spec.name.as_str()), (MetricIndex(0), "hits"));
            at(complete)
        });
        assert_eq!(!due.is_empty(), seals, "now {now}, complete until {complete}");
    }
}

#[test]
fn files_are_asked_for_once_a_rule_and_only_when_the_clock_allows() {
    let mut aggregator = hourly(&hour_spec());
    for hour in 0..4 {
        check(&mut aggregator, hour * HOUR, "ada", 4 * HOUR, Added::Counted);
    }
    let mut asked = 0;
    let due = aggregator.sealable(at(3 * HOUR + GRACE), |_, _| {
        asked += 1;
        at(2 * HOUR + GRACE)
    });
    assert_eq!((asked, due.len()), (1, 2));
    assert!(due[0].window.end < due[1].window.end, "oldest first");
    aggregator.sealable(at(GRACE), |_, _| unreachable!("no window has ended"));
}

#[test]
fn a_time_too_far_ahead_moves_nothing() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, AHEAD + 1, "ada", 0, Added::TooFarAhead);
    assert_eq!(aggregator.open_windows(), 0);
    check(&mut aggregator, AHEAD, "ada", 0, Added::Counted);
    // Also within a window that is open.
    check(&mut aggregator, AHEAD + 1, "ada", 0, Added::TooFarAhead);
    assert_eq!(add(&mut aggregator, 0, i64::MAX / 2_000_000, "ada", "", None, 0), Added::TooFarAhead);
    assert_eq!(aggregator.open_lines(), 1);
}

#[test]
fn lines_older_than_revisions_are_kept_are_dropped_unless_their_window_is_open() {
    let keep = KEEP_REVISIONS.as_secs() as i64;
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, HOUR, "ada", HOUR + HOUR + keep, Added::Counted);
    check(&mut aggregator, HOUR, "ada", HOUR + HOUR + keep + 1, Added::Counted);
    check(&mut aggregator, HOUR - 1, "ada", HOUR + keep + 1, Added::TooOld);
    check(&mut aggregator, -1_000 * DAY, "ada", HOUR, Added::TooOld);
    assert_eq!(add(&mut aggregator, 0, i64::MIN / 2_000_000, "ada", "", None, 0), Added::TooOld);
    assert_eq!(aggregator.open_lines(), 2);
}

#[test]
fn an_old_window_that_was_never_sealed_opens_like_any_other() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, -300 * DAY, "ada", 0, Added::Counted);
    assert_eq!(seal(&mut aggregator, 0)[0].revision, 1);
}

#[test]
fn late_lines_close_together_as_the_next_revision_of_each_window() {
    let mut aggregator = hourly(&hour_spec());
    let base = 10 * HOUR;
    for hour in 0..2 {
        check(&mut aggregator, hour * HOUR, "ada", base, Added::Counted);
    }
    assert_eq!(seal(&mut aggregator, base).len(), 2);
    check(&mut aggregator, 1, "ada", base, Added::Late);
    check(&mut aggregator, HOUR + 1, "bob", base + 50, Added::Late);
    assert_eq!(seal(&mut aggregator, base + LATE_EVERY - 1), []);
    let revisions = seal(&mut aggregator, base + LATE_EVERY);
    let told: Vec<_> = revisions.iter().map(|event| (event.window.start, event.revision, event.lines)).collect();
    assert_eq!(told, [(at(0), 2, 1), (at(HOUR), 2, 1)]);
    check(&mut aggregator, 1, "ada", base + LATE_EVERY + 7, Added::Late);
    assert_eq!(seal(&mut aggregator, base + 2 * LATE_EVERY + 6), []);
    let revisions = seal(&mut aggregator, base + 2 * LATE_EVERY + 7);
    assert_eq!((revisions[0].window.start, revisions[0].revision), (at(0), 3));
}

#[test]
fn a_revision_carries_only_what_can_be_added() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    let names = |event: &SealedEvent| event.attributes.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&seal(&mut aggregator, DAY)[0]), ["bytes", "count", "largest", "smallest"]);
    check(&mut aggregator, 0, "ada", DAY, Added::Late);
    assert_eq!(names(&seal(&mut aggregator, 2 * DAY)[0]), ["bytes", "count"]);
}

#[test]
fn late_lines_are_dropped_where_the_metric_says_so_or_has_nothing_to_add() {
    let dropping = {
        let mut spec = hour_spec();
        spec.late = Late::Drop;
        spec
    };
    let extremes = {
        let mut spec = hour_spec();
        spec.measures.retain(|name, _| name == "largest");
        spec
    };
    for spec in [dropping, extremes] {
        let mut aggregator = hourly(&spec);
        check(&mut aggregator, 0, "ada", 0, Added::Counted);
        seal(&mut aggregator, DAY);
        for _ in 0..2 {
            check(&mut aggregator, 0, "ada", DAY, Added::LateDropped);
        }
        check(&mut aggregator, HOUR, "ada", DAY, Added::Counted);
    }
}

#[test]
fn a_clock_that_was_ahead_when_a_batch_began_does_not_hold_it_back() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    seal(&mut aggregator, DAY);
    check(&mut aggregator, 0, "ada", 300 * DAY, Added::Late);
    assert_eq!(seal(&mut aggregator, DAY), []);
    assert_eq!(seal(&mut aggregator, DAY + LATE_EVERY).len(), 1);
}

#[test]
fn keys_beyond_the_most_groups_or_too_long_fold_into_one_exact_group() {
    let mut spec = hour_spec();
    spec.max_groups = 2;
    let mut aggregator = hourly(&spec);
    let long = "x".repeat(17 * 1024);
    for (user, expected) in [
        ("ada", Added::Counted),
        (long.as_str(), Added::Overflowed),
        ("bob", Added::Counted),
        ("eve", Added::Overflowed),
        ("ada", Added::Counted),
        ("dan", Added::Overflowed),
    ] {
        check(&mut aggregator, 0, user, 0, expected);
    }
    let events = seal(&mut aggregator, DAY);
    let told: Vec<_> = events.iter().map(|event| (event.identify_id.as_deref(), event.lines)).collect();
    assert_eq!(told, [(Some("ada"), 2), (Some("bob"), 1), (Some("service"), 3)]);
    assert!(events[2].attributes.contains(&("bytes".to_owned(), AttributeValue::Number(3_u64.into()))));
    check(&mut aggregator, 0, "ada", DAY, Added::Late);
    assert_eq!(seal(&mut aggregator, 2 * DAY)[0].identify_id.as_deref(), Some("ada"), "a batch has a cap of its own");
}

#[test]
fn the_overflow_group_is_written_when_it_changes_and_put_back() {
    let mut spec = hour_spec();
    spec.max_groups = 0;
    let rules = || vec![Arc::new(Rule::new(&spec))];
    let mut store = Store::default();
    let mut aggregator = hourly(&spec);
    for lines in 1..3 {
        check(&mut aggregator, 0, "ada", 0, Added::Overflowed);
        let written: Vec<_> = {
            let commit = aggregator.commit(&[]);
            let groups = commit.changed().flat_map(|window| window.groups());
            groups.map(|group| (group.ordinal, group.key == Some(&[]), group.lines())).collect()
        };
        assert_eq!(written, [(u32::MAX, lines == 1, lines)]);
        store.commit(&mut aggregator, &[]);
        assert_eq!(store.restore(rules()).open_lines(), lines);
    }
    let mut aggregator = store.restore(rules());
    check(&mut aggregator, 0, "bob", 0, Added::Overflowed);
    store.commit(&mut aggregator, &[]);
    assert_eq!(seal(&mut store.restore(rules()), DAY)[0].lines, 3);
}

#[test]
fn an_overflow_group_that_did_not_change_is_not_written_with_the_others() {
    let mut spec = hour_spec();
    spec.max_groups = 1;
    let mut aggregator = hourly(&spec);
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    check(&mut aggregator, 0, "bob", 0, Added::Overflowed);
    aggregator.commit(&[]).confirm();
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    let commit = aggregator.commit(&[]);
    let ordinals: Vec<u32> = commit.changed().flat_map(|window| window.groups()).map(|group| group.ordinal).collect();
    assert_eq!(ordinals, [0]);
}

#[test]
fn windows_seal_oldest_first_whatever_their_metric() {
    let mut views = hour_spec();
    views.name = "views".to_owned();
    let rules = [hour_spec(), views].iter().map(|spec| Arc::new(Rule::new(spec))).collect();
    let mut aggregator = Aggregator::new(AGENT, rules);
    for (metric, second) in [(0, 2 * HOUR), (1, HOUR), (0, 0), (1, 0)] {
        assert_eq!(add(&mut aggregator, metric, second, "ada", "", None, DAY), Added::Counted);
    }
    let due = aggregator.sealable(at(DAY), |_, _| UnixMicros::MAX);
    let order: Vec<_> = due.iter().map(|id| (id.window.start, &*id.metric)).collect();
    assert_eq!(order, [(at(0), "hits"), (at(0), "views"), (at(HOUR), "views"), (at(2 * HOUR), "hits")]);
}

#[test]
fn a_record_that_makes_a_sum_too_large_is_refused_whole() {
    let mut aggregator = hourly(&hour_spec());
    assert_eq!(add(&mut aggregator, 0, 0, "ada", "", Some("6e20"), 0), Added::Counted);
    assert_eq!(add(&mut aggregator, 0, 0, "ada", "", Some("6e20"), 0), Added::SumTooLarge);
    assert_eq!(add(&mut aggregator, 0, 0, "bob", "", Some("6e20"), 0), Added::Counted);
    assert_eq!(aggregator.open_lines(), 2);
    assert_eq!(seal(&mut aggregator, DAY).iter().map(|event| event.lines).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn only_changed_groups_are_written_and_keys_once() {
    let mut aggregator = hourly(&hour_spec());
    let users: Vec<String> = (0..3_000).map(|number| format!("user{number}")).collect();
    for user in &users {
        check(&mut aggregator, 0, user, 0, Added::Counted);
    }
    let written = |aggregator: &mut Aggregator| {
        let commit = aggregator.commit(&[]);
        let written: Vec<_> = commit
            .changed()
            .flat_map(|window| {
                window.groups().map(move |group| (window.is_new(), group.ordinal, group.key.is_some(), group.lines()))
            })
            .collect();
        (commit.is_empty(), written)
    };
    // A commit that failed is listed again, with what came since.
    assert_eq!(written(&mut aggregator).1.len(), 3_000);
    check(&mut aggregator, 0, "user7", 0, Added::Counted);
    let all = written(&mut aggregator);
    assert_eq!(all.1.len(), 3_000);
    assert_eq!(all.1[7], (true, 7, true, 2));
    aggregator.commit(&[]).confirm();
    assert_eq!(written(&mut aggregator), (true, vec![]));
    for user in ["user2999", "user63", "user64", "new"] {
        check(&mut aggregator, 0, user, 0, Added::Counted);
    }
    let changed = vec![(false, 63, false, 2), (false, 64, false, 2), (false, 2_999, false, 2), (false, 3_000, true, 1)];
    assert_eq!(written(&mut aggregator), (false, changed));
}

#[test]
fn a_seal_that_is_not_confirmed_changes_nothing() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    let due = aggregator.sealable(at(DAY), |_, _| UnixMicros::MAX);
    let first: Vec<_> = aggregator.commit(&due).sealing().flat_map(|window| window.events()).collect();
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    assert_eq!(aggregator.commit(&[]).changed().count(), 1, "it is open again for a commit that does not seal it");
    let second = seal(&mut aggregator, DAY);
    assert_eq!((first[0].id, first[0].lines), (second[0].id, 1));
    assert_eq!(second[0].lines, 2);
}

#[test]
fn a_window_that_seals_is_not_written_as_changed() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    let due = aggregator.sealable(at(DAY), |_, _| UnixMicros::MAX);
    let commit = aggregator.commit(&due);
    assert_eq!((commit.changed().count(), commit.is_empty()), (0, false));
    let sealing: Vec<_> = commit.sealing().collect();
    assert_eq!((sealing.len(), sealing[0].is_new(), sealing[0].lines(), sealing[0].event_count()), (1, true, 1, 1));
    assert_eq!(*sealing[0].id(), due[0]);
}

fn window_of(spec_hours: i64) -> Window {
    Window { start: at(0), end: at(spec_hours * HOUR) }
}

fn window_id(window: Window) -> WindowId {
    WindowId { metric: "hits".into(), window, revision: 1 }
}

/// An aggregator with the hourly rule and a day's window that was opened by another rule.
fn changed_rule() -> Aggregator {
    let mut before = hour_spec();
    before.window = WindowLength::Day;
    let mut store = Store::default();
    let mut aggregator = hourly(&before);
    check(&mut aggregator, HOUR, "ada", HOUR, Added::Counted);
    store.commit(&mut aggregator, &[]);
    store.restore(vec![Arc::new(Rule::new(&hour_spec()))])
}

#[test]
fn an_open_window_keeps_its_rule_and_the_next_one_has_the_new() {
    let mut aggregator = changed_rule();
    assert_eq!(aggregator.other_rules().len(), 1);
    assert_eq!(aggregator.other_rules()[0].rule.spec.window, WindowLength::Day);
    assert_eq!(aggregator.other_rules()[0].metric, Some(MetricIndex(0)));
    for (second, expected) in
        [(-1, RuleRef::Current), (0, RuleRef::Other(0)), (DAY - 1, RuleRef::Other(0)), (DAY, RuleRef::Current)]
    {
        assert_eq!(aggregator.rule_at(MetricIndex(0), at(second)), expected, "{second}");
    }
    assert_eq!(add_under(&mut aggregator, RuleRef::Other(0), 0, 5 * HOUR, "ada", "", None, DAY), Added::Counted);
    check(&mut aggregator, DAY, "ada", DAY, Added::Counted);
    assert_eq!(aggregator.open_windows(), 2);
    let events = seal(&mut aggregator, 2 * DAY);
    let told: Vec<_> = events.iter().map(|event| (event.window.end, event.lines)).collect();
    assert_eq!(told, [(at(DAY), 2), (at(DAY + HOUR), 1)]);
    assert_eq!(aggregator.rule_at(MetricIndex(0), at(0)), RuleRef::Current, "the old rule is done");
}

#[test]
fn a_record_of_an_old_rule_is_counted_under_it_also_where_its_window_is_done() {
    let mut aggregator = changed_rule();
    check(&mut aggregator, 5 * DAY + HOUR, "ada", 9 * DAY, Added::Counted);
    check(&mut aggregator, 3 * DAY, "ada", 9 * DAY, Added::Counted);
    assert_eq!(add_under(&mut aggregator, RuleRef::Other(0), 0, 2 * DAY, "eve", "", None, 9 * DAY), Added::Counted);
    assert_eq!(aggregator.rule_at(MetricIndex(0), at(2 * DAY + 5 * HOUR)), RuleRef::Other(0));
    // The window that the last line went to has another place now.
    check(&mut aggregator, 3 * DAY + 1, "ada", 9 * DAY, Added::Counted);
    let events = seal(&mut aggregator, 9 * DAY);
    let told: Vec<_> = events.iter().map(|event| (event.window.start, event.window.end, event.lines)).collect();
    let hour = |start: i64| (at(start), at(start + HOUR));
    let (third, fifth) = (hour(3 * DAY), hour(5 * DAY + HOUR));
    assert_eq!(
        told,
        [(at(0), at(DAY), 1), (at(2 * DAY), at(3 * DAY), 1), (third.0, third.1, 2), (fifth.0, fifth.1, 1)]
    );
}

#[test]
fn places_in_a_rule_do_not_make_it_another() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    let mut moved = hour_spec();
    moved.at.line = 99;
    moved.event.at.line = 98;
    aggregator.set_rules(vec![Arc::new(Rule::new(&moved))]);
    assert!(aggregator.other_rules().is_empty());
    check(&mut aggregator, 1, "ada", 0, Added::Counted);
    assert_eq!((aggregator.open_windows(), aggregator.groups()), (1, 1));
}

#[test]
fn each_key_of_a_rule_makes_another_rule_of_it() {
    let changes: [fn(&mut crate::model::spec::MetricSpec); 18] = [
        |spec| spec.sources.clear(),
        |spec| spec.event.value.push('x'),
        |spec| spec.window = WindowLength::Day,
        |spec| spec.time_zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap(),
        |spec| spec.date = crate::model::spec::DateOf::Start,
        |spec| spec.grace = Duration::ZERO,
        |spec| spec.seal_wait = Duration::ZERO,
        |spec| spec.late = Late::Drop,
        |spec| spec.late_every = Duration::ZERO,
        |spec| spec.max_ahead = Duration::ZERO,
        |spec| spec.user = None,
        |spec| spec.account = None,
        |spec| spec.service_user = None,
        |spec| spec.conditions.clear(),
        |spec| spec.properties.clear(),
        |spec| drop(spec.measures.pop_first()),
        |spec| spec.max_groups += 1,
        |spec| spec.name.push('x'),
    ];
    let base = Rule::new(&hour_spec());
    assert!(base.same_as(&Rule::new(&hour_spec())));
    for (change, index) in changes.iter().zip(0..) {
        let mut spec = hour_spec();
        change(&mut spec);
        assert!(!base.same_as(&Rule::new(&spec)), "change {index}");
    }
}

#[test]
fn windows_of_a_metric_that_is_gone_seal_by_the_clock_alone_and_come_back_with_it() {
    let mut aggregator = hourly(&hour_spec());
    check(&mut aggregator, 0, "ada", 0, Added::Counted);
    check(&mut aggregator, DAY, "ada", DAY, Added::Counted);
    aggregator.set_rules(vec![]);
    assert_eq!(aggregator.other_rules()[0].metric, None);
    let due = aggregator.sealable(at(2 * HOUR), |_, _| unreachable!("nobody knows its files"));
    assert_eq!(due, [window_id(window_of(1))]);
    aggregator.commit(&due).confirm();
    aggregator.set_rules(vec![Arc::new(Rule::new(&hour_spec()))]);
    assert!(aggregator.other_rules().is_empty());
    check(&mut aggregator, DAY, "ada", DAY, Added::Counted);
    check(&mut aggregator, 0, "ada", DAY, Added::Late);
    assert_eq!(aggregator.open_lines(), 3);
}

#[test]
fn sealed_windows_are_known_after_a_restart() {
    let mut aggregator = hourly(&hour_spec());
    aggregator.restore_sealed("hits", window_of(1), 4);
    aggregator.restore_sealed("hits", window_of(1), 3);
    check(&mut aggregator, 0, "ada", DAY, Added::Late);
    assert_eq!(seal(&mut aggregator, 2 * DAY)[0].revision, 5);
}

type StoredGroup<'a> = (u32, &'a [u8], &'a [u8]);

#[test]
fn a_damaged_ledger_is_refused() {
    let key = key_of("ada", "");
    let one_line = [1, 0, 0, 0];
    let metric = || Arc::from("hits");
    let cases: [(&[StoredGroup<'_>], Option<RestoreError>); 10] = [
        (&[(0, &key, &one_line), (u32::MAX, &[], &one_line)], None),
        (&[(1, &key, &one_line)], Some(RestoreError::Ordinal { metric: metric(), ordinal: 1, expected: 0 })),
        (
            &[(0, &key, &one_line), (0, &key, &one_line)],
            Some(RestoreError::Ordinal { metric: metric(), ordinal: 0, expected: 1 }),
        ),
        (&[(0, &key, &one_line), (1, &key, &one_line)], Some(RestoreError::State { metric: metric(), ordinal: 1 })),
        (&[(0, &key, &[1, 9])], Some(RestoreError::State { metric: metric(), ordinal: 0 })),
        (&[(0, &key[1..], &one_line)], Some(RestoreError::Key { metric: metric(), ordinal: 0 })),
        (&[(0, &[], &one_line)], Some(RestoreError::Key { metric: metric(), ordinal: 0 })),
        (&[(u32::MAX, &key, &one_line)], Some(RestoreError::Key { metric: metric(), ordinal: u32::MAX })),
        (&[(u32::MAX, &[], &[])], Some(RestoreError::State { metric: metric(), ordinal: u32::MAX })),
        (
            &[(u32::MAX, &[], &one_line), (0, &key, &one_line)],
            Some(RestoreError::Ordinal { metric: metric(), ordinal: 0, expected: 0 }),
        ),
    ];
    for (groups, expected) in cases {
        let mut aggregator = hourly(&hour_spec());
        let rule = Arc::new(Rule::new(&hour_spec()));
        let mut window = aggregator.restore_window(window_id(window_of(1)), rule, at(0)).unwrap();
        let restored = groups.iter().try_for_each(|(ordinal, key, state)| window.group(*ordinal, key, state));
        assert_eq!(restored.err(), expected, "{groups:?}");
    }
}

#[test]
fn a_window_cannot_be_put_back_twice() {
    let mut aggregator = hourly(&hour_spec());
    let rule = Arc::new(Rule::new(&hour_spec()));
    aggregator.restore_window(window_id(window_of(1)), Arc::clone(&rule), at(0)).unwrap().finish();
    let again = aggregator.restore_window(window_id(window_of(1)), rule, at(0));
    assert_eq!(again.err(), Some(RestoreError::Twice(window_id(window_of(1)))));
}
