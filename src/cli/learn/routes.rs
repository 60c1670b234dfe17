//! `pxtail learn routes`

use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::cli::arguments::LearnRoutesArguments;
use crate::cli::{FAILED, Failure, load, patterns, say};
use crate::learn::routes::{self, Limits, MOST_NODES, Routes};
use crate::model::encoding::TextEncoding;
use crate::model::fault::Fault;
use crate::model::fields::Fields;
use crate::model::spec::PatternSpec;
use crate::parse::{LineParser, Pattern};
use crate::tail::lines;
use crate::tail::log_file::{CutShort, LogFile};
use crate::tail::log_reader::{LogReader, Part};
use crate::terminal;

/// Longest line that is read.
const LINE_BYTES: usize = 1 << 20;

pub fn run(arguments: &LearnRoutesArguments) -> Result<(), Failure> {
    let mut readers = Vec::new();
    let (specs, encoding) = specs(arguments)?;
    for spec in specs {
        readers.push(PathReader::new(&spec)?);
    }
    let mut routes = Routes::new(Limits { texts: arguments.max_texts as usize, nodes: MOST_NODES });
    let (mut lines, mut unmatched, mut pathless) = (0, 0, 0);
    for file in &arguments.files {
        let unreadable = |err: io::Error| patterns::unreadable(file, &err);
        let mut parts = LogReader::new(LogFile::open(file).map_err(unreadable)?, encoding, LINE_BYTES);
        loop {
            match parts.next_part() {
                Ok(Some(Part::Lines(text))) => {
                    for line in lines::each(text) {
                        lines += 1;
                        match readers.iter_mut().find_map(|reader| reader.read(line)) {
                            None => unmatched += 1,
                            Some(Request { path: None, .. }) => pathless += 1,
                            Some(Request { path: Some(path), method }) => routes.add(path, method),
                        }
                    }
                }
                Ok(Some(Part::TooLong | Part::Torn)) => {
                    lines += 1;
                    unmatched += 1;
                }
                Ok(None) => break,
                Err(err) => {
                    let why = err.downcast::<CutShort>().map_err(unreadable)?;
                    say(&format!("warning: {}: only its beginning is read: {why}", file.display()));
                    break;
                }
            }
        }
    }
    let counted = routes.lines;
    let found = routes.finish();
    say(&format!(
        "{lines} lines: {counted} with a path in {}, {pathless} without, {unmatched} not matched",
        terminal::counted(found.len(), "route")
    ));
    if counted == 0 {
        let help = "look at one line with `pxtail explain`; the pattern must give `path`, `target` or `request`";
        return Err(Failure::new(FAILED, format!("no line has a path\nhelp: {help}")));
    }
    Ok(io::stdout().write_all(routes::toml(&found, counted, arguments.min_lines).as_bytes())?)
}

fn specs(arguments: &LearnRoutesArguments) -> Result<(Vec<PatternSpec>, Option<TextEncoding>), Failure> {
    if let Some(named) = &arguments.pattern {
        return Ok((vec![patterns::find(named, &arguments.config)?], None));
    }
    let mut configuration = load(&arguments.config)?;
    let wanted = arguments.source.as_deref();
    let source = configuration.sources.iter().find(|source| wanted.is_none_or(|name| source.name == name));
    let is_clear = wanted.is_some() || configuration.sources.len() == 1;
    let Some(source) = source.filter(|_| is_clear) else {
        let names: Vec<String> = configuration.sources.iter().map(|source| format!("`{}`", source.name)).collect();
        let message = format!("which source?\nhelp: say --source with one of {}, or --pattern", names.join(", "));
        return Err(Failure::new(FAILED, message));
    };
    let specs = source.patterns.iter().filter_map(|name| configuration.patterns.remove(&name.value)).collect();
    Ok((specs, Some(source.encoding)))
}

/// What a line says of a request.
struct Request<'a> {
    path: Option<&'a [u8]>,
    method: Option<&'a [u8]>,
}

/// Takes path and method out of lines.
struct PathReader {
    parser: LineParser,
    fields: Fields,
}

const PATH: usize = 0;
const METHOD: usize = 1;

impl PathReader {
    fn new(spec: &PatternSpec) -> Result<Self, Failure> {
        let failure = |faults: Vec<Fault>| {
            Failure::new(FAILED, faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))
        };
        let pattern = Pattern::compile(spec).map_err(failure)?;
        let parser = pattern.line_parser(&["path", "method"], &TimeZone::UTC);
        let parser = parser.or_else(|_| pattern.line_parser(&["path"], &TimeZone::UTC)).map_err(|_| {
            let message = format!("pattern `{}` gives no `path`", spec.name);
            let help = "name the field that holds it: under `[types]`, path = { from = \"…\" }";
            Failure::new(FAILED, format!("{message}\nhelp: {help}"))
        })?;
        Ok(Self { parser, fields: Fields::with_slots(2) })
    }

    /// `None`: the line is not the pattern's.
    fn read<'a>(&'a mut self, line: &'a [u8]) -> Option<Request<'a>> {
        self.parser.parse(line, &mut self.fields).ok()?;
        let path = self.fields.get(line, PATH).map(|path| path.split(|byte| *byte == b'?').next().unwrap_or(path));
        Some(Request { path, method: self.fields.get(line, METHOD) })
    }
}
