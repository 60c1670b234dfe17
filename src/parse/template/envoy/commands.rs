//! Envoy's commands and their fields.
//!
//! | command | field | | command | field |
//! | --- | --- | --- | --- | --- |
//! | `START_TIME`, `START_TIME_LOCAL` | `time` | | `DOWNSTREAM_REMOTE_ADDRESS` | `remote_addr` and `remote_port` |
//! | `EMIT_TIME`, `EMIT_TIME_LOCAL` | `emit_time` | | `DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT` | `remote_addr` |
//! | `PROTOCOL` | `protocol` | | `DOWNSTREAM_REMOTE_PORT` | `remote_port` |
//! | `RESPONSE_CODE` | `status` | | `REQ`, `RESP`, `TRAILER` | see [`super::headers`] |
//! | `BYTES_SENT` | `bytes_sent` | | `REQ_WITHOUT_QUERY`, `PATH` | `path` or `target` |
//! | `DURATION` | `duration_ms` | | `QUERY_PARAM(x)`, `QUERY_PARAMS` | `arg_x`, `query` |
//! | `…_DURATION` | `…_duration_ms` | | `ENVIRONMENT(X)` | `env_x` |
//!
//! Every other command gives the field of its name in lower case, and of its argument: `DYNAMIC_METADATA(a.b:c)` is
//! `dynamic_metadata_a_b_c`. Counts and ports take digits, addresses and names a word, and everything else any text
//! without quotes.

use super::{Class, Command, Problem, Variable, clock, headers};
use crate::parse::template::snake_case;

/// The fields of a command: one, or an address and its port.
pub(super) fn fields(command: &Command<'_>) -> Result<Vec<Variable>, Problem> {
    let one = |name: &str, class| Ok(vec![Variable::new(name, command.written, class)]);
    let argument = command.argument.unwrap_or_default();
    match command.name {
        "START_TIME" | "EMIT_TIME" | "START_TIME_LOCAL" | "EMIT_TIME_LOCAL" => Ok(vec![clock::field(command)?]),
        "REQ" | "RESP" | "TRAILER" | "REQ_WITHOUT_QUERY" => {
            Ok(vec![headers::field(command.name, argument, command.written)])
        }
        "PATH" if argument.split(':').next() == Some("NQ") => one("path", Class::Raw),
        "PATH" => one("target", Class::Raw),
        "QUERY_PARAM" => one(&format!("arg_{}", snake_case(argument)), Class::Raw),
        "QUERY_PARAMS" => one("query", Class::Raw),
        "ENVIRONMENT" => one(&format!("env_{}", snake_case(argument)), Class::Raw),
        "PROTOCOL" => one("protocol", Class::Word),
        "RESPONSE_CODE" => one("status", Class::Digits),
        "DOWNSTREAM_REMOTE_ADDRESS" => Ok(vec![
            Variable::new("remote_addr", command.written, Class::Host),
            Variable::new("remote_port", command.written, Class::Port),
        ]),
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" => one("remote_addr", Class::Word),
        "DOWNSTREAM_REMOTE_PORT" => one("remote_port", Class::Digits),
        "COMMON_DURATION" => one(&format!("{}_duration", snake_case(argument)), Class::Digits),
        name if name.ends_with("DURATION") => one(&format!("{}_ms", snake_case(name)), Class::Digits),
        name => {
            let written = if argument.is_empty() { name.to_owned() } else { format!("{name}_{argument}") };
            one(&snake_case(&written), class(name))
        }
    }
}

fn class(name: &str) -> Class {
    const WORDS: [&str; 20] = [
        "DOWNSTREAM_TLS_CIPHER",
        "DOWNSTREAM_TLS_SESSION_ID",
        "DOWNSTREAM_TLS_VERSION",
        "DOWNSTREAM_TRANSPORT_FAILURE_REASON_CODE",
        "GRPC_STATUS",
        "HOSTNAME",
        "REQUESTED_SERVER_NAME",
        "RESPONSE_CODE_DETAILS",
        "RESPONSE_FLAGS",
        "RESPONSE_FLAGS_LONG",
        "SPAN_ID",
        "STREAM_ID",
        "TRACE_ID",
        "UNIQUE_ID",
        "UPSTREAM_CLUSTER",
        "UPSTREAM_CLUSTER_RAW",
        "UPSTREAM_HOST",
        "UPSTREAM_PROTOCOL",
        "UPSTREAM_TLS_CIPHER",
        "UPSTREAM_TLS_VERSION",
    ];
    const NUMBERS: [&str; 6] = [
        "CONNECTION_ID",
        "GRPC_STATUS_NUMBER",
        "UPSTREAM_CONNECTION_ID",
        "UPSTREAM_REMOTE_PORT",
        "UPSTREAM_REQUEST_ATTEMPT_COUNT",
        "WORKER_ID",
    ];
    let is_number = name.contains("BYTES_") || name.ends_with("_PORT") || NUMBERS.contains(&name);
    if is_number {
        Class::Digits
    } else if name.contains("_ADDRESS") || WORDS.contains(&name) {
        Class::Word
    } else {
        Class::Raw
    }
}
