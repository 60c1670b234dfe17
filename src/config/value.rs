//! One value of a TOML file, read as what is expected of it.
//!
//! Promises: a value of another type, out of its limits or with an unset variable is reported where it stands, and
//! `None` comes back. Variables are put into texts here and nowhere else. Does not: know any key.

use std::time::Duration;

use toml::de::DeValue;

use super::document::Reading;
use super::nearest::{nearest, one_of};
use super::section::Section;
use super::{units, variables};
use crate::model::decimal::Decimal;
use crate::model::fault::{Fault, Located, Location};
use crate::model::spec::Scalar;

/// A value, its place, and how messages call it.
pub(super) struct Value<'a> {
    /// `grace` of metric `api-usage`.
    pub(super) title: String,
    pub(super) at: Location,
    pub(super) node: &'a DeValue<'a>,
    pub(super) reading: &'a Reading<'a>,
}

/// The values allowed, both ends inside, and why.
#[derive(Clone, Copy)]
pub(super) struct Limits<T> {
    pub(super) least: T,
    pub(super) most: T,
    pub(super) reason: &'static str,
}

impl<'a> Value<'a> {
    /// A text with its variables put in.
    pub(super) fn text(&self) -> Option<Located<String>> {
        let text = self.raw_text()?;
        let Some(environment) = self.reading.environment else {
            return Some(Located::new(text.to_owned(), self.at.clone()));
        };
        match variables::put_in(text, environment) {
            Ok(text) => Some(Located::new(text, self.at.clone())),
            Err(err) => {
                self.fault(&format!("{} {}", self.title, err.message), &err.help);
                None
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn filled_text(&self) -> Option<Located<String>> {
        let text = self.text()?;
        if text.value.trim().is_empty() {
            self.fault(&format!("{} is empty", self.title), "write a text between the quotes, or leave the key out");
            return None;
        }
        Some(text)
    }

    fn raw_text(&self) -> Option<&'a str> {
        let text = self.node.as_str();
        if text.is_none() {
            self.wrong_type("a text in quotes");
        }
        text
    }

    /// One of some words, each with what it stands for.
    pub(super) fn choice<T: Clone>(&self, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?.value;
        if let Some((_, chosen)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(chosen.clone());
        }
        let words = || choices.iter().map(|(word, _)| *word);
        let meant = nearest(&text, words()).or_else(|| words().next()).unwrap_or_default();
        let key = self.key();
        self.fault(
            &format!("{} is `{text}`; expected {}", self.title, one_of(words())),
            &format!("write {key} = \"{meant}\", for instance"),
        );
        None
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        let value = self.node.as_bool();
        if value.is_none() {
            self.wrong_type("`true` or `false`, without quotes");
        }
        value
    }

    /// A whole number within limits.
    pub(super) fn integer(&self, limits: Limits<u64>) -> Option<u64> {
        let Some(integer) = self.node.as_integer() else {
            self.wrong_type("a whole number, without quotes");
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        self.within(number, &limits, &integer.to_string(), ToString::to_string)
    }

    /// A number within limits, with or without decimals.
    pub(super) fn number(&self, limits: Limits<f64>) -> Option<f64> {
        let text = match self.node {
            DeValue::Float(float) => float.as_str().to_owned(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().to_owned(),
            _ => {
                self.wrong_type("a number, without quotes");
                return None;
            }
        };
        self.within(text.parse().ok(), &limits, &text, ToString::to_string)
    }

    /// A span of time, such as `1h30m`, within limits.
    pub(super) fn duration(&self, limits: Limits<Duration>) -> Option<Duration> {
        if !self.node.is_str() {
            self.wrong_type("a span of time in quotes, such as \"30s\" or \"1h30m\"");
            return None;
        }
        let text = self.text()?.value;
        match units::read_duration(&text) {
            Ok(span) => self.within(Some(span), &limits, &text, |limit| units::show_duration(*limit)),
            Err(reason) => {
                let help = "write whole numbers with d, h, m, s or ms: \"250ms\", \"30s\", \"15m\", \"1h30m\", \"1d\"";
                self.fault(&format!("{} is `{text}`, which is no span of time: {reason}", self.title), help);
                None
            }
        }
    }

    /// A count of bytes within limits: a whole number, or a text such as `64KiB`.
    pub(super) fn size(&self, limits: Limits<u64>) -> Option<u64> {
        if self.node.is_integer() {
            return self.integer(limits);
        }
        if !self.node.is_str() {
            self.wrong_type("a size in quotes, such as \"1MiB\", or a whole number of bytes");
            return None;
        }
        let text = self.text()?.value;
        match units::read_size(&text) {
            Ok(size) => self.within(Some(size), &limits, &text, |limit| units::show_size(*limit)),
            Err(reason) => {
                let help = "write a whole number with B, KiB, MiB, GiB, kB, MB or GB: \"64KiB\", \"1MiB\", \"10MB\"";
                self.fault(&format!("{} is `{text}`, which is no size: {reason}", self.title), help);
                None
            }
        }
    }

    /// The values of a list.
    pub(super) fn list(&self) -> Option<Vec<Value<'a>>> {
        let Some(array) = self.node.as_array() else {
            self.wrong_type("a list: [\"…\", \"…\"]");
            return None;
        };
        let elements = array.iter().map(|element| Value {
            title: self.title.clone(),
            at: self.reading.at(&element.span()),
            node: element.get_ref(),
            reading: self.reading,
        });
        Some(elements.collect())
    }

    /// The texts of a list; those that are none are reported and left out.
    pub(super) fn texts(&self) -> Option<Vec<Located<String>>> {
        Some(self.list()?.iter().filter_map(Value::filled_text).collect())
    }

    /// A table, called `title` in messages.
    pub(super) fn table(&self, title: String) -> Option<Section<'a>> {
        let Some(table) = self.node.as_table() else {
            self.wrong_type("a table");
            return None;
        };
        Some(Section::new(title, self.at.clone(), table, self.reading))
    }

    /// A text, number or truth value. A date-time is its RFC 3339 text.
    pub(super) fn scalar(&self) -> Option<Scalar> {
        let number = |text: &str| {
            let number = Decimal::parse(text.as_bytes());
            if number.is_none() {
                self.fault(&format!("{} is `{text}`, which is too large", self.title), "numbers go up to 10^20");
            }
            number.map(Scalar::Number)
        };
        match self.node {
            DeValue::String(_) => Some(Scalar::Text(self.text()?.value)),
            DeValue::Boolean(value) => Some(Scalar::Boolean(*value)),
            DeValue::Datetime(value) => Some(Scalar::Text(value.to_string())),
            DeValue::Float(value) => number(value.as_str()),
            DeValue::Integer(value) if value.radix() == 10 => number(value.as_str()),
            DeValue::Integer(value) => match i64::from_str_radix(value.as_str(), value.radix()) {
                Ok(value) => Some(Scalar::Number(Decimal::from(value))),
                Err(_) => number(value.as_str()),
            },
            DeValue::Array(_) | DeValue::Table(_) => {
                self.wrong_type("a text, a number, `true` or `false`");
                None
            }
        }
    }

    /// Reports that the value is of a type that is not expected here.
    pub(super) fn wrong_type(&self, expected: &str) {
        let message = format!("{} is {}; expected {expected}", self.title, type_name(self.node));
        self.reading.report.add(Fault::new(self.at.clone(), message).help(format!("give `{}` {expected}", self.key())));
    }

    pub(super) fn fault(&self, message: &str, help: &str) {
        self.reading.report.add(Fault::new(self.at.clone(), message).help(help));
    }

    /// The key alone.
    pub(super) fn key(&self) -> &str {
        self.title.split('`').nth(1).unwrap_or(&self.title)
    }

    fn within<T: PartialOrd>(
        &self,
        value: Option<T>,
        limits: &Limits<T>,
        written: &str,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        match value {
            Some(value) if limits.least <= value && value <= limits.most => Some(value),
            _ => {
                let (least, most) = (show(&limits.least), show(&limits.most));
                let message = format!("{} is `{written}`; expected {least} to {most}", self.title);
                self.fault(&message, limits.reason);
                None
            }
        }
    }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with decimals",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
