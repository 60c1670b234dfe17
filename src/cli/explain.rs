//! `pxtail explain`

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use jiff::tz::TimeZone;

use super::arguments::ExplainArguments;
use super::{FAILED, Failure, load, patterns, say};
use crate::explain::{self, LineReader, Others, Reading};
use crate::model::fault::Fault;
use crate::model::spec::{Configuration, MetricSpec, PatternSpec, SourceSpec};
use crate::model::time::{Clock, SystemClock};
use crate::terminal;
use crate::usage::MetricReader;

/// Where a configuration is when none is named.
const STANDARD: &str = "/etc/pxtail/pxtail.toml";
/// Longest line that is taken: longer ones are dropped by the agent too, as it is set up.
const LINE_BYTES: u64 = 1 << 20;
/// Lines of standard input that are explained: nobody reads more.
const MOST_LINES: usize = 100;

pub fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let standard = Path::new(STANDARD);
    let config =
        arguments.config.as_deref().or_else(|| (standard.exists() && arguments.pattern.is_none()).then_some(standard));
    if let Some(config) = config {
        let configuration = load(config)?;
        let sources = sources(&configuration, arguments)?;
        return each_line(arguments, sources, |source, line| explain_source(&configuration, source, line), &mut out);
    }
    let by_name = |named: &String| Ok::<_, Failure>(vec![patterns::find(named, standard)?]);
    let specs = match &arguments.pattern {
        Some(named) => by_name(named)?,
        None => patterns::known(standard).whole.into_values().collect(),
    };
    let mut readers = Vec::new();
    for spec in &specs {
        match reader(spec, &TimeZone::UTC) {
            Ok(reader) => readers.push(reader),
            Err(failure) if arguments.pattern.is_some() => return Err(failure),
            Err(_) => say(&format!("warning: pattern `{}` cannot be used; `pxtail test {0}` says why", spec.name)),
        }
    }
    let by_pattern = arguments.pattern.is_some();
    each_line(arguments, vec![readers], |readers, line| explain_patterns(by_pattern, readers, line), &mut out)
}

fn reader(spec: &PatternSpec, zone: &TimeZone) -> Result<LineReader, Failure> {
    LineReader::new(spec, zone)
        .map_err(|faults| Failure::new(FAILED, faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")))
}

/// A source and the patterns that read its lines.
struct SourceReading<'a> {
    source: &'a SourceSpec,
    readers: Vec<LineReader>,
}

/// The source that was named, whose `paths` the file is under, or all.
fn sources<'a>(
    configuration: &'a Configuration,
    arguments: &ExplainArguments,
) -> Result<Vec<SourceReading<'a>>, Failure> {
    let named: Vec<&SourceSpec> = match (&arguments.source, &arguments.file) {
        (Some(name), _) => {
            let found: Vec<&SourceSpec> = configuration.sources.iter().filter(|source| source.name == *name).collect();
            if found.is_empty() {
                let names: Vec<String> =
                    configuration.sources.iter().map(|source| format!("`{}`", source.name)).collect();
                let message = format!("there is no source `{name}`\nhelp: the sources are {}", names.join(", "));
                return Err(Failure::new(FAILED, message));
            }
            found
        }
        (None, Some(file)) => {
            let found: Vec<&SourceSpec> = configuration.sources.iter().filter(|source| names(source, file)).collect();
            if found.is_empty() { configuration.sources.iter().collect() } else { found }
        }
        (None, None) => configuration.sources.iter().collect(),
    };
    let mut readings = Vec::new();
    for source in named {
        let specs = source.patterns.iter().filter_map(|name| configuration.patterns.get(&name.value));
        let readers = specs.map(|spec| reader(spec, &source.time_zone)).collect::<Result<_, _>>()?;
        readings.push(SourceReading { source, readers });
    }
    Ok(readings)
}

fn names(source: &SourceSpec, file: &Path) -> bool {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let matches = |glob: &str| globset::Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(&file));
    source.paths.iter().any(|glob| matches(&glob.value))
}

/// Lets every line that was asked for be explained, after the lines of its file before it were read.
fn each_line<T>(
    arguments: &ExplainArguments,
    mut readers: Vec<T>,
    mut explain: impl FnMut(&mut T, &[u8]) -> String,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut all = |line: &[u8]| readers.iter_mut().map(|reader| explain(reader, line)).collect::<Vec<_>>().join("\n");
    if let Some(file) = &arguments.file {
        let opened = File::open(file).map_err(|err| patterns::unreadable(file, &err))?;
        let mut lines = Lines { input: BufReader::new(opened), number: 0 };
        while let Some(line) = lines.next().map_err(|err| patterns::unreadable(file, &err))? {
            // Earlier lines may say what later ones mean.
            let text = all(&line);
            if lines.number == arguments.line {
                return Ok(out.write_all(text.as_bytes())?);
            }
        }
        let (file, wanted, there) = (file.display(), arguments.line, lines.number);
        let message = format!("{file} has no line {wanted}: it has {}", terminal::counted(there as usize, "line"));
        return Err(Failure::new(FAILED, message));
    }
    let text = arguments.text.clone().unwrap_or_default();
    if text != "-" {
        let line = text.as_bytes();
        return Ok(out.write_all(all(line.strip_suffix(b"\n").unwrap_or(line)).as_bytes())?);
    }
    let mut lines = Lines { input: io::stdin().lock(), number: 0 };
    while let Some(line) = lines.next()? {
        if lines.number > MOST_LINES as u64 {
            say(&format!("only the first {MOST_LINES} lines are explained"));
            break;
        }
        let shown = terminal::shortened(&terminal::escaped(&line), terminal::COLUMNS - 12);
        writeln!(out, "{}line {}: {shown}", if lines.number > 1 { "\n" } else { "" }, lines.number)?;
        out.write_all(all(&line).as_bytes())?;
    }
    Ok(())
}

/// Lines without their ends; of one that is too long, the beginning.
struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        if self.input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            self.input.skip_until(b'\n')?;
        }
        self.number += 1;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line).to_vec()))
    }
}

fn explain_patterns(by_pattern: bool, readers: &mut [LineReader], line: &[u8]) -> String {
    let readings: Vec<(String, Reading)> =
        readers.iter_mut().map(|reader| (reader.name.clone(), reader.read(line, &[]))).collect();
    match &readings[..] {
        [(name, reading)] if by_pattern => explain::reading(name, line, reading),
        _ => explain::catalogue(line, readings),
    }
}

fn explain_source(configuration: &Configuration, reading: &mut SourceReading<'_>, line: &[u8]) -> String {
    let SourceReading { source, readers } = reading;
    let mut text = format!("source `{}`\n", source.name);
    let reads = |metric: &&MetricSpec| metric.sources.iter().any(|named| named.value == source.name);
    let wanted: Vec<&str> = configuration.metrics.iter().filter(reads).flat_map(MetricReader::wanted).collect();
    let others = if readers.len() > 1 { Others::SomePattern } else { Others::None };
    for reader in readers {
        let found = reader.read(line, &wanted);
        text.push_str(&explain::reading(&reader.name, line, &found));
        let Reading::Matched(matched) = &found else { continue };
        for metric in &configuration.metrics {
            let pattern = explain::ReadBy { name: &reader.name, pattern: &reader.pattern, others };
            let judged = explain::judge(metric, &source.name, pattern, line, matched, SystemClock.now());
            text.push_str(&explain::judged(&judged));
        }
        break;
    }
    text
}
