//! What a file's bytes are as text: its encoding, its byte order mark, and UTF-8 of both.
//!
//! Promises: pure; whole lines go in and as many come out; what is no text in its encoding becomes U+FFFD and is counted;
//! text that is taken as it is, or is ASCII, is not copied. Does not: check UTF-8.

use std::io;

use encoding_rs::{DecoderResult, Encoding, UTF_16BE, UTF_16LE};

use super::framing::Unit;
use crate::model::encoding::{ByteOrder, TextEncoding};

const MARK_UTF_8: &[u8] = b"\xef\xbb\xbf";
const MARK_LITTLE: &[u8] = b"\xff\xfe";
const MARK_BIG: &[u8] = b"\xfe\xff";

/// U+FFFD in UTF-8.
const REPLACEMENT: &[u8] = b"\xef\xbf\xbd";

/// Most bytes of UTF-8 that come of one unit that is decoded, and of one that cannot be.
const MOST_PER_BYTE: usize = 3;

/// Zeros in every second byte of so many are no accident.
const TELLING_BYTES: usize = 16;

/// So many bytes of ASCII are no accident in UTF-16: each two would be one Chinese character.
const TELLING_ASCII: usize = 64;

/// The encoding of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileText {
    Bytes,
    Table(&'static Encoding),
    Pairs(ByteOrder),
}

impl FileText {
    /// `head` is what the file begins with; two bytes are enough.
    pub(super) fn new(encoding: TextEncoding, head: &[u8]) -> Self {
        match encoding {
            TextEncoding::Bytes => Self::Bytes,
            TextEncoding::Table(encoding) => Self::Table(encoding),
            TextEncoding::Utf16(_) if head.starts_with(MARK_LITTLE) => Self::Pairs(ByteOrder::Little),
            TextEncoding::Utf16(_) if head.starts_with(MARK_BIG) => Self::Pairs(ByteOrder::Big),
            TextEncoding::Utf16(order) => Self::Pairs(order),
        }
    }

    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Bytes | Self::Table(_) => Unit::Byte,
            Self::Pairs(order) => Unit::Pair(order),
        }
    }

    /// The bytes, which begin at `offset` of their file, as UTF-8, without the mark at the file's beginning; and how many
    /// sequences were no text.
    pub(super) fn read<'a>(self, bytes: &'a [u8], offset: u64, buffer: &'a mut TextBuffer) -> (&'a [u8], u64) {
        let mark = match self {
            Self::Bytes => MARK_UTF_8,
            Self::Table(_) => &[],
            Self::Pairs(ByteOrder::Little) => MARK_LITTLE,
            Self::Pairs(ByteOrder::Big) => MARK_BIG,
        };
        let bytes = if offset == 0 { bytes.strip_prefix(mark).unwrap_or(bytes) } else { bytes };
        match self {
            Self::Bytes => (bytes, 0),
            Self::Table(_) if bytes.is_ascii() => (bytes, 0),
            Self::Table(encoding) => buffer.decode(encoding, bytes),
            Self::Pairs(ByteOrder::Little) => buffer.decode(UTF_16LE, bytes),
            Self::Pairs(ByteOrder::Big) => buffer.decode(UTF_16BE, bytes),
        }
    }
}

/// Where text is decoded to; used again for each chunk.
#[derive(Debug, Default)]
pub(super) struct TextBuffer {
    bytes: Vec<u8>,
}

impl TextBuffer {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Whole lines: no character goes on behind them.
    fn decode(&mut self, encoding: &'static Encoding, bytes: &[u8]) -> (&[u8], u64) {
        let most = bytes.len() * MOST_PER_BYTE + REPLACEMENT.len();
        // A long line made the buffer grow; most chunks never need that again.
        if self.bytes.len() < most || self.bytes.len() > most.max(1 << 20) * 2 {
            self.bytes.resize(most, 0);
            self.bytes.shrink_to_fit();
        }
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let (mut read, mut written, mut malformed) = (0, 0, 0);
        loop {
            let into = &mut self.bytes[written..];
            let (result, taken, given) = decoder.decode_to_utf8_without_replacement(&bytes[read..], into, true);
            read += taken;
            written += given;
            match result {
                DecoderResult::InputEmpty => return (&self.bytes[..written], malformed),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    malformed += 1;
                    if let Some(into) = self.bytes.get_mut(written..written + REPLACEMENT.len()) {
                        into.copy_from_slice(REPLACEMENT);
                        written += REPLACEMENT.len();
                    }
                }
            }
            // However a decoder counts, there is room for its next step.
            let most = written + (bytes.len() - read) * MOST_PER_BYTE + 2 * REPLACEMENT.len();
            if self.bytes.len() < most {
                self.bytes.resize(most, 0);
            }
        }
    }
}

/// What a file's first bytes say against the encoding of its source, as an error that names the key.
pub(super) fn object(encoding: TextEncoding, head: &[u8]) -> io::Result<()> {
    let is_pairs = matches!(encoding, TextEncoding::Utf16(_));
    let is_marked = head.starts_with(MARK_LITTLE) || head.starts_with(MARK_BIG);
    let said = match (is_pairs, looks_like_pairs(head)) {
        (false, Some(ByteOrder::Little)) => "its text is UTF-16: set `encoding = \"utf-16le\"` on its source",
        (false, Some(ByteOrder::Big)) => "its text is UTF-16: set `encoding = \"utf-16be\"` on its source",
        (true, None) if !is_marked && head.len() >= TELLING_ASCII && head.is_ascii() && !head.contains(&0) => {
            "its text is ASCII, and `encoding` of its source says UTF-16: give it a source of its own, without `encoding`"
        }
        _ => return Ok(()),
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, said))
}

/// The encoding that the first bytes of a log of which nothing is known say.
pub(super) fn guess(head: &[u8]) -> TextEncoding {
    looks_like_pairs(head).map_or(TextEncoding::Bytes, TextEncoding::Utf16)
}

/// By the mark, or by zeros in every second byte.
fn looks_like_pairs(head: &[u8]) -> Option<ByteOrder> {
    let has_zeros = |at: usize| {
        let (pairs, _) = head[..head.len().min(TELLING_ASCII)].as_chunks::<2>();
        head.len() >= TELLING_BYTES && pairs.iter().all(|pair| pair[at] == 0 && pair[1 - at] != 0)
    };
    // UTF-32 begins with the same bytes; nothing writes logs in it.
    if head.starts_with(MARK_LITTLE) || has_zeros(1) {
        Some(ByteOrder::Little)
    } else if head.starts_with(MARK_BIG) || has_zeros(0) {
        Some(ByteOrder::Big)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
