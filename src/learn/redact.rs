//! Made-up values in the place of somebody's.
//!
//! Promises: the same text becomes the same made-up text in one line; what kind of text it is stays: an address is an
//! address, digits are digits. Does not: find every secret: what looks like a plain word stays, unless its field is a user.

use std::net::IpAddr;

use regex::{Captures, Regex, RegexBuilder};

use crate::explain::FieldValue;

/// A line without what may be somebody's.
pub(super) fn line(line: &str, fields: &[FieldValue]) -> String {
    let mut text = line.to_owned();
    for (index, name) in ["user", "account", "ident"].into_iter().enumerate() {
        let value = fields
            .iter()
            .find(|field| field.names.iter().any(|known| known == name || super::infer::means(known, name)));
        // A text of one letter is everywhere in the line.
        if let Some(value) = value.and_then(|field| std::str::from_utf8(&field.text).ok()).filter(|text| text.len() > 1)
        {
            text = text.replace(value, &format!("{name}{}", index + 1));
        }
    }
    let mut addresses: Vec<String> = Vec::new();
    for (expression, replace) in [
        (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", Replace::Email),
        (r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", Replace::Zeros),
        (r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", Replace::Address),
        (r"[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]+", Replace::Address),
        (r"([?&][A-Za-z0-9_.\[\]-]+=)[^&\s\x22#]+", Replace::Query),
        (r"\b[A-Za-z0-9_-]{20,}\b", Replace::Token),
    ] {
        let Ok(regex) = RegexBuilder::new(expression).build() else { continue };
        text = replaced(&regex, &text, replace, &mut addresses);
    }
    text
}

#[derive(Clone, Copy)]
enum Replace {
    Email,
    Zeros,
    Address,
    Query,
    Token,
}

fn replaced(regex: &Regex, text: &str, replace: Replace, addresses: &mut Vec<String>) -> String {
    let with = |captures: &Captures<'_>| {
        let found = captures.get(0).map_or("", |found| found.as_str());
        match replace {
            Replace::Email => "someone@example.com".to_owned(),
            Replace::Zeros => found.chars().map(|c| if c == '-' { '-' } else { '0' }).collect(),
            Replace::Query => format!("{}x", captures.get(1).map_or("", |name| name.as_str())),
            Replace::Address => address(found, addresses),
            // Words in snake case are names, not tokens.
            Replace::Token if !found.contains(|c: char| c.is_ascii_digit()) => found.to_owned(),
            Replace::Token => found
                .chars()
                .map(|c| {
                    if c.is_ascii_digit() {
                        '0'
                    } else if c.is_ascii_alphabetic() {
                        'x'
                    } else {
                        c
                    }
                })
                .collect(),
        }
    };
    regex.replace_all(text, with).into_owned()
}

/// An address of the ranges that are kept for documents, the same for the same one.
fn address(found: &str, addresses: &mut Vec<String>) -> String {
    let Ok(parsed) = found.parse::<IpAddr>() else { return found.to_owned() };
    let index = addresses.iter().position(|known| known == found).unwrap_or_else(|| {
        addresses.push(found.to_owned());
        addresses.len() - 1
    });
    match parsed {
        IpAddr::V4(_) => format!("192.0.2.{}", index % 250 + 1),
        IpAddr::V6(_) => format!("2001:db8::{:x}", index + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::explain::FieldValue;
    use crate::model::fields::FieldType;

    #[test]
    fn addresses_names_and_tokens_are_made_up() {
        let user = FieldValue {
            names: vec!["user".to_owned()],
            kind: FieldType::Text,
            text: b"grace".to_vec(),
            instant: None,
            misfit: false,
        };
        for (text, expected) in [
            ("10.1.2.3 - grace [t] 10.1.2.3 8.8.8.8", "192.0.2.1 - user1 [t] 192.0.2.1 192.0.2.2"),
            ("2a00:1450::1 10:00:00 x", "2001:db8::1 10:00:00 x"),
            ("GET /a?token=abc&n=1 HTTP/1.1", "GET /a?token=x&n=x HTTP/1.1"),
            ("mail a.b@corp.example.org ok", "mail someone@example.com ok"),
            ("id 123e4567-e89b-12d3-a456-426614174000", "id 00000000-0000-0000-0000-000000000000"),
            ("k sk_live_4242424242424242", "k xx_xxxx_0000000000000000"),
            ("upstream_first_byte_time 0.5", "upstream_first_byte_time 0.5"),
            ("23/Nov/2026:10:00:00 +0000", "23/Nov/2026:10:00:00 +0000"),
        ] {
            assert_eq!(line(text, std::slice::from_ref(&user)), expected);
        }
    }
}
