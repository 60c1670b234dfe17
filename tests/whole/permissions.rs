//! Logs and directories that cannot be read for a while: tried again for ever, said once, nothing lost.

use std::fs::{File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::agent::{Agent, Bench, HITS_METRIC};
use crate::oracle::Books;

/// What somebody does to the logs of a host.
struct Trouble {
    name: &'static str,
    begin: fn(&Bench),
    end: fn(&Bench),
    /// In the status, and once in the log.
    said: &'static str,
    /// The lines that come meanwhile are written to the same file.
    is_same_file: bool,
}

fn mode(bench: &Bench, name: &str, mode: u32) {
    std::fs::set_permissions(bench.path(name), Permissions::from_mode(mode)).unwrap();
}

const TROUBLES: [Trouble; 6] = [
    Trouble {
        name: "the log is for nobody",
        begin: |bench| mode(bench, "logs/access.log", 0),
        end: |bench| mode(bench, "logs/access.log", 0o600),
        said: "Permission denied",
        is_same_file: true,
    },
    Trouble {
        name: "the directory may not be passed",
        begin: |bench| mode(bench, "logs", 0o600),
        end: |bench| mode(bench, "logs", 0o700),
        said: "Permission denied",
        is_same_file: true,
    },
    Trouble {
        name: "the directory may not be listed",
        begin: |bench| mode(bench, "logs", 0o300),
        end: |bench| mode(bench, "logs", 0o700),
        said: "Permission denied",
        is_same_file: true,
    },
    Trouble {
        name: "the directory is away",
        begin: |bench| std::fs::rename(bench.path("logs"), bench.path("hidden")).unwrap(),
        end: |bench| std::fs::rename(bench.path("hidden"), bench.path("logs")).unwrap(),
        said: "No such file or directory",
        is_same_file: true,
    },
    Trouble {
        name: "the log is a pipe",
        begin: |bench| {
            std::fs::rename(bench.path("logs/access.log"), bench.path("logs/access.log.1")).unwrap();
            assert!(Command::new("mkfifo").arg(bench.path("logs/access.log")).status().unwrap().success());
        },
        end: |bench| std::fs::remove_file(bench.path("logs/access.log")).unwrap(),
        said: "logs/access.log",
        is_same_file: false,
    },
    Trouble {
        name: "the log is a directory",
        begin: |bench| {
            std::fs::rename(bench.path("logs/access.log"), bench.path("logs/access.log.1")).unwrap();
            std::fs::create_dir(bench.path("logs/access.log")).unwrap();
        },
        end: |bench| std::fs::remove_dir(bench.path("logs/access.log")).unwrap(),
        said: "logs/access.log",
        is_same_file: false,
    },
];

const SOURCE: &str = "[[source]]\nname = \"web\"\npaths = [\"$DIR/logs/access.log\"]\npattern = \"combined\"\n";

/// The day is over: each window is sealed as soon as nothing holds it back.
fn write(log: &mut File, number: u64) {
    writeln!(log, "192.0.2.1 - - [10/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 {number} \"-\" \"t\"").unwrap();
}

fn open(bench: &Bench) -> File {
    OpenOptions::new().create(true).append(true).open(bench.path("logs/access.log")).unwrap()
}

fn sums(bench: &Bench) -> (u64, u64) {
    let held = Books::held(&bench.sandbox, "Hits");
    (held.lines(), held.0.values().map(|sums| sums.numbers).sum())
}

fn status(bench: &Bench) -> String {
    bench.pxtail(&["status", "--config", "pxtail.toml"]).stdout
}

/// With an agent that has no handle of what cannot be read.
#[track_caller]
fn check(trouble: &Trouble) {
    let bench = Bench::new();
    bench.write_config("", &format!("{SOURCE}{HITS_METRIC}"));
    std::fs::create_dir(bench.path("logs")).unwrap();
    let start = || Agent::start_as_anybody(&bench.path("pxtail.toml"), &bench.path("agent.log"));
    let mut log = open(&bench);
    write(&mut log, 1);
    let agent = start();
    bench.wait_until(trouble.name, || sums(&bench) == (1, 1));
    (trouble.begin)(&bench);
    write(&mut log, 2);
    // An open handle stays one, whatever its file's rights.
    let agent = if trouble.is_same_file {
        agent.kill();
        start()
    } else {
        agent
    };
    bench.wait_until(trouble.name, || status(&bench).contains(trouble.said));
    // A few scans.
    std::thread::sleep(std::time::Duration::from_secs(3));
    write(&mut log, 3);
    (trouble.end)(&bench);
    let mut after = open(&bench);
    write(&mut after, 4);
    bench.wait_until(trouble.name, || sums(&bench) == (4, 10));
    bench.wait_until(trouble.name, || !status(&bench).contains(trouble.said));
    bench.wait_until(trouble.name, || agent.said().contains("can be read again"));
    let said = agent.said();
    let warnings = said.lines().filter(|line| line.contains("WARN") && line.contains("/logs")).count();
    assert_eq!(warnings, 1, "{}:\n{said}", trouble.name);
    assert_eq!(said.matches("can be read again").count(), 1, "{}:\n{said}", trouble.name);
    assert_eq!(bench.sandbox.repeated(), vec![], "{}", trouble.name);
}

#[test]
fn a_log_that_nobody_may_read_is_read_when_it_may_be() {
    check(&TROUBLES[0]);
}

#[test]
fn a_directory_without_rights_is_read_when_it_has_them() {
    check(&TROUBLES[1]);
    check(&TROUBLES[2]);
}

#[test]
fn a_directory_that_is_away_is_read_when_it_is_back() {
    check(&TROUBLES[3]);
}

#[test]
fn a_pipe_or_a_directory_in_a_logs_place_is_left_alone_and_what_comes_after_it_is_read() {
    check(&TROUBLES[4]);
    check(&TROUBLES[5]);
}
