//! zstd frames, one after the other, those to be skipped among them (RFC 8878).
//!
//! Promises: every block unpacked before a fault is handed out; frames that need more than 128 MiB of memory are refused.
//! Does not: know dictionaries.

use std::fmt;

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::{Step, Window};

/// Magic, descriptor, window, dictionary, content size.
pub(super) const MOST_HEADER_BYTES: usize = 18;

/// The most that `zstd` itself unpacks unless told otherwise: 128 MiB.
const MOST_WINDOW_LOG: u32 = 27;

/// The largest block there is.
const OUTPUT_BYTES: usize = 128 << 10;

const BLOCK_HEADER_BYTES: usize = 3;

pub(super) struct Zstd {
    /// `None` when there was no memory for it.
    decoder: Option<DCtx<'static>>,
    output: Box<[u8]>,
    /// What the decoder would like to be given next, with the header that follows.
    wanted: usize,
    /// The output was filled: there may be more.
    is_pending: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Between,
    Frame,
    /// Zeros up to the end of the file.
    Padding,
}

impl Zstd {
    pub(super) fn new() -> Self {
        let mut decoder = DCtx::try_create();
        decoder.as_mut().and_then(|decoder| decoder.set_parameter(DParameter::WindowLogMax(MOST_WINDOW_LOG)).ok());
        Self {
            decoder,
            output: vec![0; OUTPUT_BYTES].into_boxed_slice(),
            wanted: 1,
            is_pending: false,
            stage: Stage::Between,
        }
    }

    pub(super) fn is_between(&self) -> bool {
        self.stage != Stage::Frame
    }

    pub(super) fn step(&mut self, input: &[u8], window: &mut Window) -> Step {
        match (self.stage, input.first()) {
            (Stage::Between, None) => Step::default(),
            (Stage::Padding, _) | (_, Some(0)) if self.is_between() => {
                self.stage = Stage::Padding;
                let taken = input.iter().take_while(|byte| **byte == 0).count();
                Step { taken, fault: (taken < input.len()).then_some("something that is not zstd follows") }
            }
            (_, None) if !self.is_pending => Step::default(),
            _ => self.frame(input, window),
        }
    }

    fn frame(&mut self, input: &[u8], window: &mut Window) -> Step {
        let Some(decoder) = &mut self.decoder else { return Step { taken: 0, fault: Some("no memory to unpack it") } };
        self.stage = Stage::Frame;
        // A fault takes with it what was unpacked by the same call: never a block together with the header after it.
        let bite = match self.wanted {
            wanted if wanted > BLOCK_HEADER_BYTES => wanted - BLOCK_HEADER_BYTES,
            wanted => wanted.max(1),
        };
        let mut source = InBuffer::around(&input[..bite.min(input.len())]);
        let mut target = OutBuffer::around(&mut self.output[..]);
        let result = decoder.decompress_stream(&mut target, &mut source);
        let (taken, written) = (source.pos, target.pos());
        window.append(&self.output[..written]);
        self.is_pending = written == OUTPUT_BYTES;
        let fault = match result {
            Ok(0) => {
                self.stage = Stage::Between;
                self.wanted = 1;
                None
            }
            Ok(wanted) => {
                self.wanted = wanted;
                None
            }
            Err(code) => Some(zstd_safe::get_error_name(code)),
        };
        Step { taken, fault }
    }
}

/// What the header of the first frame says of the unpacked length.
pub(super) fn content_len(first_bytes: &[u8]) -> Option<u64> {
    zstd_safe::get_frame_content_size(first_bytes).ok().flatten()
}

impl fmt::Debug for Zstd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zstd").field("stage", &self.stage).field("wanted", &self.wanted).finish_non_exhaustive()
    }
}
