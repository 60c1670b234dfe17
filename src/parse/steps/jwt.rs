//! A claim out of a JSON Web Token (RFC 7519), with `Bearer ` before it or without.
//!
//! Promises: linear time; the claim as text, a number as it is written. What is no signed token in three parts has none.
//! Does not: verify the signature, the issuer or the expiry. Anyone can write a token: a claim says who a request was from
//! only where the application accepted the request.

use super::base64;
use crate::parse::capture::{Capture, Form};
use crate::parse::json::{self, JsonReader, Path};
use crate::parse::template::Problem;

/// Reads one claim.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Claim {
    reader: JsonReader,
    payload: Vec<u8>,
}

impl Claim {
    /// `path`: as for JSON lines, `sub` or `realm.roles[0]`. `Err`: what is wrong, and what to do.
    pub(super) fn compile(path: &str) -> Result<Self, Problem> {
        let parsed = Path::parse(path).map_err(|what| {
            let help = "write a claim's name (`sub`), with dots for claims inside of others (`user.id`); a name with a dot \
                        in it stands in quotes (`\"https://example.com/tenant\"`)";
            (format!("`{path}` is no path to a claim: {what}"), help.to_owned())
        })?;
        Ok(Self { reader: JsonReader::new(&[parsed]), payload: Vec::new() })
    }

    /// Appends the claim.
    pub(super) fn read(&mut self, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let mut parts = token(text).split(|&byte| byte == b'.');
        let (header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if header.is_empty() || parts.next().is_some() {
            return None;
        }
        self.payload.clear();
        base64::undo(payload, &mut self.payload)?;
        let mut captures = [Capture::ABSENT];
        self.reader.read(&self.payload, &mut captures).ok()?;
        let [claim] = captures;
        match claim.form {
            Form::Absent | Form::Built => return None,
            Form::Plain => out.extend_from_slice(claim.bytes(&self.payload)),
            Form::Escaped => json::decode(claim.bytes(&self.payload), out),
        }
        Some(())
    }
}

/// Without the scheme of an `Authorization` header.
fn token(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    match text.split_first_chunk::<7>() {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"bearer ") => rest.trim_ascii_start(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::base64::tests::written;
    use super::Claim;

    fn token(payload: &str) -> String {
        format!("{}.{}.c2ln", written(br#"{"alg":"none"}"#, "-_"), written(payload.as_bytes(), "-_"))
    }

    #[track_caller]
    fn check(text: &str, path: &str, expected: Option<&str>) {
        let mut out = Vec::new();
        let found = Claim::compile(path).unwrap().read(text.as_bytes(), &mut out);
        assert_eq!(found.map(|()| String::from_utf8(out).unwrap()).as_deref(), expected, "{path} in {text}");
    }

    #[test]
    fn a_claim_is_found_by_its_path() {
        let token = token(
            r#"{"sub":"u-1","iat":1516239022,"n":"a\"\u00fc","realm":{"roles":["x"]},"https://e.x/t":"T","no":null}"#,
        );
        for (path, expected) in [
            ("sub", Some("u-1")),
            ("iat", Some("1516239022")),
            ("n", Some("a\"ü")),
            ("realm.roles[0]", Some("x")),
            ("\"https://e.x/t\"", Some("T")),
            ("no", None),
            ("missing", None),
        ] {
            check(&token, path, expected);
            check(&format!("Bearer {token}"), path, expected);
            check(&format!("bearer  {token} "), path, expected);
        }
    }

    #[test]
    fn what_is_no_token_has_no_claims() {
        let token = token(r#"{"sub":"u"}"#);
        for text in [
            "",
            "Basic YWRhOnB3",
            "Bearer abc",
            "a.b",
            "a.%%.c",
            &token[..token.rfind('.').unwrap()],
            &format!("{token}.x.y"),
            &format!(".{token}"),
            &super::super::jwt::tests::token("[1]"),
            &super::super::jwt::tests::token("{\"sub\":\"u\""),
        ] {
            check(text, "sub", None);
        }
    }
}
