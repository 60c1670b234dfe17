//! What can be typed, and the help for it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Follows access and application logs, adds usage up per user and account in time windows, and sends each closed window
/// to Gainsight PX as one event, once.
#[derive(Debug, Parser)]
#[command(
    name = "pxtail",
    version,
    max_term_width = 100,
    after_help = "First steps:
  pxtail demo --exit                  see the whole job on generated traffic
  pxtail check --config FILE          find every fault of a configuration
  pxtail dry-run --config FILE LOG    see what a log would send; nothing is sent
  pxtail run --config FILE            follow the logs and send

Exit codes:
  0   done
  1   a check or a test failed
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
    /// Every window is closed at the end. Event ids are not those of a running agent, which have its own id in them.
    DryRun(DryRunArguments),
    /// Find every fault of a configuration: keys, patterns and their cases, fields, log files, the state directory.
    Check(ConfigArguments),
    /// Run the cases in pattern files: the lines they must read, and the lines they must refuse.
    Test(TestArguments),
    /// Run a local PX to try things out with: the REST calls of the real one, its validation and its limits.
    Sandbox(SandboxArguments),
    /// See or release the events that wait to be sent.
    Outbox(OutboxArguments),
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
    /// The logs; `-` is standard input.
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
    /// Pattern files; without any, those of the configuration and those that come with pxtail.
    #[arg(value_name = "FILE")]
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
pub struct OutboxArguments {
    #[command(subcommand)]
    pub verb: OutboxVerb,
}

#[derive(Debug, Subcommand)]
pub enum OutboxVerb {
    /// Count the events by state: held, ready, sending, unknown, sent, parked.
    List(ConfigArguments),
    /// Let held events go (`[push] hold = true` keeps them).
    Release(ConfigArguments),
}
