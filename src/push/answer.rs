//! What came back of a request, and what it means.
//!
//! Promises: only 201 means that PX took an event; whatever is not sure is unknown. Does not: act on it.

use std::time::Duration;

use super::observe::{Code, Trouble};
use crate::model::time::UnixMicros;

/// The longest pause that an answer can ask for: a wrong header must not stop an agent for days.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// Of an answer that is shown to a person: enough for PX's message, short enough for a row.
const MAX_SHOWN_CHARS: usize = 2_048;

/// Of an answer in a note that another attempt replaces.
const MAX_NOTE_CHARS: usize = 200;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Status {
        status: u16,
        /// The header as it came.
        retry_after: Option<String>,
        /// What was read of the body.
        body: Vec<u8>,
    },
    /// It is certain that no byte of the request left this host towards PX.
    NotConnected { reason: String },
    /// Everything else: PX may have read the request, or not.
    Lost { reason: String },
}

impl Answer {
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Status { status, .. } => Code::Status(*status),
            Self::NotConnected { .. } => Code::NotConnected,
            Self::Lost { .. } => Code::Lost,
        }
    }

    /// The pause that PX asks for, seen from `wall`; zero when it asks for none.
    pub(super) fn retry_after(&self, wall: UnixMicros) -> Duration {
        match self {
            Self::Status { retry_after: Some(text), .. } => parse_retry_after(text, wall).unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    /// One line for logs: without the body, which may name users.
    pub(super) fn in_short(&self) -> String {
        match self {
            Self::Status { status, .. } => format!("PX answered {status}"),
            Self::NotConnected { reason } => format!("no connection: {reason}"),
            Self::Lost { reason } => format!("no answer: {reason}"),
        }
    }

    /// One line for the event's own note.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Status { body, .. } if !body.is_empty() => {
                let text: String = printable(body).chars().take(MAX_NOTE_CHARS).collect();
                format!("{}: {text}", self.in_short())
            }
            _ => self.in_short(),
        }
    }

    /// The answer's body for a person.
    pub(super) fn shown_body(&self) -> String {
        match self {
            Self::Status { body, .. } => printable(body),
            Self::NotConnected { reason } | Self::Lost { reason } => reason.clone(),
        }
    }
}

/// What the answer to a POST means for the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// PX has it.
    Taken,
    /// PX will never take it.
    Refused,
    /// PX does not have it, for a reason that is not the event's.
    NotSent(Trouble),
    /// Nobody knows; and what it says of the way to PX.
    Unknown(Trouble),
}

impl Answer {
    pub(super) fn means_for_event(&self) -> Meaning {
        match self {
            Self::Status { status: 201, .. } => Meaning::Taken,
            Self::Status { status: 400, .. } => Meaning::Refused,
            // PX speaks JSON. What a proxy puts in the place of an answer that it does not like says nothing of the request.
            Self::Status { status: 403, body, .. } if is_html(body) => Meaning::Unknown(Trouble::NotAllowed),
            Self::Status { status: 401 | 403 | 404, .. } => Meaning::NotSent(Trouble::NotAllowed),
            Self::Status { status: 429, .. } => Meaning::NotSent(Trouble::TooFast),
            Self::NotConnected { .. } => Meaning::NotSent(Trouble::NotConnected),
            Self::Status { .. } | Self::Lost { .. } => Meaning::Unknown(Trouble::NoAnswer),
        }
    }
}

/// Retry-After in either form of RFC 9110, section 10.2.3: seconds, or an HTTP date. Capped.
fn parse_retry_after(text: &str, wall: UnixMicros) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs);
        return Some(seconds.min(MAX_RETRY_AFTER));
    }
    let broken_down = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(broken_down.to_datetime().ok()?).ok()?;
    Some(UnixMicros(at.as_microsecond()).since(wall).min(MAX_RETRY_AFTER))
}

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Text that can be stored and shown: cut, and without control characters.
fn printable(body: &[u8]) -> String {
    String::from_utf8_lossy(body)
        .chars()
        .take(MAX_SHOWN_CHARS)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Answer {
        Answer::Status { status, retry_after: None, body: Vec::new() }
    }

    #[test]
    fn only_201_means_that_px_has_it_and_what_is_not_sure_is_unknown() {
        for code in 100..600 {
            let expected = match code {
                201 => Meaning::Taken,
                400 => Meaning::Refused,
                401 | 403 | 404 => Meaning::NotSent(Trouble::NotAllowed),
                429 => Meaning::NotSent(Trouble::TooFast),
                _ => Meaning::Unknown(Trouble::NoAnswer),
            };
            assert_eq!(status(code).means_for_event(), expected, "{code}");
        }
        assert_eq!(Answer::Lost { reason: String::new() }.means_for_event(), Meaning::Unknown(Trouble::NoAnswer));
        for (body, expected) in [
            (&b" \n<html>blocked</html>"[..], Meaning::Unknown(Trouble::NotAllowed)),
            (b"{\"message\":\"<b>no</b>\"}", Meaning::NotSent(Trouble::NotAllowed)),
            (b"", Meaning::NotSent(Trouble::NotAllowed)),
        ] {
            let answer = Answer::Status { status: 403, retry_after: None, body: body.to_vec() };
            assert_eq!(answer.means_for_event(), expected, "{answer:?}");
        }
        assert_eq!(
            Answer::NotConnected { reason: String::new() }.means_for_event(),
            Meaning::NotSent(Trouble::NotConnected)
        );
    }

    #[track_caller]
    fn check(header: &str, expected_seconds: u64) {
        let wall = UnixMicros(jiff::Timestamp::from_second(784_111_777).unwrap().as_microsecond());
        let answer = Answer::Status { status: 429, retry_after: Some(header.to_owned()), body: Vec::new() };
        assert_eq!(answer.retry_after(wall), Duration::from_secs(expected_seconds), "{header}");
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_capped() {
        check("7", 7);
        check(" 120 ", 120);
        check("0", 0);
        check("86400", 3_600);
        check("99999999999999999999999", 3_600);
        // 784,111,777 is the example date of RFC 9110.
        check("Sun, 06 Nov 1994 08:50:07 GMT", 30);
        check("Sun, 06 Nov 1994 08:49:07 GMT", 0);
        check("Sat, 06 Nov 2094 08:49:07 GMT", 3_600);
        check("soon", 0);
        check("-5", 0);
        check("", 0);
        check("1.5", 0);
    }

    #[test]
    fn an_answer_is_shown_cut_and_without_control_characters() {
        let mut body = b"\x1b[31mbad\r\nnews\xff ".to_vec();
        body.extend(std::iter::repeat_n(b'x', 10_000));
        let shown = Answer::Status { status: 400, retry_after: None, body }.shown_body();
        assert_eq!(shown.chars().count(), MAX_SHOWN_CHARS);
        assert!(shown.starts_with(" [31mbad  news\u{fffd} xxx"), "{shown}");
    }
}
