//! What a server can write for a variable.
//!
//! Promises: a class is part of the match, whichever fields are wanted. Each takes `-`, the servers' word for "none".

use crate::model::fields::FieldType;

/// A class of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) enum Class {
    /// A time in the format that the field has.
    Clock,
    /// Digits after one space more than the template has: Jetty writes the time taken so.
    Elapsed,
    /// Any text.
    Free,
    /// No space, no quote; may be empty.
    Word,
    /// A word without commas: one address or host name, never a list of forwarded ones.
    Address,
    /// Three digits.
    Status,
    /// Digits.
    Digits,
    /// A decimal number, `0.012`.
    Number,
    /// `10/Oct/2000:13:55:36 -0700`.
    Clf,
    /// `06/Feb/2009:12:12:51.443`.
    LocalClf,
    /// The characters of an RFC 3339 time.
    Iso,
    /// Numbers, between them `, ` or ` : `, as nginx writes for several upstreams.
    NumberList,
    /// Words in such a list.
    WordList,
    /// Addresses with commas between them, as forwarded headers have them; in quotes any text.
    Forwarded,
    /// Any text but quotes: of a writer that does not escape them, or that encodes them.
    Raw,
    /// A word without a slash: what stands right before a path.
    Authority,
    /// HAProxy's `{a|b}`, which is not there where nothing is captured; then its space is not there either.
    Braces,
    /// HAProxy's numbers: `+` before those that are not final, `-1` for none.
    Count,
    /// The address of an `address:port`, without the brackets of IPv6; or all of a word that is no such pair.
    Host,
    /// The port of such a pair, right after [`Class::Host`].
    Port,
}

impl Class {
    /// The type of such a field.
    pub(super) const fn kind(self) -> FieldType {
        match self {
            Self::Status | Self::Digits | Self::Elapsed | Self::Count | Self::Port => FieldType::Integer,
            Self::Number => FieldType::Number,
            Self::Clf | Self::LocalClf | Self::Iso => FieldType::Time,
            _ => FieldType::Text,
        }
    }

    /// Whether a byte may be part of such a text.
    pub(super) const fn allows(self, byte: u8) -> bool {
        match self {
            Self::Free | Self::Clock => true,
            Self::Word => !matches!(byte, b' ' | b'"'),
            Self::Address => !matches!(byte, b' ' | b'"' | b','),
            Self::Status | Self::Digits | Self::Elapsed => byte.is_ascii_digit() || byte == b'-',
            Self::Number => byte.is_ascii_digit() || matches!(byte, b'-' | b'.'),
            Self::Clf => byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b':' | b' ' | b'+' | b'-'),
            Self::LocalClf => byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b':' | b'.' | b'-'),
            Self::Iso => byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'T' | b'+' | b'Z' | b'.'),
            Self::NumberList => byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b',' | b':' | b' '),
            Self::WordList | Self::Forwarded | Self::Raw => byte != b'"',
            Self::Authority => !matches!(byte, b' ' | b'"' | b'/'),
            Self::Braces => byte != b'}' && byte != b'"',
            Self::Count => byte.is_ascii_digit() || matches!(byte, b'-' | b'+'),
            Self::Host => !matches!(byte, b' ' | b'"'),
            Self::Port => byte.is_ascii_digit() || byte == b':',
        }
    }

    /// For messages: what was expected.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Clock => "a time in the template's format",
            Self::Free => "a text without an unescaped `\"`",
            Self::Word => "a text without spaces and quotes",
            Self::Address => "one address or host name",
            Self::Status => "three digits or `-`",
            Self::Digits | Self::Elapsed => "digits or `-`",
            Self::Number => "a number or `-`",
            Self::Clf => "a time like 10/Oct/2000:13:55:36 -0700",
            Self::LocalClf => "a time like 10/Oct/2000:13:55:36.123",
            Self::Iso => "a time like 2000-10-10T13:55:36+00:00",
            Self::NumberList => "numbers with `, ` or ` : ` between them",
            Self::WordList => "words with `, ` or ` : ` between them",
            Self::Forwarded => "addresses with commas between them",
            Self::Raw => "a text without quotes",
            Self::Authority => "a host, and a path after it",
            Self::Braces => "captured headers in braces",
            Self::Count => "a number, `-1` or `-`",
            Self::Host => "an address, with a port or without",
            Self::Port => "a port",
        }
    }
}
