//! The real binary follows logs that are rotated as hosts really rotate them: by logrotate itself, by the kubelet, by hand,
//! by links; while it runs, is killed, and is stopped; with file events on, off, limited and lost.
//!
//! One agent follows every scenario at once, each as a source of its own in a directory of its own on a real disk. A thread
//! writes numbered lines to all of them the whole time. In the end, what is on disk (live, rotated, moved, compressed) is
//! counted once, and nothing is counted twice.
//!
//! `PXTAIL_ROTATIONS=name,name` takes some scenarios only, `PXTAIL_ROTATIONS_PENDING=1` also those of `pending.rs`.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests: what fails here has failed")]

mod agent;
mod books;
mod by_hand;
mod ground;
mod hints;
mod kubernetes;
mod lives;
mod logrotate;
mod mounts;
mod pending;

use agent::Hints;
use lives::{Life, check};

#[test]
fn what_is_on_disk_is_counted_once_with_hints() {
    check(Hints::On, &Life::ALL);
}

#[test]
fn what_is_on_disk_is_counted_once_without_hints() {
    check(Hints::Off, &Life::ALL);
}

#[test]
fn what_is_on_disk_is_counted_once_with_lost_hints() {
    check(Hints::Overflowing, &[Life::Running, Life::Killed]);
}

#[test]
fn what_is_on_disk_is_counted_once_with_few_hints() {
    check(Hints::Watches(2), &[Life::Running, Life::Killed]);
}

#[test]
fn what_is_on_disk_is_counted_once_where_no_hints_are_to_be_had() {
    check(Hints::Watches(0), &[Life::Running]);
    check(Hints::Instances(0), &[Life::Running]);
}
