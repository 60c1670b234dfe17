//! Settling: events of which nobody knows whether PX has them are looked up before anything else happens to them.
//!
//! Promises: an event is called lost only by a whole look that began `settle_wait` or more after the last moment at which its
//! attempt could still arrive; a look that was cut short, or a page that could not be read, decides nothing. Does not: send,
//! or write.
//!
//! The call is `GET /v1/events/custom` of PX's REST contract, version 0.1.6.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::outbox::EventKey;
use super::wire::{USAGE_DIGEST, USAGE_ID};

/// Events that are looked after at once; more wait in the outbox. A few hundred bytes each.
pub(super) const MAX_UNDER_LOOK: usize = 256;

/// PX's largest page.
const PAGE_SIZE: usize = 1_000;

/// A look that needs more pages than this decides nothing: 200,000 events of one name in two days are more than PX takes
/// of one subscription's usual plan, and each page costs a request.
const MAX_PAGES: u32 = 200;

/// How far around its date an event is searched: PX may keep days in another zone.
const SEARCH_AROUND: Duration = Duration::from_hours(24);

/// So many looks that are refused one after the other are no accident.
pub(super) const ENOUGH_REFUSALS: u32 = 3;

/// Each pause is so many times the one before.
const PAUSE_GROWTH: u32 = 3;

/// All events that are being looked up, by row.
#[derive(Debug)]
pub(super) struct Settling {
    /// From the moment an event is taken up to the first look that can call it lost.
    wait: Duration,
    pause: (Duration, Duration),
    looks: BTreeMap<i64, Look>,
}

/// All times are on the steady clock.
#[derive(Debug)]
struct Look {
    key: EventKey,
    /// A look that begins from here on, and does not find the event, calls it lost.
    decides_at: Duration,
    /// Looks that came to nothing.
    fruitless: u32,
    /// Since when its own looks, one after the other, could not be made to an end; and how many.
    refused: Option<(Duration, u32)>,
    due: Duration,
    under_way: bool,
    paging: Option<Paging>,
}

#[derive(Debug)]
struct Paging {
    began: Duration,
    scroll_id: String,
    pages: u32,
    /// On the pages so far.
    events: usize,
}

/// What a page showed about an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Found {
        copies: u32,
    },
    /// It is there, with another digest.
    Mismatch,
    /// It is not there, and the wait is over: it never arrived.
    Lost,
    /// More pages, or another look later.
    Open,
    /// The page cannot be read as one; another look later.
    Unreadable(String),
    /// There is more around the event than can be read; another look later.
    Endless(String),
}

impl Settling {
    /// `arrival`: for so long after this host gave up on an attempt it may still arrive at PX. `settle_wait`: so long after
    /// that, PX shows what arrived.
    pub(super) fn new(arrival: Duration, settle_wait: Duration, pause: (Duration, Duration)) -> Self {
        let wait = arrival.saturating_add(settle_wait);
        // So that a short wait sees more than one look before its last.
        let first = pause.0.min(wait / 4);
        Self { wait, pause: (first, pause.1.max(first)), looks: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.looks.len()
    }

    /// Whether a request about this row is under way.
    pub(super) fn is_looking(&self, row: i64) -> bool {
        self.looks.get(&row).is_some_and(|look| look.under_way)
    }

    /// Takes up an event whose attempt is over for this host. One that is known already stays as it is.
    ///
    /// The wait begins now, also where the attempt was another process's: how long that is over, only the wall clock could
    /// say, and who sets it forward would have the event sent twice.
    pub(super) fn take_up(&mut self, row: i64, key: EventKey, now: Duration) {
        let (due, decides_at) = (now + self.pause.0, now.saturating_add(self.wait));
        self.looks.entry(row).or_insert(Look {
            key,
            decides_at,
            fruitless: 0,
            refused: None,
            due,
            under_way: false,
            paging: None,
        });
    }

    pub(super) fn forget(&mut self, row: i64) -> Option<EventKey> {
        self.looks.remove(&row).map(|look| look.key)
    }

    /// Rows that are due, longest due first, at most `limit`.
    pub(super) fn due(&self, now: Duration, limit: usize) -> Vec<i64> {
        let mut due: Vec<(Duration, i64)> = self
            .looks
            .iter()
            .filter(|(_, look)| !look.under_way && look.due <= now)
            .map(|(row, look)| (look.due, *row))
            .collect();
        due.sort_unstable();
        due.into_iter().take(limit).map(|(_, row)| row).collect()
    }

    /// Rows whose wait is over: nothing would be known of them later that is not known now, if PX cannot be asked.
    pub(super) fn overdue(&self, now: Duration) -> Vec<i64> {
        self.rows(|look| look.decides_at <= now)
    }

    /// Of those, the ones whose own looks could not be made to an end, one after the other, for so long.
    pub(super) fn hopeless(&self, now: Duration, patience: Duration) -> Vec<i64> {
        self.rows(|look| {
            look.decides_at <= now
                && look
                    .refused
                    .is_some_and(|(since, count)| count >= ENOUGH_REFUSALS && now.saturating_sub(since) >= patience)
        })
    }

    fn rows(&self, is_wanted: impl Fn(&Look) -> bool) -> Vec<i64> {
        let wanted = self.looks.iter().filter(|(_, look)| !look.under_way && is_wanted(look));
        wanted.map(|(row, _)| *row).collect()
    }

    /// When the next look is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.looks.values().filter(|look| !look.under_way).map(|look| look.due).min()
    }

    /// The URL of the next page to read for a row; the look is under way from now on.
    pub(super) fn begin(&mut self, row: i64, base_url: &str, now: Duration) -> Option<String> {
        let look = self.looks.get_mut(&row)?;
        look.under_way = true;
        let paging = look.paging.get_or_insert(Paging { began: now, scroll_id: String::new(), pages: 0, events: 0 });
        Some(find_url(base_url, &look.key, &paging.scroll_id))
    }

    /// This event's own look was refused, or has no end: it starts again, later.
    pub(super) fn refused(&mut self, row: i64, now: Duration) {
        self.failed(row, now);
        if let Some(look) = self.looks.get_mut(&row) {
            let (since, count) = look.refused.unwrap_or((now, 0));
            look.refused = Some((since, count.saturating_add(1)));
        }
    }

    /// The request failed: the look starts again, later.
    pub(super) fn failed(&mut self, row: i64, now: Duration) {
        let pause = self.pause;
        if let Some(look) = self.looks.get_mut(&row) {
            look.under_way = false;
            look.paging = None;
            look.fruitless = look.fruitless.saturating_add(1);
            look.due = now + grown(pause, look.fruitless);
        }
    }

    /// A page came.
    pub(super) fn page(&mut self, row: i64, body: &[u8], now: Duration) -> Finding {
        let Some(look) = self.looks.get_mut(&row) else { return Finding::Open };
        let page = match read_page(body, &look.key) {
            Ok(page) => page,
            Err(reason) => {
                self.failed(row, now);
                return Finding::Unreadable(reason);
            }
        };
        if page.copies > 0 {
            return Finding::Found { copies: page.copies + page.mismatches };
        }
        if page.mismatches > 0 {
            return Finding::Mismatch;
        }
        let before = look.paging.as_ref().map_or(0, |paging| paging.events);
        let read = before + page.events;
        // PX may give smaller pages than it was asked for; a total that counts more than it gives ends at an empty page.
        let goes_on = page.events > 0 && page.scroll_id.is_some() && page.total.is_some_and(|total| total > read);
        if page.events >= PAGE_SIZE || goes_on {
            return self.next_page(row, page.events, page.scroll_id, now);
        }
        self.not_found(row, now)
    }

    fn next_page(&mut self, row: i64, events: usize, scroll_id: Option<String>, now: Duration) -> Finding {
        let Some(look) = self.looks.get_mut(&row) else { return Finding::Open };
        let reason = match (&mut look.paging, scroll_id) {
            (Some(paging), Some(scroll_id)) if paging.pages + 1 < MAX_PAGES => {
                paging.pages += 1;
                paging.events += events;
                paging.scroll_id = scroll_id;
                look.under_way = false;
                look.due = now;
                return Finding::Open;
            }
            (_, None) => "a full page came without a `scrollId`: the rest cannot be read".to_owned(),
            _ => format!("more than {MAX_PAGES} pages of events around this one"),
        };
        self.refused(row, now);
        Finding::Endless(reason)
    }

    fn not_found(&mut self, row: i64, now: Duration) -> Finding {
        let Some(look) = self.looks.get_mut(&row) else { return Finding::Open };
        let began = look.paging.take().map_or(now, |paging| paging.began);
        if began >= look.decides_at {
            return Finding::Lost;
        }
        look.refused = None;
        look.fruitless = look.fruitless.saturating_add(1);
        look.under_way = false;
        // The deciding look comes as soon as it can decide.
        let left = look.decides_at.saturating_sub(now);
        look.due = now + grown(self.pause, look.fruitless).min(left);
        Finding::Open
    }
}

fn grown(pause: (Duration, Duration), fruitless: u32) -> Duration {
    pause.0.saturating_mul(PAUSE_GROWTH.saturating_pow(fruitless)).min(pause.1)
}

/// Where to look for an event. Filters compare without regard to case and may match more than this event: what comes back
/// is compared exactly.
fn find_url(base_url: &str, key: &EventKey, scroll_id: &str) -> String {
    let filters: Vec<String> = [("identifyId", &key.identify_id), ("eventName", &key.event_name)]
        .iter()
        .filter(|(_, value)| can_stand_in_filter(value))
        .map(|(field, value)| format!("{field}=={value}"))
        .collect();
    let mut url = format!("{base_url}/events/custom?");
    if !filters.is_empty() {
        let _ = write!(url, "filter={}&", percent_encoded(&filters.join(";")));
    }
    let (from, to) = (key.date.minus(SEARCH_AROUND).millis(), key.date.plus(SEARCH_AROUND).millis());
    let _ = write!(url, "dateRangeStart={from}&dateRangeEnd={to}&pageSize={PAGE_SIZE}");
    if !scroll_id.is_empty() {
        let _ = write!(url, "&scrollId={}", percent_encoded(scroll_id));
    }
    url
}

/// Whether a value means itself in PX's filter grammar. The grammar has no escapes, and a filter that misses the event
/// would make it look lost: with any doubt (operators, wildcards, quotes, percent signs that a proxy decodes twice, letters
/// whose encoding a server may take for another) the filter goes without this part and more events come back.
pub(super) fn can_stand_in_filter(value: &str) -> bool {
    !value.is_empty()
        && value.trim() == value
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_.@:/+#$&|(){}[]^".contains(&byte))
}

/// Every byte but letters, digits and `-_.~` as %XX (RFC 3986, section 2).
pub(super) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// What one page says about one event.
#[derive(Debug, PartialEq, Eq)]
struct PageSummary {
    events: usize,
    /// With the same digest, or with none.
    copies: u32,
    mismatches: u32,
    /// Of all pages together, where PX says it.
    total: Option<usize>,
    scroll_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage<'a> {
    #[serde(borrow)]
    custom_events: Vec<&'a RawValue>,
    #[serde(borrow)]
    total_hits: Option<&'a RawValue>,
    scroll_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent<'a> {
    #[serde(borrow)]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<BTreeMap<String, &'a RawValue>>,
}

impl WireEvent<'_> {
    /// An attribute's text; PX does not tell upper from lower case in names.
    fn attribute(&self, name: &str) -> Option<String> {
        let attributes = self.attributes.as_ref()?;
        let value = attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
        serde_json::from_str(value.get()).ok()
    }

    fn has_id(&self, id: &str) -> bool {
        let event_id: Option<String> = self.event_id.and_then(|raw| serde_json::from_str(raw.get()).ok());
        [event_id, self.attribute(USAGE_ID)].iter().flatten().any(|found| found == id)
    }
}

fn read_page(body: &[u8], key: &EventKey) -> Result<PageSummary, String> {
    let page: WirePage<'_> = serde_json::from_slice(body).map_err(|err| format!("not a page of events: {err}"))?;
    let id = key.id.to_string();
    let total = page.total_hits.and_then(|total| serde_json::from_str(total.get()).ok());
    let mut summary =
        PageSummary { events: page.custom_events.len(), copies: 0, mismatches: 0, total, scroll_id: None };
    summary.scroll_id = page.scroll_id.filter(|scroll_id| !scroll_id.is_empty());
    for raw in page.custom_events.iter().map(|raw| raw.get()).filter(|raw| raw.contains(&id)) {
        let event: WireEvent<'_> =
            serde_json::from_str(raw).map_err(|err| format!("an event in it cannot be read: {err}"))?;
        if !event.has_id(&id) {
            continue;
        }
        // The id alone is ours; PX may leave attributes out of a page.
        match event.attribute(USAGE_DIGEST) {
            Some(digest) if digest != key.digest => summary.mismatches += 1,
            _ => summary.copies += 1,
        }
    }
    Ok(summary)
}

#[cfg(test)]
mod tests;
