//! The agent under the demo: this same program as a child process.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::DemoError;
use super::script::Script;
use crate::sandbox::API_KEY;

/// A TERM is answered within 5 s; a little more on a busy machine.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// Runs, kills and starts the agent again.
pub struct DemoAgent {
    config: PathBuf,
    log: PathBuf,
    child: Option<Child>,
    kills: u32,
}

impl DemoAgent {
    /// Writes the configuration, as a user would.
    pub fn new(directory: &Path, base_url: &str, product_key: &str, script: &Script) -> Result<Self, DemoError> {
        let key = directory.join("api-key");
        OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&key)?
            .write_all(API_KEY.as_bytes())?;
        let config = directory.join("pxtail.toml");
        std::fs::write(&config, script.configuration(directory, &key, base_url, product_key))?;
        Ok(Self { config, log: directory.join("agent.log"), child: None, kills: 0 })
    }

    pub fn start(&mut self) -> Result<(), DemoError> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let child = Command::new(std::env::current_exe()?)
            .args(["run", "--log", "info", "--config"])
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    /// SIGKILL: no goodbye, nothing flushed.
    pub fn kill(&mut self) -> Result<(), DemoError> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
            self.kills += 1;
        }
        Ok(())
    }

    /// TERM, as systemd stops it.
    pub fn stop(&mut self) -> Result<(), DemoError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM).map_err(io::Error::from)?;
        }
        let asked = Instant::now();
        while child.try_wait()?.is_none() {
            if asked.elapsed() > STOP_PATIENCE {
                child.kill()?;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// An agent that ends by itself is a failure of the demo.
    pub fn check(&mut self) -> Result<(), DemoError> {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            self.child = None;
            return Err(DemoError::AgentEnded { status, log: self.log() });
        }
        Ok(())
    }

    pub const fn is_running(&self) -> bool {
        self.child.is_some()
    }

    pub const fn kills(&self) -> u32 {
        self.kills
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for DemoAgent {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
