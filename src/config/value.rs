//! One value of a TOML file, read as what is expected of it.
//!
//! Promises: a value of another type, out of its limits or with an unset variable is reported where it stands, and
//! `None` comes back. Variables are put into texts here and nowhere else. Does not: know any key.

use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::document::Reading;
use super::section::Section;
use super::words::{grouped, nearest, one_of, shown};
use super::{units, variables};
use crate::model::decimal::Decimal;
use crate::model::fault::{Fault, Located, Location};
use crate::model::spec::Scalar;

/// A value, its place, and how messages call it.
pub(super) struct Value<'a> {
    /// `where.path` of metric `api-usage`.
    pub(super) title: String,
    /// The key alone: `path`. Empty for an element of a list.
    pub(super) key: String,
    /// The key with those around it, and whose it is: `where.path`, metric `api-usage`.
    pub(super) path: String,
    pub(super) owner: String,
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
            self.wrong_type("a text in quotes", &self.quoted());
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
        self.fault(
            &format!("{} is `{}`; expected {}", self.title, shown(&text), one_of(words())),
            &format!("write {}\"{meant}\", for instance", self.assignment()),
        );
        None
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        let value = self.node.as_bool();
        if value.is_none() {
            self.wrong_type("`true` or `false`, without quotes", "true");
        }
        value
    }

    /// A whole number within limits.
    pub(super) fn integer(&self, limits: Limits<u64>) -> Option<u64> {
        let Some(integer) = self.node.as_integer() else {
            self.wrong_type("a whole number, without quotes", &self.unquoted(limits.most.to_string()));
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        self.within(number, &limits, &integer.to_string(), |limit| grouped(*limit))
    }

    /// A number within limits, with or without decimals.
    pub(super) fn number(&self, limits: Limits<f64>) -> Option<f64> {
        let text = match self.node {
            DeValue::Float(float) => float.as_str().to_owned(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().to_owned(),
            _ => {
                self.wrong_type("a number, without quotes", &self.unquoted(limits.most.to_string()));
                return None;
            }
        };
        self.within(text.parse().ok(), &limits, &text, ToString::to_string)
    }

    /// A span of time, such as `1h30m`, within limits.
    pub(super) fn duration(&self, limits: Limits<Duration>) -> Option<Duration> {
        if !self.node.is_str() {
            self.wrong_type("a span of time in quotes, such as \"30s\" or \"1h30m\"", "\"30s\"");
            return None;
        }
        let text = self.text()?.value;
        match units::read_duration(&text) {
            Ok(span) => self.within(Some(span), &limits, &text, |limit| units::show_duration(*limit)),
            Err(reason) => {
                let help = "write whole numbers with d, h, m, s or ms: \"250ms\", \"30s\", \"15m\", \"1h30m\", \"1d\"";
                self.fault(&format!("{} is `{}`, which is no span of time: {reason}", self.title, shown(&text)), help);
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
            self.wrong_type("a size in quotes, such as \"1MiB\", or a whole number of bytes", "\"1MiB\"");
            return None;
        }
        let text = self.text()?.value;
        match units::read_size(&text) {
            Ok(size) => self.within(Some(size), &limits, &text, |limit| units::show_size(*limit)),
            Err(reason) => {
                let help = "write a whole number with B, KiB, MiB, GiB, kB, MB or GB: \"64KiB\", \"1MiB\", \"10MB\"";
                self.fault(&format!("{} is `{}`, which is no size: {reason}", self.title, shown(&text)), help);
                None
            }
        }
    }

    /// The values of a list.
    pub(super) fn list(&self) -> Option<Vec<Value<'a>>> {
        let Some(array) = self.node.as_array() else {
            self.wrong_type("a list", &format!("[{}]", self.quoted()));
            return None;
        };
        let elements = array.iter().map(|element| Value {
            at: self.reading.at(&element.span()),
            node: element.get_ref(),
            key: String::new(),
            ..self.same()
        });
        Some(elements.collect())
    }

    /// The same value once more.
    pub(super) fn same(&self) -> Self {
        Value {
            title: self.title.clone(),
            key: self.key.clone(),
            path: self.path.clone(),
            owner: self.owner.clone(),
            at: self.at.clone(),
            node: self.node,
            reading: self.reading,
        }
    }

    /// The texts of a list; those that are none are reported and left out.
    pub(super) fn texts(&self) -> Option<Vec<Located<String>>> {
        Some(self.list()?.iter().filter_map(Value::filled_text).collect())
    }

    /// A table that is a section of its own, called `title` in messages.
    pub(super) fn section(&self, title: String) -> Option<Section<'a>> {
        Some(Section::new(title, self.at.clone(), self.as_table()?, self.reading))
    }

    /// A table inside a section: messages name its keys with the section's name.
    pub(super) fn table(&self) -> Option<Section<'a>> {
        Some(Section::inside(self, self.as_table()?))
    }

    fn as_table(&self) -> Option<&'a DeTable<'a>> {
        let table = self.node.as_table();
        if table.is_none() {
            self.wrong_type("a table", "{ … }");
        }
        table
    }

    /// A text, number or truth value. A date-time is its RFC 3339 text.
    pub(super) fn scalar(&self) -> Option<Scalar> {
        let number = |text: &str| {
            let number = Decimal::parse(text.as_bytes());
            if number.is_none() {
                self.fault(
                    &format!("{} is `{}`, which is no number here", self.title, shown(text)),
                    "numbers go up to 10^20",
                );
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
                self.wrong_type("a text, a number, `true` or `false`", "\"…\"");
                None
            }
        }
    }

    /// Reports that the value is of a type that is not expected here; `example` is one that is.
    pub(super) fn wrong_type(&self, expected: &str, example: &str) {
        let holds = if self.key.is_empty() { "holds" } else { "is" };
        let message = format!("{} {holds} {}; expected {expected}", self.title, type_name(self.node));
        self.fault(&message, &format!("write {}{example}", self.assignment()));
    }

    /// What stands before a value; nothing in a list.
    fn assignment(&self) -> String {
        if self.key.is_empty() { String::new() } else { format!("{} = ", self.key) }
    }

    pub(super) fn fault(&self, message: &str, help: &str) {
        self.reading.report.add(Fault::new(self.at.clone(), message).help(help));
    }

    /// A value of one word as the text that was probably meant.
    fn quoted(&self) -> String {
        match self.node {
            DeValue::String(text) if !text.contains(['"', '\\']) => format!("\"{}\"", shown(text)),
            DeValue::Integer(number) => format!("\"{number}\""),
            DeValue::Float(number) => format!("\"{number}\""),
            DeValue::Boolean(value) => format!("\"{value}\""),
            _ => "\"…\"".to_owned(),
        }
    }

    /// A number in quotes as the number that was probably meant.
    fn unquoted(&self, otherwise: String) -> String {
        match self.node.as_str() {
            Some(text) if Decimal::parse(text.replace('_', "").as_bytes()).is_some() => text.to_owned(),
            _ => otherwise,
        }
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
                let message = format!("{} is `{}`; expected {least} to {most}", self.title, shown(written));
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
