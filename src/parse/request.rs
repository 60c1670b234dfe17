//! The request line of an access log: `METHOD target PROTOCOL`.
//!
//! Promises: a request of any other form has no parts at all, so that garbage never becomes a method or a path. Spaces in
//! the target are kept: the method ends at the first space, the protocol begins after the last. A target that is a whole URL
//! has that URL's path. Does not: decode.

/// A part of a request or of a target. Positions are relative to the text it is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// All of the text.
    Whole,
    /// The text is a request: its method, target, …
    Method,
    Target,
    Path,
    Query,
    Protocol,
    /// The text is a target: what comes before its first `?`, without the scheme and host of a whole URL.
    TargetPath,
    /// The text is a target: what comes after its first `?`.
    TargetQuery,
}

/// Start and end in the text.
pub(super) type Span = (usize, usize);

/// Where the parts of a request are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    method_end: usize,
    target_end: usize,
    path_start: usize,
    /// Of the first `?` in the target.
    question: Option<usize>,
    end: usize,
}

impl Request {
    #[inline]
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let method_end = text.iter().position(|&byte| !is_method(byte))?;
        let protocol = memchr::memrchr(b' ', text)? + 1;
        let (target_start, target_end) = (method_end + 1, protocol - 1);
        // A dash is what servers write for a method that they did not read.
        let is_none = method_end == 0 || text.starts_with(b"- ");
        if is_none || text[method_end] != b' ' || target_end <= target_start || !is_protocol(&text[protocol..]) {
            return None;
        }
        let question = memchr::memchr(b'?', &text[target_start..target_end]).map(|at| target_start + at);
        let path_start = target_start + path_start(&text[target_start..question.unwrap_or(target_end)]);
        Some(Self { method_end, target_end, path_start, question, end: text.len() })
    }

    #[inline]
    pub(super) fn part(&self, part: Part) -> Option<Span> {
        let target_start = self.method_end + 1;
        match part {
            Part::Method => Some((0, self.method_end)),
            Part::Target => Some((target_start, self.target_end)),
            Part::Path => filled((self.path_start, self.question.unwrap_or(self.target_end))),
            Part::Query => self.question.map(|at| (at + 1, self.target_end)),
            Part::Protocol => Some((self.target_end + 1, self.end)),
            Part::Whole | Part::TargetPath | Part::TargetQuery => None,
        }
    }
}

/// A part of a target.
#[inline]
pub(super) fn target_part(text: &[u8], part: Part) -> Option<Span> {
    let question = memchr::memchr(b'?', text);
    match part {
        Part::TargetPath => {
            let end = question.unwrap_or(text.len());
            filled((path_start(&text[..end]), end))
        }
        Part::TargetQuery => question.map(|at| (at + 1, text.len())),
        _ => None,
    }
}

/// Where the path of a target begins: behind scheme and host where the target is a whole URL, as proxies and load
/// balancers have it (RFC 9112, section 3.2.2).
#[inline]
fn path_start(target: &[u8]) -> usize {
    if target.first() == Some(&b'/') {
        return 0;
    }
    match scheme_end(target) {
        Some(end) => memchr::memchr(b'/', &target[end + 3..]).map_or(target.len(), |len| end + 3 + len),
        None => 0,
    }
}

/// Where `://` stands after letters, digits, `+`, `-` and `.` alone.
pub(super) fn scheme_end(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.'))?;
    (end > 0 && text[0].is_ascii_alphabetic() && text[end..].starts_with(b"://")).then_some(end)
}

/// A URL without a path (`http://host`) has none.
const fn filled((start, end): Span) -> Option<Span> {
    if start < end { Some((start, end)) } else { None }
}

/// Letters, and what methods in use have beside them (`VERSION-CONTROL`, `M-SEARCH`, `UPDATEREDIRECTREF`, `_`).
const fn is_method(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// `HTTP/1.1`, `HTTP/2`, `RTSP/1.0`: capital letters, a slash, digits with at most one point between them.
#[inline]
fn is_protocol(text: &[u8]) -> bool {
    if let Some(version) = text.strip_prefix(b"HTTP/") {
        return is_version(version);
    }
    let Some(slash) = text.iter().position(|&byte| byte == b'/') else { return false };
    slash > 0 && text[..slash].iter().all(u8::is_ascii_uppercase) && is_version(&text[slash + 1..])
}

#[inline]
const fn is_version(text: &[u8]) -> bool {
    match text {
        [major] => major.is_ascii_digit(),
        [major, b'.', minor] => major.is_ascii_digit() && minor.is_ascii_digit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Request, target_part};

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str, &str, Option<&str>, &str)>) {
        let request = Request::read(text.as_bytes());
        let part = |part| request.and_then(|request| request.part(part)).map(|(start, end)| &text[start..end]);
        let found = request.map(|_| {
            let parts = [Part::Method, Part::Target, Part::Protocol].map(part).map(Option::unwrap);
            (parts[0], parts[1], part(Part::Path).unwrap_or_default(), part(Part::Query), parts[2])
        });
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn only_a_method_a_target_and_a_protocol_make_a_request() {
        for (text, expected) in [
            ("GET / HTTP/1.1", Some(("GET", "/", "/", None, "HTTP/1.1"))),
            ("GET /a?b=c?d HTTP/2", Some(("GET", "/a?b=c?d", "/a", Some("b=c?d"), "HTTP/2"))),
            ("GET /a? HTTP/2.0", Some(("GET", "/a?", "/a", Some(""), "HTTP/2.0"))),
            ("M-SEARCH * HTTP/1.1", Some(("M-SEARCH", "*", "*", None, "HTTP/1.1"))),
            ("GET /a b HTTP/1.1 HTTP/1.0", Some(("GET", "/a b HTTP/1.1", "/a b HTTP/1.1", None, "HTTP/1.0"))),
            ("DESCRIBE rtsp://h/x RTSP/1.0", Some(("DESCRIBE", "rtsp://h/x", "/x", None, "RTSP/1.0"))),
            (
                "GET https://h:443/a/b?c=http://d/e HTTP/1.1",
                Some(("GET", "https://h:443/a/b?c=http://d/e", "/a/b", Some("c=http://d/e"), "HTTP/1.1")),
            ),
            ("GET http://h HTTP/1.1", Some(("GET", "http://h", "", None, "HTTP/1.1"))),
            ("GET http://h?q HTTP/1.1", Some(("GET", "http://h?q", "", Some("q"), "HTTP/1.1"))),
            ("GET /http://h/x HTTP/1.1", Some(("GET", "/http://h/x", "/http://h/x", None, "HTTP/1.1"))),
            ("GET :@h/x HTTP/1.1", Some(("GET", ":@h/x", ":@h/x", None, "HTTP/1.1"))),
            ("CONNECT h:443 HTTP/1.1", Some(("CONNECT", "h:443", "h:443", None, "HTTP/1.1"))),
            ("GET  / HTTP/1.1", Some(("GET", " /", " /", None, "HTTP/1.1"))),
            ("GET  HTTP/1.1", None),
            ("GET HTTP/1.1", None),
            ("GET /", None),
            ("GET / ", None),
            (" / HTTP/1.1", None),
            ("GET / HTTP/", None),
            ("GET / HTTP/1.1x", None),
            ("GET / HTTP/1.1\\x0d", None),
            ("GET / http/1.1", None),
            ("GET / /1.1", None),
            ("\\x16\\x03\\x01 / HTTP/1.1", None),
            ("x00Cookie: mstshash=Administr", None),
            ("-", None),
            ("", None),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn a_target_is_split_at_its_first_question_mark() {
        for (text, path, query) in [
            ("/a", Some((0, 2)), None),
            ("/a?b?c", Some((0, 2)), Some((3, 6))),
            ("?", None, Some((1, 1))),
            ("https://h:1/a?b", Some((11, 13)), Some((14, 15))),
            ("https://h", None, None),
        ] {
            assert_eq!(target_part(text.as_bytes(), Part::TargetPath), path, "{text}");
            assert_eq!(target_part(text.as_bytes(), Part::TargetQuery), query, "{text}");
        }
    }
}
