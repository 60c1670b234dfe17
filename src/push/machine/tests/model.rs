//! A naive PX and a world around the machine: time, answers, losses, crashes, failing disks.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::push::outbox::Doubt;

const SETTLE_WAIT: Duration = Duration::from_mins(1);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// A request may be stored so long after this host gave up on it, or died …
const LATEST_LANDING: Duration = REQUEST_TIMEOUT;
/// … and is read back so long after that.
const LONGEST_LAG: Duration = Duration::from_secs(59);
/// Where PX breaks what the settle wait assumes.
const BROKEN_LAG: Duration = Duration::from_mins(10);
const PER_DAY: u64 = 4_000;

/// In which of all worlds a history happens.
#[derive(Clone, Copy, Debug)]
pub(in crate::push) struct Setting {
    pub(in crate::push) on_unknown: OnUnknown,
    pub(in crate::push) longest_lag: Duration,
}

impl Default for Setting {
    fn default() -> Self {
        Self { on_unknown: OnUnknown::Park, longest_lag: LONGEST_LAG }
    }
}

pub(in crate::push) fn setting() -> impl Strategy<Value = Setting> {
    let on_unknown = prop_oneof![3 => Just(OnUnknown::Park), 1 => Just(OnUnknown::Resend)];
    let longest_lag = prop_oneof![6 => Just(LONGEST_LAG), 1 => Just(BROKEN_LAG)];
    (on_unknown, longest_lag).prop_map(|(on_unknown, longest_lag)| Setting { on_unknown, longest_lag })
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::push) enum Fate {
    Created,
    StoredAndLost,
    /// Stored after this host gave up.
    StoredLate,
    LostBefore,
    StoredAnd500,
    Only500,
    /// A proxy puts its own page in the place of PX's answer, or of the request.
    StoredAndBlocked,
    Blocked,
    /// Any status that does not come from storing.
    Status(u16),
    TooFast {
        retry_after: u16,
    },
    NotConnected,
    /// For looks: an answer that is not a page.
    Garbage,
}

#[derive(Clone, Debug)]
pub(in crate::push) enum Action {
    Seal {
        events: usize,
        poison: bool,
    },
    Advance {
        millis: u64,
    },
    Turn,
    Answer {
        index: usize,
        fate: Fate,
    },
    Crash {
        fates: Vec<Fate>,
    },
    FailWrites {
        faults: Vec<WriteFault>,
    },
    /// The wall clock is set.
    ClockBack {
        seconds: u64,
    },
    ClockForward {
        seconds: u64,
    },
    /// The key's Read permission is taken away, or given.
    ForbidReads,
    PermitReads,
    /// A person puts an event back to be sent, or takes one back that waits.
    Retry {
        index: usize,
    },
    TakeBack {
        index: usize,
    },
    NewKey,
    NoKey,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Created),
        2 => Just(Fate::StoredAndLost),
        2 => Just(Fate::StoredLate),
        2 => Just(Fate::LostBefore),
        1 => Just(Fate::StoredAnd500),
        1 => Just(Fate::Only500),
        1 => Just(Fate::StoredAndBlocked),
        1 => Just(Fate::Blocked),
        1 => prop::sample::select(vec![200, 202, 204, 301, 302, 401, 403, 404, 409, 500, 503]).prop_map(Fate::Status),
        1 => (0_u16..100).prop_map(|retry_after| Fate::TooFast { retry_after }),
        1 => Just(Fate::NotConnected),
        1 => Just(Fate::Garbage),
    ]
}

pub(in crate::push) fn action() -> impl Strategy<Value = Action> {
    let fault = prop::sample::select(vec![WriteFault::Before, WriteFault::After]);
    prop_oneof![
        3 => (1_usize..5, prop::bool::weighted(0.1)).prop_map(|(events, poison)| Action::Seal { events, poison }),
        6 => (0_u64..14).prop_map(|power| Action::Advance { millis: 3 << power }),
        1 => (10_u64..2_000).prop_map(|seconds| Action::Advance { millis: seconds * 1_000 }),
        12 => Just(Action::Turn),
        12 => (0_usize..4, fate()).prop_map(|(index, fate)| Action::Answer { index, fate }),
        2 => prop::collection::vec(fate(), 4).prop_map(|fates| Action::Crash { fates }),
        1 => prop::collection::vec(fault, 1..3).prop_map(|faults| Action::FailWrites { faults }),
        1 => (1_u64..200).prop_map(|seconds| Action::ClockBack { seconds }),
        1 => (1_u64..100_000).prop_map(|seconds| Action::ClockForward { seconds }),
        1 => Just(Action::ForbidReads),
        1 => Just(Action::PermitReads),
        1 => (0_usize..8).prop_map(|index| Action::Retry { index }),
        1 => (0_usize..8).prop_map(|index| Action::TakeBack { index }),
        1 => Just(Action::NewKey),
        1 => Just(Action::NoKey),
    ]
}

struct UnderWay {
    request: Request,
    sent_at: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    lands_at: Duration,
    visible_at: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    Permitted,
    Forbidden,
}

pub(in crate::push) struct World {
    outbox: MemoryOutbox,
    pusher: Pusher<MemoryOutbox>,
    under_way: Vec<UnderWay>,
    /// By row, every copy.
    px: BTreeMap<i64, Vec<Stored>>,
    poison: Vec<i64>,
    setting: Setting,
    /// Looks are answered 403.
    reads: Reads,
    /// What a person put back, or took back, against what the agent knew.
    retried: BTreeSet<i64>,
    taken_back: BTreeSet<i64>,
    has_no_key: bool,
    steady: Duration,
    wall_behind: Duration,
    wall_ahead: Duration,
    requests: BTreeMap<UtcDay, u64>,
    rng: fastrand::Rng,
}

impl World {
    pub(in crate::push) fn new(seed: u64) -> Self {
        Self::with(seed, Setting::default())
    }

    pub(in crate::push) fn with(seed: u64, setting: Setting) -> Self {
        let outbox = MemoryOutbox::default();
        let pusher = pusher(&outbox, Self::settings(setting));
        Self {
            outbox,
            pusher,
            under_way: Vec::new(),
            px: BTreeMap::new(),
            poison: Vec::new(),
            setting,
            reads: Reads::Permitted,
            has_no_key: false,
            retried: BTreeSet::new(),
            taken_back: BTreeSet::new(),
            // Not at zero, and so that days end within a case.
            steady: Duration::from_secs(1_000),
            wall_behind: Duration::ZERO,
            wall_ahead: Duration::ZERO,
            requests: BTreeMap::new(),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    fn settings(setting: Setting) -> PushSettings {
        PushSettings {
            on_unknown: setting.on_unknown,
            settle_wait: SETTLE_WAIT,
            request_timeout: REQUEST_TIMEOUT,
            requests_per_day: PER_DAY,
            ..settings()
        }
    }

    fn now(&self) -> Moment {
        let now = moment(self.steady);
        Moment { wall: now.wall.plus(self.wall_ahead).minus(self.wall_behind), ..now }
    }

    pub(in crate::push) fn act(&mut self, action: &Action) {
        match action {
            Action::Seal { events, poison } => {
                for _ in 0..*events {
                    let row = self.outbox.add(BASE, "u");
                    self.poison.extend(poison.then_some(row));
                }
            }
            Action::Advance { millis } => self.advance(Duration::from_millis(*millis)),
            Action::Turn => {
                self.turn();
            }
            Action::Answer { index, fate } => {
                if !self.under_way.is_empty() {
                    let under_way = self.under_way.remove(index % self.under_way.len());
                    self.answer(&under_way, *fate);
                }
            }
            Action::Crash { fates } => {
                for (under_way, fate) in std::mem::take(&mut self.under_way).iter().zip(fates.iter().cycle()) {
                    self.reach_px(under_way, *fate);
                }
                self.outbox.books().faults.clear();
                self.outbox.restart();
                self.has_no_key = false;
                self.pusher = pusher(&self.outbox, Self::settings(self.setting));
            }
            Action::FailWrites { faults } => self.outbox.books().faults.extend(faults),
            Action::ForbidReads => self.reads = Reads::Forbidden,
            Action::PermitReads => self.reads = Reads::Permitted,
            Action::ClockForward { seconds } => self.wall_ahead += Duration::from_secs(*seconds),
            Action::Retry { index } => self.retry(*index),
            Action::TakeBack { index } => self.take_back(*index),
            Action::ClockBack { seconds } => self.wall_behind += Duration::from_secs(*seconds),
            Action::NewKey => {
                self.has_no_key = false;
                self.pusher.key_has_changed(self.now());
            }
            Action::NoKey => {
                self.has_no_key = true;
                self.pusher.key_is_missing("no key".to_owned());
            }
        }
    }

    /// As after an old version, or a ledger that was copied back.
    pub(in crate::push) fn outbox_rows_become_unknown(&self) {
        for row in self.outbox.books().rows.values_mut() {
            row.state = State::Sending;
        }
    }

    /// What is parked for want of reading is to be looked up; anything else is to be sent, whatever is known of it.
    fn retry(&mut self, index: usize) {
        let mut books = self.outbox.books();
        let mut rows = books
            .rows
            .values_mut()
            .filter(|row| matches!(row.state, State::Done(Outcome::Parked(_) | Outcome::Unknown { .. })));
        if let Some(row) = rows.nth(index) {
            let is_to_be_looked_up = matches!(
                &row.state,
                State::Done(Outcome::Parked(parked)) if parked.cause == ParkCause::NotReadable
            );
            if is_to_be_looked_up {
                row.state = State::Done(Outcome::Unknown { note: "retried".to_owned() });
            } else {
                self.retried.insert(row.event.row);
                self.taken_back.remove(&row.event.row);
                row.state = State::Ready;
            }
        }
    }

    fn take_back(&mut self, index: usize) {
        let mut books = self.outbox.books();
        if let Some(row) = books.rows.values_mut().filter(|row| row.state == State::Ready).nth(index) {
            self.taken_back.insert(row.event.row);
            let parked = Parked { cause: ParkCause::Refused, status: None, body: "by hand".to_owned() };
            row.state = State::Done(Outcome::Parked(parked));
        }
    }

    fn turn(&mut self) -> Duration {
        let now = self.now();
        let turn = self.pusher.turn(now);
        for request in turn.requests {
            *self.requests.entry(UtcDay::of(now.wall)).or_default() += 1;
            self.under_way.push(UnderWay { request, sent_at: self.steady });
        }
        turn.wake_in
    }

    /// Time passes; no request is under way for longer than its timeout.
    fn advance(&mut self, span: Duration) {
        let target = self.steady + span;
        while let Some(index) =
            self.under_way.iter().position(|under_way| under_way.sent_at + REQUEST_TIMEOUT <= target)
        {
            let under_way = self.under_way.remove(index);
            self.steady = self.steady.max(under_way.sent_at + REQUEST_TIMEOUT);
            let fate = if self.rng.bool() { Fate::StoredLate } else { Fate::LostBefore };
            self.answer(&under_way, fate);
        }
        self.steady = target;
    }

    /// What PX does with a request, if it is a POST.
    fn reach_px(&mut self, under_way: &UnderWay, fate: Fate) {
        let ticket = &under_way.request.ticket;
        if ticket.call != Call::SendEvent || self.poison.contains(&ticket.row) {
            return;
        }
        let lands_at = match fate {
            Fate::Created | Fate::StoredAndLost | Fate::StoredAnd500 | Fate::StoredAndBlocked => self.steady,
            Fate::StoredLate => self.steady + LATEST_LANDING.mul_f64(self.rng.f64()),
            _ => return,
        };
        let visible_at = lands_at + self.setting.longest_lag.mul_f64(self.rng.f64());
        self.px.entry(ticket.row).or_default().push(Stored { lands_at, visible_at });
    }

    fn answer(&mut self, under_way: &UnderWay, fate: Fate) {
        self.reach_px(under_way, fate);
        let ticket = &under_way.request.ticket;
        let answer = match (fate, ticket.call) {
            (Fate::NotConnected, _) => Answer::NotConnected { reason: "refused".to_owned() },
            (Fate::StoredAndLost | Fate::StoredLate | Fate::LostBefore, _) => {
                Answer::Lost { reason: "reset".to_owned() }
            }
            (Fate::StoredAnd500 | Fate::Only500, _) => status(500),
            (Fate::StoredAndBlocked | Fate::Blocked, _) => {
                Answer::Status { status: 403, retry_after: None, body: b"<html>no</html>".to_vec() }
            }
            (Fate::Status(code), _) => status(code),
            (Fate::TooFast { retry_after }, _) => {
                let retry_after = (retry_after > 50).then(|| retry_after.to_string());
                Answer::Status { status: 429, retry_after, body: Vec::new() }
            }
            (_, Call::SendEvent) if self.poison.contains(&ticket.row) => status(400),
            (Fate::Garbage, Call::SendEvent) => status(599),
            (Fate::Created, Call::SendEvent) => status(201),
            (Fate::Garbage, Call::FindEvent) => {
                Answer::Status { status: 200, retry_after: None, body: b"<html>".to_vec() }
            }
            (Fate::Created, Call::FindEvent) if self.reads == Reads::Forbidden => status(403),
            (Fate::Created, Call::FindEvent) => self.page(under_way.sent_at),
        };
        self.pusher.answered(self.now(), ticket, &answer);
    }

    /// What could be read when the look was sent.
    fn page(&self, at: Duration) -> Answer {
        let books = self.outbox.books();
        let visible = self.px.iter().flat_map(|(row, copies)| copies.iter().map(move |copy| (row, copy)));
        let events: Vec<&str> =
            visible.filter(|(_, copy)| copy.visible_at <= at).map(|(row, _)| &*books.rows[row].event.body).collect();
        let body = format!(r#"{{"customEvents":[{}],"scrollId":"s"}}"#, events.join(",")).into_bytes();
        Answer::Status { status: 200, retry_after: None, body }
    }

    pub(in crate::push) fn check(&self) {
        assert!(self.under_way.len() <= settings().concurrency);
        assert_eq!(self.under_way.len(), self.pusher.requests_under_way());
        let books = self.outbox.books();
        for (row, copies) in &self.px {
            let doubt = books.rows[row].doubt;
            // Twice only where the configuration or a person said so, or PX shows later than assumed; and then it is noted.
            let may_repeat = doubt == Doubt::NotAsked
                || self.retried.contains(row)
                || (doubt == Doubt::NotShown
                    && copies.iter().any(|copy| copy.visible_at > copy.lands_at + SETTLE_WAIT));
            assert!(copies.len() <= 1 || may_repeat, "row {row} is in PX {} times: {copies:?}", copies.len());
            assert!(doubt < Doubt::NotAsked || self.setting.on_unknown == OnUnknown::Resend, "row {row}: {doubt:?}");
        }
        for under_way in &self.under_way {
            let ticket = &under_way.request.ticket;
            if ticket.call == Call::SendEvent {
                assert_eq!(books.rows[&ticket.row].state, State::Sending, "row {} is under way", ticket.row);
            }
        }
        for (row, entry) in &books.rows {
            let landed = self.px.get(row).into_iter().flatten().filter(|copy| copy.lands_at <= self.steady).count();
            match &entry.state {
                State::Done(Outcome::Sent { copies }) => {
                    assert!(
                        landed >= 1 && landed >= *copies as usize,
                        "row {row} is sent: {landed} landed, {copies} seen"
                    );
                }
                State::Done(Outcome::Parked(parked)) => {
                    let is_due = match parked.cause {
                        ParkCause::Refused => self.poison.contains(row) || self.taken_back.contains(row),
                        ParkCause::NotReadable => self.setting.on_unknown == OnUnknown::Park,
                        ParkCause::DigestMismatch | ParkCause::NotFindable => false,
                    };
                    assert!(is_due, "row {row} is parked: {parked:?}");
                }
                _ => {}
            }
        }
        for (day, made) in &self.requests {
            assert!(*made <= PER_DAY, "{made} requests on {day:?}");
        }
    }

    /// Until everything is sent; gives how long there was no event sent.
    pub(in crate::push) fn sit_out_a_storm(&mut self) -> Duration {
        let (mut last, mut sent, mut longest) = (self.steady, 0, Duration::ZERO);
        while !self.outbox.books().is_empty() {
            let wake_in = self.turn();
            self.check();
            if self.under_way.is_empty() {
                self.advance(wake_in);
            }
            while !self.under_way.is_empty() {
                let is_look = self.under_way[0].request.ticket.call == Call::FindEvent;
                let fate = match self.rng.u8(..10) {
                    _ if is_look => Fate::Created,
                    0..2 => Fate::StoredAndLost,
                    2..4 => Fate::LostBefore,
                    4 => Fate::Only500,
                    5 => Fate::TooFast { retry_after: 0 },
                    _ => Fate::Created,
                };
                self.act(&Action::Answer { index: 0, fate });
            }
            if self.px.len() > sent {
                (sent, last) = (self.px.len(), self.steady);
            }
            longest = longest.max(self.steady.saturating_sub(last));
        }
        self.check_ends();
        longest
    }

    /// PX and the disk work from now on: everything must come to an end.
    pub(in crate::push) fn finish(&mut self) {
        self.outbox.books().faults.clear();
        self.act(&Action::PermitReads);
        if self.has_no_key {
            self.act(&Action::NewKey);
        }
        for _ in 0..100_000 {
            let wake_in = self.turn();
            self.check();
            if self.outbox.books().is_empty() && self.px_can_be_asked_about_nothing_more() {
                return self.check_ends();
            }
            if self.under_way.is_empty() {
                self.advance(wake_in);
            }
            while !self.under_way.is_empty() {
                self.act(&Action::Answer { index: 0, fate: Fate::Created });
            }
        }
        let books = self.outbox.books();
        panic!("it does not come to an end: {:?}", books.rows.values().map(|row| &row.state).collect::<Vec<_>>());
    }

    fn px_can_be_asked_about_nothing_more(&self) -> bool {
        let waits = |state: &State| matches!(state, State::Done(Outcome::Parked(parked)) if parked.cause == ParkCause::NotReadable);
        !self.outbox.books().rows.values().any(|row| waits(&row.state))
    }

    fn check_ends(&self) {
        for (row, entry) in &self.outbox.books().rows {
            let copies = self.px.get(row).map_or(0, Vec::len);
            match &entry.state {
                State::Done(Outcome::Sent { .. }) => assert!(copies >= 1, "row {row}"),
                state => assert!(copies == 0 || self.taken_back.contains(row), "row {row}: {state:?}"),
            }
        }
    }
}
