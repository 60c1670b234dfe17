//! What becomes of one line, for people: how far it matches, its fields, and what each metric makes of it.
//!
//! Promises: reads and judges lines with the agent's own parser and readers; shows what a line holds without letting it
//! touch the terminal. Does not: count anything, or know windows that are open: what is late is judged by the clock alone.

mod choose;
mod metric;
mod names;
mod show;
mod unit;

use jiff::tz::TimeZone;

pub use choose::catalogue;
pub use metric::{Judged, Judgement, Others, Record, judge};
pub use show::{foreign, judged, reading};
pub use unit::{Around, RecordLine, Told, Unit};

use crate::model::fault::Fault;
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::PatternSpec;
use crate::model::time::UnixMicros;
use crate::parse::{LineParser, Pattern, Stop};

/// Reads the lines of one file by one pattern.
#[derive(Clone, Debug)]
pub struct LineReader {
    pub name: String,
    pub pattern: Pattern,
    zone: TimeZone,
    /// For times without a year.
    read_at: UnixMicros,
    /// Reads every line, for what earlier lines say about later ones.
    carrier: LineParser,
    /// Names that a header line of the file may have given to its columns.
    header: Vec<String>,
    /// Of the last line: they mostly serve the next one too.
    parsers: Option<Parsers>,
}

/// What reads all fields of a line.
#[derive(Clone, Debug)]
struct Parsers {
    slots: Vec<String>,
    typed: LineParser,
    /// The fields as they are written, whatever their type.
    texts: LineParser,
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
    pub slots: Vec<(String, FieldType)>,
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
    /// `zone` is for times that have none of their own, `read_at` for those without a year: when the lines are read.
    ///
    /// # Errors
    /// The pattern's faults.
    pub fn new(spec: &PatternSpec, zone: &TimeZone, read_at: UnixMicros) -> Result<Self, Vec<Fault>> {
        let pattern = Pattern::compile(spec)?;
        // A parser for no field cannot name an unknown one.
        let mut carrier = pattern.line_parser(&[], zone).map_err(|_| Vec::new())?;
        carrier.set_reference_time(read_at);
        let (name, zone) = (spec.name.clone(), zone.clone());
        Ok(Self { name, pattern, zone, read_at, carrier, header: Vec::new(), parsers: None })
    }

    /// Takes note of what an earlier line of the file says about later ones.
    pub fn pass(&mut self, line: &[u8]) {
        if self.carrier.keeps_file_state() {
            self.read(line, &[]);
        }
    }

    /// Reads the file's next line; `more` are names that are wanted beside all that the pattern gives.
    pub fn read(&mut self, line: &[u8], more: &[&str]) -> Reading {
        self.read_inside(line, more, &Around::default())
    }

    /// The same for a line that other things stand around.
    pub fn read_inside(&mut self, line: &[u8], more: &[&str], around: &Around) -> Reading {
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
        Reading::Matched(self.take(line, &state, more, around))
    }

    fn take(&mut self, line: &[u8], state: &[u8], more: &[&str], around: &Around) -> Matched {
        let mut slots: Vec<String> = self.pattern.field_names().into_iter().map(str::to_owned).collect();
        if self.pattern.gives_any_name() {
            slots.extend(names::of_line(line));
            slots.extend(self.header.iter().cloned());
        }
        slots.extend(more.iter().filter(|name| self.pattern.field_type(name).is_some()).map(|&name| name.to_owned()));
        let mut seen = std::collections::HashSet::new();
        let is_around = |name: &String| around.fields.iter().any(|(outer, _, _)| outer == name);
        slots.retain(|name| !is_around(name) && seen.insert(name.clone()));
        let (mut values, texts) = self.values(line, state, &slots, around);
        values.time = values.time.or(around.time);
        let (mut fields, absent) = self.shown(line, &slots, &values, &texts);
        let kind = |name: String| {
            let kind = self.pattern.field_type(&name).unwrap_or(FieldType::Text);
            (name, kind)
        };
        let mut slots: Vec<(String, FieldType)> = slots.into_iter().map(kind).collect();
        for (name, kind, text) in &around.fields {
            slots.push((name.clone(), *kind));
            let (names, kind, text) = (vec![name.clone()], *kind, text.clone());
            fields.push(FieldValue { names, kind, text, instant: None, misfit: false });
        }
        Matched { fields, absent, values, slots, zone: self.zone.clone() }
    }

    /// By type, and as they are written. After the slots that the pattern fills come those of `around`.
    fn values(&mut self, line: &[u8], state: &[u8], slots: &[String], around: &Around) -> (Fields, Fields) {
        let empty = || Fields::with_slots(slots.len() + around.fields.len());
        let (mut values, mut texts) = (empty(), empty());
        if self.parsers.as_ref().is_none_or(|parsers| parsers.slots != slots) {
            self.parsers = self.parsers_of(slots);
        }
        if let Some(Parsers { typed, texts: untyped, .. }) = &mut self.parsers {
            for (parser, fields) in [(typed, &mut values), (untyped, &mut texts)] {
                parser.set_file_state(state);
                // It matched just now, whichever fields are wanted.
                let _ = parser.parse(line, fields);
            }
        }
        for (place, (_, _, text)) in around.fields.iter().enumerate() {
            values.set_decoded(slots.len() + place, text);
            texts.set_decoded(slots.len() + place, text);
        }
        (values, texts)
    }

    fn parsers_of(&self, slots: &[String]) -> Option<Parsers> {
        let wanted: Vec<&str> = slots.iter().map(String::as_str).collect();
        let parser = |pattern: &Pattern| {
            let mut parser = pattern.line_parser(&wanted, &self.zone).ok()?;
            parser.set_reference_time(self.read_at);
            Some(parser)
        };
        Some(Parsers { slots: slots.to_vec(), typed: parser(&self.pattern)?, texts: parser(&self.pattern.untyped())? })
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
