use proptest::prelude::*;

use super::seconds;
use crate::model::step::TimeUnit;

#[track_caller]
fn check(text: &str, bare: Option<TimeUnit>, expected: Option<&str>) {
    let mut out = Vec::new();
    let found = seconds(text.as_bytes(), bare, &mut out).map(|()| String::from_utf8(out).unwrap());
    assert_eq!(found.as_deref(), expected, "{text:?}");
}

#[test]
fn spans_are_read_as_programs_write_them() {
    for (text, expected) in [
        ("1.5ms", "0.0015"),
        ("1h2m3s", "3723"),
        ("1h0m0.5s", "3600.5"),
        ("12µs", "0.000012"),
        ("12\u{3bc}s", "0.000012"),
        ("12us", "0.000012"),
        ("100ns", "0.0000001"),
        ("0s", "0"),
        ("-0s", "0"),
        ("-1.5s", "-1.5"),
        ("+1.5s", "1.5"),
        ("1 s", "1"),
        (" 3 minutes 2 sec ", "182"),
        ("1d1s", "86401"),
        ("1w", "604800"),
        ("1005MS", "1.005"),
        ("00:00:01.5", "1.5"),
        ("00:00:01,500", "1.5"),
        ("100:59:59", "363599"),
        ("1.02:03:04.0000005", "93784.0000005"),
        ("0:00:01", "1"),
        ("PT1.5S", "1.5"),
        ("PT1,5S", "1.5"),
        ("P1DT2H3M4S", "93784"),
        ("P2W", "1209600"),
        ("PT0S", "0"),
        ("pt36h", "129600"),
        ("-PT1S", "-1"),
    ] {
        check(text, None, Some(expected));
        check(text, Some(TimeUnit::Hour), Some(expected));
    }
}

#[test]
fn bare_numbers_have_the_unit_that_is_said() {
    for (unit, expected) in [
        (TimeUnit::Nanosecond, "0.0000000015"),
        (TimeUnit::Microsecond, "0.0000015"),
        (TimeUnit::Millisecond, "0.0015"),
        (TimeUnit::Second, "1.5"),
        (TimeUnit::Minute, "90"),
        (TimeUnit::Hour, "5400"),
        (TimeUnit::Day, "129600"),
    ] {
        check("1.5", Some(unit), Some(expected));
        check("1.5", None, None);
    }
    check("-1", Some(TimeUnit::Millisecond), Some("-0.001"));
    check("0.0000000000000005", Some(TimeUnit::Second), Some("0.000000000000001"));
    check("0.00000000000000049999", Some(TimeUnit::Second), Some("0"));
}

#[test]
fn other_texts_are_no_spans() {
    for text in [
        "",
        "-",
        "+",
        "foo",
        "1x",
        "s",
        "1s1s",
        "1s2m",
        "1M",
        "1.s",
        ".5s",
        "1..5s",
        "1s 2",
        "1s,2ms",
        "1e3s",
        "0x1s",
        "--1s",
        "1:2",
        "00:60:00",
        "00:00:60",
        "00:0:00",
        "00:00:000",
        "00:00:00:00",
        "00:00:",
        ":00:00",
        "1,5:00:00",
        "P",
        "PT",
        "P1",
        "P1Y",
        "P1M",
        "PT1S1M",
        "PT1",
        "P1DT",
        "P-1D",
        "1 day, 0:00:01",
        "1234567890123456789012345d",
        "٣s",
        "1é",
    ] {
        check(text, Some(TimeUnit::Second), None);
    }
}

proptest! {
    #[test]
    fn a_sum_of_units_is_what_whole_nanoseconds_say(parts in prop::array::uniform6(0_u32..5_000)) {
        let units = [("d", 86_400_000_000_000_u128), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("ns", 1)];
        let text = parts.iter().zip(units).map(|(number, (unit, _))| format!("{number}{unit}")).collect::<Vec<_>>().concat();
        let nanos: u128 = parts.iter().zip(units).map(|(number, (_, unit))| u128::from(*number) * unit).sum();
        let expected = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        check(&text, None, Some(expected.trim_end_matches('0').trim_end_matches('.')));
    }

    #[test]
    fn a_fraction_is_exact(whole in 0_u64..1_000_000, thousandths in 0_u32..1_000) {
        let micros = u128::from(whole) * 1_000 + u128::from(thousandths);
        let expected = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        check(&format!("{whole}.{thousandths:03}ms"), None, Some(expected.trim_end_matches('0').trim_end_matches('.')));
    }

    #[test]
    fn no_text_panics(text in "[0-9.:,PTWDHMSdhmsnu +-]{0,24}|[0-9]{0,60}(w|d|PT)?") {
        let _ = seconds(text.as_bytes(), Some(TimeUnit::Day), &mut Vec::new());
    }
}
