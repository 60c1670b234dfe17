//! What happens to the logs, and when: two past days, a rotation, a kill, late lines.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::agent::DemoAgent;
use super::books::{API_USAGE, REPORT_EXPORT, Truth};
use super::traffic::Traffic;
use super::{DemoError, DemoSettings};
use crate::model::time::{Clock, SystemClock, UnixMicros};
use crate::sandbox::Sandbox;

/// In which the demo's days are reckoned; the logs are written in UTC.
pub const ZONE: &str = "America/New_York";

/// The second day is written live for so long.
const LIVE: Duration = Duration::from_secs(8);

/// Into the live part: a rotation while the agent runs, its end, a rotation while it is down, its next start.
const ROTATE: Duration = Duration::from_millis(2_000);
const KILL: Duration = Duration::from_millis(4_000);
const ROTATE_WHILE_DOWN: Duration = Duration::from_millis(4_500);
const START_AGAIN: Duration = Duration::from_millis(5_000);

/// After the live part, until the second day may seal: the agent has caught up by then.
const SETTLE: Duration = Duration::from_secs(4);

/// One line in so many comes late.
const LATE_SHARE: u64 = 100;

/// How far the script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Lines of the second day are being written.
    Live,
    /// The first day has to be sealed before lines can be late for it.
    AwaitingSeal,
    /// Everything is written.
    Written,
}

impl Stage {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Live => "writing the second day",
            Self::AwaitingSeal => "waiting for the first day to seal",
            Self::Written => "waiting for PX to hold everything",
        }
    }
}

/// The generator and its two logs.
pub struct Script {
    traffic: Traffic,
    access: Log,
    app: Log,
    /// First instants of the two days and of the day after.
    days: [UnixMicros; 3],
    names: [String; 2],
    planned: u64,
    written: u64,
    late: u64,
    live_began: Option<Instant>,
    stage: Stage,
    rotations: u32,
    /// The second day seals at this time.
    seal_at: UnixMicros,
}

struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    fn new(path: PathBuf) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        Ok(Self { path, file })
    }

    /// As logrotate does with `create`: rename, then a new file; the writer reopens.
    fn rotate(&mut self, number: u32) -> std::io::Result<()> {
        std::fs::rename(&self.path, self.path.with_extension(format!("log.{number}")))?;
        self.file = OpenOptions::new().create_new(true).append(true).open(&self.path)?;
        Ok(())
    }
}

impl Script {
    pub fn new(settings: &DemoSettings, directory: &Path) -> Result<Self, DemoError> {
        let logs = directory.join("logs");
        std::fs::create_dir(&logs)?;
        let today = Timestamp::now().to_zoned_datetime(TimeZone::get(ZONE)?).start_of_day()?;
        let days = [today.checked_sub(2.days())?, today.checked_sub(1.day())?, today];
        let names = [days[0].date().to_string(), days[1].date().to_string()];
        let at = |day: &jiff::ZonedDateTime| UnixMicros(day.timestamp().as_microsecond());
        Ok(Self {
            traffic: Traffic::new(settings.seed, settings.users, (settings.users / 50).clamp(1, 400)),
            access: Log::new(logs.join("access.log"))?,
            app: Log::new(logs.join("app.log"))?,
            days: [at(&days[0]), at(&days[1]), at(&days[2])],
            names,
            planned: settings.lines,
            written: 0,
            late: 0,
            live_began: None,
            stage: Stage::Live,
            rotations: 0,
            seal_at: SystemClock.now().plus(LIVE + SETTLE),
        })
    }

    /// The first day, whole: the agent finds it on its first start.
    pub fn write_history(&mut self, truth: &mut Truth) -> Result<(), DemoError> {
        let lines = self.planned / 2;
        for number in 0..lines {
            self.write_line(truth, 0, number, lines)?;
        }
        Ok(())
    }

    /// What is due now.
    pub fn step(&mut self, truth: &mut Truth, agent: &mut DemoAgent, sandbox: &Sandbox) -> Result<(), DemoError> {
        match self.stage {
            Stage::Live => self.live(truth, agent),
            Stage::AwaitingSeal => {
                if self.first_day_is_sealed(sandbox) {
                    for number in 0..(self.planned / LATE_SHARE).max(1) {
                        self.write_line(truth, 0, number, self.planned / LATE_SHARE)?;
                        self.late += 1;
                    }
                    self.stage = Stage::Written;
                }
                Ok(())
            }
            Stage::Written => Ok(()),
        }
    }

    fn live(&mut self, truth: &mut Truth, agent: &mut DemoAgent) -> Result<(), DemoError> {
        let elapsed = self.live_began.get_or_insert_with(Instant::now).elapsed();
        let first = self.planned / 2;
        let lines = self.planned - first;
        let due = (lines as f64 * (elapsed.as_secs_f64() / LIVE.as_secs_f64()).min(1.0)) as u64;
        while self.written - first < due {
            let number = self.written - first;
            self.write_line(truth, 1, number, lines)?;
        }
        if elapsed >= ROTATE && self.rotations < 1 || elapsed >= ROTATE_WHILE_DOWN && self.rotations < 2 {
            self.rotations += 1;
            self.access.rotate(self.rotations)?;
            self.app.rotate(self.rotations)?;
        }
        if elapsed >= KILL && agent.kills() == 0 {
            agent.kill()?;
        }
        if elapsed >= START_AGAIN && !agent.is_running() {
            agent.start()?;
        }
        if due == lines && agent.is_running() {
            self.stage = Stage::AwaitingSeal;
        }
        Ok(())
    }

    /// Some event of the first day is in PX: its window is sealed.
    fn first_day_is_sealed(&self, sandbox: &Sandbox) -> bool {
        let first = self.days[0].to_string();
        sandbox.events().iter().any(|event| event.text("windowStart").as_deref() == Some(first.as_str()))
    }

    /// One line of a day, `number` of `of` in its order.
    fn write_line(&mut self, truth: &mut Truth, day: usize, number: u64, of: u64) -> Result<(), DemoError> {
        let length = self.days[day + 1].0 - self.days[day].0;
        let into = (i128::from(length) * i128::from(number) / i128::from(of.max(1))) as i64;
        let hit = self.traffic.hit(UnixMicros(self.days[day].0 + into));
        let mut line = Vec::with_capacity(320);
        if self.traffic.below(4) == 0 {
            hit.write_json(&mut line);
            self.app.file.write_all(&line)?;
        } else {
            hit.write_access(&mut line);
            self.access.file.write_all(&line)?;
        }
        truth.book(&hit, self.days[day]);
        self.written += 1;
        Ok(())
    }

    pub const fn stage(&self) -> Stage {
        self.stage
    }

    pub const fn lines(&self) -> u64 {
        self.written
    }

    pub const fn late_lines(&self) -> u64 {
        self.late
    }

    pub const fn rotations(&self) -> u32 {
        self.rotations
    }

    pub fn days(&self) -> [String; 2] {
        self.names.clone()
    }

    /// The agent's configuration: what a user would write, with times short enough to watch.
    pub fn configuration(&self, directory: &Path, key: &Path, base_url: &str, product_key: &str) -> String {
        let grace = self.seal_at.since(self.days[2]).as_secs();
        let (directory, key) = (directory.display(), key.display());
        let metric = |name: &str, event: &str, condition: &str| {
            format!(
                r#"
[[metric]]
name = "{name}"
sources = ["web", "app"]
event = "{event}"
window = "1d"
time_zone = "{ZONE}"
grace = "{grace}s"        # the second day may seal some seconds from now
late_every = "2s"
user = "{{user}}"
account = "{{account}}"
where = {{ path = {condition}, status = 200 }}

[metric.measures]
calls = "count"
bytes = {{ sum = "bytes" }}
"#
            )
        };
        format!(
            r#"[agent]
state_dir = "{directory}/state"

[px]
base_url = "{base_url}"
product_key = "{product_key}"
api_key_file = "{key}"
requests_per_second = 2000
requests_per_day = 1_000_000
request_timeout = "3s"       # an attempt that was cut off by the kill is over by then

[push]
concurrency = 16
settle_wait = "2s"

[[source]]
name = "web"
paths = ["{directory}/logs/access.log"]
pattern = "nginx_usage"

[[source]]
name = "app"
paths = ["{directory}/logs/app.log"]
pattern = "json_usage"
{}{}"#,
            metric("api-usage", API_USAGE, r#"{ prefix = "/api/" }"#),
            metric("report-export", REPORT_EXPORT, r#"{ suffix = "/export" }"#),
        )
    }
}
