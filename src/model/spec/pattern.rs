//! How lines are read: a pattern file.
//!
//! Does not: say how it is written; that is `config`'s.

use std::collections::BTreeMap;

use super::{RecordSpec, Scalar};
use crate::model::fault::{Located, Location};
use crate::model::fields::FieldType;
use crate::model::step::FieldStep;
use crate::model::time::UnixMicros;

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
