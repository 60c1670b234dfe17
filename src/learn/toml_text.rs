//! Values as they are written in TOML.
//!
//! Promises: what is written is read back as it was.

use std::fmt::Write;

/// A text in the quotes that show most of it as it is.
#[must_use]
pub fn text(text: &str) -> String {
    let is_plain = |c: char| c == '\t' || !c.is_control();
    if text.chars().all(is_plain) {
        if !text.contains('\'') {
            return format!("'{text}'");
        }
        if !text.contains("'''") && !text.ends_with('\'') && !text.starts_with('\'') {
            return format!("'''{text}'''");
        }
    }
    quoted(text)
}

/// A key, in quotes where it needs them.
#[must_use]
pub fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A text in double quotes, as types and names are written.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                // Writing into a String cannot fail.
                let _ = write!(quoted, "\\u{:04X}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{key, quoted, text};

    fn read(written: &str) -> toml::Table {
        written.parse().expect("TOML")
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in "(?s).{0,30}", quotes in "['\"\\\\\u{0}\u{7f}a]{0,8}", name in ".{0,10}") {
            for value in [&value, &quotes] {
                for written in [text(value), quoted(value)] {
                    let table = read(&format!("{} = {written}", key(&name)));
                    prop_assert_eq!(table[&name].as_str(), Some(value.as_str()));
                }
            }
        }
    }
}
