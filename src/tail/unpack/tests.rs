//! Packed files of every kind and damage, made by the crates' own packers and by hand, beside what the tools make of them.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use proptest::prelude::*;

use super::*;

/// Text that packs as logs do, and is found again by its numbers.
pub(super) fn text(lines: usize) -> Vec<u8> {
    (0..lines)
        .flat_map(|line| format!("10.0.{}.7 GET /items/{} {line}\n", line % 251, line * 7919 % 1000).into_bytes())
        .collect()
}

/// One gzip member with every optional part of its header.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0b1_1110, 0, 0, 0, 0, 0, 255];
    packed.extend([3, 0, b'a', b'b', b'c']);
    packed.extend(b"app.log\0a comment\0");
    packed.extend([7, 7]);
    packed.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
    packed.extend(crc32fast::hash(bytes).to_le_bytes());
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed
}

/// One zstd frame with a checksum, as the tool writes it.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut tool = zstd_safe::CCtx::create();
    tool.set_parameter(zstd_safe::CParameter::ChecksumFlag(true)).unwrap();
    let mut packed = vec![0; zstd_safe::compress_bound(bytes.len())];
    let len = tool.compress2(&mut packed[..], bytes).unwrap();
    packed.truncate(len);
    packed
}

/// A frame to be skipped.
fn skipped(bytes: &[u8]) -> Vec<u8> {
    [&[0x53, 0x2a, 0x4d, 0x18][..], &(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

fn file(packed: &[u8]) -> File {
    let mut file = tempfile::tempfile_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("target")).unwrap();
    file.write_all(packed).unwrap();
    file
}

/// Everything from a place on, in reads of so many bytes.
fn read_from(unpacked: &mut Unpacked, file: &File, mut from: u64, len: usize) -> (Vec<u8>, Ending) {
    let mut all = Vec::new();
    let mut buffer = vec![0; len];
    loop {
        let piece = unpacked.read_at(file, &mut buffer, from).unwrap();
        all.extend_from_slice(&buffer[..piece.len]);
        from += piece.len as u64;
        if let Some(ending) = piece.ending {
            return (all, ending);
        }
    }
}

fn unpack(packed: &[u8]) -> (Vec<u8>, Ending) {
    let mut unpacked = Unpacked::new(packing_of(packed)).unwrap();
    read_from(&mut unpacked, &file(packed), 0, 256 << 10)
}

#[track_caller]
fn check(packed: &[u8], expected: &[u8], ending: Ending) {
    let (found, found_ending) = unpack(packed);
    assert_eq!(found.len(), expected.len());
    assert!(found == expected, "other bytes");
    assert_eq!(found_ending, ending);
}

#[test]
fn a_packing_is_told_by_magic_bytes() {
    for (bytes, expected) in [
        (&b""[..], Packing::Plain),
        (b"\x1f", Packing::Plain),
        (b"\x1f\x8b", Packing::Plain),
        (b"\x1f\x8b\x08", Packing::Gzip),
        (b"\x1f\x8b\x07", Packing::Plain),
        (b"\x28\xb5\x2f", Packing::Plain),
        (b"\x28\xb5\x2f\xfd", Packing::Zstd),
        (b"\x50\x2a\x4d\x18", Packing::Zstd),
        (b"\x5f\x2a\x4d\x18", Packing::Zstd),
        (b"\x60\x2a\x4d\x18", Packing::Plain),
        (b"10.0.0.1 GET /", Packing::Plain),
    ] {
        assert_eq!(packing_of(bytes), expected, "{bytes:x?}");
    }
}

#[test]
fn members_and_frames_are_one_stream() {
    let (one, two) = (text(9_000), text(70));
    let both = [&one[..], &two].concat();
    for packed in [
        [gzip(&one), gzip(b""), gzip(&two)].concat(),
        [zstd(&one), zstd(b""), zstd(&two)].concat(),
        [skipped(&vec![7; 70_000]), zstd(&one), skipped(b""), zstd(&two), skipped(b"end")].concat(),
    ] {
        check(&packed, &both, Ending::Complete);
        check(&[&packed[..], &[0; 1000]].concat(), &both, Ending::Complete);
        let (found, ending) = unpack(&[&packed[..], &[0; 10], b"rest"].concat());
        assert!(found == both && matches!(ending, Ending::Damaged(_)), "{ending:?}");
        let (found, ending) = unpack(&[&packed[..], b"rest"].concat());
        assert!(found == both && matches!(ending, Ending::Damaged(_)), "{ending:?}");
    }
}

#[test]
fn the_tools_files_are_read() {
    use std::process::{Command, Stdio};
    let text = text(40_000);
    for command in [&["gzip"][..], &["gzip", "-1"], &["zstd"], &["zstd", "-19", "--long=27"], &["zstd", "--no-check"]] {
        let mut tool = Command::new(command[0]);
        tool.args(&command[1..]).arg("-c").stdin(file_at_start(&text)).stderr(Stdio::null());
        // Not every machine has each of them.
        let Ok(output) = tool.output() else { continue };
        check(&output.stdout, &text, Ending::Complete);
    }
}

fn file_at_start(bytes: &[u8]) -> File {
    use std::io::{Seek, SeekFrom};
    let mut file = file(bytes);
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

#[test]
fn a_file_cut_anywhere_gives_what_can_be_known_and_goes_on_when_it_grows() {
    let text = text(300);
    for packed in [[gzip(&text), gzip(&text)].concat(), [skipped(b"xy"), zstd(&text), zstd(&text)].concat()] {
        let mut growing = file(&packed[..4]);
        let mut kept = Unpacked::new(packing_of(&packed)).unwrap();
        let mut grown = Vec::new();
        for cut in 4..packed.len() {
            let (found, ending) = unpack(&packed[..cut]);
            let (rest, kept_ending) = read_from(&mut kept, &growing, grown.len() as u64, 1000);
            grown.extend(rest);
            assert!([&text[..], &text].concat().starts_with(&found));
            assert_eq!((grown.len(), kept_ending), (found.len(), ending), "cut at {cut}");
            let is_between = ending == Ending::Complete && (found.len() == text.len() || found.is_empty());
            assert!(ending == Ending::Unfinished || is_between, "{ending:?} at {cut}");
            growing.write_all(&packed[cut..=cut]).unwrap();
        }
        let (rest, ending) = read_from(&mut kept, &growing, grown.len() as u64, 1000);
        grown.extend(rest);
        assert!(grown == text.repeat(2));
        assert_eq!(ending, Ending::Complete);
    }
}

#[test]
fn any_place_can_be_asked_for_at_any_time() {
    let text = text(60_000);
    for packed in [gzip(&text), zstd(&text)] {
        let file = file(&packed);
        let mut unpacked = Unpacked::new(packing_of(&packed)).unwrap();
        for from in [1_200_000, 5, 0, 1_000, 900_000, 899_000, 1_300_000, 1_299_999, text.len() - 3, 0] {
            let mut found = vec![0; 300];
            let piece = loop {
                let piece = unpacked.read_at(&file, &mut found, from as u64).unwrap();
                if piece.len > 0 {
                    break piece;
                }
                assert_eq!(piece.ending, None, "on the way");
            };
            let expected = &text[from..(from + 300).min(text.len())];
            assert_eq!(&found[..piece.len], expected, "from {from}");
            assert_eq!(piece.ending, (expected.len() < 300).then_some(Ending::Complete));
        }
        let past = unpacked.read_at(&file, &mut [0; 10], text.len() as u64 + 5_000);
        assert!(past.is_ok_and(|piece| piece.len == 0));
    }
}

#[test]
fn zeros_that_a_stopped_machine_left_are_not_unpacked() {
    let text = text(30_000);
    for packed in [gzip(&text), zstd(&text)] {
        for cut in [packed.len() / 3, packed.len() / 2, packed.len() - 9] {
            let (expected, _) = unpack(&packed[..cut]);
            for zeros in [64, 1_000, 300_000] {
                let (found, ending) = unpack(&[&packed[..cut], &vec![0; zeros]].concat());
                assert!(text.starts_with(&found) && found.len() >= expected.len(), "cut at {cut} of {}", packed.len());
                assert_ne!(ending, Ending::Complete);
            }
        }
    }
}

#[test]
fn what_is_not_credible_is_not_unpacked() {
    // A frame of one block after the other, each 128 KiB of one byte in four.
    let block = [0b10 | ((128 << 10) << 3) as u32, 0].map(|header| header.to_le_bytes());
    let block = [&block[0][..3], b"x"].concat();
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    bomb.extend(block.repeat(1_000));
    let mut unpacked = Unpacked::new(packing_of(&bomb)).unwrap();
    let file = file(&bomb);
    let mut buffer = vec![0; 1 << 20];
    let mut from = 0;
    let ending = loop {
        let piece = unpacked.read_at(&file, &mut buffer, from).unwrap();
        assert!(buffer[..piece.len].iter().all(|byte| *byte == b'x'));
        from += piece.len as u64;
        if let Some(ending) = piece.ending {
            break ending;
        }
    };
    assert_eq!(ending, Ending::Oversized);
    assert!((FREE_BYTES..FREE_BYTES + bomb.len() as u64 * MOST_RATIO + CALL_BYTES).contains(&from), "{from}");
}

#[test]
fn a_frame_that_needs_too_much_memory_is_refused() {
    // A window of 2^28 bytes.
    let (found, ending) = unpack(&[0x28, 0xb5, 0x2f, 0xfd, 0, 18 << 3, 1, 0, 0]);
    assert!(found.is_empty());
    assert!(matches!(ending, Ending::Damaged(damage) if damage.why.contains("memory")), "{ending:?}");
}

#[test]
fn a_file_that_was_rewritten_is_unpacked_anew() {
    let (one, two) = (text(3_000), text(9_000));
    let file = file(&gzip(&one));
    let mut unpacked = Unpacked::new(Packing::Gzip).unwrap();
    let (found, _) = read_from(&mut unpacked, &file, 0, 4096);
    assert!(found == one);
    file.write_all_at(&gzip(&two), 0).unwrap();
    let (found, ending) = read_from(&mut unpacked, &file, one.len() as u64, 4096);
    assert!(found == two[one.len()..]);
    assert_eq!(ending, Ending::Complete);
}

#[test]
fn a_trailer_that_is_wrong_is_said_after_all_bytes() {
    let text = text(500);
    for (back, why) in [(8, "checksum"), (4, "length")] {
        let mut packed = gzip(&text);
        let at = packed.len() - back;
        packed[at] ^= 1;
        let (found, ending) = unpack(&packed);
        assert!(found == text);
        assert!(matches!(ending, Ending::Damaged(damage) if damage.why.contains(why)), "{ending:?}");
    }
    let mut packed = zstd(&text);
    *packed.last_mut().unwrap() ^= 1;
    let (found, ending) = unpack(&packed);
    assert!(found == text && matches!(ending, Ending::Damaged(_)), "{ending:?}");
}

#[test]
fn one_call_does_a_bounded_part_of_the_way() {
    let text = text(200_000);
    for packed in [gzip(&text), zstd(&text)] {
        let file = file(&packed);
        let mut unpacked = Unpacked::new(packing_of(&packed)).unwrap();
        let mut calls = 0;
        while unpacked.read_at(&file, &mut [0], text.len() as u64 - 1).unwrap().len == 0 {
            calls += 1;
        }
        assert!(calls >= text.len() as u64 / (CALL_BYTES + (128 << 10)), "{calls}");
    }
}

/// Packed text in two members, in one of the two ways.
fn packed() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (1..400_usize, 1..400_usize, any::<bool>()).prop_map(|(one, two, is_gzip)| {
        let pack = if is_gzip { gzip } else { zstd };
        let (one, two) = (text(one), text(two));
        ([pack(&one), pack(&two)].concat(), [one, two].concat())
    })
}

proptest! {
    #[test]
    fn what_is_handed_out_does_not_depend_on_how_it_is_asked_for(
        (mut packed, text) in packed(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        reads in prop::collection::vec((any::<prop::sample::Index>(), 1..5_000_usize), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        for (at, byte) in &damages {
            let at = at.index(packed.len() - 4) + 4;
            packed[at] = *byte;
        }
        let (whole, ending) = unpack(&packed);
        if damages.is_empty() {
            prop_assert_eq!(&whole, &text);
            prop_assert_eq!(ending, Ending::Complete);
        }
        let file = file(&packed);
        let mut unpacked = Unpacked::new(packing_of(&packed)).unwrap();
        for (from, len) in reads {
            let from = from.index(whole.len() + 10);
            let mut buffer = vec![0; len];
            let (found, found_ending) = unpacked.fill(&file, &mut buffer, from as u64).unwrap();
            let expected = whole.get(from..(from + len).min(whole.len())).unwrap_or_default();
            prop_assert_eq!(&buffer[..found], expected);
            prop_assert_eq!(found_ending, (found < len).then_some(ending));
        }
        // Nor on when it was written.
        let cut = cut.index(packed.len() - 4) + 4;
        let mut growing = self::file(&packed[..cut]);
        let mut unpacked = Unpacked::new(packing_of(&packed)).unwrap();
        let (mut grown, _) = read_from(&mut unpacked, &growing, 0, 333);
        growing.write_all(&packed[cut..]).unwrap();
        let (rest, grown_ending) = read_from(&mut unpacked, &growing, grown.len() as u64, 333);
        grown.extend(rest);
        prop_assert_eq!(grown.len(), whole.len());
        prop_assert_eq!(grown, whole);
        prop_assert_eq!(grown_ending, ending);
    }

    #[test]
    fn any_bytes_come_to_an_end(mut bytes in prop::collection::vec(any::<u8>(), 0..3_000), is_gzip in any::<bool>()) {
        let magic: &[u8] = if is_gzip { &[0x1f, 0x8b, 8, 0] } else { &[0x28, 0xb5, 0x2f, 0xfd] };
        bytes.splice(0..0, magic.iter().copied());
        let (found, ending) = unpack(&bytes);
        prop_assert!(found.len() < 100_000_000, "{:?}", ending);
    }
}
