//! Time zones by name.
//!
//! Promises: only names from the IANA database, so that days have the length that the place's clocks give them.
//! Does not: take offsets or abbreviations for a place: they know no summer time.

use jiff::tz::{TimeZone, db};

use super::value::Value;
use super::words::{nearest, shown};

/// Reads a zone's name; a fault when there is none of that name.
pub(super) fn read(value: &Value<'_>) -> Option<TimeZone> {
    let name = value.filled_text()?.value;
    match TimeZone::get(&name) {
        // The machine's own choice is no name: it may change under the windows.
        Ok(zone) if !zone.is_unknown() && !matches!(name.as_str(), "localtime" | "posixrules") => Some(zone),
        _ => {
            let help = match suggestion(&name) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => "write an IANA name, such as \"America/New_York\", \"Europe/Paris\" or \"UTC\"".to_owned(),
            };
            value.fault(&format!("{} is `{}`, which is no time zone", value.title, shown(&name)), &help);
            None
        }
    }
}

/// The zone whose name, or whose city, is nearest.
fn suggestion(name: &str) -> Option<String> {
    let known: Vec<String> = db().available().map(|zone| zone.as_str().to_owned()).collect();
    let folded = name.replace(' ', "_");
    let city = |zone: &str| zone.rsplit('/').next().unwrap_or(zone).to_owned();
    let in_city = known.iter().filter(|zone| zone.contains('/') && city(zone).eq_ignore_ascii_case(&folded));
    // The shortest: the usual name rather than one that is only kept for old programs.
    if let Some(zone) = in_city.min_by_key(|zone| (zone.starts_with("Etc/"), zone.len())) {
        return Some(zone.clone());
    }
    if let Some(zone) = nearest(&folded, known.iter().map(String::as_str)) {
        return Some(zone.to_owned());
    }
    let cities: Vec<String> = known.iter().map(|zone| city(zone)).collect();
    let meant = nearest(&folded, cities.iter().map(String::as_str))?;
    known.iter().find(|zone| city(zone) == meant).cloned()
}
