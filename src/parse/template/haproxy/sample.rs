//! The names of samples: `%[req.hdr(X-Account-Id),lower]` is `http_x_account_id`.
//!
//! | sample | field |
//! | --- | --- |
//! | `req.hdr(X)`, `req.fhdr(X)`, `hdr(X)` | `http_x` |
//! | `res.hdr(X)`, `res.fhdr(X)` | `sent_http_x` |
//! | `capture.req.hdr(0)`, `capture.res.hdr(0)` | `captured_request_header_1`, `captured_response_header_1` |
//! | `req.cook(X)`, `cook(X)` | `cookie_x` |
//! | `url_param(X)`, `urlp(X)` | `arg_x` |
//! | `var(txn.account)` | `txn_account` |
//! | `src`, `src_port` | `remote_addr`, `remote_port` |
//! | `method`, `capture.req.method` | `method` |
//! | `path` | `path` |
//! | `pathq`, `url`, `capture.req.uri` | `target` |
//! | `query` | `query` |
//! | `status` | `status` |
//! | any other | its words, with `_` between them |
//!
//! Converters after the first comma do not change the name.

use super::Class;
use crate::parse::template::snake_case;

pub(super) struct Field {
    pub(super) name: String,
    pub(super) class: Class,
}

/// Where the expression ends: the first `]` outside of parentheses and quotes.
pub(super) fn end(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), c) => quote = (c != open).then_some(open),
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ']') if depth == 0 => return Some(at),
            (None, _) => {}
        }
    }
    None
}

pub(super) fn field(expression: &str) -> Field {
    let fetch = expression.trim();
    let depth_ends = fetch.find(['(', ',']).unwrap_or(fetch.len());
    let (function, rest) = fetch.split_at(depth_ends);
    let argument = rest.strip_prefix('(').and_then(|rest| rest.split([')', ',']).next()).unwrap_or_default();
    let argument = argument.trim_matches(['"', '\'', ' ']);
    let is_converted = rest.contains("),") || rest.starts_with(',');
    let class = match function {
        "src_port" | "dst_port" | "status" | "pid" | "req.body_size" | "req.body_len" if !is_converted => Class::Count,
        "src" | "dst" if !is_converted => Class::Word,
        _ => Class::Raw,
    };
    let name = match function {
        "req.hdr" | "req.fhdr" | "hdr" | "req.hdr_ip" => format!("http_{}", snake_case(argument)),
        "res.hdr" | "res.fhdr" | "shdr" => format!("sent_http_{}", snake_case(argument)),
        "capture.req.hdr" => captured("request", argument),
        "capture.res.hdr" => captured("response", argument),
        "req.cook" | "cook" => format!("cookie_{}", snake_case(argument)),
        "url_param" | "urlp" => format!("arg_{}", snake_case(argument)),
        "var" => named(argument),
        "src" => "remote_addr".to_owned(),
        "src_port" => "remote_port".to_owned(),
        "capture.req.method" => "method".to_owned(),
        "pathq" | "url" | "capture.req.uri" => "target".to_owned(),
        _ if argument.is_empty() => named(function),
        _ => named(&format!("{function}_{argument}")),
    };
    Field { name, class }
}

/// HAProxy counts from 0.
fn captured(of: &str, argument: &str) -> String {
    match argument.parse::<u16>() {
        Ok(number) => format!("captured_{of}_header_{}", u32::from(number) + 1),
        Err(_) => snake_case(&format!("captured_{of}_header_{argument}")),
    }
}

/// A name for what has no letter or digit in it too.
pub(super) fn named(text: &str) -> String {
    let name = snake_case(text);
    if name.is_empty() { "sample".to_owned() } else { name }
}
