//! Delays at the tail's named points, so that a test of the real binary meets races that need luck otherwise.
//!
//! Promises: without the variable [`VARIABLE`] nothing is set and nothing waits; with it, only time passes: what is read,
//! counted or saved is the same. A text that cannot be read is an error, so that no test believes in delays that are not
//! there. Does not: serve anything but tests.
//!
//! The text is a list, `listed=0..300ms/10,before_read=5..20ms,seed=7`: at the point `listed` one time in ten a random
//! wait of 0 to 300 ms; at `before_read` each time one of 5 to 20 ms. The points are those of [`Point`].

use std::time::Duration;

use super::AgentError;
use crate::tail::Tail;
use crate::tail::hooks::Point;

pub const VARIABLE: &str = "PXTAIL_TEST_DELAYS";

/// How to wait at one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Delay {
    point: Point,
    least_millis: u64,
    most_millis: u64,
    /// One time in so many.
    one_in: u64,
}

/// The tail with what the environment asks for.
pub fn with(mut tail: Tail) -> Result<Tail, AgentError> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(tail) };
    let (delays, seed) = read(&text).ok_or_else(|| AgentError::Delays(text.clone()))?;
    tracing::warn!("{VARIABLE} is set: scans and reads wait, as a test asks for");
    let mut random = fastrand::Rng::with_seed(seed);
    tail.set_hook(move |point, _| {
        for delay in delays.iter().filter(|delay| delay.point == point) {
            if random.u64(..delay.one_in) == 0 {
                std::thread::sleep(Duration::from_millis(random.u64(delay.least_millis..=delay.most_millis)));
            }
        }
    });
    Ok(tail)
}

/// The delays and the seed; `None` for a text that is not as the module says.
fn read(text: &str) -> Option<(Vec<Delay>, u64)> {
    let mut delays = Vec::new();
    let mut seed = 1;
    for part in text.split(',') {
        let (name, value) = part.split_once('=')?;
        if name == "seed" {
            seed = value.parse().ok()?;
        } else {
            delays.push(read_delay(point(name)?, value)?);
        }
    }
    Some((delays, seed))
}

fn read_delay(point: Point, text: &str) -> Option<Delay> {
    let (span, one_in) = text.split_once('/').unwrap_or((text, "1"));
    let (least, most) = span.strip_suffix("ms")?.split_once("..")?;
    let (least_millis, most_millis) = (least.parse().ok()?, most.parse().ok()?);
    let one_in = one_in.parse().ok().filter(|one_in| *one_in > 0)?;
    (least_millis <= most_millis).then_some(Delay { point, least_millis, most_millis, one_in })
}

fn point(name: &str) -> Option<Point> {
    Point::ALL.into_iter().find(|point| point.name() == name)
}

#[cfg(test)]
mod tests {
    use super::{Delay, read};
    use crate::tail::hooks::Point;

    #[test]
    fn delays_are_read_as_they_are_written() {
        let delay = |point, least_millis, most_millis, one_in| Delay { point, least_millis, most_millis, one_in };
        for (text, delays, seed) in [
            ("listed=0..300ms/10", vec![delay(Point::Listed, 0, 300, 10)], 1),
            ("before_read=5..5ms,seed=7", vec![delay(Point::BeforeRead, 5, 5, 1)], 7),
            (
                "opened=0..1ms,before_open=0..2ms/3",
                vec![delay(Point::Opened, 0, 1, 1), delay(Point::BeforeOpen, 0, 2, 3)],
                1,
            ),
        ] {
            assert_eq!(read(text), Some((delays, seed)), "{text}");
        }
    }

    #[test]
    fn every_point_can_be_named() {
        for point in Point::ALL {
            let text = format!("{}=0..1ms", point.name());
            assert_eq!(read(&text).map(|(delays, _)| delays[0].point), Some(point), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_understood_is_refused() {
        for text in [
            "",
            "listed",
            "listed=5ms",
            "listed=5..4ms",
            "listed=0..5",
            "listed=0..5ms/0",
            "somewhere=0..5ms",
            "seed=x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
