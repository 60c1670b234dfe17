//! A part of a log that stands for all of it.
//!
//! Promises: the beginning, the middle and the end of a file, whole lines, bounded in number and bytes. Does not: unpack.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use memchr::memchr_iter;

/// Bytes of each of the three parts. A log of no more than all three is read whole.
const PART_BYTES: u64 = 2 << 20;
/// Lines taken of each part.
const PART_LINES: usize = 2_000;
/// Longer lines are left out: a pattern is not learned from them.
const LINE_BYTES: usize = 64 << 10;
/// A file with a zero byte in so much of its beginning is no text.
const BINARY_BYTES: usize = 8 << 10;

/// Lines of a log.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Without their ends; no empty ones.
    pub lines: Vec<Vec<u8>>,
    /// Whether these are all lines of the log.
    pub is_whole: bool,
}

/// Reads a sample; `-` is standard input, of which only the beginning is read.
///
/// # Errors
/// The log cannot be read, or is compressed.
pub fn read(path: &Path) -> io::Result<Sample> {
    let mut sample = Sample { lines: Vec::new(), is_whole: true };
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().take(3 * PART_BYTES).read_to_end(&mut bytes)?;
        sample.add(&bytes, 3 * PART_LINES);
        return Ok(sample);
    }
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if metadata.len() <= 3 * PART_BYTES {
        let mut bytes = Vec::new();
        file.take(3 * PART_BYTES).read_to_end(&mut bytes)?;
        refuse_other_than_text(&bytes)?;
        sample.add_parts(&bytes);
        return Ok(sample);
    }
    sample.is_whole = false;
    for at in [0, metadata.len() / 2, metadata.len() - PART_BYTES] {
        file.seek(SeekFrom::Start(at))?;
        let mut reader = BufReader::new(&mut file);
        if at > 0 {
            reader.skip_until(b'\n')?;
        }
        let mut bytes = Vec::new();
        reader.take(PART_BYTES).read_to_end(&mut bytes)?;
        refuse_other_than_text(&bytes)?;
        // The last line may be cut off.
        let end = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        sample.add(&bytes[..end], PART_LINES);
    }
    Ok(sample)
}

fn refuse_other_than_text(bytes: &[u8]) -> io::Result<()> {
    if bytes.starts_with(b"\x1f\x8b") || bytes.starts_with(b"\x28\xb5\x2f\xfd") || bytes.starts_with(b"BZh") {
        return Err(io::Error::other("it is compressed; unpack it first: zcat FILE | pxtail learn pattern -"));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(io::Error::other(
            "it is UTF-16; logs are read as bytes of UTF-8: iconv -f UTF-16 -t UTF-8 FILE | pxtail learn pattern -",
        ));
    }
    if memchr::memchr(0, &bytes[..bytes.len().min(BINARY_BYTES)]).is_some() {
        return Err(io::Error::other("it is no text: there are zero bytes in it"));
    }
    Ok(())
}

impl Sample {
    /// The first, middle and last lines of a text that is there whole.
    fn add_parts(&mut self, bytes: &[u8]) {
        let lines = memchr_iter(b'\n', bytes).count() + usize::from(bytes.last() != Some(&b'\n'));
        if lines <= 3 * PART_LINES {
            return self.add(bytes, usize::MAX);
        }
        self.is_whole = false;
        let starts: Vec<usize> = std::iter::once(0).chain(memchr_iter(b'\n', bytes).map(|at| at + 1)).collect();
        for first in [0, lines / 2 - PART_LINES / 2, lines - PART_LINES] {
            self.add(&bytes[starts[first]..], PART_LINES);
        }
    }

    fn add(&mut self, bytes: &[u8], most: usize) {
        let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines = lines.filter(|line| !line.is_empty() && line.len() <= LINE_BYTES);
        self.lines.extend(lines.take(most).map(<[u8]>::to_vec));
        if let Some(first) = self.lines.first_mut()
            && let Some(rest) = first.strip_prefix(b"\xef\xbb\xbf")
        {
            *first = rest.to_vec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PART_BYTES, PART_LINES, read};

    #[test]
    fn a_short_log_is_taken_whole_and_of_a_long_one_its_beginning_middle_and_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.log");
        std::fs::write(&path, b"\xef\xbb\xbfone\r\n\ntwo").expect("a file");
        let sample = read(&path).expect("a sample");
        assert_eq!((sample.lines, sample.is_whole), (vec![b"one".to_vec(), b"two".to_vec()], true));
        for (lines, width) in [(10_000, 10), (200_000, 60)] {
            let text = (0..lines).map(|number| format!("{number:0width$}\n")).collect::<Vec<_>>().concat();
            assert_eq!(text.len() as u64 > 3 * PART_BYTES, width == 60);
            std::fs::write(&path, &text).expect("a file");
            let sample = read(&path).expect("a sample");
            let numbers: Vec<u64> =
                sample.lines.iter().map(|line| String::from_utf8_lossy(line).parse().expect("a number")).collect();
            assert_eq!((numbers.len(), sample.is_whole), (3 * PART_LINES, false));
            assert_eq!((numbers[0], numbers[1_999]), (0, 1_999));
            assert!(numbers[2_000].abs_diff(lines / 2) < 1_500, "{}", numbers[2_000]);
            assert!(numbers.is_sorted() && numbers[4_000] > lines / 2 + 1_000);
        }
        for (bytes, said) in [(&b"\x1f\x8b\x08"[..], "zcat"), (b"\xff\xfea\0", "UTF-16"), (b"ELF\0\x01", "no text")] {
            std::fs::write(&path, bytes).expect("a file");
            let found = read(&path).expect_err("no text").to_string();
            assert!(found.contains(said), "{found}");
        }
    }
}
