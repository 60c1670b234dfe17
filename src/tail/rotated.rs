//! Names that rotations make, and what the file was called before.
//!
//! Promises: pure; one place that knows the forms. Does not: say that a file is a rotation: its name only may be one.
//!
//! Forms: a number or a date behind the name (`a.log.1`, `a.log-20261123`, `a.log.2026-11-23_10`) or before its extension, as
//! logrotate's `extension` does (`a.1.log`, `a-20261123.log`), a word for old behind any of these
//! (`a.log.old`, `a.log-20261123.backup`), and a compressor's ending behind that.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What compressors put behind a name.
const COMPRESSED: [&str; 7] = [".gz", ".zst", ".bz2", ".xz", ".lz4", ".Z", ".zip"];

/// What is put behind the name of a file that was replaced. `.backup` is logrotate's, where a log comes back before it has
/// made the new one.
const OLD: [&str; 8] = [".old", ".bak", ".backup", ".orig", ".prev", ".save", ".rotated", "~"];

/// Digits that make a date: a shorter number before an extension is more often the name of one of several logs.
const DATE_DIGITS: usize = 6;

/// The name without a compressor's ending.
pub(super) fn unpacked_name(name: &[u8]) -> &[u8] {
    COMPRESSED.iter().find_map(|ending| strip(name, ending)).unwrap_or(name)
}

/// The names that this may be a rotation of, the longest first.
pub(super) fn bases(name: &OsStr) -> Vec<Vec<u8>> {
    let name = name.as_bytes();
    let plain = unpacked_name(name);
    let mut found = Vec::new();
    if plain.len() < name.len() {
        found.push(plain.to_vec());
    }
    let replaced = OLD.iter().find_map(|ending| strip(plain, ending));
    found.extend(replaced.map(<[u8]>::to_vec));
    let numbered = replaced.unwrap_or(plain);
    found.extend(before_suffix(numbered).map(<[u8]>::to_vec));
    found.extend(around_number(numbered));
    found
}

/// True for a path that may be a rotation of another.
pub(super) fn is_rotated_form(path: &Path) -> bool {
    !bases(path.file_name().unwrap_or_default()).is_empty()
}

/// The paths that this may be a rotation of.
pub(super) fn base_paths(path: &Path) -> impl Iterator<Item = PathBuf> {
    let name = path.file_name().unwrap_or_default();
    bases(name).into_iter().map(|base| path.with_file_name(OsStr::from_bytes(&base)))
}

/// A name up to its first dot that does not lead it: what every rotation of it keeps.
pub(super) fn stem(name: &OsStr) -> &[u8] {
    let bytes = name.as_bytes();
    let end = bytes.iter().skip(1).position(|&byte| byte == b'.').map_or(bytes.len(), |at| at + 1);
    &bytes[..end]
}

fn strip<'a>(name: &'a [u8], ending: &str) -> Option<&'a [u8]> {
    name.strip_suffix(ending.as_bytes()).filter(|rest| !rest.is_empty())
}

/// What dates and numbers are written with.
fn is_suffix_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || b".-_:+TZ".contains(&byte)
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'_')
}

/// Cut before a suffix of digits and what dates are written with.
fn before_suffix(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let start = name.iter().rposition(|byte| !is_suffix_byte(*byte)).map_or(name.len(), |at| at + 1);
    let ends_like_one = matches!(name.last(), Some(b'0'..=b'9' | b'Z'));
    (start..name.len()).filter(move |&at| ends_like_one && at > 0 && is_separator(name[at])).map(|at| &name[..at])
}

/// Without the number or date that stands before the extension.
fn around_number(name: &[u8]) -> Option<Vec<u8>> {
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    let (before, extension) = name.split_at(dot);
    if !extension[1..].first()?.is_ascii_alphabetic() {
        return None;
    }
    let start = before.iter().rposition(|byte| !is_suffix_byte(*byte)).map_or(before.len(), |at| at + 1);
    let suffix = &before[start..];
    let digits = suffix.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_number = suffix.first() == Some(&b'.') && digits > 0 && digits + 1 == suffix.len();
    let is_date = suffix.first().is_some_and(|byte| is_separator(*byte)) && digits >= DATE_DIGITS;
    (start > 0 && (is_number || is_date)).then(|| [&before[..start], extension].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &[&str]) {
        let found: Vec<String> =
            bases(OsStr::new(name)).into_iter().map(|base| String::from_utf8(base).unwrap()).collect();
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn a_rotated_name_tells_what_it_was_called_before() {
        for (name, expected) in [
            ("a.log", &[][..]),
            ("a.log.1", &["a.log"]),
            ("a.log-20261123", &["a.log"]),
            ("a.log.1.gz", &["a.log.1", "a.log"]),
            ("a.log.gz", &["a.log"]),
            ("a.log-20261123-1763892000.zst", &["a.log-20261123-1763892000", "a.log", "a.log-20261123"]),
            ("a-20261123.log", &["a.log"]),
            ("a-2026-11-23.log.gz", &["a-2026-11-23.log", "a.log"]),
            ("a.1.log", &["a.log"]),
            ("a-1.log", &[]),
            ("a.log.old", &["a.log"]),
            ("a.log~", &["a.log"]),
            ("a.log-2026112323.backup", &["a.log-2026112323", "a.log"]),
            ("0.log.20261123-101500", &["0.log", "0.log.20261123"]),
            ("0.log", &[]),
            ("20261123.log", &[]),
            (".gz", &[]),
            (".1", &[]),
        ] {
            check(name, expected);
        }
    }
}
