//! The status of the agent and of files, in words.
//!
//! Promises: what a person has to do something about stands first, and a few lines tell of any number of files. Does not:
//! show anything unescaped that came from a log or a path.

use std::fmt::Write as _;

use crate::telemetry::status::{DeliveryStatus, FilesStatus, LossStatus, NotReadStatus, Status};
use crate::terminal;

/// What is done with files that are read, in words, in the order in which it is shown.
const READ: [(&str, &str); 5] = [
    ("caught_up", "read to the end"),
    ("reading", "being read"),
    ("leaving", "renamed or deleted, read on until quiet"),
    ("finished", "done with"),
    ("destroyed", "truncated or replaced, remembered to know a copy"),
];

/// Why others are not, in words: what needs a person first.
const NOT_READ: [(&str, &str); 11] = [
    ("unreadable", "cannot be read, tried again at each scan"),
    ("not_listed", "cannot be listed, tried again at each scan"),
    ("not_there", "not there: a directory of `paths`"),
    ("waiting", "waiting for a free handle: raise `tail.max_open_files`"),
    ("missing", "not found under any name; what was not read may be lost"),
    ("not_unpacked", "archives that are damaged, cut off or being written: read up to there"),
    ("undecided", "may be a copy of what is counted: not read until that is certain"),
    ("not_regular", "not a regular file, left alone"),
    ("set_aside", "not named by the configuration any more"),
    ("foreign", "rotated away before the first start, left alone"),
    ("copy", "a copy: its lines are counted from another file"),
];

/// Losses, in words.
const LOSSES: [(&str, &str); 8] = [
    ("oversized", "of lines longer than `tail.max_line_bytes`"),
    ("continued", "behind a last line that was counted without its end"),
    ("torn", "of lines that a hole of NULs cut off"),
    ("holes", "of NULs, passed over"),
    ("lost", "of files that were deleted before they were read, at least"),
    ("cut", "of files that were truncated before they were read, at least"),
    ("not_unpacked", "of archives that are damaged or cut off"),
    ("malformed", "of what is no text in the source's `encoding`, replaced by U+FFFD, at least"),
];

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What is not of a source: only what there is to say.
pub(super) fn agent(status: &Status) -> String {
    let mut text = String::new();
    if let Some(trouble) = &status.ledger.trouble {
        let _ = writeln!(text, "NOTHING IS SAVED, reading waits: {}", escaped(trouble));
    }
    if let Some(adopted) = &status.ledger.adopted {
        let story = escaped(&adopted.story);
        let what = match adopted.cause.as_str() {
            "moved" => "the ledger came from another machine".to_owned(),
            _ => format!("the ledger was damaged: {story}"),
        };
        let at = &adopted.at;
        let _ = writeln!(text, "{what}\n  windows that began before {at} are parked: `pxtail outbox list`");
    }
    delivery(&mut text, &status.delivery);
    if !status.hints.is_empty() {
        let _ = writeln!(text, "hints: {}", escaped(&status.hints));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// How unknown outcomes were settled, in words.
const SETTLED: [(&str, &str); 6] = [
    ("found", "found in PX"),
    ("not_found", "not found: sent again"),
    ("mismatch", "found with other values: parked"),
    ("parked", "not to be looked up: parked"),
    ("found_repeated", "FOUND MORE THAN ONCE"),
    ("possibly_repeated", "not to be looked up: SENT AGAIN, may be there twice"),
];

fn delivery(text: &mut String, delivery: &DeliveryStatus) {
    let DeliveryStatus { trouble, unknown, settled, possibly_repeated } = delivery;
    if let Some(trouble) = trouble {
        let _ = writeln!(text, "PX: {}", trouble.lines().map(escaped).collect::<Vec<_>>().join("\n  "));
    }
    if *unknown > 0 || !settled.is_empty() {
        let noun = plural(*unknown, "attempt", "attempts");
        let _ = writeln!(text, "{unknown} {noun} without an answer since the agent's start");
    }
    for (how, words) in SETTLED {
        if let Some(count) = settled.get(how) {
            let _ = writeln!(text, "  {count:>12} {words}");
        }
    }
    if *possibly_repeated > 0 {
        let noun = plural(*possibly_repeated, "event", "events");
        let _ = writeln!(text, "{possibly_repeated} {noun} may be in PX more than once, since the ledger was made");
    }
}

/// The files of a source.
pub(super) fn files(text: &mut String, files: &FilesStatus) {
    if files.states.is_empty() {
        text.push_str("  no file is there that its `paths` match\n");
        return;
    }
    let count = |state: &str| files.states.get(state).copied().unwrap_or(0);
    for (state, words) in READ.into_iter().filter(|(state, _)| count(state) > 0) {
        let count = count(state);
        let noun = plural(count, "file", "files");
        let _ = writeln!(text, "  {count:>12} {noun} {words}");
    }
    for (state, words) in NOT_READ.into_iter().filter(|(state, _)| count(state) > 0) {
        let _ = writeln!(text, "  {:>12} {words}", count(state));
        let examples: Vec<&NotReadStatus> = files.not_read.iter().filter(|file| file.state == state).collect();
        for file in &examples {
            let _ = writeln!(text, "               {}", not_read(file));
        }
        let more = count(state).saturating_sub(examples.len() as u64);
        if more > 0 {
            let _ = writeln!(text, "               and {more} more: `pxtail status --all`");
        }
    }
    if files.lag_seconds > 0.0 {
        let (bytes, age) = (bytes(files.lag_bytes), span(files.lag_seconds as u64));
        let _ = writeln!(text, "  BEHIND: {bytes} are not read, some of them for {age}");
    }
}

fn not_read(file: &NotReadStatus) -> String {
    let mut text = file.path.clone();
    if !file.why.is_empty() {
        let _ = write!(text, ": {}", escaped(&file.why));
    }
    if let Some(of) = &file.of {
        let _ = write!(text, " of {of}");
    }
    if let Some(seconds) = file.seconds.filter(|seconds| *seconds > 0) {
        let _ = write!(text, ", for {}", span(seconds));
    }
    if file.lag_bytes > 0 {
        let _ = write!(text, " ({} not read)", bytes(file.lag_bytes));
    }
    text
}

/// What was left out since the ledger was made.
pub(super) fn losses(text: &mut String, losses: &[LossStatus]) {
    for LossStatus { reason, lines, bytes: lost, files } in losses {
        // A file that was lost, and of which nothing more had been seen, is in JSON and metrics. How much an archive had that
        // was cut off, nobody knows.
        let is_archive = reason == "not_unpacked" && *files > 0;
        if *lines + *lost == 0 && !is_archive {
            continue;
        }
        let words = LOSSES.iter().find(|(known, _)| known == reason).map_or(reason.as_str(), |(_, words)| *words);
        let count = match (*lines, *files) {
            (0, 0) => String::new(),
            (0, files) => format!(" ({files} {})", plural(files, "file", "files")),
            (lines, _) => format!(" ({lines} {})", plural(lines, "line", "lines")),
        };
        let lost = if *lost == 0 { "the rest".to_owned() } else { bytes(*lost) };
        let _ = writeln!(text, "  LEFT OUT: {lost}{count} {words}");
    }
}

fn escaped(text: &str) -> String {
    terminal::escaped(text.as_bytes())
}

pub(super) const fn plural(count: u64, one: &'static str, more: &'static str) -> &'static str {
    if count == 1 { one } else { more }
}

/// With three digits at most, in powers of ten.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1_000 {
        return format!("{count} bytes");
    }
    let mut value = count as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// In the largest unit that it has at least two of.
fn span(seconds: u64) -> String {
    match seconds {
        _ if seconds < 2 * MINUTE => format!("{seconds} s"),
        _ if seconds < 2 * HOUR => format!("{} min", seconds / MINUTE),
        _ if seconds < 2 * DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} days", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::status::{AdoptedStatus, LedgerStatus};

    fn not_read(state: &str, path: &str) -> NotReadStatus {
        NotReadStatus { state: state.to_owned(), path: path.to_owned(), ..NotReadStatus::default() }
    }

    #[test]
    fn what_is_not_read_is_shown_with_the_reason_and_in_a_few_lines() {
        let denied = NotReadStatus {
            why: "Permission denied (os error 13)".to_owned(),
            seconds: Some(750),
            lag_bytes: 12_345,
            ..not_read("unreadable", "/var/log/a.log")
        };
        let copy = NotReadStatus { of: Some("/var/log/b.log".to_owned()), ..not_read("copy", "/var/log/b.log.1") };
        let counts = [("caught_up", 3), ("copy", 1), ("finished", 19_000), ("unreadable", 7)];
        let status = FilesStatus {
            states: counts.into_iter().map(|(state, count)| (state.to_owned(), count)).collect(),
            lag_bytes: 1_234_567,
            lag_seconds: 34.5,
            not_read: vec![copy, denied],
            left_out: 6,
        };
        let mut text = String::new();
        files(&mut text, &status);
        losses(
            &mut text,
            &[
                LossStatus { reason: "oversized".to_owned(), lines: 2, bytes: 3_000_000, files: 0 },
                LossStatus { reason: "continued".to_owned(), ..LossStatus::default() },
                LossStatus { reason: "lost".to_owned(), lines: 0, bytes: 20, files: 1 },
                LossStatus { reason: "newer than this".to_owned(), lines: 0, bytes: 5, files: 0 },
                LossStatus { reason: "not_unpacked".to_owned(), lines: 0, bytes: 0, files: 2 },
            ],
        );
        assert_eq!(
            text,
            "             3 files read to the end
         19000 files done with
             7 cannot be read, tried again at each scan
               /var/log/a.log: Permission denied (os error 13), for 12 min (12 kB not read)
               and 6 more: `pxtail status --all`
             1 a copy: its lines are counted from another file
               /var/log/b.log.1 of /var/log/b.log
  BEHIND: 1.2 MB are not read, some of them for 34 s
  LEFT OUT: 3.0 MB (2 lines) of lines longer than `tail.max_line_bytes`
  LEFT OUT: 20 bytes (1 file) of files that were deleted before they were read, at least
  LEFT OUT: 5 bytes newer than this
  LEFT OUT: the rest (2 files) of archives that are damaged or cut off
"
        );
    }

    #[test]
    fn trouble_of_the_agent_stands_first_and_is_safe_for_a_terminal() {
        let adopted = AdoptedStatus {
            at: "2026-11-23T19:00:00.000Z".to_owned(),
            cause: "mended".to_owned(),
            story: "it is gone\u{1b}[31m".to_owned(),
        };
        let ledger = LedgerStatus {
            trouble: Some("no space left".to_owned()),
            adopted: Some(adopted),
            ..LedgerStatus::default()
        };
        assert_eq!(
            agent(&Status { ledger, hints: "off".to_owned(), ..Status::default() }),
            "NOTHING IS SAVED, reading waits: no space left
the ledger was damaged: it is gone\\x1b[31m
  windows that began before 2026-11-23T19:00:00.000Z are parked: `pxtail outbox list`
hints: off

"
        );
        assert_eq!(agent(&Status::default()), "");
    }

    #[test]
    fn how_unknown_outcomes_were_settled_is_shown_where_there_were_any() {
        let delivery = DeliveryStatus {
            trouble: Some("PX answered 403\nhelp: give the API key\u{1b} the Read permission".to_owned()),
            unknown: 1,
            settled: [("not_found".to_owned(), 3), ("possibly_repeated".to_owned(), 2)].into(),
            possibly_repeated: 12,
        };
        assert_eq!(
            agent(&Status { delivery, ..Status::default() }),
            "PX: PX answered 403
  help: give the API key\\x1b the Read permission
1 attempt without an answer since the agent's start
             3 not found: sent again
             2 not to be looked up: SENT AGAIN, may be there twice
12 events may be in PX more than once, since the ledger was made

"
        );
    }

    #[test]
    fn every_way_of_settling_has_words() {
        use crate::push::observe::Settled::*;
        for how in [Found, FoundRepeated, Mismatch, NotFound, Parked, PossiblyRepeated] {
            assert!(super::SETTLED.iter().any(|(known, _)| *known == how.as_str()), "{how:?}");
        }
    }

    #[test]
    fn every_state_and_every_loss_has_words() {
        use crate::model::file::FileId;
        use crate::model::time::UnixMicros;
        use crate::tail::FileState::{self, *};
        let unreadable = Unreadable { why: String::new(), since: UnixMicros(0) };
        let states: [FileState; 13] = [
            Reading,
            CaughtUp,
            Leaving,
            Waiting,
            Undecided,
            Missing,
            unreadable,
            Finished,
            SetAside,
            NotUnpacked { why: "" },
            Copy { of: FileId(1) },
            Foreign,
            Destroyed,
        ];
        for state in states {
            let words = if state.is_not_read() { NOT_READ.as_slice() } else { READ.as_slice() };
            assert!(words.iter().any(|(known, _)| *known == state.name()), "{state:?}");
        }
        for loss in crate::tail::TailCounters::NOTHING.losses() {
            assert!(LOSSES.iter().any(|(known, _)| *known == loss.reason), "{loss:?}");
        }
    }
}
