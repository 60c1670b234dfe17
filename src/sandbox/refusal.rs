//! Why a call was refused: the reason, its HTTP status and the body that says so.
//!
//! Promises: every refusal carries one [`Reason`], so that the books can count them. Does not: decide anything.

use std::fmt;

use serde::Serialize;

/// What a call broke. The books keep one count for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    KeyMissing,
    KeyUnknown,
    NoReadPermission,
    NoWritePermission,
    RequestRate,
    RequestsPerDay,
    NoSuchCall,
    BadPath,
    BadParameter,
    BadFilter,
    BadScroll,
    RangeTooWide,
    ContentType,
    BodyTooLarge,
    BadJson,
    UnknownField,
    MissingField,
    WrongType,
    BadUserType,
    BadDate,
    UnknownPropertyKey,
    TooManyAttributes,
    AttributeNameLength,
    AttributeNamesCollide,
    EventNameLength,
    TooManyEventNames,
    UserDayLimit,
    Duplicate,
    NotFound,
}

impl Reason {
    /// The status that answers it, with the name that PX gives it in its error bodies.
    pub(super) const fn status(self) -> (u16, &'static str) {
        match self {
            Self::KeyMissing | Self::KeyUnknown => (401, "UNAUTHORIZED"),
            Self::NoReadPermission | Self::NoWritePermission => (403, "FORBIDDEN"),
            Self::RequestRate | Self::RequestsPerDay => (429, "TOO_MANY_REQUESTS"),
            Self::NoSuchCall | Self::NotFound => (404, "NOT_FOUND"),
            _ => (400, "BAD_REQUEST"),
        }
    }
}

impl fmt::Display for Reason {
    /// The name in the books: `event_name_length`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub reason: Reason,
    pub message: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// The error body in the shape seen in the field.
    pub(super) fn body(&self) -> String {
        let (_, status) = self.reason.status();
        let inner = serde_json::json!({
            "status": status, "message": self.message, "debugMessage": null, "subErrors": null,
        });
        serde_json::json!({ "externalapierror": inner }).to_string()
    }
}
