//! `[types]`: fields' types, and fields made from others.
//!
//! ```toml
//! [types]
//! status = "integer"                                   # text | integer | number | time | boolean | duration | size
//! time = { from = "time_local", format = "clf" }       # or a list, tried in order: ["rfc3339", "%d/%b/%Y %H:%M:%S"]
//! tenant = { from = "query", parameter = "tenant", decode = "form" }
//! version = { from = "path", segment = 2 }
//! user = { from = "authorization", jwt = "sub", absent = ["anonymous"], case = "lower" }
//! client = { from = "http_x_forwarded_for", forwarded = { trusted = ["private", "203.0.113.0/24"] } }
//! bot = { from = "user_agent", agent = "bot" }
//! seconds = { from = "duration", type = "duration", unit = "us" }
//! ```
//!
//! What an entry says is done in this order, however it is written down:
//!
//! 1. `from`: the field it is made from, with all that `[types]` says of that one; itself when not given.
//! 2. `decode = "escapes"`: the log writer's escapes (`\x22`, `\"`, `\u00fc`) are undone. First in a list of several.
//! 3. One of these takes a piece, as it is written:
//!    - `url`: `"scheme"`, `"host"`, `"port"`, `"path"` or `"query"` of a URL or target.
//!    - `parameter`: the value of the first query parameter of this name, out of a query, target or URL.
//!    - `cookie`: the value of the first cookie of this name.
//!    - `segment`: a path's segment, from 1, or from the end with -1. Empty ones are not counted.
//!    - `forwarded`: the client out of `X-Forwarded-For` or `Forwarded`: from the right, the first that is in none of the
//!      networks of `trusted` (addresses, `10.0.0.0/8`, `"loopback"`, `"link_local"`, `"private"`); the leftmost where all
//!      are. Only as good as the list's last entry: log `$proxy_add_x_forwarded_for`, or take requests from your proxies only.
//!    - `jwt`: a claim of a JSON Web Token, with `Bearer ` or without: `sub`, `realm.roles[0]`. The signature is not looked
//!      at: count by it only what the application accepted (`status`).
//!    - `agent`: `"bot"`, `"tool"` or `"browser"` for `true` or `false`, `"class"` for the class's name (`other` beside these).
//! 4. `decode`: `"url"` (`%XX`), `"form"` (`%XX`, and `+` for a space) or `"base64"`, or several in order. Once for each
//!    time it is named.
//! 5. `split = "@"` with `item = -1`: the piece at a place between separators, from 1, or from the end.
//! 6. `capture = 'plan=([a-z]+)'`: what the one group of a regex matches, found anywhere unless it is anchored.
//! 7. `case = "lower"` or `"upper"`.
//! 8. `absent = ["", "(null)"]`: texts that mean "none", beside `-` (which is a text in JSON alone).
//! 9. `type`, `format` and `unit`: `integer` and `number` take plain decimals, without separators of thousands. `duration`
//!    takes `1.5ms`, `1h2m3s`, `00:00:01.5`, `PT1.5S` and gives seconds; `size` takes `1.5 KiB`, `12kB`, `1,234` and gives bytes
//!    (`K` alone is 1024). Bare numbers are in `unit`: bytes where a size has none, refused where a duration has none.
//!
//! A step that finds nothing makes the field absent; a text that does not fit its type does too, and is counted.

mod networks;
mod steps;

use std::collections::BTreeMap;

use crate::config::names;
use crate::config::value::Value;
use crate::config::words::{nearest, one_of, shown};
use crate::model::fault::Located;
use crate::model::fields::FieldType;
use crate::model::spec::TypeSpec;
use crate::model::step::{AgentAnswer, FieldStep, TimeUnit};

/// Time formats with a name; every other format is strptime's and holds a `%`.
const TIME_FORMATS: [&str; 8] = ["auto", "clf", "rfc3339", "syslog", "unix", "unix_ms", "unix_ns", "unix_us"];

/// What `type` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Field(FieldType),
    Duration,
    Size,
}

const KINDS: [(&str, Kind); 7] = [
    ("text", Kind::Field(FieldType::Text)),
    ("integer", Kind::Field(FieldType::Integer)),
    ("number", Kind::Field(FieldType::Number)),
    ("time", Kind::Field(FieldType::Time)),
    ("boolean", Kind::Field(FieldType::Boolean)),
    ("duration", Kind::Duration),
    ("size", Kind::Size),
];

const TIME_UNITS: [(&str, TimeUnit); 7] = [
    ("ns", TimeUnit::Nanosecond),
    ("us", TimeUnit::Microsecond),
    ("ms", TimeUnit::Millisecond),
    ("s", TimeUnit::Second),
    ("m", TimeUnit::Minute),
    ("h", TimeUnit::Hour),
    ("d", TimeUnit::Day),
];

const SIZE_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

pub(super) fn read(value: &Value<'_>) -> BTreeMap<String, Located<TypeSpec>> {
    let mut types = BTreeMap::new();
    for (field, value) in value.section("`[types]`".to_owned()).map(|table| table.entries()).unwrap_or_default() {
        names::check_field(field, &value);
        if let Some(spec) = read_type(field, &value) {
            types.insert(field.to_owned(), Located::new(spec, value.at));
        }
    }
    types
}

fn read_type(field: &str, value: &Value<'_>) -> Option<TypeSpec> {
    if value.node.is_str() {
        return spec(None, value.choice(&KINDS)?, Vec::new(), Vec::new(), None);
    }
    if !value.node.is_table() {
        value.wrong_type("a type in quotes, or a table with `from`, `type`, `format` and others", "\"integer\"");
        return None;
    }
    let mut table = value.section(format!("type `{}`", shown(field)))?;
    let from = table.get("from").and_then(|value| value.filled_text());
    let kind = table.get("type");
    let format = table.get("format");
    let unit = table.get("unit");
    let steps = steps::read(&mut table);
    let has_agent = table.get("agent").is_some();
    table.finish();
    let steps = steps?;
    let kind = match &kind {
        Some(kind) if has_agent => {
            kind.fault(
                &format!("{} stands beside `agent`", kind.title),
                "leave it out: the answer has a type of its own",
            );
            return None;
        }
        Some(kind) => kind.choice(&KINDS)?,
        None if format.is_some() => Kind::Field(FieldType::Time),
        None if matches!(steps.last(), Some(FieldStep::Agent(AgentAnswer::Is(_)))) => Kind::Field(FieldType::Boolean),
        None => Kind::Field(FieldType::Text),
    };
    let formats = match format {
        None => Vec::new(),
        Some(value) if kind == Kind::Field(FieldType::Time) => read_time_formats(&value)?,
        Some(value) => {
            value.fault(&format!("{} is for times only", value.title), "leave it out, or set type = \"time\"");
            return None;
        }
    };
    spec(from.map(|from| from.value), kind, formats, steps, unit.as_ref())
}

/// The whole of an entry, with what its kind does last.
fn spec(
    from: Option<String>,
    kind: Kind,
    formats: Vec<String>,
    mut steps: Vec<FieldStep>,
    unit: Option<&Value<'_>>,
) -> Option<TypeSpec> {
    let kind = match (kind, unit) {
        (Kind::Field(kind), None) => kind,
        (Kind::Field(_), Some(unit)) => {
            let help = "leave it out, or set type = \"duration\" or type = \"size\"";
            unit.fault(&format!("{} is for durations and sizes only", unit.title), help);
            return None;
        }
        (Kind::Duration, unit) => {
            let bare = unit.map(|unit| unit.choice(&TIME_UNITS).ok_or(())).transpose().ok()?;
            steps.push(FieldStep::Seconds { bare });
            FieldType::Number
        }
        (Kind::Size, unit) => {
            steps.push(FieldStep::Bytes { bare: unit.map_or(Some(1), |unit| unit.choice(&SIZE_UNITS))? });
            FieldType::Number
        }
    };
    Some(TypeSpec { from, kind, formats, steps })
}

/// One format, or a list of them.
fn read_time_formats(value: &Value<'_>) -> Option<Vec<String>> {
    if !value.node.is_array() {
        return Some(vec![read_time_format(value)?]);
    }
    let formats = value.list()?;
    if formats.is_empty() {
        value.fault(&format!("{} is empty", value.title), "write at least one format in it");
        return None;
    }
    formats.iter().map(read_time_format).collect()
}

fn read_time_format(value: &Value<'_>) -> Option<String> {
    let format = value.filled_text()?.value;
    if TIME_FORMATS.contains(&format.as_str()) || format.contains('%') {
        return Some(format);
    }
    let help = match nearest(&format, TIME_FORMATS) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "write its parts as strptime does: \"%Y-%m-%d %H:%M:%S\"".to_owned(),
    };
    let known = one_of(TIME_FORMATS);
    value.fault(&format!("{} is `{}`; expected {known}, or a format with `%`", value.title, shown(&format)), &help);
    None
}

#[cfg(test)]
mod tests;
