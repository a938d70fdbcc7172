//! How fast a full report is decoded, and in how much memory.
//!
//! The report is as large as Criteo ever sends one: 100,000 rows, here of 60 columns, every value a string. First it
//! is streamed from a generator, chunk by chunk, so that the peak memory of the process is that of decoding alone.
//! Then the same bytes are decoded from memory and, beside that, parsed by serde_json into a `Value`, which is what
//! a program would do that does not care. The summary at the end compares the fastest runs of both.

#![allow(
    missing_docs,
    reason = "the macros of criterion make public functions without documentation"
)]
#![expect(clippy::print_stdout, reason = "a benchmark reports to people")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use criteo_engine::calendar::DayRange;
use criteo_engine::catalog::{Catalog, Field};
use criteo_engine::decode::{Decoded, Expectation, ReportDecoder, Shape, Source};
use criteo_engine::schema::{Column, FieldType, TableSchema};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::{Date, date};

const ROWS: u64 = 100_000;
const METRICS: usize = 50;
const CHUNK_BYTES: usize = 64 << 10;
const DIMENSIONS: [&str; 9] = [
    "AdvertiserId",
    "Advertiser",
    "CampaignId",
    "Campaign",
    "AdsetId",
    "Adset",
    "Day",
    "Device",
    "Os",
];
const FIRST_DAY: Date = date(2026, 3, 1);

/// The report's columns: dimensions, the currency, and the first metrics of the catalog.
struct Report {
    fields: Vec<(String, FieldType)>,
    expectation: Expectation,
}

impl Report {
    fn new() -> Self {
        let statistics = Catalog::builtin().stream("statistics").unwrap();
        let typed = |field: &Field| (field.name.clone(), field.field_type);
        let mut fields: Vec<(String, FieldType)> = DIMENSIONS
            .iter()
            .map(|name| typed(statistics.field(name).unwrap()))
            .collect();
        fields.push(("Currency".to_owned(), FieldType::Text));
        fields.extend(statistics.metrics().take(METRICS).map(typed));

        let columns = fields.iter().map(|(name, field_type)| Column {
            name: name.to_lowercase(),
            field_type: *field_type,
            description: String::new(),
        });
        let is_additive =
            |index: &usize| matches!(fields[*index].1, FieldType::Integer | FieldType::Money);
        let expectation = Expectation {
            stream: "statistics".into(),
            window: "benchmark".into(),
            shape: Shape::Statistics,
            schema: TableSchema {
                table: "statistics".into(),
                description: String::new(),
                columns: columns.collect(),
            },
            sources: fields
                .iter()
                .map(|(name, _)| Source::Field(name.clone()))
                .collect(),
            advertiser_column: Some(0),
            advertiser_ids: Arc::new((0..10).map(advertiser_id).collect::<BTreeSet<_>>()),
            day_column: Some(6),
            days: DayRange::new(FIRST_DAY, date(2026, 3, 28)),
            expected_values: vec![(DIMENSIONS.len(), "EUR".into())],
            row_cap: Some(ROWS + 1),
            distinct: false,
            additive: (0..fields.len()).filter(is_additive).collect(),
        };
        Self {
            fields,
            expectation,
        }
    }

    /// The answer, in chunks of about [`CHUNK_BYTES`].
    fn chunks(&self) -> impl Iterator<Item = String> {
        let mut row = 0;
        let mut is_over = false;
        std::iter::from_fn(move || {
            if is_over {
                return None;
            }
            let mut chunk = String::with_capacity(CHUNK_BYTES + 4096);
            if row == 0 {
                chunk.push_str(r#"{"Rows":["#);
            }
            while row < ROWS && chunk.len() < CHUNK_BYTES {
                self.write_row(&mut chunk, row);
                row += 1;
            }
            if row == ROWS {
                chunk.push_str("]}");
                is_over = true;
            }
            Some(chunk)
        })
    }

    fn write_row(&self, text: &mut String, row: u64) {
        text.push_str(if row == 0 { "{" } else { ",{" });
        for (index, (name, field_type)) in self.fields.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(text, r#"{comma}"{name}":""#).unwrap();
            let noise = scramble(row * 64 + index as u64);
            match (index, field_type) {
                (0, _) => text.push_str(&advertiser_id(row * 10 / ROWS)),
                (1, _) => write!(text, "Advertiser {}", row * 10 / ROWS).unwrap(),
                (2 | 4, _) => write!(text, "{}", 100_000 + row / 280 * 7).unwrap(),
                (3 | 5, _) => write!(text, "Prospecting – spring {}", row / 280).unwrap(),
                (6, _) => write!(text, "2026-03-{:02}", row % 28 + 1).unwrap(),
                (7, _) => text.push_str(["Desktop", "Smartphone", "Tablet"][(row % 3) as usize]),
                (8, _) => text.push_str(["Windows", "Android", "iOS", "macOS"][(row % 4) as usize]),
                (9, _) => text.push_str("EUR"),
                // Most of a real report's metrics are zero on most rows.
                _ if noise.is_multiple_of(3) => text.push('0'),
                (_, FieldType::Integer) => write!(text, "{}", noise % 100_000).unwrap(),
                (_, FieldType::Money) => {
                    write!(text, "{}.{:04}", noise % 5_000, noise % 9_973).unwrap();
                }
                _ => write!(text, "0.{:015}", noise % 1_000_000_000_000_000).unwrap(),
            }
            text.push('"');
        }
        text.push('}');
    }

    fn decode<'c>(&self, chunks: impl Iterator<Item = &'c [u8]>) -> Decoded {
        let mut decoder = ReportDecoder::new(&self.expectation, |batch| {
            black_box(batch);
            Ok::<(), Infallible>(())
        })
        .unwrap();
        for chunk in chunks {
            decoder.push(chunk).unwrap();
        }
        decoder.finish().unwrap()
    }
}

fn advertiser_id(number: u64) -> String {
    (4200 + number).to_string()
}

/// A number that looks random and is the same in every run.
fn scramble(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 8
}

/// The largest amount of memory the process has held so far, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.map_or_else(
        || "unknown".to_owned(),
        |kibibytes| format!("{} MB", kibibytes * 1024 / 1_000_000),
    )
}

/// Times so many runs of `run`, keeping the fastest run ever in `fastest`. What a run gives is dropped within its
/// time, as the decoder drops its batches.
fn time<T>(runs: u64, fastest: &Mutex<Duration>, run: impl Fn() -> T) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..runs {
        let start = Instant::now();
        drop(black_box(run()));
        let elapsed = start.elapsed();
        total += elapsed;
        let mut fastest = fastest.lock().unwrap();
        *fastest = elapsed.min(*fastest);
    }
    total
}

fn decode(criterion: &mut Criterion) {
    let report = Report::new();
    let mut streamed = 0;
    let mut decoder = ReportDecoder::new(&report.expectation, |batch| {
        black_box(batch);
        Ok::<(), Infallible>(())
    })
    .unwrap();
    for chunk in report.chunks() {
        streamed += chunk.len();
        decoder.push(chunk.as_bytes()).unwrap();
    }
    assert_eq!(decoder.finish().unwrap().rows, ROWS);
    let memory = peak_memory();

    let mut body = Vec::with_capacity(streamed);
    report
        .chunks()
        .for_each(|chunk| body.extend_from_slice(chunk.as_bytes()));
    let (decoder_time, value_time) = (Mutex::new(Duration::MAX), Mutex::new(Duration::MAX));
    let mut group = criterion.benchmark_group("report of 100,000 rows and 60 columns");
    group
        .throughput(Throughput::BytesDecimal(body.len() as u64))
        .sample_size(10);
    group.bench_function("decoder", |bencher| {
        bencher.iter_custom(|runs| {
            time(runs, &decoder_time, || {
                report.decode(body.chunks(CHUNK_BYTES))
            })
        });
    });
    group.bench_function("serde_json::Value", |bencher| {
        let parse = || serde_json::from_slice::<serde_json::Value>(&body).unwrap();
        bencher.iter_custom(|runs| time(runs, &value_time, parse));
    });
    group.finish();

    let (decoder_time, value_time) = (
        decoder_time.into_inner().unwrap(),
        value_time.into_inner().unwrap(),
    );
    println!(
        "report: {ROWS} rows, {} columns, {:.1} MB",
        report.fields.len(),
        body.len() as f64 / 1e6
    );
    for (name, time) in [("decoder", decoder_time), ("serde_json::Value", value_time)] {
        let seconds = time.as_secs_f64();
        let (megabytes, rows) = (body.len() as f64 / 1e6 / seconds, ROWS as f64 / seconds);
        println!("{name:>18}: {seconds:.3} s, {megabytes:.0} MB/s, {rows:.0} rows/s");
    }
    println!(
        "decoder is {:.1} times as fast",
        value_time.as_secs_f64() / decoder_time.as_secs_f64()
    );
    println!("peak memory of the process after streaming the report once: {memory}");
}

criterion_group!(benches, decode);
criterion_main!(benches);
