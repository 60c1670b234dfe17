//! Files and directories: what is read, in which order, and what is said of what cannot be read.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{Home, METRIC, PATTERN, PX, SOURCE, minimal, refused};
use crate::config::LoadOptions;

#[track_caller]
fn check(home: &Home, expected: &str) {
    assert_eq!(refused(home), expected);
}

#[test]
fn sections_of_conf_d_add_up_in_the_order_of_names() {
    let home = Home::new(&[PX, SOURCE].concat());
    home.write("conf.d/20-b.toml", METRIC.replace("hits", "b").as_bytes());
    home.write("conf.d/10-a.toml", [METRIC.replace("hits", "a"), METRIC.replace("hits", "c")].concat().as_bytes());
    home.write("conf.d/30-push.toml", b"[push]\nhold = true\n");
    home.write("conf.d/.hidden.toml", b"nonsense");
    home.write("conf.d/notes.txt", b"nonsense");
    for number in [7, 3, 9, 1, 5, 8, 2, 6, 4] {
        home.write(&format!("conf.d/4{number}.toml"), METRIC.replace("hits", &format!("m{number}")).as_bytes());
    }
    let configuration = home.load().expect("no fault");
    let names: Vec<_> = configuration.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["a", "c", "b", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"]);
    assert!(configuration.push.hold);
    assert!(configuration.metrics[0].at.file.ends_with("conf.d/10-a.toml"));
}

#[test]
fn a_section_in_two_files_is_refused_with_both_places() {
    let home = Home::new(&minimal());
    home.write("conf.d/px.toml", PX.as_bytes());
    check(&home, "conf.d/px.toml:1: `[px]` is there twice, first at pxtail.toml:1\nhelp: keep it in one file");
}

#[test]
fn faults_of_all_files_come_together_in_their_order() {
    let home = Home::new(&minimal().replace("hits", "bad name"));
    home.write("conf.d/b.toml", b"[push]\nhold = 1\n");
    home.write("conf.d/a.toml", b"[tail]\nwake = true\nx\n");
    let faults = refused(&home);
    let places: Vec<_> = faults.lines().filter(|line| !line.starts_with("help")).collect();
    assert_eq!(
        places,
        [
            "pxtail.toml:9: `name` of `[[metric]]` is `bad name`, which is no name",
            "conf.d/a.toml:2: `wake` of `[tail]` is a truth value; expected a text in quotes",
            "conf.d/a.toml:3: not valid TOML at column 2: key with no value, expected `=`",
            "conf.d/b.toml:2: `hold` of `[push]` is a whole number; expected `true` or `false`, without quotes",
        ]
    );
}

#[test]
fn what_cannot_be_read_is_said_and_nothing_is_said_to_be_missing() {
    let home = Home::new("");
    let directory = home.path("");
    std::fs::remove_file(home.path("pxtail.toml")).expect("removed");
    check(
        &home,
        "pxtail.toml: cannot be read: there is no such file\nhelp: write one, or give the path of yours with --config",
    );
    std::fs::create_dir(home.path("pxtail.toml")).expect("a directory");
    check(&home, "pxtail.toml: is a directory; expected a file\nhelp: give the path of the file in it");
    std::fs::remove_dir(home.path("pxtail.toml")).expect("removed");
    symlink("/dev/null", home.path("pxtail.toml")).expect("a link");
    check(&home, "pxtail.toml: is no regular file\nhelp: give the path of a TOML file");
    std::fs::remove_file(home.path("pxtail.toml")).expect("removed");
    home.write("pxtail.toml", b"# one\n# two\n# \xff\n");
    check(&home, "pxtail.toml:3: holds bytes that are not UTF-8\nhelp: save the file as UTF-8");
    home.write("pxtail.toml", &vec![b'#'; (16 << 20) + 1]);
    check(&home, "pxtail.toml: is larger than 16MiB\nhelp: give the path of a TOML file; this is something else");
    home.write("pxtail.toml", minimal().as_bytes());
    home.write("conf.d", b"");
    check(
        &home,
        "conf.d: the directory cannot be listed: a part of its path is no directory\n\
         help: make it a directory that pxtail's user may read, or remove it",
    );
    drop(directory);
}

#[test]
fn a_file_without_permission_is_said() {
    let home = Home::new(&minimal());
    std::fs::set_permissions(home.path("pxtail.toml"), std::fs::Permissions::from_mode(0o000)).expect("changed");
    if std::fs::read(home.path("pxtail.toml")).is_ok() {
        // The superuser reads everything: there is nothing to see here.
        return;
    }
    check(&home, "pxtail.toml: cannot be read: permission denied\nhelp: let pxtail's user read it: chmod, chown");
}

#[test]
fn a_pattern_of_an_earlier_directory_wins_whole() {
    let home = Home::new(&minimal());
    home.write("more/web.toml", PATTERN.replace("$bytes", "$size").as_bytes());
    home.write("more/other.toml", PATTERN.replace("\"web\"", "\"other\"").as_bytes());
    let configuration = home.load().expect("no fault");
    assert!(configuration.patterns["web"].at.file.ends_with("patterns.d/web.toml"));
    assert!(configuration.patterns["other"].at.file.ends_with("more/other.toml"));
}

#[test]
fn a_broken_pattern_is_a_fault_only_where_it_is_named() {
    let home = Home::new(&minimal());
    home.write("patterns.d/other.toml", b"name = \"other\"\n");
    home.write("more/other.toml", PATTERN.replace("\"web\"", "\"other\"").as_bytes());
    let configuration = home.load().expect("no fault");
    assert_eq!(configuration.broken_patterns["other"].len(), 1);
    assert!(!configuration.patterns.contains_key("other"), "a broken file must not give way to a later one");
    home.write("pxtail.toml", minimal().replace("pattern = \"web\"", "pattern = \"other\"").as_bytes());
    check(
        &home,
        "pxtail.toml:7: `pattern` of source `web` names pattern `other`, whose file has faults\n\
         help: correct patterns.d/other.toml, as said there\n\
         patterns.d/other.toml: pattern `other` does not say how a line is read\n\
         help: write one of template = '…', regex = '…', grok = '…', json = true, logfmt = true, key_value = true, w3c = true, csv = true, tsv = true, ltsv = true or builtin = \"combined\"",
    );
}

#[test]
fn a_pattern_must_be_named_as_its_file() {
    let home = Home::new(&minimal());
    home.write("patterns.d/web.toml", PATTERN.replace("\"web\"", "\"wob\"").as_bytes());
    check(
        &home,
        "pxtail.toml:7: `pattern` of source `web` names pattern `web`, whose file has faults\n\
         help: correct patterns.d/web.toml, as said there\n\
         patterns.d/web.toml:1: pattern `wob` is in a file of another name; expected `web`\n\
         help: write name = \"web\", or rename the file to wob.toml",
    );
}

#[test]
fn patterns_are_looked_for_beside_the_configuration_first() {
    let dirs = |config: &str| {
        let options = LoadOptions::standard(Path::new(config));
        options.pattern_dirs.iter().map(|directory| directory.display().to_string()).collect::<Vec<_>>()
    };
    let system = ["/etc/pxtail/patterns.d", "/usr/share/pxtail/patterns"];
    assert_eq!(dirs("/etc/pxtail/pxtail.toml"), system);
    assert_eq!(dirs("/srv/x.toml"), ["/srv/patterns.d", system[0], system[1]]);
    assert_eq!(dirs("x.toml"), ["patterns.d", system[0], system[1]]);
}
