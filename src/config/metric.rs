//! `[[metric]]`: what is counted, for whom, and how it is sent.
//!
//! Promises: what one metric says fits together. Does not: look at other metrics, sources or patterns; `references` does.

mod attributes;

use std::time::Duration;

use jiff::tz::TimeZone;

use super::references::{KnownNames, Named};
use super::section::Section;
use super::settings::{DAY, HOUR, MINUTE};
use super::value::{Limits, Value};
use super::words::shown;
use super::{condition, names, references, template, time_zone};
use crate::model::fault::Located;
use crate::model::spec::{DateOf, Late, MetricSpec, Template, WindowLength};

/// By PX's published limits.
const EVENT_NAME_CHARS: usize = 2_000;

/// Longest `identifyId` that is sent: longer ones in a log are an attack or a mistake.
const USER_BYTES: usize = 1_000;

/// Reads one `[[metric]]`; its name also where the rest has faults.
pub(super) fn read(mut section: Section<'_>, known: &KnownNames) -> Named<MetricSpec> {
    let name = section.require("name", "write name = \"api-usage\": it is a part of every event's id");
    let name = name.and_then(|value| names::read(&value));
    if let Some(name) = &name {
        section.title = format!("metric `{}`", name.value);
    }
    let spec = read_named(section, name.as_ref(), known);
    Named { name, spec }
}

fn read_named(mut section: Section<'_>, name: Option<&Located<String>>, known: &KnownNames) -> Option<MetricSpec> {
    let sources = section.require("sources", "write sources = [\"web\"], with the names of the sources it counts");
    let sources = sources.and_then(|value| read_sources(&value, known));
    let event = section.require("event", "write event = \"API Usage\", the event's name in PX");
    let event = event.and_then(|value| read_event(&value));
    let window = section.get("window").map_or(Some(WindowLength::Day), |value| read_window(&value));
    let time_zone = read_time_zone(&mut section, window);
    let dates = [("noon", DateOf::Noon), ("start", DateOf::Start)];
    let date = section.get("date").and_then(|value| value.choice(&dates)).unwrap_or(DateOf::Noon);
    let waits = read_waits(&mut section);
    let lates = [("delta", Late::Delta), ("drop", Late::Drop)];
    let late = section.get("late").and_then(|value| value.choice(&lates)).unwrap_or(Late::Delta);
    let identity = read_identity(&mut section);
    let conditions = section.get("where").and_then(|value| value.table());
    let conditions = conditions.map(|table| condition::read(&table)).unwrap_or_default();
    let (properties, measures) = attributes::read(&mut section);
    let max_groups = section.integer("max_groups", 1_000_000, GROUPS) as u32;
    let at = section.at.clone();
    section.finish();
    Some(MetricSpec {
        at,
        name: name?.value.clone(),
        sources: sources?,
        event: event?,
        window: window?,
        time_zone: time_zone?,
        date,
        grace: waits.grace,
        seal_wait: waits.seal_wait,
        late,
        late_every: waits.late_every,
        max_ahead: waits.max_ahead,
        user: identity.user,
        account: identity.account,
        service_user: identity.service_user,
        conditions,
        properties,
        measures,
        max_groups,
    })
}

const GROUPS: Limits<u64> = Limits {
    least: 1,
    most: 10_000_000,
    reason: "each group of an open window takes memory, some 100 bytes: 1_000_000 suits",
};

fn read_sources(value: &Value<'_>, known: &KnownNames) -> Option<Vec<Located<String>>> {
    let sources = value.texts()?;
    if value.list()?.is_empty() {
        value.fault(&format!("{} is empty", value.title), "name at least one source: [\"web\"]");
    }
    for (index, source) in sources.iter().enumerate() {
        references::check_source(value, source, known);
        if sources[..index].iter().any(|earlier| earlier.value == source.value) {
            value.fault(
                &format!("{} names `{}` twice", value.title, shown(&source.value)),
                "name it once: its lines count once",
            );
        }
    }
    Some(sources)
}

fn read_event(value: &Value<'_>) -> Option<Located<String>> {
    let event = value.filled_text()?;
    if event.value.chars().count() > EVENT_NAME_CHARS {
        value.fault(&format!("{} is longer than 2,000 characters", value.title), "PX takes no longer name: shorten it");
    } else if event.value.contains(char::is_control) {
        value.fault(&format!("{} holds a control character", value.title), "write the name as PX shall show it");
    } else if event.value.contains('{') && event.value.contains('}') {
        let help = "put the field into a property, or write one metric for each name, with its `where`";
        value.fault(&format!("{} holds braces, but an event's name takes no fields", value.title), help);
    } else {
        return Some(event);
    }
    None
}

/// A window shorter than this would make more events than PX takes.
const SHORTEST_WINDOW: Duration = MINUTE;

fn read_window(value: &Value<'_>) -> Option<WindowLength> {
    let reason = "the longest window is the day, \"1d\"; the shortest is \"1m\"";
    let length = value.duration(Limits { least: SHORTEST_WINDOW, most: DAY, reason })?;
    if length == DAY {
        return Some(WindowLength::Day);
    }
    if length.subsec_nanos() == 0 && DAY.as_secs().is_multiple_of(length.as_secs()) {
        return Some(WindowLength::Part(length));
    }
    let help = "write a length that goes evenly into 24 hours: \"1h\", \"30m\", \"15m\", \"5m\", or \"1d\"";
    value.fault(&format!("{} does not divide the day evenly", value.title), help);
    None
}

/// A day is a day somewhere; parts of a day are the same in most places.
fn read_time_zone(section: &mut Section<'_>, window: Option<WindowLength>) -> Option<TimeZone> {
    if let Some(value) = section.get("time_zone") {
        return time_zone::read(&value);
    }
    if window == Some(WindowLength::Day) {
        let message = format!("{} counts by the day, but has no `time_zone` to say where a day begins", section.title);
        section
            .absence(&message, "write time_zone = \"America/New_York\", the zone of your PX subscription, or \"UTC\"");
    }
    Some(TimeZone::UTC)
}

struct Waits {
    grace: Duration,
    seal_wait: Duration,
    late_every: Duration,
    max_ahead: Duration,
}

fn read_waits(section: &mut Section<'_>) -> Waits {
    Waits {
        grace: section.duration(
            "grace",
            10 * MINUTE,
            Limits {
                least: Duration::ZERO,
                most: 7 * DAY,
                reason: "a window is sent so much later, and held in memory so much longer: \"10m\" suits",
            },
        ),
        seal_wait: section.duration(
            "seal_wait",
            6 * HOUR,
            Limits {
                least: MINUTE,
                most: 30 * DAY,
                reason: "a file that cannot be read holds its windows back for so long: \"6h\" suits",
            },
        ),
        late_every: section.duration(
            "late_every",
            HOUR,
            Limits {
                least: Duration::from_millis(100),
                most: 7 * DAY,
                reason: "each batch of late lines is one more event per group: \"1h\" suits",
            },
        ),
        max_ahead: section.duration(
            "max_ahead",
            HOUR,
            Limits {
                least: Duration::ZERO,
                most: DAY,
                reason: "a wrong clock must not open windows far ahead: \"1h\" suits",
            },
        ),
    }
}

struct Identity {
    user: Option<Located<Template>>,
    account: Option<Located<Template>>,
    service_user: Option<String>,
}

fn read_identity(section: &mut Section<'_>) -> Identity {
    let user = section.get("user");
    let account = section.get("account");
    let service_user = section.get("service_user");
    if user.is_none() && account.is_none() {
        let help = "write user = \"{user}\" and account = \"{account}\", with the fields that your pattern gives";
        section.absence(&format!("{} has neither `user` nor `account`", section.title), help);
    } else if user.is_none() && service_user.is_none() {
        let message = format!("{} counts per account alone, but PX needs a user for each event", section.title);
        section.absence(&message, "write service_user = \"pxtail\", the id of a user in PX that stands in");
    }
    Identity {
        user: user.and_then(|value| template::read(&value)),
        account: account.and_then(|value| template::read(&value)),
        service_user: service_user.and_then(|value| read_service_user(&value)),
    }
}

fn read_service_user(value: &Value<'_>) -> Option<String> {
    let user = value.filled_text()?.value;
    if user.len() > USER_BYTES || user.contains(char::is_control) || user.contains(['{', '}']) {
        let message = format!("{} is no plain id of at most 1,000 bytes", value.title);
        value.fault(&message, "write one user's id, without fields or control characters");
        return None;
    }
    Some(user)
}
