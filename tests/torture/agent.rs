//! The agent under torture: its configuration, its processes, and what they cost.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::line;
use crate::settings::Choices;

/// Clock ticks a second in `/proc/PID/stat`: 100 on every Linux since 2.6, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

/// Longer than a start takes on a busy machine.
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// States of files of which nothing more is expected, as the status names them.
const AT_REST: [&str; 6] = ["caught_up", "finished", "copy", "foreign", "destroyed", "set_aside"];

/// A directory with everything that an agent needs, and the agents that ran there.
pub struct Host {
    directory: PathBuf,
    delays: String,
    running: Option<Child>,
    pub kills: u64,
    pub cpu_seconds: f64,
}

impl Host {
    pub fn new(directory: &Path, choices: &Choices, grace: Duration) -> Self {
        std::fs::create_dir(directory.join("logs")).unwrap();
        std::fs::create_dir(directory.join("patterns.d")).unwrap();
        std::fs::write(directory.join("patterns.d/torture.toml"), line::PATTERN).unwrap();
        let mut options = OpenOptions::new();
        options.create(true).write(true).mode(0o600);
        options.open(directory.join("api-key")).unwrap().write_all(b"unused").unwrap();
        std::fs::write(directory.join("pxtail.toml"), config(directory, choices, grace)).unwrap();
        let delays = choices.delays.clone();
        Self { directory: directory.to_owned(), delays, running: None, kills: 0, cpu_seconds: 0.0 }
    }

    /// Agents that are started from now on have no delays.
    pub fn end_delays(&mut self) {
        self.delays.clear();
    }

    pub fn start(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.directory.join("agent.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pxtail"));
        command.env_remove("PXTAIL_PX_API_KEY").env_remove("CREDENTIALS_DIRECTORY").env_remove("PXTAIL_LOG");
        if !self.delays.is_empty() {
            command.env("PXTAIL_TEST_DELAYS", &self.delays);
        }
        command.arg("run").arg("--config").arg(self.directory.join("pxtail.toml"));
        self.running = Some(command.stdin(Stdio::null()).stderr(log).spawn().unwrap());
    }

    /// SIGKILL, wherever it is.
    pub fn kill(&mut self) {
        let mut child = self.running.take().unwrap();
        child.kill().unwrap();
        self.book(&child);
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "it ended by itself: {status}; it said:\n{}", self.said());
        self.kills += 1;
    }

    /// To the running agent.
    pub fn signal(&self, name: &str) {
        let id = self.running.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// False when it ended by itself.
    pub fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// What `pxtail status` says of it.
    pub fn status(&self, form: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pxtail"));
        let output =
            command.args(["status", form, "--config"]).arg(self.directory.join("pxtail.toml")).output().unwrap();
        String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr }).into_owned()
    }

    /// True when every file is read to its end, by what the agent itself says.
    pub fn is_at_rest(&self) -> bool {
        let Ok(status) = serde_json::from_str::<Value>(&self.status("--json")) else { return false };
        let kinds = status["sources"][0]["files"]["states"].as_object();
        kinds.is_some_and(|kinds| {
            kinds.iter().all(|(state, files)| files.as_u64() == Some(0) || AT_REST.contains(&state.as_str()))
        })
    }

    /// Before it listens, a TERM would just kill it.
    fn await_listening(&mut self) {
        let began = Instant::now();
        while UnixStream::connect(self.directory.join("state/pxtail.sock")).is_err() {
            let is_starting = self.is_running() && began.elapsed() < STARTED_WITHIN;
            assert!(is_starting, "it does not start; it said:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// TERM.
    pub fn stop(&mut self) {
        self.await_listening();
        self.signal("TERM");
        let mut child = self.running.take().unwrap();
        self.book(&child);
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}; it said:\n{}", self.said());
    }

    fn book(&mut self, child: &Child) {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        // The name in parentheses may hold anything; user and system time are the 12th and 13th after it.
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks: f64 = after.split_whitespace().skip(11).take(2).map(|text| text.parse::<f64>().unwrap()).sum();
        self.cpu_seconds += ticks / TICKS;
    }

    /// The end of what the agents logged.
    pub fn said(&self) -> String {
        let log = std::fs::read(self.directory.join("agent.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(child) = &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Nothing is sent: the events stay in the outbox, where they are looked at.
fn config(directory: &Path, choices: &Choices, grace: Duration) -> String {
    let directory = directory.display();
    let Choices { glob, wake, scan_interval, commit_interval, .. } = choices;
    let rotated_grace = choices.rotated_grace.as_millis();
    let metric = |name: &str, rest: &str| {
        format!(
            "[[metric]]\nname = \"{name}\"\nsources = [\"app\"]\nevent = \"{name}\"\ntime_zone = \"UTC\"\n\
             grace = \"{}ms\"\nlate_every = \"500ms\"\nmax_groups = 10_000_000\n{rest}",
            grace.as_millis()
        )
    };
    let blocks = "user = \"{block}\"\n[metric.measures]\nlines = \"count\"\nlow = { sum = \"low\" }\nhigh = { sum = \"high\" }\n";
    let people = "user = \"{user}\"\naccount = \"{account}\"\n[metric.measures]\nlines = \"count\"\nnumbers = { sum = \"number\" }\n";
    format!(
        r#"[agent]
state_dir = "{directory}/state"
commit_interval = "{commit_interval}"
[px]
base_url = "http://127.0.0.1:9/v1"
product_key = "AP-TORTURE-1"
api_key_file = "{directory}/api-key"
[push]
hold = true
outbox_max_events = 100_000_000
[tail]
wake = "{wake}"
scan_interval = "{scan_interval}"
rotated_grace = "{rotated_grace}ms"
[[source]]
name = "app"
paths = ["{directory}/logs/{glob}"]
pattern = "torture"
{}{}"#,
        metric(crate::counted::BLOCKS, blocks),
        metric(crate::counted::PEOPLE, people)
    )
}
