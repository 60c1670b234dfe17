//! Rotations that programs and people make without logrotate.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use crate::ground::{Ground, Habit, Hidden, Promise, Rotation, Scenario, run};

const SOON: Habit = Habit::ReopensAfter(Duration::from_millis(50));

const fn by_hand(name: &'static str, rotate: fn(&mut Ground, u32)) -> Scenario {
    Scenario { name, rotation: Rotation::ByHand(rotate), ..Scenario::DEFAULT }
}

pub const SCENARIOS: &[Scenario] = &[
    Scenario { foreign: &["log/access.log.1"], ..by_hand("renumbered", renumber) },
    Scenario {
        habit: SOON,
        ..by_hand("renumbered-kept", |ground, round| {
            renumber(ground, round);
            ground.write(2);
            ground.tell();
        })
    },
    Scenario {
        habit: SOON,
        paths: &["log/*"],
        ..by_hand("renumbered-in-glob", |ground, round| {
            renumber(ground, round);
            ground.write(2);
            ground.tell();
        })
    },
    // Python's and Java's appenders.
    by_hand("time-stamped", |ground, round| {
        rename(ground, "log/access.log", &format!("log/access.log.2026-11-23_10-{round:02}"));
    }),
    by_hand("date-before-end", |ground, round| {
        rename(ground, "log/access.log", &format!("log/access-2026-11-23-{round}.log"));
    }),
    by_hand("date-before-end-compressed", |ground, round| {
        let rotated = format!("log/access-2026-11-23-{round}.log");
        rename(ground, "log/access.log", &rotated);
        run("gzip", &[ground.path(&rotated).to_str().unwrap()]);
    }),
    // A name that has nothing of the log's.
    Scenario {
        hidden: Hidden::Unseen,
        ..by_hand("any-name", |ground, round| {
            rename(ground, "log/access.log", &format!("log/@40000000{round}.s"));
        })
    },
    // The log comes back before logrotate has made the new one: it is moved out of the way.
    by_hand("made-again-too-early", |ground, round| {
        renumber(ground, round);
        ground.write(2);
        rename(ground, "log/access.log", &format!("log/access.log-202611231{round}.backup"));
    }),
    by_hand("moved-away", |ground, round| {
        fs::create_dir_all(ground.path("log/archive")).unwrap();
        rename(ground, "log/access.log", &format!("log/archive/access.log.{round}"));
    }),
    Scenario {
        paths: &["log/access-*.log"],
        logs: &["log/access-0.log"],
        ..by_hand("new-names", |ground, round| {
            let name = format!("log/access-{}.log", round + 1);
            ground.write_to(&[name.as_str()]);
        })
    },
    // `cp` and an empty text into the log, as in a crontab.
    Scenario {
        // Those that were made between two looks have names that tell nothing.
        hidden: Hidden::Unseen,
        habit: Habit::Keeps,
        ..by_hand("copied-and-emptied", |ground, round| {
            let (log, copy) = (ground.path("log/access.log"), ground.path(&format!("log/access.log.bak{round}")));
            fs::copy(&log, copy).unwrap();
            fs::File::create(log).unwrap();
        })
    },
    Scenario {
        habit: Habit::Keeps,
        ..by_hand("copied-with-date", |ground, round| {
            let (log, copy) = (ground.path("log/access.log"), ground.path(&format!("log/access.log-2026112{round}")));
            fs::copy(&log, copy).unwrap();
            fs::File::create(log).unwrap();
        })
    },
    Scenario {
        habit: Habit::Keeps,
        ..by_hand("backed-up", |ground, round| {
            fs::copy(ground.path("log/access.log"), ground.path(&format!("log/access.log.{round}"))).unwrap();
        })
    },
    by_hand("hard-link", |ground, round| {
        let (log, new) = (ground.path("log/access.log"), ground.path("log/access.log.new"));
        fs::hard_link(&log, ground.path(&format!("log/access.log.{round}"))).unwrap();
        ground.write(2);
        fs::write(&new, "").unwrap();
        fs::rename(new, log).unwrap();
    }),
    Scenario {
        paths: &["log/*.log", "log/access*"],
        ..by_hand("hard-link-two-globs", |ground, round| {
            let (log, new) = (ground.path("log/access.log"), ground.path("log/new"));
            fs::hard_link(&log, ground.path(&format!("log/access-{round}.log"))).unwrap();
            ground.write(2);
            fs::write(&new, "").unwrap();
            fs::rename(new, log).unwrap();
        })
    },
    // What is replaced is not on disk any more.
    by_hand("atomic-replace", |ground, _| {
        std::thread::sleep(Duration::from_millis(5));
        let new = ground.path("log/new");
        fs::write(&new, "").unwrap();
        fs::rename(new, ground.path("log/access.log")).unwrap();
    }),
    by_hand("deleted", |ground, _| fs::remove_file(ground.path("log/access.log")).unwrap()),
    Scenario {
        habit: SOON,
        ..by_hand("deleted-while-open", |ground, _| {
            fs::remove_file(ground.path("log/access.log")).unwrap();
            ground.write(5);
            ground.tell();
        })
    },
    Scenario {
        promise: Promise::OnDisk,
        ..by_hand("overwritten", |ground, _| {
            fs::write(ground.path("log/access.log"), "").unwrap();
        })
    },
    by_hand("directory-removed", |ground, _| {
        let directory = ground.path("log");
        fs::remove_dir_all(&directory).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::create_dir(directory).unwrap();
    }),
    Scenario {
        hidden: Hidden::Moved,
        ..by_hand("directory-renamed", |ground, round| {
            rename(ground, "log", &format!("log.{round}"));
            fs::create_dir(ground.path("log")).unwrap();
        })
    },
    // Links.
    Scenario {
        paths: &["log/current.log"],
        logs: &["log/current.log"],
        prepare: |ground| link(ground, "log-000", "log/current.log"),
        hidden: Hidden::Unseen,
        ..by_hand("link-switched", |ground, round| {
            link(ground, &format!("log-{:03}", round + 1), "log/current.log");
        })
    },
    Scenario {
        paths: &["log/current.log", "log/log-*"],
        logs: &["log/current.log"],
        prepare: |ground| link(ground, "log-000", "log/current.log"),
        ..by_hand("link-and-target", |ground, round| {
            link(ground, &format!("log-{:03}", round + 1), "log/current.log");
        })
    },
    Scenario {
        habit: SOON,
        paths: &["log/app.INFO"],
        logs: &["log/app.INFO"],
        prepare: |ground| link(ground, "app.host.INFO.20261123-000", "log/app.INFO"),
        hidden: Hidden::Unseen,
        ..by_hand("link-switched-kept", |ground, round| {
            link(ground, &format!("app.host.INFO.20261123-{:03}", round + 1), "log/app.INFO");
            ground.write(2);
            ground.tell();
        })
    },
    Scenario {
        paths: &["current/log/access.log"],
        logs: &["current/log/access.log"],
        prepare: |ground| release(ground, 0),
        hidden: Hidden::Unseen,
        ..by_hand("release-switched", |ground, round| release(ground, round + 1))
    },
    Scenario {
        paths: &["current/log/*.log"],
        logs: &["releases/0/log/access.log"],
        prepare: |ground| release(ground, 0),
        hidden: Hidden::Unseen,
        ..by_hand("release-switched-late", |ground, round| {
            release(ground, round + 1);
            ground.write(3);
            ground.write_to(&[format!("releases/{}/log/access.log", round + 1).as_str()]);
        })
    },
    Scenario {
        paths: &["log/link.log"],
        logs: &["elsewhere/access.log"],
        prepare: |ground| {
            fs::create_dir(ground.path("elsewhere")).unwrap();
            link(ground, "../elsewhere/access.log", "log/link.log");
        },
        ..by_hand("link-to-renumbered", |ground, round| {
            rename(ground, "elsewhere/access.log", &format!("elsewhere/access.log.{}", 9 - round));
        })
    },
];

fn rename(ground: &Ground, from: &str, to: &str) {
    fs::rename(ground.path(from), ground.path(to)).unwrap();
}

/// `.1` becomes `.2`, and so on; the log becomes `.1`.
pub fn renumber(ground: &mut Ground, _: u32) {
    for number in (1..6).rev() {
        let (from, to) = (format!("log/access.log.{number}"), format!("log/access.log.{}", number + 1));
        if ground.path(&from).exists() {
            rename(ground, &from, &to);
        }
    }
    rename(ground, "log/access.log", "log/access.log.1");
}

/// Puts a link where it is wanted at once, as `ln -s` and `mv -T` do.
pub fn link(ground: &Ground, target: &str, name: &str) {
    let new = ground.path(name).with_extension("new-link");
    symlink(Path::new(target), &new).unwrap();
    fs::rename(new, ground.path(name)).unwrap();
}

fn release(ground: &mut Ground, number: u32) {
    fs::create_dir_all(ground.path(&format!("releases/{number}/log"))).unwrap();
    link(ground, &format!("releases/{number}"), "current");
}
