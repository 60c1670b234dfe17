//! Up to when a source is known completely: what a window must wait for before it seals.
//!
//! Promises: errs on the side of waiting, bounded by `seal_wait` for what cannot be read. Does not: know windows.

use std::time::Duration;

use super::{Source, Tail};
use crate::model::file::{FileId, SourceIndex};
use crate::model::time::UnixMicros;

impl Tail {
    /// The instant up to which the source is complete: all that was written before it is handed out, or belongs to a file
    /// whose own event times already passed it. A window may seal when its end and grace are not after this instant.
    ///
    /// It is the least of: the beginning of the last complete scan; for each file that is not finished, the later of its own
    /// newest event time (`own_time`) and the beginning of the last read that found its end; lines of the file that the
    /// caller holds back itself are as good as not read (`held_from`: what was complete before they were). A file that cannot be read,
    /// and a directory that cannot be listed, hold it back to `now - seal_wait` at worst. `UnixMicros::MIN` before the
    /// first scan.
    pub fn complete_until(
        &self,
        source: SourceIndex,
        seal_wait: Duration,
        now: UnixMicros,
        own_time: impl Fn(FileId) -> Option<UnixMicros>,
        held_from: impl Fn(FileId) -> Option<UnixMicros>,
    ) -> UnixMicros {
        let Some(listed) = self.source(source) else {
            return UnixMicros::MIN;
        };
        let at_worst = now.minus(seal_wait);
        self.files
            .values()
            .filter(|file| file.source == source)
            .filter(|file| file.holds_back() || file.trouble.is_some() || held_from(file.cursor.file).is_some())
            .map(|file| {
                let is_hidden = listed.is_obstructed && file.scan != self.scans && file.handle.is_none();
                let held_from = held_from(file.cursor.file).unwrap_or(UnixMicros::MAX);
                let caught_up_at = file.caught_up_at.map(|at| at.min(held_from));
                let known = own_time(file.cursor.file).max(caught_up_at).unwrap_or(UnixMicros::MIN);
                if is_hidden || file.trouble.is_some() { known.max(at_worst) } else { known }
            })
            .fold(listed_until(listed, at_worst), UnixMicros::min)
    }
}

fn listed_until(source: &Source, at_worst: UnixMicros) -> UnixMicros {
    let scanned_at = source.scanned_at.unwrap_or(UnixMicros::MIN);
    if source.is_obstructed { scanned_at.max(at_worst) } else { scanned_at }
}
