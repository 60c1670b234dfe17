//! The fields that a pattern gives: by which name, from where in the line, and of which type.
//!
//! Promises: every name is resolved when the pattern is compiled; aliases are the same for every engine. A name that the
//! pattern captures itself is never replaced by an alias. Where any key is a field under its own name (JSON, logfmt), only a
//! `request` that the pattern lists is taken apart. Does not: read lines.

use std::collections::BTreeMap;

use super::json::Path;
use super::request::Part;
use super::time::TimeFormat;
use crate::model::fault::{Fault, Located};
use crate::model::fields::FieldType;
use crate::model::spec::{Decode, TypeSpec};

/// A field as its engine knows it, before `[types]`.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) kind: FieldType,
    /// How its text is read as a time, where the engine knows.
    pub(super) time: Option<TimeFormat>,
}

/// Where a field's text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The engine's capture of this number.
    Capture(usize),
    /// A place in a JSON object.
    Path(Path),
    /// A key, label or column.
    Key(String),
}

/// What an engine gives, before `[types]`.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) listed: Vec<(Known, Origin)>,
    pub(super) names: Names,
}

impl Given {
    /// For the engines that capture: capture `n` is `known[n]`.
    pub(super) fn captures(known: Vec<Known>) -> Self {
        let listed = known.into_iter().enumerate().map(|(index, known)| (known, Origin::Capture(index)));
        Self { listed: listed.collect(), names: Names::Listed }
    }
}

/// All that is needed to take a field from a line.
#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    pub(super) origin: Origin,
    pub(super) part: Part,
    pub(super) kind: FieldType,
    pub(super) time: Option<TimeFormat>,
    pub(super) decode: Decode,
}

/// Canonical names, and what they are made of: the first that the pattern gives.
const ALIASES: &[(&str, &[(&str, Part)])] = &[
    ("bytes", &[("body_bytes_sent", Part::Whole), ("bytes_sent", Part::Whole)]),
    ("client", &[("remote_addr", Part::Whole)]),
    ("method", &[("request_method", Part::Whole), ("request", Part::Method)]),
    (
        "path",
        &[
            ("target", Part::TargetPath),
            ("request_uri", Part::TargetPath),
            ("request", Part::Path),
            ("uri", Part::Whole),
        ],
    ),
    ("protocol", &[("server_protocol", Part::Whole), ("request", Part::Protocol)]),
    (
        "query",
        &[
            ("args", Part::Whole),
            ("query_string", Part::Whole),
            ("target", Part::TargetQuery),
            ("request_uri", Part::TargetQuery),
            ("request", Part::Query),
        ],
    ),
    ("referrer", &[("http_referer", Part::Whole)]),
    ("target", &[("request_uri", Part::Whole), ("request", Part::Target)]),
    (
        "time",
        &[
            ("time_local", Part::Whole),
            ("time_iso8601", Part::Whole),
            ("msec", Part::Whole),
            ("time_unix", Part::Whole),
            ("time_unix_ms", Part::Whole),
            ("time_unix_us", Part::Whole),
            ("time_custom", Part::Whole),
        ],
    ),
    ("user", &[("remote_user", Part::Whole)]),
    ("user_agent", &[("http_user_agent", Part::Whole)]),
];

/// Every field of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    fields: BTreeMap<String, FieldPlan>,
    names: Names,
}

/// Which names a pattern gives beside those it lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    Listed,
    /// JSON: any top-level key.
    AnyPath,
    /// Any key, label or column that a line has.
    AnyKey,
    /// Any key that begins with this; the names beside them are listed.
    Prefixed(&'static str),
}

impl Names {
    /// Whether a name that is not listed may be a key of the line, whatever it is.
    const fn are_open(self) -> bool {
        matches!(self, Self::AnyPath | Self::AnyKey)
    }

    /// A field that is not listed.
    fn other(self, name: &str) -> Option<FieldPlan> {
        let origin = match self {
            Self::Listed => return None,
            Self::AnyPath => Origin::Path(Path::key(name)),
            Self::Prefixed(prefix) if !name.starts_with(prefix) => return None,
            Self::AnyKey | Self::Prefixed(_) => Origin::Key(name.to_owned()),
        };
        let (part, kind) = (Part::Whole, FieldType::Text);
        Some(FieldPlan { origin, part, kind, time: None, decode: Decode::Nothing })
    }
}

type Types = BTreeMap<String, Located<TypeSpec>>;

impl Catalogue {
    pub(super) fn of(given: Given, types: &Types) -> Result<Self, Vec<Fault>> {
        let captured = given.listed.into_iter().map(|(Known { name, kind, time }, origin)| {
            (name, FieldPlan { origin, part: Part::Whole, kind, time, decode: Decode::Nothing })
        });
        Resolver { captured: captured.collect(), types, names: given.names, faults: Vec::new() }.resolve_all()
    }

    pub(super) fn field(&self, name: &str) -> Option<FieldPlan> {
        self.fields.get(name).cloned().or_else(|| self.names.other(name))
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.fields.keys().map(String::as_str).collect()
    }

    pub(super) fn gives_any_name(&self) -> bool {
        self.names.are_open()
    }
}

struct Resolver<'a> {
    captured: BTreeMap<String, FieldPlan>,
    types: &'a Types,
    names: Names,
    faults: Vec<Fault>,
}

impl Resolver<'_> {
    fn resolve_all(mut self) -> Result<Catalogue, Vec<Fault>> {
        let mut names: Vec<String> = self.captured.keys().chain(self.types.keys()).cloned().collect();
        names.extend(ALIASES.iter().map(|(name, _)| (*name).to_owned()));
        names.sort_unstable();
        names.dedup();
        let mut fields = BTreeMap::new();
        for name in names {
            if let Some(plan) = self.resolve(&name, &mut Vec::new())
                && (!self.names.are_open() || self.is_listed(&name) || plan.part != Part::Whole)
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
        let Some(spec) = self.types.get(name) else { return self.untyped(name, path) };
        let (at, spec) = (spec.at.clone(), spec.value.clone());
        let source = spec.from.as_deref().filter(|from| *from != name);
        let plan = match source {
            Some(from) => self.resolve(from, path)?,
            None => self.untyped(name, path)?,
        };
        if spec.kind != FieldType::Time {
            return Some(FieldPlan { kind: spec.kind, time: None, decode: spec.decode, ..plan });
        }
        let known = || plan.time.clone().or_else(|| TimeFormat::of_known_name(source.unwrap_or(name)));
        let time = match &spec.format {
            Some(text) => match TimeFormat::from_spec(text) {
                Ok(format) => Some(format),
                Err((message, help)) => {
                    self.fault_once(Fault::new(at.clone(), format!("field `{name}`: {message}")).help(help));
                    None
                }
            },
            None => known().or_else(|| {
                let message = format!("field `{name}` is a time, but not in a format known by its name");
                let help =
                    "say how it is written: format = \"rfc3339\", \"clf\", \"unix\" or one like \"%Y-%m-%d %H:%M:%S\"";
                self.fault_once(Fault::new(at.clone(), message).help(help));
                None
            }),
        };
        // After a fault the plan is never used; it is there so that no second fault says that the field is missing.
        let time = time.or(Some(TimeFormat::Rfc3339));
        Some(FieldPlan { kind: FieldType::Time, time, decode: Decode::Nothing, ..plan })
    }

    /// The field as the engine gives it, or by an alias.
    fn untyped(&mut self, name: &str, path: &mut Vec<String>) -> Option<FieldPlan> {
        if let Some(plan) = self.captured.get(name) {
            return Some(plan.clone());
        }
        self.alias(name, path).or_else(|| self.names.other(name))
    }

    fn alias(&mut self, name: &str, path: &mut Vec<String>) -> Option<FieldPlan> {
        let (_, sources) = ALIASES.iter().find(|(alias, _)| *alias == name)?;
        for (source, part) in *sources {
            if self.names.are_open() && !(*source == "request" && self.captured.contains_key("request")) {
                continue;
            }
            let Some(plan) = self.resolve(source, path) else { continue };
            if *part == Part::Whole {
                let is_time = name == "time" && plan.time.is_some();
                return Some(FieldPlan { kind: if is_time { FieldType::Time } else { plan.kind }, ..plan });
            }
            // A target that was itself taken from the request: its parts are the request's.
            if plan.part == Part::Whole {
                return Some(FieldPlan { part: *part, kind: FieldType::Text, time: None, ..plan });
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
