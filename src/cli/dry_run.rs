//! `pxtail dry-run`

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::arguments::{DryRunArguments, SummaryFormat};
use super::{FAILED, Failure, load, patterns, say, say_exactly, sources};
use crate::agent::count;
use crate::agent::dry_run::{DryRun, Incomplete, Unmatched};
use crate::model::spec::Configuration;
use crate::model::time::{Clock, SystemClock};
use crate::tail::log_file::{LogFile, STANDARD_INPUT};
use crate::terminal;

/// What stderr says at the end. Names are part of the interface.
#[derive(Debug, Serialize)]
struct Summary {
    lines: u64,
    matched: u64,
    unmatched: u64,
    /// Lines of the format itself (`#Fields:`): no records.
    skipped: u64,
    /// Longer than `tail.max_line_bytes`: in `lines`, not in `matched` or `unmatched`.
    oversized: u64,
    events: u64,
    /// Of these, events that could never be sent.
    parked: u64,
    metrics: Vec<MetricSummary>,
    /// By source and field: values that did not fit their type and were left out.
    misfits: std::collections::BTreeMap<String, u64>,
    /// Every line that was not matched, and why.
    unmatched_lines: Vec<UnmatchedSummary>,
    /// Byte sequences that are no text in their source's `encoding`, and were replaced by U+FFFD.
    malformed_sequences: u64,
    /// Packed logs that are damaged or cut off, read up to there.
    cut_short: Vec<CutShortSummary>,
}

#[derive(Debug, Serialize)]
struct CutShortSummary {
    file: String,
    /// Lines before it, all of them in the sums.
    lines: u64,
    why: String,
}

#[derive(Debug, Serialize)]
struct MetricSummary {
    name: String,
    accepted: u64,
    /// What became of the others, by reason.
    refused: std::collections::BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
struct UnmatchedSummary {
    file: String,
    line: u64,
    why: String,
}

/// Reasons that are shown: more than this, and nobody reads on.
const MOST_REASONS: usize = 20;

/// Lines that were not matched, by what was expected.
#[derive(Debug, Default)]
struct UnmatchedGroups {
    groups: Vec<UnmatchedGroup>,
    /// Lines with reasons beyond those.
    others: usize,
}

#[derive(Debug)]
struct UnmatchedGroup {
    expected: String,
    lines: usize,
    /// Where the first one is.
    first: String,
    /// That line, and a caret where it stops matching.
    shown: String,
}

impl UnmatchedGroups {
    fn add(&mut self, file: &str, found: &mut Unmatched<'_>) {
        let stop = found.stop();
        if let Some(known) = self.groups.iter_mut().find(|group| group.expected == stop.expected) {
            known.lines += 1;
        } else if self.groups.len() == MOST_REASONS {
            self.others += 1;
        } else {
            self.groups.push(UnmatchedGroup {
                expected: stop.expected,
                lines: 1,
                first: format!("{}:{}", terminal::escaped(file.as_bytes()), found.line),
                shown: terminal::with_caret(found.text, stop.at.unwrap_or(0), "    "),
            });
        }
    }

    fn show(&self) {
        for UnmatchedGroup { expected, lines, first, shown } in &self.groups {
            let counted = terminal::counted(*lines, "line");
            let first = if *lines == 1 {
                format!("{first}: not matched")
            } else {
                format!("{first}: the first of {counted} not matched")
            };
            say(&format!("{first}\n{shown}\n    expected {}", terminal::escaped(expected.as_bytes())));
        }
        if self.others > 0 {
            let others = terminal::counted(self.others, "line");
            say(&format!("{others} not matched for other reasons: `--summary json` has each one"));
        }
    }
}

pub fn run(arguments: &DryRunArguments) -> Result<(), Failure> {
    let configuration = load(&arguments.config.config)?;
    let mut dry_run = DryRun::new(&configuration, SystemClock.now())?;
    let mut unmatched_lines = Vec::new();
    let mut unmatched = UnmatchedGroups::default();
    let mut cut_short = Vec::new();
    for path in &arguments.files {
        let file = path.display().to_string();
        let source = sources::to_read_as(&configuration, arguments.source.as_deref(), path)?;
        let unreadable = |err: io::Error| patterns::unreadable(path, &err);
        let log = LogFile::open(path).map_err(unreadable)?;
        let is_file = path != Path::new(STANDARD_INPUT);
        let absolute = is_file.then(|| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        let incomplete = dry_run
            .read(source, absolute.as_deref(), log, |mut found| {
                if arguments.summary == SummaryFormat::Text {
                    unmatched.add(&file, &mut found);
                } else {
                    unmatched_lines.push(UnmatchedSummary { file: file.clone(), line: found.line, why: found.why() });
                }
            })
            .map_err(unreadable)?;
        if let Some(Incomplete { lines, why }) = incomplete {
            cut_short.push(CutShortSummary { file, lines, why: why.to_string() });
        }
    }
    let mut summary = summary(&configuration, &dry_run, unmatched_lines);
    summary.cut_short = cut_short;
    let mut out = BufWriter::new(io::stdout().lock());
    dry_run.finish(|_, rendered| {
        summary.events += 1;
        summary.parked += u64::from(rendered.parked.is_some());
        out.write_all(rendered.body.as_bytes())?;
        out.write_all(b"\n")
    })?;
    out.flush()?;
    unmatched.show();
    print(&summary, arguments.summary);
    if summary.unmatched > 0 && summary.matched == 0 {
        let help = "`pxtail learn pattern LOG` finds the pattern for a log";
        return Err(Failure::new(
            FAILED,
            match arguments.summary {
                SummaryFormat::Text => format!("no line matched\nhelp: {help}"),
                // One line of JSON is all that its reader expects.
                SummaryFormat::Json => String::new(),
            },
        ));
    }
    // What is missing is said above.
    if summary.cut_short.is_empty() { Ok(()) } else { Err(Failure::new(FAILED, "")) }
}

fn summary(configuration: &Configuration, dry_run: &DryRun<'_>, unmatched_lines: Vec<UnmatchedSummary>) -> Summary {
    let tally = dry_run.tally();
    let read: u64 = tally.sources.iter().map(|source| source.lines).sum();
    let unmatched: u64 = tally.sources.iter().map(|source| source.unmatched).sum();
    let matched: u64 = tally.sources.iter().flat_map(|source| &source.matched).sum();
    let skipped: u64 = tally.sources.iter().map(|source| source.skipped).sum();
    let metrics = configuration
        .metrics
        .iter()
        .zip(&tally.metrics)
        .map(|(metric, tally)| MetricSummary {
            name: metric.name.clone(),
            accepted: tally.accepted(),
            refused: tally.named().filter(|(name, lines)| *lines > 0 && *name != "counted").collect(),
        })
        .collect();
    Summary {
        lines: read + dry_run.oversized_lines,
        matched,
        unmatched,
        skipped,
        oversized: dry_run.oversized_lines,
        events: 0,
        parked: 0,
        misfits: dry_run.misfits(),
        metrics,
        unmatched_lines,
        malformed_sequences: dry_run.malformed_sequences,
        cut_short: Vec::new(),
    }
}

fn print(summary: &Summary, format: SummaryFormat) {
    if format == SummaryFormat::Json {
        // Strings and numbers only: there is nothing in it that JSON cannot hold.
        say_exactly(&serde_json::to_string(summary).unwrap_or_default());
        return;
    }
    let Summary { lines, matched, unmatched, oversized, events, parked, .. } = summary;
    say(&format!("{lines} lines: {matched} matched, {unmatched} not matched, {oversized} too long"));
    for metric in &summary.metrics {
        let refused: Vec<String> = metric.refused.iter().map(|(name, lines)| format!("{lines} {name}")).collect();
        let refused = if refused.is_empty() { String::new() } else { format!(" ({})", refused.join(", ")) };
        say(&format!("metric `{}`: {} lines counted{refused}", metric.name, metric.accepted));
        for name in metric.refused.keys() {
            say(&terminal::wrapped(&format!("{name}: {}", count::meaning(name)), "    "));
        }
    }
    for (field, count) in &summary.misfits {
        say(&format!("field `{field}`: {count} values do not fit its type, and are left out"));
    }
    if summary.malformed_sequences > 0 {
        let count = summary.malformed_sequences;
        say(&format!("{count} byte sequences are no text in their source's `encoding`, and were replaced"));
    }
    for CutShortSummary { file, lines, why } in &summary.cut_short {
        let lines = terminal::counted(*lines as usize, "line");
        say(&format!("{file}: read up to its damage only, {lines}: {why}; what follows is not in the sums"));
    }
    say(&format!("{events} events, {parked} of them could not be sent"));
}
