//! Many more files than handles.

use crate::agent::{Bench, HITS_METRIC, binary};
use crate::oracle::Books;

const SOURCE: &str = "[[source]]\nname = \"web\"\npaths = [\"$DIR/logs/*.log\"]\npattern = \"combined\"\n";

/// Handles that the agent may have, for everything.
const HANDLES: u32 = 256;

/// Files: `PXTAIL_MANY_FILES` (20,000 is what is promised; the default is for every run of the tests).
fn files() -> u64 {
    std::env::var("PXTAIL_MANY_FILES").map_or(2_000, |text| text.parse().unwrap())
}

fn line(number: u64) -> String {
    let client = number % 10;
    format!("192.0.2.{client} - - [10/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 {number} \"-\" \"t\"\n")
}

/// Reads all there is under a limit of handles, and gives what the agent said.
#[track_caller]
fn run_once(bench: &Bench) -> String {
    let run = format!("ulimit -n {HANDLES} && exec \"$@\"");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &run, "sh"]).arg(binary().get_program());
    command.env("PXTAIL_LOG", "warn").args(["run", "--once", "--config", "pxtail.toml"]);
    let output = command.current_dir(bench.directory.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// Lines, and the sum of their numbers.
fn held(bench: &Bench) -> (u64, u64) {
    let books = Books::held(&bench.sandbox, "Hits");
    (books.lines(), books.0.values().map(|sums| sums.numbers).sum())
}

#[test]
fn every_line_of_many_more_files_than_handles_is_counted_once() {
    let bench = Bench::new();
    bench.write_config("", &format!("{SOURCE}{HITS_METRIC}"));
    let config = std::fs::read_to_string(bench.path("pxtail.toml")).unwrap();
    std::fs::write(bench.path("pxtail.toml"), format!("{config}[tail]\nmax_open_files = 10_000\n")).unwrap();
    std::fs::create_dir(bench.path("logs")).unwrap();
    let files = files();
    let name = |number: u64| format!("logs/{number}.log");
    for number in 1..=files {
        std::fs::write(bench.path(&name(number)), line(number)).unwrap();
    }
    let said = run_once(&bench);
    assert!(said.contains("log files are open at once, not 10000 (`tail.max_open_files`)"), "{said}");
    let mut sum = files * (files + 1) / 2;
    assert_eq!(held(&bench), (files, sum), "{said}");
    // Known files: what is new in a few of them, nothing of the rest.
    let grown: Vec<u64> = (1..=files).step_by(7).collect();
    for number in &grown {
        bench.append(&name(*number), line(files + number).as_bytes());
        sum += files + number;
    }
    let said = run_once(&bench);
    assert!(said.contains(&format!("{} lines read", grown.len())), "{said}");
    // They were late: what they came to is sent once their batch is old enough.
    bench.wait_until("the late lines are sent", || {
        let said = run_once(&bench);
        assert!(said.contains("0 lines read"), "{said}");
        held(&bench) == (files + grown.len() as u64, sum)
    });
}
