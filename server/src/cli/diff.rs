//! `telltale diff A B`: what differs between two runs.

use std::io::{self, Write};
use std::process::ExitCode;

use telltale_api::routes;

use super::client::{self, Failure, Request, Server, visible};

/// Compare two runs: new errors, slower operations, new and lost signals, more queries
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the older run
    a: String,
    /// Name of the newer run
    b: String,
    /// Write the comparison as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(diff(args, &mut io::stdout().lock()))
}

/// Asks and writes the comparison.
pub(crate) async fn diff(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let mut address = args.server.at(routes::RUNS_DIFF)?;
    address.query_pairs_mut().append_pair("a", &args.a).append_pair("b", &args.b);
    if !args.json {
        address.query_pairs_mut().append_pair("format", "text");
    }
    let text = client::text(args.server.ask(Request::get(address)).await?).await?;
    let text = if args.json { text + "\n" } else { visible(&text, true) };
    out.write_all(text.as_bytes())?;
    Ok(())
}
