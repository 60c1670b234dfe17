//! The verbs of the command line.
//!
//! Promises: machine output on stdout, everything for people on stderr; exit codes as documented in `--help`. Does not:
//! decide anything about lines, windows or PX.

mod arguments;
mod check;
mod demo;
mod dry_run;
mod explain;
mod learn;
mod list;
mod outbox;
mod patterns;
mod plan;
mod run;
mod sandbox;
mod sources;
mod status;
mod test;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use self::arguments::{Arguments, Verb};
use crate::agent::AgentError;
use crate::config::{self, LoadOptions};
use crate::ledger::LedgerError;
use crate::model::fault::Faults;
use crate::model::spec::Configuration;
use crate::terminal;

/// A check or a test failed.
const FAILED: u8 = 1;
/// The command line is wrong, as clap has it.
const BAD_COMMAND: u8 = 2;
/// The environment is not ready (a disk, PX, another agent): trying again later may work. `EX_TEMPFAIL`.
const TEMPORARY: u8 = 75;
/// The configuration is at fault: trying again will not help. `EX_CONFIG`.
const BAD_CONFIGURATION: u8 = 78;

/// Why a verb failed, and with which exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        let count = faults.0.len();
        let plural = if count == 1 { "fault" } else { "faults" };
        Self::new(BAD_CONFIGURATION, format!("{faults}\n{count} {plural} in the configuration"))
    }
}

impl From<AgentError> for Failure {
    fn from(err: AgentError) -> Self {
        match err {
            AgentError::Configuration(faults) => faults.into(),
            AgentError::Push(_) => Self::new(BAD_CONFIGURATION, err.to_string()),
            AgentError::Ledger(LedgerError::Newer { .. } | LedgerError::Damaged { .. }) | AgentError::Panicked(_) => {
                Self::new(FAILED, err.to_string())
            }
            _ => Self::new(TEMPORARY, err.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(err: io::Error) -> Self {
        // A reader that went away (`| head`) has what it wanted.
        if err.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(0, "");
        }
        Self::new(FAILED, err.to_string())
    }
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log(&arguments);
    let result = match arguments.verb {
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Demo(arguments) => demo::run(&arguments),
        Verb::DryRun(arguments) => dry_run::run(&arguments),
        Verb::Check(arguments) => check::run(&arguments),
        Verb::Plan(arguments) => plan::run(&arguments),
        Verb::Test(arguments) => test::run(&arguments),
        Verb::Explain(arguments) => explain::run(&arguments),
        Verb::Learn(arguments) => learn::run(&arguments),
        Verb::List(arguments) => list::run(&arguments),
        Verb::Sandbox(arguments) => sandbox::run(&arguments),
        Verb::Outbox(arguments) => outbox::run(&arguments),
        Verb::Status(arguments) => status::run(&arguments),
        Verb::Completion { shell } => completion(shell),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                say(&failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

fn completion(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "pxtail", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

/// Lines for people; names of files and what was typed can do nothing to the screen. When nobody can read it any more, it
/// is lost: there is nowhere left to say so.
fn say(message: &str) {
    let lines: Vec<String> = message.split('\n').map(|line| terminal::escaped(line.as_bytes())).collect();
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}

/// A line for programs.
fn say_exactly(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The log goes to stderr; under systemd without times and colours, which the journal adds.
fn start_log(arguments: &Arguments) {
    let filter = tracing_subscriber::EnvFilter::try_new(&arguments.log)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    // A second subscriber in one process (tests) is refused, and the first one serves.
    let _ = if std::env::var_os("JOURNAL_STREAM").is_some() {
        tracing::subscriber::set_global_default(builder.without_time().finish())
    } else {
        tracing::subscriber::set_global_default(builder.finish())
    };
}

fn load(path: &Path) -> Result<Configuration, Failure> {
    Ok(config::load(path, &LoadOptions::standard(path))?)
}

#[cfg(test)]
mod tests;
