//! `[agent]`, `[push]` and `[tail]`: how the agent runs.
//!
//! Promises: every key has a default that suits an unattended host. Does not: look whether a path is there.

use std::path::PathBuf;
use std::time::Duration;

use super::section::Section;
use super::value::{Limits, Value};
use crate::model::fault::Located;
use crate::model::spec::{AgentSpec, OnUnknown, PushSpec, TailSpec, Wake};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);

const STATE_DIR: &str = "/var/lib/pxtail";

/// Reads `[agent]`.
pub(super) fn read_agent(mut section: Section<'_>) -> AgentSpec {
    let state_dir = section.get("state_dir").and_then(|value| read_path(&value));
    let state_dir = state_dir.map_or_else(|| PathBuf::from(STATE_DIR), |path| path.value);
    let spec = AgentSpec {
        commit_interval: section.duration(
            "commit_interval",
            SECOND,
            Limits {
                least: Duration::from_millis(10),
                most: MINUTE,
                reason: "after a crash, what was read since the last commit is read again: keep it short",
            },
        ),
        commit_lines: section.integer(
            "commit_lines",
            2_000_000,
            Limits { least: 1, most: 100_000_000, reason: "lines between two commits wait in memory: 2_000_000 suits" },
        ),
        copy_interval: section.duration(
            "copy_interval",
            HOUR,
            Limits {
                least: SECOND,
                most: 7 * DAY,
                reason: "what was counted since the last copy is parked when the ledger is damaged: \"1h\" suits",
            },
        ),
        socket: section
            .get("socket")
            .and_then(|value| read_path(&value))
            .map_or_else(|| state_dir.join("pxtail.sock"), |path| path.value),
        state_dir,
    };
    section.finish();
    spec
}

/// Reads `[push]`.
pub(super) fn read_push(mut section: Section<'_>) -> PushSpec {
    let on_unknown = [("park", OnUnknown::Park), ("resend", OnUnknown::Resend)];
    let spec = PushSpec {
        hold: section.get("hold").and_then(|value| value.boolean()).unwrap_or(false),
        settle_wait: section.duration(
            "settle_wait",
            5 * MINUTE,
            Limits {
                least: SECOND,
                most: DAY,
                reason: "PX may show an event late; sent again too early, it counts twice: \"5m\" suits",
            },
        ),
        on_unknown: section.get("on_unknown").and_then(|value| value.choice(&on_unknown)).unwrap_or_default(),
        concurrency: section.integer(
            "concurrency",
            4,
            Limits { least: 1, most: 64, reason: "each request under way is a connection to PX: 4 suits" },
        ) as u32,
        outbox_max_events: section.integer(
            "outbox_max_events",
            1_000_000,
            Limits { least: 1, most: 100_000_000, reason: "waiting events take disk space, some 400 bytes each" },
        ),
        sent_retention: section.duration(
            "sent_retention",
            30 * DAY,
            Limits {
                least: Duration::ZERO,
                most: 400 * DAY,
                reason: "rows of sent events take disk space, some 700 bytes each: \"30d\" suits",
            },
        ),
    };
    section.finish();
    spec
}

/// After a graceful restart, Apache's children end their requests, and write their lines, into the old file; its manual
/// waits ten minutes before it touches that file. Until then it costs one open handle.
const ROTATED_GRACE: Duration = Duration::from_mins(10);

/// A line's offsets are kept in 31 bits.
const MAX_LINE_BYTES: u64 = 1 << 30;

/// Reads `[tail]`.
pub(super) fn read_tail(mut section: Section<'_>) -> TailSpec {
    let wakes = [("linemux", Wake::Linemux), ("poll", Wake::Poll)];
    let millis = Duration::from_millis;
    let spec = TailSpec {
        wake: section.get("wake").and_then(|value| value.choice(&wakes)).unwrap_or(Wake::Linemux),
        poll_interval: section.duration(
            "poll_interval",
            millis(250),
            Limits { least: millis(10), most: MINUTE, reason: "a look costs little, but not nothing: \"250ms\" suits" },
        ),
        scan_interval: section.duration(
            "scan_interval",
            SECOND,
            Limits {
                least: millis(100),
                most: HOUR,
                reason: "a file that comes and goes between two looks is not seen",
            },
        ),
        max_line_bytes: section.size(
            "max_line_bytes",
            1 << 20,
            Limits { least: 64, most: MAX_LINE_BYTES, reason: "a line is held in memory whole: \"1MiB\" suits" },
        ) as usize,
        max_open_files: section.integer(
            "max_open_files",
            256,
            Limits { least: 1, most: 1_000_000, reason: "stay under the process's own limit (ulimit -n)" },
        ) as usize,
        rotated_grace: section.duration(
            "rotated_grace",
            ROTATED_GRACE,
            Limits {
                least: Duration::ZERO,
                most: DAY,
                reason: "a writer may hold a rotated file for minutes: \"10m\" suits",
            },
        ),
        forget_gone: section.duration(
            "forget_gone",
            7 * DAY,
            Limits {
                least: MINUTE,
                most: 400 * DAY,
                reason: "a file that returns after it was forgotten is read again",
            },
        ),
    };
    section.finish();
    spec
}

/// An absolute path.
pub(super) fn read_path(value: &Value<'_>) -> Option<Located<PathBuf>> {
    let text = value.filled_text()?;
    if text.value.contains('\0') || !text.value.starts_with('/') {
        // Not what stands there: where the API key's file is asked for, people write the key itself.
        value.fault(
            &format!("{} is no absolute path", value.title),
            "write a path that begins with /: a service has no working directory of its own",
        );
        return None;
    }
    Some(Located::new(PathBuf::from(text.value), text.at))
}
