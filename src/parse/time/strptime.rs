//! Times by a strptime format.
//!
//! Promises: as jiff reads them, and beside that `%Z` for a zone's name and month names of some other languages than
//! English. A zone's name is first looked for in the reader's zone, then among those that are not used for two zones. Does
//! not: read names of weekdays in other languages.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};

use super::syslog;
use crate::model::time::UnixMicros;

/// A format, taken apart where jiff needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::parse) struct Strptime {
    /// Without `%Z`.
    format: Arc<str>,
    /// How long the part before `%Z` is.
    zone_at: Option<usize>,
    month: Option<MonthName>,
    year: Year,
    clock: Clock,
}

/// How the format writes a month's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MonthName {
    Short,
    Long,
}

/// Whether the format has the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Year {
    Written,
    /// It is the last that lies not too far after the moment of reading.
    Guessed,
}

/// What a clock shows whose zone is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    OfReader,
    Utc,
}

/// Longer texts are no times; changed ones are put together in a buffer of this size.
const MOST_LEN: usize = 128;

/// Why a text is no time.
enum Refusal {
    Text(jiff::Error),
    /// A format without a year is read without a moment of reading, or the zone is not known.
    Unknown,
}

impl From<jiff::Error> for Refusal {
    fn from(err: jiff::Error) -> Self {
        Self::Text(err)
    }
}

impl Strptime {
    /// A format that gives back what it wrote: this finds those that lack a part before any line is lost. `Err`: what is
    /// wrong, and what to do.
    pub(super) fn compile(text: &str) -> Result<Self, (String, String)> {
        let refused = |why: &dyn std::fmt::Display| {
            let help = "it needs month, day and time of day (`%Y-%m-%d %H:%M:%S`, or `%b %e %H:%M:%S` without a year), or \
                        seconds since 1970 (`%s`); a zone is written `%z`, its name `%Z`";
            (format!("the time format `{text}` cannot be read back: {why}"), help.to_owned())
        };
        // A date whose parts all differ, so that a format that mixes them up is found.
        let sample = jiff::Timestamp::from_second(1_795_427_696).map_err(|err| refused(&err))?;
        let written = BrokenDownTime::from(&sample.to_zoned_datetime(TimeZone::UTC))
            .to_string(text)
            .map_err(|err| refused(&err))?;
        let reference = Some(UnixMicros(sample.as_microsecond()));
        let is_sample = |read: &UnixMicros| read.0.abs_diff(sample.as_microsecond()) < 60_000_000;
        let format = Self::new(text);
        let guessing = Self { year: Year::Guessed, ..format.clone() };
        match format.read_english(written.as_bytes(), &TimeZone::UTC, reference) {
            Ok(read) if is_sample(&read) => Ok(format),
            _ if guessing.read(written.as_bytes(), &TimeZone::UTC, reference).as_ref().is_some_and(is_sample) => {
                Ok(guessing)
            }
            Err(Refusal::Text(err)) => Err(refused(&err)),
            Ok(_) | Err(Refusal::Unknown) => Err(refused(&"it lacks parts of the date or of the time of day")),
        }
    }

    fn new(format: &str) -> Self {
        let directives = directives(format);
        let has = |letters: &[u8]| directives.iter().any(|(_, letter)| letters.contains(letter));
        let month = if has(b"B") { Some(MonthName::Long) } else { has(b"bh").then_some(MonthName::Short) };
        let zone_at = directives.iter().find(|(_, letter)| *letter == b'Z').map(|(at, _)| *at);
        let format = match zone_at {
            Some(at) => format!("{}{}", &format[..at], &format[at + 2..]),
            None => format.to_owned(),
        };
        Self { format: Arc::from(format), zone_at, month, year: Year::Written, clock: Clock::OfReader }
    }

    /// For a writer whose clock shows UTC, whatever the reader's zone.
    pub(super) fn in_utc(self) -> Self {
        Self { clock: Clock::Utc, ..self }
    }

    /// An instant in this format.
    pub(in crate::parse) fn example(&self, second: i64) -> Option<String> {
        let stamp = jiff::Timestamp::from_second(second).ok()?;
        let text =
            BrokenDownTime::from(&stamp.to_zoned_datetime(TimeZone::UTC)).to_string(self.format.as_bytes()).ok()?;
        Some(match self.zone_at.and_then(|_| text.strip_suffix(' ')) {
            Some(text) => format!("{text} UTC"),
            None => text,
        })
    }

    /// Whether what a text says depends on when it is read.
    pub(super) fn needs_reference(&self) -> bool {
        self.year == Year::Guessed
    }

    /// `reference`: when it is read.
    pub(super) fn read(&self, text: &[u8], zone: &TimeZone, reference: Option<UnixMicros>) -> Option<UnixMicros> {
        let zone = if self.clock == Clock::Utc { &TimeZone::UTC } else { zone };
        self.read_english(text, zone, reference).ok().or_else(|| {
            let english = in_english(text, self.month?)?;
            self.read_english(english.bytes(), zone, reference).ok()
        })
    }

    fn read_english(&self, text: &[u8], zone: &TimeZone, reference: Option<UnixMicros>) -> Result<UnixMicros, Refusal> {
        let (parts, name) = self.parts(text)?;
        if self.year == Year::Written {
            return instant(&parts, name, zone);
        }
        let in_year = |year| {
            let (mut parts, name) = self.parts(text).ok().filter(|(parts, _)| parts.year().is_none())?;
            parts.set_year(Some(year)).ok()?;
            instant(&parts, name, zone).ok()
        };
        reference.and_then(|reference| syslog::in_last_year(reference, in_year)).ok_or(Refusal::Unknown)
    }

    /// What the text says, and the name of its zone.
    fn parts<'t>(&self, text: &'t [u8]) -> Result<(BrokenDownTime, Option<&'t [u8]>), jiff::Error> {
        let Some(zone_at) = self.zone_at else { return Ok((BrokenDownTime::parse(&*self.format, text)?, None)) };
        let (_, before) = BrokenDownTime::parse_prefix(&self.format[..zone_at], text)?;
        let (before, rest) = text.split_at(before.min(text.len()));
        let (name, after) = rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count());
        let joined = Joined::of([before, after]);
        let parts = BrokenDownTime::parse(&*self.format, joined.as_ref().map_or(text, Joined::bytes))?;
        Ok((parts, Some(name)))
    }
}

/// `name`: of the zone, where the format has it.
fn instant(parts: &BrokenDownTime, name: Option<&[u8]>, zone: &TimeZone) -> Result<UnixMicros, Refusal> {
    let stamp = if parts.timestamp().is_some() || parts.offset().is_some() {
        parts.to_timestamp()?
    } else if parts.iana_time_zone().is_some() {
        parts.to_zoned_datetime()?.timestamp()
    } else if let Some(name) = name {
        let date = parts.to_datetime()?;
        offset(name, date, zone).ok_or(Refusal::Unknown)?.to_timestamp(date)?
    } else {
        zone.to_timestamp(parts.to_datetime()?)?
    };
    Ok(micros(stamp))
}

fn micros(stamp: jiff::Timestamp) -> UnixMicros {
    UnixMicros(stamp.as_nanosecond().div_euclid(1_000) as i64)
}

/// Where directives of two characters begin, and their letters.
fn directives(format: &str) -> Vec<(usize, u8)> {
    let bytes = format.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 1 < bytes.len() {
        if bytes[at] == b'%' {
            found.push((at, bytes[at + 1]));
            at += 1;
        }
        at += 1;
    }
    found
}

/// Zones whose name means one offset wherever it is used, in hours east of UTC: those of RFC 5322, and Europe's and Japan's.
const ZONES: [(&str, i8); 23] = [
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("Z", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("JST", 9),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZST", 12),
];

fn offset(name: &[u8], date: DateTime, zone: &TimeZone) -> Option<Offset> {
    let both = || zone.to_ambiguous_zoned_datetime(date);
    let own = [both().earlier().ok(), both().later().ok()].into_iter().flatten().find_map(|zoned| {
        let info = zone.to_offset_info(zoned.timestamp());
        info.abbreviation().as_bytes().eq_ignore_ascii_case(name).then(|| info.offset())
    });
    let known = || ZONES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
    own.or_else(|| Offset::from_hours(known()?.1).ok())
}

/// Month names of German, French, Spanish, Italian, Portuguese and Dutch, short and long, that are not English ones; and
/// `Sept`. None means two months.
const MONTHS: [&[&str]; 12] = [
    &["jän", "jänner", "januar", "januari", "janv", "janvier", "ene", "enero", "gen", "gennaio", "janeiro"],
    &["februar", "februari", "févr", "février", "febrero", "febbraio", "fev", "fevereiro"],
    &["mär", "märz", "mrz", "mrt", "maart", "mars", "marzo", "março"],
    &["avr", "avril", "abr", "abril", "aprile"],
    &["mai", "mei", "mayo", "mag", "maggio", "maio"],
    &["juni", "juin", "junio", "giu", "giugno", "junho"],
    &["juli", "juil", "juillet", "julio", "lug", "luglio", "julho"],
    &["augustus", "août", "ago", "agosto"],
    &["sept", "septembre", "septiembre", "set", "settembre", "setembro"],
    &["okt", "oktober", "octobre", "octubre", "ott", "ottobre", "out", "outubro"],
    &["novembre", "noviembre", "novembro"],
    &["dez", "dezember", "déc", "décembre", "dic", "diciembre", "dicembre", "dezembro"],
];

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The text with the first month name of another language in English.
fn in_english(text: &[u8], name: MonthName) -> Option<Joined> {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    let mut at = 0;
    while at < text.len() {
        let word = text[at..].iter().take_while(|byte| is_letter(byte)).count();
        let found = &text[at..at + word];
        let month =
            MONTHS.iter().position(|names| names.iter().any(|name| found.eq_ignore_ascii_case(name.as_bytes())));
        if let Some(month) = month {
            let english = match name {
                MonthName::Short => &ENGLISH[month][..3],
                MonthName::Long => ENGLISH[month],
            };
            // Some languages shorten with a point.
            let after = &text[at + word..];
            let after = after.strip_prefix(b".").unwrap_or(after);
            return Joined::of([&text[..at], english.as_bytes(), after]);
        }
        at += word.max(1);
    }
    None
}

/// Pieces of a text put together, without allocating.
struct Joined {
    bytes: [u8; MOST_LEN],
    len: usize,
}

impl Joined {
    fn of<const N: usize>(pieces: [&[u8]; N]) -> Option<Self> {
        let mut joined = Self { bytes: [0; MOST_LEN], len: 0 };
        for piece in pieces {
            joined.bytes.get_mut(joined.len..joined.len + piece.len())?.copy_from_slice(piece);
            joined.len += piece.len();
        }
        Some(joined)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests;
