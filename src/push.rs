//! The outbox to PX: pace, retries, unknown outcomes.
//!
//! Promises: an event is sent only after its attempt was written down, only 201 counts as sent, and an attempt whose
//! outcome is unknown is looked up in PX before it is ever repeated. Does not: count, seal, or change an event's bytes.

pub mod answer;
mod drive;
mod gate;
pub mod http;
pub mod inquiry;
pub mod key;
pub mod machine;
#[cfg(test)]
mod memory;
pub mod observe;
pub mod outbox;
mod pace;
pub mod settings;
mod settle;
pub mod wire;

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::time::Clock;

use drive::Driver;
use http::HttpTransport;
use key::KeyRing;
use machine::Pusher;

pub use observe::{NoObserver, PushObserver};
pub use outbox::Outbox;
pub use settings::PushSettings;

/// Push cannot start. Everything that may pass by itself (network, key, disk) is not here: it is waited out.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error(
        "base_url `{base_url}` is not one to send to: {reason}\nhelp: use https://…, or http:// to a loopback address for the sandbox"
    )]
    BaseUrl { base_url: String, reason: String },
    #[error("ca_file `{path}` could not be used\nhelp: give a readable file of certificates in PEM")]
    CaFile {
        path: std::path::PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the HTTP client could not be set up")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends what the outbox holds until `stop` turns true; then ends within 5 s. Requests that are still under way then stay
/// in state Sending.
pub async fn run(
    outbox: impl Outbox,
    settings: PushSettings,
    clock: Arc<dyn Clock>,
    stop: watch::Receiver<bool>,
    observer: Arc<dyn PushObserver>,
) -> Result<(), PushError> {
    let transport = HttpTransport::new(&settings)?;
    let keys = KeyRing::new(settings.api_key.clone(), |name: &str| std::env::var_os(name));
    let pusher = Pusher::new(outbox, settings, observer, fastrand::Rng::new());
    Driver::new(pusher, transport, keys, clock).run(stop).await;
    Ok(())
}

#[cfg(test)]
mod tests;
