//! Templates: the format string of the server that writes the log, used to read it.
//!
//! A template is the text of nginx's `log_format` or Apache's `LogFormat` as it stands in the server's configuration:
//!
//! ```text
//! $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"
//! %h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"
//! ```
//!
//! - The whole line must match, from its first byte to its last.
//! - Fields keep the escapes that the server wrote (`\x22`, `\"`).
//! - Known variables take only what the server can write for them: a status is three digits or `-`, an address has no
//!   space, a time has the form of a time. Every other variable takes any text.
//! - Servers escape quotes inside values, so the closing quote of a field is the first that is not escaped, and a field
//!   without quotes holds none. With nginx's `escape=none`, or for a writer that escapes nothing, say `escape = "none"`:
//!   then every byte may be part of a value, and a client can forge fields.
//! - Where a text without quotes may end in more than one place (a user name with spaces and brackets in it), each field
//!   is as short as the rest of the line allows, the first field first. The work is bounded by the line's length for each
//!   field: a line cannot be made that takes long.
//! - Two fields need something between them; the one exception is Apache's `%U%q`, which is the field `target`.
//! - nginx's field names are the variables' own. Apache's directives have the names of the nginx variables that mean the
//!   same (`%h` is `remote_addr`), see [`apache`].
//!
//! Does not: decode values; know which fields are wanted (what matches never depends on it).

mod ambiguity;
pub mod apache;
mod apache_time;
mod class;
mod compiled;
pub mod envoy;
mod example;
pub mod haproxy;
mod list;
mod literal;
mod matcher;
pub mod nginx;
pub(super) mod pasted;
mod shape;

pub(super) use class::Class;
pub(super) use list::{TemplateList, TemplateListReader};
pub(super) use matcher::Matcher;

pub(super) use compiled::{Missing, Template};

use std::sync::Arc;

use super::catalogue::Known;
use super::time::Strftime;

/// How the writer keeps quotes inside values apart from its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escaping {
    /// A quote in a value has a backslash before it, or is written another way.
    Backslash,
    /// Not at all.
    None,
}

/// One piece of a template.
#[derive(Clone, Debug)]
pub(super) enum Token {
    Literal(Vec<u8>),
    Field(Variable),
}

/// A field as the template names it.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) known: Known,
    /// As it stands in the template, for messages.
    pub(super) written: String,
    pub(super) class: Class,
    /// For [`Class::Clock`].
    pub(super) clock: Option<Arc<Strftime>>,
}

impl Variable {
    /// A field of its class's type.
    pub(super) fn new(name: &str, written: &str, class: Class) -> Self {
        let known = Known { name: name.to_owned(), kind: class.kind(), time: None };
        Self { known, written: written.to_owned(), class, clock: None }
    }
}

/// What is wrong with a template, and what to do.
pub(super) type Problem = (String, String);

/// Lower case; what is no letter or digit becomes `_`.
fn snake_case(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    name
}
