//! A log that is read once from its beginning to its end, for the tools: with the lines that the agent would count.
//!
//! Promises: encoding, byte order mark, length limit and NULs are as in files that are followed (the same cutter); bounded
//! memory. Does not: follow, or keep a place.

use std::io::{self, Read};

use super::framing::{Framing, leading_zeros};
use super::lines::{Cut, Cutter, HOLE_BYTES, Place};
use super::text::{self, FileText, TextBuffer};
use crate::model::encoding::TextEncoding;

/// Bytes of one read.
const READ_BYTES: usize = 256 << 10;

/// First bytes that tell whether the encoding can be right.
const HEAD_BYTES: usize = 64;

/// What comes next in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Whole lines with their ends, for [`super::lines::each`]; the log's last line may lack its own.
    Lines(&'a [u8]),
    /// A line that is longer than the limit, left out.
    TooLong,
    /// The beginning of a line whose rest a hole of NULs took, left out.
    Torn,
}

#[derive(Debug)]
pub struct LogReader<R> {
    input: R,
    encoding: Option<TextEncoding>,
    max_line_bytes: usize,
    /// Known when the first bytes are there.
    text: Option<FileText>,
    decoded: TextBuffer,
    /// Bytes of the log; those before `start` are done with.
    buffer: Vec<u8>,
    start: usize,
    /// Where `buffer[start]` is in the log, but for NULs that were left out in pairs.
    offset: u64,
    place: Place,
    has_ended: bool,
    /// Why nothing more can be read; said when the lines before it are handed out.
    failure: Option<io::Error>,
    /// Sequences that are no text in the encoding.
    pub malformed_sequences: u64,
}

impl<R: Read> LogReader<R> {
    /// Without an encoding, it is UTF-16 where the first bytes say so, and otherwise bytes as they are.
    pub const fn new(input: R, encoding: Option<TextEncoding>, max_line_bytes: usize) -> Self {
        Self {
            input,
            encoding,
            max_line_bytes,
            text: None,
            decoded: TextBuffer::new(),
            buffer: Vec::new(),
            start: 0,
            offset: 0,
            place: Place::LineStart,
            has_ended: false,
            failure: None,
            malformed_sequences: 0,
        }
    }

    /// The next part; `None` at the end.
    ///
    /// # Errors
    /// The log cannot be read on, or is not text in its encoding; the message then names the key. Every line that ends
    /// before was handed out; half a line before is none.
    pub fn next_part(&mut self) -> io::Result<Option<Part<'_>>> {
        loop {
            let Some(text) = self.learn_text()? else { return Ok(None) };
            let framing = Framing::at(text.unit(), self.offset);
            let data = &self.buffer[self.start..];
            let max_line_bytes = self.max_line_bytes;
            let cutter = Cutter { framing, max_line_bytes, hole_bytes: HOLE_BYTES, has_hole: &|_| false };
            let (len, part) = match cutter.cut(data, self.place) {
                Cut::Lines(len) => return Ok(Some(self.hand_out(len, text))),
                Cut::DropLine(len) => (len, Some(Part::TooLong)),
                Cut::DropTorn(len) => (len, Some(Part::Torn)),
                Cut::DropRest(len) | Cut::Skip(len) => (len, None),
                // What is in the way of these is the end, or that not enough was read.
                Cut::Wait | Cut::Zeros { .. } if !self.has_ended => {
                    if let Some(err) = self.failure.take() {
                        return Err(err);
                    }
                    self.fill();
                    continue;
                }
                Cut::Zeros { after } if after > 0 => return Ok(Some(self.last_line(after, text))),
                Cut::Wait if !data.is_empty() => return Ok(Some(self.last_line(data.len(), text))),
                Cut::Wait | Cut::Zeros { .. } => return Ok(None),
            };
            let ends_line = framing.ends_line(&data[..len]);
            self.place = if ends_line { Place::LineStart } else { Place::InsideDropped };
            self.pass(len);
            if let Some(part) = part {
                return Ok(Some(part));
            }
        }
    }

    /// Reads what the first bytes say; `None` for an empty log.
    fn learn_text(&mut self) -> io::Result<Option<FileText>> {
        if self.text.is_none() {
            while self.buffer.len() < HEAD_BYTES && !self.has_ended && self.failure.is_none() {
                self.fill();
            }
            if self.buffer.is_empty() {
                return self.failure.take().map_or(Ok(None), Err);
            }
            let encoding = self.encoding.unwrap_or_else(|| text::guess(&self.buffer));
            text::object(encoding, &self.buffer)?;
            self.text = Some(FileText::new(encoding, &self.buffer));
        }
        Ok(self.text)
    }

    fn hand_out(&mut self, len: usize, text: FileText) -> Part<'_> {
        let (start, offset) = (self.start, self.offset);
        self.pass(len);
        let (lines, malformed) = text.read(&self.buffer[start..start + len], offset, &mut self.decoded);
        self.malformed_sequences += malformed;
        Part::Lines(lines)
    }

    /// Of a log that ends without a newline. NULs behind it are no part of it.
    fn last_line(&mut self, len: usize, text: FileText) -> Part<'_> {
        let rest = self.buffer.len() - self.start;
        let (start, offset) = (self.start, self.offset);
        self.pass(rest);
        let (lines, malformed) = text.read(&self.buffer[start..start + len], offset, &mut self.decoded);
        self.malformed_sequences += malformed;
        Part::Lines(lines)
    }

    const fn pass(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }

    fn fill(&mut self) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.leave_out_zeros();
        let filled = self.buffer.len();
        self.buffer.resize(filled + READ_BYTES, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[filled..]) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(filled + read.as_ref().map_or(0, |read| *read));
        match read {
            Ok(read) => self.has_ended = read == 0,
            Err(err) => self.failure = Some(err),
        }
    }

    /// Of many NULs, as many are kept as say that there are many.
    fn leave_out_zeros(&mut self) {
        let text = self.buffer.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        let more = (self.buffer.len() - text).saturating_sub(2 * HOLE_BYTES);
        debug_assert!(leading_zeros(&self.buffer[text..]) >= more);
        // In pairs, so that a unit of two bytes stays one.
        let more = more - more % 2;
        self.buffer.truncate(self.buffer.len() - more);
        self.offset += more as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tail::lines;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(self.0.len()).min(into.len());
            into[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    /// Lines that were left out stand as `<long>` and `<torn>`.
    #[track_caller]
    fn check(label: &str, log: &[u8], limit: usize, expected: &[&str]) {
        let encoding = TextEncoding::from_label(label).unwrap();
        for step in [1, 2, 3, 1_000, 1 << 20] {
            if step < 100 && log.len() > 10_000 {
                continue;
            }
            let mut reader = LogReader::new(Slow(log, step), Some(encoding), limit);
            let mut found = Vec::new();
            while let Some(part) = reader.next_part().unwrap() {
                match part {
                    Part::Lines(text) => {
                        found.extend(lines::each(text).map(|line| String::from_utf8(line.into()).unwrap()));
                    }
                    Part::TooLong => found.push("<long>".to_owned()),
                    Part::Torn => found.push("<torn>".to_owned()),
                }
            }
            assert_eq!(found, expected, "by {step}: {label}");
        }
    }

    #[test]
    fn lines_are_those_that_the_agent_counts() {
        check("utf-8", b"", 4, &[]);
        check("utf-8", b"a\nbb\n", 4, &["a", "bb"]);
        check("utf-8", b"\xef\xbb\xbfa\r\nbb", 5, &["a", "bb"]);
        check("utf-8", b"a\n123456\nb\n", 4, &["a", "<long>", "b"]);
        check("utf-8", b"123456", 4, &["<long>"]);
        check("utf-8", b"123456\n123456\n1234\n", 4, &["<long>", "<long>", "1234"]);
        check("utf-8", b"\n\n", 4, &["", ""]);
        check("utf-8", b"\0\0a\n\0b\0\0", 4, &["a", "b"]);
        check("utf-8", b"a\0b\n\0", 4, &["a\0b"]);
        check("latin1", b"\xe9\n\xe8", 4, &["é", "è"]);
        check("utf-16le", b"\xff\xfea\0\n\0b\0\r\0\n\0", 6, &["a", "b"]);
        check("utf-16le", b"\xfe\xff\0a\0\n\x0a\0\0\n\0b", 6, &["a", "\u{a00}", "b"]);
        let zeros = |before: &str, after: &str| [before.as_bytes(), &vec![0; 300_001], after.as_bytes()].concat();
        check("utf-8", &zeros("", "a\nb"), 100, &["a", "b"]);
        check("utf-8", &zeros("one\nhalf", "a\nb"), 100, &["one", "<torn>", "a", "b"]);
        check("utf-8", &zeros("one\nhalf", ""), 100, &["one", "half"]);
        check("utf-8", &zeros(&"long".repeat(30), "a\nb"), 100, &["<long>", "a", "b"]);
    }

    #[test]
    fn another_encoding_is_an_error_that_names_the_key() {
        let mut reader = LogReader::new(&b"\xff\xfea\0"[..], Some(TextEncoding::Bytes), 100);
        assert!(reader.next_part().unwrap_err().to_string().contains("encoding = \"utf-16le\""));
        let mut reader = LogReader::new(&b"\xff\xfea\0"[..], None, 100);
        assert_eq!(reader.next_part().unwrap(), Some(Part::Lines(b"a")));
    }
}
