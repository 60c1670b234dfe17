//! What stands around the records of a log: wrappers, and lines that belong to the record before them.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use regex::bytes::RegexSet;

use crate::config::pattern_file::READ_AT;
use crate::model::fault::{Located, Location};
use crate::model::spec::{RecordSpec, Wrapper};
use crate::model::time::UnixMicros;
use crate::parse::LineTime;
use crate::parse::record::{Flush, Pending, Piece, Records, Seen};

/// A log whose lines hold other lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// As `unwrap` of a source has it.
    pub name: &'static str,
    pub inner: Vec<Vec<u8>>,
}

/// Wrappers that are tried, those with the strictest form first.
const WRAPPERS: [Wrapper; 4] = [Wrapper::Cri, Wrapper::Docker, Wrapper::SyslogRfc5424, Wrapper::SyslogRfc3164];
/// Of a line that is joined of parts: longer ones are cut.
const LINE_BYTES: usize = 1 << 20;
/// Which part of the lines must have the wrapper.
const WRAPPED: f64 = 0.9;

/// The lines inside the lines, where nearly all are wrapped alike.
#[must_use]
pub fn unwrapped(lines: &[&[u8]]) -> Option<Wrapped> {
    WRAPPERS.into_iter().find_map(|wrapper| {
        let (mut inner, foreign) = inside(wrapper, lines)?;
        let is_most = foreign as f64 <= lines.len() as f64 * (1.0 - WRAPPED);
        inner.retain(|line| !line.is_empty());
        (is_most && !inner.is_empty()).then_some(Wrapped { name: wrapper.name(), inner })
    })
}

/// The lines inside, with those joined that come in parts, and how many are not wrapped.
fn inside(wrapper: Wrapper, lines: &[&[u8]]) -> Option<(Vec<Vec<u8>>, usize)> {
    let unwrap = vec![Located::new(wrapper, Location::new(wrapper.name(), 0))];
    joined(&RecordSpec { unwrap, multiline: None }, lines)
}

/// The records of lines, and how many lines have not the wrapper that all should have. `None`: lines are records.
pub(super) fn joined(spec: &RecordSpec, lines: &[&[u8]]) -> Option<(Vec<Vec<u8>>, usize)> {
    let records = Records::compile(spec, LINE_BYTES).ok()??;
    let mut reader = records.reader(&[], &TimeZone::UTC, LineTime::Left).ok()?;
    reader.set_reference_time(READ_AT);
    let mut pending = Pending::default();
    let seen = Seen { now: UnixMicros(0), complete_until: UnixMicros(0) };
    let (mut inner, mut foreign) = (Vec::new(), 0);
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Record { line, .. } => inner.push(line.strip_suffix(b"\n").unwrap_or(line).to_vec()),
        Piece::Foreign { .. } => foreign += 1,
    };
    for (line, number) in lines.iter().zip(1..) {
        reader.push(&mut pending, line, number, seen, &mut take);
    }
    reader.flush(&mut pending, Flush::All, &mut take);
    Some((inner, foreign))
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
