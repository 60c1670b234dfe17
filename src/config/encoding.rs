//! Encodings by label.
//!
//! Promises: only those in which a newline is one unit, so that lines can be cut. Does not: know how text is decoded.

use super::value::Value;
use super::words::{nearest, shown};
use crate::model::encoding::{LabelFault, TextEncoding};

/// Labels that people write, for suggestions.
const USUAL: [&str; 20] = [
    "utf-8",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "latin1",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "koi8-r",
    "macintosh",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "gbk",
    "gb18030",
    "big5",
    "ibm866",
];

/// Reads a label; a fault when no usable encoding has it.
pub(super) fn read(value: &Value<'_>) -> Option<TextEncoding> {
    let label = value.filled_text()?.value;
    let (what, help) = match TextEncoding::from_label(&label) {
        Ok(encoding) => return Some(encoding),
        Err(LabelFault::Unknown) => {
            let help = match nearest(&label, USUAL) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => {
                    "write a label of the WHATWG Encoding Standard, such as \"latin1\", \"utf-16le\" or \"shift_jis\""
                        .to_owned()
                }
            };
            ("which is no encoding", help)
        }
        Err(LabelFault::NotByLines) => {
            ("in which lines cannot be told before it is decoded", "let the application log in UTF-8".to_owned())
        }
    };
    value.fault(&format!("{} is `{}`, {what}", value.title, shown(&label)), &help);
    None
}
