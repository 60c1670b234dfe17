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
mod columns;
mod delimited;
mod engine;
mod escapes;
mod expression;
mod fixed;
mod grammar;
mod grok;
mod haproxy;
mod json;
mod key_value;
mod keys;
pub mod lint;
mod ltsv;
mod mismatch;
mod nearby;
mod output;
mod quote;
pub mod record;
mod request;
mod steps;
pub mod template;
mod time;
mod url;
mod w3c;

pub use cases::{CaseFailure, Difference, run_cases};
pub use mismatch::{Mismatch, Stop};

use jiff::tz::TimeZone;

use capture::Capture;
use catalogue::{Catalogue, FieldPlan, Origin};
use engine::{Compiled, Reader};
use output::{Output, Outputs};

use crate::model::fault::Fault;
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::PatternSpec;
use crate::model::time::UnixMicros;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    engine: Compiled,
    catalogue: Catalogue,
}

impl Pattern {
    /// Every fault of the engine's text; where that has none, every fault of the types.
    pub fn compile(spec: &PatternSpec) -> Result<Self, Vec<Fault>> {
        let engine = Compiled::compile(&spec.engine)?;
        let catalogue = Catalogue::of(engine.given(), &spec.types)?;
        Ok(Self { engine, catalogue })
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

    /// A line that the pattern's server could have written; `None` where the engine has no text to make it from.
    pub fn example(&self) -> Option<Vec<u8>> {
        self.engine.example()
    }

    /// The pattern without its types: every field is its text, also where the text does not fit. For people.
    #[must_use]
    pub fn untyped(&self) -> Self {
        Self { engine: self.engine.clone(), catalogue: self.catalogue.untyped() }
    }

    /// A parser that puts `wanted[i]` into slot `i`, and the line's time into [`Fields::time`] where the pattern has one.
    /// `zone` is for times that have no zone of their own. `Err`: the names that the pattern does not give.
    pub fn line_parser(&self, wanted: &[&str], zone: &TimeZone) -> Result<LineParser, Vec<String>> {
        self.line_parser_with(wanted, zone, LineTime::Taken)
    }

    fn line_parser_with(&self, wanted: &[&str], zone: &TimeZone, time: LineTime) -> Result<LineParser, Vec<String>> {
        let unknown: Vec<String> =
            wanted.iter().filter(|name| self.plan(name).is_none()).map(|&name| name.into()).collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let mut slots: Vec<(&str, Option<usize>)> =
            wanted.iter().enumerate().map(|(slot, &name)| (name, Some(slot))).collect();
        if time == LineTime::Taken && self.has_time() && !wanted.contains(&"time") {
            slots.push(("time", None));
        }
        let own = self.engine.captures();
        let mut keys: Vec<Origin> = Vec::new();
        let mut outputs = Vec::with_capacity(slots.len());
        for (name, slot) in slots {
            let Some(plan) = self.plan(name) else { continue };
            let capture = match &plan.origin {
                Origin::Capture(capture) => *capture,
                key => {
                    let index = keys.iter().position(|earlier| earlier == key).unwrap_or_else(|| {
                        keys.push(key.clone());
                        keys.len() - 1
                    });
                    own + index
                }
            };
            outputs.push(Output::new(name, slot, capture, plan, zone));
        }
        let outputs = Outputs::new(outputs, self.engine.dash());
        let reader = self.engine.reader(&keys, outputs.iter().map(Output::capture));
        Ok(LineParser { reader, captures: vec![Capture::ABSENT; own + keys.len()], outputs })
    }
}

/// Whether a line's own time is read where no metric wants it as a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineTime {
    Taken,
    Left,
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
        self.outputs.fill(line, self.reader.built(), &self.captures, fields);
        Ok(())
    }

    #[inline]
    fn read(&mut self, line: &[u8]) -> Result<(), Mismatch> {
        self.reader.read(line, &mut self.captures)
    }

    /// Says at which moment the lines that follow are read: a time that is written without a year is of the last year in
    /// which it lies at most 31 days after it. Until this is said, such a text is no time.
    pub fn set_reference_time(&mut self, at: UnixMicros) {
        self.outputs.set_reference_time(at);
    }

    /// What earlier lines of the file said about its later ones (the columns of W3C's `#Fields:`), to be kept with the
    /// file's cursor. Empty where there is nothing to keep.
    pub fn file_state(&self) -> &[u8] {
        self.reader.file_state()
    }

    /// Goes on in a file with what [`LineParser::file_state`] gave after its earlier lines; empty at its beginning.
    pub fn set_file_state(&mut self, state: &[u8]) {
        self.reader.set_file_state(state);
    }

    /// Whether lines of a file depend on earlier ones, so that its state is to be kept.
    #[must_use]
    pub const fn keeps_file_state(&self) -> bool {
        self.reader.keeps_file_state()
    }

    /// For people: where the line stops matching; `None` where it matches.
    pub fn stop(&mut self, line: &[u8]) -> Option<Stop> {
        let mismatch = self.read(line).err()?;
        let Stop { at, expected } = self.reader.stop(line, mismatch);
        Some(Stop { at: at.map(|at| at.min(line.len())), expected })
    }

    /// For people: how far the line matches, what was expected there, and what stands there instead.
    pub fn explain(&mut self, line: &[u8]) -> String {
        let Some(stop) = self.stop(line) else { return WHOLE.to_owned() };
        match stop.at.map(|at| line.get(at..).unwrap_or_default()) {
            None => stop.to_string(),
            Some([]) => format!("{stop}, the line ends"),
            Some(rest) => format!("{stop}, found `{}`", shown(rest)),
        }
    }

    /// For logs: how far the line matches and what was expected there; nothing of the line itself.
    pub fn explain_discreetly(&mut self, line: &[u8]) -> String {
        self.stop(line).map_or_else(|| WHOLE.to_owned(), |stop| stop.to_string())
    }

    /// How often a typed field's text did not fit its type, so that the field was absent; by field, since this parser
    /// was made.
    pub fn invalid_fields(&self) -> impl Iterator<Item = (&str, u64)> {
        self.outputs.invalid()
    }
}

/// For people: the instant of a text in a format as `[types]` has it; `None` where it is none of that format. `zone` is for
/// texts without one, `read_at` for those without a year.
#[must_use]
pub fn read_time(format: &str, text: &[u8], zone: &TimeZone, read_at: UnixMicros) -> Option<UnixMicros> {
    let format = time::TimeFormat::from_spec(format).ok()?;
    let mut reader = time::TimeReader::new(format, zone.clone());
    reader.set_reference(read_at);
    reader.read(text)
}

/// What is said of a line that matches.
const WHOLE: &str = "the whole line matches";

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
