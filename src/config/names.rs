//! Names that a person gives: of sources, metrics, patterns and fields.
//!
//! Promises: a name that passed can stand in a file name, a metric's label and a message without quoting.
//! Does not: look whether a name is taken.

use super::value::Value;
use super::words::shown;
use crate::model::fault::Located;

/// Names go into labels and file names.
const NAME_LEN: usize = 100;

/// Reads a name; a fault when it is none.
pub(super) fn read(value: &Value<'_>) -> Option<Located<String>> {
    let name = value.filled_text()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins_plain = name.value.starts_with(|c: char| c.is_ascii_alphanumeric());
    if name.value.len() > NAME_LEN || !begins_plain || !name.value.chars().all(plain) {
        let message = format!("{} is `{}`, which is no name", value.title, shown(&name.value));
        value.fault(&message, "use letters, digits, `-`, `_` and `.`; begin with a letter or digit; at most 100");
        return None;
    }
    Some(name)
}

/// Reports a field name that no template could name.
pub(super) fn check_field(name: &str, value: &Value<'_>) {
    if !is_field(name) {
        let message = format!("{}: `{}` is no field name", value.title, shown(name));
        value.fault(&message, "use letters, digits, `_`, `-`, `.` and `@`");
    }
}

/// Whether a text can name a field.
pub(super) fn is_field(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@'))
}
