//! Types of fields out of their values.
//!
//! Promises: a type is given only where every value seen fits it; a number that is somebody's id stays a text. Does not:
//! change what a pattern says already.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::config::pattern_file::READ_AT;
use crate::explain::{FieldValue, Matched};
use crate::model::decimal::Decimal;
use crate::model::fields::FieldType;
use crate::parse::{Pattern, read_time};

/// Time formats that are tried, the strictest first.
const TIMES: [&str; 17] = [
    "clf",
    "rfc3339",
    "syslog",
    "unix",
    "unix_ms",
    "unix_us",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S %z",
    "%d/%b/%Y:%H:%M:%S",
    "%d/%b/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%a %b %e %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%b %e, %Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%b %e %Y %H:%M:%S",
];

/// The time format that all texts are in. Numbers count as times only between the years 2000 and 2100.
#[must_use]
pub fn time_format(texts: &[&[u8]]) -> Option<&'static str> {
    const FROM: i64 = 946_684_800_000_000;
    const TO: i64 = 4_102_444_800_000_000;
    let is_good = |format: &str, text: &[u8]| {
        read_time(format, text, &TimeZone::UTC, READ_AT).is_some_and(|at| (FROM..TO).contains(&at.0))
    };
    let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
    if texts.is_empty() || longest > 40 {
        return None;
    }
    TIMES.into_iter().find(|format| texts.iter().all(|text| is_good(format, text)))
}

/// Field to type as it stands in a pattern file, for the fields that the pattern gives as texts.
pub(super) fn types(pattern: &Pattern, lines: &[Matched]) -> BTreeMap<String, String> {
    let mut values: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for matched in lines {
        for field in matched.fields.iter().filter(|field| !field.misfit && !field.text.is_empty()) {
            // One name for each text: the others follow it.
            let Some(name) = field.names.first().map(String::as_str) else { continue };
            if !order.contains(&name) {
                order.push(name);
            }
            if field.kind == FieldType::Text {
                values.entry(name).or_default().push(&field.text);
            }
        }
    }
    let mut types = BTreeMap::new();
    if !pattern.has_time() {
        let by_name = |name: &&&str| !is_time_name(name);
        order.sort_by_key(|name| by_name(&name));
        let timed = order.iter().find_map(|name| Some((*name, time_format(values.get(name)?)?)));
        if let Some((name, format)) = timed {
            let from = if name == "time" { String::new() } else { format!("from = \"{name}\", ") };
            types.insert("time".to_owned(), format!("{{ {from}type = \"time\", format = \"{format}\" }}"));
            values.remove(name);
        }
    }
    for (name, values) in &values {
        if let Some(kind) = kind_of(name, values) {
            types.insert((*name).to_owned(), format!("\"{kind}\""));
        }
    }
    for wanted in ["user", "account"] {
        let is_given = lines.iter().any(|matched| {
            matched.fields.iter().any(|field| is_present(field) && field.names.iter().any(|name| name == wanted))
        });
        if let Some(from) = order.iter().find(|name| !is_given && means(name, wanted)) {
            types.insert(wanted.to_owned(), format!("{{ from = {} }}", super::toml_text::quoted(from)));
        }
    }
    types
}

/// Whether a field says something.
pub(super) fn is_present(field: &FieldValue) -> bool {
    !field.misfit && !matches!(&field.text[..], b"" | b"-")
}

/// The type that all values fit.
#[must_use]
pub fn kind_of(name: &str, values: &[&[u8]]) -> Option<&'static str> {
    let is_integer = |value: &[u8]| {
        let digits = value.strip_prefix(b"-").unwrap_or(value);
        let leading_zero = digits.len() > 1 && digits.starts_with(b"0");
        !digits.is_empty() && digits.len() <= 15 && !leading_zero && digits.iter().all(u8::is_ascii_digit)
    };
    let begins_as_number = |value: &[u8]| match value.strip_prefix(b"-").unwrap_or(value) {
        [b'0', second, ..] => !second.is_ascii_digit(),
        [first, ..] => first.is_ascii_digit(),
        [] => false,
    };
    let is_span = |value: &[u8]| {
        let digits = value.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        begins_as_number(value) && matches!(&value[digits..], b"ns" | b"us" | b"ms" | b"s" | b"m" | b"h" | b"\xc2\xb5s")
    };
    let all = |test: &dyn Fn(&[u8]) -> bool| !values.is_empty() && values.iter().all(|value| test(value));
    if names_somebody(name) {
        None
    } else if all(&is_integer) {
        Some("integer")
    } else if all(&|value| begins_as_number(value) && value.len() <= 18 && Decimal::parse(value).is_some()) {
        Some("number")
    } else if all(&|value| matches!(value, b"true" | b"false")) {
        Some("boolean")
    } else if all(&is_span) {
        Some("duration")
    } else {
        None
    }
}

/// Names whose numbers are not for adding up.
fn names_somebody(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["user", "account", "tenant", "customer", "session", "phone", "zip", "version", "client", "host"];
    name.rsplit(['_', '.']).next() == Some("id")
        || name.ends_with("id") && name.len() > 2 && words.iter().any(|word| name.contains(word))
        || words.iter().any(|word| name == *word)
}

fn is_time_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "ts" | "t" | "date" | "datetime" | "@timestamp" | "eventtime") || name.contains("time")
}

/// Whether the client writes what a field of this name holds: a header, cookie or argument of the request.
#[must_use]
pub fn is_clients(name: &str) -> bool {
    let plain = plain(name);
    ["http_", "cookie_", "arg_", "captured_request_"].iter().any(|prefix| plain.starts_with(prefix))
        || ["req_header", "request_header"].iter().any(|part| plain.contains(part))
}

fn plain(name: &str) -> String {
    name.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Whether a field of this name is likely to hold the user's or the account's id, and the client does not choose it.
#[must_use]
pub fn means(name: &str, wanted: &str) -> bool {
    is_called(name, wanted) && !is_clients(name)
}

/// Whether a field's name is the user's or the account's, whoever writes it.
#[must_use]
pub fn is_called(name: &str, wanted: &str) -> bool {
    let plain = plain(name);
    // Programs log in to databases too.
    if plain.contains("agent") || ["db_", "mysql_", "postgres_", "sudo_"].iter().any(|part| plain.contains(part)) {
        return false;
    }
    let words: &[&str] = match wanted {
        "user" => {
            &["user", "user_id", "userid", "user_name", "username", "x_user", "uid", "login", "principal", "claim_sub"]
        }
        "account" => &[
            "account",
            "org",
            "account_id",
            "accountid",
            "x_account",
            "tenant",
            "org_id",
            "orgid",
            "organization",
            "customer",
            "company",
            "workspace",
        ],
        _ => &[],
    };
    // These are parts of other words, such as of what users and accounts have.
    let is_part = |word: &str| word.len() > 4 && word != "account" && plain.contains(word);
    words.iter().any(|word| plain == *word || plain.ends_with(&format!("_{word}")) || is_part(word))
}

#[cfg(test)]
mod tests {
    use super::{kind_of, means, time_format};

    #[test]
    fn times_are_known_by_their_shape_and_years() {
        for (text, expected) in [
            ("10/Oct/2025:13:55:36 -0700", Some("clf")),
            ("2026-11-23T10:00:00.123Z", Some("rfc3339")),
            ("2026-11-23 10:00:00,123", Some("rfc3339")),
            ("1795428000", Some("unix")),
            ("1795428000.123", Some("unix")),
            ("1795428000123", Some("unix_ms")),
            ("1795428000123456", Some("unix_us")),
            ("2026/11/23 10:00:00", Some("%Y/%m/%d %H:%M:%S")),
            ("Nov 23 10:00:00", Some("syslog")),
            ("200", None),
            ("10:00:00", None),
            ("", None),
        ] {
            assert_eq!(time_format(&[text.as_bytes()]), expected, "{text}");
        }
        assert_eq!(time_format(&[b"1795428000", b"12"]), None);
    }

    #[test]
    fn a_type_needs_every_value() {
        let check = |name: &str, values: &[&str], expected: Option<&str>| {
            let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(kind_of(name, &values), expected, "{name} {values:?}");
        };
        check("n", &["1", "-20"], Some("integer"));
        check("n", &["1", "0.5"], Some("number"));
        check("n", &["1", "x"], None);
        check("n", &["007"], None);
        check("n", &["true", "false"], Some("boolean"));
        check("n", &["1.5ms", "20s"], Some("duration"));
        check("n", &["1.5ms", "20"], None);
        check("n", &[], None);
        check("user_id", &["17"], None);
        check("id", &["17"], None);
        check("valid", &["1"], Some("integer"));
        check("n", &["12345678901234567890"], None);
    }

    #[test]
    fn users_and_accounts_are_guessed_by_name() {
        for (name, wanted, expected) in [
            ("user_id", "user", true),
            ("sent_http_x_user_id", "user", true),
            ("http_user_agent", "user", false),
            ("ctx.user.id", "user", true),
            ("account_id", "account", true),
            ("x_tenant", "account", true),
            ("bytes", "account", false),
            ("uid", "user", true),
            ("fluid", "user", false),
            ("note_account", "account", true),
            ("account_status", "account", false),
            ("txn_user", "user", true),
            ("jwt_claim_sub", "user", true),
            ("db_user", "user", false),
            ("org", "account", true),
            ("http_x_user", "user", false),
            ("cookie_uid", "user", false),
            ("captured_request_header_user", "user", false),
            ("req.headers.x-user", "user", false),
        ] {
            assert_eq!(means(name, wanted), expected, "{name}");
        }
    }
}
