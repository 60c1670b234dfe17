//! Names to plans: through `[types]`, aliases and what the engine captures.
//!
//! Promises: circles end; a field that is made of another is made after it, with all of that one's steps. Does not: read lines.

use std::collections::BTreeMap;

use super::{ALIASES, Catalogue, FieldPlan, Names, Types};
use crate::model::fault::{Fault, Located};
use crate::model::fields::FieldType;
use crate::model::spec::TypeSpec;
use crate::parse::request::Part;
use crate::parse::steps::{Step, TextOf};
use crate::parse::time::TimeFormat;

pub(super) struct Resolver<'a> {
    captured: BTreeMap<String, FieldPlan>,
    types: &'a Types,
    names: Names,
    faults: Vec<Fault>,
}

impl<'a> Resolver<'a> {
    pub(super) const fn new(captured: BTreeMap<String, FieldPlan>, types: &'a Types, names: Names) -> Self {
        Self { captured, types, names, faults: Vec::new() }
    }

    /// Every field, or every fault.
    pub(super) fn resolve_all(mut self) -> Result<Catalogue, Vec<Fault>> {
        let mut names: Vec<String> = self.captured.keys().chain(self.types.keys()).cloned().collect();
        names.extend(ALIASES.iter().map(|(name, _)| (*name).to_owned()));
        names.sort_unstable();
        names.dedup();
        let mut fields = BTreeMap::new();
        for name in names {
            if let Some(plan) = self.resolve(&name, &mut Vec::new())
                && (!self.names.are_open() || self.is_listed(&name) || self.alias(&name, &mut Vec::new()).is_some())
            {
                fields.insert(name, plan);
            }
        }
        let types = self.types;
        for (name, spec) in types {
            if !fields.contains_key(name) {
                self.refuse_unknown(name, spec, fields.keys());
            }
        }
        if self.faults.is_empty() { Ok(Catalogue { fields, names: self.names }) } else { Err(self.faults) }
    }

    fn is_listed(&self, name: &str) -> bool {
        self.captured.contains_key(name) || self.types.contains_key(name)
    }

    /// `path`: the names on the way here, to end circles.
    fn resolve(&mut self, name: &str, path: &mut Vec<String>) -> Option<FieldPlan> {
        if path.iter().any(|earlier| earlier == name) {
            return None;
        }
        path.push(name.to_owned());
        let plan = self.resolve_new(name, path);
        path.pop();
        plan
    }

    fn resolve_new(&mut self, name: &str, path: &mut Vec<String>) -> Option<FieldPlan> {
        let types: &'a Types = self.types;
        let Some(spec) = types.get(name) else { return self.untyped(name, path) };
        let source = spec.value.from.as_deref().filter(|from| *from != name);
        let plan = match source {
            Some(from) => self.resolve(from, path)?,
            None => self.untyped(name, path)?,
        };
        let plan = self.with_steps(name, source.unwrap_or(name), spec, plan);
        let time =
            if spec.value.kind == FieldType::Time { Some(self.time_format(name, source, spec, &plan)) } else { None };
        Some(FieldPlan { kind: spec.value.kind, time, ..plan }.without_query(name))
    }

    /// A plan with the steps of a type after its own.
    fn with_steps(&mut self, name: &str, source: &str, spec: &Located<TypeSpec>, mut plan: FieldPlan) -> FieldPlan {
        for step in &spec.value.steps {
            match Step::compile(step, text_of(source, &plan)) {
                Ok(step) => plan.steps.push(step),
                Err((message, help)) => {
                    let message = format!("field `{name}`: {message}");
                    self.fault_once(Fault::new(spec.at.clone(), message).help(help));
                }
            }
        }
        plan
    }

    fn time_format(
        &mut self,
        name: &str,
        source: Option<&str>,
        spec: &Located<TypeSpec>,
        plan: &FieldPlan,
    ) -> TimeFormat {
        let problem = if spec.value.formats.is_empty() {
            let known = plan.time.clone().or_else(|| TimeFormat::of_known_name(source.unwrap_or(name)));
            let help =
                "say how it is written: format = \"rfc3339\", \"clf\", \"unix\" or one like \"%Y-%m-%d %H:%M:%S\"";
            known.ok_or_else(|| {
                (format!("field `{name}` is a time, but not in a format known by its name"), help.to_owned())
            })
        } else {
            let refused = |(message, help)| (format!("field `{name}`: {message}"), help);
            TimeFormat::from_specs(&spec.value.formats).map_err(refused)
        };
        problem.unwrap_or_else(|(message, help)| {
            self.fault_once(Fault::new(spec.at.clone(), message).help(help));
            // After a fault the plan is never used; it is there so that no second fault says that the field is missing.
            TimeFormat::Rfc3339
        })
    }

    /// The field as the engine gives it, or by an alias.
    fn untyped(&mut self, name: &str, path: &mut Vec<String>) -> Option<FieldPlan> {
        if let Some(plan) = self.captured.get(name) {
            return Some(plan.clone().without_query(name));
        }
        self.alias(name, path).or_else(|| self.names.other(name))
    }

    fn alias(&mut self, name: &str, path: &mut Vec<String>) -> Option<FieldPlan> {
        let (_, sources) = ALIASES.iter().find(|(alias, _)| *alias == name)?;
        for (source, part) in *sources {
            let is_taken_apart = *part != Part::Whole || (name, *source) == ("target", "request_uri");
            if self.names.are_open() && !(is_taken_apart && self.is_listed(source)) {
                continue;
            }
            let Some(plan) = self.resolve(source, path) else { continue };
            if *part == Part::Whole {
                let is_time = name == "time" && plan.time.is_some();
                let kind = if is_time { FieldType::Time } else { plan.kind };
                return Some(FieldPlan { kind, ..plan }.without_query(name));
            }
            let plan = FieldPlan { kind: FieldType::Text, time: None, ..plan };
            if !plan.steps.is_empty() {
                let mut steps = plan.steps;
                steps.push(Step::Part(*part));
                return Some(FieldPlan { steps, ..plan });
            }
            // A target that was itself taken from the request: its parts are the request's.
            if plan.part == Part::Whole {
                return Some(FieldPlan { part: *part, ..plan });
            }
        }
        None
    }

    fn refuse_unknown<'n>(&mut self, name: &str, spec: &Located<TypeSpec>, given: impl Iterator<Item = &'n String>) {
        let source = spec.value.from.as_deref().unwrap_or(name);
        let given: Vec<String> = given.map(|name| format!("`{name}`")).collect();
        let message = format!("`[types]` makes the field `{name}` from `{source}`, which the pattern does not give");
        let help = format!("it gives {}", given.join(", "));
        self.fault_once(Fault::new(spec.at.clone(), message).help(help));
    }

    /// A field can be resolved more than once, by itself and as the source of others.
    fn fault_once(&mut self, fault: Fault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

/// What the text of a field is, for steps that read queries: a query begins with its first parameter, whatever is in it.
fn text_of(name: &str, plan: &FieldPlan) -> TextOf {
    let by_name = matches!(name, "args" | "query" | "query_string");
    let by_part = matches!(plan.part, Part::Query | Part::TargetQuery);
    let by_steps = plan.steps.iter().rev().find_map(Step::text);
    by_steps.unwrap_or(if by_name || by_part { TextOf::Query } else { TextOf::Anything })
}
