//! logrotate itself, with configurations as packages and guides write them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::ground::{Form, Ground, Habit, Hidden, Promise, Rotation, Scenario};

const SOON: Habit = Habit::ReopensAfter(Duration::from_millis(50));
/// A graceful restart: old workers go on for a while.
const LATE: Habit = Habit::ReopensAfter(Duration::from_millis(300));

/// One log that is opened for each line.
const fn plain(name: &'static str, configuration: &'static str) -> Scenario {
    Scenario { name, rotation: Rotation::Logrotate(configuration), ..Scenario::DEFAULT }
}

/// Lines that are written between the copy and the cut are gone with the file.
const fn cut(name: &'static str, configuration: &'static str) -> Scenario {
    Scenario { habit: Habit::Keeps, promise: Promise::OnDisk, ..plain(name, configuration) }
}

pub const SCENARIOS: &[Scenario] = &[
    // The web server's package: two logs, one signal for both when all are renamed.
    Scenario {
        paths: &["log/*access.log"],
        logs: &["log/access.log", "log/shop-access.log"],
        habit: SOON,
        foreign: &["log/access.log.1", "log/access.log.2.gz"],
        ..plain(
            "nginx",
            "$DIR/log/*.log {\n daily\n missingok\n rotate 14\n compress\n delaycompress\n notifempty\n create 0640 $USER $GROUP\n \
             sharedscripts\n prerotate\n  test -d $DIR/log\n endscript\n postrotate\n  touch $DIR/reopen\n endscript\n}",
        )
    },
    Scenario {
        logs: &["log/access.log", "log/other_vhosts_access.log"],
        paths: &["log/access.log", "log/other_vhosts_access.log"],
        habit: LATE,
        ..plain(
            "apache",
            "$DIR/log/*.log {\n daily\n missingok\n rotate 14\n compress\n delaycompress\n notifempty\n create 640 $USER $GROUP\n \
             sharedscripts\n postrotate\n  if test -d $DIR/log; then touch $DIR/reopen; fi\n endscript\n}",
        )
    },
    Scenario {
        paths: &["log/syslog", "log/auth.log", "log/none.log"],
        logs: &["log/syslog", "log/auth.log"],
        habit: SOON,
        ..plain(
            "rsyslog",
            "$DIR/log/syslog\n$DIR/log/auth.log\n$DIR/log/none.log\n{\n rotate 4\n weekly\n missingok\n notifempty\n compress\n \
             delaycompress\n sharedscripts\n postrotate\n  touch $DIR/reopen\n endscript\n}",
        )
    },
    // Writers that hold the old file after it was compressed lose lines: they are told at once, and open for each line.
    plain("compress", "$DIR/log/access.log {\n rotate 5\n compress\n create\n}"),
    Scenario {
        foreign: &["log/access.log.1.gz"],
        ..plain("compress-over-old", "$DIR/log/access.log {\n rotate 5\n compress\n create\n}")
    },
    plain(
        "zstd",
        "$DIR/log/access.log {\n rotate 5\n create\n compress\n compresscmd /usr/bin/zstd\n uncompresscmd /usr/bin/unzstd\n \
         compressext .zst\n compressoptions -q -3\n}",
    ),
    Scenario {
        habit: LATE,
        ..plain(
            "zstd-delayed",
            "$DIR/log/access.log {\n rotate 5\n nocreate\n compress\n delaycompress\n compresscmd /usr/bin/zstd\n \
             compressext .zst\n postrotate\n  touch $DIR/reopen\n endscript\n}",
        )
    },
    // The writer makes the new log, late.
    Scenario {
        habit: LATE,
        ..plain(
            "nocreate",
            "$DIR/log/access.log {\n rotate 5\n nocreate\n postrotate\n  touch $DIR/reopen\n endscript\n}",
        )
    },
    plain("create", "$DIR/log/access.log {\n rotate 5\n create 0644\n}"),
    Scenario {
        habit: SOON,
        ..plain(
            "two-kept",
            "$DIR/log/access.log {\n rotate 2\n create\n postrotate\n  touch $DIR/reopen\n endscript\n}",
        )
    },
    plain("none-kept", "$DIR/log/access.log {\n rotate 0\n create\n}"),
    plain("start-0", "$DIR/log/access.log {\n rotate 5\n start 0\n create\n}"),
    plain("maxsize", "$DIR/log/access.log {\n monthly\n maxsize 1k\n rotate 5\n ifempty\n create\n}"),
    plain("su", "$DIR/log/access.log {\n su $USER $GROUP\n size 1\n rotate 5\n create 0600 $USER $GROUP\n}"),
    Scenario {
        promise: Promise::OnDisk,
        ..plain("shred", "$DIR/log/access.log {\n rotate 1\n create\n shred\n shredcycles 1\n}")
    },
    // Dates.
    plain("dateext", "$DIR/log/access.log {\n daily\n rotate 7\n dateext\n dateformat -%Y%m%d-%s\n create\n}"),
    plain(
        "dateext-compress",
        "$DIR/log/access.log {\n hourly\n rotate 48\n dateext\n dateformat -%Y%m%d%H-%s\n compress\n create\n}",
    ),
    Scenario {
        paths: &["log/access.log*"],
        habit: SOON,
        ..plain(
            "dateext-in-glob",
            "$DIR/log/access.log {\n daily\n rotate 7\n dateext\n dateformat .%Y-%m-%d_%s\n compress\n delaycompress\n create\n \
             postrotate\n  touch $DIR/reopen\n endscript\n}",
        )
    },
    // The second of an hour finds its name taken, and leaves the log as it is.
    plain("hourly", "$DIR/log/access.log {\n hourly\n rotate 48\n dateext\n dateformat -%Y%m%d%H\n create\n}"),
    // Names that keep their end.
    plain("extension", "$DIR/log/access.log {\n rotate 5\n extension .log\n create\n}"),
    plain(
        "extension-compress",
        "$DIR/log/access.log {\n rotate 5\n extension .log\n compress\n delaycompress\n create\n}",
    ),
    plain(
        "extension-date",
        "$DIR/log/access.log {\n rotate 5\n extension .log\n dateext\n dateformat -%Y%m%d-%s\n create\n}",
    ),
    Scenario {
        paths: &["log/*.log"],
        habit: SOON,
        ..plain(
            "extension-in-glob",
            "$DIR/log/access.log {\n rotate 5\n extension .log\n nocreate\n postrotate\n  touch $DIR/reopen\n endscript\n}",
        )
    },
    // Elsewhere.
    plain("olddir", "$DIR/log/access.log {\n rotate 5\n olddir old\n createolddir 0755\n create\n}"),
    // Nobody can know a directory elsewhere who has not seen a log go there, and does not find it in the source's paths.
    Scenario {
        paths: &["log/access.log", "archive/access.log.*"],
        ..plain(
            "olddir-named",
            "$DIR/log/access.log {\n rotate 5\n olddir $DIR/archive\n createolddir 0755\n compress\n delaycompress\n create\n}",
        )
    },
    Scenario {
        habit: SOON,
        hidden: Hidden::Moved,
        ..plain(
            "olddir-absolute",
            "$DIR/log/access.log {\n rotate 5\n olddir $DIR/archive\n createolddir 0755\n create\n postrotate\n  touch \
             $DIR/reopen\n endscript\n}",
        )
    },
    plain(
        "olddir-compress",
        "$DIR/log/access.log {\n rotate 5\n olddir old\n createolddir 0755\n compress\n create\n}",
    ),
    plain(
        "olddir-date",
        "$DIR/log/access.log {\n rotate 5\n olddir old\n createolddir 0755\n dateext\n dateformat -%s\n compress\n delaycompress\n \
         create\n}",
    ),
    Scenario {
        hidden: Hidden::Moved,
        ..plain(
            "renamecopy",
            "$DIR/log/access.log {\n rotate 5\n olddir $DIR/archive\n createolddir 0755\n renamecopy\n create\n}",
        )
    },
    // Copies.
    cut("copytruncate", "$DIR/log/access.log {\n rotate 5\n copytruncate\n}"),
    cut(
        "copytruncate-compress",
        "$DIR/log/access.log {\n rotate 5\n copytruncate\n compress\n missingok\n notifempty\n}",
    ),
    cut("copytruncate-delay", "$DIR/log/access.log {\n rotate 5\n copytruncate\n compress\n delaycompress\n}"),
    cut("copytruncate-date", "$DIR/log/access.log {\n rotate 5\n copytruncate\n dateext\n dateformat -%s\n}"),
    cut(
        "copytruncate-olddir",
        "$DIR/log/access.log {\n rotate 5\n copytruncate\n olddir old\n createolddir 0755\n compress\n}",
    ),
    Scenario {
        paths: &["log/*"],
        ..cut("copytruncate-in-glob", "$DIR/log/access.log {\n rotate 5\n copytruncate\n compress\n delaycompress\n}")
    },
    Scenario { habit: Habit::Keeps, ..plain("copy", "$DIR/log/access.log {\n rotate 5\n copy\n}") },
    Scenario {
        habit: Habit::Keeps,
        paths: &["log/*"],
        ..plain("copy-in-glob", "$DIR/log/access.log {\n rotate 5\n copy\n compress\n}")
    },
    Scenario {
        habit: SOON,
        form: Form::Cri,
        ..plain(
            "shared-signal",
            "$DIR/log/access.log {\n rotate 5\n create\n lastaction\n  touch $DIR/reopen\n endscript\n}",
        )
    },
];

/// logrotate's configuration and state for all scenarios of it.
#[derive(Debug)]
pub struct Logrotate {
    directory: PathBuf,
}

impl Logrotate {
    pub fn new(directory: &Path, grounds: &[Ground]) -> Self {
        let files = directory.join("logrotate.d");
        fs::create_dir_all(&files).unwrap();
        // Debian's own defaults.
        let head = format!("weekly\nrotate 4\ncreate\ninclude {}\n", files.display());
        fs::write(directory.join("logrotate.conf"), head).unwrap();
        let (user, group) = (name_of("-un"), name_of("-gn"));
        for ground in grounds {
            let Rotation::Logrotate(configuration) = ground.scenario.rotation else { continue };
            let text = configuration.replace("$DIR", ground.directory.to_str().unwrap());
            let text = text.replace("$USER", &user).replace("$GROUP", &group);
            fs::write(files.join(ground.scenario.name), text + "\n").unwrap();
        }
        Self { directory: directory.to_owned() }
    }

    /// Rotates all, whether it is time or not. What it says is kept.
    pub fn run(&self) {
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("logrotate")
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .args(["--force", "--state"])
            .args([self.directory.join("state"), self.directory.join("logrotate.conf")])
            .output()
            .expect("logrotate runs: Debian's package of this name");
        let said = String::from_utf8_lossy(&output.stderr);
        // What a scenario wants, its name is taken for this hour; and a log that its program made again before logrotate
        // did, which is moved out of the way.
        let is_fine = |line: &&str| {
            let moved = line.contains("already exists, renaming to ") && line.ends_with(".backup");
            moved || line.contains("already exists, skipping rotation")
        };
        let wrong: Vec<&str> = said.lines().filter(|line| line.contains("error") && !is_fine(line)).collect();
        assert!(wrong.is_empty(), "logrotate: {wrong:#?}");
    }
}

fn name_of(what: &str) -> String {
    let output = Command::new("id").arg(what).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
