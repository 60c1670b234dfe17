use std::collections::BTreeMap;

use proptest::prelude::*;
use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::{NOT_AFTER, NOT_BEFORE, Side, any_but, condition, resolve};
use crate::parse::expression::parse;

/// Where groups begin and end, by number.
type Found = BTreeMap<u32, (usize, usize)>;

/// Every way to match from a place, the preferred first: what a backtracking engine would try.
fn ways(hir: &Hir, line: &[u8], at: usize, found: &Found) -> Vec<(usize, Found)> {
    match hir.kind() {
        HirKind::Empty => vec![(at, found.clone())],
        HirKind::Look(look) => {
            let holds = match look {
                Look::Start => at == 0,
                Look::End => at == line.len(),
                other => panic!("not in these tests: {other:?}"),
            };
            if holds { vec![(at, found.clone())] } else { Vec::new() }
        }
        HirKind::Literal(literal) if line[at..].starts_with(&literal.0) => vec![(at + literal.0.len(), found.clone())],
        HirKind::Literal(_) => Vec::new(),
        HirKind::Class(class) => {
            let fits = line.get(at).is_some_and(|&byte| super::ByteSet::of_class(class).contains(byte));
            if fits { vec![(at + 1, found.clone())] } else { Vec::new() }
        }
        HirKind::Concat(items) => items.iter().fold(vec![(at, found.clone())], |ways_here, item| {
            ways_here.into_iter().flat_map(|(at, found)| ways(item, line, at, &found)).collect()
        }),
        HirKind::Alternation(branches) => branches.iter().flat_map(|branch| ways(branch, line, at, found)).collect(),
        HirKind::Capture(capture) => {
            if let Some((side, _, bytes)) = condition(capture) {
                let beside = match side {
                    Side::Start => at.checked_sub(1).map(|before| line[before]),
                    Side::End => line.get(at).copied(),
                };
                let holds = beside.is_none_or(|byte| !bytes.contains(byte));
                return if holds { vec![(at, found.clone())] } else { Vec::new() };
            }
            let mut inner = ways(&capture.sub, line, at, found);
            for (end, found) in &mut inner {
                found.insert(capture.index, (at, *end));
            }
            inner
        }
        HirKind::Repetition(repetition) => turns(repetition, 0, line, at, found),
    }
}

fn turns(
    repetition: &regex_syntax::hir::Repetition,
    done: u32,
    line: &[u8],
    at: usize,
    found: &Found,
) -> Vec<(usize, Found)> {
    let more: Vec<_> = if repetition.max.is_some_and(|max| done >= max) {
        Vec::new()
    } else {
        let once = ways(&repetition.sub, line, at, found).into_iter();
        once.filter(|(end, _)| *end > at || done < repetition.min)
            .flat_map(|(end, found)| turns(repetition, done + 1, line, end, &found))
            .collect()
    };
    let stop = (done >= repetition.min).then(|| (at, found.clone()));
    if repetition.greedy { more.into_iter().chain(stop).collect() } else { stop.into_iter().chain(more).collect() }
}

/// The groups of the first match, by the model.
fn modelled(hir: &Hir, line: &[u8]) -> Option<Found> {
    (0..=line.len()).find_map(|at| ways(hir, line, at, &Found::new()).into_iter().next()).map(|(_, found)| found)
}

/// The groups of the first match, by an engine that knows no conditions.
fn found(hir: &Hir, line: &[u8]) -> Option<Found> {
    let regex = Regex::builder().configure(Regex::config().utf8_empty(false)).build_from_hir(hir).unwrap();
    let mut captures = regex.create_captures();
    regex.search_captures(&Input::new(line), &mut captures);
    let span = |group: usize| captures.get_group(group).map(|span| (group as u32, (span.start, span.end)));
    captures.is_match().then(|| (1..captures.group_len()).filter_map(span).collect())
}

/// `text` has conditions as groups with names; they are numbered last, so that the other groups keep their numbers.
fn check(text: &str, line: &str) -> Result<bool, TestCaseError> {
    let hir = parse(text).unwrap();
    let resolved = resolve(&hir);
    if !resolved.exact {
        return Ok(false);
    }
    let before = resolved.before.map(|bytes| any_but(bytes, Look::Start));
    let after = resolved.after.map(|bytes| any_but(bytes, Look::End));
    let whole = Hir::concat(before.into_iter().chain([resolved.hir]).chain(after).collect());
    let keep = |found: Option<Found>| found.map(|found| found.into_values().collect::<Vec<_>>());
    let groups = crate::parse::expression::tests::group_numbers(&whole);
    let whole = crate::parse::expression::with_groups(&whole, &groups);
    prop_assert_eq!(
        keep(found(&whole, line.as_bytes())),
        keep(modelled(&hir, line.as_bytes())),
        "{} on {:?}",
        text,
        line
    );
    Ok(true)
}

/// Pieces of expressions over the letters `a`, `b`, `c`; `<` and `>` stand for conditions on the byte before and after.
const PIECES: [&str; 28] = [
    "a",
    "b",
    "ab",
    "[ab]",
    "([ab]*)",
    "(.*)",
    "(.*?)",
    "([bc]+)",
    "([bc]+?)",
    "(a{1,3})",
    "(b{0,2})",
    "(?:a|bc)",
    "(?:(a)|b)",
    "(a|b|)",
    "c?",
    "<",
    "<",
    ">",
    ">",
    "(<b*)",
    "(b*>)",
    "(a*?)",
    "(?:[ab]c)*",
    "(c+?)",
    "(?:<a|b)",
    "(?:<a|<b)",
    "^",
    "$",
];

fn expression() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 1..7).prop_map(|pieces| {
        let mut text = String::new();
        for (number, c) in pieces.concat().chars().enumerate() {
            match c {
                '<' => text.extend(["(?P<", NOT_AFTER, &number.to_string(), ">[ab])"]),
                '>' => text.extend(["(?P<", NOT_BEFORE, &number.to_string(), ">[bc])"]),
                _ => text.push(c),
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_condition_that_is_built_in_holds_where_it_held(text in expression(), line in "[abc]{0,7}") {
        check(&text, &line)?;
    }
}

#[test]
fn the_usual_conditions_are_built_in_exactly() {
    let after = |class: &str| format!("(?P<{NOT_AFTER}0>{class})");
    let before = |class: &str| format!("(?P<{NOT_BEFORE}0>{class})");
    for text in [
        format!("^(.*){}([0-9]+)", after("[0-9]")),
        format!("^(.*?){}([0-9]+)", after("[0-9]")),
        format!("([a-c0-9]+){}x", after("[0-9]")),
        format!("x{}([a-c0-9]+)", before("[a-c]")),
        format!("{}([0-9]+){}", after("[0-9]"), before("[a-c]")).replacen(
            "pxtail_not_before_0",
            "pxtail_not_before_1",
            1,
        ),
    ] {
        for line in ["12", "ab12", "1ab2x", "x1a", "xa1", "0x1x22", ""] {
            assert!(check(&text, line).unwrap(), "{text} is not built in exactly");
        }
    }
}
