use proptest::prelude::*;

use super::{COLUMNS, escaped, shortened, table, width, with_caret, wrapped};

#[track_caller]
fn check_caret(line: &[u8], at: usize, expected: &str) {
    assert_eq!(with_caret(line, at, "  "), expected);
}

#[test]
fn the_caret_stands_under_its_byte_whatever_comes_before() {
    check_caret(b"abc", 1, "  abc\n   ^");
    check_caret(b"abc", 3, "  abc\n     ^");
    check_caret("äö\tx".as_bytes(), 5, "  äö\\tx\n      ^");
    check_caret(b"\x1b[31mx", 5, "  \\x1b[31mx\n          ^");
    check_caret("日本x".as_bytes(), 6, "  日本x\n      ^");
    check_caret(b"", 0, "  \n  ^");
    check_caret(b"abc", 9, "  abc\n     ^");
}

#[test]
fn nothing_that_moves_a_terminal_gets_out() {
    for (bytes, expected) in [
        (&b"a\x1b[2Jb"[..], "a\\x1b[2Jb"),
        (b"\xff\xc3\xa4\r\n", "\\xffä\\r\\n"),
        ("a\u{202e}b\u{85}".as_bytes(), "a\\u{202e}b\\u{85}"),
        (b"\\x1b", "\\x1b"),
    ] {
        assert_eq!(escaped(bytes), expected);
    }
}

#[test]
fn cells_stand_under_each_other_and_the_last_is_cut() {
    assert_eq!(
        table(&[vec!["字".to_owned(), "x".to_owned()], vec!["ab".to_owned(), "y".to_owned()]], ""),
        "字  x\nab  y\n"
    );
    let rows =
        [vec!["a".to_owned(), "x".repeat(200)], vec!["long".to_owned(), "y".to_owned()], vec!["alone".to_owned()]];
    let shown = table(&rows, "  ");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("  a     xxx") && lines[0].ends_with('…'), "{shown}");
    assert_eq!(lines[0].chars().count(), COLUMNS);
    assert_eq!((lines[1], lines[2]), ("  long  y", "  alone"));
}

#[test]
fn words_are_put_on_lines_that_fit() {
    let shown = wrapped(&"word ".repeat(60), "    ");
    assert!(shown.lines().all(|line| line.chars().count() <= COLUMNS && line.starts_with("    word")));
    assert_eq!(shown.matches("word").count(), 60);
}

proptest! {
    #[test]
    fn a_caret_line_fits_the_screen_and_its_caret_points_at_the_byte(line in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), "[a日本🙂\t]{0,100}".prop_map(String::into_bytes)], at in 0_usize..320) {
        let shown = with_caret(&line, at, "    ");
        let (text, caret) = shown.split_once('\n').expect("two lines");
        prop_assert!(width(text) <= COLUMNS + 1, "{}", text);
        prop_assert!(!text.chars().any(char::is_control));
        let place = caret.chars().count() - 1;
        let mut before = 0;
        let after = text.trim_start_matches(|c: char| {
            before += width(c.encode_utf8(&mut [0; 4]));
            before <= place
        });
        let rest = line.get(at..).unwrap_or_default();
        let expected = escaped(rest);
        let kept = after.trim_end_matches('…');
        prop_assert!(expected.starts_with(kept), "{:?} {:?}", expected, after);
    }

    #[test]
    fn a_shortened_text_is_no_longer_than_asked(text in "\\PC{0,40}", columns in 1_usize..30) {
        prop_assert!(width(&shortened(&text, columns)) <= columns);
    }
}
