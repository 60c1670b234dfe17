//! `pxtail explain`

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use jiff::tz::TimeZone;

use super::arguments::ExplainArguments;
use super::{BAD_COMMAND, FAILED, Failure, load, patterns, say, sources};
use crate::agent::plan;
use crate::explain::{self, LineReader, Others, Reading, RecordLine, Told, Unit};
use crate::model::encoding::TextEncoding;
use crate::model::fault::Fault;
use crate::model::spec::{Configuration, MetricSpec, PatternSpec, RecordSpec, SourceSpec};
use crate::model::time::{Clock, SystemClock};
use crate::parse::Stop;
use crate::tail::captures::PathCaptures;
use crate::tail::lines;
use crate::tail::log_file::{CutShort, LogFile};
use crate::tail::log_reader::{LogReader, Part};
use crate::terminal;
use crate::usage::MetricReader;

/// Where a configuration is when none is named.
const STANDARD: &str = "/etc/pxtail/pxtail.toml";
/// Longest line that is taken without a configuration: that of `tail.max_line_bytes` where it says nothing.
const LINE_BYTES: usize = 1 << 20;
/// Lines of standard input that are explained: nobody reads more.
const MOST_LINES: u64 = 100;

/// What reads the lines of a file, and the file's encoding where its source says one.
type EncodedUnit = (Unit, Option<TextEncoding>);

/// One line of a file.
#[derive(Clone, Copy)]
struct Asked<'a> {
    file: &'a Path,
    line: u64,
    limit: usize,
}

/// What is shown of a record.
struct Explained {
    text: String,
    verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Some pattern reads it.
    Read,
    NotRead,
}

impl Explained {
    const fn unread(text: String) -> Self {
        Self { text, verdict: Verdict::NotRead }
    }

    const fn read(text: String) -> Self {
        Self { text, verdict: Verdict::Read }
    }

    /// Adds how one pattern read the record.
    fn add(&mut self, pattern: &str, line: &[u8], reading: &Reading) {
        self.text.push_str(&explain::reading(pattern, line, reading));
        // A line of the format's own is no record, and nothing is wrong with it.
        if matches!(reading, Reading::Matched(_) | Reading::Stopped(Stop { at: None, .. })) {
            self.verdict = Verdict::Read;
        }
    }
}

pub fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    if arguments.text.is_none() && arguments.file.is_none() {
        let help = "pxtail explain 'THE LINE', pxtail explain --file LOG --line 17, or `-` for standard input";
        return Err(Failure::new(BAD_COMMAND, format!("no line is given\nhelp: {help}")));
    }
    let standard = Path::new(STANDARD);
    let is_set_up = standard.exists() && arguments.pattern.is_none();
    let config = arguments.config.as_deref().or_else(|| is_set_up.then_some(standard));
    match config {
        Some(config) => with_configuration(arguments, &load(config)?),
        None => with_patterns(arguments, standard),
    }
}

fn failed(faults: &[Fault]) -> Failure {
    Failure::new(FAILED, faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))
}

fn with_patterns(arguments: &ExplainArguments, standard: &Path) -> Result<(), Failure> {
    let unit = |spec: &PatternSpec| {
        Unit::new(&[spec], &RecordSpec::default(), &[], Vec::new(), &TimeZone::UTC, SystemClock.now())
    };
    if let Some(named) = &arguments.pattern {
        let spec = patterns::find(named, standard)?;
        let units = vec![(unit(&spec).map_err(|faults| failed(&faults))?, None)];
        return each_record(arguments, LINE_BYTES, units, |_, readers, told| match told {
            Told::Foreign { line, wrapper, stop, .. } => Explained::unread(explain::foreign(wrapper, line, stop)),
            Told::Record(RecordLine { line, around, .. }) => {
                let mut explained = Explained::unread(String::new());
                for reader in readers {
                    let reading = reader.read_inside(line, &[], around);
                    explained.add(&reader.name, line, &reading);
                }
                explained
            }
        });
    }
    // All in one: what patterns say of wrappers is for a file that is read by them alone.
    let mut readers = Vec::new();
    for spec in patterns::known(standard).whole.values() {
        match LineReader::new(spec, &TimeZone::UTC, SystemClock.now()) {
            Ok(reader) => readers.push(reader),
            Err(_) => say(&format!("warning: pattern `{}` cannot be used; `pxtail test {0}` says why", spec.name)),
        }
    }
    each_record(arguments, LINE_BYTES, vec![(Unit::of(readers), None)], |_, readers, told| match told {
        Told::Foreign { line, wrapper, stop, .. } => Explained::unread(explain::foreign(wrapper, line, stop)),
        Told::Record(RecordLine { line, .. }) => {
            let mut read =
                |line: &[u8]| readers.iter_mut().map(|reader| (reader.name.clone(), reader.read(line, &[]))).collect();
            explain::catalogue(line, &mut read).map_or_else(Explained::unread, Explained::read)
        }
    })
}

fn with_configuration(arguments: &ExplainArguments, configuration: &Configuration) -> Result<(), Failure> {
    if let Err(faults) = plan::build(configuration, &[]) {
        say(&format!("warning: the configuration has faults:\n{faults}"));
    }
    let sources = asked_sources(configuration, arguments)?;
    let mut units = Vec::new();
    for source in &sources {
        let unit = unit_of(configuration, source, arguments.file.as_deref()).map_err(|faults| failed(&faults))?;
        units.push((unit, Some(source.encoding)));
    }
    each_record(arguments, configuration.tail.max_line_bytes, units, |index, readers, told| {
        let Some(source) = sources.get(index) else { return Explained::unread(String::new()) };
        let mut explained = match told {
            Told::Foreign { line, wrapper, stop, .. } => Explained::unread(explain::foreign(wrapper, line, stop)),
            Told::Record(record) => explain_source(configuration, source, readers, record),
        };
        explained.text.insert_str(0, &format!("source `{}`\n", source.name));
        explained
    })
}

/// The names of fields that metrics of the source read.
fn wanted<'a>(configuration: &'a Configuration, source: &SourceSpec) -> Vec<&'a str> {
    let reads = |metric: &&MetricSpec| metric.sources.iter().any(|named| named.value == source.name);
    configuration.metrics.iter().filter(reads).flat_map(MetricReader::wanted).collect()
}

fn unit_of(configuration: &Configuration, source: &SourceSpec, file: Option<&Path>) -> Result<Unit, Vec<Fault>> {
    let specs: Vec<&PatternSpec> =
        source.patterns.iter().filter_map(|name| configuration.patterns.get(&name.value)).collect();
    let captures = PathCaptures::new(&source.path_fields)?;
    let absolute = file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
    let path = absolute.map(|file| captures.read(&file)).unwrap_or_default();
    let mut wanted = wanted(configuration, source);
    wanted.sort_unstable();
    wanted.dedup();
    Unit::new(&specs, &source.records, &wanted, path, &source.time_zone, SystemClock.now())
}

/// The source that was named, whose `paths` the file is under, or all.
fn asked_sources<'a>(
    configuration: &'a Configuration,
    arguments: &ExplainArguments,
) -> Result<Vec<&'a SourceSpec>, Failure> {
    let all = || configuration.sources.iter();
    if let Some(name) = &arguments.source {
        let found: Vec<&SourceSpec> = all().filter(|source| source.name == *name).collect();
        if found.is_empty() {
            let names: Vec<String> = all().map(|source| format!("`{}`", source.name)).collect();
            let message = format!("there is no source `{name}`\nhelp: the sources are {}", names.join(", "));
            return Err(Failure::new(FAILED, message));
        }
        return Ok(found);
    }
    let named: Vec<&SourceSpec> =
        arguments.file.iter().flat_map(|file| all().filter(|source| sources::names(source, file))).collect();
    Ok(if named.is_empty() { all().collect() } else { named })
}

fn explain_source(
    configuration: &Configuration,
    source: &SourceSpec,
    readers: &mut [LineReader],
    RecordLine { line, around, .. }: &RecordLine,
) -> Explained {
    let mut explained = Explained::unread(String::new());
    let wanted = wanted(configuration, source);
    let others = if readers.len() > 1 { Others::SomePattern } else { Others::None };
    for reader in readers {
        let found = reader.read_inside(line, &wanted, around);
        explained.add(&reader.name, line, &found);
        let Reading::Matched(matched) = &found else { continue };
        for metric in &configuration.metrics {
            let pattern = (reader.name.as_str(), others);
            let judged = explain::judge(metric, &source.name, pattern, line, matched, SystemClock.now());
            explained.text.push_str(&explain::judged(&judged));
        }
        break;
    }
    explained
}

/// Explains every record that was asked for, by each unit, after the lines of its file before it were read.
fn each_record(
    arguments: &ExplainArguments,
    limit: usize,
    mut units: Vec<EncodedUnit>,
    mut explain: impl FnMut(usize, &mut [LineReader], &Told) -> Explained,
) -> Result<(), Failure> {
    let mut verdicts = Vec::new();
    let mut explain = |index: usize, readers: &mut [LineReader], told: &Told| {
        let Explained { text, verdict } = explain(index, readers, told);
        verdicts.push(verdict);
        text
    };
    if let Some(file) = &arguments.file {
        let asked = Asked { file, line: arguments.line, limit };
        let mut texts = Vec::new();
        for (index, (unit, encoding)) in units.iter_mut().enumerate() {
            let explain = |readers: &mut [LineReader], told: &Told| explain(index, readers, told);
            texts.push(record_of_line(&asked, *encoding, unit, explain)?);
        }
        io::stdout().lock().write_all(texts.join("\n").as_bytes())?;
    } else {
        each_typed(arguments, limit, &mut units, &mut explain)?;
    }
    // What was not read is on the screen already.
    if verdicts.contains(&Verdict::Read) { Ok(()) } else { Err(Failure::new(FAILED, "")) }
}

/// The lines of the command line or of standard input.
fn each_typed(
    arguments: &ExplainArguments,
    limit: usize,
    units: &mut [EncodedUnit],
    explain: &mut impl FnMut(usize, &mut [LineReader], &Told) -> String,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let text = arguments.text.clone().unwrap_or_default();
    let is_input = text == "-";
    let input: Box<dyn Read> =
        if is_input { Box::new(io::stdin().lock()) } else { Box::new(io::Cursor::new(text.as_bytes().to_vec())) };
    // A line that somebody pastes is in the terminal's encoding, whatever the log's is.
    let mut lines = Lines::new(LogReader::new(input, Some(TextEncoding::default()), limit));
    let mut texts: Vec<String> = Vec::new();
    let mut show = |index: usize, readers: &mut [LineReader], told: &Told| {
        let (line, number) = told.line();
        let text = explain(index, readers, told);
        let head = terminal::shortened(&terminal::escaped(line), terminal::COLUMNS - 12);
        texts.push(if is_input { format!("line {number}: {head}\n{text}") } else { text });
    };
    lines.each(|number, line| {
        if number > MOST_LINES {
            say(&format!("only the first {MOST_LINES} lines are explained"));
            return ControlFlow::Break(());
        }
        let Ok(line) = line else {
            say(&format!("line {number}: {}", dropped(limit)));
            return ControlFlow::Continue(());
        };
        for (index, (unit, _)) in units.iter_mut().enumerate() {
            unit.push(line, number, &mut |readers, told| show(index, readers, &told));
        }
        ControlFlow::Continue(())
    })?;
    for (index, (unit, _)) in units.iter_mut().enumerate() {
        unit.finish(&mut |readers, told| show(index, readers, &told));
    }
    out.write_all(texts.join("\n").as_bytes())
}

fn dropped(limit: usize) -> String {
    format!("it is longer than {limit} bytes (`tail.max_line_bytes`): the agent drops it, and counts it as too long")
}

/// Numbers the lines of a log.
struct Lines<R> {
    parts: LogReader<R>,
    /// Of the last line.
    number: u64,
}

/// A line that the agent drops.
struct Dropped;

impl<R: Read> Lines<R> {
    const fn new(parts: LogReader<R>) -> Self {
        Self { parts, number: 0 }
    }

    /// Gives each line without its end, until `take` breaks off.
    fn each(&mut self, mut take: impl FnMut(u64, Result<&[u8], Dropped>) -> ControlFlow<()>) -> io::Result<()> {
        while let Some(part) = self.parts.next_part()? {
            let whole = if let Part::Lines(text) = part { text } else { &[] };
            let dropped = matches!(part, Part::TooLong | Part::Torn).then_some(Err(Dropped));
            for line in lines::each(whole).map(Ok).chain(dropped) {
                self.number += 1;
                if take(self.number, line).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Explains the record that a line of a file belongs to.
fn record_of_line(
    asked: &Asked<'_>,
    encoding: Option<TextEncoding>,
    unit: &mut Unit,
    mut explain: impl FnMut(&mut [LineReader], &Told) -> String,
) -> Result<String, Failure> {
    let Asked { file, line: wanted, limit } = *asked;
    let unreadable = |err: io::Error| patterns::unreadable(file, &err);
    let opened = LogFile::open(file).map_err(unreadable)?;
    let mut lines = Lines::new(LogReader::new(opened, encoding, limit));
    // The last record that begins at or before the line; what comes before it may say what it means.
    let mut before: Option<Told> = None;
    let mut text = None;
    let mut take = |readers: &mut [LineReader], told: Told| {
        let (_, number) = told.line();
        if number > wanted {
            text = text.take().or_else(|| before.take().map(|told| explain(readers, &told)));
        } else if let Some(Told::Record(passed)) = before.replace(told) {
            for reader in readers {
                reader.pass(&passed.line);
            }
        }
        text.is_some()
    };
    let mut is_done = false;
    let mut is_dropped = false;
    let read = lines.each(|number, line| {
        match line {
            Ok(line) => unit.push(line, number, &mut |readers, told| is_done |= take(readers, told)),
            Err(Dropped) => is_dropped = number == wanted,
        }
        if is_done || is_dropped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let cut_short = match read {
        Ok(()) => None,
        Err(err) => Some(err.downcast::<CutShort>().map_err(unreadable)?),
    };
    if is_dropped {
        return Ok(format!("line {wanted}: {}\n", dropped(limit)));
    }
    if lines.number < wanted {
        let there = terminal::counted(lines.number as usize, "line");
        let file = file.display();
        let message = match cut_short {
            None => format!("{file} has no line {wanted}: it has {there}"),
            Some(why) => format!("{file} has no line {wanted} that can be read, only {there}: {why}"),
        };
        return Err(Failure::new(FAILED, message));
    }
    unit.finish(&mut |readers, told| is_done |= take(readers, told));
    Ok(text.or_else(|| before.map(|told| explain(&mut unit.readers, &told))).unwrap_or_default())
}
