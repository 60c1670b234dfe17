//! Whether events flow, told once per change.

use super::Pusher;
use crate::push::observe::{Health, Trouble};
use crate::push::outbox::Outbox;

impl<O: Outbox> Pusher<O> {
    /// Tells of a change, once.
    pub(super) fn tell_health(&mut self) {
        let health = self.current_health();
        let kind = |health: &Health| match health {
            Health::Good => None,
            Health::Failing { trouble, .. } => Some(*trouble),
        };
        if kind(&health) == kind(&self.health) {
            return;
        }
        match &health {
            Health::Good => tracing::info!("the way to PX is free again"),
            Health::Failing { trouble: Trouble::NotReadable, message } => {
                tracing::error!("unknown outcomes cannot be looked up in PX, and wait: {message}");
            }
            Health::Failing { trouble, message } => {
                tracing::error!(trouble = trouble.as_str(), "events do not flow to PX: {message}");
            }
        }
        self.observer.health(&health);
        self.health = health;
    }

    fn current_health(&self) -> Health {
        if let Some(reason) = &self.no_key {
            return Health::Failing { trouble: Trouble::NoKey, message: reason.clone() };
        }
        let gates = [&self.writing, &self.shared, &self.sending, &self.looking];
        if let Some((trouble, message)) = gates.iter().find_map(|gate| gate.trouble()) {
            let message = format!("{message}\nhelp: {}", advice(trouble));
            return Health::Failing { trouble, message };
        }
        if self.pace.is_over_budget() {
            let message = "the day's requests are used up\nhelp: raise `requests_per_day` or use longer windows";
            return Health::Failing { trouble: Trouble::OverBudget, message: message.to_owned() };
        }
        Health::Good
    }
}

const fn advice(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NoKey => "give an API key by file, systemd credential or environment",
        Trouble::NotAllowed => "check the API key, its Write permission, the region and any proxy in between",
        Trouble::NotReadable => "give the API key the Read permission: unknown outcomes are settled by reading PX",
        Trouble::TooFast => "lower `requests_per_second`: all hosts share the subscription's 200",
        Trouble::NotConnected => "check network, DNS, proxy and certificates; events wait in the outbox",
        Trouble::NoAnswer => "PX or something before it is in trouble; events wait in the outbox",
        Trouble::OverBudget => "raise `requests_per_day` or use longer windows",
        Trouble::NoOutbox => "check the disk under the state directory",
    }
}
