//! The whole program on a generated access log: lines per CPU-second until everything is committed, with pushing held.
//!
//! `cargo bench --bench whole`. `PXTAIL_BENCH_LINES` (default 4,800,000) and `PXTAIL_BENCH_RUNS` (default 5) change its
//! size. Beside pxtail run `wc -l` and, where it is installed, `mawk` doing the count and sum per account and user: read
//! ratios within one run, machines are noisy. CPU is user and system time of the whole process, as the kernel counts it.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and ends where it cannot go on")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pxtail::demo::traffic::Traffic;
use pxtail::model::time::UnixMicros;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// 2026-11-10T00:00:00Z: a past day, so that its windows are whole.
const DAY: i64 = 1_794_268_800;

const USERS: u32 = 50_000;
const ACCOUNTS: u32 = 2_000;

/// Count, bytes by account and user: the work of PEERS.md.
const MAWK: &str = r#"{ if (match($0, /account="[^"]*" user="[^"]*"/)) { k = substr($0, RSTART, RLENGTH); n[k]++; b[k] += $10 } } END { for (k in n) c++; print c }"#;

fn main() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let lines: u64 = number("PXTAIL_BENCH_LINES", 4_800_000);
    let runs: usize = number("PXTAIL_BENCH_RUNS", 5) as usize;
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let log = directory.path().join("access.log");
    let bytes = generate(&log, lines);
    println!("{lines} lines, {} MB, {USERS} users, {ACCOUNTS} accounts, medians of {runs}\n", bytes / 1_000_000);
    println!("{:<44} {:>8} {:>8} {:>16} {:>10}", "program", "CPU s", "wall s", "lines/CPU-s", "peak MiB");
    let config = configure(directory.path());
    let pxtail = || {
        // A fresh ledger each time; removed outside of what is measured.
        let _ = std::fs::remove_dir_all(directory.path().join("state"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_pxtail"));
        command.args(["--log", "error", "run", "--once", "--config"]).arg(&config);
        command
    };
    let program = |name: &'static str, arguments: Vec<String>| {
        move || {
            let mut command = Command::new(name);
            command.env("LC_ALL", "C").args(&arguments);
            command
        }
    };
    let path = log.display().to_string();
    show("wc -l", lines, &measure(runs, program("wc", vec!["-l".into(), path.clone()])));
    if Command::new("mawk").arg("-W").arg("version").output().is_ok() {
        show(
            "mawk: count and sum per account and user",
            lines,
            &measure(runs, program("mawk", vec![MAWK.into(), path])),
        );
    }
    show("pxtail: days per user, hours per account", lines, &measure(runs, pxtail));
}

fn generate(log: &Path, lines: u64) -> u64 {
    let mut traffic = Traffic::new(8, USERS, ACCOUNTS);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(log).unwrap());
    let mut line = Vec::new();
    for number in 0..lines {
        line.clear();
        let second = i64::try_from(number * 86_400 / lines).unwrap();
        traffic.hit(UnixMicros::from_seconds(DAY + second)).write_access(&mut line);
        out.write_all(&line).unwrap();
    }
    out.flush().unwrap();
    log.metadata().unwrap().len()
}

fn configure(directory: &Path) -> std::path::PathBuf {
    let path = directory.join("pxtail.toml");
    let directory = directory.display();
    let text = format!(
        r#"
[agent]
state_dir = "{directory}/state"
[px]
base_url = "http://127.0.0.1:9/v1"
product_key = "AP-BENCH0000000-2"
[push]
hold = true
[[source]]
name = "web"
paths = ["{directory}/access.log"]
pattern = "nginx_usage"
[[metric]]
name = "users"
sources = ["web"]
event = "API Usage"
window = "1d"
time_zone = "UTC"
grace = "7d"
user = "{{user}}"
account = "{{account}}"
measures = {{ calls = "count", bytes = {{ sum = "bytes" }} }}
[[metric]]
name = "accounts"
sources = ["web"]
event = "Account Usage"
window = "1h"
grace = "7d"
account = "{{account}}"
service_user = "pxtail"
measures = {{ calls = "count", bytes = {{ sum = "bytes" }} }}
"#
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: Duration,
    peak_kib: u64,
}

/// Medians of each figure, after one run that is not counted.
fn measure(runs: usize, command: impl Fn() -> Command) -> Cost {
    once(command());
    let costs: Vec<Cost> = (0..runs).map(|_| once(command())).collect();
    let median = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Cost {
        cpu: median(costs.iter().map(|cost| cost.cpu).collect()),
        wall: Duration::from_secs_f64(median(costs.iter().map(|cost| cost.wall.as_secs_f64()).collect())),
        peak_kib: median(costs.iter().map(|cost| cost.peak_kib as f64).collect()) as u64,
    }
}

fn once(mut command: Command) -> Cost {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let proc = format!("/proc/{}", child.id());
    let mut peak_kib = 0;
    // Ended but not reaped: its times are still there to be read.
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while waitid(WaitId::Pid(pid), ended | WaitIdOptions::NOHANG).unwrap().is_none() {
        let status = std::fs::read_to_string(format!("{proc}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse().ok());
        peak_kib = peak.unwrap_or(0).max(peak_kib);
        std::thread::sleep(Duration::from_millis(2));
    }
    let wall = began.elapsed();
    let stat = std::fs::read_to_string(format!("{proc}/stat")).unwrap();
    let after_name = stat.rsplit(") ").next().unwrap();
    // Fields 14 and 15 of proc(5)'s stat: user and system time, in hundredths of a second.
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    assert!(child.wait().unwrap().success());
    Cost { cpu: ticks as f64 / 100.0, wall, peak_kib }
}

fn show(name: &str, lines: u64, cost: &Cost) {
    println!(
        "{name:<44} {:>8.2} {:>8.2} {:>16.0} {:>10.1}",
        cost.cpu,
        cost.wall.as_secs_f64(),
        lines as f64 / cost.cpu,
        cost.peak_kib as f64 / 1024.0
    );
}
