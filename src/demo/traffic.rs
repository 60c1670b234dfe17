//! Seeded traffic in the shape of a B2B product's logs: an access log with user and account, and an application log.
//!
//! Promises: the same seed gives the same lines; few users do most of the work (Zipf), as in real products. Does not: know
//! how pxtail reads or counts; the truth that it is compared with comes from here.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::time::UnixMicros;

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "acme-sync/3.2 (linux; amd64) okhttp/5.1.0",
    "python-requests/2.32.5",
    "curl/8.14.1",
];

const PATHS: [(&str, &str); 6] = [
    ("GET", "/api/v1/accounts/%/users?page=2"),
    ("GET", "/api/v1/reports/%"),
    ("POST", "/api/v1/reports/%/export"),
    ("PUT", "/api/v1/records/%"),
    ("POST", "/api/v1/webhooks/%/test"),
    ("GET", "/static/app.js"),
];

/// A stream of requests.
#[derive(Clone, Debug)]
pub struct Traffic {
    random: fastrand::Rng,
    /// Cumulative weights of the users, for a draw by binary search.
    weights: Vec<f64>,
    accounts: u32,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub time: UnixMicros,
    pub user: u32,
    pub account: u32,
    pub method: &'static str,
    pub path: String,
    pub status: u16,
    pub bytes: u32,
    /// Milliseconds.
    pub duration: u32,
    agent: &'static str,
}

impl Traffic {
    /// `users` people in `accounts` accounts.
    #[must_use]
    pub fn new(seed: u64, users: u32, accounts: u32) -> Self {
        let mut total = 0.0;
        let weights = (1..=users.max(1))
            .map(|rank| {
                total += 1.0 / f64::from(rank);
                total
            })
            .collect();
        Self { random: fastrand::Rng::with_seed(seed), weights, accounts: accounts.max(1) }
    }

    /// A request at a time.
    pub fn hit(&mut self, time: UnixMicros) -> Hit {
        let total = self.weights.last().copied().unwrap_or(1.0);
        let drawn = self.random.f64() * total;
        let user = self.weights.partition_point(|weight| *weight < drawn) as u32;
        let (method, template) = PATHS[self.random.usize(..PATHS.len())];
        Hit {
            time,
            user,
            account: user % self.accounts,
            method,
            path: template.replace('%', &self.random.u32(1..100_000).to_string()),
            status: if self.random.u8(..) < 8 { 503 } else { 200 },
            bytes: self.random.u32(100..50_000),
            duration: self.random.u32(1..2_000),
            agent: AGENTS[self.random.usize(..AGENTS.len())],
        }
    }

    /// A number under `end`, from the same seed.
    pub fn below(&mut self, end: u64) -> u64 {
        self.random.u64(..end.max(1))
    }
}

impl Hit {
    /// PX's `identifyId` of the user.
    #[must_use]
    pub fn user_id(&self) -> String {
        format!("user-{:05}@{}.example", self.user, self.account_id())
    }

    /// PX's `accountId`.
    #[must_use]
    pub fn account_id(&self) -> String {
        format!("acct-{:04}", self.account)
    }

    /// Appends a line of the access log: nginx's combined format with account, user and time taken (README's `log_format`).
    pub fn write_access(&self, lines: &mut Vec<u8>) {
        let time = clf(self.time);
        let (account, user) = (self.account_id(), self.user_id());
        let Self { method, path, status, bytes, agent, .. } = self;
        let (octet, seconds, millis) = (self.user % 250 + 1, self.duration / 1_000, self.duration % 1_000);
        // Writing to memory cannot fail.
        let _ = writeln!(
            lines,
            "198.51.100.{octet} - - [{time}] \"{method} {path} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\" \
             account=\"{account}\" user=\"{user}\" rt={seconds}.{millis:03}"
        );
    }

    /// Appends a line of the application log: one JSON object.
    pub fn write_json(&self, lines: &mut Vec<u8>) {
        let (account, user) = (self.account_id(), self.user_id());
        let Self { time, method, path, status, bytes, .. } = self;
        let (seconds, millis) = (self.duration / 1_000, self.duration % 1_000);
        let _ = writeln!(
            lines,
            "{{\"time\":\"{time}\",\"level\":\"info\",\"msg\":\"request\",\"user\":\"{user}\",\"account\":\"{account}\",\
             \"method\":\"{method}\",\"path\":\"{path}\",\"status\":{status},\"bytes\":{bytes},\
             \"duration\":{seconds}.{millis:03}}}"
        );
    }
}

/// `23/Nov/2026:10:00:00 +0000`, in UTC.
fn clf(time: UnixMicros) -> String {
    Timestamp::from_microsecond(time.0)
        .map(|stamp| stamp.to_zoned_datetime(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Traffic;
    use crate::model::time::UnixMicros;

    #[test]
    fn the_same_seed_gives_the_same_lines() {
        let lines = |seed| {
            let mut traffic = Traffic::new(seed, 100, 10);
            let mut lines = Vec::new();
            for second in 0..50 {
                traffic.hit(UnixMicros::from_seconds(second)).write_access(&mut lines);
            }
            lines
        };
        assert_eq!(lines(1), lines(1));
        assert_ne!(lines(1), lines(2));
    }

    #[test]
    fn an_access_line_is_what_the_readme_configures() {
        let mut lines = Vec::new();
        Traffic::new(7, 1, 1).hit(UnixMicros::from_seconds(1_795_514_400)).write_access(&mut lines);
        let text = String::from_utf8(lines).unwrap();
        assert!(text.starts_with("198.51.100.1 - - [24/Nov/2026:10:00:00 +0000] \""), "{text}");
        assert!(text.contains("account=\"acct-0000\" user=\"user-00000@acct-0000.example\" rt="), "{text}");
    }
}
