//! The real binary on real files against the real sandbox.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests: what fails here has failed")]

mod agent;
mod archives;
mod bad_input;
mod command_line;
mod damage;
mod dry_run;
mod following;
mod kills;
mod many;
mod online;
mod oracle;
mod outbox;
mod permissions;
mod plan;
mod records;
mod tools;
mod two_agents;
