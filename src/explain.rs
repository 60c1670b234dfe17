//! What becomes of one line, for people: how far it matches, its fields, and what each metric makes of it.
//!
//! Promises: reads and judges lines with the agent's own parser and readers; shows what a line holds without letting it
//! touch the terminal. Does not: count anything, or know windows that are open: what is late is judged by the clock alone.

mod metric;
mod names;
mod show;

use jiff::tz::TimeZone;

pub use metric::{Judged, Judgement, Others, ReadBy, Record, judge};
pub use show::{catalogue, judged, reading};

use crate::model::fault::Fault;
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::PatternSpec;
use crate::model::time::UnixMicros;
use crate::parse::{LineParser, Pattern, Stop};

/// Reads the lines of one file by one pattern.
#[derive(Debug)]
pub struct LineReader {
    pub name: String,
    pub pattern: Pattern,
    zone: TimeZone,
    /// Reads every line, for what earlier lines say about later ones.
    carrier: LineParser,
    /// Names that a header line of the file may have given to its columns.
    header: Vec<String>,
}

/// What came of a line.
#[derive(Clone, Debug)]
pub enum Reading {
    Stopped(Stop),
    Matched(Matched),
}

/// A line that matches.
#[derive(Clone, Debug)]
pub struct Matched {
    /// In the pattern's order of names; those of one text stand together.
    pub fields: Vec<FieldValue>,
    /// Fields that the pattern gives and this line does not have.
    pub absent: Vec<String>,
    /// By slot, with `slots`, for the metrics.
    pub values: Fields,
    pub slots: Vec<String>,
    pub zone: TimeZone,
}

/// A field of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValue {
    /// More than one where names mean the same text.
    pub names: Vec<String>,
    pub kind: FieldType,
    pub text: Vec<u8>,
    /// The instant, of the line's own time.
    pub instant: Option<UnixMicros>,
    /// The text does not fit the type: metrics see no such field.
    pub misfit: bool,
}

impl LineReader {
    /// `zone` is for times that have none of their own.
    ///
    /// # Errors
    /// The pattern's faults.
    pub fn new(spec: &PatternSpec, zone: &TimeZone) -> Result<Self, Vec<Fault>> {
        let pattern = Pattern::compile(spec)?;
        // A parser for no field cannot name an unknown one.
        let carrier = pattern.line_parser(&[], zone).map_err(|_| Vec::new())?;
        Ok(Self { name: spec.name.clone(), pattern, zone: zone.clone(), carrier, header: Vec::new() })
    }

    /// Reads the file's next line; `more` are names that are wanted beside all that the pattern gives.
    pub fn read(&mut self, line: &[u8], more: &[&str]) -> Reading {
        let state = self.carrier.file_state().to_vec();
        if let Err(mismatch) = self.carrier.parse(line, &mut Fields::default()) {
            if mismatch.is_directive() {
                self.header = names::of_header(line);
            }
            let nothing = || Stop { at: None, expected: mismatch.to_string() };
            // Asked again, it would take a header for a record.
            let stop = if mismatch.is_directive() { None } else { self.carrier.stop(line) };
            return Reading::Stopped(stop.unwrap_or_else(nothing));
        }
        Reading::Matched(self.take(line, &state, more))
    }

    fn take(&self, line: &[u8], state: &[u8], more: &[&str]) -> Matched {
        let mut slots: Vec<String> = self.pattern.field_names().into_iter().map(str::to_owned).collect();
        if self.pattern.gives_any_name() {
            slots.extend(names::of_line(line));
            slots.extend(self.header.iter().cloned());
        }
        slots.extend(more.iter().filter(|name| self.pattern.field_type(name).is_some()).map(|&name| name.to_owned()));
        let mut seen = std::collections::HashSet::new();
        slots.retain(|name| seen.insert(name.clone()));
        let values = self.values(&self.pattern, line, state, &slots);
        let texts = self.values(&self.pattern.untyped(), line, state, &slots);
        let (fields, absent) = self.shown(line, &slots, &values, &texts);
        Matched { fields, absent, values, slots, zone: self.zone.clone() }
    }

    fn values(&self, pattern: &Pattern, line: &[u8], state: &[u8], slots: &[String]) -> Fields {
        let wanted: Vec<&str> = slots.iter().map(String::as_str).collect();
        let mut fields = Fields::with_slots(slots.len());
        if let Ok(mut parser) = pattern.line_parser(&wanted, &self.zone) {
            parser.set_file_state(state);
            // It matched just now, whichever fields are wanted.
            let _ = parser.parse(line, &mut fields);
        }
        fields
    }

    fn shown(&self, line: &[u8], slots: &[String], values: &Fields, texts: &Fields) -> (Vec<FieldValue>, Vec<String>) {
        let listed = self.pattern.field_names();
        let (mut fields, mut absent): (Vec<FieldValue>, Vec<String>) = (Vec::new(), Vec::new());
        let mut places: Vec<(*const u8, usize)> = Vec::new();
        for (slot, name) in slots.iter().enumerate() {
            let kind = self.pattern.field_type(name).unwrap_or(FieldType::Text);
            let value = values.get(line, slot);
            let Some(text) = value.or_else(|| texts.get(line, slot).filter(|text| !text.is_empty())) else {
                if listed.contains(&name.as_str()) {
                    absent.push(name.clone());
                }
                continue;
            };
            let place = (text.as_ptr(), text.len());
            let misfit = value.is_none();
            let same = places.iter().position(|earlier| *earlier == place && !text.is_empty());
            match same.and_then(|same| fields.get_mut(same)) {
                Some(field) if field.kind == kind && field.misfit == misfit => field.names.push(name.clone()),
                _ => {
                    places.push(place);
                    let text = text.to_vec();
                    fields.push(FieldValue { names: vec![name.clone()], kind, text, instant: None, misfit });
                }
            }
        }
        let time = fields
            .iter_mut()
            .find(|field| field.kind == FieldType::Time && field.names.iter().any(|name| name == "time"));
        if let Some(time) = time {
            time.instant = values.time;
        }
        (fields, absent)
    }
}

impl Matched {
    /// How many texts of the line have a name and fit their type.
    #[must_use]
    pub fn present(&self) -> usize {
        self.fields.iter().filter(|field| !field.misfit).count()
    }
}

#[cfg(test)]
mod tests;
