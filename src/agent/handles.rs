//! How many log files may be open at once: as many as configured, and no more than the process may open beside all else.
//!
//! Promises: the process's limit is raised as far as its user may; state, sockets and hints keep their share of it. Does
//! not: open or close files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::model::spec::TailSpec;

/// Handles for what is no log file, beside requests: the ledger's three connections (three files each), the lock, the
/// control socket and its callers, signals, hints, two runtimes, a directory that is listed, what the resolver opens.
const RESERVE: u64 = 48;

/// A request has a socket; one that was kept open may wait beside a new one.
const HANDLES_PER_REQUEST: u64 = 2;

/// Raises the process's limit of open files to the highest it may have, and gives the tail as it is configured, with no
/// more open files than fit. Says so when that is fewer. `requests`: how many may be under way at once.
pub fn within_limit(tail: &TailSpec, requests: u32) -> TailSpec {
    let configured = tail.max_open_files;
    let limit = raised_limit();
    let fitting = fitting(configured, limit, requests);
    if let Some(limit) = limit.filter(|_| fitting < configured) {
        tracing::warn!(
            "at most {fitting} log files are open at once, not {configured} (`tail.max_open_files`): this process may open \
             {limit} files, and some are for state and network; more log files than that take turns\nhelp: raise the limit \
             (`ulimit -n`, systemd's LimitNOFILE), or set `max_open_files = {fitting}`"
        );
    }
    TailSpec { max_open_files: fitting, ..tail.clone() }
}

/// `None` where there is no limit.
fn raised_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

fn fitting(configured: usize, limit: Option<u64>, requests: u32) -> usize {
    let Some(limit) = limit else { return configured };
    let reserve = RESERVE + HANDLES_PER_REQUEST * u64::from(requests);
    // Under a limit that small nothing is certain; a part of it still lets files take turns.
    let rest = limit.saturating_sub(reserve).max(limit / 4).max(1);
    configured.min(usize::try_from(rest).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_files_leave_handles_for_all_else() {
        for (configured, limit, requests, expected) in [
            (256, None, 4, 256),
            (256, Some(1024), 4, 256),
            (256, Some(312), 4, 256),
            (256, Some(256), 4, 200),
            (256, Some(256), 32, 144),
            (8, Some(256), 4, 8),
            (256, Some(64), 4, 16),
            (256, Some(2), 4, 1),
        ] {
            assert_eq!(fitting(configured, limit, requests), expected, "{configured} {limit:?} {requests}");
        }
    }

    #[test]
    fn the_limit_of_this_process_is_raised_as_far_as_it_goes() {
        assert_eq!(raised_limit(), getrlimit(Resource::Nofile).maximum);
        assert_eq!(getrlimit(Resource::Nofile).current, getrlimit(Resource::Nofile).maximum);
    }
}
