//! `pxtail check`

mod canary;
mod online;

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::arguments::CheckArguments;
use super::{FAILED, Failure, load, say};
use crate::agent::plan;
use crate::config;
use crate::ledger::{self, outbox::OutboxStore};
use crate::model::spec::{Configuration, SourceSpec};
use crate::parse::{lint, run_cases};
use crate::push::key::{self, KeyError};

/// What is found beside faults of the configuration itself.
#[derive(Default)]
struct Findings {
    failures: usize,
    warnings: usize,
}

impl Findings {
    fn fail(&mut self, text: &str) {
        self.failures += 1;
        say(text);
    }

    fn warn(&mut self, text: &str) {
        self.warnings += 1;
        say(&format!("warning: {text}"));
    }
}

pub fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let configuration = load(&arguments.config.config)?;
    plan::build(&configuration, &[])?;
    let mut findings = Findings::default();
    check_patterns(&configuration, &mut findings);
    let files: Vec<Vec<PathBuf>> =
        configuration.sources.iter().map(|source| check_files(source, &mut findings)).collect();
    check_shared_files(&configuration, &files, &mut findings);
    check_state(&configuration.agent.state_dir, &mut findings);
    check_key(&configuration, &mut findings);
    if arguments.online {
        online::check(&configuration, arguments.canary.as_deref(), &mut findings)?;
    }
    let Findings { failures, warnings } = findings;
    if failures > 0 {
        return Err(Failure::new(FAILED, format!("{failures} failed, {warnings} warnings")));
    }
    let (sources, metrics) = (configuration.sources.len(), configuration.metrics.len());
    say(&format!("the configuration is good: {sources} sources, {metrics} metrics, {warnings} warnings"));
    Ok(())
}

fn check_patterns(configuration: &Configuration, findings: &mut Findings) {
    for (name, faults) in &configuration.broken_patterns {
        findings.warn(&format!("pattern file `{name}` is broken, and not used:"));
        for fault in faults {
            say(&fault.to_string());
        }
    }
    let used = configuration.patterns.values().filter(|pattern| {
        configuration.sources.iter().flat_map(|source| &source.patterns).any(|named| named.value == pattern.name)
    });
    for pattern in used {
        match run_cases(pattern) {
            Ok(0) => {
                findings.warn(&format!("{}: pattern `{}` has no case to prove itself with", pattern.at, pattern.name));
            }
            Ok(_) => {}
            Err(failures) => {
                for failure in failures {
                    findings.fail(&super::test::shown(&failure));
                }
            }
        }
        if !config::is_built_in(pattern) {
            for warning in lint::lint(pattern) {
                findings.warn(&warning.to_string());
            }
        }
    }
}

/// Each file that the source names now: there, regular, and readable by whoever runs this.
fn check_files(source: &SourceSpec, findings: &mut Findings) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for glob in &source.paths {
        for path in matching(&glob.value, findings) {
            // Without this flag, opening a FIFO would wait for a writer.
            let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
            let file = File::options().read(true).custom_flags(flags).open(&path);
            match file.and_then(|file| file.metadata()) {
                Ok(metadata) if metadata.is_file() => {}
                Ok(_) => findings.fail(&format!("{}: `{}` is not a regular file", glob.at, path.display())),
                Err(err) => findings.fail(&format!(
                    "{}: `{}` cannot be read: {err}\nhelp: let the user that pxtail runs as read it (group `adm` on Debian), and \
                     run this check as that user",
                    glob.at,
                    path.display()
                )),
            }
            found.push(path);
        }
    }
    if found.is_empty() {
        findings.warn(&format!(
            "{}: source `{}` names no file that is there now; it waits for one",
            source.at, source.name
        ));
    }
    found
}

/// A source reads its files for itself: a file of two sources would count twice in a metric of both.
fn check_shared_files(configuration: &Configuration, files: &[Vec<PathBuf>], findings: &mut Findings) {
    for metric in &configuration.metrics {
        let mut seen: HashMap<PathBuf, &str> = HashMap::new();
        for (source, files) in configuration.sources.iter().zip(files) {
            if !metric.sources.iter().any(|named| named.value == source.name) {
                continue;
            }
            // The same file under two globs of one source is read once.
            let distinct: BTreeSet<PathBuf> = files.iter().filter_map(|path| path.canonicalize().ok()).collect();
            for path in distinct {
                if let Some(other) = seen.insert(path.clone(), &source.name) {
                    findings.fail(&format!(
                        "{}: `{}` is read by sources `{other}` and `{}`, and metric `{}` counts both: each line would count twice\n\
                         help: let their `paths` not overlap, or name one of them in the metric's `sources`",
                        metric.at,
                        path.display(),
                        source.name,
                        metric.name
                    ));
                }
            }
        }
    }
}

/// Files under the longest part of the glob that has no wildcard. Directories that cannot be listed are findings.
fn matching(glob: &str, findings: &mut Findings) -> Vec<PathBuf> {
    let Ok(matcher) =
        globset::GlobBuilder::new(glob).literal_separator(true).build().map(|glob| glob.compile_matcher())
    else {
        return Vec::new();
    };
    let fixed: PathBuf = Path::new(glob)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .collect();
    let mut found = Vec::new();
    let mut open = vec![fixed];
    while let Some(path) = open.pop() {
        if matcher.is_match(&path) && path.symlink_metadata().is_ok() {
            found.push(path);
            continue;
        }
        match std::fs::read_dir(&path) {
            Ok(entries) => open.extend(entries.flatten().map(|entry| entry.path())),
            Err(err) if err.kind() == std::io::ErrorKind::PermissionDenied => findings.fail(&format!(
                "{}: cannot be listed: {err}\nhelp: let the user that pxtail runs as list it, and run this check as that user",
                path.display()
            )),
            Err(_) => {}
        }
        if found.len() + open.len() > 100_000 {
            break;
        }
    }
    found.sort();
    found
}

fn check_state(state_dir: &Path, findings: &mut Findings) {
    let ledger = state_dir.join(ledger::FILE_NAME);
    if ledger.exists() {
        if let Err(err) = OutboxStore::open(&ledger).and_then(|outbox| outbox.totals()) {
            findings.fail(&err.to_string());
        }
        return;
    }
    let existing = state_dir.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    // A file that is gone again at once: permissions alone do not tell what a file system takes.
    if let Err(err) = tempfile::tempfile_in(existing) {
        findings.fail(&format!(
            "{}: the state directory `{}` cannot be written to: {err}\nhelp: run this check as the user that pxtail runs as, or \
             change `state_dir`",
            existing.display(),
            state_dir.display()
        ));
    }
}

/// The key is read as `run` reads it, and not shown.
fn check_key(configuration: &Configuration, findings: &mut Findings) {
    match key::read(&configuration.px.api_key, |name| std::env::var_os(name)) {
        Ok(_) => {}
        Err(err @ KeyError::Absent) => findings.warn(&format!("{err}; without one, nothing is sent")),
        Err(err) => findings.fail(&err.to_string()),
    }
}
