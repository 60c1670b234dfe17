//! Cutting, with the file at hand: tables, and generated files against a look at each character.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::super::followed::{Followed, Manner};
use super::super::identity;
use super::super::taking::Taken;
use super::super::text::TextBuffer;
use super::*;
use crate::model::encoding::{ByteOrder, TextEncoding};
use crate::model::file::{Cursor, FileId, Marks, Packing, SourceIndex, Standing};
use crate::model::time::UnixMicros;
use crate::tail::framing::Unit;

#[track_caller]
fn check(data: &str, place: Place, max_line_bytes: usize, expected: Cut) {
    let framing = Framing::at(Unit::Byte, 0);
    let cutter = Cutter { framing, max_line_bytes, hole_bytes: 4, has_hole: &|_| false };
    assert_eq!(cutter.cut(data.as_bytes(), place), expected, "{data:?} {place:?} {max_line_bytes}");
}

#[test]
fn only_whole_lines_within_the_limit_are_handed_out() {
    use Place::{InsideDropped, LineStart};
    for (data, place, max, expected) in [
        ("a\nb\nc", LineStart, 100, Cut::Lines(4)),
        ("a\n", LineStart, 1, Cut::Lines(2)),
        ("\n", LineStart, 1, Cut::Lines(1)),
        ("abc", LineStart, 3, Cut::Wait),
        ("abcd", LineStart, 3, Cut::DropLine(4)),
        ("abc\n", LineStart, 3, Cut::Lines(4)),
        ("abcd\n", LineStart, 3, Cut::DropLine(5)),
        ("a\nabcd\nb\n", LineStart, 3, Cut::Lines(2)),
        ("abcd\nb\n", LineStart, 3, Cut::DropLine(5)),
        ("abc\nabc\nabc\nab", LineStart, 3, Cut::Lines(12)),
        ("abc\nabc\nabcd", LineStart, 3, Cut::Lines(8)),
        ("abc", InsideDropped, 100, Cut::DropRest(3)),
        ("abc\nd\n", InsideDropped, 100, Cut::DropRest(4)),
        ("\nd\n", InsideDropped, 100, Cut::DropRest(1)),
    ] {
        check(data, place, max, expected);
    }
}

#[test]
fn nuls_are_passed_over_before_a_line_and_a_hole_ends_one() {
    use Place::{InsideDropped, LineStart};
    for (data, place, max, expected) in [
        ("\0\0a\n", LineStart, 100, Cut::Skip(2)),
        ("a\n\0\0b\n", LineStart, 100, Cut::Lines(2)),
        // A few NULs are part of their line.
        ("a\0b\nc\n", LineStart, 100, Cut::Lines(6)),
        ("a\0b", LineStart, 100, Cut::Wait),
        ("a\0b", LineStart, 2, Cut::DropLine(3)),
        ("a\0\0\0\0b\n", LineStart, 100, Cut::DropTorn(1)),
        ("x\na\0\0\0\0b\n", LineStart, 100, Cut::Lines(2)),
        // What comes behind the last NULs is not known yet.
        ("\0\0", LineStart, 100, Cut::Zeros { after: 0 }),
        ("ab\0\0\0\0\0", LineStart, 100, Cut::Zeros { after: 2 }),
        ("ab\0", LineStart, 1, Cut::DropLine(2)),
        // Inside a line that is dropped, only a hole ends it.
        ("\0b\nc\n", InsideDropped, 100, Cut::DropRest(3)),
        ("\0\0\0\0b\nc\n", InsideDropped, 100, Cut::Skip(4)),
        ("b\0\0\0\0c\n", InsideDropped, 100, Cut::DropRest(1)),
        ("b\0", InsideDropped, 100, Cut::DropRest(1)),
        ("\0\0", InsideDropped, 100, Cut::Zeros { after: 0 }),
    ] {
        check(data, place, max, expected);
    }
}

#[test]
fn lines_come_without_their_ends() {
    for (text, expected) in [
        (&b""[..], vec![]),
        (b"\n", vec![&b""[..]]),
        (b"a\r\nb\n", vec![b"a", b"b"]),
        (b"a\r\r\n\r\n", vec![b"a\r", b""]),
        (b"a\nlast", vec![b"a", b"last"]),
        (b"a\rb\nlast\r", vec![b"a\rb", b"last"]),
    ] {
        assert_eq!(each(text).collect::<Vec<_>>(), expected, "{}", text.escape_ascii());
    }
}

/// Limits so small that every place for a boundary comes up.
const MAX_LINE: usize = 24;
const HOLE: usize = 16;

/// Shown in one line.
#[derive(Clone)]
struct Letters(Vec<char>);

impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0.iter().collect::<String>())
    }
}

/// A file that grows, in steps.
#[derive(Clone, Debug)]
struct History {
    encoding: TextEncoding,
    read_bytes: usize,
    text: Letters,
    /// How many bytes are there at each look, and whether the process died before it.
    looks: Vec<(usize, bool)>,
}

fn histories() -> impl Strategy<Value = History> {
    let piece = prop_oneof![
        6 => "[a-e\u{10a}\u{a00}\r]{0,9}".prop_map(|text| text.chars().collect::<Vec<char>>()),
        6 => Just(vec!['\n']),
        2 => (1..6_usize).prop_map(|count| vec!['\0'; count]),
        1 => (HOLE..3 * HOLE).prop_map(|count| vec!['\0'; count]),
        1 => (MAX_LINE - 3..2 * MAX_LINE).prop_map(|count| vec!['x'; count]),
    ];
    let text = prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat());
    let encoding = prop_oneof![
        Just(TextEncoding::Bytes),
        Just(TextEncoding::Utf16(ByteOrder::Little)),
        Just(TextEncoding::Utf16(ByteOrder::Big)),
    ];
    let looks = prop::collection::vec((0..400_usize, prop::bool::weighted(0.3)), 0..6);
    (encoding, 1..40_usize, text, looks).prop_map(|(encoding, read_bytes, text, mut looks)| {
        looks.sort_unstable();
        looks.push((usize::MAX, false));
        History { encoding, read_bytes, text: Letters(text), looks }
    })
}

impl History {
    fn bytes(&self) -> Vec<u8> {
        let text: String = self.text.0.iter().collect();
        match self.encoding {
            TextEncoding::Utf16(ByteOrder::Little) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            TextEncoding::Utf16(ByteOrder::Big) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => text.into_bytes(),
        }
    }

    fn len(&self, text: &[char]) -> usize {
        let size = |letter: &char| if let TextEncoding::Utf16(_) = self.encoding { 2 } else { letter.len_utf8() };
        text.iter().map(size).sum()
    }

    /// The lines that are to be handed out, and the one that waits at the end, character by character.
    fn expected(&self) -> (Vec<String>, String) {
        let (mut lines, mut line, mut is_good) = (Vec::new(), Vec::new(), true);
        let mut at = 0;
        while let Some(&letter) = self.text.0.get(at) {
            let run = self.text.0[at..].iter().take_while(|letter| **letter == '\0').count();
            let is_last = at + run == self.text.0.len();
            let is_hole = self.len(&self.text.0[at..at + run]) >= HOLE;
            at += run.max(1);
            if run > 0 && is_last {
                break;
            } else if run > 0 && (line.is_empty() || is_hole) {
                (line, is_good) = (Vec::new(), true);
            } else if run > 0 {
                line.extend(std::iter::repeat_n('\0', run));
            } else if letter == '\n' {
                if is_good && self.len(&line) <= MAX_LINE {
                    lines.push(line.iter().collect::<String>() + "\n");
                }
                (line, is_good) = (Vec::new(), true);
            } else {
                line.push(letter);
            }
            is_good &= self.len(&line) <= MAX_LINE;
        }
        (lines, if is_good { line.into_iter().collect() } else { String::new() })
    }
}

fn cursor() -> Cursor {
    Cursor {
        file: FileId(1),
        source: "web".to_owned(),
        path: "a.log".into(),
        real_path: None,
        inode: crate::model::file::Inode { device: 0, inode: 0 },
        packing: Packing::Plain,
        standing: Standing::Own,
        head: identity::NOTHING,
        before: identity::NOTHING,
        marks: Marks::default(),
        offset: 0,
        seen: UnixMicros(0),
        look: None,
        finished: false,
    }
}

/// Reads to the end; the lines that came, and what waits.
fn read(file: &mut Followed, manner: Manner, lines: &mut Vec<String>) -> String {
    let (mut buffer, mut text) = (Vec::new(), TextBuffer::default());
    loop {
        let before = file.cursor.offset;
        let taken = file.take(&mut buffer, manner, UnixMicros(0)).unwrap();
        let mut decoded = |start: usize, len: usize, offset: u64| {
            let bytes = file.text.unwrap().read(&buffer[start..start + len], offset, &mut text).0;
            // What waits may end inside a character.
            String::from_utf8_lossy(bytes).into_owned()
        };
        match taken {
            Taken::Lines { start, len, .. } => {
                let chunk = decoded(start, len, before);
                lines.extend(chunk.split_inclusive('\n').map(str::to_owned));
            }
            Taken::End { waiting: 0, .. } => return String::new(),
            Taken::End { start, waiting } => {
                let is_inside = start > 0
                    && !Framing::at(file.text.unwrap().unit(), before - start as u64).ends_line(&buffer[..start]);
                assert!(!is_inside, "the rest of a dropped line does not wait");
                return decoded(start, waiting, before);
            }
            Taken::Replaced => panic!("the file only grew"),
            _ => assert!(file.cursor.offset > before, "{taken:?} goes on"),
        }
    }
}

fn run(history: &History) {
    let directory = tempfile::tempdir_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("target")).unwrap();
    let path = directory.path().join("a.log");
    std::fs::write(&path, b"").unwrap();
    let writer = File::options().write(true).open(&path).unwrap();
    let bytes = history.bytes();
    let manner = Manner {
        encoding: history.encoding,
        max_line_bytes: MAX_LINE,
        read_bytes: history.read_bytes,
        hole_bytes: HOLE,
    };
    let open = |cursor: Cursor| {
        let mut file = Followed::new(SourceIndex(0), cursor);
        file.handle = Some(File::open(&path).unwrap());
        file
    };
    let mut file = open(cursor());
    let (mut lines, mut waiting, mut written) = (Vec::new(), String::new(), 0);
    for (upto, dies) in &history.looks {
        let upto = (*upto).min(bytes.len());
        writer.write_all_at(&bytes[written..upto.max(written)], written as u64).unwrap();
        written = upto.max(written);
        if *dies {
            file = open(file.cursor.clone());
        }
        waiting = read(&mut file, manner, &mut lines);
    }
    let (expected, unfinished) = history.expected();
    assert_eq!(lines, expected);
    assert_eq!(waiting, unfinished);
}

#[test]
fn half_a_newline_behind_nuls_is_no_nul() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for upto in 0..15 {
            run(&History {
                encoding: TextEncoding::Utf16(order),
                read_bytes: 1,
                text: Letters("a\0\0\0\0\0\n".chars().collect()),
                looks: vec![(upto, false), (usize::MAX, false)],
            });
        }
    }
}

#[test]
fn any_file_gives_the_lines_of_a_look_at_each_character() {
    let cases = std::env::var("PXTAIL_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&histories(), |history| {
            run(&history);
            Ok(())
        })
        .unwrap_or_else(|err| panic!("{err}"));
}
