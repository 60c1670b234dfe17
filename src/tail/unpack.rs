//! Reads gzip and zstd files as the bytes that were packed.
//!
//! Promises: what is handed out depends on the packed bytes alone, not on how it is asked for; what comes before a damage is
//! handed out; a file that grows is read on. Memory is bounded by what is asked for and the format's window (zstd: 128 MiB
//! at most), the work of one call by about [`CALL_BYTES`]. No input makes it panic.
//!
//! Does not: open files, or tell whether a file that ends in the middle will go on.
//!
//! Sources: RFC 1952 (gzip), RFC 1951 (deflate), RFC 8878 (zstd).

mod gzip;
#[cfg(test)]
mod tests;
mod window;
mod zstd;

use std::fs::File;
use std::io;

use window::Window;

use super::identity;
use crate::model::file::Packing;

/// Most bytes unpacked by one call, and most packed bytes read: as much as one file's turn.
const CALL_BYTES: u64 = 1 << 20;

/// Packed bytes of one read: a few blocks.
const INPUT_BYTES: usize = 64 << 10;

/// Packed bytes before the last read that are read again with the next: they show that the file was rewritten.
const SEAM_BYTES: usize = 64;

/// So many zeros up to the end of a file were never written: the machine stopped before. In a trailer are nine at most.
const LEAST_ZEROS: usize = 64;

/// Anything may unpack to so much.
const FREE_BYTES: u64 = 64 << 20;

/// Beyond that, so much for each packed byte. Access logs come to 8 to 20, and a log of one repeated line with a counter in
/// it to about 100. Deflate cannot pass 1,032; zstd can, by filler that no server writes.
const MOST_RATIO: u64 = 1_000;

/// How the bytes of a file are packed, by its first bytes: four tell. With fewer a packed file looks plain, so ask again
/// before anything is made of them.
pub(super) fn packing_of(first_bytes: &[u8]) -> Packing {
    match first_bytes {
        // Two magic bytes, then deflate, the only method there is.
        [0x1f, 0x8b, 8, ..] => Packing::Gzip,
        // A frame, or one to be skipped, as parallel packers write them first.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Packing::Zstd,
        _ => Packing::Plain,
    }
}

/// What the file says about its unpacked length, if that can be had for one small read. gzip's is modulo 4 GiB and that of
/// the last member, zstd's that of the first frame: a hint.
pub(super) fn unpacked_len_hint(handle: &File, packing: Packing) -> io::Result<Option<u64>> {
    match packing {
        Packing::Plain => Ok(Some(handle.metadata()?.len())),
        Packing::Gzip => {
            let mut bytes = [0; 4];
            let Some(from) = handle.metadata()?.len().checked_sub(gzip::LEAST_BYTES) else { return Ok(None) };
            let found = identity::read_at(handle, &mut bytes, from + gzip::LEAST_BYTES - 4)?;
            Ok((found == bytes.len()).then_some(u64::from(u32::from_le_bytes(bytes))))
        }
        Packing::Zstd => {
            let mut bytes = [0; zstd::MOST_HEADER_BYTES];
            let found = identity::read_at(handle, &mut bytes, 0)?;
            Ok(zstd::content_len(&bytes[..found]))
        }
    }
}

/// What one read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Bytes in the caller's buffer.
    pub(super) len: usize,
    /// Why there are fewer than asked for; `None` with fewer: there is more, call again.
    pub(super) ending: Option<Ending>,
}

/// How the unpacked bytes end. All but `Damaged` are as of now: they change when the file grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a checksum that is right (or none, where the format leaves it out). Only zeros may follow.
    Complete,
    /// In the middle: it is being written, or was cut off.
    Unfinished,
    /// What follows cannot be unpacked. Stays so.
    Damaged(Damage),
    /// It unpacks to more than is credible: nothing further is unpacked.
    Oversized,
}

/// Where unpacking failed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) why: &'static str,
    /// Packed bytes that were understood.
    pub(super) packed_offset: u64,
    /// Unpacked bytes handed out before it.
    pub(super) unpacked_offset: u64,
}

/// The unpacked bytes of a packed file. Cheap when read from front to back; a place further back than the last read's is
/// correct as well, but everything is unpacked again. Holds the bytes since the last read's beginning, and its decoder:
/// drop it when a file rests.
#[derive(Debug)]
pub(super) struct Unpacked {
    decoder: Decoder,
    window: Window,
    /// Packed bytes, those up to `taken` decoded.
    input: Vec<u8>,
    taken: usize,
    /// Where `input` begins in the file.
    input_offset: u64,
    damage: Option<Damage>,
    /// From where on the file has only zeros, as of the last read.
    zeros_from: u64,
}

#[derive(Debug)]
enum Decoder {
    Gzip(gzip::Gzip),
    Zstd(zstd::Zstd),
}

/// What a decoder made of some packed bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Step {
    /// Packed bytes that are done with.
    taken: usize,
    /// Why it cannot go on.
    fault: Option<&'static str>,
}

/// What one call may still do.
struct Budget {
    unpacked: u64,
    packed: u64,
}

impl Unpacked {
    /// `None` for what is not packed.
    pub(super) fn new(packing: Packing) -> Option<Self> {
        Some(Self {
            decoder: Decoder::new(packing)?,
            window: Window::default(),
            input: Vec::new(),
            taken: 0,
            input_offset: 0,
            damage: None,
            zeros_from: u64::MAX,
        })
    }

    /// Fills the buffer from a place in the unpacked bytes. The handle is that of one file at every call; its own position is
    /// neither used nor moved. Where `from` is far ahead, the way there takes several calls.
    pub(super) fn read_at(&mut self, handle: &File, buffer: &mut [u8], from: u64) -> io::Result<Piece> {
        if let Some(found) = self.window.head(from, buffer.len()) {
            buffer.copy_from_slice(found);
            return Ok(Piece { len: buffer.len(), ending: None });
        }
        if from < self.window.start() {
            self.restart();
        }
        self.window.keep_from(from);
        let ending = self.unpack_to(handle, from.saturating_add(buffer.len() as u64))?;
        let found = self.window.from(from);
        let len = found.len().min(buffer.len());
        buffer[..len].copy_from_slice(&found[..len]);
        Ok(Piece { len, ending: ending.filter(|_| len < buffer.len()) })
    }

    /// Fills the buffer from a place, however many calls that takes; fewer bytes only with the ending.
    pub(super) fn fill(&mut self, handle: &File, buffer: &mut [u8], from: u64) -> io::Result<(usize, Option<Ending>)> {
        loop {
            let Piece { len, ending } = self.read_at(handle, buffer, from)?;
            if len == buffer.len() || ending.is_some() {
                return Ok((len, ending));
            }
        }
    }

    /// Bytes unpacked so far.
    pub(super) fn end(&self) -> u64 {
        self.window.end()
    }

    fn unpack_to(&mut self, handle: &File, upto: u64) -> io::Result<Option<Ending>> {
        let mut budget = Budget { unpacked: CALL_BYTES, packed: CALL_BYTES };
        loop {
            if self.window.end() >= upto {
                return Ok(None);
            }
            if let Some(damage) = self.damage {
                return Ok(Some(Ending::Damaged(damage)));
            }
            if budget.unpacked == 0 || budget.packed == 0 {
                return Ok(None);
            }
            if self.is_oversized(handle)? {
                return Ok(Some(Ending::Oversized));
            }
            let begin = self.window.end();
            if !self.step() && !self.refill(handle, &mut budget)? {
                return Ok(Some(if self.decoder.is_between() { Ending::Complete } else { Ending::Unfinished }));
            }
            budget.unpacked = budget.unpacked.saturating_sub(self.window.end().saturating_sub(begin));
        }
    }

    /// Decodes some of the input. False when it needs more of it.
    fn step(&mut self) -> bool {
        let begin = self.window.end();
        let position = self.input_offset + self.taken as u64;
        let mut input = &self.input[self.taken..];
        if self.decoder.distrusts_zeros() {
            let trusted = self.zeros_from.saturating_sub(position).min(input.len() as u64);
            input = &input[..trusted as usize];
        }
        let step = self.decoder.step(input, &mut self.window);
        self.taken += step.taken;
        let (packed_offset, unpacked_offset) = (self.input_offset + self.taken as u64, self.window.end());
        self.damage = step.fault.map(|why| Damage { why, packed_offset, unpacked_offset });
        step.taken > 0 || unpacked_offset > begin || self.damage.is_some()
    }

    /// Reads on in the packed file. False at its end. Where the bytes just before are not what they were, the file was
    /// rewritten: begins anew.
    fn refill(&mut self, handle: &File, budget: &mut Budget) -> io::Result<bool> {
        let unwanted = self.taken.saturating_sub(SEAM_BYTES);
        self.input.drain(..unwanted);
        self.input_offset += unwanted as u64;
        self.taken -= unwanted;
        let known = self.input.len();
        self.input.resize(2 * known + INPUT_BYTES, 0);
        let read = identity::read_at(handle, &mut self.input[known..], self.input_offset);
        self.input.truncate(known + read.as_ref().map_or(0, |found| *found));
        let found = read?;
        budget.packed = budget.packed.saturating_sub(INPUT_BYTES as u64);
        let (before, now) = self.input.split_at(known);
        if !now.starts_with(before) {
            self.restart();
            return Ok(true);
        }
        self.input.drain(..known);
        self.zeros_from = self.find_zeros(handle)?;
        Ok(found > known)
    }

    /// Where the zeros begin that go on to the end of the file, if that is in the input.
    fn find_zeros(&self, handle: &File) -> io::Result<u64> {
        let zeros = self.input.iter().rev().take_while(|byte| **byte == 0).count();
        if zeros < LEAST_ZEROS {
            return Ok(u64::MAX);
        }
        let end = self.input_offset + self.input.len() as u64;
        let mut bytes = vec![0; INPUT_BYTES];
        let mut from = end;
        loop {
            let found = identity::read_at(handle, &mut bytes, from)?;
            if bytes[..found].iter().any(|byte| *byte != 0) {
                return Ok(u64::MAX);
            }
            if found < bytes.len() {
                return Ok(end - zeros as u64);
            }
            from += found as u64;
        }
    }

    fn is_oversized(&self, handle: &File) -> io::Result<bool> {
        let credible = |packed: u64| FREE_BYTES.saturating_add(packed.saturating_mul(MOST_RATIO));
        let packed = self.input_offset + self.taken as u64;
        Ok(self.window.end() >= credible(packed) && self.window.end() >= credible(handle.metadata()?.len()))
    }

    /// Back to the beginning; what the caller keeps in view stays so.
    fn restart(&mut self) {
        self.decoder.restart();
        self.window.restart();
        self.input.clear();
        self.taken = 0;
        self.input_offset = 0;
        self.damage = None;
        self.zeros_from = u64::MAX;
    }
}

impl Decoder {
    fn new(packing: Packing) -> Option<Self> {
        match packing {
            Packing::Plain => None,
            Packing::Gzip => Some(Self::Gzip(gzip::Gzip::new())),
            Packing::Zstd => Some(Self::Zstd(zstd::Zstd::new())),
        }
    }

    fn step(&mut self, input: &[u8], window: &mut Window) -> Step {
        match self {
            Self::Gzip(gzip) => gzip.step(input, window),
            Self::Zstd(zstd) => zstd.step(input, window),
        }
    }

    /// True where zeros up to the end of the file are no packed bytes, and would be unpacked to something.
    fn distrusts_zeros(&self) -> bool {
        match self {
            Self::Gzip(gzip) => gzip.is_inside_body(),
            // Its blocks are read from their ends, which are never zero.
            Self::Zstd(_) => false,
        }
    }

    /// True where the file may end.
    fn is_between(&self) -> bool {
        match self {
            Self::Gzip(gzip) => gzip.is_between(),
            Self::Zstd(zstd) => zstd.is_between(),
        }
    }

    fn restart(&mut self) {
        match self {
            Self::Gzip(gzip) => *gzip = gzip::Gzip::new(),
            Self::Zstd(zstd) => *zstd = zstd::Zstd::new(),
        }
    }
}
