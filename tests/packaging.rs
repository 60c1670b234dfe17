//! The configuration files that are shipped load as they are.
#![expect(clippy::expect_used, clippy::panic, reason = "a test stops at the first thing that is wrong")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pxtail::config::{Environment, LoadOptions, load};
use pxtail::model::spec::{Configuration, MetricSpec};
use pxtail::parse::Pattern;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// As on a fresh host: the patterns that are built in, no variable.
#[track_caller]
fn loaded(config: &Path) -> Configuration {
    let options = LoadOptions { pattern_dirs: Vec::new(), environment: Environment::empty() };
    load(config, &options).unwrap_or_else(|faults| panic!("{faults}"))
}

fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("packaging/examples")).expect("examples");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// Every field that a metric reads.
fn fields(metric: &MetricSpec) -> BTreeSet<&str> {
    let templates = metric.user.iter().chain(&metric.account).chain(metric.properties.values());
    let conditions = metric.conditions.iter().map(|condition| condition.value.field.as_str());
    let measures = metric.measures.values().filter_map(|measure| measure.value.field());
    templates.flat_map(|template| template.value.fields()).chain(conditions).chain(measures).collect()
}

#[test]
fn every_shipped_file_loads_and_its_pattern_gives_what_its_metrics_read() {
    let examples = examples();
    assert!(examples.len() >= 3, "{examples:?}");
    for file in examples.into_iter().chain([root().join("packaging/pxtail.toml")]) {
        let configuration = loaded(&file);
        assert!(configuration.broken_patterns.is_empty(), "{:?}", configuration.broken_patterns);
        for source in &configuration.sources {
            let pattern = Pattern::compile(&configuration.patterns[&source.patterns[0].value]).expect("a pattern");
            assert!(pattern.has_time(), "{}", file.display());
            for metric in &configuration.metrics {
                let wanted: Vec<&str> = fields(metric).into_iter().collect();
                let parser = pattern.line_parser(&wanted, &source.time_zone);
                assert!(parser.is_ok(), "{}: {:?}", file.display(), parser.err());
            }
        }
    }
}

#[test]
fn the_hits_example_counts_every_line_per_client_and_utc_day() {
    let configuration = loaded(&root().join("packaging/examples/combined-hits.toml"));
    let [metric] = configuration.metrics.as_slice() else { panic!("{:?}", configuration.metrics) };
    assert_eq!(configuration.sources[0].patterns[0].value, "combined");
    assert_eq!(metric.time_zone.iana_name(), Some("UTC"));
    assert_eq!(metric.window, pxtail::model::spec::WindowLength::Day);
    assert!(metric.conditions.is_empty() && metric.properties.is_empty());
    let user: Vec<&str> = metric.user.as_ref().expect("a user").value.fields().collect();
    assert_eq!(user, ["client"]);
    let measures: Vec<&str> = metric.measures.keys().map(String::as_str).collect();
    assert_eq!(measures, ["bytes", "hits"]);
}

/// A line `#key = value` as if its # were taken away.
fn uncommented(line: &str) -> &str {
    match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
        _ => line,
    }
}

#[test]
fn the_defaults_that_the_shipped_configuration_shows_are_the_defaults() {
    let shipped = root().join("packaging/pxtail.toml");
    let text = fs::read_to_string(&shipped).expect("the configuration");
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("pxtail.toml");
    fs::write(&path, &text).expect("a file");
    let as_shipped = loaded(&path);
    let spelt_out: Vec<&str> = text.lines().map(uncommented).collect();
    assert!(spelt_out.iter().filter(|line| !text.contains(&format!("\n{line}"))).count() > 20, "no default is shown");
    fs::write(&path, spelt_out.join("\n")).expect("a file");
    let spelt_out = loaded(&path);
    assert_eq!(format!("{as_shipped:?}"), format!("{spelt_out:?}"));
}

#[test]
fn the_shipped_configuration_shows_every_key() {
    let text = fs::read_to_string(root().join("packaging/pxtail.toml")).expect("the configuration");
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("pxtail.toml");
    // An unknown key in each section makes the program list those it knows.
    let sections = ["[agent]", "[px]", "[push]", "[tail]", "[[source]]", "[[metric]]"];
    let asking = sections.iter().fold(text.clone(), |text, section| {
        text.replace(&format!("\n{section}\n"), &format!("\n{section}\nqqqqqqqq = 1\n"))
    });
    fs::write(&path, asking).expect("a file");
    let options = LoadOptions { pattern_dirs: Vec::new(), environment: Environment::empty() };
    let faults = load(&path, &options).expect_err("unknown keys").to_string();
    let known: Vec<&str> = faults
        .lines()
        .skip_while(|line| !line.contains("qqqqqqqq"))
        .filter_map(|line| line.strip_prefix("help: known are "))
        .flat_map(|known| known.split(", "))
        .map(|key| key.trim_matches('`'))
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .collect();
    assert!(known.len() > 40, "{faults}");
    for key in known {
        let shown =
            [format!("\n{key} = "), format!("\n#{key} = "), format!("\n# e.g. {key} = "), format!("\n[metric.{key}]")];
        assert!(shown.iter().any(|line| text.contains(line)), "`{key}` is not shown");
    }
}

#[test]
fn the_readme_names_every_pattern_that_is_shipped() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    for entry in fs::read_dir(root().join("patterns")).expect("the patterns") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(readme.contains(&format!("`{name}`")), "README.md does not name `{name}`");
    }
}
