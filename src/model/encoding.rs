//! How the text of a log is written in bytes.
//!
//! Promises: every encoding here keeps the newline a unit of its own, so that lines can be cut before they are decoded.
//! Does not: decode.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The encoding of a source's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TextEncoding {
    /// UTF-8, or anything else that holds ASCII: the bytes are taken as they are.
    #[default]
    Bytes,
    /// Another one that holds ASCII: a newline is the byte 0x0A.
    Table(&'static Encoding),
    /// UTF-16, in this order where the file does not begin with a byte order mark.
    Utf16(ByteOrder),
}

/// Which byte of two comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The low byte, as Windows writes.
    Little,
    Big,
}

/// Why a label names no encoding that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelFault {
    Unknown,
    /// A byte 0x0A may be part of a character there, or mean something else after an escape sequence.
    NotByLines,
}

impl TextEncoding {
    /// True where a file's first bytes say more of it.
    pub const fn is_told_by_head(self) -> bool {
        matches!(self, Self::Utf16(_))
    }

    /// By a label of the Encoding Standard (<https://encoding.spec.whatwg.org/#names-and-labels>), in any case.
    pub fn from_label(label: &str) -> Result<Self, LabelFault> {
        let encoding = Encoding::for_label(label.as_bytes()).ok_or(LabelFault::Unknown)?;
        match encoding {
            _ if encoding == UTF_8 => Ok(Self::Bytes),
            _ if encoding == UTF_16LE => Ok(Self::Utf16(ByteOrder::Little)),
            _ if encoding == UTF_16BE => Ok(Self::Utf16(ByteOrder::Big)),
            _ if encoding.is_ascii_compatible() => Ok(Self::Table(encoding)),
            _ => Err(LabelFault::NotByLines),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(label: &str, expected: Result<TextEncoding, LabelFault>) {
        assert_eq!(TextEncoding::from_label(label), expected, "{label}");
    }

    #[test]
    fn labels_name_encodings_that_keep_the_newline() {
        check("utf-8", Ok(TextEncoding::Bytes));
        check("UTF8", Ok(TextEncoding::Bytes));
        check("latin1", Ok(TextEncoding::Table(encoding_rs::WINDOWS_1252)));
        check("iso-8859-15", Ok(TextEncoding::Table(encoding_rs::ISO_8859_15)));
        check("shift_jis", Ok(TextEncoding::Table(encoding_rs::SHIFT_JIS)));
        check("gbk", Ok(TextEncoding::Table(encoding_rs::GBK)));
        check("utf-16", Ok(TextEncoding::Utf16(ByteOrder::Little)));
        check("utf-16le", Ok(TextEncoding::Utf16(ByteOrder::Little)));
        check("utf-16be", Ok(TextEncoding::Utf16(ByteOrder::Big)));
        check("iso-2022-jp", Err(LabelFault::NotByLines));
        check("iso-2022-kr", Err(LabelFault::NotByLines));
        check("utf-9", Err(LabelFault::Unknown));
        check("", Err(LabelFault::Unknown));
    }
}
