//! The real binary on real files against the real sandbox.

#![expect(unreachable_pub, reason = "one test binary: its modules share everything")]

mod agent;
mod bad_input;
mod command_line;
mod dry_run;
mod following;
mod kills;
mod oracle;
