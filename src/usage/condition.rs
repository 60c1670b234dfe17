//! Conditions of `where`, compiled.
//!
//! Promises: a number compares by value, a text byte for byte; an absent field fails every test but `exists = false` and
//! negations. Does not: allocate.

use memchr::memmem::Finder;
use regex::bytes::Regex;

use crate::model::decimal::Decimal;
use crate::model::fields::Fields;
use crate::model::spec::{Scalar, Test};

/// One condition. No slot: the pattern lacks the field.
#[derive(Debug)]
pub(super) struct CompiledCondition {
    pub(super) slot: Option<usize>,
    pub(super) test: CompiledTest,
}

impl CompiledCondition {
    #[inline]
    pub(super) fn holds(&self, line: &[u8], fields: &Fields) -> bool {
        self.test.holds(self.slot.and_then(|slot| fields.get(line, slot)))
    }

    /// For the order of conditions.
    pub(super) fn cost(&self) -> u8 {
        self.test.cost()
    }
}

#[derive(Debug)]
pub(super) enum CompiledTest {
    OneOf { texts: Vec<Vec<u8>>, numbers: Vec<Decimal> },
    Prefix(Vec<Vec<u8>>),
    Suffix(Vec<Vec<u8>>),
    Contains(Vec<Finder<'static>>),
    Regex(Box<Regex>),
    Range { from: Option<Decimal>, to: Option<Decimal> },
    Exists(bool),
    Not(Box<CompiledTest>),
}

impl CompiledTest {
    /// Fails only for an expression that cannot be read.
    pub(super) fn new(test: &Test) -> Result<Self, regex::Error> {
        Ok(match test {
            Test::OneOf(values) => Self::one_of(values),
            Test::Prefix(texts) => Self::Prefix(bytes_of(texts)),
            Test::Suffix(texts) => Self::Suffix(bytes_of(texts)),
            Test::Contains(texts) => {
                Self::Contains(texts.iter().map(|text| Finder::new(text.as_bytes()).into_owned()).collect())
            }
            Test::Regex(expression) => Self::Regex(Box::new(Regex::new(expression)?)),
            Test::Range { from, to } => Self::Range { from: *from, to: *to },
            Test::Exists(exists) => Self::Exists(*exists),
            Test::Not(test) => Self::Not(Box::new(Self::new(test)?)),
        })
    }

    /// A test that no field passes.
    pub(super) fn never() -> Self {
        Self::one_of(&[])
    }

    fn one_of(values: &[Scalar]) -> Self {
        let (mut texts, mut numbers) = (Vec::new(), Vec::new());
        for value in values {
            match value {
                Scalar::Text(text) => texts.push(text.clone().into_bytes()),
                Scalar::Number(number) => numbers.push(*number),
                Scalar::Boolean(value) => texts.push(value.to_string().into_bytes()),
            }
        }
        Self::OneOf { texts, numbers }
    }

    fn cost(&self) -> u8 {
        match self {
            Self::Exists(_) => 0,
            Self::Prefix(_) | Self::Suffix(_) => 1,
            Self::OneOf { .. } => 2,
            Self::Range { .. } => 3,
            Self::Contains(_) => 4,
            Self::Regex(_) => 5,
            Self::Not(test) => test.cost(),
        }
    }

    #[inline]
    pub(super) fn holds(&self, field: Option<&[u8]>) -> bool {
        match (self, field) {
            (Self::Not(test), _) => !test.holds(field),
            (Self::Exists(exists), _) => field.is_some() == *exists,
            (_, None) => false,
            (Self::OneOf { texts, numbers }, Some(field)) => {
                texts.iter().any(|text| text == field) || is_one_of(field, numbers)
            }
            (Self::Prefix(texts), Some(field)) => texts.iter().any(|text| field.starts_with(text)),
            (Self::Suffix(texts), Some(field)) => texts.iter().any(|text| field.ends_with(text)),
            (Self::Contains(finders), Some(field)) => finders.iter().any(|finder| finder.find(field).is_some()),
            (Self::Regex(regex), Some(field)) => regex.is_match(field),
            (Self::Range { from, to }, Some(field)) => Decimal::parse(field)
                .is_some_and(|number| from.is_none_or(|from| from <= number) && to.is_none_or(|to| number < to)),
        }
    }
}

#[inline]
fn is_one_of(field: &[u8], numbers: &[Decimal]) -> bool {
    !numbers.is_empty() && Decimal::parse(field).is_some_and(|number| numbers.contains(&number))
}

fn bytes_of(texts: &[String]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.clone().into_bytes()).collect()
}
