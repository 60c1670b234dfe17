//! What reads the lines of a file: wrappers and joined lines around patterns, as one source has them, or a pattern alone.

use jiff::tz::TimeZone;

use super::LineReader;
use crate::model::fault::Fault;
use crate::model::fields::{FieldType, Fields};
use crate::model::spec::{PatternSpec, RecordSpec};
use crate::model::time::UnixMicros;
use crate::parse::record::{Flush, Pending, Piece, RecordReader, Records, Seen};
use crate::parse::{LineTime, Stop};

/// Longest line that is joined of parts, as the agent has it by default.
const LINE_BYTES: usize = 1 << 20;

/// Patterns that are tried in order on each record of a file.
#[derive(Debug)]
pub struct Unit {
    pub readers: Vec<LineReader>,
    records: Option<RecordReader>,
    pending: Pending,
    /// The wrappers' fields that are wanted, in the order of their slots.
    outer: Vec<(String, FieldType)>,
    /// Fields of the file's path.
    path: Vec<(String, Vec<u8>)>,
}

/// What came of lines.
#[derive(Clone, Debug)]
pub enum Told {
    Record(RecordLine),
    /// A line that a wrapper does not match.
    Foreign {
        line: Vec<u8>,
        number: u64,
        wrapper: &'static str,
        stop: Stop,
    },
}

/// A record, and what stood around it.
#[derive(Clone, Debug)]
pub struct RecordLine {
    pub line: Vec<u8>,
    /// Of its first line, from 1.
    pub number: u64,
    pub around: Around,
}

/// Fields that a pattern does not give.
#[derive(Clone, Debug, Default)]
pub struct Around {
    pub fields: Vec<(String, FieldType, Vec<u8>)>,
    /// The innermost wrapper's, for patterns that have none.
    pub time: Option<UnixMicros>,
}

impl Told {
    /// Its text, and the number of its first line.
    #[must_use]
    pub fn line(&self) -> (&[u8], u64) {
        match self {
            Self::Record(record) => (&record.line, record.number),
            Self::Foreign { line, number, .. } => (line, *number),
        }
    }
}

impl Unit {
    /// `records` is the source's; a pattern's own stand inside of it. `wanted` are fields that metrics read.
    ///
    /// `read_at` is when the lines are read.
    ///
    /// # Errors
    /// The faults of the patterns, and of what stands around them.
    pub fn new(
        specs: &[&PatternSpec],
        records: &RecordSpec,
        wanted: &[&str],
        path: Vec<(String, Vec<u8>)>,
        zone: &TimeZone,
        read_at: UnixMicros,
    ) -> Result<Self, Vec<Fault>> {
        let readers = specs.iter().map(|spec| LineReader::new(spec, zone, read_at)).collect::<Result<Vec<_>, _>>()?;
        let spec = specs.first().map(|spec| records.around(&spec.records));
        let records = Records::compile(spec.as_ref().unwrap_or(records), LINE_BYTES)?;
        let of_wrapper = |records: &Records| {
            let kind = |name: &&str| Some(((*name).to_owned(), records.field_type(name)?));
            wanted.iter().filter(|name| **name != "time").filter_map(kind).collect::<Vec<_>>()
        };
        let outer = records.as_ref().map(of_wrapper).unwrap_or_default();
        let names: Vec<&str> = outer.iter().map(|(name, _)| name.as_str()).collect();
        let reader = records.map(|records| records.reader(&names, zone, LineTime::Taken));
        // Only names that a wrapper gives are asked for.
        let mut records = reader.transpose().map_err(|_| Vec::new())?;
        if let Some(records) = &mut records {
            records.set_reference_time(read_at);
        }
        Ok(Self { readers, records, pending: Pending::default(), outer, path })
    }

    /// Patterns alone.
    #[must_use]
    pub fn of(readers: Vec<LineReader>) -> Self {
        Self { readers, records: None, pending: Pending::default(), outer: Vec::new(), path: Vec::new() }
    }

    /// Takes the file's next line, without its end.
    pub fn push(&mut self, line: &[u8], number: u64, take: &mut impl FnMut(&mut [LineReader], Told)) {
        let Self { readers, records, pending, outer, path } = self;
        let Some(records) = records else {
            let around = around(path, outer, &Fields::default());
            return take(readers, Told::Record(RecordLine { line: line.to_vec(), number, around }));
        };
        // The clock says nothing about a file that is read to its end.
        let seen = Seen { now: UnixMicros(0), complete_until: UnixMicros(0) };
        records.push(pending, line, number, seen, &mut |piece| take(readers, told(&piece, path, outer)));
    }

    /// Lets go of what waited for more lines.
    pub fn finish(&mut self, take: &mut impl FnMut(&mut [LineReader], Told)) {
        let Self { readers, records, pending, outer, path } = self;
        if let Some(records) = records {
            records.flush(pending, Flush::All, &mut |piece| take(readers, told(&piece, path, outer)));
        }
    }
}

fn told(piece: &Piece<'_>, path: &[(String, Vec<u8>)], names: &[(String, FieldType)]) -> Told {
    match *piece {
        Piece::Record { line, outer, number } => {
            Told::Record(RecordLine { line: line.to_vec(), number, around: around(path, names, outer) })
        }
        Piece::Foreign { line, wrapper, mismatch, number } => {
            Told::Foreign { line: line.to_vec(), number, wrapper: wrapper.name(), stop: mismatch.stop() }
        }
    }
}

fn around(path: &[(String, Vec<u8>)], names: &[(String, FieldType)], outer: &Fields) -> Around {
    let of_path = path.iter().map(|(name, value)| (name.clone(), FieldType::Text, value.clone()));
    let of_outer = |(slot, (name, kind)): (usize, &(String, FieldType))| {
        Some((name.clone(), *kind, outer.get(b"", slot)?.to_vec()))
    };
    Around { fields: of_path.chain(names.iter().enumerate().filter_map(of_outer)).collect(), time: outer.time }
}
