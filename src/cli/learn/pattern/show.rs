//! What `learn pattern` says.
//!
//! Promises: the words go to standard output, but to standard error where the pattern itself is printed.

// Writing into a String cannot fail: what it returns is not looked at.
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Origin, Surroundings};
use crate::cli::arguments::LearnPatternArguments;
use crate::cli::say;
use crate::learn::Multiline;
use crate::learn::draft::Finished;
use crate::learn::rank::Ranked;
use crate::learn::sample::Sample;
use crate::learn::server_config::Found;
use crate::tail::log_file::CutShort;
use crate::terminal::{COLUMNS, counted, escaped, shortened, table, with_caret, wrapped};

const INDENT: &str = "    ";
/// Patterns shown beside the best.
const OTHERS: usize = 4;
/// Lines shown that do not match.
const MISSED: usize = 3;

/// Whose pattern has no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeOf {
    Known,
    New,
}

#[derive(Debug)]
pub(super) struct Teller {
    to_stderr: bool,
}

impl Teller {
    pub(super) fn new(arguments: &LearnPatternArguments) -> Self {
        Self { to_stderr: arguments.out.as_deref() == Some(Path::new("-")) }
    }

    fn tell(&self, text: &str) {
        let text = text.trim_end();
        if self.to_stderr {
            say(text);
        } else {
            // When nobody can read it any more, it is lost.
            let _ = writeln!(io::stdout(), "{text}");
        }
    }

    pub(super) fn formats(&self, config: &Path, found: &Found) {
        let mut text = format!("{}: {}\n", config.display(), counted(found.formats.len(), "log format"));
        for format in &found.formats {
            let logs =
                if format.logs.is_empty() { String::new() } else { format!(", written to {}", format.logs.join(", ")) };
            let _ = writeln!(text, "  {} ({}{logs})", format.name, format.at);
            let _ = writeln!(text, "{INDENT}{}", shortened(&escaped(format.text.as_bytes()), COLUMNS - 4));
        }
        for (log, name) in &found.known {
            let _ = writeln!(text, "  {log} is written in `{name}`: the server's own, no new pattern is needed");
        }
        for note in &found.notes {
            let _ = writeln!(text, "  note: {note}");
        }
        self.tell(&escape_lines(&text));
    }

    pub(super) fn no_format_fits(&self, log: &Path) {
        self.tell(&format!("{}: none of these formats reads its lines; trying the known patterns", log.display()));
    }

    pub(super) fn cut_short(&self, log: &Path, why: &CutShort) {
        self.tell(&wrapped(
            &format!("warning: {}: only its beginning is read: {why}", escaped(log.as_os_str().as_encoded_bytes())),
            "",
        ));
    }

    pub(super) fn surroundings(&self, around: &Surroundings, multiline: Option<&Multiline>) {
        if let Some(name) = around.wrapped {
            self.tell(&format!("each line is wrapped by `{name}`; what follows is about the lines inside"));
        }
        if let Some(found) = multiline {
            let lines = counted(found.places.len(), "line");
            self.tell(&format!(
                "{lines} of the sample go on with the record before them, as `{}` logs do",
                found.preset
            ));
        }
    }

    /// The best of the known patterns, others, and lines that the best does not read.
    pub(super) fn ranked(&self, ranked: &[Ranked<'_>], sample: &Sample, lines: &[&[u8]]) {
        let part = if sample.is_whole { "all" } else { "a sample of first, middle and last" };
        let mut text = format!("looked at {part} lines: {}\n", lines.len());
        let Some(best) = ranked.first() else {
            text.push_str("no known pattern reads any of them\n");
            return self.tell(&text);
        };
        let rows: Vec<Vec<String>> = ranked.iter().take(OTHERS + 1).map(row).collect();
        text.push_str(&table(&rows, INDENT));
        self.tell(&(text + &missed(best, lines)));
    }

    pub(super) fn proposed(&self, ranked: &[Ranked<'_>], lines: &[&[u8]]) {
        let mut text = "no known pattern says enough about the lines; a new one is proposed\n".to_owned();
        if let Some(best) = ranked.first() {
            text.push_str(&table(&[row(best)], INDENT));
            text.push_str(&missed(best, lines));
        }
        self.tell(&text);
    }

    /// The pattern says of no line whose it is.
    pub(super) fn nobody(&self, name: &str) {
        self.tell(&format!("`{name}` gives no user or account: a metric needs one"));
        let help = "help: if a field of the line holds it, name it under [types] of a pattern of your own: user = { from = \
                    \"field\" } (--new writes a pattern to begin with); else let the server log it";
        self.tell(&wrapped(help, ""));
    }

    pub(super) fn warnings(&self, warnings: &[String]) {
        for warning in warnings {
            self.tell(&wrapped(&escaped(format!("warning: {warning}").as_bytes()), ""));
        }
    }

    pub(super) fn written(&self, written: &[(Option<PathBuf>, Finished)], origin: Origin) {
        for (path, finished) in written {
            let cases = counted(finished.cases, "case");
            match path {
                Some(path) => {
                    self.tell(&format!("wrote {}: pattern `{}`, {cases}", path.display(), finished.spec.name));
                }
                None => self.tell(&format!("pattern `{}`, {cases}, is on standard output", finished.spec.name)),
            }
        }
        if written.is_empty() {
            return;
        }
        self.tell(match origin {
            Origin::MadeUp => "its cases are made up: put lines of your log into them, or give the log with --server-config",
            Origin::Redacted => {
                "its cases have made-up addresses, users, tokens and query values: look for anything else that is private"
            }
            Origin::Log => "its cases are lines of the log, with whatever is in them: --redact makes addresses and users up",
        });
        self.tell("nothing uses it yet: read it, then put it into patterns.d beside the configuration");
    }

    /// What to do about lines that have no time, which no metric counts.
    pub(super) fn no_time(&self, name: &str, of: TimeOf) {
        let said = match of {
            TimeOf::Known => format!(", and `pxtail list patterns {name}` what it must look like"),
            TimeOf::New => ", and say under [types] which field holds it".to_owned(),
        };
        self.tell(&format!(
            "no time was found by `{name}`: a line's own time chooses its window, without one it is not counted"
        ));
        self.tell(&wrapped(
            &format!(
                "help: let it log one{said}; or, where something else writes the lines down with a time in \
                 front, say so on the source: unwrap = [\"cri\"], [\"docker\"] or [\"syslog\"]"
            ),
            "",
        ));
    }

    /// What to write into the configuration.
    pub(super) fn source(&self, log: &Path, names: &[&str], around: &Surroundings) {
        let path = std::path::absolute(log).unwrap_or_else(|_| log.to_owned());
        let path = if log == Path::new("-") { "/var/log/…".to_owned() } else { path.display().to_string() };
        let names_in_quotes: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let pattern = match &names_in_quotes[..] {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let mut text = format!(
            "to use it, write into the configuration:\n\n{INDENT}[[source]]\n{INDENT}name = \"web\"\n{INDENT}paths = [\"{}\"]\n{INDENT}pattern = {pattern}\n",
            escaped(path.as_bytes())
        );
        if let Some(label) = around.encoding {
            let _ = writeln!(text, "{INDENT}encoding = \"{label}\"");
        }
        if let Some(name) = around.wrapped {
            let _ = writeln!(text, "{INDENT}unwrap = [\"{name}\"]");
        }
        if let Some(preset) = around.multiline {
            let _ = writeln!(text, "{INDENT}multiline = \"{preset}\"");
        }
        self.tell(&text);
    }

    /// How to see more.
    pub(super) fn next(&self, log: &Path, named: &str, around: &Surroundings) {
        if around.wrapped.is_none() && log != Path::new("-") {
            self.tell(&format!(
                "to see what it makes of a line: pxtail explain --pattern {named} --file {} --line 1",
                log.display()
            ));
        }
    }
}

/// A fault, whatever standard output is for.
pub(super) fn refused(format: &str, why: &str) {
    say(&escape_lines(&format!("format `{format}` cannot be used as it is:\n{why}")));
}

fn row(ranked: &Ranked<'_>) -> Vec<String> {
    let rate = format!("{:.1} %", (ranked.rate() * 1000.0).floor() / 10.0);
    let time = if ranked.timed >= 0.5 { "with time" } else { "without time" };
    let fields = format!("{:.0} fields, {time}", ranked.fields);
    vec![ranked.spec.name.clone(), rate, fields, ranked.spec.about.clone().unwrap_or_default()]
}

fn missed(ranked: &Ranked<'_>, lines: &[&[u8]]) -> String {
    let count = ranked.lines - ranked.matched;
    if count == 0 {
        return String::new();
    }
    let mut text = format!("`{}` does not read {}, such as:\n", ranked.spec.name, counted(count, "line"));
    for (place, stop) in ranked.missed.iter().take(MISSED) {
        let line = lines.get(*place).copied().unwrap_or_default();
        text.push_str(&with_caret(line, stop.at.unwrap_or(0), INDENT));
        text.push('\n');
        text.push_str(&wrapped(&format!("expected {}", escaped(stop.expected.as_bytes())), INDENT));
        text.push('\n');
    }
    text
}

/// What a configuration holds, safe for a terminal, with its lines.
fn escape_lines(text: &str) -> String {
    text.lines().map(|line| escaped(line.as_bytes())).collect::<Vec<_>>().join("\n")
}
