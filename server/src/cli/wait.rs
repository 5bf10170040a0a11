//! `telltale wait`: blocks until something is there, or is taken to stay away; nothing sleeps on either side.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Deserialize;
use telltale_api::routes;
use telltale_signals::Verdict;

use super::client::{self, Failure, Part, Request, Server, visible};

/// Wait until something arrives
#[derive(Debug, clap::Args)]
#[command(after_help = "Values are those of a signals file: \"text\", \"a*b\", \"~regex\", \">=2\".\n\
                        Exit code 0: it is there (or, with --absent, it is not), 3: the time is over.")]
pub struct Args {
    /// Name of a span
    #[arg(long, value_name = "NAME", required_unless_present_any = ["log", "metric"], conflicts_with_all = ["log", "metric"])]
    span: Option<String>,
    /// Body of a log record
    #[arg(long, value_name = "BODY", conflicts_with = "metric")]
    log: Option<String>,
    /// Name of a metric
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Its service
    #[arg(long)]
    service: Option<String>,
    /// An attribute that it must have; numbers and truth values as int:200 and bool:true
    #[arg(long, value_name = "KEY=VALUE")]
    attr: Vec<String>,
    /// Anything else that a rule of a signals file says: kind=server, status=error, severity=>=warn, in_span=NAME, value=>=1
    #[arg(long = "where", value_name = "KEY=VALUE")]
    others: Vec<String>,
    /// How many there must be, such as >=2
    #[arg(long)]
    count: Option<String>,
    /// Wait at most so long
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    timeout: String,
    /// Wait until it is sure that there is none, instead
    #[arg(long)]
    absent: bool,
    /// With --absent: how long nothing may arrive before that is sure; 0 when all senders have ended
    #[arg(long, value_name = "DURATION", default_value = "300ms")]
    quiet: String,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(wait(args, &mut io::stdout().lock()))
}

/// What of the answer is told.
#[derive(Debug, Deserialize)]
struct Waited {
    met: bool,
    end: String,
    waited_ms: u64,
    verdict: Option<Verdict>,
}

/// Waits and says what came.
pub(crate) async fn wait(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let mut address = args.part.address(&args.server, routes::WAIT)?;
    {
        let mut query = address.query_pairs_mut();
        let plain = [("span", &args.span), ("log", &args.log), ("metric", &args.metric), ("service", &args.service)];
        for (key, value) in plain.into_iter().chain([("count", &args.count)]) {
            if let Some(value) = value {
                query.append_pair(key, value);
            }
        }
        for (pairs, prefix) in [(&args.attr, "attr."), (&args.others, "")] {
            for pair in pairs {
                let split = pair.split_once('=');
                let (key, value) = split
                    .ok_or_else(|| Failure::Usage(format!("{pair:?} is not KEY=VALUE\nhint: --attr http.route=/")))?;
                query.append_pair(&format!("{prefix}{key}"), value);
            }
        }
        query.append_pair("timeout", &args.timeout);
        if args.absent {
            query.append_pair("absent", "true").append_pair("quiet", &args.quiet);
        }
    }
    let waited: Waited = client::json(args.server.ask(Request::get(address)).await?).await?;
    let Waited { met, end, waited_ms, verdict } = waited;
    let Some(verdict) = verdict else { return Err(Failure::Failed("the answer has no verdict".to_owned())) };
    let told = visible(&format!("{}: {}", verdict.title, verdict.message), false);
    if met {
        let why = match end.as_str() {
            "quiet" => format!("; nothing arrived for {}", args.quiet),
            "timeout" => "; data kept arriving until the time was over".to_owned(),
            _ => String::new(),
        };
        writeln!(out, "✓ {told} ({waited_ms} ms{why})")?;
        return Ok(());
    }
    let nearest = verdict.nearest.map(|nearest| format!("\nnearest: {}", visible(&nearest.message, false)));
    Err(Failure::NotMet(format!("{told} ({waited_ms} ms){}", nearest.unwrap_or_default())))
}
