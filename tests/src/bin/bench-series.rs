//! `bench-series PROGRAM`: range queries over many series, on a `telltale` executable and on Debian's Prometheus, and what both need.

use std::path::PathBuf;

use clap::Parser;
use telltale_tests::bench::ranges::{Plan, measure};
use telltale_tests::bench::series::EVERY_MS;

/// Measures a telltale executable beside Debian's Prometheus. Build it with --release; nothing else should run meanwhile.
#[derive(Debug, Parser)]
struct Args {
    /// The executable.
    program: PathBuf,
    /// Series.
    #[arg(long, default_value_t = 10_000)]
    series: usize,
    /// Hours of samples, one each 15 seconds, up to now.
    #[arg(long, default_value_t = 24.0)]
    hours: f64,
    /// Samples of a series in one request; at most 200 (Prometheus refuses what is an hour behind its newest sample).
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..=200))]
    batch: u16,
    /// Times that each question is asked of each.
    #[arg(long, default_value_t = 10)]
    times: usize,
    /// Seed of all values.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args = Args::parse();
    let samples = (args.hours * 3_600_000.0 / EVERY_MS as f64).round().max(1.0) as usize;
    let plan = Plan {
        series: args.series,
        samples,
        batch: usize::from(args.batch),
        times: args.times.max(1),
        seed: args.seed,
    };
    print!("{}", measure(&args.program, plan).await);
}
