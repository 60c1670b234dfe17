//! What the ledger needs no more is taken out of it.
//!
//! Promises: little at once, so that neither counting nor push waits for it. Does not: say how long events are kept; the
//! configuration does.

use std::time::Duration;

use super::AgentError;
use crate::aggregate::KEEP_REVISIONS;
use crate::ledger::Ledger;
use crate::model::time::UnixMicros;

/// How often old rows are looked for.
pub const HOUSEKEEPING: Duration = Duration::from_secs(3600);

/// Old events that are removed in one transaction, for which push waits: some 10 ms.
const REMOVED_AT_ONCE: usize = 1_000;

/// Between two such removals while there is more: 3.6 million an hour, more than PX takes in a day.
const REMOVE_AGAIN: Duration = Duration::from_secs(1);

/// Forgets the numbers of windows that no line can be for any more.
pub fn forget_revisions(ledger: &mut Ledger, now: UnixMicros) -> Result<(), AgentError> {
    let mut commit = ledger.begin()?;
    commit.forget_revisions(now, KEEP_REVISIONS)?;
    Ok(commit.finish()?)
}

/// Takes some of the settled events away whose time of keeping is over; says how long until the next ones.
pub fn remove_settled(ledger: &mut Ledger, kept: Duration, now: UnixMicros) -> Result<Duration, AgentError> {
    let mut commit = ledger.begin()?;
    let removed = commit.remove_settled(now.minus(kept), REMOVED_AT_ONCE)?;
    if removed == 0 {
        return Ok(HOUSEKEEPING);
    }
    commit.finish()?;
    Ok(if removed < REMOVED_AT_ONCE { HOUSEKEEPING } else { REMOVE_AGAIN })
}
