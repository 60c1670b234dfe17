//! Health, shared between the threads of the agent, and the control socket.
//!
//! Promises: no user, account or raw line in anything it holds. Does not: decide.

pub mod control;
pub mod delivery;

pub use delivery::DeliveryWatch;
