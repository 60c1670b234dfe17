//! A pattern and a line to fields. Pure.
//!
//! Promises: a pattern is compiled once and knows by name and type every field that it gives. What matches never depends
//! on which fields are wanted; only those are stored. A line costs no allocation, whatever is in it, and time in
//! proportion to its length. Does not: read files, clocks or configuration; decide what a field means.
//!
//! The engines are templates ([`template`]), regular expressions, JSON lines, and the common and combined formats.

mod access;
mod capture;
mod cases;
mod catalogue;
mod escapes;
mod expression;
mod json;
mod mismatch;
mod output;
mod quote;
mod request;
pub mod template;
mod time;

pub use cases::{CaseFailure, run_cases};
pub use mismatch::Mismatch;

use jiff::tz::TimeZone;

use access::Access;
use capture::Capture;
use catalogue::{Catalogue, FieldPlan, Known, Origin};
use expression::{Expression, ExpressionReader};
use json::{JsonReader, Path};
use mismatch::Expected;
use output::{Dash, Output, Outputs};
use template::{Escaping, Matcher, Missing, Problem, Template, apache, nginx};

use crate::model::fault::{Fault, Location};
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::{Engine, NginxEscape, PatternSpec};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    engine: Compiled,
    catalogue: Catalogue,
}

#[derive(Clone, Debug)]
enum Compiled {
    Template(Template),
    Expression(Expression),
    Json,
    Access(Access),
}

impl Pattern {
    /// Every fault of the engine's text; where that has none, every fault of the types.
    pub fn compile(spec: &PatternSpec) -> Result<Self, Vec<Fault>> {
        let at = &spec.engine.at;
        let fault = |problem| vec![fault(at, problem)];
        let compiled = match &spec.engine.value {
            Engine::NginxTemplate { text, escape } => {
                let (escaping, missing) = match escape {
                    NginxEscape::Default => (Escaping::Backslash, Missing::Dash),
                    NginxEscape::Json => (Escaping::Backslash, Missing::Empty),
                    NginxEscape::None => (Escaping::None, Missing::Empty),
                };
                let tokens = nginx::tokens(text).map_err(fault)?;
                Compiled::Template(Template::compile(tokens, escaping, missing).map_err(fault)?)
            }
            Engine::ApacheTemplate { text } => {
                let tokens = apache::tokens(text).map_err(fault)?;
                Compiled::Template(Template::compile(tokens, Escaping::Backslash, Missing::Dash).map_err(fault)?)
            }
            Engine::Regex { text } => Compiled::Expression(Expression::compile(text).map_err(fault)?),
            Engine::Json { fields } => {
                let mut faults = Vec::new();
                let mut paths = Vec::new();
                for (name, text) in fields {
                    match Path::parse(text) {
                        Ok(path) => paths.push((name.clone(), path)),
                        Err(what) => faults.push(self::fault(at, bad_path(name, text, &what))),
                    }
                }
                if !faults.is_empty() {
                    return Err(faults);
                }
                let catalogue = Catalogue::of_paths(paths, &spec.types)?;
                return Ok(Self { engine: Compiled::Json, catalogue });
            }
            Engine::Builtin { name } => Compiled::Access(Access::of_name(name).ok_or_else(|| fault(no_builtin(name)))?),
        };
        let catalogue = Catalogue::of_captures(compiled.known(), &spec.types)?;
        Ok(Self { engine: compiled, catalogue })
    }

    /// The type of a field that the pattern gives. JSON gives any name, as text unless it is typed.
    #[must_use]
    pub fn field_type(&self, name: &str) -> Option<FieldType> {
        self.catalogue.field(name).map(|plan| plan.kind)
    }

    /// The names that it is known to give, sorted.
    #[must_use]
    pub fn field_names(&self) -> Vec<&str> {
        self.catalogue.names()
    }

    /// Whether any other name may be given too: JSON.
    #[must_use]
    pub fn gives_any_name(&self) -> bool {
        self.catalogue.gives_any_name()
    }

    /// Whether lines have a time of their own: a field `time` that is a time.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.field_type("time") == Some(FieldType::Time)
    }

    fn plan(&self, name: &str) -> Option<FieldPlan> {
        self.catalogue.field(name)
    }

    /// A parser that puts `wanted[i]` into slot `i`, and the line's time into [`Fields::time`] where the pattern has one.
    /// `zone` is for times that have no zone of their own. `Err`: the names that the pattern does not give.
    pub fn line_parser(&self, wanted: &[&str], zone: &TimeZone) -> Result<LineParser, Vec<String>> {
        let unknown: Vec<String> =
            wanted.iter().filter(|name| self.plan(name).is_none()).map(|&name| name.into()).collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let mut slots: Vec<(&str, Option<usize>)> =
            wanted.iter().enumerate().map(|(slot, &name)| (name, Some(slot))).collect();
        if self.has_time() && !wanted.contains(&"time") {
            slots.push(("time", None));
        }
        let mut paths: Vec<Path> = Vec::new();
        let mut outputs = Vec::with_capacity(slots.len());
        for (name, slot) in slots {
            let Some(plan) = self.plan(name) else { continue };
            let capture = match &plan.origin {
                Origin::Capture(capture) => *capture,
                Origin::Path(path) => paths.iter().position(|earlier| earlier == path).unwrap_or_else(|| {
                    paths.push(path.clone());
                    paths.len() - 1
                }),
            };
            outputs.push(Output::new(name, slot, capture, plan, zone));
        }
        let dash = if matches!(self.engine, Compiled::Json) { Dash::Text } else { Dash::Absent };
        let outputs = Outputs::new(outputs, dash);
        let captures = self.engine.known().len().max(paths.len());
        let reader = match &self.engine {
            Compiled::Template(template) => Reader::Template(Matcher::new(template.clone())),
            Compiled::Expression(expression) => {
                let needed = outputs.iter().map(Output::capture);
                Reader::Expression(Box::new(ExpressionReader::new(expression, needed)))
            }
            Compiled::Json => Reader::Json(JsonReader::new(&paths)),
            Compiled::Access(access) => Reader::Access(*access),
        };
        Ok(LineParser { reader, captures: vec![Capture::ABSENT; captures], outputs })
    }
}

fn fault(at: &Location, (message, help): Problem) -> Fault {
    Fault::new(at.clone(), message).help(help)
}

fn bad_path(name: &str, text: &str, what: &str) -> Problem {
    let help =
        "write keys with dots between them (`user.id`), items as `items[0]`, a key with a dot in it as `\"a.b\"`";
    (format!("field `{name}`: `{text}` is no path: {what}"), help.to_owned())
}

fn no_builtin(name: &str) -> Problem {
    (format!("there is no built-in format `{name}`"), "use `common` or `combined`".to_owned())
}

impl Compiled {
    fn known(&self) -> Vec<Known> {
        match self {
            Self::Template(template) => template.variables().iter().map(|variable| variable.known.clone()).collect(),
            Self::Expression(expression) => expression.known(),
            Self::Json => Vec::new(),
            Self::Access(access) => access.known(),
        }
    }
}

#[derive(Clone, Debug)]
enum Reader {
    Template(Matcher),
    Expression(Box<ExpressionReader>),
    Json(JsonReader),
    Access(Access),
}

/// Reads lines of one pattern into the slots that were asked for.
#[derive(Clone, Debug)]
pub struct LineParser {
    reader: Reader,
    captures: Vec<Capture>,
    outputs: Outputs,
}

impl LineParser {
    /// Fills `fields`, which has as many slots as names were wanted; what was in it before is gone. The line comes without
    /// its end (`\n` or `\r\n`). On `Err` every field is absent. Mutable only for buffers and the memory of the last time.
    #[inline]
    pub fn parse(&mut self, line: &[u8], fields: &mut Fields) -> Result<(), Mismatch> {
        fields.clear();
        self.read(line)?;
        self.outputs.fill(line, &self.captures, fields);
        Ok(())
    }

    #[inline]
    fn read(&mut self, line: &[u8]) -> Result<(), Mismatch> {
        match &mut self.reader {
            Reader::Template(matcher) => matcher.read(line, &mut self.captures),
            Reader::Expression(expression) => expression.read(line, &mut self.captures),
            Reader::Json(json) => json.read(line, &mut self.captures),
            Reader::Access(access) => access.read(line, &mut self.captures),
        }
    }

    /// For people: how far the line matches, what was expected there, and what stands there instead.
    pub fn explain(&mut self, line: &[u8]) -> String {
        let (expectation, at) = self.expectation(line);
        let Some(at) = at else { return expectation };
        match line.get(at..).unwrap_or_default() {
            [] => format!("{expectation}, the line ends"),
            rest => format!("{expectation}, found `{}`", shown(rest)),
        }
    }

    /// For logs: how far the line matches and what was expected there; nothing of the line itself.
    pub fn explain_discreetly(&mut self, line: &[u8]) -> String {
        self.expectation(line).0
    }

    /// What was expected, and at which byte where the engine knows it.
    fn expectation(&mut self, line: &[u8]) -> (String, Option<usize>) {
        let Err(mismatch) = self.read(line) else { return ("the whole line matches".to_owned(), None) };
        let expected = match (&mut self.reader, mismatch.expected()) {
            (Reader::Expression(expression), _) => return (expression.explain(line), None),
            (Reader::Template(matcher), Expected::Part(part)) => matcher.template().describe(part.into()),
            (_, Expected::Said(what)) => what.to_owned(),
            (_, Expected::Part(part)) => format!("part {} of the pattern", part + 1),
        };
        (format!("at byte {}: expected {expected}", mismatch.at()), Some(mismatch.at()))
    }

    /// How often a typed field's text did not fit its type, so that the field was absent; by field, since this parser
    /// was made.
    pub fn invalid_fields(&self) -> impl Iterator<Item = (&str, u64)> {
        self.outputs.invalid()
    }
}

/// Longest piece of a line that a message shows, in bytes.
const SHOWN_LEN: usize = 40;

/// The beginning of a text that may hold anything, safe for a terminal.
fn shown(text: &[u8]) -> String {
    let (text, more) = match text.get(..SHOWN_LEN) {
        Some(beginning) if text.len() > SHOWN_LEN => (beginning, "…"),
        _ => (text, ""),
    };
    let mut escaped = String::new();
    for c in String::from_utf8_lossy(text).chars() {
        if c.is_control() {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped + more
}

#[cfg(test)]
mod tests;
