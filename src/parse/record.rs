//! From lines of a file to records: wrappers are taken off, parts of lines and lines of one record are joined.
//!
//! Promises: what a record is depends on the lines of its file alone, whatever the chunks and restarts between them
//! ([`Pending`] can be kept and given back); streams (`stdout`, `stderr`) are joined apart; limits cut a record, and that
//! is counted. A line that is a record by itself is not copied. Does not: read the clock; when nothing more comes, the
//! caller says so with [`RecordReader::flush`].
//!
//! A wrapper's line has a `message`, which is the line inside. Its other fields are the record's under the wrapper's name
//! (`cri_stream`, `syslog_host`): those of the record's first line.

mod join;
mod pending;
mod rule;

use std::time::Duration;

use jiff::tz::TimeZone;

use super::mismatch::Mismatch;
use super::{LineParser, LineTime, Pattern};
use crate::model::fault::{Fault, Located};
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::{Engine, MultilineSpec, PatternSpec, RecordSpec, Wrapper};
use crate::model::time::UnixMicros;

use join::{Inside, Joiner};
pub use pending::Pending;
use pending::{Joined, State};
use rule::Rule;

/// How long the rest of a line that came in parts is waited for. The parts are written at once; only a runtime that died
/// between them leaves one alone.
const PART_TIMEOUT: Duration = Duration::from_secs(10);

/// What of a source is compiled before anything is known to be wanted.
#[derive(Clone, Debug)]
pub struct Records {
    layers: Vec<(Wrapper, Pattern)>,
    rule: Option<Rule>,
    timeout: Duration,
    /// Of joined parts of one line.
    max_line_bytes: usize,
    max_lines: u32,
    max_bytes: usize,
}

/// What the caller knows when a line comes.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// When the read began that gave the line.
    pub now: UnixMicros,
    /// The instant before which nothing of the file is missing, as of before that read.
    pub complete_until: UnixMicros,
}

/// What comes of lines.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// A line for patterns, without its end; `\n` stands between joined lines. `outer` has the wrappers' fields.
    Record { line: &'a [u8], outer: &'a Fields, number: u64 },
    /// A line that a wrapper does not match.
    Foreign { line: &'a [u8], wrapper: Wrapper, mismatch: Mismatch, number: u64 },
}

/// What became of lines that are no record by themselves, since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// Lines added to an earlier one.
    pub joined: u64,
    /// Lines dropped because their record was full.
    pub dropped: u64,
    /// Records of which lines were dropped.
    pub cut: u64,
}

/// What a flush lets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Everything: the file is at its end for good.
    All,
    /// What got no more lines for its timeout. `read_at` is when a read began that found nothing more in the file.
    Due { read_at: UnixMicros, now: UnixMicros },
}

impl Records {
    /// `None` where lines are records as they are.
    pub fn compile(spec: &RecordSpec, max_line_bytes: usize) -> Result<Option<Self>, Vec<Fault>> {
        let mut faults = Vec::new();
        let containers: Vec<&Located<Wrapper>> =
            spec.unwrap.iter().filter(|layer| layer.value.is_container()).collect();
        if let [first, second, ..] = containers.as_slice() {
            let (first, at) = (first.value.name(), second.at.clone());
            let message =
                format!("`unwrap` has `{first}` and `{}`: a line is in one container's log", second.value.name());
            faults.push(Fault::new(at, message).help("keep the one that writes the files"));
        }
        let mut layers = Vec::new();
        for layer in &spec.unwrap {
            match Pattern::compile(&builtin(layer)) {
                Ok(pattern) => layers.push((layer.value, pattern)),
                Err(found) => faults.extend(found),
            }
        }
        let rule = spec.multiline.as_ref().and_then(|multiline| {
            Rule::compile(&multiline.value.rule)
                .map_err(|(message, help)| {
                    faults.push(Fault::new(multiline.at.clone(), message).help(help));
                })
                .ok()
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        if layers.is_empty() && rule.is_none() {
            return Ok(None);
        }
        let multiline = spec.multiline.as_ref().map(|multiline| &multiline.value);
        let of = |get: fn(&MultilineSpec) -> usize| multiline.map_or(0, get);
        Ok(Some(Self {
            layers,
            rule,
            timeout: multiline.map_or(PART_TIMEOUT, |multiline| multiline.timeout),
            max_line_bytes,
            max_lines: multiline.map_or(1, |multiline| multiline.max_lines),
            max_bytes: of(|multiline| multiline.max_bytes),
        }))
    }

    /// The type of a field that a wrapper gives. `time` is that of the innermost wrapper that has one.
    #[must_use]
    pub fn field_type(&self, name: &str) -> Option<FieldType> {
        let (layer, inner) = self.resolve(name)?;
        self.layers.get(layer)?.1.field_type(inner)
    }

    /// Whether a wrapper gives lines a time.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.layers.iter().any(|(_, pattern)| pattern.has_time())
    }

    /// Which layer gives a field, and how it is called there.
    fn resolve<'n>(&self, name: &'n str) -> Option<(usize, &'n str)> {
        let innermost_first = || self.layers.iter().enumerate().rev();
        if name == "time" {
            return innermost_first().find(|(_, (_, pattern))| pattern.has_time()).map(|(layer, _)| (layer, name));
        }
        innermost_first().find_map(|(layer, (wrapper, pattern))| {
            let inner = name.strip_prefix(wrapper.prefix())?.strip_prefix('_')?;
            (inner != MESSAGE && pattern.field_type(inner).is_some()).then_some((layer, inner))
        })
    }

    /// A reader whose records have the wrappers' field `wanted[i]` in slot `i` of `outer`, and the time of the innermost
    /// wrapper that has one if it is to be taken. `Err`: the names that no wrapper gives.
    pub fn reader(&self, wanted: &[&str], zone: &TimeZone, time: LineTime) -> Result<RecordReader, Vec<String>> {
        let unknown: Vec<String> =
            wanted.iter().filter(|name| self.resolve(name).is_none()).map(|&name| name.to_owned()).collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let timed = self.resolve("time").map(|(layer, _)| layer).filter(|_| time == LineTime::Taken);
        let mut layers = Vec::new();
        for (index, (wrapper, pattern)) in self.layers.iter().enumerate() {
            let of_layer = |(slot, name): (usize, &&str)| {
                let (layer, inner) = self.resolve(name)?;
                (layer == index).then(|| (slot, inner.to_owned()))
            };
            let outer: Vec<(usize, String)> = wanted.iter().enumerate().filter_map(of_layer).collect();
            let time = if timed == Some(index) { LineTime::Taken } else { LineTime::Left };
            layers.push(Layer::new(*wrapper, pattern, &outer, zone, time)?);
        }
        let container = self.layers.iter().position(|(wrapper, _)| wrapper.is_container());
        let inner = layers.split_off(container.map_or(0, |container| container + 1));
        let joiner = self.rule.clone().map(|rule| Joiner::new(rule, self.max_lines, self.max_bytes));
        Ok(RecordReader {
            outer: Fields::with_slots(wanted.len()),
            names: wanted.iter().map(|&name| name.to_owned()).collect(),
            layers,
            inside: Inside { layers: inner, joiner },
            timeout: self.timeout,
            max_line_bytes: self.max_line_bytes,
            counts: RecordCounts::default(),
        })
    }
}

fn builtin(layer: &Located<Wrapper>) -> PatternSpec {
    let engine = Engine::Builtin { name: layer.value.name().to_owned() };
    PatternSpec {
        at: layer.at.clone(),
        name: layer.value.name().to_owned(),
        about: None,
        engine: Located::new(engine, layer.at.clone()),
        records: RecordSpec::default(),
        types: std::collections::BTreeMap::new(),
        cases: Vec::new(),
    }
}

/// The line inside, as every wrapper's format calls it.
const MESSAGE: &str = "message";

/// The slots of a layer's own fields.
const MESSAGE_SLOT: usize = 0;
const STREAM_SLOT: usize = 1;
const PARTIAL_SLOT: usize = 2;

/// One wrapper.
#[derive(Clone, Debug)]
struct Layer {
    wrapper: Wrapper,
    parser: LineParser,
    fields: Fields,
    /// Its slots that are wanted, and where they go.
    outer: Vec<(usize, usize)>,
    time: LineTime,
}

/// What is in a wrapper's line.
#[derive(Clone, Copy, Debug)]
struct Inner<'a> {
    message: &'a [u8],
    stream: &'a [u8],
    is_partial: bool,
}

impl Layer {
    fn new(
        wrapper: Wrapper,
        pattern: &Pattern,
        wanted: &[(usize, String)],
        zone: &TimeZone,
        time: LineTime,
    ) -> Result<Self, Vec<String>> {
        let mut names = vec![MESSAGE];
        if wrapper.is_container() {
            names.extend(["stream", "partial"]);
        }
        let own = names.len();
        names.extend(wanted.iter().map(|(_, name)| name.as_str()));
        let parser = pattern.line_parser_with(&names, zone, time)?;
        let fields = Fields::with_slots(names.len());
        let outer = wanted.iter().enumerate().map(|(index, (slot, _))| (own + index, *slot)).collect();
        Ok(Self { wrapper, parser, fields, outer, time })
    }

    /// Takes the wrapper off, and puts its fields into `outer`.
    #[inline]
    fn read<'a>(&'a mut self, line: &'a [u8], outer: &mut Fields) -> Result<Inner<'a>, Mismatch> {
        self.parser.parse(line, &mut self.fields)?;
        for (own, slot) in &self.outer {
            if let Some(value) = self.fields.get(line, *own) {
                outer.set_decoded(*slot, value);
            }
        }
        if self.time == LineTime::Taken {
            outer.time = self.fields.time;
        }
        let is_partial = self.wrapper.is_container() && self.fields.get(line, PARTIAL_SLOT) == Some(b"true");
        let stream = if self.wrapper.is_container() { self.fields.get(line, STREAM_SLOT) } else { None };
        // A lone `-` reads as absent; as a line it is one.
        let message = self.fields.get(line, MESSAGE_SLOT).unwrap_or(b"-");
        Ok(Inner { message, stream: stream.unwrap_or_default(), is_partial })
    }
}

/// Makes records of the lines of files of one source.
#[derive(Clone, Debug)]
pub struct RecordReader {
    /// The wrappers' fields of the line at hand.
    outer: Fields,
    /// Of the slots of `outer`.
    names: Vec<String>,
    /// Down to the container's wrapper, whose parts of lines are joined before the next is taken off.
    layers: Vec<Layer>,
    inside: Inside,
    timeout: Duration,
    max_line_bytes: usize,
    counts: RecordCounts,
}

impl RecordReader {
    /// How long a record waits for more lines.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Says at which moment the lines that follow are read, see [`LineParser::set_reference_time`].
    pub fn set_reference_time(&mut self, at: UnixMicros) {
        for layer in self.layers.iter_mut().chain(&mut self.inside.layers) {
            layer.parser.set_reference_time(at);
        }
    }

    /// Takes the next line of a file, without its end. `pending` is the file's.
    #[inline]
    pub fn push(
        &mut self,
        pending: &mut Pending,
        line: &[u8],
        number: u64,
        seen: Seen,
        take: &mut impl FnMut(Piece<'_>),
    ) {
        let Self { outer, layers, inside, counts, max_line_bytes, .. } = self;
        outer.clear();
        let mut inner = Inner { message: line, stream: b"", is_partial: false };
        for layer in layers {
            let wrapper = layer.wrapper;
            match layer.read(inner.message, outer) {
                Ok(found) => inner = found,
                Err(mismatch) => return take(Piece::Foreign { line, wrapper, mismatch, number }),
            }
        }
        let place = pending.place_of(inner.stream);
        let is_whole = !inner.is_partial && !place.is_some_and(|place| pending.has_parts(place));
        if is_whole && inside.joiner.is_none() {
            inside.line(None, inner.message, outer, number, seen, counts, take);
            return;
        }
        let place = place.unwrap_or_else(|| {
            // Far more streams than any runtime has: the one that is given up goes on with its next line.
            if pending.is_full() {
                pending.let_go_of_first(&mut |stream| flush_stream(stream, inside, counts, take));
            }
            pending.add(inner.stream)
        });
        let Some(stream) = pending.get_mut(place) else { return };
        if is_whole {
            inside.line(Some(&mut stream.record), inner.message, outer, number, seen, counts, take);
            return;
        }
        if !stream.parts.add_part(inner.message, outer, number, seen, *max_line_bytes, counts) && inner.is_partial {
            return;
        }
        stream.parts_to_line(inner.is_partial, |parts, record| {
            inside.line(Some(record), &parts.bytes, &mut parts.outer, parts.number, seen, counts, take);
        });
    }

    /// Lets go of what is complete because nothing more comes. True when something was.
    pub fn flush(&mut self, pending: &mut Pending, flush: Flush, take: &mut impl FnMut(Piece<'_>)) -> bool {
        let Self { inside, counts, timeout, .. } = self;
        let mut any = false;
        for stream in pending.iter_mut() {
            let is_due = |joined: &mut Joined, timeout: Duration| match flush {
                Flush::All => true,
                Flush::Due { read_at, now } => joined.is_due(read_at, now, timeout),
            };
            if stream.parts.state == State::Open && is_due(&mut stream.parts, PART_TIMEOUT) {
                any = true;
                let seen = Seen { now: stream.parts.since, complete_until: stream.parts.complete_until };
                stream.parts_to_line(false, |parts, record| {
                    inside.line(Some(record), &parts.bytes, &mut parts.outer, parts.number, seen, counts, take);
                });
            }
            // Parts of its next line are on their way.
            if stream.parts.state != State::Open
                && stream.record.state == State::Open
                && is_due(&mut stream.record, *timeout)
            {
                any = true;
                stream.record.emit(take);
            }
        }
        if flush == Flush::All {
            any |= !pending.is_empty();
            pending.clear();
        }
        any
    }

    /// What became of lines since it was last asked.
    pub fn take_counts(&mut self) -> RecordCounts {
        std::mem::take(&mut self.counts)
    }

    /// To be kept with the file's cursor; empty when there is nothing to keep.
    pub fn encode(&self, pending: &Pending, into: &mut Vec<u8>) {
        pending.encode(&self.names, into);
    }

    /// What [`RecordReader::encode`] gave, also that of a reader with other wanted fields. `None` when it is damaged.
    #[must_use]
    pub fn decode(&self, bytes: &[u8]) -> Option<Pending> {
        Pending::decode(bytes, &self.names)
    }
}

fn flush_stream(
    stream: &mut pending::Stream,
    inside: &mut Inside,
    counts: &mut RecordCounts,
    take: &mut impl FnMut(Piece<'_>),
) {
    let seen = Seen { now: stream.parts.since, complete_until: stream.parts.complete_until };
    if stream.parts.state == State::Open {
        stream.parts_to_line(false, |parts, record| {
            inside.line(Some(record), &parts.bytes, &mut parts.outer, parts.number, seen, counts, take);
        });
    }
    if stream.record.state == State::Open {
        stream.record.emit(take);
    }
}

#[cfg(test)]
mod tests;
