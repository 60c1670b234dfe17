//! pxtail's own names for what grok patterns call otherwise.
//!
//! The names on the right are those of Logstash's library, older and of the Elastic Common Schema, and of Telegraf's.
//!
//! Promises: a name that the pattern itself gives is never replaced. Does not: guess what a field holds; the one exception
//! is `request`, which beside a method can only be the target.

use super::modifier::Kind;
use crate::model::fields::FieldType;
use crate::parse::catalogue::Known;

/// Canonical names, each with the names that stand for it: of those that a line has, the first.
const NAMES: [(&str, &[&str]); 12] = [
    (
        "client",
        &[
            "clientip",
            "client_ip",
            "source.address",
            "source.ip",
            "client.ip",
            "client.address",
            "client_address",
            "orig_h",
            "src_ip",
            "remote_host",
        ],
    ),
    ("ident", &["apache.access.user.identity"]),
    ("user", &["auth", "user.name", "source.user.name", "client.user.id", "username", "http_user"]),
    ("method", METHODS),
    ("target", &["url.original", "http_request", "request", "url"]),
    ("protocol", &["server_protocol"]),
    ("status", &["response", "http.response.status_code", "http_status_code", "resp_code", "sc_status", "status_code"]),
    (
        "bytes",
        &[
            "http.response.body.bytes",
            "resp_bytes",
            "http.response.bytes",
            "sc_bytes",
            "bytes_read",
            "aws.s3access.bytes_sent",
        ],
    ),
    ("referrer", &["http.request.referrer", "referer"]),
    ("user_agent", &["agent", "user_agent.original"]),
    ("path", &["cs_uri_stem"]),
    ("query", &["cs_uri_query"]),
];

const METHODS: &[&str] = &["verb", "http.request.method", "http_verb", "cs_method", "request_method", "method"];

/// What is a line's time by its name, the first that the pattern has with a format.
const TIMES: [&str; 6] = ["timestamp", "@timestamp", "ts", "haproxy.request_date", "accept_date", "syslog5424_ts"];

/// Canonical names beside the pattern's own, with the fields that they stand for, the preferred one first.
pub(super) fn aliases(kinds: &[Kind]) -> Vec<(Known, Vec<usize>)> {
    let place = |name: &str| kinds.iter().position(|kind| kind.name == name);
    let mut aliases = Vec::new();
    for (canonical, names) in NAMES {
        let has_method = METHODS.iter().any(|method| place(method).is_some());
        let allowed = |name: &&&str| has_method || !matches!(**name, "request" | "url");
        let fields: Vec<usize> = names.iter().filter(allowed).filter_map(|name| place(name)).collect();
        if place(canonical).is_some() || fields.is_empty() {
            continue;
        }
        let kind = match canonical {
            "status" | "bytes" => FieldType::Integer,
            _ => FieldType::Text,
        };
        aliases.push((Known { name: canonical.to_owned(), kind, time: None }, fields));
    }
    if place("time").is_none()
        && let Some(field) = time(kinds)
    {
        let time = kinds[field].time.clone();
        aliases.push((Known { name: "time".to_owned(), kind: FieldType::Time, time }, vec![field]));
    }
    aliases
}

/// The field that holds the line's time: the one that says so, the one with such a name, or the only one that is a time.
fn time(kinds: &[Kind]) -> Option<usize> {
    let said = kinds.iter().position(|kind| kind.is_timestamp && kind.time.is_some());
    let named =
        || TIMES.iter().find_map(|name| kinds.iter().position(|kind| kind.name == *name && kind.time.is_some()));
    let only = || {
        let mut times = (0..kinds.len()).filter(|&index| kinds[index].time.is_some());
        let first = times.next();
        first.filter(|_| times.next().is_none())
    };
    said.or_else(named).or_else(only)
}
