//! `check --online` against the real sandbox: what PX says to a configuration.

use pxtail::sandbox::{
    FaultAction, FaultRule, FaultScript, Limits, PRODUCT_KEY, ReadLag, Sandbox, SandboxSettings, ScriptedAnswer,
};

use crate::agent::Bench;

/// A configuration whose only doubt is what PX says to it.
fn bench(time_zone: &str) -> Bench {
    let bench = Bench::new();
    bench.append("access.log", b"");
    bench.write_config(
        "",
        &format!(
            "[[source]]\nname = \"web\"\npaths = [\"$DIR/access.log\"]\npattern = \"combined\"\n[[metric]]\nname = \"m\"\n\
             sources = [\"web\"]\nevent = \"Reports Exported\"\ntime_zone = \"{time_zone}\"\nuser = \"{{client}}\"\n"
        ),
    );
    bench
}

fn refused(path: &str, status: u16) -> FaultScript {
    let answer = ScriptedAnswer { status, body: "<html>no</html>".to_owned(), ..ScriptedAnswer::default() };
    let rule = FaultRule { path: Some(path.to_owned()), action: FaultAction::Answer(answer), ..FaultRule::default() };
    FaultScript::of([rule])
}

#[track_caller]
fn check(bench: &Bench, code: i32, expected: &[&str]) {
    let output = bench.pxtail(&["check", "--online", "--config", "pxtail.toml"]);
    assert_eq!(output.code, Some(code), "{}", output.stderr);
    for part in expected {
        assert!(output.stderr.contains(part), "{part}:\n{}", output.stderr);
    }
    assert!(!output.stderr.contains(pxtail::sandbox::API_KEY), "the key is not shown: {}", output.stderr);
    assert_eq!(bench.sandbox.event_count(), 0, "nothing is sent");
}

#[test]
fn what_fits_is_said() {
    let expected = [
        "knows the API key: subscription `Sandbox`",
        "the product key is of product `Sandbox product`",
        "note: PX shows no event `Reports Exported` in the last 90 days",
        "the configuration is good: 1 sources, 1 metrics, 0 warnings",
    ];
    check(&bench("UTC"), 0, &expected);
}

#[test]
fn days_of_another_zone_than_the_company_s_are_a_warning() {
    let expected = ["warning: ", "metric `m` counts days in `Pacific/Auckland`", "zone `UTC`", "fall on another day"];
    check(&bench("Pacific/Auckland"), 0, &expected[..3]);
    let expected =
        ["metric `m` counts days in `America/New_York`", "on the same days", "help: set `time_zone = \"UTC\"`"];
    check(&bench("America/New_York"), 0, &expected);
    let output = bench("Africa/Abidjan").pxtail(&["check", "--online", "--config", "pxtail.toml"]);
    assert!(!output.stderr.contains("warning:"), "the same days under another name: {}", output.stderr);
}

#[test]
fn a_key_that_px_does_not_know_and_a_product_key_of_others_fail() {
    let wrong = bench("UTC");
    wrong.write_key("another-key");
    check(&wrong, 1, &["does not know the API key (401)", "help: a key belongs to one data center"]);
    let other = bench("UTC");
    let path = other.path("pxtail.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace(PRODUCT_KEY, "AP-ABSENTABSENT-2");
    std::fs::write(&path, text).unwrap();
    let names = format!("which has `{PRODUCT_KEY}`");
    check(&other, 1, &["`product_key` `AP-ABSENTABSENT-2` is not of this subscription", &names, "help: "]);
}

#[test]
fn what_the_key_may_not_ask_is_a_warning_and_says_what_follows() {
    let bench = bench("UTC");
    bench.sandbox.set_faults(refused("/v1/admin", 403)).unwrap();
    check(&bench, 0, &["answers 403", "the product key and the time zone are not checked"]);
    bench.sandbox.set_faults(refused("/v1/events/custom", 403)).unwrap();
    check(&bench, 0, &["may not read events", "is parked, as `on_unknown` says", "permission Read"]);
    bench.sandbox.set_faults(refused("/v1/events/custom", 429)).unwrap();
    check(&bench, 0, &["too many requests (429)"]);
}

#[test]
fn a_px_that_cannot_be_asked_fails_with_the_reason() {
    let bench = bench("UTC");
    bench.sandbox.set_faults(refused("/v1/admin", 200)).unwrap();
    check(&bench, 1, &["the answer is not of PX's shape", "help: "]);
    let path = bench.path("pxtail.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace(&bench.sandbox.base_url(), "http://127.0.0.1:1/v1");
    std::fs::write(&path, text).unwrap();
    check(&bench, 1, &["cannot be asked: no connection", "HTTPS_PROXY", "pxtail.toml:"]);
}

const TEST_KEY: &str = "AP-TESTTESTTEST-2-1";

#[track_caller]
fn check_canary(faults: FaultScript, product_key: &str, code: i32, expected: &[&str], events: usize) {
    let mut bench = bench("UTC");
    let product_keys = vec![PRODUCT_KEY.to_owned(), TEST_KEY.to_owned()];
    let settings = SandboxSettings { product_keys, limits: Limits::unpaced(), faults, ..SandboxSettings::default() };
    let before = bench.sandbox.base_url();
    bench.sandbox = Sandbox::start_blocking(settings).unwrap();
    let path = bench.path("pxtail.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace(&before, &bench.sandbox.base_url());
    std::fs::write(&path, text).unwrap();
    let output = bench.pxtail(&["check", "--online", "--canary", product_key, "--config", "pxtail.toml"]);
    assert_eq!(output.code, Some(code), "{}", output.stderr);
    for part in expected {
        assert!(output.stderr.contains(part), "{part}:\n{}", output.stderr);
    }
    assert_eq!(bench.sandbox.event_count(), events, "{}", output.stderr);
}

#[test]
fn a_canary_tells_what_comes_back_and_when() {
    let expected = [
        "PX took event `",
        "`eventId` comes back, `usageId` comes back",
        "`settle_wait` (1 s) is long enough",
        "a filter with the id in capitals finds it too",
        "a filter with the id of another user does not find it",
    ];
    check_canary(FaultScript::default(), TEST_KEY, 0, &expected, 1);
    let late = FaultScript { read_lag: ReadLag { min_ms: 1_500, max_ms: 1_500 }, ..FaultScript::default() };
    let expected = ["PX shows events only after 3 s", "help: set `settle_wait = \"", "1 failed"];
    check_canary(late, TEST_KEY, 1, &expected[1..], 1);
}

#[test]
fn a_canary_goes_to_a_test_environment_or_nowhere() {
    let expected =
        ["is the product key of the configuration", "cannot be taken back", "help: name the key of a test environment"];
    check_canary(FaultScript::default(), PRODUCT_KEY, 1, &expected, 0);
    check_canary(
        FaultScript::default(),
        "AP-ABSENTABSENT-2",
        1,
        &["PX refuses the event (400)", "one of this subscription"],
        0,
    );
    let answer = ScriptedAnswer { status: 403, ..ScriptedAnswer::default() };
    let rule = FaultRule::on_post(FaultAction::Answer(answer));
    check_canary(FaultScript::of([rule]), TEST_KEY, 1, &["refuses the event (403)", "permission Write"], 0);
    let rule = FaultRule::on_post(FaultAction::LoseAnswer);
    check_canary(FaultScript::of([rule]), TEST_KEY, 1, &["not known whether PX took the event"], 1);
}
