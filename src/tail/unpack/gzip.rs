//! gzip members, one after the other (RFC 1952).
//!
//! Promises: every byte unpacked before a fault is handed out; length and checksum of each member are compared. Does not:
//! look at names, times or the checksum of headers.

use std::fmt;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use super::{Step, Window};

/// Header, the shortest deflated nothing, trailer.
pub(super) const LEAST_BYTES: u64 = 20;

/// Deflate looks back 32 KiB; twice as much is unpacked in longer runs.
const DICTIONARY_BYTES: usize = 64 << 10;

/// Magic, method, flags, time, extra flags, system.
const FIXED_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

const HAS_HEADER_CRC: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;
const MAGIC: [u8; 2] = [0x1f, 0x8b];
const DEFLATE: u8 = 8;

const NOT_A_MEMBER: &str = "something that is not gzip follows";

type Held = [u8; FIXED_BYTES];

pub(super) struct Gzip {
    stage: Stage,
    /// Bytes of a field that is not there as a whole.
    held: Held,
    held_len: usize,
    /// Parts of the header that are still to come.
    flags: u8,
    inflater: Box<DecompressorOxide>,
    /// What was unpacked last: a ring.
    dictionary: Box<[u8]>,
    dictionary_at: usize,
    checksum: crc32fast::Hasher,
    /// Unpacked bytes of this member, modulo 4 GiB.
    len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before or inside what begins each member.
    Fixed,
    ExtraLen,
    Extra {
        left: usize,
    },
    /// A name or a comment, up to its NUL.
    Text,
    HeaderCrc,
    Body,
    Trailer,
    /// Zeros up to the end of the file.
    Padding,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self {
            stage: Stage::Fixed,
            held: [0; FIXED_BYTES],
            held_len: 0,
            flags: 0,
            inflater: Box::default(),
            dictionary: vec![0; DICTIONARY_BYTES].into_boxed_slice(),
            dictionary_at: 0,
            checksum: crc32fast::Hasher::new(),
            len: 0,
        }
    }

    pub(super) fn is_between(&self) -> bool {
        self.stage == Stage::Padding || (self.stage == Stage::Fixed && self.held_len == 0)
    }

    /// True between two bytes of what is packed, when some of it was unpacked.
    pub(super) fn is_inside_body(&self) -> bool {
        self.stage == Stage::Body && self.len > 0
    }

    pub(super) fn step(&mut self, input: &[u8], window: &mut Window) -> Step {
        if self.is_between() && input.first() == Some(&0) {
            self.stage = Stage::Padding;
        }
        match self.stage {
            Stage::Fixed if !self.is_member(input) => Step { taken: 0, fault: Some(NOT_A_MEMBER) },
            Stage::Fixed => self.field(input, FIXED_BYTES, Self::fixed),
            Stage::ExtraLen => self.field(input, 2, Self::extra_len),
            Stage::Extra { left } => {
                let taken = left.min(input.len());
                match left - taken {
                    0 => self.begin_next_part(),
                    left => self.stage = Stage::Extra { left },
                }
                Step { taken, fault: None }
            }
            Stage::Text => {
                let end = memchr::memchr(0, input);
                if end.is_some() {
                    self.begin_next_part();
                }
                Step { taken: end.map_or(input.len(), |at| at + 1), fault: None }
            }
            Stage::HeaderCrc => self.field(input, 2, |gzip, _| {
                gzip.begin_next_part();
                None
            }),
            Stage::Body => self.body(input, window),
            Stage::Trailer => self.field(input, TRAILER_BYTES, Self::trailer),
            Stage::Padding => {
                let taken = input.iter().take_while(|byte| **byte == 0).count();
                Step { taken, fault: (taken < input.len()).then_some(NOT_A_MEMBER) }
            }
        }
    }

    /// Whether what is there of a member's beginning is one.
    fn is_member(&self, input: &[u8]) -> bool {
        let begin = self.held[..self.held_len].iter().chain(input);
        begin.zip(&MAGIC).all(|(byte, expected)| byte == expected)
    }

    /// Gathers a field of fixed length; then `read` looks at it.
    fn field(&mut self, input: &[u8], len: usize, read: fn(&mut Self, &Held) -> Option<&'static str>) -> Step {
        let taken = (len - self.held_len).min(input.len());
        self.held[self.held_len..self.held_len + taken].copy_from_slice(&input[..taken]);
        self.held_len += taken;
        if self.held_len < len {
            return Step { taken, fault: None };
        }
        self.held_len = 0;
        let held = self.held;
        Step { taken, fault: read(self, &held) }
    }

    fn fixed(&mut self, held: &Held) -> Option<&'static str> {
        let [_, _, method, flags, ..] = *held;
        if method != DEFLATE || flags & RESERVED != 0 {
            return Some("packed in a way that RFC 1952 does not know");
        }
        self.flags = flags;
        self.inflater.init();
        self.checksum.reset();
        self.len = 0;
        self.begin_next_part();
        None
    }

    fn extra_len(&mut self, held: &Held) -> Option<&'static str> {
        match usize::from(u16::from_le_bytes([held[0], held[1]])) {
            0 => self.begin_next_part(),
            left => self.stage = Stage::Extra { left },
        }
        None
    }

    /// The next part of the header that the flags name, each of which is met once; then the body.
    fn begin_next_part(&mut self) {
        let parts = [
            (HAS_EXTRA, Stage::ExtraLen),
            (HAS_NAME, Stage::Text),
            (HAS_COMMENT, Stage::Text),
            (HAS_HEADER_CRC, Stage::HeaderCrc),
        ];
        let next = parts.into_iter().find(|(flag, _)| self.flags & flag != 0);
        self.flags &= !next.map_or(0, |(flag, _)| flag);
        self.stage = next.map_or(Stage::Body, |(_, stage)| stage);
    }

    fn body(&mut self, input: &[u8], window: &mut Window) -> Step {
        let at = self.dictionary_at;
        let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        let (status, taken, written) = decompress(&mut self.inflater, input, &mut self.dictionary, at, flags);
        let unpacked = &self.dictionary[at..at + written];
        window.append(unpacked);
        self.checksum.update(unpacked);
        self.len = self.len.wrapping_add(written as u32);
        self.dictionary_at = (at + written) % DICTIONARY_BYTES;
        let fault = match status {
            TINFLStatus::Done => {
                self.stage = Stage::Trailer;
                None
            }
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => None,
            _ => Some("the deflated bytes cannot be read"),
        };
        Step { taken, fault }
    }

    fn trailer(&mut self, held: &Held) -> Option<&'static str> {
        self.stage = Stage::Fixed;
        let [checksum @ .., _, _] = held;
        let (checksum, len) = checksum.split_at(4);
        if checksum != self.checksum.clone().finalize().to_le_bytes() {
            return Some("the checksum is another");
        }
        (len != self.len.to_le_bytes()).then_some("the length is another")
    }
}

impl fmt::Debug for Gzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gzip").field("stage", &self.stage).field("len", &self.len).finish_non_exhaustive()
    }
}
