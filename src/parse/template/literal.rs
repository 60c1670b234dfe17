//! The fixed text between two fields.
//!
//! Promises: up to eight bytes are compared as one number: most literals are two or three bytes long, and a call of
//! memcmp for each would cost more than the rest of the step.

#[derive(Clone, Debug)]
pub(super) struct Literal {
    bytes: Box<[u8]>,
    head: u64,
    mask: u64,
}

impl Literal {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut head = [0; 8];
        let mut mask = [0; 8];
        for (at, &byte) in bytes.iter().take(8).enumerate() {
            head[at] = byte;
            mask[at] = 0xff;
        }
        Self { bytes: bytes.into(), head: u64::from_le_bytes(head), mask: u64::from_le_bytes(mask) }
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
        match rest.first_chunk::<8>() {
            Some(chunk) if self.bytes.len() <= 8 => u64::from_le_bytes(*chunk) & self.mask == self.head,
            _ => rest.starts_with(&self.bytes),
        }
    }
}
