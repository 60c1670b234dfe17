//! Formats with a fixed grammar, each with a parser of its own.
//!
//! Promises: every field has one capture, whatever is wanted; what must be built (joined, named) is built only where it is
//! wanted. A line that is not of the format is refused with what was expected there. Does not: know types beyond those
//! that a format's own document states.

mod aws;
mod cloudfront;
mod columns;
mod cri;
mod docker;
mod found;
mod rfc3164;
mod rfc5424;
mod squid;
mod syslog;
mod token;

use super::capture::Capture;
use super::catalogue::{Given, Known, Names};
use super::json::JsonReader;
use super::mismatch::Mismatch;
use super::time::TimeFormat;
use crate::model::fields::FieldType;

use found::Found;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fixed {
    AwsAlb,
    AwsCloudfront,
    AwsElb,
    AwsS3,
    Cri,
    Docker,
    Squid,
    Syslog,
    SyslogRfc3164,
    SyslogRfc5424,
}

/// What a field's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    /// The common log format's.
    Clf,
    /// Seconds since 1970.
    Unix,
    /// RFC 3164's, or like RFC 3339.
    Syslog,
    /// RFC 3339 with a zone.
    Rfc3339,
}

/// A field's name, and what its text is.
type Field = (&'static str, Kind);

impl Fixed {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "aws_alb" => Self::AwsAlb,
            "aws_cloudfront" => Self::AwsCloudfront,
            "aws_elb" => Self::AwsElb,
            "aws_s3" => Self::AwsS3,
            "cri" => Self::Cri,
            "docker" => Self::Docker,
            "squid" => Self::Squid,
            "syslog" => Self::Syslog,
            "syslog_rfc3164" => Self::SyslogRfc3164,
            "syslog_rfc5424" => Self::SyslogRfc5424,
            _ => return None,
        })
    }

    const fn fields(self) -> &'static [Field] {
        match self {
            Self::AwsAlb => &aws::ALB_FIELDS,
            Self::AwsCloudfront => &cloudfront::FIELDS,
            Self::AwsElb => &aws::ELB_FIELDS,
            Self::AwsS3 => &aws::S3_FIELDS,
            Self::Cri => &cri::FIELDS,
            Self::Docker => &docker::FIELDS,
            Self::Squid => &squid::FIELDS,
            Self::Syslog | Self::SyslogRfc3164 | Self::SyslogRfc5424 => &syslog::FIELDS,
        }
    }

    pub(super) fn given(self) -> Given {
        let captured = Given::captures(self.fields().iter().map(|&(name, kind)| known(name, kind)).collect());
        let names = match self {
            Self::Syslog | Self::SyslogRfc3164 | Self::SyslogRfc5424 => Names::Prefixed(syslog::KEYS),
            _ => Names::Listed,
        };
        Given { names, ..captured }
    }

    /// A reader of lines; `keys[n]` is captured as capture `n` after the format's own fields, `wanted` are the captures that
    /// are wanted.
    pub(super) fn reader(self, keys: &[String], wanted: impl Iterator<Item = usize>) -> FixedReader {
        let keys = keys.iter().map(|key| key.strip_prefix(syslog::KEYS).unwrap_or(key).as_bytes().to_vec()).collect();
        let wanted = wanted.filter(|capture| *capture < 64).fold(0, |mask, capture| mask | 1 << capture);
        FixedReader { format: self, keys, wanted, built: Vec::new(), docker: docker::keys() }
    }
}

fn known(name: &str, kind: Kind) -> Known {
    let (kind, time) = match kind {
        Kind::Text => (FieldType::Text, None),
        Kind::Integer => (FieldType::Integer, None),
        Kind::Number => (FieldType::Number, None),
        Kind::Clf => (FieldType::Time, Some(TimeFormat::Clf)),
        Kind::Unix => (FieldType::Time, Some(TimeFormat::Unix)),
        Kind::Boolean => (FieldType::Boolean, None),
        Kind::Syslog => (FieldType::Time, Some(TimeFormat::Syslog)),
        Kind::Rfc3339 => (FieldType::Time, Some(TimeFormat::Rfc3339)),
    };
    Known { name: name.to_owned(), kind, time }
}

/// Reads lines of one of these formats.
#[derive(Clone, Debug)]
pub(super) struct FixedReader {
    format: Fixed,
    /// Captured after the format's own fields.
    keys: Vec<Vec<u8>>,
    /// A bit for each capture that is wanted.
    wanted: u64,
    built: Vec<u8>,
    docker: JsonReader,
}

impl FixedReader {
    pub(super) fn read(&mut self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        captures.fill(Capture::ABSENT);
        self.built.clear();
        let mut found = Found::new(line, captures, &mut self.built, self.wanted);
        match self.format {
            Fixed::AwsAlb => columns::read(&mut found, &aws::ALB, aws::ALB_REQUIRED),
            Fixed::AwsCloudfront => cloudfront::read(&mut found),
            Fixed::AwsElb => columns::read(&mut found, &aws::ELB, aws::ELB_REQUIRED),
            Fixed::AwsS3 => columns::read(&mut found, &aws::S3, aws::S3_REQUIRED),
            Fixed::Cri => cri::read(&mut found),
            Fixed::Docker => docker::read(&mut self.docker, &mut found),
            Fixed::Squid => squid::read(&mut found),
            Fixed::Syslog => syslog::read(&mut found, &self.keys),
            Fixed::SyslogRfc3164 => rfc3164::read(&mut found, &self.keys),
            Fixed::SyslogRfc5424 => rfc5424::read(&mut found, &self.keys),
        }
    }

    pub(super) fn built(&self) -> &[u8] {
        &self.built
    }
}

#[cfg(test)]
mod tests;
