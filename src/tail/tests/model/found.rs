//! Histories that were found to fail once, as short as they could be made.

use super::actions::FileAction::*;
use super::actions::Step::*;
use super::actions::{ClockKind, FileAction, Foreign, Form, Globs, Hint, Setting, Size, Step, With, Writer};
use super::{Point, directory, tell};

mod halves;
mod names;

const USUAL: Setting = Setting {
    globs: Globs::Live,
    max_open_files: 256,
    max_line_bytes: 1 << 20,
    clock: ClockKind::Behind,
    foreign: Foreign::None,
};

#[track_caller]
fn check(what: &str, setting: Setting, steps: &[Step]) {
    let directory = directory();
    let root = directory.path().join("logs");
    if let Err((why, _)) = super::run(&root, setting, steps, None) {
        panic!("{}", tell(&root, &why, setting, steps, what));
    }
}

const fn append(base: usize, lines: usize) -> Step {
    File(Append { base, form: Form::Live, lines })
}

const fn rotate(base: usize) -> Step {
    File(Rotate { base })
}

#[test]
fn what_failed_once_holds() {
    let real = Setting { clock: ClockKind::Real, ..USUAL };
    check(
        "a known file beside the globs does not say that strangers are decided",
        real,
        &[append(0, 2), append(1, 1), rotate(1), File(CopyTruncate { base: 0, lost: 0 }), Round, Round, Crash],
    );
    check(
        "what is on a used inode is younger than what was known there",
        real,
        &[
            File(Recreate { base: 0, lines: 1 }),
            Restart,
            File(Replace { base: 0, with: With::Other }),
            append(1, 1),
            Commit,
            Pass { millis: 4732 },
            Scan,
            append(1, 4),
            rotate(0),
            append(0, 3),
            Round,
        ],
    );
    check(
        "a file that was never opened may be a copy still",
        Setting { globs: Globs::TwoSources, max_open_files: 2, ..USUAL },
        &[
            File(CopyTruncate { base: 0, lost: 0 }),
            append(0, 1),
            append(1, 1),
            rotate(1),
            rotate(0),
            Scan,
            Scan,
            Round,
            rotate(0),
            Pass { millis: 2996 },
            Scan,
        ],
    );
    check(
        "a source whose files are all gone was followed",
        USUAL,
        &[
            Race { point: Point::BeforeOpen, nth: 1, action: CopyTruncate { base: 0, lost: 0 } },
            File(Delete { base: 0, form: Form::Live, writer: Writer::Gone }),
        ],
    );
}

#[test]
fn copies_and_rewrites_that_counted_wrong_once_are_counted_once() {
    let star = Setting { globs: Globs::LogStar, ..USUAL };
    let real = Setting { clock: ClockKind::Real, ..USUAL };
    check(
        "a rotated file is rewritten after it was judged",
        USUAL,
        &[
            Race { point: Point::BeforeRead, nth: 2, action: copied(1, Form::Numbered(1), 1) },
            File(Delete { base: 0, form: Form::Live, writer: Writer::Gone }),
            Crash,
            append(1, 2),
            rotate(1),
            append(1, 3),
        ],
    );
    check(
        "of two copies the longer goes on",
        USUAL,
        &[
            append(0, 1),
            copy(0, Form::Dated(0), 2),
            Race { point: Point::Listed, nth: 1, action: CopyTruncate { base: 0, lost: 0 } },
        ],
    );
    check(
        "the copies of what is forgotten are not each other's",
        star,
        &[
            Race { point: Point::Listed, nth: 1, action: copied(1, Form::Numbered(1), 1) },
            Race { point: Point::BeforeOpen, nth: 2, action: Replace { base: 1, with: With::Tail } },
            append(1, 1),
        ],
    );
    check(
        "the copies of what is forgotten are those of what it was a copy of",
        star,
        &[
            Race { point: Point::Listed, nth: 2, action: Half { base: 0, form: Form::Live } },
            append(1, 1),
            Scan,
            Read { hint: Hint::Given },
            File(CopyTruncate { base: 1, lost: 0 }),
            append(0, 2),
            Round,
            Race { point: Point::Opened, nth: 2, action: Compress { base: 0, form: Form::Numbered(1) } },
            ReadSome { chunks: 1 },
            File(CopyTruncate { base: 0, lost: 0 }),
        ],
    );
    check(
        "a part of a file grows before it is counted",
        star,
        &[
            append(0, 5),
            rotate(0),
            append(0, 3),
            Round,
            File(Truncate { base: 0 }),
            append(0, 1),
            copy(0, Form::Dated(0), 4),
            Round,
            File(CopyOn),
        ],
    );
    check(
        "what was written before a directory went is younger than what was known then",
        real,
        &[append(0, 1), append(1, 3), copy(1, Form::Numbered(1), 13), File(HideDirectory), Pass { millis: 997 }, Round],
    );
}

#[test]
fn names_and_handles_that_counted_wrong_once_are_counted_once() {
    let real = Setting { clock: ClockKind::Real, ..USUAL };
    check(
        "a hard link has a name that says little, and one that says more",
        Setting { globs: Globs::Link, ..real },
        &[
            File(SwapLink),
            File(SwapLink),
            rotate(0),
            append(0, 1),
            File(SwapLink),
            File(HardLink { base: 0, to: Form::Numbered(2) }),
        ],
    );
    check(
        "a file that was read on after a restart is looked at when it is done with",
        Setting { globs: Globs::TwoSources, ..real },
        &[
            rotate(0),
            Crash,
            Round,
            Pass { millis: 3998 },
            Round,
            File(Append { base: 0, form: Form::Numbered(1), lines: 1 }),
        ],
    );
    check(
        "a file that was rewritten while nobody looked waits under another name",
        real,
        &[
            append(1, 2),
            append(0, 3),
            half(0),
            Round,
            File(Truncate { base: 1 }),
            append(1, 1),
            Crash,
            Pass { millis: 1997 },
            Scan,
            File(Rename { base: 1, from: Form::Live, to: Form::Numbered(1) }),
        ],
    );
    check(
        "an empty rotated file is written to",
        real,
        &[
            File(CopyTruncate { base: 0, lost: 0 }),
            File(CopyTruncate { base: 0, lost: 0 }),
            rotate(0),
            append(0, 1),
            Round,
            Race { point: Point::BeforeOpen, nth: 2, action: Append { base: 0, form: Form::Numbered(2), lines: 1 } },
        ],
    );
    check(
        "a file that waits for a handle is renamed",
        Setting { max_open_files: 2, ..USUAL },
        &[append(1, 1), File(Replace { base: 0, with: With::Other }), Round, rotate(1)],
    );
}

const fn copied(base: usize, to: Form, sixteenths: usize) -> FileAction {
    Copy { base, from: Form::Live, to, sixteenths }
}

const fn half(base: usize) -> Step {
    File(Half { base, form: Form::Live })
}

const fn copy(base: usize, to: Form, sixteenths: usize) -> Step {
    File(copied(base, to, sixteenths))
}

#[test]
fn archives_of_what_has_less_hold_the_windows_until_they_are_unpacked() {
    check(
        "of a part of the file that ends",
        USUAL,
        &[
            append(0, 1),
            append(0, 1),
            append(0, 1),
            copy(0, Form::Dated(0), 1),
            rotate(0),
            File(CopyTruncate { base: 0, lost: 0 }),
            append(0, 1),
            Crash,
            rotate(0),
            File(Compress { base: 0, form: Form::Numbered(3) }),
        ],
    );
    check(
        "of a file that was copied with less, where the copy is done",
        Setting { globs: Globs::LogStar, ..USUAL },
        &[
            File(Rewrite { base: 0, size: Size::Smaller }),
            copy(0, Form::Numbered(1), 16),
            Scan,
            append(0, 1),
            File(Rename { base: 0, from: Form::Live, to: Form::Dated(2) }),
            Restart,
            append(0, 1),
            File(Compress { base: 0, form: Form::Dated(2) }),
        ],
    );
    check(
        "of a part of what another copy has a part of, with half a line in both",
        Setting { globs: Globs::LogStar, ..USUAL },
        &[
            copy(0, Form::Numbered(1), 0),
            append(1, 3),
            append(0, 1),
            half(0),
            Race { point: Point::Listed, nth: 1, action: Append { base: 1, form: Form::Live, lines: 1 } },
            copy(0, Form::Numbered(1), 4),
            rotate(0),
            rotate(0),
            File(Compress { base: 0, form: Form::Numbered(3) }),
        ],
    );
}

#[test]
fn half_a_line_is_judged_before_what_it_is_of_is_forgotten() {
    check(
        "half a line of a file that was deleted with more of it",
        Setting { globs: Globs::LogStar, ..USUAL },
        &[
            rotate(0),
            Race { point: Point::BeforeDecide, nth: 3, action: Half { base: 0, form: Form::Live } },
            append(0, 1),
            Scan,
            Round,
            File(Truncate { base: 0 }),
            Round,
            copy(0, Form::Dated(0), 8),
            Pass { millis: 994 },
            Race { point: Point::Listed, nth: 1, action: Delete { base: 0, form: Form::Live, writer: Writer::Gone } },
        ],
    );
}

#[test]
fn a_file_with_more_than_a_copy_may_be_within_another() {
    check(
        "a copy of what goes on behind the copied part of a cut file",
        USUAL,
        &[
            rotate(1),
            append(0, 1),
            append(0, 1),
            Race { point: Point::BeforeOpen, nth: 1, action: Append { base: 0, form: Form::Live, lines: 2 } },
            Round,
            half(0),
            Crash,
            copy(0, Form::Dated(0), 1),
            File(Cut { base: 0, sixteenths: 13 }),
            Round,
            copy(0, Form::Numbered(1), 9),
            append(0, 1),
        ],
    );
}

#[test]
fn half_a_line_that_was_too_short_to_be_known_is_judged_when_it_grows() {
    check(
        "it became a copy",
        Setting { globs: Globs::LogStar, ..USUAL },
        &[
            copy(0, Form::Numbered(1), 3),
            Round,
            Round,
            Pass { millis: 3997 },
            Read { hint: Hint::Given },
            Pass { millis: 4997 },
            append(0, 1),
            Read { hint: Hint::Given },
            copy(0, Form::Numbered(1), 2),
            File(Recreate { base: 0, lines: 1 }),
            append(0, 1),
        ],
    );
}

#[test]
fn a_copy_that_goes_on_otherwise_than_the_half_line_of_its_original_has_lines_of_its_own() {
    check(
        "a replaced file beside a part of the old one",
        Setting { globs: Globs::LogStar, ..USUAL },
        &[
            append(0, 1),
            Round,
            File(Cut { base: 0, sixteenths: 1 }),
            append(0, 1),
            copy(0, Form::Numbered(1), 8),
            File(Replace { base: 0, with: With::Edited }),
            Race { point: Point::Listed, nth: 1, action: Append { base: 1, form: Form::Live, lines: 2 } },
            append(1, 1),
            half(1),
            Round,
            append(0, 1),
            File(CopyTruncate { base: 1, lost: 1 }),
            Race { point: Point::BeforeDecide, nth: 1, action: HardLink { base: 0, to: Form::Numbered(3) } },
            append(1, 1),
            Race { point: Point::Listed, nth: 1, action: Append { base: 1, form: Form::Live, lines: 2 } },
            Scan,
            append(0, 2),
            File(Copy { base: 0, from: Form::Numbered(1), to: Form::Numbered(1), sixteenths: 8 }),
            File(Cut { base: 0, sixteenths: 2 }),
            File(Delete { base: 0, form: Form::Live, writer: Writer::Gone }),
        ],
    );
}

#[test]
fn what_was_new_before_its_turn_may_be_a_copy_at_its_turn() {
    check(
        "a replaced file and its like wait while half a line ends",
        USUAL,
        &[
            append(0, 1),
            half(0),
            File(RemoveDirectory),
            Scan,
            append(1, 2),
            Read { hint: Hint::Given },
            Scan,
            Pass { millis: 3996 },
            File(Replace { base: 1, with: With::Same }),
            Commit,
        ],
    );
}

#[test]
fn what_a_copy_has_a_part_of_is_not_forgotten() {
    check(
        "the copy goes on after a long rest",
        Setting { foreign: Foreign::Some, ..USUAL },
        &[
            File(Delete { base: 0, form: Form::Live, writer: Writer::Gone }),
            append(0, 1),
            File(Append { base: 0, form: Form::Numbered(1), lines: 1 }),
            append(1, 2),
            Round,
            Race { point: Point::BeforeOpen, nth: 2, action: CopyOn },
            copy(1, Form::Numbered(1), 4),
            File(Recreate { base: 1, lines: 1 }),
        ],
    );
}
