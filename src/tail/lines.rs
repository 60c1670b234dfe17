//! Cuts what was read into whole lines, and drops lines that are too long.
//!
//! Promises: pure; every byte is either part of whole lines, dropped, or waits for its newline. Does not: hold state: a
//! place in the middle of a line is known by the byte before it.

/// Where the bytes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    LineStart,
    /// Inside a line that is being dropped.
    InsideDropped,
}

/// What to do with the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Whole lines, none too long: hand out so many bytes.
    Lines(usize),
    /// The beginning of a line that is too long, or all of it: drop so many bytes.
    DropLine(usize),
    /// More of a line that is being dropped.
    DropRest(usize),
    /// A line without its newline yet, not too long so far.
    Wait,
}

/// What to do with `data`, which is not empty. A line may have `max_line_bytes` without its newline.
pub(super) fn cut(data: &[u8], place: Place, max_line_bytes: usize) -> Cut {
    if place == Place::InsideDropped {
        return Cut::DropRest(memchr::memchr(b'\n', data).map_or(data.len(), |at| at + 1));
    }
    let Some(last) = memchr::memrchr(b'\n', data) else {
        return if data.len() > max_line_bytes { Cut::DropLine(data.len()) } else { Cut::Wait };
    };
    // Whole lines that together fit one line cannot hold a longer one: the usual case needs no look at each line.
    if last <= max_line_bytes {
        return Cut::Lines(last + 1);
    }
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', &data[..=last]) {
        if end - start > max_line_bytes {
            return if start == 0 { Cut::DropLine(end + 1) } else { Cut::Lines(start) };
        }
        start = end + 1;
    }
    Cut::Lines(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(data: &str, place: Place, max_line_bytes: usize, expected: Cut) {
        assert_eq!(cut(data.as_bytes(), place, max_line_bytes), expected, "{data:?} {place:?} {max_line_bytes}");
    }

    #[test]
    fn only_whole_lines_within_the_limit_are_handed_out() {
        use Place::{InsideDropped, LineStart};
        for (data, place, max, expected) in [
            ("a\nb\nc", LineStart, 100, Cut::Lines(4)),
            ("a\n", LineStart, 1, Cut::Lines(2)),
            ("\n", LineStart, 1, Cut::Lines(1)),
            ("abc", LineStart, 3, Cut::Wait),
            ("abcd", LineStart, 3, Cut::DropLine(4)),
            ("abc\n", LineStart, 3, Cut::Lines(4)),
            ("abcd\n", LineStart, 3, Cut::DropLine(5)),
            ("a\nabcd\nb\n", LineStart, 3, Cut::Lines(2)),
            ("abcd\nb\n", LineStart, 3, Cut::DropLine(5)),
            ("abc\nabc\nabc\nab", LineStart, 3, Cut::Lines(12)),
            ("abc\nabc\nabcd", LineStart, 3, Cut::Lines(8)),
            ("abc", InsideDropped, 100, Cut::DropRest(3)),
            ("abc\nd\n", InsideDropped, 100, Cut::DropRest(4)),
            ("\nd\n", InsideDropped, 100, Cut::DropRest(1)),
        ] {
            check(data, place, max, expected);
        }
    }
}
