//! Logs of containers: `containers/X.log` is a link to `pods/…/0.log`, which may be a link to the runtime's own file. The
//! kubelet renames with a time, begins a new file, and compresses all but the youngest rotated one.

use std::fs;

use crate::by_hand::link;
use crate::ground::{Form, Ground, Habit, Hidden, Rotation, Scenario, run};

const CONTAINERS: Scenario = Scenario {
    paths: &["containers/*.log"],
    logs: &["pods/shop_web-1_uid/web/0.log"],
    habit: Habit::ReopensAfter(std::time::Duration::from_millis(20)),
    form: Form::Cri,
    prepare: |ground| pod(ground, "1", 0),
    ..Scenario::DEFAULT
};

pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "kubelet-rotation", rotation: Rotation::ByHand(kubelet), ..CONTAINERS },
    Scenario {
        name: "kubelet-rotation-of-pods",
        paths: &["pods/*/*/*.log"],
        rotation: Rotation::ByHand(kubelet),
        ..CONTAINERS
    },
    Scenario {
        name: "kubelet-rotation-of-pods-all",
        paths: &["pods/**/*.log*"],
        rotation: Rotation::ByHand(kubelet),
        ..CONTAINERS
    },
    // The container starts again: a file with the next number, to which the link is switched.
    Scenario {
        name: "container-restarted",
        hidden: Hidden::Unseen,
        rotation: Rotation::ByHand(|ground, round| {
            fs::remove_file(ground.path(&format!("containers/web-1_shop_web-id{round}.log"))).unwrap();
            pod(ground, "1", round + 1);
            ground.write(2);
            ground.write_to(&[format!("pods/shop_web-1_uid/web/{}.log", round + 1).as_str()]);
        }),
        ..CONTAINERS
    },
    // The pod is gone with all its files, and another one comes.
    Scenario {
        name: "pod-replaced",
        rotation: Rotation::ByHand(|ground, round| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            let old = (round + 1).to_string();
            fs::remove_dir_all(ground.path(&format!("pods/shop_web-{old}_uid"))).unwrap();
            fs::remove_file(ground.path(&format!("containers/web-{old}_shop_web-id0.log"))).unwrap();
            let new = (round + 2).to_string();
            pod(ground, &new, 0);
            ground.write_to(&[format!("pods/shop_web-{new}_uid/web/0.log").as_str()]);
        }),
        ..CONTAINERS
    },
    // With Docker there is one more link, and Docker renumbers.
    Scenario {
        name: "docker-renumbered",
        logs: &["docker/id/id-json.log"],
        prepare: docker,
        rotation: Rotation::ByHand(|ground, _| {
            for number in (0..4).rev() {
                let old = if number == 0 { String::new() } else { format!(".{number}") };
                let from = ground.path(&format!("docker/id/id-json.log{old}"));
                if from.exists() {
                    fs::rename(from, ground.path(&format!("docker/id/id-json.log.{}", number + 1))).unwrap();
                }
            }
            ground.write(2);
            ground.tell();
        }),
        ..CONTAINERS
    },
];

/// A container's directory, and the link that leads to its log.
fn pod(ground: &mut Ground, number: &str, restarts: u32) {
    fs::create_dir_all(ground.path("containers")).unwrap();
    let log = format!("pods/shop_web-{number}_uid/web");
    fs::create_dir_all(ground.path(&log)).unwrap();
    let target = ground.path(&format!("{log}/{restarts}.log"));
    link(ground, target.to_str().unwrap(), &format!("containers/web-{number}_shop_web-id{restarts}.log"));
}

fn docker(ground: &mut Ground) {
    pod(ground, "1", 0);
    fs::create_dir_all(ground.path("docker/id")).unwrap();
    let log = ground.path("docker/id/id-json.log");
    link(ground, log.to_str().unwrap(), "pods/shop_web-1_uid/web/0.log");
}

fn kubelet(ground: &mut Ground, round: u32) {
    let directory = "pods/shop_web-1_uid/web";
    if round > 0 {
        let older = ground.path(&format!("{directory}/0.log.20261123-10150{}", round - 1));
        run("gzip", &[older.to_str().unwrap()]);
    }
    let log = ground.path(&format!("{directory}/0.log"));
    fs::rename(&log, ground.path(&format!("{directory}/0.log.20261123-10150{round}"))).unwrap();
    ground.write(2);
    ground.tell();
}
