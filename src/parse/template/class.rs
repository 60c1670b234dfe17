//! What a server can write for a variable.
//!
//! Promises: a class is part of the match, whichever fields are wanted. Each takes `-`, the servers' word for "none".

/// A class of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) enum Class {
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
    /// The characters of an RFC 3339 time.
    Iso,
    /// Numbers, between them `, ` or ` : `, as nginx writes for several upstreams.
    NumberList,
    /// Words in such a list.
    WordList,
}

impl Class {
    /// Whether a byte may be part of such a text.
    pub(super) const fn allows(self, byte: u8) -> bool {
        match self {
            Self::Free => true,
            Self::Word => !matches!(byte, b' ' | b'"'),
            Self::Address => !matches!(byte, b' ' | b'"' | b','),
            Self::Status | Self::Digits => byte.is_ascii_digit() || byte == b'-',
            Self::Number => byte.is_ascii_digit() || matches!(byte, b'-' | b'.'),
            Self::Clf => byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b':' | b' ' | b'+' | b'-'),
            Self::Iso => byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'T' | b'+' | b'Z' | b'.'),
            Self::NumberList => byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b',' | b':' | b' '),
            Self::WordList => byte != b'"',
        }
    }

    /// For messages: what was expected.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Free => "a text without an unescaped `\"`",
            Self::Word => "a text without spaces and quotes",
            Self::Address => "one address or host name",
            Self::Status => "three digits or `-`",
            Self::Digits => "digits or `-`",
            Self::Number => "a number or `-`",
            Self::Clf => "a time like 10/Oct/2000:13:55:36 -0700",
            Self::Iso => "a time like 2000-10-10T13:55:36+00:00",
            Self::NumberList => "numbers with `, ` or ` : ` between them",
            Self::WordList => "words with `, ` or ` : ` between them",
        }
    }
}
