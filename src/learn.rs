//! Proposals: a pattern for a log, out of its server's configuration or out of its lines; routes out of its paths.
//!
//! Promises: what is proposed is text for a person to read; nothing here writes it anywhere, and nothing uses it by itself.
//! Every pattern that is proposed passes its own cases. Does not: print.

pub mod server_config;
