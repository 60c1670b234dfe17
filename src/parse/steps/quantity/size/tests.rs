use proptest::prelude::*;

use super::bytes;

#[track_caller]
fn check(text: &str, bare: u64, expected: Option<&str>) {
    let mut out = Vec::new();
    let found = bytes(text.as_bytes(), bare, &mut out).map(|()| String::from_utf8(out).unwrap());
    assert_eq!(found.as_deref(), expected, "{text:?}");
}

#[test]
fn sizes_are_read_with_their_units() {
    for (text, expected) in [
        ("0", "0"),
        ("512B", "512"),
        ("512 bytes", "512"),
        ("1 Byte", "1"),
        ("1.5 KiB", "1536"),
        ("12kB", "12000"),
        ("12KB", "12000"),
        ("10k", "10240"),
        ("1.5M", "1572864"),
        ("3.007GB", "3007000000"),
        ("12 TB", "12000000000000"),
        ("256TiB", "281474976710656"),
        ("1EiB", "1152921504606846976"),
        ("1EB", "1000000000000000000"),
        ("2Gi", "2147483648"),
        ("1,234", "1234"),
        ("1,234,567.5 kB", "1234567500"),
        ("0.1 B", "0.1"),
        (" 7 ", "7"),
    ] {
        check(text, 1, Some(expected));
    }
    check("1.5", 1_024, Some("1536"));
    check("1.5 B", 1_024, Some("1.5"));
}

#[test]
fn other_texts_are_no_sizes() {
    for text in [
        "",
        "-",
        "-1",
        "+1",
        "B",
        "1 X",
        "1 KiBs",
        "1 kbit",
        "1.2.3",
        "1.",
        ".5",
        "1,23",
        "1,2345",
        "12,",
        ",123",
        "1234,567",
        "1,234,",
        "1,234.5.6",
        "1 234",
        "1_000",
        "1e3",
        "0x10",
        "NaN",
        "99999999999999999999999999999999999999999999",
        "1,234.5,6",
        "1Ki2",
        "é",
        "1é",
    ] {
        check(text, 1, None);
    }
}

proptest! {
    #[test]
    fn separators_of_thousands_change_nothing(number in any::<u64>(), decimals in "(\\.[0-9]{0,5}[1-9])?") {
        let plain = number.to_string();
        let mut grouped = String::new();
        for (index, digit) in plain.char_indices() {
            if index > 0 && (plain.len() - index) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let expected = format!("{plain}{decimals}");
        check(&expected, 1, Some(&expected));
        check(&format!("{grouped}{decimals}"), 1, Some(&expected));
    }

    #[test]
    fn a_size_is_its_number_times_its_unit(number in 0_u64..1_000_000, power in 1_u32..5) {
        let letter = ["", "K", "M", "G", "T"][power as usize];
        check(&format!("{number}{letter}iB"), 1, Some(&(u128::from(number) * 1_024_u128.pow(power)).to_string()));
        check(&format!("{number} {letter}B"), 1, Some(&(u128::from(number) * 1_000_u128.pow(power)).to_string()));
    }

    #[test]
    fn no_text_panics(text in "[0-9.,KMGTPEiBkb ]{0,24}|[0-9,.]{0,80}") {
        let _ = bytes(text.as_bytes(), u64::MAX, &mut Vec::new());
    }
}
