//! A part of a log that stands for all of it.
//!
//! Promises: the beginning, the middle and the end of a file, whole lines, bounded in number and bytes; packed files and
//! encodings as the agent reads them. Does not: read a long file whole, but for a packed one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::model::encoding::TextEncoding;
use crate::tail::lines;
use crate::tail::log_file::{self, CutShort, LogFile, STANDARD_INPUT};
use crate::tail::log_reader::{LogReader, Part};

/// Bytes of each of the three parts: an even number, for units of two bytes. A log of no more than all three is read whole.
const PART_BYTES: u64 = 2 << 20;
/// Unpacked bytes of a packed log that are looked at: seconds.
const MOST_UNPACKED: u64 = 1 << 30;
/// Lines taken of each part.
const PART_LINES: usize = 2_000;
/// Longer lines are left out: a pattern is not learned from them.
const LINE_BYTES: usize = 64 << 10;
/// First lines that are looked at for what is no text.
const TELLING_LINES: usize = 20;

/// Lines of a log.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// In UTF-8, without their ends; no empty ones.
    pub lines: Vec<Vec<u8>>,
    /// Whether these are all lines of the log.
    pub is_whole: bool,
    pub encoding: TextEncoding,
    /// Why the rest of a packed log cannot be read.
    pub cut_short: Option<CutShort>,
}

/// Bytes of a log.
#[derive(Clone, Debug, Default)]
struct Piece {
    /// In the log, unpacked.
    at: u64,
    bytes: Vec<u8>,
    /// The log ends with it.
    is_last: bool,
}

/// Reads a sample; `-` is standard input, of which only the beginning is read. Without an encoding, the log's first bytes
/// say it.
///
/// # Errors
/// The log cannot be read, or holds no text.
pub fn read(path: &Path, encoding: Option<TextEncoding>) -> io::Result<Sample> {
    let is_input = path == Path::new(STANDARD_INPUT);
    // Opening a pipe waits for somebody to write to it.
    if !is_input && !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut log = LogFile::open(path)?;
    let mut first = Piece::default();
    let mut cut_short = first.fill(&mut log, 3 * PART_BYTES)?;
    let encoding = encoding.unwrap_or_else(|| log_file::encoding_of(&first.bytes));
    let mut sample = Sample { lines: Vec::new(), is_whole: first.is_last, encoding, cut_short };
    if sample.is_whole || cut_short.is_some() || is_input {
        sample.add_parts(&first)?;
    } else {
        let others = if log.is_packed() {
            let (others, reason) = unpacked_pieces(&mut log)?;
            cut_short = reason;
            others
        } else {
            pieces(&mut File::open(path)?)?
        };
        sample.add(&first, 0..PART_LINES)?;
        for piece in &others {
            sample.add(piece, 0..PART_LINES)?;
        }
        sample.cut_short = cut_short;
    }
    sample.refuse_other_than_text()?;
    Ok(sample)
}

/// The middle and the end of a long file.
fn pieces(file: &mut File) -> io::Result<[Piece; 2]> {
    let len = file.metadata()?.len();
    let mut read = |at: u64| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.take(PART_BYTES).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(Piece { at, is_last: at + bytes.len() as u64 >= len, bytes })
    };
    let even = |at: u64| at & !1;
    Ok([read(even(len / 2))?, read(even(len.saturating_sub(PART_BYTES)))?])
}

/// Something between a quarter and a half, and the end of what is packed, of which the first parts were read.
fn unpacked_pieces(log: &mut LogFile) -> io::Result<([Piece; 2], Option<CutShort>)> {
    let mut middles = [Piece::default(), Piece::default()];
    let (mut before, mut last) = (Piece::default(), Piece::default());
    for part in 3..MOST_UNPACKED / PART_BYTES {
        before = std::mem::replace(&mut last, Piece { at: part * PART_BYTES, ..Piece::default() });
        let cut_short = last.fill(log, PART_BYTES)?;
        if last.is_last || cut_short.is_some() {
            let [middle, _] = middles;
            return Ok(([middle, before.joined(last)], cut_short));
        }
        if part.is_power_of_two() {
            middles.rotate_left(1);
            middles[1] = last.clone();
        }
    }
    let [middle, _] = middles;
    Ok(([middle, before.joined(last)], None))
}

impl Piece {
    /// Reads so many bytes more, or up to the end.
    fn fill(&mut self, log: &mut LogFile, len: u64) -> io::Result<Option<CutShort>> {
        let found = match log.take(len).read_to_end(&mut self.bytes) {
            Ok(found) => found,
            Err(err) => return Ok(Some(err.downcast::<CutShort>()?)),
        };
        self.is_last = (found as u64) < len;
        Ok(None)
    }

    /// With what comes after it.
    fn joined(mut self, next: Self) -> Self {
        self.bytes.extend(next.bytes);
        self.is_last = next.is_last;
        self
    }

    /// Every whole line that is not empty.
    fn each_line(&self, encoding: TextEncoding, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut reader = LogReader::new(&self.bytes[..], Some(encoding), LINE_BYTES);
        let mut is_whole = self.at == 0;
        while let Some(part) = reader.next_part()? {
            let text = if let Part::Lines(text) = part { text } else { &[] };
            // The piece may end inside of a line.
            let end = if self.is_last { text.len() } else { memchr::memrchr(b'\n', text).map_or(0, |end| end + 1) };
            for line in lines::each(&text[..end]) {
                if std::mem::replace(&mut is_whole, true) && !line.is_empty() {
                    take(line);
                }
            }
            is_whole = true;
        }
        Ok(())
    }
}

impl Sample {
    /// The first, middle and last lines of a beginning.
    fn add_parts(&mut self, piece: &Piece) -> io::Result<()> {
        let mut lines = 0;
        piece.each_line(self.encoding, |_| lines += 1)?;
        if lines <= 3 * PART_LINES {
            return self.add(piece, 0..lines);
        }
        self.is_whole = false;
        for first in [0, lines / 2 - PART_LINES / 2, lines - PART_LINES] {
            self.add(piece, first..first + PART_LINES)?;
        }
        Ok(())
    }

    fn add(&mut self, piece: &Piece, wanted: Range<usize>) -> io::Result<()> {
        let mut place = 0;
        piece.each_line(self.encoding, |line| {
            if wanted.contains(&place) {
                self.lines.push(line.to_vec());
            }
            place += 1;
        })
    }

    fn refuse_other_than_text(&self) -> io::Result<()> {
        let first = || self.lines.iter().take(TELLING_LINES);
        if first().next().is_some_and(|line| line.starts_with(b"BZh")) {
            return Err(io::Error::other("it is compressed; unpack it first: bzcat FILE | pxtail learn pattern -"));
        }
        if first().any(|line| memchr::memchr(0, line).is_some()) {
            return Err(io::Error::other("it is no text: there are zero bytes in it"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::{PART_BYTES, PART_LINES, read};
    use crate::model::encoding::{ByteOrder, TextEncoding};

    #[test]
    fn a_short_log_is_taken_whole_and_of_a_long_one_its_beginning_middle_and_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.log");
        std::fs::write(&path, b"\xef\xbb\xbfone\r\n\ntwo").expect("a file");
        let sample = read(&path, None).expect("a sample");
        assert_eq!((sample.lines, sample.is_whole), (vec![b"one".to_vec(), b"two".to_vec()], true));
        for (lines, width) in [(10_000, 10), (200_000, 60)] {
            let text = (0..lines).map(|number| format!("{number:0width$}\n")).collect::<Vec<_>>().concat();
            assert_eq!(text.len() as u64 > 3 * PART_BYTES, width == 60);
            std::fs::write(&path, &text).expect("a file");
            let sample = read(&path, None).expect("a sample");
            let numbers: Vec<u64> =
                sample.lines.iter().map(|line| String::from_utf8_lossy(line).parse().expect("a number")).collect();
            assert_eq!((numbers.len(), sample.is_whole), (3 * PART_LINES, false));
            assert_eq!((numbers[0], numbers[1_999]), (0, 1_999));
            assert!(numbers[2_000].abs_diff(lines / 2) < 1_500, "{}", numbers[2_000]);
            assert!(numbers.is_sorted() && numbers[4_000] > lines / 2 + 1_000);
        }
        for (bytes, said) in [(&b"BZh91AY"[..], "bzcat"), (b"ELF\0\x01", "no text"), (b"\x1f\x8b\x08", "no line")] {
            std::fs::write(&path, bytes).expect("a file");
            if said == "no line" {
                assert!(read(&path, None).is_ok_and(|sample| sample.lines.is_empty() && sample.cut_short.is_some()));
                continue;
            }
            let found = read(&path, None).expect_err("no text").to_string();
            assert!(found.contains(said), "{found}");
        }
    }

    fn packed(tool: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut tool = Command::new(tool).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let mut input = tool.stdin.take()?;
        let bytes = bytes.to_vec();
        let writer = std::thread::spawn(move || input.write_all(&bytes));
        let output = tool.wait_with_output().ok()?.stdout;
        writer.join().ok()?.ok()?;
        Some(output)
    }

    #[test]
    fn a_packed_log_is_sampled_through_its_members() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.log");
        let text =
            |lines: std::ops::Range<u32>| lines.map(|number| format!("{number:060}\n")).collect::<Vec<_>>().concat();
        for tool in ["gzip", "zstd"] {
            let Some(mut bytes) = packed(tool, text(0..399_990).as_bytes()) else { continue };
            bytes.extend(packed(tool, text(399_990..400_000).as_bytes()).expect("packed"));
            std::fs::write(&path, &bytes).expect("a file");
            let sample = read(&path, None).expect("a sample");
            let numbers: Vec<u32> =
                sample.lines.iter().map(|line| String::from_utf8_lossy(line).parse().expect("a number")).collect();
            assert_eq!((numbers.len(), sample.is_whole, sample.cut_short), (3 * PART_LINES, false, None));
            assert!(numbers.is_sorted() && numbers[0] == 0);
            assert!((100_000..200_000).contains(&numbers[3_000]), "{}", numbers[3_000]);
            assert!(numbers[5_999] > 300_000, "{}", numbers[5_999]);
            std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("a file");
            let sample = read(&path, None).expect("a sample");
            assert!(sample.cut_short.is_some() && sample.lines.iter().all(|line| line.len() == 60));
        }
    }

    #[test]
    fn lines_of_every_encoding_are_utf_8() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.log");
        let pairs =
            |mark: &str, lines: &str| format!("{mark}{lines}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let latin = TextEncoding::from_label("latin1").ok();
        let little = TextEncoding::Utf16(ByteOrder::Little);
        let long = "é of line\n".repeat(400_000);
        for (bytes, encoding, expected) in [
            (pairs("\u{feff}", "é\nb\r\n"), None, little),
            (pairs("", "é\nb\r\n"), Some(little), little),
            (pairs("\u{feff}", &long), None, little),
            (b"\xe9\nb\n".to_vec(), latin, latin.unwrap_or_default()),
        ] {
            let bytes: Vec<u8> = bytes;
            std::fs::write(&path, &bytes).expect("a file");
            let sample = read(&path, encoding).expect("a sample");
            assert_eq!(sample.encoding, expected);
            assert!(
                sample.lines.iter().all(|line| ["é".as_bytes(), b"b", "é of line".as_bytes()].contains(&&line[..]))
            );
            assert_eq!(sample.lines.len(), if sample.is_whole { 2 } else { 3 * PART_LINES });
        }
    }
}
