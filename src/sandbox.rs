//! A local PX: the contract's calls with its validation, limits and faults, over real HTTP.
//!
//! Promises: it is strict where the contract speaks, unfriendly where the contract is silent, and keeps what it answered
//! 201 to, as often as it was sent: it is the judge of what an agent delivered. Every refusal is counted by reason.
//! Does not: share code with the agent's own push, keep anything on disk, or send data anywhere.
//!
//! Beside the calls under `/v1` it has a desk of its own: `/` is a page that shows what arrived; `/sandbox/events`
//! (`?summary=1`, `?from=…&limit=…`), `/sandbox/requests`, `/sandbox/users`, `/sandbox/attributes` and
//! `/sandbox/faults` show and change what it holds; a POST to `/sandbox/reset` empties it.

mod attributes;
mod books;
mod calls;
mod connection;
mod desk;
mod event;
mod faults;
mod filter;
mod json;
mod limits;
mod profiles;
mod query;
mod refusal;
mod serve;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use self::attributes::{Attribute, AttributeState, AttributeType, Model, Origin};
pub use self::books::{Oddities, RequestNote, Total, TotalKey};
pub use self::event::StoredEvent;
pub use self::faults::{Ending, FaultAction, FaultRule, FaultScript, Processing, ReadLag, ScriptedAnswer};
pub use self::limits::{Limits, OverUserDay};
pub use self::refusal::Reason;

use self::books::Books;
use self::connection::ControlledListener;
use self::faults::FaultMachine;
use crate::model::time::{Clock, SystemClock};

/// The key of the default settings that may read and write.
pub const API_KEY: &str = "sandbox-key";
/// The key of the default settings that may only read.
pub const READ_ONLY_API_KEY: &str = "sandbox-read-key";
/// The product key of the default settings.
pub const PRODUCT_KEY: &str = "AP-SANDBOX00000-2";

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permissions {
    ReadWrite,
    Read,
    Write,
}

impl Permissions {
    const fn can_read(self) -> bool {
        matches!(self, Self::ReadWrite | Self::Read)
    }

    const fn can_write(self) -> bool {
        matches!(self, Self::ReadWrite | Self::Write)
    }
}

/// An API key of the subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub key: String,
    pub permissions: Permissions,
}

/// Which addresses the sandbox may listen at. It has no protection of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposure {
    #[default]
    LoopbackOnly,
    AnyAddress,
}

/// How a sandbox is set up.
#[derive(Clone)]
pub struct SandboxSettings {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    pub exposure: Exposure,
    pub api_keys: Vec<ApiKey>,
    pub product_keys: Vec<String>,
    /// The subscription's time zone, by its IANA name.
    pub time_zone: String,
    pub limits: Limits,
    pub faults: FaultScript,
    /// Where the random choices of faults begin.
    pub seed: u64,
    pub clock: Arc<dyn Clock>,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        let key = |key: &str, permissions| ApiKey { key: key.to_owned(), permissions };
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            exposure: Exposure::LoopbackOnly,
            api_keys: vec![key(API_KEY, Permissions::ReadWrite), key(READ_ONLY_API_KEY, Permissions::Read)],
            product_keys: vec![PRODUCT_KEY.to_owned()],
            time_zone: "UTC".to_owned(),
            limits: Limits::default(),
            faults: FaultScript::default(),
            seed: 1,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why a sandbox did not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error(
        "sandbox: `{0}` is not a loopback address\nhelp: listen at 127.0.0.1 or [::1]; other addresses only when told so"
    )]
    NotLoopback(SocketAddr),
    #[error("sandbox: `{name}` is not a time zone\nhelp: use an IANA name such as `Europe/Paris`")]
    TimeZone {
        name: String,
        #[source]
        source: jiff::Error,
    },
    #[error("sandbox: faults: {0}\nhelp: correct the script, or leave it out for a server without faults")]
    Faults(String),
    #[error("sandbox: cannot listen at `{address}`: {source}\nhelp: take another address, or port 0 for any free port")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("sandbox: cannot start its thread or runtime: {0}\nhelp: look at the limits on threads and open files")]
    Runtime(#[source] std::io::Error),
    #[error("sandbox: the signal to end cannot be waited for: {0}\nhelp: start it in the foreground of a terminal")]
    Signal(#[source] std::io::Error),
}

/// What the server's tasks and the handle have in common.
struct Shared {
    settings: SandboxSettings,
    time_zone: TimeZone,
    /// Locked before `faults` where both are held.
    books: Mutex<Books>,
    faults: Mutex<FaultMachine>,
    /// Woken when an event is stored.
    stored: Condvar,
}

impl Shared {
    fn new(settings: SandboxSettings) -> Result<Self, SandboxError> {
        if settings.exposure == Exposure::LoopbackOnly && !settings.listen.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(settings.listen));
        }
        settings.faults.check().map_err(SandboxError::Faults)?;
        let time_zone = TimeZone::get(&settings.time_zone)
            .map_err(|source| SandboxError::TimeZone { name: settings.time_zone.clone(), source })?;
        let faults = Mutex::new(FaultMachine::new(settings.faults.clone(), settings.seed));
        Ok(Self { settings, time_zone, books: Mutex::default(), faults, stored: Condvar::new() })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, FaultMachine> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running sandbox. It ends when the handle is dropped.
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// `None` while the sandbox is down.
    server: Option<Server>,
}

/// A server under way; it ends when this is dropped.
struct Server {
    stop: watch::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(());
        if let Some(thread) = self.thread.take() {
            // A thread that died has nothing left to end.
            let _ = thread.join();
        }
    }
}

impl Server {
    /// Serves on a thread and runtime of its own; gives the address that it listens at.
    fn start_blocking(shared: &Arc<Shared>, address: SocketAddr) -> Result<(Self, SocketAddr), SandboxError> {
        let (listener, bound) = listen(address)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(SandboxError::Runtime)?;
        let listener = {
            let _inside = runtime.enter();
            controlled(listener, address)?
        };
        let (stop, mut stopped) = watch::channel(());
        let served = Arc::clone(shared);
        let run = move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = serve::serve(listener, served, std::future::pending()) => {}
                    _ = stopped.changed() => {}
                }
            });
        };
        let thread =
            std::thread::Builder::new().name("sandbox".to_owned()).spawn(run).map_err(SandboxError::Runtime)?;
        Ok((Self { stop, thread: Some(thread) }, bound))
    }
}

impl Sandbox {
    /// Starts a sandbox on the current runtime. When the handle is dropped, requests under way still end.
    #[expect(clippy::unused_async, reason = "async says that a runtime must be there")]
    pub async fn start(settings: SandboxSettings) -> Result<Self, SandboxError> {
        let shared = Arc::new(Shared::new(settings)?);
        let (listener, address) = listen(shared.settings.listen)?;
        let listener = controlled(listener, address)?;
        let (stop, mut stopped) = watch::channel(());
        let end = async move {
            // A message and the sender's end mean the same.
            let _ = stopped.changed().await;
        };
        tokio::spawn(serve::serve(listener, Arc::clone(&shared), end));
        Ok(Self { shared, address, server: Some(Server { stop, thread: None }) })
    }

    /// Starts a sandbox on a thread and runtime of its own. When the handle is dropped, all connections break at once.
    pub fn start_blocking(settings: SandboxSettings) -> Result<Self, SandboxError> {
        let shared = Arc::new(Shared::new(settings)?);
        let (server, address) = Server::start_blocking(&shared, shared.settings.listen)?;
        Ok(Self { shared, address, server: Some(server) })
    }

    /// Takes a sandbox of [`Sandbox::start_blocking`] down: connections break, new ones are refused, what it holds stays.
    pub fn go_down(&mut self) {
        self.server = None;
    }

    /// Brings it up again, at the same address. Does nothing while it is up.
    pub fn come_up(&mut self) -> Result<(), SandboxError> {
        if self.server.is_none() {
            let (server, _) = Server::start_blocking(&self.shared, self.address)?;
            self.server = Some(server);
        }
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes as PX's base URL: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// All stored events, in the order of arrival, repeats included, whether readable yet or not.
    pub fn events(&self) -> Vec<StoredEvent> {
        self.shared.books().events.clone()
    }

    pub fn event_count(&self) -> usize {
        self.shared.books().events.len()
    }

    /// Waits until at least `count` events are stored; says whether that came within `patience`. Blocks its thread, so
    /// it is not for the runtime that the sandbox runs on.
    pub fn wait_for_events(&self, count: usize, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut books = self.shared.books();
        while books.events.len() < count {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return false };
            let waited = self.shared.stored.wait_timeout(books, left);
            books = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Event ids that were stored more than once, with how often, in order of id.
    pub fn repeated(&self) -> Vec<(String, u32)> {
        self.shared.books().repeated()
    }

    /// Events and exact sums per event name, account and day.
    pub fn totals(&self) -> BTreeMap<TotalKey, Total> {
        self.shared.books().totals.clone()
    }

    /// The last requests under `/v1`, in the order of their answers.
    pub fn requests(&self) -> Vec<RequestNote> {
        self.shared.books().notes.iter().cloned().collect()
    }

    /// How many calls were refused, by reason. Scripted answers are no refusals.
    pub fn refusals(&self) -> BTreeMap<Reason, u64> {
        self.shared.books().refusals.clone()
    }

    pub fn oddities(&self) -> Oddities {
        self.shared.books().oddities
    }

    /// Puts other faults in force; their rules count from the beginning.
    pub fn set_faults(&self, script: FaultScript) -> Result<(), SandboxError> {
        script.check().map_err(SandboxError::Faults)?;
        self.shared.faults().replace(script);
        Ok(())
    }

    /// A user or account as PX's GET answers it; the id letter for letter.
    pub fn profile(&self, model: Model, id: &str) -> Option<serde_json::Value> {
        let books = self.shared.books();
        books.profiles(model).get(id).ok().map(|profile| serde_json::Value::Object(profile.fields.clone()))
    }

    /// Forgets events, requests, users, accounts and counters; keeps settings, faults and attributes.
    pub fn reset(&self) {
        self.shared.books().reset();
    }
}

/// Runs a sandbox until SIGINT or SIGTERM; `on_ready` gets it once it listens.
pub async fn run_foreground(settings: SandboxSettings, on_ready: impl FnOnce(&Sandbox)) -> Result<(), SandboxError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).map_err(SandboxError::Signal)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(SandboxError::Signal)?;
    let sandbox = Sandbox::start(settings).await?;
    on_ready(&sandbox);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn listen(address: SocketAddr) -> Result<(std::net::TcpListener, SocketAddr), SandboxError> {
    let failed = |source| SandboxError::Listen { address, source };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The listener as a runtime drives it: to be called inside one.
fn controlled(listener: std::net::TcpListener, address: SocketAddr) -> Result<ControlledListener, SandboxError> {
    let driven = TcpListener::from_std(listener).map_err(|source| SandboxError::Listen { address, source })?;
    Ok(ControlledListener(driven))
}

#[cfg(test)]
mod tests;
