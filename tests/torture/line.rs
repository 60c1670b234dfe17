//! The lines: everything in them follows from their number.
//!
//! A line is `time number user account block low high ;`. Fifty lines are a block; `low` and `high` have the line's own
//! digit in base 5 set, so that the sums over a block say of each line how often it was counted, up to four times.

use std::io::Write;

pub const BLOCK: u64 = 50;
const HALF: u64 = BLOCK / 2;
const BASE: u64 = 5;

/// What the agent reads them by.
pub const PATTERN: &str = r#"name = "torture"
regex = '^(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?<number>\d+) (?<user>u\d+) (?<account>a\d+) (?<block>b\d+) (?<low>\d+) (?<high>\d+) ;$'

[types]
time = { type = "time", format = "rfc3339" }
number = "integer"
low = "integer"
high = "integer"

[[case]]
line = "2026-11-10T12:34:56.789Z 51 u3 a2 b1 5 0 ;"
expect = { number = 51, user = "u3", low = 5 }

[[case]]
line = "789Z 51 u3 a2 b1 5 0 ;"
expect = "no match"
"#;

/// Bytes of the time.
const TIME_LEN: usize = 24;

/// Writes a line; `time` is in RFC 3339 with milliseconds.
pub fn push(out: &mut Vec<u8>, time: &str, number: u64) {
    let (user, account) = owner(number);
    let at = number % BLOCK;
    let digit = BASE.pow((at % HALF) as u32);
    let (low, high) = if at < HALF { (digit, 0) } else { (0, digit) };
    writeln!(out, "{time} {number} u{user} a{account} b{} {low} {high} ;", number / BLOCK).unwrap();
}

/// User and account of a line: forty people in seven accounts, in no order.
pub fn owner(number: u64) -> (u64, u64) {
    let user = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    (user % 40, user % 40 % 7)
}

/// The number of a whole line without its newline; `None` for a piece of a line.
pub fn number(line: &[u8]) -> Option<u64> {
    let rest = line.strip_suffix(b" ;")?;
    let time =
        rest.get(..TIME_LEN).filter(|time| time.ends_with(b"Z") && time.starts_with(b"20") && time[10] == b'T')?;
    let after = rest.get(time.len()..)?.strip_prefix(b" ")?;
    let len = after.iter().position(|&byte| byte == b' ')?;
    std::str::from_utf8(&after[..len]).ok()?.parse().ok()
}

/// How often each line of a block was counted, by the sums of `low` and `high`.
pub fn times_counted(low: u64, high: u64) -> [u8; BLOCK as usize] {
    let mut times = [0; BLOCK as usize];
    for (half, mut sum) in [low, high].into_iter().enumerate() {
        for at in 0..HALF as usize {
            times[half * HALF as usize + at] = (sum % BASE) as u8;
            sum /= BASE;
        }
    }
    times
}

#[test]
fn the_sums_of_a_block_tell_how_often_each_line_was_counted() {
    let counted = [(0, 1), (1, 4), (24, 2), (25, 3), (49, 1)];
    let (mut low, mut high) = (0, 0);
    for (at, times) in counted {
        let mut line = Vec::new();
        push(&mut line, "2026-11-10T12:34:56.789Z", 7 * BLOCK + at);
        let line = String::from_utf8(line).unwrap();
        let sums: Vec<u64> = line.split(' ').skip(5).take(2).map(|text| text.parse().unwrap()).collect();
        low += times * sums[0];
        high += times * sums[1];
    }
    let mut expected = [0; BLOCK as usize];
    for (at, times) in counted {
        expected[at as usize] = times as u8;
    }
    assert_eq!(times_counted(low, high), expected);
}

#[test]
fn only_a_whole_line_has_a_number() {
    let mut line = Vec::new();
    push(&mut line, "2026-11-10T12:34:56.789Z", 1_234);
    let line = line.strip_suffix(b"\n").unwrap();
    assert_eq!(number(line), Some(1_234));
    for cut in 1..line.len() {
        assert_eq!(number(&line[cut..]), None, "without its first {cut} bytes");
        assert_eq!(number(&line[..cut]), None, "its first {cut} bytes");
    }
}
