//! What stands around the records of a log: wrappers, and lines that belong to the record before them.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use regex::bytes::RegexSet;

use crate::model::fault::{Located, Location};
use crate::model::fields::Fields;
use crate::model::spec::{Engine, PatternSpec, RecordSpec};
use crate::parse::Pattern;

/// A log whose lines hold other lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// As `unwrap` of a source has it.
    pub name: &'static str,
    pub inner: Vec<Vec<u8>>,
}

/// Wrappers that are tried, those with the strictest form first.
const WRAPPERS: [&str; 4] = ["cri", "docker", "syslog_rfc5424", "syslog_rfc3164"];
/// Which part of the lines must have the wrapper.
const WRAPPED: f64 = 0.9;

/// The lines inside the lines, where nearly all are wrapped alike.
#[must_use]
pub fn unwrapped(lines: &[&[u8]]) -> Option<Wrapped> {
    WRAPPERS.into_iter().find_map(|name| {
        let at = Location::new(name, 0);
        let engine = Located::new(Engine::Builtin { name: name.to_owned() }, at.clone());
        let spec = PatternSpec {
            at,
            name: name.to_owned(),
            about: None,
            engine,
            types: [].into(),
            records: RecordSpec::default(),
            cases: Vec::new(),
        };
        let pattern = Pattern::compile(&spec).ok()?;
        let mut parser = pattern.line_parser(&["message"], &TimeZone::UTC).ok()?;
        let mut fields = Fields::with_slots(1);
        let mut inner = Vec::new();
        for line in lines {
            if parser.parse(line, &mut fields).is_ok()
                && let Some(message) = fields.get(line, 0)
            {
                inner.push(message.strip_suffix(b"\n").unwrap_or(message).to_vec());
            }
        }
        let is_most = inner.len() as f64 >= lines.len().max(1) as f64 * WRAPPED;
        inner.retain(|line| !line.is_empty());
        (is_most && !inner.is_empty()).then_some(Wrapped { name, inner })
    })
}

/// Lines that go on with the record before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multiline {
    /// As `multiline` of a source has it.
    pub preset: &'static str,
    /// Places of such lines.
    pub places: Vec<usize>,
}

const PRESETS: [&str; 5] = ["java", "python", "go", "ruby", "indented"];

static CONTINUATIONS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let expressions = [
        r"^\s+at [\w.$<>/]+\(|^Caused by: |^\s+\.\.\. \d+ (?:more|common frames)|^\s*Suppressed: ",
        r#"^Traceback \(most recent call last\)|^  File ".*", line \d+|^During handling of the above"#,
        r"^goroutine \d+ \[|^\t.*\.go:\d+|^created by ",
        r"^\s+from .*:\d+:in |^\s+.*\.rb:\d+:in ",
        r"^[ \t]+\S",
    ];
    RegexSet::new(expressions).ok()
});

/// Continuation lines at least, to say that a log has them.
const FEWEST: usize = 2;

/// The preset that fits the lines which look like parts of a record; `None` where there are next to none. Lines that begin
/// as others do are none, whatever they look like: where most begin with a space, that is the format.
#[must_use]
pub fn multiline(lines: &[&[u8]]) -> Option<Multiline> {
    let set = CONTINUATIONS.as_ref()?;
    let mut counts = [0_usize; PRESETS.len()];
    let mut places = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let found = set.matches(line);
        if found.matched_any() {
            places.push(place);
        }
        for preset in &found {
            counts[preset] += 1;
        }
    }
    let is_rare = places.len() * 10 <= lines.len() * 9;
    if places.len() < FEWEST || !is_rare || places.first() == Some(&0) && places.len() * 2 > lines.len() {
        return None;
    }
    // `indented` fits most of the others too: they say more.
    let special =
        (0..PRESETS.len() - 1).filter(|preset| counts[*preset] >= FEWEST).max_by_key(|preset| counts[*preset]);
    let preset = PRESETS[special.unwrap_or(PRESETS.len() - 1)];
    Some(Multiline { preset, places })
}
