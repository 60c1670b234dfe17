//! The agent under test: its directory, its configuration, its process, and what file events it gets.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::ground::Scenario;

/// What becomes of file events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hints {
    On,
    Off,
    /// The kernel gives so many inotify instances.
    Instances(u32),
    /// The kernel watches so many directories.
    Watches(u32),
    /// The kernel's queue runs over now and then.
    Overflowing,
}

impl Hints {
    fn wake(self) -> &'static str {
        if self == Self::Off { "poll" } else { "linemux" }
    }

    /// A program that runs its arguments under this limit. The limits of a user namespace need no privilege.
    fn command(self) -> Command {
        let (limit, value) = match self {
            Self::Instances(most) => ("max_inotify_instances", most),
            Self::Watches(most) => ("max_inotify_watches", most),
            _ => return Command::new(env!("CARGO_BIN_EXE_pxtail")),
        };
        let script = format!("echo {value} > /proc/sys/user/{limit} && exec \"$0\" \"$@\"");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", &script, env!("CARGO_BIN_EXE_pxtail")]);
        command
    }

    /// What the agent says then.
    pub const fn expected_word(self) -> &'static str {
        match self {
            Self::Watches(0) => "no file events, all is polled: OS file watch limit reached",
            Self::Instances(0) => "no file events, all is polled: Too many open files",
            // With some watches, it is the machine's whether the limit is met, or too many events are before.
            _ => "",
        }
    }

    /// False where this machine does not allow what the limit needs.
    pub fn are_possible(self) -> bool {
        match self {
            Self::Instances(_) | Self::Watches(_) => {
                self.command().arg("--version").output().is_ok_and(|output| output.status.success())
            }
            _ => true,
        }
    }
}

/// A directory on a real disk with everything that an agent needs.
pub struct Bench {
    directory: TempDir,
    hints: Hints,
    /// Between two polls; between two scans twice that.
    pub timer: Duration,
}

impl Bench {
    pub fn new(hints: Hints) -> Self {
        let directory = tempfile::Builder::new().prefix("rotation-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut key = OpenOptions::new();
        let mut key = key.create(true).write(true).mode(0o600).open(directory.path().join("api-key")).unwrap();
        key.write_all(b"none").unwrap();
        Self { directory, hints, timer: Duration::from_millis(50) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// Leaves the directory where it is, for who looks for what went wrong.
    pub fn keep(self) -> PathBuf {
        self.directory.keep()
    }

    /// One source and one metric for each scenario: a scenario whose files are not complete holds back no other.
    pub fn configure<'a>(&self, scenarios: impl Iterator<Item = (&'a Scenario, &'a Path)>) {
        let directory = self.directory.path().display();
        let mut text = format!(
            r#"[agent]
state_dir = "{directory}/state"
commit_interval = "100ms"
[px]
base_url = "http://127.0.0.1:9"
product_key = "AP-NONE-2"
api_key_file = "{directory}/api-key"
[push]
hold = true
[tail]
wake = "{}"
poll_interval = "{}ms"
scan_interval = "{}ms"
rotated_grace = "1s"
"#,
            self.hints.wake(),
            self.timer.as_millis(),
            2 * self.timer.as_millis(),
        );
        for (scenario, directory) in scenarios {
            text += &source(scenario, directory);
        }
        std::fs::write(self.path("pxtail.toml"), text).unwrap();
    }

    pub fn start(&self) -> Agent {
        self.run(self.hints.command())
    }

    /// In the user and mount namespaces of a process.
    pub fn start_inside(&self, process: u32) -> Agent {
        let mut command = Command::new("nsenter");
        command.args(["--user", "--mount", "--preserve-credentials", "--target", &process.to_string()]);
        command.arg(env!("CARGO_BIN_EXE_pxtail"));
        self.run(command)
    }

    fn run(&self, mut command: Command) -> Agent {
        let log = OpenOptions::new().create(true).append(true).open(self.path("agent.log")).unwrap();
        command.env_remove("PXTAIL_PX_API_KEY").env_remove("CREDENTIALS_DIRECTORY").stdin(Stdio::null()).stderr(log);
        let child = command.arg("run").arg("--config").arg(self.path("pxtail.toml")).spawn().unwrap();
        Agent { child, socket: self.state().join("pxtail.sock") }
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(self.path("agent.log")).unwrap_or_default()
    }
}

fn source(scenario: &Scenario, directory: &Path) -> String {
    let paths: Vec<PathBuf> = scenario.paths.iter().map(|path| directory.join(path)).collect();
    let name = scenario.name;
    format!(
        r#"
[[source]]
name = "{name}"
paths = {paths:?}
pattern = "json_usage"
unwrap = {:?}
[[metric]]
name = "{name}"
sources = ["{name}"]
event = "Lines"
time_zone = "UTC"
grace = "1s"
late_every = "300ms"
user = "{{user}}"
[metric.measures]
marks = {{ sum = "bytes" }}
"#,
        scenario.form.wrappers()
    )
}

/// A running agent. Killed when dropped.
pub struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        crate::ground::run("kill", &["-s", name, &self.child.id().to_string()]);
    }

    /// Waits until it listens: before, a TERM would just kill it.
    fn await_listening(&mut self) {
        while UnixStream::connect(&self.socket).is_err() {
            assert_eq!(self.child.try_wait().unwrap(), None, "it ended by itself");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// TERM, and waits for its end.
    #[track_caller]
    pub fn stop(mut self) {
        self.await_listening();
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
