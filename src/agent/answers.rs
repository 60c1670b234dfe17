//! What the running agent answers on its control socket.
//!
//! Promises: asking never stops counting. Does not: know how a status is shown.

use std::sync::Arc;

use crate::ledger::Ledger;
use crate::ledger::outbox::OutboxStore;
use crate::model::spec::Configuration;
use crate::telemetry::control::{Answer, ControlSocket, Request};
use crate::telemetry::status::{StatusBoard, prometheus};

/// The control socket is a convenience: without it the agent still does its work.
pub fn listen(configuration: &Configuration, ledger: &Ledger, board: &Arc<StatusBoard>) -> Option<ControlSocket> {
    let path = ledger.path().to_owned();
    let board = Arc::clone(board);
    let answer = move |request| match request {
        Request::Status => Answer::Status(board.read()),
        Request::Metrics => Answer::Metrics { text: prometheus(&board.read()) },
        Request::OutboxRelease => match OutboxStore::open(&path).and_then(|mut outbox| outbox.release()) {
            Ok(events) => Answer::Released { events },
            Err(err) => Answer::Failed { message: err.to_string() },
        },
    };
    ControlSocket::listen(&configuration.agent.socket, answer)
        .inspect_err(|err| {
            let path = configuration.agent.socket.display();
            tracing::warn!(
                "{path}: the control socket cannot be made, `pxtail outbox` will not reach this agent: {err}"
            );
        })
        .ok()
}
