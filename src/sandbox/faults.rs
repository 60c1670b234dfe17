//! The faults that the sandbox shows on demand: rules that say which call meets which trouble.
//!
//! Promises: the same script, seed and order of calls give the same faults. Does not: touch a connection; the server
//! does what a [`Fault`] says.
//!
//! A script is JSON: `{"rules": [{"method": "POST", "path": "/v1/events", "probability": 0.2, "action": "lose_answer"}],
//! "read_lag": {"min_ms": 0, "max_ms": 2000}}`. For each call the first rule that fires is the one that acts.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

/// All faults in force. An empty script is a server without faults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultScript {
    pub rules: Vec<FaultRule>,
    pub read_lag: ReadLag,
}

/// How long a stored event stays unseen by reads: drawn for each event, both ends inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadLag {
    pub min_ms: u64,
    pub max_ms: u64,
}

/// One rule. A field that is left out does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultRule {
    /// The HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What the path begins with, `/v1` included, without the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Fires at only this one of the matching calls that reach the rule, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Fires at most so often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Fires with this probability, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// A pause before the call is processed. It is processed also when the client has gone by then.
    pub delay_before_ms: u64,
    /// A pause between processing and answering.
    pub delay_after_ms: u64,
    /// How a connection ends that the action breaks.
    pub ending: Ending,
    pub action: FaultAction,
}

/// How a broken connection looks to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The end of the stream.
    #[default]
    Close,
    /// A connection reset. Bytes of the answer that are still under way may be lost with it.
    Reset,
}

/// What happens to the call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultAction {
    /// Nothing but the rule's delays.
    #[default]
    Pass,
    /// The call is processed; the connection closes without a byte of the answer.
    LoseAnswer,
    /// The call is read and forgotten; the connection closes without a byte.
    LoseRequest,
    /// The call is processed; the connection closes in the middle of the answer's body.
    CutBody,
    /// The request is taken in at this rate before it is processed.
    SlowRead { bytes_per_second: u32 },
    /// The call is processed; the answer goes out at this rate.
    SlowAnswer { bytes_per_second: u32 },
    /// This answer instead of PX's own.
    Answer(ScriptedAnswer),
}

/// An answer from a script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedAnswer {
    /// 200 to 599.
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub call: Processing,
}

impl ScriptedAnswer {
    fn has_sound_headers(&self) -> bool {
        self.headers
            .iter()
            .all(|(name, value)| HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok())
    }
}

/// Whether PX did what the call asked for before the scripted answer came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processing {
    #[default]
    Dropped,
    Processed,
}

impl FaultRule {
    /// A rule for `POST /v1/events/custom`.
    #[must_use]
    pub fn on_post(action: FaultAction) -> Self {
        let path = Some("/v1/events/custom".to_owned());
        Self { method: Some("POST".to_owned()), path, action, ..Self::default() }
    }

    /// The same, for at most so many calls.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// The same, with this probability.
    #[must_use]
    pub fn with_probability(self, probability: f64) -> Self {
        Self { probability: Some(probability), ..self }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|prefix| path.starts_with(prefix))
    }

    fn check(&self, index: usize) -> Result<(), String> {
        let fault = if self.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            Some("`probability` must be 0 to 1")
        } else if self.path.as_deref().is_some_and(|path| !path.starts_with("/v1")) {
            Some("`path` must begin with `/v1`: no other calls meet faults")
        } else if matches!(&self.action, FaultAction::Answer(answer) if !(200..=599).contains(&answer.status)) {
            Some("`status` must be 200 to 599")
        } else if matches!(&self.action, FaultAction::Answer(answer) if !answer.has_sound_headers()) {
            Some("a name or value in `headers` cannot stand in an HTTP header")
        } else if matches!(
            self.action,
            FaultAction::SlowRead { bytes_per_second: 0 } | FaultAction::SlowAnswer { bytes_per_second: 0 }
        ) {
            Some("`bytes_per_second` must be 1 or more")
        } else {
            None
        };
        fault.map_or(Ok(()), |message| Err(format!("rules[{index}]: {message}")))
    }
}

impl FaultScript {
    /// A script of these rules, without read lag.
    #[must_use]
    pub fn of(rules: impl IntoIterator<Item = FaultRule>) -> Self {
        Self { rules: rules.into_iter().collect(), read_lag: ReadLag::default() }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.read_lag.min_ms > self.read_lag.max_ms {
            return Err("read_lag: `min_ms` is greater than `max_ms`".to_owned());
        }
        self.rules.iter().enumerate().try_for_each(|(index, rule)| rule.check(index))
    }
}

/// A fault that one call meets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub delay_before: Duration,
    pub delay_after: Duration,
    pub ending: Ending,
    pub action: FaultAction,
}

impl FaultAction {
    /// The action's name in the notes.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Pass => "delay",
            Self::LoseAnswer => "lose_answer",
            Self::LoseRequest => "lose_request",
            Self::CutBody => "cut_body",
            Self::SlowRead { .. } => "slow_read",
            Self::SlowAnswer { .. } => "slow_answer",
            Self::Answer(_) => "answer",
        }
    }
}

/// The script in force, with how far each rule is.
#[derive(Debug)]
pub(super) struct FaultMachine {
    script: FaultScript,
    /// For each rule: matching calls that reached it, and how often it fired.
    counts: Vec<(u64, u64)>,
    random: fastrand::Rng,
}

impl FaultMachine {
    pub(super) fn new(script: FaultScript, seed: u64) -> Self {
        let counts = vec![(0, 0); script.rules.len()];
        Self { script, counts, random: fastrand::Rng::with_seed(seed) }
    }

    /// Puts another script in force; its rules count from the beginning, the random choices go on.
    pub(super) fn replace(&mut self, script: FaultScript) {
        self.counts = vec![(0, 0); script.rules.len()];
        self.script = script;
    }

    pub(super) fn script(&self) -> &FaultScript {
        &self.script
    }

    /// How often each rule fired.
    pub(super) fn fired(&self) -> Vec<u64> {
        self.counts.iter().map(|(_, fired)| *fired).collect()
    }

    /// The fault that this call meets, if any.
    pub(super) fn next(&mut self, method: &str, path: &str) -> Option<Fault> {
        for (rule, (reached, fired)) in self.script.rules.iter().zip(&mut self.counts) {
            if !rule.matches(method, path) {
                continue;
            }
            *reached += 1;
            let due = rule.nth.is_none_or(|nth| nth == *reached)
                && rule.times.is_none_or(|times| *fired < times)
                && rule.probability.is_none_or(|chance| self.random.f64() < chance);
            if due {
                *fired += 1;
                return Some(Fault {
                    delay_before: Duration::from_millis(rule.delay_before_ms),
                    delay_after: Duration::from_millis(rule.delay_after_ms),
                    ending: rule.ending,
                    action: rule.action.clone(),
                });
            }
        }
        None
    }

    /// The read lag of the next event.
    pub(super) fn draw_read_lag(&mut self) -> Duration {
        let ReadLag { min_ms, max_ms } = self.script.read_lag;
        Duration::from_millis(if min_ms >= max_ms { max_ms } else { self.random.u64(min_ms..=max_ms) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says for each of `calls` POSTs of an event which action fires.
    #[track_caller]
    fn check(rules: &str, calls: usize, expected: &[Option<&str>]) {
        let rules = serde_json::from_str(rules).unwrap();
        let mut machine = FaultMachine::new(FaultScript { rules, ..FaultScript::default() }, 1);
        let fired: Vec<Option<&str>> =
            (0..calls).map(|_| machine.next("POST", "/v1/events/custom").map(|fault| fault.action.name())).collect();
        assert_eq!(fired, expected);
    }

    #[test]
    fn a_rule_fires_when_it_is_due() {
        for (rules, expected) in [
            (r#"[{"action":"lose_answer"}]"#, [Some("lose_answer"), Some("lose_answer"), Some("lose_answer")]),
            (r#"[{"times":1,"action":"lose_answer"}]"#, [Some("lose_answer"), None, None]),
            (r#"[{"nth":2,"action":"cut_body"}]"#, [None, Some("cut_body"), None]),
            (r#"[{"probability":0,"action":"cut_body"}]"#, [None, None, None]),
            (r#"[{"probability":1,"times":2,"action":"cut_body"}]"#, [Some("cut_body"), Some("cut_body"), None]),
            (r#"[{"method":"GET","action":"cut_body"}]"#, [None, None, None]),
            (r#"[{"method":"post","nth":1,"action":"cut_body"}]"#, [Some("cut_body"), None, None]),
            (r#"[{"path":"/v1/users","action":"cut_body"}]"#, [None, None, None]),
            (
                r#"[{"times":1,"action":"lose_request"},{"delay_after_ms":5}]"#,
                [Some("lose_request"), Some("delay"), Some("delay")],
            ),
            (
                r#"[{"action":{"answer":{"status":429,"headers":{"retry-after":"7"}}}}]"#,
                [Some("answer"), Some("answer"), Some("answer")],
            ),
            (
                r#"[{"action":{"slow_answer":{"bytes_per_second":10}}}]"#,
                [Some("slow_answer"), Some("slow_answer"), Some("slow_answer")],
            ),
        ] {
            check(rules, 3, &expected);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_at_the_asked_rate() {
        let script = FaultScript::of([FaultRule::on_post(FaultAction::LoseAnswer).with_probability(0.2)]);
        let run = |seed| {
            let mut machine = FaultMachine::new(script.clone(), seed);
            (0..2_000).map(|_| machine.next("POST", "/v1/events/custom").is_some()).collect::<Vec<bool>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let fired = run(7).into_iter().filter(|fired| *fired).count();
        assert!((300..500).contains(&fired), "{fired} of 2000 at 0.2");
    }

    #[test]
    fn a_new_script_counts_from_the_beginning() {
        let script = FaultScript::of([FaultRule::on_post(FaultAction::LoseAnswer).times(1)]);
        let mut machine = FaultMachine::new(script.clone(), 1);
        assert!(machine.next("POST", "/v1/events/custom").is_some());
        assert!(machine.next("POST", "/v1/events/custom").is_none());
        machine.replace(script);
        assert_eq!(machine.fired(), [0]);
        assert!(machine.next("POST", "/v1/events/custom").is_some());
    }

    #[test]
    fn a_script_that_cannot_work_is_refused() {
        for (json, expected) in [
            (r#"{"rules":[{"probability":1.5}]}"#, "rules[0]: `probability` must be 0 to 1"),
            (r#"{"rules":[{},{"action":{"answer":{"status":99}}}]}"#, "rules[1]: `status` must be 200 to 599"),
            (
                r#"{"rules":[{"action":{"slow_read":{"bytes_per_second":0}}}]}"#,
                "rules[0]: `bytes_per_second` must be 1 or more",
            ),
            (r#"{"rules":[{"path":"/events"}]}"#, "rules[0]: `path` must begin with `/v1`: no other calls meet faults"),
            (
                r#"{"rules":[{"action":{"answer":{"status":500,"headers":{"a b":"c"}}}}]}"#,
                "rules[0]: a name or value in `headers` cannot stand in an HTTP header",
            ),
            (r#"{"read_lag":{"min_ms":2,"max_ms":1}}"#, "read_lag: `min_ms` is greater than `max_ms`"),
        ] {
            let script: FaultScript = serde_json::from_str(json).unwrap();
            assert_eq!(script.check(), Err(expected.to_owned()), "{json}");
        }
        assert!(serde_json::from_str::<FaultScript>(r#"{"rulez":[]}"#).is_err());
    }
}
