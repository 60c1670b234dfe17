//! An event of the outbox as one line of JSON.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::ledger::identity::Cause;
use crate::ledger::outbox::OutboxRow;

/// Times are RFC 3339 in UTC.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventJson<'a> {
    row: i64,
    event_id: &'a str,
    state: &'static str,
    cause: Option<&'a str>,
    /// `moved` or `mended`: why another ledger may have sent it.
    adopted: Option<&'static str>,
    /// Why PX may hold it more than once.
    doubt: Option<&'static str>,
    /// What of its row is damaged.
    damage: Option<&'static str>,
    metric: &'a str,
    event_name: &'a str,
    identify_id: &'a str,
    date: String,
    window_start: String,
    window_end: String,
    revision: u32,
    lines: u64,
    sealed: String,
    attempts: u32,
    unanswered: Option<u32>,
    attempted: Option<String>,
    settled: Option<String>,
    status: Option<u16>,
    answer: Option<&'a str>,
    base_url: &'a str,
    digest: &'a str,
    /// Exactly what PX gets; absent where it is no JSON, or not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

/// Whether the body is in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    With,
    Without,
}

impl<'a> EventJson<'a> {
    pub(super) fn of(row: &'a OutboxRow, body: Body) -> Self {
        Self {
            row: row.row,
            event_id: &row.event_id,
            state: row.state.name(),
            cause: row.cause.as_deref(),
            adopted: row.adopted.map(Cause::name),
            doubt: row.doubt.text(),
            damage: row.damage,
            metric: &row.metric,
            event_name: &row.name,
            identify_id: &row.identify_id,
            date: row.date.to_string(),
            window_start: row.window.start.to_string(),
            window_end: row.window.end.to_string(),
            revision: row.revision,
            lines: row.lines,
            sealed: row.sealed.to_string(),
            attempts: row.attempts,
            unanswered: row.unanswered,
            attempted: row.attempted.map(|at| at.to_string()),
            settled: row.settled.map(|at| at.to_string()),
            status: row.status,
            answer: row.answer.as_deref(),
            base_url: &row.base_url,
            digest: &row.digest,
            body: (body == Body::With).then(|| serde_json::from_slice(&row.body).ok()).flatten(),
        }
    }
}
