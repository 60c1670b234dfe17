use proptest::prelude::*;

use super::draft::{Cases, Finished};
use super::server_config::{Format, Syntax};
use super::{multiline, of_format, plain_name, propose, unwrapped};
use crate::config::pattern_file;
use crate::model::fault::Location;
use crate::parse::run_cases;

fn bytes<'a>(lines: &'a [&'a str]) -> Vec<&'a [u8]> {
    lines.iter().map(|line| line.as_bytes()).collect()
}

fn proposed(lines: &[&[u8]], cases: Cases) -> Option<Finished> {
    let draft = propose("p", lines).ok()?;
    Some(draft.finish(lines, cases).unwrap_or_else(|faults| panic!("{faults:?}\n{}", draft.head())))
}

/// The keys of the engine and the types, as they are proposed.
#[track_caller]
fn check(lines: &[&str], expected: &str) {
    let found = proposed(&bytes(lines), Cases::AsLogged).expect("a proposal");
    let body: Vec<&str> = found
        .text
        .lines()
        .skip_while(|line| !line.starts_with("about"))
        .skip(1)
        .take_while(|line| *line != "[[case]]")
        .collect();
    assert_eq!(body.join("\n").trim(), expected, "{}", found.text);
    assert!(found.cases >= 2, "{}", found.text);
}

#[test]
fn json_lines_are_read_by_their_keys_with_types_and_the_names_that_all_patterns_have() {
    check(
        &[
            r#"{"ts":"2026-11-23T10:00:00Z","level":"info","req":{"method":"GET","url":"/x?a=1"},"statusCode":200,"took":1.5,"user":{"id":17}}"#,
            r#"{"ts":"2026-11-23T10:00:01Z","level":"warn","req":{"method":"GET","url":"/y"},"statusCode":404,"took":2,"user":{"id":18}}"#,
        ],
        "[json]
duration = \"took\"
method = \"req.method\"
status = \"statusCode\"
target = \"req.url\"
time = \"ts\"
user = \"user.id\"

[types]
duration = \"number\"
status = \"integer\"
time = { type = \"time\", format = \"rfc3339\" }",
    );
}

#[test]
fn a_request_line_in_json_is_known_by_what_it_holds() {
    check(
        &[r#"{"req":"GET /x HTTP/1.1","st":200}"#, r#"{"req":"PUT /y HTTP/1.1","st":404}"#],
        "[json]
request = \"req\"

[types]
st = \"integer\"",
    );
}

#[test]
fn pairs_are_read_by_their_keys() {
    check(
        &[
            "ts=2026-11-23T10:00:00Z user_id=17 status_code=200 took=2 n=1",
            "ts=2026-11-23T10:00:01Z user_id=18 status_code=404 took=1.5 n=2",
        ],
        "logfmt = true

[types]
duration = { from = \"took\", type = \"number\" }
n = \"integer\"
status = { from = \"status_code\", type = \"integer\" }
status_code = \"integer\"
time = { from = \"ts\", type = \"time\", format = \"rfc3339\" }
took = \"number\"
user = { from = \"user_id\" }",
    );
}

#[test]
fn columns_are_read_by_the_line_that_names_them() {
    check(
        &[
            "Timestamp,User ID,Account,URL,Duration (ms),Bytes,Note",
            "2026-11-23 10:00:00,u1,acme,/x?a=1,12,5,\"a, \"\"b\"\"\"",
            "2026-11-23 10:00:01,u2,acme,/y,15,6,",
        ],
        "csv = true

[types]
bytes = \"integer\"
duration = { from = \"duration_ms\", type = \"duration\", unit = \"ms\" }
target = { from = \"url\" }
time = { from = \"timestamp\", type = \"time\", format = \"rfc3339\" }
user = { from = \"user_id\" }",
    );
}

#[test]
fn columns_get_their_types_once() {
    let lines = ["Who,Bytes,Note", "u1,5,a", "u2,6,b"];
    let mut draft = propose("p", &bytes(&lines)).expect("a proposal");
    draft.infer_types(&bytes(&lines));
    assert_eq!(draft.types.keys().collect::<Vec<_>>(), ["bytes"]);
}

#[test]
fn columns_without_names_get_those_that_their_values_show() {
    check(
        &["1795428000;10.0.0.1;GET;/x;200;u1;0.5", "1795428001;10.0.0.2;PUT;/y;404;u2;12"],
        "csv = { separator = \";\", columns = [\"time\", \"client\", \"method\", \"target\", \"status\", \"column6\", \"column7\"] }

[types]
column7 = \"number\"
status = \"integer\"
time = { type = \"time\", format = \"unix\" }",
    );
}

#[test]
fn text_is_read_by_what_its_lines_share() {
    check(
        &["2026-11-23 10:00:00 INFO ada logged in: 3 tries", "2026-11-23 10:00:01 WARN bob logged in: 12 tries"],
        r#"regex = '(?<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?) (?<level>[^\s"\[\](){}<>=,;|]+) (?<field3>[^\s"\[\](){}<>=,;|]+) (?<field4>[^\s"\[\](){}<>=,;|]+) in: (?<in>-?\d+) (?<field6>[^\s"\[\](){}<>=,;|]+)'

[types]
in = "integer"
time = { type = "time", format = "rfc3339" }"#,
    );
}

#[test]
fn a_time_is_read_whatever_lines_stand_between_those_that_have_one() {
    let mut lines = vec!["2026-11-23T10:00:00.123Z INFO ada did 1 thing"; 18];
    lines.extend(["x.y.Fault: no such thing", "x.y.Fault: bad"]);
    let found = proposed(&bytes(&lines), Cases::AsLogged).expect("a proposal").text;
    assert!(found.contains("time = { type = \"time\", format = \"rfc3339\" }"), "{found}");
}

#[test]
fn a_text_with_colons_in_it_can_end_in_one() {
    let lines = ["at 10:00:00 a: 1", "at 10:00:01 b:c: 2", "at 10:00:02 d: 3"];
    let found = proposed(&bytes(&lines), Cases::AsLogged).expect("a proposal").text;
    assert!(!found.contains(";|:]"), "{found}");
}

#[test]
fn nothing_is_proposed_that_reads_too_few_lines() {
    let mut lines = vec!["a 1"; 16];
    lines.extend(["[x", "{y", "(z", "=v"]);
    let tried = propose("p", &bytes(&lines)).expect_err("no proposal");
    assert!(tried.iter().all(|tried| tried.rate < super::GOOD_RATE), "{tried:?}");
}

#[test]
fn no_line_of_the_log_is_a_case_that_must_not_match() {
    let mut lines = vec!["2026-11-23 10:00:00 a=1 b"; 19];
    lines.push("odd one out");
    let found = proposed(&bytes(&lines), Cases::AsLogged).expect("a proposal").text;
    assert!(!found.contains("odd one out") && found.contains("no match"), "{found}");
}

#[test]
fn what_stands_behind_an_access_log_line_leaves_its_names() {
    check(
        &[
            "a.example:443 10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 5 \"-\" \"curl/8\" tenant=\"acme\" uid=\"u1\" 12",
            "a.example:443 10.0.0.2 - - [23/Nov/2026:10:00:01 +0000] \"GET /y HTTP/1.1\" 404 - \"-\" \"curl/8\" tenant=\"acme\" uid=\"u2\" 15",
        ],
        r#"regex = '(?<field1>[^\s"\[\](){}<>=,;|]+) (?<client>[0-9A-Fa-f.:]+) (?<ident>[^\s"\[\](){}<>=,;|]+) (?<user>[^\s"\[\](){}<>=,;|]+) \[(?<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(?<request>(?:[^"\\]|\\.)*)" (?<status>-?\d+) (?<bytes>-?\d+|-) "(?<referrer>(?:[^"\\]|\\.)*)" "(?<user_agent>(?:[^"\\]|\\.)*)" tenant="(?<tenant>(?:[^"\\]|\\.)*)" uid="(?<uid>(?:[^"\\]|\\.)*)" (?<field13>-?\d+)'

[types]
account = { from = "tenant" }
bytes = "integer"
field13 = "integer"
status = "integer"
time = { type = "time", format = "clf" }
user = { from = "uid" }"#,
    );
}

#[test]
fn redacted_cases_hold_no_address_or_user() {
    let lines =
        ["10.1.2.3 user=grace id=4f9a8b7c6d5e4f3a2b1c0 n=1", "10.1.2.4 user=edsger id=4f9a8b7c6d5e4f3a2b1c1 n=2"];
    let found = proposed(&bytes(&lines), Cases::Redacted).expect("a proposal");
    for secret in ["10.1.2", "grace", "edsger", "4f9a8b"] {
        assert!(!found.text.contains(secret), "{secret}: {}", found.text);
    }
}

#[test]
fn a_format_of_a_server_is_a_pattern_with_a_made_up_line() {
    for (syntax, text) in [
        (Syntax::Nginx, "$remote_addr [$time_local] \"$request\" it's $status"),
        (Syntax::Apache, "%h %l %u %t \"%r\" %>s %b"),
        (Syntax::Haproxy, "%ci:%cp [%tr] %ST %{+Q}r"),
        (Syntax::Envoy, "[%START_TIME%] %RESPONSE_CODE%"),
    ] {
        let at = Location::new("x.conf", 3);
        let format = Format { name: "m".to_owned(), syntax, text: text.to_owned(), escape: None, at, logs: Vec::new() };
        let draft = of_format(&format, "m");
        let example = draft.reader().unwrap_or_else(|faults| panic!("{faults:?}")).pattern.example().expect("a line");
        let found = draft.finish(&[&example], Cases::AsLogged).unwrap_or_else(|faults| panic!("{faults:?}"));
        assert!(found.cases >= 2 && found.text.contains("expect = \"no match\""), "{}", found.text);
    }
}

/// Types and warnings of a server's format.
#[track_caller]
fn check_format(syntax: Syntax, text: &str, types: &[(&str, &str)], warned: &[&str]) {
    let at = Location::new("x.conf", 3);
    let format = Format { name: "m".to_owned(), syntax, text: text.to_owned(), escape: None, at, logs: Vec::new() };
    let mut draft = of_format(&format, "m");
    let example = draft.reader().unwrap_or_else(|faults| panic!("{faults:?}")).pattern.example().expect("a line");
    draft.warn_of_clients_fields(&[&example]);
    draft.infer_types(&[&example]);
    let found: Vec<(&str, &str)> = draft
        .types
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "user" | "account"))
        .map(|(name, kind)| (name.as_str(), kind.as_str()))
        .collect();
    assert_eq!(found, types, "{text}");
    assert_eq!(draft.warnings.len(), warned.len(), "{:?}", draft.warnings);
    for (warning, name) in draft.warnings.iter().zip(warned) {
        assert!(warning.starts_with(&format!("`{name}`")) && draft.head().contains(warning), "{warning}");
    }
}

#[test]
fn a_header_that_the_client_sends_is_never_the_user() {
    check_format(Syntax::Nginx, "$remote_addr $http_x_user $cookie_account", &[], &["cookie_account", "http_x_user"]);
    check_format(Syntax::Apache, "%h %{X-User}i", &[], &["http_x_user"]);
    check_format(Syntax::Haproxy, "%ci %[req.hdr(X-Account)]", &[], &["http_x_account"]);
    check_format(Syntax::Envoy, "%START_TIME% %REQ(X-USER)%", &[], &["http_x_user"]);
}

#[test]
fn users_and_accounts_that_the_server_knows_are_taken_without_its_escapes() {
    let decoded = "{ from = \"sent_http_x_user\", decode = \"escapes\" }";
    check_format(Syntax::Nginx, "$remote_addr $sent_http_x_user", &[("user", decoded)], &[]);
    let decoded = "{ from = \"note_account\", decode = \"escapes\" }";
    check_format(Syntax::Apache, "%h %{account}n", &[("account", decoded)], &[]);
    let decoded = "{ decode = \"escapes\" }";
    check_format(Syntax::Apache, "%h %u %t", &[("user", decoded)], &[]);
    check_format(Syntax::Envoy, "%START_TIME% %RESP(X-USER)%", &[("user", "{ from = \"sent_http_x_user\" }")], &[]);
}

#[test]
fn wrappers_are_seen_and_their_lines_taken_out() {
    let lines = ["2026-11-23T10:00:00.1Z stdout F one", "2026-11-23T10:00:00.2Z stderr F two"];
    let found = unwrapped(&bytes(&lines)).expect("a wrapper");
    assert_eq!((found.name, found.inner), ("cri", vec![b"one".to_vec(), b"two".to_vec()]));
    assert_eq!(unwrapped(&bytes(&["one", "two"])), None);
    let parts = [
        "2026-11-23T10:00:00.1Z stdout P on",
        "2026-11-23T10:00:00.2Z stderr F two",
        "2026-11-23T10:00:00.3Z stdout F e",
    ];
    let found = unwrapped(&bytes(&parts)).expect("a wrapper");
    assert_eq!(found.inner, [b"two".to_vec(), b"one".to_vec()]);
}

#[test]
fn lines_that_go_on_with_a_record_are_seen() {
    let check = |lines: &[&str], expected: Option<(&'static str, &[usize])>| {
        let found = multiline(&bytes(lines)).map(|found| (found.preset, found.places));
        assert_eq!(found, expected.map(|(preset, places)| (preset, places.to_vec())), "{lines:?}");
    };
    check(
        &["x ERROR", "java.lang.E", "\tat a.B.c(D.java:1)", "\tat a.B.c(D.java:2)", "Caused by: x"],
        Some(("java", &[2, 3, 4])),
    );
    check(&["x", "Traceback (most recent call last):", "  File \"a.py\", line 1", "y"], Some(("python", &[1, 2])));
    check(&["x", " y", " z", "x"], Some(("indented", &[1, 2])));
    check(&["x", "y", "z"], None);
    check(&[" x", " y", " z"], None);
}

#[test]
fn a_name_is_one_that_a_pattern_may_have() {
    for (text, expected) in
        [("main", "main"), ("My Log-1", "my_log_1"), ("7days", "log_7days"), ("__", "log"), ("ä", "log")]
    {
        assert_eq!(plain_name(text), expected);
    }
}

proptest! {
    // Each case compiles a dozen expressions.
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_proposed_passes_its_cases(lines in prop::collection::vec("([a-c0-9]{1,3}|[ \\[\\]\"=:{}(),'|-]|10\\.0\\.0\\.1|a=1|\"x\"|\\{\"k\":1\\}|2026-11-23 10:00:00){0,12}", 1..12), redacted in any::<bool>()) {
        let lines: Vec<&[u8]> = lines.iter().map(std::string::String::as_bytes).collect();
        let cases = if redacted { Cases::Redacted } else { Cases::AsLogged };
        if let Some(found) = proposed(&lines, cases) {
            let spec = pattern_file::read(&found.text, std::path::Path::new("p.toml"));
            prop_assert!(run_cases(&spec.expect("a pattern")).is_ok());
        }
    }
}
