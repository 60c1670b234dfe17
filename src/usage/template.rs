//! Templates over fields, compiled to slots.
//!
//! Promises: a template of one field is that field's bytes, without a copy. Does not: judge the text.

use crate::model::decimal::Decimal;
use crate::model::fields::{FieldType, Fields};
use crate::model::record::KeyWriter;

/// One part of a template of several.
#[derive(Debug)]
pub(super) enum Part {
    Literal(Vec<u8>),
    /// Without a default, an absent field makes the whole template absent. No slot: the pattern lacks the field.
    Field {
        slot: Option<usize>,
        default: Option<Vec<u8>>,
    },
}

#[derive(Debug)]
pub(super) enum CompiledTemplate {
    /// One field and nothing else.
    Field {
        slot: usize,
        kind: FieldType,
        default: Option<Vec<u8>>,
    },
    /// The same text for every line.
    Constant(Vec<u8>),
    /// Never there.
    Absent,
    Parts(Vec<Part>),
}

impl CompiledTemplate {
    /// The template's text; `None` when it is absent. `joined` is where it is put together, if need be.
    #[inline]
    pub(super) fn bytes<'a>(&'a self, line: &'a [u8], fields: &'a Fields, joined: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        match self {
            Self::Field { slot, default, .. } => fields.get(line, *slot).or(default.as_deref()),
            Self::Constant(text) => Some(text),
            Self::Absent => None,
            Self::Parts(parts) => {
                joined.clear();
                for part in parts {
                    joined.extend_from_slice(match part {
                        Part::Literal(text) => text,
                        Part::Field { slot, default } => {
                            slot.and_then(|slot| fields.get(line, slot)).or(default.as_deref())?
                        }
                    });
                }
                Some(joined)
            }
        }
    }

    /// Writes the template as one part of a key: a number or a boolean where it is one field of such a type, else text.
    #[inline]
    pub(super) fn write_property(&self, line: &[u8], fields: &Fields, joined: &mut Vec<u8>, key: &mut KeyWriter<'_>) {
        let kind = match self {
            Self::Field { kind, .. } => *kind,
            _ => FieldType::Text,
        };
        let Some(bytes) = self.bytes(line, fields, joined) else { return key.absent() };
        match (kind, bytes) {
            (FieldType::Integer | FieldType::Number, _) => {
                if let Some(number) = Decimal::parse(bytes) {
                    return key.number(number);
                }
            }
            (FieldType::Boolean, b"true") => return key.boolean(true),
            (FieldType::Boolean, b"false") => return key.boolean(false),
            _ => {}
        }
        // Bytes that are no text are replaced here, so that what looks the same in PX is one group.
        key.text(&String::from_utf8_lossy(bytes));
    }
}
