//! The shipped pattern files: each proves itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it cannot use")]

use std::path::{Path, PathBuf};

use pxtail::config::pattern_file;
use pxtail::model::spec::PatternSpec;
use pxtail::parse::run_cases;

fn pattern_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("patterns");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read(file: &Path) -> PatternSpec {
    let text = std::fs::read_to_string(file).unwrap();
    pattern_file::read(&text, file).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

fn lines(list: &[impl ToString]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_case_of_every_pattern_file_holds() {
    let failures = |file: &PathBuf| run_cases(&read(file)).err().unwrap_or_default();
    let failures: Vec<_> = pattern_files().iter().flat_map(failures).collect();
    assert!(failures.is_empty(), "{}", lines(&failures));
}

#[test]
fn every_pattern_file_has_a_case_that_matches_and_one_that_does_not_and_its_own_name() {
    let files = pattern_files();
    for name in ["common", "combined", "nginx_usage", "apache_usage", "json_usage"] {
        assert!(files.iter().any(|file| file.file_stem().is_some_and(|stem| stem == name)), "{name} is not shipped");
    }
    for file in files {
        let spec = read(&file);
        assert_eq!(Some(spec.name.as_str()), file.file_stem().and_then(|stem| stem.to_str()), "{}", file.display());
        assert!(spec.cases.iter().any(|case| case.expect.is_some()), "{}: no line that matches", file.display());
        assert!(spec.cases.iter().any(|case| case.expect.is_none()), "{}: no line that must not match", file.display());
    }
}
