//! Health, shared between the threads of the agent, and the control socket.
//!
//! Promises: no user, account or raw line in metrics; a line that does not match only in the status, which only the agent's
//! own user can ask for. Does not: decide.

pub mod board;
pub mod control;
pub mod delivery;
pub mod metrics;
pub mod status;

pub use board::{Detail, StatusBoard};
pub use delivery::DeliveryWatch;
