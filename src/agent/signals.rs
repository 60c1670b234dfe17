//! TERM and INT stop the agent; HUP is answered.
//!
//! Promises: a second TERM does nothing more; the first is never lost. Does not: stop anything itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::signal::unix::{SignalKind, signal};

use super::AgentError;
use crate::tail::wake::Poker;

/// Whether the agent was asked to stop.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Signals, watched once in a process, for one run after another.
#[derive(Debug, Default)]
pub struct Stopping {
    flag: Option<StopFlag>,
    poker: Arc<Mutex<Option<Poker>>>,
}

impl Stopping {
    /// The flag; `poker` is poked when it is set, and no other one any more.
    pub fn watch(&mut self, poker: Poker) -> Result<StopFlag, AgentError> {
        *self.poker.lock().unwrap_or_else(PoisonError::into_inner) = Some(poker);
        if let Some(flag) = &self.flag {
            return Ok(flag.clone());
        }
        let poker = Arc::clone(&self.poker);
        let on_stop = move || poker.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Poker::poke);
        Ok(self.flag.insert(watch(on_stop)?).clone())
    }
}

/// Watches signals on a thread of its own for the life of the process. `on_stop` is called when one asks to stop.
pub fn watch(on_stop: impl Fn() + Send + 'static) -> Result<StopFlag, AgentError> {
    let flag = StopFlag::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AgentError::Thread)?;
    let (mut terminate, mut interrupt, mut hang_up) = {
        let _guard = runtime.enter();
        let watch = |kind| signal(kind).map_err(AgentError::Signals);
        (watch(SignalKind::terminate())?, watch(SignalKind::interrupt())?, watch(SignalKind::hangup())?)
    };
    let stop = flag.clone();
    let listen = async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hang_up.recv() => {
                    tracing::warn!("HUP: this version does not reload; restart it to use a changed configuration");
                    continue;
                }
            }
            stop.set();
            on_stop();
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(listen))
        .map_err(AgentError::Thread)?;
    Ok(flag)
}
