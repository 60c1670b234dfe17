//! The tools of a user's first hour, as they are typed: list, test, explain, learn.

use std::fmt::Write;

use crate::agent::{Bench, Output};

const LINE: &str = "192.0.2.1 - ada [23/Nov/2026:10:00:00 +0000] \"GET /api/items/7 HTTP/1.1\" 200 5 \"-\" \"curl\"";

#[track_caller]
fn check(output: &Output, code: i32, stdout: &[&str]) {
    assert_eq!(output.code, Some(code), "{output:?}");
    for part in stdout {
        assert!(output.stdout.contains(part), "`{part}` is not in:\n{}\n{}", output.stdout, output.stderr);
    }
    let widest = output.stdout.lines().filter(|line| !line.starts_with("    {")).map(|line| line.chars().count()).max();
    assert!(output.stdout.contains("its file") || widest.unwrap_or(0) <= 200, "{}", output.stdout);
}

fn configured(bench: &Bench) {
    bench.write_config(
        "",
        "[[source]]\nname = \"web\"\npaths = [\"$DIR/access.log\"]\npattern = [\"combined\", \"json_usage\"]\n[[metric]]\n\
         name = \"api\"\nsources = [\"web\"]\nevent = \"API\"\ntime_zone = \"UTC\"\nuser = \"{user}\"\n\
         where = { path = { prefix = \"/api/\" } }\n",
    );
}

#[test]
fn patterns_are_listed_and_shown_whole() {
    let bench = Bench::new();
    check(&bench.pxtail(&["list", "patterns"]), 0, &["combined  ", "\ntraefik_json  "]);
    let related = bench.pxtail(&["list", "patterns", "traefik"]);
    check(&related, 0, &["traefik_clf  ", "traefik_json  "]);
    assert!(!related.stdout.contains("combined "), "{related:?}");
    let whole = bench.pxtail(&["list", "patterns", "combined"]);
    check(
        &whole,
        0,
        &[
            "combined  (comes with pxtail)\n",
            "\n    status      integer\n",
            "an example\n    ",
            "its file",
            "builtin = \"combined\"",
        ],
    );
    let json = bench.pxtail(&["list", "patterns", "combined", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["fields"]["status"], &json["from"]), (&"integer".into(), &"built in".into()));
    let output = bench.pxtail(&["list", "patterns", "combind"]);
    assert!(output.code == Some(1) && output.stderr.contains("did you mean `combined`?"), "{output:?}");
}

#[test]
fn a_failing_case_shows_every_field_and_a_caret() {
    let bench = Bench::new();
    bench.append(
        "p.toml",
        b"name = \"p\"\nregex = '(?<user>\\w+) (?<n>\\d+)'\n[[case]]\nline = 'bob 7'\nexpect = { user = \"eve\", n = 8 }\n\
          [[case]]\nline = 'bob x'\nexpect = { user = \"bob\" }\n",
    );
    let output = bench.pxtail(&["test", "p.toml"]);
    assert_eq!(output.code, Some(1));
    let rows = "    n     expected  8\n          found     `7`\n    user  expected  `eve`\n          found     `bob`\n";
    assert!(output.stderr.contains(rows), "{}", output.stderr);
    assert!(output.stderr.contains("p.toml:6: the line must match, but it does not\n    bob x\n"), "{}", output.stderr);
    assert!(output.stderr.contains("^\n    expected "), "{}", output.stderr);
}

#[test]
fn a_line_is_explained_with_and_without_a_configuration() {
    let bench = Bench::new();
    check(
        &bench.pxtail(&["explain", "--pattern", "combined", LINE]),
        0,
        &["pattern `combined`: the line matches\n", "2026-11-23T10:00:00Z"],
    );
    check(&bench.pxtail(&["explain", LINE]), 0, &["the line matches\n", "patterns tried"]);
    check(
        &bench.pxtail(&["explain", "--pattern", "combined", "x"]),
        1,
        &["the line does not match", "^\n    expected "],
    );
    let nothing = bench.pxtail(&["explain"]);
    assert!(nothing.code == Some(2) && nothing.stderr.contains("--file"), "{nothing:?}");
    bench.append("long.log", &vec![b'x'; (1 << 20) + 1]);
    check(&bench.pxtail(&["explain", "--file", "long.log"]), 1, &["the agent drops it"]);
    configured(&bench);
    let explain = |line: &str| bench.pxtail(&["explain", "--config", "pxtail.toml", line]);
    // Whether a line counts hangs on the clock: it is of today.
    let today = jiff::Timestamp::now().strftime("%d/%b/%Y").to_string();
    let (day, line) =
        (jiff::Timestamp::now().strftime("%Y-%m-%d"), LINE.replace("23/Nov/2026:10", &format!("{today}:00")));
    check(
        &explain(&line),
        0,
        &["source `web`\n", "metric `api` counts the line", "user           ada", &format!("the day {day} in UTC")],
    );
    let other = LINE.replace("/api/", "/web/");
    check(
        &explain(&other),
        0,
        &["does not count the line, by its `where`", "`path` must begin with `/api/`; it is `/web/items/7`"],
    );
    check(&explain(&LINE.replace(" ada ", " - ")), 0, &["it has no user: `user` is absent"]);
    check(
        &explain(&format!("{{\"time\":\"{day}T00:00:00Z\",\"user\":\"u\",\"path\":\"/api/\"}}")),
        0,
        &["pattern `json_usage`: the line matches", "counts the line"],
    );
    bench.append("access.log", format!("first\n{line}\n").as_bytes());
    check(
        &bench.pxtail(&["explain", "-c", "pxtail.toml", "--file", "access.log", "--line", "2"]),
        0,
        &["counts the line"],
    );
    let output = bench.pxtail(&["explain", "-c", "pxtail.toml", "--file", "access.log", "--line", "3"]);
    assert!(output.code == Some(1) && output.stderr.contains("has no line 3: it has 2 lines"), "{output:?}");
}

#[test]
fn what_a_line_holds_never_reaches_the_terminal_as_it_is() {
    let bench = Bench::new();
    let output = bench.pxtail(&["explain", "-p", "no\x1b[2Jpe", "x"]);
    assert!(!output.stderr.contains('\x1b') && output.stderr.contains("\\x1b[2J"), "{output:?}");
    for arguments in [&["explain", "\x1b[2Jx"][..], &["explain", "--pattern", "json_usage", "{\"a\":\"\\u001b[2J\"}"]] {
        let output = bench.pxtail(arguments);
        assert!(!output.stdout.contains('\x1b') && output.stdout.contains("\\x1b[2J"), "{output:?}");
    }
}

#[test]
fn the_pattern_of_a_log_is_found_among_the_known() {
    let bench = Bench::new();
    let log: String = (0..50).map(|number| LINE.replace("/7", &format!("/{number}")) + "\n").collect();
    bench.append("access.log", (log + "what is this?\n").as_bytes());
    let output = bench.pxtail(&["learn", "pattern", "access.log"]);
    check(
        &output,
        0,
        &["98.0 %", "does not read 1 line", "    what is this?\n", "    [[source]]\n", "access.log\"]\n"],
    );
    assert!(output.stdout.contains("combined"), "{output:?}");
    assert!(!bench.path("access.toml").exists());
}

#[test]
fn a_log_without_times_is_told_what_to_do() {
    let bench = Bench::new();
    let line = "INFO:     192.0.2.1:52044 - \"GET /api/items/7 HTTP/1.1\" 200 OK\n";
    bench.append("web.log", line.repeat(20).as_bytes());
    let output = bench.pxtail(&["learn", "pattern", "web.log"]);
    check(
        &output,
        0,
        &["uvicorn", "no time was found by `uvicorn`", "pxtail list patterns uvicorn", "unwrap = [\"cri\"]"],
    );
    bench.append("own.log", b"ada in room 7 took=5\nbob in room 9 took=12\n");
    let output = bench.pxtail(&["learn", "pattern", "own.log"]);
    check(&output, 0, &["no time was found by `own`", "under [types]"]);
}

#[test]
fn a_new_pattern_is_written_once_and_passes_its_test() {
    let bench = Bench::new();
    bench.append(
        "app.log",
        b"2026-11-23 10:00:00,1 INFO [w 1] who=ada took=7\n2026-11-23 10:00:02,4 WARN [w 2] who=bob took=12 slow\n",
    );
    check(&bench.pxtail(&["learn", "pattern", "app.log"]), 0, &["wrote app.toml", "nothing uses it yet"]);
    let test = bench.pxtail(&["test", "app.toml"]);
    assert_eq!(test.code, Some(0), "{}\n{}", test.stderr, std::fs::read_to_string(bench.path("app.toml")).unwrap());
    let again = bench.pxtail(&["learn", "pattern", "app.log"]);
    assert!(again.code == Some(1) && again.stderr.contains("nothing is overwritten"), "{again:?}");
    let redacted = bench.pxtail(&["learn", "pattern", "app.log", "--name", "other", "--out", "-", "--redact"]);
    assert!(redacted.stdout.starts_with("# Proposed") && redacted.stderr.contains("made-up"), "{redacted:?}");
}

#[test]
fn formats_are_taken_out_of_a_servers_configuration() {
    let bench = Bench::new();
    let conf = "http {\n  log_format main '$remote_addr [$time_local] '\n    '\"$request\" $status u=\"$http_x_user\"';\n  access_log a.log main;\n}\n";
    bench.append("nginx.conf", conf.as_bytes());
    check(
        &bench.pxtail(&["learn", "pattern", "nginx.conf"]),
        0,
        &["1 log format\n  main (nginx.conf:2, written to a.log)", "wrote main.toml"],
    );
    assert_eq!(bench.pxtail(&["test", "main.toml"]).code, Some(0));
    bench.append("a.log", b"192.0.2.1 [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 u=\"ada\"\n");
    let output = bench.pxtail(&["learn", "pattern", "a.log", "--server-config", "nginx.conf", "--name", "mine"]);
    check(&output, 0, &["100.0 %", "wrote mine.toml", "pattern = \"mine\""]);
    assert_eq!(bench.pxtail(&["test", "mine.toml"]).code, Some(0));
}

#[test]
fn routes_are_learned_from_paths() {
    let bench = Bench::new();
    let log: String = (0..50).map(|number| LINE.replace("/7", &format!("/{number}")) + "\n").collect();
    bench.append("access.log", log.as_bytes());
    let output = bench.pxtail(&["learn", "routes", "--pattern", "combined", "access.log"]);
    check(&output, 0, &["path = \"/api/items/{id}\"", "# 50 lines, 100.0 %", "methods = [\"GET\"]"]);
    configured(&bench);
    check(&bench.pxtail(&["learn", "routes", "--config", "pxtail.toml", "access.log"]), 0, &["/api/items/{id}"]);
}

/// The file is written anew with `PXTAIL_WRITE_SHOWN=1`: read what changed before it is kept.
#[test]
fn what_the_tools_say_is_as_somebody_read_it() {
    let bench = Bench::new();
    bench.append(
        "own.toml",
        b"# A comment.\nname = \"own\"\nabout = \"Lines of ours\"\nregex = '(?<user>\\w+) (?<n>\\d+)'\n[types]\n\
          n = \"integer\"\n[[case]]\nline = 'bob 7'\nexpect = { user = \"eve\", n = 8 }\n[[case]]\nline = 'bob x'\n\
          expect = { user = \"bob\" }\n",
    );
    bench.append("app.log", b"[10:00] <ada> 7 of 9\n[10:01] <bob> 12 of 100\n");
    let log: String = (0..50).map(|number| LINE.replace("/7", &format!("/{number}")) + "\n").collect();
    bench.append("access.log", log.as_bytes());
    let mut text = String::new();
    for line in [
        "test own.toml",
        "explain --pattern own.toml|bob 7",
        "explain --pattern own.toml|bob x",
        "explain --pattern combined --file access.log --line 50",
        "learn pattern app.log",
        "test app.toml",
        "learn routes --pattern combined access.log",
        "list patterns combind",
    ] {
        let (words, last) = line.split_once('|').unwrap_or((line, ""));
        let arguments: Vec<&str> = words.split(' ').chain(Some(last).filter(|last| !last.is_empty())).collect();
        let Output { code, stdout, stderr } = bench.pxtail(&arguments);
        let code = code.unwrap_or(-1);
        // Writing into a String cannot fail.
        let _ = writeln!(text, "$ pxtail {}\n{stdout}{stderr}exit code {code}\n", arguments.join(" "));
    }
    let directory = bench.path("app.log").with_file_name("").canonicalize().unwrap();
    text = text.replace(directory.to_str().unwrap(), "$DIR");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/shown.txt");
    if std::env::var_os("PXTAIL_WRITE_SHOWN").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(file).unwrap_or_default());
}
