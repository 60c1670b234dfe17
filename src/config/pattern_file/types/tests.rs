use std::path::Path;

use crate::config::pattern_file::read;
use crate::model::fields::FieldType;
use crate::model::spec::TypeSpec;
use crate::model::step::{
    AgentAnswer, AgentClass, Decode, FieldStep, LetterCase, Network, Position, TimeUnit, UrlPart,
};

fn text(types: &str) -> String {
    format!("name = \"web\"\nregex = '.'\n[types]\n{types}\n")
}

#[track_caller]
fn check(entry: &str, kind: FieldType, formats: &[&str], steps: &[FieldStep]) {
    let spec =
        read(&text(&format!("f = {entry}")), Path::new("web.toml")).unwrap_or_else(|faults| panic!("{faults:?}"));
    let expected = TypeSpec {
        from: entry.contains("from").then(|| "x".to_owned()),
        kind,
        formats: formats.iter().map(|&format| format.to_owned()).collect(),
        steps: steps.to_vec(),
    };
    assert_eq!(spec.types["f"].value, expected, "{entry}");
}

#[track_caller]
fn check_fault(entry: &str, expected: &str) {
    let faults = read(&text(&format!("f = {entry}")), Path::new("web.toml")).expect_err(entry);
    let shown = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_eq!(shown, expected, "{entry}");
}

fn network(address: &str, prefix_len: u8) -> Network {
    Network::new(address.parse().unwrap(), prefix_len).unwrap()
}

#[test]
fn each_key_is_a_step() {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    for (entry, step) in [
        (r#"{ from = "x", url = "port" }"#, FieldStep::Url(UrlPart::Port)),
        (r#"{ from = "x", parameter = "t" }"#, FieldStep::Parameter("t".to_owned())),
        (r#"{ from = "x", cookie = "t" }"#, FieldStep::Cookie("t".to_owned())),
        (r#"{ from = "x", segment = -2 }"#, FieldStep::Segment(Position(-2))),
        (r#"{ from = "x", jwt = "a.b" }"#, FieldStep::Jwt("a.b".to_owned())),
        (r#"{ from = "x", agent = "class" }"#, FieldStep::Agent(AgentAnswer::Class)),
        (r#"{ from = "x", decode = "base64" }"#, FieldStep::Decode(Decode::Base64)),
        (r#"{ from = "x", capture = 'a(.)' }"#, FieldStep::Capture("a(.)".to_owned())),
        (r#"{ from = "x", case = "upper" }"#, FieldStep::Case(LetterCase::Upper)),
        (r#"{ from = "x", absent = ["", "a"] }"#, FieldStep::Absent(texts(&["", "a"]))),
        (
            r#"{ from = "x", split = " ", item = 0x10 }"#,
            FieldStep::Split { separator: " ".to_owned(), item: Position(16) },
        ),
        (
            r#"{ from = "x", forwarded = { trusted = ["10.0.0.0/8", "192.0.2.1", "link_local"] } }"#,
            FieldStep::Forwarded(vec![
                network("10.0.0.0", 8),
                network("192.0.2.1", 32),
                network("169.254.0.0", 16),
                network("fe80::", 10),
            ]),
        ),
        (r#"{ from = "x", forwarded = { trusted = [] } }"#, FieldStep::Forwarded(Vec::new())),
    ] {
        check(entry, FieldType::Text, &[], &[step]);
    }
    let is_bot = FieldStep::Agent(AgentAnswer::Is(AgentClass::Bot));
    check(r#"{ from = "x", agent = "bot" }"#, FieldType::Boolean, &[], &[is_bot]);
}

#[test]
fn names_of_networks_stand_for_all_of_them() {
    let entry = r#"{ from = "x", forwarded = { trusted = ["loopback", "private"] } }"#;
    let networks = [
        ("127.0.0.0", 8),
        ("::1", 128),
        ("10.0.0.0", 8),
        ("172.16.0.0", 12),
        ("192.168.0.0", 16),
        ("100.64.0.0", 10),
        ("fc00::", 7),
    ];
    let networks = networks.map(|(address, prefix_len)| network(address, prefix_len)).to_vec();
    check(entry, FieldType::Text, &[], &[FieldStep::Forwarded(networks)]);
}

#[test]
fn types_that_convert_are_numbers() {
    let seconds = |bare| [FieldStep::Seconds { bare }];
    check(r#""duration""#, FieldType::Number, &[], &seconds(None));
    check(r#"{ type = "duration", unit = "us" }"#, FieldType::Number, &[], &seconds(Some(TimeUnit::Microsecond)));
    check(r#""size""#, FieldType::Number, &[], &[FieldStep::Bytes { bare: 1 }]);
    check(
        r#"{ from = "x", type = "size", unit = "KiB" }"#,
        FieldType::Number,
        &[],
        &[FieldStep::Bytes { bare: 1_024 }],
    );
    check(r#"{ from = "x", format = ["auto", "%s"] }"#, FieldType::Time, &["auto", "%s"], &[]);
}

#[test]
fn steps_come_in_their_order_however_they_are_written() {
    let entry = r#"{ type = "size", absent = ["a"], case = "lower", capture = '(.)', item = 1, split = ",", decode = ["escapes", "url", "form", "url"], parameter = "t", from = "x" }"#;
    let steps = [
        FieldStep::Decode(Decode::Escapes),
        FieldStep::Parameter("t".to_owned()),
        FieldStep::Decode(Decode::Url),
        FieldStep::Decode(Decode::Form),
        FieldStep::Decode(Decode::Url),
        FieldStep::Split { separator: ",".to_owned(), item: Position(1) },
        FieldStep::Capture("(.)".to_owned()),
        FieldStep::Case(LetterCase::Lower),
        FieldStep::Absent(vec!["a".to_owned()]),
        FieldStep::Bytes { bare: 1 },
    ];
    check(entry, FieldType::Number, &[], &steps);
    let agent = r#"{ from = "x", agent = "tool", decode = "escapes" }"#;
    let steps = [FieldStep::Decode(Decode::Escapes), FieldStep::Agent(AgentAnswer::Is(AgentClass::Tool))];
    check(agent, FieldType::Boolean, &[], &steps);
}

#[test]
fn faults_of_combinations_say_what_to_do() {
    for (entry, expected) in [
        (
            r#"{ url = "path", segment = 1 }"#,
            "web.toml:4: type `f` has both `segment` and `url`\n\
             help: make a field with one of them, and this one `from` it with the other",
        ),
        (
            r#"{ agent = "bot", case = "lower" }"#,
            "web.toml:4: `case` of type `f` stands beside `agent`, which answers by itself\n\
             help: leave it out; to change the text first, make a field of it and take the agent `from` that one",
        ),
        (
            r#"{ agent = "bot", decode = ["escapes", "url"] }"#,
            "web.toml:4: `decode` of type `f` stands beside `agent`, which answers by itself\n\
             help: leave it out; to change the text first, make a field of it and take the agent `from` that one",
        ),
        (
            r#"{ agent = "bot", type = "text" }"#,
            "web.toml:4: `type` of type `f` stands beside `agent`\n\
             help: leave it out: the answer has a type of its own",
        ),
        (
            r#"{ agent = "robot" }"#,
            "web.toml:4: `agent` of type `f` is `robot`; expected `bot`, `tool`, `browser` or `class`\n\
             help: write agent = \"bot\", for instance",
        ),
        (
            r#"{ decode = ["url", "escapes"] }"#,
            "web.toml:4: `decode` of type `f` has `escapes` behind another\n\
             help: write it first: the log's writer escaped the text last",
        ),
        (
            r#"{ split = "@" }"#,
            "web.toml:4: `split` of type `f` has no `item` beside it\n\
             help: say which piece: item = 1, or item = -1",
        ),
        (
            r#"{ split = "", item = 1 }"#,
            "web.toml:4: `split` of type `f` is empty\n\
             help: write what stands between the pieces",
        ),
        (
            "{ item = 1 }",
            "web.toml:4: `item` of type `f` has no `split` beside it\n\
             help: say where to split: split = \"@\"; a path's segment is taken with segment = 1",
        ),
    ] {
        check_fault(entry, expected);
    }
}

#[test]
fn faults_of_numbers_units_and_networks_say_what_to_do() {
    for (entry, expected) in [
        (
            "{ segment = 0 }",
            "web.toml:4: `segment` of type `f` is `0`; expected 1 to 1000, or -1 to -1000\n\
             help: count from 1, or from the end with -1",
        ),
        (
            "{ segment = \"1\" }",
            "web.toml:4: `segment` of type `f` is a text; expected a whole number, without quotes\n\
             help: write segment = 1",
        ),
        (
            r#"{ type = "integer", unit = "ms" }"#,
            "web.toml:4: `unit` of type `f` is for durations and sizes only\n\
             help: leave it out, or set type = \"duration\" or type = \"size\"",
        ),
        (
            r#"{ type = "duration", unit = "B" }"#,
            "web.toml:4: `unit` of type `f` is `B`; expected `ns`, `us`, `ms`, `s`, `m`, `h` or `d`\n\
             help: write unit = \"ns\", for instance",
        ),
        ("{ format = [] }", "web.toml:4: `format` of type `f` is empty\nhelp: write at least one format in it"),
        (
            "{ forwarded = true }",
            "web.toml:4: `forwarded` of type `f` is a truth value; expected a table with the networks of your own proxies\n\
             help: write forwarded = { trusted = [\"private\"] }",
        ),
        (
            "{ forwarded = {} }",
            "web.toml:4: `forwarded` of type `f` has no `trusted`\n\
             help: name your own proxies: trusted = [\"private\", \"203.0.113.7\"]",
        ),
        (
            r#"{ forwarded = { trusted = ["10.0.0.1/8"] } }"#,
            "web.toml:4: `forwarded.trusted` of type `f` holds `10.0.0.1/8`; expected an address, a network, `loopback`, `link_local` or `private`\n\
             help: write a network by its first address: \"10.0.0.0/8\", \"2001:db8::/32\"",
        ),
        (
            "{ parametre = \"t\" }",
            "web.toml:4: type `f` has no key `parametre`\n\
             help: did you mean `parameter`? Known are `absent`, `agent`, `capture`, `case`, `cookie`, `decode`, `format`, `forwarded`, `from`, `item`, `jwt`, `parameter`, `segment`, `split`, `type`, `unit`, `url`",
        ),
    ] {
        check_fault(entry, expected);
    }
}
