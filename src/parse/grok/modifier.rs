//! What `%{NAME:field:type}` makes of a field.
//!
//! The types are Logstash's (`int`, `float`), Elasticsearch's (`long`, `double`, `boolean`), Fluentd's (`integer`, `time:…`)
//! and Telegraf's (`tag`, `drop`, `measurement`, `duration`, `ts-…`).

use super::expand::Field;
use super::go_layout;
use super::rewriting::Rewriting;
use crate::model::fields::FieldType;
use crate::parse::catalogue::Known;
use crate::parse::template::Problem;
use crate::parse::time::TimeFormat;

/// A field of a grok pattern.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) field_type: FieldType,
    pub(super) time: Option<TimeFormat>,
    /// Whether the pattern itself says that this is the line's time.
    pub(super) is_timestamp: bool,
    pub(super) rewriting: Option<Rewriting>,
}

impl Kind {
    /// `None`: the field is to be dropped.
    pub(super) fn of(field: &Field) -> Result<Option<Self>, Problem> {
        let mut kind = Self {
            name: field.name.clone(),
            field_type: FieldType::Text,
            time: field.pattern.as_deref().and_then(time_of_pattern),
            is_timestamp: false,
            rewriting: None,
        };
        let modifier = field.modifier.as_deref().unwrap_or("string");
        match modifier {
            "int" | "integer" | "long" => {
                kind.field_type = FieldType::Integer;
                kind.rewriting = Some(Rewriting::Hexadecimal);
            }
            "duration" => {
                kind.field_type = FieldType::Integer;
                kind.rewriting = Some(Rewriting::Nanoseconds);
            }
            "float" | "double" | "number" => kind.field_type = FieldType::Number,
            "bool" | "boolean" => kind.field_type = FieldType::Boolean,
            "string" | "text" | "tag" | "measurement" => {}
            "drop" => return Ok(None),
            "ts" => {
                kind.is_timestamp = true;
                kind.time = kind.time.or_else(any_time);
            }
            _ => {
                let Some(format) = time_format(modifier) else { return Err(unknown(modifier)) };
                kind.time = Some(format.map_err(|(message, help)| {
                    (format!("field `{}` of the grok pattern: {message}", field.name), help)
                })?);
                kind.is_timestamp = modifier.starts_with("ts");
            }
        }
        // A whole number that is not typed is one all the same where the name leaves no doubt.
        if field.modifier.is_none() && matches!(kind.name.as_str(), "status" | "bytes") {
            kind.field_type = FieldType::Integer;
        }
        if kind.name == "time" && kind.time.is_some() {
            kind.field_type = FieldType::Time;
        }
        Ok(Some(kind))
    }

    pub(super) fn known(&self) -> Known {
        Known { name: self.name.clone(), kind: self.field_type, time: self.time.clone() }
    }
}

fn unknown(modifier: &str) -> Problem {
    let help = "use int, float, boolean, string, drop, duration, ts, ts-httpd, ts-rfc3339, ts-epoch, ts-\"LAYOUT\" or \
                time:%Y-%m-%d…";
    (format!("`{modifier}` is no type of a grok field"), help.to_owned())
}

/// The time format of a type; `None`: it is none.
fn time_format(modifier: &str) -> Option<Result<TimeFormat, Problem>> {
    if let Some(format) = modifier.strip_prefix("time:") {
        return Some(TimeFormat::from_spec(format.trim_matches(['"', '\''])));
    }
    let kind = modifier.strip_prefix("ts-")?;
    if let Some(layout) = kind.strip_prefix('"').and_then(|layout| layout.strip_suffix('"')) {
        return Some(go_layout::format(layout));
    }
    let format = match kind {
        "httpd" => "clf",
        "rfc3339" | "rfc3339nano" => "rfc3339",
        "epoch" => "unix",
        "epochmilli" => "unix_ms",
        "epochmicro" => "unix_us",
        "epochnano" => "unix_ns",
        "ansic" => "%a %b %e %H:%M:%S %Y",
        "ruby" => "%a %b %d %H:%M:%S %z %Y",
        "rfc822z" => "%d %b %y %H:%M %z",
        "rfc1123z" => "%a, %d %b %Y %H:%M:%S %z",
        "unix" | "rfc822" | "rfc850" | "rfc1123" => return Some(Err(zone_by_name(modifier))),
        "syslog" => "syslog",
        _ => return None,
    };
    Some(TimeFormat::from_spec(format))
}

/// Of a text that may be any of the usual times.
fn any_time() -> Option<TimeFormat> {
    let formats = ["auto", "clf", "syslog", "%a %b %e %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S %z", "%d %b %y %H:%M %z"];
    TimeFormat::from_specs(&formats.map(str::to_owned)).ok()
}

fn zone_by_name(modifier: &str) -> Problem {
    let help = "log the zone as an offset (+0100), or take the time without its zone: ts-\"02 Jan 06 15:04\"";
    (format!("`{modifier}` names zones by letters (MST), which say no one offset"), help.to_owned())
}

/// How the library's patterns for times write them.
fn time_of_pattern(pattern: &str) -> Option<TimeFormat> {
    let format = match pattern {
        "HTTPDATE" => "clf",
        "SYSLOGTIMESTAMP" => "syslog",
        "CISCOTIMESTAMP" => "%b %e %H:%M:%S%.f",
        "BACULA_FULLTIME" => "%d-%b-%Y %H:%M",
        "TIMESTAMP_ISO8601" => "rfc3339",
        "HTTPDERROR_DATE" => "%a %b %d %H:%M:%S%.f %Y",
        "HAPROXYDATE" => "%d/%b/%Y:%H:%M:%S%.f",
        "BIND9_TIMESTAMP" | "CATALINA8_DATESTAMP" => "%d-%b-%Y %H:%M:%S%.f",
        "CATALINA7_DATESTAMP" | "CATALINA_DATESTAMP" => "%b %d, %Y %I:%M:%S %p",
        "DATESTAMP_RFC2822" => "%a, %d %b %Y %H:%M:%S %z",
        "DATESTAMP_EVENTLOG" => "%Y%m%d%H%M%S",
        "EXIM_DATE" => "%Y-%m-%d %H:%M:%S%.f",
        _ => return None,
    };
    TimeFormat::from_spec(format).ok()
}
