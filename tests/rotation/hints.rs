//! File events of the real binary: they come, and cost nothing when directories come and go.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::agent::{Agent, Bench, Hints};
use crate::books;
use crate::ground::{Ground, Habit, Scenario};

const PATIENCE: Duration = Duration::from_secs(60);

/// The kernel counts processor time in ticks of 10 ms for `/proc`, on every machine.
const TICK: Duration = Duration::from_millis(10);

/// Waits until the last line is counted; gives how long that took.
#[track_caller]
fn await_counted(bench: &Bench, ground: &Ground) -> Duration {
    let began = Instant::now();
    while !books::counted(&bench.state()).contains_key(&ground.last_written()) {
        assert!(began.elapsed() < PATIENCE, "not counted; the agent said:\n{}", bench.said());
        sleep(Duration::from_millis(20));
    }
    began.elapsed()
}

#[test]
fn a_write_is_seen_by_its_event_long_before_the_timer() {
    let mut bench = Bench::new(Hints::On);
    bench.timer = Duration::from_secs(20);
    // The link leads elsewhere by a relative path: events come from the directory of the file itself.
    let scenario = Scenario {
        name: "linked",
        paths: &["log/link.log"],
        logs: &["elsewhere/access.log"],
        prepare: |ground| {
            fs::create_dir(ground.path("elsewhere")).unwrap();
            crate::by_hand::link(ground, "../elsewhere/access.log", "log/link.log");
        },
        ..Scenario::DEFAULT
    };
    let mut ground = Ground::new(scenario, &bench.path("hosts"));
    bench.configure(std::iter::once((&scenario, ground.directory.as_path())));
    let _agent = bench.start();
    await_counted(&bench, &ground);
    for _ in 0..2 {
        ground.write(1);
        let took = await_counted(&bench, &ground);
        assert!(took < bench.timer / 3, "{took:?}");
        sleep(Duration::from_secs(1));
    }
}

/// A thread of a process: its name, and what it used of the processor.
fn threads(agent: &Agent) -> Vec<(String, Duration)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", agent.id())).unwrap();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
    stats
        .map(|stat| {
            let (before, after) = stat.rsplit_once(')').unwrap();
            let ticks: u32 =
                after.split_ascii_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum();
            (before.split_once('(').unwrap().1.to_owned(), TICK * ticks)
        })
        .collect()
}

#[test]
fn directories_that_come_and_go_leave_no_thread_and_burn_nothing() {
    let bench = Bench::new(Hints::On);
    let scenario = Scenario {
        name: "apps",
        paths: &["apps/*/access.log"],
        logs: &["apps/0/access.log"],
        habit: Habit::OpensEachTime,
        prepare: |ground| fs::create_dir_all(ground.path("apps/0")).unwrap(),
        ..Scenario::DEFAULT
    };
    let mut ground = Ground::new(scenario, &bench.path("hosts"));
    bench.configure(std::iter::once((&scenario, ground.directory.as_path())));
    let agent = bench.start();
    await_counted(&bench, &ground);
    let before = threads(&agent).len();
    for round in 1..=20 {
        let name = format!("apps/{round}/access.log");
        fs::create_dir(ground.path(&format!("apps/{round}"))).unwrap();
        ground.write_to(&[name.as_str()]);
        ground.write(1);
        await_counted(&bench, &ground);
        fs::remove_dir_all(ground.path(&format!("apps/{}", round - 1))).unwrap();
    }
    fs::remove_dir_all(ground.path("apps")).unwrap();
    // The files that were deleted are let go.
    sleep(Duration::from_secs(2));
    let of_hints = |threads: &[(String, Duration)]| -> Duration {
        let ours = |name: &str| name.starts_with("pxtail-hints") || name.starts_with("notify-rs");
        threads.iter().filter(|(name, _)| ours(name)).map(|(_, used)| *used).sum()
    };
    let watched_for = Duration::from_secs(3);
    let (began, after) = (Instant::now(), threads(&agent));
    sleep(watched_for);
    let (ended, took) = (threads(&agent), began.elapsed());
    let used = of_hints(&ended).saturating_sub(of_hints(&after));
    assert!(used < took / 20, "{used:?} of {took:?}: {after:?}, {ended:?}");
    assert!(ended.len() <= before + 1, "{before} threads before, {ended:?} after");
    fs::create_dir_all(ground.path("apps/20")).unwrap();
    ground.write(1);
    await_counted(&bench, &ground);
    agent.stop();
}
