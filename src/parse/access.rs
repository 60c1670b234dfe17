//! The common and combined log formats, as Apache, nginx and many others write them, and what is built on them.
//!
//! ```text
//! common          client ident user [time] "request" status bytes
//! combined        … "referrer" "user agent"
//! vhost_common    host:port client ident user …           (or only the host)
//! vhost_combined
//! traefik_clf     combined, then: requests "router" "server URL" 12ms
//! ```
//!
//! Promises: the user name may hold spaces and brackets: it ends where a time in brackets and the request's quote follow.
//! That place cannot be forged, since servers escape quotes in names. A quote with a backslash before it does not end a
//! text. A referrer or user agent that is absent may be a bare `-`. A combined line may have one more text in quotes at its end (nginx's `main` format has X-Forwarded-For there);
//! it is not given as a field.
//!
//! Does not: read lines of `common` and `combined` that have more fields before the client. A virtual host in front would be
//! taken for the client and the client for the ident; such lines are refused, as are those with a list of forwarded
//! addresses for the client. They are known by a comma in the client or ident, and by a user that begins with `- ` or ends
//! with ` - -`. In the other direction, a client `-` behind a virtual host is refused.

mod traefik;
mod vhost;

use nom::bytes::complete::{tag, take, take_while1};
use nom::combinator::{map_opt, opt};
use nom::sequence::{delimited, terminated};
use nom::{IResult, Offset, Parser};

use super::capture::Capture;
use super::catalogue::Known;
use super::grammar::{Read, Wrong, expected, mismatch};
use super::mismatch::Mismatch;
use super::quote;
use super::time::{CLF_LEN, TimeFormat, has_clf_shape};
use crate::model::fields::FieldType;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Common,
    Combined,
    VhostCommon,
    VhostCombined,
    Traefik,
}

type Field = (&'static str, FieldType);

const FIELDS: [Field; 9] = [
    ("client", FieldType::Text),
    ("ident", FieldType::Text),
    ("user", FieldType::Text),
    ("time", FieldType::Time),
    ("request", FieldType::Text),
    ("status", FieldType::Integer),
    ("bytes", FieldType::Integer),
    ("referrer", FieldType::Text),
    ("user_agent", FieldType::Text),
];

impl Access {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        match name {
            "common" => Some(Self::Common),
            "combined" => Some(Self::Combined),
            "vhost_common" => Some(Self::VhostCommon),
            "vhost_combined" => Some(Self::VhostCombined),
            "traefik_clf" => Some(Self::Traefik),
            _ => None,
        }
    }

    /// How many of [`FIELDS`] it has; its own fields are after these.
    const fn shared(self) -> usize {
        match self {
            Self::Common | Self::VhostCommon => 7,
            Self::Combined | Self::VhostCombined | Self::Traefik => FIELDS.len(),
        }
    }

    pub(super) fn known(self) -> Vec<Known> {
        let own: &[Field] = match self {
            Self::Common | Self::Combined => &[],
            Self::VhostCommon | Self::VhostCombined => &vhost::FIELDS,
            Self::Traefik => &traefik::FIELDS,
        };
        let known = |&(name, kind): &Field| {
            let time = (kind == FieldType::Time).then_some(TimeFormat::Clf);
            Known { name: name.to_owned(), kind, time }
        };
        FIELDS[..self.shared()].iter().chain(own).map(known).collect()
    }

    #[inline]
    pub(super) fn read(self, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
        let wrong = |err| mismatch(line.len(), &err);
        let from = match self {
            Self::VhostCommon | Self::VhostCombined => {
                vhost::read(line, &mut captures[self.shared()..]).map_err(wrong)?
            }
            _ => line,
        };
        let capture = |text: &[u8]| {
            let start = line.offset(text);
            Capture::plain(start, start + text.len())
        };
        let mut keep = |index: usize, text: Option<&[u8]>| captures[index] = text.map_or(Capture::ABSENT, capture);
        let (rest, client) = terminated(word, space).parse(from).map_err(wrong)?;
        keep(0, Some(client));
        let (rest, ident) = terminated(word, space).parse(rest).map_err(wrong)?;
        keep(1, Some(ident));
        let may_lack_user = ident == b"-" && matches!(self, Self::Common | Self::Combined);
        let (rest, (user, time)) = match time_alone(rest) {
            // A server that was told to leave the user out. For an empty name there would be one more space.
            Some((rest, time)) if may_lack_user => (rest, (ident, time)),
            _ => user_and_time(rest).map_err(wrong)?,
        };
        keep(2, Some(user));
        keep(3, Some(time));
        let (rest, request) = quoted(rest).map_err(wrong)?;
        keep(4, Some(request));
        let (rest, status) = delimited(space, status, space).parse(rest).map_err(wrong)?;
        keep(5, Some(status));
        let (rest, bytes) = digits(rest).map_err(wrong)?;
        keep(6, Some(bytes));
        let rest = match self {
            Self::Common | Self::VhostCommon => rest,
            Self::Combined | Self::VhostCombined => {
                let (rest, referrer) = text(rest).map_err(wrong)?;
                keep(7, Some(referrer));
                let (rest, agent) = text(rest).map_err(wrong)?;
                keep(8, Some(agent));
                opt(next_quoted).parse(rest).map_err(wrong)?.0
            }
            Self::Traefik => {
                let (rest, texts) = traefik::read(rest).map_err(wrong)?;
                for (index, text) in texts.into_iter().enumerate() {
                    keep(7 + index, text);
                }
                rest
            }
        };
        if rest.is_empty() { Ok(()) } else { Err(Mismatch::said(line.len() - rest.len(), "the end of the line")) }
    }
}

fn space(input: &[u8]) -> Read<'_> {
    tag(&b" "[..]).parse(input).map_err(|_: nom::Err<Wrong>| expected(input, "a space"))
}

fn word(input: &[u8]) -> Read<'_> {
    take_while1(|byte| !matches!(byte, b' ' | b'"' | b','))
        .parse(input)
        .map_err(|_: nom::Err<Wrong>| expected(input, "a name without spaces, quotes and commas, or `-`"))
}

/// `[time] "`: the time; the rest begins after the quote.
#[inline]
fn time_alone(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = input.strip_prefix(b"[")?;
    terminated(clf, tag(&b"] \""[..])).parse(inside).ok()
}

/// `user [time] "`: the user and the time; the rest begins after the quote.
#[inline]
fn user_and_time(input: &[u8]) -> IResult<&[u8], (&[u8], &[u8]), Wrong> {
    let mut from = 0;
    loop {
        let Some(at) = input.get(from..).and_then(|rest| memchr::memchr2(b'[', b'"', rest)).map(|at| from + at) else {
            return Err(expected(input, "a user or `-`, and a time in brackets"));
        };
        if input[at] == b'['
            && at > 0
            && input[at - 1] == b' '
            && let Some((rest, time)) = time_alone(&input[at..])
        {
            let user = match &input[..at - 1] {
                // Apache writes a bare `""` for an empty user name, Jetty ` - ` for none.
                user @ b"\"\"" => &user[1..1],
                user @ b" - " => &user[1..2],
                user => user,
            };
            if user.starts_with(b"- ") || user.ends_with(b" - -") {
                return Err(expected(input, "a user: this line has more fields before the client than the format"));
            }
            return Ok((rest, (user, time)));
        }
        let is_escaped = at > 0 && input[at - 1] == b'\\';
        if input[at] == b'"' && !is_escaped && !(at < 2 && input.starts_with(b"\"\" [")) {
            return Err(expected(&input[at..], "a time in brackets before the request"));
        }
        from = at + 1;
    }
}

#[inline]
fn clf(input: &[u8]) -> Read<'_> {
    if input.first() == Some(&b'-') {
        return tag(&b"-"[..]).parse(input);
    }
    map_opt(take(CLF_LEN), |text: &[u8]| has_clf_shape(text).then_some(text)).parse(input)
}

/// To the quote that closes the text; it is taken too.
#[inline]
fn quoted(input: &[u8]) -> Read<'_> {
    match quote::closing_quote(input, 0) {
        Some(end) => Ok((&input[end + 1..], &input[..end])),
        None => Err(expected(&input[input.len()..], "a closing quote")),
    }
}

#[inline]
fn next_quoted(input: &[u8]) -> Read<'_> {
    match tag::<_, _, Wrong>(&b" \""[..]).parse(input) {
        Ok((rest, _)) => quoted(rest),
        Err(_) => Err(expected(input, "a space and a text in quotes")),
    }
}

/// A text in quotes, or a bare `-`: what some servers write for none. A client cannot: its texts are in quotes.
#[inline]
fn text(input: &[u8]) -> Read<'_> {
    match input {
        [b' ', b'-', rest @ ..] => Ok((rest, &input[1..2])),
        [b' ', b'"', inside @ ..] => quoted(inside),
        _ => Err(expected(input, "a space, and a text in quotes or `-`")),
    }
}

#[inline]
fn digits(input: &[u8]) -> Read<'_> {
    if input.first() == Some(&b'-') {
        return tag(&b"-"[..]).parse(input);
    }
    take_while1(|byte: u8| byte.is_ascii_digit())
        .parse(input)
        .map_err(|_: nom::Err<Wrong>| expected(input, "a number or `-`"))
}

#[inline]
fn status(input: &[u8]) -> Read<'_> {
    let (rest, text) = digits(input)?;
    if text.len() == 3 || text == b"-" {
        Ok((rest, text))
    } else {
        Err(expected(input, "a status of three digits or `-`"))
    }
}

#[cfg(test)]
mod tests;
