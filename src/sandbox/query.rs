//! The parameters of PX's list calls: filter, date range, page size, order and the place to go on from.
//!
//! Promises: the pages of one query together give what matched when its first page was asked for, each thing once. Where
//! the contract is silent the sandbox takes the less friendly reading: a range's end is outside it, a parameter that it
//! does not know is refused, and a `scrollId` goes only with the query that it came from. Does not: look anything up.

use super::filter::{Field, Filter};
use super::refusal::{Reason, Refusal};

/// Most things on one page: the contract.
const PAGE_LARGEST: usize = 1_000;
/// Things on a page when the call does not say. The contract is silent; a small number shows clients that never page.
const PAGE_DEFAULT: usize = 20;
const DAY_MILLIS: i64 = 86_400_000;
/// Widest range of dates of one call: the contract.
const RANGE_WIDEST_MILLIS: i64 = 190 * DAY_MILLIS;

/// Whether a call takes a range of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ranged {
    ByDate,
    No,
}

/// What a list call can be asked for.
pub(super) struct ListCall {
    pub fields: &'static [Field],
    pub sort_fields: &'static [&'static str],
    pub ranged: Ranged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// The moment that a query's pages show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// Things with this place in the order of arrival, or a later one, are not shown.
    pub before_sequence: u64,
    /// Things that become readable after this time (microseconds) are not shown.
    pub as_of_micros: i64,
    /// Epoch milliseconds; half-open.
    pub range: (i64, i64),
}

/// One list call, checked.
#[derive(Debug)]
pub(super) struct ListQuery {
    pub filter: Filter,
    pub page_size: usize,
    pub sort: Option<(String, Direction)>,
    pub snapshot: Snapshot,
    offset: usize,
    digest: u64,
}

#[derive(Default)]
struct Parameters {
    filters: Vec<String>,
    range_start: Option<String>,
    range_end: Option<String>,
    page_size: Option<String>,
    scroll: Option<String>,
    sort: Option<String>,
}

impl ListQuery {
    /// Reads a call's parameters. `now` is what a first page sees; a later page keeps the first one's.
    pub(super) fn read(pairs: &[(String, String)], call: &ListCall, now: Snapshot) -> Result<Self, Refusal> {
        let parameters = Parameters::gather(pairs, call.ranged)?;
        let digest = parameters.digest();
        let mut query = Self {
            filter: Filter::read(&parameters.filters, call.fields)?,
            page_size: read_page_size(parameters.page_size.as_deref())?,
            sort: parameters.sort.as_deref().map(|text| read_sort(text, call.sort_fields)).transpose()?,
            snapshot: now,
            offset: 0,
            digest,
        };
        if call.ranged == Ranged::ByDate {
            query.snapshot.range = parameters.range(now.as_of_micros.div_euclid(1_000))?;
        }
        if let Some(scroll) = &parameters.scroll {
            query.resume(scroll)?;
        }
        Ok(query)
    }

    /// The part of `matched` that this page shows, and where the next page begins.
    pub(super) fn page<'m, T>(&self, matched: &'m [T]) -> (&'m [T], String) {
        let start = self.offset.min(matched.len());
        let end = start.saturating_add(self.page_size).min(matched.len());
        (&matched[start..end], self.scroll_id(end))
    }

    fn scroll_id(&self, offset: usize) -> String {
        let Snapshot { before_sequence, as_of_micros, range: (start, end) } = self.snapshot;
        format!("{:x}-{before_sequence:x}-{as_of_micros:x}-{start:x}-{end:x}-{offset:x}", self.digest)
    }

    fn resume(&mut self, scroll: &str) -> Result<(), Refusal> {
        let bad = |message: &str| Refusal::new(Reason::BadScroll, format!("scrollId: {message}"));
        let numbers: Option<Vec<u64>> = scroll.split('-').map(|part| u64::from_str_radix(part, 16).ok()).collect();
        let Some([digest, before_sequence, as_of, start, end, offset]) = numbers.as_deref() else {
            return Err(bad("not one of this server's"));
        };
        if *digest != self.digest {
            return Err(bad("it came from a query with other parameters"));
        }
        let range = (start.cast_signed(), end.cast_signed());
        self.snapshot = Snapshot { before_sequence: *before_sequence, as_of_micros: as_of.cast_signed(), range };
        self.offset = *offset as usize;
        Ok(())
    }
}

impl Parameters {
    fn gather(pairs: &[(String, String)], ranged: Ranged) -> Result<Self, Refusal> {
        let mut gathered = Self::default();
        for (name, value) in pairs {
            let place = match (name.as_str(), ranged) {
                ("filter", _) => {
                    gathered.filters.push(value.clone());
                    continue;
                }
                ("pageSize", _) => &mut gathered.page_size,
                ("scrollId", _) => &mut gathered.scroll,
                ("sort", _) => &mut gathered.sort,
                ("dateRangeStart", Ranged::ByDate) => &mut gathered.range_start,
                ("dateRangeEnd", Ranged::ByDate) => &mut gathered.range_end,
                _ => return Err(bad(&format!("`{name}` is not a parameter of this call"))),
            };
            if place.replace(value.clone()).is_some() {
                return Err(bad(&format!("`{name}` is there twice")));
            }
        }
        Ok(gathered)
    }

    /// What makes two calls the same query: all but the page's size and place.
    fn digest(&self) -> u64 {
        let mut text = String::new();
        for part in self.filters.iter().map(Some).chain([self.range_start.as_ref(), None, self.range_end.as_ref()]) {
            text.push_str(part.map_or("\u{1}", String::as_str));
            text.push('\u{0}');
        }
        text.push_str(self.sort.as_deref().unwrap_or_default());
        xxhash_rust::xxh3::xxh3_64(text.as_bytes())
    }

    /// The last day when the call names no range; with one end given, the day beside it.
    fn range(&self, now_millis: i64) -> Result<(i64, i64), Refusal> {
        let read = |name: &str, text: &Option<String>| {
            let Some(text) = text else { return Ok(None) };
            text.parse::<i64>().map(Some).map_err(|_| bad(&format!("`{name}` must be epoch milliseconds")))
        };
        let start = read("dateRangeStart", &self.range_start)?;
        let end = read("dateRangeEnd", &self.range_end)?;
        // A thing that happens in this very millisecond is part of the last day.
        let now = now_millis.saturating_add(1);
        let (start, end) = match (start, end) {
            (Some(start), Some(end)) => (start, end),
            (Some(start), None) => (start, now.max(start)),
            (None, end) => {
                let end = end.unwrap_or(now);
                (end.saturating_sub(DAY_MILLIS), end)
            }
        };
        if start > end {
            return Err(bad("`dateRangeStart` is after `dateRangeEnd`"));
        }
        if end.saturating_sub(start) > RANGE_WIDEST_MILLIS {
            return Err(Refusal::new(Reason::RangeTooWide, "the widest date range is 190 days"));
        }
        Ok((start, end))
    }
}

fn read_page_size(text: Option<&str>) -> Result<usize, Refusal> {
    let Some(text) = text else { return Ok(PAGE_DEFAULT) };
    let size = text.parse::<usize>().ok().filter(|size| (1..=PAGE_LARGEST).contains(size));
    size.ok_or_else(|| bad(&format!("`pageSize` must be 1 to {PAGE_LARGEST}, not `{text}`")))
}

fn read_sort(text: &str, fields: &[&str]) -> Result<(String, Direction), Refusal> {
    let (name, direction) = match text.strip_prefix('-') {
        Some(name) => (name, Direction::Down),
        None => (text, Direction::Up),
    };
    if fields.contains(&name) {
        Ok((name.to_owned(), direction))
    } else {
        Err(bad(&format!("`sort` must be one of {}, with `-` for downwards", fields.join(", "))))
    }
}

fn bad(message: &str) -> Refusal {
    Refusal::new(Reason::BadParameter, message)
}

#[cfg(test)]
mod tests;
