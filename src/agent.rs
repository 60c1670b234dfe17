//! The only one that knows the order of the stages: commit cycle, reload, shutdown.
