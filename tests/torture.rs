//! The torture run: the real binary follows a log that is written fast and rotated all the time, is killed about each
//! second and slowed at the tail's named points; at the end every line that is on disk is counted once.
//!
//! Promises: each line has a number of its own, and the agent's events tell how often each number was counted, so that a
//! loss and a repeat cannot hide each other. A failure names the seed, the numbers, and where in which file they lie.
//!
//! | variable | what it sets |
//! | --- | --- |
//! | `PXTAIL_TORTURE_SECONDS` | how long each run writes; without it, a short form |
//! | `PXTAIL_TORTURE_RUNS` | runs of each mode, 1 |
//! | `PXTAIL_TORTURE_LINES_PER_SECOND` | how fast, 100,000 in a release build |
//! | `PXTAIL_SEED` | the first run's choices; each further run has the next seed |
//! | `PXTAIL_TORTURE_KEEP` | directories are kept, and the path is printed |
//!
//! Does not: test `fsync`: a killed process loses nothing that it wrote.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests: what fails here has failed")]

#[path = "torture/agent.rs"]
mod agent;
#[path = "torture/counted.rs"]
mod counted;
#[path = "torture/disk.rs"]
mod disk;
#[path = "torture/line.rs"]
mod line;
#[path = "torture/modes.rs"]
mod modes;
#[path = "torture/report.rs"]
mod report;
#[path = "torture/rotate.rs"]
mod rotate;
#[path = "torture/run.rs"]
mod run;
#[path = "torture/settings.rs"]
mod settings;
#[path = "torture/writer.rs"]
mod writer;

use modes::Mode;
use settings::{Settings, Turn};

/// Runs a mode as often as the settings say; every failed run is told, not only the first.
#[track_caller]
fn check(mode: Mode) {
    let settings = Settings::read();
    let _turn = Turn::wait(&settings);
    let mut failures = Vec::new();
    for number in 0..settings.runs {
        let report = run::run(mode, settings.seed + number, &settings);
        report.print();
        failures.extend(report.failure());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn renamed_and_created_at_once_every_line_is_counted_once() {
    check(Mode::Rename);
}

#[test]
fn renamed_and_created_late_every_line_is_counted_once() {
    check(Mode::RenameLate);
}

#[test]
fn renumbered_with_the_oldest_deleted_every_line_is_counted_once() {
    check(Mode::Renumber);
}

#[test]
fn copied_and_truncated_every_line_on_disk_is_counted_once() {
    check(Mode::CopyTruncate);
}

#[test]
fn copied_truncated_and_compressed_every_line_on_disk_is_counted_once() {
    check(Mode::CopyTruncateCompress);
}

#[test]
fn dated_and_compressed_every_line_is_counted_once() {
    check(Mode::DateCompress);
}

#[test]
fn dated_and_compressed_one_rotation_later_every_line_is_counted_once() {
    check(Mode::DateDelayCompress);
}

#[test]
fn behind_a_link_that_moves_every_line_is_counted_once() {
    check(Mode::LinkSwitch);
}

#[test]
fn linked_and_replaced_every_line_is_counted_once() {
    check(Mode::Replace);
}
