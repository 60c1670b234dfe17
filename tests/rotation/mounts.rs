//! Logs under a bind mount, and under an overlay whose lower layer has their beginning, as in a container. Mounted in
//! namespaces of a process of our own, which needs no privilege.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::agent::{Agent, Bench, Hints};
use crate::books;
use crate::by_hand::renumber;
use crate::ground::{Ground, Scenario};

const PATIENCE: Duration = Duration::from_secs(60);

/// What `rotated_grace` and some scans take.
const SETTLE: Duration = Duration::from_millis(1500);

/// A process that keeps the mounts. Killed when dropped.
struct Mounts(Child);

impl Mounts {
    /// `None` where this machine does not allow it.
    fn make(script: &str, below: &Path) -> Option<Self> {
        let whole = format!("{script} && touch mounted && exec sleep 1000");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &whole]);
        let mut child = command.current_dir(below).stdin(Stdio::null()).spawn().ok()?;
        while !below.join("mounted").exists() {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            sleep(Duration::from_millis(10));
        }
        Some(Self(child))
    }

    /// The path of a file as it is seen from inside, for who is outside.
    fn inside(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.0.id(), path.display()))
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Rotates while the agent runs, and while it is killed.
fn live(bench: &Bench, ground: &mut Ground, start: impl Fn() -> Agent) {
    let mut agent = start();
    await_counted(bench, ground);
    for round in 0..4 {
        ground.write(5);
        if round % 2 == 1 {
            agent.kill();
            ground.write(5);
            renumber(ground, round);
            ground.write(5);
            agent = start();
        } else {
            renumber(ground, round);
            ground.write(5);
        }
        await_counted(bench, ground);
    }
    sleep(SETTLE);
    agent.stop();
    let counted = books::counted(&bench.state());
    let twice: Vec<&String> = counted.iter().filter(|(_, times)| **times > 1).map(|(id, _)| id).collect();
    assert_eq!(twice, Vec::<&String>::new(), "counted more than once");
}

#[track_caller]
fn await_counted(bench: &Bench, ground: &Ground) {
    let began = Instant::now();
    loop {
        let counted = books::counted(&bench.state());
        let missing: Vec<String> = ground.all_written().filter(|id| !counted.contains_key(id)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "not counted: {missing:?}; the agent said:\n{}", bench.said());
        sleep(Duration::from_millis(30));
    }
}

#[test]
fn what_is_under_a_bind_mount_is_counted_once() {
    let bench = Bench::new(Hints::On);
    let scenario = Scenario { name: "bound", ..Scenario::DEFAULT };
    let mut ground = Ground::new(scenario, &bench.path("real"));
    fs::create_dir(bench.path("seen")).unwrap();
    let Some(mounts) = Mounts::make("mount --bind real seen", &bench.path("")) else {
        return eprintln!("DID NOT RUN: mounts in a user namespace are not allowed here");
    };
    bench.configure(std::iter::once((&scenario, bench.path("seen/bound").as_path())));
    live(&bench, &mut ground, || bench.start_inside(mounts.0.id()));
}

#[test]
fn what_is_in_an_overlay_is_counted_once() {
    let bench = Bench::new(Hints::On);
    let scenario = Scenario { name: "overlaid", ..Scenario::DEFAULT };
    let mut ground = Ground::new(scenario, &bench.path("lower"));
    for name in ["upper", "work", "merged"] {
        fs::create_dir(bench.path(name)).unwrap();
    }
    let script = "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr merged";
    let Some(mounts) = Mounts::make(script, &bench.path("")) else {
        return eprintln!("DID NOT RUN: overlays in a user namespace are not allowed here");
    };
    // The first write copies the file up, while the agent has it open.
    ground.directory = mounts.inside(&bench.path("merged/overlaid"));
    ground.write_to(&["log/access.log"]);
    bench.configure(std::iter::once((&scenario, bench.path("merged/overlaid").as_path())));
    live(&bench, &mut ground, || bench.start_inside(mounts.0.id()));
}
