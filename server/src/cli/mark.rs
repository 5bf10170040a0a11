//! `telltale mark NAME`: from now on, what arrives is the run NAME.

use std::io::{self, Write};
use std::process::ExitCode;

use telltale_api::routes;
use telltale_api::run::{Mark, Run};

use super::client::{self, Failure, Request, Server, visible};

/// Begin a named run: what arrives from now on
#[derive(Debug, clap::Args)]
#[command(after_help = "telltale mark before; … ; telltale mark after; … ; telltale diff before after")]
pub struct Args {
    /// Name of the run, such as "before my change"
    name: String,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(mark(args, &mut io::stdout().lock()))
}

/// Asks and says what began.
pub(crate) async fn mark(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let body = serde_json::to_string(&Mark { name: args.name.clone() })
        .map_err(|error| Failure::Failed(format!("cannot write the request: {error}")))?;
    let run: Run = client::json(args.server.ask(Request::post(args.server.at(routes::RUNS)?, body)).await?).await?;
    writeln!(out, "{} begins; end it with the next mark", visible(&run.name, false))?;
    Ok(())
}
