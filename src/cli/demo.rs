//! `pxtail demo`

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::arguments::DemoArguments;
use super::{FAILED, Failure, say};
use crate::agent::signals;
use crate::demo::{self, DemoError, DemoSettings, Progress};

/// Where nobody looks at a terminal, one line now and then is enough.
const QUIET_EVERY: Duration = Duration::from_secs(3);

pub fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    let DemoArguments { exit, users, lines, seed } = *arguments;
    let mut screen = Screen { said: None, terminal: io::stderr().is_terminal() };
    let stop = signals::watch(|| {}).map_err(Failure::from)?;
    let finished = demo::run(&DemoSettings { users, lines, seed }, &stop, |progress| screen.show(progress))
        .map_err(|err: DemoError| Failure::new(FAILED, err.to_string()))?;
    screen.clear();
    io::stdout().write_all(finished.table().as_bytes())?;
    if !finished.comparison.agrees() {
        return Err(Failure::new(FAILED, format!("what the agent said:\n{}", finished.comparison.agent_log)));
    }
    if !exit {
        say(&format!("\nWhat arrived: http://{}/ (stop with Ctrl-C)", finished.sandbox.address()));
        while !stop.is_set() {
            std::thread::sleep(STOP_CHECK);
        }
    }
    Ok(())
}

/// How soon Ctrl-C is seen while the local PX is there to be looked at.
const STOP_CHECK: Duration = Duration::from_millis(100);

struct Screen {
    said: Option<Instant>,
    terminal: bool,
}

impl Screen {
    fn show(&mut self, progress: &Progress) {
        let mut out = io::stderr().lock();
        // The screen is a courtesy: the demo goes on without it.
        if self.terminal {
            let _ = write!(out, "\r\x1b[2K{}", progress.line());
            let _ = out.flush();
        } else if self.said.is_none_or(|said| said.elapsed() >= QUIET_EVERY) {
            let _ = writeln!(out, "{}", progress.line());
            self.said = Some(Instant::now());
        }
    }

    fn clear(&self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}
