//! A small file beside the ledger that knows who the agent is, and how many commits the ledger had.
//!
//! Promises: a ledger that is gone, or that is not as far as it was (its `-wal` is lost, a backup was put back), is noticed
//! at the next start. A commit costs one small write here, which nobody waits for. Does not: hold anything that is counted;
//! without it, or with an old one, less is noticed.
//!
//! Five lines of fixed length, so that a number is written over the one before:
//!
//! ```text
//! pxtail witness 1
//! agent 6f1d…          the agent's id
//! machine 8a07…        the hash that the ledger keeps of the machine, or dashes
//! counting 000…123     the number of the last commit of cursors and windows
//! sending 000…120      the number of the last commit of attempts and outcomes
//! closed no            whether the agent ended in order
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::model::event::AgentId;

/// The file's name in the state directory.
const NAME: &str = "ledger.witness";

const TITLE: &str = "pxtail witness 1";

/// Digits of the largest number.
const DIGITS: usize = 20;

/// Characters of the hash of the machine.
const MACHINE: usize = 32;

/// Where the values that change stand, each behind its name: an agent's id has 36 characters, and each line ends with one.
const COUNTING_AT: u64 = ("pxtail witness 1\nagent \nmachine \ncounting ".len() + 36 + MACHINE) as u64;
const SENDING_AT: u64 = COUNTING_AT + (DIGITS + "\nsending ".len()) as u64;
const CLOSED_AT: u64 = SENDING_AT + (DIGITS + "\nclosed ".len()) as u64;

/// Who writes: each has a place of its own, so that neither undoes what the other wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    Counting,
    Sending,
}

/// What the file says. One that cannot be read says as little as possible: that there was a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Testimony {
    pub(super) agent: Option<AgentId>,
    pub(super) machine: Option<String>,
    /// The ledger had at least so many commits.
    pub(super) commits: u64,
    /// The agent ended in order.
    pub(super) closed: bool,
}

/// What is known of the ledger of a state directory; `None` where there was none.
pub(super) fn ask(state_dir: &Path) -> io::Result<Option<Testimony>> {
    match std::fs::read(state_dir.join(NAME)) {
        Ok(bytes) => Ok(Some(std::str::from_utf8(&bytes).ok().and_then(read).unwrap_or_default())),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) if err.kind() == io::ErrorKind::IsADirectory => Ok(Some(Testimony::default())),
        Err(err) => Err(err),
    }
}

fn read(text: &str) -> Option<Testimony> {
    let mut lines = text.lines();
    let mut value = |name: &str| lines.next()?.strip_prefix(name);
    value(TITLE)?;
    let agent = AgentId(Uuid::parse_str(value("agent ")?).ok()?);
    let machine = value("machine ")?;
    let (counting, sending) = (value("counting ")?.parse::<u64>().ok()?, value("sending ")?.parse::<u64>().ok()?);
    Some(Testimony {
        agent: Some(agent),
        machine: (!machine.starts_with('-')).then(|| machine.to_owned()),
        commits: counting.max(sending),
        closed: value("closed ")? == "yes",
    })
}

/// Writes numbers down.
#[derive(Debug)]
pub(super) struct Witness {
    /// Without it, nothing is written: counting goes on.
    file: Option<File>,
    path: PathBuf,
    writer: Writer,
}

impl Witness {
    /// For the ledger at `path`; the file is made by [`Witness::swear`].
    pub(super) fn of(ledger: &Path, writer: Writer) -> Self {
        let path = ledger.with_file_name(NAME);
        Self { file: OpenOptions::new().write(true).open(&path).ok(), path, writer }
    }

    /// Makes the file, where it does not say the same of agent and machine. Call it when the ledger is open.
    pub(super) fn swear(&mut self, agent: AgentId, machine: Option<&str>, commits: u64) -> io::Result<()> {
        let state_dir = self.path.parent().unwrap_or(Path::new("."));
        let known = ask(state_dir)?.unwrap_or_default();
        if self.file.is_none() || known.agent != Some(agent) || known.machine.as_deref() != machine {
            if self.path.is_dir() {
                std::fs::remove_dir(&self.path)?;
            }
            self.file = Some(make(&self.path, agent, machine, commits)?);
        }
        self.write_at(b"no ", CLOSED_AT);
        self.note(commits);
        Ok(())
    }

    /// The ledger has so many commits now.
    pub(super) fn note(&self, commits: u64) {
        let at = match self.writer {
            Writer::Counting => COUNTING_AT,
            Writer::Sending => SENDING_AT,
        };
        self.write_at(format!("{commits:0DIGITS$}").as_bytes(), at);
    }

    /// The agent ends in order.
    pub(super) fn close(&self) {
        self.write_at(b"yes", CLOSED_AT);
    }

    /// What is not written is missing for the notice only: not worth a failed commit.
    fn write_at(&self, text: &[u8], at: u64) {
        if let Some(Err(err)) = self.file.as_ref().map(|file| file.write_all_at(text, at)) {
            tracing::debug!("{}: {err}", self.path.display());
        }
    }
}

fn make(path: &Path, agent: AgentId, machine: Option<&str>, commits: u64) -> io::Result<File> {
    let dashes = "-".repeat(MACHINE);
    let machine = machine.filter(|hash| hash.len() == MACHINE).unwrap_or(&dashes);
    let number = format!("{commits:0DIGITS$}");
    let text = format!("{TITLE}\nagent {agent}\nmachine {machine}\ncounting {number}\nsending {number}\nclosed no \n");
    let new = path.with_extension("witness-new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: AgentId = AgentId(Uuid::from_u128(7));
    const HASH: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn what_was_written_last_by_either_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = directory.path().join("ledger.sqlite3");
        assert_eq!(ask(directory.path()).unwrap(), None);
        let mut counting = Witness::of(&ledger, Writer::Counting);
        counting.swear(AGENT, Some(HASH), 5).unwrap();
        let sending = Witness::of(&ledger, Writer::Sending);
        let known = Testimony { agent: Some(AGENT), machine: Some(HASH.to_owned()), commits: 5, closed: false };
        assert_eq!(ask(directory.path()).unwrap(), Some(known.clone()));
        sending.note(7);
        counting.note(6);
        assert_eq!(ask(directory.path()).unwrap(), Some(Testimony { commits: 7, ..known.clone() }));
        counting.close();
        assert_eq!(ask(directory.path()).unwrap(), Some(Testimony { commits: 7, closed: true, ..known.clone() }));
        Witness::of(&ledger, Writer::Counting).swear(AGENT, Some(HASH), 8).unwrap();
        assert_eq!(ask(directory.path()).unwrap(), Some(Testimony { commits: 8, ..known }));
    }

    #[test]
    fn one_that_cannot_be_read_tells_that_there_was_a_ledger() {
        for text in ["", "nonsense\n", "pxtail witness 1\nagent x\n", "\0\0\0\0"] {
            let directory = tempfile::tempdir().unwrap();
            std::fs::write(directory.path().join(NAME), text).unwrap();
            assert_eq!(ask(directory.path()).unwrap(), Some(Testimony::default()), "{text:?}");
            let mut witness = Witness::of(&directory.path().join("l"), Writer::Counting);
            witness.swear(AGENT, None, 3).unwrap();
            let mended = Testimony { agent: Some(AGENT), machine: None, commits: 3, closed: false };
            assert_eq!(ask(directory.path()).unwrap(), Some(mended), "{text:?}");
        }
    }
}
