//! The checked configuration: what a person asked for, with every name resolved and every unit made explicit.
//!
//! Promises: `config` makes these and nothing else does; the stages take them as they are. Places ([`Location`]) are kept
//! where a later step (a pattern that does not compile, a field that a pattern lacks) may find a fault.
//! Does not: say how a configuration is written; that is `config`'s.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::decimal::Decimal;
use super::fault::{Located, Location};
use super::fields::FieldType;
use super::step::FieldStep;
use super::time::UnixMicros;

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
    /// Requests under way at once.
    pub concurrency: u32,
    /// Waiting events (not parked ones) beyond which reading pauses.
    pub outbox_max_events: u64,
    /// How long rows of sent events are kept for audits.
    pub keep_sent: Duration,
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
    /// For times that have no zone of their own: an IANA name. UTC when not given.
    pub time_zone: jiff::tz::TimeZone,
    /// The part of its records, from 0 to 1, below which it is said that they do not match any more.
    pub min_match_rate: f64,
}

/// A glob of `paths`, cut at the names in it: `/var/log/{tenant}/*.log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathGlob {
    pub at: Location,
    pub pieces: Vec<PathPiece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPiece {
    Glob(String),
    /// A field: at least one byte, none of them `/`.
    Name(String),
}

impl PathGlob {
    /// The names in it, from left to right.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            PathPiece::Name(name) => Some(name.as_str()),
            PathPiece::Glob(_) => None,
        })
    }
}

/// How lines become records: what is taken off each line, and which lines belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordSpec {
    /// Outermost first.
    pub unwrap: Vec<Located<Wrapper>>,
    pub multiline: Option<Located<MultilineSpec>>,
}

/// A format that carries lines of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// Kubernetes' container logs; partial lines are joined.
    Cri,
    /// Docker's `json-file`; partial lines are joined.
    Docker,
    /// RFC 3164 or RFC 5424, as each line is.
    Syslog,
    SyslogRfc3164,
    SyslogRfc5424,
}

impl Wrapper {
    pub const ALL: [Self; 5] = [Self::Cri, Self::Docker, Self::Syslog, Self::SyslogRfc3164, Self::SyslogRfc5424];

    /// The name in configurations, which is that of the built-in format too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cri => "cri",
            Self::Docker => "docker",
            Self::Syslog => "syslog",
            Self::SyslogRfc3164 => "syslog_rfc3164",
            Self::SyslogRfc5424 => "syslog_rfc5424",
        }
    }

    /// What its fields' names begin with: `cri_time`.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Cri => "cri",
            Self::Docker => "docker",
            Self::Syslog | Self::SyslogRfc3164 | Self::SyslogRfc5424 => "syslog",
        }
    }

    /// Whether it has streams, and lines in parts.
    #[must_use]
    pub const fn is_container(self) -> bool {
        matches!(self, Self::Cri | Self::Docker)
    }
}

/// Which lines belong to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultilineSpec {
    pub rule: MultilineRule,
    /// A record that gets no more lines for so long is complete.
    pub timeout: Duration,
    /// A record is cut before the line that would go beyond one of these.
    pub max_lines: u32,
    pub max_bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultilineRule {
    Preset(MultilinePreset),
    /// Regular expressions, found anywhere in a line unless they are anchored; at least one is given. A line that matches
    /// `continuation` belongs to the record before it; one that matches `start` begins a record; one that matches `end` is
    /// the last of its record. What matches none belongs to the record before it, but where there is a `continuation`.
    Lines {
        start: Option<String>,
        continuation: Option<String>,
        end: Option<String>,
    },
}

/// How languages write stack traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultilinePreset {
    Java,
    Python,
    Go,
    Ruby,
    /// A line that begins with a space or a tab belongs to the one before it.
    Indented,
}

/// `[[metric]]`
#[derive(Clone, Debug)]
pub struct MetricSpec {
    pub at: Location,
    pub name: String,
    /// Names of sources; not empty.
    pub sources: Vec<Located<String>>,
    /// PX's `eventName`.
    pub event: Located<String>,
    pub window: WindowLength,
    /// In which days and parts of days are reckoned. UTC where the window is shorter than a day and none is given.
    pub time_zone: jiff::tz::TimeZone,
    pub date: DateOf,
    /// How long after a window's end lines still belong to it.
    pub grace: Duration,
    /// How long a file that cannot be read holds a window back.
    pub seal_wait: Duration,
    pub late: Late,
    /// Late lines gather for so long.
    pub late_every: Duration,
    /// A time further ahead of the clock is refused.
    pub max_ahead: Duration,
    /// PX's `identifyId`. At least one of `user` and `account` is given.
    pub user: Option<Located<Template>>,
    /// PX's `accountId`.
    pub account: Option<Located<Template>>,
    /// Stands in for the user in events that have none.
    pub service_user: Option<String>,
    pub conditions: Vec<Located<Condition>>,
    /// Properties by name, in order of name.
    pub properties: BTreeMap<String, Located<Template>>,
    /// Measures by name, in order of name; not empty (one `count` named `count` when none is given).
    pub measures: BTreeMap<String, Located<Measure>>,
    /// Groups per window beyond which further keys fold into one overflow group.
    pub max_groups: u32,
}

/// How long a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowLength {
    /// The calendar day in the metric's zone: 23, 24 or 25 hours, as it comes.
    Day,
    /// A part of a day: divides 24 hours evenly. Counted in elapsed time from the zone's midnight.
    Part(Duration),
}

/// What an event's `date` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOf {
    /// The middle of the window; for a day, noon on its clock: a reader one zone further west still sees the right day.
    Noon,
    /// The window's start.
    Start,
}

/// What becomes of a line whose window is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It is sent in a later revision of the window, with the additive measures of what is new.
    Delta,
    /// It is counted as dropped.
    Drop,
}

/// What a measure takes from each line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Lines.
    Count,
    Sum {
        field: String,
    },
    Min {
        field: String,
    },
    Max {
        field: String,
    },
}

impl Measure {
    /// Whether parts of it can be added by whoever reads them: such measures go into revisions.
    #[must_use]
    pub const fn is_additive(&self) -> bool {
        matches!(self, Self::Count | Self::Sum { .. })
    }

    /// The field it reads, where it reads one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Count => None,
            Self::Sum { field } | Self::Min { field } | Self::Max { field } => Some(field),
        }
    }
}

/// Text with fields in it: `{user}`, `{region}-{account|none}`, `{{` and `}}` for braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub parts: Vec<TemplatePart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    Literal(String),
    /// Absent without `default` makes the whole template absent.
    Field {
        name: String,
        default: Option<String>,
    },
}

impl Template {
    /// The fields it reads.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Field { name, .. } => Some(name.as_str()),
            TemplatePart::Literal(_) => None,
        })
    }
}

/// One condition of `where`: all of a metric's conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub field: String,
    pub test: Test,
}

/// A test of one field. An absent field fails every test but `Exists(false)` and `Not`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Equal to one of these. A number compares by value, a text byte for byte.
    OneOf(Vec<Scalar>),
    Prefix(Vec<String>),
    Suffix(Vec<String>),
    Contains(Vec<String>),
    /// A regular expression, found anywhere unless it is anchored.
    Regex(String),
    /// `from..to`: from is inside, to is not; either may be open.
    Range {
        from: Option<Decimal>,
        to: Option<Decimal>,
    },
    Exists(bool),
    Not(Box<Test>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    Text(String),
    Number(Decimal),
    Boolean(bool),
}

/// A pattern file.
#[derive(Clone, Debug)]
pub struct PatternSpec {
    pub at: Location,
    pub name: String,
    /// One sentence, for lists of patterns.
    pub about: Option<String>,
    pub engine: Located<Engine>,
    /// How lines become records, inside of what a source says.
    pub records: RecordSpec,
    /// Fields' types, and fields made from others, by field.
    pub types: BTreeMap<String, Located<TypeSpec>>,
    pub cases: Vec<CaseSpec>,
}

/// How a line is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The syntax of nginx's `log_format`: `$variable`.
    NginxTemplate { text: String, escape: NginxEscape },
    /// The syntax of Apache's `LogFormat`: `%h`, `%{Name}i`.
    ApacheTemplate { text: String },
    /// The syntax of HAProxy's `log-format`: `%ci`, `%[capture.req.hdr(0)]`.
    HaproxyTemplate { text: String },
    /// The syntax of Envoy's `text_format`: `%REQ(:METHOD)%`.
    EnvoyTemplate { text: String },
    /// Several of those above: the first that fits a line reads it.
    Templates(Vec<Engine>),
    /// Named groups, `(?<n>…)` or `(?P<n>…)`. Matches the whole line.
    Regex { text: String },
    /// `%{NAME:field:type}`. `definitions` are lines of `NAME regex`, before those of the base library.
    Grok { text: String, definitions: String, names: GrokNames },
    /// One JSON object a line. Sources are paths (`user.id`, `items[0].sku`); top-level keys that are not named here are
    /// fields under their own name.
    Json { fields: Sources },
    /// `key=value` pairs, logfmt among them.
    KeyValue(KeyValueSpec),
    /// W3C's extended log format (IIS): columns as the last `#Fields:` line says; before the first one, those of the lists
    /// here that has as many columns as the line. The lists differ in length.
    W3c { columns: Vec<Vec<String>> },
    /// Comma- or tab-separated values.
    Delimited(DelimitedSpec),
    /// Labelled tab-separated values: `label:value`. Sources are labels.
    Ltsv { fields: Sources },
    /// A format that the program knows, see [`BUILTINS`].
    Builtin { name: String },
}

impl Engine {
    /// What it is called in lists.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NginxTemplate { .. } => "nginx template",
            Self::ApacheTemplate { .. } => "Apache template",
            Self::HaproxyTemplate { .. } => "HAProxy template",
            Self::EnvoyTemplate { .. } => "Envoy template",
            Self::Templates(_) => "templates",
            Self::Regex { .. } => "regex",
            Self::Grok { .. } => "grok",
            Self::Json { .. } => "JSON",
            Self::KeyValue(spec) => match spec.dialect {
                KeyValueDialect::Logfmt => "logfmt",
                KeyValueDialect::Loose => "key=value",
            },
            Self::W3c { .. } => "W3C",
            Self::Delimited(_) => "columns",
            Self::Ltsv { .. } => "LTSV",
            Self::Builtin { .. } => "built-in",
        }
    }
}

/// Formats that the program knows by itself, by the name that `builtin = "…"` takes, in order of name.
pub const BUILTINS: [&str; 17] = [
    "aws_alb",
    "aws_cloudfront",
    "aws_elb",
    "aws_s3",
    "combined",
    "common",
    "cri",
    "docker",
    "haproxy_http",
    "haproxy_tcp",
    "squid",
    "syslog",
    "syslog_rfc3164",
    "syslog_rfc5424",
    "traefik_clf",
    "vhost_combined",
    "vhost_common",
];

/// Which fields the base library's grok patterns give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrokNames {
    /// Logstash's older ones: `clientip`, `verb`.
    #[default]
    Legacy,
    /// Those of the Elastic Common Schema: `source.address`, `http.request.method`.
    Ecs,
}

/// Fields by name, each with where its text is: the first of these that a line has.
pub type Sources = BTreeMap<String, Vec<String>>;

/// How pairs are written. Keys that no field names are fields under their own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValueSpec {
    pub fields: Sources,
    /// Between two pairs; any run of spaces when it is a space.
    pub between_pairs: String,
    /// Between a key and its value.
    pub between_key_and_value: String,
    pub dialect: KeyValueDialect,
}

/// What is allowed beside plain pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyValueDialect {
    /// Words and pairs with spaces between them; a value in `"` has Go's escapes; a word alone is a key with an empty value.
    Logfmt,
    /// Text that is no pair is passed over; values may be in `"` or `'`.
    Loose,
}

/// Columns between separators, as RFC 4180 writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelimitedSpec {
    pub separator: u8,
    pub columns: Columns,
    pub quoting: Quoting,
}

/// Where columns' names come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// Given; `_` or an empty name is a column without one. `*` as the last name: any more columns may follow.
    Named(Vec<String>),
    /// The first line of each file.
    Header,
}

/// How a separator inside a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Values may be in `"`, a quote in one is written twice.
    Doubled,
    /// With a backslash (TSV's `\t`); `\N` is an absent value.
    Backslash,
}

/// nginx's `escape=` parameter of `log_format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NginxEscape {
    Default,
    Json,
    None,
}

/// One entry of `[types]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeSpec {
    /// The field it is made from; itself when not given.
    pub from: Option<String>,
    pub kind: FieldType,
    /// For times, tried in order: `clf`, `rfc3339`, `syslog`, `unix`, `unix_ms`, … or strptime formats with `%`.
    pub formats: Vec<String>,
    /// What is done with the text of `from`, in this order. Empty: it is taken as it stands.
    pub steps: Vec<FieldStep>,
}

impl TypeSpec {
    /// A type and nothing else.
    #[must_use]
    pub const fn of(kind: FieldType) -> Self {
        Self { from: None, kind, formats: Vec::new(), steps: Vec::new() }
    }
}

/// One `[[case]]`: a line and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSpec {
    pub at: Location,
    /// The lines that come before it in the file and say how it is read, such as `#Fields:`. As a rule none.
    pub after: Vec<String>,
    pub line: String,
    /// `None`: the line must not match. Otherwise fields and their values: a text as it stands in the line, a number by
    /// value, a time as RFC 3339; `Scalar::Text("")` is an empty field; a field expected absent is listed in `absent`.
    pub expect: Option<BTreeMap<String, Scalar>>,
    /// Fields that must be absent.
    pub absent: Vec<String>,
    /// When the line is read: for times without a year.
    pub read_at: UnixMicros,
}
