//! The SQLite file: cursors, open windows, outbox. One transaction per commit.
