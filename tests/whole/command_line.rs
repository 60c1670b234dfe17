//! The command line as its users meet it.

use crate::agent::{Bench, Output};

#[track_caller]
fn check(output: &Output, code: i32, stderr: &str) {
    assert_eq!(output.code, Some(code), "{output:?}");
    assert!(output.stderr.contains(stderr), "{output:?}");
}

#[test]
fn help_names_every_verb_and_exit_code() {
    let bench = Bench::new();
    let help = bench.pxtail(&["--help"]).stdout;
    for word in ["run", "demo", "dry-run", "check", "test", "sandbox", "outbox", "completion", "75", "78"] {
        assert!(help.contains(&format!("  {word} ")), "{word} is not in:\n{help}");
    }
}

#[test]
fn completion_scripts_are_made_for_the_usual_shells() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = bench.pxtail(&["completion", shell]);
        assert_eq!(output.code, Some(0));
        assert!(output.stdout.contains("dry-run"), "{shell}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let bench = Bench::new();
    check(&bench.pxtail(&["frobnicate"]), 2, "unrecognized subcommand");
}

#[test]
fn the_shipped_patterns_pass_their_cases() {
    let bench = Bench::new();
    check(&bench.pxtail(&["test", "--config", "none.toml"]), 0, "cases pass");
}

#[test]
fn a_case_that_fails_is_shown_with_what_came_instead() {
    let bench = Bench::new();
    bench.append(
        "p.toml",
        b"name = \"p\"\nregex = '(?<user>\\w+) (?<n>\\d+)'\n[[case]]\nline = 'bob 7'\nexpect = { user = \"eve\" }\n",
    );
    let output = bench.pxtail(&["test", "p.toml"]);
    check(&output, 1, "p.toml:3");
    assert!(output.stderr.contains("eve") && output.stderr.contains("bob"), "{}", output.stderr);
}

#[test]
fn check_refuses_a_fifo_without_waiting_for_it_and_a_key_that_is_none() {
    let bench = Bench::new();
    assert!(std::process::Command::new("mkfifo").arg(bench.path("access.log")).status().unwrap().success());
    bench.write_key("two words");
    bench.write_config(
        "",
        "[[source]]\nname = \"web\"\npaths = [\"$DIR/access.log\"]\npattern = \"combined\"\n[[metric]]\nname = \"m\"\n\
         sources = [\"web\"]\nevent = \"E\"\ntime_zone = \"UTC\"\nuser = \"{client}\"\n",
    );
    let output = bench.pxtail(&["check", "--config", "pxtail.toml"]);
    check(&output, 1, "is not a regular file");
    check(&output, 1, "expected an API key on one line");
}

#[test]
fn check_refuses_a_file_that_one_metric_would_count_twice() {
    let bench = Bench::new();
    bench.append("access.log", b"");
    let source = |name: &str, glob: &str| {
        format!("[[source]]\nname = \"{name}\"\npaths = [\"$DIR/{glob}\"]\npattern = \"combined\"\n")
    };
    let metric =
        "[[metric]]\nname = \"m\"\nsources = [\"a\", \"b\"]\nevent = \"E\"\ntime_zone = \"UTC\"\nuser = \"{client}\"\n";
    bench.write_config("", &(source("a", "*.log") + &source("b", "access.log") + metric));
    check(&bench.pxtail(&["check", "--config", "pxtail.toml"]), 1, "each line would count twice");
}

#[test]
fn check_refuses_a_condition_that_never_holds() {
    let bench = Bench::new();
    bench.write_config(
        "",
        "[[source]]\nname = \"web\"\npaths = [\"$DIR/access.log\"]\npattern = \"combined\"\n[[metric]]\nname = \"m\"\n\
         sources = [\"web\"]\nevent = \"E\"\ntime_zone = \"UTC\"\nuser = \"{client}\"\nwhere = { status = \"2xx\" }\n",
    );
    check(
        &bench.pxtail(&["check", "--config", "pxtail.toml"]),
        78,
        "compares `status`, which pattern `combined` gives as integer",
    );
}

#[test]
fn check_says_that_a_good_configuration_is_good() {
    let bench = Bench::new();
    bench.append("access.log", b"");
    bench.write_config(
        "",
        "[[source]]\nname = \"web\"\npaths = [\"$DIR/access.log\"]\npattern = \"combined\"\n[[metric]]\nname = \"m\"\n\
         sources = [\"web\"]\nevent = \"E\"\ntime_zone = \"UTC\"\nuser = \"{client}\"\n",
    );
    check(&bench.pxtail(&["check", "--config", "pxtail.toml"]), 0, "the configuration is good: 1 sources, 1 metrics");
}
