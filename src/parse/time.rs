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
mod strptime;
mod syslog;
mod unix;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::model::time::UnixMicros;

pub(super) use clf::{CLF_LEN, has_clf_shape};
pub(super) use iso::has_iso_shape;
pub(super) use strftime::Strftime;
use strptime::Strptime;
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
    UnixNanos,
    /// RFC 3339, or seconds, milliseconds, microseconds or nanoseconds since 1970, as the number of digits says.
    Auto,
    /// RFC 3164's, without a year and a zone, or like RFC 3339.
    Syslog,
    Strptime(Strptime),
    /// What a server writes with `strftime`.
    Strftime(Arc<Strftime>),
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
            _ if text.contains('%') => Strptime::compile(text).map(Self::Strptime),
            _ => Err((
                format!("`{text}` is no time format"),
                "use `clf`, `rfc3339`, `syslog`, `unix`, `unix_ms`, `unix_us`, `unix_ns`, `auto` or a strptime format such as \
                 `%Y-%m-%d %H:%M:%S`"
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

    /// For a writer whose clock shows UTC, whatever the reader's zone.
    pub(super) fn in_utc(self) -> Self {
        match self {
            Self::Strptime(format) => Self::Strptime(format.in_utc()),
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
        if self.format.needs_reference() {
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
    /// Whether what a text says depends on when it is read: there is no year in it.
    pub(super) fn needs_reference(&self) -> bool {
        match self {
            Self::Syslog => true,
            Self::Strptime(format) => format.needs_reference(),
            Self::Strftime(format) => !format.has_year(),
            Self::AnyOf(formats) => formats.iter().any(Self::needs_reference),
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
            Self::Strptime(format) => format.read(text, zone, reference),
            Self::Strftime(format) => format.read(text, zone, reference),
            Self::AnyOf(formats) => formats.iter().find_map(|format| format.read(text, zone, reference)),
        }
    }
}

#[cfg(test)]
mod tests;
