//! The names of headers in Envoy's formats.
//!
//! | command | field |
//! | --- | --- |
//! | `REQ(:METHOD)`, `REQ(:SCHEME)` | `method`, `scheme` |
//! | `REQ(:PATH)`, `REQ(X-ENVOY-ORIGINAL-PATH?:PATH)` | `target`; `path` with `REQ_WITHOUT_QUERY` |
//! | `REQ(:AUTHORITY)` | `host` |
//! | `REQ(X)`, `REQ(X?Y):10` | `http_x`, as nginx has it |
//! | `RESP(X)`, `TRAILER(X)` | `sent_http_x`, `sent_trailer_x` |

use super::{Class, Variable};
use crate::parse::template::snake_case;

pub(super) fn field(command: &str, argument: &str, written: &str) -> Variable {
    let name = argument.split('?').next().unwrap_or_default().to_ascii_uppercase();
    let is_path = name == ":PATH" || name == "X-ENVOY-ORIGINAL-PATH";
    let (name, class) = match (command, name.as_str()) {
        ("REQ_WITHOUT_QUERY", _) if is_path => ("path".to_owned(), Class::Word),
        ("REQ", _) if is_path => ("target".to_owned(), Class::Word),
        ("REQ", ":METHOD") => ("method".to_owned(), Class::Word),
        ("REQ", ":SCHEME") => ("scheme".to_owned(), Class::Word),
        ("REQ", ":AUTHORITY") => ("host".to_owned(), Class::Raw),
        ("REQ", "X-FORWARDED-FOR") => ("http_x_forwarded_for".to_owned(), Class::Forwarded),
        ("REQ" | "REQ_WITHOUT_QUERY", name) => (format!("http_{}", snake_case(name)), Class::Raw),
        ("TRAILER", name) => (format!("sent_trailer_{}", snake_case(name)), Class::Raw),
        (_, ":STATUS") => ("status".to_owned(), Class::Digits),
        // Envoy itself sets it, in milliseconds.
        (_, name @ "X-ENVOY-UPSTREAM-SERVICE-TIME") => (format!("sent_http_{}", snake_case(name)), Class::Digits),
        (_, name) => (format!("sent_http_{}", snake_case(name)), Class::Raw),
    };
    Variable::new(&name, written, class)
}
