//! The fields that a pattern gives: by which name, from where in the line, and of which type.
//!
//! Promises: every name is resolved when the pattern is compiled; aliases are the same for every engine. A name that the
//! pattern captures itself is never replaced by an alias. Where any key is a field under its own name (JSON, logfmt), only a
//! `request`, `target` or `request_uri` that the pattern lists is taken apart. Does not: read lines.

mod resolver;

use std::collections::BTreeMap;

use resolver::Resolver;

use super::json::Path;
use super::request::Part;
use super::steps::Step;
use super::time::TimeFormat;
use crate::model::fault::{Fault, Located};
use crate::model::fields::FieldType;
use crate::model::spec::TypeSpec;

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
    /// The first of these places that an object has.
    AnyOfPaths(Vec<Path>),
    /// A key, label or column.
    Key(String),
    /// The first of these keys or labels that a line has.
    AnyOfKeys(Vec<String>),
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
    /// What is done with the text after that.
    pub(super) steps: Vec<Step>,
}

impl FieldPlan {
    /// A `path` never has the query, whatever the log calls so: a query holds secrets, and every one would be a value of its
    /// own.
    fn without_query(self, name: &str) -> Self {
        let is_plain = self.part == Part::Whole && self.steps.is_empty();
        if name == "path" && is_plain { Self { part: Part::TargetPath, ..self } } else { self }
    }
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
        Some(FieldPlan { origin, part, kind, time: None, steps: Vec::new() }.without_query(name))
    }
}

type Types = BTreeMap<String, Located<TypeSpec>>;

impl Catalogue {
    pub(super) fn of(given: Given, types: &Types) -> Result<Self, Vec<Fault>> {
        let captured = given.listed.into_iter().map(|(Known { name, kind, time }, origin)| {
            (name, FieldPlan { origin, part: Part::Whole, kind, time, steps: Vec::new() })
        });
        Resolver::new(captured.collect(), types, given.names).resolve_all()
    }

    pub(super) fn field(&self, name: &str) -> Option<FieldPlan> {
        self.fields.get(name).cloned().or_else(|| self.names.other(name))
    }

    /// The same fields as plain texts.
    pub(super) fn untyped(&self) -> Self {
        let text = |plan: &FieldPlan| FieldPlan { kind: FieldType::Text, time: None, ..plan.clone() };
        let fields = self.fields.iter().map(|(name, plan)| (name.clone(), text(plan))).collect();
        Self { fields, names: self.names }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.fields.keys().map(String::as_str).collect()
    }

    pub(super) fn gives_any_name(&self) -> bool {
        self.names.are_open()
    }
}
