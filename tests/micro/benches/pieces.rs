//! Micro-benchmarks of what a page goes through: `make bench-micro`. All of them work on the same 20,000 records.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use sluicegate::normalize::Naming;
use sluicegate::sink::{Sink, SinkOptions};

/// Keys in the spellings that services have, and such as become long names.
const KEYS: [&str; 10] = [
    "id",
    "created_at",
    "createdAt",
    "HTTPStatusCode",
    "Client Name",
    "utm-source",
    "geo__country",
    "Preis (€)",
    "имя клиента",
    "customFields.answerToTheLongestQuestionThatThisServiceAsks",
];

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    pages(&mut criterion);
    names(&mut criterion);
    append(&mut criterion);
    criterion.final_summary();
}

fn pages(criterion: &mut Criterion) {
    let (bodies, lines) = (micro::bodies(), micro::lines());
    let mut group = criterion.benchmark_group("pages");
    group.throughput(Throughput::Elements(micro::ROWS));
    group.bench_function("split", |bencher| {
        bencher.iter_batched(|| bodies.clone(), |bodies| micro::split(bodies).unwrap(), BatchSize::PerIteration);
    });
    group.bench_function("normalize", |bencher| bencher.iter_with_large_drop(|| micro::normalize(&lines).unwrap()));
    group.finish();
}

fn names(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("names");
    group.throughput(Throughput::Elements(KEYS.len() as u64));
    group.bench_function("path", |bencher| {
        bencher.iter(|| black_box(KEYS).map(|key| Naming::default().path(key)));
    });
    group.finish();
}

/// Rows of all tables into a new database in memory; what opens it is left out, and so is the commit.
fn append(criterion: &mut Criterion) {
    let (schema, batches) = micro::normalize(&micro::lines()).unwrap();
    let options = SinkOptions {
        path: ":memory:".into(),
        dataset: "bench".into(),
        pipeline: "bench".into(),
        schema_name: "bench".into(),
        lock_wait: Duration::ZERO,
        memory: 128 << 20,
    };
    let mut group = criterion.benchmark_group("sink");
    group.throughput(Throughput::Elements(micro::ROWS));
    group.bench_function("append", |bencher| {
        let open = || Sink::open(options.clone(), &mut |_| ()).unwrap();
        let append = |mut sink: Sink| {
            for batch in &batches {
                sink.append(&schema, &batch.table, &batch.batch).unwrap();
            }
            sink
        };
        bencher.iter_batched(open, append, BatchSize::PerIteration);
    });
    group.finish();
}
