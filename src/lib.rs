//! pxtail follows access and application logs, adds usage up per user and account in time windows, and sends each
//! closed window to Gainsight PX as one event, once.
//!
//! The way of the data, the invariants and the glossary are in `ARCHITECTURE.md`. Stages never import each other;
//! [`agent`] alone knows their order, and the nouns that travel between them live in [`model`].

pub mod agent;
pub mod aggregate;
pub mod cli;
pub mod config;
pub mod demo;
pub mod explain;
pub mod learn;
pub mod ledger;
pub mod model;
pub mod parse;
pub mod push;
pub mod sandbox;
pub mod tail;
pub mod telemetry;
pub mod terminal;
pub mod usage;
