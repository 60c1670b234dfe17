//! The checked configuration: what a person asked for, with every name resolved and every unit made explicit.
//!
//! Promises: `config` makes these and nothing else does; the stages take them as they are. Places ([`Location`]) are kept
//! where a later step (a pattern that does not compile, a field that a pattern lacks) may find a fault.
//! Does not: say how a configuration is written; that is `config`'s.

mod metric;
mod pattern;
mod record;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::encoding::TextEncoding;
use super::fault::{Located, Location};

pub use metric::{Condition, DateOf, Late, Measure, MetricSpec, Scalar, Template, TemplatePart, Test, WindowLength};
pub use pattern::{
    BUILTINS, CaseSpec, Columns, DelimitedSpec, Engine, GrokNames, KeyValueDialect, KeyValueSpec, NginxEscape,
    PatternSpec, Quoting, Sources, TypeSpec,
};
pub use record::{MultilinePreset, MultilineRule, MultilineSpec, PathGlob, PathPiece, RecordSpec, Wrapper};

/// Everything.
#[derive(Clone, Debug)]
pub struct Configuration {
    pub agent: AgentSpec,
    pub px: PxSpec,
    pub push: PushSpec,
    pub tail: TailSpec,
    pub sources: Vec<SourceSpec>,
    pub metrics: Vec<MetricSpec>,
    /// Every pattern that can be named, by name: `/etc` over `/usr/share` over those built in.
    pub patterns: BTreeMap<String, PatternSpec>,
    /// Pattern files that could not be read as such. A fault only where a source names the pattern.
    pub broken_patterns: BTreeMap<String, Vec<super::fault::Fault>>,
}

/// `[agent]`: the process as a whole.
#[derive(Clone, Debug)]
pub struct AgentSpec {
    pub state_dir: PathBuf,
    /// Longest time between two commits while lines come in.
    pub commit_interval: Duration,
    /// A commit comes earlier after so many lines.
    pub commit_lines: u64,
    /// Between two copies of the ledger.
    pub copy_interval: Duration,
    /// The status socket; by default `pxtail.sock` in the state directory.
    pub socket: PathBuf,
}

/// `[px]`: where events go and at what pace.
#[derive(Clone, Debug)]
pub struct PxSpec {
    /// Without a trailing slash, with the version: `https://api.aptrinsic.com/v1`.
    pub base_url: Located<String>,
    pub product_key: Located<String>,
    /// Where the API key is; the key itself is never in a specification.
    pub api_key: ApiKeySource,
    /// This host's share of the subscription's 200 requests per second.
    pub requests_per_second: f64,
    /// This host's share of the subscription's 1,000,000 requests per day.
    pub requests_per_day: u64,
    pub connect_timeout: Duration,
    /// For one whole request, from connecting to the last byte of the answer.
    pub request_timeout: Duration,
    /// More certificate authorities, in PEM, beside the system's.
    pub ca_file: Option<Located<PathBuf>>,
}

/// Where the API key comes from, in the order in which they are tried: file, systemd credential `pxtail-api-key`,
/// environment variable `PXTAIL_PX_API_KEY`.
#[derive(Clone, Debug)]
pub struct ApiKeySource {
    pub file: Option<Located<PathBuf>>,
}

/// `[push]`: the outbox and how it empties.
#[derive(Clone, Debug)]
pub struct PushSpec {
    /// Sealed events wait for `pxtail outbox release`.
    pub hold: bool,
    /// An event whose outcome is unknown is looked up in PX; when it is not found so long after the attempt, it is
    /// taken as lost and sent again.
    pub settle_wait: Duration,
    /// What becomes of such an event where the API key is not allowed to look it up.
    pub on_unknown: OnUnknown,
    /// Requests under way at once.
    pub concurrency: u32,
    /// Waiting events (not parked ones) beyond which reading pauses.
    pub outbox_max_events: u64,
    /// How long rows of sent and dropped events are kept for audits.
    pub sent_retention: Duration,
}

/// What becomes of an event of which nobody can know whether PX has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknown {
    /// It waits for a person, or until PX can be asked: it may be missing in PX.
    #[default]
    Park,
    /// It is sent again: it may be in PX twice.
    Resend,
}

/// `[tail]`: how files are followed.
#[derive(Clone, Debug)]
pub struct TailSpec {
    pub wake: Wake,
    /// Between two looks at files that were active lately.
    pub poll_interval: Duration,
    /// Between two looks for new files (globs).
    pub scan_interval: Duration,
    /// Longer lines are dropped to their newline, and counted. At most 1 GiB.
    pub max_line_bytes: usize,
    /// Open handles at most.
    pub max_open_files: usize,
    /// A file that was renamed or deleted is read on for so long after its last byte, then closed.
    pub rotated_grace: Duration,
    /// Cursors of files that are gone are forgotten after this.
    pub forget_gone: Duration,
}

/// What wakes the tail beside its timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// File events as hints, through linemux, on a thread of its own.
    Linemux,
    /// The timer alone.
    Poll,
}

/// Where a file is begun that was never seen before the agent's first scan of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    Beginning,
    /// At its end. Files that appear later are read from their beginning either way.
    End,
}

/// `[[source]]`
#[derive(Clone, Debug)]
pub struct SourceSpec {
    pub at: Location,
    pub name: String,
    /// Absolute globs.
    pub paths: Vec<Located<String>>,
    pub exclude: Vec<Located<String>>,
    /// How lines become records. Where it says nothing, its patterns may.
    pub records: RecordSpec,
    /// Of `paths`, those that give fields.
    pub path_fields: Vec<PathGlob>,
    /// The patterns' names, in the order in which they are tried; not empty, each once.
    pub patterns: Vec<Located<String>>,
    pub start_at: StartAt,
    pub encoding: TextEncoding,
    /// For times that have no zone of their own: an IANA name. UTC when not given.
    pub time_zone: jiff::tz::TimeZone,
    /// The part of its records, from 0 to 1, below which it is said that they do not match any more.
    pub min_match_rate: f64,
}
