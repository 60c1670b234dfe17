//! What the environment asks for, and what a seed chooses.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::modes::Mode;

/// Of one call of the tests.
pub struct Settings {
    pub seed: u64,
    pub runs: u64,
    /// How long lines are written.
    pub length: Duration,
    pub lines_per_second: u64,
    /// `rotated_grace`, where it is not the seed's choice.
    pub grace: Option<Duration>,
    pub keep: bool,
    pub is_short: bool,
}

/// What one run is like, beside its mode.
#[expect(clippy::struct_excessive_bools, reason = "choices that hold or not, each on its own")]
pub struct Choices {
    /// The files' glob below the log directory.
    pub glob: &'static str,
    pub wake: &'static str,
    pub scan_interval: &'static str,
    pub commit_interval: &'static str,
    pub rotated_grace: Duration,
    /// For the agent's environment; empty for none.
    pub delays: String,
    /// Lines are late from the first on, and go out in batches while the run lasts.
    pub seals_early: bool,
    /// The last agent, which is not killed any more, is one without delays.
    pub ends_without_delays: bool,
    /// Written so many times slower than the settings say: short files are told apart by less. Only in the short form.
    pub slowness: u64,
    /// Lines come in bursts with silences between them.
    pub has_bursts: bool,
    /// Copies are deleted when they are counted, and their inodes used again.
    pub deletes_copies: bool,
    /// `gz` or `zst`.
    pub packing: &'static str,
}

/// The short form: long enough for some rotations and kills in each mode.
const SHORT: Duration = Duration::from_secs(3);

impl Settings {
    pub fn read() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let seconds = number("PXTAIL_TORTURE_SECONDS");
        // An unoptimised agent is an order of magnitude slower, and shares the machine with other tests.
        let usual = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
        Self {
            seed: number("PXTAIL_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32)),
            runs: number("PXTAIL_TORTURE_RUNS").unwrap_or(1),
            length: seconds.map_or(SHORT, Duration::from_secs),
            lines_per_second: number("PXTAIL_TORTURE_LINES_PER_SECOND").unwrap_or(usual),
            grace: number("PXTAIL_TORTURE_GRACE").map(Duration::from_secs),
            keep: std::env::var_os("PXTAIL_TORTURE_KEEP").is_some(),
            is_short: seconds.is_none(),
        }
    }
}

impl Choices {
    pub fn of(mode: Mode, seed: u64, settings: &Settings) -> Self {
        let graces = if settings.is_short { [1, 2] } else { [2, 5] };
        let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(31).wrapping_add(mode as u64));
        Self {
            glob: if random.bool() { "app.log" } else { "app.log*" },
            wake: if random.bool() { "linemux" } else { "poll" },
            scan_interval: if random.u8(..3) == 0 { "250ms" } else { "1s" },
            commit_interval: if random.bool() { "250ms" } else { "1s" },
            rotated_grace: settings.grace.unwrap_or(Duration::from_secs(graces[random.usize(..graces.len())])),
            delays: delays(&mut random),
            seals_early: random.u8(..4) == 0,
            ends_without_delays: random.bool(),
            slowness: if settings.is_short { [1, 1, 100, 1_000][random.usize(..4)] } else { 1 },
            has_bursts: random.u8(..3) == 0,
            deletes_copies: random.bool(),
            packing: if has_zstd() && random.bool() { "zst" } else { "gz" },
        }
    }
}

/// Long enough for whole rotations to happen at a point, rare enough for the agent to keep up.
fn delays(random: &mut fastrand::Rng) -> String {
    let seed = random.u32(..);
    let text = match random.u8(..4) {
        0 => return String::new(),
        1 => "listed=0..300ms/2,before_decide=0..300ms/2,before_open=0..100ms/5,opened=0..100ms/5",
        2 => "before_read=0..60ms/15,before_open=0..600ms/12,opened=0..600ms/12",
        _ => "listed=0..600ms/3,before_siblings=0..100ms/25,before_open=0..300ms/8,before_read=0..30ms/20",
    };
    format!("{text},seed={seed}")
}

fn has_zstd() -> bool {
    std::process::Command::new("zstd").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Long runs go one at a time: they fill the machine.
pub struct Turn(#[expect(dead_code, reason = "held, not read")] Option<MutexGuard<'static, ()>>);

impl Turn {
    pub fn wait(settings: &Settings) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        Self((!settings.is_short).then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
