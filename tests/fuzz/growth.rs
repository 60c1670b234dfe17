//! How the time for a line grows with its length.
//!
//! The one place where a test looks at a clock: the processor time of its own thread, which other work on the machine hardly
//! moves. A reader that takes time in proportion to the length takes as long for each byte of a long line as of a short
//! one; one that grows with the square takes 256 times as long for each byte of 1 MiB as of 4 KiB. The bound lies far from
//! both, and a measurement above it is made again.

use std::time::Duration;

use fastrand::Rng;

use crate::mutate::piece;

/// From 4 KiB, doubling.
const FIRST_LEN: usize = 4 << 10;
const LAST_LEN: usize = 1 << 20;

/// So many times the fewest nanoseconds a byte of the shorter lines: caches, and buffers that grow, make a few.
const SLACK: f64 = 12.0;

/// Shorter measurements are mostly noise, and no line that takes less harms anybody.
const NOISE: Duration = Duration::from_millis(2);

/// Measurements before a bound is taken as broken.
const TRIES: usize = 12;

/// Between them: what takes the processor from a virtual machine counts as its own time, and lasts a while.
const PAUSE: Duration = Duration::from_millis(20);

/// A line that can be made of any length: one piece repeated between a beginning and an end.
pub struct Shape {
    beginning: Vec<u8>,
    piece: Vec<u8>,
    end: Vec<u8>,
}

impl Shape {
    pub fn new(rng: &mut Rng, line: &[u8]) -> Self {
        let at = rng.usize(0..=line.len());
        let own = |rng: &mut Rng| {
            let to = at + rng.usize(1..40).min(line.len() - at);
            line[at..to].to_vec()
        };
        let mut repeated = if rng.bool() { own(rng) } else { piece(rng).to_vec() };
        if rng.u8(0..4) == 0 {
            repeated.extend_from_slice(piece(rng));
        }
        if repeated.is_empty() {
            repeated.push(b' ');
        }
        let end = if rng.u8(0..4) == 0 { Vec::new() } else { line[at..].to_vec() };
        Self { beginning: line[..at].to_vec(), piece: repeated, end }
    }

    pub fn line(&self, len: usize) -> Vec<u8> {
        let room = len.saturating_sub(self.beginning.len() + self.end.len());
        let pieces = room.div_ceil(self.piece.len());
        [&self.beginning[..], &self.piece.repeat(pieces), &self.end].concat()
    }
}

/// `Err`: at which length it takes how much longer.
pub fn measure(shape: &Shape, mut read: impl FnMut(&[u8])) -> Result<(), String> {
    let mut fewest = f64::INFINITY;
    let mut len = FIRST_LEN;
    while len <= LAST_LEN {
        let line = shape.line(len);
        let mut took = time(&mut read, &line);
        for _ in 1..TRIES {
            if took < NOISE || per_byte(took, len) <= SLACK * fewest {
                break;
            }
            std::thread::sleep(PAUSE);
            took = took.min(time(&mut read, &line));
        }
        let per_byte = per_byte(took, len);
        if took > NOISE && per_byte > SLACK * fewest {
            return Err(format!(
                "{len} bytes take {took:?}: {per_byte:.0} ns a byte, after {fewest:.0} of shorter lines"
            ));
        }
        // The noise of a short measurement must not become the measure of longer ones.
        fewest = fewest.min(per_byte.max(0.5));
        len *= 2;
    }
    Ok(())
}

fn per_byte(took: Duration, len: usize) -> f64 {
    took.as_nanos() as f64 / len as f64
}

fn time(read: &mut impl FnMut(&[u8]), line: &[u8]) -> Duration {
    let began = processor_time();
    read(line);
    processor_time().saturating_sub(began)
}

/// What this thread has used.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
