//! A metric's rule as it is stored with the windows that it opened.
//!
//! Promises: JSON with a version, types of its own: a rename in the model never changes what is on disk; a rule that is
//! written twice is the same text. Does not: keep places in files; a stored rule has none.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::decimal::Decimal;
use crate::model::fault::{Located, Location};
use crate::model::spec::{
    Condition, DateOf, Late, Measure, MetricSpec, Scalar, Template, TemplatePart, Test, WindowLength,
};

const VERSION: u32 = 1;

/// Why a stored rule cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("version {0} is not known")]
    Version(u32),
    #[error("time zone `{0}` is not known on this machine")]
    Zone(String),
    #[error("`{0}` is not a number")]
    Number(String),
}

#[derive(Serialize, Deserialize)]
struct StoredRule {
    version: u32,
    name: String,
    sources: Vec<String>,
    event: String,
    /// Seconds; absent for a calendar day.
    window_s: Option<u64>,
    zone: String,
    date: StoredDate,
    grace_ms: u64,
    seal_wait_ms: u64,
    late: StoredLate,
    late_every_ms: u64,
    max_ahead_ms: u64,
    user: Option<Vec<StoredPart>>,
    account: Option<Vec<StoredPart>>,
    service_user: Option<String>,
    conditions: Vec<(String, StoredTest)>,
    properties: BTreeMap<String, Vec<StoredPart>>,
    measures: BTreeMap<String, StoredMeasure>,
    max_groups: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredDate {
    Noon,
    Start,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredLate {
    Delta,
    Drop,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPart {
    Literal(String),
    Field { name: String, default: Option<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredMeasure {
    Count,
    Sum(String),
    Min(String),
    Max(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredTest {
    OneOf(Vec<StoredScalar>),
    Prefix(Vec<String>),
    Suffix(Vec<String>),
    Contains(Vec<String>),
    Regex(String),
    Range(Option<String>, Option<String>),
    Exists(bool),
    Not(Box<StoredTest>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredScalar {
    Text(String),
    Number(String),
    Boolean(bool),
}

/// The stored form.
#[must_use]
pub fn write(metric: &MetricSpec) -> String {
    let stored = StoredRule {
        version: VERSION,
        name: metric.name.clone(),
        sources: metric.sources.iter().map(|source| source.value.clone()).collect(),
        event: metric.event.value.clone(),
        window_s: match metric.window {
            WindowLength::Day => None,
            WindowLength::Part(length) => Some(length.as_secs()),
        },
        zone: metric.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        date: match metric.date {
            DateOf::Noon => StoredDate::Noon,
            DateOf::Start => StoredDate::Start,
        },
        grace_ms: millis(metric.grace),
        seal_wait_ms: millis(metric.seal_wait),
        late: match metric.late {
            Late::Delta => StoredLate::Delta,
            Late::Drop => StoredLate::Drop,
        },
        late_every_ms: millis(metric.late_every),
        max_ahead_ms: millis(metric.max_ahead),
        user: metric.user.as_ref().map(|template| store_template(&template.value)),
        account: metric.account.as_ref().map(|template| store_template(&template.value)),
        service_user: metric.service_user.clone(),
        conditions: metric
            .conditions
            .iter()
            .map(|condition| (condition.value.field.clone(), store_test(&condition.value.test)))
            .collect(),
        properties: metric
            .properties
            .iter()
            .map(|(name, template)| (name.clone(), store_template(&template.value)))
            .collect(),
        measures: metric.measures.iter().map(|(name, measure)| (name.clone(), store_measure(&measure.value))).collect(),
        max_groups: metric.max_groups,
    };
    // Strings, numbers and lists only: there is nothing in it that JSON cannot hold.
    serde_json::to_string(&stored).unwrap_or_default()
}

/// A metric from its stored form.
pub fn read(text: &str) -> Result<MetricSpec, RuleError> {
    let stored: StoredRule = serde_json::from_str(text)?;
    if stored.version != VERSION {
        return Err(RuleError::Version(stored.version));
    }
    let time_zone = jiff::tz::TimeZone::get(&stored.zone).map_err(|_| RuleError::Zone(stored.zone.clone()))?;
    let conditions = stored
        .conditions
        .into_iter()
        .map(|(field, test)| Ok(unplaced(Condition { field, test: read_test(test)? })))
        .collect::<Result<_, RuleError>>()?;
    Ok(MetricSpec {
        at: nowhere(),
        name: stored.name,
        sources: stored.sources.into_iter().map(unplaced).collect(),
        event: unplaced(stored.event),
        window: stored.window_s.map_or(WindowLength::Day, |length| WindowLength::Part(Duration::from_secs(length))),
        time_zone,
        date: match stored.date {
            StoredDate::Noon => DateOf::Noon,
            StoredDate::Start => DateOf::Start,
        },
        grace: Duration::from_millis(stored.grace_ms),
        seal_wait: Duration::from_millis(stored.seal_wait_ms),
        late: match stored.late {
            StoredLate::Delta => Late::Delta,
            StoredLate::Drop => Late::Drop,
        },
        late_every: Duration::from_millis(stored.late_every_ms),
        max_ahead: Duration::from_millis(stored.max_ahead_ms),
        user: stored.user.map(|parts| unplaced(read_template(parts))),
        account: stored.account.map(|parts| unplaced(read_template(parts))),
        service_user: stored.service_user,
        conditions,
        properties: stored.properties.into_iter().map(|(name, parts)| (name, unplaced(read_template(parts)))).collect(),
        measures: stored.measures.into_iter().map(|(name, measure)| (name, unplaced(read_measure(measure)))).collect(),
        max_groups: stored.max_groups,
    })
}

fn nowhere() -> Location {
    Location::new("(rule of an open window)", 0)
}

fn unplaced<T>(value: T) -> Located<T> {
    Located::new(value, nowhere())
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn store_template(template: &Template) -> Vec<StoredPart> {
    template
        .parts
        .iter()
        .map(|part| match part {
            TemplatePart::Literal(text) => StoredPart::Literal(text.clone()),
            TemplatePart::Field { name, default } => StoredPart::Field { name: name.clone(), default: default.clone() },
        })
        .collect()
}

fn read_template(parts: Vec<StoredPart>) -> Template {
    let part = |part| match part {
        StoredPart::Literal(text) => TemplatePart::Literal(text),
        StoredPart::Field { name, default } => TemplatePart::Field { name, default },
    };
    Template { parts: parts.into_iter().map(part).collect() }
}

fn store_measure(measure: &Measure) -> StoredMeasure {
    match measure {
        Measure::Count => StoredMeasure::Count,
        Measure::Sum { field } => StoredMeasure::Sum(field.clone()),
        Measure::Min { field } => StoredMeasure::Min(field.clone()),
        Measure::Max { field } => StoredMeasure::Max(field.clone()),
    }
}

fn read_measure(measure: StoredMeasure) -> Measure {
    match measure {
        StoredMeasure::Count => Measure::Count,
        StoredMeasure::Sum(field) => Measure::Sum { field },
        StoredMeasure::Min(field) => Measure::Min { field },
        StoredMeasure::Max(field) => Measure::Max { field },
    }
}

fn store_test(test: &Test) -> StoredTest {
    match test {
        Test::OneOf(values) => StoredTest::OneOf(values.iter().map(store_scalar).collect()),
        Test::Prefix(texts) => StoredTest::Prefix(texts.clone()),
        Test::Suffix(texts) => StoredTest::Suffix(texts.clone()),
        Test::Contains(texts) => StoredTest::Contains(texts.clone()),
        Test::Regex(pattern) => StoredTest::Regex(pattern.clone()),
        Test::Range { from, to } => {
            StoredTest::Range(from.as_ref().map(ToString::to_string), to.as_ref().map(ToString::to_string))
        }
        Test::Exists(expected) => StoredTest::Exists(*expected),
        Test::Not(inner) => StoredTest::Not(Box::new(store_test(inner))),
    }
}

fn read_test(test: StoredTest) -> Result<Test, RuleError> {
    let number = |text: Option<String>| text.map(read_number).transpose();
    Ok(match test {
        StoredTest::OneOf(values) => Test::OneOf(values.into_iter().map(read_scalar).collect::<Result<_, _>>()?),
        StoredTest::Prefix(texts) => Test::Prefix(texts),
        StoredTest::Suffix(texts) => Test::Suffix(texts),
        StoredTest::Contains(texts) => Test::Contains(texts),
        StoredTest::Regex(pattern) => Test::Regex(pattern),
        StoredTest::Range(from, to) => Test::Range { from: number(from)?, to: number(to)? },
        StoredTest::Exists(expected) => Test::Exists(expected),
        StoredTest::Not(inner) => Test::Not(Box::new(read_test(*inner)?)),
    })
}

fn store_scalar(scalar: &Scalar) -> StoredScalar {
    match scalar {
        Scalar::Text(text) => StoredScalar::Text(text.clone()),
        Scalar::Number(number) => StoredScalar::Number(number.to_string()),
        Scalar::Boolean(value) => StoredScalar::Boolean(*value),
    }
}

fn read_scalar(scalar: StoredScalar) -> Result<Scalar, RuleError> {
    Ok(match scalar {
        StoredScalar::Text(text) => Scalar::Text(text),
        StoredScalar::Number(text) => Scalar::Number(read_number(text)?),
        StoredScalar::Boolean(value) => Scalar::Boolean(value),
    })
}

fn read_number(text: String) -> Result<Decimal, RuleError> {
    Decimal::parse(text.as_bytes()).ok_or(RuleError::Number(text))
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::ledger::tests::metric;
    use crate::model::decimal::Decimal;
    use crate::model::spec::{Condition, DateOf, Late, Measure, Scalar, Template, TemplatePart, Test, WindowLength};
    use std::time::Duration;

    #[test]
    fn a_rule_with_everything_in_it_is_read_back_as_written() {
        let mut spec = metric("all");
        spec.window = WindowLength::Part(Duration::from_secs(900));
        spec.date = DateOf::Start;
        spec.late = Late::Drop;
        spec.service_user = Some("svc".into());
        let field = |name: &str, default: Option<&str>| TemplatePart::Field {
            name: name.into(),
            default: default.map(Into::into),
        };
        let template =
            Template { parts: vec![field("a", None), TemplatePart::Literal("-".into()), field("b", Some("x"))] };
        spec.account = Some(super::unplaced(template.clone()));
        spec.properties.insert("p".into(), super::unplaced(template));
        let number = |text: &str| Decimal::parse(text.as_bytes()).unwrap();
        for test in [
            Test::OneOf(vec![Scalar::Text("a".into()), Scalar::Number(number("1.5")), Scalar::Boolean(true)]),
            Test::Prefix(vec!["/".into()]),
            Test::Suffix(vec!["/".into()]),
            Test::Contains(vec!["/".into()]),
            Test::Regex("^a".into()),
            Test::Range { from: Some(number("200")), to: None },
            Test::Exists(false),
            Test::Not(Box::new(Test::Exists(true))),
        ] {
            spec.conditions.push(super::unplaced(Condition { field: "f".into(), test }));
        }
        for (name, measure) in [
            ("sum", Measure::Sum { field: "a".into() }),
            ("min", Measure::Min { field: "a".into() }),
            ("max", Measure::Max { field: "a".into() }),
        ] {
            spec.measures.insert(name.into(), super::unplaced(measure));
        }
        let text = write(&spec);
        let mut back = read(&text).unwrap();
        assert_eq!(write(&back), text);
        back.at = spec.at.clone();
        assert_eq!(
            back.conditions.iter().map(|c| &c.value).collect::<Vec<_>>(),
            spec.conditions.iter().map(|c| &c.value).collect::<Vec<_>>()
        );
        assert_eq!((back.window, back.date, back.late, back.grace), (spec.window, spec.date, spec.late, spec.grace));
        assert_eq!(back.measures.len(), spec.measures.len());
    }
}
