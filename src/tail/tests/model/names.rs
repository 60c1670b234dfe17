//! What a name means to a source: a naive reading of the globs, of rotations and of what stands beside a file.

use std::collections::BTreeSet;

use super::actions::{Gate, Globs, is_open};

/// How a source can come upon a file, the surest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sight {
    /// No name, or one that says nothing.
    #[default]
    None,
    /// A rotation of a name that the globs match.
    Rotation,
    Glob,
}

impl Globs {
    pub(super) fn sources(self) -> usize {
        if self == Self::TwoSources { 2 } else { 1 }
    }

    /// The globs of a source, below the directory.
    pub(super) fn of(self, source: usize) -> &'static [&'static str] {
        match (self, source) {
            (Self::Live, _) => &["a.log", "b.log"],
            (Self::Log, _) | (Self::TwoSources, 0) => &["*.log"],
            (Self::LogStar, _) => &["*.log*"],
            (Self::All, _) => &["**"],
            (Self::TwoSources, _) => &["a.log*"],
            (Self::Link | Self::LinkChain, _) => &["current.log"],
        }
    }

    fn matches(self, source: usize, name: &str) -> bool {
        let is_plain = !name.contains('/') && !name.starts_with('.');
        match (self, source) {
            (Self::Live, _) => name == "a.log" || name == "b.log",
            (Self::Log, _) | (Self::TwoSources, 0) => is_plain && name.strip_suffix(".log").is_some(),
            (Self::LogStar, _) => is_plain && name.contains(".log"),
            (Self::All, _) => !name.starts_with('.'),
            (Self::TwoSources, _) => is_plain && name.starts_with("a.log"),
            (Self::Link | Self::LinkChain, _) => name == "current.log",
        }
    }

    pub(super) fn has_links(self) -> bool {
        matches!(self, Self::Link | Self::LinkChain)
    }

    /// `linked`: names that the link led to while the source was followed.
    pub(super) fn sight(self, source: usize, name: &str, linked: &BTreeSet<String>) -> Sight {
        if self.matches(source, name) {
            return Sight::Glob;
        }
        let behind_link = |base: &str| is_open(Gate::RotateBehindLinks) && linked.contains(base);
        match base_of(name) {
            Some(base) if self.matches(source, &base) || behind_link(&base) => Sight::Rotation,
            _ => Sight::None,
        }
    }
}

/// The live name that a rotated one was made from; nothing for other names.
pub(super) fn base_of(name: &str) -> Option<String> {
    let (stem, rest) = name.strip_suffix(".gz").unwrap_or(name).split_at_checked(1)?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let suffix = rest.strip_prefix(".log.").or_else(|| rest.strip_prefix(".log-"));
    let inside = rest.strip_prefix('-').and_then(|rest| rest.strip_suffix(".log"));
    let is_rotation = [suffix, inside].into_iter().flatten().any(is_number) || rest == ".log.old" || rest == ".log.bak";
    is_rotation.then(|| format!("{stem}.log"))
}
