//! Names that come and go while files are looked for.

use super::*;

#[test]
fn names_that_come_while_files_are_looked_for_are_not_lost() {
    check(
        "a file goes back to its own name after the names were listed",
        USUAL,
        &[
            File(CopyTruncate { base: 0, lost: 0 }),
            Race { point: Point::Listed, nth: 1, action: Rotate { base: 0 } },
            Crash,
            append(0, 1),
            Race {
                point: Point::BeforeDecide,
                nth: 1,
                action: Rename { base: 0, from: Form::Numbered(1), to: Form::Live },
            },
            append(0, 1),
        ],
    );
    check(
        "a rotation of what a link led to has another name beside it",
        Setting { globs: Globs::Link, ..USUAL },
        &[append(0, 2), File(RemoveDirectory), append(0, 1), File(HardLink { base: 0, to: Form::Numbered(1) })],
    );
    check(
        "what a link led to is known when all of it is forgotten",
        Setting { globs: Globs::Link, ..USUAL },
        &[
            Scan,
            File(RemoveDirectory),
            Restart,
            append(0, 1),
            Round,
            Pass { millis: 9465 },
            Scan,
            Scan,
            Round,
            Crash,
            append(0, 2),
            File(CopyTruncate { base: 0, lost: 0 }),
            Restart,
        ],
    );
    check(
        "what gave its lines to a copy has others under a second name",
        Setting { max_open_files: 4, ..USUAL },
        &[
            half(0),
            Race {
                point: Point::BeforeOpen,
                nth: 1,
                action: Delete { base: 0, form: Form::Live, writer: Writer::Gone },
            },
            Crash,
            append(1, 1),
            File(CopyTruncate { base: 1, lost: 0 }),
            File(HardLink { base: 0, to: Form::Numbered(1) }),
            File(CopyTruncate { base: 0, lost: 0 }),
            append(0, 1),
            Round,
            File(Replace { base: 1, with: With::Other }),
            append(1, 1),
        ],
    );
}

#[test]
fn files_that_move_while_they_are_looked_for_are_not_lost() {
    check(
        "a part of a log that came back with its directory is rotated meanwhile",
        Setting { clock: ClockKind::Real, ..USUAL },
        &[
            append(1, 1),
            copy(1, Form::Numbered(1), 1),
            File(HideDirectory),
            Round,
            Round,
            Race { point: Point::BeforeSiblings, nth: 1, action: CopyTruncate { base: 1, lost: 0 } },
        ],
    );
    check(
        "a replaced file is moved below, where nobody was before",
        Setting { globs: Globs::Log, ..USUAL },
        &[
            Race { point: Point::Listed, nth: 1, action: Append { base: 1, form: Form::Live, lines: 1 } },
            append(0, 1),
            Scan,
            File(Replace { base: 1, with: With::Same }),
            File(Rename { base: 1, from: Form::Live, to: Form::InOlddir(1) }),
        ],
    );
}
