use std::fmt::Write;

use clap::{Command, CommandFactory};

use super::arguments::Arguments;

/// The long help of a verb and of all below it.
fn helps(command: &Command, name: &str, text: &mut String) {
    let mut shown = command.clone();
    // Writing into a String cannot fail.
    let _ = writeln!(text, "=== {name} --help\n{}", shown.render_long_help());
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        helps(verb, &format!("{name} {}", verb.get_name()), text);
    }
}

/// The file is written anew with `PXTAIL_WRITE_SHOWN=1`: read what changed before it is kept.
#[test]
fn every_verb_says_what_it_does_with_an_example() {
    let mut command = Arguments::command().term_width(100).mut_arg("log", |argument| argument.hide_env_values(true));
    command.build();
    let mut text = String::new();
    helps(&command, "pxtail", &mut text);
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    let text = text.join("\n") + "\n";
    if std::env::var_os("PXTAIL_WRITE_SHOWN").is_some() {
        std::fs::write("src/cli/tests/help.txt", &text).expect("a file");
    }
    let expected = std::fs::read_to_string("src/cli/tests/help.txt").unwrap_or_default();
    assert_eq!(text, expected);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");
}
