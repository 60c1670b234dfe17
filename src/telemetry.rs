//! Counters, health, and the status socket.
