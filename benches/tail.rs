//! The tail alone: a scan of files that rest, a start with known files, reading.
//!
//! `cargo bench --bench tail`. `PXTAIL_BENCH_FILES` (default 20,000) is the larger number of files.

#![expect(clippy::unwrap_used, reason = "a bench ends where it cannot go on")]

use std::path::Path;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pxtail::model::fault::{Located, Location};
use pxtail::model::file::{Cursor, FileId, SourceIndex};
use pxtail::model::spec::{StartAt, TailSpec, Wake};
use pxtail::model::time::UnixMicros;
use pxtail::tail::{Tail, TailSource};

/// Far past the files' own times, so that looks can be trusted.
const NOW: UnixMicros = UnixMicros::from_seconds(7_000_000_000);

const LINE: &str = "192.0.2.7 - - [10/Nov/2026:12:00:00 +0000] \"GET /a/b HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0\"\n";

fn tail(directory: &Path, known: Vec<Cursor>, next: FileId) -> Tail {
    let spec = TailSpec {
        wake: Wake::Poll,
        poll_interval: Duration::from_millis(250),
        scan_interval: Duration::from_secs(1),
        max_line_bytes: 1 << 20,
        max_open_files: 256,
        rotated_grace: Duration::from_mins(10),
        forget_gone: Duration::from_hours(24),
    };
    let glob = directory.join("*.log").to_str().unwrap().to_owned();
    let source = TailSource {
        index: SourceIndex(0),
        name: "web".to_owned(),
        include: vec![Located::new(glob, Location::new("pxtail.toml", 1))],
        exclude: Vec::new(),
        start_at: StartAt::Beginning,
        encoding: pxtail::model::encoding::TextEncoding::default(),
    };
    Tail::new(&spec, vec![source], known, next).unwrap()
}

/// Reads all there is; gives its bytes.
fn read(tail: &mut Tail) -> u64 {
    let mut bytes = 0;
    while let Some(chunk) = tail.read(NOW) {
        bytes += chunk.bytes.len() as u64;
    }
    bytes
}

fn many_files(criterion: &mut Criterion) {
    let most = std::env::var("PXTAIL_BENCH_FILES").map_or(20_000, |text| text.parse().unwrap());
    for files in [1_000, most] {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for number in 0..files {
            std::fs::write(directory.path().join(format!("{number}.log")), format!("{number} {LINE}")).unwrap();
        }
        let mut running = tail(directory.path(), Vec::new(), FileId(1));
        running.scan(NOW);
        read(&mut running);
        let known: Vec<Cursor> = running.changed().cloned().collect();
        running.confirm();
        let mut group = criterion.benchmark_group(format!("tail/{files} files at rest"));
        group.sample_size(10).throughput(Throughput::Elements(files));
        group.bench_function("scan", |bencher| bencher.iter(|| running.scan(NOW)));
        group.bench_function("look whether a scan is wanted", |bencher| bencher.iter(|| running.is_scan_wanted(NOW)));
        let next = running.next_id();
        group.bench_function("start", |bencher| {
            let start = |known| {
                let mut tail = tail(directory.path(), known, next);
                tail.scan(NOW);
                read(&mut tail);
                tail
            };
            bencher.iter_batched(|| known.clone(), start, BatchSize::PerIteration);
        });
        group.finish();
    }
}

fn reading(criterion: &mut Criterion) {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lines = 100_000_000 / LINE.len();
    std::fs::write(directory.path().join("a.log"), LINE.repeat(lines)).unwrap();
    let mut group = criterion.benchmark_group("tail/100 MB");
    group.sample_size(10).throughput(Throughput::Bytes((lines * LINE.len()) as u64));
    group.bench_function("read", |bencher| {
        let begin = || {
            let mut tail = tail(directory.path(), Vec::new(), FileId(1));
            tail.scan(NOW);
            tail
        };
        bencher.iter_batched(
            begin,
            |mut tail| assert_eq!(read(&mut tail) as usize, lines * LINE.len()),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, many_files, reading);
criterion_main!(benches);
