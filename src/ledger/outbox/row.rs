//! One row of the outbox, read whatever became of it.
//!
//! Promises: a row whose content changed without us says so, and is read as far as it can be: it can be listed, parked and
//! dropped like any other. Does not: read rows around it, nor mend.

use rusqlite::types::ValueRef;
use rusqlite::{Row, types::Value};

use super::{Doubt, EventState, OutboxRow};
use crate::ledger::identity::Cause;
use crate::ledger::sums::Sum;
use crate::model::event::Window;
use crate::model::time::UnixMicros;

/// What [`read`] reads.
pub(super) const COLUMNS: &str =
    "id, event_id, metric, event_name, identify_id, date_ms, start_us, end_us, revision, lines, base_url, body, digest,
    state, attempts, attempted_us, status, cause, answer, sum, sealed_us, settled_us, unanswered, adopted, doubt";

/// Of what is sent, where to, and what it is looked up by.
pub(super) fn sum(event_id: &str, identify_id: &str, date_ms: i64, base_url: &str, body: &[u8], digest: &str) -> Sum {
    let sum = Sum::new().bytes(event_id.as_bytes()).bytes(identify_id.as_bytes()).number(date_ms);
    sum.bytes(base_url.as_bytes()).bytes(body).bytes(digest.as_bytes())
}

/// The HTTP status of an event that PX took.
const CREATED: u16 = 201;

/// States of events that PX has not taken, as far as is known.
const WAITING: [EventState; 4] = [EventState::Held, EventState::Ready, EventState::Sending, EventState::Unknown];

/// Fails only where the file itself cannot be read.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    let mut columns = Columns { row, damage: None };
    let mut found = OutboxRow {
        row: row.get(0)?,
        event_id: columns.text(1, "its id")?,
        metric: columns.text(2, "its metric")?,
        name: columns.text(3, "its event name")?,
        identify_id: columns.text(4, "its user")?,
        date: UnixMicros::from_millis(columns.number(5, "its date")?),
        window: Window {
            start: UnixMicros(columns.number(6, "its window")?),
            end: UnixMicros(columns.number(7, "its window")?),
        },
        revision: columns.small(8, "its revision")?,
        lines: columns.number(9, "its number of lines")?.unsigned_abs(),
        base_url: columns.text(10, "its address")?,
        body: columns.bytes(11, "its body")?,
        digest: columns.text(12, "its digest")?,
        state: columns.state(13)?,
        sealed: UnixMicros(columns.number(20, "its time of sealing")?),
        attempts: columns.small(14, "its number of attempts")?,
        unanswered: columns.maybe_small(22, "its number of attempts")?,
        attempted: columns.maybe_number(15, "its time of attempt")?.map(UnixMicros),
        settled: columns.maybe_number(21, "its time of outcome")?.map(UnixMicros),
        status: columns.maybe_small(16, "its status")?,
        cause: columns.maybe_text(17, "its cause")?,
        answer: columns.maybe_text(18, "PX's answer")?,
        adopted: columns.maybe_text(23, "its adoption")?.map(|name| Cause::of(&name)),
        doubt: columns.doubt(24)?,
        damage: None,
    };
    let stored = columns.maybe_number(19, "its sum")?;
    let OutboxRow { event_id, identify_id, date, base_url, body, digest, .. } = &found;
    let own = sum(event_id, identify_id, date.millis(), base_url, body, digest).value();
    let is_other = stored.is_some_and(|stored| stored != own);
    // Whatever puts an event back takes the answer away: what was sent does not become ready by itself.
    let was_sent = found.status == Some(CREATED) && WAITING.contains(&found.state);
    let other = is_other.then_some("what is sent, to whom, or where to, is not as it was written");
    found.damage = columns.damage.or(other).or(was_sent.then_some("its state: PX has it"));
    Ok(found)
}

/// A row under way, and the first thing in it that is damaged.
struct Columns<'a, 'b> {
    row: &'a Row<'b>,
    damage: Option<&'static str>,
}

impl Columns<'_, '_> {
    fn broken<T: Default>(&mut self, what: &'static str) -> T {
        self.damage.get_or_insert(what);
        T::default()
    }

    fn value(&self, index: usize) -> rusqlite::Result<ValueRef<'_>> {
        self.row.get_ref(index)
    }

    fn maybe_text(&mut self, index: usize, what: &'static str) -> rusqlite::Result<Option<String>> {
        let (text, is_sound) = match self.value(index)? {
            ValueRef::Null => return Ok(None),
            ValueRef::Text(bytes) => (String::from_utf8_lossy(bytes).into_owned(), std::str::from_utf8(bytes).is_ok()),
            other => (format!("{:?}", Value::try_from(other).unwrap_or(Value::Null)), false),
        };
        if !is_sound {
            self.damage.get_or_insert(what);
        }
        Ok(Some(text))
    }

    fn text(&mut self, index: usize, what: &'static str) -> rusqlite::Result<String> {
        Ok(self.maybe_text(index, what)?.unwrap_or_else(|| self.broken(what)))
    }

    fn bytes(&mut self, index: usize, what: &'static str) -> rusqlite::Result<Vec<u8>> {
        match self.value(index)? {
            ValueRef::Blob(bytes) => Ok(bytes.to_vec()),
            _ => Ok(self.broken(what)),
        }
    }

    fn maybe_number(&mut self, index: usize, what: &'static str) -> rusqlite::Result<Option<i64>> {
        match self.value(index)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => Ok(Some(number)),
            _ => Ok(self.broken(what)),
        }
    }

    fn number(&mut self, index: usize, what: &'static str) -> rusqlite::Result<i64> {
        Ok(self.maybe_number(index, what)?.unwrap_or_else(|| self.broken(what)))
    }

    fn maybe_small<T: TryFrom<i64>>(&mut self, index: usize, what: &'static str) -> rusqlite::Result<Option<T>> {
        let Some(number) = self.maybe_number(index, what)? else { return Ok(None) };
        Ok(T::try_from(number).ok().or_else(|| self.broken(what)))
    }

    fn small(&mut self, index: usize, what: &'static str) -> rusqlite::Result<u32> {
        Ok(self.maybe_small(index, what)?.unwrap_or_else(|| self.broken(what)))
    }

    fn doubt(&mut self, index: usize) -> rusqlite::Result<Doubt> {
        let number = self.number(index, "its doubt")?;
        let known = Doubt::ALL.into_iter().find(|known| *known as i64 == number);
        Ok(known.unwrap_or_else(|| self.broken("its doubt")))
    }

    /// A row in a state that is none is parked when the ledger is opened.
    fn state(&mut self, index: usize) -> rusqlite::Result<EventState> {
        let number = self.number(index, "its state")?;
        let known = EventState::ALL.into_iter().find(|known| *known as i64 == number);
        Ok(known.unwrap_or_else(|| {
            self.damage.get_or_insert("its state");
            EventState::Parked
        }))
    }
}
