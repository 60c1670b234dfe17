use crate::model::spec::Engine;
use crate::parse::tests::{check, compile};

#[test]
fn labels_are_fields_and_values_hold_anything_but_a_tab() {
    let pattern = compile(Engine::Ltsv { fields: [("request".to_owned(), vec!["req".to_owned()])].into() });
    for (line, expected) in [
        (
            "time:[10/Oct/2000:13:55:36 -0700]\treq:GET /a?b=c:d HTTP/1.1\tua:x y:z",
            [("time", Some("10/Oct/2000:13:55:36 -0700")), ("path", Some("/a")), ("ua", Some("x y:z"))],
        ),
        ("a:\tb.c-d_e:-\t\tua:1\tua:2\t", [("a", Some("")), ("b.c-d_e", None), ("ua", Some("2"))]),
        ("time:[x\treq:GET /\tua:[a]", [("time", Some("[x")), ("path", None), ("ua", Some("[a]"))]),
    ] {
        check(&pattern, line, Some(&expected));
    }
}

#[test]
fn a_piece_without_a_label_is_refused() {
    let pattern = compile(Engine::Ltsv { fields: [].into() });
    for line in ["", "\t\t", "a", "a:1\tb", ":1", "a b:1", "2026-11-23 10:00:00 x", "a:1\té:2"] {
        check(&pattern, line, None);
    }
}
