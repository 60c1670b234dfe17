//! The least and the most of each key, just inside and just outside; and texts that want to break the reader.

use std::fmt::Write as _;

use super::{Home, METRIC, PX, SOURCE, loaded, minimal, refused};

/// A configuration with one more line in one section.
fn with(section: &str, line: &str) -> Home {
    let line = format!("{line}\n");
    Home::new(&match section {
        "px" => [PX, &line, SOURCE, METRIC].concat(),
        "metric" => [PX, SOURCE, METRIC, &line].concat(),
        _ => format!("{}[{section}]\n{line}", minimal()),
    })
}

#[track_caller]
fn check(section: &str, key: &str, inside: [&str; 2], outside: [&str; 2]) {
    for value in inside {
        let home = with(section, &format!("{key} = {value}"));
        home.load().unwrap_or_else(|faults| panic!("{key} = {value}: {faults}"));
    }
    for value in outside {
        let faults = refused(&with(section, &format!("{key} = {value}")));
        let plain = value.trim_matches('"').replace('_', "");
        assert!(faults.contains(&format!("`{key}` of")), "{key} = {value}: {faults}");
        assert!(faults.contains(&format!(" is `{plain}`; expected ")), "{key} = {value}: {faults}");
        assert_eq!(faults.lines().count(), 2, "{faults}");
    }
}

#[test]
fn each_limit_holds_at_its_edge() {
    let check_span = |section, key, least: &str, most: &str, below: &str, above: &str| {
        let quoted = [least, most, below, above].map(|span| format!("\"{span}\""));
        check(section, key, [&quoted[0], &quoted[1]], [&quoted[2], &quoted[3]]);
    };
    check_span("agent", "commit_interval", "10ms", "1m", "9ms", "61s");
    check_span("agent", "copy_interval", "1s", "7d", "999ms", "8d");
    check("agent", "commit_lines", ["1", "100_000_000"], ["0", "100_000_001"]);
    check("px", "requests_per_second", ["0.01", "200"], ["0.009", "200.5"]);
    check("px", "requests_per_day", ["1", "1_000_000"], ["0", "1_000_001"]);
    check_span("px", "connect_timeout", "1s", "5m", "999ms", "301s");
    check_span("px", "request_timeout", "1s", "1h", "999ms", "61m");
    check_span("push", "settle_wait", "1s", "1d", "999ms", "25h");
    check("push", "concurrency", ["1", "64"], ["0", "65"]);
    check("push", "outbox_max_events", ["1", "100_000_000"], ["0", "100_000_001"]);
    check_span("push", "sent_retention", "0s", "400d", "401d", "9999999d");
    check_span("tail", "poll_interval", "10ms", "1m", "9ms", "61s");
    check_span("tail", "scan_interval", "100ms", "1h", "99ms", "61m");
    check("tail", "max_line_bytes", ["64", "\"1GiB\""], ["63", "1_073_741_825"]);
    check("tail", "max_open_files", ["1", "1_000_000"], ["0", "-1"]);
    check_span("tail", "rotated_grace", "0s", "1d", "25h", "2d");
    check_span("tail", "forget_gone", "1m", "400d", "59s", "401d");
    check_span("metric", "window", "1m", "1d", "59s", "2d");
    check_span("metric", "grace", "0s", "7d", "8d", "169h");
    check_span("metric", "seal_wait", "1m", "30d", "59s", "31d");
    check_span("metric", "late_every", "100ms", "7d", "99ms", "8d");
    check_span("metric", "max_ahead", "0s", "1d", "25h", "2d");
    check("metric", "max_groups", ["1", "10_000_000"], ["0", "10_000_001"]);
}

#[test]
fn a_sandbox_on_this_machine_may_be_asked_faster_than_px() {
    let paced = |url: &str, rate: &str| {
        let px = format!("[px]\nbase_url = \"{url}\"\nproduct_key = \"AP-1\"\nrequests_per_second = {rate}\n");
        Home::new(&[&px, SOURCE, METRIC].concat())
    };
    assert!(paced("http://127.0.0.1:8089/v1", "100_000").load().is_ok());
    assert!(refused(&paced("http://127.0.0.1:8089/v1", "100_001")).contains("expected 0.01 to 100000"));
    assert!(refused(&paced("https://127.0.0.1:8089/v1", "201")).contains("expected 0.01 to 200"));
}

#[test]
fn numbers_are_read_in_every_way_that_toml_writes_them() {
    for (value, expected) in
        [("1_000", "1000"), ("0x1F4", "500"), ("+7", "7"), ("1_0.5", "10.5"), ("1e3", "1000"), ("-0.5", "-0.5")]
    {
        let configuration = loaded(&[PX, SOURCE, METRIC, &format!("where = {{ f = {value} }}\n")].concat());
        let shown = format!("{:?}", configuration.metrics[0].conditions[0].value.test);
        let number = crate::model::decimal::Decimal::parse(expected.as_bytes()).expect("a number");
        let expected = crate::model::spec::Test::OneOf(vec![crate::model::spec::Scalar::Number(number)]);
        assert_eq!(configuration.metrics[0].conditions[0].value.test, expected, "{value}: {shown}");
    }
}

#[test]
fn zones_are_named_as_the_database_names_them() {
    let zone = |name: &str| {
        let metric = METRIC.replace("UTC", name);
        let configuration = Home::new(&[PX, SOURCE, &metric].concat()).load();
        configuration.map(|configuration| configuration.metrics[0].time_zone.iana_name().map(str::to_owned))
    };
    for (name, expected) in
        [("UTC", "UTC"), ("Asia/Kathmandu", "Asia/Kathmandu"), ("america/new_york", "America/New_York")]
    {
        assert_eq!(zone(name), Ok(Some(expected.to_owned())));
    }
    for name in [
        "localtime",
        "posixrules",
        "Etc/Unknown",
        "EST5EDT,M3.2.0,M11.1.0",
        "../../etc/passwd",
        "right/UTC",
        "/UTC",
        "Mars",
        "+01:00",
    ] {
        let faults = zone(name).expect_err(name);
        assert!(faults.contains("which is no time zone"), "{name}: {faults}");
    }
    for (name, meant) in [
        ("New York", "America/New_York"),
        ("kathmandu", "Asia/Kathmandu"),
        ("Europe/Pariss", "Europe/Paris"),
        ("Londn", "Europe/London"),
    ] {
        let faults = zone(name).expect_err(name);
        assert!(faults.ends_with(&format!("did you mean \"{meant}\"?")), "{name}: {faults}");
    }
}

#[test]
fn a_byte_order_mark_and_carriage_returns_change_nothing() {
    let text = format!("\u{feff}{}", minimal().replace('\n', "\r\n"));
    let configuration = loaded(&text);
    assert_eq!(configuration.sources[0].patterns[0].at.line, 7);
}

#[test]
fn deep_and_long_texts_are_refused_in_time() {
    for text in [
        "[".repeat(200_000),
        "a=".to_owned() + &"[".repeat(200_000),
        "a=".to_owned() + &"{a=".repeat(200_000),
        "a.".repeat(100_000),
    ] {
        let faults = refused(&Home::new(&text));
        assert!(faults.contains("not valid TOML"), "{faults:.200}");
    }
    // Twenty thousand faults, each said once.
    let many = (0..20_000).fold(String::new(), |mut text, index| {
        let _ = writeln!(text, "k{index} = 1");
        text
    });
    let faults = refused(&Home::new(&many));
    assert_eq!(faults.matches("has no key").count(), 20_000);
    let metrics = "[[metric]]\nname = \"m\"\n".repeat(2_000);
    let faults = refused(&Home::new(&metrics));
    assert_eq!(faults.matches("is there twice").count(), 1_999);
}
