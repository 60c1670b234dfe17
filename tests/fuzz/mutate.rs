//! Lines that are nearly right.

use fastrand::Rng;

/// What parsers stumble over: quotes, escapes, brackets, separators, numbers beyond every limit, bytes that are no text.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\\"",
    b"\"\"",
    b"\\x",
    b"\\xZZ",
    b"\\x22",
    b"\\u00e9",
    b"\\uD83D",
    b"\\uD83D\\uDE00",
    b"[",
    b"]",
    b"{",
    b"}",
    b"()",
    b" ",
    b"  ",
    b"\t",
    b"\n",
    b"\r\n",
    b"\0",
    b"\x1b[31m",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x98\x80",
    b"-",
    b" - ",
    b"- -",
    b"=",
    b"==",
    b",",
    b", ",
    b";",
    b"|",
    b":",
    b"::",
    b"/",
    b"?",
    b"%",
    b"%2",
    b"%zz",
    b"%00",
    b"<",
    b">",
    b"<0>",
    b"<191>1 ",
    b"0",
    b"-0",
    b"+1",
    b"1e999999999",
    b"0.0000000000000000000000000000000000001",
    b"99999999999999999999999999999999999999999999",
    b"-170141183460469231731687303715884105728",
    b"9223372036854775808",
    b"NaN",
    b"null",
    b"true",
    b"[23/Nov/2026:10:00:00 +0000]",
    b"[99/Xxx/9999:99:99:99 +9999]",
    b"2026-11-23T10:00:00.123456789Z",
    b"0000-00-00T00:00:00Z",
    b"9999-12-31T23:59:60+23:59",
    b"GET / HTTP/1.1",
    b"\" 200 1 \"",
    b"#Fields: date time c-ip",
    b"#Fields:",
    b"#Date: 2026-11-23 10:00:00",
    b"{\"a\":1}",
    b"stdout P ",
];

/// Longest line that is made, so that a run sees many.
const MAX_LEN: usize = 64 << 10;

/// One change, or several.
pub fn mutate(rng: &mut Rng, line: &mut Vec<u8>, donor: &[u8]) {
    for _ in 0..rng.usize(0..5) {
        change(rng, line, donor);
        line.truncate(MAX_LEN);
    }
}

fn change(rng: &mut Rng, line: &mut Vec<u8>, donor: &[u8]) {
    let at = rng.usize(0..=line.len());
    let (from, to) = span(rng, line.len());
    match rng.u8(0..10) {
        0 => line.truncate(at),
        1 => drop(line.drain(from..to)),
        2 => {
            let (from, to) = span(rng, donor.len());
            insert(line, at, &donor[from..to]);
        }
        3 => {
            let piece = line[from..to].to_vec();
            insert(line, at, &piece.repeat(rng.usize(1..20)));
        }
        4 => {
            let piece = rng.choice(PIECES).copied().unwrap_or_default();
            insert(line, at, &piece.repeat(rng.usize(1..4)));
        }
        5 => {
            // A storm.
            let piece = rng.choice(PIECES).copied().unwrap_or_default();
            insert(line, at, &piece.repeat(rng.usize(100..2_000)));
        }
        6 => {
            let piece = rng.choice(PIECES).copied().unwrap_or_default();
            line.splice(from..to, piece.iter().copied());
        }
        7 => {
            if let Some(byte) = line.get_mut(from) {
                *byte ^= 1 << rng.u8(0..8);
            }
        }
        8 => {
            for _ in 0..rng.usize(1..30) {
                line.insert(at, rng.u8(..));
            }
        }
        _ => {
            let word = rng.alphanumeric();
            insert(line, at, word.to_string().repeat(rng.usize(1..3_000)).as_bytes());
        }
    }
}

fn insert(line: &mut Vec<u8>, at: usize, piece: &[u8]) {
    line.splice(at..at, piece.iter().copied());
}

fn span(rng: &mut Rng, len: usize) -> (usize, usize) {
    let (one, other) = (rng.usize(0..=len), rng.usize(0..=len));
    (one.min(other), one.max(other))
}

/// A piece that storms are made of.
pub fn piece(rng: &mut Rng) -> &'static [u8] {
    rng.choice(PIECES).copied().unwrap_or_default()
}
