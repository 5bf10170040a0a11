//! `bench PROGRAM`: measures a `telltale` executable and prints the figures as a Markdown table or as JSON.
//!
//! Every combination of the lists given is one measurement with a fresh server and an empty folder.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use telltale_tests::bench::corpus::Shape;
use telltale_tests::bench::load::Plan;
use telltale_tests::bench::report::{self, Row};
use telltale_tests::bench::run::{Settings, measure};
use telltale_tests::bench::search;
use telltale_tests::bench::sender::{Encoding, Protocol};

/// What the items look like, on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShapeName {
    /// Spans of about 806 bytes.
    Semconv,
    /// Spans of about 472 bytes.
    Fat,
    /// Such spans with ten thousand different keys, and with values of two types.
    Wild,
    /// Spans of about 134 bytes.
    Lean,
    /// Log records of about 358 bytes.
    Logs,
    /// Data points of about 197 bytes.
    Points,
}

impl From<ShapeName> for Shape {
    fn from(name: ShapeName) -> Self {
        match name {
            ShapeName::Semconv => Self::Semconv,
            ShapeName::Fat => Self::Fat,
            ShapeName::Wild => Self::Wild,
            ShapeName::Lean => Self::Lean,
            ShapeName::Logs => Self::Log,
            ShapeName::Points => Self::Point,
        }
    }
}

/// Measures a telltale executable. Build it with --release, and pin both with taskset for figures to publish.
#[derive(Debug, Parser)]
struct Args {
    /// The executable.
    program: PathBuf,
    /// Items to send.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "semconv")]
    shape: Vec<ShapeName>,
    /// Ways to send them.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "http")]
    protocol: Vec<Protocol>,
    /// Compression of requests.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "none")]
    encoding: Vec<Encoding>,
    /// Items a request; a multiple of 8 keeps traces whole.
    #[arg(long, value_delimiter = ',', default_value = "1000")]
    batch: Vec<usize>,
    /// Connections with one request in flight each.
    #[arg(long, value_delimiter = ',', default_value = "4")]
    connections: Vec<usize>,
    /// When the server acknowledges: fsync or write.
    #[arg(long, value_delimiter = ',', default_value = "fsync")]
    ack: Vec<String>,
    /// Items in total, rounded up to whole requests.
    #[arg(long, default_value_t = 1_000_000)]
    items: u64,
    /// Items a second (open loop); without it as fast as the answers come (closed loop).
    #[arg(long)]
    rate: Option<f64>,
    /// Log records a second that are sent beside, in an open loop as well.
    #[arg(long, requires = "rate")]
    logs_rate: Option<f64>,
    /// Traces to look up after the load.
    #[arg(long, default_value_t = 500)]
    lookups: usize,
    /// Times that each question about words and attribute values is asked after the load; 0 asks none.
    #[arg(long, default_value_t = 0)]
    queries: usize,
    /// Fills a server with so many spans and as many log records, asks what the search page asks, and does nothing else.
    #[arg(long, value_name = "ITEMS")]
    search: Option<u64>,
    /// Passes over all combinations, one after the other; the table shows the median and all of them.
    #[arg(long, default_value_t = 1)]
    passes: usize,
    /// Starts on an empty folder.
    #[arg(long, default_value_t = 5)]
    starts: usize,
    /// Measures the store once more when compaction has nothing left to do, and a start on it after kill -9.
    #[arg(long)]
    compacted: bool,
    /// Seconds that the idle server rests before its memory is read.
    #[arg(long, default_value_t = 5.0)]
    idle: f64,
    /// Seed of all values.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
}

impl Args {
    fn plans(&self) -> Vec<Plan> {
        let mut plans = Vec::new();
        for shape in &self.shape {
            for protocol in &self.protocol {
                for encoding in &self.encoding {
                    for batch in self.batch.iter().map(|batch| (*batch).max(1)) {
                        for connections in self.connections.iter().map(|connections| (*connections).max(1)) {
                            plans.push(Plan {
                                shape: (*shape).into(),
                                protocol: *protocol,
                                encoding: *encoding,
                                batch,
                                connections,
                                batches: self.items.div_ceil(batch as u64).max(1),
                                rate: self.rate,
                                seed: self.seed,
                            });
                        }
                    }
                }
            }
        }
        plans
    }
}

/// One thread: the generator must not take more than one core from the server.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(items) = args.search {
        let asked = search::measure(&args.program, items, args.queries.max(20)).await;
        print!("{}", report::asked_markdown(asked.iter().map(|asked| (asked, items))));
        return ExitCode::SUCCESS;
    }
    let passes = args.passes.max(1);
    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..passes {
        for ack in &args.ack {
            for plan in args.plans() {
                rows.push(one(&args, ack, plan).await);
            }
        }
    }
    let is_whole = rows.iter().all(Row::is_whole);
    if !args.json {
        let medians = report::medians(rows, passes);
        print!(
            "{}{}{}",
            report::markdown(&medians),
            report::rested_markdown(&medians),
            report::questions_markdown(&medians)
        );
    }
    if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures one combination and says how it went.
async fn one(args: &Args, ack: &str, plan: Plan) -> Row {
    let settings = Settings {
        ack: ack.to_owned(),
        idle: Duration::from_secs_f64(args.idle),
        lookups: args.lookups,
        logs_rate: args.logs_rate,
        queries: args.queries,
        starts: args.starts.max(1),
        compacted: args.compacted,
    };
    let row = measure(&args.program, plan, &settings).await;
    if args.json {
        println!("{}", row.to_json());
    } else {
        eprintln!("{:?}: {:.0} items/s", row.plan, row.items_per_second());
    }
    if let Some(reason) = &row.sent.reason {
        eprintln!("{} requests failed, the first: {reason}", row.sent.failed);
    }
    row
}
