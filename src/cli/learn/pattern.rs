//! `pxtail learn pattern`

mod show;
mod write;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::arguments::LearnPatternArguments;
use crate::cli::{FAILED, Failure, patterns, sources};
use crate::config::shipped::PATTERNS;
use crate::config::{self, LoadOptions};
use crate::learn::draft::{Cases, Draft};
use crate::learn::rank::{Ranked, rank};
use crate::learn::sample::{self, Sample};
use crate::learn::server_config::{self, Format, Found, Syntax};
use crate::learn::{self, GOOD_RATE, Multiline, Wrapped};
use crate::model::encoding::{ByteOrder, TextEncoding};
use crate::model::fault::Fault;
use crate::model::spec::PatternSpec;

/// So much of the log's beginning tells whether it is a server's configuration.
const HEAD_BYTES: usize = 256 << 10;

pub fn run(arguments: &LearnPatternArguments) -> Result<(), Failure> {
    let tell = show::Teller::new(arguments);
    if let Some(config) = &arguments.server_config {
        let syntax = syntax_of(config)?.ok_or_else(|| no_configuration(config))?;
        let sample = read_sample(arguments, &tell)?;
        return from_configuration(arguments, &tell, config, syntax, Some(&sample));
    }
    if let Some(syntax) = syntax_of(&arguments.file)? {
        return from_configuration(arguments, &tell, &arguments.file, syntax, None);
    }
    from_log(arguments, &tell, &read_sample(arguments, &tell)?)
}

/// Whose configuration a file is; `None` for a log.
fn syntax_of(file: &Path) -> Result<Option<Syntax>, Failure> {
    if file == Path::new("-") {
        return Ok(None);
    }
    if is_caddyfile(file) {
        let help = "pxtail learn pattern LOG looks at the log itself";
        let message =
            "a Caddyfile does not say the log's format: Caddy writes JSON, which the pattern `caddy_json` reads";
        return Err(Failure::new(FAILED, format!("{}: {message}\nhelp: {help}", file.display())));
    }
    // Opening a pipe waits for somebody to write to it.
    let metadata = std::fs::metadata(file).map_err(|err| patterns::unreadable(file, &err))?;
    if !metadata.is_file() {
        let help = "give a file, or `-` and the lines on standard input";
        return Err(Failure::new(FAILED, format!("{}: it is no regular file\nhelp: {help}", file.display())));
    }
    let mut head = Vec::new();
    let opened = std::fs::File::open(file).map_err(|err| patterns::unreadable(file, &err))?;
    std::io::Read::read_to_end(&mut std::io::Read::take(opened, HEAD_BYTES as u64), &mut head)
        .map_err(|err| patterns::unreadable(file, &err))?;
    Ok(server_config::recognised(&String::from_utf8_lossy(&head)))
}

fn is_caddyfile(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    name == "caddyfile" || name.ends_with(".caddyfile")
}

fn no_configuration(file: &Path) -> Failure {
    let help = "known are nginx.conf, httpd.conf, haproxy.cfg and Envoy's YAML or JSON";
    Failure::new(FAILED, format!("{}: this is no server's configuration\nhelp: {help}", file.display()))
}

fn read_sample(arguments: &LearnPatternArguments, tell: &show::Teller) -> Result<Sample, Failure> {
    let file = &arguments.file;
    // A configuration that has faults, or none, says nothing.
    let configuration = config::load(&arguments.config, &LoadOptions::standard(&arguments.config)).ok();
    let source = configuration.as_ref().and_then(|configuration| sources::naming(configuration, file));
    let encoding = source.map(|(_, source)| source.encoding);
    let sample = sample::read(file, encoding).map_err(|err| patterns::unreadable(file, &err))?;
    if let Some(why) = &sample.cut_short {
        tell.cut_short(file, why);
    }
    if sample.lines.is_empty() {
        let message = format!("{}: there is no line in it\nhelp: give a log that has lines", file.display());
        return Err(Failure::new(FAILED, message));
    }
    Ok(sample)
}

fn cases(arguments: &LearnPatternArguments) -> Cases {
    if arguments.redact { Cases::Redacted } else { Cases::AsLogged }
}

/// Where cases are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Log,
    Redacted,
    /// No log was there.
    MadeUp,
}

fn origin(arguments: &LearnPatternArguments) -> Origin {
    if arguments.redact { Origin::Redacted } else { Origin::Log }
}

fn failed(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}

/// A pattern for each format, or for the one that the log is in.
fn from_configuration(
    arguments: &LearnPatternArguments,
    tell: &show::Teller,
    config: &Path,
    syntax: Syntax,
    sample: Option<&Sample>,
) -> Result<(), Failure> {
    let found = server_config::read(config, syntax).map_err(|err| patterns::unreadable(config, &err))?;
    tell.formats(config, &found);
    if found.formats.is_empty() {
        let Some(sample) = sample else {
            let help = "a log is written in one of the formats above, or in one that another file sets up";
            return if found.known.is_empty() {
                Err(Failure::new(FAILED, format!("{}: there is no log format in it\nhelp: {help}", config.display())))
            } else {
                Ok(())
            };
        };
        return from_log(arguments, tell, sample);
    }
    let drafts = drafts(arguments, &found);
    match sample {
        Some(sample) => best_format(arguments, tell, sample, &drafts),
        None => all_formats(arguments, tell, drafts),
    }
}

/// Each format with a name that no other pattern has.
fn drafts<'a>(arguments: &LearnPatternArguments, found: &'a Found) -> Vec<(&'a Format, Draft)> {
    let known = patterns::known(&arguments.config);
    let mut taken: Vec<String> = known.whole.into_keys().chain(known.broken.into_keys()).collect();
    let only = found.formats.len() == 1;
    let mut drafts = Vec::new();
    for format in &found.formats {
        let plain = learn::plain_name(&format.name);
        let mut name = match &arguments.name {
            Some(name) if only => name.clone(),
            Some(name) => format!("{name}_{plain}"),
            None => plain,
        };
        // A file of a known name would take that pattern's place.
        if taken.contains(&name) && arguments.name.is_none() {
            name = format!("{}_{name}", format.syntax.name());
        }
        let free = |name: &String| !taken.contains(name);
        let name = std::iter::once(name.clone())
            .chain((2..100).map(|number| format!("{name}_{number}")))
            .find(free)
            .unwrap_or(name);
        taken.push(name.clone());
        drafts.push((format, learn::of_format(format, &name)));
    }
    drafts
}

fn all_formats(
    arguments: &LearnPatternArguments,
    tell: &show::Teller,
    drafts: Vec<(&Format, Draft)>,
) -> Result<(), Failure> {
    let mut written: Vec<(Option<PathBuf>, learn::draft::Finished)> = Vec::new();
    let mut sources: Vec<(PathBuf, String)> = Vec::new();
    let (mut refused, mut made_up) = (0, true);
    for (format, mut draft) in drafts {
        let sample = format.logs.iter().find_map(|log| sample::read(Path::new(log), None).ok()).unwrap_or_default();
        let lines: Vec<&[u8]> = sample.lines.iter().map(Vec::as_slice).collect();
        made_up &= lines.is_empty();
        match finish(arguments, &mut draft, &lines) {
            Ok(finished) => {
                tell.warnings(&draft.warnings);
                // Others are written to a program or to syslog.
                let files = format.logs.iter().filter(|log| log.starts_with('/'));
                sources.extend(files.map(|log| (PathBuf::from(log), draft.name.clone())));
                written.push((write::pattern(arguments, &draft.name, &finished.text)?, finished));
            }
            Err(faults) => {
                show::refused(&format.name, &failed(&faults));
                refused += 1;
            }
        }
    }
    tell.written(&written, if made_up { Origin::MadeUp } else { origin(arguments) });
    for (_, finished) in written.iter().filter(|(_, finished)| !finished.has_time) {
        tell.no_time(&finished.spec.name, show::TimeOf::New);
    }
    for (log, name) in &sources {
        tell.source(log, &[name], &Surroundings::default());
    }
    if refused > 0 {
        let message = format!("{refused} of the formats cannot be read as they are; all others are written");
        return Err(Failure::new(FAILED, message));
    }
    Ok(())
}

/// The draft with types and cases from the log's lines; with a made-up line where there are none.
fn finish(
    arguments: &LearnPatternArguments,
    draft: &mut Draft,
    lines: &[&[u8]],
) -> Result<learn::draft::Finished, Vec<Fault>> {
    draft.warn_of_clients_fields(lines);
    draft.infer_types(lines);
    let reader = draft.reader()?;
    let example = reader.pattern.example();
    let matches = rank([&draft.spec()?], lines).first().is_some_and(|ranked| ranked.matched > 0);
    match example {
        Some(example) if !matches => {
            // Its values say nothing, but its names do: who the user is.
            draft.infer_types(&[&example]);
            draft.finish(&[&example], Cases::AsLogged)
        }
        _ => draft.finish(lines, cases(arguments)),
    }
}

fn best_format(
    arguments: &LearnPatternArguments,
    tell: &show::Teller,
    sample: &Sample,
    drafts: &[(&Format, Draft)],
) -> Result<(), Failure> {
    let lines: Vec<&[u8]> = sample.lines.iter().map(Vec::as_slice).collect();
    let mut specs: Vec<PatternSpec> = Vec::new();
    for (format, draft) in drafts {
        match draft.spec() {
            Ok(spec) => specs.push(spec),
            Err(faults) => show::refused(&format.name, &failed(&faults)),
        }
    }
    let ranked = rank(&specs, &lines);
    let Some(best) = ranked.first().filter(|best| best.rate() >= 0.5) else {
        tell.no_format_fits(&arguments.file);
        return from_log(arguments, tell, sample);
    };
    tell.ranked(&ranked, sample, &lines);
    let Some((_, draft)) = drafts.iter().find(|(_, draft)| draft.name == best.spec.name) else { return Ok(()) };
    let mut draft = draft.clone();
    if let (Some(name), [_]) = (&arguments.name, drafts) {
        draft.name = free_name(name)?;
    }
    let around = Surroundings { encoding: label(sample.encoding), ..Surroundings::default() };
    write_new(arguments, tell, draft, &lines, &around)
}

/// What a source needs beside its pattern.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    wrapped: Option<&'static str>,
    multiline: Option<&'static str>,
    /// The label of what the log itself says.
    encoding: Option<&'static str>,
}

/// What a source has to say of UTF-16, which no byte of the log is without.
const fn label(encoding: TextEncoding) -> Option<&'static str> {
    match encoding {
        TextEncoding::Utf16(ByteOrder::Little) => Some("utf-16le"),
        TextEncoding::Utf16(ByteOrder::Big) => Some("utf-16be"),
        TextEncoding::Bytes | TextEncoding::Table(_) => None,
    }
}

fn write_new(
    arguments: &LearnPatternArguments,
    tell: &show::Teller,
    mut draft: Draft,
    lines: &[&[u8]],
    around: &Surroundings,
) -> Result<(), Failure> {
    let finished = finish(arguments, &mut draft, lines).map_err(|faults| Failure::new(FAILED, failed(&faults)))?;
    tell.warnings(&draft.warnings);
    let path = write::pattern(arguments, &draft.name, &finished.text)?;
    if !learn::names_somebody(&finished.spec, lines) {
        tell.nobody(&draft.name);
    }
    let name = draft.name.clone();
    let named = path.as_ref().map_or_else(|| name.clone(), |path| Path::new(".").join(path).display().to_string());
    let has_time = finished.has_time || around.wrapped.is_some();
    tell.written(&[(path, finished)], origin(arguments));
    if !has_time {
        tell.no_time(&name, show::TimeOf::New);
    }
    tell.source(&arguments.file, &[&name], around);
    tell.next(&arguments.file, &named, around);
    Ok(())
}

fn from_log(arguments: &LearnPatternArguments, tell: &show::Teller, sample: &Sample) -> Result<(), Failure> {
    let known = patterns::known(&arguments.config);
    let all: Vec<&[u8]> = sample.lines.iter().map(Vec::as_slice).collect();
    let wrapped = learn::unwrapped(&all);
    let inner: Vec<&[u8]> = wrapped.iter().flat_map(|wrapped| &wrapped.inner).map(Vec::as_slice).collect();
    let outer = Look::at(&known.whole, &all);
    let inside = (!inner.is_empty()).then(|| Look::at(&known.whole, &inner));
    // A wrapper is a pattern too; what stands inside says more, where it is known or has a form of its own.
    let is_inside = |inside: &Look<'_>| inside.is_good() || !outer.is_good() || is_wrapper(&outer, wrapped.as_ref());
    let (look, wrapped) = match inside {
        Some(inside) if is_inside(&inside) => (inside, wrapped.as_ref()),
        _ => (outer, None),
    };
    let around = Surroundings {
        wrapped: wrapped.map(|wrapped| wrapped.name),
        multiline: look.multiline.as_ref().map(|found| found.preset),
        encoding: label(sample.encoding),
    };
    tell.surroundings(&around, look.multiline.as_ref());
    tell.ranked(&look.ranked, sample, &look.records);
    if look.is_good() && !arguments.new {
        let names = look.together();
        if around.wrapped.is_none()
            && let Some(best) = look.ranked.first().filter(|best| best.timed < 0.5)
        {
            tell.no_time(&best.spec.name, show::TimeOf::Known);
        }
        let best = look.ranked.first().map(|best| best.spec);
        if let Some(best) = best.filter(|best| !learn::names_somebody(best, &look.records)) {
            tell.nobody(&best.name);
        }
        tell.source(&arguments.file, &names, &around);
        for name in names {
            tell.next(&arguments.file, name, &around);
        }
        return Ok(());
    }
    let name = match &arguments.name {
        Some(name) => free_name(name)?,
        None => own_name(&name_of(&arguments.file)),
    };
    let draft = learn::propose(&name, &look.records).map_err(|tried| no_proposal(&tried))?;
    let spec = draft.spec().map_err(|faults| Failure::new(FAILED, failed(&faults)))?;
    tell.proposed(&rank([&spec], &look.records), &look.records);
    write_new(arguments, tell, draft, &look.records, &around)
}

/// A name that a person chose. `Err`: the pattern of that name that comes with pxtail would be hidden by the new one.
fn free_name(name: &str) -> Result<String, Failure> {
    if PATTERNS.iter().any(|(shipped, _)| *shipped == name) {
        let help = format!("give another one: --name {name}_log");
        let message = format!("`{name}` is a pattern that comes with pxtail, and a new one of that name would hide it");
        return Err(Failure::new(FAILED, format!("{message}\nhelp: {help}")));
    }
    Ok(name.to_owned())
}

/// A name that no pattern has that comes with pxtail.
fn own_name(name: &str) -> String {
    free_name(name).unwrap_or_else(|_| format!("{name}_log"))
}

fn no_proposal(tried: &[learn::Tried]) -> Failure {
    let mut message = String::from("no pattern was found that reads the lines: nothing is written");
    for tried in tried {
        let about = tried.about.trim_end_matches('.');
        // Writing into a String cannot fail.
        let _ = write!(message, "\ntried: {about}: reads {:.1} % of them", (tried.rate * 1000.0).floor() / 10.0);
    }
    let help = "where the log mixes several kinds of line, give it the lines of one kind (grep … | pxtail learn pattern -), \
                or write a pattern: `pxtail explain --pattern ./FILE.toml` shows how far a line matches";
    Failure::new(FAILED, format!("{message}\nhelp: {help}"))
}

fn is_wrapper(outer: &Look<'_>, wrapped: Option<&Wrapped>) -> bool {
    let best = outer.ranked.first().map(|best| best.spec.name.as_str()).unwrap_or_default();
    wrapped.is_some_and(|wrapped| {
        wrapped.name.starts_with(best) || best.starts_with("syslog") || best == "docker" || best == "cri"
    })
}

/// The known patterns and lines.
struct Look<'a> {
    ranked: Vec<Ranked<'a>>,
    multiline: Option<Multiline>,
    /// Lines that begin a record.
    records: Vec<&'a [u8]>,
}

impl<'a> Look<'a> {
    fn at(known: &'a std::collections::BTreeMap<String, PatternSpec>, lines: &[&'a [u8]]) -> Self {
        let multiline = learn::multiline(lines);
        let goes_on = |place: usize| multiline.as_ref().is_some_and(|found| found.places.binary_search(&place).is_ok());
        let records: Vec<&[u8]> =
            lines.iter().enumerate().filter(|(place, _)| !goes_on(*place)).map(|(_, line)| *line).collect();
        Self { ranked: rank(known.values(), &records), multiline, records }
    }

    fn is_good(&self) -> bool {
        self.ranked
            .first()
            .is_some_and(|best| best.is_specific() && (best.rate() >= GOOD_RATE || self.rate_together() >= GOOD_RATE))
    }

    /// The best pattern, and those that read what it leaves.
    fn together(&self) -> Vec<&'a str> {
        let Some(best) = self.ranked.first() else { return Vec::new() };
        let mut names = vec![best.spec.name.as_str()];
        let mut matched = best.matches.clone();
        for other in self.ranked.iter().skip(1).filter(|other| other.is_specific()) {
            let more = other.matches.iter().zip(&matched).filter(|(other, matched)| **other && !**matched).count();
            // One line in a hundred: fewer may be anything.
            if more * 100 >= self.records.len().max(100) {
                names.push(other.spec.name.as_str());
                matched.iter_mut().zip(&other.matches).for_each(|(matched, other)| *matched |= other);
            }
        }
        names
    }

    fn rate_together(&self) -> f64 {
        let names = self.together();
        let chosen: Vec<&Ranked<'_>> =
            self.ranked.iter().filter(|ranked| names.contains(&ranked.spec.name.as_str())).collect();
        let matched = (0..self.records.len())
            .filter(|place| chosen.iter().any(|ranked| ranked.matches.get(*place) == Some(&true)));
        matched.count() as f64 / self.records.len().max(1) as f64
    }
}

/// A name from the file's own, without what rotation adds to it.
fn name_of(file: &Path) -> String {
    let name = file.file_name().map_or(PathBuf::from("log"), PathBuf::from);
    let name = name.to_string_lossy().into_owned();
    let stem = match name.split_once(".log") {
        Some((stem, _)) => stem,
        // `access.1`
        None => name
            .rsplit_once('.')
            .filter(|(_, end)| end.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(&*name, |(stem, _)| stem),
    };
    learn::plain_name(stem)
}
