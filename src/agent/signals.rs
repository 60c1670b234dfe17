//! TERM and INT stop the agent; HUP is answered.
//!
//! Promises: a second TERM does nothing more; the first is never lost. Does not: stop anything itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use super::AgentError;

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
