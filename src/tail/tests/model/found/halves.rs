//! Half lines that were counted wrong once.

use super::*;

#[test]
fn half_lines_that_counted_wrong_once_are_counted_once() {
    check("in a part of an unread file", USUAL, &[append(1, 1), copy(1, Form::Dated(0), 1), rotate(1)]);
    check(
        "in a rotated copy that was read before its original",
        Setting { globs: Globs::LogStar, clock: ClockKind::Real, ..USUAL },
        &[
            half(0),
            half(0),
            append(0, 2),
            File(CopyTruncate { base: 0, lost: 0 }),
            copy(0, Form::Numbered(1), 0),
            append(0, 3),
            half(0),
            File(CopyOn),
        ],
    );
    check(
        "in a part of a file that is rotated late",
        Setting { globs: Globs::LogStar, ..USUAL },
        &[
            append(1, 1),
            File(Replace { base: 0, with: With::Other }),
            rotate(1),
            append(1, 2),
            copy(1, Form::Dated(0), 2),
            append(0, 1),
            rotate(1),
        ],
    );
}

#[test]
fn half_lines_of_live_files_are_not_counted() {
    check(
        "a rotated file gets its name back",
        Setting { globs: Globs::LogStar, ..USUAL },
        &[
            File(CopyTruncate { base: 0, lost: 0 }),
            Round,
            rotate(0),
            File(Rename { base: 0, from: Form::Numbered(2), to: Form::Live }),
            half(0),
        ],
    );
    check(
        "a file that is replaced by one with the same bytes, of which nothing is known when the first is quiet",
        USUAL,
        &[
            File(CopyTruncate { base: 0, lost: 1 }),
            append(1, 1),
            append(0, 1),
            File(CopyTruncate { base: 0, lost: 1 }),
            append(0, 2),
            append(0, 2),
            half(1),
            Race { point: Point::Opened, nth: 1, action: Replace { base: 1, with: With::Same } },
            Round,
            Scan,
            Pass { millis: 3999 },
        ],
    );
    check(
        "the file was cut and rewritten, and what it was before is a copy of what is forgotten",
        USUAL,
        &[
            append(1, 1),
            append(0, 1),
            Scan,
            Read { hint: Hint::Given },
            Scan,
            File(Cut { base: 0, sixteenths: 4 }),
            Round,
            File(Rewrite { base: 0, size: Size::Same }),
            Round,
        ],
    );
}

#[test]
fn half_a_line_in_an_archive_of_a_file_without_a_line_is_not_counted() {
    check(
        "an archive of a file that has nothing but half a line",
        USUAL,
        &[
            append(0, 2),
            rotate(0),
            Race { point: Point::BeforeRead, nth: 1, action: Cut { base: 1, sixteenths: 1 } },
            append(0, 2),
            Race { point: Point::Listed, nth: 1, action: Rewrite { base: 1, size: Size::Smaller } },
            append(0, 1),
            File(Recreate { base: 0, lines: 1 }),
            append(1, 2),
            Round,
            Race { point: Point::BeforeRead, nth: 1, action: CopyOn },
            copy(1, Form::Dated(1), 0),
            Round,
            File(Compress { base: 1, form: Form::Dated(1) }),
        ],
    );
}

#[test]
fn copies_of_half_a_line_do_not_keep_all_handles() {
    check(
        "two copies of it have all handles",
        Setting { max_open_files: 2, ..USUAL },
        &[
            File(CopyTruncate { base: 0, lost: 0 }),
            half(0),
            File(Cut { base: 1, sixteenths: 1 }),
            copy(0, Form::Numbered(1), 2),
            copy(0, Form::Dated(0), 2),
            Read { hint: Hint::Given },
        ],
    );
}

#[test]
fn half_a_line_of_a_file_on_a_used_inode_is_not_counted() {
    check(
        "a live file is on the inode of one that was never opened",
        USUAL,
        &[
            Race { point: Point::BeforeOpen, nth: 1, action: Replace { base: 1, with: With::Tail } },
            append(1, 1),
            Race {
                point: Point::Listed,
                nth: 1,
                action: Rename { base: 0, from: Form::Numbered(1), to: Form::Numbered(1) },
            },
            append(0, 2),
            Read { hint: Hint::Given },
            Race { point: Point::Listed, nth: 1, action: Append { base: 0, form: Form::Live, lines: 2 } },
            rotate(0),
            Round,
            append(0, 2),
            half(0),
            append(0, 2),
            append(0, 1),
            rotate(0),
            Race { point: Point::BeforeOpen, nth: 1, action: Append { base: 0, form: Form::Live, lines: 2 } },
            Scan,
            append(0, 3),
            half(0),
        ],
    );
}
