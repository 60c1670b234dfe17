//! How long one record takes to be counted, by how many groups there are, and one line to become a record.
//!
//! `cargo bench --bench aggregate`. Users are drawn as they come in real logs: few with many lines, many with few.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use uuid::Uuid;

use pxtail::aggregate::{Aggregator, Rule};
use pxtail::model::decimal::Decimal;
use pxtail::model::event::AgentId;
use pxtail::model::fault::{Located, Location};
use pxtail::model::fields::{FieldType, Fields};
use pxtail::model::record::{Input, KeyWriter, MetricIndex, UsageRecord};
use pxtail::model::spec::{Condition, DateOf, Late, Measure, MetricSpec, Template, TemplatePart, Test, WindowLength};
use pxtail::model::time::UnixMicros;
use pxtail::usage::{Giver, MetricReader};

/// 2026-11-23 in New York, an hour after midnight.
const NOW: UnixMicros = UnixMicros(1_795_413_600_000_000);

fn located<T>(value: T) -> Located<T> {
    Located::new(value, Location::new("pxtail.toml", 1))
}

fn template(field: &str) -> Located<Template> {
    located(Template { parts: vec![TemplatePart::Field { name: field.to_owned(), default: None }] })
}

fn spec() -> MetricSpec {
    MetricSpec {
        at: Location::new("pxtail.toml", 1),
        name: "api-usage".to_owned(),
        sources: vec![located("web".to_owned())],
        event: located("API Usage".to_owned()),
        window: WindowLength::Day,
        time_zone: jiff::tz::TimeZone::get("America/New_York").unwrap_or(jiff::tz::TimeZone::UTC),
        date: DateOf::Noon,
        grace: Duration::from_mins(5),
        seal_wait: Duration::from_hours(6),
        late: Late::Delta,
        late_every: Duration::from_hours(1),
        max_ahead: Duration::from_hours(1),
        user: Some(template("user")),
        account: Some(template("account")),
        service_user: None,
        conditions: vec![located(Condition { field: "path".to_owned(), test: Test::Prefix(vec!["/api/".to_owned()]) })],
        properties: BTreeMap::new(),
        measures: BTreeMap::from([
            ("bytes".to_owned(), located(Measure::Sum { field: "bytes".to_owned() })),
            ("hits".to_owned(), located(Measure::Count)),
            ("slowest".to_owned(), located(Measure::Max { field: "duration".to_owned() })),
        ]),
        max_groups: 2_000_000,
    }
}

fn aggregator() -> Aggregator {
    Aggregator::new(AgentId(Uuid::nil()), vec![Arc::new(Rule::new(&spec()))])
}

fn keys(count: usize) -> Vec<Vec<u8>> {
    let key = |user: usize| {
        let mut key = Vec::new();
        let mut writer = KeyWriter(&mut key);
        writer.text(&format!("user{user:06}"));
        writer.text(&format!("account{:04}", user % 2_000));
        key
    };
    (0..count).map(key).collect()
}

fn add(aggregator: &mut Aggregator, key: &[u8], bytes: u64) {
    let inputs = [Input::Number(Decimal::from(bytes)), Input::One, Input::Number(Decimal::from(bytes & 1023))];
    let record = UsageRecord { metric: MetricIndex(0), time: NOW, key, inputs: &inputs };
    black_box(aggregator.add(&record, NOW));
}

fn bench_add(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("add");
    group.throughput(Throughput::Elements(1));
    let mut random = fastrand::Rng::with_seed(7);
    for (name, users, skewed) in [
        ("50 k users, skewed", 50_000, true),
        ("50 k users, even", 50_000, false),
        ("1 M groups, even", 1_000_000, false),
    ] {
        let keys = keys(users);
        let mut aggregator = aggregator();
        for key in &keys {
            add(&mut aggregator, key, 1);
        }
        let drawn: Vec<usize> = (0..1 << 20)
            .map(|_| {
                // The rank of a user in a Zipf-like log, exponent 1: users^uniform.
                let user = if skewed { (users as f64).powf(random.f64()) as usize } else { random.usize(0..users) };
                user.min(users - 1)
            })
            .collect();
        let mut next = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                next = (next + 1) & ((1 << 20) - 1);
                add(&mut aggregator, &keys[drawn[next]], next as u64);
            });
        });
    }
    group.finish();

    let keys = keys(1_000_000);
    let mut group = criterion.benchmark_group("first lines");
    group.throughput(Throughput::Elements(keys.len() as u64)).sample_size(10);
    group.bench_function("1 M groups", |bencher| {
        bencher.iter_batched_ref(
            aggregator,
            |aggregator| keys.iter().for_each(|key| add(aggregator, key, 5)),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn bench_commit(criterion: &mut Criterion) {
    let keys = keys(100_000);
    let mut aggregator = aggregator();
    for key in &keys {
        add(&mut aggregator, key, 1);
    }
    aggregator.commit(&[]).confirm();
    let mut states = Vec::new();
    let mut group = criterion.benchmark_group("commit");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("1,000 changed of 100,000", |bencher| {
        bencher.iter(|| {
            for key in keys.iter().step_by(100) {
                add(&mut aggregator, key, 1);
            }
            states.clear();
            let commit = aggregator.commit(&[]);
            for group in commit.changed().flat_map(|window| window.groups()) {
                group.encode_state(&mut states);
            }
            commit.confirm();
        });
    });
    group.finish();
}

fn bench_read(criterion: &mut Criterion) {
    let names = ["user", "account", "path", "bytes", "duration"];
    let values = ["user012345", "account0123", "/api/v1/reports/7/export", "51234", "0.125"];
    let mut line = Vec::new();
    let mut fields = Fields::with_slots(names.len());
    for (slot, value) in values.iter().enumerate() {
        let start = line.len();
        line.extend_from_slice(value.as_bytes());
        fields.set(slot, start, line.len());
    }
    fields.time = Some(NOW);
    let slot_of = |name: &str| {
        let kind = if matches!(name, "bytes" | "duration") { FieldType::Number } else { FieldType::Text };
        names.iter().position(|known| *known == name).map(|slot| (slot, kind))
    };
    let Ok(mut reader) = MetricReader::compile(&spec(), MetricIndex(0), Giver::default(), slot_of) else { return };
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(1));
    group.bench_function("condition, user, account, two numbers", |bencher| {
        bencher.iter(|| black_box(reader.read(black_box(&line), &fields).is_ok()));
    });
    let mut aggregator = aggregator();
    group.bench_function("the same, and counted in one group", |bencher| {
        bencher.iter(|| {
            if let Ok(record) = reader.read(black_box(&line), &fields) {
                black_box(aggregator.add(&record, NOW));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, bench_add, bench_commit, bench_read);
criterion_main!(benches);
