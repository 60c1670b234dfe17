//! `pxtail status`

mod show;

use std::fmt::Write as _;
use std::io::{self, Write};

use super::arguments::StatusArguments;
use super::{Failure, TEMPORARY, load};
use crate::telemetry::Detail;
use crate::telemetry::control::{Answer, Request, ask};
use crate::telemetry::status::{SourceStatus, Status};

pub fn run(arguments: &StatusArguments) -> Result<(), Failure> {
    let socket = load(&arguments.config.config)?.agent.socket;
    let files = if arguments.all || arguments.json { Detail::All } else { Detail::Few };
    let request = if arguments.metrics { Request::Metrics } else { Request::Status { files } };
    let unreachable = |err: io::Error| {
        let help = "run this as the user that pxtail runs as";
        Failure::new(TEMPORARY, format!("{}: {err}\nhelp: {help}", socket.display()))
    };
    let mut out = io::stdout().lock();
    match ask(&socket, &request).map_err(unreachable)? {
        Some(Answer::Metrics { text }) => out.write_all(text.as_bytes())?,
        Some(Answer::Status(status)) if arguments.json => {
            // Texts and numbers only: there is nothing in it that JSON cannot hold.
            writeln!(out, "{}", serde_json::to_string(&status).unwrap_or_default())?;
        }
        Some(Answer::Status(status)) => out.write_all(shown(&status).as_bytes())?,
        Some(Answer::Failed { message }) => return Err(Failure::new(TEMPORARY, message)),
        Some(Answer::Released { .. } | Answer::Changed(_)) => {
            return Err(Failure::new(TEMPORARY, "the agent gave another answer"));
        }
        None => {
            let message = format!("{}: no agent listens there\nhelp: start it with `pxtail run`", socket.display());
            return Err(Failure::new(TEMPORARY, message));
        }
    }
    Ok(out.flush()?)
}

fn shown(status: &Status) -> String {
    let sources = status.sources.iter().map(shown_source).collect::<Vec<_>>();
    show::agent(status) + &sources.join("\n")
}

fn shown_source(source: &SourceStatus) -> String {
    let SourceStatus { name, lines, unmatched, skipped, joined, dropped, multiline_cut, .. } = source;
    let mut text = format!("source `{name}`\n");
    show::files(&mut text, &source.files);
    let _ = writeln!(text, "  {lines:>12} {} read since the agent's start", show::plural(*lines, "line", "lines"));
    for pattern in &source.patterns {
        let rates = rates(pattern.match_ratio, pattern.match_ratio_day);
        let _ = writeln!(text, "  {:>12} matched by `{}`{rates}", pattern.matched, pattern.name);
    }
    let _ = writeln!(text, "  {unmatched:>12} not matched");
    for (count, what) in [
        (joined, "joined to the line before"),
        (skipped, "of the format itself"),
        (dropped, "left out of records that were full"),
        (multiline_cut, "records cut at a limit"),
    ] {
        if *count > 0 {
            let _ = writeln!(text, "  {count:>12} {what}");
        }
    }
    show::losses(&mut text, &source.losses);
    if source.drift {
        let least = percent(source.min_match_rate);
        let _ = match source.match_ratio {
            Some(rate) => {
                let rate = percent(rate);
                writeln!(text, "  DRIFT: {rate} of the last 5 minutes match, less than `min_match_rate` ({least})")
            }
            None => writeln!(
                text,
                "  DRIFT: less than `min_match_rate` ({least}) matched; nothing came in the last 5 minutes"
            ),
        };
    }
    if let Some(sample) = &source.sample {
        let _ = writeln!(text, "  a line that was not matched:\n    {}\n    {}", sample.line, sample.why);
    }
    text
}

fn rates(recent: Option<f64>, day: Option<f64>) -> String {
    match (recent, day) {
        (Some(recent), Some(day)) => {
            format!(" ({} of the last 5 minutes, {} of the day)", percent(recent), percent(day))
        }
        _ => String::new(),
    }
}

fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

#[cfg(test)]
mod tests {
    use super::shown;
    use crate::telemetry::status::{PatternStatus, Sample, SourceStatus, Status};

    #[test]
    fn the_status_shows_what_is_read_and_what_is_not() {
        let pattern = |name: &str, matched, recent| PatternStatus {
            name: name.to_owned(),
            matched,
            match_ratio: recent,
            match_ratio_day: recent,
        };
        let source = SourceStatus {
            name: "web".to_owned(),
            lines: 1_000,
            unmatched: 700,
            joined: 3,
            patterns: vec![pattern("new", 290, Some(0.25)), pattern("old", 7, None)],
            match_ratio: Some(0.25),
            min_match_rate: 0.5,
            drift: true,
            sample: Some(Sample { line: "what is this".to_owned(), why: "at byte 0: expected a time".to_owned() }),
            ..SourceStatus::default()
        };
        assert_eq!(
            shown(&Status { sources: vec![source], ..Status::default() }),
            "source `web`
  no file is there that its `paths` match
          1000 lines read since the agent's start
           290 matched by `new` (25.0 % of the last 5 minutes, 25.0 % of the day)
             7 matched by `old`
           700 not matched
             3 joined to the line before
  DRIFT: 25.0 % of the last 5 minutes match, less than `min_match_rate` (50.0 %)
  a line that was not matched:
    what is this
    at byte 0: expected a time
"
        );
    }
}
