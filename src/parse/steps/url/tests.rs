use proptest::prelude::*;

use super::super::TextOf;
use super::{cookie, parameter, part, segment};
use crate::model::step::{Position, UrlPart};

#[track_caller]
fn check_parts(text: &str, expected: [Option<&str>; 5]) {
    let parts = [UrlPart::Scheme, UrlPart::Host, UrlPart::Port, UrlPart::Path, UrlPart::Query];
    let found = parts.map(|wanted| part(text.as_bytes(), wanted).map(|(start, end)| &text[start..end]));
    assert_eq!(found, expected, "{text}");
}

#[test]
fn urls_and_targets_have_parts() {
    let none = None;
    for (text, expected) in [
        ("https://u:p@e.x:8443/a/b?c=d#f", [Some("https"), Some("e.x"), Some("8443"), Some("/a/b"), Some("c=d")]),
        ("http://e.x", [Some("http"), Some("e.x"), none, none, none]),
        ("http://e.x?q", [Some("http"), Some("e.x"), none, none, Some("q")]),
        ("http://[2001:db8::1]:80/", [Some("http"), Some("2001:db8::1"), Some("80"), Some("/"), none]),
        ("http://[2001:db8::1]/", [Some("http"), Some("2001:db8::1"), none, Some("/"), none]),
        ("http://[:1/foo", [Some("http"), none, none, Some("/foo"), none]),
        ("http://e.x:a/foo", [Some("http"), none, none, Some("/foo"), none]),
        ("http://e.x:/foo", [Some("http"), Some("e.x"), none, Some("/foo"), none]),
        ("http:///foo", [Some("http"), none, none, Some("/foo"), none]),
        ("http://a@b@e.x/", [Some("http"), Some("e.x"), none, Some("/"), none]),
        ("android-app://com.example.app", [Some("android-app"), Some("com.example.app"), none, none, none]),
        ("/a/b?c=d", [none, none, none, Some("/a/b"), Some("c=d")]),
        ("/a?b?c", [none, none, none, Some("/a"), Some("b?c")]),
        ("/a#b?c", [none, none, none, Some("/a"), none]),
        ("/a?b#c", [none, none, none, Some("/a"), Some("b")]),
        ("//e.x/a", [none, none, none, Some("//e.x/a"), none]),
        ("/r?to=http://e.x/", [none, none, none, Some("/r"), Some("to=http://e.x/")]),
        ("r?to=http://e.x/", [none, none, none, Some("r"), Some("to=http://e.x/")]),
        ("e.x:443", [none, Some("e.x"), Some("443"), none, none]),
        ("[::1]:443", [none, Some("::1"), Some("443"), none, none]),
        (":443", [none, none, none, Some(":443"), none]),
        ("e.x:443/", [none, none, none, Some("e.x:443/"), none]),
        ("*", [none, none, none, Some("*"), none]),
        ("1http://e.x/", [none, none, none, Some("1http://e.x/"), none]),
        ("://e.x/", [none, none, none, Some("://e.x/"), none]),
        ("?q", [none, none, none, none, Some("q")]),
        ("", [none; 5]),
    ] {
        check_parts(text, expected);
    }
}

#[track_caller]
fn check_parameter(text: &str, of: TextOf, name: &str, expected: Option<&str>) {
    let found = parameter(text.as_bytes(), of, name.as_bytes()).map(|(start, end)| &text[start..end]);
    assert_eq!(found, expected, "{name} of {text:?}");
}

#[test]
fn the_first_parameter_of_a_name_is_taken_as_it_is_written() {
    for (text, expected) in [
        ("t=1", Some("1")),
        ("a=0&t=1&t=2", Some("1")),
        ("t", Some("")),
        ("t=", Some("")),
        ("a&t&b", Some("")),
        ("&&t=a=b&", Some("a=b")),
        ("t=a%26b+c", Some("a%26b+c")),
        ("%74=1", Some("1")),
        ("T=1", None),
        ("xt=1&tx=2", None),
        ("a=t=1", None),
        ("a=1;t=2", None),
        ("a=1#t=2", None),
        ("t=1#&", Some("1")),
        ("", None),
    ] {
        check_parameter(text, TextOf::Query, "t", expected);
        check_parameter(text, TextOf::Anything, "t", expected);
        check_parameter(&format!("/p?{text}"), TextOf::Anything, "t", expected);
        check_parameter(&format!("https://e.x/p?{text}"), TextOf::Anything, "t", expected);
        check_parameter(&format!("?{text}"), TextOf::Query, "t", expected);
    }
    check_parameter("/p", TextOf::Anything, "t", None);
    check_parameter("/t=1", TextOf::Anything, "t", None);
    check_parameter("a+b=1", TextOf::Query, "a b", Some("1"));
    check_parameter("=1", TextOf::Query, "", Some("1"));
}

#[test]
fn nothing_inside_of_a_query_begins_another() {
    for text in ["/x?t=forged&t=real", "/?t=forged", "http://e.x/?t=forged&t=real", "a=/b?t=forged&t=real"] {
        let real = text.ends_with("real").then_some("real");
        check_parameter(text, TextOf::Query, "t", real);
    }
}

#[track_caller]
fn check_segment(text: &str, position: i32, expected: Option<&str>) {
    let found = segment(text.as_bytes(), Position(position)).map(|(start, end)| &text[start..end]);
    assert_eq!(found, expected, "{position} of {text}");
}

#[test]
fn segments_are_counted_from_either_end_without_empty_ones() {
    for text in ["/api/v1/x", "//api///v1//x/", "/api/v1/x?a/b", "/api/v1/x#a/b", "https://e.x/api/v1/x", "api/v1/x"] {
        for (position, expected) in [
            (1, Some("api")),
            (2, Some("v1")),
            (3, Some("x")),
            (4, None),
            (-1, Some("x")),
            (-3, Some("api")),
            (-4, None),
        ] {
            check_segment(text, position, expected);
        }
    }
    for text in ["/", "", "///", "?a/b", "https://e.x"] {
        check_segment(text, 1, None);
        check_segment(text, -1, None);
    }
}

#[track_caller]
fn check_cookie(text: &str, expected: Option<&str>) {
    let found = cookie(text.as_bytes(), b"sid").map(|(start, end)| &text[start..end]);
    assert_eq!(found, expected, "{text}");
}

#[test]
fn the_first_cookie_of_a_name_is_taken_without_its_quotes() {
    for (text, expected) in [
        ("sid=1", Some("1")),
        ("a=0; sid=1; sid=2", Some("1")),
        ("a=0;sid=1", Some("1")),
        ("sid = \"1;2", Some("\"1")),
        ("sid=\"1 2\"", Some("1 2")),
        ("sid=\"\"", Some("")),
        ("sid=\"", Some("\"")),
        ("sid=a=b", Some("a=b")),
        ("sid=", Some("")),
        ("sid", None),
        ("asid=1; SID=2; a=sid=3", None),
        ("", None),
    ] {
        check_cookie(text, expected);
    }
}

/// Pairs one after the other, names decoded, with the standard library's tools.
fn naive_parameter<'t>(query: &'t str, name: &str) -> Option<&'t str> {
    let query = query.split('#').next()?;
    let query = query.strip_prefix('?').unwrap_or(query);
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .into_iter()
        .find(|(key, _)| key.replace('+', " ").replace("%74", "t").replace("%3D", "=") == name)
        .map(|(_, value)| value)
}

proptest! {
    #[test]
    fn a_parameter_is_what_a_naive_reader_finds(query in "([t&=?#+/]|%74|%3D|a){0,16}", name in "[t=a ]{0,2}") {
        check_parameter(&query, TextOf::Query, &name, naive_parameter(&query, &name));
        if !query.starts_with('?') {
            check_parameter(&format!("/a?{query}"), TextOf::Anything, &name, naive_parameter(&query, &name));
        }
    }

    #[test]
    fn a_segment_is_what_the_standard_library_splits(path in "/[/a?b#]{0,16}", position in 1_i32..5) {
        let until = path.find(['?', '#']).unwrap_or(path.len());
        let segments: Vec<&str> = path[..until].split('/').filter(|segment| !segment.is_empty()).collect();
        let position_from_end = segments.len().checked_sub(position as usize);
        check_segment(&path, position, segments.get(position as usize - 1).copied());
        check_segment(&path, -position, position_from_end.map(|index| segments[index]));
    }
}
