//! What is counted: `[[metric]]`.
//!
//! Does not: say how it is written; that is `config`'s.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::decimal::Decimal;
use crate::model::fault::{Located, Location};

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
