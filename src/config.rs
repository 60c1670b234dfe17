//! TOML to a checked configuration: every fault at once, with its place, what was expected and what to do.

mod document;
mod names;
mod nearest;
pub mod pattern_file;
mod report;
mod section;
mod units;
mod value;
mod variables;

pub use variables::Environment;
