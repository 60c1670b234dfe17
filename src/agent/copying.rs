//! Copies of the ledger, made now and then on a thread of their own.
//!
//! Promises: counting does not wait for one; at most a thousandth of the time goes into them. Does not: stop for a copy that
//! cannot be made: it says so, and tries again.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::ledger::LedgerError;
use crate::ledger::copies::{self, Copied};
use crate::model::time::UnixMicros;

/// After a copy that took long, the next one waits so many times as long.
const SHARE: u32 = 1_000;

/// The first copy comes soon: until there is one, all that is counted hangs on one file.
const FIRST: Duration = Duration::from_secs(60);

/// When the next copy is due, and the one that is being made.
#[derive(Debug)]
pub struct Copying {
    ledger: PathBuf,
    every: Duration,
    due: Instant,
    making: Option<(Instant, JoinHandle<Result<Copied, LedgerError>>)>,
    /// Why the last one could not be made, as it was said.
    trouble: Option<String>,
}

impl Copying {
    pub fn new(ledger: &Path, every: Duration, now: UnixMicros) -> Self {
        let age = copies::newest_made(ledger).map(|made| now.since(made));
        let wait = age.map_or(Duration::ZERO, |age| every.saturating_sub(age)).max(FIRST.min(every));
        Self { ledger: ledger.to_owned(), every, due: Instant::now() + wait, making: None, trouble: None }
    }

    /// Begins a copy that is due, and ends one that is made. The error is damage that it met.
    pub fn tend(&mut self) -> Result<(), LedgerError> {
        if self.making.as_ref().is_some_and(|(_, thread)| thread.is_finished()) {
            return self.made();
        }
        if self.making.is_none() && Instant::now() >= self.due {
            self.due = Instant::now() + self.every;
            if copies::is_outdated(&self.ledger) {
                let path = self.ledger.clone();
                let thread = std::thread::Builder::new().name("copy".to_owned()).spawn(move || copies::make(&path));
                // Without a thread, the next one may get one.
                self.making = thread.ok().map(|thread| (Instant::now(), thread));
            }
        }
        Ok(())
    }

    fn made(&mut self) -> Result<(), LedgerError> {
        let Some((began, thread)) = self.making.take() else { return Ok(()) };
        let took = began.elapsed();
        self.due = Instant::now() + self.every.max(took * SHARE);
        let Ok(copied) = thread.join() else { return Ok(()) };
        match copied {
            Ok(Copied { bytes }) => {
                tracing::debug!("the ledger was copied: {bytes} bytes in {} ms", took.as_millis());
                self.trouble = None;
            }
            Err(err) if err.is_damage() => return Err(err),
            Err(err) => {
                let text = err.to_string();
                if self.trouble.as_ref() != Some(&text) {
                    tracing::warn!("{text}");
                    self.trouble = Some(text);
                }
            }
        }
        Ok(())
    }
}
