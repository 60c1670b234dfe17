//! TOML to a checked configuration: every fault at once, with its place, what was expected and what to do.
