use std::collections::BTreeMap;
use std::time::Duration;

use super::{Discard, Giver, MetricReader};
use crate::model::decimal::Decimal;
use crate::model::fault::{Located, Location};
use crate::model::fields::{FieldType, Fields};
use crate::model::record::{Input, KeyPart, MetricIndex, read_key};
use crate::model::spec::{
    Condition, DateOf, Late, Measure, MetricSpec, Scalar, Template, TemplatePart, Test, WindowLength,
};
use crate::model::time::UnixMicros;

/// What the pattern of these tests gives, by slot.
const FIELDS: [(&str, FieldType); 7] = [
    ("user", FieldType::Text),
    ("account", FieldType::Text),
    ("path", FieldType::Text),
    ("status", FieldType::Integer),
    ("duration", FieldType::Number),
    ("cached", FieldType::Boolean),
    ("time", FieldType::Time),
];

const NOW: UnixMicros = UnixMicros(1_795_410_000_000_000);

fn slot_of(name: &str) -> Option<(usize, FieldType)> {
    let slot = FIELDS.iter().position(|(field, _)| *field == name)?;
    Some((slot, FIELDS[slot].1))
}

fn at(line: u32) -> Location {
    Location::new("pxtail.toml", line)
}

fn located<T>(value: T) -> Located<T> {
    Located::new(value, at(1))
}

/// `{name}`, `{name|default}` and text between them.
fn template(text: &str) -> Located<Template> {
    let mut parts = Vec::new();
    for (index, part) in text.split(['{', '}']).enumerate() {
        if index % 2 == 1 {
            let (name, default) = part.split_once('|').map_or((part, None), |(name, default)| (name, Some(default)));
            parts.push(TemplatePart::Field { name: name.to_owned(), default: default.map(str::to_owned) });
        } else if !part.is_empty() {
            parts.push(TemplatePart::Literal(part.to_owned()));
        }
    }
    located(Template { parts })
}

fn spec(user: Option<&str>, account: Option<&str>) -> MetricSpec {
    MetricSpec {
        at: at(1),
        name: "api-usage".to_owned(),
        sources: vec![located("web".to_owned())],
        event: located("API Usage".to_owned()),
        window: WindowLength::Day,
        time_zone: jiff::tz::TimeZone::UTC,
        date: DateOf::Noon,
        grace: Duration::ZERO,
        seal_wait: Duration::ZERO,
        late: Late::Delta,
        late_every: Duration::ZERO,
        max_ahead: Duration::ZERO,
        user: user.map(template),
        account: account.map(template),
        service_user: None,
        conditions: Vec::new(),
        properties: BTreeMap::new(),
        measures: BTreeMap::from([("count".to_owned(), located(Measure::Count))]),
        max_groups: 10,
    }
}

/// A line that is its fields one after the other.
fn line_of(values: &[(&str, &[u8])]) -> (Vec<u8>, Fields) {
    let mut line = Vec::new();
    let mut fields = Fields::with_slots(FIELDS.len());
    for (name, value) in values {
        let start = line.len();
        line.extend_from_slice(value);
        fields.set(slot_of(name).unwrap().0, start, line.len());
    }
    fields.time = Some(NOW);
    (line, fields)
}

fn compile(spec: &MetricSpec) -> MetricReader {
    MetricReader::compile(spec, MetricIndex(3), Giver::default(), slot_of).unwrap()
}

fn read(spec: &MetricSpec, values: &[(&str, &[u8])]) -> Result<(Vec<KeyPart>, Vec<Input>), Discard> {
    let (line, fields) = line_of(values);
    let mut reader = compile(spec);
    // Twice: what a line leaves in the buffers must not show in the next one.
    let first = reader.read(&line, &fields).map(|record| record.key.to_vec());
    let second = reader.read(&line, &fields)?;
    assert_eq!(first.as_deref(), Ok(second.key));
    assert_eq!((second.metric, second.time), (MetricIndex(3), NOW));
    Ok((read_key(second.key).unwrap(), second.inputs.to_vec()))
}

fn text(text: &str) -> KeyPart {
    KeyPart::Text(text.to_owned())
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text.as_bytes()).unwrap()
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "what is expected is written in place")]
fn check_ids(
    spec: (Option<&str>, Option<&str>),
    values: &[(&str, &[u8])],
    expected: Result<(KeyPart, KeyPart), Discard>,
) {
    let found = read(&self::spec(spec.0, spec.1), values);
    assert_eq!(found.map(|(key, _)| (key[0].clone(), key[1].clone())), expected, "{spec:?} {values:?}");
}

#[test]
fn users_and_accounts_are_read_or_the_line_is_discarded_with_a_reason() {
    use KeyPart::Absent;
    let (user, account) = (Some("{user}"), Some("{account}"));
    let longest = "x".repeat(1_000);
    let too_long = "x".repeat(1_001);
    check_ids((user, None), &[("user", b"ada"), ("account", b"acme")], Ok((text("ada"), Absent)));
    check_ids((user, None), &[("account", b"acme")], Err(Discard::NoUser));
    check_ids((user, None), &[("user", b"")], Err(Discard::NoUser));
    check_ids((user, account), &[("user", b"-"), ("account", b"acme")], Err(Discard::NoUser));
    check_ids((user, account), &[("user", b"ada"), ("account", b"-")], Ok((text("ada"), Absent)));
    check_ids((None, account), &[("user", b"ada"), ("account", b"acme")], Ok((Absent, text("acme"))));
    check_ids((None, account), &[("user", b"ada")], Err(Discard::NoAccount));
    check_ids((None, account), &[("account", b"")], Err(Discard::NoAccount));
    check_ids((user, account), &[("user", b"ada"), ("account", b"acme")], Ok((text("ada"), text("acme"))));
    check_ids((user, account), &[("user", b"ada")], Ok((text("ada"), Absent)));
    check_ids((user, account), &[("user", b"ada"), ("account", b"")], Ok((text("ada"), Absent)));
    check_ids((user, account), &[("account", b"acme")], Err(Discard::NoUser));
    check_ids((user, account), &[("user", b"ada"), ("account", b"ac\nme")], Err(Discard::BadId));
    check_ids((user, None), &[("user", longest.as_bytes())], Ok((text(&longest), Absent)));
    check_ids((user, None), &[("user", "Ада ☃ 😀".as_bytes())], Ok((text("Ада ☃ 😀"), Absent)));
    let bad = [&b"a\x00b"[..], b"a\x1f", b"\x7f", b"a\xffb", b"\xc3", "a\u{85}".as_bytes(), too_long.as_bytes()];
    for id in bad {
        check_ids((user, None), &[("user", id)], Err(Discard::BadId));
        check_ids((None, account), &[("account", id)], Err(Discard::BadId));
    }
}

#[test]
fn templates_are_put_together_from_fields_texts_and_defaults() {
    for (written, expected) in [
        ("{user}", Some("ada")),
        ("{user|nobody}", Some("ada")),
        ("{account|none}", Some("none")),
        ("{nowhere|none}", Some("none")),
        ("{user}@{path}", Some("ada@/x")),
        ("eu-{user}", Some("eu-ada")),
        ("{user}-{account|none}", Some("ada-none")),
        ("{user}-{nowhere|none}", Some("ada-none")),
        ("{user}-{account}", None),
        ("acme", Some("acme")),
    ] {
        let expected = expected.map(|expected| (text(expected), KeyPart::Absent)).ok_or(Discard::NoUser);
        check_ids((Some(written), None), &[("user", b"ada"), ("path", b"/x")], expected);
    }
}

#[track_caller]
fn check_property(written: &str, values: &[(&str, &[u8])], expected: KeyPart) {
    let mut spec = spec(Some("a user"), None);
    spec.properties = BTreeMap::from([("property".to_owned(), template(written))]);
    assert_eq!(read(&spec, values).map(|(key, _)| key[2].clone()), Ok(expected), "{written} {values:?}");
}

#[test]
fn a_property_of_one_typed_field_has_its_type_and_others_are_text() {
    use KeyPart::{Absent, Boolean, Number};
    check_property("{status}", &[("status", b"200")], Number(decimal("200")));
    check_property("{status}", &[("status", b"+0200")], Number(decimal("200")));
    check_property("{duration}", &[("duration", b"1.50")], Number(decimal("1.5")));
    check_property("{duration}", &[("duration", b"1.5, 2.5")], text("1.5, 2.5"));
    check_property("{status|0}", &[], Number(decimal("0")));
    check_property("{status|none}", &[], text("none"));
    check_property("{status}xx", &[("status", b"2")], text("2xx"));
    check_property("{cached}", &[("cached", b"true")], Boolean(true));
    check_property("{cached}", &[("cached", b"false")], Boolean(false));
    check_property("{cached}", &[("cached", b"HIT")], text("HIT"));
    check_property("{time}", &[("time", b"2026-11-23")], text("2026-11-23"));
    check_property("{path}", &[("path", b"12")], text("12"));
    check_property("{path}", &[("path", b"")], text(""));
    check_property("{path}", &[], Absent);
    check_property("{path}-{status}", &[("path", b"/x")], Absent);
    check_property("{path}", &[("path", b"a\xff\xfeb")], text("a\u{fffd}\u{fffd}b"));
}

#[test]
fn properties_are_in_order_of_name() {
    let mut spec = spec(Some("{user}"), Some("{account}"));
    spec.properties =
        BTreeMap::from([("b", "{status}"), ("a", "{path}")].map(|(name, text)| (name.to_owned(), template(text))));
    let values: [(&str, &[u8]); 4] = [("user", b"ada"), ("account", b"acme"), ("path", b"/x"), ("status", b"200")];
    let key = read(&spec, &values).unwrap().0;
    assert_eq!(key, [text("ada"), text("acme"), text("/x"), KeyPart::Number(decimal("200"))]);
}

#[test]
fn measures_take_numbers_and_lines() {
    let field = |name: &str| name.to_owned();
    let mut spec = spec(Some("a user"), None);
    spec.measures = BTreeMap::from([
        ("a".to_owned(), located(Measure::Sum { field: field("status") })),
        ("b".to_owned(), located(Measure::Count)),
        ("c".to_owned(), located(Measure::Min { field: field("duration") })),
        ("d".to_owned(), located(Measure::Max { field: field("duration") })),
    ]);
    for (status, duration, expected) in [
        (
            Some(&b"200"[..]),
            Some(&b"0.25"[..]),
            [Input::Number(decimal("200")), Input::One, Input::Number(decimal("0.25"))],
        ),
        (None, None, [Input::Absent, Input::One, Input::Absent]),
        (Some(b""), Some(b"1e999"), [Input::Absent, Input::One, Input::Absent]),
        (Some(b"-5"), Some(b"x"), [Input::Number(decimal("-5")), Input::One, Input::Absent]),
    ] {
        let status = status.map(|status| ("status", status));
        let duration = duration.map(|duration| ("duration", duration));
        let values: Vec<_> = status.into_iter().chain(duration).collect();
        let [sum, count, extreme] = expected;
        assert_eq!(read(&spec, &values).unwrap().1, [sum, count, extreme, extreme], "{values:?}");
    }
}

#[track_caller]
fn check_test(field: &str, test: &Test, value: Option<&[u8]>, expected: bool) {
    let mut spec = spec(Some("a user"), None);
    spec.conditions = vec![located(Condition { field: field.to_owned(), test: test.clone() })];
    let values: Vec<_> = value.map(|value| (field, value)).into_iter().collect();
    let expected = if expected { None } else { Some(Discard::Condition) };
    assert_eq!(read(&spec, &values).err(), expected, "{test:?} {value:?}");
}

#[test]
fn conditions_hold_or_discard_the_line() {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let number = |text: &str| Scalar::Number(decimal(text));
    let range = |from: Option<&str>, to: Option<&str>| Test::Range { from: from.map(decimal), to: to.map(decimal) };
    let methods = Test::OneOf(vec![Scalar::Text("GET".to_owned()), Scalar::Text("2".to_owned())]);
    let numbers = Test::OneOf(vec![number("200"), number("304")]);
    let cases: Vec<(Test, Option<&[u8]>, bool)> = vec![
        (methods.clone(), Some(b"GET"), true),
        (methods.clone(), Some(b"get"), false),
        (methods.clone(), Some(b"GETS"), false),
        (methods, Some(b"2.0"), false),
        (numbers.clone(), Some(b"304"), true),
        (numbers.clone(), Some(b"200.0"), true),
        (numbers.clone(), Some(b"2e2"), true),
        (numbers.clone(), Some(b"20"), false),
        (numbers.clone(), Some(b"-"), false),
        (numbers, None, false),
        (Test::OneOf(vec![Scalar::Boolean(true)]), Some(b"true"), true),
        (Test::OneOf(vec![Scalar::Boolean(true)]), Some(b"1"), false),
        (Test::OneOf(vec![]), Some(b""), false),
        (Test::Prefix(strings(&["/api/", "/v2/"])), Some(b"/v2/x"), true),
        (Test::Prefix(strings(&["/api/"])), Some(b"/ap"), false),
        (Test::Prefix(strings(&["/api/"])), None, false),
        (Test::Suffix(strings(&[".js", ".css"])), Some(b"/x.css"), true),
        (Test::Suffix(strings(&[".js"])), Some(b"/x.js?"), false),
        (Test::Contains(strings(&["bot", "spider"])), Some(b"a spider!"), true),
        (Test::Contains(strings(&["bot"])), Some(b"Bot"), false),
        (Test::Regex("^/api/v[0-9]+/".to_owned()), Some(b"/api/v12/x"), true),
        (Test::Regex("v[0-9]+".to_owned()), Some(b"/api/v1\xff"), true),
        (Test::Regex("^v".to_owned()), Some(b"/v"), false),
        (range(Some("200"), Some("400")), Some(b"200"), true),
        (range(Some("200"), Some("400")), Some(b"399.999"), true),
        (range(Some("200"), Some("400")), Some(b"400"), false),
        (range(Some("200"), Some("400")), Some(b"199"), false),
        (range(Some("200"), None), Some(b"1e20"), true),
        (range(None, Some("0")), Some(b"-1"), true),
        (range(None, None), Some(b"x"), false),
        (range(None, None), None, false),
        (Test::Exists(true), Some(b""), true),
        (Test::Exists(true), None, false),
        (Test::Exists(false), None, true),
        (Test::Exists(false), Some(b"x"), false),
    ];
    for (test, value, expected) in cases {
        check_test("path", &test, value, expected);
        check_test("path", &Test::Not(Box::new(test.clone())), value, !expected);
        check_test("path", &Test::Not(Box::new(Test::Not(Box::new(test)))), value, expected);
    }
}

#[test]
fn all_conditions_must_hold_and_come_before_the_user() {
    let mut spec = spec(Some("{user}"), None);
    let condition = |field: &str, test| located(Condition { field: field.to_owned(), test });
    spec.conditions = vec![condition("path", Test::Regex("x".to_owned())), condition("status", Test::Exists(true))];
    for (values, expected) in [
        (&[("path", &b"x"[..])][..], Some(Discard::Condition)),
        (&[("status", b"1")], Some(Discard::Condition)),
        (&[("path", b"x"), ("status", b"1")], Some(Discard::NoUser)),
        (&[("path", b"x"), ("status", b"1"), ("user", b"ada")], None),
    ] {
        assert_eq!(read(&spec, values).err(), expected, "{values:?}");
    }
    let slots: Vec<_> = compile(&spec).conditions.iter().map(|condition| condition.slot).collect();
    let slot = |name| slot_of(name).map(|(slot, _)| slot);
    assert_eq!(slots, [slot("status"), slot("path")], "the cheapest comes first");
}

#[test]
fn a_line_without_a_time_is_discarded() {
    let (line, mut fields) = line_of(&[("user", b"ada")]);
    fields.time = None;
    let mut reader = compile(&spec(Some("{user}"), None));
    assert_eq!(reader.read(&line, &fields).err(), Some(Discard::NoTime));
}

/// Reads every kind of thing from fields, each at a line of its own.
fn full_spec() -> MetricSpec {
    let mut spec = spec(Some("{user}"), Some("{account|none}-{site}"));
    spec.properties = BTreeMap::from([("category".to_owned(), template("{route}"))]);
    spec.conditions = vec![
        located(Condition { field: "verb".to_owned(), test: Test::Not(Box::new(Test::Exists(true))) }),
        located(Condition { field: "path".to_owned(), test: Test::Regex("(?=x)".to_owned()) }),
    ];
    spec.measures = BTreeMap::from([
        ("bytes".to_owned(), located(Measure::Sum { field: "size".to_owned() })),
        ("slowest".to_owned(), located(Measure::Max { field: "cached".to_owned() })),
    ]);
    spec.account.as_mut().unwrap().at = at(12);
    spec.properties.get_mut("category").unwrap().at = at(13);
    spec.conditions[0].at = at(14);
    spec.conditions[1].at = at(15);
    spec.measures.get_mut("bytes").unwrap().at = at(16);
    spec.measures.get_mut("slowest").unwrap().at = at(17);
    spec
}

#[test]
fn every_field_that_a_rule_reads_is_wanted() {
    let spec = full_spec();
    let wanted: Vec<_> = MetricReader::wanted(&spec).into_iter().collect();
    assert_eq!(wanted, ["account", "cached", "path", "route", "site", "size", "user", "verb"]);
}

#[test]
fn all_faults_are_found_each_at_its_place() {
    let giver = Giver { pattern: "nginx", fields: &["bytes", "user", "verbs"] };
    let faults = MetricReader::compile(&full_spec(), MetricIndex(0), giver, slot_of).unwrap_err();
    insta::assert_snapshot!(crate::model::fault::Faults(faults));
}

#[test]
fn a_rule_kept_from_before_reads_what_is_gone_as_absent() {
    let mut spec = full_spec();
    spec.account = Some(template("{account|none}"));
    let (line, fields) = line_of(&[("user", b"ada"), ("path", b"x"), ("cached", b"5")]);
    // An expression that cannot be read lets nothing through.
    let mut reader = MetricReader::compile_lenient(&spec, MetricIndex(0), slot_of);
    assert_eq!(reader.read(&line, &fields).err(), Some(Discard::Condition));
    spec.conditions.pop();
    let mut reader = MetricReader::compile_lenient(&spec, MetricIndex(0), slot_of);
    let record = reader.read(&line, &fields).unwrap();
    assert_eq!(read_key(record.key), Some(vec![text("ada"), text("none"), KeyPart::Absent]));
    assert_eq!(record.inputs, [Input::Absent, Input::Number(decimal("5"))]);
}

#[test]
fn reasons_have_names_of_their_own() {
    let names: std::collections::BTreeSet<_> = Discard::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(names.len(), Discard::ALL.len());
}
