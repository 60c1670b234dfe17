//! Histories that were found to fail once, as short as they could be made.

use super::actions::FileAction::*;
use super::actions::Step::*;
use super::actions::{ClockKind, Foreign, Form, Globs, Setting, Step};
use super::{directory, tell};

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
            File(Replace { base: 0, with: super::actions::With::Other }),
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
}
