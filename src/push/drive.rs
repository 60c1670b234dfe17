//! Runs the machine: makes its requests, brings it the answers, and ends when it is told to.
//!
//! Promises: every request that the machine gives out is answered once, whatever becomes of its task. Does not: decide.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::Answer;
use super::http::{Outgoing, Transport};
use super::key::{KeyChange, KeyRing};
use super::machine::{Moment, Pusher, Request, Ticket};
use super::outbox::Outbox;
use crate::model::time::Clock;

/// Answers that come within this of each other are written together: one durable write costs about 1.3 ms, and at 200
/// events a second each would need two.
const GATHER: Duration = Duration::from_millis(10);

/// When stopping, requests under way may end for so long; the agent as a whole has 5 s.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

pub(super) struct Driver<O, T, E> {
    pub(super) pusher: Pusher<O>,
    pub(super) transport: Arc<T>,
    pub(super) keys: KeyRing<E>,
    pub(super) clock: Arc<dyn Clock>,
    started: Instant,
    tasks: JoinSet<Answer>,
    tickets: HashMap<Id, Ticket>,
}

impl<O, T, E> Driver<O, T, E>
where
    O: Outbox,
    T: Transport,
    E: Fn(&str) -> Option<OsString>,
{
    pub(super) fn new(pusher: Pusher<O>, transport: T, keys: KeyRing<E>, clock: Arc<dyn Clock>) -> Self {
        Self {
            pusher,
            transport: Arc::new(transport),
            keys,
            clock,
            started: Instant::now(),
            tasks: JoinSet::new(),
            tickets: HashMap::new(),
        }
    }

    /// Until `stop` turns true, or nobody is left to turn it.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let wake_in = self.turn();
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                Some(joined) = self.tasks.join_next_with_id() => {
                    self.joined(joined);
                    self.gather_until(Instant::now() + GATHER).await;
                }
                () = sleep(wake_in) => {}
            }
        }
        self.gather_until(Instant::now() + LAST_ANSWERS).await;
        if let Err(err) = self.pusher.flush(self.now()) {
            // What is not written is settled after the next start.
            tracing::error!("the last outcomes could not be written: {err}");
        }
    }

    fn now(&self) -> Moment {
        Moment { wall: self.clock.now(), steady: self.started.elapsed() }
    }

    fn turn(&mut self) -> Duration {
        let now = self.now();
        match self.keys.refresh(now.steady) {
            KeyChange::None => {}
            KeyChange::New => self.pusher.key_has_changed(now),
            KeyChange::Missing(reason) => self.pusher.key_is_missing(reason),
        }
        let turn = self.pusher.turn(now);
        for request in turn.requests {
            self.start(request);
        }
        turn.wake_in
    }

    fn start(&mut self, request: Request) {
        let Some(key) = self.keys.current().cloned() else {
            // The machine gives out nothing without a key; were it to, nothing was sent.
            let answer = Answer::NotConnected { reason: "no API key".to_owned() };
            return self.pusher.answered(self.now(), &request.ticket, &answer);
        };
        let transport = Arc::clone(&self.transport);
        let outgoing = Outgoing { call: request.ticket.call(), url: request.url, body: request.body, key };
        let task = self.tasks.spawn(async move { transport.send(outgoing).await });
        self.tickets.insert(task.id(), request.ticket);
    }

    /// Takes answers as they come until the moment, or until none is under way.
    async fn gather_until(&mut self, moment: Instant) {
        while let Ok(Some(joined)) = timeout_at(moment, self.tasks.join_next_with_id()).await {
            self.joined(joined);
        }
    }

    fn joined(&mut self, joined: Result<(Id, Answer), JoinError>) {
        let (id, answer) = match joined {
            Ok(done) => done,
            Err(err) => (err.id(), Answer::Lost { reason: "the request's task failed".to_owned() }),
        };
        if let Some(ticket) = self.tickets.remove(&id) {
            self.pusher.answered(self.now(), &ticket, &answer);
        }
    }
}

#[cfg(test)]
mod tests;
