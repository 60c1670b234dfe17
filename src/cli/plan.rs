//! `pxtail plan`: how many events and requests a log makes, against PX's limits and this host's share of them.
//!
//! Promises: counted from the log as `dry-run` counts it; nothing is sent. Does not: know other hosts, nor days that are not
//! in the log.

// Writing into a String cannot fail: what it returns is not looked at.
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::arguments::PlanArguments;
use super::{FAILED, Failure, load, patterns, say, sources};
use crate::agent::dry_run::{DryRun, Incomplete};
use crate::agent::forecast::{Day, Forecast, MetricForecast};
use crate::model::spec::Configuration;
use crate::model::time::{Clock, SystemClock};
use crate::tail::log_file::{LogFile, STANDARD_INPUT};
use crate::terminal;

/// PX's limits ("Package Overview and System Limits"): requests a day of a subscription, and events of one user a day.
const REQUESTS_A_DAY: u64 = 1_000_000;
const EVENTS_OF_A_USER_A_DAY: u64 = 1_000;

const SECONDS_A_DAY: i64 = 86_400;

pub fn run(arguments: &PlanArguments) -> Result<(), Failure> {
    let configuration = load(&arguments.config.config)?;
    let mut dry_run = DryRun::new(&configuration, SystemClock.now())?;
    for path in &arguments.files {
        let source = sources::to_read_as(&configuration, arguments.source.as_deref(), path)?;
        let unreadable = |err: io::Error| patterns::unreadable(path, &err);
        let log = LogFile::open(path).map_err(unreadable)?;
        let is_file = path != Path::new(STANDARD_INPUT);
        let absolute = is_file.then(|| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        if let Some(Incomplete { lines, why }) =
            dry_run.read(source, absolute.as_deref(), log, |_| {}).map_err(unreadable)?
        {
            say(&format!("{}: read up to its damage only, {lines} lines: {why}", path.display()));
        }
    }
    let tally = dry_run.tally();
    let lines: u64 = tally.sources.iter().map(|source| source.lines).sum();
    let matched: u64 = tally.sources.iter().flat_map(|source| &source.matched).sum();
    let mut forecast = Forecast::new(&configuration);
    dry_run.finish(|event, _| {
        forecast.add(event);
        Ok(())
    })?;
    let days = forecast.days();
    let Some((first, last)) = days.keys().next().zip(days.keys().last()) else {
        let help = "`pxtail dry-run` says what becomes of the lines";
        return Err(Failure::new(
            FAILED,
            format!("{lines} lines, {matched} matched, and no event of them\nhelp: {help}"),
        ));
    };
    let mut text = format!("{lines} lines, {matched} matched, of {} to {}\n", date(*first), date(*last));
    for metric in &forecast.metrics {
        show_metric(&mut text, metric);
    }
    let faults = show_all(&mut text, &forecast, &configuration);
    io::stdout().write_all(text.as_bytes())?;
    if faults == 0 { Ok(()) } else { Err(Failure::new(FAILED, "")) }
}

fn show_metric(text: &mut String, metric: &MetricForecast) {
    let MetricForecast { name, event, days, .. } = metric;
    let _ = writeln!(text, "\nmetric `{}`, event `{}`", escaped(name), escaped(event));
    let Some((busiest, most)) = days.iter().max_by_key(|(day, events)| (**events, std::cmp::Reverse(**day))) else {
        let _ = writeln!(text, "  no event");
        return;
    };
    let _ = writeln!(text, "  {:>12} events on the busiest day ({})", grouped(*most), date(*busiest));
    let mean = metric.events() / days.len() as u64;
    let _ = writeln!(text, "  {:>12} a day on average, of {}", grouped(mean), terminal::counted(days.len(), "day"));
    let fewer = |events: u64| 100.0 - events as f64 * 100.0 / metric.events() as f64;
    for (property, events) in metric.savings() {
        let _ = writeln!(text, "  {:>11.1}% fewer without property `{}`", fewer(events), escaped(property));
    }
    if let Some(events) = metric.with_daily_windows() {
        let _ = writeln!(text, "  {:>11.1}% fewer with `window = \"1d\"`", fewer(events));
    }
}

/// All metrics together; how many limits are passed.
fn show_all(text: &mut String, forecast: &Forecast, configuration: &Configuration) -> usize {
    let px = &configuration.px;
    let (_, most) = forecast.days().into_iter().max_by_key(|(_, events)| *events).unwrap_or_default();
    let _ = writeln!(text, "\nall metrics");
    let share = most as f64 * 100.0 / px.requests_per_day as f64;
    let whole = most as f64 * 100.0 / REQUESTS_A_DAY as f64;
    let _ = writeln!(
        text,
        "  {:>12} requests on the busiest day: {share:.1} % of `requests_per_day` ({}), {whole:.1} % of the subscription's {}",
        grouped(most),
        grouped(px.requests_per_day),
        grouped(REQUESTS_A_DAY)
    );
    let seconds = most as f64 / px.requests_per_second;
    let _ = writeln!(text, "  {:>12} to send them, at {} a second", took(seconds), px.requests_per_second);
    let _ = writeln!(text, "  {:>12} users on one day at most", grouped(forecast.most_users() as u64));
    if let Some(most) = forecast.most_of_a_user() {
        let (user, day) = (escaped(&most.user), date(most.day));
        let events = grouped(most.events);
        let _ = writeln!(text, "  {events:>12} events of one user on one day at most (`{user}`, {day})");
    }
    let mut faults = 0;
    let mut fault = |what: String, help: &str| {
        faults += 1;
        let _ = writeln!(text, "\nTOO MANY: {what}\nhelp: {help}");
    };
    let fewer = "use a longer `window`, or fewer `properties` (see above)";
    if most > px.requests_per_day {
        let raise = format!("{fewer}; or raise `requests_per_day`, where the subscription's other hosts leave room");
        fault(
            format!("{} requests a day, and `requests_per_day` is {}", grouped(most), grouped(px.requests_per_day)),
            &raise,
        );
    }
    if seconds > SECONDS_A_DAY as f64 {
        fault(format!("{} events take longer than a day to send", grouped(most)), "raise `requests_per_second`");
    }
    let beyond = forecast.users_beyond(EVENTS_OF_A_USER_A_DAY);
    if beyond > 0 {
        let users = terminal::counted(beyond, "user");
        let limit = grouped(EVENTS_OF_A_USER_A_DAY);
        fault(format!("{users} with more than {limit} events on a day, which PX does not take"), fewer);
    }
    if forecast.parked > 0 {
        let count = terminal::counted(forecast.parked as usize, "event");
        fault(
            format!("{count} that can never be sent"),
            "`pxtail dry-run` shows them; lines without a user need `service_user`",
        );
    }
    faults
}

fn escaped(text: &str) -> String {
    terminal::escaped(text.as_bytes())
}

fn date(day: Day) -> String {
    let at = Timestamp::from_second(day.saturating_mul(SECONDS_A_DAY)).unwrap_or_default();
    TimeZone::UTC.to_datetime(at).date().to_string()
}

/// `1,234,567`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn took(seconds: f64) -> String {
    let rounded = Duration::from_secs(seconds.ceil() as u64).as_secs();
    match rounded {
        0..=119 => format!("{rounded} s"),
        120..=7_199 => format!("{} min", rounded / 60),
        _ => format!("{:.1} h", rounded as f64 / 3_600.0),
    }
}
