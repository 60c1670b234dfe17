//! What an answer means for its event, for the look-ups and for the gates.

use super::{Moment, Pusher, Ticket};
use crate::push::answer::{Answer, Meaning};
use crate::push::gate::Failure;
use crate::push::observe::{Call, Settled, Trouble};
use crate::push::outbox::{Doubt, EventKey, Outbox, Outcome, ParkCause, Parked};
use crate::push::settle::{Finding, MAX_UNDER_LOOK};

impl<O: Outbox> Pusher<O> {
    /// The answer to a request.
    pub fn answered(&mut self, now: Moment, ticket: &Ticket, answer: &Answer) {
        self.observer.request(ticket.call, answer.code());
        match ticket.call {
            Call::SendEvent => self.event_answered(now, ticket, answer),
            Call::FindEvent => self.look_answered(now, ticket, answer),
        }
        self.tell_health();
    }

    fn event_answered(&mut self, now: Moment, ticket: &Ticket, answer: &Answer) {
        let Some(key) = self.under_way.remove(&ticket.row) else { return };
        let meaning = answer.means_for_event();
        let outcome = match meaning {
            Meaning::Taken => {
                self.observer.sent();
                Outcome::Sent { copies: 1 }
            }
            Meaning::Refused => self.parked(ParkCause::Refused, Some(400), answer.shown_body()),
            Meaning::NotSent(_) => Outcome::Ready { note: answer.in_words(), doubt: Doubt::None },
            Meaning::Unknown(_) => {
                self.observer.unknown();
                self.take_up(ticket.row, key, now);
                Outcome::Unknown { note: answer.in_words() }
            }
        };
        tracing::debug!(row = ticket.row, ?outcome, "an attempt ended");
        self.outcomes.push((ticket.row, outcome));
        let trouble = match meaning {
            Meaning::Taken | Meaning::Refused => None,
            Meaning::NotSent(trouble) | Meaning::Unknown(trouble) => Some(trouble),
        };
        self.move_gates(now, ticket, answer, trouble);
    }

    fn look_answered(&mut self, now: Moment, ticket: &Ticket, answer: &Answer) {
        self.looks_under_way = self.looks_under_way.saturating_sub(1);
        let trouble = match answer {
            Answer::Status { status: 200, body, .. } => match self.settling.page(ticket.row, body, now.steady) {
                Finding::Unreadable(reason) => {
                    tracing::debug!(row = ticket.row, reason, "a look-up decided nothing");
                    Some(Trouble::NoAnswer)
                }
                finding => {
                    self.reading_permitted();
                    self.settle(ticket.row, &finding);
                    None
                }
            },
            Answer::Status { status: 400, .. } => {
                // This look's own fault, not that of looking: the others go on.
                tracing::warn!(row = ticket.row, "PX refuses a look-up (400): its event stays unknown");
                tracing::debug!(row = ticket.row, answer = answer.in_words(), "the refused look-up");
                self.settling.refused(ticket.row, now.steady);
                None
            }
            other => {
                self.settling.failed(ticket.row, now.steady);
                Some(match other {
                    Answer::Status { status: 401, .. } => Trouble::NotAllowed,
                    Answer::Status { status: 429, .. } => Trouble::TooFast,
                    Answer::Status { status: 403 | 404, .. } => {
                        self.reading_refused(now);
                        Trouble::NotReadable
                    }
                    Answer::NotConnected { .. } => Trouble::NotConnected,
                    _ => Trouble::NoAnswer,
                })
            }
        };
        self.move_gates(now, ticket, answer, trouble);
    }

    /// A look came to an end.
    fn settle(&mut self, row: i64, finding: &Finding) {
        let (how, outcome) = match *finding {
            Finding::Found { copies } => {
                let how = if copies > 1 { Settled::FoundRepeated } else { Settled::Found };
                (how, Outcome::Sent { copies })
            }
            Finding::Mismatch => {
                let reason = "PX holds an event with this id and another `usageDigest`".to_owned();
                (Settled::Mismatch, self.parked(ParkCause::DigestMismatch, None, reason))
            }
            Finding::Lost => {
                let note = "not found in PX: it never arrived".to_owned();
                (Settled::NotFound, Outcome::Ready { note, doubt: Doubt::NotShown })
            }
            Finding::Endless(ref reason) => {
                tracing::debug!(row, reason, "a look-up has no end");
                return;
            }
            Finding::Open | Finding::Unreadable(_) => return,
        };
        tracing::debug!(row, ?how, "an unknown outcome is settled");
        if how == Settled::FoundRepeated {
            tracing::warn!(row, "PX holds an event more than once");
        }
        self.observer.settled(how);
        self.settling.forget(row);
        self.outcomes.push((row, outcome));
    }

    fn parked(&self, cause: ParkCause, status: Option<u16>, body: String) -> Outcome {
        tracing::warn!(cause = cause.as_str(), "an event is parked: see `pxtail outbox list`");
        self.observer.parked(cause);
        Outcome::Parked(Parked { cause, status, body })
    }

    fn take_up(&mut self, row: i64, key: EventKey, now: Moment) {
        if self.settling.len() < MAX_UNDER_LOOK {
            self.settling.take_up(row, key, now.steady);
        } else {
            self.ask_unknown_at = now.steady;
        }
    }

    /// What an answer says about PX as a whole.
    fn move_gates(&mut self, now: Moment, ticket: &Ticket, answer: &Answer, trouble: Option<Trouble>) {
        let own = match ticket.call {
            Call::SendEvent => &mut self.sending,
            Call::FindEvent => &mut self.looking,
        };
        let Some(trouble) = trouble else {
            self.shared.succeeded(ticket.shared);
            own.succeeded(ticket.own);
            return;
        };
        let refused = matches!(trouble, Trouble::NotAllowed | Trouble::NotReadable);
        let failure = Failure {
            trouble,
            message: answer.in_short(),
            pause: if refused { self.settings.pauses.refusal } else { self.settings.pauses.trouble },
            at_least: answer.retry_after(now.wall),
        };
        let is_for_all_calls = match trouble {
            Trouble::TooFast | Trouble::NotConnected => true,
            Trouble::NoAnswer => !failure.at_least.is_zero(),
            _ => matches!(answer, Answer::Status { status: 401, .. }),
        };
        if is_for_all_calls {
            own.released(ticket.own);
            self.shared.failed(ticket.shared, now.steady, failure, &mut self.rng);
        } else {
            match answer {
                Answer::Status { .. } => self.shared.succeeded(ticket.shared),
                _ => self.shared.doubted(ticket.shared, now.steady, failure.clone(), &mut self.rng),
            }
            own.failed(ticket.own, now.steady, failure, &mut self.rng);
        }
    }
}
