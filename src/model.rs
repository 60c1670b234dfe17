//! The nouns that travel between stages.
//!
//! Promises: plain data and arithmetic; nothing here imports a stage, touches a file, a socket or a clock.
//! Does not: say how anything is stored or sent. What goes to disk or over the wire has its own types at that edge.

pub mod decimal;
pub mod encoding;
pub mod event;
pub mod fault;
pub mod fields;
pub mod file;
pub mod nearest;
pub mod record;
pub mod spec;
pub mod step;
pub mod time;
