//! `plan` on logs of known usage.

use crate::agent::{Bench, Output};

/// Three clients on two days; the first one asks for 1,200 things on the first day.
fn log() -> String {
    let line = |client: u32, day: u32, number: u32, status: u32| {
        format!(
            "192.0.2.{client} - - [{day:02}/Nov/2026:{:02}:{:02}:07 +0000] \"GET /{number} HTTP/1.1\" {status} 5\n",
            number / 60 % 24,
            number % 60
        )
    };
    let mut text: String = (0..1_200).map(|number| line(1, 10, number, 200 + number % 2 * 204)).collect();
    text += &line(2, 10, 1, 200);
    text += &line(3, 11, 1, 200);
    text + &line(1, 11, 1, 200)
}

fn plan(window: &str, properties: &str, px: &str) -> Output {
    let bench = Bench::new();
    bench.append("access.log", log().as_bytes());
    let path = bench.write_config(
        "",
        &format!(
            "[[source]]\nname = \"web\"\npaths = [\"$DIR/access.log\"]\npattern = \"common\"\n[[metric]]\nname = \"m\"\n\
             sources = [\"web\"]\nevent = \"E\"\nwindow = \"{window}\"\ntime_zone = \"UTC\"\nuser = \"{{client}}\"\n\
             properties = {{ {properties} }}\n"
        ),
    );
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("requests_per_second = 5000\nrequests_per_day = 1_000_000", px);
    std::fs::write(&path, text).unwrap();
    bench.pxtail(&["plan", "--config", "pxtail.toml", "access.log"])
}

#[track_caller]
fn check(output: &Output, code: i32, expected: &[&str]) {
    assert_eq!(output.code, Some(code), "{}{}", output.stdout, output.stderr);
    for part in expected {
        assert!(output.stdout.contains(part), "{part}:\n{}", output.stdout);
    }
}

const ROOMY: &str = "requests_per_second = 20\nrequests_per_day = 100_000";

#[test]
fn events_of_a_day_and_a_user_are_told_with_what_would_save_some() {
    let output = plan("1d", "status = \"{status}\", path = \"{path}\"", ROOMY);
    let expected = [
        "1203 lines, 1203 matched, of 2026-11-10 to 2026-11-11",
        "metric `m`, event `E`",
        "       1,201 events on the busiest day (2026-11-10)",
        "         601 a day on average, of 2 days",
        "       99.6% fewer without property `path`",
        "1.2 % of `requests_per_day` (100,000), 0.1 % of the subscription's 1,000,000",
        "        61 s to send them, at 20 a second",
        "           2 users on one day at most",
        "       1,200 events of one user on one day at most (`192.0.2.1`, 2026-11-10)",
        "TOO MANY: 1 user with more than 1,000 events on a day, which PX does not take",
    ];
    check(&output, 1, &expected);
    assert!(!output.stdout.contains("without property `status`"), "it saves nothing: {}", output.stdout);
}

#[test]
fn shorter_windows_cost_events() {
    let output = plan("1h", "", ROOMY);
    check(&output, 0, &["          21 events on the busiest day", "% fewer with `window = \"1d\"`"]);
    assert!(!output.stdout.contains("TOO MANY"), "{}", output.stdout);
}

#[test]
fn a_share_that_is_too_small_fails() {
    let properties = "path = \"{path}\", status = \"{status}\"";
    let output = plan("1d", properties, "requests_per_second = 0.01\nrequests_per_day = 900");
    let expected = [
        "TOO MANY: 1,201 requests a day, and `requests_per_day` is 900",
        "TOO MANY: 1,201 events take longer than a day to send",
        "raise `requests_per_second`",
    ];
    check(&output, 1, &expected);
}

#[test]
fn a_log_without_usage_says_so() {
    let bench = Bench::new();
    bench.append("access.log", b"nothing that is known\n");
    bench.write_config(
        "",
        "[[source]]\nname = \"web\"\npaths = [\"$DIR/access.log\"]\npattern = \"common\"\n[[metric]]\nname = \"m\"\n\
         sources = [\"web\"]\nevent = \"E\"\ntime_zone = \"UTC\"\nuser = \"{client}\"\n",
    );
    let output = bench.pxtail(&["plan", "--config", "pxtail.toml", "access.log"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("1 lines, 0 matched, and no event of them"), "{}", output.stderr);
}
