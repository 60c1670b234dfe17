//! W3C's extended log format, as IIS, CloudFront and many proxies write it.
//!
//! ```text
//! #Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)
//! 2026-11-23 10:00:00 203.0.113.9 GET /x 200 curl/8
//! ```
//!
//! Source: <https://www.w3.org/TR/WD-logfile>. Columns are fields under their names in small letters with `_` for what is no letter or digit
//! (`cs_user_agent`), and under the names that all formats share (`client`, `path`, …, see [`names`]).
//!
//! Promises: a line is read by the last `#Fields:` line before it, which is part of the file's state; a line has exactly as
//! many values as there are columns, so that no value can take the place of another. Values are separated by single tabs
//! or single spaces, whichever comes first in the line. They are as they are written: `+` stands for a space in IIS's.
//! Date and time are UTC, as the format says. A value in quotes may hold separators where the line has too many values
//! otherwise. Lines with `#` are no records.
//!
//! Does not: guess columns: before the first `#Fields:` line nothing matches, unless the pattern gives columns.

mod moment;
mod names;

use super::capture::Capture;
use super::catalogue::{Given, Known, Names, Origin};
use super::columns::{Split, TooMany};
use super::mismatch::Mismatch;
use super::template::Problem;
use super::time::TimeFormat;
use crate::model::fields::FieldType;

use moment::{Clock, is_clock, is_date};
use names::{Layout, Source, TimeSource, typed};

/// Longest `#Fields:` line that is taken and kept with a file's cursor.
const MOST_FIELDS_BYTES: usize = 16 * 1024;

/// Columns of a line that are looked at.
const MOST_COLUMNS: usize = 1_000;

/// The first byte of a state: its version.
const STATE_VERSION: u8 = 1;

/// Stands in the state for a `#Fields:` line that could not be read.
const UNREADABLE: u8 = 0;

/// Version and clock, before the `#Fields:` line.
const STATE_HEAD: usize = 1 + Clock::BYTES;

#[derive(Clone, Debug)]
pub(super) struct W3c {
    /// For files without `#Fields:`, by the number of columns.
    layouts: Vec<Layout>,
}

impl W3c {
    pub(super) fn compile(columns: &[Vec<String>]) -> Result<Self, Problem> {
        let mut layouts: Vec<Layout> = Vec::new();
        for names in columns {
            let layout = Layout::of(names.iter().map(String::as_str));
            if names.is_empty() || names.len() > MOST_COLUMNS {
                let message = format!("`columns` has {} columns; expected 1 to {MOST_COLUMNS}", names.len());
                return Err((
                    message,
                    "write them as a `#Fields:` line does: [\"date\", \"time\", \"c-ip\"]".to_owned(),
                ));
            }
            if layouts.iter().any(|earlier| earlier.columns() == layout.columns()) {
                let message = format!("two lists of `columns` have {} columns each", layout.columns());
                return Err((message, "lists must differ in length: a line is read by the one that fits".to_owned()));
            }
            layouts.push(layout);
        }
        Ok(Self { layouts })
    }

    pub(super) fn given(&self) -> Given {
        let known = |name: &str| {
            let kind = typed(name);
            let time = (kind == FieldType::Time).then_some(TimeFormat::Rfc3339);
            (Known { name: name.to_owned(), kind, time }, Origin::Key(name.to_owned()))
        };
        let mut listed: Vec<String> = names::CANONICAL.iter().map(|name| (*name).to_owned()).collect();
        listed.extend(self.layouts.iter().flat_map(Layout::named));
        listed.sort_unstable();
        listed.dedup();
        // A file's own list may have any column, also where the pattern gives some.
        Given { listed: listed.iter().map(|name| known(name)).collect(), names: Names::AnyKey }
    }

    /// Key `n` is captured as capture `n`.
    pub(super) fn reader(&self, keys: &[String]) -> W3cReader {
        let plan = |layout: &Layout| Plan::new(layout, keys);
        W3cReader {
            keys: keys.to_vec(),
            without_header: self.layouts.iter().map(plan).collect(),
            header: None,
            refuses: false,
            clock: Clock::default(),
            state: Vec::new(),
            split: Split::default(),
        }
    }
}

/// Columns, and where in them the wanted keys are.
#[derive(Clone, Debug)]
struct Plan {
    columns: usize,
    commas: bool,
    wanted: Vec<Option<Source>>,
    time: TimeSource,
}

impl Plan {
    fn new(layout: &Layout, keys: &[String]) -> Self {
        let wanted = keys.iter().map(|key| layout.find(key)).collect();
        Self { columns: layout.columns(), commas: layout.has_commas(), wanted, time: layout.time() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct W3cReader {
    keys: Vec<String>,
    without_header: Vec<Plan>,
    header: Option<Plan>,
    /// The last `#Fields:` line could not be read: nothing is, until the next.
    refuses: bool,
    clock: Clock,
    /// Version, clock and `#Fields:` line; empty until one of them is known.
    state: Vec<u8>,
    split: Split,
}

impl W3cReader {
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        captures.fill(Capture::ABSENT);
        self.split.begin();
        let line_without_mark = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if let Some(directive) = line_without_mark.strip_prefix(b"#") {
            return Err(self.directive(directive));
        }
        let plan = self.split_by_plan(line)?;
        self.note_time(plan, line)?;
        let plan = match plan {
            Some(index) => self.without_header.get(index),
            None => self.header.as_ref(),
        };
        let Some(plan) = plan else { return Err(Mismatch::said(0, "columns")) };
        for (capture, source) in captures.iter_mut().zip(&plan.wanted) {
            let Some(source) = source else { continue };
            *capture = match source {
                Source::Time => moment::capture(plan.time, &self.clock, &mut self.split, line),
                source => names::capture(source, &mut self.split, line),
            };
        }
        Ok(())
    }

    /// Splits the line; gives by which list of columns: the pattern's of this number, or the header's.
    fn split_by_plan(&mut self, line: &[u8]) -> Result<Option<usize>, Mismatch> {
        if self.refuses {
            return Err(Mismatch::said(0, "a `#Fields:` line that can be read before it"));
        }
        let Some(header) = &self.header else { return self.split_without_header(line).map(Some) };
        let columns = header.columns;
        if header.commas {
            self.split.quoted(line, b',', TooMany::Refused(columns))?;
        } else {
            let separator = separator(line);
            let line = self.split_words(line, separator, |found| found == columns)?;
            if self.split.len() > columns {
                self.split.quoted(line, separator, TooMany::Refused(columns))?;
            }
        }
        if self.split.len() == columns {
            Ok(None)
        } else {
            Err(Mismatch::said(line.len(), "as many values as `#Fields:` has"))
        }
    }

    fn split_without_header(&mut self, line: &[u8]) -> Result<usize, Mismatch> {
        if self.without_header.is_empty() {
            return Err(Mismatch::said(0, "a `#Fields:` line before the first record, or columns in the pattern"));
        }
        let plans = std::mem::take(&mut self.without_header);
        let place = |found: usize| plans.iter().position(|plan| plan.columns == found);
        let split = self.split_words(line, separator(line), |found| place(found).is_some());
        let found = split.map(|_| place(self.split.len()));
        self.without_header = plans;
        found?.ok_or_else(|| Mismatch::said(0, "as many values as one of the lists of columns has"))
    }

    /// Splits at each separator; once more without the spaces at the end where the number of values does not fit.
    fn split_words<'l>(
        &mut self,
        line: &'l [u8],
        separator: u8,
        fits: impl Fn(usize) -> bool,
    ) -> Result<&'l [u8], Mismatch> {
        self.split.plain(line, separator, TooMany::Refused(MOST_COLUMNS))?;
        let shorter = line.trim_ascii_end();
        if !fits(self.split.len()) && shorter.len() < line.len() {
            self.split.plain(shorter, separator, TooMany::Refused(MOST_COLUMNS))?;
        }
        Ok(shorter)
    }

    /// Checks date and time, and follows the clock where lines have no date.
    fn note_time(&mut self, plan: Option<usize>, line: &[u8]) -> Result<(), Mismatch> {
        let plan = match plan {
            Some(index) => self.without_header.get(index),
            None => self.header.as_ref(),
        };
        match plan.map(|plan| plan.time) {
            Some(TimeSource::DateAndTime(date, time)) => {
                if !is_date(self.split.unquoted(date, line)) {
                    return Err(Mismatch::said(0, "a date as YYYY-MM-DD in its column"));
                }
                if !is_clock(self.split.unquoted(time, line)) {
                    return Err(Mismatch::said(0, "a time as HH:MM:SS in its column"));
                }
            }
            Some(TimeSource::TimeAlone(time)) if self.clock.follows(self.split.unquoted(time, line)) => {
                self.keep_clock();
            }
            _ => {}
        }
        Ok(())
    }

    fn keep_clock(&mut self) {
        if self.state.len() < STATE_HEAD {
            self.state.clear();
            self.state.resize(STATE_HEAD, 0);
        }
        self.state[0] = STATE_VERSION;
        self.state[1..STATE_HEAD].copy_from_slice(&self.clock.bytes());
    }

    /// A line that began with `#`.
    fn directive(&mut self, text: &[u8]) -> Mismatch {
        if let Some(names) = named(text, b"fields") {
            return self.fields(names);
        }
        if let Some(date) = named(text, b"date") {
            self.clock = Clock::at(date);
            self.keep_clock();
        }
        Mismatch::directive()
    }

    fn fields(&mut self, names: &[u8]) -> Mismatch {
        self.header = None;
        self.state.truncate(STATE_HEAD);
        self.keep_clock();
        let names = names.trim_ascii();
        let is_text = !names.is_empty() && names.len() <= MOST_FIELDS_BYTES && !names.contains(&UNREADABLE);
        let layout = is_text.then(|| Layout::of_line(&String::from_utf8_lossy(names)));
        let Some(layout) = layout.filter(|layout| layout.columns() <= MOST_COLUMNS) else {
            self.refuses = true;
            self.state.push(UNREADABLE);
            return Mismatch::said(0, "names of columns after `#Fields:`, at most 1,000 of them and 16 KiB");
        };
        self.refuses = false;
        self.header = Some(Plan::new(&layout, &self.keys));
        self.state.extend_from_slice(names);
        Mismatch::directive()
    }

    pub(super) fn built(&self) -> &[u8] {
        self.split.built()
    }

    pub(super) fn file_state(&self) -> &[u8] {
        &self.state
    }

    /// A state that cannot be read is none: the file's lines do not match then, which is counted.
    pub(super) fn set_file_state(&mut self, state: &[u8]) {
        if state == self.state {
            return;
        }
        self.header = None;
        self.refuses = false;
        self.clock = Clock::default();
        self.state.clear();
        let Some((head, names)) = state.split_at_checked(STATE_HEAD) else { return };
        let (Some(&STATE_VERSION), Some(clock)) = (head.first(), head.get(1..)) else { return };
        self.clock = Clock::of_bytes(clock);
        self.keep_clock();
        if !names.is_empty() {
            self.fields(names);
        }
    }
}

/// A tab or a space, whichever comes first: what the server writes first is a date or an address as a rule, and no text of
/// a client's.
fn separator(line: &[u8]) -> u8 {
    line.iter().find(|byte| matches!(byte, b' ' | b'\t')).copied().unwrap_or(b' ')
}

/// What follows a directive's name and its colon; names are read in small and capital letters.
fn named<'t>(text: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let (written, rest) = text.trim_ascii_start().split_at_checked(name.len())?;
    let rest = written.eq_ignore_ascii_case(name).then_some(rest)?;
    match rest {
        [b':' | b' ' | b'\t', rest @ ..] => Some(rest),
        [] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
