//! What may happen to log files and to the agent, as data.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::super::hooks::Point;

/// What a history may hold only when the tail is up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Rotated files are compressed.
    Compress,
    /// Files are moved to a directory that no glob names (`olddir`).
    Olddir,
    /// Copies get names that are no rotation (`copy-of-a.log`), also within the globs.
    OddCopies,
    /// Copies that leave the original alone, whole or not.
    Copies,
    /// A file is copied of which a source counted nothing yet.
    FreshCopies,
    /// A file is replaced by one that begins as it does.
    ReplaceWithSame,
    /// A file is replaced by one that has some of its lines.
    ReplaceWithPart,
    /// The file behind a link is rotated.
    RotateBehindLinks,
    /// A file is cut to a part of it.
    Cuts,
    /// Others act between two steps of a scan or a read.
    Races,
    /// A file that was known is beyond the globs, and nobody holds it.
    Searched,
    /// Something is written to a file beyond the globs that was quiet for the grace time.
    LateWriters,
    /// Files were rotated away before the source was followed.
    Foreign,
    /// The directory is hidden for a while, or removed.
    Directories,
    /// Links that lead elsewhere.
    Links,
    /// What a source is complete up to, where a copy has more than its original.
    CompleteOverCopies,
    /// Others act between two steps, and the next scan is so late that times prove something.
    RacesInRealTime,
    /// Others act between two steps, and there is no handle for each file.
    RacesWithFewHandles,
}

/// What the tail is not up to yet.
const CLOSED: &[Gate] = &[];

/// Whether the gate is open: `PXTAIL_MODEL_OPEN` and `PXTAIL_MODEL_SHUT` (`Cuts,Races`) change that for a run.
pub(super) fn is_open(gate: Gate) -> bool {
    static GATES: LazyLock<[String; 2]> = LazyLock::new(|| {
        ["PXTAIL_MODEL_OPEN", "PXTAIL_MODEL_SHUT"].map(|variable| std::env::var(variable).unwrap_or_default())
    });
    let names = |list: &String| list.split(',').any(|name| name == format!("{gate:?}"));
    let [opened, shut] = &*GATES;
    (!CLOSED.contains(&gate) || names(opened)) && !names(shut)
}

/// What a file is called, beside its base (`a.log`, `b.log`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `a.log`
    Live,
    /// `a.log.1`
    Numbered(u8),
    /// `a.log-20261121`
    Dated(u8),
    /// `a-20261121.log`
    DatedInside(u8),
    /// `a.log.old`
    Old,
    /// `a.log.bak`
    Backup,
    /// `copy-of-a.log`
    CopyOf,
    /// `hidden-a`: nothing leads from the live name to it.
    Hidden,
    /// `old/a.log.1`
    InOlddir(u8),
}

impl Form {
    pub(super) fn name(self, base: usize) -> String {
        let stem = ["a", "b"][base % 2];
        match self {
            Self::Live => format!("{stem}.log"),
            Self::Numbered(number) => format!("{stem}.log.{number}"),
            Self::Dated(day) => format!("{stem}.log-2026112{day}"),
            Self::DatedInside(day) => format!("{stem}-2026112{day}.log"),
            Self::Old => format!("{stem}.log.old"),
            Self::Backup => format!("{stem}.log.bak"),
            Self::CopyOf => format!("copy-of-{stem}.log"),
            Self::Hidden => format!("hidden-{stem}"),
            Self::InOlddir(number) => format!("old/{stem}.log.{number}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Smaller,
    Same,
    Larger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    /// A file with the same bytes.
    Same,
    /// Its first lines.
    Head,
    /// Its last lines.
    Tail,
    /// All but one line.
    Edited,
    Other,
}

/// Whether the process that writes the file goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    Gone,
    Stays,
}

/// What others do. Actions on a name that is not there do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileAction {
    /// Completes a half line, then writes whole lines.
    Append {
        base: usize,
        form: Form,
        lines: usize,
    },
    Half {
        base: usize,
        form: Form,
    },
    FinishLine {
        base: usize,
        form: Form,
    },
    /// `a.log.1` becomes `a.log.2`, …; the last goes.
    Renumber {
        base: usize,
    },
    /// Renumbers, and `a.log` becomes `a.log.1`.
    Rotate {
        base: usize,
    },
    Rename {
        base: usize,
        from: Form,
        to: Form,
    },
    /// Copies so many sixteenths of a file.
    Copy {
        base: usize,
        from: Form,
        to: Form,
        sixteenths: usize,
    },
    /// The newest copy goes on to the end of what is there now.
    CopyOn,
    /// Renumbers, copies to `a.log.1`; so many lines are written, then the file is emptied.
    CopyTruncate {
        base: usize,
        lost: usize,
    },
    /// As gzip does: `a.log.1` becomes `a.log.1.gz`.
    Compress {
        base: usize,
        form: Form,
    },
    Truncate {
        base: usize,
    },
    Cut {
        base: usize,
        sixteenths: usize,
    },
    Rewrite {
        base: usize,
        size: Size,
    },
    Replace {
        base: usize,
        with: With,
    },
    Delete {
        base: usize,
        form: Form,
        writer: Writer,
    },
    /// Writes to the file that was deleted last while its writer stayed.
    AppendToDeleted {
        lines: usize,
    },
    /// Deletes the file and makes another at once: ext4 gives it the same inode.
    Recreate {
        base: usize,
        lines: usize,
    },
    HardLink {
        base: usize,
        to: Form,
    },
    /// The link leads to the other base from now on.
    SwapLink,
    HideDirectory,
    ShowDirectory,
    RemoveDirectory,
}

/// Whether the tail is told to look at every file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    Given,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    File(FileAction),
    /// The action happens when the point is reached the `nth` time from now on.
    Race {
        point: Point,
        nth: usize,
        action: FileAction,
    },
    Scan,
    Read {
        hint: Hint,
    },
    /// So many chunks, and no more.
    ReadSome {
        chunks: usize,
    },
    Commit,
    CommitFails,
    /// Scan, read, commit.
    Round,
    Pass {
        millis: u64,
    },
    Crash,
    /// Commits, ends, starts.
    Restart,
}

/// What the globs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Globs {
    /// `a.log` and `b.log`.
    Live,
    /// `*.log`
    Log,
    /// `*.log*`
    LogStar,
    /// `**`
    All,
    /// `*.log`, and a second source over `a.log*`.
    TwoSources,
    /// `current.log`, a link to `a.log`.
    Link,
    /// `current.log`, a link to a link to `a.log`.
    LinkChain,
}

/// How the agent's clock stands to the file system's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClockKind {
    /// Long before: no look at a file ever proves that nothing was written since.
    Behind,
    /// Equal or later: looks prove something.
    Real,
}

/// What stays the same through a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) globs: Globs,
    pub(super) max_open_files: usize,
    pub(super) max_line_bytes: usize,
    pub(super) clock: ClockKind,
    pub(super) foreign: Foreign,
}

/// Whether a rotated file stands there when the source is first followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    None,
    Some,
}

pub(super) const POINTS: [Point; 6] =
    [Point::Listed, Point::BeforeOpen, Point::Opened, Point::BeforeDecide, Point::BeforeRead, Point::BeforeSiblings];

pub(super) fn settings() -> impl Strategy<Value = Setting> {
    let globs = prop_oneof![
        3 => Just(Globs::Live),
        3 => Just(Globs::Log),
        3 => Just(Globs::LogStar),
        1 => Just(Globs::All),
        1 => Just(Globs::TwoSources),
        1 => prop_oneof![Just(Globs::Link), Just(Globs::LinkChain)],
    ];
    let max_open_files = prop_oneof![4 => Just(256_usize), 1 => 2..5_usize];
    let max_line_bytes = prop_oneof![4 => Just(1_usize << 20), 1 => Just(600_usize)];
    let clock = prop_oneof![3 => Just(ClockKind::Behind), 1 => Just(ClockKind::Real)];
    let foreign = prop_oneof![3 => Just(Foreign::None), 1 => Just(Foreign::Some)];
    (globs, max_open_files, max_line_bytes, clock, foreign).prop_map(
        |(globs, max_open_files, max_line_bytes, clock, foreign)| {
            // What stands behind a link is not known before it was followed.
            let foreign = if is_open(Gate::Foreign) && !globs.has_links() { foreign } else { Foreign::None };
            Setting { globs, max_open_files, max_line_bytes, clock, foreign }
        },
    )
}

pub(super) fn histories() -> impl Strategy<Value = (Setting, Vec<Step>)> {
    let steps = prop::collection::vec(steps(), 1..60);
    (settings(), steps).prop_map(|(setting, steps)| {
        let may_race = is_open(Gate::Races)
            && (setting.clock == ClockKind::Behind || is_open(Gate::RacesInRealTime))
            && (setting.max_open_files > 100 || is_open(Gate::RacesWithFewHandles));
        let steps = steps.into_iter().filter(|step| may_race || !matches!(step, Step::Race { .. }));
        (setting, steps.filter_map(gated).collect())
    })
}

/// The step, as far as the tail is up to it.
fn gated(step: Step) -> Option<Step> {
    Some(match step {
        Step::File(action) => Step::File(gated_action(action)?),
        Step::Race { point, nth, action } => Step::Race { point, nth, action: gated_action(action)? },
        other => other,
    })
}

fn gated_action(action: FileAction) -> Option<FileAction> {
    Some(match action {
        FileAction::Copy { .. } if !is_open(Gate::Copies) => return None,
        FileAction::Cut { .. } if !is_open(Gate::Cuts) => return None,
        FileAction::Compress { .. } if !is_open(Gate::Compress) => return None,
        FileAction::SwapLink if !is_open(Gate::Links) => return None,
        FileAction::HideDirectory | FileAction::RemoveDirectory if !is_open(Gate::Directories) => return None,
        other => other,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => file_actions().prop_map(Step::File),
        3 => (prop::sample::select(&POINTS[..]), 1..4_usize, file_actions())
            .prop_map(|(point, nth, action)| Step::Race { point, nth, action }),
        3 => Just(Step::Scan),
        3 => prop_oneof![Just(Hint::Given), Just(Hint::None)].prop_map(|hint| Step::Read { hint }),
        1 => (1..3_usize).prop_map(|chunks| Step::ReadSome { chunks }),
        3 => Just(Step::Commit),
        1 => Just(Step::CommitFails),
        4 => Just(Step::Round),
        2 => (0..7_000_u64).prop_map(|millis| Step::Pass { millis }),
        2 => Just(Step::Crash),
        1 => Just(Step::Restart),
    ]
}

/// A name that a file is moved to by a rotation, or by a person.
fn away() -> impl Strategy<Value = Form> {
    let mut forms: Vec<Form> = [1, 2, 1, 3, 4].map(Form::Numbered).to_vec();
    forms.extend([0, 1, 2, 3].map(Form::Dated));
    forms.extend([Form::Backup, Form::Hidden]);
    forms.extend([Form::DatedInside(0), Form::DatedInside(1), Form::Old]);
    if is_open(Gate::Olddir) {
        forms.extend([1, 2].map(Form::InOlddir));
    }
    prop::sample::select(forms)
}

fn copies() -> impl Strategy<Value = Form> {
    let mut forms = vec![Form::Numbered(1), Form::Numbered(1), Form::Dated(0), Form::Dated(1), Form::Backup];
    if is_open(Gate::OddCopies) {
        forms.extend([Form::CopyOf, Form::Hidden]);
    }
    prop::sample::select(forms)
}

fn forms() -> impl Strategy<Value = Form> {
    prop_oneof![4 => Just(Form::Live), 1 => away()]
}

fn replacements() -> impl Strategy<Value = With> {
    let mut contents = vec![With::Other, With::Other];
    if is_open(Gate::ReplaceWithPart) {
        contents.extend([With::Tail, With::Edited]);
    }
    if is_open(Gate::ReplaceWithSame) {
        contents.extend([With::Same, With::Same, With::Head]);
    }
    prop::sample::select(contents)
}

fn file_actions() -> impl Strategy<Value = FileAction> {
    let base = || 0..2_usize;
    let writes = prop_oneof![
        14 => (base(), 1..4_usize)
            .prop_map(|(base, lines)| FileAction::Append { base, form: Form::Live, lines }),
        2 => (base(), away(), 1..4_usize).prop_map(|(base, form, lines)| FileAction::Append { base, form, lines }),
        4 => (base(), forms()).prop_map(|(base, form)| FileAction::Half { base, form }),
        4 => (base(), forms()).prop_map(|(base, form)| FileAction::FinishLine { base, form }),
        1 => (1..3_usize).prop_map(|lines| FileAction::AppendToDeleted { lines }),
    ];
    let rotations = prop_oneof![
        6 => base().prop_map(|base| FileAction::Rotate { base }),
        1 => base().prop_map(|base| FileAction::Renumber { base }),
        2 => (base(), away()).prop_map(|(base, to)| FileAction::Rename { base, from: Form::Live, to }),
        2 => (base(), away(), away()).prop_map(|(base, from, to)| FileAction::Rename { base, from, to }),
        1 => (base(), away()).prop_map(|(base, from)| FileAction::Rename { base, from, to: Form::Live }),
        4 => (base(), 0..2_usize).prop_map(|(base, lost)| FileAction::CopyTruncate { base, lost }),
        3 => (base(), copies(), 0..17_usize)
            .prop_map(|(base, to, sixteenths)| FileAction::Copy { base, from: Form::Live, to, sixteenths }),
        1 => (base(), away(), copies(), 8..17_usize)
            .prop_map(|(base, from, to, sixteenths)| FileAction::Copy { base, from, to, sixteenths }),
        3 => Just(FileAction::CopyOn),
        3 => (base(), away()).prop_map(|(base, form)| FileAction::Compress { base, form }),
    ];
    let size = prop_oneof![Just(Size::Smaller), Just(Size::Same), Just(Size::Larger)];
    let rewrites = prop_oneof![
        2 => base().prop_map(|base| FileAction::Truncate { base }),
        2 => (base(), 1..16_usize).prop_map(|(base, sixteenths)| FileAction::Cut { base, sixteenths }),
        2 => (base(), size).prop_map(|(base, size)| FileAction::Rewrite { base, size }),
        2 => (base(), replacements()).prop_map(|(base, with)| FileAction::Replace { base, with }),
        1 => (base(), 1..3_usize).prop_map(|(base, lines)| FileAction::Recreate { base, lines }),
    ];
    let names = prop_oneof![
        4 => (base(), forms(), prop_oneof![Just(Writer::Gone), Just(Writer::Stays)])
            .prop_map(|(base, form, writer)| FileAction::Delete { base, form, writer }),
        2 => (base(), away()).prop_map(|(base, to)| FileAction::HardLink { base, to }),
        2 => Just(FileAction::SwapLink),
        1 => Just(FileAction::HideDirectory),
        2 => Just(FileAction::ShowDirectory),
        1 => Just(FileAction::RemoveDirectory),
    ];
    prop_oneof![8 => writes, 6 => rotations, 2 => rewrites, 2 => names]
}
