//! The control socket: how other `pxtail` commands reach the running agent.
//!
//! One request a connection: a line of JSON in, a line of JSON out. Promises: only the agent's own user can connect (mode
//! 0600 in a private directory). Does not: know what the verbs do; the agent answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::board::Detail;
use super::status::Status;

/// What can be asked of a running agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Request {
    /// Lets held events go.
    OutboxRelease,
    /// Tries parked events again.
    OutboxRetry {
        events: Targets,
        assertion: Assertion,
        /// Who asks, for the log and the row.
        by: String,
    },
    /// Drops events for ever.
    OutboxDrop {
        events: Targets,
        /// Who asks, and why.
        by: String,
    },
    /// How the agent is.
    Status {
        #[serde(default)]
        files: Detail,
    },
    /// The numbers of it, as Prometheus reads them.
    Metrics,
}

/// Which events of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// Rows with the ids of their events: at most [`MOST_TARGETS`].
    Events(Vec<(i64, String)>),
    All {
        state: String,
        metric: Option<String>,
    },
}

/// Events named in one request: an id takes some 60 bytes of it.
pub const MOST_TARGETS: usize = 500;

/// What the operator vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assertion {
    Nothing,
    OtherLedgerSentNothing,
}

/// Events, and the lines counted in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub events: u64,
    pub lines: u64,
}

/// What became of events that an operator named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub ready: Amount,
    /// PX is asked for them before anything is sent.
    pub unknown: Amount,
    pub dropped: Amount,
    /// Some of those that were left as they are.
    pub refused: Vec<Refusal>,
    pub refused_events: u64,
}

/// An event that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub event_id: String,
    pub why: String,
    pub help: Option<String>,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Released { events: u64 },
    Changed(Changed),
    Status(Box<Status>),
    Metrics { text: String },
    Failed { message: String },
}

/// Longer requests are not ours.
const LONGEST_REQUEST: u64 = 64 * 1024;

/// Neither side waits longer for the other: an agent in the middle of a large seal answers after it.
const PATIENCE: Duration = Duration::from_secs(90);

/// Answers requests until the process ends. The socket is removed when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
}

impl ControlSocket {
    /// Listens on a thread of its own. A socket left by a killed agent is replaced: the caller holds the state lock.
    pub fn listen(path: &Path, answer: impl Fn(Request) -> Answer + Send + 'static) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Err(err) = serve(&stream, &answer) {
                    tracing::debug!("control socket: {err}");
                }
            }
        })?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // Nothing is lost when it stays: the next agent replaces it.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn serve(stream: &UnixStream, answer: &impl Fn(Request) -> Answer) -> io::Result<()> {
    // A client that says nothing must not keep the others out.
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST_REQUEST)).read_line(&mut line)?;
    let reply = match serde_json::from_str(&line) {
        Ok(request) => answer(request),
        Err(err) => Answer::Failed { message: format!("the request is not understood: {err}") },
    };
    let mut text = serde_json::to_string(&reply)?;
    text.push('\n');
    (&mut &*stream).write_all(text.as_bytes())
}

/// Asks the running agent; `None` when none listens there.
pub fn ask(path: &Path, request: &Request) -> io::Result<Option<Answer>> {
    let stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(err) => return Err(err),
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = serde_json::to_string(request)?;
    text.push('\n');
    (&mut &stream).write_all(text.as_bytes())?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    Ok(Some(serde_json::from_str(&line)?))
}

#[cfg(test)]
mod tests {
    use super::{Answer, ControlSocket, Request, ask};
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_request_is_answered_and_a_socket_left_behind_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        assert_eq!(ask(&path, &Request::OutboxRelease).unwrap(), None);
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert_eq!(ask(&path, &Request::OutboxRelease).unwrap(), None, "left by a killed agent");
        let socket = ControlSocket::listen(&path, |_| Answer::Released { events: 7 }).unwrap();
        assert_eq!(ask(&path, &Request::OutboxRelease).unwrap(), Some(Answer::Released { events: 7 }));
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(b"nonsense\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert!(line.contains("not understood"), "{line}");
        drop(socket);
        assert!(!path.exists());
    }
}
