//! Which of many patterns knows a line best, and what stands inside of a line that is wrapped.
//!
//! Promises: a pattern that reads any text of its syntax ranks below one that knows what the texts mean; what says nothing
//! about use is no reading. Does not: look at more than the one line.

use std::cmp::Reverse;

use super::show::{matching, reading};
use super::{Matched, Reading};
use crate::terminal::wrapped;

/// Patterns shown of those that stop early: the nearest say most.
const NEAREST: usize = 3;

/// Wrappers, the most exact first, by the name that `unwrap` and a pattern have in common.
const WRAPPERS: [&str; 3] = ["docker", "cri", "syslog"];

/// Wrappers inside of each other that are looked into: Docker's driver, and syslog inside.
const MOST_LAYERS: usize = 2;

/// What usage is counted by: a pattern that gives more of these knows the line better.
const MEANINGS: [&str; 14] = [
    "time",
    "user",
    "account",
    "client",
    "request",
    "method",
    "target",
    "path",
    "status",
    "bytes",
    "referrer",
    "user_agent",
    "duration",
    "ident",
];

/// How every pattern read a line: the one that knows most of it whole, the others by name. `read` has each pattern read a
/// line.
///
/// # Errors
/// No pattern reads the line; which come furthest.
pub fn catalogue(line: &[u8], read: &mut impl FnMut(&[u8]) -> Vec<(String, Reading)>) -> Result<String, String> {
    let outermost = read(line);
    let found = ranked(&outermost);
    let known = found.first().map_or(0, |(_, matched)| meanings(matched));
    let mut wrappers = Vec::new();
    let mut layer = unwrapped(&outermost);
    while let Some((wrapper, inner)) = layer {
        wrappers.push(format!("\"{wrapper}\""));
        let readings = read(&inner);
        let found = ranked(&readings);
        if found.first().is_some_and(|(name, matched)| !WRAPPERS.contains(name) && meanings(matched) >= known.max(2)) {
            let head =
                format!("the line is wrapped: `unwrap = [{}]` in the source; inside of it\n", wrappers.join(", "));
            return Ok(head + &best_first(&found, readings.len()));
        }
        layer = if wrappers.len() < MOST_LAYERS { unwrapped(&readings) } else { None };
    }
    if found.is_empty() { Err(nearest(line, &outermost)) } else { Ok(best_first(&found, outermost.len())) }
}

type Ranked<'a> = Vec<(&'a str, &'a Matched)>;

/// The readings that say something, the best first.
fn ranked(readings: &[(String, Reading)]) -> Ranked<'_> {
    let mut found: Ranked<'_> = readings
        .iter()
        .filter_map(|(name, reading)| match reading {
            Reading::Matched(matched) if says_something(matched) => Some((name.as_str(), matched)),
            _ => None,
        })
        .collect();
    found.sort_by_key(|(name, matched)| {
        (Reverse(meanings(matched)), Reverse(matched.present()), matched.absent.len(), *name)
    });
    found
}

fn meanings(matched: &Matched) -> usize {
    let has = |meaning: &str| {
        matched.fields.iter().any(|field| !field.misfit && field.names.iter().any(|name| name == meaning))
    };
    MEANINGS.iter().filter(|meaning| has(meaning)).count()
}

/// One text out of a line, of no known meaning, is what any line has.
fn says_something(matched: &Matched) -> bool {
    matched.present() >= 2
        || matched.fields.iter().any(|field| {
            field.instant.is_some() || field.names.iter().any(|name| ["request", "status"].contains(&name.as_str()))
        })
}

/// The first wrapper that reads the line, and the line inside.
fn unwrapped(readings: &[(String, Reading)]) -> Option<(&'static str, Vec<u8>)> {
    WRAPPERS.into_iter().find_map(|wrapper| {
        let (_, Reading::Matched(matched)) = readings.iter().find(|(name, _)| name == wrapper)? else { return None };
        let message = matched.fields.iter().find(|field| field.names.iter().any(|name| name == "message"))?;
        let text = message.text.strip_suffix(b"\n").unwrap_or(&message.text);
        Some((wrapper, text.to_vec()))
    })
}

fn best_first(found: &Ranked<'_>, tried: usize) -> String {
    let Some(((name, best), rest)) = found.split_first() else { return String::new() };
    let mut text = matching(name, best);
    if !rest.is_empty() {
        let names: Vec<String> = rest.iter().map(|(name, matched)| format!("{name} ({})", matched.present())).collect();
        text.push_str(&wrapped(&format!("read also by, with the number of texts: {}", names.join(", ")), ""));
        text.push('\n');
    }
    text + &format!("{tried} patterns tried; `pxtail explain --pattern NAME` shows what another makes of it\n")
}

fn nearest(line: &[u8], readings: &[(String, Reading)]) -> String {
    let mut text = format!("none of {} patterns reads the line; those that come furthest:\n", readings.len());
    let mut furthest: Vec<(usize, &str, &Reading)> = readings
        .iter()
        .filter_map(|(name, reading)| match reading {
            Reading::Stopped(stop) => Some((stop.at?, name.as_str(), reading)),
            Reading::Matched(_) => None,
        })
        .collect();
    furthest.sort_by_key(|(at, name, _)| (Reverse(*at), *name));
    for (_, name, found) in furthest.into_iter().take(NEAREST) {
        text.push_str(&reading(name, line, found));
    }
    text + "help: `pxtail learn pattern LOG` looks at the whole log and proposes a pattern\n"
}
