//! `pxtail check --online`: what PX says to the configuration.
//!
//! Promises: reads only; each thing that does not fit is said with what to do. Does not: send an event, so whether the key
//! may write shows with the first one, or with a canary.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Findings, canary};
use crate::cli::{FAILED, Failure, say};
use crate::model::spec::{Configuration, DateOf, MetricSpec, OnUnknown, WindowLength};
use crate::model::time::{Clock, SystemClock, UnixMicros};
use crate::push::PushSettings;
use crate::push::inquiry::{Inquiry, LOOK_BACK, Reply, Subscription};
use crate::push::key;

/// Between summer and winter, where clocks are changed.
const HALF_A_YEAR: Duration = Duration::from_hours(24 * 182);

/// `canary`: a test product key to send one event to.
pub fn check(configuration: &Configuration, canary: Option<&str>, findings: &mut Findings) -> Result<(), Failure> {
    let Ok(key) = key::read(&configuration.px.api_key, |name| std::env::var_os(name)) else {
        findings.fail("PX is not asked: there is no API key to ask with");
        return Ok(());
    };
    let settings = PushSettings::new(&configuration.px, &configuration.push);
    let inquiry = Inquiry::new(&settings, key).map_err(|err| Failure::new(FAILED, err.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        ask(&inquiry, configuration, SystemClock.now(), findings).await;
        if let Some(product_key) = canary.filter(|_| findings.failures == 0) {
            canary::run(&inquiry, product_key, configuration, findings).await;
        }
    });
    Ok(())
}

async fn ask(inquiry: &Inquiry, configuration: &Configuration, now: UnixMicros, findings: &mut Findings) {
    let subscription = inquiry.subscription().await;
    if !has_answered(&subscription, configuration, findings) {
        return;
    }
    if let Reply::Said(subscription) = &subscription {
        check_product_key(subscription, configuration, findings);
        for metric in &configuration.metrics {
            check_zone(subscription, metric, now, findings);
        }
    }
    match inquiry.events(None, now).await {
        Reply::Said(_) => {}
        Reply::NotAllowed { status } => {
            let follows = match configuration.push.on_unknown {
                OnUnknown::Park => "is parked, as `on_unknown` says, and may be missing in PX",
                OnUnknown::Resend => "is sent again, as `on_unknown` says, and may be in PX twice",
            };
            return findings.warn(&format!(
                "the API key may not read events (PX answers {status}): an event whose answer is lost {follows}\nhelp: give the \
                 key the permission Read in PX, Administration, REST API"
            ));
        }
        other => return findings.warn(&format!("events cannot be read now: {}", in_words(&other))),
    }
    let names: BTreeSet<&str> = configuration.metrics.iter().map(|metric| metric.event.value.as_str()).collect();
    for name in names {
        if inquiry.events(Some(name), now).await == Reply::Said(0) {
            let days = LOOK_BACK.as_secs() / 86_400;
            say(&format!(
                "note: PX shows no event `{name}` in the last {days} days: it appears with the first one that is sent"
            ));
        }
    }
}

/// Whether PX knows the key. What stands in the way is said.
fn has_answered(subscription: &Reply<Subscription>, configuration: &Configuration, findings: &mut Findings) -> bool {
    let base_url = &configuration.px.base_url;
    match subscription {
        Reply::Said(subscription) => {
            let name = subscription.name.as_deref().unwrap_or("without a name");
            say(&format!("PX at `{}` knows the API key: subscription `{name}`", base_url.value));
        }
        Reply::UnknownKey => findings.fail(&format!(
            "{}: PX at `{}` does not know the API key (401)\nhelp: a key belongs to one data center: check `region`, or copy the \
             key again from PX, Administration, REST API",
            base_url.at, base_url.value
        )),
        Reply::NotAllowed { status } => findings.warn(&format!(
            "{}: PX at `{}` answers {status} to a question about the subscription: the product key and the time zone are not \
             checked",
            base_url.at, base_url.value
        )),
        other => findings.fail(&format!(
            "{}: PX at `{}` cannot be asked: {}\nhelp: check `region` or `base_url`, this host's way out (HTTPS_PROXY, NO_PROXY, \
             the firewall), and `ca_file` where TLS is inspected on the way",
            base_url.at,
            base_url.value,
            in_words(other)
        )),
    }
    matches!(subscription, Reply::Said(_) | Reply::NotAllowed { .. })
}

pub(super) fn in_words<T>(reply: &Reply<T>) -> String {
    match reply {
        Reply::Said(_) => "it answered".to_owned(),
        Reply::UnknownKey => "it does not know the API key (401)".to_owned(),
        Reply::NotAllowed { status } => format!("it answers {status}"),
        Reply::TooFast => "too many requests (429): other hosts use up the subscription's rate".to_owned(),
        Reply::Nothing { reason } => reason.clone(),
    }
}

fn check_product_key(subscription: &Subscription, configuration: &Configuration, findings: &mut Findings) {
    let product_key = &configuration.px.product_key;
    let is_it = |key: &&crate::push::inquiry::ProductKey| key.key == product_key.value;
    let product = subscription.products.iter().find(|product| product.keys.iter().any(|key| is_it(&key)));
    if let Some(product) = product {
        let name = product.name.as_deref().unwrap_or("without a name");
        return say(&format!("the product key is of product `{name}`"));
    }
    let known: Vec<String> = subscription.products.iter().flat_map(|product| &product.keys).map(named).collect();
    findings.fail(&format!(
        "{}: `product_key` `{}` is not of this subscription, which has {}\nhelp: copy it from PX, Administration, Products",
        product_key.at,
        product_key.value,
        if known.is_empty() { "none".to_owned() } else { known.join(", ") }
    ));
}

fn named(key: &crate::push::inquiry::ProductKey) -> String {
    format!("`{}`", key.key)
}

/// PX counts days in the company's zone. An event of another zone's day may fall on the day before or after.
fn check_zone(subscription: &Subscription, metric: &MetricSpec, now: UnixMicros, findings: &mut Findings) {
    let Some(name) = subscription.time_zone.as_deref().filter(|_| metric.window == WindowLength::Day) else { return };
    let Ok(company) = TimeZone::get(name) else {
        return findings.warn(&format!("PX names a time zone that is not known here: `{name}`"));
    };
    let (Ok(now), own) = (Timestamp::from_microsecond(now.0), &metric.time_zone) else { return };
    let are_alike = [Some(now), now.checked_add(HALF_A_YEAR).ok()]
        .into_iter()
        .flatten()
        .all(|at| own.to_offset(at) == company.to_offset(at));
    if are_alike {
        return;
    }
    let effect = match falls_on_another_day(own, &company, metric.date, now) {
        Some(true) => "its events fall on another day in PX's reports",
        _ => {
            "its events fall on the same days in PX's reports, which have other lines in them than PX's own events of that day"
        }
    };
    findings.warn(&format!(
        "{}: metric `{}` counts days in `{}`, and PX in the company's zone `{name}`: {effect}\nhelp: set `time_zone = \"{name}\"`, \
         unless the metric means another region's days",
        metric.at,
        metric.name,
        own.iana_name().unwrap_or("UTC"),
    ));
}

fn falls_on_another_day(own: &TimeZone, company: &TimeZone, date: DateOf, now: Timestamp) -> Option<bool> {
    let day = own.to_datetime(now).date();
    let hour = match date {
        DateOf::Noon => 12,
        DateOf::Start => 0,
    };
    let sent = own.to_timestamp(day.at(hour, 0, 0, 0)).ok()?;
    Some(company.to_datetime(sent).date() != day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On 24 November 2026.
    const NOW: Timestamp = Timestamp::constant(1_795_500_000, 0);

    #[track_caller]
    fn check(own: &str, company: &str, date: DateOf, expected: bool) {
        let zone = |name: &str| TimeZone::get(name).unwrap();
        assert_eq!(falls_on_another_day(&zone(own), &zone(company), date, NOW), Some(expected), "{own} {company}");
    }

    #[test]
    fn noon_is_the_same_day_nearly_everywhere_and_midnight_is_not() {
        check("America/New_York", "Europe/Berlin", DateOf::Noon, false);
        check("America/New_York", "America/Los_Angeles", DateOf::Noon, false);
        check("America/New_York", "America/Los_Angeles", DateOf::Start, true);
        check("America/New_York", "Europe/Berlin", DateOf::Start, false);
        check("America/Los_Angeles", "Pacific/Auckland", DateOf::Noon, true);
    }
}
