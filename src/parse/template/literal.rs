//! The fixed text between two fields.
//!
//! Promises: up to sixteen bytes are compared as one number: most literals are two or three bytes long, and a call of memcmp
//! for each would cost more than the rest of the step.

#[derive(Clone, Debug)]
pub(super) struct Literal {
    bytes: Box<[u8]>,
    head: u128,
    mask: u128,
}

impl Literal {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut head = [0; 16];
        let mut mask = [0; 16];
        for (at, &byte) in bytes.iter().take(16).enumerate() {
            head[at] = byte;
            mask[at] = 0xff;
        }
        Self { bytes: bytes.into(), head: u128::from_le_bytes(head), mask: u128::from_le_bytes(mask) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it stands at this place of the line.
    #[inline]
    pub(super) fn is_at(&self, line: &[u8], at: usize) -> bool {
        let Some(rest) = line.get(at..) else { return false };
        // Not left to memcmp: it may load from the address of the empty text, which costs more than the whole line.
        if self.bytes.is_empty() {
            return true;
        }
        if let Some(chunk) = rest.first_chunk::<8>()
            && self.bytes.len() <= 8
        {
            return u64::from_le_bytes(*chunk) & self.mask as u64 == self.head as u64;
        }
        match rest.first_chunk::<16>() {
            Some(chunk) if self.bytes.len() <= 16 => u128::from_le_bytes(*chunk) & self.mask == self.head,
            _ => rest.starts_with(&self.bytes),
        }
    }
}
