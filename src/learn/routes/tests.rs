use proptest::prelude::*;

use super::{Limits, MOST_NODES, Routes, toml};

fn learned(paths: &[&str], texts: usize) -> Vec<(String, u64)> {
    let mut routes = Routes::new(Limits { texts, nodes: MOST_NODES });
    for path in paths {
        routes.add(path.as_bytes(), Some(b"GET"));
    }
    routes.finish().into_iter().map(|route| (route.path, route.lines)).collect()
}

#[track_caller]
fn check(paths: &[&str], expected: &[(&str, u64)]) {
    let found = learned(paths, 3);
    let found: Vec<(&str, u64)> = found.iter().map(|(path, lines)| (path.as_str(), *lines)).collect();
    assert_eq!(found, expected, "{paths:?}");
}

#[test]
fn ids_become_variables_and_words_stay() {
    check(
        &["/api/users/1", "/api/users/2", "/api/users", "/api/users/1/files/7", "/"],
        &[("/api/users/{id}", 2), ("/", 1), ("/api/users", 1), ("/api/users/{id}/files/{id2}", 1)],
    );
}

#[test]
fn a_place_with_many_texts_is_a_name_also_below() {
    check(
        &["/u/ann/x", "/u/bob/x", "/u/cid/x", "/u/dan/x", "/u/eve/y", "/u/1/x"],
        &[("/u/{name}/x", 4), ("/u/{id}/x", 1), ("/u/{name}/y", 1)],
    );
    check(&["/u/ann", "/u/bob", "/u/cid"], &[("/u/ann", 1), ("/u/bob", 1), ("/u/cid", 1)]);
}

#[test]
fn words_that_many_lines_have_stay_beside_names_that_few_have() {
    let mut paths: Vec<String> = (0..100).map(|number| format!("/scan{}", "x".repeat(number % 50 + 1))).collect();
    paths.extend((0..100).map(|_| "/blog/post".to_owned()));
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let found = learned(&paths, 10);
    assert_eq!(found, [("/blog/post".to_owned(), 100), ("/{name}".to_owned(), 100)]);
}

#[test]
fn a_million_different_paths_stay_within_the_tree() {
    let mut routes = Routes::new(Limits { texts: 24, nodes: 5_000 });
    let mut random = fastrand::Rng::with_seed(7);
    let word = |random: &mut fastrand::Rng| (0..6).map(|_| random.lowercase()).collect::<String>();
    for _ in 0..200_000 {
        let depth = random.usize(0..6);
        let path = (0..depth).map(|_| format!("/{}", word(&mut random))).collect::<Vec<_>>().concat();
        routes.add(path.as_bytes(), None);
        assert!(routes.nodes <= 5_001, "{}", routes.nodes);
    }
    assert!(routes.root.size() <= 5_001);
    let found = routes.finish();
    assert_eq!(found.iter().map(|route| route.lines).sum::<u64>(), 200_000);
    assert!(found.len() < 60, "{}", found.len());
}

#[test]
fn routes_are_written_as_toml_with_counts_and_examples() {
    let mut routes = Routes::new(Limits { texts: 3, nodes: MOST_NODES });
    for number in 0..9 {
        let method: &[u8] = if number == 0 { b"DELETE" } else { b"GET" };
        routes.add(format!("/api/v1/reports/{number}/export").as_bytes(), Some(method));
    }
    routes.add(b"/health", Some(b"GET"));
    routes.add(b"/once\x1b\"", Some(b"GET"));
    let lines = routes.lines;
    let text = toml(&routes.finish(), lines, 1);
    let table: toml::Table = text.parse().expect("TOML");
    let first = &table["route"][0];
    assert_eq!(first["path"].as_str(), Some("/api/v1/reports/{id}/export"));
    assert_eq!((first["name"].as_str(), first["category"].as_str()), (Some("Reports Export"), Some("Reports")));
    assert_eq!(first["methods"].as_array().map(Vec::len), Some(2));
    assert!(text.contains("# 9 lines, 81.8 %: GET 8, DELETE 1\n#   /api/v1/reports/0/export\n"), "{text}");
    assert!(!text.contains('\x1b'));
}

proptest! {
    #[test]
    fn every_line_is_in_exactly_one_route(paths in prop::collection::vec("(/([a-z]{1,2}|[0-9]{1,3}|%7B|\\{x\\})){0,5}/?", 0..200), texts in 1_usize..6, nodes in 3_usize..60) {
        let mut routes = Routes::new(Limits { texts, nodes });
        for path in &paths {
            routes.add(path.as_bytes(), None);
        }
        let found = routes.finish();
        prop_assert_eq!(found.iter().map(|route| route.lines).sum::<u64>(), paths.len() as u64);
        let mut names: Vec<&str> = found.iter().map(|route| route.path.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), found.len());
    }
}
