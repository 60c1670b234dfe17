//! Text of every encoding.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS, WINDOWS_1252, X_USER_DEFINED};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(label: &str, bytes: &[u8], offset: u64, expected: &str, malformed: u64) {
    let encoding = TextEncoding::from_label(label).unwrap();
    let mut buffer = TextBuffer::default();
    let (text, count) = FileText::new(encoding, bytes).read(bytes, offset, &mut buffer);
    assert_eq!((String::from_utf8_lossy(text).as_ref(), count), (expected, malformed), "{label}");
}

#[test]
fn text_becomes_utf_8_without_its_mark() {
    for (label, bytes, offset, expected, malformed) in [
        ("utf-8", &b"\xef\xbb\xbfa\n"[..], 0, "a\n", 0),
        ("utf-8", b"\xef\xbb\xbfa\n", 5, "\u{feff}a\n", 0),
        ("latin1", b"caf\xe9 \x80\n", 0, "café €\n", 0),
        ("iso-8859-15", b"\xa4\n", 9, "€\n", 0),
        ("shift_jis", b"\x93\xfa\x96{\n", 0, "日本\n", 0),
        // A character that a newline cuts short does not take the newline with it.
        ("shift_jis", b"\x93\na\n", 0, "\u{fffd}\na\n", 1),
        ("gb18030", b"\x81\x30\x81\nz\n", 0, "\u{fffd}0\u{fffd}\nz\n", 2),
        ("utf-16le", b"\xff\xfea\0\n\0", 0, "a\n", 0),
        ("utf-16le", b"\xfe\xff\0a\0\n", 0, "a\n", 0),
        ("utf-16be", b"\0a\0\n", 0, "a\n", 0),
        ("utf-16le", b"=\xd8K\xdc\n\0", 4, "\u{1f44b}\n", 0),
        ("utf-16le", b"\x3d\xd8\n\0", 4, "\u{fffd}\n", 1),
        ("utf-16le", b"a\0b", 4, "a\u{fffd}", 1),
    ] {
        check(label, bytes, offset, expected, malformed);
    }
}

#[test]
fn first_bytes_that_are_another_encoding_are_objected_to() {
    let pairs = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let utf_16 = TextEncoding::Utf16(ByteOrder::Little);
    for (encoding, head, expected) in [
        (TextEncoding::Bytes, b"\xff\xfe".to_vec(), Some("utf-16le")),
        (TextEncoding::Bytes, b"\xfe\xff\0a".to_vec(), Some("utf-16be")),
        (TextEncoding::Table(WINDOWS_1252), pairs("192.0.2.1 - -"), Some("utf-16le")),
        (TextEncoding::Bytes, pairs("192.0.2.1 - -").split_off(1), Some("utf-16be")),
        (TextEncoding::Bytes, pairs("short"), None),
        (TextEncoding::Bytes, vec![0; 100], None),
        (TextEncoding::Bytes, b"a line, \0 and more of it".to_vec(), None),
        (utf_16, pairs("192.0.2.1 - -"), None),
        (utf_16, [b"\xfe\xff".to_vec(), vec![b'a'; 100]].concat(), None),
        (utf_16, vec![b'a'; 100], Some("without `encoding`")),
        (utf_16, vec![b'a'; 20], None),
        (utf_16, vec![0; 100], None),
    ] {
        let said = object(encoding, &head).err().map(|err| err.to_string());
        let is_expected = match (&said, expected) {
            (Some(said), Some(expected)) => said.contains(expected),
            (None, None) => true,
            _ => false,
        };
        assert!(is_expected, "{encoding:?} {}: {said:?}", head.escape_ascii());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_together_decode_as_each_alone(
        lines in prop::collection::vec(prop::collection::vec(prop_oneof![any::<u8>(), Just(0x81), Just(0x30)], 0..12), 0..8),
    ) {
        for encoding in [BIG5, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS, WINDOWS_1252, X_USER_DEFINED] {
            let file = FileText::Table(encoding);
            let (mut whole, mut line_buffer) = (TextBuffer::default(), TextBuffer::default());
            let lines: Vec<Vec<u8>> = lines
                .iter()
                .map(|line| line.iter().copied().filter(|byte| *byte != b'\n').chain([b'\n']).collect())
                .collect();
            let all = lines.concat();
            let (text, malformed) = file.read(&all, 1, &mut whole);
            let (mut expected, mut each) = (Vec::new(), 0);
            for line in &lines {
                let (text, malformed) = file.read(line, 1, &mut line_buffer);
                expected.extend_from_slice(text);
                each += malformed;
                prop_assert_eq!(memchr::memchr_iter(b'\n', text).count(), 1, "{}", encoding.name());
            }
            prop_assert_eq!((text, malformed), (expected.as_slice(), each), "{}", encoding.name());
        }
    }
}
