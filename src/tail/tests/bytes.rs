//! What stands in files: encodings, holes of NULs, long lines, half lines.

use std::os::unix::fs::FileExt;

use super::*;
use crate::model::encoding::ByteOrder;
use crate::tail::report::FileState;

const LITTLE: TextEncoding = TextEncoding::Utf16(ByteOrder::Little);
const BIG: TextEncoding = TextEncoding::Utf16(ByteOrder::Big);

fn pairs(encoding: TextEncoding, text: &str) -> Vec<u8> {
    let units = text.encode_utf16();
    if encoding == BIG {
        units.flat_map(u16::to_be_bytes).collect()
    } else {
        units.flat_map(u16::to_le_bytes).collect()
    }
}

fn rig_for(encoding: TextEncoding) -> Rig {
    let mut rig = Rig::new("*.log");
    rig.set_encoding(encoding);
    rig
}

impl Rig {
    /// As after a restart with another configuration.
    fn set_encoding(&mut self, encoding: TextEncoding) {
        self.sources[0].encoding = encoding;
        self.crash();
    }

    fn append_bytes(&self, name: &str, bytes: &[u8]) {
        let mut file = File::options().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn write_at(&self, name: &str, at: u64, bytes: &[u8]) {
        let file = File::options().write(true).create(true).truncate(false).open(self.path(name)).unwrap();
        file.write_all_at(bytes, at).unwrap();
    }
}

#[test]
fn utf_16_is_cut_at_its_own_newlines_and_read_as_utf_8() {
    for (encoding, written) in [(LITTLE, LITTLE), (LITTLE, BIG), (BIG, LITTLE), (BIG, BIG)] {
        let mut rig = rig_for(encoding);
        // Characters of which one half is a newline's byte, and what is more than one read.
        let text = "\u{feff}one \u{10a}\u{a00}\r\ntwo\n".to_owned() + &"Ċ\u{a0a} more\n".repeat(40_000) + "half";
        let bytes = pairs(written, &text);
        rig.append_bytes("a.log", &bytes[..bytes.len() - 1]);
        rig.round();
        assert_eq!(rig.committed.len(), 40_002);
        assert_eq!(rig.committed[..3], ["one \u{10a}\u{a00}\r", "two", "Ċ\u{a0a} more"]);
        rig.crash();
        rig.append_bytes("a.log", &bytes[bytes.len() - 1..]);
        rig.append_bytes("a.log", &pairs(written, " a line\n"));
        rig.rename("a.log", "a.log.1");
        rig.append_bytes("a.log", &pairs(written, "\u{feff}new"));
        rig.append_bytes("a.log", &pairs(written, " file\n"));
        rig.settle();
        rig.committed[40_002..].sort();
        assert_eq!(rig.committed[40_002..], ["half a line", "new file"]);
        assert_eq!(rig.tail.counters().malformed_sequences, 0);
    }
}

#[test]
fn a_start_at_the_end_of_utf_16_is_at_a_line() {
    for encoding in [LITTLE, BIG] {
        let mut rig = Rig::with("*.log", spec(), StartAt::End);
        rig.set_encoding(encoding);
        rig.append_bytes("a.log", &pairs(encoding, "\u{feff}before Ċ\nin prog\u{a00}Ċ"));
        rig.round();
        rig.append_bytes("a.log", &pairs(encoding, "ress\nafter\n"));
        rig.round();
        rig.check(&["in prog\u{a00}Ċress", "after"]);
    }
}

#[test]
fn other_encodings_are_read_as_utf_8_and_what_is_no_text_is_counted() {
    let latin = TextEncoding::from_label("latin1").unwrap();
    let mut rig = rig_for(latin);
    rig.append_bytes("a.log", b"caf\xe9\nplain\n");
    rig.round();
    rig.crash();
    rig.append_bytes("a.log", b"\xfcber\n");
    rig.round();
    rig.check(&["café", "plain", "über"]);
    let mut rig = rig_for(TextEncoding::from_label("shift_jis").unwrap());
    rig.append_bytes("a.log", b"\x93\xfa\n\x93\nnext \xa0\n");
    rig.round();
    rig.check(&["日", "\u{fffd}", "next \u{fffd}"]);
    assert_eq!(rig.tail.counters().malformed_sequences, 2);
}

#[test]
fn a_file_in_an_encoding_that_is_not_configured_waits_for_it() {
    for encoding in [LITTLE, BIG] {
        for mark in ["", "\u{feff}"] {
            let mut rig = Rig::new("*.log");
            rig.append_bytes("a.log", &pairs(encoding, &format!("{mark}one line\ntwo\n")));
            rig.settle();
            rig.check(&[]);
            let said: Vec<String> =
                rig.notes.iter().filter(|note| note.is_warning()).map(ToString::to_string).collect();
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].contains("encoding = \"utf-16"), "{said:?}");
            assert!(matches!(rig.tail.status()[0].state, FileState::Unreadable { .. }));
            rig.set_encoding(encoding);
            rig.round();
            rig.check(&["one line", "two"]);
        }
    }
}

#[test]
fn a_mark_is_dropped_at_the_beginning_only_and_returns_stay_for_the_reader_of_lines() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "\u{feff}one\r\n\u{feff}two\n");
    rig.round();
    rig.check(&["one\r", "\u{feff}two"]);
}

#[test]
fn a_sparse_hole_of_10_gib_is_passed_over_at_once() {
    const HOLE: u64 = 10 << 30;
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\ntwo\n");
    rig.round();
    rig.truncate("a.log", 0);
    rig.write_at("a.log", HOLE, b"three\n");
    let began = std::time::Instant::now();
    rig.round();
    rig.round();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    rig.check(&["one", "two", "three"]);
    assert_eq!(rig.tail.counters().nul_bytes, HOLE);
    assert!(rig.tail.buffer.capacity() < 1 << 20);
    rig.crash();
    rig.write_at("a.log", HOLE + 6, b"four\n");
    rig.round();
    rig.check(&["one", "two", "three", "four"]);
    // And again: the new hole is where the old one was, and longer.
    rig.truncate("a.log", 0);
    rig.write_at("a.log", HOLE + 11, b"five\n");
    rig.settle();
    rig.check(&["one", "two", "three", "four", "five"]);
}

#[test]
fn nuls_that_are_written_are_passed_over_as_holes_are() {
    for zeros in [1, 255, 300, 5_000, 256 << 10, (256 << 10) + 7, 70 << 20] {
        let mut rig = Rig::new("*.log");
        rig.append_bytes("a.log", &vec![0; zeros]);
        rig.append("a.log", "one\ntwo\n");
        rig.round();
        rig.append_bytes("a.log", &vec![0; zeros]);
        rig.round();
        rig.check(&["one", "two"]);
        assert_eq!(rig.tail.counters().nul_bytes, zeros as u64, "not those at the end");
        assert_eq!(rig.tail.status()[0].lag_bytes, 0);
        rig.crash();
        rig.append("a.log", "three\n");
        rig.round();
        rig.check(&["one", "two", "three"]);
    }
}

#[test]
fn room_that_is_set_aside_is_read_as_it_is_filled() {
    for size in [1_000_u64, 100 << 10, 3 << 20] {
        for is_allocated in [false, true] {
            let mut rig = Rig::new("*.log");
            rig.append_bytes("a.log", b"");
            if is_allocated {
                let file = File::options().write(true).open(rig.path("a.log")).unwrap();
                rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, size).unwrap();
            } else {
                rig.append_bytes("a.log", &vec![0; size as usize]);
            }
            rig.round();
            rig.write_at("a.log", 0, b"one\ntwo\nha");
            rig.round();
            rig.check(&["one", "two"]);
            rig.settle();
            rig.crash();
            rig.write_at("a.log", 10, b"lf\nun");
            rig.round();
            rig.check(&["one", "two", "half"]);
            assert_eq!(rig.tail.status()[0].lag_bytes, 2);
            rig.write_at("a.log", 15, b"til the end\nlast");
            rig.rename("a.log", "a.old");
            rig.settle();
            rig.check(&["one", "two", "half", "until the end", "last"]);
            assert_eq!(rig.tail.counters().nul_bytes, 0);
            assert_eq!(rig.tail.counters().truncations, 0);
        }
    }
}

#[test]
fn a_line_that_ends_in_a_hole_is_dropped_and_the_next_is_whole() {
    for (lost, is_sparse) in [(20_000, true), (64 << 10, false), (2 << 20, false)] {
        for half in ["half a line".to_owned(), "long ".repeat(60_000)] {
            let mut rig = Rig::new("*.log");
            rig.append("a.log", "one\n");
            rig.append("a.log", &half);
            rig.round();
            let size = 4 + half.len() as u64;
            if is_sparse {
                rig.truncate("a.log", size + lost as u64);
            } else {
                rig.append_bytes("a.log", &vec![0; lost]);
            }
            rig.settle();
            rig.append("a.log", "next\n");
            rig.round();
            rig.check(&["one", "next"]);
            assert_eq!(rig.tail.counters().torn_lines, 1);
            assert_eq!(rig.tail.counters().torn_bytes, half.len() as u64);
            assert_eq!(rig.tail.counters().nul_bytes, lost as u64);
        }
    }
}

#[test]
fn a_few_nuls_inside_a_line_do_not_begin_another() {
    let mut rig = Rig::new("*.log");
    let forged = format!("agent={}user=other\nnext\n", "\0".repeat(8_000));
    rig.append("a.log", &forged);
    rig.round();
    rig.check(&forged.lines().collect::<Vec<_>>());
    assert_eq!(rig.tail.counters().nul_bytes, 0);
}

#[test]
fn a_crash_while_a_long_line_is_dropped_does_not_make_a_line_of_its_rest() {
    let long = TailSpec { max_line_bytes: 100, ..spec() };
    for encoding in [TextEncoding::Bytes, LITTLE, BIG] {
        for rest in ["x", "\0", "x\0\0", "\r", "x\u{a00}Ċ"] {
            let mut rig = Rig::with("*.log", long.clone(), StartAt::Beginning);
            rig.set_encoding(encoding);
            let bytes = |text: &str| if encoding == TextEncoding::Bytes { text.into() } else { pairs(encoding, text) };
            rig.append_bytes("a.log", &bytes(&format!("one\n{}{rest}", "x".repeat(300_000))));
            rig.round();
            for more in [rest, "still", rest] {
                rig.crash();
                rig.append_bytes("a.log", &bytes(more));
                rig.round();
            }
            rig.crash();
            rig.append_bytes("a.log", &bytes("inside\r\ntwo\n"));
            rig.round();
            rig.check(&["one", "two"]);
        }
    }
}

#[test]
fn a_line_written_in_blocks_by_a_writer_that_pauses_is_counted_once() {
    let mut rig = Rig::new("*.log");
    let line = "0123456789".repeat(2_000);
    let text = format!("{line}\n{line}\nshort\n");
    for block in text.as_bytes().chunks(4_096) {
        rig.append_bytes("a.log", block);
        rig.round();
        rig.pass(Duration::from_mins(7));
        rig.round();
        rig.crash();
    }
    rig.check(&[&line, &line, "short"]);
}

#[test]
fn a_stop_counts_the_last_line_of_a_deleted_file_and_of_no_other() {
    let mut rig = Rig::new("*.log");
    for name in ["kept", "renamed", "deleted"] {
        rig.append(&format!("{name}.log"), &format!("one {name}\nhalf {name}"));
    }
    rig.round();
    rig.rename("renamed.log", "renamed.log.1");
    rig.append("deleted.log", " more");
    rig.remove("deleted.log");
    rig.round();
    rig.tail.stop();
    rig.read();
    rig.commit();
    rig.check(&["one kept", "one renamed", "one deleted", "half deleted more"]);
    rig.crash();
    rig.append("kept.log", " line\n");
    rig.append("renamed.log.1", " line\n");
    rig.settle();
    rig.check(&["one kept", "one renamed", "one deleted", "half deleted more", "half kept line", "half renamed line"]);
}

#[test]
fn a_directory_in_a_files_place_is_said_once_and_what_comes_after_it_is_read() {
    let mut rig = Rig::new("*.log");
    rig.append("a.log", "one\n");
    rig.round();
    rig.remove("a.log");
    fs::create_dir(rig.path("a.log")).unwrap();
    rig.settle();
    rig.settle();
    fs::remove_dir(rig.path("a.log")).unwrap();
    rig.append("a.log", "two\n");
    rig.settle();
    rig.check(&["one", "two"]);
    assert!(rig.notes.iter().filter(|note| note.what == What::NotRegular).count() <= 1);
}
