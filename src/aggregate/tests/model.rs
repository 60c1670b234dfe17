//! Generated lists of actions against a naive model.
