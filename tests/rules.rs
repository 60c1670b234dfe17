//! Rules of the house that the compiler does not know, held by reading the sources.

#![expect(clippy::unwrap_used, reason = "tests: what fails here has failed")]

use std::path::{Path, PathBuf};

fn sources(under: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(under);
    let mut open = vec![root];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The module that a file of `src` belongs to, and the modules of the crate that it names.
fn imports(path: &Path, text: &str) -> (String, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let module = path.strip_prefix(root).unwrap().components().next().unwrap();
    let module = module.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
    let named = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .filter_map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next())
        .map(str::to_owned)
        .collect();
    (module, named)
}

const STAGES: [&str; 7] = ["aggregate", "config", "ledger", "parse", "push", "tail", "usage"];

#[test]
fn stages_never_import_each_other() {
    let mut seen = 0;
    for (path, text) in sources("src") {
        let (module, named) = imports(&path, &text);
        if !STAGES.contains(&module.as_str()) && module != "model" {
            continue;
        }
        seen += 1;
        for other in named {
            let own = other == module || other == "model";
            // Tests of a stage may drive a neighbour.
            let is_test = path.to_string_lossy().contains("tests");
            assert!(own || is_test, "{}: `{module}` imports `{other}`", path.display());
        }
    }
    assert!(seen > STAGES.len());
}

#[test]
fn pure_stages_touch_neither_files_nor_clock_nor_log() {
    for (path, text) in sources("src") {
        let (module, _) = imports(&path, &text);
        if !["parse", "usage", "aggregate"].contains(&module.as_str()) || path.to_string_lossy().contains("tests") {
            continue;
        }
        let product = text.split("#[cfg(test)]").next().unwrap();
        for forbidden in
            ["std::fs", "std::net", "SystemTime", "Instant::now", "Timestamp::now", "tracing::", "fastrand"]
        {
            assert!(!product.contains(forbidden), "{}: `{forbidden}`", path.display());
        }
    }
}

#[test]
fn there_is_no_mod_rs_and_no_ignored_test() {
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        assert!(!path.ends_with("mod.rs"), "{}", path.display());
        assert!(!text.contains(concat!("#[", "ignore")), "{}", path.display());
    }
}

#[test]
fn files_stay_readable() {
    for (path, text) in sources("src") {
        let product = if path.to_string_lossy().contains("tests") {
            ""
        } else {
            text.split("#[cfg(test)]\nmod tests {").next().unwrap()
        };
        let lines = product.lines().count();
        assert!(lines <= 500, "{} has {lines} lines: split it", path.display());
    }
}
