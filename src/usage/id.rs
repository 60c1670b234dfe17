//! What may stand as a user's or an account's id.
//!
//! Promises: an id that is let through is safe to send and to show. Does not: know whose it is.

/// Longest id in bytes: far more than any product's, and a limit to what a forged line can make the host keep.
pub(super) const MAX_ID_BYTES: usize = 1_000;

/// What a line has for an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id<'a> {
    Good(&'a str),
    /// Absent, empty or `-`.
    Absent,
    /// Too long, with control characters, or not UTF-8.
    Bad,
}

#[inline]
pub(super) fn read_id(bytes: Option<&[u8]>) -> Id<'_> {
    // A lone `-` is how logs write "nobody", JSON ones too.
    let Some(bytes) = bytes.filter(|bytes| !matches!(bytes, [] | [b'-'])) else { return Id::Absent };
    if bytes.len() > MAX_ID_BYTES {
        return Id::Bad;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Id::Bad };
    // Nearly all ids are printable ASCII: one pass over bytes tells.
    let plain = bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e));
    if plain || !text.chars().any(char::is_control) { Id::Good(text) } else { Id::Bad }
}
