//! Steps over JSON without keeping it.
//!
//! Promises: takes exactly the grammar of RFC 8259. Strings are looked through eight bytes at a time.

use super::MAX_DEPTH;
use crate::parse::mismatch::Mismatch;
use crate::parse::nearby::{TOPS, every, lowest, zero_bytes};

pub(super) struct Scanner<'a> {
    line: &'a [u8],
    at: usize,
}

/// The inside of a string.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) escaped: bool,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    pub(super) fn bytes(&self, text: Text) -> &'a [u8] {
        self.line.get(text.start..text.end).unwrap_or_default()
    }

    #[cold]
    pub(super) const fn expected(&self, what: &'static str) -> Mismatch {
        Mismatch::said(self.at, what)
    }

    /// Steps over a byte order mark, which some writers put at the beginning of a file.
    #[inline]
    pub(super) fn skip_mark(&mut self) {
        if self.peek() == Some(0xef) && self.line.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
    }

    #[inline]
    pub(super) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over an opening brace or bracket and the space after it.
    #[inline]
    pub(super) fn open(&mut self, depth: usize) -> Result<(), Mismatch> {
        if depth > MAX_DEPTH {
            return Err(self.expected("no more than 128 objects and arrays in each other"));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Steps over a closing brace or bracket, where one stands.
    #[inline]
    pub(super) fn closes(&mut self, close: u8) -> bool {
        let closes = self.peek() == Some(close);
        self.at += usize::from(closes);
        closes
    }

    /// After a member: steps over a comma and the space around it (`false`), or over the end (`true`).
    #[inline]
    pub(super) fn next_or_close(&mut self, close: u8) -> Result<bool, Mismatch> {
        self.skip_space();
        if self.closes(close) {
            return Ok(true);
        }
        if !self.closes(b',') {
            return Err(self.expected("a comma, or the end of the object or array"));
        }
        self.skip_space();
        Ok(false)
    }

    #[inline]
    pub(super) fn colon(&mut self) -> Result<(), Mismatch> {
        self.skip_space();
        if !self.closes(b':') {
            return Err(self.expected("a colon after the key"));
        }
        self.skip_space();
        Ok(())
    }

    /// Steps over a string.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Text, Mismatch> {
        if !self.closes(b'"') {
            return Err(self.expected("a text in quotes"));
        }
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_len(&self.line[self.at..]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.expected("no control character inside of a text")),
                None => return Err(self.expected("a closing quote")),
            }
        }
        self.at += 1;
        Ok(Text { start, end: self.at - 1, escaped })
    }

    fn escape(&mut self) -> Result<(), Mismatch> {
        let rest = &self.line[self.at + 1..];
        let len = match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', digits @ ..] if digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return Err(self.expected("an escape of JSON")),
        };
        self.at += len;
        Ok(())
    }

    /// Steps over any value; `depth` is that of the object or array around it.
    #[inline]
    pub(super) fn skip_value(&mut self, depth: usize) -> Result<(), Mismatch> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => self.skip_object(depth + 1),
            Some(b'[') => self.skip_array(depth + 1),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => Err(self.expected("a JSON value")),
        }
    }

    fn skip_object(&mut self, depth: usize) -> Result<(), Mismatch> {
        self.open(depth)?;
        if self.closes(b'}') {
            return Ok(());
        }
        loop {
            self.string()?;
            self.colon()?;
            self.skip_value(depth)?;
            if self.next_or_close(b'}')? {
                return Ok(());
            }
        }
    }

    fn skip_array(&mut self, depth: usize) -> Result<(), Mismatch> {
        self.open(depth)?;
        if self.closes(b']') {
            return Ok(());
        }
        loop {
            self.skip_value(depth)?;
            if self.next_or_close(b']')? {
                return Ok(());
            }
        }
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), Mismatch> {
        if !self.line[self.at..].starts_with(word) {
            return Err(self.expected("`true`, `false` or `null`"));
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<(), Mismatch> {
        self.closes(b'-');
        if !self.closes(b'0') && self.digits() == 0 {
            return Err(self.expected("a digit"));
        }
        if self.closes(b'.') && self.digits() == 0 {
            return Err(self.expected("a digit after the point"));
        }
        if self.closes(b'e') || self.closes(b'E') {
            let _ = self.closes(b'+') || self.closes(b'-');
            if self.digits() == 0 {
                return Err(self.expected("a digit in the exponent"));
            }
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - start
    }
}

/// How many bytes come before the first quote, backslash or control character.
#[inline]
fn plain_len(text: &[u8]) -> usize {
    let (chunks, rest) = text.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let special = zero_bytes(word ^ every(b'"'))
            | zero_bytes(word ^ every(b'\\'))
            | (word.wrapping_sub(every(0x20)) & !word & TOPS);
        if special != 0 {
            // Borrows only reach bytes above the first one that is marked rightly.
            return index * 8 + lowest(special);
        }
    }
    let tail = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
    chunks.len() * 8 + tail
}
