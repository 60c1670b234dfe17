//! The parts of a URL that a request names.
//!
//! Promises: parts are spans of the text, as written. Does not: decode, or check more than where parts end.

/// Start and end in the text.
pub(super) type Span = (usize, usize);

/// Where the parts of a target are: `/path?query`, or `scheme://host:port/path?query`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) scheme: Option<Span>,
    /// An IPv6 address keeps its brackets, as in nginx's `$host`.
    pub(super) host: Option<Span>,
    pub(super) port: Option<Span>,
    /// Absent where the target is a host and port alone, or begins neither with a slash nor with a scheme.
    pub(super) path: Option<Span>,
    /// After the first `?`.
    pub(super) query: Option<Span>,
}

impl Target {
    /// A target as requests have it. `*` is its own path.
    pub(super) fn read(text: &[u8]) -> Self {
        if text.first() == Some(&b'/') || text == b"*" {
            return Self::default().path_from(text, 0);
        }
        let Some(end) = memchr::memmem::find(text, b"://").filter(|end| is_scheme(&text[..*end])) else {
            return Self::default();
        };
        let start = end + 3;
        let authority_end = text[start..].iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
        let authority_end = authority_end.map_or(text.len(), |at| start + at);
        Self { scheme: Some((0, end)), ..Self::default() }
            .authority(text, start, authority_end)
            .path_from(text, authority_end)
    }

    /// `host:port`, as the method CONNECT has it.
    pub(super) fn read_authority(text: &[u8]) -> Self {
        let end = memchr::memchr(b'/', text).unwrap_or(text.len());
        Self::default().authority(text, 0, end)
    }

    fn authority(self, text: &[u8], start: usize, end: usize) -> Self {
        let start = memchr::memrchr(b'@', &text[start..end]).map_or(start, |at| start + at + 1);
        let authority = &text[start..end];
        let colon = memchr::memrchr(b':', authority).filter(|colon| {
            let port = &authority[colon + 1..];
            port.iter().all(u8::is_ascii_digit) && (authority[0] != b'[' || authority[colon - 1] == b']')
        });
        let host_end = colon.map_or(end, |colon| start + colon);
        let host = (host_end > start).then_some((start, host_end));
        let port = colon.map(|colon| (start + colon + 1, end)).filter(|(start, end)| end > start);
        Self { host, port, ..self }
    }

    fn path_from(self, text: &[u8], start: usize) -> Self {
        let question = memchr::memchr(b'?', &text[start..]).map(|at| start + at);
        let path = Some((start, question.unwrap_or(text.len())));
        Self { path, query: question.map(|at| (at + 1, text.len())), ..self }
    }
}

/// RFC 3986: a letter, then letters, digits, `+`, `-` and `.`.
fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::{Span, Target};

    #[track_caller]
    fn check(text: &str, target: Target, expected: [&str; 5]) {
        let of = |span: Option<Span>| span.map_or("-", |(start, end)| &text[start..end]);
        let found = [of(target.scheme), of(target.host), of(target.port), of(target.path), of(target.query)];
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_target_is_a_path_or_a_url() {
        for (text, expected) in [
            ("/", ["-", "-", "-", "/", "-"]),
            ("/a?b?c", ["-", "-", "-", "/a", "b?c"]),
            ("//h/a", ["-", "-", "-", "//h/a", "-"]),
            ("/a?u=http://h/x", ["-", "-", "-", "/a", "u=http://h/x"]),
            ("*", ["-", "-", "-", "*", "-"]),
            ("https://h:443/a?b", ["https", "h", "443", "/a", "b"]),
            ("http://h", ["http", "h", "-", "", "-"]),
            ("http://h?b", ["http", "h", "-", "", "b"]),
            ("http://u:p@h:/a", ["http", "h", "-", "/a", "-"]),
            ("http://h:x/a", ["http", "h:x", "-", "/a", "-"]),
            ("http://[2001:db8::1]:80/a", ["http", "[2001:db8::1]", "80", "/a", "-"]),
            ("http://[2001:db8::1]/a", ["http", "[2001:db8::1]", "-", "/a", "-"]),
            ("http://h/a@b:1/c", ["http", "h", "-", "/a@b:1/c", "-"]),
            ("http:///a", ["http", "-", "-", "/a", "-"]),
            ("http://:80/a", ["http", "-", "80", "/a", "-"]),
            ("1http://h/a", ["-", "-", "-", "-", "-"]),
            ("x", ["-", "-", "-", "-", "-"]),
            ("", ["-", "-", "-", "-", "-"]),
        ] {
            check(text, Target::read(text.as_bytes()), expected);
        }
    }

    #[test]
    fn an_authority_is_a_host_and_a_port() {
        for (text, expected) in [
            ("h:443", ["-", "h", "443", "-", "-"]),
            ("[::1]:443", ["-", "[::1]", "443", "-", "-"]),
            ("h:443/", ["-", "h", "443", "-", "-"]),
            ("h", ["-", "h", "-", "-", "-"]),
            ("", ["-", "-", "-", "-", "-"]),
        ] {
            check(text, Target::read_authority(text.as_bytes()), expected);
        }
    }
}
