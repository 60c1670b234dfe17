//! What `[types]` makes of texts, by what other programs' own tests say of them. The texts are not part of this repository:
//! their folder is named by `PXTAIL_CORPORA`; without it, this test says so and passes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at what it cannot use, and says what it skips"
)]

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;

use pxtail::config::pattern_file;
use pxtail::model::decimal::Decimal;
use pxtail::model::fields::Fields;
use pxtail::parse::Pattern;

/// Texts of which a peer may differ, of a hundred: what is meant by an odd text is a matter of taste.
const MOST_DIFFERENT: usize = 5;

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("PXTAIL_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("not run: PXTAIL_CORPORA names no folder");
    }
    folder
}

fn cases(folder: &Path) -> Vec<Value> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let texts: Vec<String> = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The field that an entry of `[types]` makes of a text, and the line's time.
fn field(entry: &str, text: &str, zone: &TimeZone) -> (Option<String>, Option<i64>) {
    let file = format!("name = \"p\"\nregex = '(?<x>(?s).*)'\n[types]\n{entry}\n");
    let spec = pattern_file::read(&file, Path::new("p.toml")).unwrap();
    // A time format that only the peer knows.
    let Ok(pattern) = Pattern::compile(&spec) else { return (None, None) };
    let name = if entry.starts_with("time") { "time" } else { "f" };
    let mut parser = pattern.line_parser(&[name], zone).unwrap();
    let mut fields = Fields::with_slots(1);
    parser.parse(text.as_bytes(), &mut fields).unwrap();
    let found = fields.get(text.as_bytes(), 0).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    (found, fields.time.map(|time| time.0))
}

fn text_field(entry: &str, text: &str) -> Option<String> {
    field(entry, text, &TimeZone::UTC).0
}

/// What was found and what is stated, of one text.
struct Compared {
    what: String,
    found: Option<String>,
    stated: Option<String>,
}

fn compared(what: &str, found: Option<String>, stated: Option<&str>) -> Compared {
    Compared { what: what.to_owned(), found, stated: stated.map(str::to_owned) }
}

fn compare(case: &Value) -> Vec<Compared> {
    let line = case["line"].as_str().unwrap_or_default();
    match case["format"].as_str() {
        Some("vrl_duration") => vec![quantity(case, line, "duration", &TIME_UNITS)],
        Some("vrl_bytes") => vec![quantity(case, line, "size", &SIZE_UNITS)],
        Some("vrl_query_string") => parameters(case, line),
        Some("vrl_timestamp") => timestamp(case, line).into_iter().collect(),
        Some("lp_timestamp") => instant(case, line).into_iter().collect(),
        Some("lp_uri") => parts(case, line),
        _ => Vec::new(),
    }
}

const TIME_UNITS: [(&str, f64); 8] =
    [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];

const SIZE_UNITS: [(&str, f64); 14] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("PB", 1e15),
    ("EB", 1e18),
    ("KiB", 1_024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("PiB", 1_125_899_906_842_624.0),
    ("EiB", 1_152_921_504_606_846_976.0),
];

/// Peers give the number in a unit, rounded to some decimals.
fn quantity(case: &Value, line: &str, kind: &str, units: &[(&str, f64)]) -> Compared {
    let found = text_field(&format!("f = {{ from = \"x\", type = \"{kind}\" }}"), line);
    let unit =
        units.iter().find(|(name, _)| Some(*name) == case["peer_args"]["unit"].as_str()).map_or(1.0, |(_, by)| *by);
    let stated = case["peer_expected"]["value"].as_f64();
    let is_near = |found: &String| {
        let found: f64 = found.parse().unwrap();
        stated.is_some_and(|stated| (found / unit - stated).abs() <= stated.abs() * 1e-9 + 1e-3)
    };
    assert!(found.as_ref().is_none_or(|found| Decimal::parse(found.as_bytes()).is_some()), "{found:?}");
    let stated_text = stated.map(|stated| format!("{stated} of {unit}"));
    let found = if found.as_ref().is_some_and(is_near) { stated_text.clone() } else { found };
    compared(line, found, stated_text.as_deref())
}

fn parameters(case: &Value, line: &str) -> Vec<Compared> {
    let Some(stated) = case["peer_expected"].as_object() else { return Vec::new() };
    let pair = |(name, value): (&String, &Value)| {
        let entry = format!("f = {{ from = \"x\", parameter = {name:?}, decode = \"form\" }}");
        // The first of several is the field.
        let value = value.as_array().map_or(value, |several| &several[0]);
        compared(&format!("{name} of {line}"), text_field(&entry, line), value.as_str())
    };
    stated.iter().map(pair).collect()
}

fn timestamp(case: &Value, line: &str) -> Option<Compared> {
    let format = case["peer_args"]["format"].as_str()?;
    let zone = TimeZone::get(case["peer_args"]["timezone"].as_str().unwrap_or("UTC")).ok()?;
    let (_, found) = field(&format!("time = {{ from = \"x\", format = {format:?} }}"), line, &zone);
    let stated = case["peer_expected"]["value"].as_str();
    let instant = |text: &str| jiff::fmt::rfc2822::parse(text).map(|zoned| zoned.timestamp()).or_else(|_| text.parse());
    let stated = stated.map(instant).transpose().ok()?.map(|stamp| stamp.as_microsecond().to_string());
    Some(compared(line, found.map(|micros| micros.to_string()), stated.as_deref()))
}

/// Times that stand alone.
fn instant(case: &Value, line: &str) -> Option<Compared> {
    let entry =
        r#"time = { from = "x", format = ["clf", "rfc3339", "%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y %H:%M:%S%.f %z"] }"#;
    let stated = case["peer_expected"].as_object()?;
    let stated = stated
        .iter()
        .find(|(name, _)| name.rsplit('.').next() == Some("epoch"))
        .and_then(|(_, value)| value.as_str())?;
    // The other lines have more than a time in them.
    if line.contains(['"', '|']) {
        return None;
    }
    let (_, found) = field(entry, line, &TimeZone::UTC);
    Some(compared(line, found.map(|micros| (micros / 1_000).to_string()), Some(stated)))
}

fn parts(case: &Value, line: &str) -> Vec<Compared> {
    let mut all = Vec::new();
    for (key, part) in [
        ("HTTP.PROTOCOL:protocol", "scheme"),
        ("HTTP.HOST:host", "host"),
        ("HTTP.PORT:port", "port"),
        ("HTTP.PATH:path", "path"),
    ] {
        let absent = case["absent"].as_array().is_some_and(|names| names.iter().any(|name| name == key));
        let stated = case["peer_expected"][key].as_str();
        // That peer begins a query at an `&` too.
        let before_query = line.split('?').next().unwrap_or_default();
        if (stated.is_none() && !absent) || (part == "path" && before_query.contains('&')) {
            continue;
        }
        let found = text_field(&format!("f = {{ from = \"x\", url = \"{part}\" }}"), line);
        all.push(compared(&format!("{part} of {line}"), found, stated));
    }
    all
}

#[test]
fn fields_are_made_of_texts_as_other_programs_make_them() {
    let Some(folder) = folder() else { return };
    let compared: Vec<Compared> = cases(&folder).iter().flat_map(compare).collect();
    let different: Vec<String> = compared
        .iter()
        .filter(|compared| compared.found != compared.stated)
        .map(|compared| format!("{}: stated {:?}, found {:?}", compared.what, compared.stated, compared.found))
        .collect();
    eprintln!("{} of {} texts agree\n{}", compared.len() - different.len(), compared.len(), different.join("\n"));
    assert!(different.len() * 100 <= compared.len() * MOST_DIFFERENT, "{}", different.join("\n"));
}
