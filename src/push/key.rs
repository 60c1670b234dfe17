//! The API key: where it comes from, and how it stays secret.
//!
//! Promises: it is never shown, logged or stored; a file that others can read is refused. Does not: know whether PX takes it.

use std::ffi::OsString;
use std::fmt;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::spec::ApiKeySource;

/// The environment variable of last resort.
pub const KEY_VARIABLE: &str = "PXTAIL_PX_API_KEY";

/// The credential's name under systemd's `LoadCredential=`.
pub const KEY_CREDENTIAL: &str = "pxtail-api-key";

/// Far more than any key: a wrong path must not read a log into memory.
const MAX_KEY_BYTES: u64 = 4_096;

/// How often the key is read again: a changed file is taken up without a restart, for one small read.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// Permissions of group and others.
const OTHERS_MODE: u32 = 0o077;

/// The key itself. It has no `Display`, and its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The text that goes into the header, and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn parse(text: &str, place: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let is_key = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_key { Ok(Self(text.to_owned())) } else { Err(KeyError::Malformed { place: place.to_owned() }) }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(hidden)")
    }
}

/// There is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "no API key is given\nhelp: set `api_key_file` in [px], a systemd credential `{KEY_CREDENTIAL}`, or {KEY_VARIABLE}"
    )]
    Absent,
    #[error("{path}: the API key could not be read: {source}\nhelp: make it a file that the agent's user can read", path = path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path}: expected a regular file with the API key\nhelp: put the key on one line of a file of its own", path = path.display())]
    NotAFile { path: PathBuf },
    #[error("{path}: others can read the API key (mode {mode:04o})\nhelp: chmod 0600 {path}", path = path.display())]
    ReadableByOthers { path: PathBuf, mode: u32 },
    #[error(
        "{place}: expected an API key on one line, without spaces\nhelp: copy it again from PX, Administration, REST API"
    )]
    Malformed { place: String },
}

/// Reads the key: file, systemd credential, environment, in this order. A file that is named but cannot be used is an
/// error, not a reason to look on.
pub fn read(source: &ApiKeySource, environment: impl Fn(&str) -> Option<OsString>) -> Result<ApiKey, KeyError> {
    if let Some(file) = &source.file {
        return read_file(&file.value, OTHERS_MODE);
    }
    if let Some(directory) = environment("CREDENTIALS_DIRECTORY") {
        let path = Path::new(&directory).join(KEY_CREDENTIAL);
        if path.exists() {
            // systemd guards the directory and grants access by an ACL, whose mask shows as the group's mode.
            return read_file(&path, 0);
        }
    }
    match environment(KEY_VARIABLE) {
        Some(text) if !text.is_empty() => ApiKey::parse(&text.to_string_lossy(), KEY_VARIABLE),
        _ => Err(KeyError::Absent),
    }
}

/// Everything is checked on the open handle, so that what is checked is what is read.
fn read_file(path: &Path, refused_mode: u32) -> Result<ApiKey, KeyError> {
    let unreadable = |source| KeyError::Unreadable { path: path.to_owned(), source };
    // Without this flag, opening a FIFO would wait for a writer.
    let non_blocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(non_blocking).open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > MAX_KEY_BYTES {
        return Err(KeyError::NotAFile { path: path.to_owned() });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & refused_mode != 0 {
        return Err(KeyError::ReadableByOthers { path: path.to_owned(), mode });
    }
    let mut text = Vec::new();
    file.take(MAX_KEY_BYTES).read_to_end(&mut text).map_err(unreadable)?;
    ApiKey::parse(&String::from_utf8_lossy(&text), &path.display().to_string())
}

/// The key as it is now, read again from time to time.
pub(super) struct KeyRing<E> {
    source: ApiKeySource,
    environment: E,
    current: Option<ApiKey>,
    read_at: Option<Duration>,
}

/// What a look at the source brought.
pub(super) enum KeyChange {
    None,
    New,
    Missing(String),
}

impl<E: Fn(&str) -> Option<OsString>> KeyRing<E> {
    pub(super) const fn new(source: ApiKeySource, environment: E) -> Self {
        Self { source, environment, current: None, read_at: None }
    }

    pub(super) const fn current(&self) -> Option<&ApiKey> {
        self.current.as_ref()
    }

    /// Reads the key again when it is time; `now` is on the steady clock.
    pub(super) fn refresh(&mut self, now: Duration) -> KeyChange {
        if self.read_at.is_some_and(|read_at| now < read_at + REFRESH_EVERY) {
            return KeyChange::None;
        }
        self.read_at = Some(now);
        match read(&self.source, &self.environment) {
            Ok(key) if self.current.as_ref() == Some(&key) => KeyChange::None,
            Ok(key) => {
                self.current = Some(key);
                KeyChange::New
            }
            Err(err) => {
                self.current = None;
                KeyChange::Missing(err.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fault::{Located, Location};
    use std::os::unix::fs::PermissionsExt as _;

    fn file_with(directory: &Path, text: &str, mode: u32) -> PathBuf {
        let path = directory.join("key");
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn source(path: &Path) -> ApiKeySource {
        ApiKeySource { file: Some(Located::new(path.to_owned(), Location::new("pxtail.toml", 3))) }
    }

    #[track_caller]
    fn check(text: &str, mode: u32, expected: Result<&str, &str>) {
        let directory = tempfile::tempdir().unwrap();
        let path = file_with(directory.path(), text, mode);
        let found = read(&source(&path), |_| None);
        match expected {
            Ok(key) => assert_eq!(found.unwrap().reveal(), key),
            Err(part) => {
                let message = found.unwrap_err().to_string();
                assert!(message.contains(part) && message.contains("\nhelp: "), "{message}");
                assert!(text.trim().len() < 3 || !message.contains(text.trim()), "{message} shows the key");
            }
        }
    }

    #[test]
    fn a_key_file_is_read_only_when_nobody_else_can() {
        check("secret-1\n", 0o600, Ok("secret-1"));
        check("  secret-1  \r\n", 0o400, Ok("secret-1"));
        check("secret-1", 0o640, Err("others can read the API key (mode 0640)"));
        check("secret-1", 0o604, Err("others can read the API key (mode 0604)"));
        check("", 0o600, Err("expected an API key on one line"));
        check("two words", 0o600, Err("expected an API key on one line"));
        check("two\nlines", 0o600, Err("expected an API key on one line"));
        check(&"x".repeat(5_000), 0o600, Err("expected a regular file"));
    }

    #[test]
    fn what_is_not_a_file_is_refused_without_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for path in [directory.path(), &fifo, Path::new("/dev/zero")] {
            let message = read(&source(path), |_| None).unwrap_err().to_string();
            assert!(message.contains("expected a regular file"), "{message}");
        }
        let absent = read(&source(&directory.path().join("absent")), |_| None).unwrap_err().to_string();
        assert!(absent.contains("could not be read"), "{absent}");
    }

    #[test]
    fn the_file_comes_before_the_credential_and_that_before_the_environment() {
        let directory = tempfile::tempdir().unwrap();
        let path = file_with(directory.path(), "from-file", 0o600);
        std::fs::write(directory.path().join(KEY_CREDENTIAL), "from-credential").unwrap();
        let everything = |name: &str| match name {
            "CREDENTIALS_DIRECTORY" => Some(directory.path().as_os_str().to_owned()),
            KEY_VARIABLE => Some("from-variable".into()),
            _ => None,
        };
        let nothing = ApiKeySource { file: None };
        assert_eq!(read(&source(&path), everything).unwrap().reveal(), "from-file");
        assert_eq!(read(&nothing, everything).unwrap().reveal(), "from-credential");
        let variable_only = |name: &str| everything(name).filter(|_| name == KEY_VARIABLE);
        assert_eq!(read(&nothing, variable_only).unwrap().reveal(), "from-variable");
        assert!(matches!(read(&nothing, |_| None), Err(KeyError::Absent)));
        assert!(matches!(read(&nothing, |_| Some(OsString::new())), Err(KeyError::Absent)));
    }

    #[test]
    fn a_changed_file_is_taken_up_and_a_missing_one_stops() {
        let directory = tempfile::tempdir().unwrap();
        let path = file_with(directory.path(), "one", 0o600);
        let mut ring = KeyRing::new(source(&path), |_| None);
        assert!(matches!(ring.refresh(Duration::ZERO), KeyChange::New));
        assert!(matches!(ring.refresh(Duration::from_secs(5)), KeyChange::None));
        file_with(directory.path(), "two", 0o600);
        assert!(matches!(ring.refresh(Duration::from_secs(6)), KeyChange::None), "not read each time");
        assert!(matches!(ring.refresh(Duration::from_secs(10)), KeyChange::New));
        assert_eq!(ring.current().map(ApiKey::reveal), Some("two"));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(ring.refresh(Duration::from_secs(15)), KeyChange::Missing(_)));
        assert!(ring.current().is_none());
    }

    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(format!("{:?}", ApiKey("secret".to_owned())), "ApiKey(hidden)");
    }
}
