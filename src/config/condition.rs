//! `where`: which lines a metric counts.
//!
//! `status = 200` and `method = ["GET", "HEAD"]` compare; `{ prefix = "/api/" }` and the like test; several tests of one
//! field must all hold. Promises: every regex compiles, no range is empty. Does not: know which fields there are.

use toml::de::DeValue;

use super::names;
use super::section::Section;
use super::value::Value;
use super::words::shown;
use crate::model::decimal::Decimal;
use crate::model::fault::Located;
use crate::model::spec::{Condition, Scalar, Test};

/// Reads the table `where`.
pub(super) fn read(table: &Section<'_>) -> Vec<Located<Condition>> {
    let mut conditions = Vec::new();
    for (field, value) in table.entries() {
        names::check_field(field, &value);
        for test in read_tests(&value) {
            conditions.push(Located::new(Condition { field: field.to_owned(), test }, value.at.clone()));
        }
    }
    conditions
}

/// The tests of one field, all of which must hold. Fewer than written only where a fault was reported.
fn read_tests(value: &Value<'_>) -> Vec<Test> {
    match value.node {
        DeValue::Array(_) => read_scalars(value).map(Test::OneOf).into_iter().collect(),
        DeValue::Table(table) if table.is_empty() => {
            value.fault(
                &format!("{} tests nothing", value.title),
                "write { prefix = \"…\" }, or a value to compare with",
            );
            Vec::new()
        }
        DeValue::Table(_) => value.table().map(read_operators).unwrap_or_default(),
        _ => value.scalar().map(|scalar| Test::OneOf(vec![scalar])).into_iter().collect(),
    }
}

type Reader = fn(&Value<'_>) -> Option<Test>;

const OPERATORS: [(&str, Reader); 9] = [
    ("equal", |value| Some(Test::OneOf(vec![value.scalar()?]))),
    ("in", |value| read_scalars(value).map(Test::OneOf)),
    ("prefix", |value| read_words(value).map(Test::Prefix)),
    ("suffix", |value| read_words(value).map(Test::Suffix)),
    ("contains", |value| read_words(value).map(Test::Contains)),
    ("regex", read_regex),
    ("range", read_range),
    ("exists", |value| value.boolean().map(Test::Exists)),
    ("not", read_not),
];

fn read_operators(mut table: Section<'_>) -> Vec<Test> {
    let mut tests = Vec::new();
    for (name, read) in OPERATORS {
        tests.extend(table.get(name).and_then(|value| read(&value)));
    }
    table.finish();
    tests
}

fn read_not(value: &Value<'_>) -> Option<Test> {
    if let DeValue::Table(table) = value.node
        && table.len() > 1
    {
        let message = format!("{} holds {} tests; expected one", value.title, table.len());
        value.fault(&message, "a line fails several tests in more than one way: write a metric for each");
        return None;
    }
    match read_tests(value).pop()? {
        Test::Not(_) => {
            value.fault(&format!("{} holds another `not`", value.title), "leave both out");
            None
        }
        test => Some(Test::Not(Box::new(test))),
    }
}

/// A list of values; not empty.
fn read_scalars(value: &Value<'_>) -> Option<Vec<Scalar>> {
    let values = value.list()?;
    if values.is_empty() {
        value.fault(&format!("{} is an empty list, which nothing equals", value.title), "name at least one value");
        return None;
    }
    Some(values.iter().filter_map(Value::scalar).collect())
}

/// A text or a list of texts, none of them empty.
fn read_words(value: &Value<'_>) -> Option<Vec<String>> {
    if !value.node.is_array() && !value.node.is_str() {
        value.wrong_type("a text in quotes, or a list of them", "\"…\"");
        return None;
    }
    let values = if value.node.is_array() { value.list()? } else { vec![value.same()] };
    if values.is_empty() {
        value.fault(&format!("{} is an empty list, which nothing fits", value.title), "name at least one text");
        return None;
    }
    let words = values.iter().filter_map(|value| {
        let word = value.text()?.value;
        if word.is_empty() {
            value.fault(&format!("{} is empty, which fits every line", value.title), "leave the test out");
            return None;
        }
        Some(word)
    });
    Some(words.collect())
}

fn read_regex(value: &Value<'_>) -> Option<Test> {
    let text = value.filled_text()?.value;
    let Err(err) = regex::bytes::Regex::new(&text) else {
        return Some(Test::Regex(text));
    };
    // The crate's message is a drawing of several lines; its last one says what is wrong.
    let shown = err.to_string();
    let reason = shown.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let help = if reason.contains("look-around") {
        "say it with several tests: { regex = \"…\", not = { regex = \"…\" } }"
    } else {
        "write it in single quotes, as backslashes stay as they are there: regex = '^/api/v\\d+/'"
    };
    value.fault(&format!("{} is no regular expression: {reason}", value.title), help);
    None
}

/// `200..400`, `500..`, `..10`.
fn read_range(value: &Value<'_>) -> Option<Test> {
    let text = value.filled_text()?.value;
    let refuse = |reason: &str| {
        let help = "write \"200..400\" for 200 up to, but not, 400; \"500..\" or \"..10\" where one end is open";
        value.fault(&format!("{} is `{}`{reason}", value.title, shown(&text)), help);
    };
    let Some((from, to)) = text.split_once("..") else {
        refuse(", which is no range");
        return None;
    };
    let end = |end: &str| match end.trim() {
        "" => Ok(None),
        digits => Decimal::parse(digits.as_bytes()).map(Some).ok_or(()),
    };
    match (end(from), end(to)) {
        (Ok(None), Ok(None)) => refuse(", which is open at both ends"),
        (Ok(Some(from)), Ok(Some(to))) if from >= to => refuse(", which holds no number"),
        (Ok(from), Ok(to)) => return Some(Test::Range { from, to }),
        _ => refuse(", whose ends are no numbers"),
    }
    None
}
