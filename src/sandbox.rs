//! A local PX: the contract's calls with its validation, limits and faults.
