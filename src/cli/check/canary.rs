//! `pxtail check --online --canary`: one event to a test product key, and what PX shows of it.
//!
//! Promises: sends one event, marked, and never to a product key that the configuration counts for. Does not: take it back:
//! PX has no way to.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Findings, online::in_words};
use crate::cli::say;
use crate::model::event::{EventId, SealedEvent, Window};
use crate::model::spec::Configuration;
use crate::model::time::{Clock, SystemClock, UnixMicros};
use crate::push::inquiry::{Inquiry, Look, Posted, Reply, Shown};
use crate::push::wire;

/// By these the event is found, and known as none of a user's.
const EVENT_NAME: &str = "pxtail canary";
const IDENTIFY_ID: &str = "pxtail-canary";

/// Between looks: the first pause, and the longest. What is measured is right to about a tenth, and to a second.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How long it is looked for: an event that shows later than this needs a longer `settle_wait` than anybody would set.
const PATIENCE: Duration = Duration::from_mins(15);

/// `settle_wait` must be so many times the lag that was measured once: it varies.
const MARGIN: u32 = 3;

/// What was found out.
struct Outcome {
    shown: Shown,
    /// From the answer to the POST until PX showed the event.
    lag: Duration,
}

/// Sends the event and looks for it.
pub async fn run(inquiry: &Inquiry, product_key: &str, configuration: &Configuration, findings: &mut Findings) {
    if product_key == configuration.px.product_key.value {
        return findings.fail(&format!(
            "--canary `{product_key}` is the product key of the configuration: an event there would count, and cannot be taken \
             back\nhelp: name the key of a test environment, from PX, Administration, Products"
        ));
    }
    let now = SystemClock.now();
    // PX keeps milliseconds.
    let event = event(EventId(Uuid::new_v4()), UnixMicros(now.0 - now.0 % 1_000));
    match inquiry.post(&wire::custom_event(&event, product_key).body).await {
        Posted::Taken => {
            say(&format!("canary: PX took event `{}` for product key `{product_key}`; it is looked for", event.id));
        }
        Posted::Refused { status, body } => {
            let help = match status {
                401 | 403 => "give the key the permission Write in PX, Administration, REST API",
                _ => "check that the key given is one of this subscription",
            };
            return findings.fail(&format!("canary: PX refuses the event ({status}): {body}\nhelp: {help}"));
        }
        Posted::Unknown { reason } => {
            return findings.fail(&format!(
                "canary: it is not known whether PX took the event: {reason}\nhelp: try again; pxtail itself looks such events up"
            ));
        }
    }
    match look_for(inquiry, &event, Instant::now()).await {
        Ok(Some(outcome)) => judge(&outcome, configuration, findings),
        Ok(None) => not_shown(inquiry, &event, findings).await,
        Err(reply) => findings.fail(&format!(
            "canary: the event cannot be looked for: {}\nhelp: give the key the permission Read in PX, Administration, REST API; \
             without it, events whose answer is lost are parked or sent again, as `on_unknown` says",
            in_words(&reply)
        )),
    }
    look_otherwise(inquiry, &event).await;
}

fn event(id: EventId, date: UnixMicros) -> SealedEvent {
    SealedEvent {
        id,
        metric: "canary".to_owned(),
        name: EVENT_NAME.to_owned(),
        identify_id: Some(IDENTIFY_ID.to_owned()),
        account: None,
        window: Window { start: date, end: date },
        revision: 1,
        date,
        attributes: Vec::new(),
        parked: None,
        lines: 0,
    }
}

/// Looks as pxtail looks for events whose answer was lost: by user and name.
async fn look_for(
    inquiry: &Inquiry,
    event: &SealedEvent,
    since: Instant,
) -> Result<Option<Outcome>, Reply<Option<Shown>>> {
    let filter = [("identifyId", IDENTIFY_ID), ("eventName", EVENT_NAME)];
    let mut pause = PAUSE.0;
    loop {
        let lag = since.elapsed();
        match inquiry.find(Look { id: event.id, date: event.date, filter: &filter }).await {
            Reply::Said(Some(shown)) => return Ok(Some(Outcome { shown, lag })),
            // Others may use up the rate for a moment, and a proxy may stumble.
            Reply::Said(None) | Reply::TooFast | Reply::Nothing { .. } if lag < PATIENCE => {}
            Reply::Said(None) => return Ok(None),
            other => return Err(other),
        }
        tokio::time::sleep(pause).await;
        pause = (pause + pause / 10).min(PAUSE.1);
    }
}

fn judge(outcome: &Outcome, configuration: &Configuration, findings: &mut Findings) {
    let Outcome { shown, lag } = outcome;
    let settle_wait = configuration.push.settle_wait;
    let kept = |is_kept: bool| if is_kept { "comes back" } else { "does not come back" };
    say(&format!(
        "canary: PX shows the event after {:.1} s; `eventId` {}, `usageId` {}; filters by user and name find it",
        lag.as_secs_f64(),
        kept(shown.has_event_id),
        kept(shown.has_usage_id),
    ));
    if !shown.has_event_id && !shown.has_usage_id {
        findings.fail(
            "canary: PX gives back neither id of the event: events whose answer is lost could not be told from others\nhelp: tell \
             the makers of pxtail, with PX's answer to GET /v1/events/custom",
        );
    }
    let wanted = *lag * MARGIN;
    if wanted > settle_wait {
        findings.fail(&format!(
            "canary: `settle_wait` is {} s, and PX shows events only after {:.0} s: one whose answer is lost could be sent \
             twice\nhelp: set `settle_wait = \"{}s\"` in [push], or longer",
            settle_wait.as_secs(),
            lag.as_secs_f64().ceil(),
            wanted.as_secs_f64().ceil(),
        ));
    } else {
        say(&format!("canary: `settle_wait` ({} s) is long enough", settle_wait.as_secs()));
    }
}

/// The filters did not show it within the patience. Without them?
async fn not_shown(inquiry: &Inquiry, event: &SealedEvent, findings: &mut Findings) {
    let minutes = PATIENCE.as_secs() / 60;
    match inquiry.find(Look { id: event.id, date: event.date, filter: &[] }).await {
        Reply::Said(Some(_)) => findings.fail(&format!(
            "canary: PX shows the event, but not where it is asked for user `{IDENTIFY_ID}` and name `{EVENT_NAME}`: events whose \
             answer is lost would be taken for lost\nhelp: set `on_unknown = \"park\"` and tell the makers of pxtail"
        )),
        _ => findings.fail(&format!(
            "canary: PX took the event, and does not show it after {minutes} minutes\nhelp: look for `{EVENT_NAME}` in PX's audience \
             explorer; where it is there, reading is too slow here to settle lost answers"
        )),
    }
}

/// How a filter compares: for the curious, and for the next one who writes about PX.
async fn look_otherwise(inquiry: &Inquiry, event: &SealedEvent) {
    let upper = IDENTIFY_ID.to_uppercase();
    let others = [("in capitals", upper.as_str()), ("of another user", "pxtail-canary-2")];
    for (what, id) in others {
        let look = Look { id: event.id, date: event.date, filter: &[("identifyId", id)] };
        let found = match inquiry.find(look).await {
            Reply::Said(Some(_)) => "finds it too",
            Reply::Said(None) => "does not find it",
            _ => "says nothing",
        };
        say(&format!("canary: a filter with the id {what} {found}"));
    }
}
