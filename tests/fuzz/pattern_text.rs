//! Pattern files that are nearly right: shipped ones with changes, and texts put together from each engine's own words.

use fastrand::Rng;

use pxtail::config::shipped;

const NGINX: &[&str] = &[
    "$remote_addr",
    "$remote_user",
    "[$time_local]",
    "\"$request\"",
    "$status",
    "$body_bytes_sent",
    "${x}",
    "$",
    "$$",
    "$1",
    " ",
    "\"",
    "\\",
    "'",
    "-",
    "[",
    "]",
    "\"$http_user_agent\"",
    "$request_time",
    "$upstream_addr",
    "é",
    "\t",
    "$msec",
];
const APACHE: &[&str] = &[
    "%h",
    "%l",
    "%u",
    "%t",
    "\"%r\"",
    "%>s",
    "%b",
    "%{Referer}i",
    "\"%{User-Agent}i\"",
    "%{%Y-%m-%d}t",
    "%{",
    "}",
    "%",
    "%%",
    " ",
    "%!200,304{X}i",
    "%<s",
    "%D",
    "%{ms}T",
    "%{begin:%s}t",
    "%{usec_frac}t",
    "\\\"",
    "%v:%p",
    "%q",
    "%U",
    "%999999999999s",
];
const HAPROXY: &[&str] = &[
    "%ci:%cp",
    " [%tr]",
    " %ft",
    " %b/%s",
    " %TR/%Tw/%Tc/%Tr/%Ta",
    " %ST",
    " %B",
    " %CC",
    " %tsc",
    " %hr",
    " %hs",
    " %{+Q}r",
    "%[src]",
    "%[capture.req.hdr(0),lower]",
    "%{+Q,+E}o",
    "%",
    "%%",
    "\\ ",
    "%[",
    "]",
    "%{+X}",
    "%HM",
    "%HP",
];
const ENVOY: &[&str] = &[
    "[%START_TIME%]",
    " \"%REQ(:METHOD)%",
    " %REQ(X-A?:PATH):10%",
    " %PROTOCOL%\"",
    " %RESPONSE_CODE%",
    " %BYTES_SENT%",
    "%",
    "%%",
    "%START_TIME(%Y-%m-%d %3f)%",
    "%DYNAMIC_METADATA(a:b)%",
    "%REQ(",
    ")",
    ":",
    "%UPSTREAM_HOST%",
    " ",
    "\"",
];
const REGEX: &[&str] = &[
    "(?<a>",
    "(?P<b>",
    "(?:",
    ")",
    "[^ ]+",
    "[^\"]*",
    ".*",
    ".*?",
    "\\d+",
    "\\w",
    "[a-z]",
    "[[:alpha:]]",
    "{3}",
    "{1,1000}",
    "{1000}",
    "*",
    "+",
    "?",
    "|",
    "^",
    "$",
    "\\b",
    "\\",
    "(?i)",
    "(?s)",
    "(?-u)",
    "é",
    "\\p{L}",
    "\\p{Greek}",
    "[^",
    "]",
    " ",
    "(?<client>[^ ]+)",
    "(?<time>.+)",
    "(?=x)",
    "\\1",
    "(?<a>a{100}){100}",
    "\\x{10FFFF}",
    "\\xFF",
    "(?x) # c\n",
];
const GROK: &[&str] = &[
    "%{IP:client}",
    "%{WORD:a}",
    "%{NUMBER:n:int}",
    "%{GREEDYDATA:rest}",
    "%{DATA:d}",
    "%{COMBINEDAPACHELOG}",
    "%{HTTPDATE:ts}",
    "%{QS:q}",
    "%{",
    "}",
    "%{A}",
    "%{B:b:float}",
    "%{URI}",
    "%{IPV6:x}",
    "%{TIMESTAMP_ISO8601:time}",
    "%{NOTSPACE:[a][b]}",
    "%{SYSLOGLINE}",
    "(?<x>.*)",
    " ",
    "\\[",
    "\\]",
    "%{PATH:p:duration}",
    "%{NUMBER:v:ts-\"2006\"}",
    "%{UNKNOWN_NAME:z}",
    "|",
];
const DEFINITIONS: &[&str] = &[
    "A %{B}",
    "B %{A}",
    "A .*",
    "B [0-9]+",
    "A %{A}",
    "C %{B}%{B}%{B}",
    "B %{C}%{C}",
    "",
    "# c",
    "A",
    "A (",
    "UNKNOWN_NAME x",
];
const PATHS: &[&str] =
    &["a", ".", "b.c", "[0]", "[-1]", "[99999999999999999999]", "\"a.b\"", "\"", "", "a[0].b", "..", "$", "@t"];
const TYPES: &[&str] = &[
    "a = \"integer\"",
    "a = \"number\"",
    "b = { from = \"a\" }",
    "a = { from = \"b\" }",
    "time = { from = \"a\", format = \"rfc3339\" }",
    "time = { from = \"a\", format = \"%Y %j\" }",
    "c = { from = \"a\", decode = \"escapes\" }",
    "d = { from = \"a\", capture = '([a-z]+)' }",
    "d = { from = \"a\", capture = '(x{999}){999}' }",
    "e = { from = \"a\", split = \",\", item = -1 }",
    "f = { from = \"a\", forwarded = { trusted = [\"private\"] } }",
    "g = { from = \"a\", parameter = \"x\", decode = \"form\" }",
    "h = { from = \"a\", jwt = \"sub\" }",
    "i = { from = \"a\", type = \"duration\", unit = \"ms\" }",
    "j = { from = \"a\", type = \"size\" }",
    "k = { from = \"user_agent\", class = \"bot\" }",
    "client = { from = \"client\" }",
    "l = { from = \"request\", segment = -9 }",
];

pub fn make(rng: &mut Rng) -> String {
    if rng.u8(0..4) == 0 {
        return changed(rng);
    }
    let types: Vec<&str> = (0..rng.usize(0..4)).filter_map(|_| rng.choice(TYPES).copied()).collect();
    let types = if types.is_empty() { String::new() } else { format!("\n[types]\n{}\n", types.join("\n")) };
    format!("name = \"fuzz\"\n{}\n{types}", engine(rng))
}

fn engine(rng: &mut Rng) -> String {
    match rng.u8(0..9) {
        0 => {
            let escape =
                rng.choice(["", "escape = \"json\"", "escape = \"none\"", "escape = \"default\""]).unwrap_or_default();
            format!("template = {}\nsyntax = \"nginx\"\n{escape}", words(rng, NGINX))
        }
        1 => format!("template = {}\nsyntax = \"apache\"", words(rng, APACHE)),
        2 => format!("template = {}\nsyntax = \"haproxy\"", words(rng, HAPROXY)),
        3 => format!("template = {}\nsyntax = \"envoy\"", words(rng, ENVOY)),
        4 => format!("regex = {}", words(rng, REGEX)),
        5 => {
            let definitions: Vec<&str> =
                (0..rng.usize(0..5)).filter_map(|_| rng.choice(DEFINITIONS).copied()).collect();
            format!("grok = {}\ngrok_patterns = {}", words(rng, GROK), quoted(&definitions.join("\n")))
        }
        6 => format!("json = {{ a = {}, request = {} }}", words(rng, PATHS), words(rng, PATHS)),
        7 => {
            let separators = [" ", "=", ":", ", ", "", "\t", "é", "--", "\"", "\\", "==", "&"];
            let mut separator = || quoted(rng.choice(separators).unwrap_or_default());
            format!("key_value = {{ between_pairs = {}, between_key_and_value = {} }}", separator(), separator())
        }
        _ => {
            let engines = [
                "logfmt = true",
                "ltsv = true",
                "w3c = true",
                "w3c = { columns = [\"date\", \"time\", \"c-ip\", \"a\"] }",
                "csv = true",
                "csv = { columns = [\"a\", \"_\", \"b\"] }",
                "tsv = true",
                "json = true",
                "key_value = true",
                "builtin = \"syslog\"",
            ];
            rng.choice(engines).unwrap_or_default().to_owned()
        }
    }
}

fn words(rng: &mut Rng, words: &[&str]) -> String {
    let count = rng.usize(1..14);
    let text: String = (0..count).filter_map(|_| rng.choice(words).copied()).collect();
    quoted(&text)
}

/// A shipped file with lines or characters lost, doubled or moved.
fn changed(rng: &mut Rng) -> String {
    let (_, text) = shipped::PATTERNS[rng.usize(0..shipped::PATTERNS.len())];
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..rng.usize(1..4) {
        let (one, other) = (rng.usize(0..lines.len()), rng.usize(0..lines.len()));
        match rng.u8(0..4) {
            0 => drop(lines.remove(one)),
            1 => lines.swap(one, other),
            2 => lines.insert(one, lines[other].clone()),
            _ => {
                let mut bytes = lines[one].clone().into_bytes();
                crate::mutate::mutate(rng, &mut bytes, b"[](){}?*+|.%$\"'\\");
                lines[one] = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
