//! The syntax of nginx's `log_format`: `$name` and `${name}`, everything else stands for itself.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_while1};
use nom::combinator::{map, recognize};
use nom::multi::many0;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::{Class, Problem, Token, Variable};
use crate::model::fields::FieldType;
use crate::parse::catalogue::Known;
use crate::parse::time::TimeFormat;

/// The pieces of a template.
pub(in crate::parse) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    match many0(token).parse(text) {
        Ok(("", tokens)) => Ok(tokens),
        Ok((rest, _)) => Err(problem(text, rest)),
        Err(_) => Err(problem(text, text)),
    }
}

fn problem(text: &str, rest: &str) -> Problem {
    let place = text[..text.len() - rest.len()].chars().count() + 1;
    let found: String = rest.chars().take(12).collect();
    (
        format!("the template's character {place}, `{found}`, begins no variable"),
        "write variables as `$name` or `${name}`; nginx's log_format has no way to write a `$` of its own".to_owned(),
    )
}

fn token(input: &str) -> IResult<&str, Token> {
    let literal = map(take_till1(|c| c == '$'), |text: &str| Token::Literal(text.as_bytes().to_vec()));
    alt((literal, variable)).parse(input)
}

fn variable(input: &str) -> IResult<&str, Token> {
    let name = || take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let braced = recognize(delimited(tag("{"), name(), tag("}")));
    let (rest, name) = preceded(tag("$"), alt((braced, name()))).parse(input)?;
    let written = format!("${name}");
    let name = name.trim_start_matches('{').trim_end_matches('}');
    Ok((rest, Token::Field(Variable { known: known(name), written, class: class(name), clock: None })))
}

fn known(name: &str) -> Known {
    let kind = class(name).kind();
    let time = TimeFormat::of_known_name(name);
    Known { name: name.to_owned(), kind: if time.is_some() { FieldType::Time } else { kind }, time }
}

/// From nginx's own list of variables. Those that a client chooses freely, and all others, are free.
fn class(name: &str) -> Class {
    match name {
        "time_local" => Class::Clf,
        "time_iso8601" => Class::Iso,
        "status" => Class::Status,
        "body_bytes_sent"
        | "bytes_sent"
        | "bytes_received"
        | "request_length"
        | "connection"
        | "connection_requests"
        | "pid"
        | "server_port"
        | "remote_port"
        | "realip_remote_port"
        | "proxy_protocol_port"
        | "proxy_protocol_server_port"
        | "connections_active"
        | "connections_reading"
        | "connections_waiting"
        | "connections_writing"
        | "tcpinfo_rtt"
        | "tcpinfo_rttvar"
        | "tcpinfo_snd_cwnd"
        | "tcpinfo_rcv_space" => Class::Digits,
        "msec" | "request_time" | "connection_time" | "session_time" | "gzip_ratio" => Class::Number,
        "upstream_response_time"
        | "upstream_connect_time"
        | "upstream_header_time"
        | "upstream_queue_time"
        | "upstream_first_byte_time"
        | "upstream_session_time"
        | "upstream_status"
        | "upstream_bytes_received"
        | "upstream_bytes_sent"
        | "upstream_response_length" => Class::NumberList,
        "upstream_addr" => Class::WordList,
        "http_x_forwarded_for" | "proxy_add_x_forwarded_for" => Class::Forwarded,
        "remote_addr"
        | "realip_remote_addr"
        | "the_real_ip"
        | "proxy_protocol_addr"
        | "server_addr"
        | "server_name"
        | "hostname"
        | "scheme"
        | "request_method"
        | "server_protocol"
        | "request_id"
        | "pipe"
        | "request_completion"
        | "ssl_protocol"
        | "ssl_cipher"
        | "ssl_session_id"
        | "ssl_session_reused"
        | "upstream_cache_status"
        | "ssl_alpn_protocol"
        | "ssl_curve"
        | "ssl_early_data"
        | "ssl_client_fingerprint"
        | "ssl_client_serial"
        | "proxy_protocol_server_addr"
        | "limit_req_status"
        | "limit_conn_status"
        | "nginx_version"
        | "protocol"
        | "https"
        | "http2"
        | "http3" => Class::Word,
        _ => Class::Free,
    }
}
