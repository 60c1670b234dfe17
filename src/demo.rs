//! The main job on one screen: a local PX, generated traffic and the real agent.
//!
//! Promises: the agent is this same program, run as `pxtail run` with a configuration file; the truth comes from the
//! generator and PX's side from the local PX, neither from the agent. Everything is in a temporary directory and on
//! loopback. Does not: spare the agent: logs are rotated under it, it is killed with SIGKILL, lines come late.

mod agent;
mod books;
mod script;
mod show;
pub mod traffic;

use std::io;
use std::time::{Duration, Instant};

use crate::agent::signals::StopFlag;
use crate::sandbox::{Limits, PRODUCT_KEY, Sandbox, SandboxError, SandboxSettings};

use self::agent::DemoAgent;
pub use self::books::Comparison;
use self::books::Truth;
use self::script::{Script, Stage};

/// How the demo runs.
#[derive(Clone, Copy, Debug)]
pub struct DemoSettings {
    pub users: u32,
    /// Late lines come on top.
    pub lines: u64,
    pub seed: u64,
}

/// Why the demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the local PX cannot start: {0}")]
    Sandbox(#[from] SandboxError),
    #[error(
        "the demo's directory cannot be used: {0}\nhelp: it is made in the temporary directory; TMPDIR names another"
    )]
    Directory(#[from] io::Error),
    #[error("the agent ended by itself ({status}); what it said:\n{log}")]
    AgentEnded { status: std::process::ExitStatus, log: String },
    #[error("stopped")]
    Stopped,
    #[error("today's date cannot be reckoned in the demo's time zone: {0}")]
    Calendar(#[from] jiff::Error),
}

/// A demo that has come to its end: the local PX still runs.
pub struct Finished {
    pub comparison: Comparison,
    pub sandbox: Sandbox,
    pub took: Duration,
}

/// Nothing new has come to PX for so long although something is missing: it will not come.
const PATIENCE: Duration = Duration::from_secs(45);

/// Between two steps of the generator.
const STEP: Duration = Duration::from_millis(50);

/// Runs the whole of it. `progress` gets the state of things about each tenth of a second.
pub fn run(
    settings: &DemoSettings,
    stop: &StopFlag,
    mut progress: impl FnMut(&Progress),
) -> Result<Finished, DemoError> {
    let began = Instant::now();
    let directory = tempfile::Builder::new().prefix("pxtail-demo-").tempdir()?;
    let sandbox = Sandbox::start_blocking(SandboxSettings { limits: Limits::unpaced(), ..SandboxSettings::default() })?;
    let mut truth = Truth::default();
    let mut script = Script::new(settings, directory.path())?;
    script.write_history(&mut truth)?;
    let mut agent = DemoAgent::new(directory.path(), &sandbox.base_url(), PRODUCT_KEY, &script)?;
    agent.start()?;
    let mut state = Progress::default();
    while script.stage() != Stage::Written {
        script.step(&mut truth, &mut agent, &sandbox)?;
        agent.check()?;
        report(&mut state, &script, &agent, &sandbox);
        progress(&state);
        pause(stop)?;
    }
    wait_for_agreement(&truth, &sandbox, &mut agent, stop, |agent| {
        report(&mut state, &script, agent, &sandbox);
        progress(&state);
    })?;
    agent.stop()?;
    let comparison = Comparison::new(&truth, &sandbox, &script, &agent);
    Ok(Finished { comparison, sandbox, took: began.elapsed() })
}

/// Waits until PX holds what was written, or until it is clear that it never will.
fn wait_for_agreement(
    truth: &Truth,
    sandbox: &Sandbox,
    agent: &mut DemoAgent,
    stop: &StopFlag,
    mut progress: impl FnMut(&DemoAgent),
) -> Result<(), DemoError> {
    let (mut events, mut moved) = (sandbox.event_count(), Instant::now());
    loop {
        agent.check()?;
        progress(agent);
        if truth.agrees_with(sandbox) || moved.elapsed() > PATIENCE {
            return Ok(());
        }
        let now = sandbox.event_count();
        if now != events {
            (events, moved) = (now, Instant::now());
        }
        pause(stop)?;
    }
}

/// A demo that is stopped cleans up after itself: its directory and its agent go as their owners are dropped.
fn pause(stop: &StopFlag) -> Result<(), DemoError> {
    std::thread::sleep(STEP);
    if stop.is_set() { Err(DemoError::Stopped) } else { Ok(()) }
}

/// Where things stand, for the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub stage: &'static str,
    pub lines: u64,
    pub rotations: u32,
    pub kills: u32,
    pub events: usize,
}

fn report(state: &mut Progress, script: &Script, agent: &DemoAgent, sandbox: &Sandbox) {
    *state = Progress {
        stage: script.stage().words(),
        lines: script.lines(),
        rotations: script.rotations(),
        kills: agent.kills(),
        events: sandbox.event_count(),
    };
}
