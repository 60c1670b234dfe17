use std::path::Path;

use jiff::tz::TimeZone;

use super::{LineReader, Reading, Told, Unit, catalogue, reading};
use crate::config::{pattern_file, shipped};
use crate::model::spec::RecordSpec;

fn reader(text: &str) -> LineReader {
    let spec = pattern_file::read(text, Path::new("p.toml")).unwrap_or_else(|faults| panic!("{faults:?}"));
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    LineReader::new(&spec, &zone, pattern_file::READ_AT).unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[track_caller]
fn check(pattern: &str, line: &[u8], expected: &str) {
    let mut reader = reader(&format!("name = \"p\"\n{pattern}"));
    let found = reader.read(line, &[]);
    assert_eq!(reading("p", line, &found), expected);
}

const WORDS: &str = "regex = '(?<time>\\S+) (?<n>\\S+) (?<user>.*)'\n[types]\nn = \"integer\"\ntime = { type = \"time\", format = \"rfc3339\" }\n";

#[test]
fn fields_are_shown_with_their_types_and_the_time_in_both_zones() {
    check(
        WORDS,
        b"2026-11-23T10:00:00Z 7 -",
        "pattern `p`: the line matches
    n     7                     integer
    time  2026-11-23T10:00:00Z  2026-11-23T10:00:00Z, 2026-11-23T11:00:00 in Europe/Berlin
    absent: user
",
    );
}

#[test]
fn what_does_not_fit_its_type_is_said_and_nothing_reaches_the_terminal_unescaped() {
    check(
        WORDS,
        b"then x \x1b[2J\xff",
        "pattern `p`: the line matches
    n     x     does not fit `integer`: absent
    time  then  does not fit `time`: absent
    user  \\x1b[2J\\xff
",
    );
}

#[test]
fn a_line_that_stops_matching_has_a_caret_there() {
    check(
        "template = '$remote_addr [$time_local]'",
        b"\x1b1 [now]",
        "pattern `p`: the line does not match; it fits up to byte 4
    \\x1b1 [now]
           ^
    expected a time like 10/Oct/2000:13:55:36 -0700 for `$time_local`
",
    );
    check(
        "regex = 'a=(?<a>\\d+) b=(?<b>\\d+)'",
        b"a=1",
        "pattern `p`: the line does not match; it fits up to its end
    a=1
       ^
    expected ` b=` before `b`
",
    );
}

#[test]
fn keys_of_the_line_are_fields_where_any_may_be() {
    let mut reader = reader("name = \"p\"\njson = true\n");
    let Reading::Matched(matched) = reader.read(b"{\"b\":1,\"a\":\"x\"}", &["c"]) else { panic!("no match") };
    let names: Vec<&str> = matched.fields.iter().map(|field| field.names[0].as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(matched.slots.iter().any(|(name, _)| name == "c"));
}

#[test]
fn a_wrappers_time_without_a_year_is_of_the_year_in_which_it_is_read() {
    let text = "name = \"p\"\nunwrap = [\"syslog\"]\nregex = '(?<n>\\d+)'\n";
    let spec = pattern_file::read(text, Path::new("p.toml")).unwrap_or_else(|faults| panic!("{faults:?}"));
    let unit = Unit::new(&[&spec], &RecordSpec::default(), &[], Vec::new(), &TimeZone::UTC, pattern_file::READ_AT);
    let mut times = Vec::new();
    let mut take = |_: &mut [LineReader], told: Told| match told {
        Told::Record(record) => times.extend(record.around.time.map(|time| time.to_string())),
        Told::Foreign { stop, .. } => panic!("{stop:?}"),
    };
    let mut unit = unit.unwrap_or_else(|faults| panic!("{faults:?}"));
    unit.push(b"<13>Jan  2 10:00:00 web app: 7", 1, &mut take);
    unit.finish(&mut take);
    assert_eq!(times, ["2026-01-02T10:00:00.000Z"]);
}

#[test]
fn of_all_patterns_the_one_that_knows_most_is_shown_whole() {
    let line = b"192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl\"";
    let specs = shipped::PATTERNS.iter().map(|(_, text)| reader(text));
    let mut read =
        |line: &[u8]| specs.clone().map(|mut reader| (reader.name.clone(), reader.read(line, &[]))).collect();
    let beginning = "pattern `combined`: the line matches\n";
    let mut check = |line: &[u8], expected: &str| {
        let (Ok(text) | Err(text)) = catalogue(line, &mut read);
        assert!(text.starts_with(expected), "{text}");
        text
    };
    check(line, beginning);
    let inside = |wrapper: &str| {
        format!("the line is wrapped: `unwrap = [\"{wrapper}\"]` in the source; inside of it\n{beginning}")
    };
    let shown = String::from_utf8_lossy(line);
    check(format!("2026-11-23T10:00:00.1Z stdout F {shown}").as_bytes(), &inside("cri"));
    check(format!("<13>Nov 23 10:00:00 web nginx: {shown}").as_bytes(), &inside("syslog"));
    // Outside of the wrapper the same pairs can be read: inside of it nothing is the wrapper's.
    let text = check(
        b"<13>Nov 23 10:00:00 web app: level=info msg=done user=ada status=200 path=/x",
        "the line is wrapped: `unwrap = [\"syslog\"]`",
    );
    assert!(!text.contains("<13>"), "{text}");
    let log = shown.replace('"', "\\\"") + "\\n";
    let docker = format!("{{\"log\":\"{log}\",\"stream\":\"stdout\",\"time\":\"2026-11-23T10:00:00.1Z\"}}");
    check(docker.as_bytes(), &inside("docker"));
    let pino = b"{\"level\":30,\"time\":1795427696000,\"req\":{\"method\":\"GET\",\"url\":\"/x\",\"remoteAddress\":\"192.0.2.1\"},\"res\":{\"statusCode\":200},\"responseTime\":3,\"msg\":\"request completed\"}";
    check(pino, "pattern `pino`");
    let text = check(b"what is this?", "none of ");
    assert!(text.contains("pxtail learn pattern"), "{text}");
    check(&vec![b'x'; 100_000], "none of ");
}
