//! What can be typed, and the help for it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::ledger::outbox::EventState;

/// Follows access and application logs, adds usage up per user and account in time windows, and sends each closed window
/// to Gainsight PX as one event, once.
#[derive(Debug, Parser)]
#[command(
    name = "pxtail",
    version,
    max_term_width = 100,
    after_help = "First steps:
  pxtail demo --exit                  see the whole job on generated traffic
  pxtail learn pattern LOG            find out how to read a log of yours
  pxtail explain LINE                 see what becomes of one line
  pxtail check --config FILE          find every fault of a configuration
  pxtail dry-run --config FILE LOG    see what a log would send; nothing is sent
  pxtail run --config FILE            follow the logs and send

Exit codes:
  0   done
  1   a check or a test failed, no pattern reads the log, or a packed log is damaged
  2   the command line is wrong
  75  the disk, the network or another agent is in the way; later it may work
  78  the configuration is at fault"
)]
pub struct Arguments {
    /// What to log on stderr: error, warn, info, debug or trace; also per module, like `info,pxtail::push=debug`.
    #[arg(long, global = true, env = "PXTAIL_LOG", default_value = "info", value_name = "LEVEL")]
    pub log: String,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Follow the configured logs, count, and send sealed windows to PX.
    Run(RunArguments),
    /// Show the main job on one screen: a local PX, generated traffic and the real agent, which is killed once.
    ///
    /// Everything happens in a temporary directory and on loopback: no configuration, no network. Two past calendar days
    /// are written to two logs, with a rotation in the middle and late lines; then what was written stands beside what
    /// the local PX holds, per account.
    Demo(DemoArguments),
    /// Print the events that logs would give, one JSON CustomEvent a line. No state, no network.
    ///
    /// Every window is closed at the end. Event ids are not those of a running agent, which have its own id in them. Exits
    /// with 1 where no line at all matches, or where a packed log is damaged: it is read up to there.
    DryRun(DryRunArguments),
    /// Find every fault of a configuration: keys, patterns and their cases, fields, log files, the state directory.
    ///
    /// With `--online` PX is asked too: the data center, the key and what it may do, the product key, time zones, event names.
    /// Nothing is written there.
    Check(CheckArguments),
    /// Forecast the events and requests of logs, a day and a user, against PX's limits. No state, no network.
    ///
    /// Says what fewer properties and longer windows would save. Exits with 1 where a limit is passed.
    Plan(PlanArguments),
    /// Run the cases in pattern files: the lines they must read, and the lines they must refuse.
    ///
    /// For a case that does not hold, every field that differs is shown, and a line that stops matching with a caret where
    /// it stops. What can go wrong with a pattern in use is shown as a warning.
    #[command(after_help = "Examples:
  pxtail test                       every pattern that can be named
  pxtail test combined my_app       patterns by name
  pxtail test ./my_app.toml         a file, wherever it is")]
    Test(TestArguments),
    /// Show what becomes of a line: how far it matches, its fields, and which metrics count it or why not.
    ///
    /// With a configuration the line is read as its source reads it, and every metric says what it takes from it. With
    /// `--pattern` no configuration is needed; without either, every pattern is tried. Exits with 1 where no pattern reads
    /// what was asked for.
    #[command(after_help = "Examples:
  pxtail explain '192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5'
  pxtail explain --pattern combined --file /var/log/nginx/access.log --line 17
  pxtail explain --config pxtail.toml --source web --file access.log
  tail -n 3 access.log | pxtail explain --pattern combined -")]
    Explain(ExplainArguments),
    /// Propose a pattern for a log, or routes for its paths. What is proposed is for review: nothing uses it by itself.
    Learn(LearnArguments),
    /// List what can be named in a configuration.
    List(ListArguments),
    /// Run a local PX to try things out with: the REST calls of the real one, its validation and its limits.
    Sandbox(SandboxArguments),
    /// See the events that wait to be sent, and those that were; try parked ones again, drop or release some.
    Outbox(OutboxArguments),
    /// Show how the running agent is: files that are read, files that are not and why, lines read, how many match which
    /// pattern, and a line that does not.
    #[command(after_help = "Examples:
  pxtail status                     for people
  pxtail status --all               with every file that is not read
  pxtail status --json              the same for programs, one line
  pxtail status --metrics           numbers as Prometheus reads them, for its textfile collector")]
    Status(StatusArguments),
    /// Print a completion script for a shell.
    Completion { shell: clap_complete::Shell },
}

#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// The configuration file; `conf.d/*.toml` and `patterns.d/*.toml` beside it are read too.
    #[arg(short, long, value_name = "FILE", default_value = "/etc/pxtail/pxtail.toml")]
    pub config: PathBuf,
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Read the logs as this source. Needed when there are several sources and none of them names the file.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// The logs of whole days, plain or packed by gzip or zstd; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Ask PX too. A few requests, which read only.
    #[arg(long)]
    pub online: bool,
    /// Send one event to this product key, of a test environment, and measure when and how PX shows it. It cannot be taken
    /// back.
    #[arg(long, requires = "online", value_name = "TEST_PRODUCT_KEY")]
    pub canary: Option<String>,
}

#[derive(Debug, Args)]
pub struct RunArguments {
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Read every log to its end, seal nothing early, send what is sealed, and exit.
    #[arg(long)]
    pub once: bool,
}

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// End when both days are sealed and sent; exit with 0 only when every number agrees.
    #[arg(long)]
    pub exit: bool,
    /// How many people use the product.
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub users: u32,
    /// How many lines are written, late ones apart.
    #[arg(long, default_value_t = 120_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..=50_000_000))]
    pub lines: u64,
    /// Where the random choices begin: the same seed writes the same usage.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct DryRunArguments {
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Read the logs as this source. Needed when there are several sources and none of them names the file.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// How to sum up on stderr; `json` is one line.
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text, value_name = "FORMAT")]
    pub summary: SummaryFormat,
    /// The logs, plain or packed by gzip or zstd; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct TestArguments {
    /// Pattern files, or names of patterns; without any, those of the configuration and those that come with pxtail.
    #[arg(value_name = "FILE|NAME")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub config: ConfigArguments,
}

#[derive(Debug, Args)]
pub struct SandboxArguments {
    /// Where to listen: an address of this machine's loopback and a port.
    #[arg(long, default_value = "127.0.0.1:8089", value_name = "ADDRESS")]
    pub listen: std::net::SocketAddr,
    /// The API key that may read and write.
    #[arg(long, default_value = crate::sandbox::API_KEY, value_name = "KEY")]
    pub api_key: String,
    /// A product key that events may carry; can be given more than once.
    #[arg(long, default_value = crate::sandbox::PRODUCT_KEY, value_name = "KEY")]
    pub product_key: Vec<String>,
}

#[derive(Debug, Args)]
pub struct StatusArguments {
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Every file that is not read, not some of each kind; JSON has them always.
    #[arg(long, conflicts_with = "metrics")]
    pub all: bool,
    /// One line of JSON.
    #[arg(long, conflicts_with = "metrics")]
    pub json: bool,
    /// Prometheus' text format. Holds no line of a log.
    #[arg(long)]
    pub metrics: bool,
}

#[derive(Debug, Args)]
pub struct OutboxArguments {
    #[command(subcommand)]
    pub verb: OutboxVerb,
}

#[derive(Debug, Subcommand)]
pub enum OutboxVerb {
    /// Count the events by state, and show the oldest of those that are parked or unknown.
    ///
    /// States: held, ready, sending, unknown, sent, parked, dropped. `removed` are sent and dropped events whose time of
    /// keeping (`[push] sent_retention`) is over.
    #[command(after_help = "Examples:
  pxtail outbox list
  pxtail outbox list --state parked --metric api-usage
  pxtail outbox list --state parked --json | jq -r '[.eventId, .cause] | @tsv'")]
    List(OutboxListArguments),
    /// Show everything about one event: its state and why, its attempts, what PX said, and the body that PX gets.
    #[command(after_help = "Examples:
  pxtail outbox show 6f1d0c9e
  pxtail outbox show '#17' --json")]
    Show(OutboxShowArguments),
    /// Try parked events again.
    ///
    /// An event is sent again only when it cannot have arrived. Where an attempt had no answer, PX is asked first, and it is
    /// sent only when PX does not have it. An event that was parked because the ledger came from another machine, or was
    /// damaged or lost, is refused: another ledger may have sent it, and PX counts a second one for ever.
    #[command(after_help = "Examples:
  pxtail outbox retry 6f1d0c9e 81aa
  pxtail outbox retry --all-parked
  pxtail outbox retry --metric api-usage
  pxtail outbox retry --all-parked --sent-nothing   the other ledger is known to have sent nothing")]
    Retry(OutboxRetryArguments),
    /// Drop events for ever: PX never gets them, and their lines are counted as dropped.
    ///
    /// Says what it would drop; `--yes` does it. What was sent cannot be dropped, nor what is being sent. A dropped event of
    /// which an attempt had no answer may still be in PX.
    #[command(after_help = "Examples:
  pxtail outbox drop 6f1d0c9e --why 'test traffic' --yes
  pxtail outbox drop --metric load-test --state parked --yes")]
    Drop(OutboxDropArguments),
    /// Let held events go (`[push] hold = true` keeps them).
    Release(ConfigArguments),
}

#[derive(Debug, Args)]
pub struct OutboxListArguments {
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Only events in this state.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<EventState>,
    /// Only events of this metric.
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
    /// At most so many events, the oldest; by default 20 of each state for people, all of them in JSON.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// One line of JSON for each event, without its body.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct OutboxShowArguments {
    /// An event's id, the beginning of it, or `#` and the number of its row.
    #[arg(value_name = "ID|PREFIX")]
    pub event: String,
    #[command(flatten)]
    pub config: ConfigArguments,
    /// One line of JSON; `body` is exactly what PX gets.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["events", "all_parked", "metric"])))]
pub struct OutboxRetryArguments {
    /// Events' ids, or the beginnings of them.
    #[arg(value_name = "ID", conflicts_with_all = ["all_parked", "metric"])]
    pub events: Vec<String>,
    /// Every parked event.
    #[arg(long)]
    pub all_parked: bool,
    /// Every parked event of this metric.
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
    /// You know that the ledger that may have sent these events sent nothing of them.
    #[arg(long)]
    pub sent_nothing: bool,
    #[command(flatten)]
    pub config: ConfigArguments,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["events", "metric"])))]
pub struct OutboxDropArguments {
    /// Events' ids, or the beginnings of them.
    #[arg(value_name = "ID", conflicts_with_all = ["metric", "state"])]
    pub events: Vec<String>,
    /// Every event of this metric that is in `--state`.
    #[arg(long, value_name = "NAME", requires = "state")]
    pub metric: Option<String>,
    /// In which state: held, ready, unknown or parked.
    #[arg(long, value_name = "STATE", requires = "metric", value_parser = droppable)]
    pub state: Option<EventState>,
    /// Why, for whoever reads the books later.
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// Do it.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub config: ConfigArguments,
}

fn state(text: &str) -> Result<EventState, String> {
    one_of(&EventState::ALL, text)
}

fn droppable(text: &str) -> Result<EventState, String> {
    one_of(&[EventState::Held, EventState::Ready, EventState::Unknown, EventState::Parked], text)
}

fn one_of(states: &[EventState], text: &str) -> Result<EventState, String> {
    let known: Vec<&str> = states.iter().map(|state| state.name()).collect();
    let found = states.iter().find(|state| state.name() == text).copied();
    found.ok_or_else(|| format!("expected one of {}", known.join(", ")))
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The configuration file; without one, /etc/pxtail/pxtail.toml where it is there and no pattern is given.
    #[arg(short, long, value_name = "FILE", conflicts_with = "pattern")]
    pub config: Option<PathBuf>,
    /// Read the line as this source of the configuration.
    #[arg(long, value_name = "NAME", conflicts_with = "pattern")]
    pub source: Option<String>,
    /// Read the line by this pattern: its name, or a pattern file.
    #[arg(short, long, value_name = "NAME|FILE")]
    pub pattern: Option<String>,
    /// Take the line from this file.
    #[arg(short, long, value_name = "FILE", conflicts_with = "line_text")]
    pub file: Option<PathBuf>,
    /// Which line of the file, from 1.
    #[arg(short = 'n', long, value_name = "N", requires = "file", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub line: u64,
    /// The line, in quotes; `-` reads lines from standard input.
    #[arg(value_name = "LINE", id = "line_text", allow_hyphen_values = true)]
    pub text: Option<std::ffi::OsString>,
}

#[derive(Debug, Args)]
pub struct LearnArguments {
    #[command(subcommand)]
    pub verb: LearnVerb,
}

#[derive(Debug, Subcommand)]
pub enum LearnVerb {
    /// Find the pattern that reads a log, or write one.
    ///
    /// FILE is a log, or a server's configuration: nginx.conf, httpd.conf, haproxy.cfg, envoy.yaml. Out of a configuration
    /// every log format is taken exactly, with its includes. For a log every known pattern is tried on a sample; where
    /// none fits, a new one is proposed and written to a file, with cases from the log. Nothing is overwritten.
    #[command(after_help = "Examples:
  pxtail learn pattern /var/log/nginx/access.log
  pxtail learn pattern /etc/nginx/nginx.conf --out /etc/pxtail/patterns.d
  pxtail learn pattern access.log --server-config /etc/nginx/nginx.conf --redact
  pxtail learn pattern app.log --name app --out -")]
    Pattern(LearnPatternArguments),
    /// Propose path templates from the paths in logs: what varies becomes `{id}` or `{name}`.
    ///
    /// Prints `[[route]]` sections in TOML, most used first, with counts and examples, to be read and corrected. They are
    /// for review: this version's configuration does not read them yet.
    #[command(after_help = "Examples:
  pxtail learn routes --pattern combined access.log access.log.1
  pxtail learn routes --config pxtail.toml --source web access.log > routes.toml")]
    Routes(LearnRoutesArguments),
}

#[derive(Debug, Args)]
pub struct LearnPatternArguments {
    /// A log, or a server's configuration.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Take the format of the log from this configuration of the server that writes it.
    #[arg(long, value_name = "FILE")]
    pub server_config: Option<PathBuf>,
    /// The name of the new pattern. By default made from the format's or the file's name.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where to write: a directory, a file ending in .toml, or `-` for standard output. By default ./NAME.toml.
    #[arg(short, long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Write a new pattern also where a known one reads the log.
    #[arg(long)]
    pub new: bool,
    /// Put made-up addresses, users, tokens and query values into the cases, in place of the log's own.
    #[arg(long)]
    pub redact: bool,
    /// The configuration beside which to look for patterns.
    #[arg(short, long, value_name = "FILE", default_value = "/etc/pxtail/pxtail.toml")]
    pub config: PathBuf,
}

#[derive(Debug, Args)]
pub struct LearnRoutesArguments {
    /// Read the lines by this pattern: its name, or a pattern file.
    #[arg(short, long, value_name = "NAME|FILE", conflicts_with = "source")]
    pub pattern: Option<String>,
    /// The configuration whose source is meant, and beside which to look for patterns.
    #[arg(short, long, value_name = "FILE", default_value = "/etc/pxtail/pxtail.toml")]
    pub config: PathBuf,
    /// Read the lines as this source of the configuration.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Leave out routes with fewer lines than this.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub min_lines: u64,
    /// More different texts than this in one place of a path are names that vary.
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub max_texts: u32,
    /// The logs; `-` is standard input.
    #[arg(required = true, value_name = "LOG")]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(subcommand)]
    pub verb: ListVerb,
}

#[derive(Debug, Subcommand)]
pub enum ListVerb {
    /// List the patterns that a source can name; with a name, show that one whole.
    ///
    /// A pattern of /etc/pxtail/patterns.d wins over one of the same name in /usr/share/pxtail/patterns, and that one over
    /// the one that is built in.
    #[command(after_help = "Examples:
  pxtail list patterns
  pxtail list patterns combined
  pxtail list patterns --json | jq -r '.[].name'")]
    Patterns(ListPatternsArguments),
}

#[derive(Debug, Args)]
pub struct ListPatternsArguments {
    /// Show this pattern whole: its fields with their types, an example line, and its file's text. A word that is no
    /// pattern's name lists those whose name or sentence has it.
    #[arg(value_name = "NAME|WORD")]
    pub name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The configuration beside which to look for patterns.
    #[arg(short, long, value_name = "FILE", default_value = "/etc/pxtail/pxtail.toml")]
    pub config: PathBuf,
}
