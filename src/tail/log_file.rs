//! A log that is read once by a tool: a file, packed or not, or standard input.
//!
//! Promises: packed files are told by their first bytes, whatever their name, and give what was packed, as files that are
//! followed do; what comes before a damage is given first, then [`CutShort`]. Does not: cut lines, or follow.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::rotated;
use super::text;
use super::unpack::{self, Damage, Ending, Unpacked};
use crate::model::encoding::TextEncoding;
use crate::model::file::Packing;

/// Standard input, where a file is asked for.
pub const STANDARD_INPUT: &str = "-";

/// So many first bytes tell how a file is packed.
const MAGIC_BYTES: u64 = 4;

/// The bytes of a log, from its beginning to its end.
#[derive(Debug)]
pub struct LogFile(Input);

#[derive(Debug)]
enum Input {
    /// The file's own bytes; those that were looked at come first.
    Plain { first: io::Cursor<Vec<u8>>, rest: File },
    /// What was packed, from `at` on.
    Packed { handle: File, unpacked: Box<Unpacked>, at: u64 },
}

/// A packed log that could not be unpacked to its end. What it holds before that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutShort {
    ending: Ending,
    /// Unpacked bytes that were given.
    bytes: u64,
}

/// A file's own path, and those that it may have had before it was rotated.
pub fn names_it_had(path: &Path) -> impl Iterator<Item = PathBuf> {
    std::iter::once(path.to_owned()).chain(rotated::base_paths(path))
}

/// The encoding that the first bytes of a log of which nothing is known say.
#[must_use]
pub fn encoding_of(head: &[u8]) -> TextEncoding {
    text::guess(head)
}

impl LogFile {
    /// `-` is standard input.
    ///
    /// # Errors
    /// The log cannot be opened or read, or comes packed through a pipe: packed logs are read as files only.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new(STANDARD_INPUT) {
            // The handle itself: nothing of it is in a buffer.
            Self::new(File::from(io::stdin().as_fd().try_clone_to_owned()?))
        } else {
            Self::new(File::open(path)?)
        }
    }

    fn new(mut file: File) -> io::Result<Self> {
        let mut first = Vec::new();
        (&file).take(MAGIC_BYTES).read_to_end(&mut first)?;
        let packing = unpack::packing_of(&first);
        let Some(unpacked) = Unpacked::new(packing) else {
            return Ok(Self(Input::Plain { first: io::Cursor::new(first), rest: file }));
        };
        // Standard input may be a file that somebody read some of.
        let is_at_start = file.stream_position().is_ok_and(|at| at == first.len() as u64);
        if !is_at_start || !file.metadata()?.is_file() {
            let (name, tool) = if packing == Packing::Gzip { ("gzip", "zcat") } else { ("zstd", "zstdcat") };
            let said = format!("it is packed by {name}, which is read from files only: unpack it with {tool} first");
            return Err(io::Error::new(io::ErrorKind::InvalidData, said));
        }
        Ok(Self(Input::Packed { handle: file, unpacked: Box::new(unpacked), at: 0 }))
    }

    #[must_use]
    pub const fn is_packed(&self) -> bool {
        matches!(self.0, Input::Packed { .. })
    }
}

impl Read for LogFile {
    /// At the end of a packed log that is damaged or cut off: an error that holds [`CutShort`].
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Input::Plain { first, rest } => match first.read(into)? {
                0 => rest.read(into),
                found => Ok(found),
            },
            Input::Packed { handle, unpacked, at } => {
                let (found, ending) = unpacked.fill(handle, into, *at)?;
                *at += found as u64;
                match ending {
                    Some(ending) if found == 0 && !into.is_empty() && ending != Ending::Complete => {
                        Err(CutShort { ending, bytes: *at }.into())
                    }
                    _ => Ok(found),
                }
            }
        }
    }
}

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ending, bytes } = self;
        match ending {
            Ending::Damaged(Damage { why, packed_offset, .. }) => {
                write!(f, "damaged at its byte {packed_offset}: {why}")?;
            }
            Ending::Oversized => write!(f, "it unpacks to more than a log can")?,
            Ending::Unfinished | Ending::Complete => {
                write!(f, "it ends in the middle: it was cut off, or is being written")?;
            }
        }
        write!(f, " ({bytes} bytes were unpacked)")
    }
}

impl std::error::Error for CutShort {}

impl From<CutShort> for io::Error {
    fn from(cut_short: CutShort) -> Self {
        Self::new(io::ErrorKind::InvalidData, cut_short)
    }
}
