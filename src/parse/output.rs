//! From captures to the fields that are wanted: parts, types, and the line's time.
//!
//! Promises: a text that does not fit its type makes the field absent, and is counted; the line matches all the same. A
//! `-` is absent, except in JSON. Does not: look at anything that is not wanted.

use super::capture::{Capture, Form};
use super::catalogue::FieldPlan;
use super::request::{Part, Request, Span, target_part};
use super::steps::{Outcome, Step, Steps};
use super::time::TimeReader;
use super::{escapes, json};
use crate::model::decimal::Decimal;
use crate::model::fields::{FieldType, Fields};
use crate::model::time::UnixMicros;

/// What a lone `-` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dash {
    Absent,
    Text,
}

impl Dash {
    #[inline]
    pub(super) fn is_absence(self, text: &[u8]) -> bool {
        matches!(text, [b'-']) && self == Self::Absent
    }
}

/// How a text is checked.
#[derive(Clone, Debug)]
enum Check {
    Text,
    Integer,
    Number,
    Boolean,
    Time(Box<TimeReader>),
    /// The same, and it is the line's own time.
    LineTime(Box<TimeReader>),
}

/// One field that is wanted.
#[derive(Clone, Debug)]
pub(super) struct Output {
    name: String,
    /// `None`: only the line's time is wanted of it.
    slot: Option<usize>,
    capture: usize,
    part: Part,
    /// `None`: the text is taken as it stands.
    steps: Option<Box<Steps>>,
    /// The one step undoes escapes, which most texts do not have.
    only_escapes: bool,
    check: Check,
    invalid: u64,
}

impl Output {
    pub(super) fn new(
        name: &str,
        slot: Option<usize>,
        capture: usize,
        plan: FieldPlan,
        zone: &jiff::tz::TimeZone,
    ) -> Self {
        let check = match (plan.kind, plan.time) {
            (FieldType::Integer, _) => Check::Integer,
            (FieldType::Number, _) => Check::Number,
            (FieldType::Boolean, _) => Check::Boolean,
            (FieldType::Time, Some(format)) => {
                let reader = Box::new(TimeReader::new(format, zone.clone()));
                if name == "time" { Check::LineTime(reader) } else { Check::Time(reader) }
            }
            _ => Check::Text,
        };
        let only_escapes = matches!(plan.steps[..], [Step::Escapes]);
        let steps = (!plan.steps.is_empty()).then(|| Box::new(Steps::new(plan.steps)));
        Self { name: name.to_owned(), slot, capture, part: plan.part, steps, only_escapes, check, invalid: 0 }
    }

    pub(super) const fn capture(&self) -> usize {
        self.capture
    }

    /// Whether a text has nothing for the steps to do.
    #[inline]
    fn takes_as_it_stands(&self, text: &[u8]) -> bool {
        self.steps.is_none() || (self.only_escapes && !escapes::has_any(text))
    }

    /// Whether the text fits the type; gives the line its time.
    #[inline]
    fn accepts(&mut self, text: &[u8], fields: &mut Fields) -> bool {
        self.check.accepts(text, &mut self.invalid, fields)
    }
}

impl Check {
    #[inline]
    fn accepts(&mut self, text: &[u8], invalid: &mut u64, fields: &mut Fields) -> bool {
        if matches!(self, Self::Text) {
            return true;
        }
        // Servers write nothing at all for a number that they do not have (nginx with `escape=json`).
        if text.is_empty() {
            return false;
        }
        let fits = match self {
            Self::Text => true,
            Self::Integer => is_integer(text),
            Self::Number => Decimal::parse(text).is_some(),
            Self::Boolean => matches!(text, b"true" | b"false"),
            Self::Time(reader) => reader.read(text).is_some(),
            Self::LineTime(reader) => {
                fields.time = reader.read(text);
                fields.time.is_some()
            }
        };
        *invalid += u64::from(!fits);
        fits
    }
}

fn is_integer(text: &[u8]) -> bool {
    let digits = match text {
        [b'-' | b'+', rest @ ..] => rest,
        _ => text,
    };
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    // Eighteen digits always fit; more of them may be too large to count.
    all_digits && (digits.len() <= 18 || Decimal::parse(text).is_some())
}

/// All fields that are wanted, in the order of their captures.
#[derive(Clone, Debug)]
pub(super) struct Outputs {
    wanted: Vec<Output>,
    dash: Dash,
    decoded: Vec<u8>,
}

impl Outputs {
    pub(super) fn new(mut outputs: Vec<Output>, dash: Dash) -> Self {
        outputs.sort_by_key(|output| (output.capture, output.part));
        Self { wanted: outputs, dash, decoded: Vec::new() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Output> {
        self.wanted.iter()
    }

    /// Says when the lines that follow are read: for times without a year.
    pub(super) fn set_reference_time(&mut self, at: UnixMicros) {
        for output in &mut self.wanted {
            if let Check::Time(reader) | Check::LineTime(reader) = &mut output.check {
                reader.set_reference(at);
            }
        }
    }

    pub(super) fn invalid(&self) -> impl Iterator<Item = (&str, u64)> {
        self.wanted.iter().filter(|output| output.invalid > 0).map(|output| (output.name.as_str(), output.invalid))
    }

    /// Fills the slots from the captures of a line that matches; `built` is what the reader built from it.
    #[inline]
    pub(super) fn fill(&mut self, line: &[u8], built: &[u8], captures: &[Capture], fields: &mut Fields) {
        // Several parts of one request are wanted as a rule: it is taken apart once.
        let mut request: Option<(usize, Option<Request>)> = None;
        for output in &mut self.wanted {
            // By reference: a copy would load in one piece what was just stored in three, and wait for it.
            let capture = &captures[output.capture];
            let is_whole = capture.form == Form::Plain && output.part == Part::Whole;
            if is_whole && output.takes_as_it_stands(capture.bytes(line)) {
                let value = capture.bytes(line);
                if !self.dash.is_absence(value)
                    && output.accepts(value, fields)
                    && let Some(slot) = output.slot
                {
                    fields.set(slot, capture.start as usize, capture.end as usize);
                }
                continue;
            }
            let text = match capture.form {
                Form::Absent => continue,
                Form::Plain => capture.bytes(line),
                Form::Built => capture.bytes(built),
                Form::Escaped => {
                    self.decoded.clear();
                    json::decode(capture.bytes(line), &mut self.decoded);
                    &self.decoded
                }
            };
            let span = match output.part {
                Part::Whole => Some((0, text.len())),
                Part::TargetPath | Part::TargetQuery => target_part(text, output.part),
                part => request_part(&mut request, output.capture, text, part),
            };
            let Some(span) = span.filter(|&(start, end)| !self.dash.is_absence(&text[start..end])) else { continue };
            let made = Text { bytes: text, capture: *capture };
            match &mut output.steps {
                None => made.put(span, output, fields),
                Some(_) => made.put_after_steps(span, output, self.dash, fields),
            }
        }
    }
}

/// The text of a capture, and where it stands.
struct Text<'a> {
    bytes: &'a [u8],
    capture: Capture,
}

impl Text<'_> {
    #[inline]
    fn put(&self, (start, end): Span, output: &mut Output, fields: &mut Fields) {
        let value = &self.bytes[start..end];
        if !output.accepts(value, fields) {
            return;
        }
        let Some(slot) = output.slot else { return };
        if self.capture.form == Form::Plain {
            fields.set(slot, self.capture.start as usize + start, self.capture.start as usize + end);
        } else {
            fields.set_decoded(slot, value);
        }
    }

    fn put_after_steps(&self, (start, end): Span, output: &mut Output, dash: Dash, fields: &mut Fields) {
        let Some(steps) = &mut output.steps else { return };
        match steps.run(&self.bytes[start..end], self.capture.form, dash) {
            Outcome::Absent => {}
            Outcome::Invalid => output.invalid += 1,
            Outcome::Inside((from, to)) => self.put((start + from, start + to), output, fields),
            Outcome::Made(value) => {
                if output.check.accepts(value, &mut output.invalid, fields)
                    && let Some(slot) = output.slot
                {
                    fields.set_decoded(slot, value);
                }
            }
        }
    }
}

#[inline]
fn request_part(memo: &mut Option<(usize, Option<Request>)>, capture: usize, text: &[u8], part: Part) -> Option<Span> {
    let request = match memo {
        Some((of, request)) if *of == capture => *request,
        _ => memo.insert((capture, Request::read(text))).1,
    };
    request?.part(part)
}
