//! The configuration as a whole: what loads, and the exact text of each fault.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{Environment, LoadOptions, load};
use crate::model::spec::{
    Configuration, DateOf, Late, Measure, OnUnknown, Scalar, StartAt, Template, Test, Wake, WindowLength,
};

mod faults;
mod layout;
mod limits;

const PATTERN: &str = "name = \"web\"\ntemplate = '$remote_addr $user $account $status $bytes'\n";

const PX: &str = "[px]\nregion = \"us\"\nproduct_key = \"AP-XXXXXXXXXXXX-2\"\n";
const SOURCE: &str = "[[source]]\nname = \"web\"\npaths = [\"/var/log/web.log\"]\npattern = \"web\"\n";
const METRIC: &str =
    "[[metric]]\nname = \"hits\"\nsources = [\"web\"]\nevent = \"Hits\"\ntime_zone = \"UTC\"\nuser = \"{user}\"\n";

/// The shortest configuration that loads.
fn minimal() -> String {
    [PX, SOURCE, METRIC].concat()
}

/// A directory with a configuration and its pattern `web`.
struct Home(TempDir);

impl Home {
    fn new(text: &str) -> Self {
        let home = Self(TempDir::new().expect("a directory"));
        home.write("pxtail.toml", text.as_bytes());
        home.write("patterns.d/web.toml", PATTERN.as_bytes());
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }

    /// The configuration, or its faults as a person sees them, with the directory left out.
    fn load(&self) -> Result<Configuration, String> {
        let environment = Environment::from_lookup(|name| (name == "HOST").then(|| OsString::from("app-1")));
        let options = LoadOptions { pattern_dirs: vec![self.path("patterns.d"), self.path("more")], environment };
        load(&self.path("pxtail.toml"), &options).map_err(|faults| {
            assert!(!faults.0.is_empty(), "an error without a fault");
            faults.to_string().replace(&format!("{}/", self.0.path().display()), "")
        })
    }
}

#[track_caller]
fn loaded(text: &str) -> Configuration {
    Home::new(text).load().unwrap_or_else(|faults| panic!("{faults}"))
}

#[track_caller]
fn refused(home: &Home) -> String {
    home.load().map(|_| ()).expect_err("a fault")
}

fn template(text: &Template) -> String {
    format!("{text:?}")
}

#[test]
fn defaults_suit_an_unattended_host() {
    let configuration = loaded(&minimal());
    let Configuration { agent, px, push, tail, sources, metrics, .. } = &configuration;
    assert_eq!(agent.state_dir, Path::new("/var/lib/pxtail"));
    assert_eq!(agent.socket, Path::new("/var/lib/pxtail/pxtail.sock"));
    assert_eq!((agent.commit_interval, agent.commit_lines), (Duration::from_secs(1), 2_000_000));
    assert_eq!(agent.copy_interval, Duration::from_hours(1));
    assert_eq!(px.base_url.value, "https://api.aptrinsic.com/v1");
    assert_eq!((px.requests_per_second, px.requests_per_day), (20.0, 100_000));
    assert_eq!((px.connect_timeout, px.request_timeout), (Duration::from_secs(10), Duration::from_secs(30)));
    assert!(px.api_key.file.is_none() && px.ca_file.is_none());
    assert_eq!((push.hold, push.concurrency, push.outbox_max_events), (false, 4, 1_000_000));
    assert_eq!((push.settle_wait, push.sent_retention), (Duration::from_mins(5), Duration::from_hours(30 * 24)));
    assert_eq!(push.on_unknown, OnUnknown::Park);
    assert_eq!((tail.wake, tail.max_open_files, tail.max_line_bytes), (Wake::Linemux, 256, 1 << 20));
    assert_eq!((tail.poll_interval, tail.scan_interval), (Duration::from_millis(250), Duration::from_secs(1)));
    assert_eq!((tail.rotated_grace, tail.forget_gone), (Duration::from_mins(10), Duration::from_hours(7 * 24)));
    assert_eq!((sources[0].start_at, sources[0].time_zone.iana_name()), (StartAt::Beginning, Some("UTC")));
    let metric = &metrics[0];
    assert_eq!((metric.window, metric.date, metric.late), (WindowLength::Day, DateOf::Noon, Late::Delta));
    assert_eq!((metric.grace, metric.seal_wait), (Duration::from_mins(10), Duration::from_hours(6)));
    assert_eq!((metric.late_every, metric.max_ahead), (Duration::from_hours(1), Duration::from_hours(1)));
    assert_eq!(metric.max_groups, 1_000_000);
    let measures: Vec<_> = metric.measures.iter().map(|(name, measure)| (name.as_str(), &measure.value)).collect();
    assert_eq!(measures, [("count", &Measure::Count)]);
}

#[test]
fn every_key_reaches_the_specification() {
    let configuration = loaded(include_str!("tests/full.toml"));
    let Configuration { agent, px, push, tail, sources, .. } = &configuration;
    assert_eq!(
        (agent.state_dir.as_path(), agent.socket.as_path()),
        (Path::new("/srv/pxtail"), Path::new("/run/pxtail.sock"))
    );
    assert_eq!((agent.commit_interval, agent.commit_lines), (Duration::from_millis(500), 1_000));
    assert_eq!(agent.copy_interval, Duration::from_hours(6));
    assert_eq!((px.base_url.value.as_str(), px.base_url.at.line), ("http://127.0.0.1:8089/v1", 8));
    assert_eq!(px.product_key.value, "AP-app-1-2");
    assert_eq!(px.api_key.file.as_ref().expect("a file").value, Path::new("/etc/pxtail/api-key"));
    assert_eq!(px.ca_file.as_ref().expect("a file").value, Path::new("/etc/pxtail/ca.pem"));
    assert_eq!((px.requests_per_second, px.requests_per_day), (2.5, 16));
    assert_eq!((px.connect_timeout, px.request_timeout), (Duration::from_secs(5), Duration::from_mins(1)));
    assert_eq!((push.hold, push.concurrency, push.outbox_max_events), (true, 64, 10));
    assert_eq!((push.settle_wait, push.sent_retention), (Duration::from_mins(1), Duration::from_hours(24)));
    assert_eq!(push.on_unknown, OnUnknown::Resend);
    assert_eq!((tail.wake, tail.max_open_files, tail.max_line_bytes), (Wake::Poll, 8, 4_096));
    assert_eq!((tail.poll_interval, tail.scan_interval), (Duration::from_secs(1), Duration::from_secs(2)));
    assert_eq!((tail.rotated_grace, tail.forget_gone), (Duration::from_secs(5), Duration::from_hours(24)));
    let source = &sources[0];
    let paths: Vec<_> = source.paths.iter().map(|path| (path.value.as_str(), path.at.line)).collect();
    assert_eq!(paths, [("/var/log/*.log", 36), ("/srv/app-1/{a,b}.log", 37)]);
    assert_eq!((source.exclude[0].value.as_str(), source.patterns[0].value.as_str()), ("/var/log/x.log", "web"));
    assert_eq!((source.start_at, source.time_zone.iana_name()), (StartAt::End, Some("Europe/Paris")));
}

#[test]
fn every_key_of_a_metric_reaches_its_specification() {
    let configuration = loaded(include_str!("tests/full.toml"));
    let metric = &configuration.metrics[0];
    assert_eq!((metric.name.as_str(), metric.sources[0].value.as_str()), ("api-usage", "web"));
    assert_eq!((metric.event.value.as_str(), metric.at.line), ("API Usage", 44));
    assert_eq!(metric.window, WindowLength::Part(Duration::from_mins(15)));
    assert_eq!((metric.date, metric.late), (DateOf::Start, Late::Drop));
    assert_eq!(metric.time_zone.iana_name(), Some("America/New_York"));
    assert_eq!((metric.grace, metric.seal_wait), (Duration::from_mins(1), Duration::from_hours(1)));
    assert_eq!((metric.late_every, metric.max_ahead), (Duration::from_hours(2), Duration::from_mins(5)));
    assert_eq!((metric.service_user.as_deref(), metric.max_groups), (Some("pxtail"), 5));
    let fields = |template: &Template| template.fields().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(fields(&metric.user.as_ref().expect("a user").value), ["user"]);
    assert_eq!(fields(&metric.account.as_ref().expect("an account").value), ["account"]);
    let properties: Vec<_> =
        metric.properties.iter().map(|(name, text)| (name.as_str(), template(&text.value))).collect();
    assert_eq!(properties[0].0, "method");
    assert_eq!(properties[1], ("where", "Template { parts: [Literal(\"app-1/${x}\")] }".to_owned()));
    let measures: Vec<_> =
        metric.measures.iter().map(|(name, measure)| (name.as_str(), measure.value.clone())).collect();
    let field = |name: &str| name.to_owned();
    assert_eq!(
        measures,
        [
            ("bytes", Measure::Sum { field: field("bytes") }),
            ("fastest", Measure::Min { field: field("rt") }),
            ("hits", Measure::Count),
            ("slowest", Measure::Max { field: field("rt") }),
        ]
    );
}

#[test]
fn conditions_are_read_as_they_are_written() {
    let configuration = loaded(include_str!("tests/full.toml"));
    let number = |text: &str| crate::model::decimal::Decimal::parse(text.as_bytes()).expect("a number");
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let numbers = |texts: &[&str]| texts.iter().map(|text| Scalar::Number(number(text))).collect::<Vec<_>>();
    let range = |from: Option<&str>, to: Option<&str>| Test::Range { from: from.map(number), to: to.map(number) };
    let mut mixed = numbers(&["200", "201.5"]);
    mixed.extend([Scalar::Text("-".to_owned()), Scalar::Boolean(true)]);
    let expected = [
        ("method", 62, Test::OneOf(vec![Scalar::Text("GET".to_owned())])),
        ("status", 63, Test::OneOf(mixed)),
        ("path", 64, Test::Prefix(texts(&["/api/"]))),
        ("path", 64, Test::Not(Box::new(Test::Suffix(texts(&[".png", ".css"]))))),
        ("agent", 65, Test::Contains(texts(&[" "]))),
        ("agent", 65, Test::Regex("^curl".to_owned())),
        ("bytes", 66, range(None, Some("10.5"))),
        ("time_taken", 67, range(Some("1"), None)),
        ("rest", 68, Test::OneOf(numbers(&["5"]))),
        ("rest", 68, Test::OneOf(numbers(&["1", "2"]))),
        ("rest", 68, range(Some("200"), Some("400"))),
        ("rest", 68, Test::Exists(true)),
    ];
    let conditions: Vec<_> = configuration.metrics[0]
        .conditions
        .iter()
        .map(|condition| (condition.value.field.as_str(), condition.at.line, condition.value.test.clone()))
        .collect();
    assert_eq!(conditions, expected);
}

#[track_caller]
fn check_window(window: &str, expected: WindowLength) {
    let metric = format!("{METRIC}window = \"{window}\"\n");
    assert_eq!(loaded(&[PX, SOURCE, &metric].concat()).metrics[0].window, expected, "{window}");
}

#[test]
fn windows_are_days_or_even_parts_of_them() {
    check_window("1d", WindowLength::Day);
    check_window("24h", WindowLength::Day);
    for (window, minutes) in [("12h", 720), ("1h", 60), ("60m", 60), ("15m", 15), ("5m", 5), ("1m", 1), ("90m", 90)] {
        check_window(window, WindowLength::Part(Duration::from_mins(minutes)));
    }
}

#[test]
fn plain_http_goes_to_this_machine_only() {
    let read = |url: &str| {
        let px = format!("[px]\nbase_url = \"{url}\"\nproduct_key = \"AP-1\"\n");
        Home::new(&[&px, SOURCE, METRIC].concat()).load().map(|configuration| configuration.px.base_url.value)
    };
    for url in [
        "http://127.0.0.1:8089/v1",
        "http://127.9.9.9",
        "http://[::1]:80/v1",
        "http://localhost:1",
        "https://px.example",
    ] {
        assert_eq!(read(url).as_deref(), Ok(url));
    }
    for url in
        ["http://10.0.0.1", "http://128.0.0.1", "http://localhost.example", "http://[::2]", "http://127.0.0.1.example"]
    {
        let faults = read(url).expect_err(url);
        assert!(faults.contains("would send the API key over the network unprotected"), "{url}: {faults}");
    }
    assert_eq!(read("https://px.example/v1///").as_deref(), Ok("https://px.example/v1"));
}

proptest! {
    #[test]
    fn no_text_panics_and_each_error_has_a_fault(
        lines in prop::collection::vec(
            (prop::sample::select(include_str!("tests/full.toml").lines().collect::<Vec<_>>()), 0_usize..80, "[\"'\\[\\]{}=#.a-z0-9$é]{0,3}"),
            0..40,
        )
    ) {
        let lines: Vec<String> = lines
            .into_iter()
            .map(|(line, at, noise)| {
                let at = (0..=at.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
                format!("{}{noise}{}", &line[..at], &line[at..])
            })
            .collect();
        // The assertion is inside: no panic, and an error is never empty.
        let _ = Home::new(&lines.join("\n")).load();
    }

    #[test]
    fn no_text_at_all_panics(text in "\\PC{0,80}") {
        let _ = Home::new(&text).load();
    }
}
