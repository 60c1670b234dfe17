//! How push behaves, taken from the checked configuration.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::spec::{ApiKeySource, OnUnknown, PushSpec, PxSpec};

/// Everything that push can be told.
#[derive(Clone, Debug)]
pub struct PushSettings {
    /// Without a trailing slash, with the version. Only events that were sealed for it are sent.
    pub base_url: String,
    pub api_key: ApiKeySource,
    /// Of all calls together; may be a fraction.
    pub requests_per_second: f64,
    /// Of all calls together, per UTC day.
    pub requests_per_day: u64,
    /// Requests under way at once; at least 1.
    pub concurrency: usize,
    pub connect_timeout: Duration,
    /// One whole request, connecting included.
    pub request_timeout: Duration,
    /// More certificate authorities, in PEM, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// An event is sent again when a look does not find it that began so long after the last moment at which its attempt
    /// could arrive: `request_timeout` after this host gave up on it.
    pub settle_wait: Duration,
    /// What becomes of an event that cannot be looked up.
    pub on_unknown: OnUnknown,
    pub pauses: Pauses,
}

impl PushSettings {
    #[must_use]
    pub fn new(px: &PxSpec, push: &PushSpec) -> Self {
        Self {
            base_url: px.base_url.value.clone(),
            api_key: px.api_key.clone(),
            requests_per_second: px.requests_per_second,
            requests_per_day: px.requests_per_day,
            concurrency: (push.concurrency as usize).max(1),
            connect_timeout: px.connect_timeout,
            request_timeout: px.request_timeout,
            ca_file: px.ca_file.as_ref().map(|file| file.value.clone()),
            settle_wait: push.settle_wait,
            on_unknown: push.on_unknown,
            pauses: Pauses::default(),
        }
    }
}

/// How long to leave PX alone after trouble: each from its first pause to its longest, doubling in between.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    /// Up to so long, at random, before the first request, so that hosts that start together do not call together.
    pub start: Duration,
    /// After 429, 5xx, losses and failures to connect; full jitter.
    pub trouble: (Duration, Duration),
    /// After 401, 403 and 404: a person has to act, so soon again is no use.
    pub refusal: (Duration, Duration),
    /// Between two looks for the same event.
    pub look: (Duration, Duration),
    /// Looks that were refused for so long, and not one of them answered, will not be answered.
    pub unreadable: Duration,
    /// Where that is so, one is tried so often all the same.
    pub retry_unreadable: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(1),
            trouble: (Duration::from_secs(1), Duration::from_mins(5)),
            refusal: (Duration::from_mins(1), Duration::from_mins(10)),
            look: (Duration::from_secs(2), Duration::from_mins(10)),
            unreadable: Duration::from_mins(15),
            retry_unreadable: Duration::from_hours(1),
        }
    }
}
