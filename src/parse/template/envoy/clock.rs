//! Envoy's times: `%START_TIME%`, `%START_TIME(%s.%3f)%`, `%START_TIME(%Y-%m-%d %H:%M:%E3S)%`.
//!
//! Promises: without a format it is RFC 3339 in UTC. `%s` is seconds since 1970, with a fraction or digits of one after it.
//! Formats of dates are strptime's, with the fractions of absl's `FormatTime` (`%3f`, `%E3S`, `%E*S`, `%Ez`).

use super::{Class, Command, Problem, Variable};
use crate::model::fields::FieldType;
use crate::parse::time::TimeFormat;

pub(super) fn field(command: &Command<'_>) -> Result<Variable, Problem> {
    let name = if command.name.starts_with("EMIT") { "emit_time" } else { "time" };
    let format = command.argument.unwrap_or_default();
    let (class, time) = match format {
        "" => (Class::Iso, TimeFormat::Rfc3339),
        "%s" => (Class::Digits, TimeFormat::Unix),
        "%s%3f" | "%3s" => (Class::Digits, TimeFormat::UnixMillis),
        "%s%6f" | "%6s" => (Class::Digits, TimeFormat::UnixMicros),
        _ if is_seconds(format) => (Class::Number, TimeFormat::Unix),
        _ => {
            let refused = |(message, help)| (format!("`{}`: {message}", command.written), help);
            let time = TimeFormat::from_spec(&strptime(format)).map_err(refused)?;
            (Class::Raw, if command.name.ends_with("LOCAL") { time } else { time.in_utc() })
        }
    };
    let mut variable = Variable::new(name, command.written, class);
    variable.known.kind = FieldType::Time;
    variable.known.time = Some(time);
    Ok(variable)
}

/// `%s.%f`, `%s.%3f`.
fn is_seconds(format: &str) -> bool {
    let digits = format.strip_prefix("%s.%").and_then(|rest| rest.strip_suffix('f'));
    digits.is_some_and(|digits| digits.is_empty() || (digits.len() == 1 && digits.as_bytes()[0].is_ascii_digit()))
}

/// absl's extensions in jiff's words.
fn strptime(format: &str) -> String {
    let mut text = format.to_owned();
    for (theirs, ours) in [("%E*S", "%S%.f"), ("%E*f", "%f"), ("%Ez", "%:z"), ("%E*z", "%:z"), ("%E4Y", "%Y")] {
        text = text.replace(theirs, ours);
    }
    for digit in '0'..='9' {
        text = text.replace(&format!("%E{digit}S"), "%S%.f").replace(&format!("%E{digit}f"), &format!("%{digit}f"));
    }
    text
}
