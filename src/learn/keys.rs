//! Patterns for lines that name their values themselves: JSON, and pairs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::align::special_name;
use super::draft::Draft;
use super::infer::{kind_of, means, time_format};
use super::toml_text;

/// Which part of the lines must be of the form.
const OF_THE_FORM: f64 = 0.9;
/// How deep objects in objects are looked into, and how many of their values are named.
const DEPTH: usize = 4;
const MOST_PATHS: usize = 30;

/// Path to values, as texts; numbers and booleans as they are written.
type Values = BTreeMap<Vec<String>, Vec<Vec<u8>>>;

/// A pattern for one JSON object a line.
pub(super) fn json(name: &str, lines: &[&[u8]]) -> Option<Draft> {
    let mut values = Values::new();
    let mut objects = 0;
    for line in lines {
        let Ok(Value::Object(object)) = serde_json::from_slice(line) else { continue };
        objects += 1;
        for (key, value) in object {
            collect(vec![key], &value, &mut values);
        }
    }
    if (objects as f64) < lines.len().max(1) as f64 * OF_THE_FORM {
        return None;
    }
    // What few lines have is no part of the format.
    values.retain(|_, values| values.len() * 20 >= objects);
    let mut draft = Draft { name: name.to_owned(), about: "One JSON object a line.".to_owned(), ..Draft::default() };
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: Vec<&Vec<String>> = Vec::new();
    for (canonical, known) in CANONICAL {
        if values.contains_key(&vec![(*canonical).to_owned()]) {
            continue;
        }
        let Some(path) =
            known.iter().find_map(|known| values.keys().find(|path| !taken.contains(path) && is_called(path, known)))
        else {
            continue;
        };
        taken.push(path);
        fields.insert((*canonical).to_owned(), written(path));
    }
    // A request line is known by what it holds, whatever it is called.
    let is_request =
        |values: &[Vec<u8>]| special_name(&values.iter().map(Vec::as_slice).collect::<Vec<_>>()) == Some("request");
    let request = values.iter().find(|(path, values)| !taken.contains(path) && is_request(values));
    if let Some((path, _)) =
        request.filter(|(path, _)| **path != ["request"] && !values.contains_key(&vec!["request".to_owned()]))
    {
        fields.insert("request".to_owned(), written(path));
    }
    for wanted in ["user", "account"] {
        let is_given = fields.contains_key(wanted) || values.contains_key(&vec![wanted.to_owned()]);
        let path = values.keys().find(|path| !is_given && means(&path.join("_"), wanted));
        if let Some(path) = path {
            fields.insert(wanted.to_owned(), written(path));
        }
    }
    let nested = values.keys().filter(|path| path.len() > 1 && !fields.values().any(|known| *known == written(path)));
    let nested: Vec<(String, String)> = nested.take(MOST_PATHS).map(|path| (path.join("."), written(path))).collect();
    fields.extend(nested);
    let paths: BTreeMap<String, &Vec<Vec<u8>>> = values.iter().map(|(path, values)| (written(path), values)).collect();
    for (field, path) in &fields {
        draft.types.extend(paths.get(path).and_then(|values| typed(field, values)).map(|kind| (field.clone(), kind)));
    }
    for (path, values) in values.iter().filter(|(path, _)| path.len() == 1) {
        let Some(key) = path.first() else { continue };
        let is_named = fields.values().any(|known| *known == written(path));
        draft.types.extend(typed(key, values).filter(|_| !is_named).map(|kind| (key.clone(), kind)));
    }
    let listed: Vec<String> =
        fields.iter().map(|(field, path)| format!("{} = {}", toml_text::key(field), toml_text::quoted(path))).collect();
    draft.engine = match &listed[..] {
        [] => "json = true".to_owned(),
        listed => format!("\n[json]\n{}", listed.join("\n")),
    };
    Some(draft)
}

fn collect(path: Vec<String>, value: &Value, values: &mut Values) {
    let text = match value {
        Value::Object(object) if path.len() < DEPTH => {
            for (key, value) in object {
                collect([path.clone(), vec![key.clone()]].concat(), value, values);
            }
            return;
        }
        Value::String(text) => text.clone().into_bytes(),
        Value::Number(number) => number.to_string().into_bytes(),
        Value::Bool(value) => value.to_string().into_bytes(),
        Value::Null | Value::Array(_) | Value::Object(_) => return,
    };
    values.entry(path).or_default().push(text);
}

/// A path as the JSON engine has it.
fn written(path: &[String]) -> String {
    let part = |key: &String| {
        let is_plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@'));
        if is_plain { key.clone() } else { format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")) }
    };
    path.iter().map(part).collect::<Vec<_>>().join(".")
}

/// Whether a path, or its last two keys, are called so.
pub(super) fn is_called(path: &[String], known: &str) -> bool {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let whole = plain(&path.join("."));
    whole == plain(known) || whole.ends_with(&format!(".{}", plain(known)))
}

/// What loggers call the things that every pattern has a name for, the most telling first.
pub(super) const CANONICAL: &[(&str, &[&str])] = &[
    (
        "time",
        &[
            "@timestamp",
            "timestamp",
            "ts",
            "datetime",
            "eventtime",
            "date",
            "t",
            "@t",
            "asctime",
            "start_time",
            "time_local",
            "time_iso8601",
        ],
    ),
    (
        "client",
        &[
            "remote_addr",
            "client_ip",
            "remote_ip",
            "clientip",
            "remoteaddress",
            "client.ip",
            "client.address",
            "source.ip",
            "sourceip",
            "ip",
            "remote_host",
            "clienthost",
        ],
    ),
    (
        "method",
        &[
            "request_method",
            "http_method",
            "http.method",
            "http.request.method",
            "req.method",
            "request.method",
            "requestmethod",
            "verb",
        ],
    ),
    ("path", &["request_path", "http.path", "url.path", "uri_path", "requestpath", "req.path", "request.path"]),
    ("target", &["request_uri", "request.uri", "req.url", "url.original", "http.url", "http.target", "uri", "url"]),
    (
        "status",
        &[
            "status_code",
            "statuscode",
            "http.status_code",
            "http.status",
            "http.response.status_code",
            "res.statuscode",
            "response.status",
            "response_code",
            "downstreamstatus",
        ],
    ),
    (
        "bytes",
        &[
            "body_bytes_sent",
            "bytes_sent",
            "response_size",
            "bytes_out",
            "http.response.body.bytes",
            "size",
            "content_length",
            "downstreamcontentsize",
        ],
    ),
    ("referrer", &["http_referer", "referer", "request_referer", "http.request.referrer"]),
    (
        "user_agent",
        &["http_user_agent", "useragent", "user_agent.original", "request_user-agent", "req.headers.user-agent"],
    ),
    ("protocol", &["server_protocol", "request_proto", "http.version", "request.proto", "requestprotocol"]),
    (
        "duration",
        &[
            "request_time",
            "responsetime",
            "response_time",
            "elapsed",
            "latency",
            "took",
            "duration_ms",
            "elapsed_ms",
            "latency_ms",
            "durationms",
        ],
    ),
];

/// A field's type as it stands in a pattern file.
fn typed(field: &str, values: &[Vec<u8>]) -> Option<String> {
    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).filter(|value| !value.is_empty()).collect();
    if field == "time" {
        let format = time_format(&values)?;
        return Some(format!("{{ type = \"time\", format = \"{format}\" }}"));
    }
    kind_of(field, &values).map(|kind| format!("\"{kind}\""))
}

/// A pattern for `key=value` lines: logfmt where there is nothing else on them.
pub(super) fn pairs(name: &str, lines: &[&[u8]]) -> Option<Draft> {
    let mut counts: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let (mut of_the_form, mut with_text) = (0, 0);
    for line in lines {
        let found = super::pairs::pairs(line);
        of_the_form += usize::from(found.keys.len() >= 3);
        with_text += usize::from(found.has_text);
        for (key, value) in found.keys {
            counts.entry(key).or_default().push(value.into_bytes());
        }
    }
    let is_most = |count: usize| count as f64 >= lines.len().max(1) as f64 * OF_THE_FORM;
    if !is_most(of_the_form) {
        return None;
    }
    let is_logfmt = with_text * 50 <= lines.len();
    let mut draft = Draft {
        name: name.to_owned(),
        about: if is_logfmt { "Lines in logfmt." } else { "Lines of text with key=value pairs." }.to_owned(),
        engine: if is_logfmt { "logfmt = true" } else { "key_value = true" }.to_owned(),
        ..Draft::default()
    };
    for (canonical, known) in CANONICAL {
        if counts.contains_key(*canonical) {
            continue;
        }
        let key = known.iter().find_map(|known| counts.keys().find(|key| is_called(&[(*key).clone()], known)));
        if let Some(key) = key {
            let values: Vec<&[u8]> = counts[key].iter().map(Vec::as_slice).filter(|value| !value.is_empty()).collect();
            let kind = if *canonical == "time" {
                time_format(&values).map(|format| format!(", type = \"time\", format = \"{format}\""))
            } else {
                kind_of(canonical, &values).map(|kind| format!(", type = \"{kind}\""))
            };
            let (key, kind) = (toml_text::quoted(key), kind.unwrap_or_default());
            draft.types.insert((*canonical).to_owned(), format!("{{ from = {key}{kind} }}"));
        }
    }
    Some(draft)
}
