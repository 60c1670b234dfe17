//! Names of fields to slots, and the faults found on the way.
//!
//! Promises: every fault of a metric is found, each at its place. Does not: read lines.

use super::condition::{CompiledCondition, CompiledTest};
use super::template::{CompiledTemplate, Part};
use super::{Giver, Take};
use crate::model::decimal::Decimal;
use crate::model::fault::{Fault, Located, Location};
use crate::model::fields::FieldType;
use crate::model::nearest::nearest;
use crate::model::spec::{Condition, Measure, Scalar, Template, TemplatePart, Test};

/// What a field is that the pattern lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    IsAFault,
    IsAbsent,
}

/// Whether the metric can do without a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Required {
    Yes,
    /// A default stands in for it.
    No,
}

impl Required {
    fn without<T>(default: Option<&T>) -> Self {
        if default.is_some() { Self::No } else { Self::Yes }
    }
}

pub(super) struct Compiler<'a, S> {
    metric: &'a str,
    giver: Giver<'a>,
    missing: Missing,
    slot_of: S,
    pub(super) faults: Vec<Fault>,
}

impl<'a, S: Fn(&str) -> Option<(usize, FieldType)>> Compiler<'a, S> {
    pub(super) fn new(metric: &'a str, giver: Giver<'a>, missing: Missing, slot_of: S) -> Self {
        Self { metric, giver, missing, slot_of, faults: Vec::new() }
    }

    /// `what` is what the metric does with the template, up to the field's name.
    pub(super) fn template(&mut self, what: &str, template: &Located<Template>) -> CompiledTemplate {
        if let [TemplatePart::Field { name, default }] = &template.value.parts[..] {
            let default = default.as_ref().map(|text| text.clone().into_bytes());
            return match (self.slot(what, name, Required::without(default.as_ref()), &template.at), default) {
                (Some((slot, kind)), default) => CompiledTemplate::Field { slot, kind, default },
                (None, Some(default)) => CompiledTemplate::Constant(default),
                (None, None) => CompiledTemplate::Absent,
            };
        }
        let mut parts = Vec::new();
        for part in &template.value.parts {
            parts.push(match part {
                TemplatePart::Literal(text) => Part::Literal(text.clone().into_bytes()),
                TemplatePart::Field { name, default } => Part::Field {
                    slot: self
                        .slot(what, name, Required::without(default.as_ref()), &template.at)
                        .map(|(slot, _)| slot),
                    default: default.as_ref().map(|text| text.clone().into_bytes()),
                },
            });
        }
        constant(&parts).map_or(CompiledTemplate::Parts(parts), CompiledTemplate::Constant)
    }

    pub(super) fn condition(&mut self, condition: &Located<Condition>) -> CompiledCondition {
        let Condition { field, test } = &condition.value;
        let found = self.slot("has a condition on", field, Required::Yes, &condition.at);
        if let Some((_, kind)) = found {
            self.refuse_what_never_holds(condition, kind);
        }
        let slot = found.map(|(slot, _)| slot);
        let test = CompiledTest::new(test).unwrap_or_else(|error| {
            let metric = self.metric;
            let message =
                format!("metric `{metric}` has a condition on `{field}` that is no regular expression: {error}");
            let help =
                "write it in the syntax of Rust's `regex` crate, which has no look-around and no back-references";
            self.faults.push(Fault::new(condition.at.clone(), message).help(help));
            CompiledTest::never()
        });
        CompiledCondition { slot, test }
    }

    /// A field of a number type never has a text like `2xx`: the metric would count nothing, and say nothing.
    fn refuse_what_never_holds(&mut self, condition: &Located<Condition>, kind: FieldType) {
        let is_number = matches!(kind, FieldType::Integer | FieldType::Number);
        let Some(text) = text_that_is_no_number(&condition.value.test).filter(|_| is_number) else { return };
        if self.missing == Missing::IsAFault {
            let (metric, pattern, field, kind) = (self.metric, self.giver.pattern, &condition.value.field, kind.name());
            let message = format!(
                "metric `{metric}` compares `{field}`, which pattern `{pattern}` gives as {kind}, with `{text}`, which is no number"
            );
            let help = "write numbers, such as 200 or [200, 204], or a span: { range = \"200..300\" }";
            self.faults.push(Fault::new(condition.at.clone(), message).help(help));
        }
    }

    pub(super) fn measure(&mut self, name: &str, measure: &Located<Measure>) -> Take {
        let Some(field) = measure.value.field() else { return Take::One };
        let what = format!("takes measure `{name}` from");
        let Some((slot, kind)) = self.slot(&what, field, Required::Yes, &measure.at) else { return Take::Nothing };
        if !matches!(kind, FieldType::Integer | FieldType::Number) && self.missing == Missing::IsAFault {
            let (metric, pattern, kind) = (self.metric, self.giver.pattern, kind.name());
            let message = format!(
                "metric `{metric}` {what} `{field}`, which pattern `{pattern}` gives as {kind}; expected an integer or a number"
            );
            let help =
                format!("say what it is in the pattern: `{field} = \"integer\"` or `\"number\"` under `[types]`");
            self.faults.push(Fault::new(measure.at.clone(), message).help(help));
        }
        Take::Number(slot)
    }

    fn slot(&mut self, what: &str, field: &str, required: Required, at: &Location) -> Option<(usize, FieldType)> {
        let found = (self.slot_of)(field);
        if found.is_none() && required == Required::Yes && self.missing == Missing::IsAFault {
            let (metric, Giver { pattern, fields }) = (self.metric, self.giver);
            let message = format!("metric `{metric}` {what} `{field}`, which pattern `{pattern}` does not give");
            let log_it = format!("log it (log_format … {field}=\"${field}\") and let the pattern read it");
            let help = match nearest(field, fields.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`? Else {log_it}"),
                None => format!("{log_it}, or name a field that the pattern gives"),
            };
            self.faults.push(Fault::new(at.clone(), message).help(help));
        }
        found
    }
}

fn text_that_is_no_number(test: &Test) -> Option<String> {
    match test {
        Test::OneOf(values) => values.iter().find_map(|value| match value {
            Scalar::Text(value) if Decimal::parse(value.as_bytes()).is_none() => Some(value.clone()),
            Scalar::Boolean(value) => Some(value.to_string()),
            Scalar::Text(_) | Scalar::Number(_) => None,
        }),
        Test::Not(inner) => text_that_is_no_number(inner),
        _ => None,
    }
}

/// The text of parts that are all literal.
fn constant(parts: &[Part]) -> Option<Vec<u8>> {
    let literals = parts.iter().map(|part| match part {
        Part::Literal(text) => Some(text.as_slice()),
        Part::Field { .. } => None,
    });
    literals.collect::<Option<Vec<_>>>().map(|literals| literals.concat())
}
