//! Whole logs with the counts that other programs report of them, through pxtail's own pipeline: the peer's labels are
//! properties, its counters are measures.
//!
//! Does not: compare quantiles and gauges, which are no measures here; of a quantile it is shown that it lies between the
//! least and the greatest value.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use pxtail::agent::dry_run::DryRun;
use pxtail::config::{self, LoadOptions};
use pxtail::model::file::SourceIndex;
use pxtail::model::time::UnixMicros;

use crate::choice::quoted;

/// After every line of these logs.
const WALL: UnixMicros = UnixMicros(1_800_000_000_000_000);

/// nginx's format of the peer's tests that name none.
const MAIN: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for""#;

/// How a peer's counter is taken: its name's end, and the measures that add up to it.
const MEASURES: [(&str, &str); 11] = [
    ("_response_count_total", "count = \"count\""),
    ("_requests_total", "count = \"count\""),
    ("request", "count = \"count\""),
    ("_response_size_bytes", "sum = { sum = \"bytes\" }"),
    ("_bytes_total", "sum = { sum = \"bytes\" }"),
    ("bytes_out", "sum = { sum = \"bytes\" }"),
    ("_request_size_bytes", "sum = { sum = \"request_length\" }"),
    ("time_taken", "sum = { sum = \"request_time\" }"),
    (
        "_upstream_time_seconds_sum",
        "one = { sum = \"first\" }\ntwo = { sum = \"second\" }\nthree = { sum = \"third\" }\nfour = { sum = \"fourth\" }",
    ),
    ("_upstream_time_seconds", "least = { min = \"request_time\" }\ngreatest = { max = \"request_time\" }"),
    ("_response_time_seconds", "least = { min = \"request_time\" }\ngreatest = { max = \"request_time\" }"),
];

/// Where a label's value is.
const LABELS: [(&str, &str); 9] = [
    ("method", "method"),
    ("request_method", "method"),
    ("status", "status"),
    ("status_code", "status"),
    ("request_status", "status"),
    ("http_version", "protocol"),
    ("path", "path"),
    ("user", "user"),
    ("response_code", "status"),
];

/// A counter of a peer.
struct Counter {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// The problems of one whole log, and how many of its counters were compared. `None`: it is of a format that has no user.
pub fn judge(case: &Value) -> Option<(usize, Vec<String>)> {
    let format = case["format"].as_str()?;
    let (logs, counters) = match format {
        "nginx_aggregate" => {
            (nginx_logs(case)?, case["expected_metrics"].as_array()?.iter().filter_map(of_text).collect())
        }
        "mtail_apache-combined" | "mtail_apache-common" | "mtail_lighttpd_accesslog" => {
            let text = case["input"].as_str()?.to_owned();
            let counters: Vec<Counter> = case["expected_metrics"].as_array()?.iter().filter_map(of_mtail).collect();
            (vec![(String::new(), template_of(format).to_owned(), text)], counters)
        }
        _ => return None,
    };
    let mut problems = Vec::new();
    let mut compared = 0;
    for counter in counters {
        let Some((_, measures)) = MEASURES.iter().find(|(name, _)| counter.name.ends_with(name)) else { continue };
        let mine = |(prefix, ..): &&(String, String, String)| counter.name.starts_with(prefix.as_str());
        let (_, template, text) = logs.iter().find(mine)?;
        compared += 1;
        let found = count(template, text, &counter, measures);
        let agrees = match (found.get("least"), found.get("greatest")) {
            (Some(least), Some(greatest)) => (*least..=*greatest).contains(&counter.value),
            _ => (found.values().sum::<f64>() - counter.value).abs() < 1e-9,
        };
        if !agrees {
            problems.push(format!(
                "{format} {} {:?}: expected {}, found {found:?}",
                counter.name, counter.labels, counter.value
            ));
        }
    }
    Some((compared, problems))
}

fn template_of(format: &str) -> &'static str {
    match format {
        "mtail_apache-common" => r#"%h %l %u %t "%r" %>s %b %D "%{Referer}i" "%{User-Agent}i""#,
        "mtail_lighttpd_accesslog" => {
            r#"$http_host $remote_addr $remote_user [$time_local] "$request" $status $body_bytes_sent $request_length $bytes_sent $request_time "$http_referer" "$http_user_agent""#
        }
        _ => r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#,
    }
}

/// Each namespace of the peer's configuration with its format and its file's text; the files are in the namespaces' order.
fn nginx_logs(case: &Value) -> Option<Vec<(String, String, String)>> {
    let files: Vec<String> = case["input"].as_array()?.iter().map(text_of_file).collect();
    let Some(config) = case["peer_config"].as_str() else {
        let text = files.concat();
        let timed = text.lines().next().is_some_and(|line| !line.ends_with('"'));
        let template = if timed { format!("{MAIN} $request_time") } else { MAIN.to_owned() };
        return Some(vec![(String::new(), template, text)]);
    };
    let quoted_after = |key: &str| -> Vec<String> {
        let lines = config.lines().map(str::trim_start).filter(|line| line.starts_with(key));
        let value =
            |line: &str| line[line.find('"')?..=line.rfind('"')?].parse::<Value>().ok()?.as_str().map(str::to_owned);
        lines.filter_map(value).collect()
    };
    let names = config.lines().filter_map(|line| {
        let line = line.trim();
        let name = line.strip_prefix("- name: ").or_else(|| line.strip_prefix("namespace "))?;
        Some(name.trim_matches(|c| matches!(c, '"' | '{' | ' ')).to_owned())
    });
    let formats = quoted_after("format");
    Some(names.zip(formats).zip(files).map(|((name, format), text)| (name, format, text)).collect())
}

fn text_of_file(file: &Value) -> String {
    let lines = file["lines"].as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// `name{label="value",…}`, as Prometheus writes it.
fn of_text(metric: &Value) -> Option<Counter> {
    let (name, rest) = metric["metric"].as_str()?.split_once('{')?;
    let pair = |pair: &str| {
        let (label, value) = pair.split_once('=')?;
        Some((label.to_owned(), value.trim_matches('"').to_owned()))
    };
    let labels = rest.trim_end_matches('}').split(',').filter_map(pair).filter(|(label, _)| label != "quantile");
    Some(Counter { name: name.to_owned(), labels: labels.collect(), value: metric["value"].as_f64()? })
}

fn of_mtail(metric: &Value) -> Option<Counter> {
    let labels = metric["labels"].as_object()?.iter();
    let mut labels: BTreeMap<String, String> =
        labels.filter_map(|(label, value)| Some((label.clone(), value.as_str()?.to_owned()))).collect();
    // The bodies are what `bytes` is; of headers there is no canonical field.
    if labels.remove("subtotal").is_some_and(|of| of != "resp_body") || metric["kind"] != "counter" {
        return None;
    }
    Some(Counter { name: metric["name"].as_str()?.to_owned(), labels, value: metric["value"].as_f64()? })
}

/// The measures of the events that have the counter's labels.
fn count(template: &str, text: &str, counter: &Counter, measures: &str) -> BTreeMap<String, f64> {
    let directory = tempfile::tempdir().unwrap();
    let config = configuration(directory.path(), template, counter, measures);
    let configuration = config::load(&config, &LoadOptions::standard(&config)).unwrap();
    let mut run = DryRun::new(&configuration, WALL).unwrap();
    run.read(SourceIndex(0), None, text.as_bytes(), |_| {}).unwrap();
    let mut found = BTreeMap::new();
    run.finish(|_, rendered| {
        let event: Value = serde_json::from_str(&rendered.body)?;
        let attributes = &event["attributes"];
        // A property that is a number goes to PX as one.
        let text =
            |label: &str| attributes[label].as_str().map_or_else(|| attributes[label].to_string(), str::to_owned);
        if counter.labels.iter().all(|(label, value)| text(label) == *value) {
            for name in ["count", "sum", "one", "two", "three", "four", "least", "greatest"] {
                if let Some(value) = attributes[name].as_f64() {
                    *found.entry(name.to_owned()).or_insert(0.0) += value;
                }
            }
        }
        Ok(())
    })
    .unwrap();
    found
}

fn configuration(directory: &Path, template: &str, counter: &Counter, measures: &str) -> std::path::PathBuf {
    let syntax = if template.contains('$') { "nginx" } else { "apache" };
    let mut pattern = format!("name = \"pasted\"\nsyntax = \"{syntax}\"\ntemplate = {}\n", quoted(template));
    if template.contains("$upstream_response_time") {
        pattern.push_str("[types]\n");
        for (item, name) in ["first", "second", "third", "fourth"].iter().enumerate() {
            let item = item + 1;
            writeln!(
                pattern,
                "{name} = {{ from = \"upstream_response_time\", split = \", \", item = {item}, type = \"number\" }}"
            )
            .unwrap();
        }
    }
    let patterns = directory.join("patterns.d");
    std::fs::create_dir(&patterns).unwrap();
    std::fs::write(patterns.join("pasted.toml"), pattern).unwrap();
    let mut properties = String::new();
    for label in counter.labels.keys() {
        let field = LABELS.iter().find(|(name, _)| name == label).map_or(label.as_str(), |(_, field)| field);
        writeln!(properties, "{label} = \"{{{field}|other}}\"").unwrap();
    }
    // lighttpd's peer counts what came through its proxy, which names the client first, and not the health checks.
    let condition = if template.starts_with("$http_host") { "where = { http_host = { exists = true } }" } else { "" };
    let text = format!(
        "[px]\nregion = \"us\"\nproduct_key = \"AP-XXXXXXXXXXXX-2\"\n\
         [[source]]\nname = \"web\"\npaths = [\"/var/log/web.log\"]\npattern = \"pasted\"\n\
         [[metric]]\nname = \"m\"\nsources = [\"web\"]\nevent = \"E\"\nwindow = \"1d\"\ntime_zone = \"UTC\"\nuser = \"all\"\n{condition}\n\
         [metric.measures]\n{measures}\n[metric.properties]\n{properties}"
    );
    let config = directory.join("pxtail.toml");
    std::fs::write(&config, text).unwrap();
    config
}
