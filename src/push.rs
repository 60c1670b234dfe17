//! The outbox to PX: pace, retries, unknown outcomes.
