//! The ways of rotating.

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Renamed to a number that grows; the new file is there at once.
    Rename,
    /// Renamed; the new file comes 50 ms later, and the old one is written to for a while longer.
    RenameLate,
    /// `.1` becomes `.2`, and so on; the oldest is deleted once it is counted.
    Renumber,
    /// Copied to `.1` (the older copies move on) or to a number that grows, then truncated, by another process than the
    /// writer: lines between copy and truncation are destroyed.
    CopyTruncate,
    /// The same, and the copy is compressed at once.
    CopyTruncateCompress,
    /// Renamed to a date; compressed as soon as the writer has left it.
    DateCompress,
    /// The same one rotation later.
    DateDelayCompress,
    /// The name is a symbolic link to the newest of numbered files.
    LinkSwitch,
    /// A hard link keeps the old file under a number; a new file is renamed over the name.
    Replace,
}

impl Mode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::RenameLate => "rename, late create",
            Self::Renumber => "renumber, delete",
            Self::CopyTruncate => "copytruncate",
            Self::CopyTruncateCompress => "copytruncate, compress",
            Self::DateCompress => "dateext, compress",
            Self::DateDelayCompress => "dateext, delaycompress",
            Self::LinkSwitch => "link switch",
            Self::Replace => "link, replace",
        }
    }

    /// Lines may be destroyed by the rotation itself.
    pub const fn destroys(self) -> bool {
        matches!(self, Self::CopyTruncate | Self::CopyTruncateCompress)
    }
}
