//! Texts to instants.
//!
//! Promises: microseconds, rounded down; the same text as on the line before costs one comparison; a time without a
//! zone is read in the reader's zone, the earlier instant where clocks go back, and moved forward by the gap where they
//! jump. A format without a year needs the moment when the text is read ([`TimeReader::set_reference`]); without it, such a
//! text is no time. Does not: guess anything else that is not in the text.

mod civil;
mod clf;
mod iso;
mod strftime;
mod syslog;
mod unix;

use std::sync::Arc;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use crate::model::time::UnixMicros;

pub(super) use clf::{CLF_LEN, has_clf_shape};
pub(super) use iso::has_iso_shape;
pub(super) use strftime::Strftime;
pub(super) use syslog::{bsd_len, is_rfc5424, iso_len};
use unix::Unit;

/// How a time is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TimeFormat {
    /// `10/Oct/2000:13:55:36 -0700`, as Apache's `%t` and nginx's `$time_local` write it.
    Clf,
    /// The same without a zone, with or without a fraction: `10/Oct/2000:13:55:36.123`, as HAProxy writes it.
    ClfLocal,
    /// RFC 3339, and its cousins without a zone, with a comma before the fraction or with a space for the `T`.
    Rfc3339,
    /// Seconds since 1970, with or without a fraction.
    Unix,
    UnixMillis,
    UnixMicros,
    /// RFC 3164's, without a year and a zone, or like RFC 3339.
    Syslog,
    UnixNanos,
    /// RFC 3339, or seconds, milliseconds, microseconds or nanoseconds since 1970, as the number of digits says.
    Auto,
    /// A strptime format.
    Strptime(Arc<str>),
    /// The same, of a writer whose clock shows UTC.
    StrptimeUtc(Arc<str>),
    /// What a server writes with `strftime`.
    Strftime(Arc<Strftime>),
    /// A strptime format without a year.
    StrptimeNoYear(Arc<str>),
    /// The first of these that fits.
    AnyOf(Arc<[TimeFormat]>),
}

impl TimeFormat {
    /// From the `format` of a pattern file. `Err`: what is wrong with it, and what to do.
    pub(super) fn from_spec(text: &str) -> Result<Self, (String, String)> {
        match text {
            "clf" => Ok(Self::Clf),
            "rfc3339" => Ok(Self::Rfc3339),
            "syslog" => Ok(Self::Syslog),
            "unix" => Ok(Self::Unix),
            "unix_ms" => Ok(Self::UnixMillis),
            "unix_us" => Ok(Self::UnixMicros),
            "unix_ns" => Ok(Self::UnixNanos),
            "auto" => Ok(Self::Auto),
            _ if text.contains('%') => Self::strptime(text),
            _ => Err((
                format!("`{text}` is no time format"),
                "use `clf`, `rfc3339`, `syslog`, `unix`, `unix_ms`, `unix_us`, `unix_ns`, `auto` or a strptime format such as `%Y-%m-%d %H:%M:%S`"
                    .to_owned(),
            )),
        }
    }

    /// From all of them, to be tried in order; there is at least one.
    pub(super) fn from_specs(texts: &[String]) -> Result<Self, (String, String)> {
        let mut formats = texts.iter().map(|text| Self::from_spec(text)).collect::<Result<Vec<_>, _>>()?;
        match formats.len() {
            1 => Ok(formats.remove(0)),
            _ => Ok(Self::AnyOf(Arc::from(formats))),
        }
    }

    /// A strptime format that gives back what it wrote: this finds formats that lack a part before any line is lost.
    fn strptime(text: &str) -> Result<Self, (String, String)> {
        let refused = |why: &dyn std::fmt::Display| {
            let help = "it needs month, day and time of day (`%Y-%m-%d %H:%M:%S`, or `%b %e %H:%M:%S` without a year), or \
                        seconds since 1970 (`%s`); a zone is written `%z`";
            (format!("the time format `{text}` cannot be read back: {why}"), help.to_owned())
        };
        // A date whose parts all differ, so that a format that mixes them up is found.
        let sample = jiff::Timestamp::from_second(1_795_427_696).map_err(|err| refused(&err))?;
        let written = BrokenDownTime::from(&sample.to_zoned_datetime(TimeZone::UTC))
            .to_string(text)
            .map_err(|err| refused(&err))?;
        let is_sample = |read: &UnixMicros| read.0.abs_diff(sample.as_microsecond()) < 60_000_000;
        let reference = UnixMicros(sample.as_microsecond());
        let no_year = || read_strptime_no_year(text, written.as_bytes(), &TimeZone::UTC, reference);
        match read_strptime(text, written.as_bytes(), &TimeZone::UTC) {
            Ok(read) if is_sample(&read) => Ok(Self::Strptime(Arc::from(text))),
            _ if no_year().as_ref().is_some_and(is_sample) => Ok(Self::StrptimeNoYear(Arc::from(text))),
            Ok(_) => Err(refused(&"it lacks parts of the date or of the time of day")),
            Err(err) => Err(refused(&err)),
        }
    }

    /// For a writer whose clock shows UTC, whatever the reader's zone.
    pub(super) fn in_utc(self) -> Self {
        match self {
            Self::Strptime(format) => Self::StrptimeUtc(format),
            other => other,
        }
    }

    /// What a field of this name holds in every server that has it.
    pub(super) fn of_known_name(name: &str) -> Option<Self> {
        match name {
            "time_local" => Some(Self::Clf),
            "time_iso8601" => Some(Self::Rfc3339),
            "msec" => Some(Self::Unix),
            _ => None,
        }
    }
}

/// Longest text that is remembered: all usual formats are shorter.
const MEMO_LEN: usize = 40;

/// Reads times of one format, and remembers the last: busy logs have many lines in one second.
#[derive(Clone, Debug)]
pub(super) struct TimeReader {
    format: TimeFormat,
    zone: TimeZone,
    /// When texts are read, as far as it was said.
    reference: Option<UnixMicros>,
    memo_text: [u8; MEMO_LEN],
    /// 0: nothing is remembered.
    memo_len: usize,
    memo: UnixMicros,
}

impl TimeReader {
    pub(super) fn new(format: TimeFormat, zone: TimeZone) -> Self {
        Self { format, zone, reference: None, memo_text: [0; MEMO_LEN], memo_len: 0, memo: UnixMicros(0) }
    }

    /// Says at which moment the texts that follow are read: for those without a year.
    pub(super) fn set_reference(&mut self, reference: UnixMicros) {
        self.reference = Some(reference);
        if self.format.depends_on_reference() {
            self.memo_len = 0;
        }
    }

    /// The instant; `None` when the text is none of this format.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8]) -> Option<UnixMicros> {
        if text.len() == self.memo_len && text == &self.memo_text[..self.memo_len] && self.memo_len > 0 {
            return Some(self.memo);
        }
        let instant = self.read_anew(text)?;
        if let Some(memo) = self.memo_text.get_mut(..text.len()) {
            memo.copy_from_slice(text);
            self.memo_len = text.len();
            self.memo = instant;
        }
        Some(instant)
    }

    fn read_anew(&self, text: &[u8]) -> Option<UnixMicros> {
        self.format.read(text, &self.zone, self.reference)
    }
}

impl TimeFormat {
    fn depends_on_reference(&self) -> bool {
        match self {
            Self::Syslog | Self::StrptimeNoYear(_) => true,
            Self::Strftime(format) => !format.has_year(),
            Self::AnyOf(formats) => formats.iter().any(Self::depends_on_reference),
            _ => false,
        }
    }

    fn read(&self, text: &[u8], zone: &TimeZone, reference: Option<UnixMicros>) -> Option<UnixMicros> {
        match self {
            Self::Clf => clf::read(text),
            Self::ClfLocal => clf::read_local(text, zone),
            Self::Rfc3339 => iso::read(text, zone),
            Self::Unix => unix::read(text, Unit::Seconds),
            Self::UnixMillis => unix::read(text, Unit::Millis),
            Self::UnixMicros => unix::read(text, Unit::Micros),
            Self::UnixNanos => unix::read(text, Unit::Nanos),
            Self::Auto => unix::read_auto(text).or_else(|| iso::read(text, zone)),
            Self::Syslog => syslog::read(text, zone, reference),
            Self::Strptime(format) => read_strptime(format, text, zone).ok(),
            Self::StrptimeUtc(format) => read_strptime(format, text, &TimeZone::UTC).ok(),
            Self::StrptimeNoYear(format) => read_strptime_no_year(format, text, zone, reference?),
            Self::Strftime(format) => format.read(text, zone, reference),
            Self::AnyOf(formats) => formats.iter().find_map(|format| format.read(text, zone, reference)),
        }
    }
}

fn read_strptime(format: &str, text: &[u8], zone: &TimeZone) -> Result<UnixMicros, jiff::Error> {
    instant_of(&BrokenDownTime::parse(format, text)?, zone)
}

fn read_strptime_no_year(format: &str, text: &[u8], zone: &TimeZone, reference: UnixMicros) -> Option<UnixMicros> {
    syslog::in_last_year(reference, |year| {
        let mut parts = BrokenDownTime::parse(format, text).ok().filter(|parts| parts.year().is_none())?;
        parts.set_year(Some(year)).ok()?;
        instant_of(&parts, zone).ok()
    })
}

fn instant_of(parts: &BrokenDownTime, zone: &TimeZone) -> Result<UnixMicros, jiff::Error> {
    let stamp = if parts.timestamp().is_some() || parts.offset().is_some() {
        parts.to_timestamp()?
    } else if parts.iana_time_zone().is_some() {
        parts.to_zoned_datetime()?.timestamp()
    } else {
        zone.to_timestamp(parts.to_datetime()?)?
    };
    Ok(UnixMicros(stamp.as_nanosecond().div_euclid(1_000) as i64))
}

#[cfg(test)]
mod tests;
