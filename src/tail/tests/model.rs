//! Generated histories against a naive model of the file system: whatever happens to log files, in any order, also between
//! two steps of a scan or a read, and with crashes.
//!
//! The model knows the truth of every byte on disk ([`disk`]), what each source must have counted and may have counted of
//! it ([`world`], [`expect`]), and drives a tail through a history ([`history`]). Lines are unique, since a rewrite with
//! the same bytes cannot be told apart. `PXTAIL_MODEL_CASES` sets how many histories are tried; one that fails is printed as
//! short as it can be made, with the seed that makes it again: `PXTAIL_SEED`.

mod actions;
mod disk;
mod expect;
mod found;
mod history;
mod lines;
mod names;
mod rewrites;
mod world;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::actions::{Setting, Step, histories};
use self::history::{Outcome, run};
use super::super::hooks::Point;

/// Histories of one run, unless the environment says otherwise: some twenty seconds of one core.
const CASES: u64 = 3_000;

/// The seed of the first of them: a change is tried on what the last one was tried on.
const FIRST: u64 = 1;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let digits = text.trim_start_matches("0x");
    u64::from_str_radix(digits, if digits == text { 10 } else { 16 }).ok()
}

/// A place of its own, not on tmpfs: the build directory, where inodes are used again at once.
fn directory() -> tempfile::TempDir {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    std::fs::create_dir_all(&parent).unwrap();
    tempfile::tempdir_in(parent).unwrap()
}

/// The history of one seed; the shortest that fails likewise, if it does.
fn try_seed(root: &Path, seed: u64) -> Result<Outcome, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { failure_persistence: None, max_shrink_iters: 1_500, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let mut outcome = Outcome::default();
    let tree = proptest::strategy::Strategy::new_tree(&histories(), &mut runner).unwrap();
    let told = std::cell::RefCell::new(&mut outcome);
    let result = runner.run_one(tree, |(setting, steps)| match run(root, setting, &steps, None) {
        Ok(outcome) => {
            **told.borrow_mut() = outcome;
            Ok(())
        }
        Err((why, _)) => Err(TestCaseError::fail(why)),
    });
    match result {
        Ok(_) => Ok(outcome),
        Err(TestError::Abort(why)) => Err(format!("cannot be tried: {why}")),
        Err(TestError::Fail(why, (setting, steps))) => {
            Err(tell(root, &why.to_string(), setting, &steps, &format!("PXTAIL_SEED={seed:#x}")))
        }
    }
}

/// A history that fails, for people: what to write down as a test, and what happens in it.
fn tell(root: &Path, why: &str, setting: Setting, steps: &[Step], again: &str) -> String {
    let mut text = format!("{why}\n{again}\n{setting:?}\n");
    for step in steps {
        let _ = writeln!(text, "    {step:?},");
    }
    if let Err((why, trace)) = run(root, setting, steps, Some(Vec::new())) {
        let _ = writeln!(text, "{}\n{why}", trace.join("\n").replace(&format!("{}/", root.display()), ""));
    }
    text
}

#[test]
fn any_history_counts_every_line_on_disk_once() {
    let directory = directory();
    let root: PathBuf = directory.path().join("logs");
    let first = number("PXTAIL_SEED");
    let wanted = number("PXTAIL_MODEL_CASES");
    let cases = if first.is_some() { 1 } else { wanted.unwrap_or(CASES) };
    // Always the same ones, unless more are asked for.
    let random = wanted.map(|_| u64::from(std::process::id()) << 32 | u64::from(fastrand::u32(..)));
    let first = first.or(random).unwrap_or(FIRST);
    let go_on = number("PXTAIL_MODEL_GO_ON").unwrap_or(0);
    let mut failed = Vec::new();
    let mut total = Outcome::default();
    for case in 0..cases {
        match try_seed(&root, first.wrapping_add(case)) {
            Ok(outcome) => {
                total.recreated += outcome.recreated;
                total.reused += outcome.reused;
            }
            Err(text) => failed.push(format!("history {case} of {cases}: {text}")),
        }
        if failed.len() > usize::try_from(go_on).unwrap_or(0) {
            break;
        }
    }
    // Of those that fail alike, the shortest.
    let alike = |text: &String| {
        text.lines()
            .next()
            .unwrap_or_default()
            .split(':')
            .nth(1)
            .unwrap_or_default()
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .collect::<String>()
    };
    failed.sort_by_key(|text| text.lines().count());
    let found = failed.len();
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    failed.retain(|text| {
        let seen = kinds.entry(alike(text)).or_default();
        *seen += 1;
        *seen <= 3
    });
    assert!(failed.is_empty(), "{found} histories failed: {}", failed.join("\n"));
    if cases > 100 {
        assert!(total.reused * 2 > total.recreated, "inodes are not used again here: {total:?}");
    }
}
