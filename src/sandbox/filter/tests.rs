use proptest::prelude::*;

use super::*;

const FIELDS: &[Field] = &[("identifyId", FieldKind::Id), ("eventName", FieldKind::Text), ("date", FieldKind::Instant)];

struct Thing {
    id: String,
    name: String,
    date: i64,
}

fn thing(id: &str, name: &str, date: i64) -> Thing {
    Thing { id: id.to_owned(), name: name.to_owned(), date }
}

fn accepts(filter: &Filter, thing: &Thing) -> bool {
    filter.accepts(|field| match field {
        "identifyId" => Value::Text(&thing.id),
        "eventName" => Value::Text(&thing.name),
        _ => Value::Instant(thing.date),
    })
}

/// The thing under test is user `Ann@acme`, event `API Usage`, at 1,700,000,000,000 ms. `None`: the filter is refused.
#[track_caller]
fn check(filters: &[&str], expected: Option<bool>) {
    let filters: Vec<String> = filters.iter().map(|&text| text.to_owned()).collect();
    let thing = thing("Ann@acme", "API Usage", 1_700_000_000_000);
    let outcome = Filter::read(&filters, FIELDS).ok().map(|filter| accepts(&filter, &thing));
    assert_eq!(outcome, expected, "{filters:?}");
}

#[test]
fn the_grammar_is_read_as_the_contract_says() {
    for (filters, expected) in [
        (&[][..], Some(true)),
        (&["identifyId==Ann@acme"], Some(true)),
        (&["identifyId==ann@ACME"], Some(true)),
        (&["identifyId==ann"], Some(false)),
        (&["identifyId!=ann"], Some(true)),
        (&["identifyId!=ANN@acme"], Some(false)),
        (&["identifyId~ann*"], Some(true)),
        (&["identifyId~*@ACME"], Some(true)),
        (&["identifyId~a?n@*"], Some(true)),
        (&["identifyId~ann"], Some(false)),
        (&["identifyId!~ann*"], Some(false)),
        (&["identifyId!~bob*"], Some(true)),
        (&["identifyId==ann*"], Some(false)),
        (&["eventName==API Usage"], Some(true)),
        (&["eventName==api usage"], Some(false)),
        (&["eventName~API*"], Some(true)),
        (&["eventName<B"], Some(true)),
        (&["eventName>=B"], Some(false)),
        (&["date==1700000000000"], Some(true)),
        (&["date==2023-11-14T22:13:20Z"], Some(true)),
        (&["date>1700000000000"], Some(false)),
        (&["date>=1700000000000"], Some(true)),
        (&["date<1700000000000"], Some(false)),
        (&["date<=1700000000000"], Some(true)),
        (&["date!=1700000000000"], Some(false)),
        (&["identifyId==ann@acme;eventName==API Usage"], Some(true)),
        (&["identifyId==ann@acme;eventName==Other"], Some(false)),
        (&["identifyId==bob", "eventName==API Usage"], Some(true)),
        (&["identifyId==bob", "eventName==Other"], Some(false)),
        (&["identifyId===Ann@acme"], Some(false)),
        (&["eventName=="], None),
        (&[""], None),
        (&["identifyId==ann;"], None),
        (&["identifyId"], None),
        (&["identifyId=ann"], None),
        (&["==ann"], None),
        (&["accountId==acme"], None),
        (&["identifyid==ann"], None),
        (&["attributes.usageId==1"], None),
        (&["date==yesterday"], None),
        (&["date~17*"], None),
        (&["identifyId==ann", "nonsense"], None),
    ] {
        check(filters, expected);
    }
}

#[test]
fn named_ids_are_known_only_when_every_alternative_names_one() {
    for (filters, expected) in [
        (&[][..], None),
        (&["identifyId==Ann;eventName==x"], Some(vec!["ann"])),
        (&["identifyId==Ann", "eventName==x;identifyId==BOB"], Some(vec!["ann", "bob"])),
        (&["identifyId==Ann", "eventName==x"], None),
        (&["identifyId!=Ann"], None),
        (&["identifyId~Ann"], None),
        (&["eventName==Ann"], None),
    ] {
        let texts: Vec<String> = filters.iter().map(|&text| text.to_owned()).collect();
        let filter = Filter::read(&texts, FIELDS).unwrap();
        assert_eq!(filter.named_ids("identifyId"), expected, "{filters:?}");
    }
}

/// Wildcards by trying everything.
fn naive_like(given: &[char], pattern: &[char]) -> bool {
    match pattern.split_first() {
        None => given.is_empty(),
        Some(('*', rest)) => (0..=given.len()).any(|skip| naive_like(&given[skip..], rest)),
        Some(('?', rest)) => !given.is_empty() && naive_like(&given[1..], rest),
        Some((wanted, rest)) => given.first() == Some(wanted) && naive_like(&given[1..], rest),
    }
}

fn naive_text(given: &str, operator: &str, wanted: &str) -> bool {
    let chars = |text: &str| text.chars().collect::<Vec<char>>();
    match operator {
        "==" => given == wanted,
        "!=" => given != wanted,
        "<" => given < wanted,
        "<=" => given <= wanted,
        ">" => given > wanted,
        ">=" => given >= wanted,
        "~" => naive_like(&chars(given), &chars(wanted)),
        _ => !naive_like(&chars(given), &chars(wanted)),
    }
}

fn naive(alternatives: &[Vec<(usize, &str, String)>], thing: &Thing) -> bool {
    alternatives.iter().any(|all| {
        all.iter().all(|(field, operator, wanted)| match field {
            0 => naive_text(&thing.id.to_lowercase(), operator, &wanted.to_lowercase()),
            1 => naive_text(&thing.name, operator, wanted),
            _ => {
                let (given, wanted) = (thing.date, wanted.parse::<i64>().unwrap());
                match *operator {
                    "==" => given == wanted,
                    "!=" => given != wanted,
                    "<" => given < wanted,
                    "<=" => given <= wanted,
                    ">" => given > wanted,
                    _ => given >= wanted,
                }
            }
        })
    })
}

fn condition() -> impl Strategy<Value = (usize, &'static str, String)> {
    let text_operator = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "~", "!~"]);
    let date_operator = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    prop_oneof![
        (0..2_usize, text_operator, "[abAÖö*?=!<~ ]{1,5}")
            .prop_filter("an operator may not grow", |(_, _, value)| { !value.starts_with(['=', '~']) }),
        (Just(2_usize), date_operator, (0..4_i64).prop_map(|date| date.to_string())),
    ]
}

proptest! {
    #[test]
    fn a_filter_agrees_with_a_naive_matcher(
        alternatives in prop::collection::vec(prop::collection::vec(condition(), 1..4), 1..3),
        id in "[abAÖö*]{0,6}",
        name in "[abAÖö? ]{0,6}",
        date in 0..4_i64,
    ) {
        let texts: Vec<String> = alternatives.iter().map(|all| {
            let all = all.iter().map(|(field, operator, wanted)| format!("{}{operator}{wanted}", FIELDS[*field].0));
            all.collect::<Vec<String>>().join(";")
        }).collect();
        let thing = thing(&id, &name, date);
        let filter = Filter::read(&texts, FIELDS).unwrap();
        prop_assert_eq!(accepts(&filter, &thing), naive(&alternatives, &thing), "{:?}", texts);
    }

    #[test]
    fn no_text_makes_the_grammar_panic(text in ".{0,40}") {
        if let Ok(filter) = Filter::read(&[text], FIELDS) {
            let _ = accepts(&filter, &thing("a", "b", 1));
        }
    }
}

#[test]
fn many_wildcards_take_no_exponential_time() {
    let pattern = format!("identifyId~{}b", "*a".repeat(200));
    let filter = Filter::read(&[pattern], FIELDS).unwrap();
    assert!(!accepts(&filter, &thing(&"a".repeat(2_000), "", 0)));
}
