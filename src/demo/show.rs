//! The demo's words: a line while it runs, a table at its end.

use std::fmt::Write as _;

use super::Finished;
use super::Progress;
use super::books::AccountRow;

/// Accounts that get a line of their own; the rest are added up in one.
const SHOWN: usize = 12;

impl Progress {
    /// One line.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { stage, lines, rotations, kills, events } = self;
        format!("{stage}: {lines} lines written, {rotations} rotations, {kills} kill -9, {events} events in PX")
    }
}

impl Finished {
    /// What was written beside what PX holds.
    #[must_use]
    pub fn table(&self) -> String {
        let it = &self.comparison;
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "API usage of {} and {} ({}), by account\n\n{:<12} {:>12} {:>12} {:>16} {:>16}  ",
            it.days[0], it.days[1], it.zone, "account", "calls", "calls in PX", "bytes", "bytes in PX"
        );
        let (shown, rest) = it.accounts.split_at(it.accounts.len().min(SHOWN));
        for row in shown {
            write_row(&mut text, row);
        }
        if !rest.is_empty() {
            write_row(&mut text, &sum(&format!("{} more", rest.len()), rest));
        }
        write_row(&mut text, &sum("all", &it.accounts));
        let _ = writeln!(
            text,
            "\n{} lines written to two logs ({} of them late), {} rotations of each, {} kill -9 of the agent.\n\
             PX holds {} events ({} revisions of late lines), {} of them twice.\n\
             {} of {} sums by event, user, account and day differ. It took {:.1} s.",
            it.lines,
            it.late_lines,
            it.rotations,
            it.kills,
            it.events,
            it.revisions,
            it.repeated,
            it.differing,
            it.keys,
            self.took.as_secs_f64()
        );
        let _ = writeln!(text, "{}", if it.agrees() { "Every number agrees." } else { "NOT EVERY NUMBER AGREES." });
        text
    }
}

fn write_row(text: &mut String, row: &AccountRow) {
    let AccountRow { account, written, held } = row;
    let mark = if written == held { "=" } else { "DIFFERS" };
    let _ = writeln!(
        text,
        "{account:<12} {:>12} {:>12} {:>16} {:>16}  {mark}",
        written.calls, held.calls, written.bytes, held.bytes
    );
}

fn sum(name: &str, rows: &[AccountRow]) -> AccountRow {
    rows.iter().fold(AccountRow { account: name.to_owned(), ..AccountRow::default() }, |mut total, row| {
        total.written.calls += row.written.calls;
        total.written.bytes += row.written.bytes;
        total.held.calls += row.held.calls;
        total.held.bytes += row.held.bytes;
        total
    })
}
