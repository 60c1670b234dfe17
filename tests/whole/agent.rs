//! A `pxtail run` under test: its directory, its configuration, its process.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use pxtail::sandbox::{API_KEY, Limits, PRODUCT_KEY, Sandbox, SandboxSettings};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Counts lines and bytes per client and day; seals a second after the day, late lines soon after they came.
pub const HITS_METRIC: &str = r#"
[[metric]]
name = "hits"
sources = ["web"]
event = "Hits"
time_zone = "UTC"
grace = "1s"
late_every = "200ms"
user = "{client}"
[metric.measures]
lines = "count"
numbers = { sum = "bytes" }
"#;

/// A directory on a real disk with everything that an agent needs.
pub struct Bench {
    pub directory: TempDir,
    pub sandbox: Sandbox,
}

impl Bench {
    pub fn new() -> Self {
        let sandbox = SandboxSettings { limits: Limits::unpaced(), ..SandboxSettings::default() };
        let sandbox = Sandbox::start_blocking(sandbox).unwrap();
        let directory = tempfile::Builder::new().prefix("whole-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let bench = Self { directory, sandbox };
        bench.write_key(API_KEY);
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write_key(&self, key: &str) {
        let path = self.path("api-key");
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(true).mode(0o600);
        options.open(path).unwrap().write_all(key.as_bytes()).unwrap();
    }

    /// The parts that every test needs, then `rest`.
    pub fn write_config(&self, push: &str, rest: &str) -> PathBuf {
        let directory = self.directory.path().display();
        let text = format!(
            r#"[agent]
state_dir = "{directory}/state"
commit_interval = "100ms"
[px]
base_url = "{}"
product_key = "{PRODUCT_KEY}"
api_key_file = "{directory}/api-key"
requests_per_second = 5000
requests_per_day = 1_000_000
request_timeout = "1s"
[push]
concurrency = 8
settle_wait = "1s"
{push}
{}"#,
            self.sandbox.base_url(),
            rest.replace("$DIR", &directory.to_string())
        );
        let path = self.path("pxtail.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn start(&self) -> Agent {
        Agent::start(&self.path("pxtail.toml"), &self.path("agent.log"))
    }

    /// Runs a verb to its end.
    pub fn pxtail(&self, arguments: &[&str]) -> Output {
        let output = binary().args(arguments).current_dir(self.directory.path()).output().unwrap();
        Output {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn append(&self, name: &str, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(bytes).unwrap();
    }

    /// Waits until `done`; says what the agent logged when it takes too long.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let began = Instant::now();
        while !done() {
            let log = std::fs::read_to_string(self.path("agent.log")).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}; the agent said:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What a verb said.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pxtail"));
    command
        .env_remove("PXTAIL_PX_API_KEY")
        .env_remove("CREDENTIALS_DIRECTORY")
        .env_remove("PXTAIL_LOG")
        .stdin(Stdio::null());
    command
}

/// A running agent. Killed when dropped.
pub struct Agent {
    child: Child,
    pub log: PathBuf,
}

impl Agent {
    pub fn start(config: &Path, log: &Path) -> Self {
        let stderr = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = binary();
        let child = command.arg("run").arg("--config").arg(config).stderr(stderr).spawn().unwrap();
        Self { child, log: log.to_owned() }
    }

    /// Without root's right to read everything, where the tests run as root: setpriv takes it away.
    pub fn start_as_anybody(config: &Path, log: &Path) -> Self {
        let stderr = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = binary();
        if rustix::process::geteuid().is_root() {
            let rights = "-dac_override,-dac_read_search";
            let mut limited = Command::new("setpriv");
            limited.args(["--bounding-set", rights, "--inh-caps", rights, "--", env!("CARGO_BIN_EXE_pxtail")]);
            command = limited;
        }
        let child = command.arg("run").arg("--config").arg(config).stdin(Stdio::null()).stderr(stderr).spawn();
        Self { child: child.unwrap(), log: log.to_owned() }
    }

    /// A child that was started in another way.
    pub fn adopt(child: Child, log: &Path) -> Self {
        Self { child, log: log.to_owned() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "it ended by itself: {status}; it said:\n{}", self.said());
    }

    /// TERM; gives the exit status and how long it took.
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status, asked.elapsed())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
