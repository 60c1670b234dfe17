//! HAProxy's variables and their fields.
//!
//! | variable | field | | variable | field |
//! | --- | --- | --- | --- | --- |
//! | `%ci`, `%cp` | `remote_addr`, `remote_port` | | `%r` | `request` |
//! | `%fi`, `%fp` | `frontend_ip`, `frontend_port` | | `%HM`, `%HV` | `method`, `protocol` |
//! | `%bi`, `%bp` | `backend_source_ip`, `backend_source_port` | | `%HU` | `target` |
//! | `%si`, `%sp` | `server_ip`, `server_port` | | `%HP`, `%HPO` | `path` |
//! | `%f`, `%ft` | `frontend_name`, `frontend_name_transport` | | `%HQ` | `query` (with its `?`) |
//! | `%b`, `%s` | `backend_name`, `server_name` | | `%ST` | `status` |
//! | `%t`, `%tr` | `time` (the source's zone) | | `%B`, `%U` | `bytes_sent`, `bytes_uploaded` |
//! | `%T`, `%Tl`, `%trg`, `%trl` | `time_local` | | `%CC`, `%CS` | `captured_request_cookie`, `captured_response_cookie` |
//! | `%Ts`, `%ms`, `%Ts.%ms` | `time_unix`, `time_milliseconds`, `time_unix` | | `%hr`, `%hs` | `captured_request_headers`, `captured_response_headers` |
//! | `%Th` | `time_handshake_ms` | | `%ts`, `%tsc` | `termination_state` |
//! | `%Ti` | `time_idle_ms` | | `%ac`, `%fc`, `%bc`, `%sc` | `actconn`, `feconn`, `beconn`, `srv_conn` |
//! | `%TR` | `time_receive_ms` | | `%rc` | `retries` |
//! | `%Tq` | `time_request_ms` | | `%sq`, `%bq` | `srv_queue`, `backend_queue` |
//! | `%Tw` | `time_queue_ms` | | `%rt`, `%lc` | `request_counter`, `frontend_log_counter` |
//! | `%Tc` | `time_connect_ms` | | `%ID` | `unique_id` |
//! | `%Tr` | `time_response_ms` | | `%H`, `%pid` | `hostname`, `pid` |
//! | `%Td` | `time_data_ms` | | `%sslv`, `%sslc` | `ssl_version`, `ssl_ciphers` |
//! | `%Ta`, `%Tt`, `%Tu` | `time_active_ms`, `time_total_ms`, `time_user_ms` | | `%E` | `error` |
//!
//! A number of `-1` is absent, as is a lone `-`.

use super::Class;
use crate::parse::time::TimeFormat;

pub(super) struct Entry {
    pub(super) letters: &'static str,
    pub(super) name: &'static str,
    /// `None`: it cannot be read.
    pub(super) class: Option<Class>,
    /// Whether `+Q` puts it in quotes: texts and addresses, not numbers and times.
    pub(super) is_text: bool,
    pub(super) time: Option<TimeFormat>,
}

const fn number(letters: &'static str, name: &'static str) -> Entry {
    Entry { letters, name, class: Some(Class::Count), is_text: false, time: None }
}

const fn text(letters: &'static str, name: &'static str, class: Class) -> Entry {
    Entry { letters, name, class: Some(class), is_text: true, time: None }
}

const fn time(letters: &'static str, name: &'static str, class: Class, time: TimeFormat) -> Entry {
    Entry { letters, name, class: Some(class), is_text: false, time: Some(time) }
}

pub(super) fn find(letters: &str) -> Option<&'static Entry> {
    VARIABLES.iter().find(|entry| entry.letters == letters)
}

static VARIABLES: [Entry; 66] = [
    number("B", "bytes_sent"),
    text("CC", "captured_request_cookie", Class::Raw),
    text("CS", "captured_response_cookie", Class::Raw),
    text("E", "error", Class::Raw),
    text("H", "hostname", Class::Word),
    text("HM", "method", Class::Word),
    text("HP", "path", Class::Raw),
    text("HPO", "path", Class::Raw),
    text("HQ", "query", Class::Raw),
    text("HU", "target", Class::Raw),
    text("HV", "protocol", Class::Word),
    text("ID", "unique_id", Class::Raw),
    text("OG", "origin", Class::Word),
    number("ST", "status"),
    time("T", "time_local", Class::Clf, TimeFormat::Clf),
    number("Ta", "time_active_ms"),
    number("Tc", "time_connect_ms"),
    number("Td", "time_data_ms"),
    number("Th", "time_handshake_ms"),
    number("Ti", "time_idle_ms"),
    time("Tl", "time_local", Class::Clf, TimeFormat::Clf),
    number("Tq", "time_request_ms"),
    number("TR", "time_receive_ms"),
    number("Tr", "time_response_ms"),
    time("Ts", "time_unix", Class::Digits, TimeFormat::Unix),
    number("Tt", "time_total_ms"),
    number("Tu", "time_user_ms"),
    number("Tw", "time_queue_ms"),
    number("U", "bytes_uploaded"),
    number("ac", "actconn"),
    text("b", "backend_name", Class::Word),
    number("bc", "beconn"),
    text("bi", "backend_source_ip", Class::Word),
    number("bp", "backend_source_port"),
    number("bq", "backend_queue"),
    text("ci", "remote_addr", Class::Word),
    number("cp", "remote_port"),
    text("f", "frontend_name", Class::Word),
    number("fc", "feconn"),
    text("fi", "frontend_ip", Class::Word),
    number("fp", "frontend_port"),
    text("ft", "frontend_name_transport", Class::Word),
    text("hr", "captured_request_headers", Class::Braces),
    Entry { letters: "hrl", name: "", class: None, is_text: true, time: None },
    text("hs", "captured_response_headers", Class::Braces),
    Entry { letters: "hsl", name: "", class: None, is_text: true, time: None },
    number("lc", "frontend_log_counter"),
    number("ms", "time_milliseconds"),
    text("o", "", Class::Word),
    number("pid", "pid"),
    text("r", "request", Class::Raw),
    number("rc", "retries"),
    number("rt", "request_counter"),
    text("s", "server_name", Class::Word),
    number("sc", "srv_conn"),
    text("si", "server_ip", Class::Word),
    number("sp", "server_port"),
    number("sq", "srv_queue"),
    text("sslc", "ssl_ciphers", Class::Word),
    text("sslv", "ssl_version", Class::Word),
    time("t", "time", Class::LocalClf, TimeFormat::ClfLocal),
    time("tr", "time", Class::LocalClf, TimeFormat::ClfLocal),
    time("trg", "time_local", Class::Clf, TimeFormat::Clf),
    time("trl", "time_local", Class::Clf, TimeFormat::Clf),
    Entry { letters: "ts", name: "termination_state", class: Some(Class::Word), is_text: false, time: None },
    Entry { letters: "tsc", name: "termination_state", class: Some(Class::Word), is_text: false, time: None },
];
