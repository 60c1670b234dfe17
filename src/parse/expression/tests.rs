use proptest::prelude::*;
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::one_pass::cut_short;
use super::{Input, OnePass, compile as engine, parse, with_groups};
use crate::parse::tests::{check, compile, regex};

/// The numbers of the groups that are no conditions, in order.
pub(super) fn group_numbers(hir: &Hir) -> Vec<u32> {
    fn collect(hir: &Hir, found: &mut Vec<u32>) {
        match hir.kind() {
            HirKind::Capture(capture) => {
                found.push(capture.index);
                collect(&capture.sub, found);
            }
            HirKind::Repetition(repetition) => collect(&repetition.sub, found),
            HirKind::Concat(items) | HirKind::Alternation(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(hir, &mut found);
    found.sort_unstable();
    found
}

#[test]
fn an_expression_matches_whole_lines_of_bytes() {
    for (text, line, expected) in [
        ("(?<a>b+)", "bb", Some(Some("bb"))),
        ("(?P<a>b+)", "bb", Some(Some("bb"))),
        ("(?<a>b+)", "bbc", None),
        ("(?<a>b+)", "abb", None),
        ("(?<a>b)|cd", "cd", Some(None)),
        ("(?<a>b|bc)", "bc", Some(Some("bc"))),
        ("(?<a>b)?", "", Some(None)),
        ("^(?<a>b)$", "b", Some(Some("b"))),
        ("(?x) (?<a> b ) # a comment", "b", Some(Some("b"))),
        ("(?<a>.)", "ä", None),
        ("(?u)(?<a>.)", "ä", Some(Some("ä"))),
        ("(?<a>\\p{L})", "ä", Some(Some("ä"))),
        ("(?<a>[äö])", "ö", Some(Some("ö"))),
        ("(?<a>ä)", "ä", Some(Some("ä"))),
        ("(?i)(?<a>get)", "GET", Some(Some("GET"))),
    ] {
        let fields = expected.map(|text| [("a", text)]);
        check(&compile(regex(text)), line, fields.as_ref().map(|fields| &fields[..]));
    }
}

#[test]
fn a_dot_is_any_byte_also_one_that_is_no_utf8() {
    let mut parser = compile(regex("(?<a>.*)b")).line_parser(&["a"], &jiff::tz::TimeZone::UTC).unwrap();
    let found = crate::parse::tests::fields_of(&mut parser, b"\xff\xfeb", 1);
    assert_eq!(found, Some(vec![Some(vec![0xff, 0xfe])]));
}

#[test]
fn an_explanation_shows_the_longest_beginning_that_matches() {
    for (text, line, expected) in [
        (r"(?<a>\S+) \[(?<b>[^\]]*)\] x{2} end", "h [t] xx en", r"at byte 11: expected `d`, the line ends"),
        (r"(?<a>\S+) from (?<b>\S+)", "h for", r"at byte 3: expected `rom ` before `b`, found `or`"),
        (r"(?<a>\S+) (?P<b>\d+) c", "h x", r"at byte 2: expected `b`, which is `(?P<b>\d+)`, found `x`"),
        ("(?<a>b)", "c", "at byte 0: expected `a`, which is `(?<a>b)`, found `c`"),
        ("(?<a>b)x(?:y|z){3}", "bxy", "at byte 2: expected `(?:y|z){3}`, found `y`"),
        ("(?x) (?<a>b) # one\n c", "bd", "at byte 1: expected `c`, found `d`"),
        (
            "(?<a>b)(?:0123456789|0123456789|0123456789|0123456789|0123456789|0123456789)",
            "bd",
            "at byte 1: expected `(?:0123456789|0123456789|0123456789|0123456789|0123456789|01…`, found `d`",
        ),
    ] {
        let mut parser = compile(regex(text)).line_parser(&[], &jiff::tz::TimeZone::UTC).unwrap();
        assert_eq!(parser.explain(line.as_bytes()), expected);
        assert_eq!(parser.explain(line.as_bytes()), expected, "a second time");
    }
}

#[test]
fn a_dot_is_also_a_newline_and_a_class_of_letters_leaves_other_bytes_alone() {
    check(&compile(regex("(?<a>.*)b")), "x\ny b", Some(&[("a", Some("x\ny "))]));
    let pattern = compile(regex("(?<a>[aé]+)(?<b>.*)"));
    let mut parser = pattern.line_parser(&["a", "b"], &jiff::tz::TimeZone::UTC).unwrap();
    let found = crate::parse::tests::fields_of(&mut parser, b"a\xc3\xa9\xff", 2);
    assert_eq!(found, Some(vec![Some("aé".as_bytes().to_vec()), Some(vec![0xff])]));
}

#[test]
fn a_line_that_goes_on_is_said_to() {
    let mut parser = compile(regex("(?<a>b+)")).line_parser(&[], &jiff::tz::TimeZone::UTC).unwrap();
    assert_eq!(parser.explain(b"bbc"), "at byte 2: expected the line to end, as the regex does, found `c`");
}

#[test]
fn an_expression_for_an_access_log_is_read_in_one_pass() {
    for (text, expected) in [
        (r#"(\S+) - (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)""#, true),
        (r#"(\S+) - (.*?) \[(.*?)\] "(.*?)" (\d{3}) (\d+|-) "(.*?)" "(.*?)"$"#, true),
        (r"(.*) (.*)", false),
    ] {
        let hir = Hir::concat(vec![Hir::look(Look::Start), parse(text).unwrap(), Hir::look(Look::End)]);
        assert_eq!(OnePass::new(&hir).is_some(), expected, "{text}");
    }
}

/// Pieces of expressions over `a`, `b`, a quote and a space.
const PIECES: [&str; 26] = [
    "a",
    "\"",
    " ",
    "\" ",
    "\"a",
    " \"",
    "(\\S+)",
    "(\\S+?)",
    "(\\S*)",
    "(.*?)",
    "(.+?)",
    "(.*)",
    "([ab]*)",
    "([^\"]*)",
    "(a{2,})",
    "(\\S{2,}?)",
    "(?:a|\")",
    "(?:(.*?)\"|b)",
    "(?: (\\S+))?",
    "(?:(\\S+)\" |a)?",
    "(?:(.*?) )*",
    "(a|b|)",
    "(?:\"(.*?)\"|(b))",
    "\\b",
    "(b)?",
    "b??",
];

type Slots = Vec<Option<NonMaxUsize>>;

/// The groups that each way of reading finds; `None` where the fast one leaves the line to the other.
fn both(text: &str, line: &[u8], whole: bool) -> (bool, Option<Slots>, Slots) {
    let hir = parse(text).unwrap();
    let hir = if whole { Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]) } else { hir };
    let hir = with_groups(&hir, &group_numbers(&hir));
    let regex = engine(&hir).unwrap();
    let mut slots = vec![None; 2 * regex.captures_len()];
    let one_pass = OnePass::new(&hir);
    let built = one_pass.is_some() && cut_short(&hir) != hir;
    let fast = one_pass.and_then(|mut one_pass| one_pass.read(line, &mut slots).then(|| slots.clone()));
    let mut slots = vec![None; 2 * regex.captures_len()];
    regex.search_slots_with(&mut regex.create_cache(), &Input::new(line), &mut slots);
    (built, fast, slots)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn one_pass_finds_what_the_expression_finds(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 1..7),
        line in "[ab\" ]{0,10}",
        whole: bool,
    ) {
        let text = pieces.concat();
        if let (_, Some(fast), slots) = both(&text, line.as_bytes(), whole) {
            prop_assert_eq!(fast, slots, "{} on {:?}", text, line);
        }
    }
}

#[test]
fn a_run_that_was_cut_short_is_read_fast_and_right() {
    for (text, line) in [
        (r#""(\S+)" (b)"#, r#""a" b"#),
        (r#"(.*?) (.*?)""#, r#"ab b""#),
        (r#"(\S+?)" (.*)"#, r#"ab" "a"#),
        (r#"(?:([^b]*?)"|b)(a)"#, r#"a"a"#),
    ] {
        let (built, fast, slots) = both(text, line.as_bytes(), true);
        assert!(built, "{text} is not cut short, or not of one pass");
        assert_eq!(fast, Some(slots), "{text}");
    }
}

#[test]
fn a_match_that_leaves_bytes_is_not_taken_from_runs_that_were_cut_short() {
    let line = br#"b "a" a" b"#;
    let (built, fast, slots) = both(r#"(b)(?: "(.*?)" b)?"#, line, false);
    assert!(built, "not cut short, or not of one pass");
    assert_eq!(fast, None, "the run goes on over its delimiter here");
    assert_eq!(slots[5].map(NonMaxUsize::get), Some(7), "as the expression itself finds");
}
