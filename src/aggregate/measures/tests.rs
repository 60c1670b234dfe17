use proptest::prelude::*;

use super::{Layout, SumTooLarge, Value};
use crate::model::decimal::Decimal;
use crate::model::record::Input;
use crate::model::spec::Measure;

fn field() -> String {
    "bytes".to_owned()
}

/// Every kind, two sums, in an order in which the sums are not first.
fn measures() -> Vec<Measure> {
    vec![
        Measure::Min { field: field() },
        Measure::Count,
        Measure::Sum { field: field() },
        Measure::Max { field: field() },
        Measure::Sum { field: field() },
    ]
}

fn layout() -> Layout {
    Layout::new(measures().iter())
}

fn number(text: &str) -> Input {
    Input::Number(Decimal::parse(text.as_bytes()).unwrap())
}

fn state_of(layout: &Layout, lines: &[[Input; 5]]) -> Vec<u64> {
    let mut state = Vec::new();
    layout.push_empty(&mut state);
    for line in lines {
        layout.add(&mut state, line).unwrap();
    }
    state
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        1 => Just(Input::Absent),
        4 => (any::<i32>(), 0_u32..7).prop_map(|(mantissa, scale)| number(&format!("{mantissa}e-{scale}"))),
    ]
}

fn any_lines() -> impl Strategy<Value = Vec<[Input; 5]>> {
    let line = (any_input(), any_input(), any_input(), any_input());
    prop::collection::vec(line.prop_map(|(min, one, max, two)| [min, Input::One, one, max, two]), 0..12)
}

#[test]
fn each_measure_takes_its_own_input() {
    let layout = layout();
    let lines = [
        [number("3"), Input::One, number("1.5"), number("7"), Input::Absent],
        [number("-2"), Input::One, number("0.25"), number("6.5"), Input::Absent],
    ];
    let decimal = |text: &str| Value::Number(Decimal::parse(text.as_bytes()));
    assert_eq!(
        layout.values(&state_of(&layout, &lines)),
        [decimal("-2"), Value::Count(2), decimal("1.75"), decimal("7"), Value::Number(None)]
    );
}

#[test]
fn a_sum_that_is_too_large_changes_nothing() {
    let layout = layout();
    let mut state = state_of(&layout, &[[number("1"), Input::One, number("2"), number("3"), number("4e20")]]);
    let before = state.clone();
    let line = [number("0"), Input::One, number("2"), number("9"), number("4e20")];
    assert_eq!(layout.add(&mut state, &line), Err(SumTooLarge));
    assert_eq!(state, before);
}

#[test]
fn states_of_other_lengths_and_with_numbers_that_are_none_are_refused() {
    let layout = Layout::new([Measure::Sum { field: field() }].iter());
    for (stored, fits) in [
        (&[5, 0][..], true),
        (&[5, 2, 0, 9], true),
        (&[], false),
        (&[5], false),
        (&[5, 1], false),
        (&[5, 0, 0], false),
        // A scale of 16.
        (&[5, 2, 16, 9], false),
        (&[5, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], false),
        // More lines than a word holds.
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0], true),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0], false),
        (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0], false),
    ] {
        let mut words = vec![7];
        assert_eq!(layout.decode(stored, &mut words).is_some(), fits, "{stored:?}");
        assert_eq!(words.len(), if fits { 1 + layout.words() } else { 1 }, "{stored:?}");
    }
}

#[test]
fn the_stored_form_never_changes() {
    let layout = layout();
    let line = [number("-0.50"), Input::One, number("1000"), Input::Absent, number("12.125")];
    let state = state_of(&layout, &vec![line; 300]);
    let mut stored = Vec::new();
    layout.encode(&state, &mut stored);
    // 300 lines; sums 300000 and 3637.5; the smallest -0.5; no largest.
    assert_eq!(stored, [0xac, 2, 4, 0, 0xe0, 0x93, 4, 4, 1, 0x17, 0x8e, 0, 2, 1, 0xfb, 0]);
}

proptest! {
    #[test]
    fn merging_parts_gives_the_whole(one in any_lines(), two in any_lines(), three in any_lines()) {
        let layout = layout();
        let whole = state_of(&layout, &[one.clone(), two.clone(), three.clone()].concat());
        let parts = [one, two, three].map(|lines| state_of(&layout, &lines));
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut left = parts[order[0]].clone();
            layout.merge(&mut left, &parts[order[1]]).unwrap();
            layout.merge(&mut left, &parts[order[2]]).unwrap();
            prop_assert_eq!(layout.values(&left), layout.values(&whole));
            let mut right = parts[order[1]].clone();
            layout.merge(&mut right, &parts[order[2]]).unwrap();
            let mut first = parts[order[0]].clone();
            layout.merge(&mut first, &right).unwrap();
            prop_assert_eq!(layout.values(&first), layout.values(&whole));
        }
    }

    #[test]
    fn the_stored_form_keeps_every_value(lines in any_lines()) {
        let layout = layout();
        let state = state_of(&layout, &lines);
        let (mut stored, mut words) = (Vec::new(), vec![7]);
        layout.encode(&state, &mut stored);
        prop_assert_eq!(layout.decode(&stored, &mut words), Some(()));
        prop_assert_eq!(layout.values(&words[1..]), layout.values(&state));
    }

    #[test]
    fn no_stored_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = layout().decode(&bytes, &mut Vec::new());
    }
}
